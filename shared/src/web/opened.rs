//! Why a lead was not written, as the client is told.

use super::{ApiError, Reply, replay};
use crate::store::OpenError;

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
