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


def growths(out: Path) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the growth of Alloc since the first snapshot: least and most over the repetitions."""
    table = pd.read_csv(out / "measurements.csv").set_index(["scenario", "repetition"])
    start = table[table.snapshot_index == 0].alloc
    later = table[table.snapshot_index > 0]
    growth = (later.alloc - start.reindex(later.index)).groupby(["scenario", later.snapshot])
    return {(str(name), str(at)): (one.min(), one.max()) for (name, at), one in growth}


def test_every_growth_is_the_same_in_docker_and_without_it(
    local_run: Path, docker_run: Path
) -> None:
    """What the engines measure overlaps, give or take 1 % or 4 KiB."""
    local, docker = growths(local_run), growths(docker_run)
    assert local.keys() == docker.keys()
    assert len(local) > 30
    apart = {
        place: (ours, docker[place])
        for place, ours in local.items()
        if max(ours[0], docker[place][0]) - min(ours[1], docker[place][1])
        > max(0.01 * abs(ours[1]), 4096)
    }
    assert not apart


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
