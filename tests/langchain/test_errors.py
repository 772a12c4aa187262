"""Errors are those of the client and of LangChain at once."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from langchain_core import exceptions as langchain

import coze_client
from coze_client import ChatFailed
from coze_client import errors as coze
from coze_client.core.error_codes import error_for
from coze_client.emulator import Emulator, faults
from langchain_coze import ChatCoze, CozeModelError
from langchain_coze.errors import convert_error
from tests.support.langchain_calls import Ask

Make = Callable[..., ChatCoze]

FAMILY: list[tuple[coze.CozeError, type[Exception], bool]] = [
    (error_for(4100, "no"), langchain.ModelAuthenticationError, False),
    (error_for(4101, "no"), langchain.ModelPermissionDeniedError, False),
    (error_for(4006, "no"), langchain.ModelNotFoundError, False),
    (error_for(4000, "no"), langchain.ModelInvalidRequestError, False),
    (error_for(4010, "no"), langchain.ContextOverflowError, False),
    (error_for(4020, "no"), langchain.ModelRateLimitError, True),
    (error_for(4008, "no"), langchain.ModelRateLimitError, False),
    (error_for(4016, "no"), langchain.ModelRateLimitError, True),
    (error_for(5000, "no"), langchain.ModelAPIError, False),
    (error_for(987654, "no"), langchain.ModelError, False),
    (coze.ConfigurationError("no"), langchain.ModelInvalidRequestError, False),
    (coze.ConnectionFailed("no", sent=False), langchain.ModelConnectionError, True),
    (coze.TimedOut("no"), langchain.ModelTimeoutError, False),
    (coze.TimedOut("no", sent=False), langchain.ModelTimeoutError, True),
    (coze.StreamInterrupted("no", text="half", chat_id="1"), langchain.ModelConnectionError, False),
    (ChatFailed("no", code=5000, text="half"), langchain.ModelAPIError, False),
    (coze.ProtocolError("no"), langchain.ModelError, False),
    (coze.AccessDenied("no"), langchain.ModelError, False),
]


@pytest.mark.parametrize(("error", "family", "retryable"), FAMILY, ids=lambda given: getattr(given, "__name__", ""))
def test_an_error_becomes_both_and_keeps_all_it_carries(
    error: coze.CozeError, family: type[Exception], retryable: bool
) -> None:
    error.logid = "log1"
    both = convert_error(error)
    assert isinstance(both, (type(error), CozeModelError) if not isinstance(error, coze.OAuthError) else CozeModelError)
    assert isinstance(both, family)
    assert both.is_retryable is retryable
    assert str(both) == str(error)
    assert vars(both) == {**vars(error), "is_retryable": retryable}
    assert both.request_id == "log1"
    assert convert_error(both) is both
    again = pickle.loads(pickle.dumps(both))
    assert (type(again), vars(again)) == (type(both), vars(both))


def test_a_refusal_is_caught_as_either(model: Make, ask: Ask) -> None:
    with pytest.raises(langchain.ModelAuthenticationError, match="4100"):
        ask(model(token="pat_wrong"), "Hi")
    with pytest.raises(coze_client.AuthenticationError, match="4100"):
        ask(model(token="pat_wrong"), "Hi")


def test_the_error_of_a_failed_chat_has_the_text_before_it(model: Make, ask: Ask) -> None:
    with pytest.raises(coze_client.ChatFailed) as failure:
        ask(model("failing"), "Hi")
    assert failure.value.text == "This goes well until "
    assert failure.value.logid
    assert isinstance(failure.value, langchain.ModelAPIError)


def test_the_error_of_a_stream_that_cannot_recover_has_what_arrived(model: Make, emulator: Emulator, ask: Ask) -> None:
    emulator.inject(faults.CutAfterEvents(4))
    with pytest.raises(coze_client.StreamInterrupted) as failure:
        ask(model(), "one two three", auto_save_history=False)
    assert failure.value.text == "one two "
    assert emulator.chats_started == 1


def test_the_trace_of_a_failure_begins_where_it_happened(model: Make) -> None:
    with pytest.raises(coze_client.ChatFailed) as failure:
        model("failing").invoke("Hi")
    assert any("coze_client" in str(entry.path) for entry in failure.traceback)
    assert failure.value.__cause__ is None
