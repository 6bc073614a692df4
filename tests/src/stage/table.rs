//! DynamoDB on a port: an engine in memory that counts what passes.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::{Request, Response};
use serde_json::Value;

use super::Result;
use super::http::{Parts, whole};
use crate::Traffic;

const JSON: &str = "application/x-amz-json-1.0";

/// An engine with one table. Cheap to clone.
#[derive(Clone)]
pub(super) struct Table {
    database: Database,
    traffic: Arc<Mutex<Traffic>>,
}

impl Table {
    pub(super) fn new(create_table: Value) -> Result<Self> {
        let database = Database::memory()?;
        database.create_table(serde_json::from_value(create_table)?)?;
        Ok(Self { database, traffic: Arc::default() })
    }

    /// What passed since this was last asked.
    pub(super) fn traffic(&self) -> Traffic {
        std::mem::take(&mut self.traffic.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn answer(&self, request: &Request<Bytes>) -> Response<Parts> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.split_once('.')).map_or("", |(_, name)| name);
        match self.run(operation, request.body()) {
            Ok((units, body)) => {
                self.count(operation, units);
                whole(200, JSON, body)
            }
            Err(error) => {
                self.count(operation, refused(operation, request.body()));
                whole(error.status_code(), JSON, error.to_json())
            }
        }
    }

    /// What an operation costs and answers. The cost is not sent: nobody there asked for it.
    fn run(&self, operation: &str, body: &[u8]) -> std::result::Result<(f64, Vec<u8>), DynoxideError> {
        let broken = |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
        let mut counted = br#"{"ReturnConsumedCapacity":"TOTAL","#.to_vec();
        counted.extend(body.iter().skip(1));
        macro_rules! run {
            ($method:ident, $units:expr) => {{
                let mut answer = self.database.$method(serde_json::from_slice(&counted).map_err(broken)?)?;
                let units = $units(answer.consumed_capacity.take());
                Ok((units, serde_json::to_vec(&answer).map_err(broken)?))
            }};
        }
        macro_rules! one {
            ($method:ident) => {
                run!($method, |units: Option<_>| units.map_or(0.0, |it: Capacity| it.capacity_units))
            };
        }
        macro_rules! many {
            ($method:ident) => {
                run!($method, |units: Option<_>| {
                    units.iter().flatten().map(|it: &Capacity| it.capacity_units).sum::<f64>()
                })
            };
        }
        match operation {
            "BatchGetItem" => many!(batch_get_item),
            "BatchWriteItem" => many!(batch_write_item),
            "DeleteItem" => one!(delete_item),
            "GetItem" => one!(get_item),
            "PutItem" => one!(put_item),
            "Query" => one!(query),
            "TransactWriteItems" => many!(transact_write_items),
            "UpdateItem" => one!(update_item),
            other => Err(DynoxideError::ValidationException(format!("nobody here calls {other}"))),
        }
    }

    fn count(&self, operation: &str, units: f64) {
        let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.requests += 1;
        match operation {
            "BatchGetItem" | "GetItem" | "Query" => traffic.read_units += units,
            _ => traffic.write_units += units,
        }
    }
}

type Capacity = dynoxide::types::ConsumedCapacity;

/// A write whose condition does not hold costs as much as one that is done; the engine says nothing of it.
fn refused(operation: &str, body: &[u8]) -> f64 {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    match operation {
        "DeleteItem" | "PutItem" | "UpdateItem" => 1.0,
        "TransactWriteItems" => request["TransactItems"].as_array().into_iter().flatten().map(|_| 2.0).sum(),
        _ => 0.0,
    }
}
