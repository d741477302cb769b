"""Keys created per second, beside what the disk and the database allow: durable commits of one row each."""

import json
import os
import sqlite3
import time
from statistics import median

import load
from postgres import SEAL_KEY, Postgres
from servers import Titan
from table import line, ratio, title

CONNECTIONS = 32
# A row as short as can be: what a commit costs, and little else.
SCHEMA = "CREATE TABLE IF NOT EXISTS key (id BLOB PRIMARY KEY, label TEXT NOT NULL) STRICT, WITHOUT ROWID"


def raw_rate(path, seconds):
    """Commits a second of one row, by one connection that waits for each.

    WAL and synchronous FULL, as in Titan's database.
    """
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(SCHEMA)
    count, began = 0, time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        # Time first, as in Titan's ids: new rows go to the end of the table.
        id = time.time_ns().to_bytes(8, "big") + os.urandom(8)
        database.execute("INSERT INTO key VALUES (?, 'bench')", (id,))
        count += 1
    database.close()
    return count / elapsed


def titan_rate(titan, requests, seconds):
    """Keys a second over HTTP. Every answer must be a 201."""
    sample = load.finish(load.start(titan.address, requests, seconds, CONNECTIONS, core=None))
    if sample.refused:
        raise SystemExit(f"{sample.refused} of {sample.requests} keys were not made")
    return sample.rate


def rates(titan, folder, raw_rate, rounds, seconds):
    """Commits and keys a second, in turns."""
    requests = folder / "create.lua"
    with titan:
        titan.until_ready()
        body = json.dumps({"label": "bench", "lifetimeDays": 1, "scopes": ["sessions:read"]})
        load.write_requests(requests, [load.post(titan.address, "/admin/keys", titan.master_key, body)])
        raw, made = [], []
        for _ in range(rounds):
            raw.append(raw_rate(seconds))
            made.append(titan_rate(titan, requests, seconds))
    return raw, made


def report(engine, raw, made):
    line(f"{engine}: durable commits of one row, one connection, a second", median(raw))
    line(f"{engine}: POST /admin/keys, {CONNECTIONS} connections, a second", median(made))
    line(f"{engine}: keys made / durable commits", ratio(made, raw), at_least=0.5)


def measure(folder, rounds, seconds):
    title("creating keys")
    sqlite = rates(
        Titan(folder / "create"), folder, lambda seconds: raw_rate(folder / "raw.db", seconds), rounds, seconds
    )
    report("SQLite", *sqlite)
    with Postgres(folder / "create-postgres") as database:
        shared = {"TITAN_DATABASE_URL": database.url, "TITAN_SEAL_KEY": SEAL_KEY}
        titan = Titan(folder / "create-on-postgres", environment=shared)
        report(
            "PostgreSQL",
            *rates(titan, folder, lambda seconds: database.commits_a_second(folder, seconds), rounds, seconds),
        )
    print()
