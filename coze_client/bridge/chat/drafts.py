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
    """A message before the upload of its attachments."""

    role: Literal["user", "assistant"]
    text: str
    attachments: tuple[Attachment, ...] = ()

    def message(self, file_ids: Mapping[bytes, str]) -> Message:
        """The message to send; `file_ids` has the file id of each uploaded content."""
        if self.role == "assistant":
            return Message.assistant(self.text)
        sources: dict[Medium, list[str]] = {"image": [], "file": [], "audio": []}
        for attachment in self.attachments:
            source = attachment.source
            sources[attachment.kind].append(source if isinstance(source, str) else file_ids[source])
        return Message.user(self.text, images=sources["image"], files=sources["file"], audio=sources["audio"])


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
