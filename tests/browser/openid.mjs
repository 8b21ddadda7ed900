// Signing in by an OpenID provider in a real browser: somebody connects their account, signs out, and comes back by the
// provider; then once more in another browser without scripts, where the provider asks for their login.
//
//   DUIKOU_BROWSER_DIR=DIR node openid.mjs < PLAN > REPORT
//
// PLAN: {"base", "login", "password", "subject", "pictures": "FOLDER or absent"}. REPORT: a JSON list of faults, empty where
// all is well.
import path from "node:path";
import { DESKTOP, launch, plan, report, violations, visitor } from "./browser.mjs";

const PATIENCE = 30_000;
const faults = [];
let step = "begin";
const fault = (what) => faults.push({ page: step, look: "zh desktop", what });

/** A browser of its own at this server. */
async function fresh(browser, javaScriptEnabled) {
  const context = await visitor(browser, { locale: "zh-CN", viewport: DESKTOP, javaScriptEnabled });
  context.setDefaultTimeout(PATIENCE);
  const tab = await context.newPage();
  tab.on("console", (message) => {
    // What the provider's pages say is its own affair.
    const here = message.location().url.startsWith(plan.base);
    if (here && ["error", "warning"].includes(message.type())) fault(`console: ${message.text()}`);
  });
  return tab;
}

/** Judges the page that is shown, and keeps a picture of it where somebody wants one. */
async function judge(tab, name) {
  if (plan.pictures) await tab.screenshot({ path: path.join(plan.pictures, `${name}.png`), fullPage: true });
  for (const found of await violations(tab)) fault(`${name}: ${found}`);
}

/** Says at the provider who one is, and lets it tell this server. */
async function vouch(tab) {
  await tab.fill("input[name=login]", plan.subject);
  await tab.fill("input[name=password]", "anything");
  await tab.click("button[type=submit]");
  await tab.waitForSelector("input[name=prompt][value=consent]", { state: "attached" });
  await tab.click("button[type=submit]");
}

/** Whether somebody is signed in, and where they should be. */
async function isIn(tab, where) {
  await tab.waitForSelector("form[action='/sign-out']");
  if (new URL(tab.url()).pathname !== where) fault(`they are at ${tab.url()}`);
}

const browser = await launch();
try {
  const tab = await fresh(browser, true);
  step = "sign in by password";
  await tab.goto(`${plan.base}/sign-in?back=%2Faccount`);
  await judge(tab, "provider-sign-in");
  await tab.fill("#login", plan.login);
  await tab.fill("#password", plan.password);
  await tab.click("form[action='/sign-in'] button.main");
  step = "connect";
  await tab.fill("#identity-password", plan.password);
  await judge(tab, "provider-account");
  await tab.click("form[action='/account/identity'] button");
  await tab.waitForSelector("#go");
  await judge(tab, "provider-go");
  await tab.click("#go");
  await vouch(tab);
  await tab.waitForSelector("form[action='/account/identity/remove']");
  await isIn(tab, "/account");
  if (!(await tab.textContent("main")).includes(plan.subject)) fault("the account does not show its identity");
  await judge(tab, "provider-connected");
  step = "sign out and come back";
  await tab.click("form[action='/sign-out'] button");
  await tab.waitForSelector("form[action='/sign-out']", { state: "detached" });
  await tab.goto(`${plan.base}/sign-in?back=%2Fmembers`);
  await tab.click("#provider");
  await isIn(tab, "/members");

  step = "without scripts";
  const plain = await fresh(browser, false);
  await plain.goto(`${plan.base}/sign-in?back=%2Faccount`);
  await plain.click("#provider");
  await vouch(plain);
  await isIn(plain, "/account");
} catch (error) {
  fault(error.message);
} finally {
  await browser.close();
}
report(faults);
