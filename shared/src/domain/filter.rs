//! Which leads a list asks for, and in which order.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Timelike as _, Utc};
use serde::{Deserialize, Serialize};

use super::{Money, Status, UserId, fold};

/// The filters of a list; each that is there must hold. Texts are folded when they are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadFilter {
    /// Part of the first name, the last name or "first last".
    pub name: Option<String>,
    pub title: Option<String>,
    pub city: Option<String>,
    pub email: Option<String>,
    /// Any of these, whole.
    pub sources: BTreeSet<String>,
    pub statuses: Vec<Status>,
    pub tags: BTreeSet<String>,
    pub assigned_to: BTreeSet<UserId>,
    /// In the name, the title, the e-mail, the account name or the phone.
    pub search: Option<Search>,
    /// From then on, in whole milliseconds.
    pub created_after: Option<DateTime<Utc>>,
    /// Until then and not at that time itself, in whole milliseconds.
    pub created_before: Option<DateTime<Utc>>,
    pub amount_min: Option<Money>,
    pub amount_max: Option<Money>,
}

/// The text is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a date, YYYY-MM-DD, or a time, such as 2026-01-31T09:30:00Z")]
pub struct MomentError;

impl LeadFilter {
    /// Nothing is asked for in particular: every lead matches.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A part to look for, made ready; blank asks for nothing.
    pub fn part(text: &str) -> Option<String> {
        Some(fold(text.trim())).filter(|text| !text.is_empty())
    }

    /// A bound of the time of creation: an RFC 3339 time, or a date, which means its start in UTC. Times are kept and
    /// shown in milliseconds; the first of them that is not before the bound stands for it.
    pub fn moment(text: &str) -> Result<DateTime<Utc>, MomentError> {
        let text = text.trim();
        if let (10, Ok(date)) = (text.len(), NaiveDate::parse_from_str(text, "%Y-%m-%d")) {
            return Ok(date.and_time(NaiveTime::MIN).and_utc());
        }
        // The plus of a zone is a space in a query, unless it was escaped.
        let escaped = text.rsplit_once(' ').map(|(time, zone)| format!("{time}+{zone}"));
        let time = DateTime::parse_from_rfc3339(text)
            .or_else(|error| escaped.map_or(Err(error), |text| DateTime::parse_from_rfc3339(&text)))
            .map_err(|_| MomentError)?
            .to_utc();
        let beyond = time.nanosecond() % 1_000_000;
        let rest = if beyond == 0 { 0 } else { 1_000_000 - beyond };
        time.checked_add_signed(Duration::nanoseconds(rest.into())).ok_or(MomentError)
    }
}

/// What is looked for in several fields at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    part: String,
    /// If it may be a telephone number.
    digits: Option<String>,
}

impl Search {
    /// A text to look for; blank asks for nothing.
    pub fn of(text: &str) -> Option<Self> {
        let part = LeadFilter::part(text)?;
        let written_in_numbers = |c: char| {
            c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '-' | '(' | ')' | '.' | '/')
        };
        let digits: String = part.chars().filter(char::is_ascii_digit).collect();
        let digits = Some(digits).filter(|digits| !digits.is_empty() && part.chars().all(written_in_numbers));
        Some(Self { part, digits })
    }

    /// What is looked for, folded.
    pub fn part(&self) -> &str {
        &self.part
    }

    /// Its digits, if it may be a telephone number.
    pub fn digits(&self) -> Option<&str> {
        self.digits.as_deref()
    }

    /// A folded text holds it.
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(&self.part)
    }

    /// A telephone number holds it, as it is written or by its digits alone.
    pub fn is_in_phone(&self, phone: &str) -> bool {
        self.is_in(phone)
            || self.digits.as_ref().is_some_and(|digits| {
                phone.chars().filter(char::is_ascii_digit).collect::<String>().contains(digits)
            })
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordering {
    pub field: OrderField,
    pub descending: bool,
}

/// What leads are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderField {
    CreatedOn,
    UpdatedOn,
    OpportunityAmount,
    LastName,
}

/// The text is no order; its words list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be one of: created_on, updated_on, opportunity_amount, last_name, or the same with - in front for descending"
)]
pub struct OrderingError;

impl OrderField {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::CreatedOn, Self::UpdatedOn, Self::OpportunityAmount, Self::LastName];

    /// The name of the field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatedOn => "created_on",
            Self::UpdatedOn => "updated_on",
            Self::OpportunityAmount => "opportunity_amount",
            Self::LastName => "last_name",
        }
    }
}

impl Default for Ordering {
    /// Newest first.
    fn default() -> Self {
        Self { field: OrderField::CreatedOn, descending: true }
    }
}

impl FromStr for Ordering {
    type Err = OrderingError;

    fn from_str(text: &str) -> Result<Self, OrderingError> {
        let text = text.trim();
        let name = text.strip_prefix('-').unwrap_or(text);
        let field = OrderField::ALL.into_iter().find(|field| field.as_str() == name).ok_or(OrderingError)?;
        Ok(Self { field, descending: text.starts_with('-') })
    }
}

impl fmt::Display for Ordering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, self.field.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_the_start_of_a_day() {
        for (text, moment) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"),
            ("2026-01-31T09:30:00+02:00", "2026-01-31T07:30:00Z"),
            ("2026-01-31T09:30:00 02:00", "2026-01-31T07:30:00Z"),
            ("2026-01-31T09:30:00.1230001Z", "2026-01-31T09:30:00.124Z"),
            ("2026-01-31T23:59:59.9999Z", "2026-02-01T00:00:00Z"),
        ] {
            let moment = DateTime::parse_from_rfc3339(moment).unwrap().to_utc();
            assert_eq!(LeadFilter::moment(text), Ok(moment), "{text}");
        }
        for text in ["", "yesterday", "2026-02-30", "2026-1-31", "2026-01-31T09:30:00", "1769852000"] {
            assert_eq!(LeadFilter::moment(text), Err(MomentError), "{text}");
        }
    }

    #[test]
    fn a_phone_is_found_as_written_and_by_its_digits() {
        let phone = "+1 (555) 12-34";

        for found in ["5551234", "(555) 12", "555-1234", "+1555", "15551234", "1"] {
            assert!(Search::of(found).unwrap().is_in_phone(phone), "{found}");
        }
        for other in ["5551243", "x5551234", "ext"] {
            assert!(!Search::of(other).unwrap().is_in_phone(phone), "{other}");
        }
        assert_eq!(Search::of("  "), None);
        assert!(!Search::of("-").unwrap().is_in_phone("1234"));
    }

    #[test]
    fn an_order_is_a_field_with_or_without_a_minus() {
        for field in OrderField::ALL {
            for text in [field.as_str().to_owned(), format!("-{}", field.as_str())] {
                let ordering: Ordering = text.parse().unwrap();
                assert_eq!((ordering.field, ordering.to_string()), (field, text));
            }
        }
        for bad in ["", "-", "+created_on", "--created_on", "id", "created_on,last_name"] {
            assert_eq!(bad.parse::<Ordering>(), Err(OrderingError), "{bad}");
        }
    }
}
