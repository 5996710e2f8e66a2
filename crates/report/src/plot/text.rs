//! How much room a text takes, without a font at hand.
//!
//! The reader's font is unknown, so widths are those of Helvetica and a margin that covers the
//! usual interface fonts. A layout made with them is a little loose, never tight.

use unicode_width::UnicodeWidthChar;

/// Widths of the printable ASCII characters in Helvetica, in thousandths of the font size.
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Interface fonts run wider than Helvetica by up to this factor.
const MARGIN: f64 = 1.16;

/// The width of `text` at a font size, in pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(character).sum::<f64>() * size * MARGIN
}

fn character(c: char) -> f64 {
    match c {
        ' '..='~' => f64::from(HELVETICA[c as usize - 32]) / 1000.0,
        '⁰' | '¹' | '²' | '³' | '⁴'..='⁹' | '⁻' => 0.36,
        '\u{a0}' => 0.278,
        '\u{202f}' | '\u{2009}' => 0.2,
        '…' | '—' => 1.0,
        _ => match UnicodeWidthChar::width(c) {
            Some(0) => 0.0,
            Some(2) => 1.0,
            _ => 0.6,
        },
    }
}

/// `text`, cut off with an ellipsis where it is wider than `room`.
pub(crate) fn truncate(text: &str, room: f64, size: f64) -> String {
    if width(text, size) <= room {
        return text.to_string();
    }
    let mut kept = String::new();
    let mut used = width("…", size);
    for c in text.chars() {
        used += character(c) * size * MARGIN;
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// `text` in lines no wider than `room`, broken between words; a line break in the text stays.
pub(crate) fn wrap(text: &str, room: f64, size: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        // Not at every white space: a no-break space holds a number and its unit together.
        for word in paragraph.split([' ', '\t']).filter(|word| !word.is_empty()) {
            let longer = if line.is_empty() { word.to_string() } else { format!("{line} {word}") };
            if width(&longer, size) <= room || line.is_empty() {
                line = longer;
            } else {
                lines.push(std::mem::replace(&mut line, word.to_string()));
            }
        }
        lines.push(line);
    }
    lines.into_iter().map(|line| truncate(&line, room, size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_text_is_wider() {
        assert!(width("WWWW", 12.0) > width("iiii", 12.0));
        assert!(width("10⁻³", 12.0) < width("10-3", 12.0) + 4.0);
        assert_eq!(width("", 12.0), 0.0);
        assert!(width("学习", 10.0) > 20.0);
    }

    #[test]
    fn truncation_fits() {
        let text = "layers.0.attention.query.weight";
        let short = truncate(text, 80.0, 12.0);
        assert!(short.ends_with('…') && width(&short, 12.0) <= 80.0, "{short}");
        assert_eq!(truncate("short", 80.0, 12.0), "short");
        assert_eq!(truncate("x", 0.0, 12.0), "…");
    }

    #[test]
    fn wrapping_keeps_words_and_breaks() {
        assert_eq!(wrap("one two three\nfour", 50.0, 12.0), ["one two", "three", "four"]);
        assert_eq!(wrap("at 99\u{a0}%", 40.0, 12.0), ["at", "99\u{a0}%"]);
        assert!(wrap("", 10.0, 12.0).is_empty());
    }
}
