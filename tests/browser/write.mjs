// Writes listings in a real browser with scripts: a draft saves itself, suggestions help, what is wrong is said beside its
// field, a text is shown as its readers see it, and all of it is there when the page is opened again.
//
//   DUIKOU_BROWSER_DIR=DIR node write.mjs < PLAN > REPORT
//
// PLAN: {"base", "cookies": [{"name", "value"}], "forms": [{"kind", "direction", "fill": {FIELD: TEXT}, "choose": {FIELD:
// VALUE}, "boxes": [[FIELD, VALUE]], "wrong": [FIELD, TEXT], "suggest": [FIELD, TYPED, EXPECTED]}]}. REPORT: a JSON list of
// faults, empty where all is well.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

const require = createRequire(path.join(process.env.DUIKOU_BROWSER_DIR, "package.json"));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

const PATIENCE = 20_000;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const plan = JSON.parse(readFileSync(0, "utf8"));
const faults = [];

async function write(browser, form) {
  const fault = (what) => faults.push({ page: form.kind, look: "with scripts", what });
  const context = await browser.newContext({ locale: "zh-CN", viewport: { width: 1280, height: 900 }, ignoreHTTPSErrors: true });
  context.setDefaultTimeout(PATIENCE);
  try {
    await context.addCookies(plan.cookies.map((one) => ({ ...one, url: plan.base, secure: true, httpOnly: true, sameSite: "Lax" })));
    const tab = await context.newPage();
    tab.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) fault(`console: ${message.text()}`);
    });
    tab.on("pageerror", (error) => fault(`script: ${error.message}`));
    await tab.goto(`${plan.base}/drafts/new?kind=${form.kind}&direction=${form.direction}`, { waitUntil: "load" });
    for (const group of await tab.$$("details.more-fields:not([open]) > summary")) await group.click();
    const saved = async (act) => {
      const before = await tab.inputValue("input[name=etag]");
      await act();
      await tab.waitForFunction((etag) => document.querySelector("input[name=etag]").value !== etag, before);
    };
    await saved(async () => {
      for (const [name, text] of Object.entries(form.fill)) await tab.fill(`#${name}`, text);
      for (const [name, value] of Object.entries(form.choose)) await tab.selectOption(`#${name}`, value);
      for (const [name, value] of form.boxes) await tab.check(`input[name="${name}"][value="${value}"]`);
    });
    if (!/\/drafts\/[^/]+\/[^/?]+$/.test(tab.url())) fault(`the address is ${tab.url()}`);
    if (!(await tab.textContent("#saved")).startsWith("已保存")) fault(`says ${await tab.textContent("#saved")}`);
    const [field, typed, expected] = form.suggest;
    await saved(async () => {
      await tab.fill(`#${field}`, "");
      await tab.type(`#${field}`, typed);
      await tab.waitForFunction(
        ([id, text]) => [...document.getElementById(`${id}-list`).options].some((one) => one.value.endsWith(text)),
        [field, expected],
      );
      await tab.fill(`#${field}`, expected);
    });
    const [wrong, text] = form.wrong;
    await saved(() => tab.fill(`#${wrong}`, text));
    await tab.waitForSelector(`[data-said="${wrong}"] .error`);
    const judged = await new AxeBuilder({ page: tab }).withTags(RULES).analyze();
    for (const violation of judged.violations) fault(`axe: ${violation.id}: ${violation.nodes[0].html.slice(0, 160)}`);
    await tab.click("button[data-preview]");
    await tab.waitForSelector("#preview-body strong");
    await tab.goto(tab.url(), { waitUntil: "load" });
    for (const [name, value] of [...Object.entries(form.fill), [wrong, text]]) {
      if (name === field) continue;
      const kept = await tab.inputValue(`#${name}`);
      if (kept !== value) fault(`${name} is ${kept} and was ${value}`);
    }
    for (const [name, value] of Object.entries(form.choose)) {
      if ((await tab.inputValue(`#${name}`)) !== value) fault(`${name} is not ${value}`);
    }
    for (const [name, value] of form.boxes) {
      if (!(await tab.isChecked(`input[name="${name}"][value="${value}"]`))) fault(`${name} lacks ${value}`);
    }
  } catch (error) {
    fault(`failed: ${error.message}`);
  } finally {
    await context.close();
  }
}

const browser = await chromium.launch({ executablePath: process.env.DUIKOU_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const form of plan.forms) await write(browser, form);
await browser.close();
process.stdout.write(JSON.stringify(faults));
