"""Keys created per second, beside what the disk and SQLite allow: durable commits of one row each."""

import json
import os
import sqlite3
import time
from statistics import median

import load
from servers import Titan
from table import line, ratio, title

CONNECTIONS = 8
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


def measure(folder, rounds, seconds):
    requests = folder / "create.lua"
    with Titan(folder / "create") as titan:
        titan.until_ready()
        body = json.dumps({"label": "bench", "lifetimeDays": 1, "scopes": ["sessions:read"]})
        load.write_requests(requests, [load.post(titan.address, "/admin/keys", titan.master_key, body)])
        raw, made = [], []
        for _ in range(rounds):
            raw.append(raw_rate(folder / "raw.db", seconds))
            made.append(titan_rate(titan, requests, seconds))
    title("creating keys")
    line("durable SQLite commits of one row, one connection, a second", median(raw))
    line(f"POST /admin/keys, {CONNECTIONS} connections, a second", median(made))
    line("keys made / durable commits", ratio(made, raw), at_least=0.5)
    print()
