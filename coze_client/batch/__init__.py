"""Many prompts in one run that can be killed: the next run goes on, and asks no prompt twice."""

from coze_client.batch.answered import Answered
from coze_client.batch.batch import Batch
from coze_client.batch.prompts import read_prompts
from coze_client.batch.summary import BatchSummary, UnknownPrompt

__all__ = ["Answered", "Batch", "BatchSummary", "UnknownPrompt", "read_prompts"]
