//! `dev.json`: where a running local stack is, for tests and other programs.

use std::fs;
use std::path::Path;

use leadline::BoxError;
use leadline::domain::{OrgId, UserId};
use serde::{Deserialize, Serialize};

use super::files;

pub(super) const REGION: &str = "us-east-1";
pub(super) const TABLE: &str = "leadline";
pub(super) const BUCKET: &str = "leadline";
/// Letters only: DynamoDB's own local engine takes no others, and clients know that.
pub(super) const ACCESS_KEY_ID: &str = "leadlinelocal";
pub(super) const SECRET_ACCESS_KEY: &str = "leadlinelocalsecret";

const NAME: &str = "dev.json";

/// A running local stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DevJson {
    /// Addresses, such as `http://127.0.0.1:9000`.
    pub api: String,
    pub dynamodb: String,
    pub s3: String,
    #[serde(default)] // absent in files of earlier versions
    pub demo_page: String,
    pub table: String,
    pub bucket: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub org: OrgId,
    pub admin: DevUser,
    pub user: DevUser,
    pub api_key: String,
}

/// A user of the demo organisation, with a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DevUser {
    pub id: UserId,
    pub email: String,
    pub token: String,
}

impl DevJson {
    /// The stack that runs, or ran last, in this folder.
    pub fn read(data_dir: &Path) -> Result<Self, BoxError> {
        Ok(serde_json::from_str(&fs::read_to_string(data_dir.join(NAME))?)?)
    }

    pub(super) fn write(&self, data_dir: &Path) -> Result<(), BoxError> {
        let text = serde_json::to_string_pretty(self)?;
        Ok(files::write_private(&data_dir.join(NAME), &text)?)
    }

    /// Takes the file away: it says that all answers, and soon nothing may.
    pub(super) fn remove(data_dir: &Path) {
        // Absent is what it should be.
        let _ = fs::remove_file(data_dir.join(NAME));
    }

    /// `127.0.0.1:8000` of `http://127.0.0.1:8000`.
    pub(super) fn host(address: &str) -> &str {
        address.trim_start_matches("http://")
    }

    /// The port of an address.
    pub(super) fn port(address: &str) -> Option<u16> {
        address.rsplit_once(':')?.1.parse().ok()
    }
}
