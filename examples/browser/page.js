// A page that calls the API through Titan by itself, with a client token that its backend mints.

// Somebody else's, for the buttons that try what the rules forbid.
const OTHER_CHAT = "120363000000000001@g.us";
const OTHER_SESSION = "another-shop";
// One sign of typing in so many milliseconds is enough. Each is a request, and the rules limit the requests of a minute.
const TYPING_PAUSE = 10_000;

// What a refusal means for the person who reads it. Titan's own text follows.
const MEANINGS = {
  action_not_allowed: "This page may not do that",
  client_tokens_disabled: "The shop has closed this chat",
  rate_limit_exceeded: "Too many messages",
  recipient_not_allowed: "You may write to the shop alone",
  session_not_allowed: "This page belongs to another session",
  token_expired: "You were away too long: load the page again",
  token_revoked: "The shop has ended this chat: load the page again",
};

const element = (id) => document.getElementById(id);
// With `?renew=off`, the page does not get another token when one has expired. It shows what happens then.
const renews = new URLSearchParams(location.search).get("renew") !== "off";

// Only here: what is in the page's storage outlives the page.
let pass = null;

/** A refusal, with a text for the person. */
class Refusal extends Error {
  constructor(text, code) {
    super(text);
    this.code = code;
  }
}

/** The answer to a request as JSON; null if nobody answered, or if the browser hides the answer from this page. */
async function ask(url, options) {
  try {
    const answer = await fetch(url, { ...options, credentials: "same-origin", cache: "no-store" });
    const body = await answer.json().catch(() => ({}));
    return { isGood: answer.ok, status: answer.status, retryAfter: answer.headers.get("Retry-After"), body };
  } catch {
    return null;
  }
}

/** A token from the shop's backend, and where to use it. */
async function mint() {
  const answer = await ask("token", { method: "POST" });
  if (!answer) throw new Refusal("The shop does not answer. Are you online?");
  if (!answer.isGood) throw new Refusal(`The shop gave no token: ${answer.body.error ?? answer.status}.`);
  return answer.body;
}

/** One request through the gateway. A token that has expired is replaced once. */
async function call(build) {
  pass ??= await mint();
  try {
    return await callOnce(build(pass));
  } catch (refusal) {
    if (!renews || refusal.code !== "token_expired") throw refusal;
    pass = await mint();
    return await callOnce(build(pass));
  }
}

async function callOnce({ method = "POST", session = pass.session, path, body }) {
  const headers = { Authorization: `Bearer ${pass.token}` };
  if (body) headers["Content-Type"] = "application/json";
  const url = `${pass.gateway}/api/sessions/${encodeURIComponent(session)}/${path}`;
  const answer = await ask(url, { method, headers, body: body && JSON.stringify(body) });
  if (!answer) throw new Refusal(unreadable());
  if (!answer.isGood) throw new Refusal(inWords(answer), answer.body.code);
  return answer.body.data;
}

// The browser does not say which of the two it was: what it hides, it hides from scripts altogether.
function unreadable() {
  return `No answer that this page may read. The gateway is away, or no page of ${location.origin} may do that.`;
}

function inWords({ status, retryAfter, body }) {
  const meaning = MEANINGS[body.code] ?? "That did not work";
  const wait = retryAfter ? ` Try again in ${duration(Number(retryAfter))}.` : "";
  return `${meaning} (${body.error ?? status}).${wait}`;
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return `${Math.round(seconds / 3600)} hours`;
}

function show(kind, text) {
  element("status").dataset.kind = kind;
  element("status").textContent = text;
}

let newest = 0;

/** The person reads what is being done, and then what became of it. What began last has the line. */
async function tell(doing, work, done) {
  const own = ++newest;
  const showIfNewest = (kind, text) => own === newest && show(kind, text);
  show("busy", doing);
  try {
    await work();
    showIfNewest("good", done);
    return true;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    showIfNewest("bad", refusal.message);
    return false;
  }
}

function send(text, chatId, session) {
  return call((own) => ({ path: "messages/send", session, body: { chatId: chatId ?? own.chatId, text } }));
}

function addMessage(text) {
  const item = document.createElement("li");
  item.className = "ours";
  item.textContent = text;
  element("messages").append(item);
  item.scrollIntoView({ block: "nearest" });
}

async function submit(event) {
  event.preventDefault();
  const [field, button] = [element("text"), element("send")];
  button.disabled = true;
  const text = field.value;
  const isSent = await tell("Sending…", () => send(text), "Sent.");
  button.disabled = false;
  if (isSent) {
    addMessage(text);
    field.value = "";
  }
  field.focus();
}

let lastTyping = -Infinity;

async function showTyping() {
  if (!element("typing").checked || performance.now() - lastTyping < TYPING_PAUSE) return;
  lastTyping = performance.now();
  const work = () => call((own) => ({ path: "messages/typing", body: { chatId: own.chatId } }));
  await tell("Telling the shop that you are typing…", work, "The shop sees that you are typing.");
}

/** What a button tries. The rules forbid each of these, unless somebody changed them. */
const TRIALS = {
  presence: () => call((own) => ({ method: "GET", path: `presence/${encodeURIComponent(own.chatId)}` })),
  deletion: () => call((own) => ({ path: "messages/delete", body: { chatId: own.chatId, messageId: "DEMO000000000001" } })),
  "other-chat": () => send("Hello, stranger", OTHER_CHAT),
  "other-session": () => send("Hello from the wrong session", undefined, OTHER_SESSION),
};

element("chat").addEventListener("submit", submit);
element("text").addEventListener("input", showTyping);
for (const [id, trial] of Object.entries(TRIALS)) {
  element(id).addEventListener("click", () => tell("Trying…", trial, "It was allowed."));
}
