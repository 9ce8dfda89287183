"""No text makes the reader crash, hang or grow."""

from __future__ import annotations

import lzma
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.assembly import facts, functions

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

LISTINGS = Path(__file__).parent.parent / "captures" / "listings"
REAL = lzma.decompress((LISTINGS / "fields.xz").read_bytes()).decode().splitlines(keepends=True)

PIECES = st.sampled_from(
    [
        *(
            "\t0x0000 00000 (/a.go:1)\t",
            "\t0x",
            "0000 (a.go:1) ",
            '--- prog list "f" ---\n',
            "# a\n",
        ),
        *("MOVQ\t", "$0, ", '"".m(SB)', "main.m+8(SB)", "(AX)(CX*8)", "XORL\tAX, AX", "CALL\t"),
        *(
            "runtime.gcWriteBarrier(SB)",
            "runtime.mapdelete(SB)",
            "STEXT size=9",
            "JMP\t0",
            "JEQ\t4",
        ),
        *(
            " t=1 size=2 value=0",
            "\n",
            "\t",
            ",",
            "(",
            ")",
            "[",
            "]",
            '"',
            "\\",
            "·f(SB)",
            "LEAQ\t",
        ),
        *(", DI", "REP\t,", "STOSQ\t,", "DUFFZERO\t$", "99999999999999999999", "-", "+", "(SP)"),
        *("main.f SRODATA size=8\n", "\trel 0+8 t=1 ", "\x00", "\r\n", "main.main.jump1"),
        "CMPL\truntime.writeBarrier(SB), $0",
    ]
)


def read_all(lines: list[str]) -> None:
    """Read with both readers."""
    result = facts(lines, calls="all")
    assert result.functions >= 0
    assert sum(1 for _ in functions(lines)) >= 0


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text(text: str) -> None:
    """Any text at all is read."""
    read_all(text.splitlines(keepends=True))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=60))
def test_pieces_of_listings(pieces: list[str]) -> None:
    """Pieces of listings in any order are read."""
    read_all("".join(pieces).splitlines(keepends=True))


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, len(REAL) - 200))
def test_damaged_listings(chance: random.Random, start: int) -> None:
    """A real listing with characters and lines changed, dropped and swapped is read."""
    lines = REAL[start : start + 200]
    for _ in range(chance.randrange(40)):
        number = chance.randrange(len(lines))
        line = lines[number]
        at = chance.randrange(len(line) + 1)
        change = chance.randrange(4)
        if change == 0:
            lines[number] = line[:at] + line[at + 1 :]
        elif change == 1:
            lines[number] = line[:at] + chance.choice('\t ,()$"+-0AX*\n') + line[at:]
        elif change == 2:
            other = chance.randrange(len(lines))
            lines[number], lines[other] = lines[other], line
        else:
            lines[number] = line[:at] + lines[chance.randrange(len(lines))]
    read_all(lines)


def peak(lines: Iterator[str]) -> int:
    """Return the most memory that reading took."""
    tracemalloc.start()
    facts(lines)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_long_lines() -> None:
    """Memory stays within a few times the longest line, in each place where it may be long."""
    size = 2_000_000
    for line in (
        "x" * size,
        "\t0x0000 00000 (" + "x" * size,
        "\t0x0000 00000 (/a.go:1)\tMOVQ\t$0, " + "(" * size,
        "\t0x0000 00000 (/a.go:1)\tMOVQ\t" + '"' * size + "(SB), AX",
        "\t0x0000 00000 (/a.go:1)\tCALL\truntime.map" + "x" * size + "(SB)",
        "a" * size + " STEXT size=1",
        "a " * (size // 2) + "size=1",
        "# " + "a" * size,
        "0000 (" + "a:1) " * (size // 5),
        '--- prog list "' + '"' * size,
        "\trel 0+8 t=1 " + "+1" * (size // 2),
        "9" * size,
    ):
        lines = ['"".f STEXT size=9\n', '\t0x0000 00000 (/a.go:1)\tTEXT\t"".f(SB), $0\n', line]
        assert peak(iter(lines)) < 12 * size, line[:40]


def test_flat_memory() -> None:
    """Memory doesn't grow with the listing: ten times the packages take no more."""
    packed = (LISTINGS / "strings_lie.xz").read_bytes()
    package = lzma.decompress(packed).decode().splitlines(keepends=True)

    def repeated(count: int) -> Iterator[str]:
        for _ in range(count):
            yield "# example.com/a\n"
            yield from package

    small = peak(repeated(3))
    grown = 27 * sum(len(line) for line in package)
    assert peak(repeated(30)) - small < grown / 20


def test_deep_flow_ends() -> None:
    """A function in which every instruction jumps to every other is followed to an end."""
    lines = ["main.f STEXT size=9\n"]
    for number in range(600):
        target = (number * 37) % 600
        lines.append(f"\t0x{number:04x} {number:05d} (/a.go:{number})\tJEQ\t{target}\n")
        lines.append(
            f"\t0x{number:04x} {number:05d} (/a.go:{number})\tLEAQ\tmain.v+{number * 8}(SB), AX\n"
        )
        lines.append(f"\t0x{number:04x} {number:05d} (/a.go:{number})\tMOVQ\t$0, (AX)\n")
    assert facts(lines).functions == 1
