"""Starting and stopping servers, each on a free port of 127.0.0.1 and in a folder of its own."""

import http.client
import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "target"
TITAN = TARGET / "release" / "titan"
HELLO = TARGET / "bench" / "release" / "hello"
PROXY = TARGET / "bench" / "release" / "proxy"
BACKEND = TARGET / "bench" / "release" / "backend"
PACE = TARGET / "bench" / "release" / "pace"

# Debian keeps servers where a user's PATH may not look.
SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
# The program that is needed, and Debian's package that has it.
NEEDED = {"wrk": "wrk", "nginx": "nginx-light", "taskset": "util-linux", "prlimit": "util-linux", "setpriv": "util-linux"}

# What is measured has one core to itself; its clients and what stands behind it share the other.
SERVER_CORE, CLIENT_CORE = 1, 0

# Long enough for a slow machine to start; whoever waits stops as soon as it is there.
PATIENCE = 60

# The least that makes nginx a proxy that keeps its connections. Its usual limit of requests for each would
# make it open new ones all the time.
NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream backend {{
        server 127.0.0.1:{backend};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
    {asked}
    server {{
        listen 127.0.0.1:{port};
        {question}
        location / {{
            {asks}
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""

# A server that nginx asks about each request, and what it is asked.
ASKED = """upstream asked {{
        server {address};
        keepalive 128;
        keepalive_requests 1000000000;
    }}"""
QUESTION = """location = /_question {{
            internal;
            proxy_pass http://asked{path};
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Connection "";
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URL $request_uri;
        }}"""

# One route, which needs a scope.
POLICY = """
name = "bench"
default = "deny"

[[route]]
methods = ["GET"]
path = "/api/sessions"
scope = "sessions:read"
"""


def missing_packages():
    """Debian's packages that must be installed first."""
    return [package for program, package in NEEDED.items() if find(program) is None]


def find(program):
    return shutil.which(program, path=SEARCH)


def pinned(core, *command):
    """A command on one core. `taskset` becomes the command, so the process is the command's own."""
    return [find("taskset"), "-c", str(core), *map(str, command)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that listens, until it is closed."""

    def __init__(self, command, port, folder, environment=None):
        self.port, self.folder = port, folder
        self.log = folder / f"log-{port}"
        # Nothing of the caller's environment: a TITAN_… there would change what is measured.
        environment = {"PATH": SEARCH, **(environment or {})}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                list(map(str, command)),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Stops what was started here, by its own process and no other."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def until_it_listens(self):
        """Waits until a connection is accepted; returns the server."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.process.args} ended at once:\n{self.log.read_text()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.001)
        raise SystemExit(f"{self.process.args} does not listen on {self.port}")

    def ask(self, method, path, headers=None, body=None):
        """One request on a connection of its own: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def processes(self):
        """This process and those that it started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def cpu_seconds(self):
        """CPU time of the process and its children, in seconds, to the nanosecond.

        Linux numbers the CPU clock of a process (~pid << 3) | 2 (clock_getcpuclockid); /proc/PID/stat would
        show the same in hundredths of a second.
        """
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in self.processes())

    def resident_mb(self):
        """Memory of the process, in millions of bytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise SystemExit("no VmRSS in /proc")


class Titan(Server):
    """`titan serve`. With an upstream, it is a gateway, too."""

    def __init__(
        self, folder, core=None, upstream=None, open_files=None, keeps_access_log=False, environment=None
    ):
        port = free_port()
        self.master_key = secrets.token_urlsafe(32)
        folder.mkdir(exist_ok=True)
        environment = {
            "TITAN_LISTEN": f"127.0.0.1:{port}",
            "TITAN_DATABASE_URL": f"sqlite://{folder}/titan.db",
            "MASTER_KEY": self.master_key,
            "TITAN_FAILED_ATTEMPTS": "0",
            "TITAN_RATE_LIMIT": "0",
            "TITAN_MSG_RATE_LIMIT": "0",
        } | (environment or {})
        if upstream:
            (folder / "bench.toml").write_text(POLICY)
            behind = {"TITAN_UPSTREAM": f"http://{upstream}", "TITAN_POLICY": str(folder / "bench.toml")}
            environment = behind | environment
        if keeps_access_log:
            environment["TITAN_ACCESS_LOG"] = str(folder / "access.log")
        command = [TITAN, "serve"]
        if core is not None:
            command = pinned(core, *command)
            environment["TOKIO_WORKER_THREADS"] = "1"
        if open_files is not None:
            command = [find("prlimit"), f"--nofile={open_files}", *command]
        super().__init__(command, port, folder, environment)

    def until_ready(self):
        """Waits until it answers that it is ready; returns the server.

        It listens before it has read its database, and answers once it has.
        """
        self.until_it_listens()
        status, body = self.ask("GET", "/health/ready")
        if status != 200:
            raise SystemExit(f"titan answers {status} to /health/ready: {body}")
        return self


def hello(folder):
    port = free_port()
    command = pinned(SERVER_CORE, HELLO, f"127.0.0.1:{port}")
    return Server(command, port, folder, {"TOKIO_WORKER_THREADS": "1"})


def proxy(folder, upstream):
    port = free_port()
    command = pinned(SERVER_CORE, PROXY, f"127.0.0.1:{port}", upstream)
    return Server(command, port, folder, {"TOKIO_WORKER_THREADS": "1"})


def backend(folder):
    port = free_port()
    return Server(pinned(CLIENT_CORE, BACKEND, f"127.0.0.1:{port}"), port, folder)


def nginx(folder, backend_port, asked=None, path="/"):
    """`asked`: the address of a server that decides about each request."""
    port = free_port()
    folder.mkdir(exist_ok=True)
    parts = {"asked": "", "question": "", "asks": ""}
    if asked:
        question = QUESTION.format(path=path)
        parts = {"asked": ASKED.format(address=asked), "question": question, "asks": "auth_request /_question;"}
    text = NGINX.format(folder=folder, backend=backend_port, port=port, **parts)
    (folder / "nginx.conf").write_text(text)
    command = [find("nginx"), "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    return Server(pinned(SERVER_CORE, *command), port, folder)
