"""A run's stored files as documents: a page, charts, Markdown, Go's benchmark format."""

from __future__ import annotations

import gettext
from typing import TYPE_CHECKING

from harness import changes, results
from harness.errors import UsageError
from harness.report import contents, evidence, page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def write(path: Path, folders: Sequence[Path], lang: str) -> None:
    """Write the page about some runs. Raises ``UsageError`` when it can't be written."""
    text = html(folders, lang)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}. Name another file with -o."
        ) from error


def html(folders: Sequence[Path], lang: str) -> str:
    """Return one page about one run, or about several beside each other.

    Raises ``UsageError`` for a folder that holds no run.
    """
    words = gettext.NullTranslations()
    runs = []
    for label, folder in zip(_labels(folders), folders, strict=True):
        tables = results.read(folder)
        runs.append(contents.Run(label, tables, changes.matrix(tables), evidence.read(tables)))
    found = contents.report(runs)
    return page.render(found, {}, "", words, lang)


def _labels(folders: Sequence[Path]) -> list[str]:
    """Name runs by their folders, by as much of the path as tells them apart."""
    paths = [folder.absolute().parts for folder in folders]
    for length in range(1, max(map(len, paths), default=1) + 1):
        labels = ["/".join(parts[-length:]) for parts in paths]
        if len(set(labels)) == len(labels):
            break
    return labels
