"""What a run looks like on a terminal: every figure, verdict and instruction it rests on."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from harness import run_view
from harness.assembly import Call, Facts, NilStore
from harness.claims import Verdict
from harness.errors import UnavailableError
from harness.experiment import Finished, Judged, Measured
from harness.memstats import MIB, Output, Snapshot, read_output
from harness.observations import Cell, Observations, Repetition
from harness.scenarios import Manifest, Scenario
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from harness.claims import Result

OUTPUTS = Path(__file__).parent.parent / "captures" / "outputs"
GO114, GO124 = GoVersion(14, 15), GoVersion(24, 13)
SOURCE = {"main.go": ("package main", "", "\tdelete(m, 1) // one", "\tm = nil")}
FACTS = Facts(
    calls=(Call("call", "runtime.mapdelete", "main.main", "main.go", 3, "CALL runtime.mapdelete"),),
    nil_stores=(
        NilStore("main.m", "main.main", "main.go", 4, ("MOVQ $0",), uses_xorl=False,
                 uncertain=False, uncertain_because="", instruction="MOVQ $0, main.m(SB)"),
    ),
    code_lines=frozenset(),
    functions=6,
    instructions=802,
)  # fmt: skip
VERDICT = Verdict("kept", "It stays.", in_scope=True, result="reproduced")


def scenario(name: str = "a-map", **fields: object) -> Scenario:
    """Make a scenario of write-up A with some fields of its manifest set."""
    about = {"title": "A title", "shows": "", "program": "", "write_up": "A", **fields}
    return Scenario(name, Manifest.model_validate(about), Path("x.toml"))


def real_run() -> Repetition:
    """Return a run of write-up A's second program."""
    stderr = (OUTPUTS / "tagged-write-up-a.stderr.txt").read_text(encoding="utf-8")
    return Repetition(1, read_output("", stderr))


def cell(*verdicts: Verdict, of: Scenario | None = None, version: GoVersion = GO114,
         error: UnavailableError | None = None, **fields: Any) -> Judged:  # fmt: skip  # noqa: ANN401
    """Make a cell as it was judged."""
    of = of or scenario()
    about = {"source": SOURCE, "facts": FACTS, "repetitions": (real_run(),), **fields}
    found = Observations(Cell(of.name, version, "linux", "amd64"), **about)
    return Judged(of, Measured(found, error=error), verdicts)


def shown(*cells: Judged, interrupted: bool = False) -> str:
    """Return what a run looks like on a wide terminal without colours, blanks squeezed."""
    out = io.StringIO()
    run_view.show(Console(file=out, width=160), Finished(cells, interrupted))
    return "\n".join(" ".join(line.split()) for line in out.getvalue().splitlines())


# --- verdicts ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("reproduced", "✓ reproduced"),
        ("not reproduced", "✗ not reproduced"),
        ("inconclusive", "? inconclusive"),
        ("not applicable", "- not applicable"),
    ],
)
def test_each_verdict_has_its_sign_and_brackets_out_of_scope(result: Result, text: str) -> None:
    """A reader without colours tells them apart, and what was claimed from what was not."""
    verdict = replace(VERDICT, result=result)
    assert run_view.verdict_text(verdict).plain == text
    assert run_view.verdict_text(replace(verdict, in_scope=False)).plain == f"({text})"


def test_a_documented_deviation_is_a_verdict_of_its_own() -> None:
    """Neither a tick nor a cross; the manifest's reason stands below the claim."""
    known = replace(VERDICT, result="not reproduced", known="That is of 129 bytes.", reason="no")
    assert run_view.verdict_text(known).plain == "≠ documented deviation"
    text = shown(cell(known))
    assert "That is of 129 bytes." in text
    assert "✗" not in text


@pytest.mark.parametrize(
    ("expected", "measured", "unit", "row"),
    [
        ("461", "460", "MB", "It stays. 461 MB 460 MB -1 ✓ reproduced"),
        ("308", "303.59", "KiB", "It stays. 308 KiB 303.59 KiB -4.41 ✓ reproduced"),
        ("3", "3", "count", "It stays. 3 3 0 ✓ reproduced"),
        ("100", "110", "bytes", "It stays. 100 bytes 110 bytes +10 ✓ reproduced"),
        (">= 0.9", "1.000", "ratio", "It stays. >= 0.9 1.000 ✓ reproduced"),
        ("0, 1", "0, 1", "count", "It stays. 0, 1 0, 1 ✓ reproduced"),
        ("CALL runtime.mapdelete", "1 found", "", "It stays. CALL mapdelete 1 found ✓ reproduced"),
    ],
)
def test_a_claim_s_row_has_both_figures_and_their_difference(
    expected: str, measured: str, unit: str, row: str
) -> None:
    """Numbers are subtracted, words are not."""
    assert row in shown(cell(replace(VERDICT, expected=expected, measured=measured, unit=unit)))


@pytest.mark.parametrize("result", ["not reproduced", "inconclusive", "not applicable"])
def test_what_was_not_reproduced_says_why(result: Result) -> None:
    """The reason stands below the claim; where all is well it would only be noise."""
    assert "the reason" in shown(cell(replace(VERDICT, result=result, reason="the reason")))
    assert "the reason" not in shown(cell(replace(VERDICT, reason="the reason")))


# --- figures -----------------------------------------------------------------


def test_printed_and_measured_figures_stand_side_by_side() -> None:
    """In the write-up's unit, each truncated as the program does, with the differences."""
    printed = {"on": "Go 1.14.9", "unit": "KiB", "fields": {"Alloc": [161, 469, 471, 160]}}
    of = scenario(snapshots=["start", "filled", "deleted", "end"], printed=printed)
    assert "Alloc, KiB 161, 469, 471, 160 75, 378, 378, 67 -86, -91, -93, -93" in shown(cell(of=of))


def test_a_count_has_no_unit() -> None:
    """NumGC is not divided by 1024."""
    printed = {"on": "", "unit": "KiB", "fields": {"NumGC": [0, 1, 2, 4]}}
    of = scenario(snapshots=["start", "filled", "deleted", "end"], printed=printed)
    assert "NumGC 0, 1, 2, 4 0, 1, 2, 3 0, 0, 0, -1" in shown(cell(of=of))


def test_the_median_of_the_good_repetitions_is_shown() -> None:
    """A crashed repetition's figures are none."""
    runs = tuple(
        Repetition(number, Output((Snapshot("1", {"Alloc": size * MIB}),), {}, "mb"), failure)
        for number, (size, failure) in enumerate([(1, ""), (5, ""), (3, ""), (900, "it crashed")])
    )
    text = shown(cell(of=scenario(write_up=""), repetitions=runs))
    assert "Alloc, MB 3" in text


def test_a_program_of_one_s_own_shows_the_fields_it_printed() -> None:
    """Without printed figures there is nothing to compare with."""
    text = shown(cell(of=scenario(write_up="")))
    assert "Your own on Go 1.14.15" in text
    for row in ("Alloc, KiB 75, 378, 378, 67", "NumGC 0, 1, 2, 3"):
        assert row in text


def test_a_cell_without_figures_or_claims_says_why() -> None:
    """The compiler's message, the crash, or that it does not apply."""
    reasons: list[tuple[dict[str, Any], str]] = [
        ({"failure": "it does not build: main.go:3: x"}, "it does not build: main.go:3: x"),
        ({"not_applicable": "needs Go 1.21"}, "needs Go 1.21"),
        ({"repetitions": (Repetition(1, failure="it crashed"),)}, "repetition 1 of 1: it crashed"),
    ]
    for fields, text in reasons:
        about: dict[str, Any] = {"repetitions": (), "facts": None, **fields}
        assert text in shown(cell(**about))


def test_what_does_not_apply_says_so_once() -> None:
    """The reason stands once below the heading, not again for every claim."""
    verdict = replace(VERDICT, result="not applicable", reason="it needs the swiss map")
    about: dict[str, Any] = {"not_applicable": "it needs the swiss map", "repetitions": ()}
    text = shown(cell(verdict, replace(verdict, claim="again"), **about))
    assert text.count("it needs the swiss map") == 1
    assert text.count("- not applicable") == 1
    assert verdict.says not in text


# --- assembly ----------------------------------------------------------------


def test_evidence_stands_below_its_source_line() -> None:
    """File and line, the source, and the instruction; each once."""
    evidence = ("main.go:3\tCALL runtime.mapdelete",)
    claim = replace(VERDICT, evidence=evidence)
    text = shown(cell(claim, replace(claim, claim="again")))
    assert "Assembly of a-map" in text
    assert "main.go:3 delete(m, 1) // one\nCALL runtime.mapdelete\n" in text
    assert text.count("CALL runtime.mapdelete") == 1
    assert "MOVQ" not in text


def test_a_program_without_claims_shows_all_that_was_found() -> None:
    """A user's own program is asked for nothing: its map calls and nil stores are told."""
    text = shown(cell())
    assert "main.go:3 delete(m, 1) // one\nCALL runtime.mapdelete\n" in text
    assert "main.go:4 m = nil\nMOVQ $0, main.m(SB)\n" in text


def test_evidence_beyond_the_source_is_shown_without_it() -> None:
    """Inlined library code has no source here."""
    claim = replace(VERDICT, evidence=("log.go:397\tCALL x", "main.go:99\tCALL y"))
    text = shown(cell(claim))
    assert "log.go:397\nCALL x\n" in text
    assert "main.go:99\nCALL y\n" in text


def test_an_absence_tells_how_much_was_read() -> None:
    """That nothing was found is evidence only if something was looked at."""
    absent = replace(VERDICT, expected="no nil store of main.m", measured="none")
    text = shown(cell(absent, facts=replace(FACTS, nil_stores=())))
    assert "no nil store: 802 instructions in 6 functions read" in text
    assert "no nil store: " not in shown(cell(absent))


# --- the whole ---------------------------------------------------------------


def test_each_write_up_and_release_has_its_table() -> None:
    """With the write-up's own title."""
    text = shown(
        cell(VERDICT),
        cell(VERDICT, of=scenario("b-map", write_up="B", experiment="B1")),
        cell(VERDICT, version=GO124),
    )
    assert 'Write-up A: "does deleting keys free a map\'s memory?" on Go 1.14.15' in text
    assert 'Write-up B: "Go maps leak" on Go 1.14.15' in text
    assert 'memory?" on Go 1.24.13' in text
    assert "B1 b-map A title" in text


def test_a_release_that_could_not_be_had_is_told_once() -> None:
    """Not in every cell's row."""
    gone = UnavailableError("there is no such toolchain")
    text = shown(
        cell(error=gone, failure=str(gone)),
        cell(of=scenario("other"), error=gone, failure=str(gone)),
    )
    assert text.count("there is no such toolchain") == 1
    assert text.startswith("Go 1.14.15: there is no such toolchain")


def test_the_summary_counts_what_was_claimed_for_these_releases() -> None:
    """Out of scope nothing is counted; a documented deviation is counted as such."""
    text = shown(
        cell(
            VERDICT,
            replace(VERDICT, in_scope=False, result="not reproduced"),
            replace(VERDICT, result="not reproduced"),
            replace(VERDICT, result="not reproduced", known="why"),
            replace(VERDICT, result="inconclusive"),
            replace(VERDICT, result="not applicable"),
        )
    )
    assert text.splitlines()[-1] == (
        "write-up A on Go 1.14.15: 1 reproduced, 1 deviating as documented, 1 not reproduced, "
        "1 inconclusive, 1 not applicable of 5 claims"
    )


def test_the_summary_names_what_failed_and_an_interrupt() -> None:
    """Last, so that it is not scrolled away."""
    text = shown(cell(VERDICT, failure="it does not build"), interrupted=True)
    assert text.splitlines()[-2:] == [
        "failed: a-map-go1.14.15-linux-amd64",
        "interrupted: what was measured before is kept",
    ]


def test_text_that_looks_like_markup_is_text() -> None:
    """A map's type keeps its brackets, and a path in brackets ends nothing."""
    text = shown(cell(facts=None, repetitions=(), failure="main.go:3: [red]m[/red] undefined"))
    assert "[red]m[/red]" in text
    says = shown(cell(replace(VERDICT, says="map[int]int", expected="[bold]", measured="[/x]")))
    assert "map[int]int [bold] [/x]" in says
