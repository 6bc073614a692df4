//! Requests to others than AWS: key sets, and those who tell people from programs.

use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::{BoxError, aws};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Largest answer read, in bytes.
const LARGEST: usize = 256 * 1024;

/// What somebody answered, well or not.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body of a successful answer; an error if it is none.
    pub(crate) fn successful(self) -> Result<Vec<u8>, BoxError> {
        match self.status {
            200..300 => Ok(self.body),
            status => Err(format!("the answer is {status}").into()),
        }
    }
}

/// A client that is made by its first request.
#[derive(Debug, Default)]
pub(crate) struct Outside(OnceLock<Connector>);

impl Outside {
    /// What is at an address; an error if the answer is not successful, too.
    pub(crate) async fn get(&self, url: &str) -> Result<Vec<u8>, BoxError> {
        self.send(url, HttpRequest::new(SdkBody::empty())).await?.successful()
    }

    /// The answer to a form.
    pub(crate) async fn post(&self, url: &str, form: String) -> Result<Answer, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(form));
        request.set_method("POST")?;
        request.headers_mut().try_insert("content-type", "application/x-www-form-urlencoded")?;
        self.send(url, request).await
    }

    /// The answer; an error if there is none within 3 seconds, or it is over 256 KB.
    async fn send(&self, url: &str, mut request: HttpRequest) -> Result<Answer, BoxError> {
        request.set_uri(url)?;
        let client = self.0.get_or_init(aws::connector);
        let answer = tokio::time::timeout(PATIENCE, async {
            let response = client.call(request).await?;
            let status = response.status().as_u16();
            let (mut parts, mut body) = (ByteStream::new(response.into_body()), Vec::new());
            while let Some(part) = parts.next().await.transpose()? {
                body.extend_from_slice(&part);
                if body.len() > LARGEST {
                    return Err("the answer is too large".into());
                }
            }
            Ok::<_, BoxError>(Answer { status, body })
        });
        answer.await?
    }
}
