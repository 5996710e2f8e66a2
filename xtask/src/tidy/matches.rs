//! `match` expressions over the enum of primitives.

use super::source::{line_at, words};

/// Lines of arms that catch every other primitive (`_ =>`, `other =>`) in a `match` some arm of
/// which names a `Prim::`. In the crates where a new primitive must be thought about, every
/// variant is listed.
pub(super) fn catch_all_arms(code: &str) -> Vec<usize> {
    let mut lines = vec![];
    for at in words(code, "match") {
        let Some(open) = opening(code, at + "match".len()) else { continue };
        let arms = patterns(code, open);
        if arms.iter().any(|(_, pattern)| pattern.contains("Prim::")) {
            let catching = arms.iter().filter(|(_, pattern)| catches_all(pattern));
            lines.extend(catching.map(|(at, _)| line_at(code, *at)));
        }
    }
    lines
}

/// The `{` of a match's body: the first outside of parentheses and brackets.
fn opening(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(from + i),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The patterns of the arms of the match whose body opens at `open`, with where they begin.
fn patterns(code: &str, open: usize) -> Vec<(usize, String)> {
    let bytes = code.as_bytes();
    let mut found = vec![];
    let (mut i, mut depth) = (open + 1, 0);
    let mut start = i;
    let mut in_pattern = true;
    while i < bytes.len() {
        match bytes[i] {
            b'=' if in_pattern && depth == 0 && bytes.get(i + 1) == Some(&b'>') => {
                let text = code[start..i].trim();
                let lead = code[start..i].len() - code[start..i].trim_start().len();
                found.push((start + lead, text.to_string()));
                in_pattern = false;
                i += 1;
                // An arm with a block needs no comma after it.
                let rest = code[i + 1..].trim_start();
                if rest.starts_with('{') {
                    i = close(bytes, code.len() - rest.len());
                    (start, in_pattern) = (i + 1, true);
                }
            }
            b',' if depth == 0 && (!in_pattern || code[start..i].trim().is_empty()) => {
                (start, in_pattern) = (i + 1, true);
            }
            b'(' | b'[' | b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        i += 1;
    }
    found
}

/// The brace that closes the one at `open`.
fn close(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0;
    for (i, b) in bytes.iter().enumerate().skip(open) {
        match b {
            b'{' => depth += 1,
            b'}' if depth == 1 => return i,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    bytes.len()
}

/// Whether a pattern is `_` or a plain binding, with or without a guard.
fn catches_all(pattern: &str) -> bool {
    let pattern = pattern.split(" if ").next().unwrap_or(pattern).trim();
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !pattern.is_empty() && pattern.chars().all(lower) && !["true", "false"].contains(&pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catch_all_arms_over_primitives_are_found() {
        let code = "fn f(p: &Prim) -> bool {\n    match p {\n        Prim::Scan(s) => { g(s, 1) }\n        \
                    Prim::Cond(_) => true,\n        _ => false,\n    }\n}\n";
        assert_eq!(catch_all_arms(code), [5]);
        let bound = "match p {\n Prim::Scan(_) | Prim::Cond(_) => 1,\n other if x => 2,\n}";
        assert_eq!(catch_all_arms(bound), [3]);
    }

    #[test]
    fn other_matches_are_left_alone() {
        let listed = "match p { Prim::Scan(_) => 1, Prim::Cond(_) | Prim::While(_) => 2 }";
        assert!(catch_all_arms(listed).is_empty());
        // An inner match over something else inside an arm.
        let inner = "match p { Prim::Scan(s) => match s.n { 0 => 1, _ => 2 }, Prim::Cond(_) => 3 }";
        assert!(catch_all_arms(inner).is_empty());
        let none = "match name { \"scan\" => 1, _ => 2 } let x = matches!(p, Prim::Scan(_));";
        assert!(catch_all_arms(none).is_empty());
    }
}
