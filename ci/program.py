"""The built program, started for a check and stopped after it."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def built():
    """The folder of the program, which is built first."""
    subprocess.run(["cargo", "build", "--locked", "--quiet", "-p", "titan"], cwd=ROOT, check=True)
    return ROOT.joinpath(os.environ.get("CARGO_TARGET_DIR", "target"), "debug")


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def environment(binaries, **more):
    """The environment without Titan's variables, and with the program on its path."""
    inherited = {name: value for name, value in os.environ.items() if not re.match("TITAN_|MASTER_KEY", name)}
    return {**inherited, "PATH": f"{binaries}:{inherited['PATH']}", **more}


def is_ready(address):
    try:
        return urllib.request.urlopen(f"http://{address}/health/ready").status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


@contextmanager
def serving(binaries, folder, *options, **variables):
    """`titan serve` in a folder, on a free address."""
    address = free_address()
    command = [binaries / "titan", "serve", *options]
    with open(Path(folder, "log.txt"), "w") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            env=environment(binaries, TITAN_LISTEN=address, **variables),
        )
    # For who stops it for a while.
    Path(folder, "pid").write_text(str(server.pid))
    try:
        while not is_ready(address):
            if server.poll() is not None:
                sys.exit(Path(folder, "log.txt").read_text())
            time.sleep(0.05)
        yield address
    finally:
        server.terminate()
        server.wait()
