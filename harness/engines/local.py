"""The local engine: the toolchain's own commands, straight on this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from harness.engines import RUNNER_SOURCE, Limits, Outcome, runner_reply, runner_request
from harness.errors import CellError, UnavailableError
from harness.toolchains import go_environment, host_platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.engines import File
    from harness.toolchains import GoVersion, Toolchain, ToolchainStore

_GRACE = 10.0  # seconds beyond a command's own limit before the runner itself is given up


class LocalSession:
    """A temporary folder and a runner; see ``engines.Session``."""

    def __init__(self, toolchain: Toolchain, root: Path, go_cache: Path, runner: Path) -> None:
        self.goroot = str(toolchain.goroot)
        self.root = str(root)
        self.go_cache = str(go_cache)
        self.identity = f"local {toolchain.name} {toolchain.sum}"
        self.provenance: Mapping[str, str] = {
            "toolchain": toolchain.name,
            "toolchain_sum": toolchain.sum,
        }
        self._root = root
        self._runner = runner
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def write(self, files: Mapping[str, File]) -> None:
        """Put files under the root. Raises ``CellError`` when there is no room."""
        try:
            for name, file in files.items():
                path = self._root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.content)
                if file.executable:
                    path.chmod(0o755)
        except OSError as error:
            raise CellError(
                f"{self._root.parent} can't be written: {error.strerror}. "
                "Point GOCLAIM_CACHE at a folder with room."
            ) from error

    def read(self, path: str) -> bytes | None:
        """Return a file under the root, or None."""
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            return None

    def call(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        limits: Limits,
        directory: str = "",
    ) -> Outcome:
        """Run a command through the runner, which ends it when this process goes away."""
        request = runner_request(
            argv, env, limits, str(self._root / directory), limit_data=True, watch_stdin=True
        )
        # The runner's own environment is empty: Go would read GOMAXPROCS and GODEBUG from it.
        process = subprocess.Popen(  # noqa: S603  the runner, which starts what it is told
            [self._runner, *request],
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with self._lock:
            self._running.add(process)
        try:
            stdout, stderr = _communicate(process, limits.timeout + _GRACE)
        except subprocess.TimeoutExpired:
            raise CellError(f"{argv[0]} did not end and could not be stopped in time") from None
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._running.discard(process)
        return runner_reply(argv, stdout, stderr)

    def stop(self) -> None:
        """End what still runs: closing its standard input tells the runner to kill the program."""
        with self._lock:
            running = list(self._running)
        for process in running:
            if process.stdin:
                process.stdin.close()


def _communicate(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bytes]:
    """Read both streams to their end, keeping standard input open meanwhile."""
    assert process.stdout is not None  # noqa: S101  opened as pipes just above
    assert process.stderr is not None  # noqa: S101  as above
    complaint: list[bytes] = []
    stderr = process.stderr
    reader = threading.Thread(target=lambda: complaint.append(stderr.read()), daemon=True)
    watchdog = threading.Timer(timeout, process.kill)
    reader.start()
    watchdog.start()
    try:
        output = process.stdout.read()
    finally:
        expired = not watchdog.is_alive()
        watchdog.cancel()
    reader.join()
    if expired:
        raise subprocess.TimeoutExpired(process.args, timeout)
    return output, b"".join(complaint)


class LocalEngine:
    """Builds and runs with the toolchain on this machine; see ``engines.Engine``."""

    name = "local"

    def __init__(self, store: ToolchainStore, cache: Path) -> None:
        self.platform = host_platform()
        self._store = store
        self._cache = cache

    def unavailable(self) -> str | None:
        """Say why programs can't be run here, or None."""
        if os.name != "posix":
            return "The local engine needs Linux or macOS. Use --engine docker."
        return None

    @contextlib.contextmanager
    def open(self, version: GoVersion, *, memory: int) -> Iterator[LocalSession]:  # noqa: ARG002  the runner limits
        """Open a session in a temporary folder; the runner limits each program's memory."""
        if why := self.unavailable():
            raise UnavailableError(why)
        toolchain = self._store.get(version)
        work = self._cache / "work"
        try:
            work.mkdir(parents=True, exist_ok=True)
            root = Path(tempfile.mkdtemp(prefix=f"{toolchain.name}-", dir=work))
        except OSError as error:
            raise CellError(
                f"No room to work in {work}: {error}. Point GOCLAIM_CACHE at a folder with room."
            ) from error
        try:
            go_cache = self._cache / "go-build" / toolchain.name
            session = LocalSession(toolchain, root, go_cache, self._runner(toolchain, go_cache))
            try:
                yield session
            finally:
                session.stop()
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def _runner(self, toolchain: Toolchain, go_cache: Path) -> Path:
        """Return the runner compiled with a toolchain, compiling it the first time."""
        source = RUNNER_SOURCE.read_bytes()
        key = hashlib.sha256(source + toolchain.sum.encode()).hexdigest()[:16]
        folder = self._cache / "runners"
        runner = folder / f"{toolchain.name}-{key}"
        if runner.exists():
            return runner
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{runner}.lock"):
            if not runner.exists():
                _compile_runner(toolchain, source, runner, go_cache)
        return runner


def _compile_runner(toolchain: Toolchain, source: bytes, runner: Path, go_cache: Path) -> None:
    with tempfile.TemporaryDirectory(dir=runner.parent) as folder:
        main = Path(folder, "main.go")
        main.write_bytes(source)
        target = Path(folder, "runner")
        environment = go_environment(goroot=str(toolchain.goroot), root=folder, cache=str(go_cache))
        done = subprocess.run(  # noqa: S603  the toolchain that was just fetched and checked
            [toolchain.goroot / "bin" / "go", "build", "-o", target, main],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode != 0:
            raise UnavailableError(
                f"{toolchain.name} does not work on this machine: "
                f"{done.stderr.strip() or 'it says nothing'}"
            )
        target.replace(runner)
