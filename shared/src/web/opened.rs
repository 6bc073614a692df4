//! A lead that was written, or why it was not, as the client is told.

use lambda_http::{Body, Response};

use super::{ApiError, LeadView, Reply, created, json, replay, tagged};
use crate::domain::Lead;
use crate::store::OpenError;

/// 201 with a new lead, and where it is.
pub fn lead_created(lead: &Lead) -> Response<Body> {
    let location = format!("/api/leads/{}/", lead.id);
    tagged(created(&location, &LeadView::from(lead)), lead.version)
}

/// 200 with a lead.
pub fn lead_shown(lead: &Lead) -> Response<Body> {
    tagged(json(&LeadView::from(lead)), lead.version)
}

/// The answer to a lead that was not written: the first answer, if the request was done before.
pub fn not_opened(error: OpenError) -> Reply {
    match error {
        OpenError::Invalid(errors) => Err(errors.into()),
        OpenError::Once(once) => replay(once),
        OpenError::AccountThere(id) => {
            let message =
                "an account of this name is there already; send link_account or account_id to use it";
            Err(ApiError::Conflict { message, id: Some(id.to_string()) })
        }
        OpenError::Limited(seconds) => Err(ApiError::RateLimited(seconds)),
        OpenError::Repeat(..) => Err(ApiError::Internal("a repeat where none is looked for".into())),
        OpenError::Store(error) => Err(error.into()),
    }
}
