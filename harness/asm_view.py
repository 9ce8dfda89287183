"""A program's source beside the instructions it became, for a terminal; decides nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from harness import assembly
from harness.assembly.listing import PADDING, PSEUDO

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rich.console import Console

    from harness.assembly import Call, Function, Instruction, NilStore
    from harness.listings import Listed

    Marks = Mapping["Mark", str]

Place = tuple[str, int]
Mark = tuple[str, int, str]  # function, program counter, text
_MARKS = {"call": ("map call", "yellow"), "nil": ("nil store", "magenta")}


def as_json(listed: Listed) -> dict[str, Any]:
    """Return the facts of one listing as ``goclaim asm --json`` prints them."""
    about: dict[str, Any] = {"go": str(listed.version) if listed.version else None}
    if listed.facts is None:
        return {**about, "error": listed.failure, "calls": [], "nil_stores": []}

    def calls(kind: str) -> list[dict[str, object]]:
        return [
            {
                "callee": one.callee,
                "function": one.function,
                "file": one.file,
                "line": one.line,
            }
            for one in (listed.facts.calls if listed.facts else ())
            if one.kind == kind
        ]

    return {
        **about,
        "calls": calls("call"),
        "references": calls("reference"),
        "nil_stores": [
            {
                "variable": one.variable,
                "function": one.function,
                "file": one.file,
                "line": one.line,
                "form": one.form,
                "uses_xorl": one.uses_xorl,
                "uncertain": one.uncertain,
                "uncertain_because": one.uncertain_because,
                "instruction": one.instruction,
            }
            for one in listed.facts.nil_stores
        ],
    }


def narrowed(listed: Listed, function: str | None, lines: Collection[int]) -> Listed:
    """Keep one function (``main.main`` or ``main``) and some source lines, where they are named."""

    def wanted(name: str, line: int) -> bool:
        named = function is None or function in {name, name.removeprefix("main.")}
        return named and (not lines or line in lines)

    if listed.facts is None:
        return listed
    functions = (
        replace(
            one,
            instructions=tuple(each for each in one.instructions if wanted(one.name, each.line)),
        )
        for one in listed.functions
    )
    facts = replace(
        listed.facts,
        calls=tuple(one for one in listed.facts.calls if wanted(one.function, one.line)),
        nil_stores=tuple(one for one in listed.facts.nil_stores if wanted(one.function, one.line)),
    )
    return replace(listed, functions=tuple(functions), facts=facts)


def show_one(console: Console, listed: Listed, *, noise: bool) -> None:
    """Print every function: each source line with its instructions beside it."""
    marks = _marks(listed)
    for function in listed.functions:
        shown = [one for one in function.instructions if noise or one.op not in PSEUDO | PADDING]
        if not shown:
            continue
        title = Text(function.name, "bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title)
        table.title_justify = "left"
        table.add_column("source", overflow="fold", ratio=2)
        table.add_column("instructions", overflow="fold", ratio=3)
        for place, instructions in _by_line(shown).items():
            right = Text("\n").join(_marked(one, marks, function) for one in instructions)
            table.add_row(_source(listed, place), right, end_section=True)
        console.print(table)


def show_many(
    console: Console, listings: Sequence[Listed], lines: frozenset[int], *, noise: bool
) -> None:
    """Print line by line what each release makes of it; releases that agree share a row.

    Without ``lines``, those with a map call or a nil store on any release.
    """
    read = [one for one in listings if one.facts is not None]
    places = sorted(
        {(fact.file, fact.line) for one in read for fact in _facts(one)}
        if not lines
        else {(i.file, i.line) for one in read for _, i in _instructions(one) if i.line in lines}
    )
    for place in places:
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2))
        table.add_column("Go", style="cyan", no_wrap=True)
        table.add_column("instructions", overflow="fold")
        texts = [_at(one, place, all_=bool(lines), noise=noise) for one in read]
        for label, text in _runs(read, texts):
            table.add_row(label, text)
        newest = next((one for one in reversed(read) if _source(one, place).plain), read[-1])
        console.print(Text.assemble(f"{place[0]}:", _source(newest, place)))
        console.print(table)
        console.print()
    for one in listings:
        if one.facts is None:
            console.print(Text(f"Go {one.version}: {one.failure}", "yellow"))


def _instructions(listed: Listed) -> Iterator[tuple[Function, Instruction]]:
    for function in listed.functions:
        for instruction in function.instructions:
            yield function, instruction


def _facts(listed: Listed) -> tuple[Call | NilStore, ...]:
    return (*listed.facts.calls, *listed.facts.nil_stores) if listed.facts else ()


def _by_line(instructions: Sequence[Instruction]) -> Mapping[Place, list[Instruction]]:
    lines: dict[Place, list[Instruction]] = {}
    for one in instructions:
        lines.setdefault((one.file, one.line), []).append(one)
    return dict(sorted(lines.items()))


def _source(listed: Listed, place: Place) -> Text:
    file, number = place
    text = listed.program.files.get(file, "") if listed.program else ""
    lines = text.splitlines()
    code = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    where = f"{number:>4}" if text else f"{file}:{number}"
    return Text.assemble((where, "cyan"), "  ", (code, "bold"))


def _marks(listed: Listed) -> Marks:
    """Return what to mark: the instructions that the facts rest on, and no others like them."""
    marks: dict[Mark, str] = {}
    functions = {function.name: function for function in listed.functions}
    for fact in _facts(listed):
        function = functions.get(fact.function)
        if function is None:
            continue
        here = [one for one in function.instructions if (one.file, one.line) == _place(fact)]
        for one in assembly.instructions_of(fact.instruction, here):
            marks[function.name, one.pc, one.text] = "call" if _is_call(fact) else "nil"
    return marks


def _place(fact: Call | NilStore) -> Place:
    return fact.file, fact.line


def _is_call(fact: Call | NilStore) -> bool:
    return hasattr(fact, "callee")


def _marked(instruction: Instruction, marks: Marks, function: Function) -> Text:
    kind = marks.get((function.name, instruction.pc, instruction.text))
    if kind is None:
        return Text(instruction.text)
    words, style = _MARKS[kind]
    return Text.assemble((instruction.text, style), (f"   <- {words}", style))


def _at(listed: Listed, place: Place, *, all_: bool, noise: bool) -> Text:
    """Return what one release has at a line: its facts, or all of its instructions."""
    if all_:
        marks = _marks(listed)
        kept = [
            _marked(one, marks, function)
            for function, one in _instructions(listed)
            if (one.file, one.line) == place and (noise or one.op not in PSEUDO | PADDING)
        ]
        return Text("\n").join(kept) or Text("no code", "dim")
    if listed.facts is None:
        return Text(listed.failure, "dim")
    calls = [one for one in listed.facts.calls if (one.file, one.line) == place]
    several = len({one.function for one in calls}) > 1  # the line was inlined elsewhere too
    rows = [
        Text.assemble(
            (one.instruction, "yellow"),
            f"   <- {one.kind}" + (f" in {one.function}" if several else ""),
        )
        for one in calls
    ]
    for store in listed.facts.nil_stores:
        if (store.file, store.line) != place:
            continue
        doubt = ", uncertain" if store.uncertain else ""
        xorl = "with an XORL" if store.uses_xorl else "no XORL"
        rows.append(
            Text.assemble((store.instruction, "magenta"), f"   <- nil store, {xorl}{doubt}")
        )
    return Text("\n").join(rows) if rows else Text("no map call, no nil store", "dim")


def _runs(listings: Sequence[Listed], texts: Sequence[Text]) -> Iterator[tuple[str, Text]]:
    """Yield each text with the run of releases that share it: ``1.10..1.20``."""
    start = 0
    for number, text in enumerate(texts):
        if number + 1 < len(texts) and texts[number + 1].plain == text.plain:
            continue
        first, last = str(listings[start].version), str(listings[number].version)
        yield (first if start == number else f"{first}..{last}"), text
        start = number + 1
