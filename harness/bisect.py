"""Find the release at which a claim's verdict or figure changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.toolchains import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.claims import Verdict
    from harness.toolchains import GoVersion


@dataclass(frozen=True, slots=True)
class Step:
    """One release that was tried; ``verdict`` is None where it could not be had."""

    version: GoVersion
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        last_same: The last release that is as the first one.
        first_other: The first that is not; None if there is no change.
        between: Releases between the two that could not be had.
        steps: Everything tried, in order.
    """

    last_same: Step
    first_other: Step | None
    between: tuple[GoVersion, ...]
    steps: tuple[Step, ...]


def releases(low: GoVersion, high: GoVersion) -> tuple[GoVersion, ...]:
    """Return every release from ``low`` to ``high``, patch releases included.

    Raises ``UsageError`` when that is less than two.
    """
    found = tuple(one for one in catalogue() if low <= one <= high)
    if len(found) < 2:  # noqa: PLR2004  a change needs two
        raise UsageError("Name two releases, the lower one first: --go 1.9..1.21.")
    return found


def same(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts say the same: the result, and a figure as far as it is sharp."""
    if one.result != other.result:
        return False
    try:
        apart = abs(float(one.measured) - float(other.measured))
        blur = max(float(text or 0) for text in (one.tolerance, one.spread, other.spread))
    except ValueError:  # not a number: a list, or what a listing holds
        return one.measured == other.measured
    return apart <= blur


def search(versions: Sequence[GoVersion], probe: Callable[[GoVersion], Verdict | None]) -> Found:
    """Halve the releases until the change is found; those that can't be had are stepped over.

    Raises ``UsageError`` when one of the ends can't be had.
    """
    steps: list[Step] = []

    def take(index: int) -> Step:
        steps.append(Step(versions[index], probe(versions[index])))
        return steps[-1]

    low, high = 0, len(versions) - 1
    first, last = take(low), take(high)
    if first.verdict is None or last.verdict is None:
        absent = first if first.verdict is None else last
        raise UsageError(
            f"Go {absent.version} can't be measured; begin or end with another release."
        )
    start, below, above = first.verdict, first, last
    if same(start, last.verdict):
        return Found(last, None, (), tuple(steps))
    untried = set(range(low + 1, high))
    while inside := sorted(index for index in untried if low < index < high):
        middle = min(inside, key=lambda index: abs(2 * index - low - high))
        untried.discard(middle)
        step = take(middle)
        if step.verdict is None:
            continue
        if same(start, step.verdict):
            low, below = middle, step
        else:
            high, above = middle, step
    return Found(below, above, tuple(versions[low + 1 : high]), tuple(steps))


def said(step: Step) -> str:
    """Say what came out at a step."""
    verdict = step.verdict
    return f"{verdict.result} ({verdict.measured} {verdict.unit})" if verdict else "not available"


def as_json(found: Found) -> dict[str, object]:
    """Return a search as ``goclaim bisect --json`` prints it."""

    def of(step: Step | None) -> dict[str, object] | None:
        if step is None or step.verdict is None:
            return None if step is None else {"go": str(step.version), "verdict": None}
        return {
            "go": str(step.version),
            "verdict": step.verdict.result,
            "measured": step.verdict.measured,
            "unit": step.verdict.unit,
            "spread": step.verdict.spread,
        }

    return {
        "last_same": of(found.last_same),
        "first_other": of(found.first_other),
        "between": [str(one) for one in found.between],
        "steps": [of(one) for one in found.steps],
    }
