"""The languages of a report: the catalogue is whole, and what it says is said."""

from __future__ import annotations

import re
import string
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from harness import changes, results, scenarios
from harness.errors import UsageError
from harness.report import document, page
from harness.report.charts import figure_chart, heap_chart
from harness.report.language import translations

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ROOT = Path(__file__).parents[2]
RUN = ROOT / "tests" / "captures" / "runs" / "eight-releases"
COMMA = "\N{FULLWIDTH COMMA}"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def catalogue() -> Catalog:
    """Return the Chinese catalogue as its translators see it."""
    with (ROOT / "templates" / "report" / "zh.po").open("rb") as file:
        return read_po(file, locale="zh")


def messages(catalogue: Catalog) -> set[str]:
    """Return a catalogue's texts in English."""
    return {
        (one.id if isinstance(one.id, str) else one.id[0])
        for one in catalogue
        if one.id and isinstance(one.id, str | list | tuple)
    }


def test_every_text_is_translated_and_no_translation_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the code, the templates and the manifests say is in it: ``make messages``."""
    monkeypatch.chdir(ROOT)
    found = tmp_path / "messages.pot"
    extract = ["extract", "-F", "babel.cfg", "-k", "say", "-o", str(found), "."]
    CommandLineInterface().run(["pybabel", "-q", *extract])  # type: ignore[no-untyped-call]
    with found.open("rb") as file:
        assert messages(read_po(file)) == messages(catalogue())
    untranslated = [one.id for one in catalogue() if one.id and not one.string]
    assert not untranslated
    assert not any(one.fuzzy for one in catalogue() if one.id)


def test_every_text_of_the_shipped_manifests_is_in_the_catalogue() -> None:
    """None is lost between TOML and the extraction, however a manifest is written."""
    known = messages(catalogue())
    for scenario in scenarios.shipped():
        one = scenario.manifest
        texts = {one.title, one.shows, *([one.printed.on] if one.printed else [])}
        texts |= {text for claim in one.claims for text in (claim.says, claim.known) if text}
        assert texts <= known, scenario.name


def test_a_translation_has_the_places_of_its_text() -> None:
    """``{release}`` and ``%(num)s`` are filled in: none is lost, none is misspelt."""
    for one in catalogue():
        if not one.id:
            continue
        text = one.id if isinstance(one.id, str) else one.id[1]  # of the plural
        for said in [one.string] if isinstance(one.string, str) else one.string or ():
            assert _places(said) == _places(text), text


def _places(text: str) -> Counter[str]:
    named = Counter(re.findall(r"%\(\w+\)s", text))
    return named + Counter(f"{{{name}}}" for _, name, _, _ in string.Formatter().parse(text)
                           if name is not None)  # fmt: skip


def test_english_is_what_the_code_says() -> None:
    """It needs no catalogue."""
    assert translations("en").gettext("snapshot") == "snapshot"


def test_an_unknown_language_is_a_usage_error_that_names_those_there_are() -> None:
    """Exit code 2, and what to type instead."""
    with pytest.raises(UsageError, match=r"no language 'fr'\. There are: en, zh\."):
        translations("fr")


def test_what_a_catalogue_lacks_stays_as_it_is() -> None:
    """A text of a user's own manifest, and one that says nothing."""
    words = translations("zh")
    assert words.gettext("A slice of a big slice") == "A slice of a big slice"
    assert words.gettext("") == ""


@pytest.mark.parametrize(
    ("scenario", "claim", "words"),
    [
        (
            "grow-delete",
            "alloc-deleted",
            ["280-281 MB", "从 1.9 起 293 MB", "从 1.24 起 287 MB", "用 noswissmap 时再次 293 MB"],
        ),
        ("local-delete", "released-after-last-use", ["从 1.4 起 释放"]),
        (
            "grow-gc-delete",
            "garbage-of-growth",
            ["成立", "从 1.24 起 不再如此", "用 noswissmap 时再次 成立"],
        ),
    ],
)
def test_changes_are_told_in_chinese(scenario: str, claim: str, words: list[str]) -> None:
    """The words of a real run, put together in Chinese order."""
    matrix = changes.matrix(results.read(RUN), translations("zh"))
    group = next(one for one in matrix.groups if one.scenario == scenario)
    line = next(one for one in group.lines if one.claim == claim)
    assert line.words.split(COMMA) == words
    assert CHINESE.search(group.title)
    assert CHINESE.search(line.says)


@pytest.mark.slow
def test_charts_speak_chinese() -> None:
    """Titles, choices and tooltips; names of Go's own stay."""
    words = translations("zh")
    tables = results.read(RUN)
    heap = heap_chart([("run", tables)], "grow-delete", words)
    assert heap is not None
    spec = heap.to_dict()
    assert "各次重复的中位数" in spec["title"]["subtitle"][0]
    labels = next(one for one in spec["params"] if one["name"] == "field")["bind"]["labels"]
    assert labels[0] == "Alloc"
    assert "整个进程的峰值" in labels[3]
    group = next(
        one for one in changes.matrix(tables, words).groups if one.scenario == "grow-delete"
    )
    figure = figure_chart([("run", tables)], group, group.lines[-1], words)
    assert figure is not None
    text = str(figure.to_dict())
    assert "全部删除之后还有 293 MB。" in text
    assert "从 1.9 起 293 MB" in text


@pytest.mark.slow
def test_a_page_says_in_chinese_what_the_shipped_manifests_say() -> None:
    """Titles, what it shows, where figures were printed; what stays English is declared so."""
    known = {one.name: one.manifest for one in scenarios.shipped()}["global-delete"]
    printed = known.printed
    assert printed
    words = translations("zh")
    told = page.render(document.read([RUN], words), {}, "", words, "zh")
    for text in (known.title, known.shows, printed.on):
        assert words.gettext(text) in told
        assert f">{text}<" not in told
    assert '<span class="reason" lang="en">' in told
