//! Proof that a person sent the form, for keys that ask for it.

use lambda_http::Request;
use leadline::App;
use leadline::domain::{ApiKey, Captcha, FieldErrors, Fields, LeadDetails, WhenDown};
use leadline::store::Opened;
use leadline::telemetry::chain;
use leadline::web::{self, ApiError};

/// The fields that verifiers' widgets put their token in, and one for others.
pub const TOKENS: [&str; 4] =
    ["cf-turnstile-response", "h-captcha-response", "g-recaptcha-response", "captcha"];
/// Longest proof that a verifier is asked about; theirs are up to 2,048 characters or so.
const LONGEST: usize = 8 * 1024;
const NOT_PASSED: &str = "was not passed; try again";
/// What marks a lead that nobody could verify.
const UNVERIFIED: &str = "unverified";

/// The proof that the form brings along; an error without one.
pub(crate) fn proof(fields: &Fields) -> Result<String, FieldErrors> {
    match TOKENS.iter().find_map(|name| fields.text(name)) {
        Some(proof) if proof.len() <= LONGEST => Ok(proof.to_owned()),
        Some(_) => Err(FieldErrors::one("captcha", NOT_PASSED)),
        None => Err(FieldErrors::one("captcha", "is required")),
    }
}

/// An error unless a person sent it, or nobody can tell and the key lets that in: then the lead is marked.
pub(crate) async fn prove(
    app: &App,
    request: &Request,
    opened: &Opened,
    captcha: &Captcha,
    proof: &str,
    details: &mut LeadDetails,
) -> Result<(), ApiError> {
    let Some(secret) = &opened.captcha_secret else {
        return down(&opened.key, captcha, "the key has no secret for its verifier".into(), details);
    };
    let address = web::address(request, app.trusted_proxies);
    match app.verifier.passed(&captcha.verify_url, secret, proof, &address).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(FieldErrors::one("captcha", NOT_PASSED).into()),
        Err(error) => down(&opened.key, captcha, error, details),
    }
}

fn down(
    key: &ApiKey,
    captcha: &Captcha,
    error: leadline::BoxError,
    details: &mut LeadDetails,
) -> Result<(), ApiError> {
    match captcha.when_down {
        WhenDown::Admit => {
            let cause = chain(&*error);
            tracing::warn!(key_id = %key.id, cause, "the verifier cannot tell; a lead is let in");
            details.tags.push(UNVERIFIED);
            Ok(())
        }
        WhenDown::Refuse => Err(ApiError::Unavailable(error)),
    }
}
