/*
 * Leadline: hands what a visitor writes in a form to the lead API.
 *
 * <script src="https://API/api/leads/form.js?key=KEY" defer></script> takes over each <form data-leadline> and
 * renders one into each <div data-leadline-form data-fields="name, email, message">. Either may have data-redirect,
 * the page to go to afterwards, and data-source. A form that was sent fires "leadline:sent".
 */
(() => {
	const { src } = document.currentScript;
	const api = src.replace(/form\.js.*[?&]key=/, "create-from-site/?apikey=");

	const language = +/^de\b/i.test(document.documentElement.lang);
	const say = (id, value) => TEXTS[id][language].replace("{}", value);
	const TEXTS = {
		note: ["* required", "* Pflichtfeld"],
		send: ["Send", "Absenden"],
		sending: ["Sending…", "Wird gesendet …"],
		again: ["No answer. Trying again…", "Keine Antwort. Neuer Versuch …"],
		sent: ["Thank you! Your message has arrived.", "Vielen Dank! Ihre Nachricht ist angekommen."],
		check: ["Please check the marked fields.", "Bitte prüfen Sie die markierten Felder."],
		offline: ["You are offline. Please send again later.", "Sie sind offline. Bitte senden Sie später noch einmal."],
		failed: ["That did not work. Please send again.", "Das hat nicht geklappt. Bitte senden Sie noch einmal."],
		busy: ["Please send again in {} seconds.", "Bitte senden Sie in {} Sekunden noch einmal."],
		refused: [
			"This page cannot send the form. Please contact us in another way.",
			"Diese Seite kann das Formular nicht senden. Bitte melden Sie sich auf anderem Weg.",
		],
		required: ["Please fill in this field.", "Bitte füllen Sie dieses Feld aus."],
		reach: ["Please give an e-mail address or a phone number.", "Bitte geben Sie E-Mail oder Telefon an."],
		email: ["Please give an address like ada@example.com.", "Bitte eine Adresse wie ada@example.com angeben."],
		captcha: ["Please confirm that you are human.", "Bitte bestätigen Sie, dass Sie ein Mensch sind."],
		other: ["This {}.", "Bitte prüfen Sie diese Angabe."],
	};

	// name: [autocomplete, English, German]
	const FIELDS = {
		name: ["name", "Name", "Name"],
		first_name: ["given-name", "First name", "Vorname"],
		last_name: ["family-name", "Last name", "Nachname"],
		email: ["email", "E-mail", "E-Mail"],
		phone: ["tel", "Phone", "Telefon"],
		account_name: ["organization", "Company", "Firma"],
		message: ["off", "Message", "Nachricht"],
	};
	// Where an error goes if the form has no such field.
	const STAND_INS = { last_name: "name", email: "phone" };

	// Colours are mixed with the page's own, to be read on light and on dark.
	const STYLE = `
.leadline { display: grid; gap: 1em; grid-template-columns: repeat(auto-fit, minmax(min(100%, 14em), 1fr)) }
.leadline > :is(p, [role], :has(textarea)) { grid-column: 1 / -1; margin: 0 }
.leadline :is(input, textarea, button) {
	display: block; box-sizing: border-box; width: 100%; margin-top: .4em; padding: .6em;
	border: 1px solid #888; border-radius: .4em; background: none; color: inherit; font: inherit;
}
.leadline textarea { min-height: 8em }
.leadline button { width: fit-content; padding-inline: 2em; border-color: #1d5fc2; background: #1d5fc2; color: #fff }
.leadline :focus-visible { outline: 3px solid #4c8df0 }
.leadline-error, .leadline [aria-invalid=true] {
	margin: .4em 0 0; border-color: currentColor; color: color-mix(in srgb, #d32f2f 65%, currentColor);
}`;

	function element(tag, attributes, ...children) {
		const node = document.createElement(tag);
		for (const name in attributes) node.setAttribute(name, attributes[name]);
		node.append(...children);
		return node;
	}

	function render(place) {
		const names = (place.dataset.fields || "name email phone account_name message").match(/\w+/g);
		const form = element("form", { class: "leadline", method: "post", action: api }, element("p", {}, say("note")));
		for (const name of names) {
			const [autocomplete, ...labels] = FIELDS[name] || ["on", name, name];
			const type = { email: "email", phone: "tel" }[name] || "text";
			const field = element(name === "message" ? "textarea" : "input", { name, type, autocomplete });
			field.required = /^(last_)?name$/.test(name) || name === (names.includes("email") ? "email" : "phone");
			form.append(element("div", {}, element("label", {}, labels[language], field.required ? " *" : "", field)));
		}
		form.append(element("button", {}, say("send")));
		Object.assign(form.dataset, place.dataset, { leadline: "" });
		place.replaceChildren(form);
	}

	// What brought the visitor: the first campaign and the first other site of this visit.
	const tags = [...new URLSearchParams(location.search)].filter(([name]) => /^utm_|^gclid$/.test(name));
	let campaign = new URLSearchParams(tags);
	let referrer = document.referrer.startsWith(`${location.origin}/`) ? "" : document.referrer;
	try {
		campaign = sessionStorage.leadlineCampaign ||= campaign;
		referrer = sessionStorage.leadlineReferrer ||= referrer;
	} catch {} // no storage: this page alone counts

	function filled(form) {
		const body = new URLSearchParams(new FormData(form));
		body.delete("redirect"); // for browsers without scripts; here we go there ourselves
		const more = new URLSearchParams(campaign);
		more.set("referrer", referrer || document.referrer);
		more.set("page_url", location.href.split("#")[0]);
		more.set("source", form.dataset.source || "");
		for (const [name, value] of more) if (!body.get(name)) body.set(name, value);
		return body;
	}

	function explain(name, problem) {
		if (/e-mail or/.test(problem)) return say("reach");
		if (/required|blank/.test(problem) && name !== "captcha") return say("required");
		if (name === "email" || name === "captcha") return say(name);
		return /^must/.test(problem) ? say("other", problem) : problem;
	}

	function takeOver(form) {
		const unseen = { tabindex: -1, autocomplete: "off", "aria-hidden": true };
		const trap = element("input", { name: "website_url_confirm", ...unseen });
		const status = element("div", { role: "status", tabindex: -1 });
		const errors = new Map();
		let busy, sent, key;

		function tell(id, value) {
			status.textContent = say(id, value);
		}

		function mark(field, text) {
			if (!errors.has(field)) {
				const id = `leadline-${Math.random()}`;
				const error = element("p", { class: "leadline-error", id });
				(field.closest("label") || field).after(error);
				field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") || ""} ${id}`);
				field.addEventListener("input", () => mark(field, ""));
				errors.set(field, error);
			}
			errors.get(field).textContent = text;
			field.setAttribute("aria-invalid", text !== "");
		}

		// Each error beside its field, the focus on the first.
		function show(problems) {
			const elsewhere = [];
			for (const [name, [problem]] of problems) {
				const seen = [...form.elements].filter(({ type }) => type !== "hidden");
				const named = (wanted) => seen.find((field) => field.name === wanted);
				const field = named(name) || named(STAND_INS[name]);
				const text = explain(name, problem);
				if (field) mark(field, text);
				else elsewhere.push(text);
			}
			status.textContent = elsewhere.join(" ") || say("check");
			form.querySelector("[aria-invalid=true]")?.focus();
		}

		async function send() {
			const body = filled(form);
			if (sent !== `${body}`) key = crypto.getRandomValues(new Uint32Array(4)).join("-");
			sent = `${body}`;
			const headers = { Accept: "application/json", "Idempotency-Key": key };
			const asked = () => ({ method: "POST", body, headers, signal: AbortSignal.timeout?.(30000) });
			const post = () => fetch(api, asked()).catch(() => {});
			tell("sending");
			let answer = await post();
			if (!answer || [502, 503, 504].includes(answer.status)) {
				tell("again");
				await new Promise((resume) => setTimeout(resume, 1500));
				answer = await post(); // by the same key: what has arrived is not stored again
			}
			if (!answer) {
				// Nobody tells a page that it may not post. If the script can be had, the connection is there.
				const served = await fetch(src, { cache: "no-store" }).catch(() => {});
				return tell(served ? "refused" : navigator.onLine ? "failed" : "offline");
			}
			const { id, errors } = await answer.json().catch(() => ({}));
			if (answer.ok) return done(id);
			for (const proof of ["turnstile", "hcaptcha", "grecaptcha"]) window[proof]?.reset?.();
			if (answer.status === 400 && errors) show(Object.entries(errors));
			else if (answer.status === 429) tell("busy", Math.max(2, answer.headers.get("Retry-After")));
			else tell(answer.status === 403 ? "refused" : "failed");
		}

		function done(id) {
			const next = form.dataset.redirect || form.elements.redirect?.value;
			form.dispatchEvent(new CustomEvent("leadline:sent", { bubbles: true, detail: { id } }));
			tell("sent");
			form.replaceChildren(status);
			status.focus();
			if (next) location.assign(next);
		}

		form.addEventListener("submit", (event) => {
			if (event.defaultPrevented) return;
			event.preventDefault();
			if (busy) return;
			for (const field of errors.keys()) mark(field, "");
			const wrong = [...form.elements].filter((field) => field.willValidate && !field.validity.valid);
			const why = ({ validity, validationMessage }) => [validity.valueMissing ? "is required" : validationMessage];
			if (wrong[0]) return show(wrong.map((field) => [field.name, why(field)]));
			busy = true;
			send().finally(() => (busy = false));
		});
		form.noValidate = true; // our words beside the fields, not the browser's bubbles
		form.append(trap, status);
		trap.style.cssText = "position: absolute; left: -9999px";
	}

	function start() {
		document.head.prepend(element("style", {}, STYLE));
		document.querySelectorAll("div[data-leadline-form]").forEach(render);
		document.querySelectorAll("form[data-leadline]").forEach(takeOver);
	}

	if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
	else start();
})();
