"""The requests of the chat API, as values: start a chat, submit tool outputs, poll, list messages, cancel.

API pages: chat_v3, retrieve_chat, list_chat_messages, chat_cancel, chat_submit_tool_outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from coze_client.api.chats.failures import ExpectedConversation
from coze_client.api.chats.telemetry import chat_operation, submission_operation
from coze_client.api.chats.values import Chat, PublishStatus, ToolOutput, ToolOutputLike, read_started
from coze_client.api.conversations.values import Message, MessageLike, convert_to_wire
from coze_client.core.json_text import load_json
from coze_client.core.reading import Reading
from coze_client.core.request import Kind, Request, Unanswered, query
from coze_client.core.response import Payload, RawResponse
from coze_client.core.telemetry import Operation
from coze_client.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from coze_client.api.chats.chat_event import ChatEvent

T = TypeVar("T")

_MOST_MESSAGES = 100
BILLED_CHAT = "a second chat is billed, too"
"""Why a chat that may have started is not simply started again."""
_NOT_IN_BODY = ("conversation_id", "accept_new_conversation")


@dataclass(frozen=True, kw_only=True)
class NewChat:
    """A chat to start: the parameters of ``chats.create`` and ``chats.stream``, as one value.

    Raises ConfigurationError if ``user_id`` is no text or empty.
    """

    bot_id: str
    user_id: str
    additional_messages: Sequence[MessageLike] = ()
    conversation_id: str | None = None
    custom_variables: Mapping[str, str] | None = None
    auto_save_history: bool = True
    meta_data: Mapping[str, str] | None = None
    extra_params: Mapping[str, str] | None = None
    parameters: Mapping[str, object] | str | None = None
    shortcut_command: Mapping[str, object] | None = None
    enable_card: bool | None = None
    publish_status: PublishStatus | None = None
    bot_version: str | None = None
    connector_id: str | None = None
    accept_new_conversation: bool = False

    def __post_init__(self) -> None:
        user: object = self.user_id
        if not isinstance(user, str) or not user:
            raise ConfigurationError("user_id must be a non-empty string: Coze keeps one memory per user_id")

    def request(self) -> Request[Chat]:
        """The request that starts the chat without waiting; raises ConfigurationError if the history is not saved."""
        if not self.auto_save_history:
            raise ConfigurationError(
                "A chat that is not streamed must save its history (4007): Coze cannot retrieve an unsaved chat",
                cure="Keep auto_save_history=True, or use chats.stream",
            )
        return self._post(ReadStart(self.expected), stream=False)

    def stream_request(self) -> Request[None]:
        """The request that starts the chat; the response is a stream of events."""
        return self._post(ignore_response, stream=True)

    @property
    def expected(self) -> ExpectedConversation | None:
        """The conversation in which the chat must run; ``None`` if the call names none."""
        return ExpectedConversation.of(self.conversation_id, accept_new=self.accept_new_conversation)

    def _post(self, read: Any, *, stream: bool) -> Request[Any]:  # typed by the two methods above
        params = query(conversation_id=self.conversation_id or None)
        body, unanswered = self._body(stream=stream), self._unanswered(stream=stream)
        operation = chat_operation(self.bot_id, self.conversation_id, body)
        request = _start("/v3/chat", read, params, body, unanswered, operation, stream=stream)
        if not self.parameters:
            return request
        from coze_client.api.files.parameter_files import with_uploads  # few chats have parameters

        return with_uploads(request)

    def _unanswered(self, *, stream: bool) -> Unanswered:
        other = "client.chats.create(…) answers at once" if stream else "client.chats.stream(…) has its id at once"
        cure = f"{BILLED_CHAT}. {other}, and so survives a long chat{look_in(self.conversation_id)}"
        return Unanswered(cure, conversation_id=self.conversation_id or None)

    def _body(self, *, stream: bool) -> dict[str, object]:
        """The JSON body: all parameters that are set and belong into it."""
        given = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _NOT_IN_BODY}
        given["additional_messages"] = messages = [convert_to_wire(message) for message in self.additional_messages]
        if len(messages) > _MOST_MESSAGES:
            raise ConfigurationError(f"A chat accepts at most {_MOST_MESSAGES} messages (4004), not {len(messages)}")
        if isinstance(self.parameters, str):
            given["parameters"] = _parse_parameters(self.parameters)
        return {name: value for name, value in {**given, "stream": stream}.items() if value is not None}


def look_in(conversation_id: str | None) -> str:
    """How to look for a chat that may have started; "" if its conversation is unknown."""
    if not conversation_id:
        return ""
    return f". client.conversations.messages.list(conversation_id={conversation_id!r}) shows whether it has"


def _parse_parameters(text: str) -> dict[str, object]:
    try:
        value = load_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError("parameters must be an object, or the JSON text of one")
    return value


class ReadStart(NamedTuple):
    """Reads the response to the start of a chat; raises ConversationMismatch if another conversation answers."""

    expected: ExpectedConversation | None = None

    def __call__(self, response: RawResponse) -> Chat:
        chat = read_started(response)
        if self.expected is not None and chat.conversation_id:
            self.expected.check(chat.id, chat.conversation_id)
        return chat


def retrieve_request(conversation_id: str, chat_id: str) -> Request[Chat]:
    """The request for the current state of a chat."""
    return Request("GET", "/v3/chat/retrieve", ReadKnown(read_started), _ids(conversation_id, chat_id))


def messages_request(conversation_id: str, chat_id: str) -> Request[tuple[Message, ...]]:
    """The request for the messages of a chat; it drops the question, which coze-studio includes."""
    return Request("GET", "/v3/chat/message/list", ReadKnown(_read_messages), _ids(conversation_id, chat_id))


def cancel_request(conversation_id: str, chat_id: str) -> Request[Chat]:
    """The request that cancels a chat; the response may lack the chat, then its ids are those of the call."""
    ids = _ids(conversation_id, chat_id)
    known = (("id", chat_id), ("conversation_id", conversation_id))
    return Request("POST", "/v3/chat/cancel", Payload(Chat, known=known), body=ids)


def submit_request(conversation_id: str, chat_id: str, outputs: Sequence[ToolOutputLike]) -> Request[Chat]:
    """The request that submits tool outputs without waiting for the chat."""
    return _submit(conversation_id, chat_id, outputs, ReadStart(), stream=False)


def submit_stream_request(conversation_id: str, chat_id: str, outputs: Sequence[ToolOutputLike]) -> Request[None]:
    """The request that submits tool outputs; the response is a stream of events."""
    return _submit(conversation_id, chat_id, outputs, ignore_response, stream=True)


def _submit(
    conversation_id: str, chat_id: str, outputs: Sequence[ToolOutputLike], read: Any, *, stream: bool
) -> Request[Any]:  # typed by the two functions above
    body = {"tool_outputs": [_tool_output(output) for output in outputs], "stream": stream}
    params = _ids(conversation_id, chat_id)
    retrieval = f"client.chats.retrieve(conversation_id={conversation_id!r}, chat_id={chat_id!r})"
    cure = f"{BILLED_CHAT}. {retrieval} shows whether it goes on"
    unanswered = Unanswered(cure, chat_id, conversation_id)
    operation = submission_operation(conversation_id, chat_id)
    return _start("/v3/chat/submit_tool_outputs", read, params, body, unanswered, operation, stream=stream)


def _start(
    path: str,
    read: Any,
    params: Mapping[str, str],
    body: Mapping[str, object],
    unanswered: Unanswered,
    operation: Operation,
    *,
    stream: bool,
) -> Request[Any]:  # typed by the callers of its callers
    request = Request("POST", path, read, params, body, Kind.START, stream=stream, reading=new_reading)
    return replace(request, unanswered=unanswered, operation=operation)


def new_reading(limit: int) -> Reading[ChatEvent]:
    """What reads the stream of a chat with events of at most `limit` bytes."""
    from coze_client.api.chats.events import ChatReading  # a client that does not stream does not load it

    return ChatReading(limit)


def _tool_output(given: ToolOutputLike) -> dict[str, str]:
    try:
        output = ToolOutput.model_validate(given)
    except ValidationError as error:
        raise ConfigurationError(
            "A tool output must be a ToolOutput, or a dict with tool_call_id (text) and output"
        ) from error
    return {"tool_call_id": output.tool_call_id, "output": output.output}


def _ids(conversation_id: str, chat_id: str) -> dict[str, str]:
    return query(conversation_id=conversation_id, chat_id=chat_id)


def ignore_response(response: object) -> None:
    """The reader of a stream request: the stream reads the events itself."""


@dataclass(frozen=True)
class ReadKnown(Generic[T]):
    """Reads a response about a chat by ``read``; raises NotFound for the empty HTTP 500 of coze-studio.

    Its handlers crash at a conversation that they do not know. Its header ``x-log-id`` tells it from a gateway.
    """

    read: Callable[[RawResponse], T]

    def __call__(self, response: RawResponse) -> T:
        if response.status == 500 and not response.content.strip() and "x-log-id" in response.headers:
            raise NotFound(
                "The server crashed and sent an empty response",
                status=500,
                logid=response.headers["x-log-id"],
                cure="Check the conversation id: a coze-studio does this if it does not know the conversation",
            )
        return self.read(response)


_MESSAGES = Payload(tuple[Message, ...])


def _read_messages(response: RawResponse) -> tuple[Message, ...]:
    return tuple(message for message in _MESSAGES(response) if message.type != "question")
