//! Keeps a client's traffic, and plays it again.
//! A recording is the very bytes that the client wrote, so that it holds broken traffic too and can be piped into a server.

use crate::framing::read_buffered;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Read, Write};
use std::path::Path;

/// Passes a stream through and keeps what was read of it, as long as the file takes it: a full disk ends the recording and
/// not the server.
pub(crate) struct Recorder<R> {
    inner: R,
    /// `None` after it could not be written.
    file: Option<BufWriter<File>>,
}

impl<R: BufRead> Recorder<R> {
    /// Keeps in `file`, which is made anew.
    pub(crate) fn new(inner: R, file: &Path) -> io::Result<Self> {
        Ok(Self { inner, file: Some(BufWriter::new(File::create(file)?)) })
    }

    fn keep(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        if let Some(Err(e)) = self.file.as_mut().map(write) {
            tracing::error!("the recording ends here, because it cannot be written: {e}");
            // What it still holds would be tried again.
            if let Some(file) = self.file.take() {
                drop(file.into_parts());
            }
        }
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
        self.keep(BufWriter::flush);
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // The bytes were there a moment ago, so this does not wait.
        let Self { inner, file } = self;
        if let (Ok(available), Some(file)) = (inner.fill_buf(), file) {
            let written = file.write_all(&available[..amount.min(available.len())]);
            self.keep(|_| written);
        }
        self.inner.consume(amount);
    }
}
