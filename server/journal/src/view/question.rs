//! What somebody asks a search: read from text, told to the index, and held against a text.
//! Any text is a question: unless it is said to be advanced, no character of it is an operator.

use super::text::Text;
use super::words::{Word, is_single, words};
use std::fmt::Write as _;

/// Characters of a beginning that the index knows, the longer first.
const BEGINNINGS: [usize; 2] = [5, 3];
/// Words and alternatives of one question.
const MOST: usize = 64;

/// A run of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    words: Vec<String>,
    /// Whether the last word may go on.
    open: bool,
}

/// One of its phrases must be there, or none may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    any: Vec<Phrase>,
    not: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    clauses: Vec<Clause>,
}

/// Where a text answers a question.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Larger is better.
    pub score: f64,
    /// The text that says most, as an index into those given, and byte ranges in it.
    pub text: usize,
    pub ranges: Vec<(usize, usize)>,
}

impl Question {
    /// Reads a question; the error says what is missing. `advanced`: `"…"` is an exact phrase, `-` in front takes out,
    /// `OR` between two means either, and `*` behind a word lets it go on.
    pub fn read(text: &str, advanced: bool) -> Result<Question, String> {
        let clauses = if advanced { advanced_clauses(text) } else { plain_clauses(text) };
        let question = Question { clauses };
        if question.clauses.iter().map(|clause| clause.any.len()).sum::<usize>() > MOST {
            return Err(format!("a question has at most {MOST} words"));
        }
        if !question.clauses.iter().any(|clause| !clause.not) {
            return Err("there is nothing to look for: give a word or a number that stands in the text".to_owned());
        }
        Ok(question)
    }

    /// Whether some word may go on, so that asking for beginnings finds more.
    pub fn is_open(&self) -> bool {
        self.clauses.iter().flat_map(|clause| &clause.any).any(|phrase| phrase.beginning().is_some())
    }

    /// For the index: what every answer matches, and some that are none. `open`: words may go on where they are said to.
    pub fn to_index(&self, open: bool, marks: &[Vec<String>]) -> String {
        let mut expression = String::new();
        let mut and = |part: &str| {
            let joint = if expression.is_empty() { "" } else { " AND " };
            let _ = write!(expression, "{joint}{part}");
        };
        for clause in self.clauses.iter().filter(|clause| !clause.not) {
            let any: Vec<String> = clause.any.iter().map(|phrase| phrase.to_index(open)).collect();
            and(&format!("({})", any.join(" OR ")));
        }
        for any in marks {
            let any: Vec<String> = any.iter().map(|mark| format!("{{marks}} : {}", quoted(mark))).collect();
            and(&format!("({})", any.join(" OR ")));
        }
        expression
    }

    /// Whether these texts of one event answer it, and where.
    pub fn answer(&self, texts: &[Text<'_>], open: bool) -> Option<Answer> {
        let cut: Vec<Vec<Word>> = texts.iter().map(|text| words(text.text)).collect();
        let mut answer = Answer::default();
        let mut by_text = vec![0.0_f64; texts.len()];
        let mut ranges = vec![Vec::new(); texts.len()];
        for clause in &self.clauses {
            let (mut exact, mut begun) = (0_u32, 0_u32);
            for (index, words) in cut.iter().enumerate() {
                for phrase in &clause.any {
                    phrase.find(words, open, &mut |range, whole| {
                        let title = if texts[index].is_title() { 2.0 } else { 1.0 };
                        by_text[index] += title;
                        *(if whole { &mut exact } else { &mut begun }) += if texts[index].is_title() { 2 } else { 1 };
                        ranges[index].push(range);
                    });
                }
            }
            match (clause.not, exact + begun) {
                (true, 0) => {}
                (true, _) | (false, 0) => return None,
                // A word said ten times says little more than one said twice.
                (false, _) => answer.score += 2.0 * f64::from(exact).ln_1p() + f64::from(begun).ln_1p(),
            }
        }
        let best = (0..texts.len()).max_by(|a, b| by_text[*a].total_cmp(&by_text[*b]).then(b.cmp(a)))?;
        answer.text = best;
        answer.ranges = std::mem::take(&mut ranges[best]);
        answer.ranges.sort_unstable();
        answer.ranges.dedup();
        Some(answer)
    }
}

impl Phrase {
    fn of(text: &str, open: bool) -> Option<Phrase> {
        let words: Vec<String> = words(text).into_iter().map(|word| word.text).collect();
        (!words.is_empty()).then_some(Phrase { words, open })
    }

    /// What of the last word the index is asked for where it may go on; `None` where it may not, or is too short to say anything.
    fn beginning(&self) -> Option<String> {
        let last = self.words.last().filter(|last| self.open && !is_single(last))?;
        let length = last.chars().count();
        let known = BEGINNINGS.into_iter().find(|known| *known <= length)?;
        Some(last.chars().take(known).collect())
    }

    fn to_index(&self, open: bool) -> String {
        let beginning = self.beginning().filter(|_| open);
        let star = if beginning.is_some() { " *" } else { "" };
        let (last, before) = self.words.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
        let last = beginning.as_deref().unwrap_or(last);
        let mut run = String::new();
        for word in before {
            let _ = write!(run, "{} + ", quoted(word));
        }
        // One word may be an identifier that was written in one: `username` for `userName`.
        let columns = if before.is_empty() { "{words joined}" } else { "{words}" };
        format!("{columns} : {run}{}{star}", quoted(last))
    }

    /// Calls `each` with the bytes of every occurrence, and whether it is whole: its last word does not go on.
    fn find(&self, words: &[Word], open: bool, each: &mut dyn FnMut((usize, usize), bool)) {
        let open = open && self.beginning().is_some();
        let Some((last, before)) = self.words.split_last() else { return };
        for run in words.windows(self.words.len()) {
            let Some((end, begin)) = run.split_last() else { continue };
            let fits = begin.iter().zip(before).all(|(word, asked)| word.text == *asked);
            let whole = end.text == *last;
            if fits && (whole || open && end.text.starts_with(last.as_str())) {
                each((run[0].start, end.end), whole);
            }
        }
        if before.is_empty() {
            for parts in words.chunk_by(|a, b| a.group == b.group).filter(|parts| parts.len() > 1) {
                let Some(text) = super::words::joined(parts).next() else { continue };
                let whole = text == *last;
                if whole || open && text.starts_with(last.as_str()) && parts[0].text.len() < last.len() {
                    each((parts[0].start, parts[parts.len() - 1].end), whole);
                }
            }
        }
    }
}

/// As a string of the index's language. No word holds a quote; a mark neither.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

fn plain_clauses(text: &str) -> Vec<Clause> {
    let phrases = text.split_whitespace().filter_map(|part| Phrase::of(part, true));
    phrases.map(|phrase| Clause { any: vec![phrase], not: false }).collect()
}

fn advanced_clauses(text: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut or = false;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let not = rest.len() > 1 && rest.starts_with('-');
        let body = if not { &rest[1..] } else { rest };
        let (part, after, open) = if let Some(quote) = body.strip_prefix('"') {
            // A quote that is never closed reaches to the end.
            let (part, after) = quote.split_once('"').unwrap_or((quote, ""));
            (part, after, false)
        } else {
            let end = body.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(body.len());
            (&body[..end], &body[end..], body[..end].ends_with('*'))
        };
        rest = after.trim_start();
        if part == "OR" && !not && !clauses.is_empty() {
            or = true;
            continue;
        }
        if let Some(phrase) = Phrase::of(part, open) {
            match clauses.last_mut().filter(|last| or && last.not == not) {
                Some(last) => last.any.push(phrase),
                None => clauses.push(Clause { any: vec![phrase], not }),
            }
        }
        or = false;
    }
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(question: &str, text: &str) -> bool {
        asks(question, false, text)
    }

    fn asks(question: &str, advanced: bool, text: &str) -> bool {
        let question = Question::read(question, advanced).unwrap();
        question.answer(&[Text { member: "text", text }], true).is_some()
    }

    #[test]
    fn every_part_of_a_question_must_be_there_and_the_last_word_may_go_on() {
        assert!(finds("fetch itoa", "could not fetch the crate itoa"));
        assert!(!finds("fetch serde", "could not fetch the crate itoa"));
        assert!(finds("fet", "fetching") && !finds("fe", "fetching") && finds("fetchin", "fetching"));
        assert!(finds("src/main", "see src/main.rs:3") && !finds("src/main", "main in src"));
        assert!(
            finds("userName", "get_user_name()") && finds("getuser", "getUserName") && finds("username", "userName")
        );
        assert!(finds("日本", "今日本を読む") && !finds("本日", "今日本を読む") && finds("🚢", "a ship 🚢!"));
    }

    #[test]
    fn operators_are_text_unless_they_are_asked_for() {
        assert!(finds("this OR that", "this or that") && !finds("this OR that", "this"));
        assert!(finds("\"exact phrase\" -not NEAR( * ^ :", "not near an exact phrase"));
        assert!(asks("this OR that", true, "that") && !asks("this -that", true, "this that"));
        assert!(asks("\"a b\"", true, "x a b y") && !asks("\"a b\"", true, "b a"));
        assert!(!asks("fetch", true, "fetching") && asks("fetch*", true, "fetching"));
        assert!(asks("\"never closed", true, "it was never closed"));
    }

    #[test]
    fn a_question_without_a_word_says_so() {
        for (text, advanced) in [("", false), ("  \n", false), ("?!", false), ("-gone", true), ("\"\"", true)] {
            assert!(Question::read(text, advanced).unwrap_err().contains("nothing to look for"), "{text:?}");
        }
        assert!(Question::read(&"word ".repeat(65), false).unwrap_err().contains("at most 64"));
    }

    #[test]
    fn titles_and_whole_words_say_more() {
        let question = Question::read("anchor", false).unwrap();
        let score = |member, text| question.answer(&[Text { member, text }], true).unwrap().score;
        assert!(score("title", "anchor") > score("text", "anchor"));
        assert!(score("text", "anchor") > score("text", "anchored"));
        assert!(score("text", "anchor anchor") > score("text", "anchor"));
    }

    proptest! {
        #[test]
        fn any_question_is_read_and_finds_the_text_that_it_is(text in ".{0,60}", advanced: bool) {
            if let Ok(question) = Question::read(&text, advanced) {
                question.to_index(true, &[]);
                if !advanced {
                    let texts = [Text { member: "text", text: &text }];
                    prop_assert!(question.answer(&texts, true).is_some());
                }
            }
        }
    }
}
