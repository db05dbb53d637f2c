//! Reads the XML of descriptions and settings: small trees without document types, so that no entity is ever expanded.
//! May not decide what an element means.

use roxmltree::{Document, Node, ParsingOptions};
use std::borrow::Cow;
use std::ops::Range as Span;

/// More elements, attributes and texts no file has.
const MOST_NODES: u32 = 400_000;

/// The text as a parser of XML takes it: names of characters that only HTML has, which Maven passes over, become blanks of the same length.
pub(crate) fn tame(text: &str) -> Cow<'_, str> {
    let known = |name: &str| name.starts_with('#') || ["amp", "lt", "gt", "quot", "apos"].contains(&name);
    let mut out = Cow::Borrowed(text);
    for (at, _) in text.match_indices('&') {
        let rest = &text[at + 1..];
        let Some(length) = rest.bytes().take(12).position(|byte| byte == b';') else { continue };
        let name = &rest[..length];
        if !known(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            out.to_mut().replace_range(at..at + length + 2, &" ".repeat(length + 2));
        }
    }
    out
}

/// The root element of a text as [`tame`] gives it; the name it must have is without its namespace.
pub(crate) fn read<T>(text: &str, root: &str, take: impl FnOnce(Node<'_, '_>) -> T) -> Result<T, String> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => "it declares a document type, which is not followed".to_owned(),
        roxmltree::Error::NodesLimitReached => format!("it has more than the {MOST_NODES} elements that are read"),
        error => format!("it is no XML: {error}"),
    })?;
    let element = document.root_element();
    if element.tag_name().name() != root {
        return Err(format!("its root is <{}> and not <{root}>", element.tag_name().name()));
    }
    Ok(take(element))
}

/// The elements below one, in their order.
pub(crate) fn children<'a, 'i: 'a>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The first element of a name below one.
pub(crate) fn child<'a, 'i: 'a>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    children(node).find(|below| below.tag_name().name() == name)
}

/// The elements of one list: `list/item`.
pub(crate) fn items<'a, 'i: 'a>(node: Node<'a, 'i>, list: &str, item: &'static str) -> Vec<Node<'a, 'i>> {
    let below = child(node, list).map(children).into_iter().flatten();
    below.filter(|below| below.tag_name().name() == item).collect()
}

/// An element's own text, without the blanks around it.
pub(crate) fn text(node: Node<'_, '_>) -> String {
    let own: String = node.children().filter(Node::is_text).filter_map(|node| node.text()).collect();
    own.trim().to_owned()
}

/// The text of the first element of a name below one; none where it is empty.
pub(crate) fn value(node: Node<'_, '_>, name: &str) -> Option<String> {
    child(node, name).map(text).filter(|text| !text.is_empty())
}

/// Where an element stands, in bytes.
pub(crate) fn span(node: Node<'_, '_>) -> Span<usize> {
    node.range()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_type_is_refused_and_no_entity_is_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><project>&c;</project>";
        assert!(read(bomb, "project", |_| ()).unwrap_err().contains("document type"));
    }

    #[test]
    fn characters_that_only_html_names_keep_their_place() {
        let text = "<project><name>S&oslash;ren &amp; R&#246;d</name><version> 1 </version></project>";
        let tamed = tame(text);
        assert_eq!(tamed.len(), text.len());
        let read = read(&tamed, "project", |node| (value(node, "name"), value(node, "version"))).unwrap();
        assert_eq!(read, (Some("S        ren & Röd".into()), Some("1".into())));
    }

    #[test]
    fn deep_and_wide_texts_end_in_an_answer() {
        let deep = format!("<project>{}", "<a>".repeat(300_000));
        assert!(read(&deep, "project", |_| ()).is_err());
        let wide = format!("<project>{}</project>", "<a/>".repeat(500_000));
        assert!(read(&wide, "project", |_| ()).unwrap_err().contains("more than the"));
    }
}
