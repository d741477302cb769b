// What a server has that has been in use for a while: so that there is something to look at.

import assert from "node:assert/strict";
import { TITAN, asMaster, fill, makeUser, openAs, openSigned, press, prove, receipt } from "./support.mjs";

const RULES = {
  recipientMode: "conversation",
  allowedActions: "send_message,send_typing",
  allowedOrigins: "https://shop.example",
  rateLimit: 5,
  maxDaily: 100,
};

/** What the paths of pages use. */
export async function seed() {
  const crawler = await make("crawler", ["chats:read", "contacts:read", "messages:write", "sessions:read"], 90);
  await make("print shop", ["messages:write"], 10);
  // In a tenant of its own: most pictures leave it out.
  const { id: tenantId } = await asMaster("POST", "/admin/tenants", { name: "Acme" });
  await asMaster("POST", "/admin/keys", { label: "x".repeat(100), lifetimeDays: 60, scopes: ["*"], tenantId });
  const desk = await make("key desk", ["keys:manage", "sessions:manage"], 30);
  await send(desk, "POST", "/api/account/keys", { label: "night shift", lifetimeDays: 5, scopes: ["sessions:read"] });
  await send(desk, "PUT", "/api/sessions/default/client-rules", RULES);
  await traffic(crawler);
  const lost = await make("lost laptop", ["sessions:read"], 7);
  const revision = await revoke(lost);
  await asMaster("POST", "/admin/signing-keys");
  const owner = await makeUser("ada@example.com", "owner");
  const { id: member } = await makeUser("grace@example.com", "member");
  const ownKey = await own(owner);
  return { key: crawler.id, parent: desk.id, revoked: lost.id, revision, tenant: tenantId, owner, member, ownKey };
}

const make = (label, scopes, lifetimeDays) => asMaster("POST", "/admin/keys", { label, lifetimeDays, scopes });

async function send({ key }, method, path, body) {
  const headers = { "X-API-Key": key, "Content-Type": "application/json" };
  const answer = await fetch(TITAN + path, { method, headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
}

async function traffic({ key }) {
  const get = (path, credential) => fetch(TITAN + path, { headers: { "X-API-Key": credential } });
  for (let count = 0; count < 40; count += 1) await get("/api/sessions", key);
  for (let count = 0; count < 6; count += 1) await get("/api/nothing", key);
  for (let count = 0; count < 3; count += 1) await get("/api/sessions", "titan_x");
  // The numbers are 10 seconds late at most.
  await new Promise((resolve) => setTimeout(resolve, 11_000));
}

/** As somebody does it in the console, so that there is a receipt. Its revision. */
async function revoke({ id }) {
  const page = await openSigned();
  await page.goto(`/console/keys/${id}/revoke`);
  await prove(page);
  await press(page, "Revoke the key");
  await receipt(page);
  return new URL(page.url()).searchParams.get("revision");
}

/** A key of a user, made as users do. Its id. */
async function own(user) {
  const page = await openAs(user);
  await page.goto("/console/my-keys/new");
  await fill(page, { Name: "reports" });
  await page.getByLabel("sessions:read", { exact: true }).check();
  await press(page, "Create the key");
  await page.goto("/console/my-keys");
  const [, id] = /my-keys\/([^/"]+)\/rotate/.exec(await page.content());
  await page.context().close();
  return id;
}
