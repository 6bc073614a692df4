//! Checked texts: each is built through `FromStr`. Read back from the table it is as it was stored, not checked again: a rule
//! may have become stricter since.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use url::Url;

use super::fold;

/// Why a text is refused; the words are for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("must not be blank")]
    Blank,
    #[error("must be at most {0} characters")]
    TooLong(usize),
    #[error("must not hold control characters")]
    Control,
    #[error("must be an e-mail address, such as ada@example.com")]
    Email,
    #[error("must hold at least 3 digits")]
    Phone,
    #[error("must be a http or https address or a bare domain, such as example.com")]
    Website,
    #[error("must be a whole number from 0 to 100")]
    Probability,
    #[error("must be a date, YYYY-MM-DD")]
    Date,
}

/// Nobody would see anything: white space, or what shows nothing though it is none.
pub(super) fn is_blank(text: &str) -> bool {
    let is_invisible = |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// Text of 1 to `MAX` characters after trimming.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if is_blank(text) {
            return Err(TextError::Blank);
        }
        if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(TextError::Control);
        }
        if text.chars().nth(MAX).is_some() {
            return Err(TextError::TooLong(MAX));
        }
        Ok(Self(text.to_owned()))
    }
}

/// An e-mail address of RFC 5321's shape, at most 254 characters, kept as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl FromStr for Email {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = Text::<{ Self::MAX }>::from_str(text)?;
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        EmailAddress::parse_with_options(text.as_str(), options)
            .map(|_| Self(text.0))
            .map_err(|_| TextError::Email)
    }
}

impl Email {
    /// Most characters.
    pub const MAX: usize = 254;

    /// The address for comparison.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// A telephone number as typed: at most 40 characters, at least 3 of them digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// Most characters.
    pub const MAX: usize = 40;
}

impl FromStr for Phone {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = Text::<{ Self::MAX }>::from_str(text)?;
        match text.as_str().chars().filter(|c| c.is_numeric()).count() {
            0..3 => Err(TextError::Phone),
            _ => Ok(Self(text.0)),
        }
    }
}

/// A http(s) address or a bare domain, at most 255 characters, kept as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Website(String);

impl Website {
    /// Most characters.
    pub const MAX: usize = 255;
}

impl FromStr for Website {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = Text::<{ Self::MAX }>::from_str(text)?;
        let (scheme, rest) = text.as_str().split_once("://").unwrap_or(("", text.as_str()));
        let full = if scheme.is_empty() { format!("http://{rest}") } else { text.0.clone() };
        let url = Url::parse(&full).map_err(|_| TextError::Website)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let named = match url.domain().map(|domain| domain.strip_suffix('.').unwrap_or(domain)) {
            Some(domain) => domain.split('.').all(is_label) && (!scheme.is_empty() || domain.contains('.')),
            None => !scheme.is_empty(), // an IP address
        };
        let written_plainly = !text.as_str().contains(|c: char| c.is_whitespace() || "<>\"".contains(c))
            && url.username().is_empty()
            && !host.is_empty()
            && (!scheme.is_empty() || !host.ends_with(':'));
        if matches!(url.scheme(), "http" | "https") && named && written_plainly {
            Ok(Self(text.0))
        } else {
            Err(TextError::Website)
        }
    }
}

/// Part of a host name between dots (RFC 1123, section 2.1), with the `_` that some have.
fn is_label(label: &str) -> bool {
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
}

/// How likely a lead is to close, in per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probability(u8);

impl Probability {
    /// A lead that is as good as won.
    pub const MAX: u8 = 100;
}

impl FromStr for Probability {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        // A client that holds it as a float sends 50.0.
        let whole =
            text.split_once('.').filter(|(_, zeros)| !zeros.is_empty() && zeros.bytes().all(|b| b == b'0'));
        match whole.map_or(text, |(whole, _)| whole).parse() {
            Ok(percent @ 0..=Self::MAX) => Ok(Self(percent)),
            _ => Err(TextError::Probability),
        }
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The day a lead is expected to close; has no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseDate(NaiveDate);

impl FromStr for CloseDate {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(date) if text.len() == 10 => Ok(Self(date)),
            _ => Err(TextError::Date),
        }
    }
}

impl fmt::Display for CloseDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%Y-%m-%d").fmt(f)
    }
}

macro_rules! text_like {
    ($($name:ty $([$($generic:tt)*])?),*) => {$(
        impl $($($generic)*)? From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl $($($generic)*)? $name {
            /// The text as it was typed, trimmed.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $($($generic)*)? fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_like!(Text<MAX> [<const MAX: usize>], Email, Phone, Website);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_counted_in_characters_after_trimming() {
        assert_eq!("  ab ".parse::<Text<2>>().unwrap().as_str(), "ab");
        assert!("語語".parse::<Text<2>>().is_ok());
        assert_eq!("語語語".parse::<Text<2>>(), Err(TextError::TooLong(2)));
        for blank in [" ", "\u{a0}", "\u{200b}", " \u{feff}\u{2060} "] {
            assert_eq!(blank.parse::<Text<2>>(), Err(TextError::Blank), "{blank:?}");
        }
    }

    #[test]
    fn an_address_has_the_shape_of_rfc_5321() {
        let long = |n: usize| format!("{}@{}.example", "a".repeat(64), "d".repeat(60)).len() + n;
        assert!(long(0) < 254);
        for good in ["ada@example.com", "A.B+c@sub.example.co.uk", "o'neil@example.ie", "user@bücher.example"]
        {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        for bad in [
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "ada@example",
            "ada@exa mple.com",
            "Ada <ada@example.com>",
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_phone_has_three_digits_and_forty_characters_at_most() {
        assert!("112".parse::<Phone>().is_ok());
        assert_eq!("12".parse::<Phone>(), Err(TextError::Phone));
        assert!("٠١٢٣٤٥".parse::<Phone>().is_ok());
        assert!("1".repeat(40).parse::<Phone>().is_ok());
        assert_eq!("1".repeat(41).parse::<Phone>(), Err(TextError::TooLong(40)));
    }

    #[test]
    fn a_website_is_an_address_or_a_bare_domain() {
        for good in [
            "example.com",
            "www.example.com/a?b=c",
            "https://example.com",
            "http://localhost:8080/x",
            "http://127.0.0.1/x",
            "HTTPS://bücher.example/é?u=http://x",
            "my_shop.example:8080",
            "https://example.com./",
        ] {
            assert!(good.parse::<Website>().is_ok(), "{good}");
        }
        for bad in [
            "example",
            "ftp://example.com",
            "javascript:alert(1)",
            "exa mple.com",
            "http://",
            "mailto:a@example.com",
            "http://.",
            "http://a..b",
            ".de",
            "www.",
            "x-.de",
            "-x.de",
            "//x.de",
            "https:///x.de",
            "file.de:/x",
            "http://x.de/\"><script>",
        ] {
            assert!(bad.parse::<Website>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_probability_is_a_whole_number_however_it_is_written() {
        for (typed, kept) in [("0", "0"), (" 50 ", "50"), ("50.0", "50"), ("100.00", "100")] {
            assert_eq!(typed.parse::<Probability>().unwrap().to_string(), kept);
        }
        for bad in ["50.5", "101", "-1", "50.", ".0", "5e1", ""] {
            assert_eq!(bad.parse::<Probability>(), Err(TextError::Probability), "{bad}");
        }
    }

    #[test]
    fn what_was_stored_under_another_rule_can_be_read() {
        assert!("nodots".parse::<Website>().is_err());
        assert_eq!(serde_json::from_str::<Website>("\"nodots\"").unwrap().as_str(), "nodots");
    }

    #[test]
    fn a_date_is_written_in_full_and_exists() {
        assert!("2028-02-29".parse::<CloseDate>().is_ok());
        for bad in ["2027-02-29", "2027-2-3", "29.02.2028", "2028-02-29T00:00:00Z"] {
            assert_eq!(bad.parse::<CloseDate>(), Err(TextError::Date), "{bad}");
        }
    }
}
