"""The alerts for Prometheus, and the dashboard for Grafana.

That both use only metrics, labels and values that there are is a test of the program (tests/it/metrics/documented.rs).
"""

import copy
import json

from common import DEPLOY, run

RULES = DEPLOY / "prometheus"
DASHBOARD = DEPLOY / "grafana/titan.json"


def queries(dashboard):
    """Each query with the title of its panel, with what Grafana would fill in."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")


def is_query(text):
    """promtool parses the expression of a rule."""
    rule = {"groups": [{"name": "query", "rules": [{"record": "query", "expr": text}]}]}
    done = run(["promtool", "check", "rules", "/dev/stdin"], input=json.dumps(rule))
    return done.returncode == 0


def dashboard_faults(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        yield "two panels have one id"
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        if cells & taken or place["x"] + place["w"] > 24:
            yield f"{panel['title']}: overlaps another panel, or is outside"
        taken |= cells
    yield from (f"{title}: not a query: {query}" for title, query in queries(dashboard) if not is_query(query))


def broken(dashboard):
    def change(edit):
        other = copy.deepcopy(dashboard)
        edit([panel for panel in other["panels"] if panel.get("targets")])
        return other

    yield "a query", change(lambda panels: panels[0]["targets"][0].update(expr="sum(rate(x[5m])")), "not a query"
    yield "an id", change(lambda panels: panels[0].update(id=panels[1]["id"])), "one id"
    yield "a place", change(lambda panels: panels[0].update(gridPos=panels[1]["gridPos"])), "overlaps"


def check(checks):
    checks.run("promtool check rules", ["promtool", "check", "rules", RULES / "alerts.yaml"])
    checks.run("promtool test rules", ["promtool", "test", "rules", RULES / "alerts_test.yaml"])
    dashboard = json.loads(DASHBOARD.read_text())
    checks.faults("dashboard", dashboard_faults(dashboard))
    copies = {name: (copy, word) for name, copy, word in broken(dashboard)}
    checks.mutations("dashboard", dashboard_faults, copies)
