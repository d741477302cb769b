"""Measures what grows with what. `run` calls this."""

import http.client
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from servers import FLEET, MASTER_KEY, postgres, seconds_of, titans, used

DAY_MS = 86_400_000
MILLION = 1_000_000
CHANGES = 1000
# Instances, revocations a second.
FLEETS = [(3, 0), (3, 1), (3, 20), (10, 0), (10, 1), (10, 20), (30, 0), (30, 1), (30, 20), (100, 0), (100, 1), (100, 5)]
FLEET_SECONDS = 10

# An id is a UUIDv7: all bits that should be random are, because the revocation set places ids by them. The rest is as the program writes it for a key with two scopes and a label of 12 characters.
FILL = """
INSERT INTO key (id, tenant, prefix, slot, label, scopes, created_at, expires_at, is_active, revoked_at, last_used_at,
                 number, terms)
SELECT decode(lpad(to_hex({now} - {age} + n / 100), 12, '0') || '7' || substr(md5((n + {first})::text), 1, 3) || substr('89ab', 1 + n % 4, 1)
              || substr(md5((n + {first})::text), 4, 15), 'hex'),
    (SELECT min(id) FROM tenant), 0, 0, 'key ' || lpad((n + {first})::text, 8, '0'), '\\x0102'::bytea, {now} - {age}, {now} + 30::bigint * {day} + n, true,
    {revoked}, 0, n + {first}, {terms}
FROM generate_series(1, {count}) AS n
"""
TERMS = """ARRAY['cmaster', 's1', 's2', 'gkey', 'gey ', 'gy 0', 'g 00'] || ARRAY(
    SELECT 'g' || substr(lpad((n + {first})::text, 8, '0'), i, 3) FROM generate_series(1, 6) AS i)"""
LOG = """
INSERT INTO change (revision, kind, subject, status)
SELECT row_number() OVER () + (SELECT revision FROM revision_head), 1, id,
    '{"is_revoked":true,"is_disabled":false,"retirement":null}'
FROM key WHERE revoked_at IS NOT NULL;
UPDATE revision_head SET revision = (SELECT max(revision) FROM change);
"""


def prepared(server):
    """A database with Titan's tables."""
    url = server.database()
    with titans(url, 1):
        pass
    return url


def fill(server, url, count, first, is_revoked):
    now = int(time.time() * 1000)
    values = {"now": now, "age": 30 * DAY_MS, "day": DAY_MS, "count": count, "first": first}
    values["revoked"] = "{now} - 86400000".format(now=now) if is_revoked else "NULL"
    values["terms"] = "'{}'::text[]" if is_revoked else TERMS.format(first=first)
    server.sql(FILL.format(**values), url)


def size(server, url, name):
    return int(server.sql(f"SELECT pg_relation_size('{name}')", url)[0][0])


def vacuum(server, url):
    server.sql("VACUUM ANALYZE", url)


def join():
    """How long an instance needs until it is ready, and its memory, by the number of revoked keys."""
    with postgres() as server:
        for count in (0, 100_000, MILLION):
            url = prepared(server)
            if count:
                fill(server, url, count, 0, is_revoked=True)
                server.sql(LOG, url)
                vacuum(server, url)
            times, memory = [], []
            for _ in range(3):
                began, before = time.monotonic(), server.cpu()
                with titans(url, 1) as (titan,):
                    times.append(time.monotonic() - began)
                    cpu = seconds_of(titan.process.pid)
                    database = used(before, server.cpu())
                    time.sleep(2)
                    memory.append(titan.memory())
            rest, most = (sorted(row)[1] / 1e6 for row in zip(*memory, strict=True))
            print(
                f"join: {count:>9} revoked keys: ready after {sorted(times)[1]:.2f} s (Titan's CPU {cpu:.2f} s, PostgreSQL's"
                f" {database:.2f} s), {rest:.0f} MB resident, {most:.0f} MB at most",
                flush=True,
            )


def sizes():
    """Bytes a row of tables and indexes."""
    with postgres() as server:
        url = prepared(server)
        for what, first, is_revoked in (("live", 0, False), ("revoked", MILLION, True)):
            names = [row[0] for row in server.sql("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'", url)]
            before = {name: size(server, url, name) for name in (*names, "key", "change")}
            fill(server, url, MILLION, first, is_revoked)
            if is_revoked:
                server.sql(LOG, url)
            vacuum(server, url)
            grown = {name: (size(server, url, name) - bytes) / MILLION for name, bytes in before.items()}
            listed = ", ".join(f"{name} {each:.0f}" for name, each in sorted(grown.items()) if each >= 0.5)
            print(f"sizes: bytes a {what} key: {sum(grown.values()):.0f} in all: {listed}", flush=True)


def statements(server, url):
    """How often each statement ran in this database, and its WAL."""
    name = url.rsplit("/", 1)[1]
    rows = server.sql(
        "SELECT calls, wal_bytes, replace(replace(query, E'\\n', ' '), E'\\t', ' ') FROM pg_stat_statements "
        f"JOIN pg_database ON dbid = pg_database.oid WHERE datname = '{name}'",
        "postgres",
    )
    return {row[2]: (int(row[0]), int(row[1])) for row in rows}


def wal(server):
    return int(server.sql("SELECT pg_current_wal_lsn() - '0/0'", "postgres")[0][0])


def print_statements(found, divisor, unit):
    rows = sorted(((calls / divisor, bytes / divisor, text) for text, (calls, bytes) in found.items()), reverse=True)
    for calls, bytes, text in rows:
        if calls >= 0.05:
            print(f"    {calls:8.2f} {bytes:8.0f}  {' '.join(text.split())[:100]}")
    all_calls = sum(calls for calls, _ in found.values()) / divisor
    print(f"    {all_calls:8.2f} statements {unit}", flush=True)


def difference(before, after):
    found = {}
    for text, (calls, bytes) in after.items():
        old = before.get(text, (0, 0))
        if calls > old[0]:
            found[text] = (calls - old[0], bytes - old[1])
    return found


class Client:
    """One connection to the control plane."""

    def __init__(self, titan):
        self.connection = http.client.HTTPConnection("127.0.0.1", titan.port)

    def send(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {MASTER_KEY}", "Content-Type": "application/json"}
        self.connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text}")
        return answer.headers, text


def create(client, count):
    body = {"label": "scale", "lifetimeDays": 1, "scopes": ["sessions:read", "sessions:manage"]}
    return [json.loads(client.send("POST", "/admin/keys", body)[1])["data"]["id"] for _ in range(count)]


def revoke(client, ids):
    times = []
    for one in ids:
        began = time.monotonic()
        client.send("DELETE", f"/admin/keys/{one}")
        times.append((time.monotonic() - began) * 1000)
    return times


def idle(server, url, count, seconds):
    before, wal_before, cpu = statements(server, url), wal(server), server.cpu()
    time.sleep(seconds)
    used_cpu, grown = used(cpu, server.cpu()), wal(server) - wal_before
    each = seconds * count
    print(f"revision: {count} instances at rest, {seconds} s: for each instance and second:")
    print_statements(difference(before, statements(server, url)), each, "for each instance and second")
    print(f"    {grown / each:.0f} bytes of WAL, {used_cpu / each * 1000:.2f} ms of PostgreSQL's CPU", flush=True)


def revision():
    """What the database does at rest and for 1,000 revocations, with three instances."""
    with postgres() as server:
        url = prepared(server)
        with titans(url, 3) as running:
            clients = [Client(titan) for titan in running]
            ids = create(clients[0], 2 * CHANGES)
            time.sleep(2)
            idle(server, url, 3, 20)
            for what, threads in (("one after another", 1), ("24 at a time", 24)):
                mine, ids = ids[:CHANGES], ids[CHANGES:]
                server.sql("CHECKPOINT", url)
                callers = [Client(running[n % 3]) for n in range(threads)]
                before, wal_before, cpu = statements(server, url), wal(server), server.cpu()
                own = [seconds_of(titan.process.pid) for titan in running]
                began = time.monotonic()
                with ThreadPoolExecutor(threads) as pool:
                    times = sorted(sum(pool.map(revoke, callers, (mine[n::threads] for n in range(threads))), []))
                took = time.monotonic() - began
                grown, used_cpu = wal(server) - wal_before, used(cpu, server.cpu())
                titan_cpu = sum(seconds_of(t.process.pid) for t in running) - sum(own)
                print(
                    f"revision: {CHANGES} revocations, {what}: {CHANGES / took:.0f} a second, p50 {times[CHANGES // 2]:.1f} ms,"
                    f" p99 {times[CHANGES * 99 // 100]:.1f} ms; for each: {grown / CHANGES:.0f} bytes of WAL,"
                    f" {used_cpu / CHANGES * 1000:.2f} ms of PostgreSQL's CPU, {titan_cpu / CHANGES * 1000:.2f} ms of the"
                    " instances' CPU"
                )
                print_statements(difference(before, statements(server, url)), CHANGES, "for each revocation")


def fleet():
    """Many instances on one database."""
    with postgres(connections=1200) as server:
        wanted = os.environ.get("FLEET_INSTANCES", "3,10,30,100").split(",")
        for instances, rate in (one for one in FLEETS if str(one[0]) in wanted):
            url = server.database()
            command = [FLEET, url, str(instances), str(rate), str(FLEET_SECONDS)]
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if child.stdout.readline() != "ready\n":
                raise SystemExit("titan-fleet did not start")
            began, cpu, own = time.monotonic(), server.cpu(), seconds_of(child.pid)
            before, wal_before = statements(server, url), wal(server)
            line = json.loads(child.stdout.readline())
            took = time.monotonic() - began
            database, instances_cpu = used(cpu, server.cpu()) / took, (seconds_of(child.pid) - own) / took
            calls = sum(calls for calls, _ in difference(before, statements(server, url)).values()) / took
            connections = server.sql(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{url.rsplit('/', 1)[1]}'", "postgres")
            grown = (wal(server) - wal_before) / took
            child.communicate("\n")
            print(
                f"fleet: {instances:>3} instances, {rate:>2} revocations/s: in force p50 {line['in_force_p50_ms']} ms, p99"
                f" {line['in_force_p99_ms']} ms (commit p50 {line['commit_p50_ms']} ms), lapsed"
                f" {line['changes_with_a_lapsed_instance']}; PostgreSQL {database * 100:.0f} % of a core, instances"
                f" {instances_cpu * 100:.0f} %, {calls:.0f} statements/s, {grown / 1000:.1f} kB of WAL/s,"
                f" {connections[0][0]} connections",
                flush=True,
            )


PARTS = {"join": join, "sizes": sizes, "revision": revision, "fleet": fleet}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


main()
