"""The structure that CONTRIBUTING.md describes: who imports whom, who prints, who compares."""

from __future__ import annotations

import ast
import graphlib
import re
from functools import cache
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[2] / "harness"

# From the top down: a module imports only from lower layers.
LAYERS = (
    {"__main__"},
    {"cli"},
    {"run_view", "asm_view", "doctor", "merging", "bisect", "progress"},
    {"report.document"},
    {"report.page", "report.plots", "report.markdown"},
    {"report.contents", "report.charts", "report.benchfmt", "matrix_view"},
    {"report.evidence"},
    {"report.language", "report"},
    {"changes"},
    {"results", "experiment"},
    {"listings"},
    {"build"},
    {"engines.local", "engines.docker"},
    {"engines.goroot"},
    {"engines", "scenarios"},
    {"claims"},
    {"observations"},
    {"memstats", "assembly", "toolchains"},
    {"resources", "errors", ""},
)
PARTS_OF_ASSEMBLY = ("reading", "flow", "sieve", "operands", "listing")


def modules() -> dict[str, Path]:
    """Return every module of the package by its name below ``harness``."""
    found = {}
    for path in sorted(HARNESS.rglob("*.py")):
        parts = path.relative_to(HARNESS).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def nodes(name: str) -> tuple[ast.AST, ...]:
    """Return every node of a module's syntax tree."""
    return tuple(ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))))


@cache
def for_types_only(name: str) -> frozenset[ast.AST]:
    """Return the nodes below ``if TYPE_CHECKING``."""
    return frozenset(
        node
        for branch in nodes(name)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for statement in branch.body
        for node in ast.walk(statement)
    )


@cache
def imports(name: str, *, lazy: bool = True) -> set[str]:
    """Return the modules of ours that a module imports when it runs; ``lazy``: in functions too."""
    skipped = set(for_types_only(name))
    if not lazy:
        skipped |= {
            node
            for function in nodes(name)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
    found: set[str] = set()
    for node in nodes(name):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("harness")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness"):
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            named = {one for one in below if one.removeprefix("harness.") in MODULES}
            found |= named | ({str(node.module)} if len(named) < len(node.names) else set())
    return {one.removeprefix("harness").removeprefix(".") for one in found} - {name}


def placed(name: str) -> str:
    """Return the name under which a module stands in the layers."""
    return "assembly" if name.startswith("assembly.") else name


def layer(name: str) -> int:
    """Return how far down a module stands; one without a place stands above all."""
    return next((number for number, names in enumerate(LAYERS) if placed(name) in names), -1)


def test_every_module_has_its_layer() -> None:
    """A new module finds its place in the picture before it is merged."""
    known = {name for names in LAYERS for name in names}
    parts = {name for name in MODULES if name.startswith("assembly.")}
    assert parts == {f"assembly.{name}" for name in PARTS_OF_ASSEMBLY}
    assert set(MODULES) - parts == known


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_one_way(name: str) -> None:
    """A module uses what stands below it, nothing beside or above it."""
    allowed = {one for one in MODULES if layer(one) > layer(name)}
    if name == "engines":
        allowed |= {"engines.local", "engines.docker"}  # the table makes each when it is asked for
    if placed(name) == "assembly":
        allowed |= {f"assembly.{part}" for part in PARTS_OF_ASSEMBLY}
    assert imports(name) <= allowed


def test_no_module_imports_itself_around_a_corner() -> None:
    """Without those for types and the table of engines there is no circle of imports."""
    graph = {name: imports(name, lazy=False) for name in MODULES}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("number", range(len(PARTS_OF_ASSEMBLY)))
def test_the_parts_of_assembly_use_those_below(number: int) -> None:
    """``harness/assembly/__init__.py`` tells the order; nothing else of ours is used there."""
    below = {f"assembly.{name}" for name in PARTS_OF_ASSEMBLY[number + 1 :]}
    assert imports(f"assembly.{PARTS_OF_ASSEMBLY[number]}") <= below


def test_assembly_and_memstats_are_pure() -> None:
    """They read text: no file, no process, no other module of ours."""
    allowed = {
        "__future__", "bisect", "collections", "dataclasses", "enum", "functools", "itertools",
        "operator", "re", "typing", "heapq",
    }  # fmt: skip
    for name in ("memstats", *(one for one in MODULES if one.startswith("assembly."))):
        found = {alias.name for node in nodes(name) if isinstance(node, ast.Import)
                 for alias in node.names}  # fmt: skip
        found |= {
            str(node.module)
            for node in nodes(name)
            if isinstance(node, ast.ImportFrom) and node not in for_types_only(name)
        }
        outside = {one for one in found if not one.startswith("harness.assembly")}
        assert {one.partition(".")[0] for one in outside} <= allowed, name


def calls(name: str) -> set[str]:
    """Return what a module calls, as written."""
    return {ast.unparse(node.func) for node in nodes(name) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("name", MODULES)
def test_only_the_command_line_prints_and_exits(name: str) -> None:
    """Everything else returns values and raises our errors."""
    found = calls(name) & {
        "print", "sys.exit", "exit", "quit", "os._exit", "click.echo", "sys.stdout.write",
        "sys.stderr.write", "input",
    }  # fmt: skip
    assert not found or name == "cli"


def imported(name: str) -> set[str]:
    """Return the packages that a module imports when it runs."""
    skipped = for_types_only(name)
    found = set()
    for node in nodes(name):
        if isinstance(node, ast.Import) and node not in skipped:
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node not in skipped:
            found.add(str(node.module).partition(".")[0])
    return found


@pytest.mark.parametrize(
    ("package", "users"),
    [
        ("pandas", {"results"}),
        ("altair", {"report.charts"}),
        ("babel", {"report.language"}),
        ("vl_convert", {"report.document", "report.plots"}),
        ("docker", {"engines.docker"}),
        ("click", {"cli"}),
        ("rich", {"cli", "progress", "run_view", "asm_view", "matrix_view"}),
        ("jinja2", {"scenarios", "report.page"}),
        ("pygments", {"report.page"}),
        ("pydantic", {"scenarios", "claims"}),
        ("platformdirs", {"resources"}),
        ("tomllib", {"scenarios"}),
    ],
)
def test_a_library_is_used_where_its_place_is(package: str, users: set[str]) -> None:
    """Pandas is for tables at the edge, docker for one engine, rich for the terminal."""
    assert {name for name in MODULES if package in imported(name)} <= users


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"toolchains"}))
def test_only_the_table_of_facts_compares_releases(name: str) -> None:
    """Nothing else holds a version against a number that stands there: ``facts_of`` knows."""
    asked = []
    for node in nodes(name):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        named = {ast.unparse(side).rpartition(".")[2] for side in sides}
        numbers = [
            inner.value
            for side in sides
            for inner in ast.walk(side)
            if isinstance(inner, ast.Constant) and isinstance(inner.value, int)
        ]
        if named & {"minor", "patch", "version", "release"} and numbers:
            asked.append(ast.unparse(node))
    # The manifest's own `oldest_go` is compared with the release, whatever it is.
    assert not [one for one in asked if "manifest.oldest_go" not in one]


def test_errors_have_an_exit_code_a_class() -> None:
    """The tree in the docstring is the tree of the classes."""
    from harness import errors  # noqa: PLC0415

    told = dict(re.findall(r"(\w+Error)\s+(\d)", errors.__doc__ or ""))
    classes = {
        name: each
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.GoclaimError)
    }
    assert set(classes) == {*told, "GoclaimError"}
    assert {name: str(classes[name].exit_code) for name in told} == told


@pytest.mark.parametrize("name", MODULES)
def test_no_error_is_swallowed_whole(name: str) -> None:
    """``except Exception`` stands only where its line says why (BLE001)."""
    source = MODULES[name].read_text(encoding="utf-8").splitlines()
    bare = [line for line in source if re.search(r"except(\s+(Base)?Exception\b.*)?:", line)]
    assert all("noqa: BLE001" in line for line in bare)
