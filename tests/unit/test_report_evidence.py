"""Sources and the instructions of the lines that matter, from a real run's artifacts."""

from __future__ import annotations

import shutil
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from harness import assembly, results
from harness.assembly.listing import PADDING, PSEUDO
from harness.report import evidence
from harness.toolchains import GoVersion

if TYPE_CHECKING:
    from pathlib import Path

    from harness.report.evidence import Evidence, Key

GO_1_14, GO_1_20, GO_1_27 = (GoVersion.parse(text) for text in ("1.14.15", "1.20.14", "1.27.4"))


@pytest.fixture(scope="module")
def found(three_releases: Path) -> dict[Key, Evidence]:
    """Read the artifacts of the run of three releases."""
    return evidence.read(results.read(three_releases))


@pytest.fixture
def copy(three_releases: Path, tmp_path: Path) -> Path:
    """Return a run whose artifacts can be changed."""
    return shutil.copytree(three_releases, tmp_path / "run")


def marked(one: Evidence) -> list[tuple[str, str, str]]:
    """Return what is marked: the source line, the mark, the instruction."""
    lines = dict(one.sources)["main.go"].splitlines()
    return [
        (lines[block.line - 1].strip(), step.mark, step.text)
        for block in one.blocks
        for step in block.steps
        if step.mark
    ]


def test_calls_and_nil_stores_are_marked_where_they_stand(found: dict[Key, Evidence]) -> None:
    """With every step of a store on the way of the write barrier."""
    assert marked(found["global-delete-nil", GO_1_14]) == [
        ("delete(intMap, i)", "call", "CALL runtime.mapdelete_fast64(SB)"),
        ("intMap = nil", "nil-store", "MOVQ $0, main.intMap(SB)"),
        ("intMap = nil", "nil-store", "XORL AX, AX"),
        ("intMap = nil", "nil-store", "CALL runtime.gcWriteBarrier(SB)"),
        ("intMap = make(map[int]int, cnt)", "call", "CALL runtime.makemap(SB)"),
        ("intMap[i] = i", "call", "CALL runtime.mapassign_fast64(SB)"),
    ]


def test_every_instruction_of_a_line_that_matters_is_there(
    found: dict[Key, Evidence], three_releases: Path
) -> None:
    """The same as when the whole listing is read."""
    for (scenario, version), one in found.items():
        cell = three_releases / "artifacts" / f"{scenario}-go{version}-linux-amd64"
        whole = defaultdict(list)
        with (cell / "listing.txt").open(encoding="utf-8") as lines:
            for function in assembly.functions(lines):
                for each in function.instructions:
                    if each.op not in PSEUDO | PADDING:
                        whole[each.file, each.line, function.name].append((each.pc, each.text))
        places = {(block.file, block.line) for block in one.blocks}
        assert places
        assert {
            (block.file, block.line, block.function): [(each.pc, each.text) for each in block.steps]
            for block in one.blocks
        } == {place: steps for place, steps in whole.items() if place[:2] in places}


def test_a_line_that_matters_on_one_release_is_shown_on_all(copy: Path) -> None:
    """That an instruction is gone can only be seen where its line is."""
    path = copy / "assembly.csv"
    rows = path.read_text().splitlines(keepends=True)
    gone = [row for row in rows if row.startswith("1.20.14,,global-delete-nil,nil-store")]
    assert len(gone) == 1
    path.write_text("".join(row for row in rows if row not in gone))
    found = evidence.read(results.read(copy))["global-delete-nil", GO_1_20]
    lines = dict(found.sources)["main.go"].splitlines()
    (block,) = [one for one in found.blocks if "= nil" in lines[one.line - 1]]
    assert block.steps
    assert not any(step.mark for step in block.steps)


def test_a_run_without_artifacts_has_no_evidence(copy: Path) -> None:
    """The reference results are committed without them."""
    shutil.rmtree(copy / "artifacts")
    assert evidence.read(results.read(copy)) == {}


def test_a_cell_without_a_listing_has_its_source(copy: Path) -> None:
    """It did not build, or the listing was left out."""
    (copy / "artifacts" / "presized-go1.20.14-linux-amd64" / "listing.txt").unlink()
    found = evidence.read(results.read(copy))["presized", GO_1_20]
    assert found.sources
    assert not found.listed
    assert found.blocks == ()


def test_nothing_outside_of_a_run_is_read(copy: Path, tmp_path: Path) -> None:
    """No table's row leads out of the folder, and no link does: a page may be sent to others."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "main.go").write_text("package secret\n")
    path = copy / "measurements.csv"
    path.write_text(path.read_text().replace(",presized,", ",../../secret/x,"))
    source = copy / "artifacts" / "grow-delete-go1.14.15-linux-amd64" / "main.go"
    source.unlink()
    source.symlink_to(secret / "main.go")
    folder = copy / "artifacts" / "grow-delete-go1.20.14-linux-amd64"
    shutil.rmtree(folder)
    folder.symlink_to(secret)
    found = evidence.read(results.read(copy))
    assert "secret" not in repr(found)
    assert ("grow-delete", GO_1_27) in found
    assert ("grow-delete", GO_1_20) not in found
