"""A listing beside its source: marks, releases that agree, JSON; on captured listings."""

from __future__ import annotations

import io
import lzma
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness import asm_view
from harness.assembly import facts, functions
from harness.errors import CellError, UnavailableError
from harness.listings import Listed
from harness.scenarios import Program
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from collections.abc import Callable


TESTS = Path(__file__).parent.parent
FILE = "/src/writeup_a2.go"
DELETE, NIL, BLANK = 18, 23, 10


@cache
def listed(release: str) -> Listed:
    """Return write-up A's second program as one release lists it."""
    text = lzma.decompress((TESTS / "captures/listings/writeup_a2.xz").read_bytes()).decode()
    pieces = re.split(r"^==== go(\S+) \S+\n", text, flags=re.MULTILINE)
    lines = dict(zip(pieces[1::2], pieces[2::2], strict=True))[release].splitlines(keepends=True)
    source = (TESTS / "corpus" / "writeup_a2.go").read_text(encoding="utf-8")
    return Listed(
        GoVersion.parse(release),
        Program("writeup_a2", {FILE: source}),
        tuple(functions(lines)),
        facts(lines),
    )


def squeezed(show: Callable[[Console], None]) -> str:
    """Return what is shown on a wide terminal, blanks squeezed."""
    out = io.StringIO()
    show(Console(file=out, width=160))
    return "\n".join(" ".join(line.split()) for line in out.getvalue().splitlines())


def one(found: Listed, *, noise: bool = False) -> str:
    """Return one listing as it is shown."""
    return squeezed(lambda console: asm_view.show_one(console, found, noise=noise))


def many(*found: Listed, lines: frozenset[int] = frozenset(), noise: bool = False) -> str:
    """Return several listings as they are shown."""
    return squeezed(lambda console: asm_view.show_many(console, found, lines, noise=noise))


# --- JSON --------------------------------------------------------------------


def test_json_has_the_promised_keys() -> None:
    """Other programs rely on them: symbols in their modern spelling, one entry a line."""
    found = asm_view.as_json(listed("1.14.15"))
    assert list(found) == ["go", "calls", "references", "nil_stores"]
    assert found["go"] == "1.14.15"
    assert found["calls"] == [
        {"callee": f"runtime.{callee}", "function": function, "file": FILE, "line": line}
        for callee, function, line in [
            ("mapdelete_fast64", "main.main", 18),
            ("makemap", "main.initMap", 29),
            ("mapassign_fast64", "main.initMap", 31),
        ]
    ]
    assert found["nil_stores"] == [{
        "variable": "main.intMap", "function": "main.main", "file": FILE, "line": NIL,
        "form": "MOVQ $0 | XORL+gcWriteBarrier", "uses_xorl": True, "uncertain": False,
        "uncertain_because": "",
        "instruction": "MOVQ $0, main.intMap(SB) | XORL AX, AX; CALL runtime.gcWriteBarrier(SB)",
    }]  # fmt: skip


def test_json_of_a_release_that_failed_has_its_reason() -> None:
    """And the same lists, empty."""
    failed = Listed(GoVersion(14, 15), failure="main.go:3: x", error=CellError("main.go:3: x"))
    assert asm_view.as_json(failed) == {
        "go": "1.14.15", "error": "main.go:3: x", "calls": [], "nil_stores": [],
    }  # fmt: skip


def test_json_of_a_saved_listing_names_no_release() -> None:
    """Nobody said which one made it."""
    assert asm_view.as_json(replace(listed("1.14.15"), version=None))["go"] is None


# --- one release -------------------------------------------------------------


def test_instructions_stand_beside_their_source_line() -> None:
    """Function by function, each line with its number and text; calls and stores are marked."""
    text = one(listed("1.14.15"))
    assert "\nmain.main\n" in f"\n{text}"
    assert re.search(
        r"18 delete\(intMap, i\) // want.* LEAQ type\.map\[int\]int\(SB\), CX\nMOVQ", text
    )
    assert "CALL runtime.mapdelete_fast64(SB) <- map call" in text
    assert "MOVQ $0, main.intMap(SB) <- nil store" in text
    assert "XORL AX, AX <- nil store" in text


def test_an_instruction_is_marked_at_its_own_line_only() -> None:
    """Of two ``XORL AX, AX`` at that line, only the one before the write barrier is the store."""
    text = one(listed("1.14.15"))
    line = text[text.index("23 intMap = nil") : text.index("24 runtime.GC()")]
    assert line.count("XORL AX, AX") == 2
    assert "XORL AX, AX <- nil store\nCALL runtime.gcWriteBarrier(SB) <- nil store\n" in line
    assert line.strip().endswith("JMP 322\nXORL AX, AX")
    assert text.count("<- nil store") == 3
    assert text.count("<- map call") == 3


def test_noise_is_left_out_unless_asked_for() -> None:
    """What describes the function, or pads it, is no code."""
    assert "PCDATA" not in one(listed("1.14.15"))
    assert "PCDATA" in one(listed("1.14.15"), noise=True)


@pytest.mark.parametrize("name", ["main.initMap", "initMap"])
def test_a_listing_is_narrowed_to_a_function(name: str) -> None:
    """Instructions and facts of other functions are gone, on the terminal and in JSON."""
    narrow = asm_view.narrowed(listed("1.14.15"), name, ())
    text = one(narrow)
    assert "main.initMap" in text
    assert "main.main" not in text
    found = asm_view.as_json(narrow)
    assert {call["function"] for call in found["calls"]} == {"main.initMap"}
    assert found["nil_stores"] == []


def test_a_listing_is_narrowed_to_lines() -> None:
    """Only what stands on them is left; nothing, where nothing does."""
    narrow = asm_view.narrowed(listed("1.14.15"), None, [18])
    found = asm_view.as_json(narrow)
    assert {call["line"] for call in found["calls"]} == {18}
    assert one(asm_view.narrowed(listed("1.14.15"), None, [999])) == ""


def test_a_generic_function_s_name_keeps_its_brackets() -> None:
    """Text on the terminal is no markup."""
    found = listed("1.14.15")
    generic = replace(found.functions[0], name="main.f[go.shape.int]")
    assert "main.f[go.shape.int]" in one(replace(found, functions=(generic,)))


def test_a_listing_without_source_shows_file_and_line() -> None:
    """A saved listing comes without its program."""
    assert f"{FILE}:18" in one(replace(listed("1.14.15"), program=None))


# --- several releases --------------------------------------------------------


def test_releases_that_agree_share_a_row() -> None:
    """The delete calls another function from 1.9 on; the nil store has three forms."""
    text = many(*map(listed, ["1.7.6", "1.8.3", "1.9.7", "1.14.15", "1.27.4"]))
    delete, nil = text.index(f"{FILE}: 18 delete"), text.index(f"{FILE}: 23 intMap = nil")
    assert delete < nil
    assert "1.7.6..1.8.3 CALL runtime.mapdelete(SB) <- call" in text[delete:nil]
    assert "1.9.7..1.27.4 CALL runtime.mapdelete_fast64(SB) <- call" in text[delete:nil]
    rows = [line for line in text[nil:].splitlines() if "<- nil store" in line]
    assert rows[0].startswith("1.7.6 MOVQ $0, main.intMap(SB) <- nil store, no XORL")
    assert rows[1].startswith("1.8.3..1.9.7 MOVQ $0, main.intMap(SB) | ")
    assert rows[2].startswith("1.14.15 MOVQ $0")
    assert rows[2].endswith("<- nil store, with an XORL")
    assert rows[3].startswith("1.27.4 MOVQ $0, main.intMap(SB) <- nil store, no XORL")


def test_releases_that_agree_across_one_that_does_not_are_two_rows() -> None:
    """A row is a stretch of neighbours."""
    text = many(
        listed("1.7.6"), listed("1.14.15"), replace(listed("1.7.6"), version=GoVersion(15, 1))
    )
    assert "\n1.7.6 CALL runtime.mapdelete(SB) <- call" in text
    assert "\n1.15.1 CALL runtime.mapdelete(SB) <- call" in text


def test_a_release_without_the_fact_says_so() -> None:
    """Silence would look like agreement."""
    found = listed("1.14.15")
    assert found.facts
    bare = replace(found, version=GoVersion(15, 1), facts=replace(found.facts, nil_stores=()))
    assert "1.15.1 no map call, no nil store" in many(found, bare)


def test_a_line_asked_for_shows_all_its_code() -> None:
    """Whether or not there is a fact at it; a line without code says that."""
    text = many(listed("1.14.15"), listed("1.27.4"), lines=frozenset({14}))
    assert f"{FILE}: 14 runtime.GC()" in text
    assert "1.14.15..1.27.4 CALL runtime.GC(SB)" in text
    assert "delete" not in text
    found = listed("1.14.15")
    gone = tuple(
        replace(each, instructions=tuple(i for i in each.instructions if i.line != 14))
        for each in found.functions
    )
    other = replace(found, version=GoVersion(15, 1), functions=gone)
    assert "1.15.1 no code" in many(found, other, lines=frozenset({14}))


def test_releases_that_failed_stand_below_with_their_reasons() -> None:
    """The others are shown all the same."""
    text = many(
        listed("1.14.15"),
        Listed(GoVersion(4, 3), failure="main.go:3: x"),
        Listed(GoVersion(14, 99), failure="no such", error=UnavailableError("no such")),
    )
    assert "1.14.15 CALL runtime.mapdelete_fast64(SB)" in text
    assert text.splitlines()[-2:] == ["Go 1.4.3: main.go:3: x", "Go 1.14.99: no such"]


def test_nothing_to_show_is_no_crash() -> None:
    """Not even one release that could be had."""
    assert many() == ""
    assert many(Listed(GoVersion(4, 3), failure="no")) == "Go 1.4.3: no"


@pytest.mark.parametrize(("uncertain", "doubt"), [(True, ", uncertain"), (False, "")])
def test_doubt_is_told(uncertain: bool, doubt: str) -> None:  # noqa: FBT001  a parameter of the test
    """A store that may be of a number is no plain nil store."""
    found = listed("1.27.4")
    assert found.facts
    (store,) = found.facts.nil_stores
    doubtful = replace(found.facts, nil_stores=(replace(store, uncertain=uncertain),))
    text = many(replace(found, facts=doubtful), listed("1.14.15"))
    assert f"<- nil store, no XORL{doubt}\n" in f"{text}\n"
