"""The listing's reader against real listings of tricky programs, whose truth stands in them."""

from __future__ import annotations

import importlib.util
import lzma
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.assembly import Facts, facts

if TYPE_CHECKING:
    from types import ModuleType

    from _pytest.mark import ParameterSet

TESTS = Path(__file__).parent.parent
CORPUS = TESTS / "corpus"
LISTINGS = TESTS / "captures" / "listings"


def load(name: str) -> ModuleType:
    """Import a module of the corpus, which is no package."""
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", CORPUS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WANTS = load("wants")
LARGE = 500_000  # characters of a listing that take a while to read


@cache
def captured(name: str) -> dict[str, str]:
    """Return the listings of one program by release."""
    text = lzma.decompress((LISTINGS / f"{name}.xz").read_bytes()).decode()
    pieces = re.split(r"^==== go(\S+) \S+\n", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def cases() -> list[ParameterSet]:
    """List every program on every release that it was captured on; quick ones, a dialect each."""
    dialects = {"1.2.2", "1.4.3", "1.8.3", "1.14.15", "1.27.4"}
    return [
        pytest.param(path.stem, release, marks=() if quick else pytest.mark.slow)
        for path in sorted(LISTINGS.glob("*.xz"))
        for release, listing in captured(path.stem).items()
        for quick in [release in dialects and len(listing) < LARGE]
    ]


def found(result: Facts, source_name: str) -> set[tuple[int, str, str, str | None, bool | None]]:
    """Bring facts into the form of the wants."""
    calls = {
        (each.line, each.kind, each.callee, None, None)
        for each in result.calls
        if each.file.endswith(source_name)
    }
    stores = {
        (
            each.line,
            "uncertain" if each.uncertain else "nil",
            each.variable,
            each.form,
            each.uses_xorl,
        )
        for each in result.nil_stores
        if each.file.endswith(source_name)
    }
    return calls | stores


@pytest.mark.parametrize(("name", "release"), cases(), ids=str)
def test_corpus(name: str, release: str) -> None:
    """The facts of each listing are those that its program's comments want, and no others."""
    source = (CORPUS / f"{name}.go").read_text(encoding="utf-8")
    file = re.search(r"^// file: (.*)$", source, re.MULTILINE)
    result = facts(captured(name)[release].splitlines(keepends=True))
    facts_found = found(result, Path(file[1]).name if file else f"{name}.go")
    wanted = set()
    for want in WANTS.wants(source, release):
        # What a want leaves open is taken from the fact that it is about.
        for fact in facts_found:
            if (
                fact[:3] == want[:3]
                and want.form in (None, fact[3])
                and want.xorl in (None, fact[4])
            ):
                wanted.add(fact)
                break
        else:
            wanted.add(tuple(want))
    assert facts_found == wanted


def test_corpus_is_complete() -> None:
    """Every program has its listings: forty of them, and more, on ten releases or more."""
    programs = {path.stem for path in CORPUS.glob("*.go")}
    assert programs == {path.stem for path in LISTINGS.glob("*.xz")}
    assert sum(len(captured(name)) >= 10 for name in programs) >= 40


def test_sieve_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """To follow every function finds no more than to follow those that the sieve lets through."""
    listings = [
        (name, release, text.splitlines(keepends=True))
        for name in ("clear_loop", "known_address", "nested", "elements", "array_of_structs")
        for release, text in captured(name).items()
    ]
    sieved = [facts(lines) for _, _, lines in listings]
    monkeypatch.setattr("harness.assembly.reading.needs_flow", lambda *_: True)
    for (name, release, lines), result in zip(listings, sieved, strict=True):
        assert facts(lines) == result, (name, release)
