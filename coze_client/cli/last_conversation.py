"""Remembers in a file which conversation with a bot was the last, for `cozekit chat --continue`."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from coze_client.cli.account import own_folder
from coze_client.core.json_text import load_json
from coze_client.core.new_file import NewFile

_MOST = 500  # the oldest are forgotten


@dataclass(frozen=True)
class LastConversation:
    """The last conversation of one user with one bot of one server."""

    server: str
    bot_id: str
    user_id: str

    @property
    def _key(self) -> str:
        return f"{self.server} {self.bot_id} {self.user_id}"

    def load(self) -> str:
        """Its id; "" if there is none, or if the file cannot be read."""
        return _read_all().get(self._key, "")

    def save(self, conversation_id: str) -> None:
        """Remember it; a folder that cannot be written to only means that it is forgotten."""
        known = {key: value for key, value in _read_all().items() if key != self._key}
        with suppress(OSError):
            _path().parent.mkdir(parents=True, exist_ok=True)
            file = NewFile(_path())
            file.write([json.dumps(dict([*known.items(), (self._key, conversation_id)][-_MOST:])).encode()])
            file.finish()


def _path() -> Path:
    return own_folder() / "conversations.json"


def _read_all() -> dict[str, str]:
    try:
        found = load_json(_path().read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
