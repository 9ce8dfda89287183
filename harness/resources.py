"""Where the files that goclaim ships lie: in the wheel, or in the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).parent


def path(name: str) -> Path:
    """Return a shipped file or folder: ``templates``, ``docker``, ``releases.txt``."""
    packaged = _PACKAGE / "_data" / name
    if packaged.exists():
        return packaged
    beside = _PACKAGE / name
    return beside if beside.exists() else _PACKAGE.parent / name


def cache() -> Path:
    """Return the folder for what outlives a run: toolchains, builds, runners."""
    named = os.environ.get("GOCLAIM_CACHE")
    return (
        Path(named).expanduser().absolute()
        if named
        else Path(platformdirs.user_cache_path("goclaim"))
    )
