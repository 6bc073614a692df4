//! The keys of an OpenID provider: a JSON Web Key Set (RFC 7517), cached.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Mutex;

use super::AuthError;
use crate::BoxError;
use crate::outside::Outside;

/// How long keys are taken without asking again.
const FRESH: Duration = Duration::hours(1);
/// Shortest time between two requests, so that made-up key ids cost the provider nothing.
const PAUSE: Duration = Duration::seconds(30);
/// The same while no keys could be had yet.
const FIRST_PAUSE: Duration = Duration::seconds(1);

/// A key set at a URL.
pub(super) struct Jwks {
    algorithm: Algorithm,
    url: String,
    outside: Outside,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    keys: HashMap<String, DecodingKey>,
    fetched: Option<DateTime<Utc>>,
    tried: Option<DateTime<Utc>>,
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks")
            .field("algorithm", &self.algorithm)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Jwks {
    pub(super) fn new(algorithm: Algorithm, url: String) -> Self {
        Self { algorithm, url, outside: Outside::default(), cache: Mutex::default() }
    }

    /// The key that a token says it is signed with. Keys are fetched when there are none, when they
    /// are old, and when the id is unknown, but not twice in 30 seconds; if that fails, old keys do.
    pub(super) async fn key(&self, token: &str, now: DateTime<Utc>) -> Result<DecodingKey, AuthError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| AuthError::Unauthenticated)?;
        if header.alg != self.algorithm {
            return Err(AuthError::Unauthenticated);
        }
        let mut cache = self.cache.lock().await;
        let known = cache.find(header.kid.as_deref());
        let fresh = cache.fetched.is_some_and(|fetched| now - fetched < FRESH);
        let pause = if cache.fetched.is_some() { PAUSE } else { FIRST_PAUSE };
        let paused = cache.tried.is_some_and(|tried| now - tried < pause);
        if (known.is_none() || !fresh) && !paused {
            cache.tried = Some(now);
            match self.fetch().await {
                Ok(keys) => {
                    cache.keys = keys;
                    cache.fetched = Some(now);
                }
                Err(error) if cache.fetched.is_none() => return Err(AuthError::NoKeys(error)),
                Err(error) => tracing::warn!(%error, "the key set cannot be fetched; the old keys go on"),
            }
        }
        if cache.fetched.is_none() {
            return Err(AuthError::NoKeys("the key set could not be fetched a moment ago".into()));
        }
        cache.find(header.kid.as_deref()).ok_or(AuthError::Unauthenticated)
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, BoxError> {
        let set: JwkSet = serde_json::from_slice(&self.outside.get(&self.url).await?)?;
        let usable = set.keys.iter().filter(|key| fits(key, self.algorithm));
        let keys = usable.filter_map(|key| {
            let id = key.common.key_id.clone().unwrap_or_default();
            Some((id, DecodingKey::from_jwk(key).ok()?))
        });
        let keys: HashMap<_, _> = keys.collect();
        if keys.is_empty() {
            return Err("the key set has no key for this algorithm".into());
        }
        Ok(keys)
    }
}

impl Cache {
    /// The key of this id; for a token without one, the only key there is.
    fn find(&self, id: Option<&str>) -> Option<DecodingKey> {
        match id {
            Some(id) => self.keys.get(id).cloned(),
            None if self.keys.len() == 1 => self.keys.values().next().cloned(),
            None => None,
        }
    }
}

/// The key is for signatures of this algorithm.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let signs = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let said = key.common.key_algorithm.is_none_or(|said| said.to_string() == format!("{algorithm:?}"));
    let kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) => true,
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => curve.curve == EllipticCurve::P256,
        (AlgorithmParameters::OctetKeyPair(pair), Algorithm::EdDSA) => pair.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    signs && said && kind
}
