// Chromium at the console: what every file of tests needs. `ci/console` starts the program, and then these.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { after } from "node:test";

export const { TITAN, MASTER_KEY, TOOLS, SCREENSHOTS } = process.env;
const require = createRequire(path.join(TOOLS, "here.js"));
const { chromium } = require("playwright-core");
export const AXE = require("axe-core").source;

/** A text that would run, if a page took it for HTML. */
export const SCRIPT = `<script>window.ran = true</script><img src=x onerror="window.ran = true">`;

/** What no page may cause: exceptions, messages of errors, what the policy stopped, and parts that are not there. */
export const problems = [];
let launched;

function chrome() {
  launched ??= chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Pages that have been left are kept, as in the browser of a user.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"],
  });
  return launched;
}

after(async () => {
  await (await launched)?.close();
  assert.deepEqual(problems, []);
});

/** A page in a browser of its own: nobody has signed in. */
export async function open(options) {
  const context = await (await chrome()).newContext({ baseURL: TITAN, ...options });
  context.on("page", watch);
  return context.newPage();
}

/** A page in whose browser the holder of the master key has signed in. */
export async function openSigned(options) {
  const page = await open(options);
  await page.goto("/console");
  await signIn(page);
  return page;
}

/** On the page where one signs in. */
export async function signIn(page, key = MASTER_KEY) {
  if (!(await page.locator("#master_key").isVisible())) await page.getByText("Use the master key instead").click();
  await page.locator("#master_key").fill(key);
  await press(page, "Sign in with the master key");
}

/** A user that the API makes. */
export async function makeUser(email, role) {
  const user = { email, password: `password of ${email}`, role };
  return { ...user, ...(await asMaster("POST", "/admin/users", user)) };
}

/** A page in whose browser a user has signed in. */
export async function openAs({ email, password }, options) {
  const page = await open(options);
  await page.goto("/console");
  await page.locator("#email").fill(email);
  await page.locator("#password").fill(password);
  await press(page, "Sign in");
  await page.waitForURL("/console/my-keys");
  return page;
}

function watch(page) {
  // The page that shows a secret once asks before one leaves it.
  page.on("dialog", (dialog) => dialog.accept());
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    // A page that says with its status what went wrong is no mistake.
    const isAnswer = /^Failed to load resource: the server responded with a status of 4/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isAnswer) {
      problems.push(`${page.url()}: ${message.text()}`);
    }
  });
  page.on("response", (response) => {
    const isPage = response.request().isNavigationRequest();
    if (!isPage && response.status() >= 400) problems.push(`${response.url()}: ${response.status()}`);
  });
}

/** Fills in inputs by their labels. */
export async function fill(page, fields) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
}

/** Presses a button, or follows a link, and waits for the page behind it. */
export async function press(page, name, role = "button") {
  const click = () => page.getByRole(role, { name, exact: true }).click();
  const [answer] = await Promise.all([page.waitForNavigation(), click()]);
  return answer;
}

export const follow = (page, name) => press(page, name, "link");

export const heading = (page) => page.getByRole("heading", { level: 1 }).innerText();

/** What a receipt says when it has come in. */
export async function receipt(page, text = /In force on 1 of 1 instance/) {
  const done = page.locator(".receipt.done#receipt");
  await done.waitFor();
  assert.match(await done.innerText(), text);
}

/** Proves who asks, if the page wants to know. */
export async function prove(page) {
  const field = page.locator("#master_key");
  if (await field.isVisible()) await field.fill(MASTER_KEY);
}

/** Makes a key on its page. Its text, and the path of its page. */
export async function createKey(page, label, scopes) {
  await page.goto("/console/keys/new");
  await fill(page, { Label: label, Days: "7" });
  for (const scope of scopes) await page.getByLabel(scope, { exact: true }).check();
  await press(page, "Create the key");
  assert.equal(await heading(page), "The key is created");
  const secret = await page.locator("#secret").innerText();
  return { secret, path: await page.getByRole("link", { name: "Done" }).getAttribute("href") };
}

/** The same with the API, where it is about something else. */
export async function asMaster(method, where, body) {
  const headers = { Authorization: `Bearer ${MASTER_KEY}`, "Content-Type": "application/json" };
  const answer = await fetch(TITAN + where, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${where}: ${answer.status} ${answer.ok || (await answer.text())}`);
  return answer.status === 204 ? undefined : (await answer.json()).data;
}

/** Whether a text of somebody else has run on a page. */
export const hasRun = (page) => page.evaluate(() => window.ran === true);
