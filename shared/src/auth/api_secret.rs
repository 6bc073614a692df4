//! The secret of a capture key.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

use crate::BoxError;
use crate::store::KeyHash;

/// What a website shows to hand in leads: 192 random bits. Shown once; only its hash is stored.
pub struct ApiSecret(String);

impl fmt::Debug for ApiSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiSecret(redacted)")
    }
}

impl ApiSecret {
    /// A new secret; an error if the machine gives no random bits.
    pub fn generate() -> Result<Self, BoxError> {
        let mut bits = [0; 24];
        SystemRandom::new().fill(&mut bits).map_err(|_| "the machine gives no random bits")?;
        Ok(Self(format!("ll_{}", BASE64_URL_SAFE_NO_PAD.encode(bits))))
    }

    /// What a client sent.
    pub fn sent(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself, to be shown this once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the table knows it by.
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }
}
