"""Scenario manifests (TOML) and rendering them to Go programs."""

from __future__ import annotations

import difflib
import functools
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import jinja2
import pydantic
from pydantic import BaseModel, ConfigDict, Field

from harness import resources
from harness.claims import LISTING_KINDS, Claim, claims_in_comments
from harness.errors import ManifestError, UsageError
from harness.toolchains import GoVersion, facts_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Parameter = int | str | bool | tuple[str, ...]


class Printed(BaseModel):
    """Figures as a write-up prints them, for the reader to compare; nothing is judged on them.

    Each MemStats field has one figure a snapshot, in ``unit``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: str
    unit: Literal["KiB", "MB"]
    fields: dict[str, tuple[int, ...]]


class Manifest(BaseModel):
    """One scenario as its TOML file says it.

    Attributes:
        title: A few words.
        shows: What it shows, in one sentence.
        write_up: ``A`` or ``B``; empty for a user's own.
        experiment: The write-up's experiment: ``A1``.
        program: The Go file or template, beside the manifest or in ``templates/programs``.
        oldest_go: The first series the program compiles on.
        needs_map: The map implementation the program looks into, where it does.
        instead: The scenario that looks into the other one.
        memory: What the program needs at its peak, in MB.
        snapshots: The names of its snapshots, in order.
        parameters: What the template is rendered with.
        printed: Figures to show beside the measured ones.
        claims: What is claimed about it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    shows: str
    write_up: str = ""
    experiment: str = ""
    program: str
    oldest_go: Annotated[str, Field(pattern=r"^1\.\d+$")] = "1.2"
    needs_map: Literal["classic", "swiss"] | None = None
    instead: str = ""
    memory: int = Field(64, gt=0)
    snapshots: tuple[str, ...] = ()
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    printed: Printed | None = None
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A manifest with its name and the place of its files.

    ``sources`` are the Go files of a user's own program, which need no rendering.
    """

    name: str
    manifest: Manifest
    path: Path
    sources: tuple[Path, ...] = ()

    @property
    def needs_figures(self) -> bool:
        """Whether a program that prints no figures is of no use."""
        claims = self.manifest.claims
        about_listings = all(claim.kind in LISTING_KINDS for claim in claims)
        return not claims or not about_listings or bool(self.manifest.snapshots)

    def not_applicable(self, version: GoVersion) -> str:
        """Say why the program can't exist on a release, or return an empty string."""
        manifest = self.manifest
        if version.minor < int(manifest.oldest_go.partition(".")[2]):
            return f"the program needs Go {manifest.oldest_go} or newer"
        implementation = facts_of(version).map
        if manifest.needs_map not in {None, implementation}:
            return (
                f"the program looks into the {manifest.needs_map} map, "
                f"and Go {version} has the {implementation} map"
                + (f"; see {manifest.instead}" if manifest.instead else "")
            )
        return ""


@dataclass(frozen=True, slots=True)
class Program:
    """Go source, ready to build.

    Attributes:
        name: The scenario's name; a Go import path element.
        files: The text of each Go file, by file name.
    """

    name: str
    files: Mapping[str, str]

    def lines(self) -> dict[str, tuple[str, ...]]:
        """Return each file's lines, line 1 first."""
        return {name: tuple(text.splitlines()) for name, text in self.files.items()}


SHIPPED = "scenarios"


@functools.cache
def shipped() -> tuple[Scenario, ...]:
    """Return the scenarios that goclaim brings, in the order of the write-ups."""
    folder = resources.path("templates") / SHIPPED
    found = [load(path) for path in folder.glob("*.toml")]
    return tuple(sorted(found, key=lambda one: (one.manifest.experiment or "~", one.name)))


def stored(scenarios: Sequence[Scenario]) -> dict[str, dict[str, Any]]:
    """Return the manifests by name, as ``run.json`` keeps them."""
    return {
        one.name: one.manifest.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        for one in scenarios
    }


def manifests(run: Mapping[str, Any]) -> dict[str, Manifest]:
    """Return the manifests that a run was made with, by name; else those that are shipped.

    Raises ``UsageError`` naming one that this goclaim does not understand.
    """
    known = {one.name: one.manifest for one in shipped()}
    for name, content in run.get("scenarios", {}).items():
        try:
            known[name] = Manifest.model_validate(content)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            raise UsageError(
                f"run.json: the scenario {name!r} is not one that this goclaim reads: "
                f"{_explain(first['loc'], first['msg'], first['type'])}."
            ) from error
    return known


def find(names: Sequence[str]) -> tuple[Scenario, ...]:
    """Resolve what a user named: shipped scenarios, manifests (``.toml``), programs (``.go``).

    Nothing named means every shipped one. Raises ``UsageError``, with the
    nearest names for one that does not exist.
    """
    if not names:
        return shipped()
    found: dict[str, Scenario] = {}
    for name in names:
        scenario = _find(name)
        if scenario.name in found and found[scenario.name].path != scenario.path:
            raise UsageError(
                f"{scenario.path} and {found[scenario.name].path} are both called {scenario.name}; "
                "rename one of the files."
            )
        found[scenario.name] = scenario
    return tuple(found.values())


def with_companions(scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
    """Add the shipped scenarios that claims compare with.

    Raises ``UsageError`` for one that does not exist.
    """
    found = {scenario.name: scenario for scenario in scenarios}
    waiting = list(scenarios)
    while waiting:
        for claim in waiting.pop().manifest.claims:
            for name in claim.needs():
                if name not in found:
                    found[name] = _find(name)
                    waiting.append(found[name])
    return tuple(found.values())


def _find(name: str) -> Scenario:
    path = Path(name)
    if path.suffix == ".toml":
        return load(path)
    if path.suffix == ".go" or path.is_dir():
        return of_program(path)
    shipped_path = resources.path("templates") / SHIPPED / f"{name}.toml"
    if re.fullmatch(r"[a-z0-9-]+", name) and shipped_path.is_file():
        return load(shipped_path)
    known = [path.stem for path in (resources.path("templates") / SHIPPED).glob("*.toml")]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`goclaim list` shows them all."
    raise UsageError(
        f"There is no scenario {name!r}. {hint} "
        "A manifest of your own ends in .toml, a program in .go."
    )


def of_program(path: Path) -> Scenario:
    """Make a scenario of a user's own Go file, or folder of them.

    Its claims are those in its comments: see ``claims_in_comments``. Raises
    ``ManifestError`` for a comment that is none.
    """
    sources: tuple[Path, ...] = (path,)
    if path.is_dir():
        found = sorted(path.glob("*.go"))
        sources = tuple(one for one in found if not one.name.endswith("_test.go"))
    if not sources or not sources[0].is_file():
        raise UsageError(f"{path}: there is no such Go file.")
    manifest = Manifest(
        title=path.name,
        shows="Your own program, measured.",
        program=path.name,
        memory=1024,
        claims=tuple(
            claim.model_copy(update={"id": f"{_slug(source.stem)}-{claim.id}"})
            if len(sources) > 1
            else claim
            for source in sources
            for claim in _comments(source)
        ),
    )
    named = path.absolute().parent if path.stem == "main" else path.absolute()
    return Scenario(_slug(named.stem), manifest, path, sources)


def _comments(source: Path) -> tuple[Claim, ...]:
    try:
        return claims_in_comments(source.name, _read(source))
    except ValueError as error:
        line, _, problem = str(error).partition(": ")
        raise ManifestError(source, int(line), problem) from error


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "program"


def load(path: Path) -> Scenario:
    """Read and check a manifest. Raises ``ManifestError`` naming file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such manifest.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: can't be read: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        problem = re.sub(r" \(at .*\)", "", str(error))
        raise ManifestError(path, int(at[1]) if at else None, f"not TOML: {problem}") from error
    try:
        manifest = Manifest.model_validate(raw)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        line = _line_of(text, first["loc"])
        raise ManifestError(
            path, line, _explain(first["loc"], first["msg"], first["type"])
        ) from error
    _check(path, text, manifest)
    return Scenario(_slug(path.stem), manifest, path)


def _check(path: Path, text: str, manifest: Manifest) -> None:
    """Check what one field alone does not show."""
    ids = [claim.id for claim in manifest.claims]
    for number, name in enumerate(ids):
        if name in ids[:number]:
            line = _line_of(text, ("claims", number, "id"))
            raise ManifestError(path, line, f"there are two claims with the id {name!r}")
    for number, claim in enumerate(manifest.claims):
        unknown = sorted(claim.snapshots() - set(manifest.snapshots))
        if unknown and manifest.snapshots:
            raise ManifestError(
                path,
                _line_of(text, ("claims", number, "id")),
                f"the claim {claim.id!r} names the snapshot {unknown[0]!r}; "
                f"there are {', '.join(manifest.snapshots)}",
            )
    if manifest.printed:
        for field, figures in manifest.printed.fields.items():
            if len(figures) != len(manifest.snapshots):
                line = _line_of(text, ("printed", "fields", field))
                raise ManifestError(
                    path,
                    line,
                    f"{field} has {len(figures)} figures for {len(manifest.snapshots)} snapshots",
                )


def _explain(place: tuple[int | str, ...], message: str, kind: str) -> str:
    name = ".".join(str(part) for part in place if not isinstance(part, int)) or "the manifest"
    if kind == "extra_forbidden":
        return f"unknown key `{place[-1]}` in {'.'.join(map(str, place[:-1])) or 'the manifest'}"
    return f"{name}: {message[:1].lower()}{message[1:]}"


def _line_of(text: str, place: tuple[int | str, ...]) -> int | None:
    """Return the line of a key in TOML text: the nearest that its path leads to."""
    lines = text.splitlines()
    start, found = 0, None
    for position, part in enumerate(place):
        if isinstance(part, int):
            header = re.compile(rf"\s*\[\[\s*{re.escape(str(place[position - 1]))}\s*\]\]")
            starts = [number for number, line in enumerate(lines) if header.match(line)]
            if part < len(starts):
                start = found = starts[part]
            continue
        key = re.compile(
            rf"\s*(\[+\s*([\w.]+\.)?{re.escape(part)}\s*\]+|\"?{re.escape(part)}\"?\s*[=.])"
        )
        for number in range(start, len(lines)):
            if key.match(lines[number]):
                found = start = number
                break
            if (
                number > start
                and isinstance(place[0], str)
                and lines[number].startswith("[[")
                and position
            ):
                break
    return None if found is None else found + 1


def render(scenario: Scenario, version: GoVersion) -> Program:
    """Render a scenario's program for a release.

    Raises ``ManifestError`` naming the template and line when it does not render.
    """
    manifest = scenario.manifest
    beside = scenario.path.parent / manifest.program
    sources = scenario.sources or ((beside,) if beside.suffix == ".go" and beside.is_file() else ())
    if sources:
        return Program(scenario.name, {one.name: _read(one) for one in sources})
    environment = _environment(scenario.path.parent)
    context = {
        **manifest.parameters,
        "go": facts_of(version),
        "scenario": scenario.name,
        "shows": manifest.shows,
    }
    try:
        source = environment.get_template(manifest.program).render(context)
    except jinja2.TemplateNotFound as error:
        raise ManifestError(
            scenario.path,
            None,
            f"there is no program {error.name!r} beside it or in templates/programs",
        ) from error
    except jinja2.TemplateSyntaxError as error:
        template = Path(error.filename or manifest.program)
        raise ManifestError(
            template, error.lineno, f"the template is damaged: {error.message}"
        ) from error
    except jinja2.UndefinedError as error:
        template, line = _failing_line(error, manifest.program)
        raise ManifestError(
            template, line, f"the template does not render: {error.message}"
        ) from error
    except (TypeError, ValueError, ArithmeticError) as error:
        template, line = _failing_line(error, manifest.program)
        raise ManifestError(template, line, f"the template does not render: {error}") from error
    return Program(scenario.name, {"main.go": source})


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: can't be read as Go source: {error}") from error


def _failing_line(error: Exception, template: str) -> tuple[Path, int | None]:
    """Find the template's own line in a traceback (Jinja maps its code back to it)."""
    place: tuple[Path, int | None] = (Path(template), None)
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith((".j2", ".go")):
            place = (Path(name), trace.tb_lineno)
        trace = trace.tb_next
    return place


@functools.cache
def _environment(folder: Path) -> jinja2.Environment:
    templates = resources.path("templates")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, templates / "programs", templates]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Go source, not a page
    )
    environment.filters["number"] = _number
    return environment


def _number(value: int, go: Mapping[str, object] | object) -> str:
    """Write a number as Go of that release allows: ``1_000_000`` or ``1000000``."""
    return f"{value:_}" if getattr(go, "digit_separators", False) else str(value)
