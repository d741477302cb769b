"""Load by wrk, and what it cost the server."""

import json
import re
import subprocess
import time
from dataclasses import dataclass

from servers import CLIENT_CORE, HERE, PACE, find, pinned

MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}


@dataclass
class Sample:
    """One run of wrk."""

    requests: int
    seconds: float
    # Of all requests, not by status alone: those that were answered with 4xx or 5xx.
    refused: int
    # CPU time of the server while wrk ran.
    cpu_seconds: float = 0.0

    @property
    def rate(self):
        return self.requests / self.seconds

    @property
    def cpu_us(self):
        """Microseconds of CPU a request."""
        return self.cpu_seconds / self.requests * 1e6

    @property
    def busy(self):
        """The part of the time that the server computed: far below 1, its client was the limit."""
        return self.cpu_seconds / self.seconds


def write_requests(path, requests):
    """Writes whole HTTP requests for requests.lua. JSON's strings are Lua's, for ASCII."""
    path.write_text(f"return {json.dumps(requests)[1:-1].join('{}')}")
    raw_path(path).write_text("\0".join(requests))


def raw_path(path):
    """The same requests for `pace`."""
    return path.with_suffix(".raw")


def get(address, path, key):
    return f"GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\r\n"


def post(address, path, key, body):
    return (
        f"POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def start(address, requests, seconds, connections=64, core=CLIENT_CORE):
    """Starts wrk; `requests` is a file of `write_requests`."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", HERE / "requests.lua"]
    command = [find(command[0]), *map(str, command[1:]), f"http://{address}/", "--", str(requests)]
    if core is not None:
        command = pinned(core, *command)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(wrk):
    """Waits for wrk and reads what it printed."""
    try:
        output, _ = wrk.communicate(timeout=120)
    except BaseException:
        wrk.kill()
        wrk.wait()
        raise
    totals = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", output)
    if wrk.returncode != 0 or not totals or "Socket errors" in output:
        raise SystemExit(f"wrk failed:\n{output}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return Sample(
        requests=int(totals[1]),
        seconds=float(totals[2]) * MILLISECONDS[totals[3]] / 1000,
        refused=int(refused[1]) if refused else 0,
    )


def p99_ms(server, requests, rate, seconds):
    """The 99th percentile at a fixed rate, from the time at which each request was due: in a quiet window, and of all."""
    command = [PACE, server.address, raw_path(requests), rate, seconds]
    done = subprocess.run(pinned(CLIENT_CORE, *command), capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f"pace failed:\n{done.stderr}")
    measured = json.loads(done.stdout)
    return measured["p99_quiet_ms"], measured["p99_ms"]


def run(server, requests, seconds):
    """One run of wrk against a server, and the CPU time that it cost the server."""
    before, began = server.cpu_seconds(), time.monotonic()
    sample = finish(start(server.address, requests, seconds))
    sample.cpu_seconds = server.cpu_seconds() - before
    # What the server did while wrk started and ended is in its CPU time, so that time is in the seconds, too.
    sample.seconds = max(sample.seconds, time.monotonic() - began)
    return sample
