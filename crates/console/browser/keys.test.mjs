// Keys, from their creation to their end, as a holder of the master key sees them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, test } from "node:test";
import { TITAN, createKey, fill, follow, heading, openSigned, press, prove, receipt } from "./support.mjs";

let page;
let key;

before(async () => {
  page = await openSigned();
});

const status = (secret) =>
  fetch(`${TITAN}/api/sessions`, { headers: { "X-API-Key": secret } }).then((answer) => answer.status);

test("the first page leads to the first key", async () => {
  assert.equal(await heading(page), "Overview");
  await page.getByRole("region", { name: "The first request" }).getByRole("link", { name: "Create a key" }).click();
  assert.equal(await heading(page), "Create a key");
});

test("what is wrong stands at its field, and nothing typed is lost", async () => {
  await page.goto("/console/keys/new");
  await fill(page, { Label: "crawler", Days: "100000" });
  await page.getByLabel("sessions:read", { exact: true }).check();
  await press(page, "Create the key");
  assert.match(await page.getByRole("alert").innerText(), /lifetimeDays: must be/);
  assert.match(await page.locator("#lifetime_days-error").innerText(), /lifetimeDays: must be/);
  assert.equal(await page.getByLabel("Label", { exact: true }).inputValue(), "crawler");
  assert.ok(await page.getByLabel("sessions:read", { exact: true }).isChecked());
});

test("the field above the scopes filters them, and a button takes a whole group", async () => {
  await page.goto("/console/keys/new");
  await page.getByLabel("Filter the scopes").fill("messages wr");
  const scopes = page.locator("#scope-picker label:visible");
  assert.deepEqual(await scopes.allInnerTexts(), ["messages:write"]);
  await page.getByRole("button", { name: "All of messages" }).click();
  assert.equal(await page.locator("[data-count]").innerText(), "1 selected");
});

test("a key is shown once, and the command beside it works", async () => {
  key = await createKey(page, "crawler", ["sessions:read"]);
  const command = await page.locator("#curl").innerText();
  assert.ok(command.includes(key.secret));
  const code = execFileSync("bash", ["-c", `${command} --silent --show-error --output /dev/null --write-out '%{http_code}'`]);
  assert.equal(code.toString(), "200");
  await follow(page, "Done");
  assert.ok(!(await page.content()).includes(key.secret));
});

test("the list filters and leads to the key", async () => {
  await createKey(page, "printer", ["messages:write"]);
  await page.goto("/console/keys");
  assert.equal(await page.getByRole("row").count(), 3);
  await fill(page, { "Label contains": "CRAW" });
  await press(page, "Apply");
  assert.equal(await page.getByRole("row").count(), 2);
  await follow(page, "crawler");
  assert.equal(new URL(page.url()).pathname, key.path);
  await page.goto("/console/keys?label=nobody");
  assert.ok(await page.getByText("No key matches").isVisible());
  await page.goto("/console/keys?tenant_id=x");
  assert.match(await page.getByRole("alert").innerText(), /tenant_id: must be a number/);
});

test("a key gets another label and a limit", async () => {
  await page.goto(key.path);
  await follow(page, "Change");
  await fill(page, { Label: "", "Requests per minute": "600" });
  await press(page, "Save");
  assert.match(await page.getByRole("alert").innerText(), /label: /);
  await fill(page, { Label: "search engine" });
  await press(page, "Save");
  await receipt(page);
  assert.match(await heading(page), /^search engine/);
  assert.ok(await page.getByText("600 requests per minute").isVisible());
});

test("a key that is switched off works again once it is on", async () => {
  await press(page, "Disable");
  await receipt(page);
  assert.match(await heading(page), /Disabled/);
  assert.equal(await status(key.secret), 401);
  await press(page, "Enable");
  await receipt(page);
  assert.equal(await status(key.secret), 200);
});

test("before a rotation, a wrong master key is not enough", async () => {
  await follow(page, "Rotate …");
  await page.locator("#master_key").fill("x".repeat(40));
  await press(page, "Rotate the key");
  assert.ok(await page.getByRole("alert").isVisible());
  assert.equal(await page.locator("#master_key").inputValue(), "");
  assert.equal(await status(key.secret), 200);
});

test("both keys work during the overlap", async () => {
  await page.goto(`${key.path}/rotate`);
  await page.getByLabel("For how long does the old key live on?").selectOption({ label: "1 hour" });
  await prove(page);
  await press(page, "Rotate the key");
  assert.equal(await heading(page), "The key is rotated");
  await receipt(page);
  const successor = await page.locator("#secret").innerText();
  assert.deepEqual([await status(key.secret), await status(successor)], [200, 200]);
  await page.goto(key.path);
  assert.match(await heading(page), /Retiring/);
});

test("a revocation does not ask again so soon, and shows its receipt", async () => {
  await follow(page, "Revoke …");
  assert.equal(await page.locator("#master_key").count(), 0);
  await press(page, "Revoke the key");
  await receipt(page);
  assert.match(await heading(page), /Revoked/);
  assert.equal(await status(key.secret), 401);
  assert.ok(await page.getByRole("cell", { name: "key.delete" }).isVisible());
});

test("everything works without scripts", async () => {
  const plain = await openSigned({ javaScriptEnabled: false });
  const { secret, path } = await createKey(plain, "without scripts", ["sessions:read"]);
  assert.equal(await status(secret), 200);
  await plain.goto(`${path}/revoke`);
  await prove(plain);
  await press(plain, "Revoke the key");
  assert.equal(await status(secret), 401);
  await plain.reload();
  await receipt(plain);
});
