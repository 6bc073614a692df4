//! A lead changed, converted, deleted.

use chrono::{DateTime, Utc};
use lambda_http::Request;
use lambda_http::http::Method;
use leadline::App;
use leadline::aws::backoff;
use leadline::domain::{Caller, FieldErrors, Lead, LeadId, Link, Status};
use leadline::store::{Chore, Converting, OpenError, StoreError, Updating};
use leadline::telemetry::{self, Metric};
use leadline::web::{self, ApiError, Reply};

/// How often a change is made anew on a lead that changed meanwhile, when the client named no version: with the waits
/// between, for some 7 seconds, in which a dozen clients that do nothing else all get their turn.
const ATTEMPTS: u32 = 16;

/// `PUT`, `PATCH` and `DELETE`; then some of what others left to be cleaned up.
pub(crate) async fn write(app: &App, request: &Request, pk: &str) -> Reply {
    let now = app.clock.now();
    let (caller, lead, chores) = read(app, request, pk, now).await?;
    let reply = match *request.method() {
        Method::DELETE => delete(app, request, &caller, lead).await,
        _ => change(app, request, &caller, lead).await,
    };
    app.attachments()?.clean_up(chores, now).await;
    reply
}

async fn change(app: &App, request: &Request, caller: &Caller, mut lead: Lead) -> Reply {
    let fields = web::fields(request).await?;
    let mut attempt = 0;
    loop {
        attempt += 1;
        web::if_match(request, lead.version)?;
        let details = lead.details.change(&fields);
        if lead.details.status == Status::Converted && details.as_ref() != Ok(&lead.details) {
            return Err(FieldErrors::one("status", "a converted lead can no longer change").into());
        }
        let (details, link) = match FieldErrors::both(details, Link::read(&fields)) {
            Ok(read) => read,
            Err(errors) => {
                let unknown = app.store.unknown_ids(caller.org, &fields, Some(&lead)).await?;
                return Err(errors.and(unknown).into());
            }
        };
        if details == lead.details {
            return Ok(web::lead_shown(&lead));
        }
        let now = app.clock.now();
        let updating = Updating {
            by: caller.person.clone(),
            company: app.ids.company(),
            converting: Converting::wanted(&details, link, &app.ids, now),
        };
        match app.store.update_lead(&lead, lead.changed(details, now), &updating).await {
            Ok(lead) => {
                if lead.details.status == Status::Converted {
                    telemetry::count(Metric::Converted, 1);
                }
                return Ok(web::lead_shown(&lead));
            }
            Err(OpenError::Store(StoreError::Conflict)) => {
                lead = again(app, caller, lead.id, attempt).await?
            }
            Err(error) => return web::not_opened(error),
        }
    }
}

async fn delete(app: &App, request: &Request, caller: &Caller, mut lead: Lead) -> Reply {
    let mut attempt = 0;
    loop {
        attempt += 1;
        if !caller.may_delete(&lead) {
            return Err(ApiError::Forbidden("only an ADMIN or its creator may delete a lead"));
        }
        web::if_match(request, lead.version)?;
        match app.attachments()?.remove_lead(&lead, None, app.clock.now()).await {
            Ok(()) => return Ok(web::no_content()),
            Err(StoreError::Conflict) => lead = again(app, caller, lead.id, attempt).await?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Who asks, and the lead: read at the same time, and nothing is told before both are known.
async fn read(
    app: &App,
    request: &Request,
    pk: &str,
    now: DateTime<Utc>,
) -> Result<(Caller, Lead, Vec<Chore>), ApiError> {
    let seat = web::seat(app, request).await?;
    let lead = async {
        match pk.parse() {
            Ok(id) => app.store.find_lead(seat.org, id).await,
            Err(_) => Ok(None),
        }
    };
    let (caller, lead, chores) =
        tokio::join!(app.auth.admit(seat, &app.store), lead, app.store.chores(seat.org, now));
    let (caller, lead) = (caller?, lead?.ok_or(ApiError::NotFound("lead"))?);
    web::must_see(&caller, &lead)?;
    Ok((caller, lead, chores.unwrap_or_default()))
}

/// The lead as it is now, after it changed while we looked and after a wait that grows with the attempts; an error after the
/// last of them.
async fn again(app: &App, caller: &Caller, id: LeadId, attempt: u32) -> Result<Lead, ApiError> {
    if attempt == ATTEMPTS {
        return Err(ApiError::Unavailable("the lead changed at each try".into()));
    }
    tokio::time::sleep(backoff(attempt - 1)).await;
    let lead = app.store.find_lead(caller.org, id).await?.ok_or(ApiError::NotFound("lead"))?;
    web::must_see(caller, &lead)?;
    Ok(lead)
}
