"""CPU time per request: Titan beside a bare server, and its gateway beside nginx."""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import load
import servers
from table import line, ratio, title

# More keys than one, so that no answer is a cached one; few enough to be made in a moment.
KEYS = 256
PATH = "/api/sessions"
# Routes that client tokens can reach: without and with a body that decides.
PRESENCE, SEND = "/api/sessions/default/presence", "/api/sessions/default/messages/send"
MESSAGE = json.dumps({"chatId": "4915@c.us", "text": "hello"})
# "Not slower", within what two equal rows differ by on a shared machine.
EQUAL = 1.05
# What counting usage may cost: docs/adr/0028-usage.md. It is written once in so many seconds.
COUNTED, FLUSH = 1.03, 10


@dataclass
class Row:
    """A server, the requests it gets, and whether it shall refuse them."""

    name: str
    server: servers.Server
    requests: Path
    is_refused: bool = False
    samples: list = field(default_factory=list)

    def measure(self, seconds):
        sample = load.run(self.server, self.requests, seconds)
        expected = sample.requests if self.is_refused else 0
        # A few answers more or less are those that were under way when wrk stopped counting.
        if abs(sample.refused - expected) > 128:
            raise SystemExit(f"{self.name}: {sample.refused} of {sample.requests} were refused")
        return sample

    def of(self, what):
        return [getattr(sample, what) for sample in self.samples]

    def print(self):
        cpu, rate, busy = (median(self.of(what)) for what in ("cpu_us", "rate", "busy"))
        print(f"{self.name:<62} {cpu:>12.1f} {rate:>12.0f} {busy:>6.2f}", flush=True)


def create(titan, scope):
    body = json.dumps({"label": "bench", "lifetimeDays": 1, "scopes": [scope]})
    headers = {"Authorization": f"Bearer {titan.master_key}", "Content-Type": "application/json"}
    status, answer = titan.ask("POST", "/admin/keys", headers, body)
    if status != 201:
        raise SystemExit(f"POST /admin/keys: {status} {answer}")
    return json.loads(answer)["data"]


def create_key(titan, scope):
    return create(titan, scope)["key"]


def create_revoked_key(titan, scope):
    made = create(titan, scope)
    headers = {"Authorization": f"Bearer {titan.master_key}"}
    status, answer = titan.ask("DELETE", f"/admin/keys/{made['id']}", headers, None)
    if status != 204:
        raise SystemExit(f"DELETE /admin/keys: {status} {answer}")
    return made["key"]


def ask_as(titan, key, method, path, body):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    status, answer = titan.ask(method, path, headers, json.dumps(body))
    if status not in (200, 201):
        raise SystemExit(f"{method} {path}: {status} {answer}")
    return json.loads(answer)["data"]


def mint_tokens(titan, count):
    """Client tokens of as many persons, whose rules look at the recipient."""
    parent = create_key(titan, "sessions:manage")
    rules = {"recipientMode": "conversation", "allowedActions": "read_presence,send_message"}
    ask_as(titan, parent, "PUT", "/api/sessions/default/client-rules", rules)

    def mint(number):
        wish = {"session": "default", "ephemeralId": f"visitor-{number}", "chatId": "4915@c.us", "ttlSeconds": 3600}
        return ask_as(titan, parent, "POST", "/api/client-tokens", wish)["token"]

    return [mint(number) for number in range(count)]


def forge(key):
    """The same key with another character in its MAC: of the right shape, and signed by nobody."""
    place = len(key) - 20
    return key[:place] + ("A" if key[place] != "A" else "B") + key[place + 1 :]


class Bench:
    """All servers, all rows."""

    def __init__(self, stack, folder):
        self.folder = folder
        self.backend = stack.enter_context(servers.backend(folder)).until_it_listens()
        self.hello = stack.enter_context(servers.hello(folder)).until_it_listens()
        self.nginx = stack.enter_context(servers.nginx(folder, self.backend.port)).until_it_listens()
        bare = servers.nginx(folder / "asks-hello", self.backend.port, self.hello.address, "/nothing")
        self.asks_hello = stack.enter_context(bare).until_it_listens()
        self.proxy = stack.enter_context(servers.proxy(folder, self.backend.address)).until_it_listens()
        titan = servers.Titan(folder / "titan", servers.SERVER_CORE, self.backend.address)
        self.titan = stack.enter_context(titan).until_ready()
        asking = servers.nginx(folder / "asks-titan", self.backend.port, self.titan.address, "/auth/nginx")
        self.asks_titan = stack.enter_context(asking).until_it_listens()
        titan = servers.Titan(folder / "logged", servers.SERVER_CORE, self.backend.address, keeps_access_log=True)
        self.logged = stack.enter_context(titan).until_ready()
        unlike = {"TITAN_USAGE_DAY_RETENTION": "0"}
        titan = servers.Titan(folder / "uncounted", servers.SERVER_CORE, self.backend.address, environment=unlike)
        self.uncounted = stack.enter_context(titan).until_ready()
        unlike = {"TITAN_FAILED_ATTEMPTS": "60"}
        titan = servers.Titan(folder / "slow", servers.SERVER_CORE, self.backend.address, environment=unlike)
        self.slow = stack.enter_context(titan).until_ready()
        self.slow_keys = [create_key(self.slow, "sessions:read") for _ in range(KEYS)]
        unlike = {"TITAN_RATE_LIMIT": "10000000", "TITAN_MSG_RATE_LIMIT": "10000000"}
        titan = servers.Titan(folder / "limited", servers.SERVER_CORE, self.backend.address, environment=unlike)
        self.limited = stack.enter_context(titan).until_ready()
        unlike = {"TITAN_RATE_LIMIT": "1"}
        titan = servers.Titan(folder / "used-up", servers.SERVER_CORE, self.backend.address, environment=unlike)
        self.used_up = stack.enter_context(titan).until_ready()
        self.limited_keys = [create_key(self.limited, "sessions:read") for _ in range(KEYS)]
        self.used_up_keys = [create_key(self.used_up, "sessions:read") for _ in range(KEYS)]
        self.caller = create_key(self.titan, "keys:verify")
        self.keys = [create_key(self.titan, "sessions:read") for _ in range(KEYS)]
        self.uncounted_keys = [create_key(self.uncounted, "sessions:read") for _ in range(KEYS)]
        self.logged_keys = [create_key(self.logged, "sessions:read") for _ in range(KEYS)]
        self.flooded = [
            self.get_row("good keys beside a flood", self.slow, PATH, self.slow_keys),
            self.get_row("the flood", self.slow, PATH, [forge(key) for key in self.slow_keys], True),
        ]
        self.forged = [forge(key) for key in self.keys]
        self.revoked = [create_revoked_key(self.titan, "sessions:read") for _ in range(KEYS)]
        unlike = {"TITAN_POLICY": "whatsapp"}
        titan = servers.Titan(folder / "pages", servers.SERVER_CORE, self.backend.address, environment=unlike)
        self.pages = stack.enter_context(titan).until_ready()
        self.all_powerful = [create_key(self.pages, "*") for _ in range(KEYS)]
        self.tokens = mint_tokens(self.pages, KEYS)

    def row(self, name, server, requests, is_refused=False):
        path = self.folder / f"{name.replace(' ', '-').replace('/', '-')}.lua"
        load.write_requests(path, requests)
        return Row(name, server, path, is_refused)

    def get_row(self, name, server, path, keys, is_refused=False):
        return self.row(name, server, [load.get(server.address, path, key) for key in keys], is_refused)

    def send_row(self, name, keys):
        return self.row(name, self.pages, [load.post(self.pages.address, SEND, key, MESSAGE) for key in keys])

    def verify_row(self, name, server, path, callers, keys, is_refused=False):
        requests = [
            load.post(server.address, path, caller, json.dumps({"key": key}))
            for caller, key in zip(callers, keys, strict=True)
        ]
        return self.row(name, server, requests, is_refused)

    def rows(self):
        callers, verify = [self.caller] * KEYS, "/auth/verify"
        return {
            "hello": self.get_row("axum hello", self.hello, "/", self.keys),
            "json": self.verify_row(
                "axum, a body and JSON both ways", self.hello, "/json", callers, self.keys
            ),
            "verify": self.verify_row("titan verify", self.titan, verify, callers, self.keys),
            "verify bad": self.verify_row(
                "titan verify, forged key asked about", self.titan, verify, callers, self.forged
            ),
            "verify revoked": self.verify_row(
                "titan verify, revoked key asked about", self.titan, verify, callers, self.revoked
            ),
            "verify refuses": self.verify_row(
                "titan verify, refuses a forged caller", self.titan, verify, self.forged, self.keys, True
            ),
            "nginx": self.get_row("nginx proxy_pass, keep-alive", self.nginx, PATH, self.keys),
            "asks hello": self.get_row("nginx, auth_request to axum hello", self.asks_hello, PATH, self.keys),
            "asks titan": self.get_row("nginx, auth_request to titan", self.asks_titan, PATH, self.keys),
            "proxy": self.get_row("hyper-util proxy that checks nothing", self.proxy, PATH, self.keys),
            "gateway": self.get_row("titan gateway", self.titan, PATH, self.keys),
            "gateway presence": self.get_row(
                "titan gateway, a route of client tokens", self.pages, PRESENCE, self.all_powerful
            ),
            "client presence": self.get_row("titan gateway, a client token", self.pages, PRESENCE, self.tokens),
            "gateway send": self.send_row("titan gateway, a message", self.all_powerful),
            "client send": self.send_row("titan gateway, a message, a client token, recipient checked", self.tokens),
            "gateway logged": self.get_row(
                "titan gateway, access log on", self.logged, PATH, self.logged_keys
            ),
            "gateway uncounted": self.get_row(
                "titan gateway, usage is not counted", self.uncounted, PATH, self.uncounted_keys
            ),
            "gateway limited": self.get_row("titan gateway, a limit counts", self.limited, PATH, self.limited_keys),
            "gateway used up": self.get_row(
                "titan gateway, a limit refuses", self.used_up, PATH, self.used_up_keys, True
            ),
            "gateway refuses": self.get_row(
                "titan gateway, refuses a forged key", self.titan, PATH, self.forged, True
            ),
            "gateway revoked": self.get_row(
                "titan gateway, refuses a revoked key", self.titan, PATH, self.revoked, True
            ),
        }

    def check_verdicts(self):
        """What the rows below do not see: verdicts in bodies."""
        for key, verdict in ((self.keys[0], True), (self.forged[0], False), (self.revoked[0], False)):
            headers = {"Authorization": f"Bearer {self.caller}", "Content-Type": "application/json"}
            status, answer = self.titan.ask("POST", "/auth/verify", headers, json.dumps({"key": key}))
            if status != 200 or json.loads(answer)["data"]["valid"] is not verdict:
                raise SystemExit(f"/auth/verify: {status} {answer}")


class Latency:
    """The 99th percentile of a row and of a bare server, at one rate: half of what the slower of the two can do."""

    def __init__(self, row, bare, at_most=1.6):
        self.row, self.bare, self.at_most = row, bare, at_most
        self.pairs = []

    def rate(self):
        return min(median(row.of("rate")) for row in (self.row, self.bare)) / 2

    def measure(self, seconds):
        rate = self.rate()
        self.pairs.append([load.p99_ms(row.server, row.requests, rate, seconds) for row in (self.row, self.bare)])

    def print(self):
        for place, kind, at_most in ((0, "in a quiet window", self.at_most), (1, "of all", None)):
            ours, theirs = ([pair[side][place] for pair in self.pairs] for side in (0, 1))
            text = f"p99 {kind} at {self.rate():.0f}/s ({median(ours):.2f} and {median(theirs):.2f} ms): "
            line(f"{text}{self.row.name} / {self.bare.name}", ratio(ours, theirs), at_most=at_most)


class Usage:
    """The cost of counting: two gateways under load for as long as counts are gathered before they are written.

    Writing them costs about the same after a short load as after a long one, so a short load would bear too much of it.
    """

    def __init__(self, counted, uncounted):
        self.rows, self.pairs = (counted, uncounted), []

    def measure(self, seconds):
        """Each time, another one comes first."""
        samples = {}
        for row in self.rows[:: 1 if len(self.pairs) % 2 else -1]:
            samples[row.name] = row.measure(seconds).cpu_us
        self.pairs.append([samples[row.name] for row in self.rows])

    def print(self):
        counted, uncounted = zip(*self.pairs, strict=True)
        line("CPU: titan gateway, usage counted / not counted", ratio(counted, uncounted), at_most=COUNTED)


def flood(good, bad, seconds):
    """Good requests with as many connections of bad ones beside them: the rate of the good ones."""
    flooding = load.start(bad.server.address, bad.requests, seconds + 1)
    try:
        sample = load.finish(load.start(good.server.address, good.requests, seconds))
    finally:
        load.finish(flooding)
    return sample.rate


def measure(folder, rounds, seconds):
    """Every row in every round, beginning with another one each time; prints the tables."""
    with ExitStack() as stack:
        bench = Bench(stack, folder)
        bench.check_verdicts()
        rows, kept = bench.rows(), []
        latencies = [
            Latency(rows["verify"], rows["json"]),
            Latency(rows["gateway"], rows["proxy"]),
            Latency(rows["gateway"], rows["nginx"], at_most=None),
        ]
        usage = Usage(rows["gateway"], rows["gateway uncounted"])
        order = list(rows.values())
        for row in order:
            row.measure(1)
        for number in range(rounds):
            place = number % len(order)
            for row in order[place:] + order[:place]:
                row.samples.append(row.measure(seconds))
            for pair in latencies:
                pair.measure(seconds)
            usage.measure(max(seconds, FLUSH))
            beside = flood(*bench.flooded, seconds)
            kept.append(beside / rows["gateway"].samples[-1].rate)
    report(rows, latencies, usage, kept)


def report(rows, latencies, usage, kept):
    print(f"{'over HTTP, server on one core':<62} {'us CPU/req':>12} {'req/s':>12} {'busy':>6}")
    for row in rows.values():
        row.print()
    print()

    def ratio_line(of, to, what, text, at_most=None):
        line(text, ratio(rows[of].of(what), rows[to].of(what)), at_most=at_most)

    title("over HTTP, ratios between rows")
    ratio_line("verify", "hello", "cpu_us", "CPU: titan verify / axum hello")
    ratio_line("verify", "json", "cpu_us", "CPU: titan verify / axum with a body and JSON both ways", 1.25)
    ratio_line("verify bad", "verify", "cpu_us", "CPU: titan verify, forged key / good key", EQUAL)
    ratio_line("verify revoked", "verify", "cpu_us", "CPU: titan verify, revoked key / good key", EQUAL)
    ratio_line("verify refuses", "verify", "cpu_us", "CPU: titan verify, forged caller / good caller", EQUAL)
    ratio_line("gateway", "proxy", "cpu_us", "CPU: titan gateway / hyper-util proxy that checks nothing", 1.3)
    ratio_line("gateway", "nginx", "cpu_us", "CPU: titan gateway / nginx proxy_pass")
    ratio_line("gateway logged", "gateway", "cpu_us", "CPU: titan gateway, access log on / off", EQUAL)
    ratio_line("client presence", "gateway presence", "cpu_us", "CPU: titan gateway, a client token / an API key", 1.3)
    ratio_line("client send", "gateway send", "cpu_us", "CPU: the same with a body in which the recipient is checked", 1.3)
    usage.print()
    ratio_line("gateway limited", "gateway", "cpu_us", "CPU: titan gateway, a limit on / off")
    ratio_line("gateway used up", "gateway limited", "cpu_us", "CPU: titan gateway, refused by a limit / let through", 1.0)
    ratio_line("gateway refuses", "gateway", "cpu_us", "CPU: titan gateway, forged key / good key", EQUAL)
    ratio_line("gateway revoked", "gateway", "cpu_us", "CPU: titan gateway, revoked key / good key", EQUAL)
    ratio_line("asks titan", "asks hello", "rate", "requests a second: nginx, auth_request to titan / to axum hello")
    ratio_line("asks titan", "nginx", "rate", "requests a second: nginx, auth_request to titan / nginx proxy_pass")
    for pair in latencies:
        pair.print()
    text = "rate that good keys keep at the gateway beside as many connections with forged ones"
    line(text, median(kept), at_least=0.8)
    print()
