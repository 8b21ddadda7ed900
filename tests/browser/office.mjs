// The whole way of an office in a real browser: its first administrator lets two people in, one imports a dirty workbook,
// the other returns a listing and approves it the second time; it is seen at another node and at the gateway, is withdrawn,
// and is gone there.
//
//   DUIKOU_BROWSER_DIR=DIR node office.mjs < PLAN > REPORT
//
// PLAN: {"base", "link": PATH, "password", "dirty": FILE, "corrected": FILE, "title": OF A ROW, "elsewhere":
// [BASE]}. REPORT: a JSON list of faults, empty where all is well.
import { DESKTOP, launch, plan, report, visitor } from "./browser.mjs";

const PATIENCE = 30_000;
const faults = [];
let step = "begin";
const fault = (what) => faults.push({ page: step, look: "zh desktop", what });

const browser = await launch();

/** Somebody at a computer of their own. */
async function person(base = plan.base) {
  const context = await visitor(browser, { locale: "zh-CN", viewport: DESKTOP });
  context.setDefaultTimeout(PATIENCE);
  const tab = await context.newPage();
  tab.on("console", (message) => {
    // A page that is not there has its status, of which the browser tells too.
    const expected = message.text().includes("status of 404");
    if (["error", "warning"].includes(message.type()) && !expected) fault(`console: ${message.text()}`);
  });
  tab.on("pageerror", (error) => fault(`script: ${error.message}`));
  return { tab, go: (where) => tab.goto(base + where, { waitUntil: "load" }) };
}

/** Sets a password by a one-time link, and signs in with it. */
async function enter(who, link) {
  await who.go(link);
  await who.tab.fill("#new-password", plan.password);
  await who.tab.fill("#new-again", plan.password);
  await who.tab.click("button.main");
  await who.tab.fill("#password", plan.password);
  await who.tab.click("form[action='/sign-in'] button.main");
  await who.tab.waitForSelector("form[action='/sign-out']");
}

/** Lets somebody in who may do this. */
async function letIn(admin, login, role) {
  await admin.go("/admin/accounts/new");
  await admin.tab.fill("#login", login);
  await admin.tab.fill("#display-name", login);
  await admin.tab.selectOption("select[name^='role.']", role);
  await admin.tab.click("form[action='/admin/accounts'] button.main");
  const link = new URL(await admin.tab.inputValue("#link"), plan.base);
  const who = await person();
  await enter(who, link.pathname);
  return who;
}

/** Imports a file up to its preview, and hands in what is good; how many rows are wrong, and the batch. */
async function importFile(clerk, file) {
  await clerk.go("/import");
  await clerk.tab.setInputFiles("#file", file);
  await clerk.tab.click("form[action='/import'] button.main");
  await clerk.tab.waitForSelector("form[action$='/columns']");
  await clerk.tab.fill("#audience", "公开");
  await clerk.tab.click("form[action$='/columns'] button.main");
  await clerk.tab.waitForSelector("form[action$='/publish']");
  const wrong = await clerk.tab.locator("a[href$='/wrong.xlsx']").count();
  await clerk.tab.click("form[action$='/publish'] button.main");
  await clerk.tab.waitForSelector("a.main[href*='batch=']");
  return { wrong, batch: await clerk.tab.getAttribute("a.main[href*='batch=']", "href") };
}

/** Opens the draft with the row's title in the list of a batch. */
async function openDraft(who, batch) {
  await who.go(batch);
  await who.tab.click(`h2.card-title a:has-text("${plan.title}") >> nth=0`);
  await who.tab.waitForLoadState("load");
}

/** Goes on by the keyboard alone until the focus is on what is meant. */
async function tabTo(who, selector) {
  for (let presses = 0; presses < 150; presses++) {
    await who.tab.keyboard.press("Tab");
    if (await who.tab.evaluate((meant) => document.activeElement.matches(meant), selector)) return;
  }
  throw new Error(`the keyboard does not reach ${selector}`);
}

/** How many drafts wait for an approval, as the page in somebody's tab says. */
async function waiting(who) {
  const count = who.tab.locator("section[aria-labelledby='job-waiting'] .job-count");
  return (await count.count()) === 0 ? 0 : Number((await count.textContent()).replaceAll(",", ""));
}

/** Until a search at `base` finds the title, or no longer does. */
async function searched(base, found) {
  const reader = await person(base);
  const end = Date.now() + PATIENCE;
  for (;;) {
    await reader.go(`/listings?q=${encodeURIComponent(`"${plan.title}"`)}`);
    const links = await reader.tab.locator("main a[href^='/listings/']").filter({ hasText: plan.title }).count();
    if (links > 0 === found) return reader;
    if (Date.now() > end) {
      fault(`${base} ${found ? "does not find" : "still finds"} ${plan.title}`);
      return reader;
    }
    await reader.tab.waitForTimeout(500);
  }
}

try {
  step = "the first administrator";
  const admin = await person();
  await enter(admin, plan.link);
  step = "accounts";
  const clerk = await letIn(admin, "li.ming", "EDITOR");
  const reviewer = await letIn(admin, "wang.fang", "REVIEWER");

  step = "a dirty workbook";
  const dirty = await importFile(clerk, plan.dirty);
  if (dirty.wrong !== 1) fault("no row is wrong");
  step = "corrected";
  const corrected = await importFile(clerk, plan.corrected);
  if (corrected.wrong !== 0) fault("a row is wrong still");

  step = "returned";
  await openDraft(reviewer, corrected.batch);
  await reviewer.tab.waitForSelector("#reason");
  await reviewer.tab.fill("#reason", "请补充联系人");
  await reviewer.tab.click("form[action$='/return'] button");
  step = "handed in again";
  // The reviewer's page is open all the while.
  await reviewer.go("/");
  // They stand on something that will be gone.
  await reviewer.tab.evaluate(() => {
    window.stayed = true;
    const link = document.querySelector("#work a[href]");
    link.href = "/gone";
    link.focus();
  });
  const before = await waiting(reviewer);
  await clerk.go("/");
  await clerk.tab.click("section[aria-labelledby='job-returned'] ul a");
  await clerk.tab.waitForSelector("form.editor");
  if (!(await clerk.tab.textContent("main")).includes("请补充联系人")) fault("the reason is not shown");
  for (const group of await clerk.tab.$$("details.more-fields:not([open]) > summary")) await group.click();
  await clerk.tab.fill("#summary", "按要求补充：请与驻深联络处联系。");
  await clerk.tab.click("form.editor button[value='send']");
  await clerk.tab.waitForSelector("form[action$='/send'] button.main");
  await clerk.tab.click("form[action$='/send'] button.main");
  await clerk.tab.waitForLoadState("load");
  step = "told without a reload";
  const end = Date.now() + PATIENCE;
  while ((await waiting(reviewer)) !== before + 1 && Date.now() < end) await reviewer.tab.waitForTimeout(500);
  if ((await waiting(reviewer)) !== before + 1) fault(`${before} waited, and ${await waiting(reviewer)} do now`);
  if (!(await reviewer.tab.evaluate(() => window.stayed))) fault("the page was loaded anew");
  if (!(await reviewer.tab.evaluate(() => document.activeElement.matches("#work h2")))) fault("the focus is nowhere");
  step = "approved";
  // By the keyboard alone: past what surrounds the page, to what waits, to its listing, to the button.
  await reviewer.go("/");
  await reviewer.tab.keyboard.press("Tab");
  if (!(await reviewer.tab.evaluate(() => document.activeElement.matches("a.skip")))) fault("the first stop skips nothing");
  await reviewer.tab.keyboard.press("Enter");
  await tabTo(reviewer, "section[aria-labelledby='job-waiting'] a.button");
  await reviewer.tab.keyboard.press("Enter");
  const link = reviewer.tab.locator(`h2.card-title a:has-text("${plan.title}")`).first();
  const draft = await link.getAttribute("href");
  await tabTo(reviewer, `h2.card-title a[href="${draft}"]`);
  await reviewer.tab.keyboard.press("Enter");
  await reviewer.tab.waitForSelector("form[action$='/approve']");
  await tabTo(reviewer, "form[action$='/approve'] button.main");
  const outline = await reviewer.tab.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  if (outline === "none") fault("nobody sees where the focus is");
  await reviewer.tab.keyboard.press("Enter");
  await reviewer.tab.waitForURL(/\/listings\//);

  step = "seen elsewhere";
  const readers = [];
  for (const base of plan.elsewhere) readers.push(await searched(base, true));
  const links = readers.map((reader) => reader.tab.locator("main a[href^='/listings/']").filter({ hasText: plan.title }).first());
  const listing = await links[0].getAttribute("href");
  const where = new URL(listing, plan.base).pathname;
  step = "withdrawn";
  await clerk.go(where);
  await clerk.tab.click(`a[href='${where}/end']`);
  await clerk.tab.click("button.danger");
  await clerk.tab.waitForLoadState("load");
  step = "gone elsewhere";
  for (const base of plan.elsewhere) {
    const reader = await searched(base, false);
    const answer = await reader.go(where);
    if (answer.status() !== 404) fault(`${base}${where} answers ${answer.status()}`);
  }
  step = "told that the session is over";
  await clerk.go("/");
  await clerk.tab.context().clearCookies();
  await clerk.tab.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await clerk.tab.waitForSelector("#work-out a[href^='/sign-in']");
  const told = await clerk.tab.textContent("#work-out");
  if (!/登录已失效，内容停留在 \d+月\d+日 \d\d:\d\d。/.test(told)) fault(`says ${told}`);
} catch (error) {
  fault(`failed: ${error.message}`);
} finally {
  await browser.close();
}
report(faults);
