//! Pages: one HTML file with everything in it.

mod block;
mod math;
mod prose;
mod write;

pub use block::{Card, Figure, Section};
pub use math::Math;
pub use prose::Prose;

use crate::{Error, escape};
use serde::Serialize;

/// A report in one self-contained HTML file.
///
/// It loads nothing, runs nothing, and says so to the browser with a content security policy. It
/// follows the reader's light or dark theme, narrows for small screens, and prints. The data
/// behind each figure is embedded as JSON, in `<script type="application/json">` elements that
/// no browser executes.
///
/// ```
/// use report::{Axis, Card, LinePlot, Page, Section, Series};
/// let plot = LinePlot::new("epoch", Axis::new("loss").unit("nats").log())
///     .series(Series::line("training", [(1.0, 2.1), (2.0, 0.8), (3.0, 0.4)]));
/// let html = Page::new("Digits")
///     .subtitle("A small network on the embedded digits")
///     .card(Card::new("held-out accuracy", "97.3 %"))
///     .section(Section::new("Learning").paragraph("It learns.").figure(plot))
///     .footer("Made by `mathesis train` with seed 7")
///     .to_html();
/// assert!(html.starts_with("<!DOCTYPE html>"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    title: String,
    subtitle: Option<Prose>,
    cards: Vec<Card>,
    sections: Vec<Section>,
    footer: Vec<Prose>,
    /// Name and JSON, already safe inside a script element.
    data: Vec<(String, String)>,
}

impl Page {
    /// A page with a title and nothing else yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a line or two below the title.
    pub fn subtitle(mut self, subtitle: impl Into<Prose>) -> Self {
        self.subtitle = Some(subtitle.into());
        self
    }

    /// Adds a key figure to the summary at the top.
    pub fn card(mut self, card: Card) -> Self {
        self.cards.push(card);
        self
    }

    /// Adds a section. Pages of three sections and more get a table of contents.
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// Adds a line at the bottom: how the page was made, with which seed, when.
    pub fn footer(mut self, line: impl Into<Prose>) -> Self {
        self.footer.push(line.into());
        self
    }

    /// Embeds `data` as JSON in an element whose `id` is `data:` and the name, for programs that
    /// read the page.
    ///
    /// # Errors
    /// [`Error::Json`] if the data cannot be written as JSON: a map with keys that are not
    /// strings, a `Serialize` that fails.
    pub fn data(mut self, name: impl Into<String>, data: &impl Serialize) -> Result<Self, Error> {
        let name = name.into();
        let json = serde_json::to_string(data)
            .map_err(|e| Error::Json { name: name.clone(), reason: e.to_string() })?;
        self.data.push((name, escape::json(&json)));
        Ok(self)
    }

    /// The page as HTML.
    pub fn to_html(&self) -> String {
        write::html(self)
    }
}
