//! Text made safe inside HTML, SVG and JSON-in-HTML.

/// Escapes text for the content of an element or a quoted attribute, in HTML and in XML.
///
/// Characters that XML 1.0 cannot hold, even escaped (most control characters), become U+FFFD.
pub(crate) fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len() + 8);
    for character in raw.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' | '\r' => safe.push(character),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                safe.push('\u{fffd}');
            }
            _ => safe.push(character),
        }
    }
    safe
}

/// Makes JSON safe inside `<script type="application/json">`, without changing what it says.
///
/// In JSON a `<` can only stand inside a string, where `\u003c` means the same; without a `<`
/// neither `</script` nor `<!--` can end the block early. Without a `&` the block reads the same
/// in XML.
pub(crate) fn json(raw: &str) -> String {
    raw.replace('<', "\\u003c").replace('&', "\\u0026")
}

/// A name for `id` attributes: lower-case letters, digits and hyphens, never empty.
pub(crate) fn identifier(raw: &str) -> String {
    let mut name = String::new();
    for character in raw.chars() {
        if character.is_alphanumeric() {
            name.extend(character.to_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { "section".to_string() } else { name.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_open_an_element_or_close_an_attribute() {
        assert_eq!(text("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
        assert_eq!(text("a\u{0}b\u{1b}c\n"), "a\u{fffd}b\u{fffd}c\n");
    }

    #[test]
    fn json_cannot_close_its_block() {
        let raw = serde_json::to_string("</script><!-- & <script>").unwrap();
        let safe = json(&raw);
        assert!(!safe.contains(['<', '&']));
        let back: String = serde_json::from_str(&safe).unwrap();
        assert_eq!(back, "</script><!-- & <script>");
    }

    #[test]
    fn identifiers_are_plain() {
        assert_eq!(identifier("What it learned: κ & more"), "what-it-learned-κ-more");
        assert_eq!(identifier("!!"), "section");
    }
}
