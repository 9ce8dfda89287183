"""An independent reading: the calls in a binary, disassembled, are those of its listing."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.assembly import facts

if TYPE_CHECKING:
    from types import ModuleType

CORPUS = Path(__file__).parent.parent / "corpus"
PROGRAMS = ("writeup_a4", "names", "range_delete")
_FUNCTION = re.compile(r"TEXT (\S+)\(SB\)")
_CALL = re.compile(
    r"\s+\S+\.go:(\d+)\s+0x[0-9a-f]+\s+[0-9a-f]+\s+(?:CALL|BL|JMP|B) (\S+)\(SB\)\s*$"
)


def load(name: str) -> ModuleType:
    """Import a module of the corpus, which is no package."""
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", CORPUS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CAPTURE = load("capture")
Seen = set[tuple[str, int, str]]  # function, line, callee


def disassembled(root: str, binary: Path) -> Seen:
    """Return the calls of package main as objdump finds them in the linked program."""
    answer = subprocess.run(
        [f"{root}/bin/go", "tool", "objdump", "-s", r"^main\.", str(binary)],
        env={"PATH": os.environ["PATH"], "HOME": str(binary.parent), "GOROOT": root},
        check=True,
        capture_output=True,
        text=True,
    )
    found: Seen = set()
    function = ""
    for line in answer.stdout.splitlines():
        start = _FUNCTION.match(line)
        if start:
            function = start[1]
        call = _CALL.match(line)
        if call and call[2] != function:
            found.add((function, int(call[1]), call[2].removesuffix(".abi0")))
    return found


@pytest.mark.go
@pytest.mark.parametrize("release", ["1.9.7", "1.14.15", "1.26.8"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_calls_are_in_the_binary(name: str, release: str) -> None:
    """Each function calls, on each line, in the binary what the listing was read to call."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        copy = work / f"{name}.go"
        copy.write_text((CORPUS / copy.name).read_text(encoding="utf-8"), encoding="utf-8")
        text = CAPTURE.listing(release, copy, work, build=True)
        linked = disassembled(CAPTURE.goroot(release), work / "program")
    result = facts(text.splitlines(keepends=True), calls="all")
    listed = {
        (each.function, each.line, each.callee)
        for each in result.calls
        if each.kind == "call" and each.function.startswith("main.")
    }
    # The linker leaves out what nothing calls: compare the functions that are in the program.
    there = {function for function, _, _ in linked}
    assert linked
    assert {each for each in listed if each[0] in there} == linked
    assert any("map" in callee for _, _, callee in linked)
