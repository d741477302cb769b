"""deploy/Dockerfile, and the scripts in deploy/."""

import os
import re
from fnmatch import fnmatch

from common import DEPLOY, ROOT, TOOLS

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
IGNORE = (DEPLOY / "Dockerfile.dockerignore").read_text()


def context(ignore=IGNORE):
    """What the build sees, by the lines that begin with `!`: everything else is ignored."""
    lines = [line for line in ignore.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    return [line.removeprefix("!") for line in lines[1:]]


def included():
    """The files that the program contains or its manifest names."""
    for source in sorted(ROOT.glob("crates/*/src/**/*.rs")):
        text = source.read_text().split("#[cfg(test)]")[0]
        for name in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', text):
            yield os.path.normpath(source.parent.relative_to(ROOT) / name)
    yield from ["Cargo.toml", "Cargo.lock", "crates/titan/Cargo.toml"]


def context_faults(ignore):
    seen = context(ignore)
    wanted = {*included(), *re.findall(r"^COPY(?: --chmod=\d+)? (\S+/\S+) /", DOCKERFILE, re.MULTILINE)}
    for name in sorted(wanted):
        if not any(name == entry or name.startswith(f"{entry}/") or fnmatch(name, entry) for entry in seen):
            yield f"{name} is not in the context"
        if not (ROOT / name).exists():
            yield f"{name} does not exist"


def file_faults(text):
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    last = stages[-1]
    if len(stages) < 2 or "cargo" in last or "slim" not in last.splitlines()[0]:
        yield "the last stage is not small"
    user = re.findall(r"^USER (\d+):\d+$", last, re.MULTILINE)
    if not user or user[-1] == "0":
        yield "USER: it runs as root"
    if "HEALTHCHECK" not in last or '["health-check"]' not in last:
        yield "HEALTHCHECK: missing"
    if 'ENTRYPOINT ["titan"]' not in last or 'CMD ["serve"]' not in last:
        yield "ENTRYPOINT: it does not start titan serve"
    wanted = re.search(r'^rust-version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    if not stages[0].startswith(f"rust:{wanted}-"):
        yield f"FROM: not the toolchain {wanted}"


def check(checks):
    checks.run("hadolint", [TOOLS / "hadolint", DEPLOY / "Dockerfile"])
    checks.faults("Dockerfile", file_faults(DOCKERFILE))
    checks.mutations(
        "Dockerfile",
        file_faults,
        {
            "root": (DOCKERFILE.replace("USER 65532:65532", "USER 0:0"), "root"),
            "no healthcheck": (DOCKERFILE.replace("HEALTHCHECK", "LABEL"), "HEALTHCHECK"),
            "one stage": (DOCKERFILE.split("FROM debian")[0], "small"),
            "an old toolchain": (DOCKERFILE.replace("rust:1.95", "rust:1.80"), "toolchain"),
        },
    )
    checks.faults("Dockerfile.dockerignore", context_faults(IGNORE))
    without = {name: (IGNORE.replace(f"!{name}\n", ""), name) for name in ("policies", "Cargo.lock", "crates")}
    checks.mutations("Dockerfile.dockerignore", context_faults, without)
    scripts = [DEPLOY / "health-check", DEPLOY / "compose/make-secrets"]
    checks.run("shellcheck", [TOOLS / "shellcheck", *scripts])
