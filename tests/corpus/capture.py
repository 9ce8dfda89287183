"""Capture the listings of the corpus again: ``python tests/corpus/capture.py [NAME ...]``.

For each program NAME.go in this folder, tests/captures/listings/NAME.xz holds the real listings of
all releases, one behind the other, each behind a line ``==== go1.14.15 linux/amd64``. A program
says by comments what differs: ``// capture: 1.18..`` (which releases can compile it),
``// gcflags: -N -l``, ``// goarch: arm64``, ``// file: a b/c.go`` (where it lies). Needs a go
command of 1.21 or later, which fetches the releases.
"""

from __future__ import annotations

import lzma
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
LISTINGS = HERE.parent / "captures" / "listings"
RELEASES = (
    "1.2.2", "1.4.3", "1.5.4", "1.6.2", "1.7.6", "1.8.3", "1.9.7", "1.10.8", "1.11.13", "1.12.17",
    "1.13.15", "1.14.15", "1.15.15", "1.16.15", "1.17.13", "1.18.10", "1.19.13", "1.20.14",
    "1.21.13", "1.22.12", "1.23.12", "1.24.13", "1.25.14", "1.26.8", "1.27.4",
)  # fmt: skip
NEUTRAL = "/src"
# From Go 1.20 on a first build compiles the standard library: once per release is enough.
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "goclaim" / "corpus"


def series(release: str) -> int:
    """Return the minor number: 14 of 1.14.15."""
    return int(release.split(".")[1])


def within(spec: str, release: str) -> bool:
    """Say whether a release is in a spec such as ``1.2..1.8,1.10..``."""
    for part in spec.split(","):
        low, dots, high = part.strip().partition("..")
        first = series(low)
        last = series(high) if high else (99 if dots else first)
        if first <= series(release) <= last:
            return True
    return False


def option(source: str, name: str) -> str:
    """Return what a program's comment says of itself."""
    match = re.search(rf"^// {name}: (.*)$", source, re.MULTILINE)
    return match[1].strip() if match else ""


@cache
def goroot(release: str) -> str:
    """Fetch a toolchain, if need be, and return its root."""
    answer = subprocess.run(
        ["go", "env", "GOROOT"],
        env={**os.environ, "GOTOOLCHAIN": f"go{release}", "GOFLAGS": ""},
        check=True,
        capture_output=True,
        text=True,
    )
    return answer.stdout.strip()


def listing(
    release: str,
    source: Path,
    work: Path,
    flags: str = "",
    goarch: str = "amd64",
    *,
    build: bool = False,
) -> str:
    """Compile one program and return the compiler's listing; ``build`` links it too."""
    root = goroot(release)
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(work), "GOROOT": root, "GOPATH": str(work / "gopath"),
        "GOCACHE": str(CACHE / release),
        "GOENV": "off", "GOFLAGS": "", "GO111MODULE": "off", "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0", "GOARCH": goarch, "GOOS": "linux",
    }  # fmt: skip
    code = source.read_text(encoding="utf-8")
    if series(release) <= 4:
        out = ["-o", str(work / "program.6")]
        command = [f"{root}/bin/go", "tool", "6g", *flags.split(), *out, "-S", str(source)]
    elif not build and not re.search(r"^\s*(import )?\"(?!unsafe\")[a-z/]+\"$", code, re.MULTILINE):
        # It imports nothing, so the compiler alone can read it: that is much faster.
        out = ["-p", "main", "-o", str(work / "program.o")]
        command = [f"{root}/bin/go", "tool", "compile", *flags.split(), *out, "-S", str(source)]
    else:
        out = ["-o", str(work / "program")]
        command = [f"{root}/bin/go", "build", "-p=1", f"-gcflags=-S {flags}", *out, str(source)]
    done = subprocess.run(
        command, env=environment, cwd=work, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"go{release} {source.name}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout + done.stderr


def capture(program: Path) -> None:
    """Capture one program on all releases that can compile it."""
    source = program.read_text(encoding="utf-8")
    releases = option(source, "capture") or "1.2.."
    goarch = option(source, "goarch") or "amd64"
    pieces = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        copy = work / (option(source, "file") or program.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source, encoding="utf-8")
        for release in RELEASES:
            if within(releases, release):
                text = listing(release, copy, work, option(source, "gcflags"), goarch)
                pieces.append(f"==== go{release} linux/{goarch}\n")
                pieces.append(text.replace(str(work), NEUTRAL).replace(goroot(release), "/goroot"))
    LISTINGS.mkdir(parents=True, exist_ok=True)
    packed = lzma.compress("".join(pieces).encode(), preset=9 | lzma.PRESET_EXTREME)
    (LISTINGS / f"{program.stem}.xz").write_bytes(packed)


def main() -> None:
    """Capture the programs named, or all."""
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.go"))
    for name in names:
        capture(HERE / f"{name}.go")
        sys.stdout.write(f"{name} {(LISTINGS / f'{name}.xz').stat().st_size}\n")


if __name__ == "__main__":
    main()
