//! Mathematics in a page: Unicode text, or MathML that is known to be harmless.

use crate::{Error, escape};

/// Elements of MathML Core that only show mathematics.
const ELEMENTS: [&str; 27] = [
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "ms",
    "mtext",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "mstyle",
    "merror",
    "mpadded",
    "mphantom",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "none",
    "mtable",
    "mtr",
    "mtd",
];

/// Attributes that change how mathematics looks and nothing else.
const ATTRIBUTES: [&str; 25] = [
    "display",
    "displaystyle",
    "scriptlevel",
    "mathvariant",
    "dir",
    "form",
    "fence",
    "separator",
    "stretchy",
    "symmetric",
    "largeop",
    "movablelimits",
    "lspace",
    "rspace",
    "minsize",
    "maxsize",
    "linethickness",
    "width",
    "height",
    "depth",
    "voffset",
    "accent",
    "accentunder",
    "columnspan",
    "rowspan",
];

const NAMESPACE: &str = "http://www.w3.org/1998/Math/MathML";
/// No formula meant for reading nests deeper.
const DEEPEST: usize = 100;

/// A formula.
///
/// ```
/// use report::Math;
/// let plain = Math::unicode("‖∇L(θ)‖² ≤ 2β·(L(θ) − L*)");
/// let typeset = Math::mathml("<math><msup><mi>x</mi><mn>2</mn></msup></math>")?;
/// assert!(Math::mathml("<math><script>alert(1)</script></math>").is_err());
/// # let _ = (plain, typeset);
/// # Ok::<(), report::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Math {
    html: String,
    plain: String,
}

impl Math {
    /// A formula written in Unicode, set in the mathematical font of the page.
    pub fn unicode(text: impl AsRef<str>) -> Self {
        let plain = text.as_ref().to_string();
        Self { html: format!("<span class=\"math\">{}</span>", escape::text(&plain)), plain }
    }

    /// A formula in MathML: one `<math>` element, without a namespace prefix.
    ///
    /// Only elements and attributes that show mathematics are let through: no links, no scripts,
    /// no styles, nothing that would load anything.
    ///
    /// # Errors
    /// [`Error::Math`] if the markup is not well-formed XML or holds anything else.
    pub fn mathml(markup: impl AsRef<str>) -> Result<Self, Error> {
        let fail = |reason: String| Error::Math { reason };
        let document =
            roxmltree::Document::parse(markup.as_ref()).map_err(|e| fail(e.to_string()))?;
        let root = document.root_element();
        if root.tag_name().name() != "math" {
            return Err(fail(format!("the root element is <{}>", root.tag_name().name())));
        }
        // The markup is written anew from what was understood, so nothing that the parser and a
        // browser read differently survives.
        let mut math = Self { html: String::new(), plain: String::new() };
        math.write(root, 0).map_err(fail)?;
        Ok(math)
    }

    fn write(&mut self, element: roxmltree::Node, depth: usize) -> Result<(), String> {
        let name = element.tag_name().name();
        let namespace = element.tag_name().namespace();
        if namespace.is_some_and(|n| n != NAMESPACE) || !ELEMENTS.contains(&name) {
            return Err(format!("<{name}> is not an element that only shows mathematics"));
        }
        if depth > DEEPEST {
            return Err(format!("elements are nested more than {DEEPEST} deep"));
        }
        self.html.push_str(&format!("<{name}"));
        for attribute in element.attributes() {
            let (key, value) = (attribute.name(), attribute.value());
            if attribute.namespace().is_some() || !ATTRIBUTES.contains(&key) {
                return Err(format!("{key}=\"…\" is not an attribute that only shows mathematics"));
            }
            self.html.push_str(&format!(" {key}=\"{}\"", escape::text(value)));
        }
        self.html.push('>');
        for child in element.children() {
            if child.is_element() {
                self.write(child, depth + 1)?;
            } else if child.is_text() {
                let text = child.text().unwrap_or_default();
                self.html.push_str(&escape::text(text));
                self.plain.push_str(text.trim());
            }
        }
        self.html.push_str(&format!("</{name}>"));
        Ok(())
    }

    /// The characters of the formula without its layout.
    pub(crate) fn to_plain(&self) -> &str {
        &self.plain
    }

    pub(crate) fn to_html(&self) -> &str {
        &self.html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_survive() {
        let markup = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\" display=\"block\">\
                      <mfrac><mi>a</mi><mo>&lt;</mo></mfrac><!-- note --></math>";
        assert_eq!(
            Math::mathml(markup).unwrap().to_html(),
            "<math display=\"block\"><mfrac><mi>a</mi><mo>&lt;</mo></mfrac></math>"
        );
        assert_eq!(Math::unicode("a<b").to_html(), "<span class=\"math\">a&lt;b</span>");
    }

    #[test]
    fn anything_else_is_refused_in_one_line() {
        for markup in [
            "",
            "x",
            "<p/>",
            "<math><mi>x</math>",
            "<math onclick=\"x\"/>",
            "<math href=\"x\"/>",
            "<math style=\"x\"/>",
            "<math><a xmlns=\"http://www.w3.org/1999/xhtml\"/></math>",
            "<math><mi xmlns=\"http://www.w3.org/2000/svg\"/></math>",
            "<math><semantics/></math>",
            "<math><mi xlink:href=\"x\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"/></math>",
            "<!DOCTYPE math [<!ENTITY a \"b\">]><math>&a;</math>",
        ] {
            let message = Math::mathml(markup).unwrap_err().to_string();
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let deep =
            format!("<math>{}{}</math>", "<mrow>".repeat(200_000), "</mrow>".repeat(200_000));
        assert!(Math::mathml(deep).is_err());
    }
}
