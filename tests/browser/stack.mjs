// The running stack, a browser, sites of our own and a bad connection, for the tests beside this file.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const { DATA_DIR, LEADCTL, CHROMIUM } = process.env;

/** What `leadctl dev` wrote when all was up. */
export const dev = JSON.parse(readFileSync(path.join(DATA_DIR, "dev.json"), "utf8"));

/** Runs one command of leadctl on the stack; its answer. */
export async function leadctl(...args) {
  const { stdout } = await promisify(execFile)(LEADCTL, [...args, "--json", "--data-dir", DATA_DIR]);
  return JSON.parse(stdout);
}

/** A new API key: `{id, api_key}`. */
export const newKey = (...options) => leadctl("key", "create", "--org", dev.org, "--name", "Browser tests", ...options);

/** The leads in the list with this e-mail. */
export async function leads(email) {
  const answer = await fetch(`${dev.api}/api/leads/?limit=100&email=${encodeURIComponent(email)}`, {
    headers: { Authorization: `Bearer ${dev.admin.token}`, "organization-id": dev.org },
  });
  if (!answer.ok) throw new Error(`the list answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()).open_leads;
}

let visitors = 0;

/** Somebody new, with an e-mail that no other test uses. */
export function visitor() {
  const tag = `${process.pid}-${++visitors}-${Date.now().toString(36)}`;
  return { name: "Ada King Lovelace", email: `ada-${tag}@example.com`, message: `Hello, this is ${tag}.` };
}

let browser;

/** A page of a fresh browser profile, closed after the test; an exception in the page fails the test. */
export async function open(t, url, { goto, ...options } = {}) {
  browser ??= await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(error));
  t.after(async () => {
    await context.close();
    if (problems.length) throw problems[0];
  });
  await page.goto(url, goto);
  return page;
}

export const closeBrowser = () => browser?.close();

/** Writes into the fields of that name as far as the form has them. */
export async function fill(page, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`form [name="${name}"]`);
    if (await field.count()) await field.fill(value);
  }
}

export const send = (page) => page.locator("form button").click();

/** What the form says when all is done, or why it is not. */
export const status = (page) => page.locator("form [role=status]");

async function listen(t, server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A website of our own, with the body of each page by its path; its origin. */
export function site(t, pages, headers = {}) {
  const server = http.createServer((request, response) => {
    const body = pages[new URL(request.url, "http://site").pathname];
    response.writeHead(body ? 200 : 404, { "Content-Type": "text/html; charset=utf-8", ...headers });
    response.end(body && `<!doctype html><html lang="en"><title>Site</title><body>${body}</body></html>`);
  });
  return listen(t, server);
}

/** A server that answers a form with JSON; its origin. */
export function answering(t, answer) {
  const server = http.createServer(async (request, response) => {
    const asked = new URLSearchParams(await text(request));
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer(asked)));
  });
  return listen(t, server);
}

/** The tag that a website carries. */
export const script = (key, api = dev.api) => `<script src="${api}/api/leads/form.js?key=${key}" defer></script>`;

/**
 * A connection to the API on which posts meet what `plan` says, in order, then nothing special:
 * "drop" loses a post on its way, "swallow" its answer, a number is answered in place of the API,
 * "slow" takes half a second. Every post is kept in `posts`.
 */
export async function connection(t, ...plan) {
  const posts = [];
  const server = http.createServer(async (request, response) => {
    const body = await text(request);
    const fate = request.method === "POST" ? plan.shift() : undefined;
    const post = { key: request.headers["idempotency-key"] };
    if (request.method === "POST") posts.push(post);
    if (fate === "drop") return request.socket.destroy();
    // A socket used again would let the browser itself repeat what was lost.
    const headers = { Connection: "close" };
    if (typeof fate === "number") {
      const origin = request.headers.origin;
      response.writeHead(fate, { ...headers, "Access-Control-Allow-Origin": origin, "Content-Type": "text/plain" });
      return response.end();
    }
    if (fate === "slow") await new Promise((resolve) => setTimeout(resolve, 500));
    const { host, connection, ...asked } = request.headers;
    const upstream = http.request(dev.api + request.url, { method: request.method, headers: asked });
    upstream.on("response", (answer) => {
      post.replayed = answer.headers["idempotent-replayed"] === "true";
      if (fate === "swallow") {
        answer.resume();
        return answer.on("end", () => request.socket.destroy());
      }
      const { connection, "keep-alive": keep, ...answered } = answer.headers;
      response.writeHead(answer.statusCode, { ...answered, ...headers });
      answer.pipe(response);
    });
    upstream.end(body);
  });
  return { origin: await listen(t, server), posts };
}
