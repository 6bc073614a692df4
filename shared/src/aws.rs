//! AWS clients: one HTTP stack, one TLS stack.

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use std::time::Duration;

use crate::config::{ConfigError, var};
use crate::telemetry::Meter;

/// The one TLS stack: rustls with ring.
const TLS: tls::Provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);

/// The HTTP client of all AWS clients.
fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(WhenAsked(aws_smithy_http_client::Builder::new().tls_provider(TLS).build_https()))
}

/// The same for requests to others than AWS.
pub(crate) fn connector() -> aws_smithy_http_client::Connector {
    aws_smithy_http_client::Connector::builder().tls_provider(TLS).build()
}

/// A client that is made ready by its first request. By itself it reads all certificates of the
/// machine as soon as an AWS client is built, which trebles the time to a function's first `next`.
#[derive(Debug)]
struct WhenAsked(SharedHttpClient);

impl HttpClient for WhenAsked {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

/// A try that hangs is given up well before the gateway gives up on the function (30 s).
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build()
}

/// What Lambda tells a function about itself: region, credentials and, for engines on this machine,
/// `AWS_ENDPOINT_URL`. Read at once, without the chain of providers that [`config`] asks, which a
/// function has no use for and would carry in its binary and its start.
pub fn function_config() -> Result<SdkConfig, ConfigError> {
    let needed = |name| var(name).ok_or(ConfigError::Missing(name));
    let (id, secret) = (needed("AWS_ACCESS_KEY_ID")?, needed("AWS_SECRET_ACCESS_KEY")?);
    let credentials = Credentials::new(id, secret, var("AWS_SESSION_TOKEN"), None, "environment");
    let mut config = builder(credentials, needed("AWS_REGION")?);
    config.set_endpoint_url(var("AWS_ENDPOINT_URL"));
    Ok(config.build())
}

/// A function's client of the table; `AWS_ENDPOINT_URL_DYNAMODB` says where an engine on this machine is.
pub fn function_client(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let endpoint = var("AWS_ENDPOINT_URL_DYNAMODB");
    let mut config = config.to_builder();
    if endpoint.is_some() {
        config.set_endpoint_url(endpoint);
    }
    client(&config.build())
}

/// A function's client of the bucket; `AWS_ENDPOINT_URL_S3` says where an engine on this machine is.
pub fn function_bucket_client(config: &SdkConfig) -> aws_sdk_s3::Client {
    let endpoint = var("AWS_ENDPOINT_URL_S3");
    let mut config = config.to_builder();
    if endpoint.is_some() {
        config.set_endpoint_url(endpoint);
    }
    bucket_client(&config.build())
}

/// The usual AWS environment, for the command line: region, credentials, profile and endpoints.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .timeout_config(timeouts())
        .load()
        .await
}

/// A configuration for engines on this machine.
pub fn local_config(endpoint: &str, region: &str, access_key: &str, secret_key: &str) -> SdkConfig {
    let credentials = Credentials::new(access_key, secret_key, None, None, "local");
    builder(credentials, region.to_owned()).endpoint_url(endpoint).build()
}

fn builder(credentials: Credentials, region: String) -> aws_types::sdk_config::Builder {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client())
        .timeout_config(timeouts())
}

/// A client of the table. What it asks is counted for the request that it asks it for.
pub fn client(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let table = aws_sdk_dynamodb::config::Builder::from(config).interceptor(Meter);
    aws_sdk_dynamodb::Client::from_conf(table.build())
}

/// A client of the bucket. A bucket on another endpoint than AWS's is named in the path, for it has no name in the DNS.
pub fn bucket_client(config: &SdkConfig) -> aws_sdk_s3::Client {
    let bucket = aws_sdk_s3::config::Builder::from(config)
        .force_path_style(config.endpoint_url().is_some())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired) // a link cannot know it
        .timeout_config(file_timeouts());
    aws_sdk_s3::Client::from_conf(bucket.build())
}

/// A file takes longer than an item.
fn file_timeouts() -> TimeoutConfig {
    timeouts()
        .to_builder()
        .operation_attempt_timeout(Duration::from_secs(8))
        .operation_timeout(Duration::from_secs(16))
        .build()
}

/// A wait before another try: up to 20 ms, doubled each time, at random so that writers that met
/// once do not meet again.
pub fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(1 + fastrand::u64(0..20 << attempt.min(6)))
}
