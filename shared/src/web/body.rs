//! Bodies: JSON, form and multipart become the same fields.

use std::borrow::Cow;

use http::header::CONTENT_TYPE;
use lambda_http::{Body, Request};
use serde_json::value::RawValue;

use super::{ApiError, header};
use crate::domain::{FieldErrors, Fields, Value};

/// Most fields of a body, and most items of a list.
const MOST: usize = 1_000;
/// Largest body without files, in bytes: room for every field at its limit, in any script.
const LARGEST: usize = 1024 * 1024;

/// The fields of a body; an empty body has none. A file is refused, so that none is lost unseen.
pub async fn fields(request: &Request) -> Result<Fields, ApiError> {
    let bytes: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Ok(Fields::default()),
    };
    if bytes.len() > LARGEST {
        return Err(ApiError::TooLarge("1 MB"));
    }
    let content_type = header(request, CONTENT_TYPE.as_str()).unwrap_or("application/json");
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" | "" => json(bytes),
        kind if kind.starts_with("application/") && kind.ends_with("+json") => json(bytes),
        "application/x-www-form-urlencoded" => form(bytes),
        "multipart/form-data" => multipart(bytes, content_type).await,
        _ => Err(ApiError::UnsupportedMediaType),
    }
}

fn json(bytes: &[u8]) -> Result<Fields, ApiError> {
    let text = utf8(bytes)?;
    if text.trim().is_empty() {
        return Ok(Fields::default());
    }
    let refuse =
        |error: serde_json::Error| ApiError::BadRequest(format!("the body is not a JSON object: {error}"));
    let raw: Vec<(String, &RawValue)> = serde_json::from_str::<Members<'_>>(text).map_err(refuse)?.0;
    let mut fields = Fields::default();
    for (name, value) in raw {
        fields.set(&name, read(value.get(), true).map_err(refuse)?);
    }
    Ok(fields)
}

/// The members of a JSON object in order, each value as it is written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() == MOST {
                        return Err(serde::de::Error::custom("too many fields"));
                    }
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A JSON value; of lists only the first level is read.
fn read(raw: &str, lists: bool) -> Result<Value, serde_json::Error> {
    Ok(match raw.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => Value::Text(serde_json::from_str(raw)?),
        Some(b'[') if lists => {
            let items: Vec<&RawValue> = serde_json::from_str(raw)?;
            if items.len() > MOST {
                return Err(serde::de::Error::custom("too many items in a list"));
            }
            Value::List(items.iter().map(|item| read(item.get(), false)).collect::<Result<_, _>>()?)
        }
        Some(b'[' | b'{') => Value::Object,
        _ => Value::Number(raw.to_owned()),
    })
}

fn form(bytes: &[u8]) -> Result<Fields, ApiError> {
    let mut fields = Fields::default();
    let sent_so = std::cell::LazyCell::new(|| was_sent_so(bytes));
    for (n, (name, value)) in form_urlencoded::parse(bytes).enumerate() {
        if n == MOST {
            return Err(ApiError::BadRequest("too many fields".to_owned()));
        }
        if value.contains(char::REPLACEMENT_CHARACTER) && !*sent_so {
            return Err(not_utf8());
        }
        fields.push(name.into_owned(), Value::Text(value.into_owned()));
    }
    Ok(fields)
}

/// The form itself holds U+FFFD, so that it did not come from decoding.
fn was_sent_so(bytes: &[u8]) -> bool {
    let decoded: Cow<'_, [u8]> = percent_encoding::percent_decode(bytes).into();
    std::str::from_utf8(&decoded).is_ok()
}

async fn multipart(bytes: &[u8], content_type: &str) -> Result<Fields, ApiError> {
    let refuse =
        |error: multer::Error| ApiError::BadRequest(format!("the multipart body cannot be read: {error}"));
    let boundary = multer::parse_boundary(content_type).map_err(refuse)?;
    let whole = bytes::Bytes::copy_from_slice(bytes);
    let stream = futures::stream::once(async { Ok::<_, std::convert::Infallible>(whole) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let (mut fields, mut files, mut count) = (Fields::default(), FieldErrors::default(), 0);
    while let Some(part) = parts.next_field().await.map_err(refuse)? {
        count += 1;
        if count > MOST {
            return Err(ApiError::BadRequest("too many fields".to_owned()));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let content = part.bytes().await.map_err(refuse)?;
        match file {
            Some(file) if !file.is_empty() || !content.is_empty() => {
                files.add(&name, "files are not taken here")
            }
            Some(_) => {} // a file input left empty
            None => fields.push(name, Value::Text(utf8(&content)?.to_owned())),
        }
    }
    files.or(fields).map_err(ApiError::from)
}

fn utf8(bytes: &[u8]) -> Result<&str, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn not_utf8() -> ApiError {
    ApiError::BadRequest("the body is not UTF-8".to_owned())
}
