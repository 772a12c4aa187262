"""A progress bar for runs that take minutes, in terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coze_client.bridge.writing.report import Progress
from coze_client.errors import ConfigurationError

OnProgress = Callable[[Progress], object]
"""A callback that receives the progress of a run."""

_CURE = 'pip install "coze-adapters[langchain]" or "coze-adapters[llama-index]", or give show_progress=False'


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[OnProgress]:
    """Show a tqdm bar until the block ends; yields the callback that updates it.

    Raises ConfigurationError if tqdm is not installed.
    """
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError as error:
        raise ConfigurationError("A progress bar needs tqdm", cure=_CURE) from error
    form = "{l_bar}{bar}| {n:g}/{total} {unit}"
    with tqdm(total=0, desc=title, unit=unit, bar_format=form) as bar:

        def update(progress: Progress) -> None:
            if bar.total != progress.total:
                bar.reset(progress.total)  # a notebook's widget ignores a new value of the attribute
            bar.set_description_str(f"{title}, {progress.doing}", refresh=False)
            bar.update(round(progress.done, 1) - bar.n)

        yield update
