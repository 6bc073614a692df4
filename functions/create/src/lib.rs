//! `POST /api/leads/`: opens a lead in the caller's organisation, with files, and converted if that is asked for.

use lambda_http::{Body, Request, Response};
use leadline::App;
use leadline::domain::{Door, FieldErrors, Lead, LeadDetails, Link, Status};
use leadline::store::{AddError, Converting, Opening};
use leadline::telemetry::{self, Metric};
use leadline::web::{self, ApiError, FILE_FIELDS, Reply, Target};

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(app, &request, open(app, &request)).await
}

async fn open(app: &App, request: &Request) -> Reply {
    let (Target::Leads, _) = web::resolve(request)? else { return Err(ApiError::NotFound("path")) };
    let seat = web::seat(app, request).await?;
    let caller = app.auth.admit(seat, &app.store).await?;
    let sent = web::sent(request, &FILE_FIELDS).await?;
    let details = LeadDetails::open(Door::Api, &sent.fields);
    let (details, link) = match FieldErrors::both(details, Link::read(&sent.fields)) {
        Ok(read) => read,
        Err(errors) => {
            let unknown = app.store.unknown_ids(caller.org, &sent.fields, None).await?;
            return Err(errors.and(unknown).into());
        }
    };
    let now = app.clock.now();
    let converting = Converting::wanted(&details, link, &app.ids, now);
    let once = web::once(request, caller.org, &caller.user, "POST /api/leads", &sent.asked())?;
    let lead = Lead::open(app.ids.lead(now), caller.org, details, Some(caller.person.clone()), now);
    let files = sent.attachments(&app.ids, &lead, &caller.person, now);
    let attachments = app.attachments()?;
    if !files.is_empty() {
        match app.store.done_before(once.as_ref(), now).await {
            Ok(()) => {}
            Err(AddError::Once(once)) => return web::replay(once),
            Err(AddError::Store(error)) => return Err(error.into()),
        }
    }
    let staged = attachments.stage(caller.org, &files, now).await?;
    let opening = Opening {
        lead,
        company: app.ids.company(),
        contact: None,
        owner: None,
        converting,
        attachments: files.into_iter().map(|(file, _)| file).collect(),
        staged: staged.clone(),
        once,
        repeat: None,
        buckets: Vec::new(),
    };
    match app.store.open_lead(opening, |lead| web::record(&web::lead_created(lead))).await {
        Ok(lead) => {
            telemetry::count(Metric::Created, 1);
            if lead.details.status == Status::Converted {
                telemetry::count(Metric::Converted, 1);
            }
            Ok(web::lead_created(&lead))
        }
        Err(error) => {
            attachments.discard(staged, now).await;
            web::not_opened(error)
        }
    }
}
