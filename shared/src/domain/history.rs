//! What happened to a lead: who changed which fields, when, from what to what.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Door, Lead, Person};

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
