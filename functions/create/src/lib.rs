//! `POST /api/leads/`: opens a lead in the caller's organisation.

use lambda_http::{Body, Request, Response};
use leadline::App;
use leadline::domain::{Door, Lead, LeadDetails};
use leadline::store::{OpenError, Opening};
use leadline::web::{self, ApiError, LeadView, Reply, Target};

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(&request, open(app, &request)).await
}

async fn open(app: &App, request: &Request) -> Reply {
    let (Target::Leads, _) = web::resolve(request)? else { return Err(ApiError::NotFound("path")) };
    let seat = web::seat(app, request).await?;
    let caller = app.auth.admit(seat, &app.store).await?;
    let fields = web::fields(request).await?;
    let details = LeadDetails::open(Door::Api, &fields)?;
    let now = app.clock.now();
    let opening = Opening {
        lead: Lead::open(app.ids.lead(now), caller.org, details, Some(caller.user), now),
        company: app.ids.company(now),
        contact: None,
        owner: None,
        once: web::once(request, caller.org, &caller.user, "POST /api/leads", &fields)?,
        repeat: None,
    };
    match app.store.open_lead(opening, |lead| web::record(&created(lead))).await {
        Ok(lead) => Ok(created(&lead)),
        Err(OpenError::Invalid(errors)) => Err(errors.into()),
        Err(OpenError::Once(once)) => web::replay(once),
        Err(OpenError::Repeat(..)) => Err(ApiError::Internal("a repeat where none is looked for".into())),
        Err(OpenError::Store(error)) => Err(error.into()),
    }
}

fn created(lead: &Lead) -> Response<Body> {
    let location = format!("/api/leads/{}/", lead.id);
    web::tagged(web::created(&location, &LeadView::from(lead)), lead.version)
}
