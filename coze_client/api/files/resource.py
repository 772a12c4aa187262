"""Files: uploaded once, then named by id in messages and workflow parameters.

API pages: upload_files, retrieve_files. A file is private to the account, 512 MB at most, and kept for three months.
"""

from __future__ import annotations

from coze_client.api.files.requests import open_upload, upload_request
from coze_client.api.files.values import File, Source
from coze_client.core.request import Request, query
from coze_client.core.resource import ConcurrencyT, Resource, call, flow
from coze_client.core.response import Payload


class Files(Resource[ConcurrencyT]):
    """Uploads."""

    @flow
    async def upload(self, file: Source, *, name: str | None = None) -> File:
        """Upload a file; its id is then good in messages of the same account.

        `file`: a path, bytes, or a file opened in binary mode; it is read piece by piece while it is sent. `name`
        (default: the file's own) gets the extension that the content proves, since Coze goes by it. Raises
        ConfigurationError for an empty or too large file (512 MB) and OSError for a path that cannot be read. An upload
        is sent again only if nothing of it can have arrived.
        """
        with open_upload(file, name) as upload:
            return await self._session.send(upload_request(upload))

    @call
    def retrieve(self, *, file_id: str) -> Request[File]:
        """What Coze knows of an uploaded file (not on coze-studio)."""
        return Request("GET", "/v1/files/retrieve", Payload(File), query(file_id=file_id))
