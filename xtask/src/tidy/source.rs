//! Rust source with comments and literals blanked out.

/// The source with every comment, string and character literal replaced by spaces, so that what
/// is left is code. Lines and columns stay where they are.
pub(super) fn code_of(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let end = literal_end(&chars, i);
        if end == i {
            out.push(chars[i]);
            i += 1;
            continue;
        }
        out.extend(chars[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
        i = end;
    }
    out
}

/// Where the comment or literal that begins at `i` ends; `i` itself where none begins.
fn literal_end(chars: &[char], i: usize) -> usize {
    let at = |k: usize| chars.get(k).copied();
    let after_word = i > 0 && is_word(chars[i - 1]);
    match (chars[i], at(i + 1)) {
        ('/', Some('/')) => find(chars, i, |c| c == '\n'),
        ('/', Some('*')) => block_comment_end(chars, i),
        ('"', _) => string_end(chars, i + 1),
        ('r' | 'b' | 'c', _) if !after_word => prefixed_end(chars, i),
        ('\'', Some('\\')) => find(chars, i + 3, |c| c == '\'') + 1,
        // A lifetime has no second quote.
        ('\'', Some(_)) if at(i + 2) == Some('\'') => i + 3,
        _ => i,
    }
    .min(chars.len())
}

fn find(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|&k| stop(chars[k])).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

/// The end of a string whose first character after the quote is at `i`.
fn string_end(chars: &[char], mut i: usize) -> usize {
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// The end of `r"…"`, `r#"…"#`, `b"…"`, `br#"…"#`, `b'…'`, `c"…"`, or `start` for any other word.
fn prefixed_end(chars: &[char], start: usize) -> usize {
    let mut i = start;
    let raw = |i: &mut usize| {
        let before = *i;
        while matches!(chars.get(*i), Some('r' | 'b' | 'c')) && *i < before + 2 {
            *i += 1;
        }
        chars[before..*i].contains(&'r')
    };
    let is_raw = raw(&mut i);
    let hashes = find(chars, i, |c| c != '#') - i;
    match chars.get(i + hashes) {
        Some('"') if is_raw => {
            let closes = |k: &usize| {
                chars[*k] == '"' && (1..=hashes).all(|h| chars.get(k + h) == Some(&'#'))
            };
            let close = (i + hashes + 1..chars.len()).find(closes);
            close.map_or(chars.len(), |k| k + 1 + hashes)
        }
        Some('"') if hashes == 0 => string_end(chars, i + 1),
        Some('\'') if hashes == 0 && chars[start] == 'b' => {
            let first = if chars.get(i + 1) == Some(&'\\') { i + 3 } else { i + 2 };
            find(chars, first, |c| c == '\'') + 1
        }
        _ => start,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The code above a file's test module: what is compiled into the product.
pub(super) fn product(code: &str) -> &str {
    let mut offset = 0;
    let mut lines = code.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let is_module = |next: &&str| next.trim_start().starts_with("mod ");
        if line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(is_module) {
            return &code[..offset];
        }
        offset += line.len();
    }
    code
}

/// Byte offsets at which `word` stands in `code` as whole words (its first and last characters
/// are not continued by others).
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let continues =
        |c: Option<char>, edge: Option<char>| c.is_some_and(is_word) && edge.is_some_and(is_word);
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !continues(before, word.chars().next()) && !continues(after, word.chars().next_back())
    })
}

/// The line number of a byte offset, from 1.
pub(super) fn line_at(code: &str, offset: usize) -> usize {
    1 + code[..offset].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_code_stays() {
        let source = concat!(
            "let a = \"unsafe \\\" fs\"; // unsafe\n",
            "/* unsafe /* nested */ unsafe\n */ let b = 'x';\n",
            "let c: &'static str = r#\"unsafe \" \"#; let d = b'\\''; fn r() {}\n",
            "let e = '\\u{1F600}'; let f = br\"x\"; let g = rows;"
        );
        let code = code_of(source);
        assert!(!code.contains("unsafe") && !code.contains("fs"));
        assert_eq!(code.lines().count(), source.lines().count());
        for kept in ["let a =", "let b =", "&'static str", "let d =", "fn r() {}", "let f", "rows"]
        {
            assert!(code.contains(kept), "{kept}: {code}");
        }
    }

    #[test]
    fn words_are_whole() {
        let code = "unsafe_code unsafe { } an unsafe; fs::read xfs::read";
        assert_eq!(words(code, "unsafe").count(), 2);
        assert_eq!(words(code, "fs::").count(), 1);
    }

    #[test]
    fn the_product_ends_at_the_test_module() {
        let code = "fn a() {}\n#[cfg(test)]\nfn b() {}\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(product(code), "fn a() {}\n#[cfg(test)]\nfn b() {}\n");
    }
}
