//! What clients may send for each type of the domain, and what they are shown of it.

use leadline::domain::{
    AccountId, AttachmentId, CloseDate, CompanyId, ContactId, Country, Email, FileName, MAX_IDS, Money,
    OpportunityId, OrgId, Phone, Probability, Status, Tags, TeamId, Text, UserId, Website,
};
use serde_json::{Value, json};

use crate::shapes::{blank, list, named, nullable, uuid};

/// Any text but one with control characters; line breaks and tabs are none.
const PLAIN: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$";
/// The same, and not blank.
const FILLED: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$";

/// A type of the domain, as JSON Schema.
pub(crate) trait Kind {
    /// What may be sent for it.
    fn sent() -> Value;

    /// What is shown of it.
    fn shown() -> Value;

    /// What may be sent for it where it may be cleared.
    fn clearable() -> Value {
        json!({ "anyOf": [Self::sent(), blank()] })
    }
}

/// What may be sent for the field that `_of` reads. The field's type says it, whatever its name.
pub(crate) fn sent<T, K: Kind>(_of: fn(&T) -> &K) -> Value {
    K::sent()
}

/// What may be sent for the field that `_of` reads where it must have a value.
pub(crate) fn filled<T, K: Kind>(_of: fn(&T) -> &Option<K>) -> Value {
    K::sent()
}

/// What may be sent for the field that `_of` reads where it need not have a value.
pub(crate) fn optional<T, K: Kind>(_of: fn(&T) -> &K) -> Value {
    K::clearable()
}

/// What is shown of the field that `_of` reads.
pub(crate) fn shown<T, K: Kind>(_of: fn(&T) -> &K) -> Value {
    K::shown()
}

/// The fields of a struct by their names, each by what it is. All must be there: one that is added does not go unseen.
macro_rules! fields {
    ($what:ident: $of:ident { $($field:ident),* $(,)? }) => {{
        let _ = |it: &$of| { let $of { $($field: _),* } = it; };
        [$((stringify!($field), $crate::kinds::$what(|it: &$of| &it.$field))),*]
    }};
}
pub(crate) use fields;

/// The words of an enum on the wire. All must be there.
macro_rules! words {
    ($of:ident { $($word:ident),* $(,)? }) => {{
        let _ = |it: $of| match it { $($of::$word => ()),* };
        serde_json::json!({ "type": "string", "enum": [$($of::$word),*] })
    }};
}
pub(crate) use words;

impl<T: Kind> Kind for Option<T> {
    fn sent() -> Value {
        T::clearable()
    }

    fn shown() -> Value {
        nullable(T::shown())
    }
}

impl<const MAX: usize> Kind for Text<MAX> {
    fn sent() -> Value {
        json!({ "type": ["string", "number"], "minLength": 1, "maxLength": MAX, "pattern": FILLED })
    }

    fn shown() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }

    fn clearable() -> Value {
        json!({ "type": ["string", "number", "null"], "maxLength": MAX, "pattern": PLAIN })
    }
}

impl Kind for Email {
    fn sent() -> Value {
        json!({ "type": "string", "format": "email", "maxLength": Self::MAX })
    }

    fn shown() -> Value {
        // No format: it is what was typed, and programs differ on what an address may be.
        json!({ "type": "string", "maxLength": Self::MAX })
    }
}

impl Kind for Phone {
    fn sent() -> Value {
        let pattern = r"^[^\x00-\x1f\x7f-\x9f]*([0-9][^\x00-\x1f\x7f-\x9f]*){3}$";
        json!({ "type": ["string", "number"], "maxLength": Self::MAX, "minimum": 100, "pattern": pattern })
    }

    fn shown() -> Value {
        json!({ "type": "string", "maxLength": Self::MAX })
    }
}

impl Kind for Website {
    fn sent() -> Value {
        let about = "An http or https address, or a bare domain.";
        json!({ "type": "string", "format": "website", "maxLength": Self::MAX, "description": about })
    }

    fn shown() -> Value {
        json!({ "type": "string", "maxLength": Self::MAX })
    }
}

impl Kind for Money {
    fn sent() -> Value {
        json!({
            "type": ["string", "number"], "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$",
            "minimum": 0, "maximum": 9_999_999_999.99, "multipleOf": 0.01,
        })
    }

    fn shown() -> Value {
        json!({ "type": "string", "pattern": r"^[0-9]{1,10}\.[0-9]{2}$" })
    }
}

impl Kind for Country {
    fn sent() -> Value {
        let about = "An ISO 3166-1 code of two or three letters, or an English name.";
        json!({ "type": "string", "format": "country", "description": about })
    }

    fn shown() -> Value {
        named("Country")
    }
}

impl Kind for Probability {
    fn sent() -> Value {
        let pattern = "^([0-9]|[1-9][0-9]|100)$";
        json!({ "type": ["integer", "string"], "minimum": 0, "maximum": Self::MAX, "pattern": pattern })
    }

    fn shown() -> Value {
        json!({ "type": "integer", "minimum": 0, "maximum": Self::MAX })
    }
}

impl Kind for CloseDate {
    fn sent() -> Value {
        json!({ "type": "string", "format": "date" })
    }

    fn shown() -> Value {
        Self::sent()
    }
}

impl Kind for Status {
    fn sent() -> Value {
        json!({ "type": "string", "enum": Self::ALL.map(Self::as_str) })
    }

    fn shown() -> Value {
        Self::sent()
    }
}

impl Kind for FileName {
    fn sent() -> Value {
        let pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";
        json!({ "type": ["string", "number"], "minLength": 1, "maxLength": Self::MAX, "pattern": pattern })
    }

    fn shown() -> Value {
        json!({ "type": "string", "minLength": 1, "maxLength": Self::MAX })
    }
}

impl Kind for Tags {
    fn sent() -> Value {
        // A blank one is passed over.
        let mut tag = Text::<64>::clearable();
        tag["type"] = json!(["string", "number"]);
        list(&tag, Self::MAX)
    }

    fn shown() -> Value {
        json!({ "type": "array", "items": Text::<64>::shown(), "maxItems": Self::MAX })
    }
}

macro_rules! ids {
    ($($id:ty),*) => {$(
        impl Kind for $id {
            fn sent() -> Value {
                uuid()
            }

            fn shown() -> Value {
                uuid()
            }
        }

    )*};
}

macro_rules! lists_of_ids {
    ($($id:ty),*) => {$(
        impl Kind for Vec<$id> {
            fn sent() -> Value {
                list(&uuid(), MAX_IDS)
            }

            fn shown() -> Value {
                json!({ "type": "array", "items": uuid(), "maxItems": MAX_IDS })
            }
        }
    )*};
}

ids!(AccountId, AttachmentId, CompanyId, ContactId, OpportunityId, OrgId, TeamId, UserId);
lists_of_ids!(ContactId, TeamId, UserId);
