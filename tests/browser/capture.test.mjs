// A form on a website becomes a lead: in a real browser, from another origin, with all that goes wrong on the way.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  answering, closeBrowser, connection, dev, fill, leadctl, leads, newKey, open, script, send, site, status, visitor,
} from "./stack.mjs";

const THANKS = "Thank you! Your message has arrived.";
const RENDERED = "<div data-leadline-form></div>";

after(closeBrowser);

async function says(page, text) {
  const line = status(page).filter({ hasText: text });
  await line.waitFor().catch(async () => assert.fail(`"${await status(page).textContent()}" is not ${text}`));
}

test("the form that the script renders becomes one lead", async (t) => {
  const ada = visitor();
  const page = await open(t, dev.demo_page);

  await fill(page, { ...ada, phone: "+44 20 7946 0000", account_name: "Engines Ltd" });
  await send(page);
  await says(page, THANKS);

  const [lead, ...more] = await leads(ada.email);
  assert.equal(more.length, 0);
  assert.deepEqual(
    [lead.first_name, lead.last_name, lead.phone, lead.account_name, lead.description, lead.created_from_site],
    ["Ada King", "Lovelace", "+44 20 7946 0000", "Engines Ltd", ada.message, true],
  );
});

test("a form of the page's own is taken over", async (t) => {
  const ada = visitor();
  const page = await open(t, `${dev.demo_page}/form.html`);

  await fill(page, { ...ada, first_name: "Ada", last_name: "Lovelace" });
  await send(page);
  await says(page, THANKS);

  assert.equal(page.url(), `${dev.demo_page}/form.html`);
  assert.equal((await leads(ada.email)).length, 1);
});

test("without scripts the same form is a plain post", async (t) => {
  const ada = visitor();
  const page = await open(t, `${dev.demo_page}/form.html`, { javaScriptEnabled: false });

  await fill(page, { ...ada, first_name: "Ada", last_name: "Lovelace" });
  const [answer] = await Promise.all([page.waitForResponse((it) => it.request().method() === "POST"), send(page)]);

  assert.equal(answer.status(), 201);
  await page.getByText(/thank you/i).first().waitFor();
  assert.equal((await leads(ada.email)).length, 1);
});

test("without scripts what is wrong is told on a page", async (t) => {
  const ada = visitor();
  const page = await open(t, `${dev.demo_page}/form.html`, { javaScriptEnabled: false });

  await fill(page, { ...ada, name: "  " });
  const [answer] = await Promise.all([page.waitForResponse((it) => it.request().method() === "POST"), send(page)]);

  assert.equal(answer.status(), 400);
  assert.match(answer.headers()["content-type"], /^text\/html/);
  await page.locator("li").first().waitFor();
  assert.deepEqual(await leads(ada.email), []);
});

test("the snippet works where it is pasted, with scripts and without", async (t) => {
  const key = await newKey();
  const { html } = await leadctl("key", "snippet", "--org", dev.org, "--key", key.id, "--api-key", key.api_key);
  const origin = await site(t, { "/": html });
  const [ada, grace] = [visitor(), visitor()];

  const scripted = await open(t, origin);
  await fill(scripted, { ...ada, first_name: "Ada", last_name: "Lovelace" });
  await send(scripted);
  await says(scripted, THANKS);
  const plain = await open(t, origin, { javaScriptEnabled: false });
  await fill(plain, { ...grace, first_name: "Grace", last_name: "Hopper" });
  await send(plain);
  await plain.getByText(/thank you/i).first().waitFor();

  assert.equal((await leads(ada.email)).length, 1);
  assert.equal((await leads(grace.email)).length, 1);
});

test("a double click on a slow connection, with the script on the page twice, is one post", async (t) => {
  const ada = visitor();
  const line = await connection(t, "slow");
  const origin = await site(t, { "/": RENDERED + script(dev.api_key, line.origin).repeat(2) });
  const page = await open(t, origin);

  await fill(page, ada);
  await page.locator("form button").dblclick();
  await says(page, THANKS);

  assert.equal(line.posts.length, 1);
  assert.equal((await leads(ada.email)).length, 1);
});

test("a moment offline is got over", async (t) => {
  const ada = visitor();
  const page = await open(t, dev.demo_page);

  await fill(page, ada);
  await page.context().setOffline(true);
  await send(page);
  await page.waitForTimeout(500);
  await page.context().setOffline(false);
  await says(page, THANKS);

  assert.equal((await leads(ada.email)).length, 1);
});

test("longer offline says so, keeps what was typed and can be sent again", async (t) => {
  const ada = visitor();
  const page = await open(t, dev.demo_page);

  await fill(page, ada);
  await page.context().setOffline(true);
  await send(page);
  await says(page, "You are offline.");
  assert.equal(await page.locator("[name=message]").inputValue(), ada.message);
  await page.context().setOffline(false);
  await send(page);
  await says(page, THANKS);

  assert.equal((await leads(ada.email)).length, 1);
});

for (const [what, fate] of [["lost on its way", "drop"], ["answered with 503", 503], ["answered with 502", 502]]) {
  test(`a post that is ${what} is sent once more`, async (t) => {
    const ada = visitor();
    const line = await connection(t, fate);
    const origin = await site(t, { "/": RENDERED + script(dev.api_key, line.origin) });
    const page = await open(t, origin);

    await fill(page, ada);
    await send(page);
    await says(page, THANKS);

    assert.equal(line.posts.length, 2);
    assert.equal((await leads(ada.email)).length, 1);
  });
}

test("a connection lost after the lead was stored makes no second lead", async (t) => {
  const ada = visitor();
  const line = await connection(t, "swallow");
  const origin = await site(t, { "/": RENDERED + script(dev.api_key, line.origin) });
  const page = await open(t, origin);

  await fill(page, ada);
  await send(page);
  await says(page, THANKS);

  assert.equal(line.posts.length, 2);
  assert.equal(line.posts[0].key, line.posts[1].key);
  assert.deepEqual(line.posts.map((post) => post.replayed), [false, true]);
  assert.equal((await leads(ada.email)).length, 1);
});

test("sent again by hand it has the same key until something in it is changed", async (t) => {
  const ada = visitor();
  const line = await connection(t, "drop", "drop", "drop", "drop", "drop", "drop");
  const origin = await site(t, { "/": RENDERED + script(dev.api_key, line.origin) });
  const page = await open(t, origin);

  await fill(page, ada);
  for (const more of ["", "", " Changed."]) {
    await fill(page, { message: ada.message + more });
    const before = line.posts.length;
    await send(page);
    await says(page, "No answer. Trying again…");
    await says(page, /contact us|did not work/);
    assert.equal(line.posts.length, before + 2);
  }

  const [first, , second, , third] = line.posts.map((post) => post.key);
  assert.ok(first.length >= 20);
  assert.equal(first, second);
  assert.notEqual(first, third);
});

test("a wrong field shows its error beside it and gets the focus", async (t) => {
  const ada = visitor();
  const page = await open(t, dev.demo_page);
  const phone = page.locator("[name=phone]");

  await fill(page, { ...ada, phone: "none" });
  await send(page);
  await says(page, "Please check the marked fields.");

  const described = (await phone.getAttribute("aria-describedby")).trim();
  const error = page.locator(`[id="${described}"]`);
  assert.equal(await phone.getAttribute("aria-invalid"), "true");
  assert.equal(await error.textContent(), "This must hold at least 3 digits.");
  assert.ok(await phone.evaluate((field) => field === document.activeElement));
  const [above, below] = [await phone.boundingBox(), await error.boundingBox()];
  assert.ok(below.y >= above.y + above.height && below.y < above.y + above.height + 24, "it is right below");
  assert.deepEqual(await leads(ada.email), []);

  await phone.fill("555 0100");
  assert.equal(await phone.getAttribute("aria-invalid"), "false");
  assert.equal(await error.textContent(), "");
  await send(page);
  await says(page, THANKS);
  assert.equal((await leads(ada.email)).length, 1);
});

test("all that is missing is shown at once, the focus on the first", async (t) => {
  const page = await open(t, dev.demo_page);
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request));

  await fill(page, { email: "no" });
  await send(page);
  await says(page, "Please check the marked fields.");

  const errors = await page.locator(".leadline-error").allTextContents();
  assert.deepEqual(errors, ["Please fill in this field.", "Please give an address like ada@example.com."]);
  assert.ok(await page.locator("[name=name]").evaluate((field) => field === document.activeElement));
  assert.equal(posts.length, 0);
});

test("what the API finds missing is shown at the field that stands for it", async (t) => {
  const form = `<form data-leadline><label>Name <input name="name"></label>
    <label>Phone <input name="phone" aria-describedby="hint"></label><i id="hint">By day</i><button>Go</button></form>`;
  const origin = await site(t, { "/": form + script(dev.api_key) });
  const page = await open(t, origin);

  await send(page);
  await says(page, "Please check the marked fields.");

  const errors = await page.locator(".leadline-error").allTextContents();
  assert.deepEqual(errors, ["Please fill in this field.", "Please give an e-mail address or a phone number."]);
  assert.match(await page.locator("[name=phone]").getAttribute("aria-describedby"), /^hint leadline-/);
});

test("a page that the key is not for says so in plain words", async (t) => {
  const ada = visitor();
  const key = await newKey("--origin", "https://elsewhere.example");
  const origin = await site(t, { "/": RENDERED + script(key.api_key) });
  const page = await open(t, origin);

  await fill(page, ada);
  await send(page);
  await says(page, "This page cannot send the form. Please contact us in another way.");

  assert.equal(await page.locator("[name=message]").inputValue(), ada.message);
  assert.deepEqual(await leads(ada.email), []);
});

test("a page that the key is for may send", async (t) => {
  const ada = visitor();
  const pages = {};
  const origin = await site(t, pages);
  const key = await newKey("--origin", origin);
  pages["/"] = RENDERED + script(key.api_key);
  const page = await open(t, origin);

  await fill(page, ada);
  await send(page);
  await says(page, THANKS);

  assert.equal((await leads(ada.email)).length, 1);
});

test("the lead knows where it came from, the first campaign of the visit and the site before", async (t) => {
  const ada = visitor();
  const campaign = {
    utm_source: "news", utm_medium: "mail", utm_campaign: "spring 2030", utm_term: "roof", utm_content: "top",
    gclid: "Cj0K",
  };
  const pages = { "/": RENDERED + script(dev.api_key) };
  const shop = await site(t, pages);
  const landing = `${shop}/?${new URLSearchParams({ ...campaign, other: "1" })}`;
  const before = await site(t, { "/": `<a href="${landing.replaceAll("&", "&amp;")}">to the shop</a>` });
  pages["/contact"] = pages["/"];
  pages["/"] += `<a href="/contact?utm_source=late&amp;q=2#form">contact</a>`;

  const page = await open(t, before);
  await page.getByText("to the shop").click();
  await page.getByText("contact").click();
  await fill(page, ada);
  await send(page);
  await says(page, THANKS);

  const [{ attribution }] = await leads(ada.email);
  assert.deepEqual(attribution, {
    ...campaign, referrer: `${before}/`, page_url: `${shop}/contact?utm_source=late&q=2`,
  });
});

test("a German page has a German form", async (t) => {
  const ada = visitor();
  const page = await open(t, `${dev.demo_page}/de.html`);

  await fill(page, { message: ada.message, email: "falsch" });
  await send(page);
  await says(page, "Bitte prüfen Sie die markierten Felder.");
  const errors = await page.locator(".leadline-error").allTextContents();
  await fill(page, ada);
  await page.getByRole("button", { name: "Absenden" }).click();
  await says(page, "Vielen Dank! Ihre Nachricht ist angekommen.");

  assert.deepEqual(errors, ["Bitte füllen Sie dieses Feld aus.", "Bitte eine Adresse wie ada@example.com angeben."]);
  assert.equal((await leads(ada.email)).length, 1);
});

test("the keyboard is enough, and every field has its name", async (t) => {
  const ada = visitor();
  const page = await open(t, dev.demo_page);
  const values = { ...ada, phone: "555 0100", account_name: "Engines Ltd" };
  const seen = [];

  for (let steps = 0; steps < 40 && seen.at(-1) !== "Send"; steps++) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const { tagName, name, labels, textContent } = document.activeElement;
      return { tagName, name, label: labels?.[0]?.textContent.trim(), textContent };
    });
    if (focus.tagName === "BUTTON") seen.push(focus.textContent);
    if (!focus.name) continue;
    seen.push(focus.label);
    await page.keyboard.type(values[focus.name]);
  }
  await page.keyboard.press("Enter");
  await says(page, THANKS);

  assert.deepEqual(seen, ["Name *", "E-mail *", "Phone", "Company", "Message", "Send"]);
  assert.ok(await status(page).evaluate((line) => line === document.activeElement), "the thanks have the focus");
  assert.equal((await leads(ada.email)).length, 1);
});

test("a robot that fills the trap believes it was heard", async (t) => {
  const ada = visitor();
  const page = await open(t, dev.demo_page);
  const trap = page.locator("[name=website_url_confirm]");

  assert.equal((await trap.ariaSnapshot()).trim(), "", "no reader comes across it");
  await fill(page, ada);
  await trap.evaluate((field) => (field.value = "https://spam.example"));
  await send(page);
  await says(page, THANKS);

  assert.deepEqual(await leads(ada.email), []);
});

test("over the limit the form says how long to wait", async (t) => {
  const [ada, grace] = [visitor(), visitor()];
  const key = await newKey("--limit", "1");
  const origin = await site(t, { "/": RENDERED + script(key.api_key) });

  const first = await open(t, origin);
  await fill(first, ada);
  await send(first);
  await says(first, THANKS);
  const second = await open(t, origin);
  await fill(second, grace);
  await send(second);
  await says(second, /^Please send again in \d+ seconds\.$/);

  const [, seconds] = /(\d+)/.exec(await status(second).textContent());
  assert.ok(seconds > 0 && seconds <= 60, seconds);
  assert.equal(await second.locator("[name=message]").inputValue(), grace.message);
  assert.equal((await leads(ada.email)).length, 1);
  assert.deepEqual(await leads(grace.email), []);
});

test("who has to prove to be human is told so, and may try again", async (t) => {
  const ada = visitor();
  const verifier = await answering(t, (asked) => ({ success: asked.get("response") === "passed" }));
  const key = await newKey("--captcha-url", `${verifier}/verify`, "--captcha-secret", "hush");
  const widget = `<script>window.turnstile = { reset: () => (document.title = "reset") }</script>
    <form data-leadline><input name="name"><input name="email"><input type="hidden" name="cf-turnstile-response">
    <button>Go</button></form>`;
  const page = await open(t, await site(t, { "/": widget + script(key.api_key) }));

  await fill(page, ada);
  await send(page);
  await says(page, "Please confirm that you are human.");
  assert.equal(await page.title(), "reset");
  assert.deepEqual(await leads(ada.email), []);
  await page.locator("[type=hidden]").evaluate((field) => (field.value = "passed"));
  await send(page);
  await says(page, THANKS);

  assert.equal((await leads(ada.email)).length, 1);
});

test("the page chooses fields, source and where to go, and hears of the lead", async (t) => {
  const ada = visitor();
  const form = `<div data-leadline-form data-fields="message, email last_name" data-source="Spring fair"
    data-redirect="/thanks"></div><script>
    addEventListener("leadline:sent", ({ detail }) => sessionStorage.setItem("heard", detail.id));</script>`;
  const origin = await site(t, { "/": form + script(dev.api_key), "/thanks": "<h1>See you</h1>" });
  const page = await open(t, origin);

  const names = await page.locator("form :is(input, textarea)").evaluateAll((all) => all.map((field) => field.name));
  await fill(page, { ...ada, last_name: "Lovelace" });
  await send(page);
  await page.waitForURL(`${origin}/thanks`);

  assert.deepEqual(names, ["message", "email", "last_name", "website_url_confirm"]);
  const [lead] = await leads(ada.email);
  assert.equal(lead.source, "Spring fair");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("heard")), lead.id);
});

test("the redirect of a form is followed with scripts and without", async (t) => {
  const pages = { "/thanks": "<h1>See you</h1>" };
  const origin = await site(t, pages);
  const key = await newKey("--redirect", `${origin}/thanks`);
  pages["/"] = `<form data-leadline method="post" action="${dev.api}/api/leads/create-from-site/?apikey=${key.api_key}">
    <input name="name"><input name="email"><input type="hidden" name="redirect" value="${origin}/thanks">
    <button>Go</button></form>${script(key.api_key)}`;

  for (const javaScriptEnabled of [true, false]) {
    const ada = visitor();
    const page = await open(t, origin, { javaScriptEnabled });
    await fill(page, ada);
    await send(page);
    await page.waitForURL(`${origin}/thanks`);

    assert.equal((await leads(ada.email)).length, 1);
  }
});

test("a page with a strict policy has to allow the API's address, nothing more", async (t) => {
  const ada = visitor();
  const policy = `default-src 'none'; script-src ${dev.api}; connect-src ${dev.api}`;
  const headers = { "Content-Security-Policy": policy };
  const origin = await site(t, { "/": RENDERED + script(dev.api_key) }, headers);
  const page = await open(t, origin);

  await fill(page, ada);
  await send(page);
  await says(page, THANKS);

  assert.equal((await leads(ada.email)).length, 1);
});
