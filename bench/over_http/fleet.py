"""Three instances on one PostgreSQL: how long a receipt takes, and what revocations cost the rest."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median, quantiles

import load
from postgres import SEAL_KEY, Postgres
from servers import Titan
from table import line, title

INSTANCES = 3
# Requests a second on each instance while receipts are timed: healthy, not saturated.
LOAD = 300


class Fleet:
    """Three instances, and keys to revoke."""

    def __init__(self, stack, folder):
        self.database = stack.enter_context(Postgres(folder / "postgres"))
        shared = {"TITAN_DATABASE_URL": self.database.url, "TITAN_SEAL_KEY": SEAL_KEY}
        self.master_key = "a-master-key-that-all-instances-of-the-benchmark-share"
        shared["MASTER_KEY"] = self.master_key
        # One after the other, so that the first makes the tables.
        self.titans = []
        for number in range(INSTANCES):
            titan = stack.enter_context(Titan(folder / f"instance-{number}", environment=shared))
            self.titans.append(titan.until_ready())
        self.verify = folder / "verify.lua"
        self.write_verify()

    def headers(self):
        return {"Authorization": f"Bearer {self.master_key}", "Content-Type": "application/json"}

    def make_key(self, titan):
        body = json.dumps({"label": "bench", "lifetimeDays": 1, "scopes": ["sessions:read"]})
        status, answer = titan.ask("POST", "/admin/keys", self.headers(), body)
        if status != 201:
            raise SystemExit(f"no key: {status} {answer}")
        return json.loads(answer)["data"]

    def make_keys(self, count):
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda n: self.make_key(self.titans[n % INSTANCES]), range(count)))

    def write_verify(self):
        keys = self.make_keys(32)
        address = self.titans[0].address
        bodies = [json.dumps({"key": key["key"]}) for key in keys]
        load.write_requests(
            self.verify, [load.post(address, "/auth/verify", self.master_key, body) for body in bodies]
        )

    def revoke(self, number, key):
        """The time from the request to the receipt, in milliseconds."""
        began = time.monotonic()
        status, answer = self.titans[number % INSTANCES].ask("DELETE", f"/admin/keys/{key['id']}", self.headers())
        if status != 204:
            raise SystemExit(f"not revoked: {status} {answer}")
        return (time.monotonic() - began) * 1000

    def revoke_at(self, rate, seconds):
        """Revokes at a fixed rate; each time counts from when its request was due."""
        keys = self.make_keys(int(rate * seconds))
        began, times = time.monotonic(), []

        def one(numbered):
            number, key = numbered
            due = began + number / rate
            time.sleep(max(0, due - time.monotonic()))
            self.revoke(number, key)
            times.append((time.monotonic() - due) * 1000)

        with ThreadPoolExecutor(32) as pool:
            list(pool.map(one, enumerate(keys)))
        return times

    def under_load(self, rate, seconds):
        """The same while every instance verifies keys at a fixed rate."""
        paces = [
            threading.Thread(target=load.p99_ms, args=(titan, self.verify, LOAD, seconds + 2), daemon=True)
            for titan in self.titans
        ]
        for pace in paces:
            pace.start()
        time.sleep(0.5)
        times = self.revoke_at(rate, seconds)
        for pace in paces:
            pace.join()
        return times

    def throughput(self, seconds):
        """Verifications a second of all instances together, at saturation."""
        runs = [load.start(titan.address, self.verify, seconds, 16, core=None) for titan in self.titans]
        samples = [load.finish(run) for run in runs]
        if refused := sum(sample.refused for sample in samples):
            raise SystemExit(f"{refused} verifications were refused")
        return sum(sample.rate for sample in samples)

    def throughput_beside(self, rate, seconds):
        revoking = threading.Thread(target=self.revoke_at, args=(rate, seconds), daemon=True)
        revoking.start()
        result = self.throughput(seconds)
        revoking.join()
        return result


def report(name, times, p50, p99):
    percentiles = quantiles(times, n=100)
    line(f"{name}: p50, ms", median(times), at_most=p50)
    line(f"{name}: p99, ms", percentiles[98], at_most=p99)


def measure(folder, rounds, seconds):
    with ExitStack() as stack:
        fleet = Fleet(stack, folder)
        fleet.revoke_at(20, 1)
        title("three instances on PostgreSQL, each with verifications at a fixed rate")
        report("request to receipt, 1 revocation a second", fleet.under_load(1, 5 * seconds), 10, 50)
        report("request to receipt, 100 revocations a second", fleet.under_load(100, 5 * seconds), 10, 50)
        ratios = []
        for _ in range(rounds):
            without = fleet.throughput(seconds)
            ratios.append(fleet.throughput_beside(100, seconds) / without)
        line("verifications beside 100 revocations a second / without", median(ratios), at_least=0.8)
        print()
