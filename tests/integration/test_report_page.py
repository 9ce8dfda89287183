"""The page in a real browser: from disk, without a network, with keys, in print, under attack."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from harness.report import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
DRAWN = ".plot[data-drawn] svg"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Start a Chromium, once for all tests."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS])
        yield started
        started.close()


@dataclass
class Opened:
    """A page, what it asked for, what of that its policy refused, and what it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Return a function that opens a file with the network cut; no page may complain."""
    contexts = []
    everything: list[Opened] = []

    def visit(path: Path, fragment: str = "", **options: Any) -> Opened:  # noqa: ANN401
        context = browser.new_context(
            **{"offline": True, "viewport": {"width": 1400, "height": 900}, **options}
        )
        contexts.append(context)
        found = Opened(context.new_page())
        everything.append(found)
        page = found.page
        page.on("request", lambda one: found.requests.append(one.url))
        page.on(
            "requestfailed",
            lambda one: found.refused.append(one.url) if one.failure == "csp" else None,
        )
        page.on("pageerror", lambda one: found.problems.append(str(one)))
        page.on(
            "console",
            lambda one: (
                found.problems.append(one.text) if one.type in {"error", "warning"} else None
            ),
        )
        page.goto(path.as_uri() + fragment)
        return found

    yield visit
    for context in contexts:
        context.close()
    assert [problem for one in everything for problem in one.problems] == []


@pytest.fixture(scope="module")
def three(three_releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page about the run of three releases."""
    path = tmp_path_factory.mktemp("page") / "three.html"
    document.write(path, [three_releases], "en")
    return path


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page about the reference results."""
    path = tmp_path_factory.mktemp("page") / "full.html"
    document.write(path, [REFERENCE], "en")
    return path


# --- from disk ---------------------------------------------------------------


def test_the_page_needs_nothing_but_itself(three: Path, opened: Callable[..., Opened]) -> None:
    """One request, for the file; plots are drawn, nothing is complained of."""
    found = opened(three)
    found.page.locator(".plot").first.scroll_into_view_if_needed()
    found.page.wait_for_selector(DRAWN)
    assert found.requests == [three.as_uri()]
    assert found.page.title() == "What Go's memory does: claims against measurements, Go 1.14..1.27"


def test_the_full_page_is_small_and_quick(full: Path, opened: Callable[..., Opened]) -> None:
    """Under 5 MB; the first paint comes within a second."""
    assert full.stat().st_size < 5_000_000
    page = opened(full).page
    page.wait_for_function("performance.getEntriesByType('paint').length > 0")
    painted = page.evaluate("performance.getEntriesByType('paint').map(one => one.startTime)")
    assert min(painted) < 1000


def test_without_scripts_everything_but_plots_is_there(
    three: Path, opened: Callable[..., Opened]
) -> None:
    """Grid, tables, sources and listings; no control that does nothing."""
    page = opened(three, java_script_enabled=False).page
    assert page.locator("#grid td.reproduced").count() > 20
    assert not page.locator("#filters").is_visible()
    assert not page.locator(".choose").first.is_visible()
    section = page.locator("#s-grow-delete")
    section.scroll_into_view_if_needed()
    assert "461" in str(section.locator(".figures").text_content())
    section.locator("details.program summary").click()
    assert section.get_by_text("runtime.mapdelete_fast64").first.is_visible()
    assert section.get_by_text("The plots need JavaScript").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_axe_finds_nothing_serious(
    three: Path, opened: Callable[..., Opened], scheme: str, width: int
) -> None:
    """Contrast, names, roles and order, with everything on the page open and drawn."""
    page = opened(
        three, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    ).page
    page.add_style_tag(content=".scenario { content-visibility: visible !important }")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.locator("#grid td").first.click()
    page.locator(".plot").first.scroll_into_view_if_needed()
    page.wait_for_selector(DRAWN)
    found = Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []


def test_a_phone_shows_verdicts_without_scrolling_sideways(
    three: Path, opened: Callable[..., Opened]
) -> None:
    """A claim's parts stand below each other, and are a table to a screen reader even so."""
    page = opened(three, viewport={"width": 390, "height": 900}).page
    table = page.locator("table.claims").first
    table.scroll_into_view_if_needed()
    verdict = table.locator("[data-is=verdict]").first.bounding_box()
    assert verdict
    assert verdict["x"] + verdict["width"] <= 390
    assert table.get_by_role("row").first.get_by_role("columnheader").count() == 5


def test_the_headings_are_in_order(three: Path, opened: Callable[..., Opened]) -> None:
    """One of the first level, and no level is left out."""
    page = opened(three).page
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(one => Number(one.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


# --- the grid ----------------------------------------------------------------


def rows_shown(page: Page) -> list[str]:
    """Return the claims whose rows are to be seen."""
    rows = page.locator("#grid tr[data-claim]:visible")
    return [str(one.get_attribute("data-claim")) for one in rows.all()]


def test_the_grid_filters(three: Path, opened: Callable[..., Opened]) -> None:
    """By write-up, by verdict and by release; the verdict is looked for among those shown."""
    page = opened(three).page
    everything = rows_shown(page)
    page.select_option("[name=about]", "B")
    assert rows_shown(page) == [
        "empty-map-alloc", "kept-after-delete", "alloc-empty", "alloc-filled", "alloc-deleted",
    ] or set(rows_shown(page)) < set(everything)  # fmt: skip
    assert not page.locator("#grid tbody[data-about=A]").first.is_visible()
    page.select_option("[name=about]", "*")
    page.select_option("[name=outcome]", "not-reproduced")
    lost = rows_shown(page)
    assert "nil-store-is-xorl" in lost
    assert "nil-releases" not in lost
    page.select_option("[name=high]", label="1.20")
    assert "nil-store-is-xorl" not in rows_shown(page)
    assert page.locator("#grid thead .version:visible").all_inner_texts() == ["1.14", "1.20"]
    assert page.locator("#count").inner_text().startswith(f"{len(rows_shown(page))} of ")


def test_the_grid_is_used_with_keys(three: Path, opened: Callable[..., Opened]) -> None:
    """One stop of the tab key; arrows move, the evidence is told, Enter leads there."""
    page = opened(three).page
    assert page.locator("#grid td[tabindex='0']").count() == 1
    page.locator("#grid td[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    told = page.locator("#detail").inner_text()
    assert "A2 global-delete-nil" in told
    assert "on Go 1.27" in told
    page.keyboard.press("Enter")
    chosen = page.locator("#s-global-delete-nil .choose select")
    assert chosen.evaluate("one => one === document.activeElement")
    assert chosen.evaluate("one => one.selectedOptions[0].text") == "1.27"


def test_headers_stay_in_sight(full: Path, opened: Callable[..., Opened]) -> None:
    """Releases above and claims at the side, wherever the grid is scrolled to."""
    page = opened(full, viewport={"width": 700, "height": 500}).page
    page.locator(".grid").evaluate("one => one.scrollTo(600, 900)")
    box = page.locator(".grid").bounding_box()
    head = page.locator("#grid thead .version").last.bounding_box()
    row = page.locator("#grid tr[data-claim] th.name").nth(30).bounding_box()
    assert box
    assert head
    assert row
    assert abs(head["y"] - box["y"]) <= 2
    assert abs(row["x"] - box["x"]) <= 2


# --- a scenario --------------------------------------------------------------


def test_another_release_shows_its_own_figures(three: Path, opened: Callable[..., Opened]) -> None:
    """Claims, figures, the program and its listing are those of the release that is chosen."""
    page = opened(three).page
    section = page.locator("#s-global-delete-nil")
    section.locator("details.program summary").click()
    row = section.locator("[data-claim=nil-store-is-xorl]").first
    assert "reproduced" in row.inner_text()
    assert section.get_by_text("XORL AX, AX").first.is_visible()
    section.locator(".choose select").select_option(label="1.27")
    assert "not reproduced" in row.inner_text()
    assert "(not claimed for this release)" in row.inner_text()
    listing = section.locator(".text:visible .asm").inner_text()
    assert "← nil store" in listing
    assert "XORL AX, AX ←" not in listing


def test_a_source_line_leads_to_its_instructions_and_back(
    three: Path, opened: Callable[..., Opened]
) -> None:
    """By a click or by the address alone, the program around it opens."""
    page = opened(three).page
    section = page.locator("#s-global-delete-nil")
    section.locator("details.program summary").click()
    line = section.locator(".text:visible .line", has_text="intMap = nil")
    number = line.locator("a.number")
    at = number.inner_text()
    number.click()
    target = page.locator(":target")
    assert f"main.go:{at} in main.main" in target.inner_text()
    assert "← nil store" in target.inner_text()
    assert "lit" in str(line.get_attribute("class"))
    target.locator("h5 a").click()
    assert page.locator(":target").inner_text().strip().endswith("intMap = nil")
    again = opened(three, page.evaluate("location.hash")).page
    again.wait_for_selector("details.program[open]")
    assert again.locator(":target").is_visible()


def test_a_plot_follows_the_field_that_is_chosen(
    three: Path, opened: Callable[..., Opened]
) -> None:
    """Alloc first; Sys has other figures, and the point under the pointer tells its bytes."""
    page = opened(three).page
    plot = page.locator("#s-grow-delete [data-plot=heap]")
    plot.scroll_into_view_if_needed()
    page.wait_for_selector(f"#s-grow-delete {DRAWN}")
    before = plot.locator("svg").text_content()
    plot.locator("select").first.select_option(label="Sys")
    page.wait_for_function(
        "document.querySelector('#s-grow-delete [data-plot=heap] svg').textContent.includes('Sys')"
    )
    assert plot.locator("svg").text_content() != before
    point = plot.locator("svg .mark-symbol.role-mark path").last
    point.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "bytes" in page.locator("#vg-tooltip-element").inner_text()


def test_another_figure_can_be_plotted(three: Path, opened: Callable[..., Opened]) -> None:
    """Over the releases, with the words for where it changes."""
    page = opened(three).page
    figure = page.locator("#s-grow-delete figure").nth(1)
    figure.scroll_into_view_if_needed()
    page.wait_for_selector("#s-grow-delete [data-plot=figures][data-drawn] svg")
    figure.locator(".which").select_option("alloc-deleted")
    page.wait_for_function(
        "document.querySelector('#s-grow-delete [data-plot=figures] svg')"
        ".textContent.includes('After deleting everything 293 MB stay.')"
    )
    assert "287 MB from 1.27" in str(figure.locator("svg").text_content())


# --- several runs, other languages, paper ------------------------------------


def test_runs_stand_beside_each_other(
    three_releases: Path, tmp_path: Path, opened: Callable[..., Opened]
) -> None:
    """A row for each run, where they differ, and which settings differ."""
    other = tmp_path / "after"
    shutil.copytree(three_releases, other)
    verdicts = other / "verdicts.csv"
    changed = verdicts.read_text().replace(
        "grow-delete,alloc-deleted,False,293,287,MB,1,",
        "grow-delete,alloc-deleted,False,293,203,MB,1,",
    )
    assert changed != verdicts.read_text()
    verdicts.write_text(changed)
    run = json.loads((other / "run.json").read_text())
    run["engine"] = "docker"
    (other / "run.json").write_text(json.dumps(run))
    path = tmp_path / "both.html"
    document.write(path, [three_releases, other], "en")
    page = opened(path).page
    told = page.locator("section", has=page.locator("#runs")).first.inner_text()
    assert "On 1 of " in told
    assert "287 MB" in told
    assert "203 MB" in told
    page.check("[name=differing]")
    assert rows_shown(page) == []  # the verdict is the same, the figure is not
    assert "docker" in page.locator(".facts .differs", has_text="engine").inner_text()
    page.locator("#s-grow-delete .plot").first.scroll_into_view_if_needed()
    page.wait_for_selector(f"#s-grow-delete {DRAWN}")


def test_a_page_in_chinese(
    three_releases: Path, tmp_path: Path, opened: Callable[..., Opened]
) -> None:
    """Headings, claims and verdicts; the language is declared."""
    path = tmp_path / "zh.html"
    document.write(path, [three_releases], "zh")
    page = opened(path).page
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert any("\u4e00" <= one <= "\u9fff" for one in page.title())
    assert any("\u4e00" <= one <= "\u9fff" for one in page.locator("h2").first.inner_text())


def test_on_paper_nothing_is_cut_off_and_no_control_is_left(
    three: Path, opened: Callable[..., Opened]
) -> None:
    """The grid in full, the programs open, no filters."""
    page = opened(three).page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator("#filters").is_visible()
    assert page.locator("details:not([open])").count() == 0
    grid = page.locator(".grid").evaluate("one => getComputedStyle(one).overflow")
    assert grid == "visible"


# --- what is not trusted -----------------------------------------------------

ATTACKS = (
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=2</script>",
    "<img src=x onerror=window.hacked=3>",
    '"><svg onload=window.hacked=4>',
    "<!--<script>window.hacked=5",
    "{{ 7*7 }}${window.hacked=6}",
    "]]></style><script>window.hacked=7</script>",
)
TEXT = " ".join(ATTACKS)
NAME = "<img/src=x/onerror=window.hacked=8>"  # a snapshot's name has no blanks


@pytest.fixture(scope="module")
def hostile(three_releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run whose manifest, program, output and listing all try to run a script."""
    folder = tmp_path_factory.mktemp("runs") / "<img src=x onerror=window.hacked=9>"
    shutil.copytree(three_releases, folder)
    run = json.loads((folder / "run.json").read_text())
    manifest = run["scenarios"]["grow-delete"]
    manifest |= {"title": TEXT, "shows": TEXT}
    manifest["printed"]["on"] = TEXT
    for claim in manifest["claims"]:
        claim |= {"says": TEXT, "known": TEXT}
    run["command"] = run["host"]["cpu"] = TEXT
    run["sessions"][TEXT] = {TEXT: TEXT}
    (folder / "run.json").write_text(json.dumps(run))
    quoted = '"' + TEXT.replace('"', '""') + '"'
    for name, old, new in (
        ("measurements.csv", ",filled,", f",{NAME},"),
        ("verdicts.csv", ",alloc-filled,", f",{quoted},"),
        ("verdicts.csv", "1 found at main.go:23", TEXT.replace('"', "'")),
        ("assembly.csv", "CALL runtime.mapdelete_fast64(SB)", quoted),
    ):
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    for program in folder.rglob("main.go"):
        program.write_text(f"// {TEXT}\nvar s = `\n{TEXT}\n`\n" + program.read_text())
    for listing in folder.rglob("listing.txt"):
        listing.write_text(listing.read_text().replace("runtime.mapdelete_fast64", NAME))
    return folder


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_text_becomes_a_script(
    hostile: Path, tmp_path: Path, opened: Callable[..., Opened], lang: str
) -> None:
    """Manifests, outputs, sources, listings and paths are shown as they are, and nothing runs."""
    path = tmp_path / "hostile.html"
    again = tmp_path / "again" / hostile.name
    shutil.copytree(hostile, again)
    document.write(path, [hostile, again], lang)
    page = opened(path).page
    section = page.locator("#s-grow-delete")
    section.locator(".plot").first.scroll_into_view_if_needed()
    for choice in ("1.20", "1.27", "1.14"):
        section.locator(".choose select").select_option(label=choice)
    page.wait_for_selector(f"#s-grow-delete {DRAWN}")
    section.locator(".plot svg .mark-symbol.role-mark path").first.hover(force=True)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    for cell in page.locator("#grid tbody[data-section=s-grow-delete] td").all()[:8]:
        cell.click()
    page.wait_for_timeout(300)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, svg[onload], [onerror]").count() == 0
    shown = page.locator("body").inner_text()
    assert "<script>window.hacked=1</script>" in shown
    assert NAME in shown
    assert "{{ 7*7 }}" in shown


def test_what_gets_in_all_the_same_does_not_run(three: Path, opened: Callable[..., Opened]) -> None:
    """The policy: no inline handler, no other script, no style, no request, no form, no eval."""
    found = opened(three)
    found.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hacked = 1";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend",
            "<img src='https://example.invalid/x.png' onerror='window.hacked = 2'>" +
            "<style>h1 { color: rgb(1, 2, 3) }</style>");
        }"""
    )
    found.page.wait_for_timeout(300)
    assert found.page.evaluate("window.hacked") is None
    color = found.page.locator("h1").evaluate("one => getComputedStyle(one).color")
    assert color != "rgb(1, 2, 3)"
    assert found.refused == found.requests[1:]
    assert len(found.refused) == 1
    assert len(found.problems) >= 3  # each was refused aloud
    found.problems.clear()
