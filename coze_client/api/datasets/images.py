"""Images of a dataset of images; recall searches their captions.

API pages: get_images, update_image_caption. Upload and delete them as documents.
"""

from __future__ import annotations

from operator import attrgetter

from coze_client.api.datasets.values import Image
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Page, Pages, numbered
from coze_client.core.request import Request, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Envelope, RawResponse, read_nothing, read_with_envelope

_LARGEST_PAGE = 299


class _ImagePage(Model):
    photo_infos: tuple[Image, ...] | None = None
    total_count: int | None = None


class _ImagePageEnvelope(Envelope):
    data: _ImagePage | None = None


class Images(Resource[ConcurrencyT]):
    """``client.datasets.images``: the images of datasets, and their captions."""

    @paged
    def list(
        self,
        *,
        dataset_id: str,
        keyword: str | None = None,
        has_caption: bool | None = None,
        page_size: int = _LARGEST_PAGE,
        concurrency: int = 1,
    ) -> Pages[Image]:
        """List the images of a dataset, in pages of 1 to 299 (default 299).

        `keyword`: only images whose caption contains it. `has_caption`: only images with, or without, a caption.
        `concurrency`: how many pages to fetch at a time after the first. API page: get_images.
        """
        params = query(keyword=keyword, has_caption=has_caption, page_size=page_size)

        def page(number: int) -> Request[Page[Image]]:
            return Request("GET", _path(dataset_id), _read_page, {**params, **query(page_num=number)})

        return numbered(page, attrgetter("document_id"), Numbering(page_size, concurrency, largest=_LARGEST_PAGE))

    @call
    def update(self, *, dataset_id: str, document_id: str, caption: str) -> Request[None]:
        """Replace the caption of an image; not available on coze-studio.

        API page: update_image_caption.
        """
        return Request("PUT", f"{_path(dataset_id)}/{segment(document_id)}", read_nothing, body={"caption": caption})


def _path(dataset_id: str) -> str:
    return f"/v1/datasets/{segment(dataset_id)}/images"


def _read_page(response: RawResponse) -> Page[Image]:
    found = read_with_envelope(_ImagePageEnvelope, response).data or _ImagePage()
    return Page(found.photo_infos or (), has_more=False, total=found.total_count)
