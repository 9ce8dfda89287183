"""Manifests that are wrong name their file and line; templates render or say where they do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import resources, scenarios
from harness.errors import ManifestError, UsageError
from harness.scenarios import (
    Manifest,
    Scenario,
    find,
    load,
    of_program,
    render,
    shipped,
    with_companions,
)
from harness.toolchains import GoVersion

GO114, GO124 = GoVersion(14, 15), GoVersion(24, 13)

MANIFEST = """\
title = "A map"
shows = "That a map is a map."
program = "main.go.j2"
oldest_go = "1.4"
memory = 16
snapshots = ["start", "end"]

[parameters]
count = 8

[printed]
on = "Go 1.14"
unit = "KiB"

[printed.fields]
Alloc = [1, 2]
Sys = [3, 4]

[[claims]]
id = "kept"
kind = "kept"
says = "It stays."
go = "1.14.."
grown = ["start", "end"]
at = "end"

[[claims]]
id = "figure"
kind = "figure"
says = "It is 8 KiB."
go = "1.14"
at = "end"
printed = 8
unit = "KiB"

# The assembly.

[[claims]]
id = "called"
kind = "call"
says = "It is called."
go = "1.9..1.20"
callee = "runtime.mapdelete_fast64"
line = 7
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Return the place of a manifest of a user's own, beside its template."""
    path = tmp_path / "my-map.toml"
    path.write_text(MANIFEST)
    (tmp_path / "main.go.j2").write_text("package main\n// {{ shows }} {{ count }}\n")
    return path


def edited(path: Path, old: str, new: str) -> Path:
    """Replace one piece of a file's text, and return the path."""
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))
    return path


def line_of(path: Path, text: str) -> int:
    """Return the number of the one line that is some text."""
    (number,) = (
        number for number, line in enumerate(path.read_text().splitlines(), start=1) if line == text
    )
    return number


def complaint(path: Path) -> str:
    """Load a wrong manifest and return the error's message."""
    with pytest.raises(ManifestError) as caught:
        load(path)
    return str(caught.value)


# --- right manifests ---------------------------------------------------------


def test_a_manifest_is_read_as_it_stands(manifest: Path) -> None:
    """Name from the file, claims by kind, ranges parsed, defaults where nothing is said."""
    scenario = load(manifest)
    assert (scenario.name, scenario.path) == ("my-map", manifest)
    kept, figure, called = scenario.manifest.claims
    assert [one.kind for one in (kept, figure, called)] == ["kept", "figure", "call"]
    assert GO124 in kept.go
    assert GO124 not in figure.go
    assert scenario.manifest.snapshots == ("start", "end")
    assert scenario.manifest.printed
    assert scenario.manifest.printed.fields == {"Alloc": (1, 2), "Sys": (3, 4)}


def test_a_comment_and_empty_lines_move_no_line_number(manifest: Path) -> None:
    """Line numbers are those of the file, whatever stands above."""
    path = edited(manifest, "# The assembly.\n", "# one\n\n# two\n\n# three\n")
    edited(path, "line = 7", "line = 7.5")
    assert complaint(path).startswith(f"{path}:{line_of(path, 'line = 7.5')}: ")


# --- wrong manifests ---------------------------------------------------------

WRONG = {
    "an unknown key at the top": (
        "memory = 16", "memorry = 16", "memorry = 16", "unknown key `memorry` in the manifest",
    ),
    "an unknown table": (
        "[parameters]", "[parametres]", "[parametres]", "unknown key `parametres` in the manifest",
    ),
    "an unknown key in a claim": (
        "printed = 8", "print = 8\nprinted = 8", "print = 8", "unknown key `print` in claims.1",
    ),
    "an unknown key in a figure to show": (
        'on = "Go 1.14"', 'on = "Go 1.14"\nof = "x"', 'of = "x"', "unknown key `of` in printed",
    ),
    "a wrong type at the top": (
        "memory = 16", 'memory = "much"', 'memory = "much"', "memory: input should be a valid int",
    ),
    "a number out of range": (
        "memory = 16", "memory = 0", "memory = 0", "memory: input should be greater than 0",
    ),
    "a wrong type in a claim": (
        "printed = 8", 'printed = "8 KiB"', 'printed = "8 KiB"', "printed: input should be a valid",
    ),
    "a wrong type in a list": (
        "Sys = [3, 4]", 'Sys = [3, "4 KiB"]', 'Sys = [3, "4 KiB"]', "Sys: input should be a valid",
    ),
    "a unit that there is not": (
        'printed = 8\nunit = "KiB"', 'printed = 8\nunit = "GiB"', 'unit = "GiB"', "unit: input ",
    ),
    "a bad version range": (
        'go = "1.9..1.20"', 'go = "1.9-1.20"', 'go = "1.9-1.20"',
        "go: value error, '1.9-1.20' is no version range; write 1.9..1.20",
    ),
    "a version range that is a number": (
        'go = "1.9..1.20"', "go = 1.9", "go = 1.9", "go: ",
    ),
    "a bad oldest_go": (
        'oldest_go = "1.4"', 'oldest_go = "1.4.3"', 'oldest_go = "1.4.3"', "oldest_go: string shou",
    ),
    "an id with a space": (
        'id = "called"', 'id = "is called"', 'id = "is called"', "id: string should match",
    ),
    "two claims of one id": (
        'id = "called"', 'id = "kept" ', 'id = "kept" ', "two claims with the id 'kept'",
    ),
    "too few figures": (
        "Sys = [3, 4]", "Sys = [3]", "Sys = [3]", "Sys has 1 figures for 2 snapshots",
    ),
    "too many figures": (
        "Alloc = [1, 2]", "Alloc = [1, 2, 3]", "Alloc = [1, 2, 3]", "Alloc has 3 figures for 2 sn",
    ),
    "a share over 1": (
        'at = "end"\n\n', 'at = "end"\nshare = 1.5\n\n', "share = 1.5", "share: input should be",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_manifest_names_file_line_and_problem(manifest: Path, what: str) -> None:
    """The line is the one to look at, and the words are those of the manifest."""
    old, new, wrong_line, problem = WRONG[what]
    path = edited(manifest, old, new)
    message = complaint(path)
    assert message.startswith(f"{path}:{line_of(path, wrong_line)}: "), message
    assert problem in message


@pytest.mark.parametrize(
    ("old", "place", "name"),
    [
        ('title = "A map"\n', None, "title"),
        ('says = "It is called."\n', "[[claims]]", "says"),
        ('kind = "call"\n', "[[claims]]", "claims"),
        ('unit = "KiB"\n\n[printed.fields]', "[printed]", "unit"),
    ],
)
def test_a_missing_key_is_named_at_its_table(
    manifest: Path, old: str, place: str | None, name: str
) -> None:
    """There is no line for what is not there: the table's own first line is named."""
    path = edited(manifest, old, "[printed.fields]" if "fields" in old else "")
    message = complaint(path)
    assert name in message
    numbers = [
        number
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if line == place
    ]
    expected = f"{path}:{numbers[-1]}: " if place else f"{path}: "
    assert message.startswith(expected), message


def test_a_claim_of_no_known_kind_gets_the_known_ones(manifest: Path) -> None:
    """The claim's first line is named, and every kind there is."""
    path = edited(manifest, 'kind = "call"', 'kind = "calls"')
    claim = line_of(path, 'id = "called"') - 1
    message = complaint(path)
    assert message.startswith(f"{path}:{claim}: claims: input tag 'calls' found using 'kind'")
    for kind in ("kept", "released", "figure", "sequence", "comparison", "call", "nil-store"):
        assert f"'{kind}'" in message


def test_a_line_is_found_in_the_right_claim(manifest: Path) -> None:
    """The same key stands in every claim: the one that is wrong is named."""
    path = edited(manifest, 'go = "1.14"\n', 'go = "1.14x"\n')
    number = line_of(path, 'go = "1.14x"')
    assert complaint(path).startswith(f"{path}:{number}: ")


def test_what_is_no_toml_names_the_line(manifest: Path) -> None:
    """The parser's own words, with the file and line in the form editors know."""
    path = edited(manifest, 'kind = "call"', "kind = call")
    message = complaint(path)
    assert message.startswith(f"{path}:{line_of(path, 'kind = call')}: not TOML: ")
    assert "at line" not in message


def test_a_figure_that_is_a_ratio_needs_both_sides(manifest: Path) -> None:
    """What one field alone does not show is said at the claim."""
    path = edited(manifest, 'printed = 8\nunit = "KiB"', 'printed = 8\nunit = "ratio"')
    assert "a figure with unit ratio has `of`" in complaint(path)


def test_a_sequence_has_one_source(manifest: Path) -> None:
    """Either a field of MemStats or a value that the program prints."""
    path = edited(manifest, 'kind = "figure"', 'kind = "sequence"')
    edited(path, 'at = "end"\nprinted = 8\nunit = "KiB"', "printed = [1]")
    assert "either `field` (of MemStats) or `value`" in complaint(path)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_manifest_that_can_not_be_read_is_wrong_usage(
    tmp_path: Path, content: bytes | None
) -> None:
    """No file, or no text: the path is named."""
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(str(path))):
        load(path)


@given(st.text(max_size=60))
def test_no_text_breaks_the_manifest_reader(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Whatever stands in the file, the answer is one of our errors with the path."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(UsageError, match=r"any\.toml"):
        load(path)


# --- finding -----------------------------------------------------------------


def test_nothing_named_means_every_shipped_scenario() -> None:
    """They come in the order of the write-ups."""
    everything = find([])
    assert everything == shipped()
    experiments = [one.manifest.experiment for one in everything]
    assert experiments == sorted(experiments)
    assert experiments[0] == "A1"


def test_scenarios_come_once_in_the_order_named() -> None:
    """Naming one twice runs it once."""
    names = ["presized", "global-delete", "presized"]
    assert [one.name for one in find(names)] == ["presized", "global-delete"]


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("globl-delete", "global-delete"),
        ("local", "local-delete"),
        ("presised", "presized"),
        ("Global-Delete", "global-delete"),
    ],
)
def test_an_unknown_scenario_gets_the_nearest_names(name: str, suggested: str) -> None:
    """What was probably meant comes first among the suggestions."""
    with pytest.raises(
        UsageError, match=rf"There is no scenario '{name}'\. Did you mean"
    ) as caught:
        find([name])
    assert suggested in str(caught.value)


def test_a_name_like_no_other_gets_the_list() -> None:
    """Where nothing is near, the list is the answer; files of one's own are mentioned."""
    with pytest.raises(UsageError, match=r"`goclaim list` shows them all\. .*\.toml.*\.go"):
        find(["qqqqqq"])


@pytest.mark.parametrize("name", ["../scenarios/global-delete", "", "global-delete.tml"])
def test_a_path_is_no_scenario_name(name: str) -> None:
    """Names are looked up, not joined to a folder."""
    with pytest.raises(UsageError):
        find([name])


def test_two_files_of_one_name_can_not_run_together(tmp_path: Path, manifest: Path) -> None:
    """Their artifacts would lie in one folder: both paths are named."""
    other = tmp_path / "other" / "my-map.toml"
    other.parent.mkdir()
    other.write_text(manifest.read_text())
    with pytest.raises(UsageError, match="are both called my-map; rename one") as caught:
        find([str(manifest), str(other)])
    assert str(manifest) in str(caught.value)
    assert str(other) in str(caught.value)


def test_companions_are_those_that_claims_compare_with() -> None:
    """What a verdict needs is measured too, behind what was named, once."""
    named = find(["presized", "pointer-values"])
    names = [one.name for one in with_companions(named)]
    assert names[:2] == ["presized", "pointer-values"]
    assert set(names[2:]) == {"grow-delete", "indirect-values"}
    everything = shipped()
    assert with_companions(everything) == everything


def test_a_companion_that_there_is_not_is_wrong_usage(manifest: Path) -> None:
    """The name in the claim gets the same help as one on the command line."""
    path = edited(
        manifest,
        'kind = "figure"\nsays = "It is 8 KiB."\ngo = "1.14"\nat = "end"\nprinted = 8\n'
        'unit = "KiB"',
        'kind = "comparison"\nsays = ""\ngo = "1.14"\nleft = { at = "end" }\n'
        'relation = "equals"\n'
        'right = { at = "end", scenario = "grow-delet" }',
    )
    with pytest.raises(UsageError, match=r"no scenario 'grow-delet'\. Did you mean grow-delete"):
        with_companions([load(path)])


# --- programs of a user's own ------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [("blog/main.go", "blog"), ("My Program.go", "my-program"), ("ÄÖ.go", "program")],
)
def test_a_go_file_is_a_scenario_without_claims(tmp_path: Path, path: str, name: str) -> None:
    """It is named after the file, or after the folder if the file is main.go."""
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    file.write_text("package main\n")
    (scenario,) = find([str(file)])
    assert scenario.name == name
    assert scenario.manifest.claims == ()
    assert render(scenario, GO114).files == {file.name: "package main\n"}


def test_a_folder_is_a_program_of_all_its_go_files_but_tests(tmp_path: Path) -> None:
    """Files are taken in order; other files and tests are not."""
    for name in ("b.go", "a.go", "a_test.go", "notes.txt"):
        (tmp_path / name).write_text(f"// {name}\n")
    program = render(of_program(tmp_path), GO114)
    assert list(program.files) == ["a.go", "b.go"]
    assert program.lines() == {"a.go": ("// a.go",), "b.go": ("// b.go",)}


def test_a_go_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    """So is a folder without Go files."""
    for path in (tmp_path / "none.go", tmp_path):
        with pytest.raises(UsageError, match=f"{re.escape(str(path))}: there is no such Go file"):
            of_program(path)


def test_a_go_file_that_is_no_text_is_wrong_usage(tmp_path: Path) -> None:
    """An object file with the ending .go is named."""
    path = tmp_path / "main.go"
    path.write_bytes(b"\x7fELF\xff")
    with pytest.raises(UsageError, match=r"main\.go: can't be read as Go source"):
        render(of_program(path), GO114)


def test_expectations_in_comments_are_the_program_s_claims(tmp_path: Path) -> None:
    """A wrong one names file and line."""
    path = tmp_path / "main.go"
    path.write_text("package main\n\nfunc main() {} // goclaim: -call mapdelete\n")
    (one,) = of_program(path).manifest.claims
    assert (one.id, one.kind) == ("line-3", "call")
    path.write_text("package main\n\nfunc main() {} // goclaim: no call\n")
    with pytest.raises(ManifestError, match=rf"^{re.escape(str(path))}:3: 'no call' is no expec"):
        of_program(path)


def test_expectations_of_several_files_are_told_apart(tmp_path: Path) -> None:
    """The same line of two files is two claims."""
    for name in ("a", "B_c"):
        (tmp_path / f"{name}.go").write_text("f() // goclaim: call mapdelete\n")
    claims = of_program(tmp_path).manifest.claims
    assert [one.id for one in claims] == ["b-c-line-1", "a-line-1"]
    assert [getattr(one, "file", None) for one in claims] == ["B_c.go", "a.go"]


@pytest.mark.parametrize(
    ("claims", "snapshots", "needed"),
    [("", "", True), ("call", "", False), ("call", "start", True), ("figure", "", True)],
)
def test_a_program_needs_figures_unless_only_its_listing_is_claimed(
    claims: str, snapshots: str, *, needed: bool
) -> None:
    """A program that only shows an instruction need not print."""
    kinds: dict[str, list[dict[str, object]]] = {
        "": [],
        "call": [{"kind": "call", "callee": "f"}],
        "figure": [{"kind": "figure", "at": "end", "printed": 1, "unit": "MB"}],
    }
    about = kinds[claims]
    manifest = {
        "claims": [{"id": "it", "says": "", "go": "1.14", **one} for one in about],
        "snapshots": [snapshots] if snapshots else [],
    }
    assert scenario_of(**manifest).needs_figures is needed


# --- rendering ---------------------------------------------------------------


def test_a_template_gets_parameters_facts_and_what_it_shows(manifest: Path) -> None:
    """A user's template beside the manifest is rendered with its parameters."""
    (manifest.parent / "main.go.j2").write_text(
        "// {{ shows }}\n// {{ scenario }} {{ count }} {{ go.keep_alive }}\n"
        "// {{ 1000000 | number(go) }}\n"
    )
    assert render(load(manifest), GO114).files["main.go"] == (
        "// That a map is a map.\n// my-map 8 True\n// 1_000_000\n"
    )
    old = render(load(manifest), GoVersion(4, 3)).lines()["main.go"]
    assert old[1:] == ("// my-map 8 False", "// 1000000")


@pytest.mark.parametrize(
    ("template", "line", "problem"),
    [
        ("a\n\n{{ nothing }}\n", 3, "the template does not render: 'nothing' is undefined"),
        ("a\n{{ count.parts }}\n", 2, "has no attribute 'parts'"),
        ("{% if count %}\n", 1, "the template is damaged: Unexpected end of template"),
        ("a\nb\n{{ count | nofilter }}\n", 3, "the template is damaged: No filter named"),
        ("a\nb\n\n{{ count / 0 }}\n", 4, "does not render: division by zero"),
        ("a\n{{ count + 'x' }}\n", 2, "does not render: unsupported operand"),
    ],
)
def test_a_template_that_does_not_render_names_template_and_line(
    manifest: Path, template: str, line: int, problem: str
) -> None:
    """The place is in the template, not in Jinja and not in the manifest."""
    path = manifest.parent / "main.go.j2"
    path.write_text(template)
    with pytest.raises(ManifestError) as caught:
        render(load(manifest), GO114)
    assert str(caught.value).startswith(f"{path}:{line}: "), str(caught.value)
    assert problem in str(caught.value)


def test_an_error_in_an_included_template_names_that_one(manifest: Path) -> None:
    """The innermost template is the one to look at."""
    part = manifest.parent / "part.j2"
    part.write_text("\n\n{{ nothing }}\n")
    (manifest.parent / "main.go.j2").write_text('{% include "part.j2" %}\n')
    with pytest.raises(ManifestError, match=f"^{re.escape(str(part))}:3: "):
        render(load(manifest), GO114)


def test_a_program_that_is_not_there_is_named(manifest: Path) -> None:
    """The manifest's program is looked for beside it and among the shipped ones."""
    path = edited(manifest, 'program = "main.go.j2"', 'program = "gone.go.j2"')
    with pytest.raises(ManifestError, match=r"no program 'gone\.go\.j2' beside it or in templates"):
        render(load(path), GO114)


def test_a_plain_go_program_beside_the_manifest_is_not_rendered(manifest: Path) -> None:
    """Braces in Go source are Go's."""
    path = edited(manifest, 'program = "main.go.j2"', 'program = "plain.go"')
    source = "package main // {{ nothing }}\n"
    (manifest.parent / "plain.go").write_text(source)
    assert render(load(path), GO114).files == {"plain.go": source}


# --- where a program can't exist ---------------------------------------------


def scenario_of(**fields: object) -> Scenario:
    """Make a scenario with some fields of its manifest set."""
    manifest = Manifest.model_validate({"title": "", "shows": "", "program": "", **fields})
    return Scenario("x", manifest, Path("x.toml"))


@pytest.mark.parametrize(
    ("oldest", "version", "applies"),
    [
        ("1.9", GoVersion(8, 7), False),
        ("1.9", GoVersion(9, 0), True),
        ("1.10", GoVersion(9, 7), False),
        ("1.2", GoVersion(2, 0), True),
    ],
)
def test_a_program_needs_its_oldest_go(oldest: str, version: GoVersion, *, applies: bool) -> None:
    """Below it the program can't exist, and the reason names the release."""
    why = scenario_of(oldest_go=oldest).not_applicable(version)
    assert why == ("" if applies else f"the program needs Go {oldest} or newer")


@pytest.mark.parametrize(
    ("needs", "version", "applies"),
    [
        ("classic", GoVersion(23, 12), True),
        ("classic", GO124, False),
        ("classic", GoVersion(24, 13, "noswissmap"), True),
        ("swiss", GO114, False),
        ("swiss", GO124, True),
        (None, GO124, True),
    ],
)
def test_a_program_that_looks_into_a_map_needs_that_map(
    needs: str | None, version: GoVersion, *, applies: bool
) -> None:
    """B at offset 9 of a Swiss map is nothing: the program does not apply there."""
    why = scenario_of(needs_map=needs).not_applicable(version)
    assert bool(why) is not applies
    if why:
        assert f"looks into the {needs} map, and Go {version} has the" in why
        assert why.endswith(" map")
        pointing = scenario_of(needs_map=needs, instead="the-other").not_applicable(version)
        assert pointing == f"{why}; see the-other"


def test_every_shipped_manifest_lies_where_it_is_looked_for() -> None:
    """The number of scenarios is the number of manifests in the shipped folder."""
    folder = resources.path("templates") / scenarios.SHIPPED
    assert {one.path for one in shipped()} == set(folder.glob("*.toml"))


def test_a_run_s_own_manifest_counts_before_a_shipped_one() -> None:
    """A page about a run says what was claimed then, whatever is claimed now."""
    run = {"scenarios": {"grow-delete": {"title": "T", "shows": "S", "program": "p.go"}}}
    found = scenarios.manifests(run)
    assert found["grow-delete"].title == "T"
    assert found["presized"] == scenarios.find(["presized"])[0].manifest


def test_a_stored_manifest_that_is_damaged_is_named() -> None:
    """The file, the scenario and the key."""
    run = {"scenarios": {"mine": {"title": "T", "shows": "S", "program": "p.go", "extra": 1}}}
    with pytest.raises(UsageError, match=r"run\.json: the scenario 'mine' .* unknown key `extra`"):
        scenarios.manifests(run)
