"""A batch: many prompts, at most so many at once, with a journal that survives the process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

from coze_client.batch.answered import failure_line, result_line
from coze_client.batch.answering import Answering, FunctionAnswering
from coze_client.batch.journal import Journal, Prompt, open_journal
from coze_client.batch.prompts import Prompts
from coze_client.batch.summary import BatchSummary, UnknownPrompt
from coze_client.core.concurrency import Asyncio
from coze_client.errors import ConfigurationError

P = TypeVar("P")


class Batch:
    """A batch whose results are stored at `path`, one JSON line each, in the order in which they arrive.

    Before anything of a prompt is sent, ``<path>.journal`` says so, on the disk. If the process is killed, ``run`` the
    batch again with the same prompts: it asks those that were never started, and lists those that may have been.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()

    def run(
        self,
        prompts: Iterable[P] | os.PathLike[str],
        answer: Callable[[P], object],
        max_concurrency: int = 50,
    ) -> BatchSummary:
        """Answer the prompts that no run has started yet, at most `max_concurrency` at once; return what was done.

        `prompts`: JSON values (text, or objects) from an iterator, of which at most `max_concurrency` are read ahead,
        or the Path of a file (see ``read_prompts``). They are known by their place: give the same ones in the same
        order again; new ones may follow. `answer`: a function or a coroutine function of a prompt; a function runs in a
        thread, coroutines run on one event loop. What it returns is stored as the answer; it may return an Answered, a
        ChatResult or a WorkflowResult to store tokens and ids, too. An exception is stored as the prompt's error; the
        prompt has failed then, and is not asked again.

        After Ctrl-C, ``kill -9`` or a power cut, the prompts that were being answered are in ``summary.unknown`` of the
        next run. Raises ConfigurationError if another run is under way, if the prompts are not those of the journal, or
        inside a running event loop (there, use ``await asyncio.to_thread(batch.run, …)``); OSError if the disk is full.
        """
        if max_concurrency < 1:
            raise ConfigurationError(f"max_concurrency must be at least 1, not {max_concurrency}")
        _refuse_event_loop()
        waiting = Prompts(prompts, max_concurrency)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open_journal(self.path) as journal:
            run = _Run(journal, waiting, FunctionAnswering(answer))
            asyncio.run(run.work(max_concurrency))
        return run.summary


class _Run:
    """One run of a batch, on an event loop of its own."""

    def __init__(self, journal: Journal, prompts: Prompts, answering: Answering) -> None:
        self.summary = BatchSummary()
        self._journal = journal
        self._prompts = prompts
        self._answering = answering

    async def work(self, workers: int) -> None:
        """Let the workers take prompts until none is left; the first error that is no prompt's ends them all."""
        threads = ThreadPoolExecutor(workers + 1, thread_name_prefix="coze-batch")  # one reads prompts
        asyncio.get_running_loop().set_default_executor(threads)
        await Asyncio().gather([self._take_prompts] * workers, workers)

    async def _take_prompts(self) -> None:
        while (prompt := await self._prompts.take()) is not None:
            if not self._journal.has_started(prompt):
                await self._ask(prompt)
            elif self._journal.has_ended(prompt):
                self.summary.earlier += 1
            else:
                place = dict(self._journal.place(prompt))
                self.summary.unknown.append(UnknownPrompt(prompt.number, prompt.value, place))

    async def _ask(self, prompt: Prompt) -> None:
        begun = monotonic()
        try:
            answered = await self._answering.answer(prompt.value, partial(self._mark, prompt))
        except _JournalFailed as failed:
            raise failed.error from None
        except Exception as error:  # noqa: BLE001 - whatever the user's function raises is this prompt's result
            self.summary.failed += 1
            self._journal.end(prompt, failure_line(prompt.value, error, monotonic() - begun))
        else:
            self.summary.completed += 1
            self.summary.tokens += answered.tokens or 0
            self._journal.end(prompt, result_line(prompt.value, answered, monotonic() - begun))

    async def _mark(self, prompt: Prompt, place: Mapping[str, str]) -> None:
        try:
            await asyncio.wrap_future(self._journal.mark(prompt, place))
        except OSError as error:
            raise _JournalFailed(error) from error


class _JournalFailed(Exception):
    """The journal could not be written: not the prompt has failed, but the run."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error)
        self.error = error


def _refuse_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigurationError(
        "Batch.run blocks, and an event loop runs in this thread", cure="Use await asyncio.to_thread(batch.run, …)"
    )
