"""What `cozekit doctor` checks, as values: each check has a name, a question and a cure.

`docs/troubleshooting.md` is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from coze_client.api.conversations.messages import DAYS_KEPT

State = Literal["good", "bad", "unknown", "unasked"]
"""``unknown``: the server does not tell it. ``unasked``: a check that it needs has failed."""

MARKS: Mapping[State, str] = {"good": "✓", "bad": "✗", "unknown": "?", "unasked": "?"}


@dataclass(frozen=True)
class Check:
    """One question of the doctor.

    ``cure``: what to do if the answer is bad. ``unknown``: what it means if there is no answer. ``option``: the option
    that asks for it, "" if it is always asked. ``needs``: the checks that must not have failed.
    """

    name: str
    asks: str
    cure: str
    unknown: str
    option: str = ""
    needs: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """The answer to a check. ``detail``: what was found. ``cure``: a better one than the check's own, or ""."""

    state: State
    detail: str
    cure: str = ""


class Finding(NamedTuple):
    """A check with its answer."""

    check: Check
    verdict: Verdict

    @property
    def cure(self) -> str:
        """What to do, or what it means; "" if the answer is good, or if it was not asked."""
        if self.verdict.state in ("good", "unasked"):
            return ""
        return self.verdict.cure or (self.check.cure if self.verdict.state == "bad" else self.check.unknown)

    def described(self) -> dict[str, str]:
        """The finding as values for JSON."""
        return {
            "check": self.check.name,
            "state": self.verdict.state,
            "detail": self.verdict.detail,
            "cure": self.cure,
        }


CHECKS = (
    Check(
        "packages",
        "Which Python is this, and are the packages there that the client needs?",
        'Install the missing packages: pip install "coze-adapters"',
        "The packages do not say what they need, as in a copy that was not installed by pip.",
    ),
    Check(
        "server",
        "Which server and region do the commands talk to?",
        "Give --region com or --region cn, or the address of your own server in COZE_API_BASE or --base-url.",
        "No server could be read from the settings.",
    ),
    Check(
        "proxy",
        "Does a proxy stand between this machine and the server?",
        "Set HTTPS_PROXY to an address like http://proxy.example:8080, or name the server in NO_PROXY.",
        "Without a server there is no way to it.",
        needs=("server",),
    ),
    Check(
        "token",
        "Is there a token, and where was it found?",
        "Set COZE_API_TOKEN, or run: cozekit login. To try without an account: cozekit emulate.",
        "The settings of the token could not be read.",
        needs=("server",),
    ),
    Check(
        "connection",
        "Does the server answer?",
        "Check the address of the server, the proxy, and the network of this machine.",
        "It is asked with the token, which is missing.",
        needs=("token",),
    ),
    Check(
        "user",
        "Whose token is it?",
        "Make a new token in Coze, in the region of this server: tokens of coze.com and coze.cn differ.",
        "A self-hosted coze-studio does not tell whose token it is.",
        needs=("connection",),
    ),
    Check(
        "clock",
        "Is the clock of this machine right?",
        "Set the clock by the network's time: signed logins (JWT) fail if it is wrong.",
        "The server sent no date to compare with.",
        needs=("connection",),
    ),
    Check(
        "permissions",
        "What may the token list: workspaces, bots, workflows, datasets, voices?",
        "Give the token the permission and the workspace that the refused calls need.",
        "A self-hosted coze-studio has only some of these calls; give --workspace where it cannot list workspaces.",
        needs=("user",),
    ),
    Check(
        "bot",
        "Does the bot exist, and is it published to the API channel?",
        "Publish the bot to the API channel in Coze, and check its id and the region of the server.",
        "The server has no call that describes a bot.",
        option="--bot",
        needs=("user",),
    ),
    Check(
        "plugins",
        "Does the bot declare the functions that a program gives it as tools?",
        "Declare the functions on the bot as client plugins, and publish it: Coze takes no tools with a chat.",
        "Coze does not document the names of calls; if the bot's plugins have other names, compare them by hand.",
        option="--functions",
        needs=("bot",),
    ),
    Check(
        "workflow",
        "Does the workflow exist, and which inputs does it have?",
        "Publish the workflow in Coze, and check its id and the region of the server.",
        "The server, like a coze-studio, does not tell the inputs of a workflow: give a tool its signature.",
        option="--workflow",
        needs=("user",),
    ),
    Check(
        "dataset",
        "Can the dataset be reached, and what does it hold?",
        "Check the id of the dataset, and that the token may use its workspace.",
        "The server did not list its documents.",
        option="--dataset",
        needs=("user",),
    ),
    Check(
        "conversation",
        "Does the conversation exist, and how old is it?",
        f"Begin a new conversation: Coze keeps messages for {DAYS_KEPT} days.",
        "The server does not tell when it was made.",
        option="--conversation",
        needs=("user",),
    ),
)
"""All checks, in the order in which they are asked."""


def troubleshooting_page() -> str:
    """The text of `docs/troubleshooting.md`."""
    parts = [_HEAD]
    for check in CHECKS:
        asked = f" Asked with `{check.option}`." if check.option else ""
        parts.append(
            f"## {check.name}\n\n{check.asks}{asked}\n\n"
            f"- {MARKS['bad']} {check.cure}\n- {MARKS['unknown']} {check.unknown}\n"
        )
    return "\n".join(parts)


_HEAD = """# Troubleshooting

`cozekit doctor` asks these questions in this order, and gives the cure of what is wrong. It ends with
exit code 0 if nothing is wrong, else with 1; `--json` gives the same to programs.

Install it with `pip install "coze-adapters[cli]"`.

This page is written from the list of checks by `python -m tests.docs.test_troubleshooting`; a test keeps it true.
"""
