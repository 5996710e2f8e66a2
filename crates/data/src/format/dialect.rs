//! What a text table looks like, found out from its first lines.
//!
//! - The *separator* is whichever of comma, semicolon and tab is most frequent in the first line;
//!   if it has none of them, and spaces between numbers as `numpy.savetxt` writes, it is the space.
//! - The first line is a *header* if it has text over at least half of the columns that hold
//!   numbers in the second line, or text over one and otherwise counts 0, 1, 2, … or 1, 2, 3, …; a
//!   single odd cell is thus reported and not taken for a name.

use csv::ByteRecord;

/// What one cell holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell {
    /// A number, perhaps infinite.
    Number(f64),
    /// Nothing, or a mark that says so.
    Missing,
    /// Anything else.
    Text,
}

impl Cell {
    pub(crate) fn number(self) -> Option<f64> {
        match self {
            Cell::Number(value) => Some(value),
            Cell::Missing | Cell::Text => None,
        }
    }
}

/// Reads one cell; blanks around it do not count.
pub(crate) fn cell(bytes: &[u8]) -> Cell {
    const MISSING: [&str; 6] = ["", "?", "na", "n/a", "nan", "null"];
    let Ok(text) = str::from_utf8(bytes) else { return Cell::Text };
    let text = text.trim();
    if MISSING.iter().any(|mark| text.eq_ignore_ascii_case(mark)) {
        return Cell::Missing;
    }
    text.parse().map_or(Cell::Text, Cell::Number)
}

/// The separator that the first line has most of; a space if it has none and spaces part numbers.
pub(crate) fn delimiter(head: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut in_quotes = false;
    let mut end = head.len();
    for (at, &byte) in head.iter().enumerate() {
        match byte {
            b'"' => in_quotes = !in_quotes,
            b'\n' | b'\r' if !in_quotes => {
                end = at;
                break;
            }
            _ if in_quotes => {}
            _ => counts.iter_mut().filter(|(d, _)| *d == byte).for_each(|(_, count)| *count += 1),
        }
    }
    // Reversed, since `max_by_key` takes the last of equals and a comma comes first.
    match counts.iter().rev().max_by_key(|(_, count)| *count) {
        Some((delimiter, 1..)) => *delimiter,
        _ => {
            let mut words = head[..end].trim_ascii().split(|&byte| byte == b' ');
            if words.all(|word| cell(word).number().is_some()) { b' ' } else { b',' }
        }
    }
}

/// Whether `first` names columns; see the head of this file.
pub(crate) fn is_header(first: &ByteRecord, second: Option<&ByteRecord>) -> bool {
    let Some(second) = second else {
        return first.iter().all(|bytes| cell(bytes) == Cell::Text);
    };
    let over =
        |(above, below): &(&[u8], &[u8])| cell(below) != Cell::Text && cell(above) == Cell::Text;
    let numeric = second.iter().filter(|bytes| cell(bytes) != Cell::Text).count();
    let texts = first.iter().zip(second).filter(over).count();
    if texts == 0 {
        return false;
    }
    let mut rest = first.iter().filter_map(|bytes| cell(bytes).number()).peekable();
    let origin = rest.peek().copied().unwrap_or_default();
    let counts_up = [0.0, 1.0].contains(&origin)
        && rest.enumerate().all(|(at, number)| number == origin + at as f64);
    2 * texts >= numeric || counts_up
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(first: &[&str], second: &[&str]) -> bool {
        is_header(&ByteRecord::from(first.to_vec()), Some(&ByteRecord::from(second.to_vec())))
    }

    #[test]
    fn cells() {
        assert_eq!(cell(b" -1.5e3 "), Cell::Number(-1500.0));
        assert_eq!(cell(b"inf"), Cell::Number(f64::INFINITY));
        for missing in ["", "  ", "?", "NA", "n/a", "NaN", "NULL"] {
            assert_eq!(cell(missing.as_bytes()), Cell::Missing);
        }
        assert_eq!(cell(b"1,5"), Cell::Text);
        assert_eq!(cell(b"\xff"), Cell::Text);
    }

    #[test]
    fn separators() {
        assert_eq!(delimiter(b"a,b;c,d\n;;;;;"), b',');
        assert_eq!(delimiter(b"1,5;2,5;3"), b',');
        assert_eq!(delimiter(b"\"a,b,c\";d;e\r\n"), b';');
        assert_eq!(delimiter(b"a\tb c"), b'\t');
        assert_eq!(delimiter(b"1.5 -2 3e4\n"), b' ');
        assert_eq!(delimiter(b"sepal length\n"), b',');
        assert_eq!(delimiter(b"a;b,c"), b',');
        assert_eq!(delimiter(b""), b',');
    }

    #[test]
    fn headers() {
        assert!(header(&["length", "species"], &["5.1", "setosa"]));
        assert!(header(&["a", "b"], &["1", ""]));
        // Half of the cells are text, but over text.
        assert!(!header(&["5.1", "setosa"], &["4.9", "setosa"]));
        assert!(!header(&["1", "2"], &["3", "4"]));
        // Columns named by numbers, with the label's name alone in text.
        assert!(header(&["label", "0", "1", "2", "3"], &["1", "5", "6", "7", "8"]));
        assert!(header(&["1", "2", "3", "4", "kind"], &["9", "9", "9", "9", "0"]));
        // One odd cell.
        assert!(!header(&["5.1", "3.5x", "1.4", "0"], &["4.9", "3.0", "1.4", "1"]));
        // Missing cells are no names.
        assert!(!header(&["?", "?"], &["1", "2"]));
        assert!(is_header(&ByteRecord::from(vec!["a", "b"]), None));
        assert!(!is_header(&ByteRecord::from(vec!["1", "b"]), None));
    }
}
