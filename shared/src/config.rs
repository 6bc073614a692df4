//! The environment, parsed in one place.

use std::env;

use jsonwebtoken::Algorithm;

use crate::auth::Secret;

/// What a deployment tells its functions.
#[derive(Debug, Clone)]
pub struct Config {
    /// `LEADLINE_TABLE`: the table's name.
    pub table: String,
    /// `LEADLINE_BUCKET`: the bucket's name; not every function needs it.
    pub bucket: Option<String>,
    /// `LEADLINE_TRUSTED_PROXIES`: how many proxies in front of the gateway are ours, so that what they say of their
    /// clients' addresses is believed; 0 if it is not set.
    pub trusted_proxies: usize,
    /// `LEADLINE_METRICS`: CloudWatch's namespace for metrics; none are written if it is not set.
    pub metrics: Option<String>,
    pub token: TokenConfig,
}

/// How tokens are checked.
#[derive(Debug, Clone)]
pub struct TokenConfig {
    pub keys: TokenKeys,
    /// `LEADLINE_TOKEN_ISSUER`: the `iss` a token must have, if set; with a key set it is.
    pub issuer: Option<String>,
    /// `LEADLINE_TOKEN_AUDIENCE`: an `aud` a token must have, if set; with a key set it is.
    pub audience: Option<String>,
}

/// Where the keys for tokens come from.
#[derive(Debug, Clone)]
pub enum TokenKeys {
    /// HS256 with `LEADLINE_TOKEN_SECRET`.
    Secret(Secret),
    /// HS256 with the secret that `LEADLINE_TOKEN_SECRET_ARN` names in Secrets Manager.
    SecretArn(String),
    /// `LEADLINE_TOKEN_ALGORITHM` (RS256, ES256, EdDSA) with the keys at `LEADLINE_JWKS_URL`.
    Jwks { algorithm: Algorithm, url: String },
    /// None: this function reads no tokens.
    None,
}

/// A setting is missing or makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{0} is not set")]
    Missing(&'static str),
    #[error("with LEADLINE_JWKS_URL {0} must be set: a provider signs tokens for others too")]
    TokensForOthers(&'static str),
    #[error("LEADLINE_TOKEN_ALGORITHM must be HS256, RS256, ES256 or EdDSA, not {0}")]
    Algorithm(String),
    #[error("LEADLINE_TRUSTED_PROXIES must be a number from 0 to 9")]
    TrustedProxies,
    #[error("LEADLINE_TOKEN_SECRET must be at least 32 bytes")]
    Secret,
}

/// A variable that is there and not empty.
pub(crate) fn var(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        let table = var("LEADLINE_TABLE").ok_or(ConfigError::Missing("LEADLINE_TABLE"))?;
        let trusted_proxies = match var("LEADLINE_TRUSTED_PROXIES").as_deref().map(str::parse) {
            None => 0,
            Some(Ok(proxies @ 0..=9)) => proxies,
            Some(_) => return Err(ConfigError::TrustedProxies),
        };
        Ok(Self {
            table,
            bucket: var("LEADLINE_BUCKET"),
            trusted_proxies,
            metrics: var("LEADLINE_METRICS"),
            token: TokenConfig::from_env()?,
        })
    }
}

impl TokenConfig {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(var)
    }

    fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let keys = match var("LEADLINE_TOKEN_ALGORITHM").as_deref() {
            None | Some("HS256") => Self::secret(&var)?,
            Some(name) => {
                let algorithm = match name {
                    "RS256" => Algorithm::RS256,
                    "ES256" => Algorithm::ES256,
                    "EdDSA" => Algorithm::EdDSA,
                    other => return Err(ConfigError::Algorithm(other.to_owned())),
                };
                let url = var("LEADLINE_JWKS_URL").ok_or(ConfigError::Missing("LEADLINE_JWKS_URL"))?;
                TokenKeys::Jwks { algorithm, url }
            }
        };
        let (issuer, audience) = (var("LEADLINE_TOKEN_ISSUER"), var("LEADLINE_TOKEN_AUDIENCE"));
        if matches!(keys, TokenKeys::Jwks { .. }) {
            // RFC 8725, 3.8 and 3.9.
            for (name, value) in [("LEADLINE_TOKEN_ISSUER", &issuer), ("LEADLINE_TOKEN_AUDIENCE", &audience)]
            {
                value.as_ref().ok_or(ConfigError::TokensForOthers(name))?;
            }
        }
        Ok(Self { keys, issuer, audience })
    }

    fn secret(var: impl Fn(&str) -> Option<String>) -> Result<TokenKeys, ConfigError> {
        match (var("LEADLINE_TOKEN_SECRET"), var("LEADLINE_TOKEN_SECRET_ARN")) {
            (Some(text), _) => {
                Secret::new(text.into_bytes()).map(TokenKeys::Secret).map_err(|_| ConfigError::Secret)
            }
            (None, Some(arn)) => Ok(TokenKeys::SecretArn(arn)),
            (None, None) => Ok(TokenKeys::None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_set_needs_to_know_whose_tokens_are_for_whom() {
        let all = [
            ("LEADLINE_TOKEN_ALGORITHM", "RS256"),
            ("LEADLINE_JWKS_URL", "https://id.example/jwks.json"),
            ("LEADLINE_TOKEN_ISSUER", "https://id.example"),
            ("LEADLINE_TOKEN_AUDIENCE", "leadline"),
        ];
        let read = |without: &str| {
            TokenConfig::from_vars(|name| {
                let (_, value) = all.iter().find(|(known, _)| *known == name && name != without)?;
                Some((*value).to_owned())
            })
        };

        assert_eq!(read("").unwrap().audience.as_deref(), Some("leadline"));
        for (without, _) in &all[1..] {
            assert!(read(without).unwrap_err().to_string().contains(without), "{without}");
        }
        assert!(read("LEADLINE_TOKEN_ALGORITHM").is_ok(), "a secret of one's own signs for nobody else");
    }
}
