"""The charts of a report: what data they hold of a real run, and that Vega-Lite draws them."""

from __future__ import annotations

import gettext
import json
import re
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vl_convert

from harness import changes, results
from harness.report.charts import figure_chart, heap_chart

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.changes import Group, Line
    from harness.results import Tables

pytestmark = pytest.mark.slow

RUN = Path(__file__).parent.parent / "captures" / "runs" / "eight-releases"
ENGLISH = gettext.NullTranslations()


@cache
def tables() -> Tables:
    """Return a real run of eight releases, two of them with noswissmap."""
    return results.read(RUN)


@cache
def groups() -> dict[str, Group]:
    """Return that run's matrix by scenario."""
    return {one.scenario: one for one in changes.matrix(tables()).groups}


def line(scenario: str, claim: str) -> Line:
    """Return one claim of that run."""
    return next(one for one in groups()[scenario].lines if one.claim == claim)


def heap(scenario: str = "grow-delete", **runs: Tables) -> dict[str, Any]:
    """Return the Vega-Lite of a scenario's heap."""
    chart = heap_chart(tuple(runs.items()) or (("run", tables()),), scenario, ENGLISH)
    assert chart is not None
    return chart.to_dict()


def figure(scenario: str, claim: str, **runs: Tables) -> dict[str, Any]:
    """Return the Vega-Lite of a claim's figure."""
    named = tuple(runs.items()) or (("run", tables()),)
    chart = figure_chart(named, groups()[scenario], line(scenario, claim), ENGLISH)
    assert chart is not None
    return chart.to_dict()


def rows(spec: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the rows of a chart's data that have a key; all data stands once, at the top."""
    found = [row for data in spec["datasets"].values() for row in data if key in row]
    assert json.dumps(spec).count(json.dumps(found[0])) == 1
    return found


def params(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a reader can set, by name."""
    return {one["name"]: one for one in spec["params"]}


def drawn(spec: dict[str, Any]) -> set[str]:
    """Return the texts that a chart shows when it is drawn."""
    svg = vl_convert.vegalite_to_svg({**spec, "width": 760})
    return set(re.findall(r">([^<>]+)</text>", svg))


def test_the_heap_holds_every_byte_that_was_measured() -> None:
    """Medians are measurements, smallest and largest are exact: nothing is rounded away."""
    spec = heap()
    fields = params(spec)["field"]["bind"]["labels"]
    at = {(row["release"], row["snapshot"]): row for row in rows(spec, "median")}
    measured = tables().measurements
    own = measured[(measured["scenario"] == "grow-delete") & (measured["go_version"] == "1.14.15")]
    for snapshot, ones in own.groupby("snapshot"):
        row = at["1.14.15", snapshot]
        assert row["min"][fields.index("Alloc")] == ones["alloc"].min()
        assert row["max"][fields.index("Sys")] == ones["sys"].max()
        assert row["median"][fields.index("Alloc")] == sorted(ones["alloc"])[(len(ones) - 1) // 2]
        assert row["max"][fields.index("RSS (the peak of a whole run)")] == ones["max_rss"].max()


def test_every_release_of_the_run_can_be_chosen_and_few_are_at_first() -> None:
    """First, last, the write-ups' Go 1.14 and where it jumps are shown: no hairball."""
    spec = heap()
    chosen = params(spec)["chosen"]
    shown = [one["go"] for one in chosen["value"]]
    assert shown == ["1.2", "1.9", "1.14", "1.24", "1.25+noswissmap", "1.27"]
    assert (chosen["bind"], chosen["select"]["toggle"]) == ("legend", "true")
    assert params(spec)["only"]["bind"]["options"] == [
        "", "*", "1.2", "1.4", "1.9", "1.14", "1.23", "1.24", "1.25+noswissmap", "1.27",
    ]  # fmt: skip


def test_releases_shown_at_first_differ_in_colour_and_in_shape() -> None:
    """Nobody has to tell two of them apart by colour alone."""
    spec = heap()
    dots = next(one for one in spec["layer"] if "shape" in one["encoding"])["encoding"]
    marks = {
        go: (colour, shape)
        for go, colour, shape in zip(
            dots["color"]["scale"]["domain"],
            dots["color"]["scale"]["range"],
            dots["shape"]["scale"]["range"],
            strict=True,
        )
    }
    shown = [marks[one["go"]] for one in params(spec)["chosen"]["value"]]
    assert len({colour for colour, _ in shown}) == len({shape for _, shape in shown}) == len(shown)


def test_the_heap_is_drawn_with_the_names_of_its_lines() -> None:
    """Vega draws it: units on the axis, snapshots below, releases beside their lines."""
    texts = drawn(heap())
    assert {"grow-delete: Alloc", "500 MB", "empty", "filled", "deleted", "1.2", "1.27"} <= texts
    assert "1.24, 1.27" in texts  # they run together


def test_another_field_of_memstats_can_be_drawn() -> None:
    """Objects are counted: their axis has no unit."""
    spec = heap("goroutine-high-water")
    field = params(spec)["field"]
    field["value"] = field["bind"]["labels"].index("HeapObjects")
    assert {"goroutine-high-water: HeapObjects", "100,000", "1.27"} <= drawn(spec)


def test_two_runs_are_told_apart_by_dashes() -> None:
    """Each line says which run it is of; one run alone has no legend for that."""
    spec = heap("local-delete", here=tables(), there=tables())
    assert {row["run"] for row in rows(spec, "median")} == {"here", "there"}
    lines = spec["layer"][0]["encoding"]["strokeDash"]
    assert lines["scale"]["domain"] == ["here", "there"]
    assert {"here", "there"} <= drawn(spec)
    assert heap()["layer"][0]["encoding"]["strokeDash"]["legend"] is None


def test_there_is_no_heap_where_nothing_was_measured() -> None:
    """An unknown scenario, and one whose programs all failed, have no chart."""
    run = tables()
    failed = replace(run, measurements=run.measurements.assign(status="failed: exit 2"))
    assert heap_chart([("run", run)], "no-such-scenario", ENGLISH) is None
    assert heap_chart([("run", failed)], "grow-delete", ENGLISH) is None


def test_a_figure_stands_over_the_releases_in_their_order() -> None:
    """1.10 comes after 1.9, an experiment after its release; the medians are the verdicts'."""
    spec = figure("grow-delete", "alloc-deleted")
    assert [(row["go"], row["figure"]) for row in rows(spec, "figure") if "go" in row] == [
        ("1.2", 281), ("1.4", 280), ("1.9", 293), ("1.14", 293), ("1.23", 293), ("1.24", 287),
        ("1.25+noswissmap", 293), ("1.27", 287),
    ]  # fmt: skip


def test_a_figure_says_where_it_changes_and_what_was_printed() -> None:
    """Each change stands at its release, in the words of the matrix; the first is none."""
    spec = figure("grow-delete", "alloc-deleted")
    assert [(row["go"], row["words"]) for row in rows(spec, "words")] == [
        ("1.9", "293 MB from 1.9"),
        ("1.24", "287 MB from 1.24"),
        ("1.25+noswissmap", "with noswissmap 293 MB again"),
    ]
    assert {"293 MB from 1.9", "287 MB from 1.24", "printed: 293 MB"} <= drawn(spec)
    assert spec["description"].endswith(f"{line('grow-delete', 'alloc-deleted').words}.")


def test_a_bound_is_drawn_where_a_claim_has_no_exact_figure() -> None:
    """``kept`` claims a share of at least so much."""
    spec = figure("grow-delete", "kept-after-delete")
    assert next(row for row in rows(spec, "text")) == {
        "figure": 0.6, "low": 0.6, "high": 0.6, "text": "claimed: >= 0.6",
    }  # fmt: skip


def test_the_bars_reach_from_the_smallest_to_the_largest_measurement() -> None:
    """The share that is kept is measured in each repetition, not guessed from their spread."""
    spec = figure("grow-delete", "kept-after-delete")
    row = next(one for one in rows(spec, "figure") if one.get("go") == "1.27")
    measured = tables().measurements
    own = measured[(measured["scenario"] == "grow-delete") & (measured["go_version"] == "1.27.4")]
    alloc = own.pivot_table(index="repetition", columns="snapshot", values="alloc")
    share = (alloc["deleted"] - alloc["empty"]) / (alloc["filled"] - alloc["empty"])
    assert (row["low"], row["high"]) == pytest.approx((share.min(), share.max()), abs=1e-5)
    assert row["low"] < row["figure"] < row["high"]


def test_another_run_stands_beside_the_first() -> None:
    """Both runs' figures are there, and a legend names them."""
    spec = figure("grow-delete", "alloc-deleted", here=tables(), there=tables())
    assert {"here", "there"} <= drawn(spec)
    assert len([row for row in rows(spec, "figure") if "go" in row]) == 16


@pytest.mark.parametrize(
    ("scenario", "claim"),
    [("global-delete", "delete-calls-mapdelete"), ("bucket-growth", "b-rises-to-18")],
)
def test_a_claim_without_a_figure_has_no_chart(scenario: str, claim: str) -> None:
    """Instructions and rows of numbers are no figure."""
    chart = figure_chart([("run", tables())], groups()[scenario], line(scenario, claim), ENGLISH)
    assert chart is None


@pytest.mark.parametrize("draw", [heap, partial(figure, "grow-delete", "alloc-filled")])
def test_a_chart_fits_its_page(draw: Callable[[], dict[str, Any]]) -> None:
    """It is as wide as its place, has no ground of its own, and is described to who can't see."""
    spec = draw()
    assert spec["width"] == "container"
    assert spec["config"]["background"] == "transparent"
    assert "Go release" in spec["description"]
    # A ground may be light or dark: nothing is black or white.
    assert not re.search(r'"(black|white|#000|#fff)', json.dumps(spec), re.IGNORECASE)
