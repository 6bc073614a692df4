//! Values on the command line that are no plain texts or numbers.

use std::fmt;
use std::str::FromStr;

use chrono::Duration;
use http::Uri;

/// A secret on the command line. Never prints.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hidden(pub(crate) String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

/// There is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must not be blank")]
pub(crate) struct BlankError;

impl FromStr for Hidden {
    type Err = BlankError;

    fn from_str(text: &str) -> Result<Self, BlankError> {
        let text = text.trim();
        if text.is_empty() { Err(BlankError) } else { Ok(Self(text.to_owned())) }
    }
}

/// Where an API is, such as `https://example.com`: without the slash at the end, ready for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiAddress(pub(crate) String);

/// The text is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a http or https address, such as https://api.example.com")]
pub(crate) struct ApiAddressError;

impl FromStr for ApiAddress {
    type Err = ApiAddressError;

    fn from_str(text: &str) -> Result<Self, ApiAddressError> {
        let text = text.trim().trim_end_matches('/');
        let uri: Uri = text.parse().map_err(|_| ApiAddressError)?;
        let host = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let web = matches!(uri.scheme_str(), Some("http" | "https")) && host.is_some();
        if web && !text.contains(['?', '#']) { Ok(Self(text.to_owned())) } else { Err(ApiAddressError) }
    }
}

/// How long a token is good: 30m, 8h, 7d; a year at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ttl(pub(crate) Duration);

/// The text is no such time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number and m, h or d, such as 8h, and a year at most")]
pub(crate) struct TtlError;

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, TtlError> {
        let unit = text.chars().last().ok_or(TtlError)?;
        let number: i64 = text.strip_suffix(unit).unwrap_or(text).parse().map_err(|_| TtlError)?;
        let ttl = match unit {
            'm' => Duration::try_minutes(number),
            'h' => Duration::try_hours(number),
            'd' => Duration::try_days(number),
            _ => None,
        };
        ttl.filter(|ttl| *ttl > Duration::zero() && *ttl <= Duration::days(366)).map(Self).ok_or(TtlError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_an_api_is_kept_without_the_slash() {
        let kept = |text: &str| text.parse::<ApiAddress>().map(|api| api.0);

        assert_eq!(kept("https://api.example.com/").unwrap(), "https://api.example.com");
        assert_eq!(kept(" http://[::1]:9000/stage").unwrap(), "http://[::1]:9000/stage");
        for wrong in [
            "",
            "api.example.com",
            "ftp://example.com",
            "https://",
            "https://a b",
            "https://u:p@a.example",
            "https://a.example/?b",
            "https://a.example/#b",
        ] {
            assert_eq!(wrong.parse::<ApiAddress>(), Err(ApiAddressError), "{wrong}");
        }
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", "quiet".parse::<Hidden>()), "Ok(Hidden)");
    }

    #[test]
    fn a_ttl_is_a_number_and_a_unit() {
        assert_eq!("90m".parse(), Ok(Ttl(Duration::minutes(90))));
        assert_eq!("7d".parse(), Ok(Ttl(Duration::days(7))));
        for wrong in ["", "8", "h", "0h", "-1h", "8w", "99999999999999999d", "367d", "8hh"] {
            assert_eq!(wrong.parse::<Ttl>(), Err(TtlError), "{wrong}");
        }
    }
}
