//! Merges of syntax trees: keys, imports, members, moved blocks; what does not parse, nests too deeply or would lose something.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use conflict::suggest::{Ask, Language, Strategy, Syntax as _, answer};
use contract::ConflictSuggestion;
use merge::Grammars;
use proptest::prelude::*;

fn conflict(base: &str, left: &str, right: &str) -> String {
    format!("<<<<<<< a\n{left}||||||| o\n{base}=======\n{right}>>>>>>> b\n")
}

fn suggested(path: &str, text: String) -> Option<ConflictSuggestion> {
    answer(&Ask { path: path.into(), text, regions: Vec::new() }, &Grammars).suggestions.pop().map(|(_, found)| found)
}

/// What is suggested, of which strategy, and whether with one click.
fn merged(path: &str, before: &str, sides: [&str; 3], after: &str) -> Option<(String, String, bool)> {
    let [base, left, right] = sides;
    let found = suggested(path, format!("{before}{}{after}", conflict(base, left, right)))?;
    Some((found.text, found.kind, found.one_click))
}

#[expect(clippy::unnecessary_wraps, reason = "as what it is compared with")]
fn some(text: &str, kind: &str, one_click: bool) -> Option<(String, String, bool)> {
    Some((text.to_owned(), kind.to_owned(), one_click))
}

#[test]
fn keys_of_json_toml_and_yaml_are_merged_with_their_comments_and_in_their_order() {
    let json = ["  \"a\": 1\n", "  \"a\": 1,\n  \"z\": [2]\n", "  \"a\": 1,\n  \"b\": {\"c\": 3}\n"];
    let both = "  \"a\": 1,\n  \"z\": [2],\n  \"b\": {\"c\": 3}\n";
    assert_eq!(merged("p.json", "{\n", json, "}\n"), some(both, "keys", false));
    let toml = ["[a]\n", "[a]\n# why\nx = 1 # so\n", "[a]\ny = [\n  2,\n]\n"];
    assert_eq!(
        merged("p.toml", "", toml, "\n[b]\nz = 1\n"),
        some("[a]\n# why\nx = 1 # so\ny = [\n  2,\n]\n", "keys", false)
    );
    let yaml = ["jobs:\n", "jobs:\n  # first\n  a:\n    run: x\n", "jobs:\n  b:\n    - y\n"];
    let found = merged("p.yml", "on: push\n", yaml, "");
    assert!(found.is_none_or(|(_, _, one_click)| !one_click), "an empty value has no keys yet");
    let yaml = ["  a: 1\n", "  a: 1\n  # new\n  b: 2\n", "  a: 1\n  c: 3\n"];
    assert_eq!(merged("p.yml", "env:\n", yaml, "other: 1\n"), some("  a: 1\n  # new\n  b: 2\n  c: 3\n", "keys", false));
}

#[test]
fn one_key_with_two_values_is_left_to_people() {
    for (path, sides) in [
        ("p.json", ["  \"a\": 1\n", "  \"a\": 1,\n  \"b\": 2\n", "  \"a\": 1,\n  \"b\": 3\n"]),
        ("p.json", ["  \"a\": 1\n", "  \"a\": 2\n", "  \"a\": 3\n"]),
    ] {
        let found = merged(path, "{\n", sides, "}\n");
        assert!(found.as_ref().is_none_or(|(_, _, one_click)| !one_click), "{found:?}");
    }
}

#[test]
fn imports_are_joined_unless_they_bring_in_one_name_twice_or_run_something() {
    let go = ["\t\"fmt\"\n", "\t\"fmt\"\n\t\"io\"\n", "\t\"fmt\"\n\t\"net/http\"\n"];
    let text = merged("a.go", "package a\n\nimport (\n", go, ")\n");
    assert_eq!(text, some("\t\"fmt\"\n\t\"io\"\n\t\"net/http\"\n", "imports", false));
    for sides in [
        ["", "import { run } from \"a\";\n", "import { run } from \"b\";\n"],
        ["", "import \"a\";\n", "import \"b\";\n"],
    ] {
        let found = merged("a.ts", "import x from \"x\";\n", sides, "x();\n");
        assert!(found.as_ref().is_none_or(|(_, _, one_click)| !one_click), "{found:?}");
    }
}

#[test]
fn one_name_from_two_places_is_asked_about_whatever_the_name_holds() {
    for (path, before, left, right, after) in [
        ("a.ts", "", "import { fromEvent } from \"rxjs\";\n", "import { fromEvent } from \"./compat\";\n", "x();\n"),
        ("a.js", "", "import { from } from \"rxjs\";\n", "import { from } from \"./compat\";\n", "x();\n"),
        ("a.tsx", "", "import { use } from \"react\";\n", "import { use } from \"./compat\";\n", "x();\n"),
        ("a.ts", "", "import type from \"a\";\n", "import { type } from \"b\";\n", "x();\n"),
        ("a.ts", "", "import \"./from-env\";\n", "import \"./from-file\";\n", "x();\n"),
        ("a.py", "", "import static\n", "from web import static\n", "x()\n"),
        ("a.py", "", "import log.file\n", "from web import log\n", "x()\n"),
        ("a.rs", "", "use a::fmt::{self, Write};\n", "use b::fmt;\n", "fn x() {}\n"),
    ] {
        let found = merged(path, before, ["", left, right], after);
        assert!(found.as_ref().is_none_or(|(_, _, one_click)| !one_click), "{left}{right}{found:?}");
    }
    // Within one list of names, too.
    for (path, sides) in [
        (
            "a.ts",
            ["import { a } from \"m\";\n", "import { a, b as y } from \"m\";\n", "import { a, c as y } from \"m\";\n"],
        ),
        ("a.rs", ["use m::{a};\n", "use m::{a, b::Y};\n", "use m::{a, c::Y};\n"]),
    ] {
        let found = merged(path, "", sides, "\n");
        assert!(found.as_ref().is_none_or(|(_, _, one_click)| !one_click), "{found:?}");
    }
    let types = ["", "import type { A } from \"a\";\n", "import { type B } from \"b\";\n"];
    let both = format!("{}{}", types[1], types[2]);
    assert_eq!(merged("a.ts", "", types, "x();\n"), some(&both, "imports", false), "`type` is no name here");
    let dotted = ["", "import log.file\n", "from web import static\n"];
    let both = format!("{}{}", dotted[1], dotted[2]);
    assert_eq!(merged("a.py", "", dotted, "x()\n"), some(&both, "imports", false));
}

#[test]
fn tables_of_one_name_are_never_taken_for_each_other_by_where_they_stand() {
    // Without a name of their own: what one side removed moves the rest up.
    let a = "[[job]]\nrun = \"a\"\nslow = false\n";
    let b = "\n[[job]]\nrun = \"b\"\nslow = false\n";
    let base = format!("{a}{b}");
    let left = format!("{}doc = false\n", b.trim_start());
    let right = format!("{a}needs = [\"x\"]\n{b}");
    assert_eq!(merged("a.toml", "", [&base, &left, &right], ""), None);
    let moved_on = format!("{left}\n[[job]]\nrun = \"c\"\nslow = true\n");
    assert_eq!(merged("a.toml", "", [&base, &moved_on, &right], ""), None, "as many as there were, but others");
    // With one: the same, and what both changed apart is merged.
    let named = |text: &str| text.replace("[[job]]", "[[test]]").replace("run =", "name =");
    let (base, left, right) = (named(&base), named(&left), named(&right));
    assert_eq!(merged("Cargo.toml", "", [&base, &left, &right], ""), None, "one removed what the other changed");
    // A tree that knows them by name finds them again behind one that came before.
    let grown = named(&format!("[[job]]\nrun = \"new\"\n\n{a}{b}"));
    let both = named(&format!("[[job]]\nrun = \"new\"\n\n{a}needs = [\"x\"]\n{b}"));
    let found = Grammars.merge(Language::Toml, &base, &grown, &right).unwrap();
    assert_eq!((found.text, found.strategy), (both, Strategy::Syntax));
}

#[test]
fn a_table_below_an_array_stays_with_its_own_element() {
    let package = |name: &str| format!("[[package]]\nname = \"{name}\"\n\n");
    let needs = "[package.needs]\nx = \"1\"\n\n";
    let base = format!("{}{needs}", package("a"));
    let left = format!("{base}{}{needs}", package("b"));
    // Sorted, it would stand between the other's package and what that needs.
    let right = format!("{base}{}{}", package("c"), package("d"));
    let found = Grammars.merge(Language::Toml, base.trim_end(), left.trim_end(), right.trim_end());
    assert_eq!(found.map(|found| found.text), None);
}

#[test]
fn a_merge_is_called_one_of_keys_or_imports_where_nothing_else_was_changed() {
    let json = [
        "  \"a\": 1,\n  \"m\": 1\n",
        "  \"a\": 1,\n  \"m\": 1,\n  \"b\": 2\n",
        "  \"a\": 9,\n  \"m\": 1,\n  \"c\": 3\n",
    ];
    let text = "  \"a\": 9,\n  \"m\": 1,\n  \"b\": 2,\n  \"c\": 3\n";
    assert_eq!(merged("p.json", "{\n", json, "}\n"), some(text, "syntax", false), "a value was changed too");
    let base = "import x from \"x\";\n\nfunction f() {\n  return 1;\n}\n";
    let left = "import x from \"x\";\nimport y from \"y\";\n\nfunction f() {\n  return 1;\n}\n";
    let right = "import x from \"x\";\nimport z from \"z\";\n\nfunction f() {\n  return 2;\n}\n";
    let text = "import x from \"x\";\nimport y from \"y\";\nimport z from \"z\";\n\nfunction f() {\n  return 2;\n}\n";
    assert_eq!(
        merged("a.ts", "", [base, left, right], "x();\n"),
        some(text, "syntax", false),
        "a function was changed too"
    );
}

#[test]
fn a_block_that_one_side_moved_keeps_what_the_other_changed_in_it() {
    let base = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n";
    let moved = "fn b() {\n    two();\n}\n\nfn a() {\n    one();\n}\n";
    let changed = "fn a() {\n    uno();\n}\n\nfn b() {\n    two();\n}\n";
    let (text, kind, one_click) = merged("a.rs", "", [base, moved, changed], "\nfn z() {}\n").unwrap();
    assert_eq!(text, "fn b() {\n    two();\n}\n\nfn a() {\n    uno();\n}\n");
    assert_eq!((&*kind, one_click), ("syntax", false), "a person looks first");
}

#[test]
fn members_of_both_are_offered_to_be_looked_at() {
    for (path, before, sides, after) in [
        (
            "a.py",
            "class A:\n    x = 1\n",
            ["", "    def f(self):\n        pass\n", "    def g(self):\n        pass\n"],
            "    y = 1\n",
        ),
        ("A.java", "class A {\n", ["", "  void f() {}\n", "  void g() {}\n"], "}\n"),
        ("a.cpp", "class A {\n", ["", "  void f() {}\n", "  void g() {}\n"], "};\n"),
        ("a.c", "int x;\n", ["", "int f(void) { return 1; }\n", "int g(void) { return 2; }\n"], "int y;\n"),
        ("a.ts", "class A {\n", ["", "  f() {}\n", "  g() {}\n"], "}\n"),
    ] {
        let found = merged(path, before, sides, after);
        assert_eq!(found, some(&format!("{}{}", sides[1], sides[2]), "members", false), "{path}");
    }
}

#[test]
fn what_does_not_parse_is_not_offered() {
    // Each word is another's, and both brackets are gone.
    let sides = ["call((a), b);\n", "call(a, b);\n", "call((a), c);\n"];
    let whole = merged("a.js", "", sides, "x();\n");
    assert_eq!(whole, some("call(a, c);\n", "words", false));
    let broken = ["if (a) { b(); } c();\n", "if (a) b(); } c();\n", "if (a) { b(); } d();\n"];
    assert_eq!(merged("a.js", "", broken, "x();\n"), None);
}

#[test]
fn words_are_looked_at_also_where_the_tree_parts_them_and_what_one_side_only_indented_is_not() {
    let click = |path: &str, sides: [&str; 3]| merged(path, "", sides, "x();\n");
    let apart = ["f(one, two);\n", "f(uno, two);\n", "f(one, dos);\n"];
    assert_eq!(click("a.js", apart), some("f(uno, dos);\n", "words", false), "arguments");
    let numbers = ["fn f() { g(1, 2); }\n", "fn f() { g(10, 2); }\n", "fn f() { g(1, 20); }\n"];
    assert_eq!(merged("a.rs", "", numbers, "fn x() {}\n"), some("fn f() { g(10, 20); }\n", "words", false));
    let swapped = ["fn f() { g(1, 2); }\n", "fn f() { g(2, 1); }\n", "fn f() { g(1, 3); }\n"];
    assert!(merged("a.rs", "", swapped, "fn x() {}\n").is_none_or(|(_, _, one_click)| !one_click));
    // Two changes of one text, of one comment, of one list of parameters: together they may say what neither meant.
    for sides in [
        ["f('a one of those');\n", "f('the one of those');\n", "f('a one of these');\n"],
        ["// a one of those\n", "// the one of those\n", "// a one of these\n"],
    ] {
        let (_, kind, one_click) = click("a.js", sides).unwrap();
        assert_eq!((&*kind, one_click), ("words", false), "{sides:?}");
    }
    let indented = ["f(one, two);\n", "    f(one, two);\n", "f(one, dos);\n"];
    assert_eq!(click("a.js", indented), some("    f(one, dos);\n", "indent", true));
    let further = ["f(one, two);\n", "g(one, two);\n", "g(one, dos);\n"];
    assert_eq!(click("a.js", further), some("g(one, dos);\n", "further", false));
}

#[test]
fn a_text_that_nests_without_end_is_left_alone_at_once() {
    let deep = "[".repeat(200_000);
    let sides = [format!("{deep}1, 2\n"), format!("{deep}3, 2\n"), format!("{deep}1, 4\n")];
    for path in ["a.json", "a.py", "a.rs", "a.yml", "a.js"] {
        let found = merged(path, "", [&*sides[0], &*sides[1], &*sides[2]], "x\n");
        assert_eq!(found, None, "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_sides_in_any_language_are_looked_at_without_harm(
        [base, left, right] in prop::array::uniform3("([a-c{}()\\[\\],;:#= \"'.\t]{0,9}\n){0,5}"),
        path in prop::sample::select(vec!["a.rs", "a.ts", "a.tsx", "a.js", "a.py", "a.go", "a.java", "a.c", "a.cpp", "a.json", "a.toml", "a.yml"]),
    ) {
        let text = format!("{}a\n", conflict(&base, &left, &right));
        if let Some(found) = suggested(path, text) {
            prop_assert!(!found.reason.is_empty() && found.confidence > 0.0);
        }
    }
}
