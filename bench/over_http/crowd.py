"""How long a good client waits beside many connections that say nothing."""

import resource
import socket
import time
from contextlib import ExitStack
from statistics import median

from servers import Titan
from table import line, title

SILENT, OPEN_FILES = 1500, 1024
TRIALS = 5


def silent(stack, port):
    """A connection that says nothing, for as long as the stack stands. Nobody waits for it to be accepted."""
    connection = stack.enter_context(socket.socket())
    connection.setblocking(False)
    connection.connect_ex(("127.0.0.1", port))


def trial(folder):
    """Milliseconds from connecting to the answer."""
    with ExitStack() as stack:
        titan = stack.enter_context(Titan(folder, open_files=OPEN_FILES)).until_ready()
        for _ in range(SILENT):
            silent(stack, titan.port)
        began = time.monotonic()
        status, _ = titan.ask("GET", "/health/live")
        if status != 200:
            raise SystemExit(f"titan answers {status} to /health/live")
        return (time.monotonic() - began) * 1000


def measure(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        trials = [trial(folder / f"crowd-{number}") for number in range(TRIALS)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    title("beside a crowd, medians")
    text = f"ms until a good client is served beside {SILENT:,} silent connections and {OPEN_FILES:,} open files"
    line(text, median(trials), at_most=1000)
    print()
