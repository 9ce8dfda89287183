"""Every kind of claim: where it holds, where it does not, and where nothing can be said."""

from __future__ import annotations

import lzma
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harness.assembly import Facts, NilStore, facts
from harness.claims import (
    CallClaim,
    Claim,
    NilStoreClaim,
    Verdict,
    claims_in_comments,
    judge,
)
from harness.memstats import Output, Snapshot
from harness.observations import Cell, Observations, Repetition
from harness.toolchains import GoVersion, parse_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

TESTS = Path(__file__).parent.parent
GO114 = GoVersion(14, 15)
KIB, MIB = 1 << 10, 1 << 20
CLAIM: TypeAdapter[Any] = TypeAdapter(Claim)


def claim(kind: str, **fields: object) -> Any:  # noqa: ANN401  any of the kinds
    """Make a claim as a manifest would."""
    return CLAIM.validate_python(
        {"id": "it", "says": "So it is.", "go": "1.14", "kind": kind, **fields}
    )


def run(**snapshots: int | Mapping[str, int]) -> Repetition:
    """Make a repetition that printed snapshots: Alloc alone, or several fields."""
    taken = tuple(
        Snapshot(name, {"Alloc": stats} if isinstance(stats, int) else stats)
        for name, stats in snapshots.items()
    )
    return Repetition(1, Output(taken, {}, "tagged"))


def saying(name: str, *numbers: int) -> Repetition:
    """Make a repetition that printed a snapshot and some numbers."""
    return Repetition(1, Output((Snapshot("end", {"Alloc": 1}),), {name: numbers}, "tagged"))


def observed(*runs: Repetition, version: GoVersion = GO114, **more: Any) -> Observations:  # noqa: ANN401
    """Make the observations of one cell."""
    numbered = tuple(replace(one, number=number) for number, one in enumerate(runs, start=1))
    return Observations(Cell("own", version, "linux", "amd64"), repetitions=numbered, **more)


def alone(one: Any, *runs: Repetition, **more: Any) -> Verdict:  # noqa: ANN401
    """Judge a claim on a cell that stands alone."""
    return judge(one, observed(*runs, **more), {})


# --- kept and released -------------------------------------------------------

GROWN = {"grown": ["start", "filled"], "at": "end"}


@pytest.mark.parametrize(
    ("kind", "end", "result"),
    [
        ("kept", 1000, "reproduced"),
        ("kept", 1001, "reproduced"),
        ("kept", 999, "not reproduced"),
        ("kept", 100, "not reproduced"),
        ("kept", 1500, "reproduced"),
        ("released", 100, "reproduced"),
        ("released", 199, "reproduced"),
        ("released", 201, "not reproduced"),
        ("released", 50, "reproduced"),
        ("released", 1000, "not reproduced"),
    ],
)
def test_a_share_of_the_growth_is_kept_or_released(kind: str, end: int, result: str) -> None:
    """Kept is 90 % of the growth or more, released 10 % or less; the heap before counts nothing."""
    verdict = alone(claim(kind, **GROWN), run(start=100, filled=1100, end=end))
    assert verdict.result == result
    assert verdict.measured == f"{(end - 100) / 1000:.3f}"
    assert verdict.unit == "ratio"
    assert verdict.expected == (">= 0.9" if kind == "kept" else "<= 0.1")


def test_the_share_is_the_claim_s_own() -> None:
    """A manifest may ask for less to be kept, or for more to be gone."""
    half = run(start=0, filled=1000, end=500)
    assert alone(claim("kept", share=0.5, **GROWN), half).result == "reproduced"
    assert alone(claim("released", share=0.5, **GROWN), half).result == "reproduced"
    assert alone(claim("released", share=0.4, **GROWN), half).result == "not reproduced"


def test_the_reason_names_growth_and_snapshots() -> None:
    """A reader sees what the share is a share of."""
    verdict = alone(claim("kept", **GROWN), run(start=0, filled=304 * KIB, end=152 * KIB))
    assert verdict.reason == (
        "50.0% of the 304 KiB that Alloc grew from start to filled is there at end"
    )


@pytest.mark.parametrize("filled", [100, 99])
def test_without_growth_nothing_is_kept_or_released(filled: int) -> None:
    """A program that did not grow shows neither."""
    for kind in ("kept", "released"):
        verdict = alone(claim(kind, **GROWN), run(start=100, filled=filled, end=100))
        assert verdict.result == "inconclusive"
        assert verdict.reason == "Alloc did not grow from start to filled"


def test_another_field_than_alloc_can_be_claimed() -> None:
    """`field` is any field of MemStats."""
    stats = [{"Alloc": 1, "HeapInuse": size} for size in (0, 1000, 990)]
    kept = claim("kept", field="HeapInuse", **GROWN)
    result = alone(kept, run(start=stats[0], filled=stats[1], end=stats[2]))
    assert (result.result, result.measured) == ("reproduced", "0.990")


# --- figures -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "unit", "measured"),
    [
        (461 * MIB, "MB", "461"),
        (462 * MIB - 1, "MB", "461"),
        (472 * KIB - 1, "KiB", "471"),
        (471 * KIB, "KiB", "471"),
        (12345, "bytes", "12345"),
    ],
)
def test_a_size_is_truncated_as_the_program_does_before_it_is_compared(
    size: int, unit: str, measured: str
) -> None:
    """461.99 MB is printed as 461 MB: the printed figure has no fraction to compare with."""
    figure = claim("figure", at="end", printed=int(measured), unit=unit)
    verdict = alone(figure, run(end=size))
    assert (verdict.result, verdict.measured, verdict.expected) == (
        "reproduced", measured, measured,
    )  # fmt: skip
    assert (verdict.unit, verdict.tolerance, verdict.spread) == (unit, "0", "0")


def test_a_growth_is_not_truncated() -> None:
    """The difference of two printed figures may be one off: growths are compared as they are."""
    figure = claim("figure", at="end", since="start", printed=1.5, unit="KiB")
    verdict = alone(figure, run(start=KIB, end=KIB + 1536))
    assert (verdict.result, verdict.measured) == ("reproduced", "1.50")


@pytest.mark.parametrize(
    ("tolerance", "size", "result"),
    [
        ({}, 99, "not reproduced"),
        ({}, 100, "reproduced"),
        ({"tolerance": 2}, 98, "reproduced"),
        ({"tolerance": 2}, 102, "reproduced"),
        ({"tolerance": 2}, 97, "not reproduced"),
        ({"tolerance": 2}, 103, "not reproduced"),
        ({"tolerance_percent": 5}, 95, "reproduced"),
        ({"tolerance_percent": 5}, 94, "not reproduced"),
        ({"tolerance": 1, "tolerance_percent": 5}, 95, "reproduced"),
        ({"tolerance": 6, "tolerance_percent": 5}, 94, "reproduced"),
    ],
)
def test_a_figure_may_be_off_by_its_tolerance(
    tolerance: dict[str, float], size: int, result: str
) -> None:
    """Either way, absolute or in percent, whichever allows more; without one it is exact."""
    figure = claim("figure", at="end", printed=100, unit="MB", **tolerance)
    assert alone(figure, run(end=size * MIB)).result == result


def test_the_reason_of_a_figure_has_both_numbers_and_what_is_allowed() -> None:
    """Evidence, not a bare verdict."""
    figure = claim("figure", at="end", since="start", printed=308, unit="KiB", tolerance_percent=5)
    verdict = alone(figure, run(start=0, end=304 * KIB))
    assert verdict.reason == (
        "Alloc at end since start is 304 where 308 is printed (-4.0, allowed 15.40 either way)"
    )
    assert (verdict.expected, verdict.measured, verdict.tolerance) == ("308", "304", "15.40")


def test_a_count_is_no_size() -> None:
    """NumGC is compared as it is."""
    figure = claim("figure", field="NumGC", at="end", printed=3, unit="count")
    assert alone(figure, run(end={"NumGC": 3})).result == "reproduced"
    assert alone(figure, run(end={"NumGC": 4})).result == "not reproduced"


def test_a_shrinkage_of_some_bytes_is_shown_as_zero() -> None:
    """There is no -0 KiB."""
    figure = claim("figure", at="end", since="start", printed=0, unit="KiB", tolerance=1)
    assert alone(figure, run(start=100, end=99)).measured == "0"


def test_a_ratio_of_two_snapshots() -> None:
    """`of` is what the figure is a ratio of."""
    figure = claim("figure", at="b", printed=1.57, unit="ratio", of={"at": "a"}, tolerance=0.01)
    verdict = alone(figure, run(a=293 * MIB, b=461 * MIB))
    assert (verdict.result, verdict.measured, verdict.unit) == ("reproduced", "1.57", "ratio")
    assert alone(figure, run(a=293 * MIB, b=293 * MIB)).result == "not reproduced"


def test_a_ratio_of_zero_says_nothing() -> None:
    """Dividing by nothing is no measurement."""
    figure = claim("figure", at="b", printed=1, unit="ratio", of={"at": "a"})
    verdict = alone(figure, run(a=0, b=1))
    assert (verdict.result, verdict.reason) == ("inconclusive", "Alloc at a is 0")


@pytest.mark.parametrize(("unit", "of"), [("ratio", None), ("MB", {"at": "a"})])
def test_only_a_ratio_has_another_side(unit: str, of: object) -> None:
    """A manifest that mixes them up is wrong."""
    with pytest.raises(ValidationError, match="unit ratio has `of`"):
        claim("figure", at="b", printed=1, unit=unit, of=of)


# --- sequences ---------------------------------------------------------------


def test_a_counter_over_the_snapshots() -> None:
    """NumGC 0, 1, 2, 3: exact, at every snapshot in order."""
    counts = {name: {"NumGC": number} for number, name in enumerate(["a", "b", "c"])}
    right = claim("sequence", field="NumGC", printed=[0, 1, 2])
    verdict = alone(right, run(**counts))
    assert (verdict.result, verdict.expected, verdict.measured, verdict.unit) == (
        "reproduced", "0, 1, 2", "0, 1, 2", "count",
    )  # fmt: skip
    for wrong in ([0, 1, 3], [0, 1], [0, 1, 2, 3], [2, 1, 0]):
        one = claim("sequence", field="NumGC", printed=wrong)
        assert alone(one, run(**counts)).result == "not reproduced"


def test_a_value_printed_many_times() -> None:
    """B rises one by one to 18, each as the program printed it."""
    rising = tuple(range(1, 19))
    one = claim("sequence", value="B", printed=rising)
    assert alone(one, saying("B", *rising)).result == "reproduced"
    assert alone(one, saying("B", *rising[:-1])).result == "not reproduced"
    nothing = alone(one, saying("insert", *rising))
    assert (nothing.result, nothing.reason) == ("inconclusive", "the program printed no B")


@pytest.mark.parametrize("source", [{}, {"field": "NumGC", "value": "B"}])
def test_a_sequence_needs_one_source(source: dict[str, str]) -> None:
    """Neither and both are wrong."""
    with pytest.raises(ValidationError, match="either `field`"):
        claim("sequence", printed=[1], **source)


# --- bounds ------------------------------------------------------------------

DOUBLINGS = {"value": "insert", "at_least": [9, 897, 1344], "at_most": [9, 897, 1793]}


@pytest.mark.parametrize(
    ("inserts", "result", "reason"),
    [
        ((9, 897, 1764), "reproduced", "insert is 9, 897, 1764"),
        ((9, 897, 1344), "reproduced", "insert is 9, 897, 1344"),
        ((9, 897, 1793), "reproduced", "insert is 9, 897, 1793"),
        ((9, 897, 1343), "not reproduced", "insert is 9, 897, 1343; outside its ends: 1343"),
        ((9, 898, 1794), "not reproduced", "insert is 9, 898, 1794; outside its ends: 898, 1794"),
        ((9, 897), "not reproduced", "insert is 9, 897; 3 numbers are claimed"),
        ((9, 897, 1764, 3480), "not reproduced", None),
    ],
)
def test_numbers_lie_between_their_own_two_ends(
    inserts: tuple[int, ...], result: str, reason: str | None
) -> None:
    """Both ends belong to it; a number too few or too many does not."""
    verdict = alone(claim("bounds", **DOUBLINGS), saying("insert", *inserts))
    assert verdict.result == result
    assert verdict.expected == "within 9, 897, 1344-1793"
    assert reason in {None, verdict.reason}


def test_bounds_without_numbers_are_inconclusive() -> None:
    """A program that prints something else says nothing about it."""
    verdict = alone(claim("bounds", **DOUBLINGS), saying("B", 1))
    assert (verdict.result, verdict.reason) == ("inconclusive", "the program printed no insert")


def test_repetitions_within_bounds_may_differ() -> None:
    """That chance moves the numbers is what the kind is for; one outside is not decided by two."""
    one = claim("bounds", **DOUBLINGS)
    within = [saying("insert", 9, 897, last) for last in (1731, 1764, 1791)]
    assert alone(one, *within).result == "reproduced"
    assert not alone(one, *within).disagree
    apart = alone(one, *within[:2], saying("insert", 9, 897, 1794))
    assert (apart.result, apart.disagree) == ("inconclusive", True)


@pytest.mark.parametrize("ends", [([1, 2], [1]), ([2], [1])])
def test_bounds_have_two_ends_each(ends: tuple[list[int], list[int]]) -> None:
    """A lower end without its upper one, or above it, is damaged."""
    with pytest.raises(ValidationError, match="the lower in `at_least`"):
        claim("bounds", value="insert", at_least=ends[0], at_most=ends[1])


# --- comparisons -------------------------------------------------------------


@pytest.mark.parametrize(
    ("relation", "left", "result"),
    [
        ("equals", 1000, "reproduced"),
        ("equals", 1009, "reproduced"),
        ("equals", 991, "reproduced"),
        ("equals", 1011, "not reproduced"),
        ("equals", 989, "not reproduced"),
        ("at most", 1, "reproduced"),
        ("at most", 1009, "reproduced"),
        ("at most", 1011, "not reproduced"),
        ("at least", 5000, "reproduced"),
        ("at least", 991, "reproduced"),
        ("at least", 989, "not reproduced"),
    ],
)
def test_one_quantity_against_another(relation: str, left: int, result: str) -> None:
    """Equal, at most or at least, each within the tolerance."""
    one = claim(
        "comparison", left={"at": "a"}, relation=relation, right={"at": "b"}, tolerance_percent=1
    )
    verdict = alone(one, run(a=left, b=1000))
    assert (verdict.result, verdict.measured) == (result, f"{left / 1000:.3f}")
    assert verdict.expected == f"{relation} 1"


def test_a_factor_scales_the_right_side() -> None:
    """Less than a fifth of the other."""
    one = claim("comparison", left={"at": "a"}, relation="at most", right={"at": "b"}, factor=0.2)
    assert alone(one, run(a=20, b=100)).result == "reproduced"
    assert alone(one, run(a=21, b=100)).result == "not reproduced"


OTHERS = claim(
    "comparison",
    left={"at": "a"},
    relation="equals",
    right={"at": "b", "scenario": "other"},
    tolerance_percent=1,
)


def test_another_scenario_is_taken_at_its_median() -> None:
    """One odd repetition of the other scenario does not move the comparison."""
    others = {"other": observed(run(b=100), run(b=900), run(b=101))}
    verdict = judge(OTHERS, observed(run(a=101)), others)
    assert (verdict.result, verdict.measured) == ("reproduced", "1.000")
    assert verdict.reason.startswith("Alloc at a is ")
    assert "Alloc at b of other is " in verdict.reason


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (None, "other was not measured in this run; add it to the command"),
        (observed(), "other: it was not run"),
        (observed(failure="no room"), "other: no room"),
        (observed(not_applicable="the program needs Go 1.9"), "other: the program needs Go 1.9"),
        (
            observed(run(b=1), replace(run(), failure="it crashed")),
            "other: repetition 2 of 2: it crashed",
        ),
        (observed(run(c=1)), "the program printed no snapshot 'b'"),
        (observed(run(b=0)), "Alloc at b of other is 0"),
    ],
)
def test_without_the_other_scenario_nothing_can_be_compared(
    other: Observations | None, reason: str
) -> None:
    """The verdict is inconclusive and says which scenario is to blame, and why."""
    verdict = judge(OTHERS, observed(run(a=1)), {"other": other} if other else {})
    assert (verdict.result, verdict.reason) == ("inconclusive", reason)


# --- repetitions -------------------------------------------------------------

FIGURE = claim("figure", at="end", printed=100, unit="MB", tolerance=2)


def sizes(*megabytes: int) -> list[Repetition]:
    """Make repetitions by Alloc at the end."""
    return [run(end=size * MIB) for size in megabytes]


def test_the_median_is_shown_with_the_spread() -> None:
    """Order of the repetitions does not matter."""
    for order in ([99, 100, 102], [102, 99, 100]):
        verdict = alone(FIGURE, *sizes(*order))
        assert (verdict.result, verdict.measured, verdict.spread) == ("reproduced", "100", "3")


def test_of_two_repetitions_the_lower_is_shown() -> None:
    """A figure that is shown was measured: there is no average of two runs."""
    assert alone(FIGURE, *sizes(102, 99)).measured == "99"


def test_one_outlier_does_not_decide() -> None:
    """Where the middle half lies within the tolerance the median counts; the odd one is told."""
    verdict = alone(FIGURE, *sizes(100, 103, 101))
    assert (verdict.result, verdict.disagree) == ("reproduced", True)
    assert verdict.reason == "2 of 3 repetitions are as claimed (100, 103, 101)"
    assert (verdict.measured, verdict.spread) == ("101", "3")
    outside = alone(FIGURE, *sizes(103, 103, 101))
    assert (outside.result, outside.disagree) == ("not reproduced", True)


def test_repetitions_that_lie_far_apart_are_inconclusive() -> None:
    """A spread wider than the tolerance is no basis for a verdict: every figure is listed."""
    verdict = alone(FIGURE, *sizes(100, 110, 90))
    assert (verdict.result, verdict.disagree) == ("inconclusive", True)
    assert verdict.reason == (
        "the repetitions disagree: 1 of 3 repetitions are as claimed (100, 110, 90)"
    )
    assert verdict.spread == "20"


def test_sequences_that_disagree_are_inconclusive() -> None:
    """Lists have no median."""
    one = claim("sequence", value="B", printed=[1, 2])
    verdict = alone(one, saying("B", 1, 2), saying("B", 1, 2), saying("B", 1, 3))
    assert (verdict.result, verdict.disagree, verdict.spread) == ("inconclusive", True, "")


def test_repetitions_that_all_fail_the_claim_are_a_verdict() -> None:
    """However far apart they are."""
    verdict = alone(FIGURE, *sizes(10, 500, 90))
    assert (verdict.result, verdict.disagree) == ("not reproduced", False)


def test_one_failed_repetition_is_inconclusive() -> None:
    """A crash of one of three is no basis for a verdict, and is named."""
    failed = Repetition(1, failure="it ended with exit code 2")
    verdict = alone(FIGURE, *sizes(100), failed, *sizes(100))
    assert verdict.result == "inconclusive"
    assert verdict.reason == "repetition 2 of 3: it ended with exit code 2"


def test_a_missing_snapshot_or_field_is_inconclusive() -> None:
    """The reason names what was to be there."""
    missing = alone(FIGURE, run(start=1))
    assert (missing.result, missing.reason) == (
        "inconclusive", "the program printed no snapshot 'end'",
    )  # fmt: skip
    field = alone(FIGURE, run(end={"Sys": 1}))
    assert (field.result, field.reason) == ("inconclusive", "this program prints no Alloc")


@pytest.mark.parametrize(
    ("more", "result", "reason"),
    [
        ({"failure": "it does not build: x"}, "inconclusive", "it does not build: x"),
        ({"not_applicable": "needs Go 1.9"}, "not applicable", "needs Go 1.9"),
        ({}, "inconclusive", "it was not run"),
    ],
)
def test_a_cell_without_runs_has_no_verdict_on_figures(
    more: dict[str, str], result: str, reason: str
) -> None:
    """What kept it from running is the reason of every claim on it."""
    for one in (FIGURE, claim("kept", **GROWN), OTHERS):
        verdict = alone(one, **more)
        assert (verdict.result, verdict.reason) == (result, reason)


# --- scope and documented deviations -----------------------------------------


@pytest.mark.parametrize(
    ("go", "version", "in_scope"),
    [("1.14", "1.14", True), ("1.14", "1.13", False), ("1.9..", "latest", True)],
)
def test_a_claim_is_in_scope_on_the_releases_it_was_made_for(
    go: str, version: str, *, in_scope: bool
) -> None:
    """Out of scope it is judged all the same, and fails nothing."""
    figure = claim("figure", go=go, at="end", printed=1, unit="MB")
    verdict = alone(figure, *sizes(2), version=parse_spec(version)[0])
    assert verdict.result == "not reproduced"
    assert verdict.in_scope is in_scope
    assert verdict.failed is in_scope


@pytest.mark.parametrize(
    ("size", "result", "known", "fails"),
    [(2, "not reproduced", "why", False), (1, "reproduced", "", False)],
)
def test_a_documented_deviation_is_told_and_does_not_fail(
    size: int, result: str, known: str, *, fails: bool
) -> None:
    """`known` goes along with a deviation, and with nothing else."""
    figure = claim("figure", at="end", printed=1, unit="MB", known="why")
    verdict = alone(figure, *sizes(size))
    assert (verdict.result, verdict.known, verdict.failed) == (result, known, fails)
    assert verdict.deviates_as_documented is (result == "not reproduced")


def test_an_undecided_claim_in_scope_fails_even_where_a_deviation_is_documented() -> None:
    """Not knowing is not the documented deviation."""
    figure = claim("figure", at="end", printed=1, unit="MB", known="why")
    verdict = alone(figure, *sizes(1, 2))
    assert verdict.disagree
    assert (verdict.result, verdict.known, verdict.failed) == ("inconclusive", "", True)


def test_what_does_not_apply_fails_nothing() -> None:
    """Even in scope."""
    assert not alone(FIGURE, not_applicable="needs the classic map").failed


def test_a_verdict_carries_its_claim() -> None:
    """The id and the sentence of the manifest."""
    verdict = alone(FIGURE, *sizes(100))
    assert (verdict.claim, verdict.says) == ("it", "So it is.")


# --- claims about the listing ------------------------------------------------


@cache
def listed(name: str, release: str) -> tuple[Facts, dict[str, tuple[str, ...]]]:
    """Return the facts of a captured listing and the source they are about."""
    text = lzma.decompress((TESTS / "captures" / "listings" / f"{name}.xz").read_bytes()).decode()
    pieces = re.split(r"^==== go(\S+) \S+\n", text, flags=re.MULTILINE)
    lines = dict(zip(pieces[1::2], pieces[2::2], strict=True))[release].splitlines(keepends=True)
    found = facts(lines)
    source = (TESTS / "corpus" / f"{name}.go").read_text(encoding="utf-8")
    (file,) = {file for file, _ in found.code_lines if file.endswith(f"{name}.go")}
    return found, {file: tuple(source.splitlines())}


def on_listing(one: Any, name: str, release: str = "1.14.15") -> Verdict:  # noqa: ANN401
    """Judge a claim on a captured listing of a program that was not run."""
    found, source = listed(name, release)
    return alone(one, facts=found, source=source, version=parse_spec(release)[0])


NIL, NO_NIL, LOCAL = "writeup_a2", "writeup_a1", "writeup_a5"
STORE = {"variable": "main.intMap", "line": "intMap = nil"}


@pytest.mark.parametrize("line", [18, "delete(intMap, i)", None])
def test_a_call_is_found_at_its_line(line: int | str | None) -> None:
    """By number, by text, or anywhere; the instruction is the evidence, with its place."""
    one = claim("call", callee="runtime.mapdelete_fast64", line=line)
    verdict = on_listing(one, NIL)
    assert (verdict.result, verdict.measured) == ("reproduced", "1 found")
    assert verdict.expected == "CALL runtime.mapdelete_fast64"
    (evidence,) = verdict.evidence
    assert evidence.endswith("writeup_a2.go:18\tCALL runtime.mapdelete_fast64(SB)")


@pytest.mark.parametrize(
    ("callee", "line"),
    [("runtime.mapdelete_fast32", 18), ("runtime.mapdelete", 18), ("runtime.mapdelete_fast64", 17)],
)
def test_another_callee_or_another_line_is_not_it(callee: str, line: int) -> None:
    """Names are compared whole and lines are not fuzzy."""
    verdict = on_listing(claim("call", callee=callee, line=line), NIL)
    assert (verdict.result, verdict.measured, verdict.evidence) == ("not reproduced", "none", ())


def test_a_release_that_calls_something_else_does_not_reproduce() -> None:
    """mapdelete_fast64 came with Go 1.9: on 1.4 the claim is judged, and out of scope."""
    verdict = on_listing(claim("call", callee="runtime.mapdelete_fast64", line=18), NIL, "1.4.3")
    assert (verdict.result, verdict.in_scope) == ("not reproduced", False)


def test_a_nil_store_is_found_with_its_form() -> None:
    """On Go 1.14 the store has an XORL on its write-barrier path; on 1.27 it has none."""
    store = claim("nil-store", **STORE)
    xorl = claim("nil-store", form="XORL", **STORE)
    for release, forms in [("1.14.15", "reproduced"), ("1.27.4", "not reproduced")]:
        assert on_listing(store, NIL, release).result == "reproduced"
        assert on_listing(xorl, NIL, release).result == forms
    assert on_listing(xorl, NIL).expected == "nil store of main.intMap through XORL"


def test_a_nil_store_of_another_variable_is_not_it() -> None:
    """The variable is compared whole."""
    for variable in ("main.cnt", "main.int", "intMap"):
        one = claim("nil-store", variable=variable, line="intMap = nil")
        assert on_listing(one, NIL).result == "not reproduced"


@pytest.mark.parametrize("name", [NO_NIL, LOCAL])
def test_the_absence_of_a_nil_store_is_the_control(name: str) -> None:
    """A program without the assignment has no nil store; the one with it does not pass."""
    absent = claim("nil-store", variable="main.intMap", present=False)
    verdict = on_listing(absent, name)
    assert (verdict.result, verdict.expected) == ("reproduced", "no nil store of main.intMap")
    assert re.fullmatch(r"none at any of \d\d lines with code", verdict.reason)
    assert on_listing(absent, NIL).result == "not reproduced"


def test_without_a_variable_any_nil_store_counts() -> None:
    """Nothing in the local program stores nil into any package-level variable."""
    anything = claim("nil-store", present=False)
    assert on_listing(anything, LOCAL).result == "reproduced"
    assert on_listing(anything, NIL).result == "not reproduced"
    assert on_listing(anything, NIL).expected == "no nil store of any package-level variable"


@pytest.mark.parametrize("kind", ["call", "nil-store"])
@pytest.mark.parametrize("present", [True, False])
def test_a_line_without_code_shows_nothing(kind: str, *, present: bool) -> None:
    """An absence counts only where the line emitted code: line 10 is blank."""
    fields = {"callee": "runtime.mapdelete"} if kind == "call" else {}
    one = claim(kind, line=10, present=present, **fields)
    verdict = on_listing(one, NIL)
    assert verdict.result == "inconclusive"
    assert re.fullmatch(r"the compiler emitted no code for \S*writeup_a2\.go:10", verdict.reason)


def test_an_absence_at_a_line_with_code_counts() -> None:
    """The call before the loop is no delete."""
    one = claim("call", callee="runtime.mapdelete_fast64", line="runtime.GC()", present=False)
    verdict = on_listing(one, NIL)
    assert verdict.result == "reproduced"
    assert re.fullmatch(r"none at \S*a2\.go:14, \S*a2\.go:21, \S*a2\.go:24", verdict.reason)


def test_text_that_no_line_has_is_inconclusive() -> None:
    """A claim about a line that was edited away must not pass."""
    for present in (True, False):
        one = claim("nil-store", line="other = nil", present=present)
        verdict = on_listing(one, NIL)
        assert verdict.result == "inconclusive"
        assert verdict.reason == "no line of the program contains 'other = nil'"


def test_a_comment_is_not_the_line() -> None:
    """The corpus names the callee in a comment behind the delete: that is no code."""
    one = claim("nil-store", line="want 1.2")
    assert "no line of the program contains" in on_listing(one, NIL).reason


def test_without_a_listing_nothing_can_be_said_of_it() -> None:
    """Neither presence nor absence."""
    for present in (True, False):
        verdict = alone(claim("nil-store", present=present), *sizes(1))
        assert (verdict.result, verdict.reason) == ("inconclusive", "there is no listing to read")


def test_a_listing_is_judged_even_if_the_program_crashed() -> None:
    """What the compiler emitted does not depend on the run."""
    found, source = listed(NIL, "1.14.15")
    crashed = Repetition(1, failure="it crashed")
    store = claim("nil-store", **STORE)
    assert alone(store, crashed, facts=found, source=source).result == "reproduced"


def test_a_build_that_failed_has_no_verdict_on_its_listing() -> None:
    """Nor has a program that can't exist there."""
    store = claim("nil-store", **STORE)
    found, source = listed(NIL, "1.14.15")
    failed = alone(store, failure="it was not linked", facts=found, source=source)
    assert (failed.result, failed.reason) == ("inconclusive", "it was not linked")
    assert alone(store, not_applicable="needs Go 1.21").result == "not applicable"


def uncertain(store: NilStore) -> NilStore:
    """Return the store as one that might as well zero a number."""
    return replace(store, uncertain=True, uncertain_because="no type is known")


@pytest.mark.parametrize("present", [True, False])
def test_stores_that_may_be_of_a_number_decide_nothing(*, present: bool) -> None:
    """Uncertain stores alone are inconclusive; beside a certain one they do not matter."""
    found, source = listed(NIL, "1.14.15")
    (store,) = found.nil_stores
    one = claim("nil-store", present=present, **STORE)
    doubtful = replace(found, nil_stores=(uncertain(store),))
    verdict = alone(one, facts=doubtful, source=source)
    assert verdict.result == "inconclusive"
    assert verdict.reason == "no type is known"
    assert len(verdict.evidence) == 1
    both = replace(found, nil_stores=(uncertain(store), store))
    expected = "reproduced" if present else "not reproduced"
    assert alone(one, facts=both, source=source).result == expected


def test_a_reference_is_no_call() -> None:
    """A function's address in the code does not call it."""
    found, source = listed(NIL, "1.14.15")
    calls = tuple(replace(one, kind="reference") for one in found.calls)
    one = claim("call", callee="runtime.mapdelete_fast64", line=18)
    verdict = alone(one, facts=replace(found, calls=calls), source=source)
    assert verdict.result == "not reproduced"


def test_a_reference_is_claimed_as_such() -> None:
    """A deferred delete takes the function's address, and the call is the runtime's."""
    found, source = listed(NIL, "1.14.15")
    calls = tuple(replace(one, kind="reference") for one in found.calls)
    one = claim("reference", callee="runtime.mapdelete_fast64", line=18)
    assert on_listing(one, NIL).result == "not reproduced"
    verdict = alone(one, facts=replace(found, calls=calls), source=source)
    assert verdict.result == "reproduced"
    assert verdict.expected == "reference to runtime.mapdelete_fast64"


@pytest.mark.parametrize(
    ("count", "result"), [(1, "reproduced"), (2, "not reproduced"), (None, "reproduced")]
)
def test_a_count_is_exact(count: int | None, result: str) -> None:
    """Without one, any number but none will do."""
    one = claim("call", callee="runtime.mapdelete_fast64", line=18, count=count)
    verdict = on_listing(one, NIL)
    assert verdict.result == result
    assert verdict.expected.startswith("2 x CALL" if count == 2 else ("1 x" if count else "CALL"))


def test_a_file_narrows_a_line_down() -> None:
    """A program of several files has several lines 18."""
    found, source = listed(NIL, "1.14.15")
    (file,) = source
    twice = {**source, "other.go": source[file]}
    fields = {"callee": "runtime.mapdelete_fast64", "line": "delete(intMap, i)"}
    for name, result in ((file, "reproduced"), ("other.go", "inconclusive")):
        one = claim("call", file=name, **fields)
        assert alone(one, facts=found, source=twice).result == result


def test_what_is_there_instead_is_told() -> None:
    """A claim that fails at a line shows what that line became."""
    wrong = on_listing(claim("call", callee="runtime.mapclear", line=18), NIL)
    assert "; what is there: CALL runtime.mapdelete_fast64(SB)" in wrong.reason
    nothing = on_listing(claim("nil-store", line=14), NIL)
    assert nothing.reason.endswith("; what is there: no map call and no nil store")


# --- deviations that another scenario explains -------------------------------


@pytest.mark.parametrize(
    ("other", "documented", "reason"),
    [
        (197, True, "Alloc at end of other is 197 MB, measured here."),
        (198, True, "Alloc at end of other is 198 MB, measured here."),
        (182, False, "; but Alloc at end of other is 182 MB, measured here"),
        (None, False, "; other was not measured in this run; add it to the command"),
    ],
)
def test_an_explanation_counts_only_if_it_is_measured(
    other: int | None, reason: str, *, documented: bool
) -> None:
    """197 MB is documented as the figure of another program: that program has to show it."""
    figure = claim(
        "figure", at="end", printed=197, unit="MB", tolerance=1,
        known="That is of 129-byte values.",
        explained_by={"at": "end", "scenario": "other"},
    )  # fmt: skip
    others = {"other": observed(*sizes(other))} if other else {}
    verdict = judge(figure, observed(*sizes(182)), others)
    assert verdict.result == "not reproduced"
    assert verdict.deviates_as_documented is documented
    assert verdict.failed is not documented
    assert (verdict.known if documented else verdict.reason).endswith(reason)


def test_a_claim_names_the_scenarios_it_needs() -> None:
    """Whatever another side is: a comparison, a ratio, an explanation."""
    there = {"at": "end", "scenario": "other"}
    figure = {"at": "end", "printed": 1}
    assert OTHERS.needs() == {"other"}
    assert claim("figure", unit="ratio", of=there, **figure).needs() == {"other"}
    assert claim("figure", unit="MB", explained_by=there, **figure).needs() == {"other"}
    assert FIGURE.needs() == claim("nil-store").needs() == set()


# --- expectations beside the code --------------------------------------------


def test_expectations_stand_beside_the_code_they_are_about() -> None:
    """On the line itself, or on lines of their own before it; releases are optional."""
    text = (
        "delete(m, k) // goclaim 1.9..: call mapdelete_fast64\n"
        "// goclaim 1.10..1.20: nil-store main.m XORL\n"
        "\n"
        "// a comment\n"
        "//goclaim: -nil-store other\n"
        "m = nil\n"
        "f() // goclaim: 2 reference runtime.f\n"
    )
    call, store, absent, counted = claims_in_comments("main.go", text)
    assert isinstance(call, CallClaim)
    assert (call.callee, call.line, call.go.text) == ("runtime.mapdelete_fast64", 1, "1.9..")
    assert (call.id, call.file, call.says) == ("line-1", "main.go", "call mapdelete_fast64")
    assert isinstance(store, NilStoreClaim)
    assert (store.variable, store.form, store.line, store.present) == ("main.m", "XORL", 6, True)
    assert isinstance(absent, NilStoreClaim)
    assert (absent.variable, absent.line, absent.present) == ("main.other", 6, False)
    assert absent.go.text == "1.2.."
    assert isinstance(counted, CallClaim)
    assert (counted.kind, counted.count, counted.line) == ("reference", 2, 7)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x\nf() // goclaim: cal f", "2: 'cal f' is no expectation; write call FUNCTION"),
        ("f() // goclaim 1.x: call f", "1: Value error, '1.x' is no version range"),
        ("f() // goclaim: -2 call f", "1: an expectation is negated or counted, not both"),
        ("f() // goclaim: 0 call f", "1: Input should be greater than or equal to 1"),
        ("f()\n// goclaim: call f\n", "2: there is no code behind this expectation"),
    ],
)
def test_a_wrong_expectation_names_its_line(text: str, problem: str) -> None:
    """A misspelt expectation must not pass for a comment."""
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}"):
        claims_in_comments("main.go", text)


# --- what no claim may be ----------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "kept", "grown": ["a"], "at": "b"},
        {"kind": "kept", "grown": ["a", "b"], "at": "b", "share": 0},
        {"kind": "released", "grown": ["a", "b"], "at": "b", "share": 1},
        {"kind": "released", "grown": ["a", "b"], "at": "b", "threshold": 0.1},
        {"kind": "comparison", "left": {"at": "a"}, "relation": "is", "right": {"at": "b"}},
        {"kind": "comparison", "left": {}, "relation": "equals", "right": {"at": "b"}},
        {"kind": "call"},
        {"kind": "figure", "at": "a", "printed": 1, "unit": "GB"},
        {"kind": "figure", "at": "a", "printed": 1, "unit": "MB", "id": "Not An Id"},
        {"kind": "figure", "at": "a", "printed": 1, "unit": "MB", "go": "1.14-1.16"},
        {"kind": "unheard-of"},
    ],
)
def test_a_claim_that_could_not_come_out_false_is_refused(fields: dict[str, object]) -> None:
    """Wrong or missing fields are errors of the manifest, found before anything runs."""
    with pytest.raises(ValidationError):
        claim(**{"kind": "", **fields})  # type: ignore[arg-type]


@given(
    st.lists(st.integers(0, 2**40), min_size=1, max_size=5),
    st.integers(0, 2**30),
    st.sampled_from(["bytes", "KiB", "MB", "count"]),
)
def test_any_figures_get_a_verdict_with_its_numbers(
    allocs: list[int], printed: int, unit: str
) -> None:
    """Whatever is measured, a figure is judged, and exactly those within the tolerance hold."""
    figure = claim("figure", at="end", printed=printed, unit=unit, tolerance_percent=10)
    verdict = alone(figure, *[run(end=alloc) for alloc in allocs])
    scale = {"bytes": 1, "KiB": KIB, "MB": MIB, "count": 1}[unit]
    holds = {abs(alloc // scale - printed) * 10 <= printed for alloc in allocs}
    assert verdict.disagree is (len(holds) > 1)
    if len(holds) == 1:
        assert verdict.result == ("reproduced" if holds.pop() else "not reproduced")
    assert verdict.measured
    assert verdict.spread
