"""What a start costs, and what Titan takes at rest: with nothing in its database, and with a million keys."""

import os
import sqlite3
import time
from statistics import median

from servers import Titan
from table import line, title

LIVE, REVOKED = 1_000_000, 100_000
STARTS = 5
DAY_MS = 86_400_000
# As serde writes a KeyStatus (crates/core/src/revision).
STATUS = '{"is_revoked":true,"is_disabled":false,"retirement":null}'
# A change of a key (crates/store/src/sqlite/revision.rs).
KIND_KEY = 1


def key_id(number, now_ms):
    """A UUIDv7: 48 bits of time, and random bits around version and variant."""
    random = bytearray(os.urandom(10))
    random[0] = 0x70 | random[0] & 0x0F
    random[2] = 0x80 | random[2] & 0x3F
    return (now_ms - LIVE - REVOKED + number).to_bytes(6, "big") + bytes(random)


def fill(path):
    """Puts keys into a database that Titan made and that it does not have open."""
    now = time.time_ns() // 1_000_000
    ids = [key_id(number, now) for number in range(LIVE + REVOKED)]
    revoked = ids[:: (LIVE + REVOKED) // REVOKED][:REVOKED]
    database = sqlite3.connect(path)
    with database:
        (slot,) = database.execute("SELECT max(slot) FROM signing_key").fetchone()
        (tenant,) = database.execute("SELECT min(id) FROM tenant").fetchone()
        database.executemany(
            "INSERT INTO key (id, tenant, prefix, slot, label, scopes, created_at, expires_at, is_active)"
            " VALUES (?, ?, 0, ?, 'bench', x'00', ?, ?, 1)",
            ((id, tenant, slot, now, now + 30 * DAY_MS) for id in ids),
        )
        database.executemany("UPDATE key SET revoked_at = ? WHERE id = ?", ((now, id) for id in revoked))
        (head,) = database.execute("SELECT revision FROM revision_head").fetchone()
        database.executemany(
            "INSERT INTO change (revision, kind, subject, status) VALUES (?, ?, ?, ?)",
            ((head + number, KIND_KEY, id, STATUS) for number, id in enumerate(revoked, 1)),
        )
        database.execute("UPDATE revision_head SET revision = revision + ?", (REVOKED,))
    database.close()


def start(folder):
    """Starts Titan and stops it: seconds until it was ready, and memory once it rests."""
    began = time.monotonic()
    with Titan(folder) as titan:
        titan.until_ready()
        seconds = time.monotonic() - began
        return seconds, memory_at_rest(titan)


def memory_at_rest(titan):
    """Its memory, once that has not changed for a second."""
    memory, since, deadline = titan.resident_mb(), time.monotonic(), time.monotonic() + 20
    while time.monotonic() < min(since + 1, deadline):
        time.sleep(0.05)
        if (found := titan.resident_mb()) != memory:
            memory, since = found, time.monotonic()
    return memory


def measure(folder):
    empty = [start(folder / f"new-{number}") for number in range(STARTS)]
    filled_folder = folder / "filled"
    start(filled_folder)
    fill(filled_folder / "titan.db")
    filled = [start(filled_folder) for _ in range(STARTS)]
    title("start and rest, medians")
    report("with a new database", empty)
    report(f"with {LIVE:,} live keys and {REVOKED:,} revoked", filled)
    print()


def report(name, starts):
    line(f"seconds from start to ready {name}", median(seconds for seconds, _ in starts), at_most=1)
    line(f"memory at rest {name}, MB", median(memory for _, memory in starts), at_most=40)
