"""Answers the checks of the doctor one after the other, each by at most a few small requests that change nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from coze_client.api.users import User
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.bridge.chat.declared_plugins import has_no_plugins
from coze_client.cli.account import Account, find_account
from coze_client.cli.checks import CHECKS, Check, Finding, Verdict
from coze_client.cli.nouns import BOTS, DATASETS, VOICES, WORKFLOWS, WORKSPACES, Noun, find_in
from coze_client.cli.settings import Settings
from coze_client.cli.verdicts import (
    check_age,
    check_clock,
    check_packages,
    check_permissions,
    check_plugins,
    check_proxy,
    describe_inputs,
    verdict_of,
)
from coze_client.client import CozeClient
from coze_client.core.config import REGIONS, Timeout, resolve_base_url
from coze_client.core.model import Model
from coze_client.core.proxy import proxy_url
from coze_client.core.response import Response, parse_date
from coze_client.errors import APIError, ConfigurationError, CozeError, NotFound

_PATIENCE = Timeout(connect=5.0, read=20.0, deadline=30.0)


@dataclass(frozen=True)
class Subjects:
    """What the user asked about, each an id or a name; "" if not asked."""

    bot: str = ""
    functions: tuple[str, ...] = ()
    workflow: str = ""
    dataset: str = ""
    conversation: str = ""
    workspace: str = ""

    def is_asked(self, check: Check) -> bool:
        """True for a check that is always asked, or about what was named."""
        return not check.option or bool(getattr(self, check.option.removeprefix("--")))


class Diagnosis:
    """The answers for one account and what the user asked about."""

    def __init__(self, settings: Settings, subjects: Subjects) -> None:
        self._settings = settings
        self._subjects = subjects
        self._answers: Mapping[str, Callable[[], Verdict]] = {
            "packages": check_packages,
            "server": self._server,
            "proxy": self._proxy,
            "token": self._token,
            "connection": self._connection,
            "user": self._user,
            "clock": self._clock,
            "permissions": self._permissions,
            "bot": self._bot,
            "plugins": self._plugins,
            "workflow": self._workflow,
            "dataset": self._dataset,
            "conversation": self._conversation,
        }

    def findings(self) -> Iterator[Finding]:
        """Ask the checks in their order; one that needs another, which failed, is not asked."""
        failed: set[str] = set()
        for check in filter(self._subjects.is_asked, CHECKS):
            missing = [name for name in check.needs if name in failed]
            verdict = Verdict("unasked", f"not asked without: {missing[0]}") if missing else self._ask(check)
            if missing or verdict.state == "bad":
                failed.add(check.name)
            yield Finding(check, verdict)

    def _ask(self, check: Check) -> Verdict:
        try:
            return self._answers[check.name]()
        except CozeError as error:
            return verdict_of(error)

    @cached_property
    def _account(self) -> Account:
        return find_account()

    @cached_property
    def _client(self) -> CozeClient:
        return self._settings.client(_PATIENCE)

    @cached_property
    def _me(self) -> Response[User] | APIError:
        """The first answer of the server: the user, or its refusal. Raises TransportError and the like."""
        try:
            return self._client.with_response(self._client.users.me)
        except APIError as refused:
            return refused

    def _server(self) -> Verdict:
        url = resolve_base_url(self._settings.base_url, self._settings.region)
        region = next((f"region {name}" for name, known in REGIONS.items() if url == known), "a server of your own")
        return Verdict("good", f"{url} ({region})")

    def _proxy(self) -> Verdict:
        found = proxy_url(resolve_base_url(self._settings.base_url, self._settings.region), None)
        return check_proxy(found)

    def _token(self) -> Verdict:
        return Verdict("good", f"found in {self._account.source}")

    def _connection(self) -> Verdict:
        began = time.monotonic()
        self._me  # noqa: B018 - asking is the check
        return Verdict("good", f"{self._client.base_url} answered after {time.monotonic() - began:.1f} s")

    def _user(self) -> Verdict:
        if isinstance(self._me, APIError):
            lacks_call = isinstance(self._me, NotFound)  # every account exists
            return verdict_of(self._me)._replace(state="unknown" if lacks_call else "bad")
        user = self._me.value
        names = filter(None, (user.nick_name, user.user_name, user.user_id))
        return Verdict("good", ", ".join(dict.fromkeys(names)))

    def _clock(self) -> Verdict:
        date = self._me.headers.get("date", "") if isinstance(self._me, Response) else ""
        return check_clock(parse_date(date), time.time())

    def _permissions(self) -> Verdict:
        listed = {noun: self._try_listing(noun) for noun in (WORKSPACES, BOTS, WORKFLOWS, DATASETS, VOICES)}
        return check_permissions({f"{noun.one}s": result for noun, result in listed.items()})

    def _try_listing(self, noun: Noun) -> CozeError | None:
        """Why a listing is refused; ``None`` if its first page came."""
        try:
            first(noun.load(self._client, "" if noun in (WORKSPACES, VOICES) else self._workspace))
        except CozeError as refused:
            return refused
        return None

    @cached_property
    def _workspace(self) -> str:
        found = self._subjects.workspace or getattr(first(self._client.workspaces.list()), "id", "")
        if not found:
            raise ConfigurationError("The account has no workspace that the token may use")
        return found

    @cached_property
    def _bot_id(self) -> str:
        return self._find(BOTS, self._subjects.bot)

    def _find(self, noun: Noun, given: str) -> str:
        return find_in(self._client, noun, given, self._subjects.workspace)

    def _bot(self) -> Verdict:
        bot = self._client.bots.retrieve(bot_id=self._bot_id)
        return Verdict("good", f"{bot.name} ({bot.bot_id}), published, version {bot.version or 'unknown'}")

    def _plugins(self) -> Verdict:
        bot = self._client.bots.retrieve(bot_id=self._bot_id)
        declared = [tool.name for plugin in bot.plugin_info_list for tool in plugin.api_info_list]
        return check_plugins(self._subjects.functions, declared, none=has_no_plugins(bot))

    def _workflow(self) -> Verdict:
        info = self._client.workflows.retrieve(workflow_id=self._find(WORKFLOWS, self._subjects.workflow))
        inputs = describe_inputs(WorkflowSignature.of_info(info).schema)
        return Verdict("good", f"{info.workflow_detail.workflow_name}({inputs})")

    def _dataset(self) -> Verdict:
        dataset_id = self._find(DATASETS, self._subjects.dataset)
        page = next(self._client.datasets.documents.list(dataset_id=dataset_id).pages(), None)
        count = (page.total or len(page.items)) if page else 0
        return Verdict("good", f"{dataset_id} holds {count} document{'' if count == 1 else 's'}")

    def _conversation(self) -> Verdict:
        found = self._client.conversations.retrieve(conversation_id=self._subjects.conversation)
        return check_age(found.created_at, time.time())


def first(items: Iterable[Model]) -> Model | None:
    """The first item of a listing, of which only the first page is fetched."""
    return next(islice(iter(items), 1), None)
