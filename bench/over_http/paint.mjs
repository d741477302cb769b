// The first paint of pages (Paint Timing, first-contentful-paint): node paint.mjs SITE TOOLS PATH… <MASTER_KEY
//
// One Chromium that is warm, as that of somebody who works. Prints a list of medians in milliseconds.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [site, tools, ...paths] = process.argv.slice(2);
const { chromium } = createRequire(`${tools}/`)("playwright-core");
const ROUNDS = 9;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function signIn(page) {
  await page.goto(`${site}/console/sign-in`);
  await page.locator("summary").click();
  await page.locator("#master_key").fill(readFileSync(0, "utf8").trim());
  await page.getByRole("button", { name: "Sign in with the master key" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

async function paint(page, path) {
  const answer = await page.goto(site + path);
  if (answer.status() !== 200) throw new Error(`${path}: ${answer.status()}`);
  return page.evaluate(
    () =>
      new Promise((done) => {
        const seen = (list) => {
          const found = list.getEntriesByName("first-contentful-paint")[0];
          if (found) done(found.startTime);
        };
        new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
      }),
  );
}

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage();
await signIn(page);
const medians = [];
for (const path of paths) {
  await paint(page, path);
  const times = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await paint(page, path));
  medians.push(median(times));
}
await browser.close();
console.log(JSON.stringify(medians));
