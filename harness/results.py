"""Results ⇄ the files of a run: the CSV schema, provenance and artifacts.

Other programs read these files; ``SCHEMA`` goes up when a column changes its
meaning. A cell's artifacts are written as soon as it is measured, the tables
when the run ends, however it ends.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from harness.errors import CellError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from harness.claims import Verdict
    from harness.experiment import Measured
    from harness.observations import Cell, Observations, Repetition

SCHEMA = 1

# The CSV column of each MemStats field that has one.
MEMSTATS_COLUMNS: Mapping[str, str] = {
    "alloc": "Alloc",
    "total_alloc": "TotalAlloc",
    "sys": "Sys",
    "num_gc": "NumGC",
    "heap_alloc": "HeapAlloc",
    "heap_inuse": "HeapInuse",
    "heap_idle": "HeapIdle",
    "heap_released": "HeapReleased",
    "heap_objects": "HeapObjects",
    "mallocs": "Mallocs",
    "frees": "Frees",
}
MEASUREMENTS = (
    "go_version", "go_experiment", "goos", "goarch", "engine", "scenario", "repetition",
    "snapshot_index", "snapshot", "status", *MEMSTATS_COLUMNS, "max_rss",
)  # fmt: skip
ASSEMBLY = (
    "go_version", "go_experiment", "scenario", "kind", "symbol", "function", "file", "line",
    "form", "uses_xorl", "instruction",
)  # fmt: skip
VERDICTS = (
    "go_version", "go_experiment", "scenario", "claim", "in_scope", "expected", "measured", "unit",
    "tolerance", "spread", "verdict", "reason",
)  # fmt: skip
VALUES = ("go_version", "go_experiment", "scenario", "repetition", "name", "index", "value")

Row = dict[str, Any]


@dataclass
class Run:
    """The folder of one run, filled cell by cell.

    Attributes:
        folder: Where it lies.
        engine: The engine's name.
        provenance: What ``run.json`` says beside the tables.
    """

    folder: Path
    engine: str
    provenance: dict[str, Any]
    _tables: dict[str, list[Row]] = field(
        default_factory=lambda: {"measurements": [], "assembly": [], "verdicts": [], "values": []}
    )

    @classmethod
    def start(cls, folder: Path, engine: str, provenance: Mapping[str, Any]) -> Run:
        """Make the folder. Raises ``UsageError`` if it holds something or can't be written."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise UsageError(f"{folder} is not empty. Name a new folder with --out.")
            run = cls(folder, engine, {"schema": SCHEMA, **provenance, "sessions": {}})
            run._write_json("run.json", run.provenance)
        except OSError as error:
            raise UsageError(
                f"{folder} can't be written: {error.strerror}. Name another folder with --out."
            ) from error
        return run

    def add(self, measured: Measured) -> None:
        """Keep a cell: its artifacts now, its rows until ``finish``. Raises ``CellError``."""
        found = measured.observations
        self._tables["measurements"] += _measurements(found, self.engine)
        self._tables["values"] += _values(found)
        self._tables["assembly"] += _assembly(found)
        if measured.provenance:
            self.provenance["sessions"][f"go{found.cell.version}"] = dict(measured.provenance)
        try:
            self._artifacts(measured)
        except OSError as error:
            raise self._full(error) from error

    def judged(self, cell: Cell, verdicts: Sequence[Verdict]) -> None:
        """Keep the verdicts on a cell."""
        self._tables["verdicts"] += [_verdict(cell, verdict) for verdict in verdicts]

    def finish(self, **provenance: Any) -> None:  # noqa: ANN401  whatever belongs into run.json
        """Write the tables and ``run.json``. Raises ``CellError`` when the disk is full."""
        self.provenance.update(provenance)
        columns = {
            "measurements": MEASUREMENTS,
            "assembly": ASSEMBLY,
            "verdicts": VERDICTS,
            "values": VALUES,
        }
        try:
            for name, rows in self._tables.items():
                table(rows, columns[name]).to_csv(self.folder / f"{name}.csv", index=False)
            self._write_json("run.json", self.provenance)
        except OSError as error:
            raise self._full(error) from error

    def _full(self, error: OSError) -> CellError:
        return CellError(
            f"{self.folder} can't be written any more: {error.strerror}. "
            "What was measured before is there."
        )

    def _write_json(self, name: str, content: object) -> None:
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (self.folder / name).write_text(text + "\n", encoding="utf-8")

    def _artifacts(self, measured: Measured) -> None:
        if measured.program is None:
            return
        folder = self.folder / "artifacts" / measured.observations.cell.id
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in measured.program.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        if measured.build and measured.build.listing:
            (folder / "listing.txt").write_bytes(measured.build.listing.read_bytes())
        for number, outcome in enumerate(measured.outcomes, start=1):
            stdout, stderr = (
                stream.decode(errors="replace") for stream in (outcome.stdout, outcome.stderr)
            )
            kept = {**asdict(outcome), "stdout": stdout, "stderr": stderr}
            (folder / f"run-{number}.json").write_text(
                json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
            )


def table(rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    """Make a table whose cells are as they were: an integer stays one of any size, beside gaps."""
    import pandas as pd  # noqa: PLC0415  slow to import, and a program may be running meanwhile

    return pd.DataFrame(rows, columns=list(columns), dtype=object)


def timestamp() -> str:
    """Return the time now, for provenance and folder names."""
    return time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())


def _identity(cell: Cell) -> Row:
    return {
        "go_version": cell.version.release,
        "go_experiment": cell.version.experiment,
        "scenario": cell.scenario,
    }


def _status(found: Observations, run: Repetition | None) -> str:
    if found.not_applicable:
        return f"not applicable: {found.not_applicable}"
    failure = found.failure or (run.failure if run else "")
    return f"failed: {failure}" if failure else "ok"


def _measurements(found: Observations, engine: str) -> list[Row]:
    cell = found.cell
    same = {**_identity(cell), "goos": cell.goos, "goarch": cell.goarch, "engine": engine}
    if not found.repetitions:
        return [{**same, "status": _status(found, None)}]
    rows = []
    for run in found.repetitions:
        about = {
            **same,
            "repetition": run.number,
            "status": _status(found, run),
            "max_rss": run.max_rss or None,
        }
        for index, snapshot in enumerate(run.output.snapshots):
            stats = {column: snapshot.stats.get(name) for column, name in MEMSTATS_COLUMNS.items()}
            rows.append({**about, "snapshot_index": index, "snapshot": snapshot.name, **stats})
        if not run.output.snapshots:
            rows.append(about)
    return rows


def _values(found: Observations) -> list[Row]:
    return [
        {
            **_identity(found.cell),
            "repetition": run.number,
            "name": name,
            "index": index,
            "value": value,
        }
        for run in found.repetitions
        for name, values in run.output.numbers.items()
        for index, value in enumerate(values)
    ]


def _assembly(found: Observations) -> list[Row]:
    if found.facts is None:
        return []
    same = _identity(found.cell)
    calls: list[Row] = [
        {
            **same,
            "kind": call.kind,
            "symbol": call.callee,
            "function": call.function,
            "file": call.file,
            "line": call.line,
            "instruction": call.instruction,
        }
        for call in found.facts.calls
    ]
    stores: list[Row] = [
        {
            **same,
            "kind": "nil-store",
            "symbol": store.variable,
            "function": store.function,
            "file": store.file,
            "line": store.line,
            "form": store.form,
            "uses_xorl": store.uses_xorl,
            "instruction": store.instruction,
        }
        for store in found.facts.nil_stores
    ]
    return calls + stores


def _verdict(cell: Cell, verdict: Verdict) -> Row:
    known = f"documented deviation: {verdict.known} " if verdict.deviates_as_documented else ""
    return {
        **_identity(cell),
        "claim": verdict.claim,
        "in_scope": verdict.in_scope,
        "expected": verdict.expected,
        "measured": verdict.measured,
        "unit": verdict.unit,
        "tolerance": verdict.tolerance,
        "spread": verdict.spread,
        "verdict": verdict.result,
        "reason": f"{known}{verdict.reason}",
    }
