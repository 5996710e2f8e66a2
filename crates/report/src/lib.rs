//! Pictures, tables and pages from plain numbers.
//!
//! This crate knows nothing of tensors or training. Numbers go in; out come
//!
//! - [`Plot`]s as SVG: [`LinePlot`], [`BarChart`], [`Histogram`], [`Heatmap`], [`ImageGrid`];
//! - [`Table`]s as HTML, aligned text and CSV;
//! - a [`Page`]: one HTML file that holds everything, loads nothing and runs nothing.
//!
//! Pictures use a palette that colour-blind readers can tell apart and follow the light or dark
//! theme of the page around them. Numbers that cannot be drawn (infinite, NaN, not positive on a
//! logarithmic axis) never stop a report: they are left out, and the picture says how many.
//!
//! ```
//! use report::{Axis, Card, Estimate, Figure, LinePlot, Page, Section, Series, Table};
//!
//! let epochs = 1..=60;
//! let training = epochs.clone().map(|e| (e as f64, 2.3 * (-0.08 * e as f64).exp()));
//! let held_out = epochs.map(|e| (e as f64, 2.3 * (-0.06 * e as f64).exp() + 0.05));
//! let curves = LinePlot::new("epoch", Axis::new("cross-entropy").unit("nats").log())
//!     .series(Series::line("training", training))
//!     .series(Series::line("held-out", held_out));
//!
//! let accuracy = Estimate::with_error(0.9731, 0.0042);
//! let page = Page::new("Digits")
//!     .card(Card::new("held-out accuracy", accuracy.to_string()))
//!     .section(
//!         Section::new("Learning")
//!             .paragraph("Both losses fall; the gap opens after epoch 20.")
//!             .figure(Figure::new(curves).caption("Loss by epoch."))
//!             .table(Table::new(["set", "loss"]).row(("training", 0.021)).row(("held-out", 0.094))),
//!     )
//!     .footer("mathesis train, seed 7");
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("report.html");
//! report::write_atomically(&path, page.to_html())?;
//! # Ok::<(), report::Error>(())
//! ```

mod error;
mod escape;
mod estimate;
mod file;
pub mod number;
mod page;
mod plot;
mod table;

pub use error::Error;
pub use estimate::Estimate;
pub use file::write_atomically;
pub use page::{Card, Figure, Math, Page, Prose, Section};
pub use plot::{
    Axis, BarChart, Content, Heatmap, Histogram, Image, ImageGrid, Labels, LinePlot, Plot, Point,
    Scale, Series, Shading, Theme, TickFormat, Tint,
};
pub use table::{Cell, Column, Format, Row, Table, Tone};
