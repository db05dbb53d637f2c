//! Digests as lower-case hexadecimal digits, by the thousand. The crate `hex` goes digit by digit through an iterator,
//! which was a tenth of a survey's instructions.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Writes two digits a byte, as far as `out` reaches.
pub(crate) fn write(bytes: &[u8], out: &mut [u8]) {
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// The digits of a digest.
pub(crate) fn of(bytes: &[u8]) -> String {
    let mut out = vec![0; bytes.len() * 2];
    write(bytes, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Adds what the digits stand for; `None`: they are not all lower-case digits, or an odd number of them.
pub(crate) fn read(digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    for pair in digits.chunks_exact(2) {
        out.push(value(pair[0])? << 4 | value(pair[1])?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_crate_hex_and_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let digits = of(&bytes);
            prop_assert_eq!(&digits, &hex::encode(&bytes));
            let mut back = Vec::new();
            prop_assert_eq!(read(digits.as_bytes(), &mut back), Some(()));
            prop_assert_eq!(back, bytes);
        }

        #[test]
        fn what_are_no_lower_case_digits_is_refused(text in "[0-9a-fA-Gg ]{0,9}") {
            let lower = text.bytes().all(|b| b"0123456789abcdef".contains(&b)) && text.len() % 2 == 0;
            prop_assert_eq!(read(text.as_bytes(), &mut Vec::new()).is_some(), lower);
        }
    }
}
