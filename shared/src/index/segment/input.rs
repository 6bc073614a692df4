//! Bytes that are not trusted, taken piece by piece.

use super::SegmentError;

/// What is left of some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    /// The next so many bytes.
    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8], SegmentError> {
        let (taken, rest) =
            self.0.split_at_checked(bytes).ok_or(SegmentError::Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next bytes, as many as fit.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], SegmentError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(SegmentError::Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, SegmentError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, SegmentError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, SegmentError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number that says how many of something there are.
    pub(super) fn count(&mut self) -> Result<usize, SegmentError> {
        Ok(self.u32()? as usize)
    }

    /// A number in groups of seven bits, the lowest first (LEB128).
    pub(super) fn varint(&mut self) -> Result<u64, SegmentError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let group = u64::from(byte & 0x7f);
            if (group << shift) >> shift != group {
                break;
            }
            number |= group << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(SegmentError::Damaged("a number is too large"))
    }

    /// Nothing is left.
    pub(super) fn end(self) -> Result<(), SegmentError> {
        if self.0.is_empty() { Ok(()) } else { Err(SegmentError::Damaged("something is left over")) }
    }
}

/// Writes a number as [`Input::varint`] reads it.
pub(super) fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_endless_ones_are_refused() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            assert_eq!(Input(&bytes).varint(), Ok(number));
        }
        assert!(Input(&[0xff; 20]).varint().is_err());
        assert!(Input(&[0x80]).varint().is_err());
        assert!(Input(&[]).varint().is_err());
    }
}
