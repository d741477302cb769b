// Signs in, makes a scoped API key, and calls the task API with both. Node 18 or later, without packages.

declare const process: { env: Record<string, string | undefined> };

const { AUTH_URL, TASK_SERVICE_URL, TITAN_EMAIL, TITAN_PASSWORD } = process.env;

interface Session {
  token: string;
  expires_at: string;
  user: { id: string; email: string; role: string; scopes: string[] };
}

interface Success<T> {
  success: true;
  data: T;
}

interface ApiKey {
  id: string;
  name: string;
  key: string;
  scopes: string[];
  created_at: string;
}

async function ask<T>(method: string, url: string, token?: string, body?: object): Promise<{ status: number; json: T }> {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return { status: answer.status, json: (await answer.json()) as T };
}

async function main(): Promise<void> {
  const credentials = { email: TITAN_EMAIL, password: TITAN_PASSWORD };
  const signedIn = await ask<Success<Session>>("POST", `${AUTH_URL}/api/v1/auth/login`, undefined, credentials);
  const jwt = signedIn.json.data.token;

  const session = await ask<Success<Session>>("GET", `${AUTH_URL}/api/v1/auth/session`, jwt);
  console.log(session.json.data.user.email);

  const scopes = ["tasks:read", "tasks:write", "executions:read", "executions:write", "data:read"];
  const wanted = { name: "My backend integration", scopes };
  const { key } = (await ask<ApiKey>("POST", `${AUTH_URL}/api/v1/api-keys`, jwt, wanted)).json;
  console.log(`made ${key.slice(0, 14)}`);

  for (const token of [jwt, key]) {
    const { status } = await ask<unknown>("GET", `${TASK_SERVICE_URL}/api/v1/tasks`, token);
    console.log(`GET /api/v1/tasks: ${status}`);
  }
}

main();
