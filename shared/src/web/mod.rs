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
pub async fn seat(app: &App, request: &Request) -> Result<Seat, AuthError> {
    let sent = |name| header(request, name).map(|org| (name, org));
    let org = sent("organization-id").or_else(|| sent("org"));
    app.auth.seat(header(request, AUTHORIZATION.as_str()), org, app.clock.now(), &app.store).await
}
