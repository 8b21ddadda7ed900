// Works in the editor by the keyboard alone: nothing that has the focus lies hidden, Enter in a line saves and stays, and
// what is wrong is where whoever sent the form goes on.
//
//   DUIKOU_BROWSER_DIR=DIR node edit.mjs < PLAN > REPORT
//
// PLAN: {"base", "cookies": [{"name", "value"}], "kinds": [KIND]}. REPORT: a JSON list of faults, empty where all is well.
import { DESKTOP, launch, plan, report, violations, visitor } from "./browser.mjs";

const PATIENCE = 60_000;
// Presses of Tab after which a page is not walked any further.
const TABS = 250;
const faults = [];

/** What has the focus, and whether it is to be seen where it lies. */
function focused(tab) {
  return tab.evaluate(() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const box = one.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height, 40) / 2);
    const seen = !!top && (one.contains(top) || top.contains(one) || [...(one.labels ?? [])].some((label) => label.contains(top)));
    const name = one.id || one.getAttribute("name") || one.textContent.trim().slice(0, 20);
    return { name: `${one.tagName} ${name}`, seen, fixed: !!one.closest(".actions") };
  });
}

async function edit(browser, kind) {
  const fault = (what) => faults.push({ page: kind, look: "by keyboard", what });
  const context = await visitor(browser, { locale: "zh-CN", viewport: DESKTOP });
  context.setDefaultTimeout(PATIENCE);
  try {
    const tab = await context.newPage();
    tab.on("pageerror", (error) => fault(`script: ${error.message}`));
    await tab.goto(`${plan.base}/drafts/new?kind=${kind}&direction=offer`, { waitUntil: "load" });
    await tab.focus("#title");
    for (let pressed = 0, last = ""; pressed < TABS; pressed += 1) {
      const now = await focused(tab);
      if (!now || now.fixed) break;
      if (!now.seen) fault(`${now.name} has the focus and is hidden`);
      if (now.name.startsWith("SUMMARY") && now.name !== last) await tab.keyboard.press("Space");
      last = now.name;
      await tab.keyboard.press("Tab");
    }
    if (!(await focused(tab))?.fixed) fault("Tab does not lead from the title to the buttons");

    // Enter saves and stays.
    await tab.fill("#title", "键盘");
    const before = await tab.inputValue("input[name=etag]");
    await tab.focus("#title");
    await tab.keyboard.press("Enter");
    await tab.waitForFunction((etag) => document.querySelector("input[name=etag]").value !== etag, before);
    if ((await focused(tab))?.name !== "INPUT title") fault(`Enter leads to ${(await focused(tab))?.name}`);
    if (!/\/drafts\/[^/]+\/[^/?]+$/.test(tab.url())) fault(`the address is ${tab.url()}`);
    const back = await tab.inputValue(".switches input[name=back]");
    if (back !== new URL(tab.url()).pathname) fault(`another language leads to ${back}`);

    // What is wrong is told where the focus is, and leads to its field.
    await Promise.all([tab.waitForNavigation(), tab.click("button.main[name=do]")]);
    if (!(await tab.evaluate(() => document.activeElement.matches('[role="alert"]')))) fault("the notice has no focus");
    const links = await tab.$$(".to-fields a");
    if (links.length < 2) fault(`${links.length} links lead to what is wrong`);
    for (const link of links) {
      await link.focus();
      await tab.keyboard.press("Enter");
      const wanted = (await link.getAttribute("href")).slice(1);
      const now = await focused(tab);
      const id = await tab.evaluate(() => document.activeElement.id);
      if (id !== wanted || !now?.seen) fault(`the link to ${wanted} leads to ${now?.name ?? "nothing"}`);
    }
    (await violations(tab)).forEach(fault);
  } catch (error) {
    fault(`failed: ${error.message}`);
  } finally {
    await context.close();
  }
}

const browser = await launch();
await Promise.all(plan.kinds.map((kind) => edit(browser, kind)));
await browser.close();
report(faults);
