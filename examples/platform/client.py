"""Signs in, makes a scoped API key, and calls the task API with both. Python's standard library is enough."""

import json
import os
import urllib.request

AUTH_URL = os.environ["AUTH_URL"]
TASK_SERVICE_URL = os.environ["TASK_SERVICE_URL"]


def ask(method, url, token=None, body=None):
    """The status and the JSON of an answer. A status of 400 or more raises urllib.error.HTTPError."""
    request = urllib.request.Request(url, method=method)
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, json.load(answer)


credentials = {"email": os.environ["TITAN_EMAIL"], "password": os.environ["TITAN_PASSWORD"]}
_, signed_in = ask("POST", f"{AUTH_URL}/api/v1/auth/login", body=credentials)
jwt = signed_in["data"]["token"]

_, session = ask("GET", f"{AUTH_URL}/api/v1/auth/session", jwt)
print(session["data"]["user"]["email"])

scopes = ["tasks:read", "tasks:write", "executions:read", "executions:write", "data:read"]
_, made = ask("POST", f"{AUTH_URL}/api/v1/api-keys", jwt, {"name": "My backend integration", "scopes": scopes})
key = made["key"]
print(f"made {key[:14]}")

for token in (jwt, key):
    status, _ = ask("GET", f"{TASK_SERVICE_URL}/api/v1/tasks", token)
    print(f"GET /api/v1/tasks: {status}")
