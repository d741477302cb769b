// What must not work, and what must not be lost.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import {
  MASTER_KEY, SCRIPT, TITAN, asMaster, createKey, fill, hasRun, heading, makeUser, open, openAs, openSigned, press, problems, prove, signIn,
} from "./support.mjs";

/** Titan keeps 64 characters of it. */
const AGENT = "<script>window.ran = true</script>";
// A page of another origin on the same host: cookies do not tell it from ours.
let elsewhere;
let content = "";

before(async () => {
  const server = http.createServer((_, answer) => {
    answer.setHeader("Content-Type", "text/html");
    answer.end(content);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  elsewhere = { server, url: `http://127.0.0.1:${server.address().port}/` };
});

after(() => elsewhere.server.close());

/** The value of a hidden field. */
const hidden = (page, name) => page.locator(`main input[name=${name}]`).first().inputValue();

/** The form that makes a key, from a program that has the cookies of a page. */
async function stolen(page, fields, headers = {}) {
  const cookies = await page.context().cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const body = new URLSearchParams(fields);
  return fetch(`${TITAN}/console/keys`, { method: "POST", headers: { Cookie: cookie, ...headers }, body });
}

const labels = async () => (await asMaster("GET", "/admin/keys?limit=100")).map((key) => key.label);

test("nobody gets in with another key, and is sent to where they wanted", async () => {
  const page = await open();
  await page.goto("/console/policies?path_contains=react");
  assert.equal(await heading(page), "Sign in");
  await signIn(page, "x".repeat(40));
  assert.ok(await page.getByRole("alert").isVisible());
  assert.equal(await page.locator("#master_key").inputValue(), "");
  await signIn(page);
  assert.equal(await heading(page), "Policies");
  assert.equal(await page.getByLabel("Path contains").inputValue(), "react");
});

test("a form that is sent after somebody has signed out is kept", async () => {
  const page = await openSigned();
  const other = await page.context().newPage();
  await page.goto("/console/keys/new");
  await fill(page, { Label: `kept ${SCRIPT}`, Days: "3" });
  await page.getByLabel("sessions:read", { exact: true }).check();
  await page.getByLabel("chats:read", { exact: true }).check();
  await other.goto("/console");
  await press(other, "Sign out");
  assert.equal(await heading(other), "Sign in");
  await press(page, "Create the key");
  assert.ok(await page.getByText("What you typed is kept").isVisible());
  assert.ok(!(await labels()).some((label) => label.startsWith("kept")), "not yet");
  await signIn(page);
  assert.equal(await heading(page), "You are signed in again");
  const facts = await page.locator("dl").innerText();
  assert.ok(facts.includes(SCRIPT) && facts.includes("chats:read"), facts);
  await press(page, "Send the form");
  assert.equal(await heading(page), "The key is created");
  assert.ok((await page.locator("main").innerText()).includes(`kept ${SCRIPT}`));
  assert.equal(await hasRun(page), false);
});

test("a secret that was typed is not kept", async () => {
  const page = await openSigned();
  const { path } = await createKey(page, "to be revoked", ["sessions:read"]);
  await page.goto(`${path}/revoke`);
  await page.getByLabel(/Revoke all keys that it made/).check();
  await prove(page);
  const other = await page.context().newPage();
  await other.goto("/console");
  await press(other, "Sign out");
  await press(page, "Revoke the key");
  assert.ok(!(await page.content()).includes(MASTER_KEY));
  await signIn(page);
  await press(page, "Send the form");
  assert.match(await page.getByRole("alert").innerText(), /master_key: is required/);
  assert.ok(await page.getByLabel(/Revoke all keys that it made/).isChecked());
});

test("the back button shows nothing after somebody has signed out", async () => {
  const page = await openSigned();
  await createKey(page, "seen by its owner alone", ["sessions:read"]);
  await page.goto("/console/keys");
  await page.goto("/console");
  await press(page, "Sign out");
  assert.equal(await heading(page), "Sign in");
  for (let step = 0; step < 3; step += 1) {
    await page.goBack();
    assert.equal(await heading(page), "Sign in");
    assert.ok(!(await page.content()).includes("seen by its owner alone"));
  }
});

test("a session that was ended is of no use, even with its cookies", async () => {
  const page = await openSigned();
  const cookies = await page.context().cookies();
  await press(page, "Sign out");
  assert.equal(await heading(page), "Sign in");
  await page.context().addCookies(cookies);
  await page.goto("/console/keys");
  assert.equal(await heading(page), "Sign in");
});

test("no script reads the cookies", async () => {
  const page = await openSigned();
  assert.equal(await page.evaluate(() => document.cookie), "");
  assert.ok((await page.context().cookies()).every((cookie) => cookie.httpOnly && cookie.secure));
});

test("a form without its token, or with that of another session, is refused", async () => {
  const page = await openSigned();
  const other = await openSigned();
  await other.goto("/console/keys/new");
  const token = await hidden(other, "csrf");
  for (const csrf of ["", "x", token]) {
    await page.goto("/console/keys/new");
    await fill(page, { Label: "forged" });
    await page.getByLabel("sessions:read", { exact: true }).check();
    await page.locator("main input[name=csrf]").evaluate((field, value) => (field.value = value), csrf);
    const answer = await press(page, "Create the key");
    assert.equal(answer.status(), 403);
    assert.equal(await heading(page), "You have signed in again");
    assert.ok(!(await labels()).includes("forged"));
    // A program that says nothing of where it comes from is not even asked.
    const program = await stolen(page, { csrf, label: "forged" });
    assert.equal(program.status, 403);
    assert.doesNotMatch(await program.text(), /Send the form/);
  }
  await press(page, "Send the form");
  assert.equal(await heading(page), "The key is created", "the form of an earlier session, once its user wants it");
});

test("a page of another origin cannot send a form, even with the token", async () => {
  const page = await openSigned();
  await page.goto("/console/keys/new");
  const [csrf, request] = [await hidden(page, "csrf"), await hidden(page, "request")];
  const fields = { csrf, request, label: "foreign", lifetime_days: "7", scopes: "sessions:read", tenant_id: "1" };
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
  content = `<form method="post" action="${TITAN}/console/keys">${inputs}<button>Win</button></form>`;
  await page.goto(elsewhere.url);
  const answer = await press(page, "Win");
  assert.equal(answer.status(), 403);
  for (const headers of [{ Origin: elsewhere.url.slice(0, -1) }, { Origin: "null" }, { "Sec-Fetch-Site": "cross-site" }]) {
    assert.equal((await stolen(page, fields, headers)).status, 403, JSON.stringify(headers));
  }
  assert.ok(!(await labels()).includes("foreign"));
});

test("no page of another origin frames the console", async () => {
  const page = await open();
  content = `<iframe src="${TITAN}/console/sign-in"></iframe>`;
  const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
  await page.goto(elsewhere.url);
  await refused;
  assert.doesNotMatch(page.frames().at(-1).url(), /console/);
  // What the browser says of it is what was wanted.
  problems.splice(0, problems.length, ...problems.filter((problem) => !/frame-ancestors/.test(problem)));
});

test("what somebody typed elsewhere is text on every page", async () => {
  const { key, id } = await asMaster("POST", "/admin/keys", {
    label: SCRIPT, lifetimeDays: 1, scopes: ["sessions:read"],
  });
  const headers = { "X-API-Key": key, "User-Agent": AGENT };
  assert.equal((await fetch(`${TITAN}/api/sessions`, { headers })).status, 200);
  const page = await openSigned();
  const paths = ["/console", "/console/keys", `/console/keys/${id}`, `/console/keys/${id}/edit`, `/console/keys/${id}/rotate`, `/console/keys/${id}/revoke`];
  for (const path of paths) {
    await page.goto(path);
    assert.ok((await page.content()).includes("&lt;script&gt;window.ran") || (await hasField(page)), path);
    assert.equal(await hasRun(page), false, path);
  }
  // The program writes down how a key is used every few seconds.
  await page.goto(`/console/keys/${id}`);
  for (let tries = 0; tries < 40 && !(await agentIsShown(page)); tries += 1) {
    await page.waitForTimeout(500);
    await page.reload();
  }
  assert.ok(await agentIsShown(page));
  assert.equal(await hasRun(page), false);
});

const hasField = async (page) => (await page.getByLabel("Label", { exact: true }).inputValue()) === SCRIPT;

const agentIsShown = async (page) =>
  (await page.locator("dt", { hasText: "Last used" }).locator("+ dd").innerText()).includes(AGENT);

test("the name of a browser and an e-mail address are text on the pages of people", async () => {
  const user = await makeUser("o'hara&lt@example.com", "owner");
  const own = await openAs(user, { userAgent: SCRIPT });
  await own.goto("/console/account");
  const master = await openSigned();
  await master.goto("/console/people");
  assert.ok((await master.locator("main").innerText()).includes(user.email));
  await master.goto(`/console/people/${user.id}`);
  assert.ok((await heading(master)).includes(user.email));
  await own.goto("/console/members");
  assert.ok((await own.locator("main").innerText()).includes(user.email));
  await own.goto("/console/account");
  assert.ok((await own.locator("main").innerText()).includes("<script>"));
  for (const page of [own, master]) assert.equal(await hasRun(page), false);
});

test("what stands in an address is text", async () => {
  const page = await openSigned();
  const text = encodeURIComponent(`"><script>window.ran = true</script>`);
  const paths = [
    `/console/keys?label=${text}&tenant_id=${text}&cursor=${text}`,
    `/console/policies?method=${text}&path=${text}&path_contains=${text}&from=${text}`,
    `/console/client-rules?tenant_id=${text}&session=${text}&revision=${text}`,
    `/console/keys/${text}`,
    `/console/sign-in?next=${text}`,
    `/console/${text}`,
  ];
  for (const path of paths) {
    await page.goto(path);
    assert.equal(await hasRun(page), false, path);
  }
});

test("nobody is sent elsewhere after signing in", async () => {
  for (const next of [elsewhere.url, "//127.0.0.1:1/console", "/console\\..\\x", "javascript:alert(1)"]) {
    const page = await open();
    await page.goto(`/console/sign-in?${new URLSearchParams({ next })}`);
    await signIn(page);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    assert.equal(page.url(), `${TITAN}/console`);
  }
});

test("a session ends with the signing key that signed it", async () => {
  const page = await openSigned();
  const retiring = (await asMaster("GET", "/admin/signing-keys"))[0];
  await asMaster("POST", "/admin/signing-keys");
  await page.goto("/console/keys");
  assert.equal(await heading(page), "Keys");
  await asMaster("DELETE", `/admin/signing-keys/${retiring.slot}`);
  await page.goto("/console/keys");
  assert.equal(await heading(page), "Sign in");
});
