//! Answers for people whose browser posts the form by itself, without a script: small pages, in German or English.

use std::fmt::Write as _;

use lambda_http::http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, REFERER};
use lambda_http::{Body, Request, Response};
use leadline::web;
use serde_json::Value;

struct Words {
    lang: &'static str,
    thanks: &'static str,
    received: &'static str,
    sorry: &'static str,
    back: &'static str,
    /// By status, where it says more than the API's own words.
    why: &'static [(u16, &'static str)],
}

const ENGLISH: Words = Words {
    lang: "en",
    thanks: "Thank you",
    received: "Your message has arrived.",
    sorry: "That did not work",
    back: "Back",
    why: &[(400, "Some fields are not right.")],
};
const GERMAN: Words = Words {
    lang: "de",
    thanks: "Vielen Dank",
    received: "Ihre Nachricht ist angekommen.",
    sorry: "Das hat nicht geklappt",
    back: "Zurück",
    why: &[
        (400, "Einige Angaben stimmen nicht."),
        (403, "Dieses Formular wird hier nicht angenommen."),
        (409, "Diese Nachricht wurde schon gesendet."),
        (413, "Die Nachricht ist zu groß."),
        (429, "Das waren zu viele Nachrichten. Bitte versuchen Sie es in einer Minute noch einmal."),
        (503, "Gerade ist viel los. Bitte versuchen Sie es gleich noch einmal."),
    ],
};

/// The body is a form's, as a browser sends it.
pub(crate) fn is_form(request: &Request) -> bool {
    let kind = web::header(request, CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("multipart/form-data")
}

/// The answer as it is, or as a page if a browser posted a form and shows what comes back.
pub(crate) fn shown(request: &Request, mut answer: Response<Body>) -> Response<Body> {
    let wants_page = web::header(request, ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/html"));
    if !is_form(request) || !wants_page {
        return answer;
    }
    let language = web::header(request, ACCEPT_LANGUAGE.as_str()).unwrap_or_default();
    let words = if weight(language, "de") > weight(language, "en") { GERMAN } else { ENGLISH };
    let back = web::header(request, REFERER.as_str()).filter(|back| back.starts_with("http"));
    let page = match answer.body() {
        Body::Text(_) if answer.status().is_success() => {
            page(&words, words.thanks, words.received, &[], back)
        }
        Body::Text(json) => {
            let json: Value = serde_json::from_str(json).unwrap_or_default();
            let why = words.why.iter().find(|(status, _)| *status == answer.status().as_u16());
            let message = why.map(|(_, why)| *why).or(json["message"].as_str()).unwrap_or_default();
            page(&words, words.sorry, message, &problems(&json["errors"]), back)
        }
        _ => return answer,
    };
    *answer.body_mut() = Body::from(page);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
    headers.insert(HeaderName::from_static("content-security-policy"), HeaderValue::from_static(policy));
    answer
}

/// How much a language is wanted, by `Accept-Language` (RFC 9110, section 12.5.4), in thousandths.
fn weight(accepted: &str, language: &str) -> u16 {
    let weights = accepted.split(',').filter_map(|range| {
        let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let primary = tag.trim().split('-').next().unwrap_or_default();
        let weight = weight.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
        let thousandths = (weight.clamp(0.0, 1.0) * 1000.0).round();
        primary.eq_ignore_ascii_case(language).then_some(thousandths as u16)
    });
    weights.max().unwrap_or(0)
}

fn problems(errors: &Value) -> Vec<String> {
    let fields = errors.as_object().into_iter().flatten();
    let problem = |(field, problems): (&String, &Value)| {
        let problems = problems.as_array().into_iter().flatten().filter_map(Value::as_str);
        format!("{field}: {}", problems.collect::<Vec<_>>().join(", "))
    };
    fields.map(problem).collect()
}

fn page(words: &Words, title: &str, message: &str, problems: &[String], back: Option<&str>) -> String {
    let mut body = format!("<h1>{}</h1><p>{}</p>", web::escaped(title), web::escaped(message));
    if !problems.is_empty() {
        body.push_str("<ul lang=\"en\">");
        for problem in problems {
            let _ = write!(body, "<li>{}</li>", web::escaped(problem));
        }
        body.push_str("</ul>");
    }
    if let Some(back) = back {
        let _ = write!(body, "<p><a href=\"{}\">{}</a></p>", web::escaped(back), words.back);
    }
    format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title>\
         <style>:root{{color-scheme:light dark}}body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;\
         margin:12vh auto;padding:0 1.25rem}}</style>{body}</html>",
        words.lang,
        web::escaped(title)
    )
}
