//! A lockfile in which git left its conflict markers: our side of it, with everything standing where it stood.
//! May not decide between the sides; whoever reads on says that it is conflicted.

use std::ops::Range as Span;

/// Our side of a conflicted text.
pub(crate) struct Conflicted {
    /// As long as the original; markers and the other sides are spaces.
    pub ours: String,
    /// The first marker's line.
    pub place: Span<usize>,
    /// Every conflict has its middle and its end, as git writes them.
    pub whole: bool,
}

/// Where a line stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Outside,
    Ours,
    Base,
    Theirs,
}

/// What is left when each conflict is resolved for our side; `None` where there is no conflict. O(length).
pub(crate) fn read(text: &str) -> Option<Conflicted> {
    memchr::memmem::find(text.as_bytes(), b"<<<<<<< ")?;
    let mut at = At::Outside;
    let (mut ours, mut place, mut whole) = (String::with_capacity(text.len()), None, true);
    for line in text.split_inclusive('\n') {
        let start = ours.len();
        let (next, marker) = match () {
            () if line.starts_with("<<<<<<< ") => (At::Ours, true),
            () if line.starts_with("||||||| ") && at == At::Ours => (At::Base, true),
            () if line.trim_end() == "=======" && matches!(at, At::Ours | At::Base) => (At::Theirs, true),
            () if line.starts_with(">>>>>>> ") && at == At::Theirs => (At::Outside, true),
            () => (at, false),
        };
        whole &= next != At::Ours || at == At::Outside || !marker;
        if marker {
            place.get_or_insert(start..start + line.trim_end().len());
        }
        at = next;
        if marker || matches!(at, At::Base | At::Theirs) {
            ours.extend(line.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
        } else {
            ours.push_str(line);
        }
    }
    Some(Conflicted { ours, place: place?, whole: whole && at == At::Outside })
}

/// What is said at the first marker.
pub(crate) const REASON: &str = "it has conflict markers of git; our side is judged meanwhile";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_side_is_left_where_it_stood() {
        let text = "a\n<<<<<<< x\nb\n||||||| base\nc\n=======\nd\n>>>>>>> y\ne\n";
        let read = read(text).unwrap();
        assert!(read.whole && read.ours.len() == text.len() && &text[read.place] == "<<<<<<< x");
        let words: Vec<&str> = read.ours.split_whitespace().collect();
        assert_eq!(words, ["a", "b", "e"]);
        assert_eq!(read.ours.find('e'), text.find("\ne\n").map(|at| at + 1));
    }

    #[test]
    fn what_is_not_closed_or_nested_is_not_whole_and_what_has_no_marker_is_no_conflict() {
        for text in ["<<<<<<< x\nb\n", "<<<<<<< x\nb\n=======\nc\n", "<<<<<<< x\n<<<<<<< y\n=======\n>>>>>>> y\n"] {
            assert!(!read(text).unwrap().whole, "{text:?}");
        }
        assert!(read("a\n=======\nb\n").is_none() && read("a <<<<<<< b\n").is_none());
    }
}
