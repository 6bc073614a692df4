//! What happened to a lead: who changed which fields, when, from what to what.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Door, Lead, LeadDetails, Person};

/// What kind of event it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Created,
    Changed,
    Converted,
}

/// A field before and after; null where it had no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub from: Value,
    pub to: Value,
}

/// One change of a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The lead's version that it made.
    pub version: u64,
    pub action: Action,
    pub on: DateTime<Utc>,
    /// None: a website or an import.
    pub by: Option<Person>,
    pub door: Door,
    /// By the name of the field.
    pub changes: BTreeMap<String, Change>,
}

impl Event {
    /// The opening of a lead; `lead` is as it was first written.
    pub fn created(lead: &Lead) -> Self {
        Self {
            version: lead.version,
            action: Action::Created,
            on: lead.created_on,
            by: lead.created_by.clone(),
            door: lead.door(),
            changes: changes(&Map::new(), &fields(lead)),
        }
    }

    /// A change of a lead from `was` to `is`.
    pub fn changed(was: &Lead, is: &Lead, by: Option<Person>, door: Door) -> Self {
        let converted = was.conversion.is_none() && is.conversion.is_some();
        Self {
            version: is.version,
            action: if converted { Action::Converted } else { Action::Changed },
            on: is.updated_on,
            by,
            door,
            changes: changes(&fields(was), &fields(is)),
        }
    }
}

impl Event {
    /// The lead's details as if this had not happened, and whether that is so wholly: what was changed since stays.
    pub fn taken_back(&self, lead: &Lead) -> (LeadDetails, bool) {
        let (mut details, mut is_whole) = (fields(lead), true);
        let own = serde_json::to_value(&lead.details).unwrap_or_default();
        for (name, change) in self.changes.iter().filter(|(name, _)| *name != "company") {
            let now = details.get(name).cloned().unwrap_or_default();
            if now == change.to {
                details.insert(name.clone(), change.from.clone());
            } else if now != change.from {
                is_whole = false;
            }
        }
        let Value::Object(mut all) = own else { return (lead.details.clone(), false) };
        all.extend(details.into_iter().map(|(name, value)| match (name.as_str(), value) {
            ("contacts" | "assigned_to" | "teams" | "tags", Value::Null) => (name, json!([])),
            (_, value) => (name, value),
        }));
        match serde_json::from_value(Value::Object(all)) {
            Ok(details) => (details, is_whole),
            Err(_) => (lead.details.clone(), false),
        }
    }
}

/// The fields of a lead that have a value, as they are stored.
fn fields(lead: &Lead) -> Map<String, Value> {
    let mut fields = match serde_json::to_value(&lead.details) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.insert("company".to_owned(), json!(lead.company));
    fields.insert("attribution".to_owned(), json!(lead.attribution));
    if let Some(conversion) = lead.conversion {
        fields.insert("converted_account".to_owned(), json!(conversion.account));
        fields.insert("converted_contact".to_owned(), json!(conversion.contact));
        fields.insert("converted_opportunity".to_owned(), json!(conversion.opportunity));
    }
    fields.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    fields
}

fn changes(was: &Map<String, Value>, is: &Map<String, Value>) -> BTreeMap<String, Change> {
    let value = |fields: &Map<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
    let names = was.keys().chain(is.keys());
    let change = |name: &String| (name.clone(), Change { from: value(was, name), to: value(is, name) });
    names.map(change).filter(|(_, change)| change.from != change.to).collect()
}
