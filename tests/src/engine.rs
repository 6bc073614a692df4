//! DynamoDB between the SDK and the table: counts what passes and can fail on demand.

mod database;
mod gate;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use database::{Database, Refusal};

use crate::line::Line;
use crate::policies::{self, Guard};

pub use gate::{Aim, Gate};

/// How long each request takes, in the time of a test whose clock stands still: what passes of it
/// is the number of requests one after another.
pub const TRIP: Duration = Duration::from_millis(10);

/// A way for the table to fail once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused, for now.
    Throttled,
    /// A transaction met another.
    Conflict,
    /// Done, but the answer is lost.
    AnswerLost,
    /// Of a batch, nothing is done yet.
    Unprocessed,
    /// Refused for good.
    Broken,
}

/// What passed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Traffic {
    pub requests: u32,
    pub read_units: f64,
    pub write_units: f64,
}

#[derive(Debug, Default)]
struct State {
    traffic: Traffic,
    /// Operations that fail, each after so many that do not.
    faults: Vec<(&'static str, usize, Fault)>,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    database: Database,
    line: Line,
    guard: Guard,
    state: Arc<Mutex<State>>,
    gate: Option<Gate>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// An engine with one table.
    pub(crate) fn with_table(create_table: &Value, line: Line, guard: Guard) -> Self {
        let database = Database::new();
        database.run("CreateTable", &create_table.to_string()).unwrap();
        Self { database, line, guard, state: Arc::default(), gate: None }
    }

    /// The same behind a gate.
    pub(crate) fn behind(&self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request of this operation fails so; said again, the one after it too.
    pub fn fail(&self, operation: &'static str, fault: Fault) {
        self.fail_after(operation, 0, fault);
    }

    /// After so many more requests of this operation one fails so.
    pub fn fail_after(&self, operation: &'static str, others: usize, fault: Fault) {
        self.state().faults.push((operation, others, fault));
    }

    /// What passed since this was last asked.
    pub fn traffic(&self) -> Traffic {
        std::mem::take(&mut self.state().traffic)
    }

    /// Faults that no request has met are forgotten.
    pub fn mend(&self) {
        self.state().faults.clear();
    }

    /// Every item there is.
    pub fn items(&self, table: &str) -> Vec<Value> {
        self.scan(json!({ "TableName": table }))
    }

    /// What a scan finds, page after page.
    pub fn scan(&self, mut scan: Value) -> Vec<Value> {
        let mut items = Vec::new();
        loop {
            let page = self.database.run("Scan", &scan.to_string()).unwrap();
            let mut page: Value = serde_json::from_str(&page).unwrap();
            items.append(page["Items"].as_array_mut().unwrap());
            match page["LastEvaluatedKey"].take() {
                Value::Null => return items,
                key => scan["ExclusiveStartKey"] = key,
            }
        }
    }

    /// Writes an item behind everybody's back.
    pub fn put(&self, table: &str, item: &Value) {
        self.database.run("PutItem", &json!({ "TableName": table, "Item": item }).to_string()).unwrap();
    }

    /// Removes an item behind everybody's back.
    pub fn remove(&self, table: &str, item: &Value) {
        let key = json!({ "PK": item["PK"], "SK": item["SK"] });
        self.database.run("DeleteItem", &json!({ "TableName": table, "Key": key }).to_string()).unwrap();
    }

    /// Takes the table away.
    pub fn drop_table(&self, table: &str) {
        self.database.run("DeleteTable", &json!({ "TableName": table }).to_string()).unwrap();
    }

    fn fault(&self, operation: &str) -> Option<Fault> {
        let faults = &mut self.state().faults;
        let next = faults.iter().position(|(at, ..)| *at == operation)?;
        if faults[next].1 == 0 {
            return Some(faults.remove(next).2);
        }
        faults[next].1 -= 1;
        None
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
        refuse_empty_maps(&body);
        body["ReturnConsumedCapacity"] = json!("TOTAL");
        self.state().traffic.requests += 1;
        tokio::time::sleep(TRIP).await;
        if let Some(gate) = &self.gate {
            gate.pass(&operation, &body).await;
        }
        if !self.line.passes() {
            return Err(ConnectorError::io("the line is cut".into()));
        }
        if !self.guard.admits(|| policies::of_table(&operation, &body)) {
            return Ok(refuse("AccessDeniedException", json!({})));
        }
        let fault = self.fault(&operation);
        match fault {
            Some(Fault::Throttled) => return Ok(refuse("ProvisionedThroughputExceededException", json!({}))),
            Some(Fault::Broken) => return Ok(refuse("ResourceNotFoundException", json!({}))),
            Some(Fault::Conflict) => {
                let reasons = json!({ "CancellationReasons": [{ "Code": "TransactionConflict" }] });
                return Ok(refuse("TransactionCanceledException", reasons));
            }
            Some(Fault::Unprocessed) => {
                let rest = if operation == "BatchWriteItem" { "UnprocessedItems" } else { "UnprocessedKeys" };
                let none = json!({ "Responses": {}, rest: body["RequestItems"] });
                return Ok(respond(200, none.to_string()));
            }
            Some(Fault::AnswerLost) | None => {}
        }
        let response = match self.database.run(&operation, &body.to_string()) {
            Ok(body) => {
                self.count(&operation, &serde_json::from_str(&body).unwrap());
                respond(200, body)
            }
            Err(Refusal { status, body: refusal }) => {
                self.count_refused(&operation, &body);
                respond(status, refusal)
            }
        };
        match fault {
            Some(_) => Err(ConnectorError::timeout("the answer was lost".into())),
            None => Ok(response),
        }
    }

    fn count(&self, operation: &str, answer: &Value) {
        let consumed = match &answer["ConsumedCapacity"] {
            Value::Array(tables) => tables.clone(),
            one => vec![one.clone()],
        };
        let units: f64 = consumed.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        let traffic = &mut self.state().traffic;
        match reads(operation) {
            true => traffic.read_units += units,
            false => traffic.write_units += units,
        }
    }

    /// A write whose condition does not hold costs as much as one that is done; the engine says nothing of it.
    fn count_refused(&self, operation: &str, request: &Value) {
        let units = match operation {
            "DeleteItem" | "PutItem" | "UpdateItem" => 1.0,
            "TransactWriteItems" => {
                request["TransactItems"].as_array().into_iter().flatten().map(|_| 2.0).sum()
            }
            _ => 0.0,
        };
        self.state().traffic.write_units += units;
    }
}

fn reads(operation: &str) -> bool {
    matches!(operation, "BatchGetItem" | "GetItem" | "Query" | "Scan" | "TransactGetItems")
}

fn refuse(kind: &str, mut body: Value) -> HttpResponse {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{kind}"));
    body["message"] = json!("as the test asked");
    respond(400, body.to_string())
}

fn respond(status: u16, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// DynamoDB refuses expression attributes that are there but empty; the engine here takes them.
fn refuse_empty_maps(body: &Value) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
                assert!(!(empty && name.starts_with("ExpressionAttribute")), "{name} is empty: {body}");
                refuse_empty_maps(value);
            }
        }
        Value::Array(items) => items.iter().for_each(refuse_empty_maps),
        _ => {}
    }
}
