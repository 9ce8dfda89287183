"""The shipped manifests and templates: complete, consistent, and rendering for every release."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import replace
from pathlib import Path

import jinja2
import jinja2.meta
import pytest

from harness import resources
from harness.claims import (
    Bounds,
    CallClaim,
    Comparison,
    Figure,
    NilStoreClaim,
    Quantity,
    SequenceClaim,
    judge,
)
from harness.memstats import read_output
from harness.observations import Cell, Observations, Repetition
from harness.scenarios import Scenario, find, manifests, render, shipped, stored
from harness.toolchains import GoVersion, catalogue, facts_of, parse_spec

TEMPLATES = resources.path("templates")
OUTPUTS = Path(__file__).parent.parent / "captures" / "outputs"
GO_1_14, GO_1_24 = parse_spec("1.14,1.24")
EXPERIMENTS = {
    "global-delete": "A1",
    "global-delete-nil": "A2",
    "function-delete": "A3",
    "function-delete-nil": "A4",
    "local-delete": "A5",
    "grow-delete": "B1",
    "grow-gc-delete": "B1",
    "presized": "B2",
    "presized-delete": "B3",
    "bucket-growth": "B4",
    "directory-growth": "B4",
    "indirect-values": "B5",
    "pointer-values": "B5",
    "no-keepalive": "B6",
    "copy-to-new-map": "B7",
    "restart": "B8",
    "goroutine-high-water": "B9",
}
# The figures as the write-ups print them, Alloc at each snapshot.
PRINTED = {
    "global-delete": (162, 471, 473, 475),
    "global-delete-nil": (161, 469, 471, 160),
    "function-delete": (161, 469, 471, 473),
    "function-delete-nil": (161, 469, 471, 160),
    "local-delete": (161, 469, 158, 160),
    "grow-delete": (0, 461, 293),
    "presized": (293,),
    "presized-delete": (293, 293, 293),
    "indirect-values": (0, 197, 38),
    "pointer-values": (0, 197, 38),
}


def releases() -> list[GoVersion]:
    """Return the last release of every series, and each map that can be chosen."""
    last = {version.minor: version for version in catalogue()}
    return [*last.values(), *(replace(last[minor], experiment="noswissmap") for minor in (24, 25))]


@functools.cache
def named(name: str) -> Scenario:
    """Return one shipped scenario."""
    return find([name])[0]


def home_of(name: str) -> GoVersion:
    """Return the release whose claims a scenario has: Go 1.14, or the first with Swiss maps."""
    return GO_1_24 if named(name).manifest.needs_map == "swiss" else GO_1_14


@functools.cache
def source_of(name: str, version: GoVersion | None = None) -> str:
    """Render one shipped scenario."""
    return render(named(name), version or home_of(name)).files["main.go"]


def tagged_fields(source: str) -> tuple[str, ...]:
    """Return the MemStats fields of the tagged line, in order; labels and fields agree."""
    pairs = re.findall(r'" (\w+)=", m\.(\w+),', source)
    assert all(label == field for label, field in pairs)
    return tuple(field for _, field in pairs)


def variables_of(program: str) -> set[str]:
    """Return what a template and the pieces it is made of read from their context."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES / "programs", TEMPLATES]),
        autoescape=False,  # noqa: S701  Go source, not a page
    )
    environment.filters["number"] = str
    wanted: set[str] = set()
    names = [program]
    for name in names:
        assert environment.loader is not None
        text = environment.loader.get_source(environment, name)[0]
        tree = environment.parse(text)
        wanted |= jinja2.meta.find_undeclared_variables(tree)
        names += [one for one in jinja2.meta.find_referenced_templates(tree) if one is not None]
    return wanted


def test_all_experiments_of_both_write_ups_are_there() -> None:
    """Every shipped manifest loads, and together they are the experiments in order."""
    found = {one.name: one.manifest.experiment for one in shipped()}
    assert found == EXPERIMENTS
    assert list(found.values()) == sorted(EXPERIMENTS.values())
    assert all(one.manifest.write_up == one.manifest.experiment[0] for one in shipped())


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("version", releases(), ids=str)
def test_every_program_renders_on_every_release(name: str, version: GoVersion) -> None:
    """A program renders wherever it can exist: clean lines, its sentence on top, each snapshot."""
    scenario = named(name)
    if scenario.not_applicable(version):
        assert {scenario.manifest.needs_map, facts_of(version).map} == {"classic", "swiss"}
        return
    source = source_of(name, version)
    assert source.startswith(f"// {scenario.manifest.shows}\npackage main\n")
    assert source.endswith("}\n")
    assert not re.search(r"[ \t]\n|\n\n\n|\{\{|\{%|\{#", source)
    assert max(len(line.expandtabs(4)) for line in source.splitlines()) <= 110
    snapshots = re.findall(r'\tprint(?:Stats|Alloc)\("([\w-]+)"\)', source)
    assert sorted(snapshots) == sorted(scenario.manifest.snapshots)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_parameters_and_template_agree(name: str) -> None:
    """Every parameter of a manifest is read by its template, and nothing else is."""
    manifest = named(name).manifest
    wanted = variables_of(manifest.program) - {"go", "scenario", "shows"}
    assert set(manifest.parameters) == wanted


@pytest.mark.parametrize("version", releases(), ids=str)
def test_tagged_line_has_every_field(version: GoVersion) -> None:
    """The tagged line prints the fields of the facts table, for both print functions."""
    for name in ("global-delete", "grow-delete"):
        assert tagged_fields(source_of(name, version)) == facts_of(version).memstats


def test_num_forced_gc_comes_with_go_1_8() -> None:
    """A field that an old release does not have is not printed there."""
    old, new = (source_of("global-delete", version) for version in parse_spec("1.7,1.8"))
    assert "NumForcedGC" not in old
    assert "NumForcedGC" in new


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_write_ups_line_is_printed(name: str) -> None:
    """A reader recognises the write-up's own line, from the same reading as the tagged one."""
    source = source_of(name)
    line = {
        "A": 'log.Printf("Alloc = %v TotalAlloc = %v Sys = %v NumGC = %v\\n",',
        "B": 'fmt.Printf("%d MB\\n", m.Alloc/1024/1024)',
    }[named(name).manifest.write_up]
    assert source.count(line) == 1
    assert source.count("runtime.ReadMemStats(&m)") == 1


@pytest.mark.parametrize(("name", "figures"), PRINTED.items())
def test_printed_figures_are_the_write_ups(name: str, figures: tuple[int, ...]) -> None:
    """The figures shown beside the measured ones are those that were printed."""
    manifest = named(name).manifest
    assert manifest.printed is not None
    assert manifest.printed.fields["Alloc"] == figures
    assert manifest.printed.unit == {"A": "KiB", "B": "MB"}[manifest.write_up]


def test_only_what_a_write_up_printed_is_called_printed() -> None:
    """An experiment without figures in its write-up shows none."""
    assert {one.name for one in shipped() if one.manifest.printed} == set(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_figures_claimed_are_the_printed_ones(name: str) -> None:
    """A claimed figure is the printed one, or the difference of two printed ones."""
    manifest = named(name).manifest
    assert manifest.printed is not None
    claimed = [one for one in manifest.claims if isinstance(one, Figure)]
    assert claimed
    for claim in claimed:
        figures = dict(zip(manifest.snapshots, manifest.printed.fields[claim.field], strict=True))
        base = figures[claim.since] if claim.since else 0
        assert claim.printed == figures[claim.at] - base
        assert claim.unit == manifest.printed.unit
        assert f"{claim.printed:.0f} " in claim.says or claim.id == "alloc-filled"


def test_tolerances_are_those_set_beforehand() -> None:
    """Write-up A's growths may differ by 5 percent, write-up B's figures by 1 MB."""
    for scenario in shipped():
        for claim in scenario.manifest.claims:
            if not isinstance(claim, Figure) or claim.unit not in {"KiB", "MB"}:
                continue
            allowed = (claim.tolerance, claim.tolerance_percent)
            assert allowed == {"A": (0, 5), "B": (1, 0)}[scenario.manifest.write_up]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_claims_speak_of_what_is_there(name: str) -> None:
    """A claim names snapshots and values that the programs print, its own or another's."""
    scenario = named(name)
    source = source_of(name)
    for claim in scenario.manifest.claims:
        assert claim.says.endswith(".")
        for at, where in places(claim, name):
            assert at in named(where).manifest.snapshots, claim.id
        if isinstance(claim, SequenceClaim | Bounds) and claim.value is not None:
            assert f'print("goclaim value {claim.value}="' in source
        if isinstance(claim, CallClaim | NilStoreClaim) and claim.line is not None:
            assert sum(str(claim.line) in line for line in source.splitlines()) == 1


def places(claim: object, own: str) -> list[tuple[str, str]]:
    """Return the snapshots that a claim names, each with its scenario."""
    quantities = [claim] if isinstance(claim, Figure) else []
    found = [(one.at, own) for one in quantities]
    found += [(one.since, own) for one in quantities if one.since]
    if isinstance(claim, Comparison):
        for side in (claim.left, claim.right):
            found += quantity_places(side, own)
    for name in getattr(claim, "grown", ()):
        found += [(name, own), (getattr(claim, "at", ""), own)]
    return found


def quantity_places(quantity: Quantity, own: str) -> list[tuple[str, str]]:
    """Return the snapshots that one side of a comparison names."""
    return [(name, quantity.scenario or own) for name in (quantity.at, quantity.since) if name]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_claims_are_made_for_go_1_14(name: str) -> None:
    """Every claim is in scope on write-up A's release; about Swiss maps, on the first with them."""
    assert named(name).manifest.claims
    assert all(home_of(name) in claim.go for claim in named(name).manifest.claims)


def test_figures_of_the_classic_map_are_not_claimed_for_its_successor() -> None:
    """No figure in KiB or MB but zero is claimed for a release with Swiss maps."""
    swiss = parse_spec("1.24")[0]
    for scenario in shipped():
        for claim in scenario.manifest.claims:
            if isinstance(claim, Figure) and claim.unit in {"KiB", "MB"} and claim.printed:
                assert swiss not in claim.go, (scenario.name, claim.id)


def test_one_deviation_of_go_1_14_is_documented() -> None:
    """Only the 197 MB of explicit pointers is known to deviate, and says whose figure it is."""
    (version,) = parse_spec("1.14")
    known = {
        (scenario.name, claim.id): claim
        for scenario in shipped()
        for claim in scenario.manifest.claims
        if claim.known and (claim.known_go is None or version in claim.known_go)
    }
    (claim,) = known.values()
    assert list(known) == [("pointer-values", "alloc-filled")]
    assert isinstance(claim, Figure)
    assert claim.explained_by == Quantity(scenario="indirect-values", at="filled")


@pytest.mark.parametrize("name", ["global-delete", "function-delete", "local-delete"])
def test_controls_claim_the_absence_of_a_nil_store(name: str) -> None:
    """Where the map is never set to nil, the manifest says that no nil store exists."""
    claims = [one for one in named(name).manifest.claims if isinstance(one, NilStoreClaim)]
    assert [one.present for one in claims] == [False]
    assert claims[0].line is None
    assert claims[0].variable == (None if name == "local-delete" else "main.intMap")
    assert "= nil" not in source_of(name)


@pytest.mark.parametrize("name", ["global-delete-nil", "function-delete-nil"])
def test_nil_stores_are_claimed_at_their_line(name: str) -> None:
    """Where the map is set to nil, the store and its XORL are claimed at that line."""
    claims = [one for one in named(name).manifest.claims if isinstance(one, NilStoreClaim)]
    assert {(one.variable, one.line, one.form) for one in claims} == {
        ("main.intMap", "intMap = nil", None),
        ("main.intMap", "intMap = nil", "XORL"),
    }
    assert all(one.present for one in claims)


@pytest.mark.parametrize("name", [name for name, of in EXPERIMENTS.items() if of[0] == "A"])
def test_the_delete_stays_a_call(name: str) -> None:
    """Write-up A deletes by index: a loop over the map would leave no delete call to see."""
    assert "range" not in re.sub("//.*", "", source_of(name))
    calls = [one for one in named(name).manifest.claims if isinstance(one, CallClaim)]
    assert [one.callee for one in calls] == ["runtime.mapdelete_fast64"]


def test_bucket_growth_is_the_load_factor() -> None:
    """B goes 1 to 18, and rises with the insert after 6.5 entries a bucket."""
    manifest = named("bucket-growth").manifest
    claims = [one for one in manifest.claims if isinstance(one, SequenceClaim)]
    printed = {one.value: one.printed for one in claims}
    assert printed["B"] == tuple(range(1, 19))
    assert printed["insert"] == (9, *(13 * 2**power // 2 + 1 for power in range(1, 18)))
    assert printed["insert"][-1] == 851_969


@pytest.mark.parametrize(("spec", "offset"), [("1.4", 16), ("1.5", 9), ("1.23", 9)])
def test_b_is_read_where_it_stands(spec: str, offset: int) -> None:
    """The header of a map changed with Go 1.5, and the program follows."""
    assert f"uintptr(header) + {offset})" in source_of("bucket-growth", parse_spec(spec)[0])


def test_each_release_has_one_of_the_two_that_look_into_a_map() -> None:
    """Where B means nothing the directory is read; each names the other where it can't exist."""
    pair = [named("bucket-growth"), named("directory-growth")]
    for version in releases():
        (whole,) = [one for one in pair if not one.not_applicable(version)]
        (other,) = [one for one in pair if one is not whole]
        assert whole.manifest.needs_map == facts_of(version).map
        assert other.not_applicable(version).endswith(f"; see {whole.name}")


DIRECTORY_GROWTH = {claim.id: claim for claim in named("directory-growth").manifest.claims}


def test_directory_growth_is_what_the_runtime_s_constants_make_of_it() -> None:
    """896 of 1,024 slots a table: the directory doubles by insert 896 x 2^depth + 1."""
    full = 1024 * 7 // 8
    rises = DIRECTORY_GROWTH["doubles-by-load-7-8"]
    assert isinstance(rises, Bounds)
    assert rises.at_most == (9, *(full * 2**depth + 1 for depth in range(11)))
    assert rises.at_least == (9, full + 1, *(full * 2**depth * 3 // 4 for depth in range(1, 11)))
    depths = DIRECTORY_GROWTH["directory-rises-to-11"]
    assert isinstance(depths, SequenceClaim)
    assert depths.printed == tuple(range(12))
    count = named("directory-growth").manifest.parameters["count"]
    assert isinstance(count, int)
    assert full * 2**10 < count <= full * 2**11
    slots = DIRECTORY_GROWTH["two-million-slots"]
    assert isinstance(slots, Bounds)
    assert (slots.at_least, slots.at_most) == ((1024 * 2020,) * 2, (1024 * 2048,) * 2)


@pytest.mark.parametrize("spec", ["1.24.13", "1.27.4"])
def test_real_swiss_maps_grow_as_claimed(spec: str) -> None:
    """What the program printed on two releases reproduces every claim; damaged, none."""
    text = (OUTPUTS / f"tagged-directory-growth-go{spec}.stderr.txt").read_text()
    assert set(verdicts_on(spec, text).values()) == {"reproduced"}
    damaged = re.sub(r"(goclaim value directory_depth=)11\n", r"\g<0>\g<1>10\n", text)
    damaged = re.sub(r"insert=(\d+)\n", lambda one: f"insert={2 * int(one[1])}\n", damaged)
    damaged = re.sub(r"(fullest_table)=\d+\n", r"\1=897\n", damaged)
    damaged = re.sub(r"(slots|slots_released)=\d+\n", r"\1=1024\n", damaged)
    assert set(verdicts_on(spec, damaged).values()) == {"not reproduced"}


def verdicts_on(spec: str, printed: str) -> dict[str, str]:
    """Judge what directory-growth printed on a release."""
    (version,) = parse_spec(spec)
    run = Repetition(1, read_output("", printed))
    own = Observations(Cell("directory-growth", version, "linux", "amd64"), repetitions=(run,))
    return {name: judge(claim, own, {}).result for name, claim in DIRECTORY_GROWTH.items()}


@pytest.mark.parametrize(
    ("spec", "number", "use"),
    [
        ("1.6", "1000000", "keepAlive(m)"),
        ("1.12", "1000000", "runtime.KeepAlive(m)"),
        ("1.13", "1_000_000", "runtime.KeepAlive(m)"),
    ],
)
def test_programs_use_what_the_release_has(spec: str, number: str, use: str) -> None:
    """Digit separators and KeepAlive are used from the release that brought them."""
    source = source_of("grow-delete", parse_spec(spec)[0])
    assert f"const n = {number}\n" in source
    assert f"\t{use}\n" in source
    assert ("var keepAlive" in source) == (use == "keepAlive(m)")


def test_without_keep_alive_there_is_no_use_at_the_end() -> None:
    """The program that shows what KeepAlive does differs from its control in nothing else."""
    without, control = (
        re.sub(r"(?m)^[ \t]*//.*\n", "", source_of(name))
        for name in ("no-keepalive", "grow-delete")
    )
    assert without == control.replace("\n\truntime.KeepAlive(m)\n", "")


def test_templates_know_no_versions() -> None:
    """What differs between releases is decided by the facts table, not in a template."""
    for path in template_files():
        assert not re.search(r"go\.(version|minor|patch)|1\.\d", path.read_text()), path.name


@functools.cache
def template_files() -> tuple[Path, ...]:
    """Return every template of a program and its pieces."""
    return tuple(sorted(TEMPLATES.glob("p*/*.go.j2")))


def test_every_template_is_used() -> None:
    """No template is left over: each is a manifest's program or a piece of one."""
    programs = {one.manifest.program for one in shipped()}
    assert {path.name for path in template_files() if path.parent.name == "programs"} == programs
    texts = "".join(path.read_text() for path in template_files())
    for path in template_files():
        if path.parent.name == "partials":
            assert f"partials/{path.name}" in texts


def test_a_run_keeps_every_manifest_whole() -> None:
    """What run.json holds is read back as it was, ranges of releases and thresholds too."""
    kept = json.loads(json.dumps({"scenarios": stored(shipped())}))
    assert set(kept["scenarios"]) == set(EXPERIMENTS)
    assert manifests(kept) == {one.name: one.manifest for one in shipped()}
