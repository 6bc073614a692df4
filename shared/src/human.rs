//! Proof that a person sent a form: Turnstile, hCaptcha, reCAPTCHA, and whoever else answers as they do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::BoxError;
use crate::outside::Outside;

/// What a key's verifier knows it by. Never prints.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaptchaSecret(String);

impl fmt::Debug for CaptchaSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaptchaSecret")
    }
}

impl CaptchaSecret {
    /// The secret as it was given.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }
}

/// What verifiers say when the sender is not to blame, but the key's settings or they themselves.
const OURS: [&str; 4] =
    ["internal-error", "invalid-input-secret", "missing-input-secret", "sitekey-secret-mismatch"];

/// Asks verifiers.
#[derive(Debug, Default)]
pub struct Verifier(Outside);

impl Verifier {
    /// Whether the token at the verifier of this address stands for a person; an error if it cannot tell within 3
    /// seconds. The form and its answer are those of Cloudflare Turnstile ("Validate the token"), which hCaptcha
    /// and reCAPTCHA share.
    pub async fn passed(
        &self,
        url: &str,
        secret: &CaptchaSecret,
        token: &str,
        address: &str,
    ) -> Result<bool, BoxError> {
        #[derive(Deserialize)]
        struct Verdict {
            success: bool,
            #[serde(default, rename = "error-codes")]
            codes: Vec<String>,
        }
        let asked = [("secret", secret.0.as_str()), ("response", token), ("remoteip", address)];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
        let answer = self.0.post(url, form).await?;
        let refuses = (400..500).contains(&answer.status) && !matches!(answer.status, 408 | 429);
        // A sender must not be able to make the verifier look as if it were down.
        if refuses
            && let Ok(Verdict { success: false, codes }) = serde_json::from_slice(&answer.body)
            && !codes.is_empty()
            && !codes.iter().any(|code| OURS.contains(&code.as_str()))
        {
            return Ok(false);
        }
        let Verdict { success, codes } = serde_json::from_slice(&answer.successful()?)?;
        match codes.into_iter().find(|code| OURS.contains(&code.as_str())) {
            Some(code) if !success => Err(format!("the verifier says {code}").into()),
            _ => Ok(success),
        }
    }
}
