"""Go's own benchstat reads what ``goclaim report --format benchfmt`` writes."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from pathlib import Path

import pytest

from harness.report import document
from harness.toolchains import find_go

pytestmark = pytest.mark.go
REFERENCE = Path(__file__).parents[2] / "results" / "reference"


@pytest.fixture(scope="module")
def benchstat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build benchstat, which the Go module proxy has the source of."""
    folder = tmp_path_factory.mktemp("benchstat")
    subprocess.run(
        [find_go().path, "install", "golang.org/x/perf/cmd/benchstat@latest"],
        env={**os.environ, "GOBIN": str(folder), "GOFLAGS": ""},
        check=True,
        timeout=300,
    )
    return folder / "benchstat"


def test_benchstat_compares_two_releases(benchstat: Path, tmp_path: Path) -> None:
    """The Swiss map's figure beside the classic map's: 293 MB and 287 MB, in the same table."""
    path = tmp_path / "reference.txt"
    path.write_text(document.as_benchfmt([REFERENCE]), encoding="utf-8")
    chosen = "go-version:(1.14.15 OR 1.24.13) .fullname:/grow-delete\\/deleted/ .unit:Alloc-bytes"
    done = subprocess.run(
        [benchstat, "-format", "csv", "-col", "go-version", "-filter", chosen, path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    rows = list(csv.reader(io.StringIO(done.stdout)))
    heading = next(row for row in rows if "1.14.15" in row)
    (row,) = [row for row in rows if row and row[0] == "Goclaim/grow-delete/deleted-4"]
    megabytes = [float(row[heading.index(release)]) / 2**20 for release in ("1.14.15", "1.24.13")]
    assert [int(one) for one in megabytes] == [293, 287]
    assert "syntax" not in done.stderr


def test_benchstat_reads_every_line(benchstat: Path, tmp_path: Path) -> None:
    """It complains about none, and finds each snapshot of each scenario."""
    path = tmp_path / "reference.txt"
    text = document.as_benchfmt([REFERENCE])
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [benchstat, "-format", "csv", "-col", "go-version", path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    names = {line.split()[0].removeprefix("Benchmark") for line in text.splitlines()
             if line.startswith("Benchmark")}  # fmt: skip
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert names <= {row[0] for row in rows if row}
    assert len(names) > 60
    assert str(path) not in done.stderr  # where it names a line that it does not understand
