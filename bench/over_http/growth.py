"""What a start costs, what Titan takes at rest, and how long a page of keys takes: with nothing in its database, and
with a million keys."""

import os
import random
import sqlite3
import time
from datetime import UTC, datetime
from statistics import median

import console
import lists
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


# Words of labels, scopes by their bits, and how keys are spread: half of all in one tenant, three of ten made by keys.
WORDS = "prod staging ci deploy billing export backup mobile web partner acme worker cron report sync import".split()
SCOPES, RARE_SCOPE, TENANTS, MAKERS = 30, 32, 1000, 300


def rows(ids, tenant, slot, now):
    """Rows of keys with varied labels, scopes, times, tenants and creators."""
    chance = random.Random(1)
    makers = ids[:MAKERS]
    for number, id in enumerate(ids, 1):
        created = now - (len(ids) - number) * 3000
        label = f"{chance.choice(WORDS)}-{chance.choice(WORDS)}-{chance.randrange(10**6)}"
        scopes = bytes(chance.sample(range(SCOPES), 3)) + (bytes([RARE_SCOPE]) if chance.random() < 0.0002 else b"")
        expires = created + chance.choice([1, 7, 30, 90]) * DAY_MS
        used = 0 if chance.random() < 0.5 else created + chance.randrange(30 * DAY_MS)
        in_tenant = tenant if chance.random() < 0.5 else chance.randrange(tenant + 1, tenant + TENANTS)
        maker = chance.choice(makers) if number > MAKERS and chance.random() < 0.3 else None
        is_active = chance.random() < 0.97
        yield id, in_tenant, slot, label, scopes, created, expires, is_active, maker, used, number


def terms(label, scopes, tenant, maker, is_active):
    """The terms of a key (crates/store/src/sqlite/key/term.rs)."""
    text = label.lower()
    grams = ["g" + text[at : at + 3].encode().hex() for at in range(len(text) - 2)]
    others = [f"t{tenant}", f"c{maker.hex() if maker else 'master'}", *(f"s{bit}" for bit in scopes)]
    return " ".join([*grams, *others, *([] if is_active else "d")])


def fill(path):
    """Puts keys into a database that Titan made and that it does not have open."""
    now = time.time_ns() // 1_000_000
    ids = [key_id(number, now) for number in range(LIVE + REVOKED)]
    revoked = set(ids[:: (LIVE + REVOKED) // REVOKED][:REVOKED])
    database = sqlite3.connect(path)
    # Indexes are filled in any order: they must fit into memory.
    database.execute("PRAGMA cache_size = -600000")
    with database:
        (slot,) = database.execute("SELECT max(slot) FROM signing_key").fetchone()
        (tenant,) = database.execute("SELECT min(id) FROM tenant").fetchone()
        database.executemany(
            "INSERT INTO tenant (id, name, is_active, created_at) VALUES (?, ?, 1, ?)",
            ((tenant + number, f"tenant {number}", now) for number in range(1, TENANTS)),
        )
        database.executemany(
            "INSERT INTO key (id, tenant, prefix, slot, label, scopes, created_at, expires_at, is_active, created_by,"
            " last_used_at, number, revoked_at) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row + (now if row[0] in revoked else None,) for row in rows(ids, tenant, slot, now)),
        )
        database.executemany(
            "INSERT INTO key_term (rowid, terms) VALUES (?, ?)",
            (
                (number, terms(label, scopes, in_tenant, maker, is_active))
                for id, in_tenant, _, label, scopes, _, _, is_active, maker, _, number in rows(ids, tenant, slot, now)
                if id not in revoked
            ),
        )
        database.execute("UPDATE key_number SET last = ?", (len(ids),))
        (head,) = database.execute("SELECT revision FROM revision_head").fetchone()
        database.executemany(
            "INSERT INTO change (revision, kind, subject, status) VALUES (?, ?, ?, ?)",
            ((head + number, KIND_KEY, id, STATUS) for number, id in enumerate(revoked, 1)),
        )
        database.execute("UPDATE revision_head SET revision = revision + ?", (REVOKED,))
    database.close()
    return sample(ids, now)


def sample(ids, now):
    """Values for filters: a key that created others, and times in the middle."""
    # A TypeID: 26 characters of five bits.
    bits = int.from_bytes(ids[MAKERS // 2], "big")
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    maker = "key_" + "".join(alphabet[bits >> 5 * place & 31] for place in reversed(range(26)))
    middle = datetime.fromtimestamp((now - len(ids) * 1500) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"maker": maker, "middle of expiries": middle, "middle of uses": middle}


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
    sample = fill(filled_folder / "titan.db")
    filled = [start(filled_folder) for _ in range(STARTS)]
    title("start and rest, medians")
    report("with a new database", empty)
    report(f"with {LIVE:,} live keys and {REVOKED:,} revoked", filled)
    with Titan(filled_folder) as titan:
        lists.measure(titan.until_ready(), sample)
        console.measure(titan, sample)
    print()


def report(name, starts):
    line(f"seconds from start to ready {name}", median(seconds for seconds, _ in starts), at_most=1)
    line(f"memory at rest {name}, MB", median(memory for _, memory in starts), at_most=40)
