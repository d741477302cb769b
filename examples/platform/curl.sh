#!/usr/bin/env bash
# Signs in, makes a scoped API key, and calls the task API with both.
set -euo pipefail

# Prints a member of the JSON object on standard input.
member() { python3 -c 'import json, sys; value = json.load(sys.stdin)
for name in sys.argv[1].split("."): value = value[name]
print(value)' "$1"; }

signed_in=$(curl -sS --fail-with-body -X POST "$AUTH_URL/api/v1/auth/login" \
    -H "Content-Type: application/json" \
    -d "{ \"email\": \"$TITAN_EMAIL\", \"password\": \"$TITAN_PASSWORD\" }")
JWT_TOKEN=$(member data.token <<<"$signed_in")

curl -sS --fail-with-body "$AUTH_URL/api/v1/auth/session" \
    -H "Authorization: Bearer $JWT_TOKEN" | member data.user.email

made=$(curl -sS --fail-with-body -X POST "$AUTH_URL/api/v1/api-keys" \
    -H "Authorization: Bearer $JWT_TOKEN" \
    -H "Content-Type: application/json" \
    -d '{
      "name": "My backend integration",
      "scopes": ["tasks:read", "tasks:write", "executions:read", "executions:write", "data:read"]
    }')
TITAN_TOKEN=$(member key <<<"$made")
echo "made ${TITAN_TOKEN:0:14}"

for token in "$JWT_TOKEN" "$TITAN_TOKEN"; do
    curl -sS -o /dev/null -w 'GET /api/v1/tasks: %{http_code}\n' \
        -H "Authorization: Bearer $token" "$TASK_SERVICE_URL/api/v1/tasks"
done
