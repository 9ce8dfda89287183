"""The docker engine and the local engine measure the same thing."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Goclaim = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = [pytest.mark.go, pytest.mark.docker]


Growths = dict[tuple[str, ...], tuple[float, float]]


def growths(out: Path, field: str = "alloc") -> Growths:
    """Return a field's growth since the first snapshot: least and most over the repetitions."""
    table = pd.read_csv(out / "measurements.csv").set_index(
        ["go_version", "scenario", "repetition"]
    )
    start = table[table.snapshot_index == 0][field]
    later = table[table.snapshot_index > 0]
    growth = (later[field] - start.reindex(later.index)).groupby(
        ["go_version", "scenario", later.snapshot]
    )
    return {tuple(map(str, name)): (one.min(), one.max()) for name, one in growth}


def apart(local: Growths, docker: Growths) -> dict[tuple[str, ...], object]:
    """Return what does not overlap in both, give or take 1 % or 4 KiB."""
    assert local.keys() == docker.keys()
    return {
        place: (ours, docker[place])
        for place, ours in local.items()
        if max(ours[0], docker[place][0]) - min(ours[1], docker[place][1])
        > max(0.01 * abs(ours[1]), 4096)
    }


def test_every_growth_is_the_same_in_docker_and_without_it(
    local_run: Path, docker_run: Path
) -> None:
    """All scenarios, all snapshots."""
    local = growths(local_run)
    assert len(local) > 30
    assert not apart(local, growths(docker_run))


def test_all_that_is_allocated_is_the_same_on_releases_of_every_age(
    goclaim: Goclaim, tmp_path: Path
) -> None:
    """A container has no time zone file, which logging would look for."""
    for engine in ("local", "docker"):
        out = tmp_path / engine
        done = goclaim(
            "run", "global-delete", "--go", "1.4,1.20,1.27", "--engine", engine, "--out", out
        )
        assert done.returncode == 0, done.stdout + done.stderr
    local = growths(tmp_path / "local", "total_alloc")
    assert {release for release, *_ in local} == {"1.4.3", "1.20.14", "1.27.4"}
    assert not apart(local, growths(tmp_path / "docker", "total_alloc"))


def ours() -> set[str]:
    """Return the containers, networks and volumes of goclaim that Docker has."""
    found = set()
    for kind in (["ps", "-a"], ["network", "ls"], ["volume", "ls"]):
        command = ["docker", *kind, "--quiet", "--filter", "label=org.goclaim"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found |= {f"{kind[0]} {name}" for name in done.stdout.split()}
    return found


@pytest.mark.usefixtures("docker_run")
def test_a_run_leaves_nothing_in_docker(goclaim: Goclaim, tmp_path: Path) -> None:
    """After a run there is no container, network or volume that was not there before."""
    before = ours()
    done = goclaim("run", "local-delete", "--engine", "docker", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ours() <= before
