//! Files on leads.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{AttachmentId, LeadId, OrgId, Person};

/// A file on a lead: what is known of it here, while its bytes are in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub id: AttachmentId,
    pub org: OrgId,
    pub lead: LeadId,
    pub file_name: FileName,
    pub content_type: ContentType,
    /// Bytes.
    pub size: u64,
    pub uploader: Person,
    pub created_on: DateTime<Utc>,
    /// Its bytes are to come, by this moment; until they are there it counts for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaited_until: Option<DateTime<Utc>>,
}

impl Attachment {
    /// Most files of a lead, those included that are awaited.
    pub const MOST: usize = 500;
    /// Most files that a lead awaits; whoever looks at the lead asks the bucket for each.
    pub const MOST_AWAITED: usize = 20;
    /// Largest file: 100 MB.
    pub const LARGEST: u64 = 100 * 1024 * 1024;

    /// Where its bytes are in the bucket: made of ids alone, so that no file name becomes a path.
    pub fn object(&self) -> String {
        Self::object_of(self.org, self.lead, self.id)
    }

    /// The same, of a file whose record is gone.
    pub fn object_of(org: OrgId, lead: LeadId, file: AttachmentId) -> String {
        format!("attachments/{org}/{lead}/{file}")
    }
}

/// The size of a file that is announced: 1 byte to [`Attachment::LARGEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSize(pub u64);

/// The text is no size of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of bytes from 1 to {}", Attachment::LARGEST)]
pub struct FileSizeError;

impl FromStr for FileSize {
    type Err = FileSizeError;

    fn from_str(text: &str) -> Result<Self, FileSizeError> {
        let size = text.trim().parse().ok().filter(|size| (1..=Attachment::LARGEST).contains(size));
        size.map(Self).ok_or(FileSizeError)
    }
}

/// The name a file was sent under: 1 to 255 characters, kept exactly as it came. Never a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

/// Why a name is refused; the words are for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    #[error("the file's name must be at most 255 characters")]
    TooLong,
    #[error("the file's name must not hold control characters")]
    Control,
}

impl FileName {
    /// Most characters.
    pub const MAX: usize = 255;
    /// What a file without a name is called.
    const NAMELESS: &'static str = "file";

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a `Content-Disposition` that saves under this name whatever its characters (RFC 6266, section 4.3): an
    /// ASCII likeness for those who know no better, and the name itself.
    pub fn disposition(&self) -> String {
        let plain =
            |c: char| if c.is_ascii_graphic() && !"\"\\%;/".contains(c) || c == ' ' { c } else { '_' };
        let likeness: String = self.0.chars().map(plain).collect();
        let exact = percent_encoding::utf8_percent_encode(&self.0, percent_encoding::NON_ALPHANUMERIC);
        format!("attachment; filename=\"{likeness}\"; filename*=UTF-8''{exact}")
    }
}

impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(text: &str) -> Result<Self, FileNameError> {
        if text.chars().nth(Self::MAX).is_some() {
            return Err(FileNameError::TooLong);
        }
        if text.contains(char::is_control) {
            return Err(FileNameError::Control);
        }
        Ok(Self(if text.trim().is_empty() { Self::NAMELESS.to_owned() } else { text.to_owned() }))
    }
}

impl TryFrom<String> for FileName {
    type Error = FileNameError;

    fn try_from(text: String) -> Result<Self, FileNameError> {
        text.parse()
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

/// What kind of file it is, as its sender says: a media type that fits into a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentType(String);

impl ContentType {
    /// The type that was sent; anything that is none counts as plain bytes.
    pub fn sent(text: Option<&str>) -> Self {
        let text = text.map(str::trim).filter(|text| text.len() <= 255 && text.contains('/'));
        let text = text.filter(|text| text.chars().all(|c| c.is_ascii_graphic() || c == ' '));
        Self(text.unwrap_or("application/octet-stream").to_owned())
    }

    /// The type.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_and_saved_under_whatever_its_characters() {
        let name: FileName = "résumé \"final\"; 100%.pdf".parse().unwrap();

        assert_eq!(name.as_str(), "résumé \"final\"; 100%.pdf");
        assert_eq!(
            name.disposition(),
            "attachment; filename=\"r_sum_ _final__ 100_.pdf\"; \
             filename*=UTF-8''r%C3%A9sum%C3%A9%20%22final%22%3B%20100%25%2Epdf"
        );
    }

    #[test]
    fn a_name_of_255_characters_is_the_longest() {
        assert!("字".repeat(255).parse::<FileName>().is_ok());
        assert_eq!("字".repeat(256).parse::<FileName>(), Err(FileNameError::TooLong));
        assert_eq!("a\nb".parse::<FileName>(), Err(FileNameError::Control));
        assert_eq!(" ".parse::<FileName>().unwrap().as_str(), "file");
    }

    #[test]
    fn what_is_no_media_type_is_plain_bytes() {
        assert_eq!(
            ContentType::sent(Some("text/plain; charset=utf-8")).as_str(),
            "text/plain; charset=utf-8"
        );
        for none in [None, Some(""), Some("text"), Some("text/pl\u{e4}in"), Some("a/b\r\nx: y")] {
            assert_eq!(ContentType::sent(none).as_str(), "application/octet-stream");
        }
    }
}
