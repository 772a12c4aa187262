"""Prints the history of a run and the output of its output nodes."""

from __future__ import annotations

import os

from coze_client import CozeClient

WORKFLOW = os.environ["COZE_WORKFLOW_ID"]
client = CozeClient()

run = client.workflows.run_async(workflow_id=WORKFLOW, parameters={"guests": 4})
client.workflows.result(workflow_id=WORKFLOW, execute_id=run.execute_id)

record = client.workflows.run_history(workflow_id=WORKFLOW, execute_id=run.execute_id)
print(record.execute_status, record.output)
for title, node in (record.node_execute_status or {}).items():
    output = client.workflows.node_history(
        workflow_id=WORKFLOW, execute_id=run.execute_id, node_execute_uuid=node.node_execute_uuid
    )
    print(title, "said", output.node_output)
