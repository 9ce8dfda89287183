"""Where a claim changes, in words: on readings made by hand and on a real run of eight releases."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from harness import changes, results
from harness.changes import Group, Line, Namer, Reading, describe
from harness.results import COLUMNS, Tables
from harness.toolchains import GoVersion

RUN = Path(__file__).parent.parent / "captures" / "runs" / "eight-releases"


def reading(go: str, **fields: object) -> Reading:
    """Make a reading of a reproduced claim, with some fields set."""
    about = {"verdict": "reproduced", "in_scope": True, **fields}
    return Reading(GoVersion.parse(go), **about)  # type: ignore[arg-type]


def size(go: str, low: float, high: float | None = None, tolerance: float = 1) -> Reading:
    """Make a reading of a size in MB, measured between two figures."""
    high = low if high is None else high
    return reading(
        go, expected="293", measured=f"{(low + high) / 2:g}", unit="MB", tolerance=tolerance,
        low=low, high=high,
    )  # fmt: skip


def kept(go: str, verdict: str = "reproduced", expected: str = ">= 0.9") -> Reading:
    """Make a reading of a claim that memory is kept."""
    return reading(go, verdict=verdict, expected=expected, measured="0.5", unit="ratio")


def call(go: str, verdict: str = "reproduced", expected: str = "CALL runtime.f") -> Reading:
    """Make a reading of a claim about the listing."""
    return reading(go, verdict=verdict, expected=expected, measured="1 found")


def sequence(go: str, measured: str) -> Reading:
    """Make a reading of a claim about numbers in a row."""
    return reading(go, expected="0, 1", measured=measured, unit="count", tolerance=0)


def say(*readings: Reading) -> tuple[str, bool]:
    """Describe readings as a run does that holds these releases."""
    return describe(readings, Namer(tuple(one.version for one in readings)))


NOT, UNCLEAR = "not reproduced", "inconclusive"


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ([size("1.4.3", 293), size("1.9.7", 293)], "293 MB"),
        ([size("1.4.3", 293), size("1.9.7", 294)], "293-294 MB"),
        ([size("1.4.3", 281), size("1.9.7", 293)], "281 MB, 293 MB from 1.9"),
        (
            [size("1.4.3", 281), size("1.9.7", 293), size("1.24.13", 281)],
            "281 MB, 293 MB from 1.9, 281 MB again from 1.24",
        ),
        (
            [size("1.9.7", 461), size("1.24.13", 290, 340), size("1.25.14", 345, 375)],
            "461 MB, 290-375 MB from 1.24 (differs from run to run)",
        ),
        (
            [size("1.23.12", 293), size("1.24.13", 287), size("1.24.13+noswissmap", 293)],
            "293 MB, 287 MB from 1.24, with noswissmap 293 MB again",
        ),
        (
            [size("1.3.3", 39), size("1.4.3", 36), size("1.9.7", 38), size("1.24.13", 36)],
            "39 MB, 36 MB from 1.4, 38 MB from 1.9, 36 MB again from 1.24",
        ),
        ([size("1.24.13", 287), size("1.24.13+noswissmap", 293)], "287 MB, with noswissmap 293 MB"),
        ([size("1.24.13", 287), size("1.24.13+noswissmap", 288)], "287 MB"),
        ([size("1.24.13+noswissmap", 293)], "with noswissmap 293 MB"),
        (
            [
                size("1.23.12", 293), size("1.24.13", 287), size("1.24.13+noswissmap", 293),
                size("1.25.14+noswissmap", 300),
            ],
            ("293 MB, 287 MB from 1.24, with noswissmap 293 MB again on 1.24, "
            "with noswissmap 300 MB on 1.25"),
        ),
        ([kept("1.4.3"), kept("1.9.7")], "kept"),
        ([kept("1.4.3", NOT), kept("1.9.7", NOT)], "not kept"),
        ([kept("1.2.2", NOT, "<= 0.1"), kept("1.4.3", expected="<= 0.1")], "released from 1.4"),
        ([kept("1.4.3"), kept("1.9.7", NOT)], "kept, not from 1.9"),
        (
            [kept("1.4.3"), kept("1.9.7", NOT), kept("1.24.13")],
            "kept, not from 1.9, kept again from 1.24",
        ),
        (
            [kept("1.4.3", expected="equals 1"), kept("1.9.7", NOT, "equals 1")],
            "holds, not from 1.9",
        ),
        ([kept("1.4.3", NOT, "at most 0.5")], "does not hold"),
        (
            [kept("1.23.12"), kept("1.24.13", NOT), kept("1.24.13+noswissmap")],
            "kept, not from 1.24, with noswissmap kept again",
        ),
        ([call("1.4.3", NOT), call("1.9.7")], "CALL f from 1.9"),
        (
            [call("1.4.3", NOT), call("1.10.8"), call("1.21.13", NOT)],
            "CALL f from 1.10, none from 1.21",
        ),
        ([call("1.4.3", NOT)], "no CALL f"),
        (
            [call("1.4.3", expected="no nil store of m"), call("1.9.7", NOT, "no nil store of m")],
            "no nil store of m, nil store of m from 1.9",
        ),
        ([sequence("1.4.3", "1, 3"), sequence("1.9.7", "0, 1")], "1 3, 0 1 from 1.9"),
        ([sequence("1.4.3", "1, 2, 3, 4, 5, 6, 7")], "1 2 3 ... 7"),
        ([], ""),
    ],
)  # fmt: skip
def test_words(readings: list[Reading], words: str) -> None:
    """Figures, statements and sequences have their own words, with and without an experiment."""
    assert say(*readings)[0] == words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (size("1.4.3", 293), size("1.9.7", 294), True),
        (size("1.4.3", 293), size("1.9.7", 294.5), False),
        (size("1.4.3", 290, 340), size("1.9.7", 330, 375), True),
        (size("1.4.3", 290, 340), size("1.9.7", 370, 410), True),
        (size("1.4.3", 290, 340), size("1.9.7", 400, 450), False),
        (size("1.4.3", 376), size("1.9.7", 290, 375), True),
        (size("1.4.3", 377), size("1.9.7", 290, 375), False),
    ],
)
def test_what_counts_as_the_same(one: Reading, other: Reading, same: bool) -> None:  # noqa: FBT001
    """What the repetitions span may be apart by the tolerance, or where both vary by that."""
    assert describe([one, other])[1] is not same
    swapped = [replace(other, version=one.version), replace(one, version=other.version)]
    assert describe(swapped)[1] is not same


def test_a_slow_drift_is_a_change() -> None:
    """Every neighbour is within the tolerance, and the last is not within that of the first."""
    drift = [size(f"1.{minor}.1", 280 + minor) for minor in range(5, 9)]
    assert say(*drift) == ("285-286 MB, 287-288 MB from 1.7", True)


@pytest.mark.parametrize("verdict", ["not applicable", "not available", UNCLEAR])
def test_what_could_not_be_decided_is_no_change(verdict: str) -> None:
    """Neither a hole between releases that agree, nor one at the end."""
    hole = reading("1.5.4", verdict=verdict)
    end = replace(hole, version=GoVersion.parse("1.26.1"))
    for low, high in [(size("1.4.3", 293), size("1.9.7", 293)), (kept("1.4.3"), kept("1.9.7"))]:
        assert say(low, hole, high, end) == say(low, high)
        assert describe([low, hole, high, end])[1] is False


def test_figures_count_even_where_the_repetitions_disagree() -> None:
    """An undecided verdict on a measured figure leaves the figure measured."""
    unclear = replace(size("1.24.13", 290, 375), verdict=UNCLEAR)
    assert say(size("1.23.12", 461), unclear) == (
        "461 MB, 290-375 MB from 1.24 (differs from run to run)",
        True,
    )


def test_the_order_of_readings_does_not_matter() -> None:
    """The words go by releases, not by the order of rows."""
    readings = [size("1.10.8", 293), size("1.9.7", 281), size("1.24.13", 287)]
    said = {say(*order)[0] for order in itertools.permutations(readings)}
    assert said == {"281 MB, 293 MB from 1.10, 287 MB from 1.24"}


# --- tables made by hand -----------------------------------------------------


def tables(
    cells: dict[tuple[str, str], str], verdicts: list[dict[str, object]], **run: object
) -> Tables:
    """Make a run's tables: how each cell (release, scenario) ended, and its verdicts."""
    rows = {
        "measurements": [
            {**_version(go), "scenario": scenario, "status": status}
            for (go, scenario), status in cells.items()
        ],
        "verdicts": verdicts,
        "assembly": [],
        "values": [],
    }
    frames = {
        name: pd.DataFrame(rows[name], columns=list(columns)) for name, columns in COLUMNS.items()
    }
    frames["verdicts"] = frames["verdicts"].fillna("")
    return Tables(Path("run"), run, **frames)


def _version(go: str) -> dict[str, object]:
    release, _, experiment = go.partition("+")
    return {"go_version": release, "go_experiment": experiment}


def verdict(
    go: str, scenario: str = "own", claim: str = "size", **fields: object
) -> dict[str, object]:
    """Make a row of verdicts.csv about 293 MB."""
    return {
        **_version(go), "scenario": scenario, "claim": claim, "in_scope": True, "expected": "293",
        "measured": "293", "unit": "MB", "tolerance": "1", "spread": "0", "verdict": "reproduced",
        "reason": "", **fields,
    }  # fmt: skip


def no_verdict(go: str, kind: str, reason: str, **fields: object) -> dict[str, object]:
    """Make a row about a claim that could not be decided."""
    nothing = {"expected": "", "measured": "", "unit": "", "tolerance": "", "spread": ""}
    return verdict(go, **{**nothing, "verdict": kind, "reason": reason, **fields})  # type: ignore[arg-type]


def only(tables: Tables) -> tuple[Group, Line]:
    """Return the one scenario and its first claim."""
    (group,) = changes.matrix(tables).groups
    return group, group.lines[0]


def test_a_run_without_its_manifest_is_shown_by_the_tables_alone() -> None:
    """A user's own scenario has no title and no sentences, but words and verdicts."""
    run = tables(
        {("1.4.3", "own"): "ok", ("1.9.7", "own"): "ok"},
        [verdict("1.4.3"), verdict("1.9.7", measured="287", spread="0.5", verdict=NOT)],
    )
    group, line = only(run)
    assert (group.title, group.write_up, line.says) == ("", "", "")
    assert line.words == "293 MB, 287 MB from 1.9"
    assert [one.verdict for one in line.readings.values()] == ["reproduced", NOT]


def test_a_run_that_keeps_its_manifest_says_what_is_claimed() -> None:
    """A user's own scenario has its title and sentences, and beside a shipped one it comes last."""
    claim = {"id": "size", "kind": "figure", "says": "It takes 293 MB.", "go": "1.14..",
             "at": "end", "printed": 293, "unit": "MB"}  # fmt: skip
    manifest = {"title": "My map", "shows": "It is big.", "program": "a.go", "claims": [claim]}
    run = tables(
        {("1.14.15", "own"): "ok", ("1.14.15", "grow-delete"): "ok"},
        [verdict("1.14.15"), verdict("1.14.15", "grow-delete", "alloc-deleted")],
        scenarios={"own": manifest},
    )
    shipped, own = changes.matrix(run).groups
    assert shipped.title == "A map of 128-byte values, grown to a million entries and emptied"
    assert (own.title, own.lines[0].says) == ("My map", "It takes 293 MB.")


def test_what_holds_for_all_claims_of_a_scenario_is_said_once() -> None:
    """The reason names no release, so that neighbours share it."""
    reason = "the program looks into the classic map, and Go {} has the swiss map"
    rows = [
        no_verdict(go, "not applicable", reason.format(go), claim=claim)
        for go in ("1.24.13", "1.27.4")
        for claim in ("size", "other")
    ]
    rows += [verdict("1.9.7"), verdict("1.9.7", claim="other")]
    group, line = only(tables({(go, "own"): "ok" for go in ("1.9.7", "1.24.13", "1.27.4")}, rows))
    assert group.notes == (
        (
            "not applicable from 1.24 (the program looks into the classic map, "
            "and this Go has the swiss map)"
        ),
    )
    assert line.notes == ()
    assert not line.changes


def test_what_holds_for_one_claim_is_said_with_it() -> None:
    """Other claims of the scenario were decided there."""
    rows = [
        verdict("1.4.3"), verdict("1.4.3", claim="other"), verdict("1.9.7", claim="other"),
        no_verdict("1.9.7", UNCLEAR, "the repetitions disagree: 1 of 3 (1, 2, 3)"),
    ]  # fmt: skip
    group, line = only(tables({("1.4.3", "own"): "ok", ("1.9.7", "own"): "ok"}, rows))
    assert group.notes == ()
    assert line.notes == ("inconclusive on 1.9 (the repetitions disagree)",)
    assert group.lines[1].notes == ()


def test_a_release_that_could_not_be_had_is_said_once() -> None:
    """It has no verdicts; its column says so, and no claim changes there."""
    failed = "failed: The module proxy does not have go1.3.3 (403)."
    cells = {
        (go, name): failed if go == "1.3.3" else "ok"
        for go in ("1.2.2", "1.3.3", "1.4.3")
        for name in ("own", "other")
    }
    rows = [verdict(go, name) for go in ("1.2.2", "1.4.3") for name in ("own", "other")]
    matrix = changes.matrix(tables(cells, rows))
    assert matrix.notes == ("not available on 1.3 (The module proxy does not have this Go (403))",)
    for group in matrix.groups:
        assert group.notes == group.lines[0].notes == ()
        assert [one.verdict for one in group.lines[0].readings.values()].count("not available") == 1
        assert not group.lines[0].changes


def test_one_cell_that_failed_for_us_is_said_with_its_scenario() -> None:
    """The release itself was there: other scenarios were measured on it."""
    cells = {("1.4.3", "own"): "failed: no disk", ("1.4.3", "other"): "ok", ("1.9.7", "own"): "ok"}
    matrix = changes.matrix(tables(cells, [verdict("1.9.7"), verdict("1.4.3", "other")]))
    notes = {group.scenario: group.notes for group in matrix.groups}
    assert notes["own"] == ("not available before 1.9 (no disk)",)
    assert notes["other"] == ()
    assert not [note for note in matrix.notes if "not available" in note]


def test_a_documented_deviation_is_known_as_one() -> None:
    """The reason in the table begins with the words that the table was written with."""
    why = f"{results.DOCUMENTED}The figure is that of 129 bytes. Alloc is 182"
    rows = [verdict("1.4.3", verdict=NOT, reason=why), verdict("1.9.7", verdict=NOT)]
    _, line = only(tables({("1.4.3", "own"): "ok", ("1.9.7", "own"): "ok"}, rows))
    assert [one.documented for one in line.readings.values()] == [True, False]


def test_releases_are_named_as_shortly_as_can_be_understood() -> None:
    """A second release of a series makes both be named in full."""
    cells = {(go, "own"): "ok" for go in ("1.14.1", "1.14.15", "1.15.15")}
    sizes = {"1.14.1": "280", "1.14.15": "293", "1.15.15": "300"}
    _, line = only(tables(cells, [verdict(go, measured=mb) for go, mb in sizes.items()]))
    assert line.words == "280 MB, 293 MB from 1.14.15, 300 MB from 1.15"


def test_a_series_that_was_not_measured_is_named() -> None:
    """A change may have come with any release between two that were measured."""
    matrix = changes.matrix(
        tables(
            {(go, "own"): "ok" for go in ("1.4.3", "1.7.6", "1.9.7", "1.13.15")},
            [verdict("1.4.3")],
        )
    )
    assert matrix.notes[-1].startswith("not in this run: 1.5, 1.6, 1.8, 1.10 to 1.12; a change is")


def test_gaps_of_a_merged_run_are_told() -> None:
    """Their number, and the first of them."""
    gaps = [f"own-go1.{minor}.1-linux-amd64" for minor in range(5, 10)]
    matrix = changes.matrix(tables({("1.4.3", "own"): "ok"}, [verdict("1.4.3")], gaps=gaps))
    assert matrix.notes == (
        (
            "not measured: 5 cells of the plan (own-go1.5.1-linux-amd64, own-go1.6.1-linux-amd64, "
            "own-go1.7.1-linux-amd64, ...)"
        ),
    )


def test_shipped_scenarios_come_first_in_the_order_of_the_write_ups() -> None:
    """Then those of the run, in its own order."""
    names = ["zebra", "grow-delete", "aardvark", "global-delete"]
    cells = {("1.4.3", name): "ok" for name in names}
    matrix = changes.matrix(tables(cells, [verdict("1.4.3", name) for name in names]))
    found = [group.scenario for group in matrix.groups]
    assert found == ["global-delete", "grow-delete", "zebra", "aardvark"]


@pytest.mark.parametrize("cells", [{}, {("1.4.3", "own"): "ok", ("1.28.1", "own"): "ok"}])
def test_a_run_without_verdicts_has_releases_alone(cells: dict[tuple[str, str], str]) -> None:
    """Also on a release that no catalogue has."""
    matrix = changes.matrix(tables(cells, []))
    assert (len(matrix.versions), matrix.groups) == (len(cells), ())
    assert matrix.notes == ()


# --- a real run --------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Tables:
    """Return the tables of a real run on eight releases, one of them with noswissmap."""
    return results.read(RUN)


def words(tables: Tables) -> dict[tuple[str, str], str]:
    """Return what is said of every claim."""
    return {
        (group.scenario, line.claim): line.words
        for group in changes.matrix(tables).groups
        for line in group.lines
    }


@pytest.fixture(scope="module")
def real_words(real: Tables) -> dict[tuple[str, str], str]:
    """Return what is said of every claim of the real run."""
    return words(real)


@pytest.mark.parametrize(
    ("scenario", "claim", "said"),
    [
        ("local-delete", "released-after-last-use", "released from 1.4"),
        ("global-delete", "kept-after-delete", "kept"),
        ("global-delete-nil", "released-by-nil", "released"),
        ("global-delete", "delete-calls-mapdelete", "CALL mapdelete_fast64 from 1.9"),
        (
            "global-delete-nil",
            "nil-store-is-xorl",
            "nil store of main.intMap through XORL from 1.14, none from 1.23",
        ),
        (
            "grow-delete",
            "alloc-deleted",
            "280-281 MB, 293 MB from 1.9, 287 MB from 1.24, with noswissmap 293 MB again",
        ),
        (
            "grow-delete",
            "alloc-filled",
            (
                "448-518 MB (differs from run to run), 461 MB from 1.9, "
                "306-373 MB from 1.24 (differs from run to run), with noswissmap 461 MB again"
            ),
        ),
        (
            "grow-gc-delete",
            "garbage-of-growth",
            "holds, not from 1.24, with noswissmap holds again",
        ),
        ("bucket-growth", "b-rises-to-18", "1 2 3 ... 18"),
        ("global-delete", "num-gc", "1 3 4 5, 0 1 2 3 from 1.9"),
    ],
)
def test_what_is_said_of_a_real_run(
    real_words: dict[tuple[str, str], str], scenario: str, claim: str, said: str
) -> None:
    """The known turns of both write-ups come out of a run's tables."""
    assert real_words[scenario, claim] == said


def test_the_ends_of_a_range_were_measured(real: Tables) -> None:
    """The range is that of the repetitions, not a guess from median and spread."""
    rows = real.measurements
    mine = rows[(rows.scenario == "grow-delete") & (rows.snapshot == "filled")]
    swiss = mine[mine.go_version.isin(["1.24.13", "1.27.4"])]["alloc"] // (1 << 20)
    assert (swiss.min(), swiss.max()) == (306, 373)


def test_it_is_told_how_a_run_was_measured(real: Tables) -> None:
    """What moves the figures stands beside them."""
    assert changes.matrix(real).about == (
        "linux/amd64, engine local, 3 runs of each program, GOMAXPROCS 4, goclaim 0.1.0, started "
        "2026-11-21T11-31-50Z, made with goclaim run --engine local "
        "--go 1.2,1.4,1.9,1.14,1.23,1.24,1.25+noswissmap,1.27 --out results/eight-releases"
    )


def test_every_cell_of_a_real_run_is_there(real: Tables) -> None:
    """Each claim has a verdict on each of the eight releases, of those that the tables hold."""
    matrix = changes.matrix(real)
    assert [str(one) for one in matrix.versions] == [
        "1.2.2", "1.4.3", "1.9.7", "1.14.15", "1.23.12", "1.24.13", "1.25.14+noswissmap", "1.27.4",
    ]  # fmt: skip
    lines = [line for group in matrix.groups for line in group.lines]
    assert all(tuple(sorted(line.readings)) == matrix.versions for line in lines)
    assert sum(len(line.readings) for line in lines) == len(real.verdicts)
    assert {line.says for line in lines if not line.says} == set()


def test_the_order_of_rows_does_not_change_a_word(real: Tables) -> None:
    """Runs that were joined in another order read the same."""
    order = list(range(len(real.verdicts)))
    random.Random(1).shuffle(order)  # noqa: S311  not for secrets
    shuffled = replace(
        real,
        verdicts=real.verdicts.iloc[order],
        measurements=pd.concat([real.measurements[600:], real.measurements[:600]]),
    )
    assert words(shuffled) == words(real)
