"""Progress of long work, on standard error; the one place beside the command line that prints."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import progress
from rich.console import Console
from rich.table import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.experiment import Event
    from harness.toolchains import GoVersion


@contextmanager
def shown(*, quiet: bool) -> Iterator[tuple[Callable[[str], None], Callable[[Event], None]]]:
    """Show progress on standard error: a bar on a terminal, plain lines elsewhere."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if quiet or not console.is_terminal:
        yield console.print, _lines(console)
        return
    columns = (
        progress.TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(ratio=3, no_wrap=True, overflow="ellipsis"),
        ),
        progress.BarColumn(bar_width=None, table_column=Column(ratio=2)),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
    )
    # Fetches and builds stand between the runs: only a long look back tells the time left.
    with progress.Progress(
        *columns, console=console, transient=True, expand=True, speed_estimate_period=600
    ) as bar:
        yield bar.console.print, _rows(bar)


def _lines(console: Console) -> Callable[[Event], None]:
    """Say each step of each release once: a log is no place for every repetition."""
    said: set[object] = set()

    def line(event: Event) -> None:
        if (event.step, event.version) in said:
            return
        said.add((event.step, event.version))
        text = f"running on Go {event.version}" if event.step == "run" else event.text
        if event.step == "done":
            text += f": {event.all_done} of {event.all_total} repetitions"
        console.print(text)

    return line


def _rows(bar: progress.Progress) -> Callable[[Event], None]:
    """Show the whole run, and below it each release that something is being done on."""
    whole = bar.add_task("all releases", total=None)
    releases: dict[GoVersion, progress.TaskID] = {}

    def update(event: Event) -> None:
        bar.update(whole, completed=event.all_done, total=event.all_total)
        if event.step == "done":
            if event.version in releases:
                bar.remove_task(releases.pop(event.version))
            return
        if event.version not in releases:
            releases[event.version] = bar.add_task("", total=None)
        bar.update(
            releases[event.version],
            description=event.text,
            completed=event.done,
            total=event.total if event.done else None,
        )

    return update
