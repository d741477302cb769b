#!/usr/bin/env python3
"""Checks docs/configuration.md against the code: each option has one row, with its variable and its default."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = "docs/configuration.md"
CONFIG = (ROOT / "crates/titan/src/config/mod.rs").read_text()
ROLES = (ROOT / "crates/core/src/user/role.rs").read_text()
VARIABLES = (ROOT / "crates/titan/src/config/env.rs").read_text()
ROW = re.compile(r"^\| `(\w+)` \|(.*)\|$", re.MULTILINE)


def options(struct):
    """The fields of a struct, in their order."""
    body = re.search(rf"^pub struct {struct} {{\n(.*?)^}}$", CONFIG, re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"^    pub (\w+):", body, re.MULTILINE)


def defaults():
    """What the table says for the defaults in the code. An option without a value may say it in words."""
    body = re.search(r"^impl Default for Config {\n(.*?)^}$", CONFIG, re.MULTILINE | re.DOTALL)[1]
    for option, value in re.findall(r"^ +(\w+): (.+),$", body, re.MULTILINE):
        text = re.fullmatch(r'"(.*)"\.to_owned\(\)|\w+::(\w+)', value)
        if value == "Vec::new()":
            yield option, "`[]`"
        elif constant := re.fullmatch(r"Roles::(\w+)\.map\(str::to_owned\)\.to_vec\(\)", value):
            names = re.search(rf"const {constant[1]}: \[&'static str; \d+\] = \[(.*?)\];", ROLES, re.DOTALL)[1]
            yield option, "`[" + ", ".join(re.findall('"[^"]+"', names)) + "]`"
        elif value != "None":
            yield option, f"`{text[1] or text[2].lower() if text else value}`"


def faults(name, rows, fields):
    counts = {field: sum(field == option for option, _ in rows) for field in fields}
    yield from (f"{name}: {field} has {count} rows" for field, count in counts.items() if count != 1)
    yield from (f"{name}: {option} is not an option" for option, _ in rows if option not in fields)


def differences(rows):
    variables = {option: name for name, option in re.findall(r'^    \("(\w+)", "(\w+)", Kind::', VARIABLES, re.MULTILINE)}
    expected = dict(defaults())
    for option, cells in rows:
        variable, default, *_ = [cell.strip() for cell in cells.split(" | ")]
        named = re.match(r"`(\w+)`", variable)
        if (named and named[1]) != variables.get(option):
            yield f"{option}: its variable is {variables.get(option)}, not {variable}"
        if default != expected.get(option, default) or (option not in expected and default.startswith("`")):
            yield f"{option}: its default is {expected.get(option, 'none')}, not {default}"


def main():
    section = (ROOT / DOCUMENT).read_text().split("\n## Options\n")[1].split("\n## ")[0]
    table, entries = (ROW.findall(part) for part in section.split("\nEach entry of `upstreams`:"))
    found = [*faults("options", table, options("Config")), *faults("upstreams", entries, options("UpstreamConfig"))]
    found += differences(table)
    for line in found:
        print(f"options: {DOCUMENT}: {line}", file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"options: {DOCUMENT} has a row for each of {len(table) + len(entries)} options")


main()
