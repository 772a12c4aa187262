"""Chat models of both frameworks as a service, or as users who logged in: credentials work wherever a token does."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from coze_client import JWT, CozeClient, FileStore, PersonalToken, WebOAuth, from_config
from coze_client.auth.config_file import IN_MEMORY
from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM

Ask = Callable[[Any, str], str]
TOKEN = "/api/permission/oauth2/token"
MODELS: dict[type[BaseModel], Ask] = {
    ChatCoze: lambda model, question: model.invoke(question).text,
    CozeLLM: lambda llm, question: llm.complete(question).text,
}


@pytest.fixture(params=MODELS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> Any:
    """A chat model of either framework."""
    return request.param


def ask(model: Any) -> str:
    return MODELS[type(model)](model, "hello you")


def service(emulator: Emulator) -> JWT:
    found = from_config(emulator.oauth_apps["jwt"].config(emulator.url))
    assert isinstance(found, JWT)
    return found


def service_environment(emulator: Emulator) -> dict[str, str]:
    app = emulator.oauth_apps["jwt"]
    return {
        "COZE_API_BASE": emulator.url,
        "COZE_API_TOKEN": "",
        "COZE_API_KEY": "",
        "COZE_JWT_OAUTH_CLIENT_ID": app.client_id,
        "COZE_JWT_OAUTH_PUBLIC_KEY_ID": app.public_key_id,
        "COZE_JWT_OAUTH_PRIVATE_KEY": app.private_key,
    }


def test_a_model_works_as_a_service_whose_server_is_then_its_own(kind: Any, emulator: Emulator) -> None:
    assert ask(kind(bot_id=emulator.bots["echo"], token=service(emulator))) == "hello you"


def test_a_model_works_for_one_user_of_a_service(kind: Any, emulator: Emulator) -> None:
    own = service(emulator)
    for user in ("ann", "bob"):
        model = kind(bot_id=emulator.bots["echo"], token=own.for_session(user), user_id=user)
        assert [ask(model), ask(model)] == ["hello you"] * 2
    assert len(emulator.calls_to(TOKEN)) == 2


def test_a_model_works_for_a_user_who_logged_in_to_a_web_app(kind: Any, emulator: Emulator) -> None:
    app = emulator.oauth_apps["web"]
    web = WebOAuth(
        app.client_id, client_secret=app.client_secret, redirect_uri=app.redirect_uris[0], base_url=emulator.url
    )
    ann = web.for_user("ann")
    with CozeClient(ann) as client:
        login = client.oauth.login()
        back = httpx.post(login.url, data={"decision": "allow"}).headers["location"]
        client.oauth.finish(login, back)
    assert ask(kind(bot_id=emulator.bots["echo"], token=ann)) == "hello you"


def test_a_model_takes_a_personal_token_as_a_value(kind: Any, emulator: Emulator) -> None:
    model = kind(bot_id=emulator.bots["echo"], token=PersonalToken(emulator.token), base_url=emulator.url)
    assert ask(model) == "hello you"


def test_models_of_a_service_in_the_environment_share_one_token_and_pickle_without_the_key(
    kind: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in service_environment(emulator).items():
        monkeypatch.setenv(name, value)
    models = [kind(bot_id=emulator.bots["echo"]) for _ in range(3)]
    try:
        assert [ask(model) for model in models] == ["hello you"] * 3
        dumped = pickle.dumps(models[0])
        assert b"BEGIN" not in dumped
        assert b"czs_" not in dumped
        assert ask(pickle.loads(dumped)) == "hello you"
    finally:
        for model in models:
            IN_MEMORY.save(model._coze._session.credentials.key, None)
    assert len(emulator.calls_to(TOKEN)) == 1


def test_a_model_of_a_configuration_file_pickles_without_its_secret_and_finds_the_stored_token(
    kind: Any, emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(emulator.oauth_apps["jwt"].config(emulator.url)))
    own = from_config(tmp_path / "config.json", store=FileStore(tmp_path / "tokens.json"))
    model = kind(bot_id=emulator.bots["echo"], token=own)
    assert ask(model) == "hello you"
    dumped = pickle.dumps(model)
    assert b"BEGIN" not in dumped
    assert b"czs_" not in dumped
    assert ask(pickle.loads(dumped)) == "hello you"
    assert len(emulator.calls_to(TOKEN)) == 1


def test_a_model_whose_credentials_hold_their_secret_refuses_to_be_pickled(kind: Any, emulator: Emulator) -> None:
    with pytest.raises(TypeError, match="holds secrets"):
        pickle.dumps(kind(bot_id="1", token=service(emulator)))


def test_no_repr_of_a_model_shows_its_credentials(kind: Any, emulator: Emulator) -> None:
    assert "JWT" not in repr(kind(bot_id="1", token=service(emulator)))
