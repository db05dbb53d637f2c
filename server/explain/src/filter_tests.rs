use super::*;

#[test]
fn what_steers_a_terminal_hides_or_reaches_out_does_not_come_through() {
    let said = "A \u{1b}[31mred\u{1b}[0m \u{1b}]8;;http://evil.example\u{7}link\u{1b}]8;;\u{7} word \u{202e}desrever\u{202c} zero\u{200b}width\u{e0041}.\n\n\
        <script>alert(1)</script>\n\nSo <img src=x onerror=y> ![pixel](http://evil.example/p.png) [click](command:evil) <http://evil.example/a> \
        http://evil.example/b www.evil.example me@evil.example\n\n[ref]: http://evil.example/c\n";
    let shown = filter(said);
    for bad in ["\u{1b}", "\u{7}", "\u{202e}", "\u{200b}", "\u{e0041}", "](", "![", " <script", "p.png"] {
        assert!(!shown.text.replace("\\]", "").contains(bad), "{bad:?}: {}", shown.text);
    }
    assert!(shown.text.contains("A red"), "{}", shown.text);
    // Read again as Markdown, nothing but words is in it.
    for event in Parser::new(&shown.text) {
        let fine = matches!(&event, Event::Text(_) | Event::Code(_) | Event::SoftBreak | Event::HardBreak)
            || matches!(&event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph));
        assert!(fine, "{event:?} in {}", shown.text);
    }
    assert!(shown.text.contains("`command:evil`") && shown.text.contains("`http://evil.example/b`"), "{}", shown.text);
    assert!(shown.notes.iter().any(|note| note.contains("images")), "{:?}", shown.notes);
}

#[test]
fn markdown_that_explains_comes_through_as_it_was() {
    let said = "# Title\n\nIt *reads* **all** of `a_b`.\n\n- one\n- two `x`\n  1. deep\n\n> said\n\n```rust\nlet a = \"<b>\";\n```\n\nsnake_case and 3 * 4.";
    let shown = filter(said).text;
    let wanted = "### Title\n\nIt *reads* **all** of `a_b`.\n\n- one\n- two `x`\n  1. deep\n\n> said\n\n```rust\nlet a = \"<b>\";\n```\n\nsnake_case and 3 \\* 4.";
    assert_eq!(shown, wanted);
    // Written again it stays the same: nothing piles up while it streams.
    assert_eq!(filter(&shown).text.replace("#### ", "### "), wanted);
}

#[test]
fn commands_are_taken_out_of_the_prose_and_a_fence_within_code_ends_nothing() {
    let said = "Do:\n\n```sh\n$ git status\n# why\nrm -rf \\\n  build\n```\n\nthen\n\n````md\n```sh\nrm x\n```\n````";
    let shown = filter(said);
    assert_eq!(shown.commands, ["git status", "rm -rf build"]);
    assert!(!shown.text.contains("rm -rf"), "{}", shown.text);
    assert!(shown.text.contains("````md\n```sh\nrm x\n```\n````"), "{}", shown.text);
    // One that is still being written is none of the prose either.
    let half = filter("So:\n```bash\nrm -rf /");
    assert_eq!(half.commands, ["rm -rf /"]);
}

#[test]
fn a_flood_and_deep_nesting_are_bounded() {
    let shown = filter(&"word ".repeat(100_000));
    assert!(shown.text.len() <= 2 * MOST);
    let nested = filter(&"> - ".repeat(5_000));
    assert!(nested.text.len() < 1 << 20, "{}", nested.text.len());
    let many = filter(&format!("```sh\n{}```", "ls\n".repeat(500)));
    assert_eq!(many.commands.len(), MOST_COMMANDS);
}
