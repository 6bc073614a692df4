//! Countries by ISO 3166-1.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::fold;

/// A country of ISO 3166-1, kept as its alpha-2 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// The text names no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a country: an ISO 3166-1 code or its English name")]
pub struct CountryError;

/// All countries, `(alpha-2, English name)`, by name.
pub static COUNTRIES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let mut all: Vec<_> = rust_iso3166::ALL.iter().map(|country| (country.alpha2, country.name)).collect();
    all.sort_unstable_by_key(|(_, name)| fold(name));
    all
});

/// Names in daily use that the standard spells otherwise.
const USUAL_NAMES: [(&str, &str); 33] = [
    ("bolivia", "BO"),
    ("brunei", "BN"),
    ("cape verde", "CV"),
    ("czech republic", "CZ"),
    ("dr congo", "CD"),
    ("east timor", "TL"),
    ("england", "GB"),
    ("great britain", "GB"),
    ("holland", "NL"),
    ("hong kong sar", "HK"),
    ("iran", "IR"),
    ("ivory coast", "CI"),
    ("laos", "LA"),
    ("macau", "MO"),
    ("micronesia", "FM"),
    ("moldova", "MD"),
    ("netherlands", "NL"),
    ("north korea", "KP"),
    ("palestine", "PS"),
    ("russia", "RU"),
    ("south korea", "KR"),
    ("swaziland", "SZ"),
    ("syria", "SY"),
    ("taiwan", "TW"),
    ("tanzania", "TZ"),
    ("turkey", "TR"),
    ("uae", "AE"),
    ("uk", "GB"),
    ("united kingdom", "GB"),
    ("united states", "US"),
    ("vatican city", "VA"),
    ("venezuela", "VE"),
    ("vietnam", "VN"),
];

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        let text = text.trim();
        let code = text.to_ascii_uppercase();
        let named = fold(text);
        let usual = USUAL_NAMES.iter().find(|(name, _)| *name == named).map(|(_, code)| *code);
        rust_iso3166::from_alpha2(usual.unwrap_or(&code))
            .or_else(|| rust_iso3166::from_alpha3(&code))
            .or_else(|| rust_iso3166::ALL.iter().find(|country| goes_by(country.name, &named)).copied())
            .and_then(|country| country.alpha2.as_bytes().try_into().ok())
            .map(Self)
            .ok_or(CountryError)
    }
}

/// The standard's name, or the part before its qualification: `Viet Nam`, `Sudan (the)`.
fn goes_by(standard: &str, named: &str) -> bool {
    let standard = fold(standard);
    standard == named || standard.strip_suffix(" (the)").is_some_and(|short| short == named)
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl TryFrom<String> for Country {
    type Error = CountryError;

    fn try_from(text: String) -> Result<Self, CountryError> {
        text.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_known_by_code_and_by_name() {
        for (typed, code) in [
            ("de", "DE"),
            ("DEU", "DE"),
            ("germany", "DE"),
            ("United States", "US"),
            ("united states of america", "US"),
            ("USA", "US"),
            ("UK", "GB"),
            ("Côte d'Ivoire", "CI"),
            ("viet nam", "VN"),
        ] {
            assert_eq!(typed.parse::<Country>().map(|c| c.to_string()), Ok(code.to_owned()), "{typed}");
        }
        assert_eq!("Atlantis".parse::<Country>(), Err(CountryError));
        assert_eq!("XX".parse::<Country>(), Err(CountryError));
        assert_eq!(COUNTRIES.len(), 249);
    }

    #[test]
    fn every_usual_name_names_a_country() {
        for (name, code) in USUAL_NAMES {
            assert_eq!(name.parse::<Country>().map(|c| c.to_string()), Ok(code.to_owned()), "{name}");
        }
    }
}
