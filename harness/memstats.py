"""What a program printed → snapshots of ``runtime.MemStats`` (pure).

Three forms are read:

* tagged lines, which goclaim's own programs print beside the write-ups' lines::

      goclaim snapshot=filled Alloc=379112 TotalAlloc=396000 ...     (bytes)
      goclaim value B=18                                             (a number of any kind)

* write-up A's line, sizes in KiB: ``Alloc = 471 TotalAlloc = 487 Sys = 70290 NumGC = 1``
* write-up B's line, ``Alloc`` in MiB: ``461 MB``

Tagged lines win: a program that prints them has said everything twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

KIB = 1 << 10
MIB = 1 << 20

_LARGEST = (1 << 63) - 1  # what a table's integer holds; more than any program can measure

Form = Literal["tagged", "kib", "mb", "none"]

_TAGGED = re.compile(r"goclaim (snapshot=\S.*|value \S.*)")
_SNAPSHOT = re.compile(r"snapshot=(\S+)((?: [A-Za-z]+=\d{1,19})+)")
_VALUE = re.compile(r"value ([A-Za-z][\w-]*)=(-?\d{1,19})")
_FIELD = re.compile(r"([A-Za-z]+)=(\d+)")
# The widespread PrintMemUsage helper writes the same line with units behind the numbers.
_KIB_LINE = re.compile(
    r"\bAlloc = (\d{1,15})( [KM]i?B)?\s+TotalAlloc = (\d{1,15})(?: [KM]i?B)?"
    r"\s+Sys = (\d{1,15})(?: [KM]i?B)?\s+NumGC = (\d{1,15})\b"
)
_MB_LINE = re.compile(r"^(\d{1,12}) ?MB\s*$")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading of MemStats: field names verbatim, sizes in bytes."""

    name: str
    stats: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Output:
    """What one run of a program said.

    Attributes:
        snapshots: In the order printed.
        numbers: Other numbers by name, each in the order printed (``B``: 1 ... 18).
        form: The form the snapshots were read from.
        precision: The unit the sizes were printed in, in bytes; a size is
            only known down to it.
    """

    snapshots: tuple[Snapshot, ...] = ()
    numbers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    form: Form = "none"
    precision: int = 1


def read_output(stdout: str, stderr: str) -> Output:
    """Read the snapshots and values out of a program's output.

    Raises ``ValueError`` naming the line for a tagged line that is damaged.
    """
    lines = [*stderr.splitlines(), *stdout.splitlines()]
    tagged = _tagged(lines)
    if tagged.snapshots or tagged.numbers:
        return tagged
    return _write_up_a(lines) or _write_up_b(stdout.splitlines()) or _write_up_b(lines) or Output()


def _tagged(lines: list[str]) -> Output:
    snapshots: list[Snapshot] = []
    values: dict[str, list[int]] = {}
    for number, line in enumerate(lines, start=1):
        tagged = _TAGGED.fullmatch(line.rstrip())
        if tagged is None:
            continue
        snapshot, value = _SNAPSHOT.fullmatch(tagged[1]), _VALUE.fullmatch(tagged[1])
        stats = {name: int(text) for name, text in _FIELD.findall(snapshot[2] if snapshot else "")}
        numbers = [*stats.values(), *([int(value[2])] if value else [])]
        if not numbers or max(map(abs, numbers)) > _LARGEST:
            raise ValueError(
                f"line {number} of the output is a damaged goclaim line: {line[:120]!r}"
            )
        if snapshot:
            snapshots.append(Snapshot(snapshot[1], stats))
        if value:
            values.setdefault(value[1], []).append(numbers[0])
    return Output(
        tuple(snapshots), {name: tuple(found) for name, found in values.items()}, "tagged"
    )


def _write_up_a(lines: list[str]) -> Output | None:
    matches = [match for line in lines if (match := _KIB_LINE.search(line))]
    if not matches:
        return None
    unit = MIB if (matches[0][2] or "").strip().startswith("M") else KIB
    snapshots = tuple(
        Snapshot(
            str(number),
            {
                "Alloc": int(match[1]) * unit,
                "TotalAlloc": int(match[3]) * unit,
                "Sys": int(match[4]) * unit,
                "NumGC": int(match[5]),
            },
        )
        for number, match in enumerate(matches, start=1)
    )
    return Output(snapshots, {}, "kib", unit)


def _write_up_b(lines: list[str]) -> Output | None:
    matches = [match for line in lines if (match := _MB_LINE.match(line))]
    snapshots = tuple(
        Snapshot(str(number), {"Alloc": int(match[1]) * MIB})
        for number, match in enumerate(matches, start=1)
    )
    return Output(snapshots, {}, "mb", MIB) if snapshots else None
