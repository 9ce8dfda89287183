"""The tables of one or more runs → what a page about them says (pure).

Verdicts, signs and the words for changes come from ``changes``; here they are
put in the order in which a reader meets them, with the figures beside them.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness import changes, scenarios
from harness.claims import UNIT_BYTES
from harness.errors import UsageError
from harness.memstats import MIB
from harness.results import MEMSTATS_COLUMNS, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from harness.changes import Group, Line, Matrix, Reading
    from harness.report.evidence import Evidence, Key
    from harness.results import Tables
    from harness.scenarios import Manifest
    from harness.toolchains import GoVersion

COUNTS = frozenset({"NumGC", "HeapObjects", "Mallocs", "Frees"})  # all others are sizes
_SIZES = frozenset({"bytes", "KiB", "MB"})
_SHOWN = ("Alloc", "TotalAlloc", "Sys", "NumGC")  # where nothing is printed to compare with
_ENOUGH_MB = 10 * MIB  # from here on a size reads better in MB


@dataclass(frozen=True, slots=True)
class Run:
    """One run that the page is about.

    Attributes:
        label: Its name on the page.
        tables: Its files.
        matrix: Its claims and releases.
        evidence: Its programs and listings, by scenario and release.
    """

    label: str
    tables: Tables
    matrix: Matrix
    evidence: Mapping[Key, Evidence]


@dataclass(frozen=True, slots=True)
class Headline:
    """What came out for a write-up, or for a scenario that belongs to none, in numbers.

    Attributes:
        run: The run's label; empty where there is only one.
        about: ``A`` or ``B``; else empty.
        scenario: The scenario's name where it belongs to no write-up.
        release: The release that most claims were made for.
        claims: How many were made for it.
        reproduced: How many of those are reproduced there.
        documented: How many deviate there as documented.
        newest: The newest release of the run; empty if it is the same.
        still: How many of the reproduced ones hold there too.
    """

    run: str
    about: str
    scenario: str
    release: str
    claims: int
    reproduced: int
    documented: int
    newest: str
    still: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim on all releases.

    Attributes:
        id: Its id within its scenario.
        says: The claim in a sentence; empty where no manifest says it.
        known: Why it is known to deviate, else empty.
        lines: What became of it in each run, None where it was not judged.
    """

    id: str
    says: str
    known: str
    lines: tuple[Line | None, ...]

    @property
    def changes(self) -> bool:
        """Whether there is something to say of where it changes."""
        return any(line and (line.changes or line.notes) for line in self.lines)

    @property
    def is_size(self) -> bool:
        """Whether it is about a figure in bytes."""
        readings = (one for line in self.lines if line for one in line.readings.values())
        return any(one.unit in _SIZES for one in readings)


@dataclass(frozen=True, slots=True)
class Spread:
    """One MemStats field at one snapshot, over the repetitions, in bytes or as a count."""

    median: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a scenario's program.

    Attributes:
        unit: The unit that sizes are shown in.
        on: Where the printed ones were measured, in words; empty if none are printed.
        printed: The printed ones by field, one a snapshot.
        fields: The fields to show.
        snapshots: The snapshots' names.
        measured: By run and release: each field, one a snapshot.
    """

    unit: str
    on: str
    printed: Mapping[str, tuple[int, ...]]
    fields: tuple[str, ...]
    snapshots: tuple[str, ...]
    measured: Mapping[tuple[int, GoVersion], Mapping[str, tuple[Spread, ...]]]


@dataclass(frozen=True, slots=True)
class Section:
    """One scenario.

    Attributes:
        scenario: Its name.
        anchor: Its id on the page.
        title: A few words.
        shows: What it shows, in a sentence.
        write_up: The write-up it belongs to, else empty.
        experiment: The write-up's experiment, else empty.
        claims: Its claims.
        figures: Its figures, None where no run has any.
        groups: What each run says of it, None where it is not in the run.
        evidence: Its program and listing by release, from the first run that kept them.
        troubles: Why a release has no figures, by run and release.
    """

    scenario: str
    anchor: str
    title: str
    shows: str
    write_up: str
    experiment: str
    claims: tuple[Claim, ...]
    figures: Figures | None
    groups: tuple[Group | None, ...]
    evidence: Mapping[GoVersion, Evidence]
    troubles: Mapping[tuple[int, GoVersion], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A claim on a release on which runs do not say the same; a reading for each run."""

    section: Section
    claim: str
    version: GoVersion
    readings: tuple[Reading | None, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """A line of ``run.json``: its path there, and what each run has, empty where it has nothing."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the runs do not have the same."""
        return len(set(self.values)) > 1


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a page says.

    Attributes:
        runs: The runs, in the order they were named.
        versions: All releases, ascending.
        names: The releases as they are called on the page.
        home: The release that the page opens with: most claims were made for it.
        headlines: What came out.
        sections: The scenarios, in the order of the write-ups.
        origins: Where the figures come from: host, engine, settings, command.
        toolchains: The same of each release's toolchain and image.
        differences: Where the runs do not agree.
        common: How many claims on releases could be compared between runs.
    """

    runs: tuple[Run, ...]
    versions: tuple[GoVersion, ...]
    names: Mapping[GoVersion, str]
    home: GoVersion
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    origins: tuple[Origin, ...]
    toolchains: tuple[Origin, ...]
    differences: tuple[Difference, ...]
    common: int


def report(runs: Sequence[Run]) -> Report:
    """Put together what there is to say of one or more runs.

    Raises ``UsageError`` where nothing was measured.
    """
    versions = tuple(sorted({version for run in runs for version in run.matrix.versions}))
    if not versions:
        raise UsageError("Nothing was measured in this run. Go on with goclaim run --resume.")
    names = changes.names(versions)
    home = _home(runs, versions)
    manifests: dict[str, Manifest] = {}
    for run in reversed(runs):  # the first run that knows a scenario counts
        manifests |= scenarios.manifests(run.tables.run)
    measured = dict.fromkeys(
        name for run in runs for name in run.tables.measurements["scenario"].unique().tolist()
    )
    stats = [_measured(run.tables) for run in runs]
    sections = tuple(
        _section(name, number, manifests.get(name), runs, stats)
        for number, name in enumerate(changes.ordered(measured, manifests), start=1)
    )
    differences, common = _differences(sections, versions)
    headlines = tuple(
        one
        for run in runs
        for one in _headlines(run, run.label if len(runs) > 1 else "", home, names)
    )
    return Report(
        runs=tuple(runs),
        versions=versions,
        names=names,
        home=home,
        headlines=headlines,
        sections=sections,
        origins=_origins(
            [
                {key: value for key, value in run.tables.run.items() if key not in _ELSEWHERE}
                for run in runs
            ]
        ),
        toolchains=_origins([run.tables.run.get("sessions", {}) for run in runs]),
        differences=differences,
        common=common,
    )


def _home(runs: Sequence[Run], versions: Sequence[GoVersion]) -> GoVersion:
    """Return the release that most claims were made for; of several, the first."""
    made = Counter(
        reading.version
        for run in runs
        for group in run.matrix.groups
        for line in group.lines
        for reading in line.readings.values()
        if reading.in_scope and reading.outcome in _JUDGED
    )
    return max(versions, key=lambda version: made[version])


_ELSEWHERE = {"cells", "scenarios", "sessions", "gaps"}  # on the page in another form
_JUDGED = {"reproduced", "not reproduced", changes.DEVIATES, "inconclusive"}


def _headlines(
    run: Run, label: str, home: GoVersion, names: Mapping[GoVersion, str]
) -> Iterable[Headline]:
    subjects: dict[tuple[str, str], list[Line]] = {}
    for group in run.matrix.groups:
        subject = (group.write_up, "" if group.write_up else group.scenario)
        subjects.setdefault(subject, []).extend(group.lines)
    plain = [version for version in run.matrix.versions if not version.experiment]
    newest = plain[-1] if plain else home
    for (about, scenario), lines in subjects.items():
        made = [
            line
            for line in lines
            if (one := line.readings.get(home)) and one.in_scope and one.outcome in _JUDGED
        ]
        held = [line for line in made if line.readings[home].outcome == "reproduced"]
        still = [
            line
            for line in held
            if (one := line.readings.get(newest)) and one.verdict == "reproduced"
        ]
        yield Headline(
            run=label,
            about=about,
            scenario=scenario,
            release=names[home],
            claims=len(made),
            reproduced=len(held),
            documented=sum(line.readings[home].outcome == changes.DEVIATES for line in made),
            newest="" if newest == home else names[newest],
            still=len(still),
        )


# --- one scenario ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stats:
    """One run's figures, snapshots and failures, by scenario and release."""

    figures: Mapping[Key, Mapping[str, tuple[Spread, ...]]]
    snapshots: Mapping[str, tuple[str, ...]]
    troubles: Mapping[Key, str]


def _measured(tables: Tables) -> _Stats:
    """Read the measurements: each field over the repetitions that went well."""
    values: dict[Key, dict[tuple[str, int], list[int]]] = {}
    snapshots: dict[str, dict[int, str]] = {}
    troubles: dict[Key, str] = {}
    for row in tables.measurements.to_dict("records"):
        key = (row["scenario"], version_of(row))
        if row["status"] != "ok":
            troubles[key] = row["status"]
        elif _is_number(row["snapshot_index"]):
            index = int(row["snapshot_index"])
            snapshots.setdefault(key[0], {}).setdefault(index, row["snapshot"])
            for column, name in (*MEMSTATS_COLUMNS.items(), ("max_rss", "RSS")):
                if _is_number(row[column]):
                    numbers = values.setdefault(key, {}).setdefault((name, index), [])
                    numbers.append(int(row[column]))
    figures = {}
    for key, read in values.items():
        fields: dict[str, list[Spread]] = {}
        for (name, _), numbers in sorted(read.items()):
            spread = Spread(int(statistics.median(numbers)), min(numbers), max(numbers))
            fields.setdefault(name, []).append(spread)
        figures[key] = {name: tuple(spreads) for name, spreads in fields.items()}
    named = {name: tuple(one[index] for index in sorted(one)) for name, one in snapshots.items()}
    return _Stats(figures, named, troubles)


def _is_number(value: Any) -> bool:  # noqa: ANN401  a cell of a table, which may be empty
    return str(value).isdigit()


def _section(
    name: str,
    number: int,
    manifest: Manifest | None,
    runs: Sequence[Run],
    stats: Sequence[_Stats],
) -> Section:
    groups = tuple(
        next((one for one in run.matrix.groups if one.scenario == name), None) for run in runs
    )
    evidence: dict[GoVersion, Evidence] = {}
    for run in reversed(runs):
        evidence |= {version: one for (own, version), one in run.evidence.items() if own == name}
    return Section(
        scenario=name,
        anchor=f"s-{name}" if re.fullmatch(r"[a-z0-9-]+", name) else f"scenario.{number}",
        title=manifest.title if manifest else "",
        shows=manifest.shows if manifest else "",
        write_up=manifest.write_up if manifest else "",
        experiment=manifest.experiment if manifest else "",
        claims=_claims(groups, manifest),
        figures=_figures(name, manifest, stats),
        groups=groups,
        evidence=evidence,
        troubles={
            (index, version): why
            for index, each in enumerate(stats)
            for (own, version), why in each.troubles.items()
            if own == name
        },
    )


def _claims(groups: Sequence[Group | None], manifest: Manifest | None) -> tuple[Claim, ...]:
    known = {one.id: one.known for one in manifest.claims} if manifest else {}
    lines = [{line.claim: line for line in group.lines} if group else {} for group in groups]
    ids = dict.fromkeys(claim for each in lines for claim in each)
    return tuple(
        Claim(
            claim,
            next(each[claim].says for each in lines if claim in each),
            known.get(claim, ""),
            tuple(each.get(claim) for each in lines),
        )
        for claim in ids
    )


def _figures(name: str, manifest: Manifest | None, stats: Sequence[_Stats]) -> Figures | None:
    measured = {
        (index, version): fields
        for index, each in enumerate(stats)
        for (own, version), fields in each.figures.items()
        if own == name
    }
    if not measured:
        return None
    printed = manifest.printed if manifest else None
    snapshots = next(each.snapshots[name] for each in stats if name in each.snapshots)
    there = {one for fields in measured.values() for one in fields}
    shown = tuple(printed.fields) if printed else _SHOWN
    most = max(
        (one.high for fields in measured.values() for one in fields.get("Alloc", ())), default=0
    )
    return Figures(
        unit=printed.unit if printed else ("MB" if most >= _ENOUGH_MB else "KiB"),
        on=printed.on if printed else "",
        printed=printed.fields if printed else {},
        fields=tuple(one for one in shown if one in there),
        snapshots=snapshots,
        measured=measured,
    )


def shown(spread: Spread, name: str, unit: str) -> tuple[str, str]:
    """Return a figure as the write-ups print it, truncated, and how far its repetitions differ."""
    scale = 1 if name in COUNTS else UNIT_BYTES[unit]
    apart = (spread.high - spread.low) / scale
    return str(spread.median // scale), f"{apart:.1f}".removesuffix(".0")


# --- several runs ------------------------------------------------------------


def _differences(
    sections: Sequence[Section], versions: Sequence[GoVersion]
) -> tuple[tuple[Difference, ...], int]:
    found, common = [], 0
    for section in sections:
        for claim in section.claims:
            for version in versions:
                readings = tuple(
                    line.readings.get(version) if line else None for line in claim.lines
                )
                there = [one for one in readings if one is not None]
                common += len(there) > 1
                if not all(changes.agree(there[0], one) for one in there[1:]):
                    found.append(Difference(section, claim.id, version, readings))
    return tuple(found), common


# --- provenance --------------------------------------------------------------


def _origins(tables: Sequence[Mapping[str, Any]]) -> tuple[Origin, ...]:
    """Lay out nested tables side by side, a path a line, nothing left out."""
    flat = [dict(_flat(table)) for table in tables]
    names = dict.fromkeys(name for each in flat for name in each)
    return tuple(Origin(name, tuple(each.get(name, "") for each in flat)) for name in names)


def _flat(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, (*path, str(key)))
    elif isinstance(value, list):
        for number, each in enumerate(value, start=1):
            yield from _flat(each, (*path, str(number)))
    else:
        yield " ".join(path), "" if value is None else str(value)
