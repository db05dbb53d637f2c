//! A model file's header: no bytes make the reader panic or take memory that the file does not bear out, and what it takes lies in the file.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The first byte says whether the file is longer than what was read of it, as one that is cut while it is read.
    let Some((first, bytes)) = bytes.split_first() else { return };
    let length = bytes.len() as u64 + u64::from(*first & 1) * 1000;
    let Ok(header) = gguf::read(bytes, length) else { return };
    for tensor in header.tensors.values() {
        assert!(header.data + tensor.offset + tensor.bytes <= length);
    }
    if header.fit().is_ok() {
        assert!(header.memory(8192).is_ok());
    }
});
