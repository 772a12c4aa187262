"""The command `cozekit chat`: a dialogue in the terminal, or questions from a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coze_client.cli.completion import names_of
from coze_client.cli.last_conversation import LastConversation
from coze_client.cli.nouns import BOTS, find_in
from coze_client.cli.options import Workspace
from coze_client.cli.settings import settings_of
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.chats.values import PublishStatus


def chat(
    context: typer.Context,
    bot: Annotated[str, typer.Argument(help="The id or name of the bot.", autocompletion=names_of(BOTS))],
    message: Annotated[
        list[str] | None, typer.Option("--message", "-m", help="Ask this and end; again for a further question.")
    ] = None,
    attach: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="Send this file with the first question.")
    ] = None,
    conversation: Annotated[str, typer.Option(help="Go on in the conversation with this id.")] = "",
    go_on: Annotated[
        bool, typer.Option("--continue", "-c", help="Go on in the last conversation with this bot on this machine.")
    ] = False,
    user: Annotated[str, typer.Option(help="Coze keeps one memory for each user of a bot.")] = "cozekit",
    draft: Annotated[
        bool, typer.Option("--draft", help="Chat with the draft of the bot, not what is published.")
    ] = False,
    workspace: Workspace = "",
) -> None:
    """Chat with a bot. Ctrl-C cancels an answer, Ctrl-D ends; /help lists what else can be typed.

    Without a terminal, each line of the standard input is a question, and only answers are written.
    """
    from coze_client.cli.chat_session import ChatSession

    settings = settings_of(context)
    client = settings.client()
    bot_id = find_in(client, BOTS, bot, workspace)
    status: PublishStatus | None = "unpublished_draft" if draft else None
    last = LastConversation(client.base_url, bot_id, user)
    if go_on and not (conversation := conversation or last.load()):
        raise ConfigurationError("There is no last conversation with this bot", cure="Leave out --continue")
    session = ChatSession(client, settings.terminal, bot_id, user, conversation, status)
    settings.call_at_end(lambda: last.save(session.conversation_id) if session.conversation_id else None)
    for path in attach or ():
        session.attach(path)
    if message or not settings.terminal.can_ask:
        for line in message or map(str.strip, sys.stdin):
            if line:
                session.ask(line)
        return
    from coze_client.cli.dialogue import Dialogue

    Dialogue(session).run()
    if session.conversation_id:
        settings.terminal.note(f"To go on: --continue, or --conversation {session.conversation_id}")
