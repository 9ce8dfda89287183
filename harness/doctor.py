"""What is on this machine, and what to do about what is missing."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import resources
from harness.engines import ENGINES
from harness.errors import GoclaimError
from harness.toolchains import ToolchainStore, find_go, host_platform

if TYPE_CHECKING:
    from collections.abc import Sequence

_WANTED = 2_000_000_000  # bytes free, for a toolchain, its image and builds


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: whether it is as needed, and what there is to say."""

    name: str
    ok: bool
    text: str

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return asdict(self)


def examine() -> tuple[Check, ...]:
    """Look at everything; changes nothing and fetches nothing."""
    cache = resources.cache()
    store = ToolchainStore(cache, lambda _: None)
    return (
        Check("platform", ok=True, text="/".join(host_platform())),
        _go(),
        *_engines(store, cache),
        _disk(cache),
        _fetched(store),
    )


def usable(checks: Sequence[Check]) -> bool:
    """Whether programs can be run at all."""
    return any(check.ok for check in checks if check.name.startswith("engine "))


def _go() -> Check:
    try:
        command = find_go()
    except GoclaimError as error:
        return Check("go command", ok=False, text=str(error))
    return Check(
        "go command", ok=True, text=f"{command.version} from {command.origin}: {command.path}"
    )


def _engines(store: ToolchainStore, cache: Path) -> list[Check]:
    checks = []
    for name, make in ENGINES.items():
        why = make(store, cache, lambda _: None).unavailable()
        checks.append(Check(f"engine {name}", ok=why is None, text=why or "can be used"))
    return checks


def _disk(cache: Path) -> Check:
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    text = f"{cache}, {free / 1e9:.1f} GB free"
    if free < _WANTED:
        return Check(
            "cache", ok=False, text=f"{text}: make room, or point GOCLAIM_CACHE at another disk"
        )
    return Check("cache", ok=True, text=text)


def _fetched(store: ToolchainStore) -> Check:
    toolchains = store.fetched()
    size = sum(store.size(one) for one in toolchains)
    names = ", ".join(one.name for one in toolchains)
    text = (
        f"{names} ({size / 1e6:,.0f} MB)"
        if names
        else "none yet; the first run fetches what it needs"
    )
    return Check("toolchains", ok=True, text=text)


def host() -> dict[str, str]:
    """Describe this machine for provenance: what influences a number, no names or paths."""
    goos, goarch = host_platform()
    return {
        "os": goos,
        "arch": goarch,
        "kernel": platform.release(),
        "cpu": _cpu_model(),
        "cpus": str(os.cpu_count() or 0),
        "memory_bytes": str(_memory()),
        "python": platform.python_version(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), ""
    )


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0
