//! Changes of an item in place. Every name stands as a placeholder, for many plain words are words of DynamoDB's
//! expressions too.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, Utc};

use super::item::{Entity, Item, decode, rfc3339};
use super::keys::Key;
use super::transaction::Transaction;
use super::{Store, StoreError};

/// What is to change, and what must hold for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    set: Vec<String>,
    add: Vec<String>,
    delete: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Change {
    /// A change of an item of this kind.
    pub(crate) fn of<T: Entity>(now: DateTime<Utc>) -> Self {
        let entity = AttributeValue::S(T::NAME.to_owned());
        Self::default().set("entity", entity).set("updated_at", AttributeValue::S(rfc3339(now)))
    }

    fn name(&mut self, name: &str) -> String {
        let known =
            self.names.iter().find(|(_, known)| *known == name).map(|(placeholder, _)| placeholder.clone());
        known.unwrap_or_else(|| {
            let placeholder = format!("#{}", self.names.len());
            self.names.insert(placeholder.clone(), name.to_owned());
            placeholder
        })
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// The attribute becomes this.
    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push(format!("{name} = {value}"));
        self
    }

    /// The attribute becomes this if it is not there.
    pub(crate) fn set_new(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
        self
    }

    /// The list gets these at its end.
    pub(crate) fn append(mut self, name: &str, values: Vec<AttributeValue>) -> Self {
        let none = self.value(AttributeValue::L(Vec::new()));
        let (name, values) = (self.name(name), self.value(AttributeValue::L(values)));
        self.set.push(format!("{name} = list_append(if_not_exists({name}, {none}), {values})"));
        self
    }

    /// The number grows by so much, or the set by these.
    pub(crate) fn add(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.add.push(format!("{name} {value}"));
        self
    }

    /// The set loses these.
    pub(crate) fn delete(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.delete.push(format!("{name} {value}"));
        self
    }

    /// The attribute goes.
    pub(crate) fn remove(mut self, name: &str) -> Self {
        let name = self.name(name);
        self.remove.push(name);
        self
    }

    /// The attribute must be this.
    pub(crate) fn when(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.conditions.push(format!("{name} = {value}"));
        self
    }

    /// The attribute must be there.
    pub(crate) fn when_there(mut self, name: &str) -> Self {
        let name = self.name(name);
        self.conditions.push(format!("attribute_exists({name})"));
        self
    }

    /// The attribute must not be this.
    pub(crate) fn when_not(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.conditions.push(format!("{name} <> {value}"));
        self
    }

    /// The attribute must not be there, or be this.
    pub(crate) fn when_new(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.conditions.push(format!("(attribute_not_exists({name}) OR {name} = {value})"));
        self
    }

    /// The attribute must be one of these.
    pub(crate) fn when_one_of(mut self, name: &str, values: Vec<AttributeValue>) -> Self {
        let name = self.name(name);
        let values: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
        self.conditions.push(format!("{name} IN ({})", values.join(", ")));
        self
    }

    fn expression(&self) -> String {
        let clause = |word: &str, parts: &[String]| match parts {
            [] => None,
            parts => Some(format!("{word} {}", parts.join(", "))),
        };
        let clauses = [
            clause("SET", &self.set),
            clause("ADD", &self.add),
            clause("DELETE", &self.delete),
            clause("REMOVE", &self.remove),
        ];
        clauses.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn condition(&self) -> Option<String> {
        Some(self.conditions.join(" AND ")).filter(|condition| !condition.is_empty())
    }
}

/// A whole number, as the table has it.
pub(crate) fn number(n: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(n.into().to_string())
}

impl Transaction {
    /// Changes an item in place.
    pub(crate) fn change(&mut self, key: Key, change: Change) {
        let (expression, condition) = (change.expression(), change.condition());
        self.update_named(key, &expression, condition.as_deref(), change.values, Some(change.names));
    }
}

impl Store {
    /// Changes an item in place, by itself, and gives it as it is then; [`StoreError::Conflict`] if what must hold does
    /// not.
    pub(crate) async fn change<T: Entity>(&self, key: Key, change: Change) -> Result<T, StoreError> {
        let update = self.client.update_item().table_name(&*self.table).set_key(Some(key.into_item()));
        let update = update.update_expression(change.expression());
        let update = update.set_condition_expression(change.condition());
        let update = update.set_expression_attribute_names(Some(change.names));
        let update =
            update.set_expression_attribute_values(Some(change.values).filter(|all| !all.is_empty()));
        let changed = update.return_values(ReturnValue::AllNew).send().await?;
        decode(changed.attributes.unwrap_or_default())
    }
}
