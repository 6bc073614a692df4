//! Tokens as others make them, by hand.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

fn part(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A token signed with HMAC-SHA-256 whatever its header says.
pub fn hs256(secret: &[u8], algorithm: &str, claims: &Value) -> String {
    signed(secret, &json!({"alg": algorithm, "typ": "JWT"}), claims)
}

/// One whose header demands that an extension is understood.
pub fn critical(secret: &[u8], claims: &Value) -> String {
    signed(secret, &json!({"alg": "HS256", "typ": "JWT", "crit": ["b64"], "b64": true}), claims)
}

fn signed(secret: &[u8], header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
    format!("{text}.{}", part(signature))
}

#[derive(Debug)]
enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// A provider's key pair.
#[derive(Debug)]
pub struct Signer {
    id: &'static str,
    pair: Pair,
}

impl Signer {
    /// A new P-256 pair.
    pub fn es256(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        Self { id, pair: Pair::Ec(pair) }
    }

    /// A new Ed25519 pair.
    pub fn ed25519(id: &'static str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { id, pair: Pair::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap()) }
    }

    /// The RSA pair of the tests: 2,048 bits, made for them and used nowhere else.
    pub fn rs256(id: &'static str) -> Self {
        let pair = RsaKeyPair::from_pkcs8(include_bytes!("rsa-test-key.der")).unwrap();
        Self { id, pair: Pair::Rsa(Box::new(pair)) }
    }

    /// The public key as a JSON Web Key.
    pub fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "x": part(&point[1..33]), "y": part(&point[33..])})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "alg": "EdDSA", "x": part(pair.public_key())})
            }
            Pair::Rsa(pair) => {
                let key = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "kid": self.id, "alg": "RS256", "use": "sig", "n": part(key.n), "e": part(key.e)})
            }
        }
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let algorithm = match &self.pair {
            Pair::Ec(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
            Pair::Rsa(_) => "RS256",
        };
        let head = json!({"alg": algorithm, "typ": "JWT", "kid": self.id});
        let text = format!("{}.{}", part(head.to_string()), part(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{text}.{}", part(signature))
    }
}
