"""deploy/systemd."""

import base64
import os
import re
import tempfile
import time
from pathlib import Path

from common import DEPLOY, TITAN, environment, grace, run
from topology import free_ports, process, wait_until_ready

FOLDER = DEPLOY / "systemd"
UNIT = (FOLDER / "titan.service").read_text()
PROGRAM = "/usr/local/bin/titan"
# Tenths of systemd's measure of exposure, which ends at 100.
MOST_EXPOSED = 12


def values(text, name):
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def variables(text):
    return dict(pair.split("=", 1) for line in values(text, "Environment") for pair in line.split())


def credentials(text):
    """The file of each credential, by its name."""
    return dict(line.split(":", 1) for line in values(text, "LoadCredential"))


def faults(text):
    readme = (FOLDER / "README.md").read_text()
    for name, value in variables(text).items():
        if name.endswith("_FILE") and value.removeprefix("%d/") not in credentials(text):
            yield f"{name}: {value} is no credential"
        if name in ("MASTER_KEY", "TITAN_SEAL_KEY", "TITAN_DATABASE_URL"):
            yield f"{name}: a secret must be a credential"
    for path in (*credentials(text).values(), PROGRAM):
        if path not in readme:
            yield f"README.md: it does not make {path}"
    if int(values(text, "TimeoutStopSec")[0]) < 2 * grace() + 10:
        yield "TimeoutStopSec: not longer than Titan needs to stop"
    if "/bin/kill -HUP $MAINPID" not in values(text, "ExecReload"):
        yield "ExecReload: it is not SIGHUP"
    with tempfile.TemporaryDirectory() as folder:
        # systemd looks for the program.
        file = Path(folder, "titan.service")
        file.write_text(text.replace(PROGRAM, "/bin/true"))
        verified = run(["systemd-analyze", "verify", "--man=no", file])
        if verified.returncode or str(file) in verified.stderr:
            yield f"systemd-analyze verify: {verified.stderr}"
        measure = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", file]
        measured = run(measure)
        if measured.returncode:
            yield f"systemd-analyze security: too exposed: {measured.stdout}{measured.stderr}"


def broken():
    return {
        "a secret in the unit": (UNIT + "[Service]\nEnvironment=MASTER_KEY=x\n", "MASTER_KEY"),
        "a file that nobody passes": (UNIT.replace("LoadCredential=seal-key", "#"), "TITAN_SEAL_KEY_FILE"),
        "a file that nobody makes": (UNIT.replace("/etc/titan/seal-key", "/etc/titan/key"), "README.md"),
        "killed too soon": (UNIT.replace("TimeoutStopSec=30", "TimeoutStopSec=15"), "TimeoutStopSec"),
        "a reload that ends it": (UNIT.replace("-HUP", "-TERM"), "ExecReload"),
        "a misspelt option": (UNIT.replace("ProtectHome=", "ProtectHomes="), "verify"),
        "all system calls": (re.sub(r"SystemCallFilter=.*", "", UNIT), "exposed"),
        "as root": (UNIT.replace("DynamicUser=yes", "DynamicUser=no"), "exposed"),
    }


def in_place(folder, ports):
    """The environment of the service, with everything in this folder."""
    (folder / "credentials").mkdir()
    for name in credentials(UNIT):
        (folder / "credentials" / name).write_text(base64.b64encode(os.urandom(32)).decode())
    for file in (FOLDER / "titan.toml", DEPLOY / "compose/orders.toml"):
        text = file.read_text().replace("/etc/titan/", f"{folder}/")
        for place, port in zip(("0.0.0.0:8080", "127.0.0.1:9090"), ports, strict=True):
            text = text.replace(place, f"127.0.0.1:{port}")
        (folder / file.name).write_text(text)
    places = {"%d/": f"{folder}/credentials/", "/etc/titan/": f"{folder}/"}
    found = variables(UNIT)
    for place, here in places.items():
        found = {name: value.replace(place, here) for name, value in found.items()}
    return environment(**found)


def service_starts(checks):
    """With the unit's environment and the files beside it."""
    with tempfile.TemporaryDirectory() as name:
        folder, ports = Path(name), free_ports(2)
        log, env = folder / "log.txt", in_place(folder, ports)
        checks.run("systemd: titan config check", [TITAN, "config", "check"], env=env, cwd=folder)
        with process([TITAN, "serve"], log, env=env, cwd=folder) as child:
            wait_until_ready(ports[0], child, log)
            began = time.monotonic()
        checks.faults("systemd: it stops with 0", [child.returncode] if child.returncode else [])
        longest = int(values(UNIT, "TimeoutStopSec")[0])
        checks.faults("systemd: it stops in time", ["too late"] if time.monotonic() - began > longest else [])


def check(checks):
    checks.faults("titan.service", faults(UNIT))
    checks.mutations("titan.service", faults, broken())
    service_starts(checks)
