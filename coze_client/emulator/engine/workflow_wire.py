"""How runs of workflows look on the wire, in either dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping

from coze_client.emulator.protocol.reply import JsonReply
from coze_client.emulator.protocol.stream import to_json
from coze_client.emulator.scripting.parameters import InputParameter
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.executions import Execution
from coze_client.emulator.workflows import FORM, QUESTION, Ask, Output, Workflow

DAY = 86400
KEPT_NODES, KEPT_OUTPUT = DAY, 7 * DAY  # seconds (page workflow_history)
LARGEST_OUTPUT = 1024 * 1024
END = "Output"  # the end node in a record's output
# the studio's numbers of file kinds and times in a form's fields
ASSIST_TYPES = {
    name: number
    for number, name in enumerate(
        ("file", "image", "doc", "code", "ppt", "txt", "excel", "audio", "zip", "video", "svg", "voice"), 1
    )
} | {"time": 10000}


class Spelling:
    """The cloud's."""

    end_title = ""

    def message(self, node: Output, node_id: str, uuid: str) -> list[dict[str, object]]:
        """The events of what an output node says."""
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

    def end(self, text: str, execution: Execution) -> dict[str, object]:
        """The end node's event; it alone tells what the run has cost."""
        message = {
            "content": text,
            "content_type": "text",
            "node_id": "900001",
            "node_title": self.end_title,
            "node_seq_id": "0",
            "node_is_finish": True,
        }
        return {**message, **self.cost(execution)}

    def cost(self, execution: Execution) -> dict[str, object]:
        """Known once the run has ended."""
        return {"usage": execution.usage} if execution.usage else {}

    def interrupt(self, ask: Ask, event_id: str, *, streamed: bool) -> dict[str, object]:
        """`data` is empty where the question was streamed before it. That options come as JSON is a guess."""
        told: dict[str, object] = {"event_id": event_id, "type": ask.type, "data": ""}
        if ask.type == FORM:
            told["data"] = to_json({"content_type": "text", "content": to_json(form_fields(ask.parameters))})
            told["required_parameters"] = {name: parameter.tree for name, parameter in ask.parameters.items()}
        elif ask.options:
            told["data"] = to_json({"content_type": "option", "content": ask.question, "options": ask.options})
        elif ask.type != QUESTION:
            told["data"] = ask.question
        elif not streamed:
            told["data"] = to_json({"content_type": "text", "content": ask.question})
        return told

    def interrupted(self, ask: Ask, event_id: str, execution: Execution) -> dict[str, object]:
        """The event by which a stream stops to ask."""
        return {"interrupt_data": self.interrupt(ask, event_id, streamed=True), "node_title": ask.title}

    def failed(self, code: int, msg: str, execution: Execution) -> dict[str, object]:
        return {"error_code": code, "error_message": msg}

    def reply(self, execution: Execution) -> JsonReply:
        """A run that has ended or asks, to who waited for it; code and message of one that failed."""
        told: dict[str, object] = {"execute_id": execution.id, "debug_url": execution.debug_url}
        if execution.status == "Fail":
            return JsonReply(beside={"code": execution.error_code, "msg": execution.error_msg, **told})
        if execution.interrupt is not None:
            return JsonReply(beside={**told, "interrupt_data": execution.interrupt})
        return JsonReply(execution.output, beside={**told, **self.cost(execution)})

    def begun(self, execution: Execution) -> JsonReply:
        """An asynchronous run, at once."""
        return JsonReply(beside={"execute_id": execution.id, "debug_url": execution.debug_url})

    def history(self, execution: Execution, now: int) -> JsonReply:
        nodes = execution.nodes if now < execution.updated_at + KEPT_NODES else []
        ended = execution.output if now < execution.updated_at + KEPT_OUTPUT else ""
        titles = _unique([END, *(str(node["title"]) for node in nodes)])[1:]
        outputs = {title: node["text"] for title, node in zip(titles, nodes, strict=True)}
        trimmed = len(to_json(outputs)) > LARGEST_OUTPUT
        output = {**({END: ended} if ended else {}), **({} if trimmed else outputs)}
        told: dict[str, object] = {
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
            told["interrupt_data"] = execution.interrupt
        return JsonReply([told])

    def info(self, workflow: Workflow, described: Mapping[str, object]) -> JsonReply:
        return JsonReply(described)


class StudioSpelling(Spelling):
    """coze-studio's, read from its source."""

    end_title = "End"

    def cost(self, execution: Execution) -> dict[str, object]:
        return {"token": execution.usage.get("token_count", 0), "cost": "0.00000"}

    def end(self, text: str, execution: Execution) -> dict[str, object]:
        message = {**super().end(text, execution), "node_type": "End"}
        return {key: value for key, value in message.items() if key not in ("token", "cost")}

    def message(self, node: Output, node_id: str, uuid: str) -> list[dict[str, object]]:
        said = super().message(node, node_id, uuid)
        return [{**_without(piece, "node_execute_uuid"), "node_type": "Message"} for piece in said]

    def interrupt(self, ask: Ask, event_id: str, *, streamed: bool) -> dict[str, object]:
        kind = 1 if ask.type == 6 else ask.type
        if ask.type == FORM:
            data = to_json({"content_type": "form_schema", "content": to_json(form_fields(ask.parameters))})
        elif ask.type == QUESTION:
            data = to_json({"messages": [{"type": "question", "id": event_id.partition("/")[2], **_asked(ask)}]})
        else:
            data = ask.question
        return {"event_id": event_id, "type": kind, "data": data}

    def interrupted(self, ask: Ask, event_id: str, execution: Execution) -> dict[str, object]:
        told = self.interrupt(ask, event_id, streamed=True)
        return {"interrupt_data": told, "debug_url": execution.debug_url}

    def failed(self, code: int, msg: str, execution: Execution) -> dict[str, object]:
        return {**super().failed(code, msg, execution), "debug_url": execution.debug_url}

    def reply(self, execution: Execution) -> JsonReply:
        if execution.interrupt is not None:
            told = {"code": 6039, "msg": "workflow interrupt is not supported in a synchronous run"}
            return JsonReply(beside=told)
        if execution.status == "Fail":
            return super().reply(execution)
        text = _without_original(execution.output)
        return JsonReply(beside={**self.begun(execution).beside, "data": text, **self.cost(execution)})

    def begun(self, execution: Execution) -> JsonReply:
        unset = dict.fromkeys(("msg", "data", "detail", "token", "cost", "interrupt_data"))
        told = {"code": 0, "execute_id": execution.id, "debug_url": execution.debug_url}
        return JsonReply(beside={**unset, **told})

    def history(self, execution: Execution, now: int) -> JsonReply:
        """Interrupted runs have a status without a name."""
        status = "<UNSET>" if execution.interrupt is not None else execution.status
        told = {
            "execute_id": int(execution.id),
            "execute_status": status,
            "bot_id": int(execution.bot_id),
            "connector_id": int(execution.connector_id),
            "connector_uid": execution.connector_uid,
            "run_mode": execution.run_mode,
            "log_id": execution.logid,
            "create_time": execution.created_at,
            "update_time": execution.updated_at,
            "output": _without_original(execution.output),
            "error_code": str(execution.error_code or ""),
            "error_msg": execution.error_msg,
            "debug_url": execution.debug_url,
            "token": str(execution.usage.get("token_count", 0)),
            "cost": "0.00000",
        }
        return JsonReply([told], bare=True)

    def info(self, workflow: Workflow, described: Mapping[str, object]) -> JsonReply:
        """The role of a chatflow, and nothing of any schema."""
        if not workflow.chatflow:
            return JsonReply(beside={"code": 777777780, "msg": "the workflow has no chatflow role"})
        role = {"id": workflow.id, "workflow_id": workflow.id, "name": workflow.title, "connector_id": "1024"}
        return JsonReply({"role": role})


SPELLINGS: Mapping[str, Spelling] = {"cloud": Spelling(), "studio": StudioSpelling()}


def spelling_of(backend: Backend) -> Spelling:
    return SPELLINGS[backend.dialect.name]


def form_fields(parameters: Mapping[str, InputParameter]) -> list[dict[str, object]]:
    """An input node's fields: files and times are strings with a number that says which."""
    fields: list[dict[str, object]] = []
    for name, parameter in parameters.items():
        kind = parameter.tree["type"]
        assist = ASSIST_TYPES.get(kind)
        told = {"type": kind if assist is None else "string", "name": name, "required": parameter.required}
        fields.append(told if assist is None else {**told, "assistType": assist})
    return fields


def _asked(ask: Ask) -> dict[str, object]:
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
    """A node that ran several times gets further names."""
    ran = [titles[:place].count(title) for place, title in enumerate(titles)]
    return [f"{title}_{times}" if times else title for title, times in zip(titles, ran, strict=True)]


def _without(values: Mapping[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != key}


def _without_original(text: str) -> str:
    """The studio's wrapper of a text has one key less."""
    if '"type_for_model"' not in text:
        return text
    return to_json(_without(json.loads(text), "original_result"))
