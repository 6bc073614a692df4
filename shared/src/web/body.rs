//! Bodies: JSON, form and multipart become the same fields.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE};
use lambda_http::{Body, Request};
use serde_json::value::RawValue;

use super::{ApiError, header};
use crate::domain::{ContentType, FieldErrors, Fields, FileName, Value};

/// Most fields of a body, and most items of a list.
const MOST: usize = 1_000;
/// What a body may be, for the error that refuses another.
pub const KINDS: &str =
    "the body must be application/json, application/x-www-form-urlencoded or multipart/form-data";
/// Deepest JSON that is looked at; no field of ours is deeper than a list.
const DEEPEST: usize = 32;
/// Largest body without files, in bytes: room for every field at its limit, in any script.
const LARGEST: usize = 1024 * 1024;
/// Largest body with files: what API Gateway takes. Of that, Lambda's 6 MB leave about 4.4 MB.
const LARGEST_WITH_FILES: usize = 10 * 1024 * 1024;
/// Longest `Content-Disposition` of a part, in bytes: room for every name, percent-encoded.
const LONGEST_DISPOSITION: usize = 8 * 1024;
/// How much of a field's name an error repeats.
const SHOWN: usize = 64;
/// Most files of a body: their records are written in the one transaction of the request.
pub const MOST_FILES: usize = 10;

/// A body: its fields and its files.
#[derive(Debug, Default)]
pub struct Sent {
    pub fields: Fields,
    pub files: Vec<SentFile>,
}

/// A file of a multipart body.
#[derive(Debug)]
pub struct SentFile {
    /// The name of its field.
    pub field: String,
    pub name: FileName,
    pub content_type: ContentType,
    pub bytes: Bytes,
}

/// The fields of a body; an empty body has none. A file is refused, so that none is lost unseen.
pub async fn fields(request: &Request) -> Result<Fields, ApiError> {
    Ok(sent(request, &[]).await?.fields)
}

/// The fields of a body, and its files: at most 10, in the fields of these names; in another, one is refused.
pub async fn sent(request: &Request, file_fields: &[&str]) -> Result<Sent, ApiError> {
    let bytes: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Ok(Sent::default()),
    };
    let content_type = header(request, CONTENT_TYPE.as_str()).unwrap_or("application/json");
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let with_files = !file_fields.is_empty() && kind == "multipart/form-data";
    let (most, said) = if with_files { (LARGEST_WITH_FILES, "10 MB") } else { (LARGEST, "1 MB") };
    if bytes.len() > most {
        return Err(ApiError::TooLarge(said));
    }
    let coding = header(request, CONTENT_ENCODING.as_str()).unwrap_or("identity");
    if !coding.eq_ignore_ascii_case("identity") {
        return Err(ApiError::UnsupportedMediaType("the body must be sent without a Content-Encoding"));
    }
    let fields = match kind.as_str() {
        "application/json" | "" => read_json(bytes)?,
        kind if kind.starts_with("application/") && kind.ends_with("+json") => read_json(bytes)?,
        "application/x-www-form-urlencoded" => form(bytes)?,
        "multipart/form-data" => return multipart(bytes, content_type, file_fields).await,
        _ => return Err(ApiError::UnsupportedMediaType(KINDS)),
    };
    Ok(Sent { fields, files: Vec::new() })
}

/// The fields of a JSON object.
pub fn read_json(bytes: &[u8]) -> Result<Fields, ApiError> {
    let text = utf8(bytes)?;
    if text.trim().is_empty() {
        return Ok(Fields::default());
    }
    if depth(bytes) > DEEPEST {
        return Err(ApiError::BadRequest(format!("the JSON is nested deeper than {DEEPEST}")));
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

/// How deep lists and objects of a JSON text stand in each other.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
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

async fn multipart(bytes: &[u8], content_type: &str, file_fields: &[&str]) -> Result<Sent, ApiError> {
    let refuse =
        |error: multer::Error| ApiError::BadRequest(format!("the multipart body cannot be read: {error}"));
    let boundary = multer::parse_boundary(content_type).map_err(refuse)?;
    let whole = Bytes::copy_from_slice(bytes);
    let stream = futures::stream::once(async { Ok::<_, std::convert::Infallible>(whole) });
    let mut parts = multer::Multipart::new(stream, boundary);
    let (mut sent, mut errors, mut count, mut texts) = (Sent::default(), FieldErrors::default(), 0, 0);
    while let Some(part) = parts.next_field().await.map_err(refuse)? {
        count += 1;
        if count > MOST {
            return Err(ApiError::BadRequest("too many fields".to_owned()));
        }
        if part.headers().get(CONTENT_DISPOSITION).is_some_and(|value| value.len() > LONGEST_DISPOSITION) {
            return Err(ApiError::BadRequest(
                "a part of the multipart body has too long a header".to_owned(),
            ));
        }
        let field = part.name().unwrap_or_default().to_owned();
        let name = file_name(&part);
        let content_type = ContentType::sent(part.content_type().map(AsRef::as_ref));
        let bytes = part.bytes().await.map_err(refuse)?;
        let Some(name) = name else {
            texts += bytes.len();
            if texts > LARGEST {
                return Err(ApiError::TooLarge("1 MB without its files"));
            }
            sent.fields.push(field, Value::Text(utf8(&bytes)?.to_owned()));
            continue;
        };
        if name.is_empty() && bytes.is_empty() {
            continue; // a file input left empty
        }
        match name.parse() {
            _ if !file_fields.contains(&field.as_str()) => {
                errors.add(&field.chars().take(SHOWN).collect::<String>(), "files are not taken here");
            }
            _ if sent.files.len() == MOST_FILES => {
                errors.add(&field, format_args!("must be at most {MOST_FILES} files at once"));
            }
            Ok(name) => sent.files.push(SentFile { field, name, content_type, bytes }),
            Err(error) => errors.add(&field, error),
        }
    }
    errors.or(sent).map_err(ApiError::from)
}

/// The name of a part that is a file: `filename*` (RFC 5987), else `filename`, in which browsers write quotes as `%22`
/// (HTML Standard, "multipart form data"). A name that is not UTF-8 is read as well as can be.
fn file_name(part: &multer::Field<'_>) -> Option<String> {
    let disposition = part.headers().get(CONTENT_DISPOSITION).map(HeaderValue::as_bytes).unwrap_or_default();
    let disposition = String::from_utf8_lossy(disposition);
    let (mut plain, mut rest) = (None, disposition.as_ref());
    while let Some((_, parameters)) = rest.split_once(';') {
        let Some((name, text)) = parameters.split_once('=') else { break };
        let (value, after) = parameter_value(text.trim_start());
        rest = after;
        if name.trim().eq_ignore_ascii_case("filename*") {
            let mut parts = value.splitn(3, '\'');
            let utf8 = parts.next().is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8"));
            let text = parts.nth(1).filter(|_| utf8).unwrap_or_default();
            if let Ok(name) = percent_encoding::percent_decode_str(text).decode_utf8() {
                return Some(name.into_owned());
            }
        } else if name.trim().eq_ignore_ascii_case("filename") {
            plain = Some(value.replace("%22", "\""));
        }
    }
    plain
}

/// A parameter's value, and what comes after it. In quotes, a backslash before a quote means the quote itself, but for
/// the last one: Windows paths end so.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim_end().to_owned(), &text[end..]);
    };
    let escaped = |at: usize| quoted[..at].ends_with('\\');
    let end = quoted.match_indices('"').map(|(at, _)| at).find(|at| !escaped(*at)).or(quoted.rfind('"'));
    let end = end.unwrap_or(quoted.len());
    (quoted[..end].replace("\\\"", "\""), quoted.get(end + 1..).unwrap_or_default())
}

fn utf8(bytes: &[u8]) -> Result<&str, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn not_utf8() -> ApiError {
    ApiError::BadRequest("the body is not UTF-8".to_owned())
}
