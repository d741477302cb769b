// Every page, in both themes and on a phone: axe-core finds nothing, nothing is wider than the window, and the pictures of the documents.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { OPEN_PAGES, PAGES, USER_PAGES } from "./pages.mjs";
import { seed } from "./seed.mjs";
import { AXE, SCREENSHOTS, createKey, heading, open, openAs, openSigned } from "./support.mjs";

const WIDE = { width: 1280, height: 800 };
const LOOKS = {
  light: { colorScheme: "light", viewport: WIDE },
  dark: { colorScheme: "dark", viewport: WIDE },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 } },
  "dark phone": { colorScheme: "dark", viewport: { width: 360, height: 760 } },
};
/** What the paths of pages use. */
let made;

before(async () => {
  made = await seed();
});

async function look(page, where, look) {
  const { name, shows, pictures = [] } = where;
  await page.goto(where.path(made));
  const said = await heading(page);
  assert.ok(shows instanceof RegExp ? shows.test(said) : said === shows, `${name}: ${said}`);
  await inspect(page, name);
  if (SCREENSHOTS && pictures.includes(look)) {
    const end = look === "light" ? "" : `-${look}`;
    await page.screenshot({ path: `${SCREENSHOTS}/console-${name}${end}.png` });
  }
}

/** On a page as it is. */
async function inspect(page, name) {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `${name}: ${wider} pixels too wide`);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n")}`);
  assert.deepEqual(found, [], name);
}

for (const [name, options] of Object.entries(LOOKS)) {
  test(`pages in ${name}`, async (t) => {
    const masters = await openSigned(options);
    for (const where of PAGES) await t.test(where.name, () => look(masters, where, name));
    const users = await openAs(made.owner, options);
    for (const where of USER_PAGES) await t.test(where.name, () => look(users, where, name));
    const nobodys = await open(options);
    for (const where of OPEN_PAGES) await t.test(where.name, () => look(nobodys, where, name));
    for (const page of [masters, users, nobodys]) await page.context().close();
  });
}

// The last one with pages: its keys are on no picture.
test("the page that shows a key once", async (t) => {
  for (const [name, options] of Object.entries(LOOKS)) {
    const page = await openSigned(options);
    await createKey(page, `made in ${name}`, ["sessions:read"]);
    await t.test(name, () => inspect(page, "key-created"));
  }
});

test("the theme that somebody chose stays", async () => {
  const page = await openSigned({ colorScheme: "light", viewport: WIDE });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole("button", { name: "Dark" }).click();
  const dark = await background();
  assert.notEqual(dark, light);
  await page.goto("/console/keys");
  assert.equal(await background(), dark);
});

test("the keyboard reaches the content and the menu of a phone", async () => {
  const page = await openSigned(LOOKS.phone);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.locator("summary", { hasText: "Menu" }).press("Enter");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Keys", exact: true }).press("Enter");
  await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
});
