"""What the integration tests share: the command as a user runs it, and one full run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def goclaim(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs ``goclaim`` with arguments in an empty folder."""
    folder = tmp_path_factory.mktemp("here")

    def run(*arguments: str | Path, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=folder,
        )

    return run


@pytest.fixture(scope="session")
def local_run(
    goclaim: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Reproduce both write-ups with the local engine, once for all tests; the results folder."""
    out = tmp_path_factory.mktemp("local") / "out"
    done = goclaim("run", "--go", "1.14", "--engine", "local", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def docker_run(
    goclaim: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Reproduce both write-ups with the docker engine, once for all tests; the results folder."""
    out = tmp_path_factory.mktemp("docker") / "out"
    done = goclaim("run", "--go", "1.14", "--engine", "docker", "--out", out, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return out
