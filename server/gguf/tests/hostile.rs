//! Files that somebody made to harm, and files that broke on the way: each gives an error that names what is wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use gguf::{Header, Value};
use holdover_test_model::{Architecture, tiny};
use proptest::prelude::*;
use std::sync::LazyLock;

static LLAMA: LazyLock<Vec<u8>> = LazyLock::new(|| tiny(Architecture::Llama, 1));

fn read(bytes: &[u8]) -> Result<Header, gguf::Error> {
    gguf::read(bytes, bytes.len() as u64)
}

fn said(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// A file of version 3 with these entries and tensors, as they are given, and so many bytes behind them.
fn file(entries: &[Vec<u8>], tensors: &[Vec<u8>], behind: usize) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((entries.len() as u64).to_le_bytes());
    for part in entries.iter().chain(tensors) {
        bytes.extend(part);
    }
    bytes.resize(bytes.len().next_multiple_of(32) + behind, 0);
    bytes
}

fn entry(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&text(key), &kind.to_le_bytes()[..], value].concat()
}

fn list(kind: u32, length: u64) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &length.to_le_bytes()].concat()
}

fn tensor(name: &str, dimensions: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut bytes = text(name);
    bytes.extend((dimensions.len() as u32).to_le_bytes());
    for dimension in dimensions {
        bytes.extend(dimension.to_le_bytes());
    }
    bytes.extend(kind.to_le_bytes());
    bytes.extend(offset.to_le_bytes());
    bytes
}

#[test]
fn the_test_model_is_read_and_fits_in_both_architectures() {
    for (architecture, name) in [(Architecture::Llama, "llama"), (Architecture::Qwen2, "qwen2")] {
        let header = read(&tiny(architecture, 1)).unwrap();
        header.fit().unwrap();
        assert_eq!(header.architecture(), Some(name));
        assert_eq!(header.context(), Some(2048));
        assert_eq!(header.licence(), Some("cc0-1.0"));
        assert_eq!(header.quantisation().map(gguf::Kind::name), Some("Q8_0"));
        assert_eq!(header.texts("tokenizer.ggml.tokens"), Some(1024));
        assert!(header.template().is_some_and(|template| template.contains("<|im_start|>")));
        assert!(header.name().is_some_and(|name| name.contains("test model")));
        assert!((100_000..1_000_000).contains(&header.parameters()), "{}", header.parameters());
        assert!((192 << 20..256 << 20).contains(&header.memory(2048).unwrap()));
    }
}

#[test]
fn what_is_wrong_is_named() {
    let huge = u64::MAX.to_le_bytes();
    let half = (1u64 << 63).to_le_bytes();
    let counts = |tensors: &[u8; 8], entries: &[u8; 8]| [b"GGUF\x03\0\0\0", &tensors[..], entries, &[0; 64]].concat();
    let one = |entry: Vec<u8>| file(&[entry], &[], 64);
    let three = |value: u32| value.to_le_bytes().to_vec();
    for (bytes, words) in [
        (b"".to_vec(), "ends at byte 0, in the middle of its first word"),
        (b"GGU".to_vec(), "ends at byte 3"),
        (b"PK\x03\x04 and so on and so on".to_vec(), r"no GGUF file: it begins with PK\x03\x04"),
        (b"GGUF\x01\0\0\0".to_vec(), "version 1"),
        (b"GGUF\x04\0\0\0".to_vec(), "version 4"),
        (b"GGUF\0\0\0\x03".to_vec(), "other byte order"),
        (b"GGUF\x03\0\0\0".to_vec(), "in the middle of the count of tensors"),
        (counts(&half, &[0; 8]), "the count of tensors is 9223372036854775808, and"),
        (counts(&[0; 8], &huge), "the count of metadata entries is 18446744073709551615"),
        (counts(&[0; 8], &70_000u64.to_le_bytes()), "entries is 70000, and 64 is the most"),
        (one(huge.to_vec()), "the length of a key is 18446744073709551615"),
        (one(entry("a.text", 8, &half)), "the length of a.text is 9223372036854775808"),
        (one(entry("a.text", 8, &200u64.to_le_bytes())), "the length of a.text is 200, and"),
        (one(entry("a.list", 9, &list(4, 1 << 63))), "the length of the list a.list is 9223372036854775808"),
        (one(entry("a.list", 9, &list(12, 60))), "in the middle of the list a.list"),
        (one(entry("a.list", 9, &list(9, 1))), "a.list is a list of lists"),
        (one(entry("a.list", 9, &list(13, 1))), "the list a.list has the type 13"),
        (one(entry("a.list", 9, &[list(8, 2), text("x"), huge.to_vec()].concat())), "the length of a text of a.list"),
        (one(entry("strange", 99, &[])), "the value of strange has the type 99"),
        (one([1u64.to_le_bytes().as_slice(), b"\xff"].concat()), "a key is no text"),
        (file(&[entry("twice", 7, &[1]), entry("twice", 7, &[1])], &[], 0), "the key twice is there twice"),
        (one(entry("general.alignment", 4, &three(0))), "alignment is 0"),
        (one(entry("general.alignment", 4, &three(48))), "alignment is 48"),
        (file(&[], &[tensor("t", &[1; 5], 0, 0)], 64), "the count of dimensions of t is 5, and 4 is the most"),
        (file(&[], &[tensor("t", &[], 0, 0)], 64), "the tensor t has the dimensions []"),
        (file(&[], &[tensor("t", &[0, 4], 0, 0)], 64), "the tensor t has the dimensions [0, 4]"),
        (file(&[], &[tensor("t", &[1 << 40, 1 << 40], 0, 0)], 64), "the tensor t has the dimensions"),
        (file(&[], &[tensor("t", &[1 << 63], 0, 0)], 64), "the tensor t has the dimensions"),
        (file(&[], &[tensor("t", &[16, 2], 8, 0)], 64), "whole blocks of 32"),
        (file(&[], &[tensor("t", &[8], 77, 0)], 64), "the tensor t has the type 77"),
        (file(&[], &[tensor("t", &[8], 0, 8)], 64), "the tensor t begins at 8, which is no multiple of 32"),
        (
            file(&[], &[tensor("t", &[17], 0, 0)], 64),
            "the tensor t would lie from byte 64 to 132, and the file has 128",
        ),
        (file(&[], &[tensor("t", &[8], 0, 1 << 63)], 64), "the tensor t would lie from byte 9223372036854775872"),
        (file(&[], &[tensor("t", &[8], 0, u64::MAX - 31)], 64), "the tensor t would lie from byte 18446744073709551"),
        (
            file(&[], &[tensor("a", &[9], 0, 0), tensor("b", &[8], 0, 32)], 64),
            "the tensors a and b lie over each other",
        ),
        (file(&[], &[tensor("t", &[8], 0, 0), tensor("t", &[8], 0, 32)], 64), "the tensor t is there twice"),
    ] {
        let said = said(&bytes);
        assert!(said.contains(words), "{said:?} does not say {words:?}");
    }
    assert!(read(&file(&[entry("fine", 7, &[1])], &[tensor("t", &[8], 0, 0)], 64)).is_ok());
}

/// The test model's header with an entry in another's place.
fn with(key: &str, value: Option<Value>) -> Header {
    let mut header = read(&LLAMA).unwrap();
    match value {
        Some(value) => header.metadata.insert(key.to_owned(), value),
        None => header.metadata.remove(key),
    };
    header
}

#[test]
fn a_model_that_cannot_be_run_is_refused_with_what_could() {
    let number = |n| Some(Value::Unsigned(n));
    let words = |text: &str| Some(Value::Text(text.to_owned()));
    for (key, value, said) in [
        (
            "general.architecture",
            words("qwen3moe\u{1b}[2J"),
            "its architecture is qwen3moe[2J, and these can be run: llama, qwen2",
        ),
        ("general.architecture", None, "it does not say its architecture"),
        ("llama.expert_count", number(8), "a mixture of 8 experts"),
        ("llama.rope.scaling.type", words("yarn"), "stretched by yarn"),
        ("llama.context_length", number(1 << 40), "context_length is 1099511627776: 1 to 2097152 was expected"),
        ("llama.attention.head_count", number(0), "attention.head_count is 0"),
        ("llama.attention.head_count", number(3), "attention.head_count is 3: a divisor of 64"),
        ("llama.attention.head_count_kv", number(3), "attention.head_count_kv is 3: a divisor of 4"),
        ("llama.attention.key_length", number(128), "attention.key_length is 128: 16"),
        ("llama.block_count", number(3), "the tensor blk.2.attn_norm.weight is not in it"),
        ("llama.block_count", None, "it does not say block count"),
        ("llama.feed_forward_length", number(64), "the shape of blk.0.ffn_gate.weight is [64, 128]: [64, 64]"),
        ("tokenizer.ggml.model", words("llama"), "its tokenizer is llama, and only byte-level BPE"),
        ("tokenizer.ggml.merges", None, "its tokenizer's merges"),
        ("tokenizer.ggml.token_type", None, "of each token of which kind"),
        ("tokenizer.ggml.eos_token_id", number(1024), "the last token is 1024: less than 1024"),
        ("tokenizer.ggml.bos_token_id", None, "which token is the first one"),
        ("tokenizer.ggml.tokens", Some(Value::List { length: 900, texts: true }), "of each token of which kind"),
    ] {
        let unfit = with(key, value).fit().unwrap_err().to_string();
        assert!(unfit.contains(said), "{unfit:?} does not say {said:?}");
    }
    let mut header = read(&LLAMA).unwrap();
    header.tensors.get_mut("token_embd.weight").unwrap().kind = gguf::Kind::of(20).unwrap();
    let unfit = header.fit().unwrap_err().to_string();
    assert!(unfit.contains("token_embd.weight is kept as IQ4_NL, and these can be run: F32, F16"), "{unfit}");
}

#[test]
fn a_file_that_ends_early_is_never_taken_for_a_whole_one() {
    let header = read(&LLAMA).unwrap().data as usize;
    for end in (0..header).step_by(37).chain([header - 1, header, LLAMA.len() - 1]) {
        assert!(read(&LLAMA[..end]).is_err(), "{end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_read_lies_outside_the_file(
        changes in prop::collection::vec((0usize..20_000, any::<u8>()), 0..12),
        end in 0usize..200_000,
        cut in any::<bool>(),
    ) {
        let mut bytes = LLAMA.clone();
        for (at, byte) in changes {
            // The first bytes decide most.
            let at = if at % 2 == 0 { at % 600 } else { at };
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end);
        }
        if let Ok(header) = read(&bytes) {
            for tensor in header.tensors.values() {
                prop_assert!(header.data + tensor.offset + tensor.bytes <= bytes.len() as u64);
            }
            if header.fit().is_ok() {
                prop_assert!(header.memory(8192).is_ok());
            }
        }
    }
}
