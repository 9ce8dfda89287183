"""Programs that misbehave, folders that can't be written, interrupts: clear words, nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from harness import resources

if TYPE_CHECKING:
    from collections.abc import Callable

    Goclaim = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.go

MAIN = 'package main\n\nimport "runtime"\n\nfunc main() {{\n\truntime.GC()\n\t{body}\n}}\n'

BAD = {
    "crash": ('panic("out of cheese")', "ended with exit code 2: panic: out of cheese"),
    "silent": ("", "printed no MemStats figures"),
    "garbage": ('print("goclaim snapshot=a Alloc=many\\n")', "damaged goclaim line"),
    "endless": ("for { runtime.Gosched() }", "did not end within 2 s"),
    "chatty": ('for { println("abcdefghijklmnop") }', "printed more than 8 MB"),
    "hungry": (
        (
            "var all [][]byte\n\tfor { one := make([]byte, 1<<26); all = append(all, one)\n\t"
            "for i := 0; i < 1<<26; i += 4096 { one[i] = 1 } }"
        ),
        "more memory than its limit of 256 MB",
    ),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_program_that_misbehaves_fails_its_cell_in_clear_words(
    goclaim: Goclaim, tmp_path: Path, name: str
) -> None:
    """The reason stands in measurements.csv and on the terminal; the exit code is 4."""
    body, reason = BAD[name]
    program = tmp_path / f"{name}.go"
    program.write_text(MAIN.format(body=body))
    out = tmp_path / "out"
    arguments = ("--engine", "local", "--timeout", "2", "--memory", "256", "--repeat", "1")
    done = goclaim("run", program, *arguments, "--out", out)
    assert done.returncode == 4, done.stdout + done.stderr
    assert reason in pd.read_csv(out / "measurements.csv").status[0]
    assert reason in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr


def test_go_that_does_not_compile_gets_the_compilers_own_message(
    goclaim: Goclaim, tmp_path: Path
) -> None:
    """File, line and words of the compiler; the other program is measured all the same."""
    bad = tmp_path / "bad.go"
    bad.write_text(MAIN.format(body="undeclared()"))
    out = tmp_path / "out"
    done = goclaim("run", bad, "global-delete", "--engine", "local", "--out", out)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "bad.go:7:2: undefined: undeclared" in " ".join(done.stdout.split())
    status = pd.read_csv(out / "measurements.csv").set_index("scenario").status
    assert "undefined: undeclared" in status["bad"]
    assert set(status["global-delete"]) == {"ok"}


def test_a_release_that_the_proxy_has_not_got_names_those_it_has(
    goclaim: Goclaim, tmp_path: Path
) -> None:
    """Exit code 3, and the releases of that series that exist."""
    done = goclaim(
        "run", "global-delete", "--go", "1.14.99", "--engine", "local", "--out", tmp_path / "out"
    )
    assert done.returncode == 3
    assert "does not have go1.14.99" in done.stdout
    assert "1.14.15" in done.stdout


def test_without_network_a_fetch_says_so(tmp_path: Path) -> None:
    """No proxy to reach: exit code 3, and what to check."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", "toolchains", "fetch", "1.14"],
        env={
            **os.environ,
            "GOCLAIM_CACHE": str(tmp_path),
            "GOPROXY": "http://127.0.0.1:9",
            "GONOSUMDB": "*",
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 3
    assert "go1.14.15 could not be fetched" in done.stderr
    assert "Check the network" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_users_go_settings_never_leak_in(tmp_path: Path) -> None:
    """GOFLAGS, GOGC and go env -w of the user change nothing."""
    settings = tmp_path / "goenv"
    settings.write_text("GOFLAGS=-buildvcs=false\n")
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", "global-delete", "--engine", "local", "--json",
         "--repeat", "1", "--out", tmp_path / "out"],
        env={
            **os.environ,
            "GOENV": str(settings),
            "GOFLAGS": "-buildvcs=false -nonsense",
            "GOGC": "1",
            "GODEBUG": "gctrace=1",
            "GOMAXPROCS": "1",
            "GOROOT": "/nonexistent",
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert [one["NumGC"] for one in cell["repetitions"][0]["snapshots"]] == [0, 1, 2, 3]


def test_a_folder_that_can_not_be_written_is_named_before_anything_runs(
    goclaim: Goclaim, tmp_path: Path
) -> None:
    """A file stands where --out should be: exit code 2."""
    (tmp_path / "file").write_text("")
    done = goclaim("run", "global-delete", "--engine", "local", "--out", tmp_path / "file" / "out")
    assert done.returncode == 2
    assert "can't be written" in done.stderr


def programs_running() -> list[str]:
    """Return the command lines of runners and programs that are alive."""
    cache = str(resources.cache())
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = entry.read_text(errors="replace")
            if cache in command and "python" not in command:
                found.append(command)
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupt_keeps_what_was_measured_and_leaves_nothing_behind(
    tmp_path: Path, how: signal.Signals
) -> None:
    """Ctrl-C and a termination end with code 130 and the files; kill -9 leaves no program."""
    endless = tmp_path / "endless.go"
    endless.write_text(MAIN.format(body="for { runtime.Gosched() }"))
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "global-delete", endless, "--engine", "local",
         "--timeout", "300", "--out", out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not any("endless" in one for one in programs_running()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(how)
    stdout, stderr = process.communicate(timeout=60)
    time.sleep(0.5)
    assert not [one for one in programs_running() if "endless" in one]
    if how == signal.SIGKILL:
        return
    assert process.returncode == 130, stdout + stderr
    assert "Traceback" not in stderr
    assert json.loads((out / "run.json").read_text())["interrupted"] is True
    kept = pd.read_csv(out / "measurements.csv")
    assert set(kept[kept.status == "ok"].scenario) == {"global-delete"}
