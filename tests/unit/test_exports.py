"""What a report is besides a page: Markdown, Go's benchmark format, plots as files."""

from __future__ import annotations

import gettext
import re
import struct
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import changes, results
from harness.errors import UsageError
from harness.report import contents, plots
from harness.report.benchfmt import benchfmt
from harness.report.language import translations
from harness.report.markdown import markdown

if TYPE_CHECKING:
    from harness.report.contents import Report
    from harness.results import Tables

pytestmark = pytest.mark.slow

RUN = Path(__file__).parent.parent / "captures" / "runs" / "eight-releases"
ENGLISH = gettext.NullTranslations()


@cache
def tables() -> Tables:
    """Return a real run of eight releases, two of them with noswissmap."""
    return results.read(RUN)


def only(scenario: str, run: Tables | None = None) -> Tables:
    """Return what a run holds of one scenario."""
    run = run or tables()
    frames = {name: getattr(run, name) for name in results.COLUMNS}
    return replace(
        run, **{name: frame[frame["scenario"] == scenario] for name, frame in frames.items()}
    )


def report(*runs: tuple[str, Tables], lang: str = "en") -> Report:
    """Return what there is to say of some runs."""
    words = translations(lang)
    return contents.report(
        [contents.Run(label, each, changes.matrix(each, words), {}) for label, each in runs]
    )


# --- Markdown ----------------------------------------------------------------


def test_markdown_begins_with_what_came_out() -> None:
    """A sentence a write-up, in the numbers of the page."""
    lines = markdown(report(("run", tables())), ENGLISH).splitlines()
    assert lines[0] == "## What Go's memory does: claims against measurements"
    assert lines[2].startswith("- **Write-up A:** 48 of 48 claims reproduced on Go 1.14; ")
    assert lines[2].endswith(" still hold on 1.27.")
    assert "44 of 45 claims reproduced on Go 1.14, 1 deviates as documented; " in lines[3]


def test_markdown_has_the_grid_and_where_it_changes() -> None:
    """As goclaim matrix writes them."""
    text = markdown(report(("run", only("grow-delete"))), ENGLISH)
    assert "| claim | 1.2 | 1.4 | 1.9 | 1.14 | 1.23 | 1.24 | 1.25+a | 1.27 |" in text
    assert "| alloc-deleted | (✗) | (✗) | (✓) | ✓ | ✓ | (✗) | (✓) | (✗) |" in text
    assert "`alloc-deleted`: 280-281 MB, 293 MB from 1.9, 287 MB from 1.24" in text


def test_markdown_of_several_runs_says_where_they_differ() -> None:
    """Both grids, and a row for each claim and release on which they do not agree."""
    one = only("grow-delete")
    worse = one.verdicts.copy()
    hit = (worse["claim"] == "alloc-deleted") & (worse["go_version"] == "1.14.15")
    assert hit.sum() == 1
    worse.loc[hit, ["verdict", "measured"]] = ["not reproduced", "300"]
    text = markdown(report(("here", one), ("there", replace(one, verdicts=worse))), ENGLISH)
    assert "| grow-delete alloc-deleted | 1.14 | ✓ 293 MB | ✗ 300 MB |" in text
    assert {"## here", "## there"} <= {*text.splitlines()}
    assert "On 1 of 32 claims and releases that could be compared" in text


def test_markdown_speaks_chinese() -> None:
    """Headings, sentences and changes."""
    text = markdown(report(("run", tables()), lang="zh"), translations("zh"))
    assert "48 条说法重现了 48 条" in text
    assert "### 从哪个版本起变了" in text
    assert not re.search(r"\b(from|reproduced|claims)\b", text.partition("###")[0])


def test_nothing_in_markdown_is_markup_of_a_program() -> None:
    """A label or a claim can't end the table or begin a tag."""
    text = markdown(report(("a|b<script>", tables()), ("c", tables())), ENGLISH)
    assert "## a\\|b\\<script>" in text


# --- Go's benchmark format ---------------------------------------------------


def lines(text: str, beginning: str) -> list[str]:
    """Return the lines that begin so."""
    return [line for line in text.splitlines() if line.startswith(beginning)]


def test_every_repetition_of_every_snapshot_is_a_line() -> None:
    """With all its figures, bytes as bytes; the process's peak has a line of its own."""
    text = benchfmt([("run", only("grow-delete"))])
    measured = only("grow-delete").measurements
    assert len(lines(text, "BenchmarkGoclaim/grow-delete/")) == len(measured)
    assert len(lines(text, "BenchmarkGoclaim/grow-delete-4 ")) == len(measured) / 3
    row = measured[(measured["go_version"] == "1.14.15")].iloc[2]
    told = f"BenchmarkGoclaim/grow-delete/deleted-4 1 {row['alloc']} Alloc-bytes "
    (line,) = [one for one in lines(text, told) if f" {row['mallocs']} Mallocs " in one][:1]
    assert line.endswith(f" {row['frees']} Frees")


def test_the_configuration_says_what_was_measured_where() -> None:
    """It stands before the lines it is about; an experiment is part of the release."""
    run = only("grow-delete")
    run = replace(run, run={**run.run, "host": {"cpu": "Intel(R) Xeon(R)\nProcessor"}})
    text = benchfmt([("run", run)])
    releases = [line.partition(": ")[2] for line in lines(text, "go-version:")]
    assert releases == [
        "1.2.2", "1.4.3", "1.9.7", "1.14.15", "1.23.12", "1.24.13", "1.25.14+noswissmap", "1.27.4",
    ]  # fmt: skip
    assert lines(text, "goos:") == ["goos: linux"] * 8
    assert lines(text, "cpu:") == ["cpu: Intel(R) Xeon(R) Processor"]
    assert lines(text, "pkg:") == ["pkg: goclaim"]
    assert not lines(text, "run:")


def test_of_several_runs_each_has_its_own_configuration() -> None:
    """What the second does not know of its host is not taken from the first."""
    known = only("presized")
    known = replace(known, run={**known.run, "host": {"cpu": "Xeon"}})
    text = benchfmt([("a", known), ("b", only("presized"))])
    assert lines(text, "run:") == ["run: a", "run: b"]
    assert lines(text, "cpu:") == ["cpu: Xeon", "cpu:"]


def test_what_went_wrong_is_no_benchmark() -> None:
    """A failed repetition's figures would be compared with good ones."""
    run = only("grow-delete")
    failed = replace(run, measurements=run.measurements.assign(status="failed: exit 2"))
    assert not lines(benchfmt([("run", failed)]), "Benchmark")


@pytest.mark.parametrize("name", ["a b", "a\nBenchmarkX 1 1 ns/op", "\tfilled", "a/b"])
def test_a_name_can_not_break_a_line_of_a_benchmark(name: str) -> None:
    """Names come from programs: blanks, line ends and slashes are taken out."""
    run = only("presized")
    text = benchfmt([(name, replace(run, measurements=run.measurements.assign(snapshot=name)))])
    assert {len(line.split()) % 2 for line in lines(text, "Benchmark")} == {0}
    assert {line.split()[0].count("/") for line in lines(text, "Benchmark")} == {1, 2}


# --- plots -------------------------------------------------------------------


def test_plots_are_files_of_both_kinds_for_each_chart(tmp_path: Path) -> None:
    """The heap, and each claim that has a figure; named by scenario and claim."""
    run = only("grow-delete")
    written = plots.write(tmp_path / "plots", [("run", run)], changes.matrix(run), ENGLISH)
    assert sorted(path.name for path in written) == [
        f"grow-delete{name}.{suffix}"
        for name in (".alloc-deleted", ".alloc-empty", ".alloc-filled", ".kept-after-delete", "")
        for suffix in ("png", "svg")
    ]
    assert {path.read_bytes()[:8] for path in written if path.suffix == ".png"} == {
        b"\x89PNG\r\n\x1a\n"
    }
    width, height = struct.unpack(">II", written[1].read_bytes()[16:24])
    assert width > 1500
    assert height > 600
    heap = (tmp_path / "plots" / "grow-delete.svg").read_text(encoding="utf-8")
    assert "grow-delete: Alloc" in heap
    assert "click" not in heap  # nobody can


def test_plots_speak_chinese(tmp_path: Path) -> None:
    """And ask for a font that has the characters."""
    run, words = only("presized"), translations("zh")
    plots.write(tmp_path, [("run", run)], changes.matrix(run, words), words)
    svg = (tmp_path / "presized.alloc-empty.svg").read_text(encoding="utf-8")
    assert "预留一百万个元素空间的空 map" in svg
    assert "Noto Sans CJK SC" in svg


@given(st.text(), st.text())
@example("Grow Delete", "grow-delete")
@example("", "/")
def test_a_plots_name_is_safe_and_its_own(one: str, other: str) -> None:
    """Whatever a scenario is called, on any system."""
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", plots.file_name(one))
    assert (plots.file_name(one) == plots.file_name(other)) is (one == other)
    assert plots.file_name("grow-delete") == "grow-delete"


def test_a_folder_for_plots_that_can_not_be_made_is_a_usage_error(tmp_path: Path) -> None:
    """The message names the option."""
    (tmp_path / "plots").write_text("")
    arguments: tuple[Any, ...] = ([("run", tables())], changes.matrix(only("presized")), ENGLISH)
    with pytest.raises(UsageError, match="--plots"):
        plots.write(tmp_path / "plots", *arguments)
