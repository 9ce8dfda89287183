"""A report → one HTML file that needs nothing but itself; decides nothing.

Whatever comes from programs, paths and manifests is text: Jinja escapes it,
JSON blocks can't end their element, and the page's policy lets nothing run but
the two scripts whose hashes it names.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import GoLexer

from harness import resources
from harness.changes import SIGNS
from harness.report import language
from harness.report.contents import COUNTS, shown

if TYPE_CHECKING:
    import gettext
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.changes import Reading
    from harness.report.contents import Report, Section
    from harness.report.evidence import Block, Evidence
    from harness.toolchains import GoVersion

Json = Any
_FOLDER = "report"
_PLAIN = re.compile(r'<span class="(?:p|w|o|n|nx|nf|fm|err)">([^<]*)</span>')  # has no colour
_SLUGS = {name: name.replace(" ", "-") for name in SIGNS}  # CSS classes


@dataclass(frozen=True, slots=True)
class Charts:
    """The Vega-Lite plots of one scenario.

    Attributes:
        heap: The heap over the snapshots, None where there is none.
        figures: A figure over the releases, by claim.
    """

    heap: Mapping[str, Json] | None
    figures: Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Source:
    """One distinct text of a program.

    Attributes:
        number: Its place among the texts of its scenario.
        names: The releases that compile it, in words.
        files: Name and highlighted lines of each file.
        blocks: What the lines that matter became, on the release shown first; with each,
            whether it is the first of its line.
        linked: The lines that the listing has something of, as (file, line).
    """

    number: int
    names: str
    files: tuple[tuple[str, tuple[Markup, ...]], ...]
    blocks: tuple[tuple[Block, bool], ...]
    linked: frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class View:
    """One scenario as the template shows it.

    Attributes:
        section: The scenario.
        home: The release that it opens with.
        sources: The texts of its program.
        source: Which of them that release compiles, None where it has none.
        plots: The claims that have a plot over the releases.
        heap: Whether there is a plot over the snapshots.
        facts: What the script needs to show other releases.
    """

    section: Section
    home: GoVersion
    sources: tuple[Source, ...]
    source: int | None
    plots: tuple[str, ...]
    heap: bool
    facts: Markup


def render(
    report: Report,
    charts: Mapping[str, Charts],
    bundle: str,
    words: gettext.NullTranslations,
    lang: str,
) -> str:
    """Return the page. ``charts`` are by scenario; ``bundle`` is the script that draws them."""
    environment = _environment(words, lang)
    folder = resources.path("templates") / _FOLDER
    style = Markup(_read(folder / "page.css"))  # noqa: S704  ours
    script = Markup(_read(folder / "page.js"))  # noqa: S704  ours
    views = tuple(
        _view(section, report, charts.get(section.scenario, Charts(None, {})))
        for section in report.sections
    )
    drawn = any(view.heap or view.plots for view in views)
    library = Markup(_script(bundle)) if drawn else Markup()  # noqa: S704  checked
    return environment.get_template("page.html.j2").render(
        report=report,
        views=views,
        lang=lang,
        policy=_policy([script, *([library] if drawn else [])], style),
        style=style,
        script=script,
        library=library,
        signs=SIGNS,
        facts=_json(_page_facts(report, words)),
    )


def _environment(words: gettext.NullTranslations, lang: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.path("templates") / _FOLDER),
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["said"] = words.gettext  # as ``_``, which would take a % for a place
    environment.filters["spoken"] = lambda text: _spoken(text, lang)
    environment.filters["slug"] = lambda outcome: _SLUGS.get(outcome, "unknown")
    environment.globals |= {"shown": shown, "spread_of": spread_of, "COUNTS": COUNTS}
    return environment


def _spoken(text: str, lang: str) -> Markup:
    """Return the attribute of an element whose text is English on a page that is not."""
    english = lang != language.SOURCE and text.isascii()
    return Markup(' lang="en"') if english else Markup("")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _script(text: str) -> str:
    """Return a script that can stand in an element. Raises ``ValueError`` where it can't."""
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError("this script would end its own element")
    return text


def _policy(scripts: Sequence[str], style: str) -> str:
    """Return a content security policy that knows our own scripts and style by their hashes."""
    allowed = " ".join(_hash(one) for one in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _json(content: Json) -> Markup:
    """Return JSON that can stand in a script element: no ``<`` is left to end or open one."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704  it can end no script


# --- one scenario ------------------------------------------------------------


def _view(section: Section, report: Report, charts: Charts) -> View:
    home = _home(section, report)
    sources, of_release = _sources(section, report, home)
    return View(
        section=section,
        home=home,
        sources=sources,
        source=of_release.get(home),
        plots=tuple(charts.figures),
        heap=charts.heap is not None,
        facts=_json(_facts(section, report, of_release, charts)),
    )


def _home(section: Section, report: Report) -> GoVersion:
    """Return the release that a scenario opens with: the page's, if there is anything to see."""
    there = _releases(section, report)
    return report.home if report.home in there or not there else there[-1]


def _releases(section: Section, report: Report) -> list[GoVersion]:
    figures = section.figures.measured if section.figures else {}
    there = {version for _, version in figures} | {*section.evidence}
    return [version for version in report.versions if version in there]


def _sources(
    section: Section, report: Report, home: GoVersion
) -> tuple[tuple[Source, ...], dict[GoVersion, int]]:
    """Return the distinct texts, and which of them each release compiles."""
    texts: dict[tuple[tuple[str, str], ...], list[GoVersion]] = {}
    for version in report.versions:
        if version in section.evidence:
            texts.setdefault(section.evidence[version].sources, []).append(version)
    found, of_release = [], {}
    for number, (files, versions) in enumerate(texts.items()):
        of_release.update(dict.fromkeys(versions, number))
        first = section.evidence[home if home in versions else versions[-1]]
        linked = {
            (block.file, block.line)
            for version in versions
            for block in section.evidence[version].blocks
        }
        found.append(
            Source(
                number=number,
                names=", ".join(report.names[version] for version in versions),
                files=tuple((name, _highlighted(text)) for name, text in files),
                blocks=tuple(
                    (block, (block.file, block.line) not in {(b.file, b.line) for b in before})
                    for block, before in (
                        (block, first.blocks[:number]) for number, block in enumerate(first.blocks)
                    )
                ),
                linked=frozenset(linked),
            )
        )
    return tuple(found), of_release


def _highlighted(text: str) -> tuple[Markup, ...]:
    """Return a Go file's lines as HTML; a token that spans lines is marked in each."""
    html = highlight(text, GoLexer(stripnl=False), HtmlFormatter(nowrap=True))
    html = _PLAIN.sub(r"\1", html)
    return tuple(Markup(line) for line in html.removesuffix("\n").split("\n"))  # noqa: S704  Pygments escaped it


# --- what the script reads ---------------------------------------------------


def _page_facts(report: Report, words: gettext.NullTranslations) -> Json:
    say = words.gettext
    return {
        "names": [report.names[version] for version in report.versions],
        "runs": [run.label for run in report.runs],
        "words": {
            "reproduced": say("reproduced"),
            "not reproduced": say("not reproduced"),
            "documented deviation": say("documented deviation"),
            "inconclusive": say("inconclusive"),
            "not applicable": say("not applicable"),
            "not available": say("not available"),
            "unclaimed": say("not claimed for this release"),
            "of": say("%(shown)s of %(all)s claims shown"),
            "printed": say("expected"),
            "measured": say("measured"),
            "spread": say("spread"),
            "on": say("on Go %(release)s"),
            "call": say("call"),
            "reference": say("reference"),
            "nil-store": say("nil store"),
            "nothing": say("Nothing was measured on this release."),
            "no listing": say("There is no listing for this release."),
            "in": say("in %(function)s"),
            "close": say("Close"),
        },
    }


def _facts(
    section: Section, report: Report, of_release: Mapping[GoVersion, int], charts: Charts
) -> Json:
    places = {version: number for number, version in enumerate(report.versions)}
    reasons: dict[str, int] = {}
    claims = {
        claim.id: {
            places[version]: [
                _reading(line.readings.get(version) if line else None, reasons)
                for line in claim.lines
            ]
            for version in report.versions
            if any(line and version in line.readings for line in claim.lines)
        }
        for claim in section.claims
    }
    return {
        "claims": claims,
        "figures": _figures(section, report),
        "troubles": {
            places[version]: [
                section.troubles.get((run, version), "") for run in range(len(report.runs))
            ]
            for version in dict.fromkeys(version for _, version in section.troubles)
        },
        "sources": {places[version]: number for version, number in of_release.items()},
        "blocks": {
            places[version]: _blocks(evidence) for version, evidence in section.evidence.items()
        },
        "reasons": list(reasons),
        "heap": charts.heap,
        "plots": charts.figures,
    }


def _reading(reading: Reading | None, reasons: dict[str, int]) -> Json:
    if reading is None:
        return None
    return [
        reading.outcome,
        int(reading.bracketed),
        reading.sign,
        reading.expected,
        reading.measured,
        reading.unit,
        spread_of(reading),
        reasons.setdefault(reading.reason, len(reasons)),
    ]


def spread_of(reading: Reading) -> str:
    """Say how far the repetitions of a figure are apart; nothing for what is no figure."""
    if not reading.unit or math.isnan(reading.spread):
        return ""
    return f"{reading.spread:.3f}".rstrip("0").rstrip(".")


def _figures(section: Section, report: Report) -> Json:
    if section.figures is None:
        return {}
    figures = section.figures
    return {
        name: {
            number: [
                [shown(one, name, figures.unit) for one in found[name]]
                if (found := figures.measured.get((run, version))) and name in found
                else None
                for run in range(len(report.runs))
            ]
            for number, version in enumerate(report.versions)
            if any((run, version) in figures.measured for run in range(len(report.runs)))
        }
        for name in figures.fields
    }


def _blocks(evidence: Evidence) -> Json:
    files = {name: number for number, (name, _) in enumerate(evidence.sources)}
    return [
        [
            files.get(block.file, -1),
            block.file,
            block.line,
            block.function,
            [[step.pc, step.text, step.mark] for step in block.steps],
        ]
        for block in evidence.blocks
    ]
