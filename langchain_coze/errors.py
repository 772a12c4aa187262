"""The errors of the client as errors of LangChain, too, so that its middleware knows which to retry."""

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
from coze_client.api.chats.failures import ChatFailed, ConversationMismatch
from coze_client.api.workflows.failures import WorkflowFailed, WorkflowInterrupted
from coze_client.core.request import Kind
from coze_client.core.retry import may_retry

_PROMPT_TOO_LONG = 4010


class CozeModelError(coze.CozeError, ModelError):
    """Any error of the client, as an error of LangChain; ``request_id`` is Coze's log id.

    ``is_retryable`` is True only if the chat surely did not start: a chat that may have started is billed, and must not
    be started again.
    """

    @property
    def request_id(self) -> str | None:
        """The log id that Coze's support asks for; LangChain adds it to the trace."""
        return self.logid


class CozeConfigurationError(CozeModelError, coze.ConfigurationError, ModelInvalidRequestError):
    """A setting or argument is invalid; no request was sent."""


class CozeProtocolError(CozeModelError, coze.ProtocolError):
    """The server sent a response that is not valid in the Coze API."""


class CozeAPIError(CozeModelError, coze.APIError):
    """An error response of a kind that has no class of its own."""


class CozeAuthenticationError(CozeAPIError, coze.AuthenticationError, ModelAuthenticationError):
    """The token is wrong, expired or revoked."""


class CozePermissionDenied(CozeAPIError, coze.PermissionDenied, ModelPermissionDeniedError):
    """The token has no permission for this request."""


class CozeNotFound(CozeAPIError, coze.NotFound, ModelNotFoundError):
    """The bot, conversation or chat does not exist, or the token cannot see it."""


class CozeInvalidRequest(CozeAPIError, coze.InvalidRequest, ModelInvalidRequestError):
    """The request is invalid: to repeat it does not help."""


class CozeContextOverflow(CozeInvalidRequest, ContextOverflowError):
    """The prompt is too long for the model of the bot (4010)."""


class CozeRateLimited(CozeAPIError, coze.RateLimited, ModelRateLimitError):
    """There were too many requests; a later one may succeed."""


class CozeQuotaExceeded(CozeAPIError, coze.QuotaExceeded, ModelRateLimitError):
    """A quota or balance is used up: to repeat the request does not help."""


class CozeConversationBusy(CozeAPIError, coze.ConversationBusy, ModelRateLimitError):
    """Another chat is still running in the conversation."""


class CozeServerError(CozeAPIError, coze.ServerError, ModelAPIError):
    """Coze or a gateway failed; a chat may have started."""


class CozeConnectionFailed(CozeModelError, coze.ConnectionFailed, ModelConnectionError):
    """The connection failed, or broke before the response was complete."""


class CozeTimedOut(CozeModelError, coze.TimedOut, ModelTimeoutError):
    """The server sent nothing for longer than the timeout."""


class CozeStreamInterrupted(CozeModelError, coze.StreamInterrupted, ModelConnectionError):
    """A stream broke and could not be recovered; the chat may have continued, and is billed."""


class CozeChatFailed(CozeModelError, ChatFailed, ModelAPIError):
    """The bot started to answer and failed."""


class CozeConversationMismatch(CozeModelError, ConversationMismatch, ModelInvalidRequestError):
    """The chat ran in another conversation than the one that was named, and was cancelled."""


class CozeWorkflowFailed(CozeModelError, WorkflowFailed, ModelAPIError):
    """A workflow that should answer or recall slices failed."""


class CozeWorkflowInterrupted(CozeModelError, WorkflowInterrupted):
    """A workflow that should recall slices stopped to ask a human."""


_LANGCHAIN_ERRORS: dict[type[coze.CozeError], type[CozeModelError]] = {
    base: kind
    for kind in (
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
        CozeConversationMismatch,
        CozeWorkflowFailed,
        CozeWorkflowInterrupted,
    )
    for base in kind.__bases__
    if issubclass(base, coze.CozeError) and not issubclass(base, CozeModelError)
}


def convert_error(error: coze.CozeError) -> CozeModelError:
    """Convert to the class that is an error of LangChain, too; all attributes are kept."""
    if isinstance(error, CozeModelError):
        return error
    known = (_LANGCHAIN_ERRORS[kind] for kind in type(error).__mro__ if kind in _LANGCHAIN_ERRORS)
    kind = CozeContextOverflow if error.code == _PROMPT_TOO_LONG else next(known, CozeModelError)
    converted = kind.__new__(kind)
    converted.args = error.args
    converted.__dict__.update(error.__dict__, is_retryable=may_retry(Kind.START, error))
    return converted.with_traceback(error.__traceback__)


@contextmanager
def langchain_errors() -> Iterator[None]:
    """Raise the errors of the client in the block as errors of LangChain, too."""
    try:
        yield
    except coze.CozeError as error:
        raise convert_error(error) from error.__cause__
