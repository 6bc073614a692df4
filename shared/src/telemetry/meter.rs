//! What the table says that it costs, counted for whom it was asked.

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};

use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::body::SdkBody;
use memchr::memmem;

use super::line;
use crate::BoxError;

/// What asks for the units of a request, as the first member of its body.
const ASKED: &[u8] = br#"{"ReturnConsumedCapacity":"TOTAL","#;
/// Where the answer tells them. Neither text can stand within a value, whose own quotation marks are escaped.
const TOLD: &[u8] = br#""ConsumedCapacity":"#;
const UNITS: &[u8] = br#""CapacityUnits":"#;

/// Asks the table for the units that each request takes, and counts them, and every try as a request. On the wire and not
/// in each call: it is one place for all operations, and adds nothing to the binary for any of them.
#[derive(Debug)]
pub(crate) struct Meter;

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let rest = request.body().bytes().and_then(|body| body.strip_prefix(b"{"));
        let Some(rest) = rest.filter(|rest| rest.starts_with(b"\"") && line::is_open()) else {
            return Ok(());
        };
        let body = [ASKED, rest].concat();
        let length = body.len();
        *request.body_mut() = SdkBody::from(body);
        request.headers_mut().insert("content-length", length.to_string());
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        line::count_table_request();
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(units) = context.response().body().bytes().and_then(units)
            && let Some(operation) = config.load::<Metadata>()
        {
            line::count_units(units, is_read(operation.name()));
        }
        Ok(())
    }
}

fn is_read(operation: &str) -> bool {
    matches!(operation, "BatchGetItem" | "GetItem" | "Query" | "Scan" | "TransactGetItems")
}

/// The units in an answer of the table: in all, if it tells more exactly too.
fn units(answer: &[u8]) -> Option<f64> {
    let told = after(answer, TOLD)?;
    let number = after(told, UNITS)?;
    let end = number.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    std::str::from_utf8(number.get(..end?)?).ok()?.parse().ok()
}

fn after<'a>(text: &'a [u8], what: &[u8]) -> Option<&'a [u8]> {
    text.get(memmem::find(text, what)? + what.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_wherever_they_stand_and_nowhere_else() {
        for (answer, expected) in [
            (r#"{"ConsumedCapacity":{"CapacityUnits":0.5,"TableName":"t"},"Item":{}}"#, Some(0.5)),
            (r#"{"Responses":{},"ConsumedCapacity":[{"TableName":"t","CapacityUnits":12.0}]}"#, Some(12.0)),
            (r#"{"ConsumedCapacity":[{"WriteCapacityUnits":4.0,"CapacityUnits":6.0}]}"#, Some(6.0)),
            (r#"{"Item":{"title":{"S":"\"ConsumedCapacity\":{\"CapacityUnits\":9.0}"}}}"#, None),
            (r#"{"ConsumedCapacity":{"CapacityUnits":"#, None),
            ("", None),
        ] {
            assert_eq!(units(answer.as_bytes()), expected, "{answer}");
        }
    }
}
