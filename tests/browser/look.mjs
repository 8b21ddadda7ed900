// Opens pages in a real browser and judges what it shows: axe, html-validate, errors on the console, requests that go
// elsewhere, bytes transferred, and whether anything is wider than the window; and what paper would show of it.
//
//   DUIKOU_BROWSER_DIR=DIR node look.mjs < PLAN > REPORT
//
// PLAN: {"base": "https://127.0.0.1:1", "pictures": "FOLDER or absent", "cookies": [{"name", "value"}], "pages": [{"name",
// "path", "status"}], "looks": [NAME, …] or absent}. Every page is opened as each of the looks below, or as those named.
// REPORT: a JSON list of faults, empty where all is well.
import path from "node:path";
import { DESKTOP, PHONE, launch, plan, report, require, violations, visitor } from "./browser.mjs";

const { HtmlValidate } = require("html-validate");

/** What a first visit may take. */
const BYTES = 100 * 1024;
/** How far down a page may begin on a telephone. */
const HEAD = 220;
/** A sheet of A4 without its margins, at 96 dots an inch. */
const PAPER = { width: 718, height: 1047 };
/** How pages are looked at; one of them without scripts, and one printed as well. */
const LOOKS = [
  { name: "zh desktop", locale: "zh-CN", viewport: DESKTOP, colorScheme: "light", prints: true },
  { name: "en phone dark", locale: "en", viewport: PHONE, colorScheme: "dark", rules: "of looks" },
  { name: "zh phone without scripts", locale: "zh-CN", viewport: PHONE, colorScheme: "light", javaScriptEnabled: false },
];
/** What a page's light and width have to do with; the rest is the same in every look, and judged in the first. */
const OF_LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"];

const faults = [];
const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  // Style of writing, on which nothing depends.
  // Boxes of one field have one name, as buttons have.
  rules: { "form-dup-name": ["error", { shared: ["radio", "checkbox", "button", "reset", "submit"] }], "void-style": "off", "no-trailing-whitespace": "off", "long-title": "off", "attribute-boolean-style": "off", "no-implicit-button-type": "off", "require-sri": "off" },
});
/** What has been validated: a page is often the same in two looks. */
const validated = new Set();
/** Samples are served without TLS, and without a server behind them; colours on paper are those of their templates. */
const samples = plan.base.startsWith("http:");
/** Of what a page has been printed: of the samples of a template one, which is called by its name and a number. */
const onPaper = new Set();

async function validate(html, fault) {
  if (validated.has(html)) return;
  validated.add(html);
  const { results } = await validator.validateString(html);
  for (const message of results.flatMap((result) => result.messages)) {
    fault(`html: ${message.ruleId} at line ${message.line}: ${message.message}`);
  }
}

/** Leaves a picture of the whole page. */
function picture(tab, name) {
  return tab.screenshot({ path: path.join(plan.pictures, `${name}.png`.replaceAll(" ", "-")), fullPage: true });
}

/** What is wrong with the page on paper, where whoever prints it has chosen the dark: paper is light, and nothing on it is
 * pressed or followed. */
async function printed(tab, name, fault) {
  const theme = await tab.getAttribute("html", "data-theme");
  await tab.emulateMedia({ media: "print", colorScheme: "dark" });
  await tab.setViewportSize(PAPER);
  const { left, width } = await tab.evaluate(() => {
    document.documentElement.dataset.theme = "dark";
    const there = [...document.querySelectorAll("nav, button, .button")].filter((one) => one.getClientRects().length > 0);
    return { left: there.map((one) => one.outerHTML.slice(0, 80)), width: document.documentElement.scrollWidth };
  });
  left.forEach((what) => fault(`printed: there is ${what}`));
  if (width > PAPER.width) fault(`printed: is ${width} wide`);
  if (samples) (await violations(tab, ["color-contrast"])).forEach((what) => fault(`printed: ${what}`));
  if (plan.pictures) await picture(tab, `${name} printed`);
  await tab.evaluate((before) => (document.documentElement.dataset.theme = before), theme);
}

/** Looks at all pages in one way, in one tab whose cache is off: every visit is a first one. */
async function lookAtAll(browser, { name, rules, prints, ...options }) {
  const context = await visitor(browser, options);
  const tab = await context.newPage();
  let page = plan.pages[0];
  let bytes = 0;
  const fault = (what) => faults.push({ page: page.name, look: name, what });
  const network = await context.newCDPSession(tab);
  await network.send("Network.enable");
  await network.send("Network.setCacheDisabled", { cacheDisabled: true });
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
  // There is nothing that could say how far it has come, or what there is by now.
  if (samples) {
    await tab.route("**/home/work", (route) => route.fulfill({ status: 304 }));
    await tab.route("**/progress", (route) => route.fulfill({ json: { text: "…", done: 500, total: 1_000 } }));
  }
  for (page of plan.pages) {
    bytes = 0;
    try {
      const answer = await tab.goto(plan.base + page.path, { waitUntil: "load" });
      if (answer.status() !== page.status) fault(`status ${answer.status()}, not ${page.status}`);
      await validate(await answer.text(), fault);
      const language = await tab.getAttribute("html", "lang");
      if (language !== options.locale) fault(`is in ${language}`);
      const width = await tab.evaluate(() => document.documentElement.scrollWidth);
      if (width > options.viewport.width) fault(`is ${width} wide`);
      // What every page begins with leaves a telephone's first view to what the page says.
      if (options.viewport === PHONE) {
        const head = await tab.evaluate(() => document.querySelector("main")?.getBoundingClientRect().top ?? 0);
        const notices = await tab.evaluate(() => document.querySelectorAll(".masthead .notice").length);
        if (notices === 0 && head > HEAD) fault(`begins ${head} down`);
      }
      if (options.javaScriptEnabled !== false) (await violations(tab, rules && OF_LOOKS)).forEach(fault);
      if (bytes > BYTES) fault(`takes ${bytes} bytes`);
      if (plan.pictures) await picture(tab, `${page.name} ${name}`);
      const [of] = page.name.split(" ");
      if (prints && !onPaper.has(of)) {
        onPaper.add(of);
        await printed(tab, page.name, fault);
        await tab.emulateMedia({ media: "screen", colorScheme: options.colorScheme });
        await tab.setViewportSize(options.viewport);
      }
    } catch (error) {
      fault(`failed: ${error.message}`);
    }
  }
  await context.close();
}

const browser = await launch();
// What waits for a server in one look leaves the cores to another.
const looks = LOOKS.filter((manner) => plan.looks?.includes(manner.name) ?? true);
await Promise.all(looks.map((manner) => lookAtAll(browser, manner)));
await browser.close();
report(faults);
