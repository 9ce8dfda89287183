"""A run's measurements → Go's benchmark format, which benchstat reads (pure).

https://go.dev/design/14313-benchmark-format
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.results import MEMSTATS_COLUMNS, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.results import Tables

_COUNTS = frozenset({"num_gc", "heap_objects", "mallocs", "frees"})
_UNITS = {
    column: name if column in _COUNTS else f"{name}-bytes"
    for column, name in MEMSTATS_COLUMNS.items()
}
_RSS = "RSS-bytes"


def benchfmt(runs: Sequence[tuple[str, Tables]]) -> str:
    """Write every good repetition of some runs, which are labels and tables, a line a snapshot.

    The configuration names the release, so that ``benchstat -col go-version``
    compares releases; of several runs it names the run, for ``-col run``.
    """
    lines = [f"Unit {unit} better=lower" for unit in (*_UNITS.values(), _RSS)]
    for label, tables in runs:
        lines += ["", *_configuration(label if len(runs) > 1 else "", tables)]
        release = None
        for row in _good(tables):
            if (version := str(version_of(row))) != release:
                release = version
                lines += ["", f"go-version: {version}"]
                lines += [f"{name}: {row[name]}" for name in ("goos", "goarch")]
            lines += _benchmarks(row, tables.run.get("settings", {}).get("gomaxprocs"))
    return "\n".join([*lines, ""])


def _configuration(label: str, tables: Tables) -> Iterator[str]:
    run = tables.run
    told = {
        "run": label,
        "pkg": "goclaim",
        "cpu": run.get("host", {}).get("cpu"),
        "goclaim": run.get("goclaim"),
        "engine": run.get("engine"),
    }
    for name, value in told.items():
        if value or label:  # of several runs, one must not seem to have what another has
            yield f"{name}: {' '.join(str(value or '').split())}".rstrip()


def _good(tables: Tables) -> list[dict[str, Any]]:
    """Return the rows of repetitions that went well, a release after the other."""
    frame = tables.measurements
    good = frame[(frame["status"] == "ok") & frame["snapshot_index"].notna()]
    rows = [{str(key): value for key, value in row.items()} for row in good.to_dict("records")]
    return sorted(rows, key=version_of)


def _benchmarks(row: Mapping[str, Any], procs: int | None) -> Iterator[str]:
    """Yield a snapshot's line, and before a repetition's first one the process's."""
    scenario, snapshot = _part(row["scenario"]), _part(row["snapshot"])
    suffix = f"-{procs}" if procs and procs > 1 else ""
    if row["snapshot_index"] == 0 and str(row["max_rss"]).isdigit():
        yield f"BenchmarkGoclaim/{scenario}{suffix} 1 {row['max_rss']} {_RSS}"
    figures = [
        f"{row[column]} {unit}" for column, unit in _UNITS.items() if str(row[column]).isdigit()
    ]
    if figures:
        yield f"BenchmarkGoclaim/{scenario}/{snapshot}{suffix} 1 {' '.join(figures)}"


def _part(name: str) -> str:
    """Return a name as a part of a benchmark's: without blanks, and not parted itself."""
    return re.sub(r"[\s/]+", "_", name)
