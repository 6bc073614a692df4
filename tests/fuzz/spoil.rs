//! Ways to spoil what is valid.

use std::fmt::Debug;
use std::panic::AssertUnwindSafe;

use bolero::TypeGenerator;

/// One change. A place is a part of the whole, so that it fits whatever is spoiled.
#[derive(Debug, Clone, TypeGenerator)]
pub(crate) enum Edit {
    Flip { place: u16, bits: u8 },
    Insert { place: u16, bytes: [u8; 3] },
    Remove { place: u16, length: u8 },
    Repeat { place: u16, length: u8, times: u8 },
    Zeroes { place: u16, length: u8 },
    Cut { place: u16 },
    Word { place: u16, word: u8 },
}

/// What parsers have a meaning for.
const WORDS: [&[u8]; 24] = [
    b"\"",
    b"\r\n",
    b",",
    b";",
    b"\t",
    b"--",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\xef\xbb\xbf",
    b"[[[[[[[[[[[[[[[[",
    b"{\"a\":",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"%00",
    b"%ff",
    b"&",
    b"=",
    b"<a>",
    b"]]>",
    b"&#0;",
    b"\\u0000",
    "\u{202e}ẞİ".as_bytes(),
];

/// Does something with inputs of this kind, as many as there is time for.
pub(crate) fn check<T: TypeGenerator + Debug + 'static>(target: impl Fn(&T)) {
    let target = AssertUnwindSafe(target);
    bolero::check!().with_type::<T>().for_each(|input| (*target)(input));
}

/// The valid thing with some changes, one after another.
pub(crate) fn spoil(valid: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for edit in edits {
        edit.apply(&mut bytes);
    }
    bytes
}

/// The same of text, of which what is no text any more is replaced.
pub(crate) fn spoil_text(valid: &str, edits: &[Edit]) -> String {
    String::from_utf8_lossy(&spoil(valid.as_bytes(), edits)).into_owned()
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |place: u16| usize::from(place) * bytes.len() / usize::from(u16::MAX);
        let part = |place: u16, length: u8| at(place)..(at(place) + usize::from(length)).min(bytes.len());
        match *self {
            Self::Flip { place, bits } => {
                let at = at(place);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Insert { place, bytes: new } => {
                let at = at(place);
                bytes.splice(at..at, new);
            }
            Self::Remove { place, length } => drop(bytes.drain(part(place, length))),
            Self::Repeat { place, length, times } => {
                let part = part(place, length);
                let again = bytes[part.clone()].repeat(times.into());
                bytes.splice(part.end..part.end, again);
            }
            Self::Zeroes { place, length } => {
                let part = part(place, length);
                bytes[part].fill(0);
            }
            Self::Cut { place } => bytes.truncate(at(place)),
            Self::Word { place, word } => {
                let at = at(place);
                bytes.splice(at..at, WORDS[usize::from(word) % WORDS.len()].iter().copied());
            }
        }
    }
}
