//! `/api/leads/{pk}/`: one lead, shown, changed, converted, deleted.

mod change;
mod show;

use lambda_http::{Body, Request, Response, http::Method};
use leadline::App;
use leadline::web::{self, ApiError, Reply, Target};

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(app, &request, respond(app, &request)).await
}

async fn respond(app: &App, request: &Request) -> Reply {
    let (Target::Lead(pk), method) = web::resolve(request)? else { return Err(ApiError::NotFound("path")) };
    match method {
        Method::GET => show::show(app, request, &pk).await,
        Method::PUT | Method::PATCH | Method::DELETE => change::write(app, request, &pk).await,
        _ => Err(ApiError::NotFound("path")),
    }
}
