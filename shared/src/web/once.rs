//! `Idempotency-Key`: a POST that is done once.

use std::fmt::Display;

use http::Method;
use lambda_http::Request;

use super::{ApiError, header};
use crate::domain::{FieldErrors, Fields, OrgId};
use crate::store::Once;

const KEY: &str = "Idempotency-Key";
/// Longest key taken.
pub const LONGEST_KEY: usize = 255;

/// The request's idempotency key, if it has one, scoped to organisation, caller and route. What was
/// asked is compared by its fields, for a form sent again has other boundaries.
pub fn once(
    request: &Request,
    org: OrgId,
    caller: &dyn Display,
    route: &str,
    fields: &Fields,
) -> Result<Option<Once>, ApiError> {
    debug_assert_eq!(request.method(), Method::POST);
    let Some(key) = header(request, KEY).map(str::trim) else { return Ok(None) };
    if key.is_empty() && request.headers().get(KEY).is_some_and(|sent| sent.to_str().is_err()) {
        return Err(FieldErrors::one(KEY, "must be ASCII").into());
    }
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(FieldErrors::one(KEY, format_args!("must be 1 to {LONGEST_KEY} characters")).into());
    }
    let asked = serde_json::to_string(fields).map_err(|error| ApiError::Internal(error.into()))?;
    Ok(Some(Once::new(org, &caller.to_string(), route, key, &asked)))
}
