//! A file with conflict markers: any bytes are printed as they were read, each choice changes its region alone, and the
//! index that follows an edit is the one that reading the whole text gives.
#![no_main]

use holdover_conflict::{Choice, Conflicts, LineChange, Markers, Source, malformed, report, resolve, rewrite};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|input: (&[u8], u16, u8, &str)| {
    let (bytes, at, removed, inserted) = input;
    let Ok(source) = Source::read(bytes) else { return };
    let found = Conflicts::read(&source.text);
    assert_eq!(source.bytes(&rewrite(&source.text, &found, |_| None)), bytes);
    let shown = report(&source.text, Path::new("f"), &found);
    assert_eq!(shown.malformed.len(), malformed(&source.text, &found).len());
    let whole = source.text.to_string();
    for region in &found.regions {
        for choice in Choice::offered(region) {
            let Some(one) = resolve(&source.text, region, choice) else { continue };
            let written = rewrite(&source.text, &found, |r| (r == region).then(|| one.text.clone()));
            let (start, end) = (one.range.start.byte as usize, one.range.end.byte as usize);
            assert_eq!(written, [&whole[..start], &*one.text, &whole[end..]].concat());
        }
    }
    let mut text = source.text;
    let mut markers = Markers::scan(&text);
    let at = usize::from(at).min(text.len_chars());
    let end = (at + usize::from(removed)).min(text.len_chars());
    let (start, old_end) = (text.char_to_line(at), text.char_to_line(end));
    text.remove(at..end);
    text.insert(at, inserted);
    let new_end = text.char_to_line(at + inserted.chars().count());
    markers.edit(&text, LineChange { start, old_end, new_end });
    assert_eq!(markers, Markers::scan(&text));
});
