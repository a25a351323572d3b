// Drives one Chromium: a line of JSON in, a line of JSON out. Each step: {"do": "open" | "download" | "html" | "fill" | "click" | "text" |
// "count" | "address" | "screenshot" | "errors" | "fresh", …}. Ends with its stdin.
import readline from "node:readline";

import { chromium } from "playwright-core";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

let page;
let errors;

// A browser without cookies; what its console and its pages complain about is kept.
async function fresh(options) {
  if (page) await page.context().close();
  const context = await browser.newContext(options);
  page = await context.newPage();
  page.setDefaultTimeout(30_000);
  errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("dialog", (dialog) => errors.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
}

const steps = {
  fresh: (step) => fresh(step.options ?? {}),
  open: (step) => page.goto(step.address).then((answer) => answer?.status()),
  // Goes there although it is a download: what the browser calls the file, or null where a page came.
  download: async (step) => {
    const [download] = await Promise.all([
      page.waitForEvent("download", { timeout: 5_000 }).catch(() => null),
      page.goto(step.address).catch(() => null),
    ]);
    return download?.suggestedFilename() ?? null;
  },
  html: (step) => page.setContent(step.text),
  fill: (step) => page.fill(step.selector, step.text),
  type: (step) => page.locator(step.selector).pressSequentially(step.text),
  click: (step) => page.click(step.selector),
  wait: (step) => page.waitForSelector(step.selector).then(() => null),
  text: (step) => page.innerText(step.selector ?? "body"),
  value: (step) => page.inputValue(step.selector),
  count: (step) => page.locator(step.selector).count(),
  address: () => page.url(),
  screenshot: (step) => page.screenshot({ path: step.path, fullPage: true }).then(() => null),
  errors: () => errors,
};

await fresh({});
console.log(JSON.stringify({ value: browser.version() }));
for await (const line of readline.createInterface({ input: process.stdin })) {
  const step = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: (await steps[step.do](step)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error), address: page.url(), text: await page.innerText("body").catch(() => "") }));
  }
}
await browser.close();
process.exit(0);
