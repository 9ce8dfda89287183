"""Results → tables for a terminal; decides nothing."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from harness.claims import UNIT_BYTES, unusable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from harness.claims import Verdict
    from harness.observations import Observations
    from harness.scenarios import Scenario

_MARKS = {
    "reproduced": ("✓ reproduced", "green"),
    "not reproduced": ("✗ not reproduced", "red"),
    "inconclusive": ("? inconclusive", "yellow"),
    "not applicable": ("– not applicable", "dim"),
}


def verdict_text(verdict: Verdict) -> Text:
    """Return the verdict with its sign; colour only adds to it."""
    if verdict.deviates_as_documented:
        return Text("≠ documented deviation", "cyan")
    words, style = _MARKS[verdict.result]
    return Text(words if verdict.in_scope else f"{words} (not its version)", style if verdict.in_scope else "dim")


def write_up_table(
    title: str,
    cells: Sequence[tuple[Scenario, Observations, Sequence[Verdict]]],
) -> Table:
    """Lay out one write-up on one release: printed, measured, difference, verdict."""
    result = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    result.add_column("experiment", overflow="fold")
    result.add_column("claim or figure", overflow="fold", ratio=1)
    result.add_column("printed", overflow="fold")
    result.add_column("measured", overflow="fold")
    result.add_column("difference", overflow="fold")
    result.add_column("verdict", overflow="fold")
    for scenario, found, verdicts in cells:
        name = Text(f"{scenario.manifest.experiment} {scenario.name}".strip(), "bold")
        rows = [*_figure_rows(scenario, found), *map(_verdict_row, verdicts)]
        if not rows:
            rows = [(unusable(found) or "", "", "", "", "")]
        for number, row in enumerate(rows):
            result.add_row("" if number else name, *row, end_section=number == len(rows) - 1)
    return result


def _figure_rows(scenario: Scenario, found: Observations) -> list[tuple[RenderableType, ...]]:
    """Show absolute figures side by side; nothing is judged on them."""
    runs = [run for run in found.repetitions if not run.failure]
    if not runs:
        return []
    printed = scenario.manifest.printed
    fields: Mapping[str, tuple[int, ...]] = printed.fields if printed else {}
    unit = printed.unit if printed else ("MB" if runs[0].output.form == "mb" else "KiB")
    rows: list[tuple[RenderableType, ...]] = []
    shown = fields or dict.fromkeys(
        name for name in ("Alloc", "TotalAlloc", "Sys", "NumGC") if name in runs[0].output.snapshots[0].stats
    )
    for name in shown:
        scale = 1 if name == "NumGC" else UNIT_BYTES[unit]
        medians = [
            int(statistics.median(run.output.snapshots[index].stats.get(name, 0) for run in runs) // scale)
            for index in range(len(runs[0].output.snapshots))
        ]
        told = fields.get(name)
        label = name if name == "NumGC" else f"{name}, {unit}"
        rows.append(
            (
                Text(label, "dim"),
                Text(_listed(told) if told else "", "dim"),
                Text(_listed(medians), "dim"),
                Text(_listed([m - t for m, t in zip(medians, told, strict=True)]) if told else "", "dim"),
                "",
            )
        )
    return rows


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _verdict_row(verdict: Verdict) -> tuple[RenderableType, ...]:
    unit = f" {verdict.unit}" if verdict.unit not in {"", "count", "ratio"} else ""
    expected = f"{verdict.expected}{unit}" if verdict.expected else ""
    measured = f"{verdict.measured}{unit}" if verdict.measured else ""
    try:
        difference = f"{float(verdict.measured) - float(verdict.expected):+.2f}".rstrip("0").rstrip(".")
        difference = "0" if difference in {"+0", "-0"} else difference
    except ValueError:
        difference = ""
    return verdict.says, expected, measured, difference, _with_reason(verdict)


def _with_reason(verdict: Verdict) -> RenderableType:
    mark = verdict_text(verdict)
    why = verdict.known if verdict.deviates_as_documented else ""
    if not why and verdict.result != "reproduced":
        why = verdict.reason
    return Group(mark, Text(why, "dim")) if why else mark


def evidence_lines(found: Observations, verdicts: Sequence[Verdict]) -> list[Text]:
    """Show the instructions that the verdicts on one cell rest on, below their source lines."""
    facts = found.facts
    if facts is None:
        return []
    lines: list[Text] = []
    about = [verdict for verdict in verdicts if verdict.evidence]
    seen: set[str] = set()
    for verdict in about:
        for item in verdict.evidence:
            if item in seen:
                continue
            seen.add(item)
            place, _, instruction = item.partition("\t")
            number = place.rpartition(":")[2]
            index = int(number) - 1 if number.isdigit() else -1
            source = found.source[index].strip() if 0 <= index < len(found.source) else ""
            lines.append(Text.assemble((f"  {place:<12}", "cyan"), (source, "bold")))
            lines += [Text(f"  {'':<12}  {part}") for part in instruction.split("\n")]
    if not facts.nil_stores and any(verdict.expected.startswith("no nil store") for verdict in verdicts):
        lines.append(
            Text(
                f"  no nil store: {facts.instructions} instructions in {facts.functions} functions read, "
                "none stores nil into a package-level variable"
            )
        )
    return lines
