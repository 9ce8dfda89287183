"""Reading MemStats out of what programs really printed, and out of what they should not print."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.memstats import KIB, MIB, Output, Snapshot, read_output

OUTPUTS = Path(__file__).parent.parent / "captures" / "outputs"


def captured(name: str) -> str:
    """Return what a real program printed on one stream."""
    return (OUTPUTS / f"{name}.txt").read_text(encoding="utf-8")


def alloc(output: Output) -> list[int]:
    """Return Alloc of every snapshot, in bytes."""
    return [snapshot.stats["Alloc"] for snapshot in output.snapshots]


# --- the forms ---------------------------------------------------------------


def test_tagged_lines_give_every_field_in_bytes() -> None:
    """A tagged line has its snapshot's name and every field that the program wrote."""
    output = read_output("", captured("tagged-write-up-a.stderr"))
    assert output.form == "tagged"
    assert output.precision == 1
    assert [one.name for one in output.snapshots] == ["start", "filled", "deleted", "end"]
    assert alloc(output) == [76936, 387904, 388016, 69576]
    filled = output.snapshots[1].stats
    assert len(filled) == 26
    assert filled["HeapReleased"] == 66109440
    assert [one.stats["NumGC"] for one in output.snapshots] == [0, 1, 2, 3]


def test_tagged_values_keep_the_order_of_their_lines() -> None:
    """Numbers other than MemStats are collected by name, in the order printed."""
    output = read_output(
        captured("tagged-bucket-growth.stdout"), captured("tagged-bucket-growth.stderr")
    )
    assert output.numbers["B"] == tuple(range(1, 19))
    assert output.numbers["insert"][:3] == (9, 14, 27)
    assert output.numbers["insert"][-1] == 851969
    assert len(output.snapshots) == 3


def test_tagged_values_alone_are_an_output() -> None:
    """A program may print numbers and no snapshot."""
    assert read_output("goclaim value B=1\n5 MB\n", "") == Output((), {"B": (1,)}, "tagged")


def test_tagged_lines_win_over_the_same_readings_in_other_forms() -> None:
    """A program that prints tagged lines and `N MB` is read once, in bytes."""
    stdout = captured("tagged-bucket-growth.stdout")
    assert "461 MB" in stdout
    output = read_output(stdout, captured("tagged-bucket-growth.stderr"))
    assert output.form == "tagged"
    assert alloc(output)[1] == 483510872


def test_write_up_a_line_is_kib_behind_a_log_timestamp() -> None:
    """Write-up A's own line is read in KiB; the logged lengths are no snapshots."""
    output = read_output("", captured("write-up-a.stderr"))
    assert (output.form, output.precision) == ("kib", 1024)
    assert alloc(output) == [77_824, 393_216, 394_240, 73_728]
    assert output.snapshots[1] == Snapshot(
        "2", {"Alloc": 384 * KIB, "TotalAlloc": 399 * KIB, "Sys": 70034 * KIB, "NumGC": 1}
    )


def test_write_up_b_line_is_mib() -> None:
    """`461 MB` is Alloc divided by 1024 twice, in the order printed."""
    output = read_output(captured("write-up-b.stdout"), "")
    assert (output.form, output.precision) == ("mb", MIB)
    assert output.snapshots == (
        Snapshot("1", {"Alloc": 0}),
        Snapshot("2", {"Alloc": 483_393_536}),
        Snapshot("3", {"Alloc": 293 * MIB}),
    )


def test_print_mem_usage_line_is_read_in_the_unit_it_names() -> None:
    """The widespread PrintMemUsage helper writes MiB and tabs, and counts as write-up A's line."""
    output = read_output(captured("print-mem-usage.stdout"), "")
    assert (output.form, output.precision) == ("kib", MIB)
    assert alloc(output) == [0, 7 * MIB, 15 * MIB, 22 * MIB, 30 * MIB, 0]
    assert output.snapshots[-1].stats == {
        "Alloc": 0, "TotalAlloc": 30 * MIB, "Sys": 69 * MIB, "NumGC": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("Alloc = 2 TotalAlloc = 3 Sys = 4 NumGC = 5", KIB),
        ("Alloc = 2 KiB TotalAlloc = 3 KiB Sys = 4 KiB NumGC = 5", KIB),
        ("Alloc = 2 KB\tTotalAlloc = 3 KB\tSys = 4 KB\tNumGC = 5", KIB),
        ("Alloc = 2 MiB TotalAlloc = 3 MiB Sys = 4 MiB NumGC = 5", MIB),
        ("Alloc = 2 MB  TotalAlloc = 3 MB  Sys = 4 MB  NumGC = 5", MIB),
    ],
)
def test_units_behind_the_numbers(line: str, unit: int) -> None:
    """The unit behind a number is believed; without one it is KiB. NumGC has none."""
    (snapshot,) = read_output(line, "").snapshots
    assert snapshot.stats == {
        "Alloc": 2 * unit, "TotalAlloc": 3 * unit, "Sys": 4 * unit, "NumGC": 5,
    }  # fmt: skip


def test_write_up_a_line_wins_over_megabytes() -> None:
    """Where both forms are printed, the one with more fields is read, alone."""
    output = read_output("5 MB\n6 MB\n", captured("write-up-a.stderr"))
    assert output.form == "kib"
    assert len(output.snapshots) == 4


@pytest.mark.parametrize(
    ("stdout", "stderr", "expected"),
    [
        ("1 MB\n2 MB\n", "9 MB\n", [1, 2]),
        ("", "9 MB\n8 MB\n", [9, 8]),
        ("no figures\n", "9 MB\n", [9]),
    ],
)
def test_megabytes_are_read_from_one_stream(stdout: str, stderr: str, expected: list[int]) -> None:
    """Standard output is asked first: the streams' common order is not known."""
    assert alloc(read_output(stdout, stderr)) == [size * MIB for size in expected]


def test_windows_line_ends_do_not_matter() -> None:
    """CRLF changes no reading of any form."""
    for name in ("tagged-write-up-a.stderr", "write-up-a.stderr", "write-up-b.stdout"):
        text = captured(name)
        assert read_output(text.replace("\n", "\r\n"), "") == read_output(text, "")


# --- what is no reading ------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        "hello, world\n",
        "HeapAlloc = 1 TotalAlloc = 2 Sys = 3 NumGC = 4\n",
        "Alloc = 1 TotalAlloc = 2 Sys = 3\n",
        "Alloc = x TotalAlloc = 2 Sys = 3 NumGC = 4\n",
        "used 461 MB\n",
        "461 MB of memory\n",
        "-5 MB\n",
        "4.5 MB\n",
        "goclaim is a tool\n",
        "2021/01/06 10:00:00 8192\n",
    ],
)
def test_other_text_is_no_reading(text: str) -> None:
    """What only resembles a reading gives no snapshot, and no error either."""
    assert read_output(text, "") == Output()
    assert read_output("", text) == Output()


@pytest.mark.parametrize(
    "damaged",
    [
        "goclaim snapshot=filled",
        "goclaim snapshot=filled Alloc=",
        "goclaim snapshot=filled Alloc=many",
        "goclaim snapshot=filled Alloc=12 Total",
        "goclaim snapshot=filled Alloc=-1",
        "goclaim snapshot=filled Alloc=1  Sys=2",
        "goclaim value B",
        "goclaim value B=",
        "goclaim value B=1.5",
        "goclaim value B=1 C=2",
    ],
)
def test_a_damaged_tagged_line_is_an_error_that_names_the_line(damaged: str) -> None:
    """Half a line must not pass for a reading: it is quoted, with its number."""
    good = "goclaim snapshot=start Alloc=1"
    with pytest.raises(ValueError, match=r"^line 3 of the output is a damaged") as caught:
        read_output("", f"{good}\nother\n{damaged}\n{good}\n")
    assert repr(damaged) in str(caught.value)


def test_a_damaged_line_is_quoted_in_part_when_it_is_long() -> None:
    """An error message does not repeat kilobytes of garbage."""
    with pytest.raises(ValueError, match="damaged") as caught:
        read_output(f"goclaim snapshot=x {'y' * 10_000}", "")
    assert len(str(caught.value)) < 250


def test_the_largest_number_is_that_of_a_table() -> None:
    """A time in nanoseconds has 19 digits; 2^63 is no figure but damage."""
    largest = 2**63 - 1
    assert alloc(read_output(f"goclaim snapshot=x Alloc={largest}", "")) == [largest]
    assert read_output(f"goclaim value B=-{largest}", "").numbers == {"B": (-largest,)}
    for number in (str(largest + 1), "9" * 20, "9" * 5000):
        for line in (f"goclaim snapshot=x Sys=1 Alloc={number}", f"goclaim value B={number}"):
            with pytest.raises(ValueError, match=r"^line 1 of the output is a damaged"):
                read_output(line, "")


@pytest.mark.parametrize("number", ["9" * 16, "9" * 5000])
def test_absurd_numbers_are_no_reading(number: str) -> None:
    """No write-up's line is taken for a size that no memory has."""
    assert read_output(f"{number} MB", "") == Output()
    assert read_output(f"Alloc = {number} TotalAlloc = 1 Sys = 1 NumGC = 1", "") == Output()


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_makes_anything_but_a_value_error(stdout: str, stderr: str) -> None:
    """Whatever a program prints, reading it gives an output or a ``ValueError``."""
    with contextlib.suppress(ValueError):
        read_output(stdout, stderr)


PIECES = st.sampled_from(
    ["goclaim ", "snapshot=", "value ", "a", "Alloc", "Alloc=", "=", "12", "9" * 5000, " ", "\n",
     "\r", "Alloc = ", "TotalAlloc = ", "Sys = ", "NumGC = ", " MB", " KiB", "-", "\x00", "\u0663"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_mixture_of_known_pieces_makes_anything_but_a_value_error(text: str) -> None:
    """Pieces of real lines in any order make a reading or a ``ValueError``."""
    with contextlib.suppress(ValueError):
        for snapshot in read_output(text, "").snapshots:
            assert snapshot.stats
            assert all(value >= 0 for value in snapshot.stats.values())


NAMES = st.text("abc-123", min_size=1, max_size=8)
STATS = st.dictionaries(st.text("ABCxyz", min_size=1), st.integers(0, 2**63 - 1), min_size=1)


@given(st.lists(st.tuples(NAMES, STATS), min_size=1, max_size=6))
def test_tagged_lines_survive_writing_and_reading(
    readings: list[tuple[str, dict[str, int]]],
) -> None:
    """What the programs' print statement writes is what is read."""
    lines = [
        f"goclaim snapshot={name}" + "".join(f" {field}={value}" for field, value in stats.items())
        for name, stats in readings
    ]
    output = read_output("\n".join(lines), "")
    assert [(one.name, one.stats) for one in output.snapshots] == readings
