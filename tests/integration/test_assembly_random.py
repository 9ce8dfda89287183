"""Random programs: the facts found are the facts that the generator put in."""

from __future__ import annotations

import importlib.util
import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.assembly import facts

if TYPE_CHECKING:
    from types import ModuleType

CORPUS = Path(__file__).parent.parent / "corpus"
FUNCTIONS = 60
# One release of each of the ways to store nil: no barrier, a cold block, a block behind, a buffer.
RELEASES = ("1.7.6", "1.14.15", "1.18.10", "1.26.8")

HEAD = """package main

import "unsafe"

type node struct {
	next *node
	n    int
	m    map[int]int
}

type wide struct {
	a, b int
	p    *int
	s    []int
	e    interface{}
}

type pair struct{ x, y int }

var (
	m64  map[int]int
	m32  map[int32]bool
	ms   map[string]int
	mp   map[pair]int
	p    *int
	pn   *node
	c    chan int
	f    func(int)
	u    unsafe.Pointer
	e    interface{}
	er   error
	sl   []int
	arr  [4]*int
	st   node
	wd   wide
	n    int
	b    bool
	w32  int32
	ints [4]int
	flt  float64
	use  func(int)
	get  func() int
	pp   **int
	key  pair
	str  string
)
"""

WORDS = ("m64", "m32", "ms", "mp", "p", "pn", "c", "f", "u", "sl", "e", "er")
PARTS = ("arr[2]", "st.next", "st.m", "wd.p", "wd.s", "wd.e", "arr[3]")
WHOLES = ("arr = [4]*int{}", "st = node{}", "wd = wide{}")
OTHERS = (
    "p = &n", "pn = &st", "sl = ints[:]", "e = &n", "arr[1] = &n", "st.next = pn", "wd.p = p",
    "m64 = make(map[int]int, k)", "u = unsafe.Pointer(&n)", "wd.e = e", "c = make(chan int, k)",
)  # fmt: skip
NUMBERS = (
    "n = 0", "b = false", "w32 = 0", "ints[1] = 0", "st.n = 0", "wd.a = 0", "wd.b = 0", "flt = 0",
    "ints = [4]int{}", "n = k", "ints[k&3] = 0", "n++", "key.y = 0",
)  # fmt: skip
DELETES = {
    "delete(m64, k)": "fast64", "delete(m32, int32(k))": "fast32", "delete(ms, str)": "faststr",
    "delete(mp, key)": "",
}  # fmt: skip


def load(name: str) -> ModuleType:
    """Import a module of the corpus, which is no package."""
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", CORPUS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CAPTURE = load("capture")


@dataclass
class Program:
    """A program being written, and what it will be found to do."""

    random: random.Random
    lines: list[str] = field(default_factory=HEAD.splitlines)
    nil: dict[tuple[int, str], str] = field(default_factory=dict)  # "word", "part" or "whole"
    deletes: dict[int, str] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)  # since the last call
    depth: int = 1

    def put(self, text: str) -> int:
        """Add a line; return its number."""
        self.lines.append("\t" * self.depth + text)
        return len(self.lines)

    def fresh(self, variable: str) -> None:
        """Make sure that no earlier store to the variable is dead, and none is merged with it."""
        if variable in self.stored:
            self.put("use(k)")
            self.stored.clear()
        self.stored.add(variable)

    def store(self) -> None:
        """Store nil in one of its ways."""
        kind = self.random.choice(("word", "word", "part", "whole", "local", "moving"))
        if kind == "whole":
            text = self.random.choice(WHOLES)
            variable = text.split(" ")[0]
            self.fresh(variable)
            self.nil[self.put(text), f"main.{variable}"] = "whole"
        elif kind == "moving":
            self.fresh("arr")
            self.nil[self.put("arr[k&3] = nil"), "main.arr"] = "moving"
        elif kind == "local":
            self.fresh("p")
            name = f"q{len(self.lines)}"
            self.put(f"var {name} *int")
            self.nil[self.put(f"p = {name}"), "main.p"] = "word"
        else:
            place = self.random.choice(WORDS if kind == "word" else PARTS)
            variable = place.split("[")[0].split(".")[0]
            self.fresh(variable)
            self.nil[self.put(f"{place} = nil"), f"main.{variable}"] = kind

    def other(self) -> None:
        """Store what isn't nil, or isn't a pointer, or isn't in a variable."""
        text = self.random.choice((*OTHERS, *NUMBERS, "*pp = nil", "*pp = &n", "maybe"))
        if text == "maybe":
            self.fresh("p")
            name = f"q{len(self.lines)}"
            self.put(f"var {name} *int")
            self.put(f"if get() > {self.random.randrange(9)} {{")
            self.put(f"\t{name} = &n")
            self.put("}")
            self.put(f"p = {name}")
            return
        if text.startswith("*"):
            self.put("use(k)")
            self.stored.clear()
            self.put(text)
            self.put("use(k)")
            return
        if text.endswith(("= p", "= pn", "= e")):
            self.fresh(text.rpartition(" ")[2])  # so that what it holds isn't known
        self.fresh(text.split(" ")[0].split("[")[0].split(".")[0].rstrip("+"))
        self.put(text)

    def block(self, size: int) -> None:
        """Write statements."""
        for _ in range(size):
            kind = self.random.randrange(12)
            if kind < 4:
                self.store()
            elif kind < 7:
                self.other()
            elif kind == 7:
                text, suffix = self.random.choice(list(DELETES.items()))
                self.deletes[self.put(text)] = suffix
                self.stored.clear()
            elif kind == 8:
                self.put("use(k)")
                self.stored.clear()
            elif self.depth < 4:
                self.nest(kind)

    def nest(self, kind: int) -> None:
        """Write a branch, a loop or a switch."""
        self.put("use(k)")
        self.stored.clear()
        if kind == 9:
            heads = [f"if get() > {self.random.randrange(9)} {{", "} else {"]
        elif kind == 10:
            name = f"i{len(self.lines)}"
            heads = [f"for {name} := 0; {name} < get(); {name}++ {{"]
        else:
            self.put("switch get() {")
            cases = self.random.choice((3, 10))
            heads = [f"case {each}:" for each in range(cases)]
        for head in heads:
            self.put(head)
            self.depth += 1
            self.block(self.random.randrange(1, 4))
            self.put("use(k)")
            self.depth -= 1
            self.stored.clear()
        self.put("}")

    def function(self, number: int) -> None:
        """Write one function."""
        self.lines.append(f"func f{number}(k int) {{")
        self.stored.clear()
        self.put("use(k)")  # up to Go 1.11 a function that calls isn't inlined
        self.block(self.random.randrange(4, 9))
        self.lines.append("}")


def generate(seed: int, functions: int) -> Program:
    """Write a program of many functions."""
    program = Program(random.Random(seed))  # noqa: S311 - the same programs every time
    for number in range(functions):
        program.function(number)
    program.lines.append("func main() {")
    program.put("get = func() int { return n }")
    program.put("use = func(k int) { n = k; p = nil; *pp = p }")
    program.nil[len(program.lines), "main.p"] = "word"
    program.lines += [f"\tf{number}(n)" for number in range(functions)]
    program.lines.append("}")
    return program


def differences(program: Program, release: str, flags: str = "") -> list[str]:
    """Compile the program with a release and say where the facts differ."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "random.go").write_text("\n".join(program.lines) + "\n", encoding="utf-8")
        text = CAPTURE.listing(release, work / "random.go", work, flags)
    result = facts(text.splitlines(keepends=True))
    series = CAPTURE.series(release)
    wrong = []
    deletes = {(each.line, each.callee) for each in result.calls if "mapdelete" in each.callee}
    expected = {
        (line, "runtime.mapdelete" + (f"_{suffix}" if suffix and series >= 9 else ""))
        for line, suffix in program.deletes.items()
    }
    wrong += [f"call {each}" for each in sorted(deletes ^ expected)]
    certain = {(each.line, each.variable): each for each in result.nil_stores if not each.uncertain}
    uncertain = {(each.line, each.variable) for each in result.nil_stores if each.uncertain}
    wrong += [f"found {each}" for each in sorted(certain.keys() - program.nil.keys())]
    for key, kind in program.nil.items():
        if key not in certain and (key not in uncertain or (series > 7 or kind == "whole")):
            if series == 2 and key in uncertain:
                continue
            wrong.append(f"not found {key} {kind}")
        if kind in ("word", "part") and key in certain:
            xorl = 10 <= series <= 20
            wrong += [f"XORL {key}"] if certain[key].uses_xorl != xorl else []
    if series > 7:
        wrong += [f"uncertain {each}" for each in sorted(uncertain)]
    return [f"{each}: {program.lines[_line(each) - 1].strip()}" for each in wrong]


def _line(difference: str) -> int:
    return int(
        "".join(char for char in difference.split(",", maxsplit=1)[0] if char.isdigit()) or 1
    )


@pytest.mark.go
@pytest.mark.parametrize("release", RELEASES)
def test_random_programs(release: str) -> None:
    """In random programs each map delete and each nil store is found, and nothing else."""
    assert differences(generate(1, FUNCTIONS), release) == []


@pytest.mark.go
def test_random_programs_without_optimisation() -> None:
    """The same holds with -N -l, where every value goes over the stack."""
    assert differences(generate(2, FUNCTIONS), "1.14.15", "-N -l") == []
