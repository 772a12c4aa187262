"""The error that a handler raises: Coze's code and its message."""

from __future__ import annotations

from dataclasses import dataclass

MEANINGS = {
    4000: "The parameter is invalid",
    4001: "The chat does not exist or is not yours",
    4002: "The conversation does not exist or is not yours",
    4003: "meta_data is over its limit: 16 pairs, keys of 1 to 64 and values of 1 to 512 characters",
    4004: "additional_messages is over its limit of 100 messages",
    4005: "The message id or content is invalid",
    4006: "The bot does not exist or you may not use it",
    4007: "auto_save_history must be true when stream is false",
    4009: "Too many users call the service at the moment",
    4015: "The bot is not published to the API channel",
    4016: "The conversation is occupied by a running chat",
    4020: "The request rate is over its limit",
    4100: "authentication is invalid",
    4101: "The token does not have permission for this resource",
    4104: "The state of the chat does not allow cancelling it",
    4200: "The requested resource was not found",
    4300: "The upload holds no file",
    4301: "The upload holds more than one file",
    4302: "The file is too large",
    4303: "The file type is not supported",
    4304: "The file is damaged",
    4314: "The workflow's execution record was not found",
    4315: "The workflow's execution has finished and cannot be resumed",
    5000: "internal server error",
    6003: "Asynchronous runs need a paid plan",
    777074011: "The enterprise has as many members as its plan allows",
}


@dataclass(frozen=True)
class GoError:
    """An error as coze-studio's handlers raise it; `code` is None for a plain Go error, which has only a text."""

    code: int | None
    text: str

    def __str__(self) -> str:
        if self.code is None:
            return self.text
        return f"code={self.code} message={self.text}\nstack={_STACK}"


_STACK = "openapi_agent_run.go:52 OpenapiAgentRun\nagent_run_service.go:127 ChatV3\nrouter.go:300 ServeHTTP\n"

NIL_POINTER = GoError(None, "")
"""The handler dereferences nil: the studio's server sends HTTP 500 with an empty body."""


class ApiError(Exception):
    """Rejects a request before it has any effect; `code` is the cloud's, and the dialect translates it.

    `studio` is what coze-studio raises in this place, where the code alone does not tell it.
    """

    def __init__(self, code: int, detail: str = "", *, studio: GoError | None = None) -> None:
        self.code = code
        self.studio = studio
        self.msg = f"{MEANINGS[code]}: {detail}" if detail else MEANINGS[code]
        super().__init__(self.msg)
