//! Comments and files of leads: `POST /api/leads/{pk}/`, `/api/leads/comment/{pk}/`, `/api/leads/attachment/{pk}/`.

mod add;
mod attachment;
mod comment;

use lambda_http::{Body, Request, Response, http::Method};
use leadline::App;
use leadline::web::{self, ApiError, Reply, Target};

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(app, &request, respond(app, &request)).await
}

async fn respond(app: &App, request: &Request) -> Reply {
    match web::resolve(request)? {
        (Target::Lead(pk), Method::POST) => add::add(app, request, &pk).await,
        (Target::Comment(pk), Method::DELETE) => comment::delete(app, request, &pk).await,
        (Target::Comment(pk), _) => comment::edit(app, request, &pk).await,
        (Target::Attachment(pk), Method::GET) => attachment::download(app, request, &pk).await,
        (Target::Attachment(pk), _) => attachment::delete(app, request, &pk).await,
        _ => Err(ApiError::NotFound("path")),
    }
}
