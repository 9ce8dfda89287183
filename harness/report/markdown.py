"""What a report says → Markdown, for an issue or the summary of a job (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import matrix_view
from harness.matrix_view import escaped

if TYPE_CHECKING:
    import gettext

    from harness.report.contents import Headline, Report


def markdown(report: Report, words: gettext.NullTranslations) -> str:
    """Write what came out, the claims by release, and where they change, as GitHub renders it."""
    several = len(report.runs) > 1
    title = words.gettext("What Go's memory does: claims against measurements")
    lines = [f"## {title}", ""]
    lines += [f"- {_headline(one, words)}" for one in report.headlines]
    if several:
        lines += ["", *_differences(report, words)]
    for run in report.runs:
        if several:
            lines += ["", f"## {escaped(run.label)}"]
        lines += ["", matrix_view.markdown(run.matrix, words)]
    return "\n".join(lines)


def _headline(one: Headline, words: gettext.NullTranslations) -> str:
    about = matrix_view.write_up_title(one.about, words) if one.about else one.scenario
    subject = f"**{escaped(about)}{f', {escaped(one.run)}' if one.run else ''}:**"
    if not one.claims:
        nothing = words.gettext("nothing is claimed for Go %(release)s.")
        return f"{subject} {nothing % {'release': one.release}}"
    said = words.ngettext(
        "%(reproduced)s of %(num)s claim reproduced on Go %(release)s",
        "%(reproduced)s of %(num)s claims reproduced on Go %(release)s",
        one.claims,
    ) % {"reproduced": one.reproduced, "num": one.claims, "release": one.release}
    if one.documented:
        said += words.gettext(", ")
        said += words.ngettext(
            "%(num)s deviates as documented", "%(num)s deviate as documented", one.documented
        ) % {"num": one.documented}
    if one.newest:
        said += words.gettext("; ")
        said += words.ngettext(
            "%(num)s still holds on %(release)s", "%(num)s still hold on %(release)s", one.still
        ) % {"num": one.still, "release": one.newest}
    stop = words.gettext(".")
    return f"{subject} {said}{stop}"


def _differences(report: Report, words: gettext.NullTranslations) -> list[str]:
    """Write on which claims and releases the runs do not say the same."""
    say = words.gettext
    title, claim = say("Where the runs differ"), say("Claim")
    told = words.ngettext(
        "On %(num)s of %(common)s claims and releases that could be compared, a verdict differs, "
        "or a figure by more than tolerance and spread.",
        "On %(num)s of %(common)s claims and releases that could be compared, a verdict differs, "
        "or a figure by more than tolerance and spread.",
        len(report.differences),
    ) % {"num": len(report.differences), "common": report.common}
    lines = [f"### {title}", "", told]
    if report.differences:
        labels = " | ".join(escaped(run.label) for run in report.runs)
        lines += ["", f"| {claim} | Go | {labels} |", "|---" * (len(report.runs) + 2) + "|"]
    for one in report.differences:
        cells = [
            f"{reading.sign} {reading.measured} {reading.unit}".strip() if reading else ""
            for reading in one.readings
        ]
        name = escaped(f"{one.section.scenario} {one.claim}")
        row = (name, report.names[one.version], *map(escaped, cells))
        lines.append(f"| {' | '.join(row)} |")
    return lines
