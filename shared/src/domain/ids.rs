//! Typed ids: two kinds of id cannot change places.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{ContextV7, Timestamp, Uuid};

macro_rules! ids {
    (
        in order { $($(#[$ordered_doc:meta])* $ordered:ident $mint_ordered:ident,)* }
        at random { $($(#[$random_doc:meta])* $random:ident $mint_random:ident,)* }
    ) => {
        ids! { $($(#[$ordered_doc])* $ordered,)* $($(#[$random_doc])* $random,)* }

        impl Ids {
            $(
                /// A new id, later in order than all that this process made before.
                pub fn $mint_ordered(&self, now: DateTime<Utc>) -> $ordered {
                    $ordered(self.v7(now))
                }
            )*
            $(
                /// A new id, which says nothing about when it was made.
                pub fn $mint_random(&self) -> $random {
                    $random(Uuid::new_v4())
                }
            )*
        }
    };
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            pub struct $name(pub Uuid);

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.hyphenated().fmt(f)
                }
            }

            impl FromStr for $name {
                type Err = IdError;

                fn from_str(text: &str) -> Result<Self, IdError> {
                    Uuid::try_parse(text.trim()).map(Self).map_err(|_| IdError)
                }
            }
        )*
    };
}

ids! {
    in order {
        /// An organisation: the tenant that owns everything else.
        OrgId org,
        /// A lead; sorts by the time it was opened.
        LeadId lead,
        /// A person who signs in.
        UserId user,
        /// A team of users.
        TeamId team,
        /// A capture key of a website.
        KeyId key,
        /// A comment on a lead; sorts by the time it was written.
        CommentId comment,
        /// A file on a lead; sorts by the time it was sent.
        AttachmentId attachment,
        /// An account that converted leads made.
        AccountId account,
        /// An opportunity that a converted lead made.
        OpportunityId opportunity,
        /// A file of leads that is brought in.
        ImportId import,
        /// A file of leads that is taken out.
        ExportId export,
    }
    // Whoever hands in a lead is shown these, new or not, and must not see by them since when somebody is known.
    at random {
        /// A contact: a person a lead is about.
        ContactId contact,
        /// A company named by leads.
        CompanyId company,
    }
}

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID")]
pub struct IdError;

impl LeadId {
    /// The time in the id, in milliseconds of Unix time: as a rule that of the lead's creation, but a later one if the
    /// clock had been put back.
    pub fn milliseconds(self) -> i64 {
        i64::try_from(self.0.as_u128() >> 80).unwrap_or_default() // 48 bits
    }
}

/// Namespace of user ids made from a token's subject that is not itself a UUID.
const SUBJECTS: Uuid = Uuid::from_u128(0x6e3c_93c5_4d1f_4b7a_9a53_0c0d_81f2_7e11);

impl UserId {
    /// The user that a token's `sub` names: a UUID as it stands (Cognito and ours), anything else
    /// (`auth0|…`, a number) by its UUIDv5, so that no table is needed to map one to the other.
    pub fn from_subject(subject: &str) -> Self {
        Self(Uuid::try_parse(subject).unwrap_or_else(|_| Uuid::new_v5(&SUBJECTS, subject.as_bytes())))
    }
}

/// Makes ids: UUIDv7 (RFC 9562), so that sorting by id is sorting by time, or UUIDv4.
#[derive(Clone, Default)]
pub struct Ids(Arc<Mutex<ContextV7>>);

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    fn v7(&self, now: DateTime<Utc>) -> Uuid {
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_sort_in_the_order_they_were_made() {
        let (ids, now) = (Ids::default(), Utc::now());

        let made: Vec<LeadId> = (0..1000).map(|_| ids.lead(now)).collect();

        assert!(made.is_sorted());
        assert_eq!(made[0].0.get_version_num(), 7);
        assert_eq!(made[0].milliseconds(), now.timestamp_millis());
    }

    #[test]
    fn a_subject_that_is_a_uuid_is_the_user_id() {
        let id = "0195d7a0-0000-7000-8000-000000000001";

        assert_eq!(UserId::from_subject(id).to_string(), id);
        assert_eq!(UserId::from_subject("auth0|1"), UserId::from_subject("auth0|1"));
        assert_ne!(UserId::from_subject("auth0|1"), UserId::from_subject("auth0|2"));
    }
}
