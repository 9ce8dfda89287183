"""Progress of long work, on standard error; the one place beside the command line that prints."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import progress
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.experiment import Event


@contextmanager
def shown(*, quiet: bool) -> Iterator[tuple[Callable[[str], None], Callable[[Event], None]]]:
    """Show progress on standard error: a bar on a terminal, plain lines elsewhere."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if quiet or not console.is_terminal:
        said: set[object] = set()

        def line(event: Event) -> None:
            # One line a stage: a log is no place for every repetition.
            if (event.step, event.version) not in said:
                said.add((event.step, event.version))
                console.print(
                    event.text if event.step != "run" else f"running on Go {event.version}"
                )

        yield console.print, line
        return
    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left:"),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def update(event: Event) -> None:
            bar.update(task, description=event.text, completed=event.done, total=event.total)

        yield bar.console.print, update
