"""A bar for runs that take minutes, in terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coze_client.bridge.writing.report import Progress
from coze_client.errors import ConfigurationError

Tell = Callable[[Progress], object]

_CURE = 'pip install "coze-adapters[langchain]" or "coze-adapters[llama-index]", or say show_progress=False'


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Tell]:
    """What is told of the progress, shown by tqdm; raises ConfigurationError if that is not installed."""
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError as error:
        raise ConfigurationError("A progress bar needs tqdm", cure=_CURE) from error
    form = "{l_bar}{bar}| {n:g}/{total} {unit}"
    with tqdm(total=0, desc=title, unit=unit, bar_format=form) as bar:

        def tell(progress: Progress) -> None:
            if bar.total != progress.total:
                bar.reset(progress.total)  # which a notebook's widget hears, unlike a new value of the attribute
            bar.set_description_str(f"{title}, {progress.doing}", refresh=False)
            bar.update(round(progress.done, 1) - bar.n)

        yield tell
