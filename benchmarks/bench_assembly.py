"""How fast listings are read: ``python benchmarks/bench_assembly.py [LISTING ...]``.

Prints MB/s of processor time on one core and the most memory taken, beside ``grep -c`` over the
same file. Without a file it repeats captured listings to 120 MB.
"""

from __future__ import annotations

import lzma
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.assembly import facts

LISTINGS = Path(__file__).parent.parent / "tests" / "captures" / "listings"
SIZE = 120_000_000


def repeated(path: Path) -> None:
    """Write one release's captured listings, as different packages, until the file is large."""
    pieces = []
    for packed in sorted(LISTINGS.glob("writeup_*.xz")):
        text = lzma.decompress(packed.read_bytes()).decode()
        found = re.search(
            r"^==== go1\.14\.\S+ \S+\n(.*?)(?=^==== )", text, re.MULTILINE | re.DOTALL
        )
        if found:
            pieces.append(found[1])
    with path.open("w", encoding="utf-8") as file:
        number = 0
        while file.tell() < SIZE:
            for piece in pieces:
                number += 1
                file.write(f"# example.com/p{number}\n{piece}")


def measure(path: Path) -> str:
    """Read one file and say how it went."""
    megabytes = path.stat().st_size / 1e6
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with path.open(encoding="utf-8", errors="replace") as lines:
        result = facts(lines)
    seconds = time.process_time() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    start = time.perf_counter()
    subprocess.run(["grep", "-c", "CALL", str(path)], check=False, capture_output=True)  # noqa: S607
    grep = time.perf_counter() - start
    return (
        f"{path.name}: {megabytes:.0f} MB, {megabytes / seconds:.0f} MB/s, memory +{grown:.0f} MB; "
        f"{result.functions} functions, {len(result.calls)} map calls, "
        f"{len(result.nil_stores)} nil stores; grep -c {megabytes / grep:.0f} MB/s"
    )


def main() -> None:
    """Measure the files named, or a made one."""
    if len(sys.argv) > 1:
        for name in sys.argv[1:]:
            sys.stdout.write(measure(Path(name)) + "\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "captured.txt"
        repeated(path)
        sys.stdout.write(measure(path) + "\n")


if __name__ == "__main__":
    main()
