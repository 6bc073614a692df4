//! `/api/leads/{pk}/`: one lead, shown, changed, deleted.

use lambda_http::{Body, Request, Response, http::Method};
use leadline::App;
use leadline::domain::{Caller, FieldErrors, Lead, LeadId, Status};
use leadline::store::{OpenError, SideLists, StoreError};
use leadline::web::{
    self, AddressView, ApiError, ContactView, LeadView, Reply, Target, TeamView, UserView, sources,
};
use serde::Serialize;
use serde_json::Value;

/// How often a change is made anew on a lead that changed meanwhile, when the client named no version.
const ATTEMPTS: usize = 8;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(&request, respond(app, &request)).await
}

async fn respond(app: &App, request: &Request) -> Reply {
    let (Target::Lead(pk), method) = web::resolve(request)? else { return Err(ApiError::NotFound("path")) };
    let seat = web::seat(app, request).await?;
    // Lead and rights are read at the same time; nothing is told before both are known.
    let lead = async {
        match pk.parse() {
            Ok(id) => app.store.find_lead(seat.org, id).await,
            Err(_) => Ok(None),
        }
    };
    let sides = async {
        match method {
            Method::GET => app.store.side_lists(seat.org).await,
            _ => Ok(SideLists::default()),
        }
    };
    let (caller, lead, sides) = tokio::join!(app.auth.admit(seat, &app.store), lead, sides);
    let (caller, lead) = (caller?, lead?.ok_or(ApiError::NotFound("lead"))?);
    if !caller.may_edit(&lead) {
        return Err(ApiError::Forbidden("this lead is not yours"));
    }
    match method {
        Method::GET => show(app, &lead, &sides?).await,
        Method::DELETE => delete(app, request, &caller, lead).await,
        _ => change(app, request, &caller, lead).await,
    }
}

#[derive(Serialize)]
struct Detail<'a> {
    lead_obj: LeadView<'a>,
    address_obj: AddressView<'a>,
    assigned_to: Vec<UserView<'a>>,
    teams: Vec<TeamView<'a>>,
    comments: [Value; 0],
    attachments: [Value; 0],
    contacts: Vec<ContactView<'a>>,
    users_mention: Vec<UserView<'a>>,
    tags: Vec<&'a str>,
    users: Vec<UserView<'a>>,
    source: Vec<&'a str>,
    status: [&'static str; 5],
}

async fn show(app: &App, lead: &Lead, sides: &SideLists) -> Reply {
    let (assigned_to, teams, contacts) = app.store.people_of(lead).await?;
    let detail = Detail {
        lead_obj: lead.into(),
        address_obj: lead.into(),
        assigned_to: assigned_to.iter().map(UserView::from).collect(),
        teams: teams.iter().map(TeamView::from).collect(),
        comments: [],
        attachments: [],
        contacts: contacts.iter().map(ContactView::from).collect(),
        users_mention: sides.users.iter().map(UserView::from).collect(),
        tags: lead.details.tags.names().collect(),
        users: sides.users.iter().map(UserView::from).collect(),
        source: sources(&sides.sources),
        status: Status::ALL.map(Status::as_str),
    };
    Ok(web::tagged(web::json(&detail), lead.version))
}

async fn change(app: &App, request: &Request, caller: &Caller, mut lead: Lead) -> Reply {
    let fields = web::fields(request).await?;
    for _ in 0..ATTEMPTS {
        web::if_match(request, lead.version)?;
        if lead.details.status == Status::Converted {
            return Err(FieldErrors::one("status", "a converted lead can no longer change").into());
        }
        let details = lead.details.change(&fields)?;
        if details == lead.details {
            return Ok(web::tagged(web::json(&LeadView::from(&lead)), lead.version));
        }
        let now = app.clock.now();
        match app.store.update_lead(&lead, lead.changed(details, now), app.ids.company(now)).await {
            Ok(lead) => return Ok(web::tagged(web::json(&LeadView::from(&lead)), lead.version)),
            Err(OpenError::Store(StoreError::Conflict)) => lead = again(app, caller, lead.id).await?,
            Err(OpenError::Store(error)) => return Err(error.into()),
            Err(OpenError::Invalid(errors)) => return Err(errors.into()),
            Err(OpenError::Once(_) | OpenError::Repeat(..)) => {
                return Err(ApiError::Internal("a change that was done before".into()));
            }
        }
    }
    Err(ApiError::Unavailable("the lead changed at each try".into()))
}

async fn delete(app: &App, request: &Request, caller: &Caller, mut lead: Lead) -> Reply {
    for _ in 0..ATTEMPTS {
        if !caller.may_delete(&lead) {
            return Err(ApiError::Forbidden("only an ADMIN or its creator may delete a lead"));
        }
        web::if_match(request, lead.version)?;
        match app.store.remove_lead(&lead).await {
            Ok(()) => return Ok(web::no_content()),
            Err(StoreError::Conflict) => lead = again(app, caller, lead.id).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::Unavailable("the lead changed at each try".into()))
}

/// The lead as it is now, after it changed while we looked.
async fn again(app: &App, caller: &Caller, id: LeadId) -> Result<Lead, ApiError> {
    let lead = app.store.find_lead(caller.org, id).await?.ok_or(ApiError::NotFound("lead"))?;
    if caller.may_edit(&lead) { Ok(lead) } else { Err(ApiError::Forbidden("this lead is not yours")) }
}
