"""Prints the parameters of a workflow, their JSON schema, and the mistakes in wrong arguments."""

from __future__ import annotations

import os

from coze_client import CozeClient, InvalidArguments
from coze_client.api.workflows.signature import WorkflowSignature

client = CozeClient()

info = client.workflows.retrieve(workflow_id=os.environ["COZE_WORKFLOW_ID"])
print(info.workflow_detail.workflow_name)
if info.input and info.input.parameters:
    for name, parameter in info.input.parameters.items():
        print(f"{name}: {parameter.type}{' (required)' if parameter.required else ''} {parameter.description}")

signature = WorkflowSignature.of_info(info)
print(signature.schema)
try:
    signature.check({"guests": "many"})
except InvalidArguments as error:
    print(error)
