"""Runs a workflow in one request without a stream, and prints its output; Coze closes such a request after 90 seconds.

The workflow must have no output nodes.
"""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()

run = client.workflows.run(workflow_id=os.environ["COZE_WORKFLOW_ID"], parameters={"guests": 4})
print(run.data)
if run.usage:
    print("Tokens:", run.usage.token_count)
print("The run, node by node:", run.debug_url)
