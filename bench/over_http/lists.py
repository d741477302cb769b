"""The time for one page of keys, over all combinations of filters and sorts."""

import http.client
import itertools
import json
import time
from statistics import median
from urllib.parse import urlencode

from table import line

# The number of slowest lists that are measured again, and how often.
AGAIN, SLOWEST = 7, 25


def lists(sample):
    """Every combination of filters and orders. `sample` has a key and times of the database."""
    choices = {
        "tenantId": [None, 1, 7],
        "label": [None, "prod", "no such label", "billing-sync-9", "zq", "-"],
        "createdBy": [None, "master", sample["maker"]],
        "scope": [None, "sessions:read", "audit:read", "tasks:read"],
        "expiresBefore": [None, sample["middle of expiries"]],
        "lastUsedBefore": [None, sample["middle of uses"]],
        "active": [None, "false"],
        "sort": ["created", "expires", "lastUsed"],
        "order": ["asc", "desc"],
    }
    for values in itertools.product(*choices.values()):
        yield {name: value for name, value in zip(choices, values, strict=True) if value is not None}


class Asker:
    """One connection."""

    def __init__(self, titan):
        self.connection = http.client.HTTPConnection("127.0.0.1", titan.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {titan.master_key}"}

    def page(self, query):
        """The milliseconds for a page, and the page."""
        began = time.perf_counter()
        self.connection.request("GET", f"/admin/keys?{urlencode(query)}", headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        ms = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise SystemExit(f"{query}: {answer.status} {body}")
        return ms, json.loads(body)


def measure(titan, sample):
    asker = Asker(titan)
    times = []
    for query in lists(sample):
        ms, page = asker.page(query)
        times.append((ms, query))
        if cursor := page.get("nextCursor"):
            further = query | {"cursor": cursor}
            times.append((asker.page(further)[0], further))
    times.sort(key=lambda pair: -pair[0])
    slowest = [(median(asker.page(query)[0] for _ in range(AGAIN)), query) for _, query in times[:SLOWEST]]
    line(f"a page of keys, median of {len(times):,} filters and sorts, ms", median(ms for ms, _ in times))
    worst, query = max(slowest, key=lambda pair: pair[0])
    line("a page of keys, worst of filters and sorts, ms", worst, at_most=20)
    print("  the worst:", urlencode({name: value for name, value in query.items() if name != "cursor"}))
