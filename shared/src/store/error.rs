//! What can go wrong at the table, by what the caller can do about it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::LostSegment;
use crate::BoxError;
use crate::index::IndexError;

/// A failure of the table.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is there already, or it is no longer what was read.
    #[error("it is there already, or was changed meanwhile")]
    Conflict,
    /// What should be changed is not there.
    #[error("not found")]
    NotFound,
    /// Throttled, timed out or contended: try again shortly.
    #[error("the table is busy, try again shortly")]
    Unavailable(#[source] BoxError),
    /// Anything else: our fault.
    #[error("the table failed")]
    Failed(#[source] BoxError),
}

impl StoreError {
    /// A segment of the list index cannot be answered from.
    pub(crate) fn is_lost_segment(&self) -> bool {
        matches!(self, Self::Failed(cause) if cause.is::<LostSegment>())
    }
}

/// Error codes after which the same request may succeed (DynamoDB developer guide, "Error handling").
const TRANSIENT: [&str; 8] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        match &error {
            // The last: an answer that broke off. What it was to say, the request may have done.
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
                Self::Unavailable(error.into())
            }
            SdkError::ServiceError(service) => match service.err().code() {
                Some("ConditionalCheckFailedException") => Self::Conflict,
                Some(code) if TRANSIENT.contains(&code) => Self::Unavailable(error.into()),
                Some(_) | None => Self::Failed(error.into()),
            },
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<serde_dynamo::Error> for StoreError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<IndexError> for StoreError {
    fn from(error: IndexError) -> Self {
        Self::Failed(error.into())
    }
}
