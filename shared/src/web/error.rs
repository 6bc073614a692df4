//! What a client is told when something is wrong.

use http::StatusCode;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use lambda_http::{Body, Response};
use serde_json::json;

use super::reply;
use crate::BoxError;
use crate::attachments::AttachmentError;
use crate::auth::AuthError;
use crate::domain::FieldErrors;
use crate::files::FilesError;
use crate::store::StoreError;
use crate::telemetry::chain;

/// A failure in words that the client may read.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("some fields are not valid")]
    Invalid(FieldErrors),
    #[error("{0}")]
    BadRequest(String),
    #[error("a valid bearer token is required")]
    Unauthenticated,
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("no such {0}")]
    NotFound(&'static str),
    #[error("this method is not allowed here")]
    MethodNotAllowed(Vec<&'static str>),
    /// Something is in the way; its id, where the client may use it.
    #[error("{message}")]
    Conflict { message: &'static str, id: Option<String> },
    #[error("it was changed meanwhile; reload and try again")]
    PreconditionFailed,
    #[error("the request is larger than {0}")]
    TooLarge(&'static str),
    /// So is what it asks for.
    #[error("{0}")]
    TooMuch(String),
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    /// So many seconds until one more is taken.
    #[error("too many requests; try again in {0} s")]
    RateLimited(i64),
    #[error("busy, please try again shortly")]
    Unavailable(#[source] BoxError),
    #[error("something went wrong on our side")]
    Internal(#[source] BoxError),
}

impl ApiError {
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid(_) | Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "precondition_failed"),
            Self::TooLarge(_) | Self::TooMuch(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// The answer. Logs what is our fault; this is the one place that does.
    pub(super) fn into_response(self, request_id: &str) -> Response<Body> {
        let (status, code) = self.status();
        let message = self.to_string();
        let mut body = json!({
            "error": true, "code": code, "message": message, "errors": {}, "request_id": request_id,
        });
        let mut header = None;
        match self {
            Self::Invalid(errors) => body["errors"] = json!(errors),
            Self::Unauthenticated => header = Some((WWW_AUTHENTICATE, "Bearer".to_owned())),
            Self::MethodNotAllowed(allowed) => header = Some((ALLOW, allowed.join(", "))),
            Self::Conflict { id: Some(id), .. } => body["id"] = json!(id),
            Self::RateLimited(seconds) => header = Some((RETRY_AFTER, seconds.to_string())),
            Self::Unavailable(cause) => {
                tracing::warn!(cause = chain(&*cause), "unavailable");
                header = Some((RETRY_AFTER, "1".to_owned()));
            }
            Self::Internal(cause) => tracing::error!(cause = chain(&*cause), "internal"),
            Self::BadRequest(_)
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Conflict { id: None, .. }
            | Self::PreconditionFailed
            | Self::TooLarge(_)
            | Self::TooMuch(_)
            | Self::UnsupportedMediaType(_) => {}
        }
        let mut response = reply::respond(status, &body);
        if let Some((name, value)) = header
            && let Ok(value) = value.parse()
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => {
                Self::Conflict { message: "it was changed meanwhile; reload and try again", id: None }
            }
            StoreError::NotFound => Self::NotFound("thing"),
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Failed(cause) => Self::Internal(cause),
        }
    }
}

impl From<FilesError> for ApiError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Unavailable(cause) => Self::Unavailable(cause),
            FilesError::Failed(cause) => Self::Internal(cause),
        }
    }
}

impl From<AttachmentError> for ApiError {
    fn from(error: AttachmentError) -> Self {
        match error {
            AttachmentError::Store(error) => error.into(),
            AttachmentError::Files(error) => error.into(),
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Unauthenticated => Self::Unauthenticated,
            AuthError::Forbidden => Self::Forbidden("you are not an active member of this organisation"),
            AuthError::WhichOrganisation => Self::Invalid(FieldErrors::one(
                "organization-id",
                "you belong to several organisations: name one in the header organization-id",
            )),
            AuthError::BadOrganisation(name) => Self::Invalid(FieldErrors::one(name, "must be a UUID")),
            AuthError::NoKeys(cause) => Self::Unavailable(cause),
            AuthError::Store(error) => error.into(),
        }
    }
}

impl ApiError {
    /// The idempotency key of a request was used for another.
    pub fn key_of_another() -> Self {
        Self::Conflict { message: "this Idempotency-Key was used for another request", id: None }
    }
}
