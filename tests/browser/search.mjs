// Somebody types into the search of a page, in a real browser, and is offered what they may mean.
//
//   DUIKOU_BROWSER_DIR=DIR node search.mjs < PLAN > REPORT
//
// PLAN: {"base", "typed": TEXT, "offered": TEXT}. REPORT: a JSON list of faults, empty where all is well.
import { DESKTOP, launch, plan, report, visitor } from "./browser.mjs";

const PATIENCE = 15_000;
const faults = [];
const browser = await launch();
for (const path of ["/", "/listings"]) {
  const fault = (what) => faults.push({ page: path, look: "zh desktop", what });
  const context = await visitor(browser, { locale: "zh-CN", viewport: DESKTOP });
  const tab = await context.newPage();
  tab.on("pageerror", (error) => fault(`script: ${error.message}`));
  try {
    await tab.goto(plan.base + path, { waitUntil: "load" });
    await tab.locator("#q").pressSequentially(plan.typed);
    const offer = `#suggestions option[value=${JSON.stringify(plan.offered)}]`;
    await tab.waitForSelector(offer, { state: "attached", timeout: PATIENCE });
    // Whoever takes it finds what it is of.
    await tab.fill("#q", plan.offered);
    await tab.press("#q", "Enter");
    await tab.waitForSelector("main .cards a", { timeout: PATIENCE });
  } catch (error) {
    fault(`failed: ${error.message}`);
  }
  await context.close();
}
await browser.close();
report(faults);
