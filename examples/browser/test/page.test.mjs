// What the user of the page sees, in Chromium. `ci/browser` starts the gateway and the shops, and then this.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";

const { SHOP, FOREIGN, GATEWAY, API_KEY, READER_KEY, RULES, TOOLS, SCREENSHOTS } = process.env;
const { chromium } = createRequire(path.join(TOOLS, "here.js"))("playwright-core");

const CHAT = "15550100001@s.whatsapp.net";
const UNREADABLE = (origin) =>
  `No answer that this page may read. The gateway is away, or no page of ${origin} may do that.`;
const CLOSED = "The shop has closed this chat (client tokens are disabled for this session).";

let browser;
let isClosing = false;
// What the browser got and asked for, on every page.
const seen = { received: [], urls: [], credentials: new Set(), violations: [], failures: [], statuses: new Set() };
// Pages that were opened first, so that their tokens expire while the other tests run.
let early;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
  early = { kept: await open(`${SHOP}/?renew=off`), renewed: await open(SHOP) };
  for (const page of Object.values(early)) assert.equal(await send(page, "early"), "Sent.");
  early.expiresAt = early.kept.minted[0].expiresAt;
});

after(async () => {
  isClosing = true;
  // What is still being read would fail when the browser goes.
  await Promise.allSettled(seen.received);
  await browser?.close();
});

// --- What a user does and sees

/** A page in a browser of its own, so a person of their own. */
async function open(url, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.minted = [];
  watch(page);
  await page.goto(url);
  return page;
}

function watch(page) {
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) seen.violations.push(message.text());
  });
  page.on("pageerror", (error) => seen.failures.push(String(error)));
  page.on("request", (request) => {
    seen.urls.push(request.url());
    const credential = request.headers().authorization;
    if (credential) seen.credentials.add(credential.replace("Bearer ", ""));
  });
  page.on("response", (response) => {
    const received = read(page, response);
    // Nothing waits for what comes while the browser closes.
    received.catch((error) => {
      if (!isClosing) throw error;
    });
    seen.received.push(received);
  });
}

async function read(page, response) {
  const [headers, body] = await Promise.all([response.headersArray(), response.text()]);
  if (response.url().endsWith("/token") && response.ok()) page.minted.push(JSON.parse(body));
  return { url: response.url(), text: JSON.stringify(headers) + body };
}

/** What the status line says when the page has done what it was asked. */
async function status(page) {
  const line = page.getByRole("status");
  await page.locator('#status:not([data-kind="busy"])').waitFor();
  await Promise.all(seen.received);
  assert.ok(await line.isVisible());
  const text = await line.textContent();
  seen.statuses.add(text);
  return text;
}

async function send(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  return status(page);
}

async function attempt(page, button) {
  const details = page.locator("details");
  if ((await details.getAttribute("open")) === null) await page.getByText("Try what the rules forbid").click();
  await page.getByRole("button", { name: button }).click();
  return status(page);
}

async function messages(page) {
  return page.getByRole("list", { name: "Messages" }).getByRole("listitem").allTextContents();
}

// --- What the shop does behind the page

async function asShop(method, path, body, key = API_KEY) {
  const headers = { "X-API-Key": key, ...(body && { "Content-Type": "application/json" }) };
  const answer = await fetch(GATEWAY + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.json();
}

/** Other rules while `work` runs. */
async function withRules(change, work, session = "default") {
  const path = `/api/sessions/${session}/client-rules`;
  const rules = JSON.parse(RULES);
  await asShop("PUT", path, { ...rules, ...change });
  try {
    await work();
  } finally {
    await asShop("PUT", path, rules);
  }
}

async function delivered(chat) {
  const path = `/api/sessions/default/chats/${encodeURIComponent(chat)}/messages`;
  return (await asShop("GET", path, null, READER_KEY)).data.map((message) => message.text);
}

// --- The cases

test("a message that the rules allow is sent, after a preflight", async () => {
  const page = await open(SHOP);
  assert.equal(await status(page), "Write a message.");
  const preflights = [];
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Network.enable");
  protocol.on("Network.requestWillBeSent", ({ request }) => {
    if (request.method === "OPTIONS") preflights.push(`${request.method} ${request.url}`);
  });
  assert.equal(await send(page, "Do you sell tea?"), "Sent.");
  assert.deepEqual(await messages(page), ["Is the shop open today?", "Do you sell tea?"]);
  assert.equal((await delivered(CHAT))[0], "Do you sell tea?");
  assert.deepEqual(preflights, [`OPTIONS ${GATEWAY}/api/sessions/default/messages/send`]);
});

test("a sign of typing is sent where the user wants it", async () => {
  const page = await open(SHOP);
  await page.getByLabel("Show that I am typing").check();
  await page.getByLabel("Message", { exact: true }).fill("H");
  assert.equal(await status(page), "The shop sees that you are typing.");
});

test("an action that the rules do not name is refused", async () => {
  const page = await open(SHOP);
  const text = "This page may not do that (action not allowed: read_presence).";
  assert.equal(await attempt(page, "Ask who is online"), text);
  await withRules({ allowedActions: ["read_presence"] }, async () => {
    assert.equal(await attempt(page, "Ask who is online"), "It was allowed.");
    const other = "This page may not do that (action not allowed: send_message).";
    assert.equal(await send(page, "Hello"), other);
  });
  assert.deepEqual(await messages(page), ["Is the shop open today?"], "what is refused is not shown as sent");
});

test("a route that no token can reach does not even say why", async () => {
  const page = await open(SHOP);
  assert.equal(await attempt(page, "Delete a message"), UNREADABLE(SHOP));
});

test("another recipient is refused", async () => {
  const page = await open(SHOP);
  const before = await delivered("120363000000000001@g.us");
  const text = "You may write to the shop alone (recipient not allowed).";
  assert.equal(await attempt(page, "Write to another chat"), text);
  assert.deepEqual(await delivered("120363000000000001@g.us"), before);
});

test("another session is refused", async () => {
  const page = await open(SHOP);
  const text = "This page belongs to another session (session not allowed).";
  assert.equal(await attempt(page, "Use another session"), text);
});

test("a session whose rules do not name this origin does not even say why", async () => {
  const page = await open(SHOP);
  const elsewhere = { allowedOrigins: ["http://127.0.0.1:1"] };
  const refused = async () => assert.equal(await attempt(page, "Use another session"), UNREADABLE(SHOP));
  await withRules(elsewhere, refused, "another-shop");
});

test("a page of another origin is refused", async () => {
  const page = await open(FOREIGN);
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const before = await delivered(CHAT);
  assert.equal(await send(page, "Hello from elsewhere"), UNREADABLE(FOREIGN));
  assert.equal(page.minted.length, 1, "it has a good token");
  assert.match(errors.join("\n"), /blocked by CORS policy: Response to preflight/);
  assert.deepEqual(await delivered(CHAT), before);
});

test("nothing is sent while the rules are switched off", async () => {
  const page = await open(SHOP);
  assert.equal(await send(page, "Before"), "Sent.");
  await withRules({ enabled: false }, async () => assert.equal(await send(page, "Hello"), CLOSED));
  assert.equal(await send(page, "After"), "Sent.");
});

test("the sixth message of a person in a minute is refused", async () => {
  const page = await open(SHOP);
  for (const text of ["1", "2", "3", "4", "5"]) assert.equal(await send(page, text), "Sent.");
  assert.match(await send(page, "6"), /^Too many messages \(rate limit exceeded\)\. Try again in [1-9]\d? s\.$/);
  assert.equal((await messages(page)).length, 6);
  await page.reload();
  assert.match(await send(page, "6"), /^Too many messages/, "another token does not help");
  assert.equal(page.minted.length, 2);
  assert.equal(await send(await open(SHOP), "1"), "Sent.", "another person is not limited");
});

test("a person has so many messages a day", async () => {
  const page = await open(SHOP);
  await withRules({ maxDaily: 1 }, async () => {
    assert.equal(await send(page, "Today"), "Sent.");
    // It may have been midnight.
    await send(page, "Today or tomorrow");
    const text = /^Too many messages \(daily limit reached\)\. Try again in \d+ (s|minutes|hours)\.$/;
    assert.match(await send(page, "Again"), text);
  });
});

test("a page that is offline says so", async () => {
  const page = await open(SHOP);
  await page.context().setOffline(true);
  assert.equal(await send(page, "Hello"), "The shop does not answer. Are you online?");
  await page.context().setOffline(false);
  assert.equal(await send(page, "Hello"), "Sent.");
  await page.context().setOffline(true);
  assert.equal(await send(page, "Hello"), UNREADABLE(SHOP));
});

test("the backend mints for its own page alone", async () => {
  const cookie = `visitor=${"0".repeat(32)}`;
  for (const [headers, text] of [
    [{ Origin: FOREIGN, Cookie: cookie }, `open the page at ${SHOP}`],
    [{ Cookie: cookie }, `open the page at ${SHOP}`],
    [{ Origin: SHOP }, "load the page again"],
    [{ Origin: SHOP, Cookie: "visitor=ada" }, "load the page again"],
  ]) {
    const answer = await fetch(`${SHOP}/token`, { method: "POST", headers });
    assert.deepEqual([answer.status, await answer.json()], [403, { error: text }]);
  }
  const answer = await fetch(`${SHOP}/token`, { method: "POST", headers: { Origin: SHOP, Cookie: cookie } });
  assert.equal(answer.status, 200, "so it was not refused for something else");
});

test("the page fits a phone, and has a light and a dark look", async () => {
  for (const [colorScheme, width] of [["light", 360], ["dark", 360], ["light", 1000], ["dark", 1000]]) {
    const page = await open(SHOP, { colorScheme, viewport: { width, height: 760 } });
    await send(page, "Do you sell tea?");
    await attempt(page, "Ask who is online");
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= window, `${content} pixels do not fit into ${window}`);
    if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/${colorScheme}-${width}.png`, fullPage: true });
  }
});

test("a token that has expired is refused, and replaced where the page may renew it", async () => {
  const wait = Date.parse(early.expiresAt) - Date.now();
  await new Promise((resolve) => setTimeout(resolve, wait + 1000));
  const text = "You were away too long: load the page again (token expired).";
  assert.equal(await send(early.kept, "late"), text);
  assert.equal(early.kept.minted.length, 1);
  await early.kept.reload();
  assert.equal(await send(early.kept, "late"), "Sent.");
  assert.equal(await send(early.renewed, "late"), "Sent.");
  assert.equal(early.renewed.minted.length, 2);
});

// The last one with a good key.
test("a token ends with the key that minted it", async () => {
  const page = await open(SHOP);
  assert.equal(await send(page, "Before"), "Sent.");
  const body = new URLSearchParams({ token: API_KEY });
  assert.equal((await fetch(`${GATEWAY}/oauth2/revoke`, { method: "POST", body })).status, 200);
  const text = "The shop has ended this chat: load the page again (token revoked).";
  assert.equal(await send(page, "After"), text);
  await page.reload();
  assert.equal(await send(page, "After"), "The shop gave no token: the shop got no token.");
});

// --- Of all that went before

test("the API key never came to the browser", async () => {
  const received = await Promise.all(seen.received);
  const has = (secret) => received.some(({ text }) => text.includes(secret));
  assert.ok([...seen.credentials].every((token) => token.startsWith("titan_ct_") && has(token)), "what came is seen");
  assert.ok(seen.credentials.size > 10 && received.length > 100, `${seen.credentials.size}, ${received.length}`);
  assert.ok(!has(API_KEY));
});

test("the page says what the README says", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const promised = [...readme.matchAll(/^\| .* \| `([^`]+)`[^`|]*\|$/gm)].map(([, text]) => text);
  assert.equal(promised.length, 9);
  for (const text of promised) {
    const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(`^${escaped.replace("…", ".*").replace(/\d+/, "\\d+")}$`);
    assert.ok([...seen.statuses].some((status) => pattern.test(status)), text);
  }
});

test("no URL contains a token, and no storage keeps one", async () => {
  assert.ok(seen.urls.length > 100);
  assert.deepEqual(seen.urls.filter((url) => url.includes("titan_")), []);
  const kept = await early.renewed.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [0, 0, ""]);
});

test("the page keeps its own policy, and the policy stops what is not the page's", async () => {
  assert.deepEqual(seen.failures, []);
  assert.deepEqual(seen.violations, []);
  const page = await open(SHOP);
  const ran = await page.evaluate(async (elsewhere) => {
    const script = document.createElement("script");
    try {
      script.text = "document.title = 'changed'";
      document.head.append(script);
    } catch {
      // Trusted Types refuse the text before the policy of scripts does.
    }
    const reached = await fetch(elsewhere, { mode: "no-cors" }).then(() => true, () => false);
    return [document.title, reached];
  }, FOREIGN);
  assert.deepEqual(ran, ["Chat with the shop", false]);
  assert.ok(seen.violations.length >= 2, seen.violations.join("\n"));
});
