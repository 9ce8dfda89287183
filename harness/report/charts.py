"""The charts of a report, as Vega-Lite: a scenario's heap, and a claim's figure over the releases.

Text and axes have no colours of their own: the page's ``config`` sets them, for
a light or a dark ground. Lines have colours that stand out from both.
"""

from __future__ import annotations

import json
import math
import re
import statistics
import textwrap
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt

from harness import changes
from harness.changes import Namer
from harness.claims import UNIT_BYTES
from harness.memstats import KIB, MIB
from harness.results import MEMSTATS_COLUMNS, version_of

if TYPE_CHECKING:
    import gettext
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from harness.changes import Group, Line, Reading
    from harness.results import Tables
    from harness.toolchains import GoVersion

# Okabe and Ito's colours, as far as they have a contrast of 3 on white and on near-black.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a6761d", "#7f7f7f")
_GREY = _COLOURS[-1]
_SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
_DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3))

# The columns of measurements.csv in the order of the choice. HeapAlloc is Alloc.
_COLUMNS = (
    "alloc", "heap_inuse", "sys", "max_rss", "total_alloc", "heap_idle", "heap_released",
    "heap_objects", "mallocs", "frees", "num_gc",
)  # fmt: skip
_COUNTS = frozenset({"heap_objects", "mallocs", "frees", "num_gc"})
_WIDTH = 500  # pixels that words are laid out for
_LETTER = 6.5  # pixels that a letter takes
_LINE = 13  # ... and a line
_JUMP = 0.02  # of the peak: what makes a release worth showing from the start
_SHOWN = len(_COLOURS)  # releases at most that are shown from the start
_MEASURED = alt.NamedData("measured")  # by name, so that no layer holds and copies it
_SLANTED = 12  # releases at most whose names stand aslant; more stand upright
_HEIGHTS = 25  # texts that fit one above the other


# --- the heap over the snapshots ---------------------------------------------


@dataclass(frozen=True, slots=True)
class _Point:
    """What the repetitions of one cell read at one snapshot: by column, sorted."""

    run: str
    version: GoVersion
    snapshot: str
    readings: Mapping[str, Sequence[int]]


def heap_chart(
    runs: Sequence[tuple[str, Tables]],
    scenario: str,
    words: gettext.NullTranslations,
    *,
    still: bool = False,
) -> alt.TopLevelMixin | None:
    """Draw a scenario's heap over its snapshots, a line a release; None where nothing was read.

    ``runs`` are labels, different ones, and tables. A ``still`` has only the
    releases that are shown at first: nobody can choose others.
    """
    say = words.gettext
    points, snapshots = _points(runs, scenario)
    columns = [name for name in _COLUMNS if any(one.readings[name] for one in points)]
    if not columns:
        return None
    versions = sorted({one.version for one in points})
    name = Namer(tuple(versions), words).name
    shown = _worth_showing(points, columns[0], _most_claimed(runs))
    if still:
        points = [one for one in points if one.version in shown]
        versions = shown
    among = [one for one in points if one.version in shown]
    scales = [_scale(points, column) for column in columns]
    labels = [_label(column, say) for column in columns]
    marks = _marks([name(one) for one in versions], [name(one) for one in shown])

    field = alt.param(
        name="field",
        value=0,
        bind=alt.binding_select(
            options=[*range(len(columns))], labels=labels, name=say("MemStats field: ")
        ),
    )
    only = alt.param(
        name="only",
        value="",
        bind=alt.binding_select(
            options=["", "*", *marks],
            labels=[say("chosen in the legend"), say("all"), *marks],
            name=say("Releases: "),
        ),
    )
    per = alt.param(name="per", expr=f"{[divisor for divisor, _ in scales]}[field]")
    suffix = alt.param(name="suffix", expr=f"{[short for _, short in scales]}[field]")
    chosen = alt.selection_point(
        name="chosen",
        fields=["go"],
        bind="legend",
        toggle="true",
        value=[{"go": name(one)} for one in shown],
    )
    x = alt.X(
        "snapshot:O",
        title=say("snapshot"),
        sort=list(snapshots),
        axis=alt.Axis(labelAngle=0, grid=False),
        scale=alt.Scale(domain=list(snapshots), padding=0.3),
    )
    y = alt.Y(
        "value:Q",
        title=None,
        axis=alt.Axis(labelExpr="format(datum.value, ',') + (suffix ? ' ' + suffix : '')"),
    )
    size = say("bytes")
    go = alt.Color(
        "go:N",
        title="Go",
        scale=alt.Scale(domain=list(marks), range=[colour for colour, _ in marks.values()]),
        legend=_legend(),
    )
    form = alt.Shape(
        "go:N",
        title="Go",
        scale=alt.Scale(domain=list(marks), range=[shape for _, shape in marks.values()]),
        legend=_legend(),
    )
    run = _dashes(runs, say)
    drawn = alt.Chart()
    lines = drawn.mark_line(strokeWidth=2).encode(x=x, y=y, color=go, strokeDash=run)
    spread = drawn.mark_rule(strokeWidth=5, strokeOpacity=0.35).encode(
        x=x, y=alt.Y("low:Q"), y2="high:Q", color=go
    )
    dots = (
        drawn.mark_point(filled=True, size=80, opacity=1)
        .encode(
            x=x, y=y, color=go, shape=form,
            tooltip=[
                *([alt.Tooltip("run:N", title=say("run"))] if len(runs) > 1 else []),
                alt.Tooltip("release:N", title="Go"),
                alt.Tooltip("snapshot:N", title=say("snapshot")),
                alt.Tooltip("exact:N", title=say("median")),
                alt.Tooltip("least:N", title=say("smallest")),
                alt.Tooltip("most:N", title=say("largest")),
                alt.Tooltip("runs:Q", title=say("repetitions")),
            ],
        )
        .add_params(field, only, per, suffix, chosen)
    )  # fmt: skip
    shown_only = alt.PredicateComposition(  # type: ignore[no-untyped-call]  # generated by Altair
        {
            "or": [
                {"and": [{"param": "chosen"}, "only === ''"]},
                "only === '*' || only === datum.go",
            ]
        }
    )
    calculated = {
        "value": "datum.median[field] / per",
        "low": "datum.min[field] / per",
        "high": "datum.max[field] / per",
        **{
            told: f"format(datum.{number}[field], ',') + "
            f"(suffix ? ' {size} (' + format(datum.{number}[field] / per, ',.2f')"
            " + ' ' + suffix + ')' : '')"
            for told, number in (("exact", "median"), ("least", "min"), ("most", "max"))
        },
    }
    hint = say("A click in the legend shows or hides a release, a double click shows all.")
    described = say(
        "The heap of {scenario} over the snapshots {snapshots}, a line for each Go release: "
        "the median of the repetitions, and a bar from the smallest to the largest."
    ).format(scenario=scenario, snapshots=say(", ").join(snapshots))
    return _finished(
        [
            lines,
            spread,
            dots,
            _names(
                drawn,
                [_widest(among, column, snapshots) for column in columns],
                snapshots[-1] if len(snapshots) > 1 else "",
                x=x,
                y=y,
                go=go,
            ),
        ],
        _rows(points, columns, name),
        described,
        title=alt.TitleParams(
            text={"expr": f"{json.dumps(f'{scenario}: ')} + {json.dumps(labels)}[field]"},
            subtitle=[
                *_wrapped(
                    say("the median of the repetitions; bars from the smallest to the largest")
                ),
                *([] if still else _wrapped(hint)),
            ],
        ),
        data=_MEASURED,
        transform=[
            alt.FilterTransform("isValid(datum.median[field])"),
            alt.FilterTransform(shown_only),
            *(
                alt.CalculateTransform(calculate=text, **{"as": to})
                for to, text in calculated.items()
            ),
        ],
    )


def _points(
    runs: Iterable[tuple[str, Tables]], scenario: str
) -> tuple[list[_Point], tuple[str, ...]]:
    """Read the good repetitions' snapshots: by run, release and snapshot, and all snapshots."""
    found: dict[tuple[str, GoVersion, tuple[int, str]], dict[str, list[int]]] = {}
    for run, tables in runs:
        frame = tables.measurements
        own = frame[(frame["scenario"] == scenario) & (frame["status"] == "ok")]
        for row in own.dropna(subset=["snapshot_index"]).to_dict("records"):
            at = (int(row["snapshot_index"]), str(row["snapshot"]))
            readings = found.setdefault(
                (run, version_of(row), at), {column: [] for column in _COLUMNS}
            )
            for column in _COLUMNS:
                if str(row[column]).isdigit():
                    readings[column].append(int(row[column]))
    places = sorted({at for _, _, at in found})
    times = Counter(name for _, name in places)
    names = {at: f"{at[1]} ({at[0] + 1})" if times[at[1]] > 1 else at[1] for at in places}
    points = [
        _Point(run, version, names[at], {name: sorted(ones) for name, ones in readings.items()})
        for (run, version, at), readings in found.items()
    ]
    points.sort(key=lambda one: one.version)
    return points, tuple(names[at] for at in places)


def _rows(
    points: Sequence[_Point], columns: Sequence[str], name: Callable[[GoVersion], str]
) -> list[dict[str, Any]]:
    """Return the chart's data: figures in the order of the columns, None where there is none."""
    rows = []
    first = {one.version: one.run for one in reversed(points)}
    for one in points:
        figures = [one.readings[column] for column in columns]
        rows.append(
            {
                "run": one.run,
                "go": name(one.version),
                "release": str(one.version),
                "snapshot": one.snapshot,
                "runs": max(map(len, figures)),
                "named": one.run == first[one.version],
                "median": [statistics.median_low(each) if each else None for each in figures],
                "min": [each[0] if each else None for each in figures],
                "max": [each[-1] if each else None for each in figures],
            }
        )
    return rows


def _label(column: str, say: Callable[[str], str]) -> str:
    if column == "max_rss":
        return say("RSS (the peak of a whole run)")
    return MEMSTATS_COLUMNS[column]


def _scale(points: Iterable[_Point], column: str) -> tuple[int, str]:
    """Return what a column is divided by on the axis, and that unit's name."""
    if column in _COUNTS:
        return 1, ""
    largest = max(one.readings[column][-1] for one in points if one.readings[column])
    return (MIB, "MB") if largest >= MIB else (KIB, "KiB")


def _most_claimed(runs: Iterable[tuple[str, Tables]]) -> GoVersion | None:
    """Return the release that most claims were made for: that of the write-ups."""
    made: Counter[GoVersion] = Counter()
    for _, tables in runs:
        claimed = tables.verdicts[tables.verdicts["in_scope"].astype(str) == "True"]
        made.update(version_of(row) for row in claimed.to_dict("records"))
    return max(made, key=lambda one: (made[one], one), default=None)


def _worth_showing(
    points: Sequence[_Point], column: str, claimed: GoVersion | None
) -> list[GoVersion]:
    """Return the releases to show from the start: the ends, the write-ups', and where it jumps.

    With an experiment, the first on which it makes a difference.
    """
    ranges: dict[GoVersion, dict[str, tuple[int, int]]] = {}
    for one in points:
        if one.readings[column]:
            least, most = one.readings[column][0], one.readings[column][-1]
            low, high = ranges.setdefault(one.version, {}).get(one.snapshot, (least, most))
            ranges[one.version][one.snapshot] = (min(low, least), max(high, most))
    enough = _JUMP * max(high for of in ranges.values() for _, high in of.values())
    last: GoVersion | None = None
    jumps: dict[GoVersion, float] = {}
    seen: set[str] = set()
    for version, here in ranges.items():
        gap = _apart(here, ranges[last]) if last else 0
        if gap > enough and version.experiment not in seen:
            jumps[version] = gap
        if version.experiment:
            seen.update({version.experiment} if gap > enough else ())
        elif gap > enough or last is None:
            last = version
    plain = [one for one in ranges if not one.experiment] or [*ranges]
    ends = {plain[0], plain[-1], *({claimed} & set(plain) if claimed else ())}
    largest = sorted(set(jumps) - ends, key=lambda one: -jumps[one])
    return sorted({*ends, *largest[: max(_SHOWN - len(ends), 0)]})


def _apart(one: Mapping[str, tuple[int, int]], other: Mapping[str, tuple[int, int]]) -> float:
    """Return how far two releases' readings are apart where they are furthest."""
    both = one.keys() & other.keys()
    gaps = (max(one[at][0] - other[at][1], other[at][0] - one[at][1]) for at in both)
    return max(gaps, default=math.inf)


def _widest(points: Sequence[_Point], column: str, snapshots: Sequence[str]) -> str:
    """Return the snapshot at which most releases can be told apart, of several the last."""
    peak = max(one.readings[column][-1] for one in points if one.readings[column])
    heights: dict[str, set[int]] = {at: set() for at in snapshots}
    for one in points:
        if one.readings[column]:
            middle = statistics.median_low(one.readings[column])
            heights[one.snapshot].add(round(_HEIGHTS * middle / max(peak, 1)))
    return max(snapshots[::-1], key=lambda at: len(heights[at]))


def _marks(names: Sequence[str], shown: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give each release a colour and a shape; no two that are shown from the start share either."""
    order = [*shown, *(one for one in names if one not in set(shown))]
    size = len(_COLOURS)
    marks = {
        one: (_COLOURS[number % size], _SHAPES[(number + number // size) % len(_SHAPES)])
        for number, one in enumerate(order)
    }
    return {one: marks[one] for one in names}


def _legend() -> alt.Legend:
    columns = alt.ExprRef("max(2, floor(width / 110))")
    return alt.Legend(orient="bottom", columns=columns, symbolLimit=0)


def _dashes(runs: Sequence[tuple[str, Tables]], say: Callable[[str], str]) -> alt.StrokeDash:
    labels = [label for label, _ in runs]
    return alt.StrokeDash(
        "run:N",
        title=say("run"),
        sort=labels,
        scale=alt.Scale(
            domain=labels, range=[[*_DASHES[n % len(_DASHES)]] for n in range(len(labels))]
        ),
        legend=alt.Legend(orient="top", symbolType="stroke") if len(labels) > 1 else None,
    )


def _names(
    drawn: alt.Chart, places: Sequence[str], last: str, *, x: alt.X, y: alt.Y, go: alt.Color
) -> alt.Chart:
    """Write the releases' names beside their lines; lines that run together have one text.

    ``places`` are the snapshots where they stand, by the order of the columns; at the
    ``last`` one they stand before the line's end, where there is room.
    """
    at_end = f"datum.snapshot === {json.dumps(last)}"
    names: alt.Chart = (
        drawn.transform_joinaggregate(top="max(high)")
        .transform_filter(f"datum.named && datum.snapshot === {json.dumps(places)}[field]")
        .transform_window(before="lag(value)", sort=[alt.SortField("value")])
        .transform_calculate(
            apart="isValid(datum.before)"
            f" && datum.value - datum.before > datum.top / {_HEIGHTS} ? 1 : 0"
        )
        .transform_window(place="sum(apart)", sort=[alt.SortField("value")])
        .transform_aggregate(
            here="values(value)", value="mean(value)", go="min(go)", groupby=["place", "snapshot"]
        )
        .transform_calculate(
            names="length(datum.here) > 4"
            " ? join(slice(pluck(datum.here, 'go'), 0, 3), ', ') + ' +' + (length(datum.here) - 3)"
            " : join(pluck(datum.here, 'go'), ', ')"
        )
        .mark_text(
            align=alt.ExprRef(f"{at_end} ? 'right' : 'left'"),
            dx=alt.ExprRef(f"{at_end} ? -9 : 9"),
            dy=-8,
            fontWeight="bold",
        )
        .encode(x=x, y=y, color=go, text="names:N")
    )
    return names


# --- a figure over the releases ----------------------------------------------


def figure_chart(
    runs: Sequence[tuple[str, Tables]], group: Group, line: Line, words: gettext.NullTranslations
) -> alt.TopLevelMixin | None:
    """Draw a claim's figure over the releases, its printed value and where it changes.

    None where the claim has no figure. ``runs`` are labels, different ones, and
    tables; the words beside change points are those of ``line``.
    """
    say = words.gettext
    readings = [
        (label, one)
        for label, tables in runs
        for one in (
            line.readings
            if len(runs) == 1
            else changes.readings(tables, group.scenario, line.claim)
        ).values()
        if not math.isnan(one.high)
    ]
    if not readings:
        return None
    versions = sorted({one.version for _, one in readings})
    name = Namer(tuple(versions), words).name
    names = [name(one) for one in versions]
    labels = [label for label, _ in runs]
    experiments = sorted({one.experiment for one in versions})
    unit, per = _unit(one for _, one in readings)

    x = alt.X(
        "go:O",
        title="Go",
        sort=names,
        scale=alt.Scale(domain=names),
        axis=alt.Axis(
            labelAngle=-45 if len(names) <= _SLANTED else -90, labelOverlap="parity", labelLimit=160
        ),
    )
    y = alt.Y(
        "figure:Q",
        title=None,
        scale=alt.Scale(zero=False, nice=True, padding=12),
        axis=alt.Axis(labelExpr=f"format(datum.value, ',') + '{unit and ' ' + unit}'"),
    )
    run = alt.Color(
        "run:N",
        title=say("run"),
        sort=labels,
        scale=alt.Scale(
            domain=labels, range=[_COLOURS[n % len(_COLOURS)] for n in range(len(labels))]
        ),
        legend=alt.Legend(orient="bottom") if len(labels) > 1 else None,
    )
    kinds = [one or say("without an experiment") for one in experiments]
    form = alt.Shape(
        "experiment:N",
        title="GOEXPERIMENT",
        scale=alt.Scale(domain=kinds, range=[_SHAPES[n % len(_SHAPES)] for n in range(len(kinds))]),
        legend=alt.Legend(orient="bottom", symbolFillColor=_GREY, symbolStrokeColor=_GREY)
        if len(kinds) > 1
        else None,
    )
    measured = alt.Chart(_MEASURED)
    turns = _turns(line, names, name, x, words)
    lines = measured.transform_filter("!datum.plus").mark_line(strokeWidth=1.5, strokeOpacity=0.7)
    spread = measured.mark_rule(strokeWidth=6, strokeOpacity=0.35)
    dots = measured.mark_point(filled=True, size=80, opacity=1)
    beside = alt.XOffset("run:N", sort=labels) if len(runs) > 1 else alt.Undefined
    layers = [
        *_expected([one for _, one in readings], per, say),
        lines.encode(x=x, y=y, color=run, xOffset=beside),
        spread.encode(x=x, xOffset=beside, y=alt.Y("low:Q"), y2="high:Q", color=run),
        dots.encode(
            x=x, xOffset=beside, y=y, color=run, shape=form,
            tooltip=[
                *([alt.Tooltip("run:N", title=say("run"))] if len(runs) > 1 else []),
                alt.Tooltip("release:N", title="Go"),
                alt.Tooltip("measured:N", title=say("measured")),
                alt.Tooltip("range:N", title=say("smallest to largest")),
                alt.Tooltip("expected:N", title=say("claimed")),
                alt.Tooltip("verdict:N", title=say("verdict")),
            ],
        ),
        *turns,
    ]  # fmt: skip
    said = line.words or say("no figure")
    described = say("{claim} of {scenario} over the Go releases: {words}.")
    return _finished(
        layers,
        [_figure_row(label, one, per, name, words) for label, one in readings],
        described.format(claim=line.claim, scenario=group.scenario, words=said),
        title=alt.TitleParams(
            text=_wrapped(f"{group.scenario}: {line.says or line.claim}"),
            subtitle=[] if turns else _wrapped(line.words),
        ),
    )


def _unit(readings: Iterable[Reading]) -> tuple[str, int]:
    """Return the unit on the axis, and how many of the claim's own make one."""
    ones = list(readings)
    unit = next((one.unit for one in ones if one.unit), "")
    if unit == "bytes" and max(one.high for one in ones) >= MIB:
        return "MB", MIB // UNIT_BYTES["bytes"]
    return ("" if unit in {"count", "ratio"} else unit), 1


def _figure_row(
    label: str,
    one: Reading,
    per: int,
    name: Callable[[GoVersion], str],
    words: gettext.NullTranslations,
) -> dict[str, Any]:
    say = words.gettext
    experiment = one.version.experiment
    own = _own_unit(one)
    return {
        "run": label,
        "go": name(one.version),
        "release": str(one.version),
        "experiment": experiment or say("without an experiment"),
        "plus": bool(experiment),
        "figure": _plain(float(one.measured) / per),
        "low": _plain(one.low / per),
        "high": _plain(one.high / per),
        "measured": f"{one.measured}{own}",
        "range": f"{_plain(one.low)} - {_plain(one.high)}{own}",
        "expected": f"{one.expected}{own}",
        "verdict": changes.verdict_in(one.verdict, words),
    }


def _own_unit(one: Reading) -> str:
    return "" if one.unit in {"count", "ratio", ""} else f" {one.unit}"


def _plain(number: float) -> float:
    """Return a number without the noise of binary fractions; an integer where it is one."""
    number = round(number, 6)
    return int(number) if number.is_integer() else number


def _expected(readings: Sequence[Reading], per: int, say: Callable[[str], str]) -> list[alt.Chart]:
    """Draw the printed figure, or the bound, as a line, with what the claim tolerates."""
    one = next((each for each in readings if each.expected), None)
    number = re.search(r"-?\d+(\.\d+)?$", one.expected) if one else None
    if one is None or number is None:
        return []
    figure = float(number.group()) / per
    exact = number.group() == one.expected
    text = (
        say("printed: {figure}").format(figure=f"{_plain(float(one.expected)):,}{_own_unit(one)}")
        if exact
        else say("claimed: {bound}").format(bound=one.expected)
    )
    there = alt.Chart(
        alt.InlineData(
            values=[
                {
                    "figure": _plain(figure),
                    "low": _plain(figure - one.tolerance / per),
                    "high": _plain(figure + one.tolerance / per),
                    "text": text,
                }
            ]
        )
    )
    layers = []
    if one.tolerance:
        layers.append(there.mark_rect(opacity=0.12, color=_GREY).encode(y="low:Q", y2="high:Q"))
    layers.append(
        there.mark_rule(strokeDash=[5, 4], strokeWidth=1.5, color=_GREY).encode(
            y="figure:Q", tooltip=alt.Tooltip("text:N", title=" ")
        )
    )
    layers.append(
        there.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=_GREY).encode(
            x=alt.value(0), y="figure:Q", text="text:N"
        )
    )
    return layers


def _turns(
    line: Line,
    names: Sequence[str],
    name: Callable[[GoVersion], str],
    x: alt.X,
    words: gettext.NullTranslations,
) -> list[alt.Chart]:
    """Mark where the figure changes, and say above what it is from there.

    Texts that would run into each other stand one above the other.
    """
    ends: list[float] = []  # where the text ends, by line
    rows = []
    for one in line.stretches:
        if (go := name(one.first)) not in names[1:]:
            continue
        at = (names.index(go) + 0.5) / len(names) * _WIDTH
        size = (
            sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in one.words)
            * _LETTER
        )
        late = at + size > _WIDTH
        start = at - size if late else at
        row = next((n for n, end in enumerate(ends) if end < start), len(ends))
        ends[row : row + 1] = [start + size + _LETTER]
        rows.append({"go": go, "words": one.words, "row": row, "late": late})
    if not rows:
        return []
    there = alt.Chart(alt.InlineData(values=rows))
    rule = there.mark_rule(strokeDash=[2, 3], strokeOpacity=0.7, color=_GREY).encode(
        x=x, tooltip=alt.Tooltip("words:N", title=words.gettext("change"))
    )
    text = there.mark_text(
        baseline="bottom",
        align=alt.ExprRef("datum.late ? 'right' : 'left'"),
        dy=alt.ExprRef(f"-4 - {_LINE} * datum.row"),
    ).encode(x=x, y=alt.value(0), text="words:N")
    return [rule, text]


def _wrapped(text: str) -> list[str]:
    """Break a text into lines; Chinese has no blanks to break at, and takes twice the room."""
    return textwrap.wrap(text, 110 if text.isascii() else 60)


def _finished(
    layers: Sequence[alt.Chart],
    measured: Sequence[Mapping[str, Any]],
    described: str,
    title: alt.TitleParams,
    **more: Any,  # noqa: ANN401  of alt.layer
) -> alt.TopLevelMixin:
    """Put layers together, with what all have: data, size, description, no ground of its own.

    All at once, because every further step would copy the chart whole.
    """
    title.anchor = "start"
    title.limit = alt.ExprRef("width")
    return alt.layer(
        *layers,
        width="container",
        height=300,
        description=described,
        title=title,
        config=alt.Config(background="transparent", view=alt.ViewConfig(stroke=None)),
        datasets={_MEASURED.name: [*measured]},
        **more,
    )
