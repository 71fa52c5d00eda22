// Opens a document in Chromium at several widths, and prints what a reader would have noticed at each.
// Arguments: address, screenshot file with {width} in its name, widths. Packages come from the folder that MERIDIAN_JS_PEERS names.
import { createRequire } from "node:module";

const { chromium } = createRequire(`${process.env.MERIDIAN_JS_PEERS}/`)("playwright-core");
const [address, screenshot, ...widths] = process.argv.slice(2);

const browser = await chromium.launch({ executablePath: process.env.MERIDIAN_CHROMIUM, args: ["--no-sandbox"] });
try {
  const seen = [];
  for (const width of widths.map(Number)) {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const problems = [];
    const requests = [];
    page.on("console", (message) => problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(address);
    await page.screenshot({ path: screenshot.replace("{width}", width), fullPage: true });
    const layout = await page.evaluate(() => {
      const wide = document.documentElement.clientWidth;
      const hidden = (element) => getComputedStyle(element).position === "absolute" || element.closest("thead");
      const out = [...document.querySelectorAll("main *")].filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return (right > wide + 1 || left < -1) && !hidden(element);
      });
      const levels = [...document.querySelectorAll("h1, h2, h3")].map((heading) => Number(heading.tagName[1]));
      const outcome = document.querySelector(".outcome");
      return {
        scrolls: document.documentElement.scrollWidth - wide,
        out: out.slice(0, 5).map((element) => `${element.tagName} ${element.textContent.slice(0, 60)}`),
        skipped: levels.filter((level, at) => at > 0 && level > levels[at - 1] + 1).length,
        outcome: outcome && outcome.innerText, outcomeTop: outcome && outcome.getBoundingClientRect().bottom,
        charts: [...document.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width > 100).length,
        drawings: document.querySelectorAll("svg").length,
      };
    });
    const pages = (await page.pdf({ format: "A4" })).length;
    seen.push({ width, problems, requests: requests.filter((url) => !url.startsWith("data:")), pages, ...layout });
    await page.close();
  }
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
