"""The settings of an emulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coze_client.emulator.protocol.dialect import CLOUD, Dialect


@dataclass(frozen=True)
class Settings:
    """The parameters of `Emulator`, with the same meanings and defaults; `Emulator` documents them.

    `mapped_status` stands for its `http_status="mapped"`.
    """

    dialect: Dialect = CLOUD
    data: str | Path | None = None
    pace: float = 0.0
    mapped_status: bool = False
    upload_limit: int = 512 * 1024 * 1024
    oauth_error_status: int | None = None
    spent_grant: Literal["invalid_request", "invalid_grant"] = "invalid_request"
    run_limit: float = 90.0
    ping_after: float = 15.0
    plan: Literal["paid", "free"] = "paid"
    processing_looks: int = 0
    processing_seconds: float = 0.0
    rate_limit: int | None = None
    rate_limit_code: Literal[4009, 4020] = 4020
