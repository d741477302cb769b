"""PostgreSQL and Titan for a measurement: on free ports of 127.0.0.1, with folders of their own, ended by their process."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target/release"
TITAN = RELEASE / "titan"
FLEET = RELEASE / "titan-fleet"
SEAL_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
MASTER_KEY = "a-master-key-for-measurements-only-0123456789"
PATIENCE = 120
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def as_postgres():
    """PostgreSQL does not run as root."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def seconds_of(pid):
    """CPU time of a process, without its children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


class Postgres:
    """A server that writes durably, with its own statistics of statements."""

    def __init__(self, folder, connections=100):
        self.bin = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.port, self.folder = free_port(), folder
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir()
        if os.getuid() == 0:
            shutil.chown(data, "postgres", "postgres")
        init = [self.bin / "initdb", "-D", data, "-U", "titan", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(init, check=True, capture_output=True, cwd="/", **as_postgres())
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": connections,
            "shared_buffers": "512MB",
            "max_wal_size": "8GB",
            "shared_preload_libraries": "pg_stat_statements",
            "pg_stat_statements.track_utility": "on",
            "pg_stat_statements.max": 1000,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [self.bin / "postgres", "-D", data, "-p", str(self.port), *arguments]
        log = open(folder / "postgres.log", "wb")
        self.server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **as_postgres())
        until(lambda: self.is_ready(), "PostgreSQL")
        self.sql("CREATE EXTENSION pg_stat_statements", "postgres")
        self.names = 0

    def is_ready(self):
        command = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def database(self):
        """The URL of a new one."""
        self.names += 1
        self.sql(f"CREATE DATABASE titan{self.names}", "postgres")
        return f"postgres://titan@127.0.0.1:{self.port}/titan{self.names}"

    def sql(self, text, url):
        """The rows of the last statement, as lists of texts."""
        place = url if "://" in url else f"postgres://titan@127.0.0.1:{self.port}/{url}"
        command = [self.bin / "psql", place, "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", text]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{text}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def cpu(self):
        """CPU time of each process of the server that runs now."""
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        return {pid: seconds_of(pid) for pid in [*children, str(self.server.pid)]}

    def stop(self):
        self.server.send_signal(signal.SIGINT)
        self.server.wait(PATIENCE)


def used(before, after):
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def until(is_so, what):
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"{what}: not within {PATIENCE} s")
        time.sleep(0.01)


@contextmanager
def postgres(connections=100):
    folder = Path(tempfile.mkdtemp(prefix="titan-scale-"))
    server = None
    try:
        server = Postgres(folder, connections)
        yield server
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder)


class Titan:
    """An instance that runs."""

    def __init__(self, url, folder):
        self.port = free_port()
        variables = {
            "TITAN_LISTEN": f"127.0.0.1:{self.port}",
            "TITAN_DATABASE_URL": url,
            "TITAN_SEAL_KEY": SEAL_KEY,
            "MASTER_KEY": MASTER_KEY,
            "TITAN_LOG": "warn",
        }
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("TITAN_", "MASTER_KEY"))}
        self.began = time.monotonic()
        self.process = subprocess.Popen([TITAN, "serve"], env={**inherited, **variables}, cwd=folder)

    def is_ready(self):
        if self.process.poll() is not None:
            raise SystemExit("titan ended")
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def wait(self):
        until(self.is_ready, "titan")
        return time.monotonic() - self.began

    def memory(self):
        """Resident, and the most so far, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        read = lambda name: int(status.split(f"{name}:")[1].split()[0]) * 1024
        return read("VmRSS"), read("VmHWM")


@contextmanager
def titans(url, count):
    with tempfile.TemporaryDirectory() as folder:
        running = [Titan(url, folder) for _ in range(count)]
        try:
            for one in running:
                one.wait()
            yield running
        finally:
            for one in running:
                one.process.terminate()
            for one in running:
                one.process.wait(PATIENCE)
