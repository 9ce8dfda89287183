"""The truth about the corpus: comments in its programs, read here.

In the way of Go's own test/codegen, the expectation stands behind the line that it is about::

    delete(m, k)  // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
    m = nil       // want 1.2..: nil main.m
    a = [9]*T{}   // want 1.10..1.16: nil-store main.a MOVQ $0 | MOVUPS X0 | typedmemclr

Kinds:

    call F          a call of the runtime function F on this line
    reference F     its address is taken, no more
    nil V           a nil store of one word in the release's usual form: an XORL takes part from
                    1.10 to 1.20 and in no other release
    nil-store V [FORM]   a nil store; with FORM, exactly in these forms
    uncertain V     this release's listing can't tell whether it is a nil store

Whatever is not wanted must not be found. The wants were written from the program and the forms that
each release is known to use; where the reader found something else, the listing was read and
decided. That a release can't tell (``uncertain``) was mostly learnt that way.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_WANT = re.compile(r"// want (.*)$")
XORL_FROM, XORL_TO = 10, 20


class Want(NamedTuple):
    """One expectation, as it holds for one release."""

    line: int
    kind: str
    symbol: str
    form: str | None  # None: any
    xorl: bool | None


def series(release: str) -> int:
    """Return the minor number: 14 of 1.14.15."""
    return int(release.split(".")[1])


def within(spec: str, release: str) -> bool:
    """Say whether a release is in a spec such as ``1.2..1.8,1.10..``."""
    for part in spec.split(","):
        low, dots, high = part.strip().partition("..")
        first = series(low)
        last = series(high) if high else (99 if dots else first)
        if first <= series(release) <= last:
            return True
    return False


def wants(source: str, release: str) -> set[Want]:
    """Return what a program's comments say of a release."""
    found = set()
    for number, line in enumerate(source.split("\n"), start=1):
        comment = _WANT.search(line)
        for part in comment[1].split(";") if comment else ():
            spec, _, fact = part.strip().partition(": ")
            kind, symbol, *rest = fact.split(" ", 2)
            if not within(spec, release):
                continue
            form = rest[0] if rest else None
            xorl = "XORL" in form if form else None
            if kind == "nil":
                xorl = XORL_FROM <= series(release) <= XORL_TO
            found.add(Want(number, "nil" if kind == "nil-store" else kind, symbol, form, xorl))
    return found
