//! A lead handed in.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use leadline::App;
use leadline::auth::ApiSecret;
use leadline::domain::{ApiKey, Attribution, Door, Fields, Lead, LeadDetails, Value};
use leadline::store::{Bucket, OpenError, Opened, Opening, Repeat};
use leadline::telemetry::{self, Metric};
use leadline::web::{self, ApiError, Reply};

use crate::{cors, human, page};

/// A field that people do not see, so that only programs fill it.
pub const HONEYPOT: &str = "website_url_confirm";

/// `POST`.
pub(crate) async fn capture(app: &App, request: &Request) -> Response<Body> {
    let sent = web::fields(request).await;
    let opened = match open(app, request, Some(&sent)).await {
        Ok(opened) => opened,
        Err(error) => {
            // A body that cannot be read may have held the key.
            let error = sent.err().filter(|_| shown_key(request).is_none()).unwrap_or(error);
            return page::shown(request, web::told(request, async { Err(error) }).await);
        }
    };
    let origin = match cors::origin(request, &opened.key) {
        Ok(origin) => origin,
        Err(error) => return page::shown(request, web::told(request, async { Err(error) }).await),
    };
    let redirect = sent.as_ref().ok().and_then(|fields| redirect(request, &opened.key, fields));
    let answer = web::told(request, hand_in(app, request, &opened, sent)).await;
    let mut answer = match redirect {
        Some(to) if answer.status() == StatusCode::CREATED => web::see_other_instead(&answer, &to),
        _ => page::shown(request, answer),
    };
    if let Some(origin) = origin {
        cors::allow(&mut answer, origin);
    }
    answer
}

/// What the request's key opens: in the query, the header `X-Api-Key` or the body. Whatever is wrong with it, the answer
/// is the same, after the same reads.
pub(crate) async fn open(
    app: &App,
    request: &Request,
    sent: Option<&Result<Fields, ApiError>>,
) -> Result<Opened, ApiError> {
    let body = sent.and_then(|sent| sent.as_ref().ok()).and_then(|fields| fields.text("apikey"));
    let secret = shown_key(request).or_else(|| body.map(str::to_owned));
    let secret = ApiSecret::sent(&secret.unwrap_or_default());
    let address = web::network(&web::address(request, app.trusted_proxies));
    let opened = app.store.opened_by(secret.hash(), &address, app.clock.now()).await?;
    let opened = opened.ok_or(ApiError::Forbidden("this API key is not valid"))?;
    telemetry::of_org(opened.key.org);
    Ok(opened)
}

/// The key in the query or the header.
fn shown_key(request: &Request) -> Option<String> {
    let query = web::query(request).into_iter().find(|(name, key)| name == "apikey" && !key.is_empty());
    let header = || web::header(request, "x-api-key").filter(|key| !key.is_empty()).map(str::to_owned);
    query.map(|(_, key)| key).or_else(header)
}

async fn hand_in(app: &App, request: &Request, opened: &Opened, sent: Result<Fields, ApiError>) -> Reply {
    let (key, mut fields) = (&opened.key, sent?);
    let split = split_name(&mut fields);
    let mut details = LeadDetails::open(Door::Site, &fields).map_err(|mut errors| {
        split.iter().for_each(|field| errors.rename(field, "name"));
        errors
    })?;
    if details.source.is_none() {
        details.source = key.source.as_ref().and_then(|source| source.parse().ok());
    }
    let now = app.clock.now();
    let mut lead = Lead::open(app.ids.lead(now), key.org, details, None, now);
    lead.created_from_site = true;
    lead.attribution = Attribution::read(&fields);
    let once = web::once(request, key.org, &key.id, "POST /api/leads/create-from-site", &asked(&fields))?;
    if fields.filled(HONEYPOT) {
        return Ok(web::lead_created(&disguised(app, key, lead)));
    }
    let repeat = repeat(key, &lead.details);
    let mut buckets: Vec<Bucket> = opened.address.iter().chain(&opened.all).cloned().collect();
    if let Some(captcha) = &key.captcha {
        // A proof is good once, so that a repeat has none left.
        if let Err(error) = app.store.captured_before(once.as_ref(), &repeat, now).await {
            return not_opened(error, lead);
        }
        let proof = human::proof(&fields)?;
        // So that nobody has us ask at will; the key's own token is taken only by those who pass.
        if let Err(refusal) = app.store.take_tokens(opened.address.as_slice(), now).await {
            return web::not_opened(refusal.into());
        }
        buckets = opened.all.iter().cloned().collect();
        if let Err(error) = human::prove(app, request, opened, captcha, &proof, &mut lead.details).await {
            // The same capture, sent twice at once, may have used the proof up.
            match app.store.captured_before(once.as_ref(), &repeat, now).await {
                Ok(()) => return Err(error),
                Err(error) => return not_opened(error, lead),
            }
        }
    }
    let as_sent = lead.clone();
    let opening = Opening {
        lead,
        company: app.ids.company(),
        contact: Some(app.ids.contact()),
        owner: key.owner,
        converting: None,
        attachments: Vec::new(),
        staged: None,
        once,
        repeat: Some(repeat),
        buckets,
    };
    let opened_lead = app.store.open_lead(opening, |lead| web::record(&web::lead_created(lead)));
    let (opened_lead, ()) = tokio::join!(opened_lead, app.store.mark_used(opened, now));
    match opened_lead {
        Ok(lead) => {
            telemetry::count(Metric::Captured, 1);
            Ok(web::lead_created(&lead))
        }
        Err(error) => not_opened(error, as_sent),
    }
}

/// A lead as it would look had it been stored, for programs that fill in what people do not see.
fn disguised(app: &App, key: &ApiKey, mut lead: Lead) -> Lead {
    lead.company = lead.details.account_name.is_some().then(|| app.ids.company());
    lead.details.contacts.extend(lead.details.email.is_some().then(|| app.ids.contact()));
    if lead.details.assigned_to.is_empty() {
        lead.details.assigned_to.extend(key.owner);
    }
    lead
}

/// The answer to a lead that was not written. One that came again is shown as it was sent, not as it is stored: the
/// sender may be a stranger who knows an e-mail.
fn not_opened(error: OpenError, sent: Lead) -> Reply {
    match error {
        OpenError::Repeat(id, at) => {
            Ok(web::lead_created(&Lead { id, created_on: at, updated_on: at, ..sent }))
        }
        error => web::not_opened(error),
    }
}

/// Where a form wants its visitor to go on to, if the key knows the place.
fn redirect(request: &Request, key: &ApiKey, fields: &Fields) -> Option<String> {
    let to = fields.text("redirect").filter(|_| page::is_form(request))?;
    key.redirect(to)
}

/// What was asked, for an idempotency key: all but what is no part of the lead; a proof is another each time.
fn asked(fields: &Fields) -> Fields {
    let mut asked = fields.clone();
    let others = ["apikey", "redirect", HONEYPOT];
    human::TOKENS.iter().chain(&others).for_each(|name| asked.remove(name));
    asked
}

/// A `name` without a `last_name`: its last word is the last name, the rest the first. The fields that it gave.
fn split_name(fields: &mut Fields) -> Vec<&'static str> {
    let Some((_, Value::Text(name) | Value::Number(name))) = fields.find(&["name"]) else {
        return Vec::new();
    };
    let name = name.trim().to_owned();
    if name.is_empty() || fields.text("last_name").is_some() {
        return Vec::new();
    }
    let (first, last) = name.rsplit_once(char::is_whitespace).unwrap_or(("", &name));
    let mut given = vec!["last_name"];
    fields.set("last_name", Value::Text(last.to_owned()));
    if !first.is_empty() && fields.text("first_name").is_none() {
        fields.set("first_name", Value::Text(first.to_owned()));
        given.push("first_name");
    }
    given
}

/// The same e-mail (else phone), key and text within 10 minutes is the same lead.
fn repeat(key: &ApiKey, details: &LeadDetails) -> Repeat {
    let email = details.email.as_ref().map(|email| email.folded());
    let phone = details.phone.as_ref().map(ToString::to_string);
    let sender = email.or(phone).unwrap_or_default();
    let text = details.description.as_ref().map(|text| text.as_str()).unwrap_or_default();
    Repeat::new(key.org, &key.id.to_string(), &sender, text)
}
