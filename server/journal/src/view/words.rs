//! Cuts text and code into words, the same way for what is indexed and for what is asked. Pure functions.
//!
//! `getUserName` and `get_user_name` are `get user name`; a path is its parts; writing without spaces (Chinese, Japanese,
//! Korean, Thai …) is one word a character, found as a run; an emoji is a word. Case, accents and width do not count.

use unicode_normalization::UnicodeNormalization as _;

/// Longest word that is kept, in bytes; the rest of a longer one is cut, in texts and in questions alike.
const MAX_WORD: usize = 64;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Folded: lower case, without accents.
    pub text: String,
    /// Where it stands, in bytes of the text that was given.
    pub start: usize,
    /// End, exclusive.
    pub end: usize,
    /// Identifier it is a part of, counted from 0: parts of one identifier have the same number.
    pub group: usize,
}

/// What a character is to a search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    /// A word of its own, and neighbours form runs.
    Single,
    /// `_`: parts words and joins an identifier.
    Joint,
    /// Belongs to what stands before it.
    Mark,
    Gap,
}

/// The words of `text`, in order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut cut = Cut { text, words: Vec::new(), group: 0, open: None, last: Class::Gap, fresh: true };
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(Class::Gap, |(_, c)| class(*c));
        cut.take(at, c, next);
    }
    cut.close(text.len());
    cut.words
}

/// Identifiers of more than one part, written together: `getusername`.
pub(crate) fn joined(words: &[Word]) -> impl Iterator<Item = String> + '_ {
    words.chunk_by(|a, b| a.group == b.group).filter(|parts| parts.len() > 1 && !is_single(&parts[0].text)).map(
        |parts| {
            let mut whole: String = parts.iter().map(|part| part.text.as_str()).collect();
            whole.truncate(whole.floor_char_boundary(MAX_WORD));
            whole
        },
    )
}

/// Whether a folded word is one character of a writing without spaces, or a symbol.
pub(crate) fn is_single(word: &str) -> bool {
    word.chars().next().is_some_and(|c| class(c) == Class::Single)
}

struct Cut<'t> {
    text: &'t str,
    words: Vec<Word>,
    group: usize,
    /// Where the word that is being read began.
    open: Option<usize>,
    last: Class,
    /// Nothing of this group was read yet.
    fresh: bool,
}

impl Cut<'_> {
    fn take(&mut self, at: usize, c: char, next: Class) {
        let class = class(c);
        match class {
            Class::Gap => {
                self.close(at);
                self.end_group();
            }
            Class::Joint => self.close(at),
            // What is open goes on.
            Class::Mark => return,
            Class::Single => {
                self.close(at);
                if self.last != Class::Single {
                    self.end_group();
                }
                self.open = Some(at);
            }
            Class::Lower | Class::Upper | Class::Digit => {
                if self.last == Class::Single {
                    self.close(at);
                    self.end_group();
                }
                // fooBar, foo2Bar and HTTPServer; HTTP2 and utf8 stay whole.
                let begins = class == Class::Upper
                    && (matches!(self.last, Class::Lower | Class::Digit)
                        || self.last == Class::Upper && next == Class::Lower);
                if begins {
                    self.close(at);
                }
                self.open.get_or_insert(at);
                self.fresh = false;
            }
        }
        self.last = class;
    }

    fn close(&mut self, end: usize) {
        let Some(start) = self.open.take() else { return };
        let text = fold(&self.text[start..end]);
        if !text.is_empty() {
            self.words.push(Word { text, start, end, group: self.group });
            self.fresh = false;
        }
    }

    fn end_group(&mut self) {
        if !self.fresh {
            self.group += 1;
            self.fresh = true;
        }
    }
}

fn class(c: char) -> Class {
    if c.is_ascii() {
        return match c {
            'a'..='z' => Class::Lower,
            'A'..='Z' => Class::Upper,
            '0'..='9' => Class::Digit,
            '_' => Class::Joint,
            _ => Class::Gap,
        };
    }
    match u32::from(c) {
        // The voicing marks of Kana, which are joined with what they stand behind.
        0x3099..=0x309a => Class::Mark,
        _ if is_dropped(c) => Class::Mark,
        // Punctuation, general and of East Asia, and private use, which the index keeps for itself.
        0x80..=0xa9
        | 0xab..=0xb1
        | 0xb4
        | 0xb6..=0xb8
        | 0xbb
        | 0xbf
        | 0x2000..=0x206f
        | 0x3000..=0x3004
        | 0x3008..=0x3020
        | 0x30fb
        | 0xff01..=0xff0f
        | 0xff1a..=0xff20
        | 0xff3b..=0xff40
        | 0xff5b..=0xff65
        | 0xe000..=0xf8ff
        | 0xf0000.. => Class::Gap,
        // Thai, Lao, Myanmar, Khmer; Hangul; Kana, Bopomofo, Han and their extensions.
        0xe00..=0xeff
        | 0x1000..=0x109f
        | 0x1780..=0x17ff
        | 0x1100..=0x11ff
        | 0xac00..=0xd7ff
        | 0x2e80..=0x2fff
        | 0x3005..=0x3007
        | 0x3021..=0x9fff
        | 0xf900..=0xfaff
        | 0xff66..=0xffdc
        | 0x1b000..=0x1b2ff
        | 0x20000..=0x3ffff => Class::Single,
        _ if c.is_uppercase() => Class::Upper,
        _ if c.is_numeric() => Class::Digit,
        _ if c.is_alphabetic() => Class::Lower,
        _ if c.is_whitespace() || c.is_control() => Class::Gap,
        _ => Class::Single,
    }
}

/// Combining marks, joiners, variation selectors, skin tones, tags: a word is the same with and without them.
fn is_dropped(c: char) -> bool {
    matches!(
        u32::from(c),
        0x300..=0x36f | 0x200b..=0x200d | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff | 0xe0000..=0xe01ef
    )
}

/// Lower case, without accents, in one width.
fn fold(word: &str) -> String {
    if word.is_ascii() {
        let mut folded = word.to_ascii_lowercase();
        folded.truncate(MAX_WORD);
        return folded;
    }
    // Lower case of some letters brings marks of its own; a compatibility form may bring spaces.
    let lower = word.nfkd().flat_map(char::to_lowercase).filter(|c| !is_dropped(*c));
    let mut folded: String = lower.filter(|c| !c.is_whitespace() && !c.is_control()).nfc().collect();
    folded.truncate(folded.floor_char_boundary(MAX_WORD));
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn identifiers_are_cut_into_their_parts_and_kept_together() {
        assert_eq!(cut("getUserName"), ["get", "user", "name"]);
        assert_eq!(
            cut("get_user_name HTTPServer2 utf8Error E0382 __init__"),
            ["get", "user", "name", "http", "server2", "utf8", "error", "e0382", "init"]
        );
        let whole = |text: &str| joined(&words(text)).collect::<Vec<_>>();
        assert_eq!(whole("getUserName get_user_name plain"), ["getusername", "getusername"]);
        assert_eq!(cut("src/commands/journal.rs:12"), ["src", "commands", "journal", "rs", "12"]);
        assert!(whole("src/commands").is_empty(), "a path is no identifier");
    }

    #[test]
    fn accents_case_and_width_do_not_count() {
        assert_eq!(cut("Åsa naïve STRASSE Ｆｕｌｌ ﬁn"), ["asa", "naive", "strasse", "full", "fin"]);
        assert_eq!(cut("cafe\u{301} İstanbul Ελλάδα Ёлка"), ["cafe", "istanbul", "ελλαδα", "елка"]);
    }

    #[test]
    fn writing_without_spaces_is_one_word_a_character_and_an_emoji_is_a_word() {
        assert_eq!(cut("日本語のtestと한국"), ["日", "本", "語", "の", "test", "と", "한", "국"]);
        assert_eq!(cut("ship🚢done 👩‍💻 👍🏽 ❤️"), ["ship", "🚢", "done", "👩", "💻", "👍", "❤"]);
        assert_eq!(cut("。、「」，！…—“”"), Vec::<String>::new());
        assert_eq!(cut("か\u{3099}く"), cut("がく"), "composed or not");
    }

    proptest! {
        #[test]
        fn words_stand_in_the_text_in_order_and_hold_nothing_that_the_index_would_read_as_syntax(text in "\\PC{0,80}|.{0,80}") {
            let mut last = 0;
            for word in words(&text) {
                prop_assert!(word.start >= last && word.end > word.start && text.get(word.start..word.end).is_some());
                prop_assert!(!word.text.is_empty() && word.text.len() <= MAX_WORD);
                prop_assert!(!word.text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"'), "{:?}", word.text);
                last = word.end;
            }
        }

        #[test]
        fn what_was_folded_is_one_word_and_folds_to_itself(text in "[a-zA-Z0-9éÅßñ]{1,20}") {
            for word in words(&text) {
                prop_assert_eq!(fold(&word.text), word.text);
            }
        }
    }
}
