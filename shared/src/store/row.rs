//! A lead's row in the list index: what filters look at, folded and packed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::{Lead, LeadFilter, LeadId, Relation, Status, TeamId, UserId, fold};

/// First byte of a packed row; another format gets another.
const FORMAT: u8 = 1;

/// What a list needs of a lead to choose it. Texts are folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row<'a> {
    pub(crate) status: Status,
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// None: it goes by its name.
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow)]
    city: Option<Cow<'a, str>>,
    #[serde(borrow)]
    email: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) tags: Vec<Cow<'a, str>>,
    assigned_to: Vec<UserId>,
    teams: Vec<TeamId>,
    created_by: Option<UserId>,
}

impl Relation for Row<'_> {
    fn assigned_to(&self) -> &[UserId] {
        &self.assigned_to
    }

    fn teams(&self) -> &[TeamId] {
        &self.teams
    }

    fn created_by(&self) -> Option<UserId> {
        self.created_by
    }
}

impl<'a> Row<'a> {
    /// The row of a lead.
    pub(crate) fn of(lead: &Lead) -> Row<'static> {
        let details = &lead.details;
        let folded = |text: Option<&str>| text.map(|text| Cow::Owned(fold(text)));
        Row {
            status: details.status,
            name: Cow::Owned(fold(&details.full_name())),
            title: folded(details.title.as_ref().map(|title| title.as_str())),
            city: folded(details.city.as_ref().map(|city| city.as_str())),
            email: folded(details.email.as_ref().map(|email| email.as_str())),
            source: folded(details.source.as_ref().map(|source| source.as_str())),
            tags: details.tags.folded().map(Cow::Owned).collect(),
            assigned_to: details.assigned_to.clone(),
            teams: details.teams.clone(),
            created_by: lead.created_by(),
        }
    }

    /// The row as it is stored.
    pub(crate) fn pack(&self) -> Result<Vec<u8>, StoreError> {
        postcard::to_extend(self, vec![FORMAT]).map_err(|error| StoreError::Failed(error.into()))
    }

    /// A stored row.
    pub(crate) fn unpack(packed: &'a [u8]) -> Result<Self, StoreError> {
        match packed.split_first() {
            Some((&FORMAT, row)) => {
                postcard::from_bytes(row).map_err(|error| StoreError::Failed(error.into()))
            }
            _ => Err(StoreError::Failed("a row of the list index has an unknown format".into())),
        }
    }

    /// The lead's e-mail, folded.
    pub(crate) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// Every filter holds.
    pub(crate) fn matches(&self, filter: &LeadFilter) -> bool {
        let holds = |part: &Option<String>, text: Option<&str>| {
            part.as_ref().is_none_or(|part| text.is_some_and(|text| text.contains(part.as_str())))
        };
        (filter.statuses.is_empty() || filter.statuses.contains(&self.status))
            && (filter.sources.is_empty()
                || self.source.as_ref().is_some_and(|source| filter.sources.contains(source.as_ref())))
            && (filter.tags.is_empty() || self.tags.iter().any(|tag| filter.tags.contains(tag.as_ref())))
            && (filter.assigned_to.is_empty()
                || self.assigned_to.iter().any(|id| filter.assigned_to.contains(id)))
            && holds(&filter.name, Some(&self.name))
            && holds(&filter.title, Some(self.title.as_deref().unwrap_or(&self.name)))
            && holds(&filter.city, self.city.as_deref())
            && holds(&filter.email, self.email.as_deref())
    }
}

/// Rows of several leads as they are stored in one item: in the order of their ids.
pub(crate) fn pack_all(rows: &[(LeadId, Vec<u8>)]) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(rows, vec![FORMAT]).map_err(|error| StoreError::Failed(error.into()))
}

/// The rows of one item, each as [`Row::unpack`] takes it.
pub(crate) fn unpack_all(packed: &[u8]) -> Result<Vec<(LeadId, &[u8])>, StoreError> {
    match packed.split_first() {
        Some((&FORMAT, rows)) => postcard::from_bytes(rows).map_err(|error| StoreError::Failed(error.into())),
        _ => Err(StoreError::Failed("rows of the list index have an unknown format".into())),
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::domain::{Door, Fields, Ids, LeadDetails, Person, Value};

    #[test]
    fn a_row_comes_back_as_it_was_and_is_small() {
        let (ids, now) = (Ids::default(), Utc::now());
        let mut fields = Fields::default();
        for (name, text) in [
            ("first_name", "Grace"),
            ("last_name", "Hopper"),
            ("email", "grace.hopper@example.com"),
            ("city", "Arlington"),
            ("source", "Trade Show"),
            ("tags", "[\"navy\", \"VIP\"]"),
        ] {
            fields.set(name, Value::Text(text.to_owned()));
        }
        fields.set("assigned_to", Value::Text(ids.user(now).to_string()));
        let details = LeadDetails::open(Door::Api, &fields).unwrap();
        let by = Person { id: ids.user(now), email: "g@example.com".to_owned(), name: "G".to_owned() };
        let lead = Lead::open(ids.lead(now), ids.org(now), details, Some(by), now);

        let packed = Row::of(&lead).pack().unwrap();

        assert_eq!(Row::unpack(&packed).unwrap(), Row::of(&lead));
        assert!(packed.len() <= 120, "{} bytes", packed.len());
        assert!(Row::unpack(&[9]).is_err());
        let rows = [(lead.id, packed.clone()), (ids.lead(now), packed)];
        let all = pack_all(&rows).unwrap();
        assert!(unpack_all(&all).unwrap().iter().zip(&rows).all(|(a, b)| a.0 == b.0 && a.1 == b.1));
    }
}
