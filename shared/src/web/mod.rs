//! Requests in, replies out.

mod address;
mod body;
mod cursors;
mod error;
mod files;
mod html;
mod links;
mod once;
mod opened;
mod reply;
mod routes;
mod served;
mod suggestions;
mod views;

use http::header::AUTHORIZATION;
use lambda_http::Request;

use crate::App;
use crate::auth::{AuthError, Seat};
use crate::domain::{Caller, Lead};

pub use crate::store::rfc3339;
pub use address::{address, network};
pub use body::{KINDS, MOST_FILES, Sent, SentFile, fields, read_json, sent};
pub use cursors::{
    LONGEST_CURSOR, LONGEST_LIST_CURSOR, after, comment_cursor, cursor, history_cursor, list_cursor,
};
pub use error::ApiError;
pub use files::FILE_FIELDS;
pub use html::escaped;
pub use links::{Page, page, query};
pub use once::{LONGEST_KEY, once};
pub use opened::{lead_created, lead_shown, not_opened};
pub use reply::{
    Reply, content_tag, created, created_nowhere, found, if_match, json, no_content, record, replay,
    replayed, see_other, see_other_instead, tagged, text_file, with_status,
};
pub use routes::{ROUTES, Target, path, resolve};
pub use served::{answer, served, told, watched};
pub use suggestions::{INDUSTRIES, sources};
pub use views::{
    AccountName, AccountView, AddressView, AttachmentView, CommentView, CompanyView, ContactView, EventView,
    LeadView, OpportunityView, TeamView, UserView,
};

/// A header's text. One that is no ASCII is there, but blank: passed over, it would not be noticed that it has no effect.
pub fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers().get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Who asks, and for which organisation; [`crate::auth::Auth::admit`] must follow.
pub async fn seat(app: &App, request: &Request) -> Result<Seat, AuthError> {
    let sent = |name| header(request, name).map(|org| (name, org));
    let filled = |name| sent(name).filter(|(_, org)| !org.is_empty());
    let org = filled("organization-id").or_else(|| filled("org")).or_else(|| sent("organization-id"));
    app.auth.seat(header(request, AUTHORIZATION.as_str()), org, app.clock.now(), &app.store).await
}

/// An error unless the caller may see the lead, and so edit it.
pub fn must_see(caller: &Caller, lead: &Lead) -> Result<(), ApiError> {
    if caller.may_edit(lead) { Ok(()) } else { Err(ApiError::Forbidden("this lead is not yours")) }
}
