//! Prose: words, with emphasis, code, mathematics and links between them.

use super::math::Math;
use crate::escape;

/// A paragraph's worth of text, built piece by piece. Every piece is escaped; there is no markup
/// to remember and none to fall into by accident.
///
/// A plain string is prose too, so most callers never name this type.
///
/// ```
/// use report::{Math, Prose};
/// let prose = Prose::new()
///     .text("The gradient of ")
///     .code("layers.0.weight")
///     .text(" vanishes: ")
///     .math(Math::unicode("‖g‖ < 10⁻⁸"))
///     .text(".");
/// assert_eq!(prose.to_plain(), "The gradient of layers.0.weight vanishes: ‖g‖ < 10⁻⁸.");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    html: String,
    plain: String,
}

impl Prose {
    /// No words yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds words.
    pub fn text(self, text: impl AsRef<str>) -> Self {
        self.element("", text.as_ref())
    }

    /// Adds words that matter.
    pub fn strong(self, text: impl AsRef<str>) -> Self {
        self.element("strong", text.as_ref())
    }

    /// Adds words in italics: a term where it is defined.
    pub fn emphasis(self, text: impl AsRef<str>) -> Self {
        self.element("em", text.as_ref())
    }

    /// Adds code.
    pub fn code(self, text: impl AsRef<str>) -> Self {
        self.element("code", text.as_ref())
    }

    /// Adds a formula.
    pub fn math(mut self, math: Math) -> Self {
        self.html.push_str(math.to_html());
        self.plain.push_str(math.to_plain());
        self
    }

    /// Adds a link to a section of the same page, by its title. The link is followed only when
    /// the reader asks for it, and leads nowhere outside the page.
    pub fn section_link(mut self, title: impl AsRef<str>) -> Self {
        let title = title.as_ref();
        let target = escape::text(&escape::identifier(title));
        self.html.push_str(&format!("<a href=\"#{target}\">{}</a>", escape::text(title)));
        self.plain.push_str(title);
        self
    }

    /// The words alone.
    pub fn to_plain(&self) -> &str {
        &self.plain
    }

    pub(crate) fn to_html(&self) -> &str {
        &self.html
    }

    fn element(mut self, name: &str, text: &str) -> Self {
        let safe = escape::text(text);
        self.html.push_str(&match name {
            "" => safe,
            name => format!("<{name}>{safe}</{name}>"),
        });
        self.plain.push_str(text);
        self
    }
}

impl From<&str> for Prose {
    fn from(text: &str) -> Self {
        Self::new().text(text)
    }
}

impl From<String> for Prose {
    fn from(text: String) -> Self {
        Self::new().text(text)
    }
}

impl From<Math> for Prose {
    fn from(math: Math) -> Self {
        Self::new().math(math)
    }
}
