"""Finding the release at which a verdict or a figure changes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import bisect
from harness.claims import Result, Verdict
from harness.errors import UsageError
from harness.toolchains import GoVersion

ALL = bisect.releases(GoVersion(9, 0), GoVersion(24, 13))


def verdict(
    result: Result = "reproduced", measured: str = "293", tolerance: str = "1", spread: str = "0"
) -> Verdict:
    """Make a verdict with a figure."""
    return Verdict(
        "claim", "it holds", in_scope=True, result=result, measured=measured,
        tolerance=tolerance, spread=spread,
    )  # fmt: skip


@given(change=st.integers(1, len(ALL) - 1), gone=st.sets(st.integers(1, len(ALL) - 2)))
def test_the_first_release_that_is_other_is_found(change: int, gone: set[int]) -> None:
    """In steps that halve what is left; releases that can't be had are stepped over."""

    def probe(version: GoVersion) -> Verdict | None:
        index = ALL.index(version)
        return None if index in gone else verdict(measured="293" if index < change else "287")

    found = bisect.search(ALL, probe)
    there = [index for index in range(len(ALL)) if index not in gone]
    assert found.first_other is not None
    assert found.last_same.version == ALL[max(index for index in there if index < change)]
    assert found.first_other.version == ALL[min(index for index in there if index >= change)]
    between = (ALL.index(found.last_same.version) + 1, ALL.index(found.first_other.version))
    assert found.between == ALL[slice(*between)]
    measured = [step for step in found.steps if step.verdict]
    if not gone:
        assert len(measured) <= 2 + math.ceil(math.log2(len(ALL)))


def test_no_change_takes_two_steps() -> None:
    """Both ends the same: nothing in between is measured."""
    found = bisect.search(ALL, lambda _: verdict())
    assert found.first_other is None
    assert [step.version for step in found.steps] == [ALL[0], ALL[-1]]


def test_an_end_that_can_not_be_had_is_named() -> None:
    """There is nothing to compare with."""
    with pytest.raises(UsageError, match=r"Go 1\.24\.13 can't be measured"):
        bisect.search(ALL, lambda version: None if version == ALL[-1] else verdict())


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (verdict(), verdict(measured="294"), True),
        (verdict(), verdict(measured="295"), False),
        (verdict(), verdict(measured="300", spread="10"), True),
        (verdict(), verdict("not reproduced"), False),
        (verdict(measured="1, 2"), verdict(measured="1, 2"), True),
        (verdict(measured="1, 2"), verdict(measured="1, 3"), False),
        (verdict(measured="none", tolerance=""), verdict(measured="1 found"), False),
    ],
)
def test_two_verdicts_are_the_same_as_far_as_their_figures_are_sharp(
    one: Verdict, other: Verdict, *, alike: bool
) -> None:
    """The result counts, and a figure down to its tolerance and spread."""
    assert bisect.same(one, other) is alike


def test_patch_releases_are_searched_too() -> None:
    """From one release to another, every one in the catalogue."""
    names = [str(one) for one in bisect.releases(GoVersion(20, 13), GoVersion(21, 1))]
    assert names == ["1.20.13", "1.20.14", "1.21.0", "1.21.1"]
    with pytest.raises(UsageError, match="the lower one first"):
        bisect.releases(GoVersion(21, 0), GoVersion(20, 0))


def test_a_search_is_told_as_json() -> None:
    """Both sides of the change, what lies between, and every step."""
    found = bisect.search(
        ALL[:3], lambda one: verdict("reproduced" if one == ALL[0] else "inconclusive")
    )
    told = bisect.as_json(found)
    assert told["last_same"] == {
        "go": "1.9", "verdict": "reproduced", "measured": "293", "unit": "", "spread": "0"
    }  # fmt: skip
    assert told["between"] == []
    assert isinstance(told["steps"], list)
    assert len(told["steps"]) == 3
