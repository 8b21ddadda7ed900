// What the scripts beside this one have in common: the browser, its tools, how pages are judged, and how a plan comes in.
//
// DUIKOU_BROWSER_DIR holds what tests/run installs; DUIKOU_CHROMIUM is the browser's path where it is not the usual one.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

export const require = createRequire(path.join(process.env.DUIKOU_BROWSER_DIR, "package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** What the script was started with. */
export const plan = JSON.parse(readFileSync(0, "utf8"));

/** One browser for everything. */
export function launch() {
  return chromium.launch({ executablePath: process.env.DUIKOU_CHROMIUM ?? "/usr/bin/chromium-headless-shell", args: ["--no-sandbox", "--disable-gpu"] });
}

/** A browser of somebody's own, with the cookies of the plan. */
export async function visitor(browser, options) {
  const context = await browser.newContext({ ...options, ignoreHTTPSErrors: true });
  const cookies = plan.cookies ?? [];
  await context.addCookies(cookies.map((one) => ({ ...one, url: plan.base, secure: true, httpOnly: true, sameSite: "Lax" })));
  return context;
}

/**
 * The violations that axe finds on the page that `tab` shows, by the rules named, or by all that matter. It runs within
 * the page: axe's own driver opens a second page for each look, which takes longer than the look.
 */
export async function violations(tab, rules) {
  const runOnly = rules ? { type: "rule", values: rules } : { type: "tag", values: TAGS };
  await tab.evaluate(AXE);
  return tab.evaluate(async (only) => {
    const told = (node) => `${node.html.slice(0, 160)} ${node.failureSummary?.split("\n")[1] ?? ""}`;
    const { violations: found } = await window.axe.run(document, { runOnly: only, resultTypes: ["violations"] });
    return found.map((one) => `axe: ${one.id}: ${one.nodes.slice(0, 3).map(told).join(" | ")}`);
  }, runOnly);
}

/** Ends the script with what it found. */
export function report(faults) {
  process.stdout.write(JSON.stringify(faults));
}
