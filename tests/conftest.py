"""What all tests share: what they may start, which of them need Docker, and real toolchains.

A test that is not marked ``go`` or ``docker`` fails when it starts a go command or talks to a
Docker engine, even if the code under test swallows the error. Tests marked ``docker`` are skipped
where no engine answers, those marked ``browser`` where there is no Chromium, and the summary says
so; with ``GOCLAIM_REQUIRE_DOCKER=1`` and ``GOCLAIM_REQUIRE_BROWSER=1`` they fail.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import lzma
import os
import re
import shutil
import sys
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from harness import resources
from harness.toolchains import ToolchainStore, parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.toolchains import GoVersion

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_DOCKER_SOCKETS = {"/var/run/docker.sock", "/run/docker.sock"}
_STARTS: dict[str, Callable[..., str | bytes]] = {
    "subprocess.Popen": lambda executable, argv, *_: executable or argv[0],
    "os.posix_spawn": lambda path, *_: path,
    "os.exec": lambda path, *_: path,
    "os.system": lambda command: os.fsdecode(command).split()[0],
}


# Fewer examples in the inner loop than in CI, where a rare one has the time to turn up.
settings.register_profile("quick", max_examples=30)
settings.load_profile("default" if os.environ.get("CI") else "quick")


# --- the inner loop ----------------------------------------------------------

_WHOLE_MODULE = re.compile(
    r"^pytestmark = \[?pytest\.mark\.(slow|browser|go|docker)\b", re.MULTILINE
)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import a module that ``-m`` leaves out as a whole: charts take a second."""
    chosen = str(config.getoption("markexpr"))
    if collection_path.suffix != ".py" or " or " in chosen:
        return None
    mark = _WHOLE_MODULE.search(collection_path.read_text(encoding="utf-8"))
    return True if mark and f"not {mark[1]}" in chosen else None


# --- what a test may start ---------------------------------------------------


class _Guard:
    """Watches what a test starts and connects to; an audit hook, because no code gets past one."""

    def __init__(self) -> None:
        self.forbidden: frozenset[str] = frozenset()
        self.caught: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """See one event of the interpreter; ends the test that must not cause it."""
        if not self.forbidden:
            return
        what = None
        if event in _STARTS:
            what = _program(os.fsdecode(_STARTS[event](*arguments)))
        elif event == "socket.connect" and arguments[1] in _engine_addresses():
            what = ("docker", f"connects to the Docker engine at {arguments[1]}")
        if what and what[0] in self.forbidden:
            self.caught.append(what[1])
            pytest.fail(f"this test {what[1]}; mark it with pytest.mark.{what[0]}")


_guard = _Guard()
sys.addaudithook(_guard)


def _program(path: str) -> tuple[str, str] | None:
    """Return the marker that a test needs to start a program, and what it does then."""
    program = PurePosixPath(path)
    if program.name in {"go", "gofmt"} or "/pkg/tool/" in path:
        return "go", f"starts {path}"
    if program.name in {"docker", "dockerd", "podman"}:
        return "docker", f"starts {path}"
    return None


@functools.cache
def _engine_addresses() -> set[object]:
    """Return the socket addresses of the Docker engine that the user has."""
    scheme, _, place = os.environ.get("DOCKER_HOST", "").partition("://")
    if scheme == "unix":
        return {place, *_DOCKER_SOCKETS}
    host, _, port = place.partition("/")[0].rpartition(":")
    return {(host, int(port)), *_DOCKER_SOCKETS} if port.isdigit() else {*_DOCKER_SOCKETS}


_engine_addresses()  # before any test changes DOCKER_HOST


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Forbid what a test is not marked for, in its fixtures and its call."""
    _guard.caught.clear()
    _guard.forbidden = frozenset(
        name for name in ("go", "docker") if not item.get_closest_marker(name)
    )
    try:
        return (yield)
    finally:
        _guard.forbidden = frozenset()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test whose code swallowed what the guard raised."""
    del item
    result = yield
    if _guard.caught:
        pytest.fail(f"this test {_guard.caught[0]}, and the failure was swallowed")
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Allow everything again: fixtures that other tests share may end with this one."""
    _guard.forbidden = frozenset()


@pytest.fixture(autouse=True)
def _own_cache(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Keep unmarked tests away from the user's cache, toolchains and folder."""
    if not any(request.node.get_closest_marker(name) for name in ("go", "docker")):
        monkeypatch.setenv("GOCLAIM_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


# --- tests that need Docker or a browser -------------------------------------


@functools.cache
def _no_docker() -> str:
    """Say why no Docker engine answers, or return an empty string."""
    import docker  # noqa: PLC0415  slow, and most runs have no such test
    from docker.errors import DockerException  # noqa: PLC0415

    reason = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with contextlib.closing(docker.from_env(timeout=10)) as client:
                client.ping()
        except DockerException as error:
            reason = f"no Docker engine answers: {error}"
        gc.collect()  # the SDK forgets to close a socket that could not connect
    return reason


def _browser() -> str:
    """Return the path of a Chromium; empty where there is none."""
    return next(filter(None, map(shutil.which, _BROWSERS)), "")


def _no_browser() -> str:
    """Say why no test can open a page, or return an empty string."""
    return "" if _browser() else f"there is no {' or '.join(_BROWSERS)} on the PATH"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium, for tests marked ``browser``."""
    return _browser()


# Markers of what a machine may lack: why it is not there, and what makes it a must.
_LACKING: Mapping[str, tuple[Callable[[], str], str]] = {
    "docker": (_no_docker, "GOCLAIM_REQUIRE_DOCKER"),
    "browser": (_no_browser, "GOCLAIM_REQUIRE_BROWSER"),
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the selected tests that need what is neither there nor required."""
    for marker, (why, required) in _LACKING.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        if not marked or os.environ.get(required) == "1":
            continue
        if reason := why():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that needs what is required and not there."""
    for marker, (why, required) in _LACKING.items():
        if (
            item.get_closest_marker(marker)
            and os.environ.get(required) == "1"
            and (reason := why())
        ):
            pytest.fail(f"{required}=1, and {reason}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped for what is not there, and why."""
    for marker, (_, required) in _LACKING.items():
        skipped = [
            report
            for report in terminalreporter.stats.get("skipped", [])
            if marker in report.keywords and isinstance(report.longrepr, tuple)
        ]
        if skipped:
            reasons = dict.fromkeys(one.longrepr[2].removeprefix("Skipped: ") for one in skipped)
            terminalreporter.write_line(
                f"{len(skipped)} {marker} tests skipped: {'; '.join(reasons)}. "
                f"{required}=1 makes them fail instead.",
                yellow=True,
            )


# --- a run with its artifacts ------------------------------------------------


@pytest.fixture(scope="session")
def three_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a real run of three scenarios on Go 1.14, 1.20 and 1.27, sources and listings too."""
    captured = Path(__file__).parent / "captures" / "runs" / "three-releases"
    folder = tmp_path_factory.mktemp("runs") / "three"
    shutil.copytree(captured, folder)
    for packed in folder.rglob("listing.txt.xz"):
        packed.with_suffix("").write_bytes(lzma.decompress(packed.read_bytes()))
        packed.unlink()
    return folder


# --- real toolchains ---------------------------------------------------------


@pytest.fixture(scope="session")
def cache() -> Path:
    """Return the user's own cache, outside the tree: toolchains are hundreds of megabytes."""
    return resources.cache()


@pytest.fixture(scope="session")
def store(cache: Path) -> ToolchainStore:
    """Return the toolchains that are fetched; getting another one fetches it."""
    return ToolchainStore(cache, print)


@pytest.fixture(scope="session")
def go114() -> GoVersion:
    """Return the release that Go 1.14 stands for."""
    return parse_spec("1.14")[0]
