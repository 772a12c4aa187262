"""Lists the workflows of a workspace, and the versions of one workflow."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()

for workflow in client.workflows.list(page_size=10):
    print(workflow.workflow_id, workflow.workflow_name)
for version in client.workflows.versions(workflow_id=os.environ["COZE_WORKFLOW_ID"]):
    print(version.version, version.description)
