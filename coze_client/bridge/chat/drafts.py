"""Messages whose attachments still have to be uploaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from coze_client.api.conversations.values import Message
from coze_client.api.files.attachments import Attachment, Medium, upload_each
from coze_client.core.session import Session
from coze_client.core.upload import Upload


@dataclass(frozen=True)
class Draft:
    """A message before the upload of its attachments.

    `instructions` are sent before the text. `unanswered`: True for a question that another one follows: it may be in
    the conversation already, if the chat that asked it was cancelled or failed.
    """

    role: Literal["user", "assistant"]
    text: str
    attachments: tuple[Attachment, ...] = ()
    instructions: str = ""
    unanswered: bool = False

    @property
    def full_text(self) -> str:
        """The text to send."""
        return with_instructions(self.text, self.instructions) if self.instructions else self.text

    def message(self, file_ids: Mapping[bytes, str]) -> Message:
        """The message to send; `file_ids` has the file id of each uploaded content."""
        if self.role == "assistant":
            return Message.assistant(self.full_text)
        sources: dict[Medium, list[str]] = {"image": [], "file": [], "audio": []}
        for attachment in self.attachments:
            source = attachment.source
            sources[attachment.kind].append(source if isinstance(source, str) else file_ids[source])
        return Message.user(self.full_text, images=sources["image"], files=sources["file"], audio=sources["audio"])


_BEFORE_INSTRUCTIONS, _BEFORE_QUESTION = "Instructions:\n", "\n\nQuestion:\n"


def with_instructions(question: str, instructions: str) -> str:
    """A question with the text of system messages before it: Coze has no role for them."""
    return f"{_BEFORE_INSTRUCTIONS}{instructions}{_BEFORE_QUESTION}{question}"


def without_instructions(text: str) -> str:
    """The question in a text that ``with_instructions`` may have made."""
    before, found, question = text.partition(_BEFORE_QUESTION)
    return question if found and before.startswith(_BEFORE_INSTRUCTIONS) else text


async def attach(session: Session, drafts: Sequence[Draft]) -> list[Message]:
    """Upload the attachments that have content, and return the messages of all drafts.

    At most four uploads run at a time. Each content is uploaded once per client.
    """
    names = {
        attachment.source: attachment.name
        for draft in drafts
        for attachment in draft.attachments
        if isinstance(attachment.source, bytes)
    }
    ids = await upload_each(session, [Upload(name, content) for content, name in names.items()])
    return [draft.message(dict(zip(names, ids, strict=True))) for draft in drafts]
