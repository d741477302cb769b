"""A PostgreSQL of the benchmark's own: durable, on a free port, with its own data folder."""

import os
import subprocess
import time
from pathlib import Path

from servers import PATIENCE, find, free_port

SEAL_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def programs():
    """The folder with the newest version that is installed. Debian keeps them beside the path."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return max(versions, key=lambda path: int(path.parent.name), default=None)


def as_user(*command):
    """PostgreSQL does not run as root."""
    command = list(map(str, command))
    if os.geteuid() != 0:
        return command
    return [find("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


class Postgres:
    """A server, until it is closed."""

    def __init__(self, folder):
        self.port = free_port()
        folder.mkdir()
        if os.geteuid() == 0:
            subprocess.run(["chown", "postgres:postgres", folder], check=True)
        data = folder / "data"
        initdb = as_user(programs() / "initdb", "-D", data, "-U", "titan", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL)
        command = as_user(programs() / "postgres", "-D", data, "-p", self.port)
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=256MB"]:
            command += ["-c", setting]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(2)
        self.process.wait(PATIENCE)

    def until_ready(self):
        deadline = time.monotonic() + PATIENCE
        ready = [programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise SystemExit("PostgreSQL is not ready")
            time.sleep(0.05)

    @property
    def url(self):
        return f"postgres://titan@127.0.0.1:{self.port}/postgres"

    def sql(self, statement):
        subprocess.run([programs() / "psql", self.url, "-qc", statement], check=True)

    def commits_a_second(self, folder, seconds):
        """Durable commits of one row, by one connection that waits for each."""
        self.sql("CREATE TABLE IF NOT EXISTS raw (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), label text NOT NULL)")
        script = folder / "raw.sql"
        script.write_text("INSERT INTO raw (label) VALUES ('bench');\n")
        pgbench = [programs() / "pgbench", "-n", "-c", "1", "-T", str(seconds), "-f", script, self.url]
        done = subprocess.run(pgbench, check=True, capture_output=True, text=True)
        tps = [line for line in done.stdout.splitlines() if line.startswith("tps = ")]
        return float(tps[0].split()[2])
