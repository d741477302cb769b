#!/usr/bin/env python3
"""Checks the arrows between crates: deny.toml's `wrappers` against the dependencies that cargo sees.

cargo-deny does the same and more (`make lint`); this needs nothing but Python, so that no change can be tested
without it. Also checked: every dependency stands in the workspace once, with a comment that says what it is for,
titan-token depends on nothing of ours, every query names its columns (crates/store/src/columns.rs says why), and no file is
longer than 350 lines without its tests.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def packages():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def broken_arrows(metadata, rules):
    members = set(metadata["workspace_members"])
    for package in metadata["packages"]:
        names = {dependency["name"] for dependency in package["dependencies"]}
        for rule in rules:
            is_allowed = package["name"] in rule.get("wrappers", [])
            # Foreign crates are cargo-deny's business, but for what is banned altogether.
            if package["id"] in members and rule["crate"] in names and not is_allowed:
                yield f"{package['name']} -> {rule['crate']}: {rule['reason']}"


def own_dependencies(metadata, name):
    package = next(package for package in metadata["packages"] if package["name"] == name)
    return sorted(d["name"] for d in package["dependencies"] if d["name"].startswith("titan"))


def uncommented():
    text = (ROOT / "Cargo.toml").read_text()
    section = text.split("[workspace.dependencies]")[1].split("\n[")[0]
    for line in section.splitlines():
        is_foreign = re.match(r"[a-z]", line) and "path =" not in line
        if is_foreign and "#" not in line:
            yield f"Cargo.toml: {line.split()[0]} has no comment that says what for"


def outside_workspace(metadata):
    for path in sorted(ROOT.glob("crates/*/Cargo.toml")):
        manifest = tomllib.loads(path.read_text())
        for section in ("dependencies", "dev-dependencies", "build-dependencies"):
            for name, value in manifest.get(section, {}).items():
                if not (isinstance(value, dict) and value.get("workspace")):
                    yield f"{path.relative_to(ROOT)}: {name} is not taken from the workspace"


def starred():
    star = re.compile(r"\b(SELECT|RETURNING)\s+\*|\b[a-z_]+\.\*[\s,]")
    for path in sorted(ROOT.glob("crates/store/src/**/*.rs")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line.lstrip().startswith("//") and star.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: a query that does not name its columns"


def long():
    for path in sorted(ROOT.glob("crates/*/src/**/*.rs")):
        length = len(path.read_text().split("\n#[cfg(test)]\n")[0].splitlines())
        if path.name != "tests.rs" and length > 350:
            yield f"{path.relative_to(ROOT)}: {length} lines: split it by idea"


def main():
    metadata = packages()
    rules = tomllib.loads((ROOT / "deny.toml").read_text())["bans"]["deny"]
    faults = [*broken_arrows(metadata, rules), *uncommented(), *outside_workspace(metadata), *starred(), *long()]
    faults += [f"titan-token -> {name}: the formats stand alone" for name in own_dependencies(metadata, "titan-token")]
    for fault in faults:
        print(f"house: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print("house: every arrow points down")


main()
