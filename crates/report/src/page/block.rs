//! What stands in a section: prose, lists, tables, figures, programs.

use super::prose::Prose;
use crate::table::Tone;
use crate::{Math, Plot, Table};

/// A key figure at the top of a page.
///
/// ```
/// use report::{Card, Tone};
/// let card = Card::new("held-out accuracy", "97.3 %").detail("± 0.4 % over 5 seeds").tone(Tone::Good);
/// # let _ = card;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) detail: Option<String>,
    pub(super) tone: Tone,
}

impl Card {
    /// A key figure: what it is and its value, unit included.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), detail: None, tone: Tone::Neutral }
    }

    /// Adds a line in small print: the uncertainty, the comparison, the conditions.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says whether the figure is good news.
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// A [`Plot`] with a caption, numbered in the order of the page.
///
/// A plot is a figure too, so callers without a caption never name this type.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub(super) plot: Plot,
    pub(super) caption: Prose,
}

impl Figure {
    /// A figure without a caption.
    pub fn new(plot: impl Into<Plot>) -> Self {
        Self { plot: plot.into(), caption: Prose::new() }
    }

    /// Says what the figure shows and what to see in it.
    pub fn caption(mut self, caption: impl Into<Prose>) -> Self {
        self.caption = caption.into();
        self
    }
}

impl<P: Into<Plot>> From<P> for Figure {
    fn from(plot: P) -> Self {
        Self::new(plot)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Block {
    Heading(String),
    Paragraph(Prose),
    Callout(Tone, Prose),
    Formula(Math),
    List(Vec<Prose>),
    Table(Table),
    /// Figures that stand side by side where the page is wide enough.
    Figures(Vec<Figure>),
    Details(String, String),
}

/// A part of a page: a title and what follows it, in order.
///
/// ```
/// use report::{Axis, Figure, LinePlot, Section, Series, Table};
/// let plot = LinePlot::new("epoch", Axis::new("loss").log())
///     .series(Series::line("training", [(1.0, 2.1), (2.0, 0.8)]));
/// let section = Section::new("Learning")
///     .paragraph("The loss falls by half every four epochs.")
///     .figure(Figure::new(plot).caption("Mean over the batches of an epoch."))
///     .table(Table::new(["epoch", "loss"]).row([1.0, 2.1]).row([2.0, 0.8]))
///     .details("The program of one step", "let %0 : f32[64,10] = …");
/// # let _ = section;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

impl Section {
    /// A section with nothing in it yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// Adds a heading within the section.
    pub fn heading(self, heading: impl Into<String>) -> Self {
        self.block(Block::Heading(heading.into()))
    }

    /// Adds a paragraph.
    pub fn paragraph(self, prose: impl Into<Prose>) -> Self {
        self.block(Block::Paragraph(prose.into()))
    }

    /// Adds a paragraph that must not be missed: a verdict, a warning.
    pub fn callout(self, tone: Tone, prose: impl Into<Prose>) -> Self {
        self.block(Block::Callout(tone, prose.into()))
    }

    /// Adds a formula on a line of its own.
    pub fn formula(self, math: Math) -> Self {
        self.block(Block::Formula(math))
    }

    /// Adds a list.
    pub fn list<P: Into<Prose>>(self, items: impl IntoIterator<Item = P>) -> Self {
        self.block(Block::List(items.into_iter().map(Into::into).collect()))
    }

    /// Adds a table.
    pub fn table(self, table: Table) -> Self {
        self.block(Block::Table(table))
    }

    /// Adds a figure.
    pub fn figure(self, figure: impl Into<Figure>) -> Self {
        self.block(Block::Figures(vec![figure.into()]))
    }

    /// Adds figures to compare, side by side where the page is wide enough.
    pub fn figures(self, figures: impl IntoIterator<Item = Figure>) -> Self {
        self.block(Block::Figures(figures.into_iter().collect()))
    }

    /// Adds preformatted text behind a summary that opens it: a program, a configuration, a log.
    pub fn details(self, summary: impl Into<String>, text: impl Into<String>) -> Self {
        self.block(Block::Details(summary.into(), text.into()))
    }

    fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}
