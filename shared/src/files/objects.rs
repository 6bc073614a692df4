//! Whole objects: files to import, their pieces, and what is reported of them.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::{Files, FilesError, LINK, UploadLink, expiring, presigned_put};

use crate::aws::backoff;

/// How often a put that meets another is sent.
const MEETINGS: u32 = 5;
/// How long a large file may take on its way to the bucket.
const LARGE: Duration = Duration::from_secs(15 * 60);

/// An object about to be read.
#[derive(Debug)]
pub struct Object {
    /// Bytes.
    pub size: u64,
    /// What its sender wrote on it, without `x-amz-meta-`.
    pub metadata: HashMap<String, String>,
    pub body: ByteStream,
}

impl Files {
    /// Opens an object, in this version if one is named; none if it is not there.
    pub async fn open(&self, key: &str, version: Option<&str>) -> Result<Option<Object>, FilesError> {
        let get = self.client.get_object().bucket(&*self.bucket).key(key);
        match get.set_version_id(version.map(str::to_owned)).send().await {
            Ok(object) => Ok(Some(Object {
                size: object.content_length.and_then(|size| size.try_into().ok()).unwrap_or(0),
                metadata: object.metadata.unwrap_or_default(),
                body: object.body,
            })),
            Err(SdkError::ServiceError(error)) if is_gone(error.err().code()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes of an object; none if it is not there.
    pub async fn read(&self, key: &str) -> Result<Option<Bytes>, FilesError> {
        let Some(object) = self.open(key, None).await? else { return Ok(None) };
        let bytes = object.body.collect().await.map_err(|error| FilesError::Unavailable(error.into()))?;
        Ok(Some(bytes.into_bytes()))
    }

    /// Some bytes of an object, or as many of them as there are; none if it is not there.
    pub async fn read_part(&self, key: &str, part: Range<usize>) -> Result<Option<Bytes>, FilesError> {
        if part.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        let range = format!("bytes={}-{}", part.start, part.end - 1);
        let get = self.client.get_object().bucket(&*self.bucket).key(key).range(range);
        match get.send().await {
            Ok(object) => {
                let bytes = object.body.collect().await;
                Ok(Some(bytes.map_err(|error| FilesError::Unavailable(error.into()))?.into_bytes()))
            }
            Err(SdkError::ServiceError(error)) if error.err().code() == Some("InvalidRange") => {
                Ok(Some(Bytes::new()))
            }
            Err(SdkError::ServiceError(error)) if is_gone(error.err().code()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes an object where nothing is; whatever is there stays. Whether it was written.
    pub async fn put_new(&self, key: &str, bytes: Bytes) -> Result<bool, FilesError> {
        for attempt in 1.. {
            let put = self.client.put_object().bucket(&*self.bucket).key(key).if_none_match("*");
            let Err(error) = put.body(ByteStream::from(bytes.clone())).send().await else { return Ok(true) };
            match error.as_service_error().and_then(|error| error.code()) {
                Some("PreconditionFailed") => return Ok(false),
                // Somebody else is just putting it there (Amazon S3 user guide, "Conditional requests").
                Some("ConditionalRequestConflict") if attempt < MEETINGS => {
                    tokio::time::sleep(backoff(attempt)).await;
                }
                _ => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// Writes an object of JSON, whatever was there.
    pub async fn put_json(&self, key: &str, bytes: Bytes) -> Result<(), FilesError> {
        let put = self.client.put_object().bucket(&*self.bucket).key(key).content_type("application/json");
        put.body(ByteStream::from(bytes)).send().await?;
        Ok(())
    }

    /// Writes a file as an object of this content type, however long that takes up to a quarter of an hour; with what
    /// `metadata` says of it.
    pub async fn put_file(
        &self,
        key: &str,
        kind: &str,
        file: &Path,
        metadata: HashMap<String, String>,
    ) -> Result<(), FilesError> {
        let body = ByteStream::from_path(file).await.map_err(|error| FilesError::Failed(error.into()))?;
        let put = self.client.put_object().bucket(&*self.bucket).key(key).content_type(kind);
        let put = put.set_metadata(Some(metadata).filter(|metadata| !metadata.is_empty())).body(body);
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(LARGE).operation_timeout(LARGE).build();
        put.customize()
            .config_override(aws_sdk_s3::config::Config::builder().timeout_config(timeouts))
            .send()
            .await?;
        Ok(())
    }

    /// An address, good for 5 minutes, that saves an object under this plain name.
    pub async fn link_to(&self, key: &str, name: &str) -> Result<String, FilesError> {
        let get = self.client.get_object().bucket(&*self.bucket).key(key);
        let get = get.response_content_disposition(format!("attachment; filename=\"{name}\""));
        Ok(get.presigned(expiring(LINK)?).await?.uri().to_owned())
    }

    /// A request, good for an hour, that sends exactly this many bytes, where nothing is yet.
    pub async fn upload_link_to(&self, key: &str, size: u64) -> Result<UploadLink, FilesError> {
        let put = self.client.put_object().bucket(&*self.bucket).key(key);
        presigned_put(put, size).await
    }

    /// What the bucket is called.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }
}

/// The error says that there is no such object, version or key.
fn is_gone(code: Option<&str>) -> bool {
    matches!(code, Some("NoSuchKey" | "NoSuchVersion" | "NotFound"))
}
