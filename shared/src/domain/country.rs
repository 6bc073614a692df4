//! Countries by ISO 3166-1.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

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

/// Names in daily use that the standard spells otherwise, and parts of countries that people give for the whole.
const USUAL_NAMES: [(&str, &str); 45] = [
    ("bolivia", "BO"),
    ("british virgin islands", "VG"),
    ("brunei", "BN"),
    ("burma", "MM"),
    ("cape verde", "CV"),
    ("czech republic", "CZ"),
    ("dr congo", "CD"),
    ("drc", "CD"),
    ("east timor", "TL"),
    ("england", "GB"),
    ("great britain", "GB"),
    ("holland", "NL"),
    ("hong kong sar", "HK"),
    ("iran", "IR"),
    ("ivory coast", "CI"),
    ("laos", "LA"),
    ("macau", "MO"),
    ("macedonia", "MK"),
    ("micronesia", "FM"),
    ("moldova", "MD"),
    ("netherlands", "NL"),
    ("north korea", "KP"),
    ("northern ireland", "GB"),
    ("palestine", "PS"),
    ("peoples republic of china", "CN"),
    ("republic of ireland", "IE"),
    ("russia", "RU"),
    ("scotland", "GB"),
    ("slovak republic", "SK"),
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
    ("usa", "US"),
    ("us virgin islands", "VI"),
    ("vatican city", "VA"),
    ("venezuela", "VE"),
    ("vietnam", "VN"),
    ("wales", "GB"),
];

/// Every name of a country, [`plain`]: those in daily use, the standard's, the standard's with what is in parentheses put in
/// front (`Korea (Republic of)`), and without it where that leaves no doubt. A file of a million leads asks a million
/// times.
static BY_NAME: LazyLock<HashMap<String, Country>> = LazyLock::new(|| {
    let usual = USUAL_NAMES.iter().map(|&(name, code)| (name.to_owned(), code));
    let whole = rust_iso3166::ALL.iter().map(|country| (plain(country.name), country.alpha2));
    let parts = || {
        let part = |name: &'static str| name.strip_suffix(')')?.split_once(" (");
        rust_iso3166::ALL.iter().filter_map(move |country| Some((part(country.name)?, country.alpha2)))
    };
    let turned = parts().map(|((name, more), code)| (plain(&format!("{more} {name}")), code));
    let is_one = |name: &str| parts().filter(|((other, _), _)| *other == name).count() == 1;
    let short = parts().filter(|((name, _), _)| is_one(name)).map(|((name, _), code)| (plain(name), code));
    let mut names = HashMap::new();
    for (name, code) in usual.chain(whole).chain(turned).chain(short) {
        if let Ok(code) = code.as_bytes().try_into() {
            names.entry(name).or_insert(Country(code));
        }
    }
    names
});

/// A name for comparison: without case, accents, signs and `the`; `&` is `and`, `St.` is `saint`.
fn plain(name: &str) -> String {
    let letters =
        fold(name).nfd().filter(|c| !is_combining_mark(*c)).collect::<String>().replace('&', " and ");
    let letters: String = letters.chars().filter(|c| !matches!(c, '.' | '\'' | '\u{2019}')).collect();
    let words = letters.split(|c: char| !c.is_alphanumeric()).filter(|word| !matches!(*word, "" | "the"));
    words.map(|word| if word == "st" { "saint" } else { word }).collect::<Vec<_>>().join(" ")
}

impl Country {
    fn by_code(text: &str) -> Option<Self> {
        let found = match text.len() {
            2 => rust_iso3166::from_alpha2(&text.to_ascii_uppercase()),
            3 => rust_iso3166::from_alpha3(&text.to_ascii_uppercase()),
            _ => None,
        };
        found?.alpha2.as_bytes().try_into().ok().map(Self)
    }

    fn by_name(text: &str) -> Option<Self> {
        BY_NAME.get(&plain(text)).copied()
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        let text = text.trim();
        Self::by_code(text).or_else(|| Self::by_name(text)).ok_or(CountryError)
    }
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
            ("The Gambia", "GM"),
            ("Netherlands, The", "NL"),
            ("Republic of Korea", "KR"),
            ("Korea, Republic of", "KR"),
            ("Democratic Republic of the Congo", "CD"),
            ("Congo", "CG"),
            ("Falkland Islands", "FK"),
            ("British Virgin Islands", "VG"),
            ("Bosnia & Herzegovina", "BA"),
            ("St. Lucia", "LC"),
            ("Cote d\u{2019}Ivoire", "CI"),
            ("São Tomé and Príncipe", "ST"),
            ("Curacao", "CW"),
            ("U.S.A.", "US"),
            ("Slovak Republic", "SK"),
        ] {
            assert_eq!(typed.parse::<Country>().map(|c| c.to_string()), Ok(code.to_owned()), "{typed}");
        }
        assert_eq!("Atlantis".parse::<Country>(), Err(CountryError));
        for doubtful in ["XX", "Korea", "Virgin Islands", "the", "()"] {
            assert_eq!(doubtful.parse::<Country>(), Err(CountryError), "{doubtful}");
        }
        assert_eq!(COUNTRIES.len(), 249);
    }

    #[test]
    fn every_country_goes_by_its_codes_and_its_name() {
        for country in rust_iso3166::ALL {
            let short = country.name.strip_suffix(" (the)").unwrap_or(country.name);
            for typed in [country.alpha2, country.alpha3, country.name, short, &short.to_uppercase()] {
                let read = typed.parse::<Country>().map(|c| c.to_string());
                assert_eq!(read, Ok(country.alpha2.to_owned()), "{typed}");
            }
        }
    }

    #[test]
    fn every_usual_name_names_a_country() {
        for (name, code) in USUAL_NAMES {
            assert_eq!(name.parse::<Country>().map(|c| c.to_string()), Ok(code.to_owned()), "{name}");
        }
    }
}
