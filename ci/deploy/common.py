"""What the checks share."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
# Programs that pip installed: helm, hadolint and shellcheck.
TOOLS = Path(sys.executable).parent
TITAN = ROOT.joinpath(os.environ.get("CARGO_TARGET_DIR", "target"), "debug/titan")


class Checks:
    """Counts what passed and keeps what failed."""

    def __init__(self):
        self.passed, self.failed = 0, []

    def faults(self, what, found):
        found = list(found)
        self.passed += not found
        self.failed += [f"{what}: {fault}" for fault in found]

    def run(self, what, command, **more):
        """The command must succeed. Returns what it printed."""
        done = run(command, **more)
        self.faults(what, [f"exit code {done.returncode}\n{done.stdout}{done.stderr}"] if done.returncode else [])
        return done.stdout

    def mutations(self, what, faults, broken):
        """Each broken copy must have a fault that names this word."""
        for name, (copy, word) in broken.items():
            found = list(faults(copy))
            is_found = any(word in fault for fault in found)
            self.faults(f"{what}, broken: {name}", [] if is_found else [f"no fault names {word!r}: {found}"])

    def end(self):
        for line in self.failed:
            print(f"deploy: {line}", file=sys.stderr)
        print(f"{self.passed} passed, {len(self.failed)} failed")
        sys.exit(bool(self.failed))


def run(command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)


def nginx():
    """Debian's is not in everybody's path."""
    return shutil.which("nginx") or "/usr/sbin/nginx"


def grace():
    """How long Titan gives running requests when it stops, in seconds."""
    text = (ROOT / "crates/titan/src/server/mod.rs").read_text()
    return int(re.search(r"const GRACE: Duration = Duration::from_secs\((\d+)\);", text)[1])


def environment(**more):
    """What Titan gets: nothing of its own from outside."""
    inherited = {name: value for name, value in os.environ.items() if not re.match("TITAN_|MASTER_KEY", name)}
    return {**inherited, **more}
