"""The parts of a plan: every cell in exactly one, releases whole, about the same work in each."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import experiment, scenarios
from harness.experiment import Planned, shard
from harness.toolchains import parse_spec


@functools.cache
def planned(spec: str) -> tuple[Planned, ...]:
    """Lay out every shipped scenario on some releases."""
    return experiment.plan(scenarios.shipped(), parse_spec(spec), ("linux", "amd64"))


def releases(cells: tuple[Planned, ...]) -> list[str]:
    """Return the releases of some cells, each once."""
    return list(dict.fromkeys(one.cell.version.release for one in cells))


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(
    parts=st.integers(1, 40),
    spec=st.sampled_from(
        ["1.14", "1.2..1.27", "1.27,1.4,1.14", "1.24,1.4,1.24+noswissmap", "1.14.1,1.14.15,1.9"]
    ),
)
def test_every_cell_is_in_exactly_one_part(parts: int, spec: str) -> None:
    """In the order of the plan, with whole releases, and without an empty part before the last."""
    whole = planned(spec)
    pieces = [shard(whole, index, parts) for index in range(1, parts + 1)]
    assert sorted(one.cell.id for piece in pieces for one in piece) == sorted(
        one.cell.id for one in whole
    )
    names = [name for piece in pieces for name in releases(piece)]
    assert names == releases(whole)
    for piece in pieces:
        assert piece == tuple(one for one in whole if one in piece)
    filled = [bool(piece) for piece in pieces]
    assert filled == [number < min(parts, len(names)) for number in range(parts)]


@pytest.mark.parametrize("parts", [2, 3, 7, 13])
def test_parts_take_about_the_same_time(parts: int) -> None:
    """No part takes more than one release longer than any other."""
    whole = planned("1.2..1.27")
    by_release = {
        name: experiment._work([one for one in whole if one.cell.version.release == name])
        for name in releases(whole)
    }
    works = [
        sum(by_release[name] for name in releases(shard(whole, index, parts)))
        for index in range(1, parts + 1)
    ]
    assert max(works) - min(works) <= max(by_release.values())


def test_a_release_that_compiles_its_standard_library_is_more_work() -> None:
    """From Go 1.20 on the first build takes some seconds longer."""
    old, new = (experiment._work(planned(spec)) for spec in ("1.19", "1.20"))
    assert new > old


def test_a_program_that_can_not_exist_is_no_work() -> None:
    """A cell that is not applicable runs nothing."""
    cells = planned("1.24")
    possible = [one for one in cells if not one.not_applicable]
    assert len(possible) < len(cells)
    assert experiment._work(possible) == experiment._work(cells)
