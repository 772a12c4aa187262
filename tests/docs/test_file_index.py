"""`docs/files.md` lists every file of the packages with the first sentence of its docstring.

`python -m tests.docs.test_file_index` writes the page anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "files.md"
PACKAGES = ("coze_client", "langchain_coze", "llama_index_coze")
HEAD = """# Every file in one line

Written from the docstrings by `python -m tests.docs.test_file_index`; a test keeps it true.
[The map](architecture.md) explains the rooms.
"""


def first_sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", paragraph)[0].rstrip(".")


def folders() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted({path.parent for path in (ROOT / package).rglob("*.py")})


def page() -> str:
    parts = [HEAD]
    for folder in folders():
        files = [path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"]
        sentence = first_sentence(folder / "__init__.py")
        rows = [f"| `{path.name}` | {first_sentence(path)} |" for path in files]
        table = ["| file | what is in it |", "|---|---|", *rows, ""] if rows else []
        parts.append("\n".join([f"## {folder.relative_to(ROOT).as_posix()}", "", f"{sentence}.", "", *table]))
    return "\n".join(parts)


def test_the_page_lists_every_file_with_the_sentence_of_its_docstring() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_file_has_a_sentence_and_no_two_have_the_same() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    sentences = [first_sentence(path) for path in files]
    assert all(len(sentence.split()) >= 3 for sentence in sentences)
    assert len(set(sentences)) == len(files) > 200


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
