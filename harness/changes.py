"""A run's tables → claims down, releases across, and where the answer changes, in words (pure).

A change is read from figures that differ by more than the claim's tolerance
and more than what the repetitions differ by, or from a verdict that turns.
What could not be had or decided on a release is said with its reason and is
no change: the words then go by the releases on either side of it.
"""

from __future__ import annotations

import bisect
import gettext
import itertools
import math
import textwrap
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from harness import scenarios
from harness.claims import UNIT_BYTES, Figure, Kept, Released, Unmeasured
from harness.memstats import MIB, Output, Snapshot
from harness.results import DOCUMENTED, MEMSTATS_COLUMNS, version_of
from harness.toolchains import GoVersion, catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from harness.results import Tables
    from harness.scenarios import Manifest

Shape = Literal["figure", "sequence", "statement"]
DEVIATES = "documented deviation"
# Signs beside colours, which are lost in logs, on paper and on many an eye.
SIGNS: Mapping[str, str] = {
    "reproduced": "✓",
    "not reproduced": "✗",
    DEVIATES: "≠",
    "inconclusive": "?",
    "not applicable": "-",
    "not available": "!",
}
_ENGLISH = gettext.NullTranslations()
_DECIDED = {"reproduced", "not reproduced"}
_DISAGREE = "the repetitions disagree"  # as the reason of a verdict begins
_UNJUDGED = "nothing was judged"
_LONGEST = 6  # numbers of a sequence that are all shown


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one claim on one release.

    Attributes:
        version: The release.
        verdict: As in ``verdicts.csv``, or ``not available``.
        in_scope: Whether the claim was made for that release.
        documented: Whether the manifest says why it deviates.
        expected: The figure as printed, or what has to be in the listing.
        measured: The figure as measured.
        unit: The unit of expected and measured; empty for listings.
        tolerance: How far two figures may be apart and still be the same.
        low: The smallest measurement.
        high: The largest measurement.
        reason: What the verdict rests on.
    """

    version: GoVersion
    verdict: str
    in_scope: bool
    documented: bool = False
    expected: str = ""
    measured: str = ""
    unit: str = ""
    tolerance: float = 0
    low: float = math.nan
    high: float = math.nan
    reason: str = ""

    @property
    def outcome(self) -> str:
        """One of ``SIGNS``: the verdict, or that it deviates as documented."""
        return DEVIATES if self.documented else self.verdict

    @property
    def bracketed(self) -> bool:
        """Whether something came out that nobody claimed for that release."""
        return not self.in_scope and self.verdict not in {"not applicable", "not available"}

    @property
    def sign(self) -> str:
        """Its sign, in brackets where the claim was not made for that release."""
        text = SIGNS.get(self.outcome, "?")
        return f"({text})" if self.bracketed else text

    @property
    def spread(self) -> float:
        """How far the repetitions are apart."""
        return self.high - self.low

    @property
    def unsteady(self) -> bool:
        """Whether the repetitions are further apart than the claim tolerates."""
        return self.spread > self.tolerance


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring releases on which a claim comes out the same.

    Attributes:
        first: The first of them.
        words: What the claim comes out as there, and since when: ``293 MB from 1.9``.
    """

    first: GoVersion
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """One claim over all releases.

    Attributes:
        claim: Its id within its scenario.
        says: The claim in a sentence, where its manifest is known.
        readings: What became of it, by release.
        words: Its figure or statement, and where that changes.
        changes: Whether it does.
        notes: Where nothing is known of it alone, and why.
        stretches: The parts that ``words`` is made of; each but the first begins with a change.
    """

    claim: str
    says: str
    readings: Mapping[GoVersion, Reading]
    words: str
    changes: bool
    notes: tuple[str, ...]
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """One scenario's claims.

    Attributes:
        scenario: Its name.
        title: Its title, where its manifest is known.
        write_up: The write-up it belongs to, else empty.
        experiment: The write-up's experiment, else empty.
        lines: Its claims.
        notes: Where nothing is known of any of them, and why.
    """

    scenario: str
    title: str
    write_up: str
    experiment: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Claims down, releases across.

    Attributes:
        versions: The releases, ascending, each before itself with an experiment.
        groups: The scenarios, in the order of the write-ups.
        notes: What is to be known about releases as a whole.
        about: How it was measured, in one line.
    """

    versions: tuple[GoVersion, ...]
    groups: tuple[Group, ...]
    notes: tuple[str, ...]
    about: str = ""


def matrix(tables: Tables, words: gettext.NullTranslations = _ENGLISH) -> Matrix:
    """Lay out a run's verdicts and put into words where they change.

    Titles, claims and words are in the language of ``words``; reasons stay as they were stored.
    """
    manifests = scenarios.manifests(tables.run)
    rows = _verdicts(tables, manifests)
    statuses = _statuses(tables)
    versions = tuple(sorted({version for version, _ in statuses}))
    order = ordered(dict.fromkeys(scenario for _, scenario in statuses), manifests)
    lost = _lost(versions, order, rows, statuses)
    namer = Namer(versions, words)
    groups = [
        _group(name, manifests.get(name), rows.get(name, {}), namer, lost)
        for name in order
        if rows.get(name)
    ]
    notes = [namer.note("not available", reason, where) for reason, where in lost.items()]
    notes += _unknown(tables, namer)
    return Matrix(versions, tuple(groups), tuple(notes), _about(tables, words))


def readings(tables: Tables, scenario: str, claim: str) -> dict[GoVersion, Reading]:
    """Return what became of one claim, by release; nothing where the run does not hold it."""
    measured, judged = tables.measurements, tables.verdicts
    one = replace(
        tables,
        measurements=measured[measured["scenario"] == scenario],
        verdicts=judged[(judged["scenario"] == scenario) & (judged["claim"] == claim)],
    )
    return _verdicts(one, scenarios.manifests(tables.run)).get(scenario, {}).get(claim, {})


def agree(one: Reading, other: Reading) -> bool:
    """Whether two runs say the same of a claim: the verdict, and a figure as far as it is sharp."""
    if one.outcome != other.outcome:
        return False
    shape = _shape((one, other))
    return not (_usable(one, shape) and _usable(other, shape)) or _SAME[shape](one, other)


def names(versions: Iterable[GoVersion]) -> dict[GoVersion, str]:
    """Name releases as shortly as can be understood beside each other."""
    namer = Namer(tuple(sorted(versions)))
    return {version: namer.name(version) for version in namer.versions}


def ordered(scenarios: Iterable[str], manifests: Mapping[str, Manifest]) -> list[str]:
    """Put a write-up's experiments first, in its order; then the others, as they were measured."""
    experiments = {name: one.experiment for name, one in manifests.items() if one.experiment}
    return sorted(
        scenarios, key=lambda name: (experiments[name], name) if name in experiments else ("~", "")
    )


# --- reading the tables ------------------------------------------------------

_Statuses = dict[tuple[GoVersion, str], str]
_Rows = dict[str, dict[str, dict[GoVersion, Reading]]]  # scenario, claim, release


def _statuses(tables: Tables) -> _Statuses:
    """Return how each cell ended; one whose repetitions differ, how the last did."""
    return {
        (version_of(row), row["scenario"]): row["status"]
        for row in tables.measurements.to_dict("records")
    }


def _verdicts(tables: Tables, manifests: Mapping[str, Manifest]) -> _Rows:
    """Read the verdicts; a cell without any, for a failure of ours, is not available."""
    ranges = _ranges(tables, manifests)
    rows: _Rows = {}
    for row in tables.verdicts.to_dict("records"):
        version, scenario, claim = version_of(row), row["scenario"], row["claim"]
        reading = _reading(version, {str(key): str(value) for key, value in row.items()})
        low, high = ranges.get((version, scenario, claim), (reading.low, reading.high))
        if low <= _number(reading.measured) <= high:
            reading = replace(reading, low=low, high=high)
        rows.setdefault(scenario, {}).setdefault(claim, {})[version] = reading
    for (version, scenario), status in _statuses(tables).items():
        for readings in rows.get(scenario, {}).values():
            if version not in readings:
                reason = status.partition(": ")[2] or _UNJUDGED
                readings[version] = Reading(
                    version, "not available", in_scope=True, reason=_short(reason, version)
                )
    return rows


def _reading(version: GoVersion, row: Mapping[str, str]) -> Reading:
    middle, spread = _number(row["measured"]), _number(row["spread"] or "0")
    return Reading(
        version=version,
        verdict=row["verdict"],
        in_scope=row["in_scope"] == "True",
        documented=row["reason"].startswith(DOCUMENTED),
        expected=row["expected"],
        measured=row["measured"],
        unit=row["unit"],
        tolerance=_number(row["tolerance"] or "0"),
        low=middle - spread / 2,
        high=middle + spread / 2,
        reason=_short(row["reason"], version),
    )


def _number(text: str) -> float:
    """Return a figure; not a number for what is none, which is near nothing."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _short(reason: str, version: GoVersion) -> str:
    """Say a reason so that it is the same on every release where it is the same."""
    if reason.startswith(_DISAGREE):
        return _DISAGREE
    first = reason.partition("\n")[0]
    for name in (f"Go {version}", f"Go {version.release}", f"go{version.release}"):
        first = first.replace(name, "this Go")
    return textwrap.shorten(first.rstrip("."), 200, placeholder=" ...")


def _ranges(
    tables: Tables, manifests: Mapping[str, Manifest]
) -> dict[tuple[GoVersion, str, str], tuple[float, float]]:
    """Return the smallest and the largest measurement of each figure of one scenario's MemStats.

    The verdicts hold the median and the spread alone.
    """
    outputs: dict[tuple[GoVersion, str], dict[int, list[Snapshot]]] = {}
    good = tables.measurements[tables.measurements["status"] == "ok"].dropna(subset=["repetition"])
    for row in good.to_dict("records"):
        stats = {
            name: int(row[column])
            for column, name in MEMSTATS_COLUMNS.items()
            if str(row[column]).isdigit()
        }
        runs = outputs.setdefault((version_of(row), row["scenario"]), {})
        runs.setdefault(int(row["repetition"]), []).append(Snapshot(row["snapshot"], stats))
    ranges = {}
    for (version, name), runs in outputs.items():
        for claim in manifests[name].claims if name in manifests else ():
            if not isinstance(claim, Figure | Kept | Released):
                continue
            if isinstance(claim, Figure) and claim.of is not None:
                continue
            try:
                found = [claim.measure(Output(tuple(snapshots)), {}) for snapshots in runs.values()]
            except Unmeasured:
                continue
            unit = UNIT_BYTES[found[0].unit or "count"]
            numbers = [one.number or 0 for one in found]
            ranges[version, name, claim.id] = (min(numbers) / unit, max(numbers) / unit)
    return ranges


def _lost(
    versions: Sequence[GoVersion], order: Sequence[str], rows: _Rows, statuses: _Statuses
) -> dict[str, list[GoVersion]]:
    """Return the releases that were not available at all, by reason."""
    lost: dict[str, list[GoVersion]] = {}
    for version in versions:
        readings = [
            readings[version]
            for name in order
            for readings in rows.get(name, {}).values()
            if version in readings
        ]
        reasons = {one.reason for one in readings if one.verdict == "not available"}
        applicable = [one for one in readings if one.verdict != "not applicable"]
        if not readings:
            own = {text for (where, _), text in statuses.items() if where == version}
            if len(own) == 1 and not own & {"ok"}:
                reason = _short(own.pop().partition(": ")[2], version)
                lost.setdefault(reason, []).append(version)
        elif len(reasons) == 1 and all(one.verdict == "not available" for one in applicable):
            lost.setdefault(reasons.pop(), []).append(version)
    return lost


def _unknown(tables: Tables, namer: Namer) -> list[str]:
    """Name what the run does not hold: cells of its plan, and series between its releases."""
    notes = []
    say = namer.words.gettext
    if gaps := tables.run.get("gaps"):
        some = ", ".join(gaps[:3]) + (", ..." if len(gaps) > 3 else "")  # noqa: PLR2004
        told = say("not measured: {count} cells of the plan ({some})")
        notes.append(told.format(count=len(gaps), some=some))
    here = list(dict.fromkeys(version.series for version in namer.versions))
    series = list(dict.fromkeys(version.series for version in catalogue()))
    if here and {here[0], here[-1]} <= {*series}:
        between = series[series.index(here[0]) : series.index(here[-1])]
        holes = itertools.groupby(between, key=lambda one: one in here)
        if missing := [_from_to(list(ones), say) for measured, ones in holes if not measured]:
            told = say(
                "not in this run: {missing}; "
                "a change is named at the first release here that shows it"
            )
            notes.append(told.format(missing=say(", ").join(missing)))
    return notes


def _about(tables: Tables, words: gettext.NullTranslations) -> str:
    """Say how a run was measured, as far as it moves the figures."""
    run = tables.run
    say = words.gettext
    settings = run.get("settings", {})
    platforms = {f"{row['goos']}/{row['goarch']}" for row in tables.measurements.to_dict("records")}
    told = [
        (", ".join(sorted(platforms)), "{}"),
        (run.get("engine"), say("engine {}")),
        (settings.get("repeat"), say("{} runs of each program")),
        (settings.get("gomaxprocs"), "GOMAXPROCS {}"),
        (run.get("goclaim"), "goclaim {}"),
        (run.get("started"), say("started {}")),
        (run.get("command"), say("made with {}")),
    ]
    return say(", ").join(text.format(value) for value, text in told if value)


def _from_to(names: Sequence[str], say: Callable[[str], str]) -> str:
    if len(names) > 2:  # noqa: PLR2004
        return say("{first} to {last}").format(first=names[0], last=names[-1])
    return say(", ").join(names)


# --- one scenario ------------------------------------------------------------


def _group(
    name: str,
    manifest: Manifest | None,
    claims: Mapping[str, Mapping[GoVersion, Reading]],
    namer: Namer,
    lost: Mapping[str, Sequence[GoVersion]],
) -> Group:
    say = namer.words.gettext
    sentences = {one.id: say(one.says) for one in manifest.claims} if manifest else {}
    everywhere = {version for versions in lost.values() for version in versions}
    shared = _shared(list(claims.values()), everywhere)
    lines = []
    for claim, readings in claims.items():
        stretches, changes = _stretches(readings.values(), namer)
        words = say(", ").join(one.words for one in stretches)
        own = _undecided(readings, everywhere | set(shared))
        notes = tuple(
            namer.note(verdict, reason, where) for (verdict, reason), where in own.items()
        )
        sentence = sentences.get(claim, "")
        lines.append(Line(claim, sentence, readings, words, changes, notes, stretches))
    grouped: dict[tuple[str, str], list[GoVersion]] = {}
    for version, why in shared.items():
        grouped.setdefault(why, []).append(version)
    return Group(
        scenario=name,
        title=say(manifest.title) if manifest else "",
        write_up=manifest.write_up if manifest else "",
        experiment=manifest.experiment if manifest else "",
        lines=tuple(lines),
        notes=tuple(
            namer.note(verdict, reason, where) for (verdict, reason), where in grouped.items()
        ),
    )


def _shared(
    claims: Sequence[Mapping[GoVersion, Reading]], known: set[GoVersion]
) -> dict[GoVersion, tuple[str, str]]:
    """Return the releases on which no claim of a scenario could be decided, for one reason."""
    shared = {}
    for version in sorted({version for readings in claims for version in readings} - known):
        whys = {
            (one.verdict, one.reason)
            for readings in claims
            if (one := readings.get(version)) is not None
        }
        if len(whys) == 1 and not {verdict for verdict, _ in whys} & _DECIDED:
            shared[version] = whys.pop()
    return shared


def _undecided(
    readings: Mapping[GoVersion, Reading], known: set[GoVersion]
) -> dict[tuple[str, str], list[GoVersion]]:
    found: dict[tuple[str, str], list[GoVersion]] = {}
    for version in sorted(readings):
        one = readings[version]
        if version not in known and one.verdict not in _DECIDED:
            found.setdefault((one.verdict, one.reason), []).append(version)
    return found


# --- words -------------------------------------------------------------------


def verdict_in(verdict: str, words: gettext.NullTranslations) -> str:
    """Say a verdict in a language."""
    say = words.gettext
    return {
        "reproduced": say("reproduced"),
        "not reproduced": say("not reproduced"),
        DEVIATES: say("documented deviation"),
        "inconclusive": say("inconclusive"),
        "not applicable": say("not applicable"),
        "not available": say("not available"),
    }.get(verdict, verdict)


@dataclass(frozen=True, slots=True)
class Namer:
    """Says releases as shortly as can be understood within one run, in a language."""

    versions: tuple[GoVersion, ...]
    words: gettext.NullTranslations = _ENGLISH
    _plain: tuple[GoVersion, ...] = field(init=False)

    def __post_init__(self) -> None:
        plain = tuple(one for one in self.versions if not one.experiment)
        object.__setattr__(self, "_plain", plain)

    def name(self, version: GoVersion) -> str:
        """Say ``1.14`` where the run holds one release of that series, else ``1.14.15``."""
        releases = {one.release for one in self.versions if one.minor == version.minor}
        text = version.series if len(releases) == 1 else version.release
        return f"{text}+{version.experiment}" if version.experiment else text

    def note(self, verdict: str, reason: str, versions: Sequence[GoVersion]) -> str:
        """Say where a verdict is none, and why: ``not applicable before 1.5 (...)``."""
        say = self.words.gettext
        text = say("{verdict} {where} ({reason})") if reason else say("{verdict} {where}")
        # What is the same in every run has words of its own; the rest stays as it was stored.
        known = {_DISAGREE: say("the repetitions disagree"), _UNJUDGED: say("nothing was judged")}
        return text.format(
            verdict=verdict_in(verdict, self.words),
            where=self.where(versions),
            reason=known.get(reason, reason),
        )

    def where(self, versions: Sequence[GoVersion]) -> str:
        """Say ``before 1.7``, ``from 1.24``, ``on 1.5 to 1.8`` or ``on 1.25+noswissmap``."""
        among = set(versions)
        if among >= set(self.versions):
            return self.words.gettext("on every release")
        said = []
        stretch: list[GoVersion] = []
        for number, version in enumerate((*self._plain, None)):
            if version in among and version is not None:
                stretch.append(version)
            elif stretch:
                said.append(self._stretch(stretch, number))
                stretch = []
        on = self.words.gettext("on {release}")
        said += [on.format(release=self.name(one)) for one in versions if one.experiment]
        return self.words.gettext(", ").join(said)

    def _stretch(self, stretch: Sequence[GoVersion], end: int) -> str:
        say = self.words.gettext
        first, last = self.name(stretch[0]), self.name(stretch[-1])
        if end == len(self._plain) and len(stretch) > 1:
            return say("from {release}").format(release=first)
        if stretch[0] == self._plain[0] and end < len(self._plain):
            return say("before {release}").format(release=self.name(self._plain[end]))
        if len(stretch) == 1:
            return say("on {release}").format(release=first)
        return say("on {first} to {last}").format(first=first, last=last)


@dataclass(frozen=True, slots=True)
class _Segment:
    """Neighbouring releases on which a claim comes out the same."""

    readings: tuple[Reading, ...]

    @property
    def first(self) -> GoVersion:
        return self.readings[0].version

    @property
    def span(self) -> tuple[float, float]:
        """The smallest and the largest measurement."""
        return min(one.low for one in self.readings), max(one.high for one in self.readings)

    def agrees(self, others: Iterable[Reading], same: Callable[[Reading, Reading], bool]) -> bool:
        return all(same(one, other) for other in others for one in self.readings)


def describe(readings: Iterable[Reading], namer: Namer | None = None) -> tuple[str, bool]:
    """Put one claim's way through the releases into words, and say whether it changes.

    As ``293 MB, 287 MB from 1.24, with noswissmap 293 MB again``.
    """
    namer = namer or Namer(())
    stretches, changes = _stretches(readings, namer)
    return namer.words.gettext(", ").join(one.words for one in stretches), changes


def _stretches(readings: Iterable[Reading], namer: Namer) -> tuple[tuple[Stretch, ...], bool]:
    """Cut one claim's way through the releases into stretches; say whether it changes."""
    everything = sorted(readings, key=lambda one: one.version)
    shape = _shape(everything)
    usable = [one for one in everything if _usable(one, shape)]
    if not usable:
        return (), False
    tracks: dict[str, list[Reading]] = {}
    for one in usable:
        tracks.setdefault(one.version.experiment, []).append(one)
    plain = _segments(tracks.pop("", []), _SAME[shape])
    said = (
        _say_statements(plain, namer) if shape == "statement" else _say_figures(plain, shape, namer)
    )
    changes = len(plain) > 1
    for track in tracks.values():
        beside = _experiment(_segments(track, _SAME[shape]), plain, shape, namer)
        changes = changes or bool(beside and plain)
        said += beside
    return tuple(said), changes


def _experiment(
    segments: Sequence[_Segment], plain: Sequence[_Segment], shape: Shape, namer: Namer
) -> list[Stretch]:
    """Say what comes out with an experiment, where that is not what comes out without."""
    said = []
    say = namer.words.gettext
    for segment in segments:
        beside = _beside(segment, plain)
        if beside and all(segment.agrees(one.readings, _SAME[shape]) for one in beside):
            continue
        again = any(_again(segment, one, shape) for one in plain if one not in beside)
        text = (
            say("with {experiment} {what} again") if again else say("with {experiment} {what}")
        ).format(experiment=segment.first.experiment, what=_text(segment, shape, say, plain))
        if len(segments) > 1:
            releases = (namer.name(replace(one.version, experiment="")) for one in segment.readings)
            text = say("{what} on {releases}").format(
                what=text, releases=say(" and ").join(releases)
            )
        said.append(Stretch(segment.first, _unsteady(text, segment, shape, say)))
    return said


def _beside(segment: _Segment, plain: Sequence[_Segment]) -> list[_Segment]:
    """Return what comes out without the experiment: on the same releases, or the last before."""
    found: dict[_Segment, None] = {}
    for one in segment.readings:
        before = bisect.bisect([other.first for other in plain], one.version)
        found.update(dict.fromkeys(plain[max(before - 1, 0) : before]))
    return list(found)


def _again(segment: _Segment, earlier: _Segment, shape: Shape) -> bool:
    """Whether a claim comes out as it did before: for figures, within what was measured."""
    if not segment.agrees(earlier.readings, _SAME[shape]):
        return False
    (low, high), (lower, higher) = segment.span, earlier.span
    return shape != "figure" or (low <= higher and lower <= high)


def _shape(readings: Sequence[Reading]) -> Shape:
    """Tell figures from sequences of numbers and from statements that hold or do not."""
    for one in readings:
        if one.verdict in _DECIDED and one.expected:
            if not one.unit or (not one.expected[0].isdigit() and one.expected[0] != "-"):
                return "statement"
            return "sequence" if "," in one.expected else "figure"
    return "figure"


def _usable(one: Reading, shape: Shape) -> bool:
    if shape == "figure":
        return not math.isnan(one.high)  # measured, even where the repetitions disagree
    return one.verdict in _DECIDED


def _same_figure(one: Reading, other: Reading) -> bool:
    """Compare what the repetitions span; where both differ from run to run, generously."""
    gap = max(one.low, other.low) - min(one.high, other.high)
    return gap <= max(one.tolerance, other.tolerance, min(one.spread, other.spread)) + 1e-9


_SAME: Mapping[Shape, Callable[[Reading, Reading], bool]] = {
    "figure": _same_figure,
    "sequence": lambda one, other: one.measured == other.measured,
    "statement": lambda one, other: one.verdict == other.verdict,
}


def _segments(
    readings: Sequence[Reading], same: Callable[[Reading, Reading], bool]
) -> list[_Segment]:
    """Cut releases into stretches in which every two agree, so that no slow drift is lost."""
    segments: list[_Segment] = []
    for one in readings:
        if segments and segments[-1].agrees([one], same):
            segments[-1] = _Segment((*segments[-1].readings, one))
        else:
            segments.append(_Segment((one,)))
    return segments


def _say_figures(segments: Sequence[_Segment], shape: Shape, namer: Namer) -> list[Stretch]:
    said = []
    say = namer.words.gettext
    for number, segment in enumerate(segments):
        earlier = segments[: max(number - 1, 0)]
        text = _text(segment, shape, say)
        if number:
            again = any(_again(segment, one, shape) for one in earlier)
            text = _since(text, segment, namer, again=again)
        said.append(Stretch(segment.first, _unsteady(text, segment, shape, say)))
    return said


def _say_statements(segments: Sequence[_Segment], namer: Namer) -> list[Stretch]:
    said: list[Stretch] = []
    for number, segment in enumerate(segments):
        holds = segment.readings[0].verdict == "reproduced"
        if not holds and number == 0 and len(segments) > 1:
            continue  # "released from 1.4" says it
        text = _text(segment, "statement", namer.words.gettext, segments[:number])
        if number:
            text = _since(text, segment, namer, again=holds and number > 1)
        said.append(Stretch(segment.first, text))
    return said


def _since(what: str, segment: _Segment, namer: Namer, *, again: bool) -> str:
    say = namer.words.gettext
    text = say("{what} again from {release}") if again else say("{what} from {release}")
    return text.format(what=what, release=namer.name(segment.first))


def _text(
    segment: _Segment, shape: Shape, say: Callable[[str], str], told: Sequence[_Segment] = ()
) -> str:
    """Say what a claim comes out as; shorter where its contrary has been told."""
    first = segment.readings[0]
    if shape == "statement":
        contrary_told = any(one.readings[0].verdict == "reproduced" for one in told)
        return _statement(first, say, contrary_told=contrary_told)
    if shape == "sequence":
        numbers = first.measured.split(", ")
        if len(numbers) > _LONGEST:
            numbers = [*numbers[:3], "...", numbers[-1]]
        return " ".join(numbers)
    ends = [float(one.measured) for one in segment.readings]
    if any(one.unsteady for one in segment.readings):
        ends = [*segment.span]
    low, high = min(ends), max(ends)
    unit = first.unit
    if unit == "bytes" and high >= MIB:
        low, high, unit = low / MIB, high / MIB, "MB"
    shown = [_shown(number) for number in dict.fromkeys((low, high))]
    return "-".join(dict.fromkeys(shown)) + ("" if unit in {"count", "ratio"} else f" {unit}")


def _shown(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 10 else f"{number:.2f}".rstrip("0").rstrip(".")  # noqa: PLR2004


def _unsteady(text: str, segment: _Segment, shape: Shape, say: Callable[[str], str]) -> str:
    unsteady = shape == "figure" and any(one.unsteady for one in segment.readings)
    return say("{what} (differs from run to run)").format(what=text) if unsteady else text


def _statement(reading: Reading, say: Callable[[str], str], *, contrary_told: bool) -> str:
    """Say a statement, or its opposite; shortly where the statement has just been told."""
    holds = reading.verdict == "reproduced"
    expected = reading.expected.replace("runtime.", "")
    if reading.unit:
        yes, no = {
            "<": (say("released"), say("not released")),
            ">": (say("kept"), say("not kept")),
        }.get(expected[0], (say("holds"), say("does not hold")))
        return yes if holds else say("not") if contrary_told else no
    absent = expected.startswith("no ")
    what = expected.removeprefix("no ")
    if holds != absent:
        return what
    if not absent and what[0].isdigit():
        return say("not {what}").format(what=what)
    if not holds and contrary_told:
        return say("none")
    return say("no {what}").format(what=what)
