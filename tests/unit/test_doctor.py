"""What is here and what is missing, told without fetching or changing anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from harness import doctor, resources
from harness.doctor import Check, examine, host, usable
from harness.errors import UnavailableError
from harness.toolchains import GoCommand

if TYPE_CHECKING:
    from collections.abc import Callable


class Engine:
    """An engine that says whether it can be used."""

    def __init__(self, why: str | None) -> None:
        self.why = why

    def unavailable(self) -> str | None:
        """Say why not."""
        return self.why


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` tells, as far as anybody asks."""

    free: int


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a cache that is not there yet."""
    monkeypatch.setenv("GOCLAIM_CACHE", str(tmp_path / "not" / "yet"))
    return tmp_path / "not" / "yet"


@pytest.fixture
def examined(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Check]]:
    """Return a function that examines a machine with these engines, go and disk."""
    assert not cache.exists()

    def run(
        docker: str | None = None, local: str | None = None, free: int = 9_000_000_000,
        go: GoCommand | str = "there is no go",
    ) -> dict[str, Check]:  # fmt: skip
        def find_go() -> GoCommand:
            if isinstance(go, str):
                raise UnavailableError(go)
            return go

        makers = {"docker": lambda *_: Engine(docker), "local": lambda *_: Engine(local)}
        monkeypatch.setattr(doctor, "ENGINES", makers)
        monkeypatch.setattr(doctor, "find_go", find_go)
        monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(free))
        return {check.name: check for check in examine()}

    return run


def test_everything_is_looked_at_in_order(examined: Callable[..., dict[str, Check]]) -> None:
    """Platform, go, each engine, disk and what is fetched."""
    assert list(examined()) == [
        "platform", "go command", "engine docker", "engine local", "cache", "toolchains",
    ]  # fmt: skip


def test_examining_changes_nothing(examined: Callable[..., dict[str, Check]], cache: Path) -> None:
    """Not even the cache's folder is made."""
    checks = examined()
    assert not cache.exists()
    assert checks["toolchains"].text == "none yet; the first run fetches what it needs"
    assert checks["cache"].text == f"{cache}, 9.0 GB free"


def test_the_go_command_is_named_with_its_origin(
    examined: Callable[..., dict[str, Check]],
) -> None:
    """Or what is missing, in the words of the search for it."""
    go = GoCommand(Path("/usr/bin/go"), "go1.26.8", "PATH")
    found = examined(go=go)["go command"]
    assert (found.ok, found.text) == (True, "go1.26.8 from PATH: /usr/bin/go")
    missing = examined()["go command"]
    assert (missing.ok, missing.text) == (False, "there is no go")


@pytest.mark.parametrize(
    ("docker", "local", "can"),
    [
        (None, None, True),
        ("no daemon", None, True),
        (None, "no posix", True),
        ("no daemon", "no posix", False),
    ],
)
def test_one_engine_is_enough(
    examined: Callable[..., dict[str, Check]], docker: str | None, local: str | None, *, can: bool
) -> None:
    """A missing go command or a small disk is no engine that fails."""
    checks = examined(docker, local, free=1)
    assert checks["engine docker"].text == (docker or "can be used")
    assert checks["engine docker"].ok is (docker is None)
    assert usable(tuple(checks.values())) is can


def test_a_small_disk_is_told_with_what_to_do(examined: Callable[..., dict[str, Check]]) -> None:
    """Under 2 GB a toolchain, its image and builds do not fit."""
    assert examined(free=2_000_000_000)["cache"].ok
    check = examined(free=1_900_000_000)["cache"]
    assert not check.ok
    assert "1.9 GB free: make room, or point GOCLAIM_CACHE at another disk" in check.text


def test_fetched_toolchains_are_named_with_their_size(
    examined: Callable[..., dict[str, Check]], cache: Path
) -> None:
    """In the order of the releases."""
    for name in ("go1.14.15", "go1.4.3"):
        goroot = cache / "toolchains" / name
        (goroot / "bin").mkdir(parents=True)
        (goroot / "bin" / "go").write_bytes(b"x" * 1_000_000)
        record = json.dumps({"goroot": str(goroot), "sum": "h1:x"})
        (cache / "toolchains" / f"{name}.json").write_text(record)
    assert examined()["toolchains"].text == "go1.4.3, go1.14.15 (2 MB)"


def test_the_host_is_described_by_what_moves_numbers() -> None:
    """Every value is there, as text, and none of them is a name or a path."""
    about = host()
    assert set(about) == {"os", "arch", "kernel", "cpu", "cpus", "memory_bytes", "python"}
    assert int(about["cpus"]) >= 1
    assert int(about["memory_bytes"]) > 1 << 28
    assert not any(str(Path.home()) in value for value in about.values())


def test_a_host_that_tells_little_is_described_with_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provenance is never a reason to fail."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr("os.sysconf", refuse)
    monkeypatch.setattr("platform.processor", lambda: "a processor")
    about = host()
    assert (about["cpu"], about["memory_bytes"]) == ("a processor", "0")


# --- where files lie ---------------------------------------------------------


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative path and a tilde are made absolute once; else it is the platform's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for named, place in (("here", tmp_path / "here"), ("~/there", tmp_path / "home" / "there")):
        monkeypatch.setenv("GOCLAIM_CACHE", named)
        assert resources.cache() == place
    for unset in ("", None):
        monkeypatch.delenv("GOCLAIM_CACHE", raising=False)
        if unset is not None:
            monkeypatch.setenv("GOCLAIM_CACHE", unset)
        assert resources.cache().name == "goclaim"


def test_shipped_files_are_found_in_the_wheel_before_the_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the wheel they lie in ``_data``, in a checkout beside the package."""
    package = tmp_path / "harness"
    package.mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.path("templates") == tmp_path / "templates"
    (package / "releases.txt").touch()
    assert resources.path("releases.txt") == package / "releases.txt"
    (package / "_data" / "templates").mkdir(parents=True)
    assert resources.path("templates") == package / "_data" / "templates"
