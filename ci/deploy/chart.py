"""deploy/helm/titan."""

import copy
import json
import re
import tempfile
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml
from common import DEPLOY, ROOT, TITAN, TOOLS, environment, grace, run

CHART = DEPLOY / "helm/titan"
HELM = TOOLS / "helm"
VALUES = {"the defaults": [], **{path.name: ["-f", path] for path in sorted(CHART.glob("ci/*.yaml"))}}
# The oldest that the chart allows, and the newest whose schemas there are.
KUBERNETES = ["1.27", kubernetes_validate.latest_version()]
# With these, nothing may be rendered.
REFUSED = [
    "replicas=0",
    "replica=3",
    "environment.MASTER_KEY=x",
    "environment.TITAN_DATABASE_URL=x",
    "environment.TITAN_LISTEN=x",
    "secrets.sealKey.name=",
    "ingress.enabled=true",
    "service.type=ExternalName",
    "terminationGracePeriodSeconds=10",
    "policies.titan\\.toml=x",
    "podDisruptionBudget.maxUnavailable=0",
    "environment.TITAN_METRICS_LISTEN=x",
    "metrics.port=9090",
    "traces.endpoint=collector:4318",
    "traces.sampleRatio=2",
]


def template(*arguments):
    return run([HELM, "template", "acme", CHART, "--namespace", "keys", *arguments])


def of_kind(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def has(labels, selector):
    return bool(selector) and selector.items() <= labels.items()


def selector_faults(documents, pod):
    labels = pod["metadata"]["labels"]
    deployment = of_kind(documents, "Deployment")[0]
    selectors = {"Deployment": deployment["spec"]["selector"]["matchLabels"]}
    for service in of_kind(documents, "Service"):
        selectors[f"Service {service['metadata']['name']}"] = service["spec"]["selector"]
    for budget in of_kind(documents, "PodDisruptionBudget"):
        selectors["PodDisruptionBudget"] = budget["spec"]["selector"]["matchLabels"]
    for spread in pod["spec"]["topologySpreadConstraints"]:
        selectors[f"topologySpreadConstraints {spread['topologyKey']}"] = spread["labelSelector"]["matchLabels"]
    yield from (f"selector: {what} does not match the pods" for what, one in selectors.items() if not has(labels, one))
    if len(selectors) < 5:
        yield f"selector: only {list(selectors)}"


def port_faults(documents, container):
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    variables = {row["name"]: row["value"] for row in container["env"]}
    listens = {"public": variables["TITAN_LISTEN"], "control": variables["TITAN_ADMIN_LISTEN"]}
    if "TITAN_METRICS_LISTEN" in variables:
        listens["metrics"] = variables["TITAN_METRICS_LISTEN"]
    if {name: f"0.0.0.0:{port}" for name, port in ports.items()} != listens:
        yield f"ports: {ports} are not where Titan listens"
    served = {}
    for service in of_kind(documents, "Service"):
        served[service["metadata"]["name"]] = {port["name"] for port in service["spec"]["ports"]}
        yield from (
            f"ports: {service['metadata']['name']} leads to no port for it"
            for port in service["spec"]["ports"]
            # The metrics have no credential, and each pod has its own.
            if port["targetPort"] not in ports or port["targetPort"] == "metrics"
        )
    if len(served) != 2:
        yield f"services: {served}"
    for ingress in of_kind(documents, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            backend = rule["http"]["paths"][0]["backend"]["service"]
            if backend["port"]["name"] not in served.get(backend["name"], ()) or "control" in backend["name"]:
                yield f"ingress: {backend} is no public service"


def probe_faults(container):
    wanted = {"startupProbe": "/health/live", "livenessProbe": "/health/live", "readinessProbe": "/health/ready"}
    has_tls = any(row["name"] == "TITAN_TLS_CERT_FILE" for row in container["env"])
    for name, path in wanted.items():
        asked = container.get(name, {}).get("httpGet")
        if asked != {"path": path, "port": "public", "scheme": "HTTPS" if has_tls else "HTTP"}:
            yield f"{name}: {asked}"


def right_faults(pod, container):
    inside, outside = container["securityContext"], pod["spec"]["securityContext"]
    is_closed = inside == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    user = re.search(r"^USER (\d+):", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)[1]
    if not is_closed or not outside["runAsNonRoot"] or str(outside["runAsUser"]) != user:
        yield f"securityContext: {inside} {outside}"
    if pod["spec"]["automountServiceAccountToken"]:
        yield "securityContext: the pod has a token of the cluster"


def mounted(pod, container, secrets):
    """The files of the container: path to content. `secrets` gives the content of each secret file."""
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    for mount in container["volumeMounts"]:
        volume = volumes.get(mount["name"], {})
        folder = Path(mount["mountPath"])
        for source in volume.get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                yield str(folder / item["path"]), secrets(item["path"])
        if "secret" in volume:
            yield from ((str(folder / name), secrets(name)) for name in ("tls.crt", "tls.key"))
        if "configMap" in volume:
            yield from ((str(folder / name), None) for name in ("titan.toml",))


def file_faults(pod, container):
    names = {volume["name"] for volume in pod["spec"]["volumes"]}
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    if names != mounts:
        yield f"volumes: {names} are defined, {mounts} are mounted"
    files = dict(mounted(pod, container, lambda name: name))
    for row in container["env"]:
        if (row["name"].endswith("_FILE") or row["name"] == "TITAN_CONFIG") and row["value"] not in files:
            yield f"{row['name']}: {row['value']} is not mounted"
        if row["name"] in ("MASTER_KEY", "TITAN_SEAL_KEY", "TITAN_DATABASE_URL"):
            yield f"{row['name']}: a secret must be a file"


def time_faults(deployment, pod, container):
    rolling = deployment["spec"]["strategy"]["rollingUpdate"]
    if rolling["maxUnavailable"] != 0 or rolling["maxSurge"] < 1:
        yield f"rollingUpdate: {rolling}"
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    if pod["spec"]["terminationGracePeriodSeconds"] < pause + grace() + 15:
        yield "terminationGracePeriodSeconds: not longer than Titan needs to stop"


def name_faults(documents, pod):
    names = [(document["kind"], document["metadata"]["name"]) for document in documents]
    if len(set(names)) < len(names):
        yield f"names: {names}"
    account = pod["spec"]["serviceAccountName"]
    if account != "default" and ("ServiceAccount", account) not in names:
        yield f"serviceAccountName: {account} is not there"
    image = pod["spec"]["containers"][0]["image"]
    if not re.fullmatch(r"\S+:\S+", image):
        yield f"image: {image}"


def faults(documents):
    deployment = of_kind(documents, "Deployment")[0]
    pod = deployment["spec"]["template"]
    container = pod["spec"]["containers"][0]
    yield from selector_faults(documents, pod)
    yield from port_faults(documents, container)
    yield from probe_faults(container)
    yield from right_faults(pod, container)
    yield from file_faults(pod, container)
    yield from time_faults(deployment, pod, container)
    yield from name_faults(documents, pod)
    if deployment["spec"]["replicas"] > 1 and not of_kind(documents, "PodDisruptionBudget"):
        yield "PodDisruptionBudget: missing"


def broken(documents):
    def but(change):
        other = copy.deepcopy(documents)
        deployment = of_kind(other, "Deployment")[0]
        pod = deployment["spec"]["template"]
        change(other, pod, pod["spec"]["containers"][0])
        return other

    def service(documents, index):
        return of_kind(documents, "Service")[index]["spec"]

    return {
        "a label": (but(lambda d, p, c: p["metadata"]["labels"].pop("app.kubernetes.io/name")), "selector"),
        "a service for other pods": (but(lambda d, p, c: service(d, 1)["selector"].update(a="b")), "-control"),
        "a budget for other pods": (
            but(lambda d, p, c: of_kind(d, "PodDisruptionBudget")[0]["spec"]["selector"]["matchLabels"].update(a="b")),
            "PodDisruptionBudget",
        ),
        "a port": (but(lambda d, p, c: c["ports"][0].update(containerPort=80)), "ports"),
        "a port of a service": (but(lambda d, p, c: service(d, 0)["ports"][0].update(targetPort="x")), "ports"),
        "metrics that nobody serves": (
            but(lambda d, p, c: c["env"].remove(next(r for r in c["env"] if r["name"] == "TITAN_METRICS_LISTEN"))),
            "ports",
        ),
        "a service of the metrics": (
            but(lambda d, p, c: service(d, 0)["ports"][0].update(targetPort="metrics")),
            "leads to no port",
        ),
        "no readiness": (but(lambda d, p, c: c.pop("readinessProbe")), "readinessProbe"),
        "liveness by readiness": (
            but(lambda d, p, c: c["livenessProbe"]["httpGet"].update(path="/health/ready")),
            "livenessProbe",
        ),
        "root": (but(lambda d, p, c: p["spec"]["securityContext"].update(runAsUser=0)), "securityContext"),
        "a writable root": (
            but(lambda d, p, c: c["securityContext"].update(readOnlyRootFilesystem=False)),
            "securityContext",
        ),
        "no secrets": (but(lambda d, p, c: p["spec"]["volumes"].pop(1)), "volumes"),
        "a secret elsewhere": (but(lambda d, p, c: c["volumeMounts"][1].update(mountPath="/a")), "not mounted"),
        "a secret as a value": (
            but(lambda d, p, c: c["env"].append({"name": "MASTER_KEY", "value": "x"})),
            "must be a file",
        ),
        "killed too soon": (but(lambda d, p, c: p["spec"].update(terminationGracePeriodSeconds=20)), "termination"),
        "no account": (but(lambda d, p, c: p["spec"].update(serviceAccountName="x")), "serviceAccountName"),
        "an ingress to the control plane": (
            but(
                lambda d, p, c: of_kind(d, "Ingress")[0]["spec"]["rules"][0]["http"]["paths"][0]["backend"][
                    "service"
                ].update(name="acme-titan-control")
            ),
            "ingress",
        ),
    }


def kubernetes_faults(documents, version):
    """Against the schemas of Kubernetes; a field that they do not know is a fault too."""
    for document in documents:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{document['kind']}: {'.'.join(map(str, error.path))}: {error.message}"


def secret_content(folder):
    """Contents that Titan accepts. `tls` are files that openssl made."""
    texts = {
        "master-key": "m" * 40,
        "master-key-previous": "p" * 40,
        "seal-key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "database-url": "postgres://titan:secret@database:5432/titan",
    }
    return lambda name: texts.get(name) or (folder / name).read_text()


def config_check(checks, what, documents):
    """The program itself reads the environment and the files that a pod would have."""
    pod = of_kind(documents, "Deployment")[0]["spec"]["template"]
    container = pod["spec"]["containers"][0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=titan"]
        checks.run("openssl", [*command, "-keyout", folder / "tls.key", "-out", folder / "tls.crt"])
        root = folder / "root"
        files = dict(mounted(pod, container, secret_content(folder)))
        files |= {f"/etc/titan/{name}": text for name, text in of_kind(documents, "ConfigMap")[0]["data"].items()}
        for path, text in files.items():
            file = root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("/etc/titan/", f"{root}/etc/titan/"))
        variables = {row["name"]: re.sub(r"^(?=/)", str(root), row["value"]) for row in container["env"]}
        checks.run(f"titan config check with {what}", [TITAN, "config", "check"], env=environment(**variables))
        wrong = {**variables, "TITAN_LISTN": "x"}
        is_refused = run([TITAN, "config", "check"], env=environment(**wrong)).returncode == 1
        checks.faults("titan config check", [] if is_refused else ["an unknown variable passes"])


def trace_faults(documents):
    """Of full-values.yaml."""
    container = of_kind(documents, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]
    variables = {row["name"]: row["value"] for row in container["env"]}
    wanted = yaml.safe_load((CHART / "ci/full-values.yaml").read_text())["traces"]
    found = {"endpoint": variables.get("TITAN_OTLP_ENDPOINT"), "sampleRatio": variables.get("TITAN_OTLP_SAMPLE_RATIO")}
    if found != {name: str(value) for name, value in wanted.items()}:
        yield f"traces: {found}"


def values_faults(schema, values):
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(values, schema, jsonschema.Draft202012Validator)
    except (jsonschema.SchemaError, jsonschema.ValidationError) as error:
        yield error.message
    missing = schema["properties"].keys() ^ {*values, "global"}
    yield from (f"{name} is in only one of values.yaml and values.schema.json" for name in missing)


def check(checks):
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    checks.faults("values.schema.json", values_faults(schema, values))
    version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    checks.faults("Chart.yaml", [] if chart["appVersion"] == version else [f"appVersion: not {version}"])
    for what, arguments in VALUES.items():
        checks.run(f"helm lint, {what}", [HELM, "lint", "--strict", "--quiet", *arguments, CHART])
        rendered = template(*arguments)
        if rendered.returncode:
            checks.faults(f"helm template, {what}", [rendered.stderr])
            continue
        documents = [document for document in yaml.safe_load_all(rendered.stdout) if document]
        may_be_alone = what == "least-values.yaml"
        found = [fault for fault in faults(documents) if not (may_be_alone and fault.startswith("selector: only"))]
        checks.faults(f"chart, {what}", found)
        for kubernetes in KUBERNETES:
            checks.faults(f"Kubernetes {kubernetes}, {what}", kubernetes_faults(documents, kubernetes))
        config_check(checks, what, documents)
        if what == "full-values.yaml":
            checks.faults("chart", trace_faults(documents))
            checks.mutations("chart", faults, broken(documents))
            mistaken = copy.deepcopy(documents)
            of_kind(mistaken, "Deployment")[0]["spec"]["template"]["spec"]["terminationGracePeriod"] = 1
            checks.mutations(
                "Kubernetes", lambda d: kubernetes_faults(d, KUBERNETES[0]), {"a field": (mistaken, "Deployment")}
            )
    for value in REFUSED:
        refused = template("--set", value)
        is_refused = refused.returncode and "schema" in refused.stderr
        checks.faults("values.schema.json", [] if is_refused else [f"{value} is accepted: {refused.stderr}"])
    unset = template("--show-only", "templates/poddisruptionbudget.yaml", "--set", "podDisruptionBudget.enabled=false")
    checks.faults("chart", [] if unset.returncode else ["a budget that is off is rendered"])
