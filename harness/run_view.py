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
    from pathlib import Path

    from rich.console import Console, RenderableType

    from harness.assembly import Call, NilStore
    from harness.claims import Verdict
    from harness.experiment import Finished, Judged
    from harness.observations import Observations
    from harness.scenarios import Scenario

_MARKS = {
    "reproduced": ("✓ reproduced", "green"),
    "not reproduced": ("✗ not reproduced", "red"),
    "inconclusive": ("? inconclusive", "yellow"),
    "not applicable": ("- not applicable", "dim"),
}


def verdict_text(verdict: Verdict) -> Text:
    """Return the verdict with its sign; in brackets where the claim was not made for this Go."""
    if verdict.deviates_as_documented:
        return Text("≠ documented deviation", "cyan")
    words, style = _MARKS[verdict.result]
    return Text(words, style) if verdict.in_scope else Text(f"({words})", "dim")


def write_up_table(
    title: str,
    cells: Sequence[tuple[Scenario, Observations, Sequence[Verdict]]],
) -> Table:
    """Lay out one write-up on one release: printed, measured, difference, verdict."""
    result = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    result.add_column("figure or claim", overflow="fold", ratio=1)
    for name in ("printed", "measured", "difference"):
        result.add_column(name, overflow="fold", max_width=22)
    result.add_column("verdict", no_wrap=True)
    for scenario, found, verdicts in cells:
        heading = Text.assemble(
            (f"{scenario.manifest.experiment} {scenario.name}".strip(), "bold"),
            (f"  {scenario.manifest.title}", "dim"),
        )
        result.add_row(heading)
        rows = [*_figure_rows(scenario, found), *map(_verdict_row, verdicts)]
        if found.not_applicable:  # once, not for every claim
            words, style = _MARKS["not applicable"]
            why = Text(found.not_applicable, "dim italic")
            rows = [(why, "", "", "", Text(words, style))]
        if not rows:
            rows = [(Text(unusable(found), "yellow"),)]
        for number, row in enumerate(rows):
            result.add_row(*row, end_section=number == len(rows) - 1)
    return result


def _figure_rows(scenario: Scenario, found: Observations) -> list[tuple[RenderableType, ...]]:
    """Show absolute figures side by side; nothing is judged on them."""
    runs = [run for run in found.repetitions if not run.failure and run.output.snapshots]
    if not runs:
        return []
    printed = scenario.manifest.printed
    fields: Mapping[str, tuple[int, ...]] = printed.fields if printed else {}
    unit = printed.unit if printed else ("MB" if runs[0].output.form == "mb" else "KiB")
    rows: list[tuple[RenderableType, ...]] = []
    shown = fields or dict.fromkeys(
        name
        for name in ("Alloc", "TotalAlloc", "Sys", "NumGC")
        if name in runs[0].output.snapshots[0].stats
    )
    for name in shown:
        scale = 1 if name == "NumGC" else UNIT_BYTES[unit]
        medians = [
            int(
                statistics.median(run.output.snapshots[index].stats.get(name, 0) for run in runs)
                // scale
            )
            for index in range(len(runs[0].output.snapshots))
        ]
        told = fields.get(name)
        label = name if name == "NumGC" else f"{name}, {unit}"
        rows.append(
            (
                Text(label, "dim"),
                Text(_listed(told) if told else "", "dim"),
                Text(_listed(medians), "dim"),
                Text(
                    _listed([m - t for m, t in zip(medians, told, strict=True)]) if told else "",
                    "dim",
                ),
                "",
            )
        )
    return rows


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _verdict_row(verdict: Verdict) -> tuple[RenderableType, ...]:
    unit = f" {verdict.unit}" if verdict.unit not in {"", "count", "ratio"} else ""
    expected = f"{verdict.expected.replace('runtime.', '')}{unit}" if verdict.expected else ""
    measured = f"{verdict.measured}{unit}" if verdict.measured else ""
    try:
        difference = f"{float(verdict.measured) - float(verdict.expected):+.2f}".rstrip("0").rstrip(
            "."
        )
        difference = "0" if difference in {"+0", "-0"} else difference
    except ValueError:
        difference = ""
    why = verdict.known if verdict.deviates_as_documented else ""
    if not why and verdict.result != "reproduced":
        why = verdict.reason
    # Text, because a string would be read as markup: map[int]int would lose its brackets.
    says = Text(verdict.says)
    told = Group(says, Text(why, "dim italic")) if why else says
    return told, Text(expected), Text(measured), difference, verdict_text(verdict)


def evidence_lines(found: Observations, verdicts: Sequence[Verdict]) -> list[Text]:
    """Show the instructions that the verdicts on one cell rest on, below their source lines."""
    facts = found.facts
    if facts is None:
        return []
    lines: list[Text] = []
    items = [item for verdict in verdicts for item in verdict.evidence]
    if not verdicts:  # a user's own program: everything that was found
        everything: list[Call | NilStore] = [*facts.calls, *facts.nil_stores]
        items = [f"{one.file}:{one.line}\t{one.instruction}" for one in everything]
    for item in dict.fromkeys(items):
        place, _, instruction = item.partition("\t")
        file, _, number = place.rpartition(":")
        lines_of_file = found.source.get(file, ())
        index = int(number) - 1 if number.isdigit() else -1
        source = lines_of_file[index].strip() if 0 <= index < len(lines_of_file) else ""
        lines.append(Text.assemble((f"  {place:<12}", "cyan"), (source, "bold")))
        lines += [Text(f"  {'':<12}  {part}") for part in instruction.split("\n")]
    if not facts.nil_stores and any(
        verdict.expected.startswith("no nil store") for verdict in verdicts
    ):
        lines.append(
            Text(
                f"  no nil store: {facts.instructions} instructions in {facts.functions} functions "
                "read, none stores nil into a package-level variable"
            )
        )
    return lines


_TITLES = {
    "A": 'Write-up A: "does deleting keys free a map\'s memory?"',
    "B": 'Write-up B: "Go maps leak"',
}


def show(console: Console, finished: Finished) -> None:
    """Print one table per write-up and release, then the assembly the verdicts rest on."""
    groups: dict[tuple[str, str], list[Judged]] = {}
    for cell in finished.cells:
        key = (cell.scenario.manifest.write_up, str(cell.measured.observations.cell.version))
        groups.setdefault(key, []).append(cell)
    for (write_up, version), cells in groups.items():
        errors = dict.fromkeys(str(cell.measured.error) for cell in cells if cell.measured.error)
        if errors and all(cell.measured.error for cell in cells):
            for error in errors:
                console.print(Text.assemble((f"Go {version}: ", "bold"), (error, "yellow")))
            continue
        title = f"{_TITLES.get(write_up, 'Your own')} on Go {version}"
        rows = [(cell.scenario, cell.measured.observations, cell.verdicts) for cell in cells]
        console.print(write_up_table(title, rows))
        _show_assembly(console, cells)
    console.print(summary(finished))


def _show_assembly(console: Console, cells: Sequence[Judged]) -> None:
    for cell in cells:
        lines = evidence_lines(cell.measured.observations, cell.verdicts)
        if lines:
            console.print(Text(f"Assembly of {cell.scenario.name}", "bold"))
            for line in lines:
                console.print(line, soft_wrap=True)
            console.print()


def summary(finished: Finished) -> Text:
    """Say what came out: a line per write-up and release, and what failed."""
    groups: dict[str, list[Verdict]] = {}
    for cell in finished.cells:
        about = cell.scenario.manifest.write_up
        name = f"write-up {about}" if about else cell.scenario.name
        key = f"{name} on Go {cell.measured.observations.cell.version}"
        groups.setdefault(key, []).extend(one for one in cell.verdicts if one.in_scope)
    lines = [_counted(name, verdicts) for name, verdicts in groups.items() if verdicts]
    judged = any(cell.verdicts for cell in finished.cells)
    if judged and not lines:
        lines.append("no claim was made for these releases: all verdicts stand in brackets")
    failed = [cell.measured.observations.cell.id for cell in finished.cells if cell.measured.failed]
    if failed:
        lines.append(f"failed: {', '.join(failed)}")
    if finished.interrupted:
        lines.append("interrupted: what was measured before is kept")
    return Text("\n".join(lines), "bold")


def _counted(name: str, verdicts: Sequence[Verdict]) -> str:
    counts = {
        "reproduced": sum(one.result == "reproduced" for one in verdicts),
        "deviating as documented": sum(one.deviates_as_documented for one in verdicts),
        "not reproduced": sum(one.failed and one.result == "not reproduced" for one in verdicts),
        "inconclusive": sum(one.result == "inconclusive" for one in verdicts),
        "not applicable": sum(one.result == "not applicable" for one in verdicts),
    }
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{name}: {words} of {len(verdicts)} claims"


def as_json(finished: Finished, folder: Path, engine: str) -> dict[str, object]:
    """Return a run as ``goclaim run --json`` prints it."""
    return {
        "out": str(folder),
        "engine": engine,
        "exit_code": finished.exit_code,
        "interrupted": finished.interrupted,
        "cells": [_cell_as_json(cell) for cell in finished.cells],
    }


def _cell_as_json(cell: Judged) -> dict[str, object]:
    found = cell.measured.observations
    return {
        "cell": found.cell.id,
        "go": str(found.cell.version),
        "scenario": found.cell.scenario,
        "failure": found.failure,
        "not_applicable": found.not_applicable,
        "repetitions": [
            {
                "repetition": run.number,
                "failure": run.failure,
                "max_rss": run.max_rss,
                "seconds": run.duration,
                "snapshots": [{"snapshot": one.name, **one.stats} for one in run.output.snapshots],
                "values": {name: list(values) for name, values in run.output.numbers.items()},
            }
            for run in found.repetitions
        ],
        "verdicts": [
            {
                "claim": verdict.claim,
                "says": verdict.says,
                "in_scope": verdict.in_scope,
                "verdict": verdict.result,
                "expected": verdict.expected,
                "measured": verdict.measured,
                "unit": verdict.unit,
                "tolerance": verdict.tolerance,
                "spread": verdict.spread,
                "reason": verdict.reason,
                "known": verdict.known,
                "evidence": list(verdict.evidence),
            }
            for verdict in cell.verdicts
        ],
    }
