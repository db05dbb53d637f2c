//! What a comment suggests: the first block of code that calls itself `suggestion`, as hosts have it.

/// The text that is to stand in place of the thread's lines, each line with its end; `None` where nothing is suggested.
pub fn suggested(body: &str) -> Option<String> {
    let mut lines = body.lines();
    let fence = lines.by_ref().find_map(|line| {
        let rest = line.trim_start_matches('`');
        let ticks = line.len() - rest.len();
        (ticks >= 3 && rest.trim() == "suggestion").then_some(ticks)
    })?;
    let closes = |line: &str| line.len() >= fence && line.trim_end().bytes().all(|byte| byte == b'`');
    let mut text = String::new();
    for line in lines {
        if closes(line) {
            return Some(text);
        }
        text.push_str(line);
        text.push('\n');
    }
    // What was opened and not closed suggests nothing: nobody can tell where it ends.
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_that_says_so_is_what_is_suggested() {
        assert_eq!(suggested("so:\n```suggestion\nlet a = 1;\n```\nbetter"), Some("let a = 1;\n".to_owned()));
        assert_eq!(suggested("````suggestion\n```\n````"), Some("```\n".to_owned()));
        assert_eq!(suggested("```suggestion\n```"), Some(String::new()), "nothing is to stand there");
        assert_eq!(suggested("```rust\nx\n```"), None);
        assert_eq!(suggested("```suggestion\nleft open"), None);
    }
}
