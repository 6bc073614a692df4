//! Whether a lead matches the filters: all of them, or one at a time for whoever has a field's values without their
//! leads.

use super::Entry;
use crate::domain::{LeadFilter, Status, UserId, fold};

/// Every filter holds.
pub fn match_entry(filter: &LeadFilter, entry: &impl Entry) -> bool {
    filter.is_empty()
        || (status(filter, entry.status())
            && source(filter, entry.source())
            && tags(filter, entry.tags())
            && assigned_to(filter, entry.assigned_to())
            && amount(filter, entry.amount())
            && created_on(filter, entry.created_on())
            && name(filter, entry.name())
            && title(filter, entry.title().unwrap_or_else(|| entry.name()))
            && city(filter, entry.city())
            && email(filter, entry.email())
            && search(filter, entry))
}

pub fn status(filter: &LeadFilter, status: Status) -> bool {
    filter.statuses.is_empty() || filter.statuses.contains(&status)
}

pub fn source(filter: &LeadFilter, source: Option<&str>) -> bool {
    filter.sources.is_empty() || source.is_some_and(|source| filter.sources.contains(source))
}

pub fn tags<'t>(filter: &LeadFilter, mut tags: impl Iterator<Item = &'t str>) -> bool {
    filter.tags.is_empty() || tags.any(|tag| filter.tags.contains(tag))
}

pub fn assigned_to(filter: &LeadFilter, users: &[UserId]) -> bool {
    filter.assigned_to.is_empty() || users.iter().any(|id| filter.assigned_to.contains(id))
}

/// In cents.
pub fn amount(filter: &LeadFilter, amount: Option<i64>) -> bool {
    let (least, most) = (filter.amount_min, filter.amount_max);
    (least.is_none() && most.is_none())
        || amount.is_some_and(|amount| {
            least.is_none_or(|least| amount >= least.cents())
                && most.is_none_or(|most| amount <= most.cents())
        })
}

/// In milliseconds.
pub fn created_on(filter: &LeadFilter, created_on: i64) -> bool {
    filter.created_after.is_none_or(|after| created_on >= after.timestamp_millis())
        && filter.created_before.is_none_or(|before| created_on < before.timestamp_millis())
}

pub fn name(filter: &LeadFilter, name: &str) -> bool {
    part(&filter.name, Some(name))
}

/// The title, of a lead without one its name.
pub fn title(filter: &LeadFilter, title: &str) -> bool {
    part(&filter.title, Some(title))
}

/// As it was typed.
pub fn city(filter: &LeadFilter, city: Option<&str>) -> bool {
    filter.city.as_ref().is_none_or(|part| city.is_some_and(|city| fold(city).contains(part.as_str())))
}

pub fn email(filter: &LeadFilter, email: Option<&str>) -> bool {
    part(&filter.email, email)
}

fn part(part: &Option<String>, text: Option<&str>) -> bool {
    part.as_ref().is_none_or(|part| text.is_some_and(|text| text.contains(part.as_str())))
}

/// Name, title, e-mail, account name or phone holds what is searched for, or the digits of the phone do.
fn search(filter: &LeadFilter, entry: &impl Entry) -> bool {
    filter.search.as_ref().is_none_or(|search| {
        let texts = [Some(entry.name()), entry.title(), entry.email(), entry.account_name()];
        texts.into_iter().flatten().any(|text| search.is_in(text))
            || entry.phone().is_some_and(|phone| search.is_in_phone(phone))
    })
}
