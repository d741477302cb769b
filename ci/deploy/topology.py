"""The instances of the compose file as plain processes, behind nginx with the configuration of the compose file.

Only addresses and paths are replaced. So this shows that the environment, the secrets, the policy and the configuration of
nginx fit together.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

import compose
from common import DEPLOY, ROOT, TITAN, environment, nginx, run

PATIENCE = 60


def free_ports(count):
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Places:
    """Where each address and folder of the compose file is here."""

    def __init__(self, folder):
        names = [f"{name}:{port}" for name in compose.TITANS for port in (8080, 9090, 9464)] + ["8080", "9090", "api:3000"]
        self.folder, self.ports = folder, dict(zip(names, free_ports(len(names)), strict=True))

    def conf(self, name):
        """A configuration of nginx."""
        text = (compose.FOLDER / name).read_text().replace("/tmp/", f"{self.folder}/")
        for place, port in self.ports.items():
            inside = place.split(":")[-1]
            listens = place in ("8080", "9090") if name == "nginx.conf" else place == "api:3000"
            if listens:
                text = text.replace(f"listen {inside};", f"listen 127.0.0.1:{port};")
            text = text.replace(f"server {place} ", f"server 127.0.0.1:{port} ")
        file = self.folder / name
        file.write_text(text)
        return file

    def environment(self, name, variables):
        """The environment of an instance."""
        places = {
            "0.0.0.0:8080": f"127.0.0.1:{self.ports[f'{name}:8080']}",
            "0.0.0.0:9090": f"127.0.0.1:{self.ports[f'{name}:9090']}",
            "0.0.0.0:9464": f"127.0.0.1:{self.ports[f'{name}:9464']}",
            "http://api:3000": f"http://127.0.0.1:{self.ports['api:3000']}",
            "/etc/titan/orders.toml": str(compose.FOLDER / "orders.toml"),
            variables["TITAN_TRUSTED_PROXIES"]: "127.0.0.1",
        }
        secrets = {value: value.replace("/run/secrets", f"{self.folder}/secrets") for value in variables.values()}
        return environment(**{name: places.get(value, secrets[value]) for name, value in variables.items()})


def make_secrets(folder):
    subprocess.run([compose.FOLDER / "make-secrets", folder / "secrets"], check=True, capture_output=True)
    database = run([ROOT / "ci/postgres", "new"], check=True).stdout.strip()
    file = folder / "secrets/database-url"
    text, count = re.subn(r"(?<=@)postgres:5432/titan", re.search(r"(?<=@).+", database)[0], file.read_text())
    assert count == 1
    file.chmod(0o600)
    file.write_text(text)


@contextmanager
def process(command, log, **more):
    with open(log, "wb") as output:
        child = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output, **more)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(PATIENCE)


def ask(port, path, key=None, method="GET"):
    """Status, headers, body."""
    headers = {"X-Forwarded-For": "203.0.113.9", **({"Authorization": f"Bearer {key}"} if key else {})}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()
    except urllib.error.URLError as error:
        return 0, {}, str(error)


def wait_until_ready(port, child, log):
    began = time.monotonic()
    while ask(port, "/health/ready")[0] != 200:
        if child.poll() is not None or time.monotonic() - began > PATIENCE:
            raise SystemExit(f"deploy: not ready:\n{Path(log).read_text()}")
        time.sleep(0.05)


def story(checks, places, titans):
    def expect(what, found, wanted):
        checks.faults(f"topology: {what}", [] if found == wanted else [f"{found} instead of {wanted}"])

    public, control = places.ports["8080"], places.ports["9090"]
    direct = [places.ports[f"{name}:8080"] for name in compose.TITANS]
    master = (places.folder / "secrets/master-key").read_text().strip()
    commands = environment(TITAN_URL=f"http://127.0.0.1:{control}", MASTER_KEY_FILE=f"{places.folder}/secrets/master-key")
    arguments = ["--label", "deploy", "--days", "1", "--scope", "orders:read", "--key-only"]
    key = checks.run("titan keys create through nginx", [TITAN, "keys", "create", *arguments], env=commands).strip()
    kept = checks.run("titan keys create through nginx", [TITAN, "keys", "create", *arguments], env=commands).strip()
    key_id = json.loads(run([TITAN, "keys", "get", "-", "--json"], env=commands, input=key).stdout)["id"]

    status, _, body = ask(public, "/orders/1", key)
    expect("a request through nginx", status, 200)
    # Two addresses: Titan believes nginx, and adds where nginx is. What the client wrote is not among them.
    learnt = {"path": "/orders/1", "keyId": key_id, "scopes": "orders:read", "client": "127.0.0.1, 127.0.0.1"}
    expect("what the API learnt", json.loads(body), learnt)
    expect("a path outside the policy", ask(public, "/orders", key)[0], 403)
    expect("without a key", ask(public, "/orders/1")[0], 401)
    expect("the control plane on the public port", ask(public, "/admin/keys", master)[0] // 100, 4)
    expect("each instance before", [ask(port, "/orders/1", key)[0] for port in direct], [200] * 3)
    expect("health-check", run([DEPLOY / "health-check", direct[0]]).returncode, 0)

    pages = [ask(places.ports[f"{name}:9464"], "/metrics") for name in compose.TITANS]
    expect("the metrics of each instance", [(status, "titan_" in page) for status, _, page in pages], [(200, True)] * 3)

    status, headers, _ = ask(control, f"/admin/keys/{key_id}", master, "DELETE")
    expect("a revocation through nginx", status, 204)
    refused = [ask(port, "/orders/1", key)[0] for port in (*direct, public)]
    expect("each instance and nginx after the answer", refused, [401] * 4)
    expect("the receipt", re.findall(r"applied=(\d+), lapsed=(\d+)", headers.get("Titan-Revocation", "")), [("3", "0")])

    titans[1].kill()
    titans[1].wait()
    expect("without an instance, through nginx", [ask(public, "/orders/1", kept)[0] for _ in range(20)], [200] * 20)
    expect("health-check of what is gone", run([DEPLOY / "health-check", direct[1]]).returncode != 0, True)
    expect("ready through nginx", ask(public, "/health/ready")[0], 200)


def check(checks):
    variables = compose.read()["services"]["titan-1"]["environment"]
    folder = Path(tempfile.mkdtemp())
    # The workers of nginx are not root.
    folder.chmod(0o755)
    try:
        make_secrets(folder)
        places = Places(folder)
        with ExitStack() as stack:
            for name in ("api.conf", "nginx.conf"):
                conf = places.conf(name)
                checks.run(f"nginx -t, {name}", [nginx(), "-t", "-p", folder, "-c", conf])
                command = [nginx(), "-p", folder, "-c", conf, "-g", "daemon off;"]
                stack.enter_context(process(command, folder / f"{name}.log"))
            titans = []
            for name in compose.TITANS:
                log = folder / f"{name}.log"
                more = {"env": places.environment(name, variables), "cwd": folder}
                titans.append(stack.enter_context(process([TITAN, "serve"], log, **more)))
                wait_until_ready(places.ports[f"{name}:8080"], titans[-1], log)
            story(checks, places, titans)
    finally:
        shutil.rmtree(folder)
