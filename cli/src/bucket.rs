//! A bucket in a folder, as S3 is to its clients: behind a port in the local stack, in process for tests.

use std::fs;
use std::path::Path;

use http::header::{HOST, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use leadline::BoxError;
pub use s3s::Body;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;

use crate::events::{Queue, Watched};

/// A bucket. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    service: S3Service,
    files: Watched,
}

impl Bucket {
    /// The bucket of that name below `root`, made if it is not there, for those who sign with this access key and its
    /// secret; what comes is told to the queue. A root is opened once at a time: what is half written there is taken
    /// for left over, and goes.
    pub fn open(
        root: &Path,
        name: &str,
        (access_key, secret_key): (&str, &str),
        queue: Queue,
    ) -> Result<Self, BoxError> {
        fs::create_dir_all(root.join(name))?;
        let files =
            FileSystem::new(root).map_err(|error| format!("the bucket cannot be opened: {error:?}"))?;
        let files = Watched::new(files, root, name, queue);
        let mut builder = S3ServiceBuilder::new(files.clone());
        builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
        Ok(Self { service: builder.build(), files })
    }

    /// Adds to the queue what is left in its journal of earlier runs. Once, before the first request.
    pub async fn recover(&self) -> Result<(), BoxError> {
        self.files.recover().await
    }

    /// Messages about what came.
    pub fn queue(&self) -> &Queue {
        self.files.queue()
    }

    /// Answers a request, which must be signed, as a server of HTTP/1.1 does.
    pub async fn call(&self, mut request: Request<Body>) -> Response<Body> {
        let is_head = request.method() == Method::HEAD;
        let host = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
        if let Some(host) = host {
            request.headers_mut().entry(HOST).or_insert(host); // it is signed
        }
        let mut response = self.service.call(request).await.unwrap_or_else(|error| {
            tracing::error!(error = %BoxError::from(error), "the bucket failed");
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        });
        if is_head {
            *response.body_mut() = Body::empty();
        }
        response
    }
}
