// Opens pages in a real browser and judges what it shows: axe, html-validate, errors on the console, requests that go
// elsewhere, bytes transferred, and whether anything is wider than the window.
//
//   DUIKOU_BROWSER_DIR=DIR node look.mjs < PLAN > REPORT
//
// PLAN: {"base": "https://127.0.0.1:1", "pictures": "FOLDER or absent", "cookies": [{"name", "value"}], "pages": [{"name",
// "path", "status"}]}. Every page is opened as each of the looks below. REPORT: a JSON list of faults, empty where all is well.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

const require = createRequire(path.join(process.env.DUIKOU_BROWSER_DIR, "package.json"));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");
const { HtmlValidate } = require("html-validate");

/** What a first visit may take. */
const BYTES = 100 * 1024;
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
/** How pages are looked at; one of them without scripts. */
const LOOKS = [
  { name: "zh desktop", locale: "zh-CN", viewport: DESKTOP, colorScheme: "light" },
  { name: "en phone dark", locale: "en", viewport: PHONE, colorScheme: "dark", judged: "light and width" },
  { name: "zh phone without scripts", locale: "zh-CN", viewport: PHONE, colorScheme: "light", javaScriptEnabled: false },
];
/** What a page's light and width have to do with; the rest is the same in every look, and judged in the first. */
const OF_LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const plan = JSON.parse(readFileSync(0, "utf8"));
const faults = [];
const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  // Style of writing, on which nothing depends.
  // Boxes of one field have one name, as buttons have.
  rules: { "form-dup-name": ["error", { shared: ["radio", "checkbox", "button", "reset", "submit"] }], "void-style": "off", "no-trailing-whitespace": "off", "long-title": "off", "attribute-boolean-style": "off", "no-implicit-button-type": "off", "require-sri": "off" },
});

async function look(browser, page, manner) {
  const { name, judged: narrowed, ...options } = manner;
  const fault = (what) => faults.push({ page: page.name, look: name, what });
  const context = await browser.newContext({ ...options, ignoreHTTPSErrors: true });
  try {
    await context.addCookies(plan.cookies.map((one) => ({ ...one, url: plan.base, secure: true, httpOnly: true, sameSite: "Lax" })));
    const tab = await context.newPage();
    let bytes = 0;
    const network = await context.newCDPSession(tab);
    await network.send("Network.enable");
    network.on("Network.loadingFinished", (one) => (bytes += one.encodedDataLength));
    tab.on("console", (message) => {
      // A page that tells of an error has its status, of which the browser tells too.
      const expected = page.status >= 400 && message.text().includes(`status of ${page.status}`);
      if (["error", "warning"].includes(message.type()) && !expected) fault(`console: ${message.text()}`);
    });
    tab.on("pageerror", (error) => fault(`script: ${error.message}`));
    tab.on("request", (request) => {
      if (!request.url().startsWith(plan.base) && !request.url().startsWith("data:")) fault(`asks ${request.url()}`);
    });
    const answer = await tab.goto(plan.base + page.path, { waitUntil: "load" });
    if (answer.status() !== page.status) fault(`status ${answer.status()}, not ${page.status}`);
    const html = await answer.text();
    const report = await validator.validateString(html);
    for (const message of report.results.flatMap((result) => result.messages)) {
      fault(`html: ${message.ruleId} at line ${message.line}: ${message.message}`);
    }
    const language = await tab.getAttribute("html", "lang");
    if (language !== options.locale) fault(`is in ${language}`);
    const width = await tab.evaluate(() => document.documentElement.scrollWidth);
    if (width > options.viewport.width) fault(`is ${width} wide`);
    if (options.javaScriptEnabled !== false) {
      const judge = new AxeBuilder({ page: tab }).options({ resultTypes: ["violations"] });
      const judged = await (narrowed ? judge.withRules(OF_LOOKS) : judge.withTags(RULES)).analyze();
      for (const violation of judged.violations) {
        fault(`axe: ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`);
      }
    }
    if (bytes > BYTES) fault(`takes ${bytes} bytes`);
    if (plan.pictures) {
      await tab.screenshot({ path: path.join(plan.pictures, `${page.name} ${name}.png`.replaceAll(" ", "-")), fullPage: true });
    }
  } catch (error) {
    fault(`failed: ${error.message}`);
  } finally {
    await context.close();
  }
}

const browser = await chromium.launch({ executablePath: process.env.DUIKOU_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const page of plan.pages) {
  for (const manner of LOOKS) {
    await look(browser, page, manner);
  }
}
await browser.close();
process.stdout.write(JSON.stringify(faults));
