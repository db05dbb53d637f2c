//! A buffer for JSON and CBOR, whose writers hand over single bytes most of the time: a quote, a colon, the head of an item.
//! It only appends, and cannot fail; copying one byte through `Vec`'s general way costs ten times the byte.

use std::convert::Infallible;
use std::io;

/// Appends to a `Vec`.
pub(crate) struct Short<'v>(pub &'v mut Vec<u8>);

impl Short<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        match bytes {
            [one] => self.0.push(*one),
            [one, two] => {
                self.0.push(*one);
                self.0.push(*two);
            }
            more => self.0.extend_from_slice(more),
        }
    }
}

impl io::Write for Short<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl minicbor::encode::Write for Short<'_> {
    type Error = Infallible;

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.put(bytes);
        Ok(())
    }
}
