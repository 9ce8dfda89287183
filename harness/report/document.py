"""The folders of runs → one HTML file, or another form of the same; it is put together here."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import vl_convert

from harness import changes, resources, results
from harness.errors import UsageError
from harness.report import (
    benchfmt,
    charts,
    contents,
    evidence,
    language,
    markdown,
    page,
    plots,
)

if TYPE_CHECKING:
    import gettext
    from collections.abc import Sequence
    from pathlib import Path

    from harness.report.contents import Report, Section

_SNIPPET = "window.vegaEmbed = vegaEmbed;"


def write(path: Path, folders: Sequence[Path], lang: str) -> None:
    """Write the page about some runs. Raises ``UsageError`` when it can't be written."""
    save(path, html(folders, lang))


def save(path: Path, text: str) -> None:
    """Write a text to the file that a user named. Raises ``UsageError`` when that fails."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} can't be written: {error.strerror}. Name another file with -o."
        ) from error


def html(folders: Sequence[Path], lang: str) -> str:
    """Return one page about one run, or about several beside each other.

    Raises ``UsageError`` for a folder that holds no run or is named twice, or a language that
    there is not.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UsageError("A run is named twice. Name each folder once.")
    words = language.translations(lang)
    report = read(folders, words)
    drawn = {section.scenario: _charts(section, report, words) for section in report.sections}
    return page.render(report, drawn, _library(), words, lang)


def as_markdown(folders: Sequence[Path], lang: str) -> str:
    """Return what the page says, without its evidence, as Markdown. Raises as ``html`` does."""
    words = language.translations(lang)
    return markdown.markdown(read(folders, words), words)


def as_benchfmt(folders: Sequence[Path]) -> str:
    """Return the measurements of some runs as benchstat reads them. Raises ``UsageError``."""
    runs = zip(_labels(folders), map(results.read, folders), strict=True)
    return benchfmt.benchfmt([*runs])


def draw(folder: Path, folders: Sequence[Path], lang: str) -> list[Path]:
    """Draw the page's plots into a folder, and return the files. Raises as ``html`` does."""
    words = language.translations(lang)
    runs = [*zip(_labels(folders), map(results.read, folders), strict=True)]
    return plots.write(folder, runs, changes.matrix(runs[0][1], words), words)


def read(folders: Sequence[Path], words: gettext.NullTranslations) -> Report:
    """Return what there is to say of some runs, in a language.

    Raises ``UsageError`` for a folder that holds no run.
    """
    runs = []
    for label, folder in zip(_labels(folders), folders, strict=True):
        tables = results.read(folder)
        matrix = changes.matrix(tables, words)
        runs.append(contents.Run(label, tables, matrix, evidence.read(tables)))
    return contents.report(runs)


def _labels(folders: Sequence[Path]) -> list[str]:
    """Name runs by their folders, by as much of the path as tells them apart."""
    paths = [folder.absolute().parts for folder in folders]
    for length in range(1, max(map(len, paths), default=1) + 1):
        labels = ["/".join(parts[-length:]) for parts in paths]
        if len(set(labels)) == len(labels):
            break
    return labels


def _charts(section: Section, report: Report, words: gettext.NullTranslations) -> page.Charts:
    """Draw a scenario's heap, and on several releases its figures; sizes that change come first."""
    runs = [(run.label, run.tables) for run in report.runs]
    heap = charts.heap_chart(runs, section.scenario, words)
    figures = {}
    if len(report.versions) > 1:
        for claim in sorted(section.claims, key=lambda one: (not one.changes, not one.is_size)):
            group, line = next(
                (group, line)
                for group, line in zip(section.groups, claim.lines, strict=True)
                if group and line
            )
            chart = charts.figure_chart(runs, group, line, words)
            if chart is not None:
                figures[claim.id] = chart.to_dict(validate=False)
    return page.Charts(heap.to_dict(validate=False) if heap else None, figures)


def _library() -> str:
    """Return Vega, Vega-Lite and vega-embed as one script; kept, because it takes long to make."""
    kept = resources.cache() / "vega" / f"{metadata.version('vl-convert-python')}.js"
    try:
        return kept.read_text(encoding="utf-8")
    except OSError:
        script = vl_convert.javascript_bundle(_SNIPPET)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new")
        fresh.write_text(script, encoding="utf-8")
        fresh.replace(kept)
    except OSError:
        return script  # a cache that can't be written costs time, nothing else
    return script
