"""Prints the streams of a live sound: the speaker's, and those of the interpreters."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()
live = client.audio.live.retrieve(live_id=os.environ["COZE_LIVE_ID"])
print("App", live.app_id)
for stream in live.stream_infos:
    print(stream.stream_id, stream.name, stream.live_type)
