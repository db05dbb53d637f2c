//! A resolver that knows nobody: every name gets an address of its own that leads nowhere, so that whoever connects there has told which
//! name it meant. Reads questions by RFC 1035 and writes answers; opens no socket.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest name that is read, in bytes, by RFC 1035.
const LONGEST: usize = 255;
/// Most names that get an address; later ones get none, and are told all the same.
const MOST: usize = 100_000;
const A: u16 = 1;
const AAAA: u16 = 28;
const INTERNET: u16 = 1;
const NO_SUCH_NAME: u8 = 3;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// In lower case, without a point at its end.
    pub name: String,
    kind: u16,
    class: u16,
    /// Where the question ends in the message.
    end: usize,
}

/// The one question of a message; `None` where it is none.
pub(super) fn question(message: &[u8]) -> Option<Question> {
    let word = |at: usize| Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?));
    // No answer, no other operation, exactly one question.
    if message.get(2)? & 0xf8 != 0 || word(4)? != 1 {
        return None;
    }
    let (mut at, mut name) = (12, String::new());
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        // Questions are not compressed.
        if length > 63 || name.len() + length > LONGEST {
            return None;
        }
        let label = message.get(at..at + length)?;
        if !name.is_empty() {
            name.push('.');
        }
        // A name is bytes: what is no printable letter is shown as a question mark.
        name.extend(
            label.iter().map(|byte| if byte.is_ascii_graphic() { byte.to_ascii_lowercase() as char } else { '?' }),
        );
        at += length;
    }
    Some(Question { name, kind: word(at)?, class: word(at + 2)?, end: at + 4 })
}

/// Which address stands for which name.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_name: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    /// The name that an address stands for.
    pub fn of(&self, ip: IpAddr) -> Option<&str> {
        let number = match ip {
            IpAddr::V4(ip) => u32::from(ip).checked_sub(u32::from(Ipv4Addr::new(198, 18, 0, 0)))?,
            IpAddr::V6(ip) => {
                let number = u128::from(ip).checked_sub(u128::from(FIRST_V6))?;
                u32::try_from(number).ok()?
            }
        };
        self.names.get(usize::try_from(number.checked_sub(1)?).ok()?).map(String::as_str)
    }

    /// The answer to a message with a question: an address for those who ask for one, nothing for other kinds.
    /// `is_own`: the machine's own name, which is no matter of a network.
    pub fn answer(&mut self, message: &[u8], question: &Question, is_own: bool) -> Vec<u8> {
        let address = match question.kind {
            A | AAAA if question.class == INTERNET && !is_own => self.address(&question.name, question.kind),
            _ => None,
        };
        let mut answer = message[..2].to_vec();
        // An answer, with recursion asked for and had; the rest of the flags are the question's.
        answer.extend([0x80 | message[2] & 0x01, 0x80 | if is_own { NO_SUCH_NAME } else { 0 }]);
        answer.extend([0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0]);
        answer.extend(&message[12..question.end]);
        if let Some(address) = address {
            answer.extend([0xc0, 12]);
            answer.extend(question.kind.to_be_bytes());
            answer.extend(INTERNET.to_be_bytes());
            answer.extend(60_u32.to_be_bytes());
            answer.extend(u16::try_from(address.len()).unwrap_or(0).to_be_bytes());
            answer.extend(address);
        }
        answer
    }

    fn address(&mut self, name: &str, kind: u16) -> Option<Vec<u8>> {
        let number = match self.by_name.get(name) {
            Some(number) => *number,
            None if self.names.len() >= MOST => return None,
            None => {
                self.names.push(name.to_owned());
                let number = u32::try_from(self.names.len()).ok()?;
                self.by_name.insert(name.to_owned(), number);
                number
            }
        };
        Some(match kind {
            A => (u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number).to_be_bytes().to_vec(),
            _ => (u128::from(FIRST_V6) + u128::from(number)).to_be_bytes().to_vec(),
        })
    }
}

/// A network of RFC 4193 that nobody has: its random part was drawn once.
const FIRST_V6: Ipv6Addr = Ipv6Addr::new(0xfd5c, 0x91e2, 0x7a04, 0, 0, 0, 0, 0);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            message.push(u8::try_from(label.len()).unwrap());
            message.extend(label.bytes());
        }
        message.push(0);
        message.extend(kind.to_be_bytes());
        message.extend(INTERNET.to_be_bytes());
        message
    }

    #[test]
    fn every_name_gets_an_address_of_its_own_that_tells_the_name() {
        let mut names = Names::default();
        let mut ask = |name: &str, kind| {
            let message = message(name, kind);
            let question = question(&message).unwrap();
            let answer = names.answer(&message, &question, false);
            assert_eq!((&answer[..2], answer[7]), (&message[..2], 1), "one answer to the same question");
            let length = if kind == A { 4 } else { 16 };
            let address = &answer[answer.len() - length..];
            let address: IpAddr = match kind {
                A => <[u8; 4]>::try_from(address).unwrap().into(),
                _ => <[u8; 16]>::try_from(address).unwrap().into(),
            };
            (names.of(address).unwrap().to_owned(), address)
        };
        assert_eq!(ask("Example.ORG", A).0, "example.org");
        assert_eq!(ask("example.org", AAAA).0, "example.org");
        assert_eq!(ask("other.example", AAAA).0, "other.example");
        let (_, again) = ask("example.org", A);
        assert_eq!(again, "198.18.0.1".parse::<IpAddr>().unwrap());
        for nobody in ["198.18.0.0", "198.18.0.9", "10.0.0.1", "::1", "255.255.255.255"] {
            assert_eq!(names.of(nobody.parse().unwrap()), None, "{nobody}");
        }
    }

    #[test]
    fn other_kinds_and_the_machines_own_name_get_no_address() {
        let mut names = Names::default();
        let mx = message("example.org", 15);
        let answer = names.answer(&mx, &question(&mx).unwrap(), false);
        assert_eq!((answer[3] & 0xf, answer[7]), (0, 0));
        let own = message("laptop", A);
        let answer = names.answer(&own, &question(&own).unwrap(), true);
        assert_eq!((answer[3] & 0xf, answer[7]), (NO_SUCH_NAME, 0));
    }

    proptest! {
        #[test]
        fn whatever_bytes_come_are_a_question_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Some(question) = question(&bytes) {
                prop_assert!(question.end <= bytes.len() && question.name.len() <= LONGEST + 1);
                Names::default().answer(&bytes, &question, false);
            }
        }
    }
}
