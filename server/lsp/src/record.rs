//! Keeps a client's traffic, and plays it again.
//! A recording is the very bytes that the client wrote, so that it holds broken traffic too and can be piped into a server.

use crate::framing::read_buffered;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Read, Write};
use std::path::Path;

/// Passes a stream through and keeps what was read of it.
pub(crate) struct Recorder<R> {
    inner: R,
    file: BufWriter<File>,
}

impl<R: BufRead> Recorder<R> {
    /// Keeps in `file`, which is made anew.
    pub(crate) fn new(inner: R, file: &Path) -> io::Result<Self> {
        Ok(Self { inner, file: BufWriter::new(File::create(file)?) })
    }
}

impl<R: BufRead> Read for Recorder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, into)
    }
}

impl<R: BufRead> BufRead for Recorder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // Whatever was read is in the file before more is waited for.
        self.file.flush()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // The bytes were there a moment ago, so this does not wait.
        if let Ok(available) = self.inner.fill_buf()
            && let Err(e) = self.file.write_all(&available[..amount.min(available.len())])
        {
            tracing::error!("the recording cannot be written: {e}");
        }
        self.inner.consume(amount);
    }
}
