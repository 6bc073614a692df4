//! The bucket: the bytes of attachments, and files to import.

mod objects;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures::future::try_join_all;

use crate::domain::{ContentType, FileName};
use crate::{BoxError, aws};

pub use objects::Object;

/// How long a link to a file is good.
const LINK: Duration = Duration::from_secs(5 * 60);
/// How long a file may be sent by an upload link.
pub const UPLOAD_LINK: Duration = Duration::from_secs(60 * 60);

/// A failure of the bucket.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Slow or busy: try again shortly.
    #[error("the bucket is busy, try again shortly")]
    Unavailable(#[source] BoxError),
    /// Anything else: our fault.
    #[error("the bucket failed")]
    Failed(#[source] BoxError),
}

/// Error codes after which the same request may succeed (Amazon S3 API reference, "Error responses").
const TRANSIENT: [&str; 6] = [
    "ConditionalRequestConflict",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
];

impl<E, R> From<SdkError<E, R>> for FilesError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let transient = match &error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            SdkError::ServiceError(service) => {
                service.err().code().is_some_and(|code| TRANSIENT.contains(&code))
            }
            _ => false,
        };
        if transient { Self::Unavailable(error.into()) } else { Self::Failed(error.into()) }
    }
}

/// A place to send a file to: a request that anybody may make until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadLink {
    pub url: String,
    pub method: String,
    /// Headers that the request must have, as they are.
    pub headers: Vec<(String, String)>,
}

/// The bucket of one deployment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files {
    client: Arc<LazyLock<Client, MakeClient>>,
    bucket: Arc<str>,
}

type MakeClient = Box<dyn FnOnce() -> Client + Send>;

impl Files {
    /// The files in the bucket of that name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self::made(Box::new(|| client), bucket.into())
    }

    /// The same for a function, whose client is made when it is first needed: its start does not wait for it.
    pub fn of_function(config: SdkConfig, bucket: String) -> Self {
        Self::made(Box::new(move || aws::function_bucket_client(&config)), bucket)
    }

    fn made(client: MakeClient, bucket: String) -> Self {
        Self { client: Arc::new(LazyLock::new(client)), bucket: bucket.into() }
    }

    /// Writes an object.
    pub(crate) async fn put(&self, key: &str, kind: &ContentType, bytes: Bytes) -> Result<(), FilesError> {
        let put = self.client.put_object().bucket(&*self.bucket).key(key).content_type(kind.as_str());
        put.body(ByteStream::from(bytes)).send().await?;
        Ok(())
    }

    /// Removes objects; one that is not there is no error.
    pub(crate) async fn remove(&self, keys: &[String]) -> Result<(), FilesError> {
        let remove = |key: &String| self.client.delete_object().bucket(&*self.bucket).key(key).send();
        try_join_all(keys.iter().map(remove)).await?;
        Ok(())
    }

    /// The size of an object in bytes; none if it is not there.
    pub(crate) async fn size(&self, key: &str) -> Result<Option<u64>, FilesError> {
        match self.client.head_object().bucket(&*self.bucket).key(key).send().await {
            Ok(head) => Ok(Some(head.content_length().and_then(|size| size.try_into().ok()).unwrap_or(0))),
            Err(SdkError::ServiceError(error)) if error.err().is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// An address, good for 5 minutes, that saves an object under this name.
    pub(crate) async fn link(&self, key: &str, name: &FileName) -> Result<String, FilesError> {
        let get = self.client.get_object().bucket(&*self.bucket).key(key);
        let get = get.response_content_disposition(name.disposition());
        Ok(get.presigned(expiring(LINK)?).await?.uri().to_owned())
    }

    /// A request, good for an hour, that sends exactly this many bytes of this kind, where nothing is yet.
    pub(crate) async fn upload_link(
        &self,
        key: &str,
        kind: &ContentType,
        size: u64,
    ) -> Result<UploadLink, FilesError> {
        let put = self.client.put_object().bucket(&*self.bucket).key(key).content_type(kind.as_str());
        presigned_put(put, size).await
    }
}

async fn presigned_put(put: PutObjectFluentBuilder, size: u64) -> Result<UploadLink, FilesError> {
    let size = size.try_into().map_err(|_| FilesError::Failed("a size past all bounds".into()))?;
    let presigned: PresignedRequest =
        put.content_length(size).if_none_match("*").presigned(expiring(UPLOAD_LINK)?).await?;
    let headers = presigned.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(UploadLink {
        url: presigned.uri().to_owned(),
        method: presigned.method().to_owned(),
        headers: headers.collect(),
    })
}

fn expiring(after: Duration) -> Result<PresigningConfig, FilesError> {
    PresigningConfig::expires_in(after).map_err(|error| FilesError::Failed(error.into()))
}
