//! TOML with places. It knows no file's meaning.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(crate) type Table<'a> = DeTable<'a>;
pub(crate) type Value<'a> = Spanned<DeValue<'a>>;

/// The whole text; none where it is not TOML.
pub(crate) fn parse(text: &str) -> Option<Spanned<DeTable<'_>>> {
    DeTable::parse(text).ok()
}

pub(crate) fn table<'a, 'b>(value: Option<&'b Value<'a>>) -> Option<&'b Table<'a>> {
    match value?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

pub(crate) fn string<'b>(value: Option<&'b Value<'_>>) -> Option<&'b str> {
    match value?.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

/// The strings of a list, with where they stand.
pub(crate) fn strings<'b>(value: Option<&'b Value<'_>>) -> Vec<(&'b str, Range<usize>)> {
    let Some(DeValue::Array(list)) = value.map(Spanned::get_ref) else { return Vec::new() };
    list.iter().filter_map(|one| Some((string(Some(one))?, one.span()))).collect()
}

/// A table below others.
pub(crate) fn below<'a, 'b>(table_: &'b Table<'a>, path: &[&str]) -> Option<&'b Table<'a>> {
    path.iter().try_fold(table_, |at, key| table(at.get(*key)))
}
