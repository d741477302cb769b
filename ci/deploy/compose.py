"""deploy/compose."""

import copy
import ipaddress
import re
import tempfile
from pathlib import Path

import yaml
from common import DEPLOY, grace, nginx, run

FOLDER = DEPLOY / "compose"
TITANS = ["titan-1", "titan-2", "titan-3"]
SECRETS = "/run/secrets/"
SECONDS = re.compile(r"(\d+)s")


def read():
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


def port(address):
    return int(address.rsplit(":", 1)[1])


def titan_faults(compose):
    services = compose["services"]
    first = services["titan-1"]["environment"]
    for name in TITANS:
        service = services[name]
        if service["environment"] != first:
            yield f"{name}: its environment is not that of titan-1"
        for variable, value in service["environment"].items():
            if variable.endswith("_FILE") and value.removeprefix(SECRETS) not in service["secrets"]:
                yield f"{name}: {variable}: {value} is not mounted"
            if variable in ("MASTER_KEY", "TITAN_SEAL_KEY", "TITAN_DATABASE_URL"):
                yield f"{name}: {variable}: a secret must be a file"
        if int(SECONDS.fullmatch(service["stop_grace_period"])[1]) < 2 * grace() + 10:
            yield f"{name}: stop_grace_period is not longer than Titan needs to stop"
        if service.get("depends_on", {}).get("postgres") != {"condition": "service_healthy"}:
            yield f"{name}: depends_on: it must wait for PostgreSQL"
    if port(first["TITAN_METRICS_LISTEN"]) in (port(first["TITAN_LISTEN"]), port(first["TITAN_ADMIN_LISTEN"])):
        yield "TITAN_METRICS_LISTEN: not a port of its own"
    host, upstream_port = first["TITAN_UPSTREAM"].removeprefix("http://").split(":")
    if host not in services or f"listen {upstream_port};" not in (FOLDER / "api.conf").read_text():
        yield f"TITAN_UPSTREAM: nothing listens on {host}:{upstream_port}"
    policy = first["TITAN_POLICY"]
    if f"./{Path(policy).name}:{policy}:ro" not in services["titan-1"]["volumes"]:
        yield f"TITAN_POLICY: {policy} is not mounted"
    if first["TITAN_TRUSTED_PROXIES"] != services["nginx"]["networks"]["inside"]["ipv4_address"]:
        yield "TITAN_TRUSTED_PROXIES: not the address of nginx"


def secret_faults(compose):
    defined = compose["secrets"]
    used = {name for service in compose["services"].values() for name in service.get("secrets", [])}
    yield from (f"secrets: {name} is used and not defined" for name in used - defined.keys())
    yield from (f"secrets: {name} is defined and not used" for name in defined.keys() - used)
    made = set(re.findall(r"\| make (\S+)$", (FOLDER / "make-secrets").read_text(), re.MULTILINE))
    for name, secret in defined.items():
        if secret != {"file": f"./secrets/{name}"} or name not in made:
            yield f"secrets: make-secrets does not make {secret}"


def service_faults(compose):
    services = compose["services"]
    if set(services) != {*TITANS, "nginx", "postgres", "api"}:
        yield f"services: {sorted(services)}"
    addresses = [service["networks"]["inside"]["ipv4_address"] for service in services.values()]
    network = ipaddress.ip_network(compose["networks"]["inside"]["ipam"]["config"][0]["subnet"])
    if len(set(addresses)) < len(addresses) or any(ipaddress.ip_address(a) not in network for a in addresses):
        yield f"addresses: {addresses}"
    for name, service in services.items():
        if not service.get("healthcheck", {}).get("test"):
            yield f"{name}: no healthcheck"
        if (name == "nginx") != ("ports" in service):
            yield f"{name}: ports: nginx alone is reached from outside"
        is_closed = service.get("read_only") and service.get("cap_drop") == ["ALL"]
        if name != "postgres" and not (is_closed and service.get("security_opt") == ["no-new-privileges:true"]):
            yield f"{name}: it has more rights than it needs"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and not (FOLDER / source).is_file():
                yield f"{name}: {source} does not exist"
            if not source.startswith(".") and source not in compose["volumes"]:
                yield f"{name}: the volume {source} is not defined"
    if int(re.fullmatch(r"postgres:(\d+)", services["postgres"]["image"])[1]) < 15:
        yield "postgres: older than 15"


def nginx_faults(compose, text=None):
    text = text or (FOLDER / "nginx.conf").read_text()
    services = compose["services"]
    environment = services["titan-1"]["environment"]
    for upstream, variable in (("titan", "TITAN_LISTEN"), ("control", "TITAN_ADMIN_LISTEN")):
        body = re.search(rf"upstream {upstream} {{(.*?)}}", text, re.DOTALL)[1]
        servers = re.findall(r"server (\S+) max_fails=\d+ fail_timeout=\d+s;", body)
        if servers != [f"{name}:{port(environment[variable])}" for name in TITANS]:
            yield f"nginx.conf: upstream {upstream}: {servers}"
    listens = set(re.findall(r"listen (\d+);", text))
    if {published.rsplit(":", 1)[1] for published in services["nginx"]["ports"]} != listens:
        yield f"nginx.conf: listen: {listens}"
    if f"127.0.0.1:9090:{port(environment['TITAN_ADMIN_LISTEN'])}" not in services["nginx"]["ports"]:
        yield "nginx: ports: the control plane must be published on 127.0.0.1 alone"
    if set(services["nginx"]["depends_on"]) != set(TITANS):
        yield "nginx: depends_on: it must wait for all instances"


def faults(compose):
    for rule in (titan_faults, secret_faults, service_faults, nginx_faults):
        yield from rule(compose)


def broken(compose):
    def but(change):
        other = copy.deepcopy(compose)
        change(other, other["services"])
        return other

    def variable(name, value):
        return lambda _, services: [services[titan]["environment"].update({name: value}) for titan in TITANS]

    return {
        "a secret that is not mounted": (but(lambda c, s: s["titan-2"]["secrets"].remove("seal-key")), "not mounted"),
        "a secret that nobody makes": (but(lambda c, s: c["secrets"]["seal-key"].update(file="./x")), "make-secrets"),
        "a secret that is not defined": (but(lambda c, s: c["secrets"].pop("master-key")), "not defined"),
        "a secret as a value": (but(variable("MASTER_KEY", "x")), "must be a file"),
        "an instance of its own kind": (
            but(lambda c, s: s["titan-3"].update(environment={**s["titan-3"]["environment"], "TITAN_LOG": "warn"})),
            "titan-3",
        ),
        "no healthcheck": (but(lambda c, s: s["nginx"].pop("healthcheck")), "healthcheck"),
        "killed too soon": (but(lambda c, s: s["titan-1"].update(stop_grace_period="10s")), "stop_grace_period"),
        "a port past nginx": (but(lambda c, s: s["postgres"].update(ports=["5432:5432"])), "ports"),
        "an open control plane": (
            but(lambda c, s: s["nginx"].update(ports=["8080:8080", "9090:9090"])),
            "127.0.0.1 alone",
        ),
        "another port": (but(variable("TITAN_LISTEN", "0.0.0.0:8081")), "upstream titan"),
        "metrics on the public port": (but(variable("TITAN_METRICS_LISTEN", "0.0.0.0:8080")), "METRICS_LISTEN"),
        "a proxy that is not there": (but(variable("TITAN_TRUSTED_PROXIES", "172.30.57.9")), "TRUSTED_PROXIES"),
        "no API": (but(variable("TITAN_UPSTREAM", "http://api:3001")), "TITAN_UPSTREAM"),
        "no policy": (but(variable("TITAN_POLICY", "/etc/titan/x.toml")), "TITAN_POLICY"),
        "two services at one address": (
            but(lambda c, s: s["api"]["networks"]["inside"].update(ipv4_address="172.30.57.10")),
            "addresses",
        ),
        "an old PostgreSQL": (but(lambda c, s: s["postgres"].update(image="postgres:14")), "older"),
        "a writable root": (but(lambda c, s: s["titan-1"].update(read_only=False)), "rights"),
        "a volume from nowhere": (but(lambda c, s: s["api"].update(volumes=["./no.conf:/a:ro"])), "no.conf"),
    }


def docker_compose(checks):
    """The program's own reading. Version 1, which Debian has, does not know the name of the project."""
    if run(["docker", "compose", "version"]).returncode == 0:
        checks.run("docker compose config", ["docker", "compose", "config", "--quiet"], cwd=FOLDER)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(re.sub(r"^name: .*$", "", (FOLDER / "compose.yaml").read_text(), flags=re.MULTILINE))
        file.flush()
        command = ["docker-compose", "--project-directory", FOLDER, "-f", file.name, "config", "--quiet"]
        checks.run("docker-compose config", command)


def secrets_are_made(checks):
    with tempfile.TemporaryDirectory() as folder:
        secrets = Path(folder, "secrets")
        checks.run("make-secrets", [FOLDER / "make-secrets", secrets])
        first = {path.name: path.read_text() for path in secrets.iterdir()}
        again = checks.run("make-secrets", [FOLDER / "make-secrets", secrets])
        names = set(read()["secrets"])
        second = {path.name: path.read_text() for path in secrets.iterdir()}
        checks.faults("make-secrets", [] if names == set(first) else [f"it made {set(first)}"])
        checks.faults("make-secrets", [] if not again and first == second else ["a second run changes something"])
        modes = {path.stat().st_mode & 0o777 for path in secrets.iterdir()}
        closed = secrets.stat().st_mode & 0o777 == 0o700
        checks.faults("make-secrets", [] if closed and modes == {0o444} else [f"permissions: {modes}"])
        checks.faults("make-secrets", [] if len(set(first.values())) == len(first) else ["two secrets are equal"])


def check(checks):
    compose = read()
    checks.faults("compose.yaml", faults(compose))
    checks.mutations("compose.yaml", faults, broken(compose))
    text = (FOLDER / "nginx.conf").read_text()
    forgotten = text.replace("        server titan-2:9090 max_fails=2 fail_timeout=5s;\n", "")
    checks.mutations(
        "nginx.conf", lambda conf: nginx_faults(compose, conf), {"an instance is missing": (forgotten, "upstream control")}
    )
    docker_compose(checks)
    secrets_are_made(checks)
    checks.run("nginx", [nginx(), "-v"])
