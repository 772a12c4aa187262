"""The JSON of workflow runs in replies and events, in both dialects."""

from __future__ import annotations

import json
from collections.abc import Mapping

from coze_client.emulator.protocol.reply import JsonReply
from coze_client.emulator.protocol.stream import to_json
from coze_client.emulator.protocol.studio_workflow_refusals import INTERRUPTED, open_api_code, run_reply
from coze_client.emulator.scripting.parameters import InputParameter
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.execution_records import StoredExecution
from coze_client.emulator.workflows import FORM, QUESTION, Ask, Output, Workflow

DAY = 86400
KEPT_NODES, KEPT_OUTPUT = DAY, 7 * DAY  # seconds (page workflow_history)
LARGEST_OUTPUT = 1024 * 1024
END = "Output"  # the name of the end node in the run history
# the studio's numbers of file kinds and times in the fields of a form
ASSIST_TYPES = {
    name: number
    for number, name in enumerate(
        ("file", "image", "doc", "code", "ppt", "txt", "excel", "audio", "zip", "video", "svg", "voice"), 1
    )
} | {"time": 10000}


class WorkflowFormat:
    """The format of the cloud."""

    end_title = ""

    def message(self, node: Output, node_id: str, uuid: str) -> list[dict[str, object]]:
        """Return the data of the events of a node output."""
        last = len(node.chunks) - 1
        return [
            {
                "content": piece,
                "content_type": "text",
                "node_id": node_id,
                "node_title": node.title,
                "node_seq_id": str(number),
                "node_is_finish": number == last,
                "node_execute_uuid": uuid,
            }
            for number, piece in enumerate(node.chunks)
        ]

    def end(self, text: str, execution: StoredExecution) -> dict[str, object]:
        """Return the data of the end node's event; no other event contains the usage."""
        message = {
            "content": text,
            "content_type": "text",
            "node_id": "900001",
            "node_title": self.end_title,
            "node_seq_id": "0",
            "node_is_finish": True,
        }
        return {**message, **self.cost(execution)}

    def cost(self, execution: StoredExecution) -> dict[str, object]:
        """Return the usage fields; they are known when the run has ended."""
        return {"usage": execution.usage} if execution.usage else {}

    def interrupt(self, ask: Ask, event_id: str, *, streamed: bool) -> dict[str, object]:
        """Return the interrupt; `data` is empty if the question was streamed before.

        That options are sent as JSON is a guess.
        """
        interrupt: dict[str, object] = {"event_id": event_id, "type": ask.type, "data": ""}
        if ask.type == FORM:
            interrupt["data"] = to_json({"content_type": "text", "content": to_json(form_fields(ask.parameters))})
            interrupt["required_parameters"] = {name: parameter.tree for name, parameter in ask.parameters.items()}
        elif ask.options:
            interrupt["data"] = to_json({"content_type": "option", "content": ask.question, "options": ask.options})
        elif ask.type != QUESTION:
            interrupt["data"] = ask.question
        elif not streamed:
            interrupt["data"] = to_json({"content_type": "text", "content": ask.question})
        return interrupt

    def interrupted(self, ask: Ask, event_id: str, execution: StoredExecution) -> dict[str, object]:
        """Return the data of the event that interrupts a stream."""
        return {"interrupt_data": self.interrupt(ask, event_id, streamed=True), "node_title": ask.title}

    def failed(self, code: int, msg: str, execution: StoredExecution) -> dict[str, object]:
        """Return the data of the error event."""
        return {"error_code": code, "error_message": msg}

    def reply(self, execution: StoredExecution) -> JsonReply:
        """Build the reply to a blocking run that has ended, asks, or failed."""
        fields: dict[str, object] = {"execute_id": execution.id, "debug_url": execution.debug_url}
        if execution.status == "Fail":
            return JsonReply(beside={"code": execution.error_code, "msg": execution.error_msg, **fields})
        if execution.interrupt is not None:
            return JsonReply(beside={**fields, "interrupt_data": execution.interrupt})
        return JsonReply(execution.output, beside={**fields, **self.cost(execution)})

    def started(self, execution: StoredExecution) -> JsonReply:
        """Build the reply that an asynchronous run has started."""
        return JsonReply(beside={"execute_id": execution.id, "debug_url": execution.debug_url})

    def history(self, execution: StoredExecution, now: int) -> JsonReply:
        """Build the reply with the record of a run; outputs expire."""
        nodes = execution.nodes if now < execution.updated_at + KEPT_NODES else []
        ended = execution.output if now < execution.updated_at + KEPT_OUTPUT else ""
        titles = _unique([END, *(str(node["title"]) for node in nodes)])[1:]
        outputs = {title: node["text"] for title, node in zip(titles, nodes, strict=True)}
        trimmed = len(to_json(outputs)) > LARGEST_OUTPUT
        output = {**({END: ended} if ended else {}), **({} if trimmed else outputs)}
        record: dict[str, object] = {
            "execute_id": execution.id,
            "execute_status": execution.status,
            "bot_id": execution.bot_id,
            "connector_id": execution.connector_id,
            "connector_uid": execution.connector_uid,
            "run_mode": execution.run_mode,
            "logid": execution.logid,
            "create_time": execution.created_at,
            "update_time": execution.updated_at,
            "output": to_json(output) if output else "",
            "is_output_trimmed": trimmed,
            "token": "0",
            "error_code": str(execution.error_code or ""),
            "error_message": execution.error_msg,
            "debug_url": execution.debug_url,
            "node_execute_status": {title: _node_status(node) for title, node in zip(titles, nodes, strict=True)},
            **self.cost(execution),
        }
        if execution.interrupt is not None:
            record["interrupt_data"] = execution.interrupt
        return JsonReply([record])

    def info(self, workflow: Workflow, description: Mapping[str, object]) -> JsonReply:
        """Build the reply with the details of a workflow."""
        return JsonReply(description)


class StudioWorkflowFormat(WorkflowFormat):
    """The format of coze-studio, read from its source."""

    end_title = "End"

    def cost(self, execution: StoredExecution) -> dict[str, object]:
        return {"token": execution.usage.get("token_count", 0), "cost": "0.00000"}

    def end(self, text: str, execution: StoredExecution) -> dict[str, object]:
        message = {**super().end(text, execution), "node_type": "End", "token": 0}
        return _without(message, "cost")

    def message(self, node: Output, node_id: str, uuid: str) -> list[dict[str, object]]:
        """Return the data of the events; an output of one piece has the tokens of its node, which calls no model."""
        pieces = [
            {**_without(piece, "node_execute_uuid"), "node_type": "Message"}
            for piece in super().message(node, node_id, uuid)
        ]
        return [{**pieces[0], "token": 0}] if len(pieces) == 1 else pieces

    def interrupt(self, ask: Ask, event_id: str, *, streamed: bool) -> dict[str, object]:
        kind = 1 if ask.type == 6 else ask.type
        if ask.type == FORM:
            data = to_json({"content_type": "form_schema", "content": to_json(form_fields(ask.parameters))})
        elif ask.type == QUESTION:
            data = to_json({"messages": [{"type": "question", "id": event_id.partition("/")[2], **_question(ask)}]})
        else:
            data = ask.question
        return {"event_id": event_id, "type": kind, "data": data}

    def interrupted(self, ask: Ask, event_id: str, execution: StoredExecution) -> dict[str, object]:
        interrupt = self.interrupt(ask, event_id, streamed=True)
        return {"interrupt_data": interrupt, "debug_url": execution.debug_url}

    def failed(self, code: int, msg: str, execution: StoredExecution) -> dict[str, object]:
        return {**super().failed(code, msg, execution), "debug_url": execution.debug_url}

    def reply(self, execution: StoredExecution) -> JsonReply:
        if execution.interrupt is not None:
            return JsonReply(beside=run_reply(code=open_api_code(INTERRUPTED.code), msg=INTERRUPTED.text))
        if execution.status == "Fail":
            failure = {"code": open_api_code(execution.error_code), "msg": execution.error_msg}
            return JsonReply(beside=run_reply(**failure, debug_url=execution.debug_url))
        text = _without_original_result(execution.output)
        return JsonReply(beside={**self.started(execution).beside, "data": text, **self.cost(execution)})

    def started(self, execution: StoredExecution) -> JsonReply:
        return JsonReply(beside=run_reply(code=0, execute_id=execution.id, debug_url=execution.debug_url))

    def history(self, execution: StoredExecution, now: int) -> JsonReply:
        """Build the reply with the record of a run; interrupted runs have a status without a name."""
        status = "<UNSET>" if execution.interrupt is not None else execution.status
        record = {
            "execute_id": int(execution.id),
            "execute_status": status,
            "bot_id": int(execution.bot_id) or None,
            "connector_id": int(execution.connector_id),
            "connector_uid": execution.connector_uid,
            "run_mode": execution.run_mode,
            "log_id": execution.logid,
            "create_time": execution.created_at,
            "update_time": execution.updated_at,
            "debug_url": execution.debug_url,
            "input": execution.input,
            "output": _without_original_result(execution.output) or None,
            "token": execution.usage.get("token_count", 0),
            "cost": "0.00000",
            "cost_unit": None,
            "ext": None,
            "error_code": str(execution.error_code) if execution.error_code else None,
            "error_msg": execution.error_msg or None,
        }
        return JsonReply([record], beside={"BaseResp": None}, bare=True)

    def info(self, workflow: Workflow, description: Mapping[str, object]) -> JsonReply:
        """Build the reply with the role of a chatflow; there is no schema."""
        if not workflow.chatflow:
            return JsonReply(beside={"code": 777777780, "msg": "the workflow has no chatflow role"})
        role = {"id": workflow.id, "workflow_id": workflow.id, "name": workflow.title, "connector_id": "1024"}
        return JsonReply({"role": role})


FORMATS: Mapping[str, WorkflowFormat] = {"cloud": WorkflowFormat(), "studio": StudioWorkflowFormat()}


def workflow_format_of(backend: Backend) -> WorkflowFormat:
    """Return the format of the backend's dialect."""
    return FORMATS[backend.dialect.name]


def form_fields(parameters: Mapping[str, InputParameter]) -> list[dict[str, object]]:
    """Describe the fields of a form; files and times are strings with a number for their kind."""
    fields: list[dict[str, object]] = []
    for name, parameter in parameters.items():
        kind = parameter.tree["type"]
        assist = ASSIST_TYPES.get(kind)
        field = {"type": kind if assist is None else "string", "name": name, "required": parameter.required}
        fields.append(field if assist is None else {**field, "assistType": assist})
    return fields


def _question(ask: Ask) -> dict[str, object]:
    if not ask.options:
        return {"content_type": "text", "content": ask.question}
    options = [{"name": option} for option in ask.options]
    return {"content_type": "option", "content": to_json({"question": ask.question, "options": options})}


def _node_status(node: Mapping[str, object]) -> dict[str, object]:
    return {
        "node_id": node["node_id"],
        "is_finish": True,
        "update_time": node["at"],
        "node_execute_uuid": node["uuid"],
    }


def _unique(titles: list[str]) -> list[str]:
    """Make titles unique by a number, for nodes that ran several times."""
    ran = [titles[:place].count(title) for place, title in enumerate(titles)]
    return [f"{title}_{times}" if times else title for title, times in zip(titles, ran, strict=True)]


def _without(values: Mapping[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != key}


def _without_original_result(text: str) -> str:
    """Remove a key that the studio's wrapper of a text does not have."""
    if '"type_for_model"' not in text:
        return text
    return to_json(_without(json.loads(text), "original_result"))
