"""Part two of `make bench`: over HTTP. `../README.md` says what each row means."""

import os
import sys
import tempfile
from pathlib import Path

import creation
import crowd
import fleet
import growth
import postgres
import rows
import servers


def number(variable, default):
    return int(os.environ.get(variable) or default)


def check():
    """Says what is missing before anything takes time."""
    if packages := servers.missing_packages():
        sys.exit(f"something is missing; install it with: apt-get install {' '.join(packages)}")
    if postgres.programs() is None:
        sys.exit("PostgreSQL is missing; install it with: apt-get install postgresql")
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("two cores are needed: one for the server, one for its clients")


def main():
    check()
    rounds, seconds = number("BENCH_HTTP_ROUNDS", 7), number("BENCH_SECONDS", 2)
    # On the project's own disk: /tmp may be memory, on which a durable commit costs nothing.
    with tempfile.TemporaryDirectory(prefix="http-", dir=servers.TARGET / "bench") as name:
        folder = Path(name)
        # nginx's worker, which is another user if root starts it, must be able to look in.
        folder.chmod(0o755)
        rows.measure(folder, rounds, seconds)
        crowd.measure(folder)
        growth.measure(folder)
        creation.measure(folder, rounds, seconds)
        fleet.measure(folder, rounds, seconds)


if sys.argv[1:] == ["check"]:
    check()
else:
    main()
