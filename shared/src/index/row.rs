//! A lead's row in the list index: what filters look at, folded and packed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Entry, IndexError};
use crate::domain::{Lead, LeadId, Relation, Status, TeamId, UserId, fold};

/// First byte of a packed row; another format gets another.
const FORMAT: u8 = 2;

/// What a list needs of a lead to choose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    id: LeadId,
    packed: Packed<'a>,
}

/// What is stored beside the id. Texts are folded, but for the city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Packed<'a> {
    status: Status,
    /// "first last".
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// Where the last name begins, in bytes.
    last_name: u16,
    /// None: it goes by its name.
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow)]
    city: Option<Cow<'a, str>>,
    #[serde(borrow)]
    email: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    account_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    phone: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tags: Vec<Cow<'a, str>>,
    assigned_to: Vec<UserId>,
    teams: Vec<TeamId>,
    created_by: Option<UserId>,
    /// In cents.
    amount: Option<i64>,
    /// In milliseconds, if the id does not tell it.
    created_on: Option<i64>,
    /// Milliseconds from creation to the last change.
    updated_after: i64,
    /// Of the lead: no two rows of a lead are the same bytes, even if it is changed and changed back at once.
    version: u64,
}

impl Relation for Row<'_> {
    fn assigned_to(&self) -> &[UserId] {
        &self.packed.assigned_to
    }

    fn teams(&self) -> &[TeamId] {
        &self.packed.teams
    }

    fn created_by(&self) -> Option<UserId> {
        self.packed.created_by
    }
}

impl Entry for Row<'_> {
    fn id(&self) -> LeadId {
        self.id
    }

    fn status(&self) -> Status {
        self.packed.status
    }

    fn name(&self) -> &str {
        &self.packed.name
    }

    fn last_name(&self) -> &str {
        self.packed.name.get(self.packed.last_name.into()..).unwrap_or_default()
    }

    fn title(&self) -> Option<&str> {
        self.packed.title.as_deref()
    }

    fn email(&self) -> Option<&str> {
        self.packed.email.as_deref()
    }

    fn account_name(&self) -> Option<&str> {
        self.packed.account_name.as_deref()
    }

    fn phone(&self) -> Option<&str> {
        self.packed.phone.as_deref()
    }

    fn source(&self) -> Option<&str> {
        self.packed.source.as_deref()
    }

    fn tags(&self) -> impl Iterator<Item = &str> {
        self.packed.tags.iter().map(AsRef::as_ref)
    }

    fn city(&self) -> Option<&str> {
        self.packed.city.as_deref()
    }

    fn amount(&self) -> Option<i64> {
        self.packed.amount
    }

    fn created_on(&self) -> i64 {
        self.packed.created_on.unwrap_or_else(|| self.id.milliseconds())
    }

    fn updated_on(&self) -> i64 {
        self.created_on().saturating_add(self.packed.updated_after)
    }
}

impl<'a> Row<'a> {
    /// The row of a lead.
    pub fn of(lead: &Lead) -> Row<'static> {
        let details = &lead.details;
        let folded = |text: Option<&str>| text.map(|text| Cow::Owned(fold(text)));
        let mut name =
            details.first_name.as_ref().map(|first| fold(first.as_str()) + " ").unwrap_or_default();
        let last_name = name.len().try_into().unwrap_or(u16::MAX); // 255 characters
        name.push_str(&fold(details.last_name.as_str()));
        let (created_on, updated_on) =
            (lead.created_on.timestamp_millis(), lead.updated_on.timestamp_millis());
        let packed = Packed {
            status: details.status,
            name: Cow::Owned(name),
            last_name,
            title: folded(details.title.as_ref().map(|title| title.as_str())),
            city: details.city.as_ref().map(|city| Cow::Owned(city.to_string())),
            email: folded(details.email.as_ref().map(|email| email.as_str())),
            source: folded(details.source.as_ref().map(|source| source.as_str())),
            account_name: folded(details.account_name.as_ref().map(|name| name.as_str())),
            phone: folded(details.phone.as_ref().map(|phone| phone.as_str())),
            tags: details.tags.folded().map(Cow::Owned).collect(),
            assigned_to: details.assigned_to.clone(),
            teams: details.teams.clone(),
            created_by: lead.created_by(),
            amount: details.opportunity_amount.map(|amount| amount.cents()),
            created_on: Some(created_on).filter(|created_on| *created_on != lead.id.milliseconds()),
            updated_after: updated_on.saturating_sub(created_on),
            version: lead.version,
        };
        Row { id: lead.id, packed }
    }

    /// The row as it is stored, without its id.
    pub fn pack(&self) -> Result<Vec<u8>, IndexError> {
        postcard::to_extend(&self.packed, vec![FORMAT]).map_err(IndexError::Damaged)
    }

    /// The stored row of a lead.
    pub fn unpack(id: LeadId, packed: &'a [u8]) -> Result<Self, IndexError> {
        match packed.split_first() {
            Some((&FORMAT, row)) => {
                let packed = postcard::from_bytes(row).map_err(IndexError::Damaged)?;
                Ok(Self { id, packed })
            }
            _ => Err(IndexError::Format),
        }
    }
}

/// Rows of several leads as they are stored in one item: in the order of their ids.
pub fn pack_all(rows: &[(LeadId, Vec<u8>)]) -> Result<Vec<u8>, IndexError> {
    postcard::to_extend(rows, vec![FORMAT]).map_err(IndexError::Damaged)
}

/// The rows of one item, each as [`Row::unpack`] takes it.
pub fn unpack_all(packed: &[u8]) -> Result<Vec<(LeadId, &[u8])>, IndexError> {
    match packed.split_first() {
        Some((&FORMAT, rows)) => postcard::from_bytes(rows).map_err(IndexError::Damaged),
        _ => Err(IndexError::Format),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, Utc};

    use super::*;
    use crate::domain::{Door, Fields, Ids, LeadDetails, Person, Value};

    fn lead(fields: &[(&str, &str)]) -> Lead {
        let (ids, now) = (Ids::default(), Utc::now());
        let mut read = Fields::default();
        fields.iter().for_each(|(name, text)| read.set(*name, Value::Text((*text).to_owned())));
        read.set("assigned_to", Value::Text(ids.user(now).to_string()));
        let details = LeadDetails::open(Door::Api, &read).unwrap();
        let by = Person { id: ids.user(now), email: "g@example.com".to_owned(), name: "G".to_owned() };
        Lead::open(ids.lead(now), ids.org(now), details, Some(by), now)
    }

    #[test]
    fn a_row_comes_back_as_it_was_and_is_small() {
        let lead = lead(&[
            ("first_name", "Grace"),
            ("last_name", "Hopper"),
            ("title", "Compiler for the Navy"),
            ("email", "grace.hopper@example.com"),
            ("phone", "+1 (555) 012-3456"),
            ("city", "Arlington"),
            ("source", "Trade Show"),
            ("account_name", "Eckert-Mauchly"),
            ("opportunity_amount", "75000.00"),
            ("tags", "[\"navy\", \"VIP\"]"),
        ]);

        let packed = Row::of(&lead).pack().unwrap();

        assert_eq!(Row::unpack(lead.id, &packed).unwrap(), Row::of(&lead));
        assert!(packed.len() <= 200, "{} bytes", packed.len());
        for other in [&[][..], &[1], &[9]] {
            assert!(matches!(Row::unpack(lead.id, other), Err(IndexError::Format)));
        }
        assert!(matches!(Row::unpack(lead.id, &packed[..20]), Err(IndexError::Damaged(_))));
        let rows = [(lead.id, packed.clone()), (LeadId(uuid::Uuid::max()), packed)];
        let all = pack_all(&rows).unwrap();
        assert!(unpack_all(&all).unwrap().iter().zip(&rows).all(|(a, b)| a.0 == b.0 && a.1 == b.1));
    }

    #[test]
    fn a_row_knows_the_last_name_and_both_times() {
        let mut lead = lead(&[("first_name", "\u{c9}va"), ("last_name", "Straße"), ("city", "Köln")]);
        lead.updated_on += Duration::milliseconds(1_500);
        let known = Row::of(&lead);
        lead.created_on -= Duration::seconds(5); // the clock had been put back
        let packed = Row::of(&lead).pack().unwrap();
        let told = Row::unpack(lead.id, &packed).unwrap();

        assert_eq!((told.name(), told.last_name(), told.city()), ("éva strasse", "strasse", Some("Köln")));
        for row in [&known, &told] {
            assert_eq!(row.updated_on(), lead.updated_on.timestamp_millis());
        }
        assert_eq!(known.created_on(), lead.id.milliseconds());
        assert_eq!(told.created_on(), lead.created_on.timestamp_millis());
    }
}
