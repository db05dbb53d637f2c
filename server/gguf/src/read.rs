//! Reads a header, and believes nothing that the file's length does not bear out.

use crate::{Header, Kind, MOST_ELEMENTS, MOST_ENTRIES, MOST_HEADER, MOST_KEY, MOST_TENSORS, MOST_TEXT, Tensor, Value};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// Why a file is no GGUF file, or none that can be believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system said so.
    #[error("it could not be read: {0}")]
    Io(#[from] io::Error),
    /// The first four bytes are others.
    #[error("it is no GGUF file: it begins with {0}")]
    Magic(String),
    /// Another version of the format, or the byte order of other machines.
    #[error("its format is version {0}, and versions 2 and 3 are read")]
    Version(u32),
    /// Written on a machine with the other byte order.
    #[error("it was written for machines of the other byte order")]
    Swapped,
    /// It ends too early.
    #[error("it ends at byte {length}, in the middle of {what}")]
    Truncated {
        /// What was being read.
        what: String,
        /// The file's length.
        length: u64,
    },
    /// A count or length beyond what is read, or beyond the file.
    #[error("{what} is {is}, and {limit} is the most")]
    TooMany {
        /// Of what.
        what: String,
        /// What the file says.
        is: u64,
        /// What could be.
        limit: u64,
    },
    /// Bytes that are no text.
    #[error("{0} is no text in UTF-8")]
    NotText(String),
    /// A number of a type that there is not.
    #[error("{what} has the type {kind}, which there is not")]
    Type {
        /// Whose.
        what: String,
        /// The number.
        kind: u32,
    },
    /// A list of lists.
    #[error("{0} is a list of lists, which no model has")]
    Nested(String),
    /// Twice the same name.
    #[error("{0} is there twice")]
    Twice(String),
    /// An alignment that cannot be.
    #[error("its alignment is {0}: a power of two from 8 to 65536 was expected")]
    Alignment(u64),
    /// A tensor with no dimensions, an empty one, or one whose size is beyond every file.
    #[error(
        "the tensor {name} has the dimensions {dimensions:?}: one to four, none of them 0, and whole blocks of {block} were expected"
    )]
    Dimensions {
        /// Whose.
        name: String,
        /// What the file says.
        dimensions: Vec<u64>,
        /// Numbers of a block.
        block: u64,
    },
    /// A tensor that does not lie in the file.
    #[error("the tensor {name} would lie from byte {from} to {to}, and the file has {length}")]
    Outside {
        /// Whose.
        name: String,
        /// Where it would begin.
        from: u64,
        /// Where it would end.
        to: u64,
        /// The file's length.
        length: u64,
    },
    /// A tensor that begins where none may.
    #[error("the tensor {name} begins at {offset}, which is no multiple of {alignment}")]
    Unaligned {
        /// Whose.
        name: String,
        /// Where.
        offset: u64,
        /// What it should be a multiple of.
        alignment: u64,
    },
    /// Two tensors in one place.
    #[error("the tensors {0} and {1} lie over each other")]
    Overlap(String, String),
}

/// Reads the header of a file of that length.
pub fn read(from: impl Read, length: u64) -> Result<Header, Error> {
    let mut from = Bounded { from, at: 0, length, end: length.min(MOST_HEADER) };
    let magic: [u8; 4] = from.bytes("its first word")?;
    if &magic != b"GGUF" {
        return Err(Error::Magic(magic.escape_ascii().to_string()));
    }
    let version = u32::from_le_bytes(from.bytes("its version")?);
    match version {
        2 | 3 => {}
        _ if [1, 2, 3].contains(&version.swap_bytes()) => return Err(Error::Swapped),
        _ => return Err(Error::Version(version)),
    }
    let tensors = from.count("the count of tensors", MOST_TENSORS)?;
    let entries = from.count("the count of metadata entries", MOST_ENTRIES)?;
    let mut metadata = BTreeMap::new();
    for _ in 0..entries {
        let key = from.text("the length of a key", MOST_KEY)?;
        let kind = from.number("the type of a value")?;
        let value = from.value(&key, kind)?;
        if metadata.insert(key.clone(), value).is_some() {
            return Err(Error::Twice(format!("the key {key}")));
        }
    }
    let alignment = match metadata.get("general.alignment") {
        None => 32,
        Some(Value::Unsigned(alignment)) if alignment.is_power_of_two() && (8..=65_536).contains(alignment) => {
            *alignment
        }
        Some(Value::Unsigned(alignment)) => return Err(Error::Alignment(*alignment)),
        Some(_) => return Err(Error::Alignment(0)),
    };
    let mut described = BTreeMap::new();
    for _ in 0..tensors {
        let tensor = from.tensor(alignment)?;
        if let Some(twice) = described.insert(tensor.name.clone(), tensor) {
            return Err(Error::Twice(format!("the tensor {}", twice.name)));
        }
    }
    let data = from.at.next_multiple_of(alignment);
    placed(&described, data, length)?;
    Ok(Header { version, metadata, tensors: described, data, length })
}

/// Every tensor in the file, and no two in one place.
fn placed(tensors: &BTreeMap<String, Tensor>, data: u64, length: u64) -> Result<(), Error> {
    let mut by_place: Vec<&Tensor> = tensors.values().collect();
    by_place.sort_by_key(|tensor| tensor.offset);
    for tensor in &by_place {
        let from = data.saturating_add(tensor.offset);
        let to = from.saturating_add(tensor.bytes);
        if to > length {
            return Err(Error::Outside { name: tensor.name.clone(), from, to, length });
        }
    }
    for pair in by_place.windows(2) {
        // Both lie in the file: no sum is too large.
        if pair[0].offset + pair[0].bytes > pair[1].offset {
            return Err(Error::Overlap(pair[0].name.clone(), pair[1].name.clone()));
        }
    }
    Ok(())
}

struct Bounded<R> {
    from: R,
    at: u64,
    /// The file's.
    length: u64,
    /// Nothing is read behind this.
    end: u64,
}

impl<R: Read> Bounded<R> {
    fn claim(&mut self, what: &str, bytes: u64) -> Result<(), Error> {
        let after = self.at.saturating_add(bytes);
        if after > self.length {
            return Err(Error::Truncated { what: what.to_owned(), length: self.length });
        }
        if after > self.end {
            return Err(Error::TooMany { what: "the header's length".into(), is: after, limit: MOST_HEADER });
        }
        self.at = after;
        Ok(())
    }

    fn bytes<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Error> {
        self.claim(what, N as u64)?;
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn number(&mut self, what: &str) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.bytes(what)?))
    }

    fn count(&mut self, what: &str, most: u64) -> Result<u64, Error> {
        let count = u64::from_le_bytes(self.bytes(what)?);
        let limit = most.min(self.length - self.at);
        if count > limit {
            return Err(Error::TooMany { what: what.to_owned(), is: count, limit });
        }
        Ok(count)
    }

    /// `count` has made sure that no more is asked for than the file has.
    fn text(&mut self, what: &str, most: u64) -> Result<String, Error> {
        let length = self.count(what, most)?;
        self.claim(what, length)?;
        let mut bytes = vec![0; length as usize];
        self.from.read_exact(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| Error::NotText(what.replace("the length of ", "")))
    }

    fn skip(&mut self, what: &str, bytes: u64) -> Result<(), Error> {
        self.claim(what, bytes)?;
        let skipped = io::copy(&mut self.from.by_ref().take(bytes), &mut io::sink())?;
        if skipped == bytes { Ok(()) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) }
    }

    fn value(&mut self, key: &str, kind: u32) -> Result<Value, Error> {
        Ok(match kind {
            0 => Value::Unsigned(u64::from(u8::from_le_bytes(self.bytes(key)?))),
            1 => Value::Signed(i64::from(i8::from_le_bytes(self.bytes(key)?))),
            2 => Value::Unsigned(u64::from(u16::from_le_bytes(self.bytes(key)?))),
            3 => Value::Signed(i64::from(i16::from_le_bytes(self.bytes(key)?))),
            4 => Value::Unsigned(u64::from(u32::from_le_bytes(self.bytes(key)?))),
            5 => Value::Signed(i64::from(i32::from_le_bytes(self.bytes(key)?))),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes(key)?))),
            7 => Value::Bool(self.bytes::<1>(key)? != [0]),
            8 => Value::Text(self.text(&format!("the length of {key}"), MOST_TEXT)?),
            9 => self.list(key)?,
            10 => Value::Unsigned(u64::from_le_bytes(self.bytes(key)?)),
            11 => Value::Signed(i64::from_le_bytes(self.bytes(key)?)),
            12 => Value::Float(f64::from_le_bytes(self.bytes(key)?)),
            _ => return Err(Error::Type { what: format!("the value of {key}"), kind }),
        })
    }

    fn list(&mut self, key: &str) -> Result<Value, Error> {
        let kind = self.number(key)?;
        let length = self.count(&format!("the length of the list {key}"), MOST_ELEMENTS)?;
        let each = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 => {
                for _ in 0..length {
                    self.text(&format!("the length of a text of {key}"), MOST_TEXT)?;
                }
                return Ok(Value::List { length, texts: true });
            }
            9 => return Err(Error::Nested(key.to_owned())),
            _ => return Err(Error::Type { what: format!("the list {key}"), kind }),
        };
        self.skip(&format!("the list {key}"), length * each)?;
        Ok(Value::List { length, texts: false })
    }

    fn tensor(&mut self, alignment: u64) -> Result<Tensor, Error> {
        let name = self.text("the length of a tensor's name", MOST_KEY)?;
        let what = format!("the tensor {name}");
        let count = self.number(&what)?;
        if count > 4 {
            let what = format!("the count of dimensions of {name}");
            return Err(Error::TooMany { what, is: u64::from(count), limit: 4 });
        }
        let mut dimensions = Vec::new();
        for _ in 0..count {
            dimensions.push(u64::from_le_bytes(self.bytes(&what)?));
        }
        let number = self.number(&what)?;
        let kind = Kind::of(number).ok_or_else(|| Error::Type { what: what.clone(), kind: number })?;
        let offset = u64::from_le_bytes(self.bytes(&what)?);
        let numbers = dimensions.iter().try_fold(1u64, |all, one| all.checked_mul(*one)).filter(|all| *all > 0);
        // Blocks do not cross from one row into the next.
        let whole = dimensions.first().is_some_and(|row| row.is_multiple_of(kind.block()));
        let Some(bytes) = numbers.filter(|_| whole).and_then(|numbers| kind.bytes(numbers)) else {
            return Err(Error::Dimensions { name, dimensions, block: kind.block() });
        };
        if !offset.is_multiple_of(alignment) {
            return Err(Error::Unaligned { name, offset, alignment });
        }
        Ok(Tensor { name, dimensions, kind, offset, bytes })
    }
}
