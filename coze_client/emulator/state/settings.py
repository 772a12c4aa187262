"""The settings of an emulator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coze_client.emulator.protocol.dialect import CLOUD, Dialect


@dataclass(frozen=True)
class Settings:
    """What `Emulator(...)` was given; the same defaults. `mapped_status` gives error codes an HTTP status of their own.

    `data` is the SQLite file, None for memory. `pace`, `run_limit`, `ping_after` and `processing_seconds` are seconds;
    `upload_limit` is bytes. `oauth_error_status` None leaves the HTTP status to the error.
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
