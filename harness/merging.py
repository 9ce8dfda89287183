"""The folders of several runs → one, as a run of the whole plan would have written it.

Nothing is judged again: comparisons between scenarios never cross releases, so
a verdict does not depend on which other releases were measured beside it. The
tables are joined as texts, row by row, and ordered by the plan.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.observations import Cell
from harness.results import COLUMNS, SCHEMA, Run, csv_text, unguarded, version_of
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Table = list[dict[str, str]]
_Key = tuple[str, str, str]  # release, experiment, scenario

_SETTINGS = {
    "repeat": "--repeat",
    "gomaxprocs": "--gomaxprocs",
    "timeout_seconds": "--timeout",
    "memory_bytes": "--memory",
    "output_bytes": "the limit of output",
}


@dataclass(frozen=True)
class Part:
    """One run's folder, read.

    Attributes:
        folder: Where it lies.
        run: ``run.json``.
        tables: The rows of each table, every field as the text that stands there.
    """

    folder: Path
    run: Mapping[str, Any]
    tables: Mapping[str, Table]

    def cells(self) -> dict[_Key, Cell]:
        """Return the cells that its tables hold, in their order."""
        return {
            _key(row): Cell(row["scenario"], version_of(row), row["goos"], row["goarch"])
            for row in self.tables["measurements"]
        }

    def plan(self) -> tuple[str, ...]:
        """Return the ids of the whole plan's cells, whatever part of it this is."""
        held = tuple(cell.id for cell in self.cells().values())
        return tuple(self.run.get("cells", held))


@dataclass(frozen=True)
class Joined:
    """Several parts, put together.

    Attributes:
        tables: The rows of each table, in the order of the plan.
        run: What ``run.json`` says of it.
        artifacts: Where the artifacts of each cell lie, by cell id.
        gaps: What the plan has and no part holds, in words.
    """

    tables: Mapping[str, Table]
    run: Mapping[str, Any]
    artifacts: Mapping[str, Path]
    gaps: tuple[str, ...]


def read(folder: Path) -> Part:
    """Read a run's folder; one that was ended before it wrote its tables holds no cells.

    Raises ``UsageError`` naming what is missing, damaged or of another schema.
    """
    path = folder / "run.json"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        if run["schema"] != SCHEMA:
            raise UsageError(f"{path} is of schema {run['schema']}, this goclaim reads {SCHEMA}.")
        started_only = not any((folder / f"{name}.csv").exists() for name in COLUMNS)
        tables: dict[str, Table] = {}
        for name, columns in COLUMNS.items():
            path = folder / f"{name}.csv"
            tables[name] = [] if started_only else _read_table(path, columns)
        part = Part(folder, run, tables)
        part.cells()
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no finished run: there is no {path.name}.") from None
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise UsageError(f"{path} can't be read: {error}") from error
    return part


def _read_table(path: Path, columns: tuple[str, ...]) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        if tuple(rows.fieldnames or ()) != columns:
            raise UsageError(f"{path} has other columns than {', '.join(columns)}.")
        table = list(rows)
    if any(None in row or None in row.values() for row in table):
        raise UsageError(f"{path} can't be read: not every row has {len(columns)} fields.")
    return [{name: unguarded(text) for name, text in row.items()} for row in table]


def join(parts: Sequence[Part]) -> Joined:
    """Put parts together; the outcome does not depend on their order or on how they were cut.

    Raises ``UsageError`` when they were measured differently, or two hold the same cell.
    """
    _check_agreement(parts)
    owners = _owners(parts)
    plans = sorted({part.plan() for part in parts})
    plan = tuple(dict.fromkeys(cell for each in plans for cell in each))
    place = {cell: number for number, cell in enumerate(plan)}
    cells = {key: cell for part in parts for key, cell in part.cells().items()}
    # Of several plans, nobody said in which order their releases come.
    several = len(plans) > 1
    order = {
        key: (cell.version if several else GoVersion(0, 0), place.get(cell.id, len(place)), cell.id)
        for key, cell in cells.items()
    }
    parts = sorted(
        parts,
        key=lambda part: (
            min((order[key] for key in part.cells()), default=_LAST),
            str(part.run.get("shard")),
        ),
    )
    tables = {
        name: sorted(
            (row for part in parts for row in part.tables[name]), key=lambda row: order[_key(row)]
        )
        for name in COLUMNS
    }
    gaps = [cell for cell in plan if cell not in {one.id for one in cells.values()}]
    gaps += _unfinished(tables["measurements"], cells, parts[0].run["settings"]["repeat"])
    return Joined(
        tables,
        {**_about(parts), "cells": list(plan), "gaps": gaps},
        {cell: part.folder / "artifacts" / cell for cell, part in owners.items()},
        tuple(gaps),
    )


_LAST = (GoVersion(999, 0), 0, "")


def merge(folders: Sequence[Path], out: Path, provenance: Mapping[str, Any]) -> Joined:
    """Read runs, join them, and write the whole into a new folder.

    Raises ``UsageError`` for what can't be joined and ``CellError`` when it can't be written.
    """
    joined = join([read(folder) for folder in folders])
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty. Name a new folder with --out.")
    run = Run.start(out, {**joined.run, **provenance})
    for cell, source in joined.artifacts.items():
        if source.is_dir():
            run.adopt(cell, source)
    tables = {name: csv_text(table, COLUMNS[name]) for name, table in joined.tables.items()}
    run.save(tables, sessions=joined.run["sessions"])
    return joined


def _key(row: Mapping[str, str]) -> _Key:
    return row["go_version"], row["go_experiment"], row["scenario"]


def _check_agreement(parts: Sequence[Part]) -> None:
    """Refuse to put side by side what was not measured alike."""
    first = parts[0]
    for other in parts[1:]:
        for what, name in _ways(first, other):
            ours, theirs = what
            if ours != theirs:
                raise UsageError(
                    f"{first.folder} and {other.folder} were not measured alike: {name} is "
                    f"{ours} in one and {theirs} in the other. Measure one of them again."
                )
        ours, theirs = (part.run.get("scenarios", {}) for part in (first, other))
        if changed := [name for name in ours if ours[name] != theirs.get(name, ours[name])]:
            raise UsageError(
                f"{first.folder} and {other.folder} were not measured alike: "
                f"the manifest of {changed[0]} was changed in between. Measure one of them again."
            )
        same_plan = first.plan() == other.plan()
        if same_plan and first.run.get("whole_plan") != other.run.get("whole_plan"):
            raise UsageError(
                f"{first.folder} and {other.folder} hold parts of the same cells, but of other "
                "programs or with other settings. Measure one of them again."
            )


def _ways(first: Part, other: Part) -> list[tuple[tuple[object, object], str]]:
    """Return what two parts have to agree in: both values, and its name."""
    ways: list[tuple[tuple[object, object], str]] = [
        ((first.run.get(key), other.run.get(key)), name)
        for key, name in (("engine", "the engine"), ("goclaim", "the version of goclaim"))
    ]
    ours, theirs = (part.run.get("settings", {}) for part in (first, other))
    ways += [((ours.get(key), theirs.get(key)), name) for key, name in _SETTINGS.items()]
    if first.cells() and other.cells():
        ways.append(((_platform(first), _platform(other)), "the platform"))
    return ways


def _platform(part: Part) -> str:
    return ", ".join(dict.fromkeys(f"{cell.goos}/{cell.goarch}" for cell in part.cells().values()))


def _owners(parts: Sequence[Part]) -> dict[str, Part]:
    """Return which part holds each cell. Raises ``UsageError`` where it is more than one."""
    owners: dict[str, Part] = {}
    twice: dict[tuple[Path, Path], list[str]] = {}
    for part in parts:
        for cell in part.cells().values():
            owner = owners.setdefault(cell.id, part)
            if owner is not part:
                twice.setdefault((owner.folder, part.folder), []).append(cell.id)
    if twice:
        said = "; ".join(
            f"{one} and {other} both hold {', '.join(cells)}"
            for (one, other), cells in twice.items()
        )
        raise UsageError(f"{said}. Leave one of the folders out.")
    return owners


def _unfinished(measurements: Table, cells: Mapping[_Key, Cell], repeat: int) -> list[str]:
    """Name the cells that an interrupt came into, by their repetitions."""
    runs: dict[_Key, set[str]] = {}
    for row in measurements:
        if row["repetition"]:
            runs.setdefault(_key(row), set()).add(row["repetition"])
    return [
        f"{cells[key].id} ({len(numbers)} of {repeat} repetitions)"
        for key, numbers in runs.items()
        if len(numbers) < repeat
    ]


def _about(parts: Sequence[Part]) -> dict[str, Any]:
    """Say where all of it came from: what the parts agree on, and each part's own."""
    runs = [part.run for part in parts]
    first = runs[0]
    about: dict[str, Any] = {
        "started": min(str(run.get("started", "")) for run in runs),
        "go": ",".join(dict.fromkeys(str(run.get("go", "")) for run in runs)),
        "engine": first.get("engine"),
        "settings": _common([run.get("settings", {}) for run in runs]),
        "host": _common([run.get("host", {}) for run in runs]),
        "environment": _common([run.get("environment", {}) for run in runs]),
        "shard": "1/1",
        "interrupted": any(run.get("interrupted", False) for run in runs),
        "exit_code": max(int(run.get("exit_code", 0)) for run in runs),
        "sessions": {name: one for run in runs for name, one in run.get("sessions", {}).items()},
        "scenarios": {name: one for run in runs for name, one in run.get("scenarios", {}).items()},
    }
    whole = {run.get("whole_plan") for run in runs}
    if len(whole) == 1 and None not in whole:  # so that its gaps can be measured with --resume
        about["plan"] = about["whole_plan"] = whole.pop()
    own = [
        {key: run[key] for key in run if key not in {"cells", "sessions", "scenarios"}}
        for run in runs
    ]
    return {**about, "parts": own}


def _common(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = tables[0]
    return {
        key: value for key, value in first.items() if all(one.get(key) == value for one in tables)
    }
