//! One transaction: all its writes or none.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::ConditionCheckBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};

use super::item::{Item, size};
use super::keys::Key;
use super::{Store, StoreError};
use crate::aws::backoff;

/// How often a transaction that met another is tried again.
const ATTEMPTS: u32 = 8;

/// Writes that stand or fall together; at most 100, no two on one item.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    writes: Vec<TransactWriteItem>,
    /// Of the items that it puts.
    bytes: usize,
}

/// Why a transaction did nothing.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A condition did not hold: what was read is no longer so.
    Condition,
    Store(StoreError),
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Condition => Self::Conflict,
            Refused::Store(error) => error,
        }
    }
}

/// A condition: an expression and the values it names.
pub(crate) type Condition = (&'static str, Vec<(&'static str, AttributeValue)>);

/// Nothing is there yet.
pub(crate) fn absent() -> Condition {
    ("attribute_not_exists(PK)", Vec::new())
}

/// It is there still.
pub(crate) fn present() -> Condition {
    ("attribute_exists(PK)", Vec::new())
}

/// It is as it was read.
pub(crate) fn unchanged(version: u64) -> Condition {
    ("version = :seen", vec![(":seen", AttributeValue::N(version.to_string()))])
}

impl Transaction {
    /// How many writes it has.
    pub(crate) fn len(&self) -> usize {
        self.writes.len()
    }

    /// About how many bytes it has; not counted is what it changes in place.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes an item whatever was there: only for what another write of the transaction guards.
    pub(crate) fn put(&mut self, item: Item) {
        self.push_put(item, None);
    }

    /// Writes an item if the condition holds.
    pub(crate) fn put_if(&mut self, item: Item, condition: Condition) {
        self.push_put(item, Some(condition));
    }

    fn push_put(&mut self, item: Item, condition: Option<Condition>) {
        self.bytes += size(&item);
        let (expression, values) = split(condition);
        let put = Put::builder().set_item(Some(item)).set_condition_expression(expression);
        let put = put.set_expression_attribute_values(values).table_name(String::new());
        self.writes.extend(put.build().ok().map(|put| TransactWriteItem::builder().put(put).build()));
    }

    /// Removes an item whatever it is: only for what another write of the transaction guards.
    pub(crate) fn delete(&mut self, key: Key) {
        self.push_delete(key, None);
    }

    /// Removes an item if the condition holds.
    pub(crate) fn delete_if(&mut self, key: Key, condition: Condition) {
        self.push_delete(key, Some(condition));
    }

    fn push_delete(&mut self, key: Key, condition: Option<Condition>) {
        let (expression, values) = split(condition);
        let delete = Delete::builder().set_key(Some(key.into_item())).set_condition_expression(expression);
        let delete = delete.set_expression_attribute_values(values).table_name(String::new());
        self.writes
            .extend(delete.build().ok().map(|delete| TransactWriteItem::builder().delete(delete).build()));
    }

    /// Changes an item in place; `values` are all that expression and condition name.
    pub(crate) fn update(
        &mut self,
        key: Key,
        expression: &str,
        condition: Option<&str>,
        values: Vec<(&'static str, AttributeValue)>,
    ) {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.update_named(key, expression, condition, values, None);
    }

    /// The same with names of attributes that cannot stand in an expression.
    pub(crate) fn update_named(
        &mut self,
        key: Key,
        expression: &str,
        condition: Option<&str>,
        values: Item,
        names: Option<HashMap<String, String>>,
    ) {
        let update = Update::builder()
            .set_key(Some(key.into_item()))
            .set_expression_attribute_names(names)
            .update_expression(expression)
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()))
            .table_name(String::new());
        self.writes
            .extend(update.build().ok().map(|update| TransactWriteItem::builder().update(update).build()));
    }

    /// Refuses everything unless an item is there.
    pub(crate) fn require(&mut self, key: Key) {
        self.check(key, ConditionCheck::builder().condition_expression("attribute_exists(PK)"));
    }

    /// Refuses everything unless the condition holds of an item.
    pub(crate) fn require_that(&mut self, key: Key, condition: Condition) {
        let (expression, values) = condition;
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Item>();
        let check = ConditionCheck::builder().condition_expression(expression);
        self.check(
            key,
            check.set_expression_attribute_values(Some(values).filter(|values| !values.is_empty())),
        );
    }

    /// The same with names of attributes that cannot stand in an expression.
    pub(crate) fn require_named(
        &mut self,
        key: Key,
        condition: &str,
        values: Item,
        names: HashMap<String, String>,
    ) {
        let check = ConditionCheck::builder().condition_expression(condition);
        let check = check.set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()));
        self.check(key, check.set_expression_attribute_names(Some(names).filter(|names| !names.is_empty())));
    }

    /// Refuses everything unless a lead is there and not converted.
    pub(crate) fn require_unconverted(&mut self, key: Key) {
        let check = ConditionCheck::builder()
            .condition_expression("attribute_exists(PK) AND #status <> :converted")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":converted", AttributeValue::S("converted".to_owned()));
        self.check(key, check);
    }

    fn check(&mut self, key: Key, check: ConditionCheckBuilder) {
        let check = check.set_key(Some(key.into_item())).table_name(String::new()).build().ok();
        self.writes.extend(check.map(|check| TransactWriteItem::builder().condition_check(check).build()));
    }

    fn at(mut self, table: &str) -> Vec<TransactWriteItem> {
        for write in &mut self.writes {
            let names = [
                write.put.as_mut().map(|put| &mut put.table_name),
                write.delete.as_mut().map(|delete| &mut delete.table_name),
                write.update.as_mut().map(|update| &mut update.table_name),
                write.condition_check.as_mut().map(|check| &mut check.table_name),
            ];
            names.into_iter().flatten().for_each(|name| table.clone_into(name));
        }
        self.writes
    }
}

fn split(condition: Option<Condition>) -> (Option<String>, Option<Item>) {
    let Some((expression, values)) = condition else { return (None, None) };
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Item>();
    (Some(expression.to_owned()), Some(values).filter(|values| !values.is_empty()))
}

impl Store {
    /// Commits; one that meets another is tried again with a random wait, then the table counts as busy.
    pub(crate) async fn commit(&self, transaction: Transaction) -> Result<(), Refused> {
        let writes = transaction.at(&self.table);
        for attempt in 0..ATTEMPTS {
            let send = self.client.transact_write_items().set_transact_items(Some(writes.clone())).send();
            let Err(error) = send.await else { return Ok(()) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(Refused::Store(error.into()));
            };
            let reasons = cancelled.cancellation_reasons();
            let because = |code| reasons.iter().any(|reason| reason.code() == Some(code));
            if because("ConditionalCheckFailed") {
                return Err(Refused::Condition);
            }
            if !["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
                .into_iter()
                .any(because)
            {
                let cause = cancelled.message().unwrap_or("cancelled").to_owned();
                return Err(Refused::Store(StoreError::Failed(cause.into())));
            }
            if attempt + 1 < ATTEMPTS {
                tokio::time::sleep(backoff(attempt)).await;
            }
        }
        Err(Refused::Store(StoreError::Unavailable("the transaction met others each time".into())))
    }
}
