"""Starts an asynchronous run and fetches its result, as any other program could do within 24 hours."""

from __future__ import annotations

import os

from coze_client import CozeClient

WORKFLOW = os.environ["COZE_WORKFLOW_ID"]

run = CozeClient().workflows.run_async(workflow_id=WORKFLOW, parameters={"guests": 4})
print("Store this:", run.execute_id)

result = CozeClient().workflows.result(workflow_id=WORKFLOW, execute_id=run.execute_id, deadline=600)
print("It came to", result.output)
