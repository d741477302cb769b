// Policies and client rules.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { TITAN, asMaster, fill, follow, heading, openSigned, press, prove, receipt } from "./support.mjs";

const SHOP = { label: "shop", lifetimeDays: 1, scopes: ["sessions:manage"] };
let page;

before(async () => {
  page = await openSigned();
});

/** What the page of the policies says of a request. */
async function decision(method, where) {
  await page.getByLabel("Method", { exact: true }).selectOption(method);
  await fill(page, { Path: where });
  await page.getByRole("button", { name: "Decide" }).click();
  return page.locator("#decision .receipt").innerText();
}

test("the page says what happens to a request", async () => {
  const cases = [
    ["POST", "/api/sessions/default/messages/send?x=1", /A key with messages:write[^]*action send_message[^]*default, from the path/],
    ["GET", "/api/%2e%2e/x", /Bad path: 400[^]*must not contain \. or \.\. segments/],
    ["GET", "no/slash", /Bad path: 400[^]*must begin with a slash/],
    ["GET", "/api/Sessions", /No route names it: 403/],
    ["GET", "/admin/keys", /Titan answers it itself/],
  ];
  for (const [method, where, text] of cases) {
    await page.goto("/console/policies");
    assert.match(await decision(method, where), text);
    const query = new URLSearchParams({ method, path: where });
    await page.goto(`/console/policies?${query}`);
    assert.match(await page.locator("#decision").innerText(), text, "the same without scripts");
  }
});

test("the list of routes pages and filters", async () => {
  await page.goto("/console/policies");
  const routes = page.getByRole("region", { name: "Routes (table)" }).getByRole("row");
  assert.equal(await routes.count(), 51);
  const all = Number((await page.getByText(/^1 to 50 of \d+$/).innerText()).split(" ").at(-1));
  await follow(page, "Next page");
  assert.ok(await page.getByText(`51 to ${Math.min(100, all)} of ${all}`).isVisible());
  await fill(page, { "Path contains": "MESSAGES/react" });
  await press(page, "Apply");
  assert.ok((await routes.count()) > 1 && (await routes.count()) < 10);
  await fill(page, { "Path contains": "<b>" });
  await press(page, "Apply");
  assert.ok(await page.getByText("No route matches").isVisible());
  await page.goto("/console/policies?from=x");
  assert.match(await page.getByRole("alert").innerText(), /from: must be a number/);
});

test("rules are set, and they hold", async () => {
  const { key } = await asMaster("POST", "/admin/keys", SHOP);
  await page.goto("/console/client-rules");
  await fill(page, { Session: "default" });
  await press(page, "Show the rules");
  assert.ok(await page.getByText("has no rules in this tenant").isVisible());
  const shop = "https://shop.example";
  await fill(page, { "Allowed origins": `${shop}\nhttps://no path`, "Allowed actions": "send_typing" });
  await page.getByLabel("Recipients", { exact: true }).selectOption("any");
  await press(page, "Save the rules");
  assert.match(await page.locator("#allowed_origins-error").innerText(), /"https:\/\/no path" is no origin/);
  assert.equal(await page.getByLabel("Allowed actions").inputValue(), "send_typing");
  await fill(page, { "Allowed origins": `${shop}\n` });
  await press(page, "Save the rules");
  await receipt(page);
  assert.equal(await page.getByLabel("Allowed origins").inputValue(), shop);
  const token = await mint(key);
  assert.equal(await send(token, shop), 200);
  assert.equal(await send(token, "https://elsewhere.example"), 403);
});

test("rules are deleted once it is clear who asks", async () => {
  const { key } = await asMaster("POST", "/admin/keys", SHOP);
  const token = await mint(key);
  await page.goto("/console/client-rules?tenant_id=1&session=default");
  await follow(page, "Delete the rules …");
  await page.locator("#master_key").fill("x".repeat(40));
  await press(page, "Delete the rules");
  assert.ok(await page.getByRole("alert").isVisible());
  assert.notEqual(await send(token, "https://shop.example"), 403);
  await prove(page);
  await press(page, "Delete the rules");
  await receipt(page);
  assert.ok(await page.getByText("has no rules in this tenant").isVisible());
  assert.equal(await send(token, "https://shop.example"), 403);
});

test("a session of a tenant that is not there has no rules, and gets none", async () => {
  const answer = await page.goto("/console/client-rules?tenant_id=99&session=default");
  assert.equal(answer.status(), 404);
  assert.match(await page.getByRole("alert").innerText(), /tenant not found/);
  await page.goto("/console/client-rules?tenant_id=1&session=a%2Fb");
  assert.match(await page.getByRole("alert").innerText(), /session: must begin with a letter or a digit/);
  assert.equal(await heading(page), "Client rules");
});

// --- What a shop does behind its page

async function mint(key) {
  const answer = await fetch(`${TITAN}/api/client-tokens`, {
    method: "POST",
    headers: { "X-API-Key": key, "Content-Type": "application/json" },
    body: JSON.stringify({ session: "default", ephemeralId: "visitor" }),
  });
  assert.equal(answer.status, 201);
  return (await answer.json()).data.token;
}

/** What a page of this origin gets if it shows that somebody is typing. */
async function send(token, origin) {
  const answer = await fetch(`${TITAN}/api/sessions/default/messages/typing`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Origin: origin },
    body: JSON.stringify({ chatId: "15550100001@s.whatsapp.net" }),
  });
  return answer.status;
}
