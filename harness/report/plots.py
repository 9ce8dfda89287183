"""The charts of a report as files, SVG and PNG, drawn here and without a network."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import vl_convert

from harness.errors import UsageError
from harness.report.charts import figure_chart, heap_chart

if TYPE_CHECKING:
    import gettext
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.changes import Matrix
    from harness.results import Tables

_WIDTH = 760  # pixels
_SCALE = 2  # of PNG, for screens with two pixels for one
_CHINESE = re.compile("[\u4e00-\u9fff]")
_FONT = "Arial, Liberation Sans, DejaVu Sans, sans-serif"
_CHINESE_FONT = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, Microsoft YaHei, PingFang SC"


def write(
    folder: Path,
    runs: Sequence[tuple[str, Tables]],
    matrix: Matrix,
    words: gettext.NullTranslations,
) -> list[Path]:
    """Write each scenario's heap and its claims' figures; return the files.

    ``runs`` are labels and tables, ``matrix`` is that of the first run. Raises
    ``UsageError`` when the folder can't be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, spec in _specs(runs, matrix, words):
            # By themselves, plots need a ground; on a page they stand on its own.
            font = f"{_CHINESE_FONT}, {_FONT}" if _CHINESE.search(str(spec)) else _FONT
            spec["config"]["background"] = "white"
            svg = vl_convert.vegalite_to_svg(spec, config={"font": font})
            png = vl_convert.svg_to_png(svg, scale=_SCALE)
            for suffix, content in (("svg", svg.encode()), ("png", png)):
                written.append(folder / f"{name}.{suffix}")
                written[-1].write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{folder} can't be written: {error.strerror}. Name another folder with --plots."
        ) from error
    return written


def _specs(
    runs: Sequence[tuple[str, Tables]], matrix: Matrix, words: gettext.NullTranslations
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the charts by the name of their file: a scenario's heap has its name alone."""
    scenarios = dict.fromkeys(
        name for _, tables in runs for name in tables.measurements["scenario"].tolist()
    )
    for scenario in scenarios:
        chart = heap_chart(runs, scenario, words, still=True)
        if chart is not None:
            yield file_name(scenario), {**chart.to_dict(), "width": _WIDTH}
    for group in matrix.groups:
        for line in group.lines:
            chart = figure_chart(runs, group, line, words)
            if chart is not None:
                name = f"{file_name(group.scenario)}.{file_name(line.claim)}"
                yield name, {**chart.to_dict(), "width": _WIDTH}


def file_name(name: str) -> str:
    """Return a name for a file that any system takes; names that differ have files that differ."""
    safe = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if safe and safe == name:
        return safe
    return "-".join([*([safe] if safe else []), hashlib.sha256(name.encode()).hexdigest()[:8]])
