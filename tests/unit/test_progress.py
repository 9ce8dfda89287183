"""Progress: a bar for the whole and one for each release at work, or plain lines in a log."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness import progress
from harness.experiment import Event, Step
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

GO114, GO124 = GoVersion(14, 15), GoVersion(24, 13)


def event(step: Step, version: GoVersion, text: str, *counts: int) -> Event:
    """Make an event; counts are those of its release and of the whole."""
    return Event(step, version, text, *counts)


EVENTS = (
    event("toolchain", GO114, "preparing Go 1.14.15", 0, 2, 0, 4),
    event("build", GO114, "building 1 programs with Go 1.14.15", 0, 2, 0, 4),
    event("run", GO114, "ran a on Go 1.14.15, repetition 1", 1, 2, 1, 4),
    event("build", GO124, "building 1 programs with Go 1.24.13", 0, 2, 1, 4),
    event("run", GO114, "ran a on Go 1.14.15, repetition 2", 2, 2, 2, 4),
    event("done", GO114, "done with Go 1.14.15", 2, 2, 2, 4),
    event("done", GO124, "done with Go 1.24.13", 2, 2, 4, 4),
)


def test_a_log_has_a_line_for_each_step_of_a_release(capsys: pytest.CaptureFixture[str]) -> None:
    """Not one for every repetition; the end of a release says how far the whole is."""
    with progress.shown(quiet=False) as (notify, watch):
        notify("fetching go1.14.15")
        for one in EVENTS:
            watch(one)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "fetching go1.14.15",
        "preparing Go 1.14.15",
        "building 1 programs with Go 1.14.15",
        "running on Go 1.14.15",
        "building 1 programs with Go 1.24.13",
        "done with Go 1.14.15: 2 of 4 repetitions",
        "done with Go 1.24.13: 4 of 4 repetitions",
    ]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Give the module a terminal of 100 columns, and return what is written to it."""
    written = io.StringIO()
    screen = Console(file=written, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(progress, "Console", lambda **_: screen)
    return written


def screens(written: io.StringIO) -> Iterator[str]:
    """Yield what stood on the screen, drawing by drawing."""
    for part in re.split(r"\x1b\[\d*A|\r", written.getvalue()):
        yield re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", part)


def test_a_terminal_shows_the_whole_and_each_release_at_work(terminal: io.StringIO) -> None:
    """One release runs while the next is built; one that is done makes room."""
    with progress.shown(quiet=False) as (_, watch):
        for one in EVENTS[:5]:
            watch(one)
    shown = "\n".join(screens(terminal))
    assert re.search(r"all releases .* 2/4 ", shown)
    assert re.search(r"ran a on Go 1\.14\.15, repetition 2 .* 2/2 ", shown)
    assert re.search(r"building 1 programs with Go 1\.24\.13 .* 0/\? ", shown)


def test_the_bar_leaves_nothing_of_a_release_that_is_done(terminal: io.StringIO) -> None:
    """After the last event only the whole is left, and it is full."""
    with progress.shown(quiet=False) as (_, watch):
        for one in EVENTS:
            watch(one)
        terminal.seek(0)
        terminal.truncate()
    shown = "\n".join(screens(terminal))
    assert re.search(r"all releases .* 4/4 ", shown)
    assert "Go 1." not in shown


def test_a_quiet_run_draws_no_bar(terminal: io.StringIO) -> None:
    """With --json a terminal gets plain lines."""
    with progress.shown(quiet=True) as (_, watch):
        watch(EVENTS[2])
    assert terminal.getvalue() == "running on Go 1.14.15\n"
