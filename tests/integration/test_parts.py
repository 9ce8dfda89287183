"""A plan measured in parts and joined, on real toolchains."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Goclaim = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.go

PLAN = ("local-delete", "global-delete-nil", "--go", "1.14,1.4,1.27")
RUN = (*PLAN, "--engine", "local", "--repeat", "2")


def keys(folder: Path, table: str) -> list[tuple[str, ...]]:
    """Return what each row of a table is about, without what was measured."""
    named = ("go_version", "scenario", "repetition", "snapshot", "claim", "symbol", "name", "index")
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return [tuple(row.get(name) or "" for name in named) for row in csv.DictReader(file)]


def test_parts_make_the_whole(goclaim: Goclaim, tmp_path: Path) -> None:
    """Measured in parts, joined in another order: the rows of an unsharded run, in its order.

    With one part missing its cells are named, and the joined folder can be
    taken up by the whole run, which measures only them.
    """
    told = json.loads(goclaim("plan", *PLAN, "--shards", "3", "--json").stdout)
    assert [one["go"] for one in told["shards"]] == ["1.14.15", "1.4.3", "1.27.4"]
    whole, joined, most = tmp_path / "whole", tmp_path / "joined", tmp_path / "most"
    goclaim("run", *RUN, "--out", whole)
    parts = [tmp_path / f"part-{one['index']}" for one in told["shards"]]
    for number, folder in enumerate(parts, start=1):
        done = goclaim("run", *RUN, "--shard", f"{number}/3", "--out", folder)
        assert done.returncode in {0, 1}, done.stderr
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        assert run["cells"] == told["cells"]

    done = goclaim("merge", *parts[::-1], "--out", joined)
    assert done.returncode == 0, done.stderr
    for table in ("measurements", "assembly", "verdicts", "values"):
        assert keys(joined, table) == keys(whole, table), table
    assert (joined / "assembly.csv").read_bytes() == (whole / "assembly.csv").read_bytes()
    listing = Path("artifacts", told["cells"][0], "listing.txt")
    assert (joined / listing).samefile(parts[0] / listing)

    done = goclaim("merge", parts[2], parts[0], "--out", most)
    assert done.returncode == 4
    missing = [line.removeprefix("goclaim: missing: ") for line in done.stderr.splitlines()]
    assert missing == [cell for cell in told["cells"] if "-go1.4.3-" in cell]
    done = goclaim("run", *RUN, "--out", most, "--resume")
    assert done.returncode in {0, 1}, done.stderr
    run = json.loads((most / "run.json").read_text(encoding="utf-8"))
    assert run["resumed_cells"] == 4
    assert keys(most, "verdicts") == keys(whole, "verdicts")


def test_parts_of_other_settings_are_not_joined(goclaim: Goclaim, tmp_path: Path) -> None:
    """Two machines that were told different things are found out."""
    for number, repeat in ((1, "1"), (2, "2")):
        goclaim(
            "run", "local-delete", "--go", "1.14,1.4", "--engine", "local", "--repeat", repeat,
            "--shard", f"{number}/2", "--out", tmp_path / str(number),
        )  # fmt: skip
    done = goclaim("merge", tmp_path / "1", tmp_path / "2", "--out", tmp_path / "joined")
    assert done.returncode == 2
    assert "--repeat is 1 in one and 2 in the other" in done.stderr
