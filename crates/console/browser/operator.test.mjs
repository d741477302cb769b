// What an operator does on the pages of tenants, people, settings, the audit log and signing keys.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { asMaster, fill, follow, heading, openAs, openSigned, press, prove, receipt } from "./support.mjs";

let page;

before(async () => {
  page = await openSigned();
});

async function verified(key) {
  const answer = await asMaster("POST", "/auth/verify", { key });
  return answer.code;
}

test("a tenant is made, renamed, switched off and on, and its keys are revoked", async () => {
  await page.goto("/console/tenants");
  await press(page, "Create the tenant");
  assert.match(await page.getByRole("alert").innerText(), /name/);
  await fill(page, { Name: "Acme <b>& Sons</b>" });
  await press(page, "Create the tenant");
  const { pathname } = new URL(page.url());
  assert.match(await page.locator("main").innerText(), /Acme <b>& Sons<\/b>/);
  await fill(page, { Name: "Acme" });
  await press(page, "Save the name");
  const tenantId = Number(pathname.split("/").at(-1));
  const body = { label: "till", lifetimeDays: 1, scopes: ["sessions:read"], tenantId };
  const { key } = await asMaster("POST", "/admin/keys", body);
  await page.goto(pathname);
  await press(page, "Disable");
  await receipt(page);
  assert.equal(await verified(key), "DISABLED");
  await press(page, "Enable");
  await receipt(page);
  assert.equal(await verified(key), "VALID");
  // A key of the same second is not older than the line that is drawn.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await follow(page, "Revoke all …");
  await prove(page);
  await press(page, "Revoke all keys");
  await receipt(page);
  assert.equal(await verified(key), "REVOKED");
});

test("a user is made, gets another role, a password, is switched off and on, and leaves", async () => {
  await page.goto("/console/people/new");
  await fill(page, { "E-mail address": "grace@example.com", Password: "short" });
  await press(page, "Create the user");
  assert.equal(await page.getByLabel("E-mail address", { exact: true }).inputValue(), "grace@example.com");
  const password = "quite a long password of hers";
  await fill(page, { Password: password });
  await press(page, "Create the user");
  const { pathname } = new URL(page.url());
  const grace = await openAs({ email: "grace@example.com", password });
  await page.getByLabel(/^Role in tenant 1/).selectOption("admin");
  await press(page, /^Change/);
  await receipt(page);
  await press(page, "Disable this person");
  await receipt(page);
  await grace.goto("/console/my-keys");
  assert.equal(await heading(grace), "Sign in");
  await press(page, "Enable this person");
  await receipt(page);
  await follow(page, "Set a password …");
  const next = "another long password of hers";
  await fill(page, { "New password": next });
  await prove(page);
  await press(page, "Set the password");
  await receipt(page);
  await openAs({ email: "grace@example.com", password: next });
  await page.goto(pathname);
  await press(page, /^Remove …/, "link");
  await prove(page);
  await press(page, "Remove from the tenant");
  await receipt(page);
});

test("settings are changed, and debug mode is switched", async () => {
  await page.goto("/console/settings");
  await fill(page, { "All keys together": "4321" });
  await press(page, "Save the settings");
  await receipt(page);
  assert.equal(await page.getByLabel("All keys together").inputValue(), "4321");
  await press(page, "Switch it on");
  await press(page, "Do what the setting says");
  await fill(page, { "All keys together": "0" });
  await press(page, "Save the settings");
  await receipt(page);
});

test("the audit log is filtered, and its chain is verified", async () => {
  await page.goto("/console/audit");
  await fill(page, { Action: "tenant.create" });
  await press(page, "Apply");
  const rows = page.getByRole("region", { name: /table/ }).getByRole("row");
  assert.equal(await rows.count(), 2);
  await page.goto("/console/audit/verify");
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await page.getByText(/unbroken/).first().waitFor();
});

test("a signing key is rotated; with the old one, its sessions and keys end", async () => {
  const body = { label: "old", lifetimeDays: 1, scopes: ["sessions:read"] };
  const { key } = await asMaster("POST", "/admin/keys", body);
  await page.goto("/console/signing-keys");
  await follow(page, "Rotate …");
  await prove(page);
  await press(page, "Rotate the signing key");
  await receipt(page);
  assert.equal(await verified(key), "VALID");
  await page.goto("/console/signing-keys/0/retire");
  await press(page, "Retire slot 0");
  // The session was signed by it. The page that followed may have come a moment before it was in force.
  const deadline = Date.now() + 10_000;
  do await page.goto("/console/signing-keys");
  while ((await heading(page)) !== "Sign in" && Date.now() < deadline);
  assert.equal(await heading(page), "Sign in");
  assert.equal(await verified(key), "REVOKED");
});

test("the pages that only show something show it", async () => {
  const signed = await openSigned();
  for (const [where, text] of [
    ["/console/license", /license/i],
    ["/console/instances", /this one/],
    ["/console/instances?revision=1", /revision/i],
  ]) {
    await signed.goto(where);
    assert.match(await signed.locator("main").innerText(), text, where);
  }
});
