// Two instances, of which one is stopped while a revocation waits for it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { asMaster, openSigned, press, prove, receipt } from "./support.mjs";

const other = Number(process.env.OTHER);

after(() => process.kill(other, "SIGCONT"));

async function revoke(page, { id }) {
  await page.goto(`/console/keys/${id}/revoke`);
  await prove(page);
  await press(page, "Revoke the key");
}

const made = (label) => asMaster("POST", "/admin/keys", { label, lifetimeDays: 1, scopes: ["sessions:read"] });

test("the page says for whom a revocation waits, and then that it is in force", async () => {
  const page = await openSigned();
  const [first, second] = [await made("first"), await made("second")];
  // Who it is, is proved here: a proof waits as long as the signing key is new.
  await revoke(page, first);
  await receipt(page, /In force on 2 of 2 instances/);
  process.kill(other, "SIGSTOP");
  await revoke(page, second);
  // The page may come before this instance has applied the change itself.
  const waiting = page.locator(".receipt.waiting#receipt", { hasText: "In force on 1 of 2 instances" });
  await waiting.waitFor();
  assert.match(await waiting.innerText(), /waiting for it, or for its lease to end/);
  // Its lease is good for 5 seconds.
  await receipt(page, /In force on [12] of [12] instance/);
  process.kill(other, "SIGCONT");
});
