// How the form looks: nothing too pale to read, nothing cut off; screenshots of it go to the folder SCREENSHOTS.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { closeBrowser, dev, fill, open, send, visitor } from "./stack.mjs";

const folder = process.env.SCREENSHOTS;
const NARROW = { width: 320, height: 640 };

after(closeBrowser);
mkdirSync(folder, { recursive: true });

const shoot = (page, name) => page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });

/** The least contrast between a text of the form and what is behind it. */
function leastContrast(page) {
  return page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    // The system's own colour of a page is behind everything.
    function luminance(...layers) {
      for (const layer of ["Canvas", ...layers]) {
        canvas.fillStyle = layer;
        canvas.fillRect(0, 0, 1, 1);
      }
      const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) => {
        const part = byte / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    }
    canvas.canvas.style.colorScheme = getComputedStyle(document.documentElement).colorScheme;
    document.body.append(canvas.canvas);
    const texts = [...document.querySelectorAll("form :is(p, label, input, textarea, button, [role=status])")];
    const contrasts = texts.map((node) => {
      const behind = [];
      for (let box = node; box; box = box.parentElement) behind.unshift(getComputedStyle(box).backgroundColor);
      const [a, b] = [luminance(...behind), luminance(...behind, getComputedStyle(node).color)];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
    canvas.canvas.remove();
    return Math.min(...contrasts);
  });
}

for (const colorScheme of ["light", "dark"]) {
  for (const [where, viewport] of [["wide", { width: 1024, height: 768 }], ["narrow", NARROW]]) {
    for (const [what, address] of [["rendered", "/"], ["own", "/form.html"], ["german", "/de.html"]]) {
      test(`${what}, ${colorScheme}, ${where}`, async (t) => {
        const name = `${what}-${colorScheme}-${where}`;
        const page = await open(t, dev.demo_page + address, { colorScheme, viewport });
        await page.locator("form button").waitFor();

        await shoot(page, name);
        assert.ok((await leastContrast(page)) >= 4.5, `contrast ${await leastContrast(page)}`);

        await fill(page, { ...visitor(), name: "", last_name: "", email: "ada@" });
        await send(page);
        await page.locator(".leadline-error").first().waitFor();
        await shoot(page, `${name}-errors`);
        assert.ok((await leastContrast(page)) >= 4.5, `contrast of the errors ${await leastContrast(page)}`);
        const [wide, there] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide <= there, `${wide} px do not fit into ${there}`);

        await fill(page, { ...visitor(), last_name: "Lovelace" });
        await send(page);
        await page.getByText(/has arrived|ist angekommen/).waitFor();
        await shoot(page, `${name}-sent`);
      });
    }
  }
}
