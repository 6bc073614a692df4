//! `POST /api/leads/create-from-site/`: a website hands in a lead; and the script that its forms may use.

mod capture;
mod cors;
mod human;
mod page;
mod script;

use lambda_http::{Body, Request, Response, http::Method};
use leadline::App;
use leadline::web::{self, ApiError, Target};

pub use capture::HONEYPOT;
pub use human::TOKENS;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::served(app, &request, respond(app, &request)).await
}

async fn respond(app: &App, request: &Request) -> Response<Body> {
    match web::resolve(request) {
        Ok((Target::SiteLead, Method::OPTIONS)) => web::told(request, cors::preflight(app, request)).await,
        Ok((Target::SiteLead, _)) => capture::capture(app, request).await,
        Ok((Target::FormScript, _)) => script::serve(request),
        Ok(_) => web::told(request, async { Err(ApiError::NotFound("path")) }).await,
        Err(error) => web::told(request, async { Err(error) }).await,
    }
}
