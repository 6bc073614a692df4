//! The secret that tokens are signed with.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::DecodingKey;

use crate::BoxError;

/// A token secret: at least 32 bytes, as HS256 wants (RFC 7518, section 3.2). Never prints.
#[derive(Clone)]
pub struct Secret(Arc<[u8]>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Secret {
    /// Fewest bytes of a secret.
    const LEAST: usize = 32;

    /// A secret of these bytes; an error if they are too few.
    pub fn new(bytes: Vec<u8>) -> Result<Self, BoxError> {
        if bytes.len() < Self::LEAST {
            return Err("the token secret must be at least 32 bytes".into());
        }
        Ok(Self(bytes.into()))
    }

    /// The secret that Secrets Manager keeps under this ARN.
    pub(super) async fn fetch(arn: &str, sdk: &aws_config::SdkConfig) -> Result<Self, BoxError> {
        let client = aws_sdk_secretsmanager::Client::new(sdk);
        let value = client.get_secret_value().secret_id(arn).send().await?;
        let text = value.secret_string.ok_or("the token secret is not text")?;
        Self::new(text.into_bytes())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn decoding_key(&self) -> DecodingKey {
        DecodingKey::from_secret(&self.0)
    }
}
