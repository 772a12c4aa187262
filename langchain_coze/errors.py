"""The client's errors that are LangChain's too, so that its middleware knows what may be tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from coze_client import errors as coze
from coze_client.api.chats.failures import ChatFailed
from coze_client.api.workflows.failures import WorkflowFailed, WorkflowInterrupted
from coze_client.core.request import Kind
from coze_client.core.retry import may_retry

_PROMPT_TOO_LONG = 4010


class CozeModelError(coze.CozeError, ModelError):
    """Any failure of the client, as LangChain's; ``request_id`` is Coze's log id.

    ``is_retryable`` is True only if a chat surely did not begin: what may have begun is billed, and not begun again.
    """

    @property
    def request_id(self) -> str | None:
        """The id that Coze's support asks for; LangChain puts it into the trace."""
        return self.logid


class CozeConfigurationError(CozeModelError, coze.ConfigurationError, ModelInvalidRequestError):
    """The model was told something that cannot work; nothing was sent."""


class CozeProtocolError(CozeModelError, coze.ProtocolError):
    """The server sent what is no answer of the Coze API."""


class CozeAPIError(CozeModelError, coze.APIError):
    """A refusal of a kind that is not known."""


class CozeAuthenticationError(CozeAPIError, coze.AuthenticationError, ModelAuthenticationError):
    """The token is wrong, expired or revoked."""


class CozePermissionDenied(CozeAPIError, coze.PermissionDenied, ModelPermissionDeniedError):
    """The token may not do this."""


class CozeNotFound(CozeAPIError, coze.NotFound, ModelNotFoundError):
    """No such bot, conversation or chat, or it is not visible to the token."""


class CozeInvalidRequest(CozeAPIError, coze.InvalidRequest, ModelInvalidRequestError):
    """The same call fails again."""


class CozeContextOverflow(CozeInvalidRequest, ContextOverflowError):
    """The prompt is longer than the bot's model takes (4010)."""


class CozeRateLimited(CozeAPIError, coze.RateLimited, ModelRateLimitError):
    """Too many calls just now."""


class CozeQuotaExceeded(CozeAPIError, coze.QuotaExceeded, ModelRateLimitError):
    """A quota or balance is used up: trying again does not help."""


class CozeConversationBusy(CozeAPIError, coze.ConversationBusy, ModelRateLimitError):
    """The conversation still runs another chat."""


class CozeServerError(CozeAPIError, coze.ServerError, ModelAPIError):
    """Coze or a gateway failed; a chat may have begun."""


class CozeConnectionFailed(CozeModelError, coze.ConnectionFailed, ModelConnectionError):
    """No connection, or it broke before the answer was whole."""


class CozeTimedOut(CozeModelError, coze.TimedOut, ModelTimeoutError):
    """The server was silent for longer than the timeout."""


class CozeStreamInterrupted(CozeModelError, coze.StreamInterrupted, ModelConnectionError):
    """A stream broke for good; the chat may have run on, and is billed."""


class CozeChatFailed(CozeModelError, ChatFailed, ModelAPIError):
    """The bot began to answer and failed."""


class CozeWorkflowFailed(CozeModelError, WorkflowFailed, ModelAPIError):
    """A workflow that was to answer or to recall failed."""


class CozeWorkflowInterrupted(CozeModelError, WorkflowInterrupted):
    """A workflow that was to recall asked somebody something instead."""


_TWINS: dict[type[coze.CozeError], type[CozeModelError]] = {
    base: twin
    for twin in (
        CozeConfigurationError,
        CozeProtocolError,
        CozeAPIError,
        CozeAuthenticationError,
        CozePermissionDenied,
        CozeNotFound,
        CozeInvalidRequest,
        CozeRateLimited,
        CozeQuotaExceeded,
        CozeConversationBusy,
        CozeServerError,
        CozeConnectionFailed,
        CozeTimedOut,
        CozeStreamInterrupted,
        CozeChatFailed,
        CozeWorkflowFailed,
        CozeWorkflowInterrupted,
    )
    for base in twin.__bases__
    if issubclass(base, coze.CozeError) and not issubclass(base, CozeModelError)
}


def convert_error(error: coze.CozeError) -> CozeModelError:
    """The same error as one of LangChain's as well, with everything it carries."""
    if isinstance(error, CozeModelError):
        return error
    known = (_TWINS[kind] for kind in type(error).__mro__ if kind in _TWINS)
    kind = CozeContextOverflow if error.code == _PROMPT_TOO_LONG else next(known, CozeModelError)
    twin = kind.__new__(kind)
    twin.args = error.args
    twin.__dict__.update(error.__dict__, is_retryable=may_retry(Kind.START, error))
    return twin.with_traceback(error.__traceback__)


@contextmanager
def langchain_errors() -> Iterator[None]:
    """Inside, what the client raises is raised as one of LangChain's errors too."""
    try:
        yield
    except coze.CozeError as error:
        raise convert_error(error) from error.__cause__
