//! What goes over the socket: four bytes of length, least significant first, then JSON.

use contract::{MODEL_FRAME, ModelAsk, ModelTold};
use std::io::{self, Read, Write};

/// The next question; `None` where there is no more.
pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<ModelAsk>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > MODEL_FRAME {
        return Err(io::Error::other(format!("a question of {length} bytes is longer than any")));
    }
    let mut bytes = Vec::new();
    if from.take(length as u64).read_to_end(&mut bytes)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|e| io::Error::other(format!("this is no question: {e}")))
}

/// Says something.
pub(crate) fn write(to: &mut impl Write, told: &ModelTold) -> io::Result<()> {
    let bytes = serde_json::to_vec(told)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&[&length.to_le_bytes()[..], &bytes].concat())?;
    to.flush()
}
