// Writes listings in a real browser with scripts: a draft saves itself, suggestions help, what is wrong is said beside its
// field, a text is shown as its readers see it, and all of it is there when the page is opened again.
//
//   DUIKOU_BROWSER_DIR=DIR node write.mjs < PLAN > REPORT
//
// PLAN: {"base", "cookies": [{"name", "value"}], "forms": [{"kind", "direction", "says", "fill": {FIELD: TEXT}, "choose":
// {FIELD: VALUE}, "boxes": [[FIELD, VALUE]], "wrong": [FIELD, TEXT], "suggest": [FIELD, TYPED, EXPECTED]}]}. REPORT: a JSON
// list of faults, empty where all is well. "says" is what the direction is called.
import { DESKTOP, launch, plan, report, violations, visitor } from "./browser.mjs";

const PATIENCE = 60_000;
const faults = [];

async function write(browser, form) {
  const fault = (what) => faults.push({ page: `${form.kind} ${form.direction}`, look: "with scripts", what });
  const context = await visitor(browser, { locale: "zh-CN", viewport: DESKTOP });
  context.setDefaultTimeout(PATIENCE);
  try {
    const tab = await context.newPage();
    tab.on("console", (message) => {
      const busy = message.text().includes("status of 503");
      if (["error", "warning"].includes(message.type()) && !busy) fault(`console: ${message.text()}`);
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
    // What it is stays said when it has become a draft with an address of its own.
    const direction = async () => {
      const badge = await tab.textContent(".head .badge");
      if (badge !== form.says) fault(`it is said to be ${badge} and is ${form.says}`);
    };
    await direction();
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
    // A server that has no time just now is asked again with the next thing that is typed.
    await tab.route("**/drafts/*/*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }), { times: 1 });
    await tab.fill(`#${wrong}`, `${text} `);
    await tab.waitForSelector("#saved.bad");
    await saved(() => tab.fill(`#${wrong}`, text));
    await tab.waitForSelector(`[data-said="${wrong}"] .error`);
    (await violations(tab)).forEach(fault);
    await tab.click("button[data-preview]");
    await tab.waitForSelector("#preview-body strong");
    await tab.goto(tab.url(), { waitUntil: "load" });
    await direction();
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

const browser = await launch();
// Each waits for its own drafts to be saved.
await Promise.all(plan.forms.map((form) => write(browser, form)));
await browser.close();
report(faults);
