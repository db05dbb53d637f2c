//! Conflicts as jj writes them: diff, snapshot and git styles, any number of sides, missing line ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_push_string,
    clippy::format_collect,
    reason = "a test that cannot go on has failed"
)]

use holdover_conflict::{Choice, Conflicts, Problem, Style, actions, malformed, merge_message, report, resolve};
use proptest::prelude::*;
use ropey::Rope;
use std::path::Path;

fn read(text: &str) -> (Rope, Conflicts) {
    let rope = Rope::from_str(text);
    let conflicts = Conflicts::read(&rope);
    (rope, conflicts)
}

const DIFF: &str = "<<<<<<< conflict 1 of 1
%%%%%%% diff from: vpxusssl 38d49363 \"merge base\"
\\\\\\\\\\\\\\        to: rtsqusxu 2768b0b9 \"commit A\"
 apple
-grape
+grapefruit
 orange
+++++++ ysrnknol 7a20f389 \"commit B\"
APPLE
GRAPE
ORANGE
>>>>>>> conflict 1 of 1 ends
";

#[test]
fn a_diff_is_read_as_its_side_and_its_ancestor() {
    let (text, found) = read(DIFF);
    let region = &found.regions[0];
    assert_eq!(region.style, Style::JjDiff);
    let chosen = |choice| resolve(&text, region, choice).unwrap().text;
    assert_eq!(chosen(Choice::Current), "apple\ngrapefruit\norange\n");
    assert_eq!(chosen(Choice::Incoming), "APPLE\nGRAPE\nORANGE\n");
    assert_eq!(chosen(Choice::Base), "apple\ngrape\norange\n");
    assert_eq!(
        merge_message(&text, region),
        "merge conflict between rtsqusxu 2768b0b9 \"commit A\" and ysrnknol 7a20f389 \"commit B\""
    );
    let told = report(&text, Path::new("f"), &found);
    assert_eq!(told.regions[0].style, "jj-diff");
    assert_eq!(told.regions[0].base.as_ref().unwrap().label, "vpxusssl 38d49363 \"merge base\"");
    assert!(told.regions[0].sides[0].diff && !told.regions[0].sides[1].diff);
}

#[test]
fn of_three_sides_each_may_be_chosen_and_none_is_called_incoming() {
    let text = "<<<<<<< Conflict 1 of 1\n%%%%%%% Changes from base #1 to side #1\n-a\n+b\n+++++++ Contents of side #2\nc\n\
                %%%%%%% Changes from base #2 to side #3\n a\n+d\n>>>>>>> Conflict 1 of 1 ends\nafter\n";
    let (text, found) = read(text);
    let region = &found.regions[0];
    let names: Vec<_> = Choice::offered(region).into_iter().map(|choice| choice.name().into_owned()).collect();
    assert_eq!(names, ["side-1", "side-2", "side-3", "both", "both-reversed", "none"]);
    let chosen = |choice| resolve(&text, region, choice).map(|replacement| replacement.text);
    assert_eq!(chosen(Choice::Side(3)).as_deref(), Some("a\nd\n"));
    assert_eq!(chosen(Choice::Both).as_deref(), Some("b\nc\na\nd\n"));
    assert_eq!(chosen(Choice::BothReversed).as_deref(), Some("a\nd\nc\nb\n"));
    for refused in [Choice::Current, Choice::Incoming, Choice::Base, Choice::Side(4)] {
        assert_eq!(chosen(refused), None, "{refused:?}");
    }
    assert_eq!(actions(&text, region)[2].title, "Accept change 3: side #3");
    assert_eq!(Choice::named("conflict.accept-side-3"), Some(Choice::Side(3)));
    assert_eq!(merge_message(&text, region), "merge conflict between side #1, side #2 and side #3");
}

#[test]
fn a_line_that_is_none_of_a_diff_is_told_and_nothing_is_offered() {
    let (text, found) = read(&DIFF.replace(" orange\n", "orange\n"));
    let told: Vec<_> = malformed(&text, &found).iter().map(|m| (m.line, m.problem)).collect();
    assert_eq!(told, [(6, Problem::NotADiff { open: 0 })]);
    assert!(actions(&text, &found.regions[0]).is_empty());
    assert_eq!(resolve(&text, &found.regions[0], Choice::Current), None);
}

#[test]
fn a_line_end_that_jj_added_is_taken_away_again_in_both_of_its_notations() {
    let (text, found) = read(
        "<<<<<<< Conflict 1 of 1\n+++++++ Contents of side #1 (no terminating newline)\ngrapefruit\n\
         %%%%%%% Changes from base to side #2 (adds terminating newline)\n-grape\n+grape\n>>>>>>> Conflict 1 of 1 ends\n",
    );
    let chosen = |text: &Rope, found: &Conflicts, choice| resolve(text, &found.regions[0], choice).unwrap().text;
    assert_eq!(chosen(&text, &found, Choice::Current), "grapefruit");
    assert_eq!(chosen(&text, &found, Choice::Incoming), "grape\n");
    assert_eq!(chosen(&text, &found, Choice::Base), "grape");
    let (text, found) = read(
        "<<<<<<< conflict 1 of 1\n+++++++ a \"A\" (no terminating newline)\ngrapefruit\n\
         %%%%%%% diff from: b \"base\" (no terminating newline)\n\\\\\\\\\\\\\\        to: c \"B\"\n-grape\n+grape\n+\n\
         >>>>>>> conflict 1 of 1 ends",
    );
    assert_eq!(chosen(&text, &found, Choice::Current), "grapefruit");
    assert_eq!(chosen(&text, &found, Choice::Incoming), "grape\n");
    assert_eq!(chosen(&text, &found, Choice::Base), "grape");
    assert_eq!(found.regions[0].side_label(&text, 0).as_deref(), Some("a \"A\""));
}

/// The sides and ancestors of a conflict: one side more than ancestors.
fn terms() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let line = prop::sample::select(&["a", "b", "", " c", "-d", "+e", "=======", "<<<<<<< x", "------- y", "é𝄞"][..]);
    let text = prop::collection::vec(line, 0..6).prop_map(|lines| lines.iter().map(|l| format!("{l}\n")).collect());
    (2..5_usize).prop_flat_map(move |n| {
        let text: BoxedStrategy<String> = Strategy::boxed(text.clone());
        (prop::collection::vec(text.clone(), n), prop::collection::vec(text, n - 1))
    })
}

/// As jj writes it: markers longer than anything in the texts, the first side whole and the others as diffs, or all whole.
fn write(sides: &[String], bases: &[String], diffs: bool, bare: bool) -> String {
    let run = |c: char| c.to_string().repeat(12);
    let ends = if bare { "\n" } else { "" };
    let section = |marker: char, label: &str, text: &str| format!("{} {label}\n{text}{ends}", run(marker));
    let signed = |sign: char, text: &str| {
        let lines = format!("{text}{ends}");
        lines.split_inclusive('\n').map(|line| format!("{sign}{line}")).collect::<String>()
    };
    let mut out = format!("before\n{} conflict 1 of 1\n{}", run('<'), section('+', "one", &sides[0]));
    for (n, (side, base)) in sides[1..].iter().zip(bases).enumerate() {
        if diffs {
            out += &format!("{} diff from: base\n{}        to: side {n}\n", run('%'), run('\\'));
            out += &signed('-', base);
            out += &signed('+', side);
        } else {
            out += &section('-', "base", base);
            out += &section('+', "side", side);
        }
    }
    out + &format!("{} conflict 1 of 1 ends{}", run('>'), if bare { "" } else { "\nafter\n" })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_side_and_ancestor_comes_back_as_it_went_in((sides, bases) in terms(), diffs: bool, bare: bool) {
        let written = write(&sides, &bases, diffs, bare);
        let (text, found) = read(&written);
        prop_assert!(malformed(&text, &found).is_empty(), "{:?} in {written}", malformed(&text, &found));
        prop_assert_eq!(found.regions.len(), 1);
        let region = &found.regions[0];
        prop_assert_eq!((region.sides(), region.bases()), (sides.len(), bases.len()));
        for (n, side) in sides.iter().enumerate() {
            prop_assert_eq!(&region.side_text(&text, n).unwrap(), side, "side {} of {}", n, &written);
        }
        for (n, base) in bases.iter().enumerate() {
            prop_assert_eq!(&region.base_text(&text, n).unwrap(), base, "base {} of {}", n, &written);
        }
    }
}
