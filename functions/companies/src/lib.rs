//! `/api/leads/companies/` and `/api/leads/company/{pk}/`: the companies that leads name.

use lambda_http::{Body, Request, Response, http::Method};
use leadline::App;
use leadline::domain::{Caller, Company, CompanyDetails, CompanyId, FieldErrors};
use leadline::store::CompanyError;
use leadline::web::{self, ApiError, CompanyView, Reply, Target};
use serde::Serialize;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(app, &request, respond(app, &request)).await
}

async fn respond(app: &App, request: &Request) -> Reply {
    let (target, method) = web::resolve(request)?;
    let seat = web::seat(app, request).await?;
    let caller = app.auth.admit(seat, &app.store).await?;
    match (target, method) {
        (Target::Companies, Method::POST) => create(app, request, &caller).await,
        (Target::Companies, _) => list(app, request, &caller).await,
        (Target::Company(pk), method) => {
            let company = find(app, &caller, &pk).await?;
            match method {
                Method::GET => Ok(shown(&company)),
                Method::DELETE => {
                    web::if_match(request, company.version)?;
                    app.store.remove_company(&company).await?;
                    Ok(web::no_content())
                }
                _ => change(app, request, &company).await,
            }
        }
        _ => Err(ApiError::NotFound("path")),
    }
}

#[derive(Serialize)]
struct Companies<'a> {
    companies: Vec<CompanyView<'a>>,
    next: Option<String>,
    previous: Option<String>,
    per_page: usize,
    page_number: usize,
}

async fn list(app: &App, request: &Request, caller: &Caller) -> Reply {
    let (query, mut errors) = (web::query(request), FieldErrors::default());
    let page = web::page(&query, &mut errors);
    errors.or(())?;
    let (companies, more) = app.store.companies(caller.org, page.offset, page.limit).await?;
    Ok(web::json(&Companies {
        companies: companies.iter().map(CompanyView::from).collect(),
        next: page.next(request, &query, more),
        previous: page.previous(request, &query),
        per_page: page.limit,
        page_number: page.number(),
    }))
}

async fn create(app: &App, request: &Request, caller: &Caller) -> Reply {
    let fields = web::fields(request).await?;
    let details = CompanyDetails::read(None, &fields)?;
    let now = app.clock.now();
    let company = Company::new(app.ids.company(), caller.org, details, now);
    let location = format!("/api/leads/company/{}/", company.id);
    let created = web::tagged(web::created(&location, &CompanyView::from(&company)), company.version);
    let once = web::once(request, caller.org, &caller.user, "POST /api/leads/companies", &fields)?;
    match app.store.insert_company(&company, once.as_ref(), web::record(&created)).await {
        Ok(()) => Ok(created),
        Err(error) => refused(error),
    }
}

async fn find(app: &App, caller: &Caller, pk: &str) -> Result<Company, ApiError> {
    let id: CompanyId = pk.parse().map_err(|_| ApiError::NotFound("company"))?;
    app.store.find_company(caller.org, id).await?.ok_or(ApiError::NotFound("company"))
}

async fn change(app: &App, request: &Request, company: &Company) -> Reply {
    web::if_match(request, company.version)?;
    let details = CompanyDetails::read(Some(&company.details), &web::fields(request).await?)?;
    let changed = Company { details, version: company.version + 1, ..company.clone() };
    match app.store.update_company(company, &changed, app.clock.now()).await {
        Ok(()) => Ok(shown(&changed)),
        Err(error) => refused(error),
    }
}

fn shown(company: &Company) -> Response<Body> {
    web::tagged(web::json(&CompanyView::from(company)), company.version)
}

fn refused(error: CompanyError) -> Reply {
    match error {
        CompanyError::Once(once) => web::replay(once),
        CompanyError::Named(id) => Err(ApiError::Conflict {
            message: "a company of this name is there already",
            id: Some(id.to_string()),
        }),
        CompanyError::Store(error) => Err(error.into()),
    }
}
