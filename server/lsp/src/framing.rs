//! Splits a client's byte stream into messages, whatever the client sends.
//! Broken headers, wrong lengths and messages over the limit cost one message, never the server or its memory.
//! Knows nothing of what a message says.

use crate::skim::{Skim, Skimmed};
use memchr::memmem;
use std::io::{self, BufRead, Read};

/// Most bytes of a message that is read into memory.
pub(crate) const LARGEST: usize = 64 << 20;
/// A length above this is taken for a broken header: waiting for so much would swallow every later message.
const IMPLAUSIBLE: u64 = 1 << 30;
/// Most bytes of a header line.
const LONGEST_LINE: usize = 4096;
const LENGTH: &[u8] = b"Content-Length:";
/// Bytes that may be taken back for each byte read: bodies of wrong lengths inside each other must not be read for ever.
const TAKEN_BACK: u64 = 8;

/// One thing that the stream held.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame {
    /// A message's body.
    Message(Vec<u8>),
    /// A message over the limit. Its bytes are gone; what could be learnt in passing is here.
    Oversized {
        /// Its length in bytes.
        bytes: u64,
        /// Id, method and document, where they were found.
        skimmed: Skimmed,
    },
    /// Bytes that are no message; reading goes on at the next `Content-Length:`.
    Noise {
        /// How many bytes were passed over.
        bytes: u64,
    },
}

/// Reads frames from `input`.
pub(crate) struct Frames<R> {
    input: Ahead<R>,
    largest: usize,
    /// Bytes that may still be taken back.
    credit: u64,
}

impl<R: BufRead> Frames<R> {
    /// Messages of more than `largest` bytes are passed over.
    pub(crate) fn new(input: R, largest: usize) -> Self {
        Self { input: Ahead { back: Vec::new(), at: 0, inner: input, read: 0, moved: 0 }, largest, credit: 0 }
    }

    /// The next frame; `None` where the stream ends, in the middle of a message or not. Blocks.
    pub(crate) fn next(&mut self) -> io::Result<Option<Frame>> {
        match self.header()? {
            None => Ok(None),
            Some(Header::Noise(bytes)) => Ok(Some(Frame::Noise { bytes })),
            Some(Header::Length(length)) if length > self.largest as u64 => self.pass_over(length),
            Some(Header::Length(length)) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                // Not reserved at once: a length is a claim until the bytes are here.
                let mut body = Vec::with_capacity(length.min(1 << 20));
                self.input.by_ref().take(length as u64).read_to_end(&mut body)?;
                Ok((body.len() == length).then_some(Frame::Message(body)))
            }
        }
    }

    /// Takes back a body that is not JSON from where another message may begin in it: its length was wrong. Only so often
    /// that the work stays in proportion to what the client wrote.
    pub(crate) fn resync(&mut self, body: &[u8]) {
        let whole = memmem::find(body, LENGTH);
        let cut = || {
            (1..LENGTH.len().min(body.len() + 1)).rev().find(|n| body.ends_with(&LENGTH[..*n])).map(|n| body.len() - n)
        };
        if let Some(from) = whole.or_else(cut) {
            let most = TAKEN_BACK * self.largest as u64;
            let earned = std::mem::take(&mut self.input.read).saturating_mul(TAKEN_BACK);
            self.credit = self.credit.saturating_add(earned).min(most);
            if let Some(left) = self.credit.checked_sub((body.len() - from) as u64) {
                self.credit = left;
                self.input.put_back(&body[from..]);
            } else {
                tracing::warn!("{} bytes were given up: they hold too many wrong lengths", body.len());
            }
        }
    }

    fn header(&mut self) -> io::Result<Option<Header>> {
        let (mut length, mut noise) = (None, 0);
        let mut line = Vec::new();
        loop {
            line.clear();
            self.input.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Ok((noise > 0).then_some(Header::Noise(noise)));
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                match length {
                    Some(length) => return Ok(Some(Header::Length(length))),
                    None if noise > 0 => return Ok(Some(Header::Noise(noise))),
                    None => continue,
                }
            }
            if let Some(at) = find_length(&line) {
                noise += at as u64;
                if at > 0 && !line.ends_with(b"\n") && line.len() == LONGEST_LINE {
                    // Its digits may be cut off.
                    self.input.put_back(&line[at..]);
                    continue;
                }
                let digits = line[at + LENGTH.len()..].trim_ascii();
                length = std::str::from_utf8(digits)
                    .ok()
                    .and_then(|digits| digits.parse().ok())
                    .filter(|l| *l <= IMPLAUSIBLE);
                if length.is_none() {
                    noise += (line.len() - at) as u64;
                }
                continue;
            }
            let names_a_field = text.iter().position(|byte| *byte == b':').is_some_and(|colon| {
                colon > 0 && text[..colon].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            });
            if names_a_field && line.ends_with(b"\n") {
                // `Content-Type` and whatever comes: nothing that we need.
                continue;
            }
            if !line.ends_with(b"\n") && line.len() == LONGEST_LINE {
                // A header may begin in the last bytes.
                let kept = line.split_off(line.len() - LENGTH.len());
                self.input.put_back(&kept);
            }
            noise += line.len() as u64;
        }
    }

    fn pass_over(&mut self, length: u64) -> io::Result<Option<Frame>> {
        let mut skim = Skim::default();
        let mut left = length;
        while left > 0 {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let taken = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            skim.feed(&chunk[..taken]);
            self.input.consume(taken);
            left -= taken as u64;
        }
        Ok(Some(Frame::Oversized { bytes: length, skimmed: skim.finish() }))
    }
}

enum Header {
    Length(u64),
    Noise(u64),
}

/// Where the last `Content-Length:` of a line begins, in any case. Rests of a broken body may stand before it.
fn find_length(line: &[u8]) -> Option<usize> {
    line.windows(LENGTH.len()).rposition(|window| window.eq_ignore_ascii_case(LENGTH))
}

/// `read` of a reader that is made for `fill_buf`.
pub(crate) fn read_buffered(reader: &mut impl BufRead, into: &mut [u8]) -> io::Result<usize> {
    let available = reader.fill_buf()?;
    let taken = available.len().min(into.len());
    into[..taken].copy_from_slice(&available[..taken]);
    reader.consume(taken);
    Ok(taken)
}

/// A reader with bytes put back in front of it.
struct Ahead<R> {
    back: Vec<u8>,
    at: usize,
    inner: R,
    /// Bytes that came from `inner`.
    read: u64,
    /// Bytes that were copied to put some back.
    moved: u64,
}

impl<R: BufRead> Ahead<R> {
    /// Puts bytes back that were just read. Costs their own number only: what is left of earlier ones is not moved.
    fn put_back(&mut self, bytes: &[u8]) {
        self.moved += bytes.len() as u64;
        if let Some(at) = self.at.checked_sub(bytes.len()) {
            self.back[at..self.at].copy_from_slice(bytes);
            self.at = at;
            return;
        }
        // What was read came from `inner`, at least its end: nothing is left here.
        let rest = self.back.split_off(self.at);
        self.moved += rest.len() as u64;
        self.back = [bytes, &rest].concat();
        self.at = 0;
    }
}

impl<R: BufRead> Read for Ahead<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, into)
    }
}

impl<R: BufRead> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at < self.back.len() { Ok(&self.back[self.at..]) } else { self.inner.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        if self.at < self.back.len() {
            self.at += amount;
            if self.at >= self.back.len() {
                (self.back, self.at) = (Vec::new(), 0);
            }
        } else {
            self.read += amount as u64;
            self.inner.consume(amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Frames::new(bytes, 100);
        std::iter::from_fn(|| frames.next().unwrap()).collect()
    }

    fn message(body: &str) -> Frame {
        Frame::Message(body.as_bytes().to_vec())
    }

    #[test]
    fn messages_follow_each_other_and_other_fields_are_ignored() {
        let bytes = b"Content-Type: application/vscode-jsonrpc\r\nContent-Length: 2\r\n\r\n{}content-length:3\n\n[1]";
        assert_eq!(frames(bytes), [message("{}"), message("[1]")]);
    }

    #[test]
    fn a_broken_header_is_passed_over_up_to_the_next_length() {
        for broken in [
            "Content-Length: x\r\n\r\n",
            "garbage\r\n\r\n",
            "{\"left\":1}",
            "Content-Length: -5\r\n\r\n",
            "Content-Length: 99999999999\r\n\r\n",
        ] {
            let bytes = format!("{broken}Content-Length: 2\r\n\r\n{{}}");
            let read = frames(bytes.as_bytes());
            assert_eq!(read.last(), Some(&message("{}")), "after {broken:?}: {read:?}");
        }
    }

    #[test]
    fn a_length_that_is_too_short_costs_the_rest_of_its_message() {
        let read = frames(b"Content-Length: 4\r\n\r\n{\"a\":1}Content-Length: 2\r\n\r\n{}");
        assert_eq!(read, [message("{\"a\""), message("{}")]);
    }

    #[test]
    fn a_length_that_is_too_long_gives_the_next_message_back() {
        for extra in [1, 5, 15, 17, 19, 21] {
            let bytes = format!("Content-Length: {}\r\n\r\n{{}}Content-Length: 3\r\n\r\n[1]", 2 + extra);
            let mut frames = Frames::new(bytes.as_bytes(), 100);
            let Some(Frame::Message(body)) = frames.next().unwrap() else { panic!("a message was expected") };
            frames.resync(&body);
            assert_eq!(frames.next().unwrap(), Some(message("[1]")), "{extra} bytes too long");
        }
    }

    #[test]
    fn a_message_over_the_limit_is_passed_over_and_its_id_is_told() {
        let body = format!("{{\"id\":7,\"method\":\"m\",\"params\":{{\"t\":\"{}\"}}}}", "x".repeat(200));
        let bytes = format!("Content-Length: {}\r\n\r\n{body}Content-Length: 2\r\n\r\n{{}}", body.len());
        let read = frames(bytes.as_bytes());
        let Frame::Oversized { skimmed, .. } = &read[0] else { panic!("{read:?}") };
        assert_eq!((skimmed.id.as_deref(), skimmed.method.as_deref()), (Some("7"), Some("m")));
        assert_eq!(read[1], message("{}"));
    }

    #[test]
    fn a_long_line_of_garbage_does_not_hide_a_header_at_its_end() {
        for length in 4080..4100 {
            let bytes = format!("{}Content-Length: 2\r\n\r\n{{}}", "x".repeat(length));
            assert_eq!(frames(bytes.as_bytes()).last(), Some(&message("{}")), "after {length} bytes");
        }
    }

    /// Reads everything, taking back every body that is not the last. Gives how many frames there were, the last, and how
    /// many bytes were copied to put some back.
    fn drain(bytes: &[u8]) -> (usize, Option<Frame>, u64) {
        let mut frames = Frames::new(bytes, LARGEST);
        let (mut count, mut last) = (0, None);
        while let Some(frame) = frames.next().unwrap() {
            if let Frame::Message(body) = &frame
                && body != b"{}"
            {
                frames.resync(body);
            }
            (count, last) = (count + 1, Some(frame));
        }
        (count, last, frames.input.moved)
    }

    #[test]
    fn the_cost_of_wrong_headers_grows_with_their_number_and_not_with_its_square() {
        // Counted, not timed: how long it takes says more of the machine's memory.
        let cost = |n: usize| {
            let body = "Content-Length:".repeat(n);
            let text = format!("Content-Length: {}\r\n\r\n{body}\n\nContent-Length: 2\r\n\r\n{{}}", body.len());
            let (_, last, moved) = drain(text.as_bytes());
            assert_eq!(last, Some(message("{}")), "{n}");
            moved
        };
        let (short, long) = (cost(50_000), cost(200_000));
        assert!(short >= 750_000, "the body was taken back: {short}");
        assert!(long < short * 5, "{short} bytes, then {long}");
    }

    #[test]
    fn headers_that_each_claim_all_that_follows_are_taken_back_only_so_often() {
        let header = |left: usize| format!("Content-Length: {left:09}\r\n\r\n{{");
        let size = header(0).len();
        let mut text: String = (1..=50_000).rev().map(|left| header(left * size - size + 1)).collect();
        text.push_str("Content-Length: 2\r\n\r\n{}");
        let (frames, last, _) = drain(text.as_bytes());
        assert_eq!(last, Some(message("{}")));
        assert!(frames < 20, "{frames} bodies were read, each nearly as long as the whole");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(prop::sample::select(&b"Content-Length: 19\r\n{}x"[..]), 0..400)) {
            let mut frames = Frames::new(&bytes[..], 50);
            let mut count = 0;
            while let Some(frame) = frames.next().unwrap() {
                if let Frame::Message(body) = frame && count % 2 == 0 {
                    frames.resync(&body);
                }
                count += 1;
                prop_assert!(count < 2000);
            }
        }
    }
}
