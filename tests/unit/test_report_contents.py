"""What a page says of runs: counts, figures, differences; on real runs and on changed ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import changes, results
from harness.errors import UsageError
from harness.report import contents, evidence
from harness.report.contents import Headline, Run, Section, Spread
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from harness.results import Tables

EIGHT = Path(__file__).parent.parent / "captures" / "runs" / "eight-releases"
GO_1_14, GO_1_20, GO_1_27 = (GoVersion.parse(text) for text in ("1.14.15", "1.20.14", "1.27.4"))


def run(tables: Tables, label: str = "run") -> Run:
    """Read what a page needs of a run."""
    return Run(label, tables, changes.matrix(tables), evidence.read(tables))


@pytest.fixture(scope="module")
def three(three_releases: Path) -> Tables:
    """Read the run of three releases."""
    return results.read(three_releases)


@pytest.fixture(scope="module")
def report(three: Tables) -> contents.Report:
    """Return what a page says of that run."""
    return contents.report([run(three)])


def section(report: contents.Report, name: str) -> Section:
    """Return one scenario of a report."""
    return next(one for one in report.sections if one.scenario == name)


def without(tables: Tables, **cut: str) -> Tables:
    """Leave out the verdicts, or measurements too, of a scenario or a release."""
    kept = tables.verdicts
    for column, value in cut.items():
        kept = kept[kept[column] != value]
    return replace(tables, verdicts=kept)


# --- at the top --------------------------------------------------------------


def test_a_write_up_s_headline_counts_its_verdicts(report: contents.Report, three: Tables) -> None:
    """Made for the release that most were made for; what holds there, and still on the newest."""
    rows = three.verdicts
    about_a = rows[rows["scenario"] == "global-delete-nil"]
    at_home = about_a[(about_a["go_version"] == "1.14.15") & (about_a["in_scope"] == "True")]
    held = set(at_home[at_home["verdict"] == "reproduced"]["claim"])
    newest = about_a[about_a["go_version"] == "1.27.4"].set_index("claim")["verdict"]
    assert report.headlines[0] == Headline(
        run="", about="A", scenario="", release="1.14", claims=len(at_home), reproduced=len(held),
        documented=0, newest="1.27", still=sum(newest[claim] == "reproduced" for claim in held),
    )  # fmt: skip
    assert 0 < report.headlines[0].still < report.headlines[0].reproduced


def test_a_headline_about_one_release_does_not_look_further(three: Tables) -> None:
    """There is nothing newer to compare with."""
    one = replace(
        three,
        measurements=three.measurements[three.measurements["go_version"] == "1.14.15"],
        verdicts=three.verdicts[three.verdicts["go_version"] == "1.14.15"],
    )
    assert {each.newest for each in contents.report([run(one)]).headlines} == {""}


def test_a_documented_deviation_is_counted_apart() -> None:
    """It is neither reproduced nor a failure."""
    found = contents.report([run(results.read(EIGHT))])
    rows = results.read(EIGHT).verdicts
    told = rows[
        (rows["go_version"] == str(found.home))
        & (rows["in_scope"] == "True")
        & rows["reason"].str.startswith(results.DOCUMENTED)
    ]
    assert len(told) > 0
    assert sum(one.documented for one in found.headlines) == len(told)


def test_the_page_opens_with_the_release_that_was_claimed_about(report: contents.Report) -> None:
    """Write-up A names Go 1.14; nothing of it was claimed for 1.20 alone."""
    assert report.home == GO_1_14
    assert report.versions == (GO_1_14, GO_1_20, GO_1_27)
    assert [report.names[one] for one in report.versions] == ["1.14", "1.20", "1.27"]


def test_a_run_that_measured_nothing_is_no_page(three: Tables) -> None:
    """It was interrupted at once."""
    empty = replace(three, measurements=three.measurements[:0], verdicts=three.verdicts[:0])
    with pytest.raises(UsageError, match="Nothing was measured"):
        contents.report([run(empty)])


# --- a scenario --------------------------------------------------------------


def test_printed_and_measured_figures_stand_beside_each_other(report: contents.Report) -> None:
    """As the write-up prints them, and as the repetitions measured them, in bytes."""
    figures = section(report, "grow-delete").figures
    assert figures
    assert figures.printed["Alloc"] == (0, 461, 293)
    assert figures.snapshots == ("empty", "filled", "deleted")
    alloc = figures.measured[0, GO_1_14]["Alloc"]
    assert [contents.shown(one, "Alloc", figures.unit)[0] for one in alloc] == ["0", "461", "293"]
    assert all(one.low <= one.median <= one.high for one in alloc)
    assert "RSS" in figures.measured[0, GO_1_14]


@pytest.mark.parametrize(
    ("spread", "name", "told"),
    [
        (Spread(483_808_952, 483_700_000, 483_900_000), "Alloc", ("461", "0.2")),
        (Spread(3, 3, 5), "NumGC", ("3", "2")),
        (Spread(1 << 20, 1 << 20, 1 << 20), "Sys", ("1", "0")),
    ],
)
def test_a_size_is_cut_as_programs_cut_it_and_a_count_is_left(
    spread: Spread, name: str, told: tuple[str, str]
) -> None:
    """461.4 MB are printed as 461; a number of collections has no unit."""
    assert contents.shown(spread, name, "MB") == told


def test_a_scenario_without_claims_is_shown_too(three: Tables) -> None:
    """A program of one's own has figures and a source, and nothing was claimed."""
    found = contents.report([run(without(three, scenario="presized"))])
    presized = section(found, "presized")
    assert presized.claims == ()
    assert presized.figures
    assert presized.title == "An empty map made with room for a million entries"


def test_a_failed_cell_says_why(three: Tables) -> None:
    """The page has no figures of it, and the reason instead."""
    rows = three.measurements.copy()
    here = (rows["scenario"] == "presized") & (rows["go_version"] == "1.20.14")
    rows.loc[here, "status"] = "failed: it ended with exit code 2"
    presized = section(contents.report([run(replace(three, measurements=rows))]), "presized")
    assert presized.troubles == {(0, GO_1_20): "failed: it ended with exit code 2"}
    assert presized.figures
    assert (0, GO_1_20) not in presized.figures.measured


@pytest.mark.parametrize(
    ("name", "anchor"), [("my-map", "s-my-map"), ('"><b>', "scenario.1"), ("a b", "scenario.1")]
)
def test_an_anchor_holds_nothing_but_a_name(three: Tables, name: str, anchor: str) -> None:
    """Whatever a table calls a scenario."""
    rows = three.measurements[three.measurements["scenario"] == "presized"].assign(scenario=name)
    changed = replace(three, measurements=rows, verdicts=three.verdicts[:0])
    (only,) = contents.report([run(changed)]).sections
    assert only.anchor == anchor


# --- several runs ------------------------------------------------------------


def changed_figure(tables: Tables, measured: str, spread: str = "0") -> Tables:
    """Change what one claim measured on Go 1.20, and nothing else."""
    rows = tables.verdicts.copy()
    here = (rows["claim"] == "alloc-deleted") & (rows["go_version"] == "1.20.14")
    rows.loc[here & (rows["scenario"] == "grow-delete"), ["measured", "spread"]] = [
        measured,
        spread,
    ]
    return replace(tables, verdicts=rows)


@pytest.mark.parametrize(("measured", "differences"), [("293", 0), ("294", 0), ("250", 1)])
def test_runs_differ_by_more_than_tolerance_and_spread(
    three: Tables, measured: str, differences: int
) -> None:
    """293 MB and 294 MB are the same where 1 MB is tolerated."""
    found = contents.report([run(three, "a"), run(changed_figure(three, measured), "b")])
    assert len(found.differences) == differences
    assert found.common == len(three.verdicts)
    for one in found.differences:
        assert (one.section.scenario, one.claim, one.version) == (
            "grow-delete", "alloc-deleted", GO_1_20,
        )  # fmt: skip


def test_what_only_one_run_has_is_no_difference(three: Tables) -> None:
    """There is nothing to compare with."""
    less = without(three, go_version="1.27.4")
    less = replace(
        less, measurements=less.measurements[less.measurements["go_version"] != "1.27.4"]
    )
    found = contents.report([run(less, "a"), run(three, "b")])
    assert found.differences == ()
    assert GO_1_27 in found.versions
    assert [one.run for one in found.headlines] == ["a", "a", "b", "b"]


def test_all_of_the_provenance_is_there_and_what_differs_is_marked(three: Tables) -> None:
    """Every line of run.json, nested ones by their path."""
    other = replace(three, run={**three.run, "engine": "docker"})
    found = contents.report([run(three, "a"), run(other, "b")])
    origins = {one.name: one for one in found.origins}
    assert origins["engine"].values == ("local", "docker")
    assert [one.name for one in found.origins if one.differs] == ["engine"]
    assert origins["host kernel"].values[0] == three.run["host"]["kernel"]
    assert origins["environment go GOENV"].values[0] == "off"
    sums = {one.name: one.values[0] for one in found.toolchains}
    assert sums["go1.14.15 toolchain_sum"].startswith("h1:")
