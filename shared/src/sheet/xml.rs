//! XML as workbooks use it: no document types, no entities of their own, no endless elements.

use std::borrow::Cow;
use std::io;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use super::package::Part;
use super::{SheetError, limits};

/// Longest tag or run of text that is held at once.
const ELEMENT: usize = limits::ROW;
/// Deepest nesting. Workbooks need about a dozen levels.
const DEPTH: usize = 128;

/// An XML part as it is read.
pub(super) struct Xml<'a> {
    reader: Reader<Part<'a>>,
    buffer: Vec<u8>,
    depth: usize,
}

impl<'a> Xml<'a> {
    pub(super) fn new(part: Part<'a>) -> Self {
        let mut reader = Reader::from_reader(part);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    /// What comes next; [`Event::Eof`] only if all elements are closed.
    pub(super) fn next(&mut self) -> Result<Event<'_>, SheetError> {
        self.buffer.clear();
        self.reader.get_mut().allow(ELEMENT);
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(Error::Io(error)) => return Err(self.reader.get_ref().failed(same(&error))),
            Err(error) => return Err(SheetError::damaged(error.to_string())),
        };
        match &event {
            Event::Start(_) if self.depth == DEPTH => {
                return Err(SheetError::damaged("its elements nest too deep"));
            }
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::DocType(_) => return Err(SheetError::damaged("it has a document type")),
            Event::Eof if self.depth > 0 => return Err(SheetError::damaged("it ends too early")),
            _ => (),
        }
        Ok(event)
    }

    /// Passes over the element that was just begun.
    pub(super) fn skip(&mut self) -> Result<(), SheetError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// How many bytes came.
    pub(super) fn used(&self) -> u64 {
        self.reader.get_ref().used()
    }
}

fn same(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// Adds what an event has of text.
pub(super) fn add_text(event: &Event<'_>, out: &mut String) -> Result<(), SheetError> {
    let unreadable = |_| SheetError::damaged("its text is not UTF-8");
    match event {
        Event::Text(text) => out.push_str(&text.xml10_content().map_err(unreadable)?),
        Event::CData(text) => out.push_str(&text.xml10_content().map_err(unreadable)?),
        Event::GeneralRef(name) => {
            let unknown = || SheetError::damaged("it has an unknown entity");
            out.push(match &**name {
                b"amp" => '&',
                b"lt" => '<',
                b"gt" => '>',
                b"quot" => '"',
                b"apos" => '\'',
                _ => name.resolve_char_ref().ok().flatten().ok_or_else(unknown)?,
            });
        }
        _ => (),
    }
    if out.len() > limits::ROW {
        return Err(SheetError::TooLarge("has a cell of more than 1 MB"));
    }
    Ok(())
}

/// The value of an attribute, by its local name or, if that has a colon, by its whole name.
pub(super) fn attribute<'a>(
    element: &'a BytesStart<'_>,
    name: &str,
) -> Result<Option<Cow<'a, str>>, SheetError> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| SheetError::damaged(error.to_string()))?;
        let whole = name.contains(':');
        let key = if whole { attribute.key.as_ref() } else { attribute.key.local_name().into_inner() };
        if key == name.as_bytes() {
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            return value.map(Some).map_err(|error| SheetError::damaged(error.to_string()));
        }
    }
    Ok(None)
}
