"""``python -m benchmarks [--only NAME ...] [--quick]``: runs the measures and reports which targets are reached."""

from __future__ import annotations

import argparse
import compileall
from pathlib import Path

from rich.console import Console

from benchmarks.measures import MEASURES
from benchmarks.report import print_outcome, print_summary, write_results
from benchmarks.run import run
from benchmarks.server import Server


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [measure.name for measure in MEASURES]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"run only these: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="two rounds a measure: shows that it runs, not how fast")
    return parser.parse_args()


def compile_as_installed() -> None:
    """Byte-compiles our packages, as pip does at installation; the peers are already compiled."""
    for package in ("coze_client", "langchain_coze", "llama_index_coze"):
        compileall.compile_dir(Path(__file__).parent.parent / package, quiet=2)


def main() -> None:
    options, console, outcomes = arguments(), Console(), []
    compile_as_installed()
    with Server() as server:
        for measure in MEASURES:
            if options.only and measure.name not in options.only:
                continue
            with console.status("") as status:
                outcomes.append(run(measure, server, 2 if options.quick else measure.rounds, status.update))
            print_outcome(console, outcomes[-1])
    print_summary(console, outcomes)
    if options.quick or options.only:
        console.print("Only part was run: benchmarks/results.md is unchanged.")
    else:
        write_results(outcomes)


if __name__ == "__main__":
    main()
