"""The command line: parse, one call into the core, render, exit code."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from harness import __version__
from harness.errors import CellError, GoclaimError, UnavailableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from harness.claims import Verdict
    from harness.experiment import Finished, Planned, Settings
    from harness.listings import Listed
    from harness.toolchains import GoVersion, ToolchainStore

TABLES_AT_MOST = 2  # releases that get a table each; more are shown side by side

# Everything of weight is imported where it is used, so that --help answers at once.

_EXAMPLES = """
\b
Examples:
  goclaim run                          both write-ups on Go 1.14
  goclaim run local-delete --go 1.4,1.14,latest
  goclaim run path/to/main.go          your own program's MemStats, measured
  goclaim asm global-delete-nil        the calls and nil stores of a program
  goclaim doctor                       what is here and what is missing
"""


class _Commands(click.Group):
    """Catches our errors once and turns them into a message and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GoclaimError as error:
            click.echo(f"goclaim: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("goclaim: interrupted", err=True)
            ctx.exit(130)


@click.group(
    cls=_Commands, epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="goclaim")
def cli() -> None:
    """Check claims about Go's memory against the real Go toolchains.

    Each claim of two write-ups is an experiment: a Go program is built and run
    with the Go releases you name, its MemStats and its assembly listing are
    read, and every claim gets a verdict with its evidence.
    """


_GO = click.option(
    "--go",
    "spec",
    default="1.14",
    show_default=True,
    metavar="SPEC",
    help="Go releases: 1.14.15, 1.14 (its last patch), 1.2..1.27 (each series), latest, all; "
    "commas between; +noswissmap behind one sets a GOEXPERIMENT.",
)
_ENGINE = click.option(
    "--engine",
    type=click.Choice(["auto", "docker", "local"]),
    default="auto",
    show_default=True,
    help="Where programs are built and run; auto takes docker when a daemon answers.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")


def _cores() -> int:
    """Return how many programs may run at once without one waiting for another's core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, 4)  # each takes up to a gigabyte


@cli.command()
@click.argument("targets", nargs=-1, metavar="[SCENARIO|PATH.go|PATH.toml]...")
@_GO
@_ENGINE
@click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=3,
    show_default=True,
    help="Runs of each program, each a new process.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the CSV files, run.json and artifacts. [default: a new one under results/]",
)
@click.option(
    "--resume", is_flag=True, help="Go on in --out where an earlier run of the same plan ended."
)
@click.option(
    "--dry-run", is_flag=True, help="List the cells and what would be downloaded; do nothing."
)
@click.option(
    "--keep-toolchains",
    type=click.Choice(["fetched", "none"]),
    default="fetched",
    show_default=True,
    help="What stays of the releases: all that are fetched, or none once its cells are done.",
)
@click.option(
    "--gomaxprocs",
    type=click.IntRange(1, 1024),
    default=4,
    show_default=True,
    help="GOMAXPROCS of the programs; it moves the heap before anything happens.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=60,
    show_default=True,
    help="Seconds that one run may take.",
)
@click.option(
    "--memory",
    type=click.IntRange(16),
    default=2048,
    show_default=True,
    help="MB that one program may use.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=_cores,
    show_default="one a core, at most 4",
    help="Programs that run at the same time, as far as the memory goes.",
)
@click.option(
    "--report/--no-report",
    default=True,
    help="Write report.html beside the results, a page to share.  [default: report]",
)
@click.option(
    "--shard",
    "part",
    callback=lambda _, __, text: _part(text),
    default="1/1",
    metavar="I/N",
    help="Only the I-th of N parts of the plan, whole releases each: see goclaim plan.",
)
@_JSON
def run(
    targets: tuple[str, ...],
    spec: str,
    engine: str,
    out: Path | None,
    part: tuple[int, int],
    as_json: bool,
    **options: Any,  # noqa: ANN401  the numbers, by option
) -> None:
    r"""Build, run and judge; without targets, every scenario of both write-ups.

    A target is a scenario's name (`goclaim list`), a manifest of your own
    (.toml), or any Go program that prints MemStats (.go).

    \b
    Exit codes: 0 every claim made for these releases is reproduced, or deviates
    as documented; 1 one is not; 2 wrong usage; 3 no such toolchain or engine;
    4 a build or a run failed (what else was measured is kept and shown).
    """
    from harness import experiment, progress, resources, results, run_view, scenarios
    from harness.engines import Limits, choose
    from harness.toolchains import ToolchainStore, parse_spec

    found = scenarios.with_companions(scenarios.find(targets))
    versions = parse_spec(spec)
    settings = experiment.Settings(
        repeat=options["repeat"],
        gomaxprocs=options["gomaxprocs"],
        limits=Limits(timeout=options["timeout"], memory=options["memory"] << 20),
        jobs=options["jobs"],
    )
    cache = resources.cache()
    with progress.shown(quiet=as_json) as (notify, watch):
        store = ToolchainStore(cache, notify)
        place = choose(engine, store, cache, notify)
        whole = experiment.plan(found, versions, place.platform)
        planned = experiment.shard(whole, *part)
        if not planned:
            raise UsageError(f"--shard {part[0]}/{part[1]}: the plan has fewer releases than that.")
        if options["dry_run"]:
            _show_plan(planned, store, as_json=as_json)
            return
        folder = out or Path("results") / results.timestamp()
        provenance = {
            **_provenance(spec, place.name, settings),
            "plan": experiment.identity(planned, place.name, settings),
            "whole_plan": experiment.identity(whole, place.name, settings),
            "shard": "/".join(map(str, part)),
            "cells": [one.cell.id for one in whole],
            "scenarios": scenarios.stored(found),
        }
        kept = results.Run.start(folder, provenance, resume=options["resume"])
        finished = experiment.run(
            planned,
            place,
            cache,
            settings,
            kept,
            watch,
            done_with=store.remove if options["keep_toolchains"] == "none" else None,
        )
    if as_json:
        found_there = run_view.as_json(finished, folder, place.name)
        click.echo(json.dumps(found_there, indent=2, ensure_ascii=False))
    else:
        _show(finished, folder)
    if finished.error:
        click.echo(f"goclaim: {finished.error}", err=True)
    elif options["report"] and not finished.interrupted:
        _write_report(folder, quiet=as_json)
    sys.exit(finished.exit_code)


def _write_report(folder: Path, *, quiet: bool) -> None:
    """Write the page about a run that is saved already: what goes wrong here loses nothing."""
    from harness.report import document

    path = folder / "report.html"
    try:
        document.write(path, [folder], "en")
    except GoclaimError as error:
        click.echo(f"goclaim: no report: {error}", err=True)
    else:
        click.echo(f"report: {path}", err=quiet)


def _show_plan(planned: Sequence[Planned], store: ToolchainStore, *, as_json: bool) -> None:
    from harness.toolchains import download_size

    here = {one.name for one in store.fetched()}
    releases = dict.fromkeys(one.cell.version for one in planned if one.program)
    wanted = {one.release: one for one in releases}  # with an experiment or without, the same
    missing = [one for name, one in wanted.items() if f"go{name}" not in here]
    if as_json:
        cells = [
            {"cell": one.cell.id, "not_applicable": one.not_applicable or None} for one in planned
        ]
        download = [{"go": one.release, "about_bytes": download_size(one)} for one in missing]
        click.echo(json.dumps({"cells": cells, "download": download}, indent=2))
        return
    for one in planned:
        click.echo(
            one.cell.id
            + (f"  (not applicable: {one.not_applicable})" if one.not_applicable else "")
        )
    size = sum(map(download_size, missing)) >> 20
    names = ", ".join(f"go{one.release}" for one in missing)
    click.echo(f"{len(planned)} cells on {len(releases)} releases")
    click.echo(f"to download: {names}, about {size} MB" if missing else "nothing to download")


def _part(text: str) -> tuple[int, int]:
    """Parse ``2/7``, the second of seven parts."""
    match = re.fullmatch(r"([1-9]\d{0,3})/([1-9]\d{0,3})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"{text!r} is no part of a plan. Write --shard 2/7 for the second of 7.")
    return int(match[1]), int(match[2])


def _command() -> str:
    return shlex.join(["goclaim", *sys.argv[1:]])


def _provenance(spec: str, engine: str, settings: Settings) -> dict[str, Any]:
    from harness import doctor, results
    from harness.toolchains import go_environment

    return {
        "goclaim": __version__,
        "command": _command(),
        "started": results.timestamp(),
        "go": spec,
        "engine": engine,
        "settings": {
            "repeat": settings.repeat,
            "gomaxprocs": settings.gomaxprocs,
            "jobs": settings.jobs,
            "timeout_seconds": settings.limits.timeout,
            "memory_bytes": settings.limits.memory,
            "output_bytes": settings.limits.output,
        },
        "environment": {
            "go": go_environment(
                goroot="(its GOROOT)", root="(a temporary folder)", cache="(a cache of its own)"
            ),
            "programs": dict(settings.environment),
        },
        "host": doctor.host(),
    }


def _show(finished: Finished, folder: Path) -> None:
    from harness import changes, matrix_view, results, run_view

    console = _console()
    releases = {cell.measured.observations.cell.version for cell in finished.cells}
    judged = any(cell.verdicts for cell in finished.cells)
    if judged and len(releases) > TABLES_AT_MOST:
        matrix_view.show(console, changes.matrix(results.read(folder)))
        console.print(run_view.summary(finished))
    else:
        run_view.show(console, finished)
    click.echo(
        f"\nwritten: {folder}/ (measurements.csv, assembly.csv, verdicts.csv, run.json, artifacts/)"
    )


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 120  # a log has no width of its own
    return console


@cli.command()
@click.argument("target", required=False, metavar="[FILE.go|DIR|SCENARIO]")
@_GO
@_ENGINE
@click.option(
    "--listing",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read a listing that somebody saved, instead of compiling.",
)
@click.option(
    "--func", "function", metavar="NAME", help="Only this function, as main.main or main."
)
@click.option(
    "--line",
    "lines",
    type=click.IntRange(1),
    multiple=True,
    help="Only this source line; may repeat.",
)
@click.option(
    "--calls",
    type=click.Choice(["map", "all"]),
    default="map",
    show_default=True,
    help="Calls to report: the runtime's map functions, or all.",
)
@click.option("--noise", is_flag=True, help="Show PCDATA, FUNCDATA and NOP padding too.")
@click.option("--goarch", default="", metavar="ARCH", help="Cross-compile, as for arm64.")
@_JSON
def asm(
    target: str | None,
    spec: str,
    engine: str,
    listing: Path | None,
    function: str | None,
    lines: tuple[int, ...],
    calls: Literal["map", "all"],
    noise: bool,
    goarch: str,
    as_json: bool,
) -> None:
    r"""Show the source beside the instructions it became.

    Calls of the runtime's map functions and nil stores of package-level
    variables are marked. With several releases, each such line is shown once
    with what every release makes of it.

    \b
    Examples:
      goclaim asm global-delete-nil
      goclaim asm main.go --go 1.9..1.27 --line 21
      goclaim asm --listing listing.txt --json
    """
    from harness import asm_view, listings, progress, resources, scenarios
    from harness.engines import choose
    from harness.toolchains import ToolchainStore, parse_spec

    if (target is None) == (listing is None):
        raise UsageError("Name a program or a scenario, or a listing with --listing FILE.")
    if listing is not None:
        found = [listings.read_listing(listing, calls)]
    else:
        cache = resources.cache()
        (scenario,) = scenarios.find([target or ""])
        with progress.shown(quiet=as_json) as (notify, _):
            store = ToolchainStore(cache, notify)
            place = choose(engine, store, cache, notify)
            versions = parse_spec(spec)
            found = list(
                listings.list_assembly(
                    scenario, versions, place, cache, calls=calls, goarch=goarch, notify=notify
                )
            )
    found = [asm_view.narrowed(one, function, lines) for one in found]
    if as_json:
        click.echo(json.dumps([asm_view.as_json(one) for one in found], indent=2))
    else:
        console = _console()
        if len(found) == 1 and found[0].facts is not None:
            asm_view.show_one(console, found[0], noise=noise)
        else:
            asm_view.show_many(console, found, frozenset(lines), noise=noise)
    sys.exit(max([0, *map(_asm_exit_code, found)]))


def _asm_exit_code(listed: Listed) -> int:
    if listed.error:
        return listed.error.exit_code
    return 4 if listed.facts is None and listed.program else 0


@cli.command()
@click.argument("scenario")
@click.argument("claim")
@click.option("--go", "spec", required=True, metavar="A..B", help="First and last release.")
@_ENGINE
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True)
@_JSON
def bisect(scenario: str, claim: str, spec: str, engine: str, repeat: int, as_json: bool) -> None:
    """Find the first release at which a claim's verdict or figure changes.

    Patch releases are included; each step halves what is left. A release that
    can't be had is stepped over.
    """
    from harness import bisect as searching
    from harness import experiment, progress, resources, scenarios
    from harness.engines import choose
    from harness.toolchains import ToolchainStore, parse_spec

    (own, *others) = scenarios.with_companions(scenarios.find([scenario]))
    if claim not in {one.id for one in own.manifest.claims}:
        ids = ", ".join(one.id for one in own.manifest.claims)
        raise UsageError(f"{scenario} has no claim {claim!r}; it has {ids}.")
    ends = parse_spec(spec)
    versions = searching.releases(min(ends), max(ends))
    cache = resources.cache()
    settings = experiment.Settings(repeat=repeat)
    with progress.shown(quiet=as_json) as (notify, _):
        place = choose(engine, ToolchainStore(cache, notify), cache, notify)

        def probe(version: GoVersion) -> Verdict | None:
            planned = experiment.plan([own, *others], [version], place.platform)
            measured = list(experiment.measure(planned, place, cache, settings, lambda _: None))
            judged = experiment.judge_all(planned, measured)
            verdicts = (one for cell in judged for one in cell.verdicts if cell.scenario == own)
            found = next((one for one in verdicts if one.claim == claim), None)
            said = f"{found.result}, {found.measured} {found.unit}" if found else "not available"
            notify(f"Go {version}: {said}")
            return found

        found = searching.search(versions, probe)
    if as_json:
        click.echo(json.dumps(searching.as_json(found), indent=2))
        return
    if found.first_other is None:
        said = searching.said(found.last_same)
        click.echo(f"Go {versions[0]} and {versions[-1]} agree: {said}")
        click.echo("What changes and changes back in between is not seen: narrow the range.")
        return
    click.echo(f"until Go {found.last_same.version}: {searching.said(found.last_same)}")
    click.echo(f"from  Go {found.first_other.version}: {searching.said(found.first_other)}")
    if found.between:
        click.echo(f"not to be had in between: {', '.join(map(str, found.between))}")


@cli.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """List the scenarios: what each shows and claims."""
    from harness import scenarios

    found = scenarios.shipped()
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "scenario": one.name,
                        "write_up": one.manifest.write_up,
                        "experiment": one.manifest.experiment,
                        "title": one.manifest.title,
                        "shows": one.manifest.shows,
                        "oldest_go": one.manifest.oldest_go,
                        "claims": [
                            {
                                "id": claim.id,
                                "kind": claim.kind,
                                "go": claim.go.text,
                                "says": claim.says,
                            }
                            for claim in one.manifest.claims
                        ],
                    }
                    for one in found
                ],
                indent=2,
                ensure_ascii=False,
            )
        )
        return
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        manifest = one.manifest
        click.echo(f"{manifest.experiment:<3} {one.name:<{width}}  {manifest.shows}")


@cli.command()
@_JSON
def doctor(as_json: bool) -> None:
    """Show what is here (Go, Docker, cache, disk) and what to do about what is missing.

    The exit code is 3 when no engine can be used.
    """
    from harness import doctor as checks

    found = checks.examine()
    if as_json:
        click.echo(json.dumps([check.as_json() for check in found], indent=2))
    else:
        width = max(len(check.name) for check in found)
        for check in found:
            click.echo(f"{'✓' if check.ok else '✗'} {check.name:<{width}}  {check.text}")
    sys.exit(0 if checks.usable(found) else UnavailableError.exit_code)


@cli.group()
def toolchains() -> None:
    """List, fetch or remove the Go releases that goclaim keeps."""


@toolchains.command("list")
@_JSON
def toolchains_list(as_json: bool) -> None:
    """List the releases that are fetched, with their sizes on disk."""
    store = _store()
    sizes = [(one, store.size(one)) for one in store.fetched()]
    if as_json:
        rows = [
            {"name": one.name, "goroot": str(one.goroot), "sum": one.sum, "bytes": size}
            for one, size in sizes
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for one, size in sizes:
        click.echo(f"{one.name:<12} {size / 1e6:6.0f} MB")
    total = sum(size for _, size in sizes)
    click.echo(
        f"{len(sizes)} toolchains, {total / 1e6:.0f} MB" if sizes else "no toolchain is fetched yet"
    )


@toolchains.command("fetch")
@click.argument("spec")
def toolchains_fetch(spec: str) -> None:
    """Fetch releases (1.14, 1.2..1.27, ...) so that later runs need no network."""
    from harness.toolchains import parse_spec

    store = _store()
    failures = []
    for version in parse_spec(spec):
        try:
            store.get(version)
        except UnavailableError as error:
            failures.append(error)
            click.echo(f"goclaim: {error}", err=True)
    if failures:
        sys.exit(UnavailableError.exit_code)


@toolchains.command("refresh")
def toolchains_refresh() -> None:
    """Learn of new releases from the module proxy's own list; nothing is forgotten."""
    new = _store().refresh()
    text = ", ".join(version.release for version in new)
    click.echo(f"new: {text}" if new else "the catalogue has everything that the proxy lists")


@toolchains.command("remove")
@click.argument("spec")
def toolchains_remove(spec: str) -> None:
    """Remove fetched releases; builds made with them are kept."""
    from harness.toolchains import parse_spec

    store = _store()
    for version in parse_spec(spec):
        removed = store.remove(version)
        click.echo(f"go{version.release}: {'removed' if removed else 'is not here'}")


def _store() -> ToolchainStore:
    from harness import resources
    from harness.toolchains import ToolchainStore

    return ToolchainStore(resources.cache(), lambda text: click.echo(text, err=True))


@cli.command()
@click.argument(
    "folder",
    required=False,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="[RUN_DIR]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown"]),
    default="table",
    show_default=True,
    help="For a terminal, or as GitHub renders it.",
)
@_JSON
def matrix(folder: Path | None, form: str, as_json: bool) -> None:
    """Show a run as claims down and releases across, and name where an answer changes.

    RUN_DIR is a folder that `goclaim run` or `goclaim merge` wrote. Without it,
    the newest under results/ is shown.
    """
    from harness import changes, matrix_view, results

    found = changes.matrix(results.read(folder or results.newest(Path("results"))))
    if as_json:
        click.echo(json.dumps(matrix_view.as_json(found), indent=2, ensure_ascii=False))
    elif form == "markdown":
        click.echo(matrix_view.markdown(found), nl=False)
    else:
        matrix_view.show(_console(), found)


@cli.command()
@click.argument(
    "folders",
    nargs=-1,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="[RUN_DIR]...",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write. [default: report.html in the first RUN_DIR; others are printed]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "benchfmt"]),
    default="html",
    show_default=True,
    help="A page; a text for an issue or a job's summary; or what benchstat reads.",
)
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the plots to this folder, too, as SVG and PNG.",
)
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="The language.",
)
def report(
    folders: tuple[Path, ...],
    out: Path | None,
    form: Literal["html", "markdown", "benchfmt"],
    plots: Path | None,
    lang: str,
) -> None:
    r"""Write a page about a run: one HTML file that needs no network.

    Claims by release, figures, plots, programs and listings, provenance.
    Several folders are put beside each other: two hosts, two engines, before
    and after. Without any, the newest run under results/ is taken.

    \b
    Examples:
      goclaim report
      goclaim report results/all -o all.html --lang zh
      goclaim report results/before results/after -o compared.html
      goclaim report --format markdown >> $GITHUB_STEP_SUMMARY
      goclaim report --format benchfmt | benchstat -col go-version /dev/stdin
    """
    from harness import results
    from harness.report import document

    chosen = folders or (results.newest(Path("results")),)
    if form == "html":
        path = out or chosen[0] / "report.html"
        document.write(path, chosen, lang)
        click.echo(f"written: {path} ({path.stat().st_size / 1e6:.1f} MB)")
    else:
        text = (
            document.as_markdown(chosen, lang)
            if form == "markdown"
            else document.as_benchfmt(chosen)
        )
        if out:
            document.save(out, text)
        else:
            click.echo(text, nl=False)
    if plots:
        written = document.draw(plots, chosen, lang)
        click.echo(f"written: {len(written)} plots to {plots}", err=form != "html")


@cli.command()
@click.argument("targets", nargs=-1, metavar="[SCENARIO|PATH.go|PATH.toml]...")
@_GO
@click.option(
    "--shards",
    type=click.IntRange(1, 256),
    help="How many parts. [default: one for about four releases]",
)
@_JSON
def plan(
    targets: tuple[str, ...],
    spec: str,
    shards: int | None,
    as_json: bool,
) -> None:
    r"""Show the cells of a run, and the parts that they can be measured in.

    Each part is some whole releases, and all take about the same time. What
    `goclaim run --shard 2/7` measures on seven machines, `goclaim merge` joins.

    \b
    Example:
      goclaim plan --go 1.2..1.27 --json
    """
    from harness import experiment, scenarios
    from harness.toolchains import host_platform, parse_spec

    found = scenarios.with_companions(scenarios.find(targets))
    planned = experiment.plan(found, parse_spec(spec), host_platform())
    releases = len({one.cell.version.release for one in planned})
    count = min(shards or -(-releases // 4), releases)
    parts = [experiment.shard(planned, index, count) for index in range(1, count + 1)]
    rows: list[dict[str, Any]] = [
        {
            "index": index,
            "of": count,
            "go": ",".join(dict.fromkeys(str(one.cell.version) for one in part)),
            "cells": len(part),
        }
        for index, part in enumerate(parts, start=1)
    ]
    if as_json:
        cells = [one.cell.id for one in planned]
        click.echo(json.dumps({"cells": cells, "shards": rows}, indent=2))
        return
    for row in rows:
        click.echo(f"--shard {row['index']}/{row['of']}  {row['cells']:>4} cells on {row['go']}")
    click.echo(f"{len(planned)} cells in {count} parts")


@cli.command()
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR...",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder to write the whole to.",
)
@click.option("--allow-gaps", is_flag=True, help="Exit with 0 even where cells are missing.")
def merge(folders: tuple[Path, ...], out: Path, allow_gaps: bool) -> None:
    r"""Join the folders of several runs into one.

    The tables come out as one run of the whole plan would have written them.
    Runs that were not measured alike are refused, and so are cells that two
    folders hold.

    \b
    Exit codes: 0 every cell of the plan is there; 2 the folders can't be
    joined; 4 cells are missing (they are named, and the rest is written).
    """
    from harness import merging

    joined = merging.merge(folders, out, {"goclaim": __version__, "command": _command()})
    for gap in joined.gaps:
        click.echo(f"goclaim: missing: {gap}", err=True)
    held = len(joined.run["cells"]) - len(joined.gaps)
    click.echo(f"{held} of {len(joined.run['cells'])} cells, written: {out}/")
    if joined.gaps and not allow_gaps:
        sys.exit(CellError.exit_code)


def main() -> None:
    """Run the command line; a termination ends it like Ctrl-C, so that nothing is left behind."""
    signal.signal(signal.SIGTERM, _interrupt)
    cli(prog_name="goclaim")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
