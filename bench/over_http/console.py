"""How long the console takes until a page is painted in Chromium, with a million keys in the database."""

import json
import subprocess

from servers import TARGET, find
from table import line, title

PAINT = 100
# Pages of the master key: what they show is found in the database while somebody waits.
PAGES = {
    "overview": "/console",
    "keys": "/console/keys",
    "keys by expiry": "/console/keys?sort=expires",
    "keys with a label": "/console/keys?label=billing-sync-9",
    "keys with a scope, off": "/console/keys?scope=sessions%3Aread&active=false",
    "new key": "/console/keys/new",
    "one key": "/console/keys/{maker}",
    "keys that a key made": "/console/keys?created_by={maker}",
    "client rules": "/console/client-rules",
    "people": "/console/people",
    "tenants": "/console/tenants",
    "policies": "/console/policies",
    "audit": "/console/audit",
    "signing keys": "/console/signing-keys",
    "instances": "/console/instances",
    "settings": "/console/settings",
    "license": "/console/license",
}


def measure(titan, sample):
    paths = [path.format(maker=sample["maker"]) for path in PAGES.values()]
    script = TARGET.parent / "bench" / "over_http" / "paint.mjs"
    command = [find("node"), script, f"http://localhost:{titan.port}", TARGET / "browser-tools", *paths]
    painted = subprocess.run(command, input=titan.master_key, check=True, stdout=subprocess.PIPE, text=True)
    title("the console with a million keys, in Chromium, medians")
    for name, paint in zip(PAGES, json.loads(painted.stdout), strict=True):
        line(f"ms from the click to the first paint, {name}", paint, at_most=PAINT)
