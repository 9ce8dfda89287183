"""A matrix of claims and releases, for a terminal, as Markdown or as JSON; decides nothing."""

from __future__ import annotations

import gettext
from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.changes import DEVIATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from harness.changes import Group, Line, Matrix, Reading
    from harness.toolchains import GoVersion

_STYLES: Mapping[str, str] = {
    "reproduced": "green",
    "not reproduced": "red",
    DEVIATES: "cyan",
    "inconclusive": "yellow",
    "not applicable": "dim",
    "not available": "yellow",
}
_ENGLISH = gettext.NullTranslations()
_MARKS = [f"+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
_NAMES = 22  # columns that the claims' names get at least


def sign(reading: Reading | None) -> tuple[str, str]:
    """Return the sign and style of one claim on one release."""
    if reading is None:
        return "", "dim"
    return reading.sign, "dim" if reading.bracketed else _STYLES.get(reading.outcome, "")


def legend(words: gettext.NullTranslations) -> str:
    """Say what the signs mean."""
    return words.gettext(
        "✓ reproduced, ✗ not reproduced, ≠ deviates as documented, ? inconclusive, "
        "- not applicable, ! not available; in brackets where the claim was not made for that "
        "release"
    )


def write_up_title(write_up: str, words: gettext.NullTranslations) -> str:
    """Name a write-up, or what belongs to none."""
    say = words.gettext
    titles = {"A": say("Write-up A"), "B": say("Write-up B"), "": say("Your own")}
    return titles.get(write_up, write_up)


class _Headings:
    """Short column headings: ``.14``, or ``.14.15`` beside others of its series; ``+a`` behind."""

    def __init__(self, versions: Sequence[GoVersion]) -> None:
        series = Counter(minor for minor, _ in {(one.minor, one.patch) for one in versions})
        experiments = dict.fromkeys(one.experiment for one in versions if one.experiment)
        self._marks = dict(zip(experiments, _MARKS, strict=False))
        self.texts = {
            one: self._marks[one.experiment]
            if one.experiment and any(other == _plain(one) for other in versions)
            else _short(one, alone=series[one.minor] == 1) + self._marks.get(one.experiment, "")
            for one in versions
        }

    def legend(self, words: gettext.NullTranslations) -> list[str]:
        """Say what the marks of experiments mean."""
        text = words.gettext("{mark} behind a release: with GOEXPERIMENT={name}")
        return [text.format(mark=mark, name=name) for name, mark in self._marks.items()]


def _plain(version: GoVersion) -> GoVersion:
    return type(version)(version.minor, version.patch)


def _short(version: GoVersion, *, alone: bool) -> str:
    return f".{version.minor}" if alone else version.release.removeprefix("1")


# --- for a terminal ----------------------------------------------------------


def show(console: Console, matrix: Matrix) -> None:
    """Print the matrix, in as many tables as the width needs, and the changes below."""
    headings = _Headings(matrix.versions)
    for versions in _blocks(matrix.versions, headings, console.width):
        console.print(_table(matrix, versions, headings, console.width))
    for line in (legend(_ENGLISH), *headings.legend(_ENGLISH)):
        console.print(Text(line, "dim"))
    console.print()
    console.print(Text("Where it changes", "bold"))
    for group in matrix.groups:
        said = list(_said(group))
        if said:
            console.print(Text(_name(group), "bold"))
        for claim, told in said:
            text = Text.assemble((claim, "cyan"), ": " if claim else "", told)
            console.print(Padding(text, (0, 0, 0, 2)))
    console.print(Text(_unchanged(matrix, _ENGLISH), "dim"))
    for note in (*matrix.notes, matrix.about):
        console.print(Text(note, "dim"))


def _blocks(
    versions: Sequence[GoVersion], headings: _Headings, width: int
) -> Iterator[list[GoVersion]]:
    """Cut the releases into tables that fit."""
    block: list[GoVersion] = []
    room = width - _NAMES
    for version in versions:
        column = _column(headings.texts[version])
        if block and column > room:
            yield block
            block, room = [], width - _NAMES
        block.append(version)
        room -= column
    if block:
        yield block


def _column(heading: str) -> int:
    return max(3, len(heading))  # "(✓)"


def _table(matrix: Matrix, versions: Sequence[GoVersion], headings: _Headings, width: int) -> Table:
    needed = sum(_column(headings.texts[one]) for one in versions)
    airy = needed + len(versions) + _NAMES <= width
    table = Table(box=None, pad_edge=False, padding=(0, int(airy), 0, 0), header_style="bold")
    names = width - needed - len(versions) * airy - airy
    table.add_column("claim, on Go 1", overflow="fold", min_width=_NAMES, max_width=names)
    for one in versions:
        heading = headings.texts[one]
        table.add_column(heading, justify="center", no_wrap=True, width=_column(heading))
    write_up = None
    for group in matrix.groups:
        if group.write_up != write_up:
            write_up = group.write_up
            table.add_row(Text(write_up_title(write_up, _ENGLISH), "bold underline"))
        table.add_row(Text(_name(group), "bold"))
        for line in group.lines:
            cells = (Text(*sign(line.readings.get(one))) for one in versions)
            table.add_row(f" {line.claim}", *cells)
        table.add_row()
    return table


def _name(group: Group) -> str:
    return f"{group.experiment} {group.scenario}".strip()


def _said(group: Group) -> Iterator[tuple[str, str]]:
    """Return what is to be said of a scenario: claim (empty for all of them) and words."""
    for note in group.notes:
        yield "", note
    for line in group.lines:
        told = [line.words] if line.changes else []
        if told or line.notes:
            yield line.claim, "; ".join([*told, *line.notes])


def _unchanged(matrix: Matrix, words: gettext.NullTranslations) -> str:
    say = words.gettext
    lines = [line for group in matrix.groups for line in group.lines]
    if not lines:
        return say("nothing is claimed in this run; measurements.csv has its figures")
    if len(matrix.versions) == 1:
        return say("{count} claims, one release: nothing to compare").format(count=len(lines))
    same = sum(bool(line.words) and not line.changes for line in lines)
    return say(
        "{same} of {count} claims come out the same on every release they could be read on"
    ).format(same=same, count=len(lines))


# --- as Markdown -------------------------------------------------------------


def markdown(matrix: Matrix, words: gettext.NullTranslations = _ENGLISH) -> str:
    """Write the matrix as GitHub renders it; its own words are in the language of ``words``."""
    say = words.gettext
    claims, changes, said_by_claims = (
        say("claim"),
        say("Where it changes"),
        say("What the claims say"),
    )
    headings = _Headings(matrix.versions)
    lines: list[str] = []
    for write_up in dict.fromkeys(group.write_up for group in matrix.groups):
        lines += [f"### {write_up_title(write_up, words)}", ""]
        columns = [_heading(one, headings) for one in matrix.versions]
        lines.append(f"| {claims} | {' | '.join(columns)} |")
        lines.append("|---" + "|:-:" * len(columns) + "|")
        for group in matrix.groups:
            if group.write_up == write_up:
                lines.append(f"| **{escaped(_name(group))}** |" + " |" * len(columns))
                for line in group.lines:
                    cells = [sign(line.readings.get(one))[0] for one in matrix.versions]
                    lines.append(f"| {escaped(line.claim)} | {' | '.join(cells)} |")
        lines.append("")
    lines += [*(f"{escaped(text)}.  " for text in (legend(words), *headings.legend(words))), ""]
    lines += [f"### {changes}", ""]
    for group in matrix.groups:
        said = list(_said(group))
        if said:
            title = f": {escaped(group.title)}" if group.title else ""
            lines.append(f"- **{escaped(_name(group))}**{title}")
        lines += [
            f"  - `{claim}`: {escaped(told)}" if claim else f"  - {escaped(told)}"
            for claim, told in said
        ]
    lines += [
        "",
        *(
            f"{escaped(text)}.  "
            for text in (_unchanged(matrix, words), *matrix.notes, matrix.about)
            if text
        ),
        "",
    ]
    lines += [f"<details><summary>{said_by_claims}</summary>", ""]
    for group in matrix.groups:
        lines.append(f"- **{escaped(_name(group))}**")
        lines += [f"  - `{one.claim}`: {escaped(one.says)}" for one in group.lines if one.says]
    return "\n".join([*lines, "", "</details>", ""])


def _heading(version: GoVersion, headings: _Headings) -> str:
    text = headings.texts[version]
    return f"1{text}" if text.startswith(".") else text


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, also in a table."""
    for character in "\\|<*_`[":
        text = text.replace(character, f"\\{character}")
    return text


# --- as JSON -----------------------------------------------------------------


def as_json(matrix: Matrix) -> dict[str, Any]:
    """Return the matrix as ``goclaim matrix --json`` prints it."""
    return {
        "versions": [str(one) for one in matrix.versions],
        "scenarios": [
            {
                "scenario": group.scenario,
                "write_up": group.write_up,
                "experiment": group.experiment,
                "title": group.title,
                "notes": list(group.notes),
                "claims": [_line_as_json(line) for line in group.lines],
            }
            for group in matrix.groups
        ],
        "notes": list(matrix.notes),
        "about": matrix.about,
    }


def _line_as_json(line: Line) -> dict[str, Any]:
    return {
        "claim": line.claim,
        "says": line.says,
        "words": line.words,
        "changes": line.changes,
        "notes": list(line.notes),
        "cells": {
            str(version): {
                "sign": sign(one)[0],
                "verdict": one.verdict,
                "in_scope": one.in_scope,
                "documented": one.documented,
                "expected": one.expected,
                "measured": one.measured,
                "unit": one.unit,
                "reason": one.reason,
            }
            for version, one in sorted(line.readings.items())
        },
    }
