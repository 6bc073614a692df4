//! A website on a port of its own, so on another origin than the API: what visitors of a site with our form meet.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use http::header::CACHE_CONTROL;
use leadline::BoxError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::running::{Running, stopped};
use crate::snippet::Snippet;

/// The pages' own look; the forms that the script makes bring theirs along.
const STYLE: &str = "\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 0 auto; padding: 1rem 1rem 4rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
nav [aria-current] { color: inherit; font-weight: 600; text-decoration: none; }
h1 { margin: 1.5rem 0 .5rem; line-height: 1.2; }
";

/// The look of a form that the page itself has.
const FORM_STYLE: &str = "\
input, textarea { box-sizing: border-box; width: 100%; border: 1px solid GrayText; border-radius: .3rem; }
input, textarea, button { font: inherit; padding: .5rem .75rem; }
";

/// Address, language, and name of each page.
const LINKS: [(&str, &str, &str); 4] = [
    ("/", "en", "By the script"),
    ("/form.html", "en", "Of the page"),
    ("/de.html", "de", "Deutsch"),
    ("/?utm_source=newsletter&amp;utm_medium=email&amp;utm_campaign=spring", "en", "From a campaign"),
];

/// What a page has of its own, as HTML.
struct Page<'a> {
    path: &'a str,
    lang: &'a str,
    style: &'a str,
    title: &'a str,
    text: &'a str,
    form: String,
}

impl Page<'_> {
    fn html(&self) -> String {
        let Self { path, lang, style, title, text, form } = self;
        let link = |(to, lang, name): (&str, &str, &str)| {
            let current = if to == *path { " aria-current=\"page\"" } else { "" };
            format!("<a href=\"{to}\" lang=\"{lang}\"{current}>{name}</a>\n")
        };
        let links: String = LINKS.map(link).concat();
        format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n\
             <nav>\n{links}</nav>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n{form}</main>\n</body>\n</html>\n"
        )
    }
}

/// Serves the website, whose forms post to this API by this key.
pub(super) fn serve(listener: TcpListener, api: &str, api_key: &str) -> Running {
    let mut router = Router::new();
    for page in pages(&Snippet { api, api_key: Some(api_key), verify_url: None }) {
        // Port and key may be others after the next start.
        router = router.route(page.path, get(([(CACHE_CONTROL, "no-store")], Html(page.html()))));
    }
    Running::start(|stop| run(listener, router, stop))
}

async fn run(listener: TcpListener, router: Router, stop: oneshot::Receiver<()>) -> Result<(), BoxError> {
    axum::serve(listener, router).with_graceful_shutdown(stopped(stop)).await?;
    Ok(())
}

fn pages(snippet: &Snippet<'_>) -> [Page<'static>; 3] {
    let made = |without: &str| {
        format!("<div data-leadline-form></div>\n<noscript><p>{without}</p></noscript>\n{}", snippet.script())
    };
    [
        Page {
            path: "/",
            lang: "en",
            style: "",
            title: "Talk to us",
            text: "A website on another origin than the API. Its form is made by the script.",
            form: made("This form needs JavaScript; <a href=\"/form.html\">that one does not</a>."),
        },
        Page {
            path: "/form.html",
            lang: "en",
            style: FORM_STYLE,
            title: "Talk to us",
            text: "A website on another origin than the API. Its form is its own: the script takes it over, and \
                   without scripts it works too.",
            form: snippet.html(),
        },
        Page {
            path: "/de.html",
            lang: "de",
            style: "",
            title: "Sprechen Sie uns an",
            text: "Eine Website auf einem anderen Ursprung als die API. Ihr Formular macht das Skript, in der \
                   Sprache der Seite.",
            form: made("Dieses Formular braucht JavaScript, <a href=\"/form.html\">jenes nicht</a>."),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_whole_and_knows_where_it_is() {
        let snippet = Snippet { api: "http://127.0.0.1:9000", api_key: Some("ll_x"), verify_url: None };

        for page in pages(&snippet) {
            let html = page.html();
            assert!(html.starts_with(&format!("<!doctype html>\n<html lang=\"{}\">", page.lang)), "{html}");
            assert!(html.contains(&format!("<a href=\"{}\" lang=\"{}\" aria-current", page.path, page.lang)));
            assert_eq!(html.matches("aria-current=").count(), 1, "{html}");
            assert_eq!(html.matches("http://127.0.0.1:9000/api/leads/form.js?key=ll_x").count(), 1, "{html}");
        }
    }
}
