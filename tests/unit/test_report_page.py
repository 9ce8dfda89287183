"""The page as text: complete, self-contained, translated; what runs in it stands in its policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from harness import cli, resources
from harness.report import document, page

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

# They write whole pages.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def html(three_releases: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the page about the run of three releases, as the command writes it."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    done = goclaim("report", three_releases, "-o", path)
    assert done.exit_code == 0, done.output
    assert f"written: {path} (" in done.output
    return path.read_text(encoding="utf-8")


def goclaim(*arguments: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli.cli, [str(one) for one in arguments], prog_name="goclaim")


class _Elements(HTMLParser):
    """Collects elements with their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Take note of what stands in a script or a style."""
        if self.found and self.found[-1][0] in {"script", "style"} and data.strip():
            self.texts.append((*self.found[-1], data))


def digest(text: str) -> str:
    """Return what a policy calls a script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_knows_every_script_and_style_and_nothing_else(html: str) -> None:
    """Two scripts of ours, the one for plots waiting as text, and one style."""
    elements = _Elements(html)
    (policy,) = [
        str(attributes["content"])
        for tag, attributes in elements.found
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    told = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert told["default-src"] == ["'none'"]
    assert "unsafe" not in policy
    runs = [
        digest(text)
        for tag, attributes, text in elements.texts
        if tag == "script" and attributes.get("type") != "application/json"
    ]
    styles = [digest(text) for tag, _, text in elements.texts if tag == "style"]
    assert {f"'{one}'" for one in runs} == set(told["script-src"])
    assert {f"'{one}'" for one in styles} == set(told["style-src"])


def test_nothing_is_loaded_and_nothing_runs_from_an_attribute(html: str) -> None:
    """No address outside the page, no handler, no style in an element."""
    for tag, attributes in _Elements(html).found:
        assert tag not in {"link", "iframe", "object", "embed", "img", "base"}
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        assert "src" not in attributes
        assert str(attributes.get("href", "#")).startswith("#")


def test_no_id_stands_twice_and_every_link_leads_somewhere(html: str) -> None:
    """Sources and instructions are linked both ways."""
    found = _Elements(html).found
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(attributes["href"])[1:] for tag, attributes in found if tag == "a"}
    assert links <= set(ids)
    assert {one for one in links if str(one).endswith(".asm")}


def test_every_block_of_json_can_be_read(html: str) -> None:
    """One for the page, one for each scenario."""
    blocks = [
        json.loads(text)
        for tag, attributes, text in _Elements(html).texts
        if tag == "script" and attributes.get("type") == "application/json"
    ]
    assert len(blocks) == 4
    assert blocks[-1]["names"] == ["1.14", "1.20", "1.27"]


def test_without_artifacts_the_page_says_so(three_releases: Path, tmp_path: Path) -> None:
    """Tables and plots are all there; programs and listings are not."""
    folder = tmp_path / "run"
    folder.mkdir()
    for path in three_releases.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    text = document.html([folder], "en")
    assert text.count("artifacts are not there") == 3
    assert 'class="program"' not in text


def test_every_text_of_the_page_is_in_its_language(three_releases: Path) -> None:
    """No heading, label or button is left in English."""
    text = document.html([three_releases], "zh")
    text = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    for tag in ("h1", "h2", "h4", "summary", "label", "caption", "legend"):
        for inner in re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", text, re.DOTALL):
            words = re.sub(r"<[^>]+>|\s|main\.go", "", inner)
            assert not words or re.search(r"[\u4e00-\u9fff]", words), inner


def test_a_script_that_would_end_its_element_is_refused() -> None:
    """A library of a later version may hold such text."""
    for text in ("x</SCRIPT>y", "a<!--b"):
        with pytest.raises(ValueError, match="end its own element"):
            page._script(text)


def test_the_script_that_draws_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making it takes two seconds; it is kept with other caches, by its version."""
    monkeypatch.setenv("GOCLAIM_CACHE", str(tmp_path))
    (tmp_path / "vega").mkdir()
    first = document._library()
    (kept,) = (tmp_path / "vega").iterdir()
    assert kept.read_text(encoding="utf-8") == first
    assert "vegaEmbed" in first
    kept.write_text("kept", encoding="utf-8")
    assert document._library() == "kept"


# --- the command -------------------------------------------------------------


def test_the_page_lies_in_the_run_unless_another_place_is_named(
    three_releases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder, the newest run under results/ is taken."""
    monkeypatch.chdir(tmp_path)
    newest = tmp_path / "results" / "newest"
    newest.mkdir(parents=True)
    for path in three_releases.glob("*.*"):
        (newest / path.name).write_bytes(path.read_bytes())
    done = goclaim("report")
    assert done.exit_code == 0, done.output
    assert (newest / "report.html").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("EMPTY",), "holds no finished run"),
        (("RUN", "-o", "RUN/none/page.html"), "can't be written: No such file or directory"),
        (("RUN", "RUN"), "A run is named twice"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    three_releases: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    """Exit code 2, and what to do."""
    places = {"EMPTY": str(tmp_path), "RUN": str(three_releases)}
    named = [re.sub("EMPTY|RUN", lambda one: places[one[0]], text) for text in arguments]
    done = goclaim("report", *named)
    assert done.exit_code == 2
    assert told in done.output
    assert "Traceback" not in done.output


def test_runs_are_called_by_as_much_of_their_path_as_tells_them_apart(tmp_path: Path) -> None:
    """Often the folders have the same name on two machines."""
    one, two = tmp_path / "a" / "run", tmp_path / "b" / "run"
    assert document._labels([one, two]) == ["a/run", "b/run"]
    assert document._labels([one, tmp_path / "b" / "other"]) == ["run", "other"]


def test_templates_are_found_where_they_are_shipped() -> None:
    """In the wheel they lie elsewhere than in the checkout."""
    assert (resources.path("templates") / "report" / "page.html.j2").is_file()
