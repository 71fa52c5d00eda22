// Opens a page in Chromium, follows its links on the same origin, and prints what a person would have noticed.
// Arguments: address, screenshot file. Packages come from the folder that MERIDIAN_JS_PEERS names.
import { createRequire } from "node:module";

const { chromium } = createRequire(`${process.env.MERIDIAN_JS_PEERS}/`)("playwright-core");
const [address, screenshot] = process.argv.slice(2);

const browser = await chromium.launch({ executablePath: process.env.MERIDIAN_CHROMIUM, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  const problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => problems.push(`${request.url()}: ${request.failure().errorText}`));

  const answer = await page.goto(address);
  await page.screenshot({ path: screenshot, fullPage: true });
  const hrefs = await page.$$eval("a[href]", (links) => links.map((link) => link.href));
  const own = [...new Set(hrefs)].filter((href) => new URL(href).origin === new URL(address).origin);
  const links = [];
  for (const href of own) links.push({ href, status: (await page.request.get(href)).status() });
  console.log(JSON.stringify({
    status: answer.status(), title: await page.title(), text: await page.innerText("body"), links,
    foreign: hrefs.filter((href) => !own.includes(href)), problems,
  }));
} finally {
  await browser.close();
}
