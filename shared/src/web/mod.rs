//! Requests in, replies out.

mod body;
mod error;
mod links;
mod once;
mod reply;
mod routes;
mod suggestions;
mod views;

use http::header::AUTHORIZATION;
use lambda_http::Request;

use crate::App;
use crate::auth::{AuthError, Seat};
use crate::domain::FieldErrors;

pub use body::fields;
pub use error::ApiError;
pub use links::{Page, page, query};
pub use once::once;
pub use reply::{Reply, answer, created, if_match, json, no_content, record, replay, tagged};
pub use routes::{ROUTES, Target, resolve};
pub use suggestions::{INDUSTRIES, sources};
pub use views::{AddressView, CompanyView, ContactView, LeadView, TeamView, UserView};

/// A header's text.
pub fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Who asks, and for which organisation; [`crate::auth::Auth::admit`] must follow.
pub async fn seat(app: &App, request: &Request) -> Result<Seat, ApiError> {
    let sent = |name| header(request, name).map(|org| (name, org));
    let org = sent("organization-id").or_else(|| sent("org"));
    let bearer = header(request, AUTHORIZATION.as_str());
    let seat = app.auth.seat(bearer, org.map(|(_, org)| org), app.clock.now(), &app.store).await;
    seat.map_err(|error| match (error, org) {
        (AuthError::BadOrganisation, Some((name, _))) => FieldErrors::one(name, "must be a UUID").into(),
        (error, _) => error.into(),
    })
}
