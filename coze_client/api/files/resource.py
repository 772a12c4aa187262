"""Files: upload them once, then use their ids in messages and workflow parameters.

API pages: upload_files, retrieve_files. A file is private to the account, has at most 512 MB, and is kept for three
months.
"""

from __future__ import annotations

from coze_client.api.files.requests import open_upload, upload_request
from coze_client.api.files.values import File, FileSource
from coze_client.core.request import Request, query
from coze_client.core.resource import ConcurrencyT, Resource, call, flow
from coze_client.core.response import Payload


class Files(Resource[ConcurrencyT]):
    """``client.files``: upload files, and look up uploaded ones."""

    @flow
    async def upload(self, file: FileSource, *, name: str | None = None) -> File:
        """Upload a file; messages and workflow parameters of the same account can then use its id.

        `file`: a path, bytes, or a file opened in binary mode, which is read in chunks while it is sent. `name`:
        default the file's own; it gets the extension that fits the content, because Coze reads the type from it. The
        upload is retried only if nothing arrived. Raises ConfigurationError for an empty or too large file (512 MB),
        OSError for a path that cannot be read. API page: upload_files.
        """
        with open_upload(file, name) as upload:
            return await self._session.send(upload_request(upload))

    @call
    def retrieve(self, *, file_id: str) -> Request[File]:
        """Retrieve the name and size of an uploaded file; not available on coze-studio.

        API page: retrieve_files.
        """
        return Request("GET", "/v1/files/retrieve", Payload(File, needed="id"), query(file_id=file_id))
