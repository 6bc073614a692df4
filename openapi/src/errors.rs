//! Errors, as the code answers them.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use lambda_http::{Body, Request};
use leadline::domain::FieldErrors;
use leadline::web::{self, ApiError};
use serde_json::{Map, Value, json};

use crate::headers::header;
use crate::shapes::{array, named, object, text, uuid};

/// An error that the document names.
struct Named {
    name: &'static str,
    about: &'static str,
    error: fn() -> ApiError,
    /// API Gateway answers so too, in its own words.
    gateway: bool,
}

const ERRORS: [Named; 14] = [
    Named {
        name: "Invalid",
        about: "Bad fields, a bad query, a body that cannot be read.",
        error: invalid,
        gateway: false,
    },
    Named {
        name: "Unauthenticated",
        about: "No valid token.",
        error: || ApiError::Unauthenticated,
        gateway: false,
    },
    Named {
        name: "Forbidden",
        about: "Not a member of the organisation, or not theirs to see or to do.",
        error: || ApiError::Forbidden("this lead is not yours"),
        gateway: false,
    },
    Named {
        name: "BadKey",
        about: "Not a valid API key, or not one for this website.",
        error: || ApiError::Forbidden("this API key is not valid"),
        gateway: false,
    },
    Named {
        name: "NotFound",
        about: "There is no such thing in the organisation.",
        error: || ApiError::NotFound("lead"),
        gateway: false,
    },
    Named {
        name: "Conflict",
        about: "It changed meanwhile, it is not in a state for this, or the `Idempotency-Key` was used for another body.",
        error: ApiError::key_of_another,
        gateway: false,
    },
    Named {
        name: "Taken",
        about: "The name is taken, by `id`; else as any conflict.",
        error: taken,
        gateway: false,
    },
    Named {
        name: "PreconditionFailed",
        about: "`If-Match` does not hold.",
        error: || ApiError::PreconditionFailed,
        gateway: false,
    },
    Named {
        name: "TooLarge",
        about: "The body is too large.",
        error: || ApiError::TooLarge("1 MB"),
        gateway: true,
    },
    Named {
        name: "TooMuch",
        about: "More leads than a file holds, or than can be written in time.",
        error: || ApiError::TooMuch("the file would be larger than 200 MB".to_owned()),
        gateway: false,
    },
    Named {
        name: "UnsupportedMediaType",
        about: "None of the three kinds of body.",
        error: || ApiError::UnsupportedMediaType(web::KINDS),
        gateway: false,
    },
    Named {
        name: "Busy",
        about: "Too many requests. A limit of an API key says when to come again.",
        error: || ApiError::RateLimited(7),
        gateway: true,
    },
    Named {
        name: "Internal",
        about: "Our fault; says nothing of the inside.",
        error: || ApiError::Internal("an example".into()),
        gateway: true,
    },
    Named {
        name: "Unavailable",
        about: "Busy; try again shortly.",
        error: || ApiError::Unavailable("an example".into()),
        gateway: true,
    },
];

fn invalid() -> ApiError {
    let mut errors = FieldErrors::one("email", "must be an e-mail address, such as ada@example.com");
    errors.add("last_name", "is required");
    errors.into()
}

fn taken() -> ApiError {
    let id = "0198f1c2-7c00-7d31-9a52-0e4b11d09a77".to_owned();
    ApiError::Conflict { message: "a company of this name is there already", id: Some(id) }
}

fn find(name: &str) -> &'static Named {
    ERRORS.iter().find(|error| error.name == name).unwrap_or(&ERRORS[0])
}

/// What the code answers to an error.
fn answered(error: ApiError) -> lambda_http::Response<Body> {
    let request = Request::new(Body::Empty);
    let answer = pin!(web::told(&request, async { Err(error) }));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => lambda_http::Response::default(), // it waits for nothing
    }
}

/// The status of an error.
pub(crate) fn status(name: &str) -> u16 {
    answered((find(name).error)()).status().as_u16()
}

/// An error as a response of the document.
pub(crate) fn response(name: &str) -> Value {
    let named_error = find(name);
    let answer = answered((named_error.error)());
    let text = match answer.body() {
        Body::Text(text) => text.as_str(),
        _ => "null",
    };
    let mut example: Value = serde_json::from_str(text).unwrap_or_default();
    example["request_id"] = json!("JGdQ2jXdGiAEJrA=");
    let code = example["code"].clone();
    let ours = json!({ "allOf": [named("Error"), { "properties": { "code": { "const": code } } }] });
    let schema = if named_error.gateway { json!({ "anyOf": [ours, named("Refusal")] }) } else { ours };
    let mut response = json!({
        "description": named_error.about,
        "content": { "application/json": { "schema": schema, "example": example } },
    });
    for name in [ALLOW, RETRY_AFTER, WWW_AUTHENTICATE] {
        if answer.headers().contains_key(&name) {
            let shown = match name.as_str() {
                "retry-after" => "Retry-After",
                "www-authenticate" => "WWW-Authenticate",
                _ => "Allow",
            };
            response["headers"][shown] = header(shown, !named_error.gateway);
        }
    }
    response
}

/// All errors.
pub(crate) fn responses() -> Value {
    ERRORS.iter().map(|error| (error.name.to_owned(), response(error.name))).collect::<Map<_, _>>().into()
}

/// The shapes of errors.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let mut codes: Vec<Value> = ERRORS
        .iter()
        .map(|error| response(error.name)["content"]["application/json"]["example"]["code"].clone())
        .collect();
    codes.push(json!("method_not_allowed"));
    codes.sort_by_key(Value::to_string);
    codes.dedup();
    let errors = json!({
        "type": "object", "additionalProperties": array(&text()),
        "description": "Every bad field, by the name that was sent, with what is wrong.",
    });
    let mut error = object([
        ("error", json!({ "const": true })),
        ("code", json!({ "type": "string", "enum": codes })),
        ("message", text()),
        ("errors", errors),
        ("request_id", text()),
    ]);
    error["properties"]["id"] = uuid();
    error["properties"]["id"]["description"] = json!("Of what is in the way, where it is of use.");
    let refusal = json!({
        "type": "object", "required": ["message"],
        "properties": { "message": json!({ "type": ["string", "null"] }) },
        "description": "What API Gateway says by itself.",
    });
    vec![("Error", error), ("Refusal", refusal)]
}
