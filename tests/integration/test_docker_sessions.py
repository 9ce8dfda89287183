"""The docker engine against a real Docker engine and real Go releases."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import docker
import pytest

from harness import resources
from harness.engines import File, Limits
from harness.engines import docker as docker_engine
from harness.engines.docker import LABEL, PIDS, DockerEngine, imported_tag
from harness.errors import CellError
from harness.toolchains import ToolchainStore, go_environment, parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.engines import Outcome
    from harness.engines.docker import DockerSession
    from harness.toolchains import GoVersion

pytestmark = [pytest.mark.docker, pytest.mark.go]

MEMORY = 1 << 30
GO = "1.14.15"

PROGRAM = r"""
package main

import (
	"fmt"
	"io/ioutil"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func report(what string, err error) { fmt.Println(what, err != nil) }

func main() {
	switch os.Args[1] {
	case "hello":
		fmt.Println("hello", runtime.Version())
	case "say":
		fmt.Println(os.Args[2])
	case "env":
		fmt.Println(strings.Join(os.Environ(), ","))
	case "escape":
		fmt.Println("uid", os.Getuid(), os.Getgid())
		_, err := net.DialTimeout("tcp", "192.0.2.1:80", time.Second)
		report("network", err)
		report("root", ioutil.WriteFile("/escape", nil, 0666))
		report("goroot", ioutil.WriteFile(os.Args[2]+"/escape", nil, 0666))
		report("shm", ioutil.WriteFile("/dev/shm/escape", nil, 0666))
		report("setuid", syscall.Setreuid(0, 0))
		report("mount", syscall.Mount("none", "/tmp", "tmpfs", 0, ""))
		report("tmp", ioutil.WriteFile("/tmp/escape", nil, 0666))
	case "fork":
		for n := 0; ; n++ {
			if err := exec.Command(os.Args[0], "sleep").Start(); err != nil {
				fmt.Println(n)
				return
			}
		}
	case "sleep":
		time.Sleep(time.Hour)
	case "orphan":
		cmd := exec.Command(os.Args[0], "sleep")
		cmd.Stdout = os.Stdout
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		fmt.Println(cmd.Start())
	case "processes":
		names, _ := ioutil.ReadDir("/proc")
		n := 0
		for _, name := range names {
			if name.Name()[0] <= '9' {
				n++
			}
		}
		fmt.Println(n)
	case "hog":
		for kept := [][]byte{}; ; {
			block := make([]byte, 16<<20)
			for i := range block {
				block[i] = 1
			}
			kept = append(kept, block)
		}
	case "touch":
		block := make([]byte, 100<<20)
		for i := range block {
			block[i] = 1
		}
		fmt.Println(block[len(block)-1])
	case "suicide":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "loop":
		for {
		}
	case "flood":
		for {
			fmt.Println("y")
		}
	case "crash":
		panic("crash")
	}
}
"""

CHILD = """
import sys, time
from harness import resources
from harness.engines.docker import DockerEngine
from harness.toolchains import ToolchainStore, parse_spec
engine = DockerEngine(ToolchainStore(resources.cache(), lambda _: None), lambda _: None)
with engine.open(parse_spec(sys.argv[1])[0], memory=1 << 30) as session:
    print(session.read("/etc/hostname").decode().strip(), flush=True)
    time.sleep(60)
"""


def version_of(spec: str) -> GoVersion:
    """Return the one release of a spec."""
    (version,) = parse_spec(spec)
    return version


@pytest.fixture(scope="session")
def store() -> ToolchainStore:
    """Return the toolchains, from the user's own cache: they are hundreds of megabytes."""
    return ToolchainStore(resources.cache(), print)


@pytest.fixture(scope="session")
def engine(store: ToolchainStore) -> DockerEngine:
    """Return the engine; without Docker skip, or fail where Docker is required."""
    engine = DockerEngine(store, print)
    if reason := engine.unavailable():
        if os.environ.get("GOCLAIM_REQUIRE_DOCKER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return engine


@pytest.fixture(scope="session")
def client(engine: DockerEngine) -> Iterator[docker.DockerClient]:
    """Return a connection of the tests' own, to look at what is there."""
    assert engine.unavailable() is None
    with contextlib.closing(docker.from_env()) as client:
        yield client


@pytest.fixture(scope="session")
def session(engine: DockerEngine) -> Iterator[DockerSession]:
    """Return a session with the test program built as ``bin/probe``."""
    with engine.open(version_of(GO), memory=MEMORY) as session:
        build(session, {"probe": PROGRAM})
        yield session


def build(session: DockerSession, programs: Mapping[str, str]) -> None:
    """Build programs of one file each, by name."""
    session.write(
        {f"src/{name}/main.go": File(source.encode()) for name, source in programs.items()}
    )
    outcome = session.call(
        [f"{session.goroot}/bin/go", "install", *programs],
        env=go_environment(goroot=session.goroot, root=session.root, cache=session.go_cache),
        limits=Limits(timeout=300, memory=MEMORY),
    )
    assert outcome.ok, outcome.stderr.decode()


def probe(session: DockerSession, *arguments: str, limits: Limits | None = None) -> Outcome:
    """Run the test program with an empty environment."""
    return session.call(
        [f"{session.root}/bin/probe", *arguments], env={}, limits=limits or Limits(timeout=30)
    )


def container_of(session: DockerSession) -> str:
    """Return the id of a session's container, which is its host name."""
    name = session.read("/etc/hostname")
    assert name is not None
    return name.decode().strip()


def is_gone(client: docker.DockerClient, container: str, within: float = 15) -> bool:
    """Wait until there is no such container, for so many seconds at most."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            client.containers.get(container)
        except docker.errors.NotFound:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("go", ["1.2.2", GO, "1.27.4"])
def test_oldest_pinned_and_newest_go_build_and_run(engine: DockerEngine, go: str) -> None:
    """A program is built and run by the very release that was asked for."""
    with engine.open(version_of(go), memory=2 * MEMORY) as session:
        source = 'package main\n\nimport "fmt"\nimport "runtime"\n\n'
        build(session, {"hello": source + "func main() { fmt.Println(runtime.Version()) }\n"})
        outcome = session.call([f"{session.root}/bin/hello"], env={}, limits=Limits())

    assert outcome.ok
    assert outcome.stdout.decode() == f"go{go}\n"


def test_provenance_says_what_the_image_was_made_from(session: DockerSession) -> None:
    """A reader of the results can tell the image, its base and the limits."""
    facts = session.provenance

    assert facts["image"].startswith(f"goclaim:go{GO}-")
    assert facts["image"] == session.identity
    assert facts["image_id"].startswith("sha256:")
    assert facts["base"] in {"official", "goroot"}
    assert facts["container_memory"] == str(MEMORY)
    assert facts["docker"]


def test_program_is_shut_in(session: DockerSession) -> None:
    """No network, nothing to write but /tmp, nobody's rights, and no way to get others."""
    outcome = probe(session, "escape", session.goroot)

    assert outcome.stdout.decode().splitlines() == [
        "uid 65534 65534",
        *(f"{what} true" for what in ("network", "root", "goroot", "shm", "setuid", "mount")),
        "tmp false",
    ]


def test_program_gets_the_given_environment_and_no_other(session: DockerSession) -> None:
    """The image's own variables do not reach a program."""
    argv = [f"{session.root}/bin/probe", "env"]

    outcome = session.call(argv, env={"GOGC": "off", "A": "b=c d"}, limits=Limits())

    assert outcome.stdout == b"GOGC=off,A=b=c d\n"
    assert probe(session, "env").stdout == b"\n"


def test_fork_bomb_is_bounded(engine: DockerEngine) -> None:
    """A program can't start more processes than a container may have, and none outlives it."""
    with engine.open(version_of(GO), memory=2 * MEMORY) as session:
        build(session, {"probe": PROGRAM})
        outcome = probe(session, "fork", limits=Limits(timeout=60))
        after = probe(session, "processes")

    assert outcome.stopped == "memory" or int(outcome.stdout or b"0") < PIDS
    assert int(after.stdout) < 8


def test_memory_hog_is_told_from_a_crash(session: DockerSession) -> None:
    """A kill for memory is stopped by memory; a crash and a plain kill are not."""
    hog = probe(session, "hog")
    crash = probe(session, "crash")
    suicide = probe(session, "suicide")

    assert (hog.stopped, hog.signal, hog.exit_code) == ("memory", "killed", -1)
    assert (crash.stopped, crash.exit_code) == ("", 2)
    assert b"panic: crash" in crash.stderr
    assert (suicide.stopped, suicide.signal) == ("", "killed")
    assert probe(session, "say", "alive").stdout == b"alive\n"


def test_kill_for_memory_is_nobody_elses(session: DockerSession) -> None:
    """A program that is killed, or ends, beside a memory hog is not taken for one."""
    with ThreadPoolExecutor(2) as pool:
        hog = pool.submit(probe, session, "hog")
        beside: list[str] = []
        while not hog.done():
            beside.append(probe(session, "suicide" if len(beside) % 2 else "crash").stopped)

    assert hog.result().stopped == "memory"
    assert beside.count("memory") <= 1  # one may have ended at that very moment


@pytest.mark.parametrize(
    ("verb", "limits", "stopped"),
    [("loop", Limits(timeout=1), "timeout"), ("flood", Limits(output=1 << 20), "output")],
)
def test_endless_program_is_stopped(
    session: DockerSession, verb: str, limits: Limits, stopped: str
) -> None:
    """A program that never ends, or never stops printing, meets its limit."""
    outcome = probe(session, verb, limits=limits)

    assert (outcome.stopped, outcome.exit_code) == (stopped, -1)
    assert len(outcome.stdout) <= limits.output
    assert outcome.duration < 20


def test_what_a_program_leaves_behind_is_killed(session: DockerSession) -> None:
    """A process that outlives its program holds nothing up, and is gone before the next."""
    orphan = probe(session, "orphan")

    assert orphan.ok
    assert orphan.duration < 1
    assert int(probe(session, "processes").stdout) < 8


def test_files_come_back_byte_for_byte(session: DockerSession) -> None:
    """Tens of megabytes of any bytes survive, an exec bit counts, no file is no content."""
    content = bytes(range(256)) * (30 << 12)

    session.write({"deep/er/file": File(content), "empty": File(b"")})

    assert session.read("deep/er/file") == content
    assert session.read("empty") == b""
    assert session.read("none") is None
    with pytest.raises(CellError, match="deep"):
        session.read("deep")


def test_peak_memory_is_the_programs_own(session: DockerSession) -> None:
    """A program that touches 100 MiB has that at its peak; one beside it has next to nothing."""
    big, small = probe(session, "touch"), probe(session, "hello")

    assert 100 << 20 < big.max_rss < 110 << 20
    assert small.max_rss < 8 << 20


def test_several_threads_share_a_session(session: DockerSession) -> None:
    """Each caller gets the answer to its own request."""
    texts = [f"{number} {'x' * number * 100}" for number in range(40)]

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda text: probe(session, "say", text).stdout.decode(), texts))

    assert said == [f"{text}\n" for text in texts]


def test_command_that_is_not_there_is_our_failure(session: DockerSession) -> None:
    """A command that can't be started is an error, not a result."""
    with pytest.raises(CellError, match="no such file"):
        session.call([f"{session.root}/none"], env={}, limits=Limits())


@pytest.mark.parametrize("failure", [None, RuntimeError("ours"), KeyboardInterrupt()])
def test_nothing_is_left_after_a_session(
    engine: DockerEngine, client: docker.DockerClient, failure: BaseException | None
) -> None:
    """The container is gone when the context is left, however it is left."""
    container = ""
    with contextlib.suppress(RuntimeError, KeyboardInterrupt):  # noqa: SIM117  # not what opens it
        with engine.open(version_of(GO), memory=MEMORY) as session:
            container = container_of(session)
            if failure is not None:
                raise failure

    assert container
    assert is_gone(client, container, within=1)
    assert not client.networks.list(filters={"label": LABEL})
    assert not client.volumes.list(filters={"label": LABEL})


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_we_are_ended(
    engine: DockerEngine, client: docker.DockerClient, how: signal.Signals
) -> None:
    """Ctrl-C and even kill -9 leave no container."""
    with engine.open(version_of(GO), memory=MEMORY):
        pass  # so that the image is there
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, GO], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        container = child.stdout.readline().decode().strip()
        assert client.containers.get(container).status == "running"
        child.send_signal(how)
        child.wait(20)

    assert is_gone(client, container)


def test_container_that_vanishes_fails_the_call(
    engine: DockerEngine, client: docker.DockerClient
) -> None:
    """When somebody kills the container, what runs in it fails at once, and so does the rest."""
    with engine.open(version_of(GO), memory=MEMORY) as session, ThreadPoolExecutor(1) as pool:
        build(session, {"probe": PROGRAM})
        running = pool.submit(probe, session, "sleep")
        time.sleep(0.5)
        client.containers.get(container_of(session)).kill()
        with pytest.raises(CellError, match="ended while it was in use"):
            running.result(10)
        with pytest.raises(CellError):
            session.read("bin/probe")


def test_container_that_does_not_answer_is_ended(
    engine: DockerEngine, client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner that is silent beyond the limit is given up, and its container removed."""
    monkeypatch.setattr(docker_engine, "_GRACE", 0.5)
    with engine.open(version_of(GO), memory=MEMORY) as session:
        container = container_of(session)
        client.containers.get(container).pause()
        with pytest.raises(CellError, match="did not answer within"):
            session.call(["/none"], env={}, limits=Limits(timeout=0.5))

    assert is_gone(client, container, within=5)


def relabelled(client: docker.DockerClient, image: str, tag: str) -> None:
    """Make another image of the same content, so that it has an id of its own."""
    text = f"FROM {image}\nLABEL {LABEL}=test\n".encode()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    context.seek(0)
    client.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)


@pytest.fixture
def official(
    client: docker.DockerClient, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Return the name that an official image would have here, and remove it afterwards.

    The repository is another than golang, which tests beside this one would find.
    """
    repository = "golang-of-goclaims-tests"
    for go in (GO, "1.2.2"):
        with engine.open(version_of(go), memory=MEMORY):
            pass  # so that its imported image is there
    monkeypatch.setattr(docker_engine, "_OFFICIAL", f"{repository}-{os.getpid()}")
    name = f"{repository}-{os.getpid()}:{GO}"
    yield name
    client.images.remove(name)


def test_official_image_is_used_where_it_is_there(
    client: docker.DockerClient, store: ToolchainStore, official: str
) -> None:
    """A golang image of the very release is the base, and the provenance says so."""
    relabelled(client, imported_tag(f"go{GO}"), official)
    said: list[str] = []

    with DockerEngine(store, said.append).open(version_of(GO), memory=MEMORY) as session:
        build(session, {"probe": PROGRAM})
        assert probe(session, "hello").stdout == f"hello go{GO}\n".encode()
        facts = session.provenance
    client.images.remove(facts["image"])

    assert (facts["base"], facts["base_image"]) == ("official", official)
    assert said == [f"building {facts['image']} on {official}, once"]


def test_official_image_of_another_release_is_not_used(
    client: docker.DockerClient, store: ToolchainStore, official: str
) -> None:
    """A tag can lie: what counts is what its go says."""
    relabelled(client, imported_tag("go1.2.2"), official)
    said: list[str] = []

    with DockerEngine(store, said.append).open(version_of(GO), memory=MEMORY) as session:
        facts = session.provenance

    assert facts["base"] == "goroot"
    assert said == [
        f"{official} is not used: its go says 'go version go1.2.2 linux/amd64'",
    ]


def test_second_session_builds_nothing(store: ToolchainStore, session: DockerSession) -> None:
    """An image is made once; another process finds it and has nothing to say."""
    said: list[str] = []

    with DockerEngine(store, said.append).open(version_of(GO), memory=MEMORY) as other:
        assert other.identity == session.identity

    assert said == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
@pytest.mark.usefixtures("engine")
def test_refusing_engine_is_named() -> None:
    """A user who may not use Docker's socket is told how to get in."""
    # By hand, because the tests' own Python may be where only root can read.
    check = (
        "import os, docker.context\n"
        "from harness.engines.docker import connect, connection_advice\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: connect(5)\n"
        "except OSError as error: print(connection_advice(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )

    assert "refuses this user. Join the docker group" in done.stdout, done.stderr
