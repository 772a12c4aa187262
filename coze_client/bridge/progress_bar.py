"""A bar for runs that take minutes, in terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coze_client.bridge.write_report import Progress
from coze_client.errors import ConfigurationError

Tell = Callable[[Progress], object]


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Tell]:
    """What is told of the progress, shown by tqdm; raises ConfigurationError if that is not installed."""
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "A progress bar needs tqdm", cure="pip install tqdm, or say show_progress=False"
        ) from error
    with tqdm(total=None, desc=title, unit=unit, bar_format="{l_bar}{bar}| {postfix[0]}", postfix=[""]) as bar:

        def tell(progress: Progress) -> None:
            bar.total = progress.total
            bar.postfix[0] = f"{progress.done:.4g}/{progress.total} {unit}, {progress.doing}"
            bar.update(progress.done - bar.n)

        yield tell
