//! Edits that race with code actions: 500 of them, in an order that a seed decides. No edit may ever be a wrong one, and what
//! did not change is resolved. What an edit is to leave is worked out here, from the text alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use holdover_tests::client::{Client, Setup};
use holdover_tests::text::Text;
use serde_json::{Value, json};
use std::ops::Range;

const URI: &str = "untitled:race";
/// `ContentModified`.
const MODIFIED: i64 = -32801;
/// How often an edit is asked for that was overtaken, as the editors of this project do.
const ATTEMPTS: usize = 3;
const ROUNDS: usize = 500;

/// Numbers that a seed decides: xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }
}

/// The conflict with a number of its own; some sides are the same in all of them.
fn block(n: usize) -> String {
    let base = if n.is_multiple_of(3) { "||||||| base\nold 😀\n" } else { "" };
    let theirs = if n.is_multiple_of(4) { "shared\n".to_owned() } else { format!("theirs {n}\n    deeper 😀\n") };
    format!("<<<<<<< HEAD {n}\nours {n}\n{base}=======\n{theirs}>>>>>>> b {n}\n")
}

/// What a choice leaves of a conflict, read by hand.
fn kept(block: &str, choice: &str) -> String {
    let (mut ours, mut theirs, mut part) = (String::new(), String::new(), 0);
    for line in block.split_inclusive('\n') {
        match line.get(..7) {
            Some("<<<<<<<") => part = 1,
            Some("|||||||") => part = 2,
            Some("=======") => part = 3,
            Some(">>>>>>>") => part = 4,
            _ if part == 1 => ours.push_str(line),
            _ if part == 3 => theirs.push_str(line),
            _ => {}
        }
    }
    match choice {
        "current" => ours,
        "incoming" => theirs,
        "both" => ours + &theirs,
        _ => String::new(),
    }
}

/// Where a conflict stands, by its number: bytes of the text.
fn place(text: &str, n: usize) -> Option<Range<usize>> {
    let start = text.find(&format!("<<<<<<< HEAD {n}\n"))?;
    let close = format!(">>>>>>> b {n}\n");
    let end = start + text[start..].find(&close)? + close.len();
    Some(start..end)
}

/// Whether an edit that was meant for somewhere else spared its markers.
fn is_whole(text: &str, n: usize) -> bool {
    let Some(at) = place(text, n) else { return false };
    let block = &text[at];
    let marks = |mark: &str| block.lines().filter(|line| line.starts_with(mark)).count();
    let base = usize::from(n.is_multiple_of(3));
    let exact = |line: &str| block.lines().filter(|one| *one == line).count();
    marks("<<<<<<<") == 1 && exact("=======") == 1 && marks(">>>>>>>") == 1 && exact("||||||| base") == base
}

fn lines_before(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count()
}

struct Editor {
    client: Client,
    text: Text,
    dice: Dice,
}

impl Editor {
    /// Replaces a stretch within a line, and tells the server.
    fn change(&mut self, line: usize, from: usize, to: usize, new: &str) {
        let n = |n: usize| u32::try_from(n).unwrap();
        let range = json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": to } });
        self.text.edit(&range, new);
        self.text.version += 1;
        self.client.change(URI, self.text.version, [n(line), n(from), n(line), n(to)], new);
    }

    /// One random edit; `inside` a conflict, or anywhere but in it.
    fn type_something(&mut self, conflict: usize, inside: bool) {
        let at = place(&self.text.text, conflict).expect("the conflict that is raced for");
        let (first, last) = (lines_before(&self.text.text, at.start), lines_before(&self.text.text, at.end));
        if inside {
            // Its first line of text: all of them have one.
            return self.change(first + 1, 0, 0, "x");
        }
        let all = self.text.text.matches('\n').count();
        let free: Vec<usize> = (0..=all).filter(|line| *line <= first || *line >= last).collect();
        let line = free[self.dice.roll(free.len())];
        let length = self.text.text.lines().nth(line).map_or(0, |line| line.encode_utf16().count());
        match self.dice.roll(6) {
            0 => self.change(line, 0, 0, "// above 😀\n"),
            1 => self.change(line, 0, 0, "\n\n"),
            // A line of which half is typed.
            2 => self.change(line, 0, 0, "<<<<\n"),
            // Neither joined with a marker's line nor out of the text.
            3 if line < first || line > last => self.change(line, length, length, " // 😀"),
            4 if line < first || line > last => self.change(line, length / 2, length / 2, "é"),
            _ => self.change(line, 0, 0, "between\n"),
        }
    }

    fn action(&mut self, conflict: usize, choice: &str) -> Value {
        let at = place(&self.text.text, conflict).unwrap();
        let line = lines_before(&self.text.text, at.start) + 1;
        let offered = self.client.actions(URI, u32::try_from(line).unwrap());
        let wanted = |action: &&Value| action["data"]["action"] == format!("conflict.accept-{choice}");
        offered.iter().find(wanted).unwrap_or_else(|| panic!("no {choice} on line {line}: {offered:#?}")).clone()
    }
}

#[test]
fn five_hundred_edits_that_race_with_code_actions_lead_to_no_wrong_edit() {
    let count = std::env::var("HOLDOVER_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(ROUNDS);
    let mut client = Client::start(&Setup::default());
    client.accept_leftovers();
    let conflicts = 24;
    let text = (0..conflicts).map(|n| format!("fn f{n}() {{}}\n{}", block(n))).collect::<Vec<_>>().concat();
    client.open(URI, &text);
    let mut editor = Editor { client, text: Text::new(&text), dice: Dice(0x5DEE_CE66_D1CE_4E5B) };
    let (mut edits, mut next) = (0, conflicts);
    let (mut wrong, mut unchanged, mut resolved, mut refused, mut overtaken) = (Vec::new(), 0, 0, 0, 0);
    let mut standing: Vec<usize> = (0..conflicts).collect();
    while edits < count {
        standing.retain(|n| is_whole(&editor.text.text, *n));
        while standing.len() < conflicts {
            // At the end, so that there is always something to race for.
            let end = editor.text.text.matches('\n').count();
            editor.change(end, 0, 0, &format!("more\n{}", block(next)));
            standing.push(next);
            next += 1;
        }
        let n = standing[editor.dice.roll(standing.len())];
        let choice = ["current", "incoming", "both", "none"][editor.dice.roll(4)];
        let action = editor.action(n, choice);
        // One in four touches the conflict itself.
        let touched = editor.dice.roll(4) == 0;
        for one in 0..=editor.dice.roll(3) {
            editor.type_something(n, touched && one == 0);
            edits += 1;
        }
        let mut done = false;
        for _ in 0..ATTEMPTS {
            let id = editor.client.ask("codeAction/resolve", action.clone());
            // Typed while the answer is on its way.
            if editor.dice.roll(3) == 0 {
                editor.type_something(n, false);
                edits += 1;
            }
            let answer = editor.client.response(id);
            if let Some(code) = answer["error"]["code"].as_i64() {
                assert_eq!(code, MODIFIED, "{answer:#}");
                break;
            }
            let change = &answer["result"]["edit"]["documentChanges"][0];
            if change["textDocument"]["version"] != editor.text.version {
                overtaken += 1;
                continue;
            }
            let before = editor.text.text.clone();
            let at = place(&before, n).expect("the conflict");
            let expected = [&before[..at.start], &kept(&before[at.clone()], choice), &before[at.end..]].concat();
            editor.text.apply(change["edits"].as_array().unwrap());
            let sent = editor.text.change(URI);
            editor.client.notify("textDocument/didChange", sent);
            done = true;
            if touched || editor.text.text != expected {
                wrong.push((n, choice, touched));
            }
            break;
        }
        refused += usize::from(touched && !done);
        unchanged += usize::from(!touched);
        resolved += usize::from(!touched && done);
    }
    println!(
        "{edits} edits: {resolved} of {unchanged} actions on unchanged conflicts applied, {refused} on changed ones refused, {overtaken} answers overtaken, {} wrong",
        wrong.len()
    );
    assert_eq!(wrong, [], "wrong edits");
    assert!(resolved * 100 >= unchanged * 95, "{resolved} of {unchanged}");
    // Else nothing was raced.
    assert!(refused * 20 > count && overtaken * 50 > count, "{refused} refused, {overtaken} overtaken of {edits}");
}
