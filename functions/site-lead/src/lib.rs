//! `POST /api/leads/create-from-site/`: a website hands in a lead.

use lambda_http::http::header::ORIGIN;
use lambda_http::{Body, Request, Response};
use leadline::App;
use leadline::auth::ApiSecret;
use leadline::domain::{ApiKey, Attribution, Door, Fields, Lead, LeadDetails, Value};
use leadline::store::{OpenError, Opening, Repeat};
use leadline::web::{self, ApiError, LeadView, Reply, Target};

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(&request, capture(app, &request)).await
}

async fn capture(app: &App, request: &Request) -> Reply {
    let (Target::SiteLead, _) = web::resolve(request)? else { return Err(ApiError::NotFound("path")) };
    let mut fields = web::fields(request).await?;
    let key = key_of(app, request, &fields).await?;
    split_name(&mut fields);
    let mut details = LeadDetails::open(Door::Site, &fields)?;
    if details.source.is_none() {
        details.source = key.source.as_ref().and_then(|source| source.parse().ok());
    }
    let now = app.clock.now();
    let repeat = repeat(&key, &details);
    let mut lead = Lead::open(app.ids.lead(now), key.org, details, None, now);
    lead.created_from_site = true;
    lead.attribution = Attribution::read(&fields);
    let sent = lead.clone();
    let opening = Opening {
        lead,
        company: app.ids.company(now),
        contact: Some(app.ids.contact(now)),
        owner: key.owner,
        converting: None,
        attachments: Vec::new(),
        staged: None,
        once: web::once(request, key.org, &key.id, "POST /api/leads/create-from-site", &fields)?,
        repeat: Some(repeat),
    };
    match app.store.open_lead(opening, |lead| web::record(&created(lead))).await {
        Ok(lead) => Ok(created(&lead)),
        // What was sent, not what is stored: the sender may be a stranger who knows an e-mail.
        Err(OpenError::Repeat(id, at)) => Ok(created(&Lead { id, created_on: at, updated_on: at, ..sent })),
        Err(error) => web::not_opened(error),
    }
}

/// The key of the request: in the query, the header `X-Api-Key` or the body. Whatever is wrong with
/// it, the answer is the same, after the same read.
async fn key_of(app: &App, request: &Request, fields: &Fields) -> Result<ApiKey, ApiError> {
    let query = web::query(request).into_iter().find(|(name, key)| name == "apikey" && !key.is_empty());
    let header = web::header(request, "x-api-key").filter(|key| !key.is_empty());
    let sent = query.as_ref().map(|(_, key)| key.as_str()).or(header).or_else(|| fields.text("apikey"));
    let secret = ApiSecret::sent(sent.unwrap_or_default());
    let key = app.store.opened_by(&secret.hash(), app.clock.now()).await?;
    let key = key.ok_or(ApiError::Forbidden("this API key is not valid"))?;
    match web::header(request, ORIGIN.as_str()) {
        Some(origin) if !key.origins.is_empty() && !key.origins.iter().any(|known| known == origin) => {
            Err(ApiError::Forbidden("this API key is not for this site"))
        }
        _ => Ok(key),
    }
}

/// A `name` without a `last_name`: its last word is the last name, the rest the first.
fn split_name(fields: &mut Fields) {
    let Some(name) = fields.text("name").map(str::to_owned) else { return };
    if fields.text("last_name").is_some() {
        return;
    }
    match name.rsplit_once(char::is_whitespace) {
        Some((first, last)) => {
            if fields.text("first_name").is_none() {
                fields.set("first_name", Value::Text(first.to_owned()));
            }
            fields.set("last_name", Value::Text(last.to_owned()));
        }
        None => fields.set("last_name", Value::Text(name)),
    }
}

/// The same e-mail (else phone), key and text within 10 minutes is the same lead.
fn repeat(key: &ApiKey, details: &LeadDetails) -> Repeat {
    let email = details.email.as_ref().map(|email| email.folded());
    let phone = details.phone.as_ref().map(ToString::to_string);
    let sender = email.or(phone).unwrap_or_default();
    let text = details.description.as_ref().map(|text| text.as_str()).unwrap_or_default();
    Repeat::new(key.org, &key.id.to_string(), &sender, text)
}

fn created(lead: &Lead) -> Response<Body> {
    let location = format!("/api/leads/{}/", lead.id);
    web::tagged(web::created(&location, &LeadView::from(lead)), lead.version)
}
