"""The matrix as people and programs see it: signs, width, Markdown, JSON."""

from __future__ import annotations

import io
import json
import re
from gettext import NullTranslations
from pathlib import Path

import pytest
from rich.console import Console

from harness import changes, matrix_view, results
from harness.changes import Group, Line, Matrix, Reading
from harness.toolchains import GoVersion, parse_spec

RUN = Path(__file__).parent.parent / "captures" / "runs" / "eight-releases"
SERIES = parse_spec("1.2..1.27")


def made(versions: tuple[GoVersion, ...], name: str = "own", **fields: object) -> Matrix:
    """Make a matrix of one claim that is the same on every release."""
    about = {"verdict": "reproduced", "in_scope": True, **fields}
    readings = {one: Reading(one, **about) for one in versions}  # type: ignore[arg-type]
    line = Line("kept-after-delete", "It stays.", readings, "kept", changes=False, notes=())
    return Matrix(versions, (Group(name, "A title", "", "", (line,), ()),), ())


def shown(matrix: Matrix, width: int = 100) -> str:
    """Print a matrix on a terminal of some width without colours."""
    text = io.StringIO()
    matrix_view.show(Console(file=text, width=width, color_system=None), matrix)
    return text.getvalue()


@pytest.mark.parametrize(
    ("fields", "sign"),
    [
        ({}, "✓"),
        ({"in_scope": False}, "(✓)"),
        ({"verdict": "not reproduced"}, "✗"),
        ({"verdict": "not reproduced", "in_scope": False}, "(✗)"),
        ({"verdict": "not reproduced", "documented": True}, "≠"),
        ({"verdict": "not reproduced", "documented": True, "in_scope": False}, "(≠)"),
        ({"verdict": "inconclusive"}, "?"),
        ({"verdict": "not applicable", "in_scope": False}, "-"),
        ({"verdict": "not available", "in_scope": False}, "!"),
    ],
)
def test_every_verdict_has_its_sign(fields: dict[str, object], sign: str) -> None:
    """In brackets where the claim was not made for that release; the legend names each."""
    matrix = made(parse_spec("1.14"), **fields)  # type: ignore[arg-type]
    (reading,) = matrix.groups[0].lines[0].readings.values()
    assert matrix_view.sign(reading)[0] == sign
    assert f" {sign.strip('()')} " in f" {matrix_view.legend(NullTranslations())} "
    assert sign in shown(matrix).split("kept-after-delete")[1]


def test_a_cell_that_was_not_measured_is_blank() -> None:
    """No sign may claim anything about it."""
    assert matrix_view.sign(None)[0] == ""


@pytest.mark.parametrize("width", [100, 120, 160])
def test_all_series_stand_side_by_side(width: int) -> None:
    """One table holds 26 releases on a terminal of 100 columns, each under its minor version."""
    text = shown(made(SERIES, in_scope=False), width)
    (heading,) = [line for line in text.splitlines() if "claim" in line and ".27" in line]
    assert re.findall(r"\.\d+", heading) == [f".{one.minor}" for one in SERIES]
    (row,) = [line for line in text.splitlines() if "kept-after-delete" in line]
    assert row.count("(✓)") == len(SERIES)
    assert max(map(len, text.splitlines())) <= width
    for number, series in enumerate(re.finditer(r"\.\d+", heading)):
        sign = list(re.finditer(r"\(✓\)", row))[number]
        assert abs(series.start() - sign.start()) <= 1


def test_what_does_not_fit_goes_on_in_another_table() -> None:
    """Each with the claims' names; no release is lost or shown twice."""
    text = shown(made(SERIES), 80)
    headings = [line for line in text.splitlines() if line.lstrip().startswith("claim,")]
    assert len(headings) == 2
    found = [name for line in headings for name in re.findall(r"\.\d+", line)]
    assert found == [f".{one.minor}" for one in SERIES]


@pytest.mark.parametrize(
    ("spec", "headings"),
    [
        ("1.14,1.15", [".14", ".15"]),
        ("1.14.1,1.14.15,1.15", [".14.1", ".14.15", ".15"]),
        ("1.24,1.24+noswissmap,1.25+noswissmap", [".24", "+a", ".25+a"]),
        ("1.21.0+loopvar,1.24+noswissmap", [".21+a", ".24+b"]),
    ],
)
def test_headings(spec: str, headings: list[str]) -> None:
    """Short, but two releases of a series differ; an experiment stands behind its release."""
    text = shown(made(parse_spec(spec)))
    first = next(line for line in text.splitlines() if line.lstrip().startswith("claim,"))
    assert first.split()[-len(headings) :] == headings
    for mark in re.findall(r"\+[ab]", " ".join(headings)):
        assert f"{mark} behind a release: with GOEXPERIMENT=" in text


@pytest.fixture(scope="module")
def real() -> Matrix:
    """Return the matrix of a real run."""
    return changes.matrix(results.read(RUN))


def test_a_real_run_on_a_terminal(real: Matrix) -> None:
    """Verdicts above, the words for them below, each write-up under its name."""
    text = shown(real, 120)
    (row,) = [line for line in text.splitlines() if "released-after-last-use" in line][:1]
    assert row.split()[1:] == ["(✗)", "(✓)", "(✓)", "✓", "✓", "✓", "✓", "✓"]
    assert "  released-after-last-use: released from 1.4\n" in re.sub(" +\n", "\n", text)
    assert text.index("Write-up A") < text.index("A5 local-delete") < text.index("Write-up B")
    assert "39 of 93 claims come out the same on every release" in text


def test_one_release_has_nothing_to_compare() -> None:
    """Nothing changes within one release."""
    assert "1 claims, one release: nothing to compare" in shown(made(parse_spec("1.14")))


@pytest.mark.parametrize("versions", [(), parse_spec("1.14,1.15")])
def test_a_run_without_claims_is_shown_as_one(versions: tuple[GoVersion, ...]) -> None:
    """A program of one's own need not claim anything, and an interrupt may come at once."""
    matrix = Matrix(versions, (), ())
    said = "nothing is claimed in this run; measurements.csv has its figures"
    assert said in shown(matrix)
    assert said in matrix_view.markdown(matrix).replace("\\", "")
    assert matrix_view.as_json(matrix)["scenarios"] == []


def test_markdown_tables_are_whole(real: Matrix) -> None:
    """Every row has as many fields as the line below the heading, so that GitHub renders it."""
    text = matrix_view.markdown(real)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {len(real.versions) + 2}
    assert "| claim | 1.2 | 1.4 | 1.9 | 1.14 | 1.23 | 1.24 | 1.25+a | 1.27 |" in rows
    assert "| released-after-last-use | (✗) | (✓) | (✓) | ✓ | ✓ | ✓ | ✓ | ✓ |" in rows
    assert "  - `released-after-last-use`: released from 1.4" in text.splitlines()
    assert text.count("### Write-up") == 2
    assert text.endswith("</details>\n")


def test_markdown_means_every_text_literally() -> None:
    """A name of a user's own may hold what Markdown takes for a sign."""
    text = matrix_view.markdown(made(parse_spec("1.14,1.15"), name="a|b *c* <i>"))
    assert "| **a\\|b \\*c\\* \\<i>** | | |" in text


def test_json_has_every_cell_with_its_sign_and_figures(real: Matrix) -> None:
    """A program needs nothing of the words."""
    told = json.loads(json.dumps(matrix_view.as_json(real)))
    assert told["versions"][-2] == "1.25.14+noswissmap"
    (scenario,) = [one for one in told["scenarios"] if one["scenario"] == "local-delete"]
    assert (scenario["write_up"], scenario["experiment"]) == ("A", "A5")
    claim = scenario["claims"][0]
    assert (claim["claim"], claim["changes"]) == ("released-after-last-use", True)
    assert list(claim["cells"]) == told["versions"]
    cell = claim["cells"]["1.2.2"]
    assert (cell["sign"], cell["verdict"], cell["in_scope"]) == ("(✗)", "not reproduced", False)
    assert float(cell["measured"]) > 0.9
