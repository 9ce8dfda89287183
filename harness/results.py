"""Results ⇄ the files of a run: the CSV schema, provenance and artifacts.

Other programs read these files; ``SCHEMA`` goes up when a column changes its
meaning.

Names, reasons and instructions come from programs and manifests that nobody
vouches for, and a spreadsheet runs a cell that begins with ``=``. So a text
that begins with ``= + - @``, a tab or a line's end has an apostrophe before
it in a CSV file, as has one that looks as if it had; numbers stay numbers.
``read`` takes the apostrophe off again.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from harness.engines import Outcome
from harness.errors import CellError, UsageError
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from harness.claims import Verdict
    from harness.experiment import Judged, Measured
    from harness.observations import Cell, Observations, Repetition

SCHEMA = 1
DOCUMENTED = (
    "documented deviation: "  # how the reason of a deviation begins that a manifest explains
)

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
_INTEGERS = frozenset(
    {*MEMSTATS_COLUMNS, "max_rss", "snapshot_index", "repetition", "line", "index", "value"}
)
VALUES = ("go_version", "go_experiment", "scenario", "repetition", "name", "index", "value")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "measurements": MEASUREMENTS,
    "assembly": ASSEMBLY,
    "verdicts": VERDICTS,
    "values": VALUES,
}

Row = dict[str, Any]

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Stored:
    """What is on disk of a cell that was measured to its end.

    Attributes:
        outcomes: Its raw runs.
        listing: The listing of its program, None if it has none.
        failure: Why it could not be built, else empty.
        provenance: The session's facts.
    """

    outcomes: tuple[Outcome, ...]
    listing: Path | None
    failure: str
    provenance: Mapping[str, str]


@dataclass
class Run:
    """The folder of one run.

    A cell's artifacts appear under ``artifacts/`` at once and whole when the
    cell is done; the tables are made from them. So whatever ends a run, what
    was finished is there, and can be taken up again.

    Attributes:
        folder: Where it lies.
        provenance: What ``run.json`` says.
    """

    folder: Path
    provenance: dict[str, Any]

    @classmethod
    def start(cls, folder: Path, provenance: Mapping[str, Any], *, resume: bool = False) -> Run:
        """Make the folder, or take up what is in it.

        ``provenance["plan"]`` identifies what is measured. Raises
        ``UsageError`` if the folder can't be written, holds something and is
        not to be resumed, or holds another plan.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                _check_resumable(folder, provenance, resume=resume)
            run = cls(folder, {"schema": SCHEMA, **provenance, "sessions": {}})
            run._write_json("run.json", run.provenance)
        except OSError as error:
            raise UsageError(
                f"{folder} can't be written: {error.strerror}. Name another folder with --out."
            ) from error
        return run

    def stored(self, cell: Cell) -> Stored | None:
        """Return a cell that an earlier run of the same plan finished."""
        folder = self.folder / "artifacts" / cell.id
        try:
            kept = json.loads((folder / "cell.json").read_text(encoding="utf-8"))
            outcomes = tuple(_outcome(one) for one in kept["runs"])
            listing = folder / "listing.txt"
            return Stored(
                outcomes, listing if listing.exists() else None, kept["failure"], kept["provenance"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, measured: Measured) -> None:
        """Put a cell's artifacts on disk. Raises ``CellError`` when that fails."""
        if measured.program is None:
            return
        final = self.folder / "artifacts" / measured.observations.cell.id
        fresh = final.with_name(f".{final.name}")
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            for name, text in measured.program.files.items():
                (fresh / name).write_text(text, encoding="utf-8")
            if measured.build and measured.build.listing:
                _write_synced(fresh / "listing.txt", measured.build.listing.read_bytes())
            _write_synced(fresh / "cell.json", _cell_json(measured))
            shutil.rmtree(final, ignore_errors=True)
            fresh.rename(final)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise self._full(error) from error

    def adopt(self, cell: str, source: Path) -> None:
        """Take over a cell's artifacts from another run; on one disk they take no room twice."""

        def link_or_copy(file: str, target: str) -> None:
            try:
                os.link(file, target)
            except OSError:
                shutil.copy2(file, target)

        try:
            shutil.copytree(
                source, self.folder / "artifacts" / cell, copy_function=link_or_copy, symlinks=True
            )
        except OSError as error:
            raise self._full(error) from error

    def write(self, engine: str, cells: Sequence[Judged], **provenance: Any) -> None:  # noqa: ANN401
        """Write the tables of all cells and ``run.json``. Raises ``CellError``."""
        rows: dict[str, list[Row]] = {name: [] for name in COLUMNS}
        for one in cells:
            found = one.measured.observations
            rows["measurements"] += _measurements(found, engine)
            rows["assembly"] += _assembly(found)
            rows["verdicts"] += [_verdict(found.cell, each) for each in one.verdicts]
            rows["values"] += _values(found)
            if one.measured.provenance:
                self.provenance["sessions"][f"go{found.cell.version}"] = dict(
                    one.measured.provenance
                )
        tables = {name: csv_text(rows[name], columns) for name, columns in COLUMNS.items()}
        self.save(tables, **provenance)

    def save(self, tables: Mapping[str, str], **provenance: Any) -> None:  # noqa: ANN401
        """Write tables, as CSV texts by name, and ``run.json``. Raises ``CellError``."""
        self.provenance.update(provenance)
        try:
            for name, text in tables.items():
                self._replace(f"{name}.csv", text)
            self._write_json("run.json", self.provenance)
        except OSError as error:
            raise self._full(error) from error

    def _full(self, error: OSError) -> CellError:
        return CellError(
            f"{self.folder} can't be written any more: {error.strerror or error}. "
            "What was measured before is there."
        )

    def _write_json(self, name: str, content: object) -> None:
        self._replace(name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def _replace(self, name: str, text: str) -> None:
        """Write a file so that a reader finds the old one or the new one, never half of one."""
        fresh = self.folder / f".{name}"
        try:
            _write_synced(fresh, text.encode())
            fresh.replace(self.folder / name)
        finally:
            fresh.unlink(missing_ok=True)


def _check_resumable(folder: Path, provenance: Mapping[str, Any], *, resume: bool) -> None:
    if not resume:
        raise UsageError(
            f"{folder} is not empty. Name a new folder with --out, or go on in it with --resume."
        )
    try:
        there = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        plan, schema = there["plan"], there["schema"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder} holds no run to resume. Name an empty folder with --out."
        ) from None
    if (plan, schema) != (provenance["plan"], SCHEMA):
        raise UsageError(
            f"{folder} holds another plan: {there.get('command', 'unknown')!r}. Resume it with "
            "the same scenarios, releases, engine and settings, or name a new folder with --out."
        )


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _cell_json(measured: Measured) -> bytes:
    runs = [
        {
            **asdict(outcome),
            "stdout": outcome.stdout.decode(errors="replace"),
            "stderr": outcome.stderr.decode(errors="replace"),
        }
        for outcome in measured.outcomes
    ]
    kept = {
        "cell": measured.observations.cell.id,
        "failure": measured.build.error if measured.build else "",
        "provenance": dict(measured.provenance),
        "runs": runs,
    }
    return (json.dumps(kept, indent=2, ensure_ascii=False) + "\n").encode()


def _outcome(kept: Mapping[str, Any]) -> Outcome:
    streams = {name: kept[name].encode() for name in ("stdout", "stderr")}
    return Outcome(**{**kept, **streams})


@dataclass(frozen=True)
class Tables:
    """The files of a finished run, as tables.

    Attributes:
        folder: Where they were read from.
        run: ``run.json``.
        measurements: ``measurements.csv``, columns as ``MEASUREMENTS``.
        assembly: ``assembly.csv``, columns as ``ASSEMBLY``.
        verdicts: ``verdicts.csv``, columns as ``VERDICTS``.
        values: ``values.csv``, columns as ``VALUES``.
    """

    folder: Path
    run: Mapping[str, Any]
    measurements: pd.DataFrame
    assembly: pd.DataFrame
    verdicts: pd.DataFrame
    values: pd.DataFrame


def read(folder: Path) -> Tables:
    """Read a run's files; versions and texts stay texts, empty cells of texts are "".

    Raises ``UsageError`` naming the file that is missing, damaged or of another schema.
    """
    import pandas as pd  # noqa: PLC0415  slow to import

    try:
        name = "run.json"
        run = json.loads((folder / name).read_text(encoding="utf-8"))
        if run["schema"] != SCHEMA:
            raise UsageError(
                f"{folder / name} is of schema {run['schema']}, this goclaim reads {SCHEMA}."
            )
        frames = {}
        for table_name, columns in COLUMNS.items():
            name = f"{table_name}.csv"
            frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
            if tuple(frame.columns) != columns:
                raise UsageError(f"{folder / name} has other columns than {', '.join(columns)}.")
            frames[table_name] = frame.assign(
                **{
                    column: pd.to_numeric(frame[column]).astype("Int64")
                    if column in _INTEGERS
                    else frame[column].map(unguarded)
                    for column in columns
                }
            )
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no finished run: there is no {name}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder / name} can't be read: {error}") from error
    return Tables(folder, run, **frames)


def newest(folder: Path) -> Path:
    """Return the newest run in a folder; the reference results where there is no other.

    Raises ``UsageError`` where there is none at all.
    """
    runs = sorted((path.stat().st_mtime, path.parent) for path in folder.glob("*/run.json"))
    found = [path for _, path in runs if path.name != "reference"]
    if found:
        return found[-1]
    if not runs:
        raise UsageError(
            f"There is no run under {folder}/. Name its folder, or start with goclaim run."
        )
    return folder / "reference"


def version_of(row: Mapping[Any, Any]) -> GoVersion:
    """Return the release of a row of any table. Raises ``UsageError`` where it is none."""
    experiment = row["go_experiment"]
    return GoVersion.parse(row["go_version"] + (f"+{experiment}" if experiment else ""))


def csv_text(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Write a table as CSV; what is missing or None is an empty cell."""
    line = io.StringIO()
    # With both as its terminator, csv quotes a lone CR too, at which other readers break lines.
    writer = csv.writer(line, lineterminator="\r\n")
    lines = []
    for row in (dict(zip(columns, columns, strict=True)), *rows):
        cells = (row.get(name) for name in columns)
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in cells])
        lines.append(line.getvalue().removesuffix("\r\n"))
        line.seek(0)
        line.truncate()
    return "\n".join([*lines, ""])


def guarded(text: str) -> str:
    """Return a text as it stands in a CSV file: no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """Return a text as it was before it was written to a CSV file."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


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
    known = f"{DOCUMENTED}{verdict.known} " if verdict.deviates_as_documented else ""
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
