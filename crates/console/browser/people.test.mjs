// What a user does on the pages of the own tenant, keys and account.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { before, test } from "node:test";
import { asMaster, fill, follow, heading, makeUser, open, openAs, press, receipt } from "./support.mjs";

let owner;
let page;

before(async () => {
  owner = await makeUser("owner@example.com", "owner");
  page = await openAs(owner);
});

async function prove() {
  const field = page.locator("#password");
  if (await field.isVisible()) await field.fill(owner.password);
}

test("a key of one's own is made, rotated and deleted", async () => {
  await page.goto("/console/my-keys/new");
  await fill(page, { Name: "laptop" });
  await page.getByLabel("messages:write", { exact: true }).check();
  await press(page, "Create the key");
  const secret = await page.locator("#secret").innerText();
  assert.match(secret, /^titan_sk_live_/);
  await press(page, "Done", "link");
  assert.ok(!(await page.content()).includes(secret));
  await press(page, /^Rotate …/, "link");
  await page.locator("#overlap_seconds").selectOption("0");
  await prove();
  await press(page, "Rotate the key");
  assert.notEqual(await page.locator("#secret").innerText(), secret);
  const { code } = await asMaster("POST", "/auth/verify", { key: secret });
  assert.equal(code, "REVOKED");
  await press(page, "Done", "link");
  await press(page, /^Delete …/, "link");
  await prove();
  await press(page, "Delete the key");
  await receipt(page);
});

test("somebody is invited once, gets another role, and leaves", async () => {
  await page.goto("/console/members");
  const invite = async () => {
    await fill(page, { "E-mail address": "invited@example.com" });
    await press(page, "Create the invitation");
  };
  await invite();
  assert.equal(await heading(page), "The invitation is created");
  await press(page, "Done", "link");
  await invite();
  assert.match(await page.getByRole("alert").innerText(), /has an open invitation/);
  await page.goto("/console/members");
  await press(page, /^Withdraw/);
  assert.ok(await page.getByText("Nobody is invited.").isVisible());

  const bob = await makeUser("bob@example.com", "member");
  await page.goto("/console/members");
  const row = page.getByRole("row", { name: /bob@example\.com/ });
  await row.getByRole("combobox").selectOption("admin");
  await Promise.all([page.waitForNavigation(), row.getByRole("button", { name: "Change" }).click()]);
  await receipt(page);
  const his = await openAs(bob);
  await his.goto("/console/members");
  assert.match(await his.locator("main").innerText(), /Only owners see the members/);
  await Promise.all([page.waitForNavigation(), row.getByRole("link", { name: /^Remove/ }).click()]);
  await prove();
  await press(page, "Remove the member");
  await receipt(page);
  await his.goto("/console/my-keys");
  assert.equal(await heading(his), "Sign in");
});

/** A code of RFC 6238 for a secret in base32. */
function totp(secret) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/\s|=/g, "")].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(step).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}

test("a session is ended, a second factor is added, and it is asked for", async () => {
  const other = await openAs(owner);
  await page.goto("/console/account");
  await press(page, "End all others");
  await receipt(page);
  await other.goto("/console/account");
  assert.equal(await heading(other), "Sign in");

  await follow(page, "Add a second factor …");
  await fill(page, { Password: owner.password });
  await press(page, "Go on");
  const secret = new URL((await page.locator("main").innerText()).match(/otpauth:\S+/)[0]).searchParams.get("secret");
  await fill(page, { "Code of the app": totp(secret) });
  await press(page, "Confirm the second factor");
  assert.equal(await heading(page), "The second factor is on");

  const again = await open();
  await again.goto("/console");
  await again.locator("#email").fill(owner.email);
  await again.locator("#password").fill(owner.password);
  await press(again, "Sign in");
  assert.match(await again.getByRole("alert").innerText(), /code of your authenticator app/);
});
