//! Writing a data set as a table.

use std::path::Path;

#[cfg(doc)]
use crate::Column;
use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind};
use crate::source::cannot_open;
use crate::targets::Targets;

/// Writes a data set as CSV: a header, then one line per example with its features and, last, its
/// target (classes by name). Numbers are written so that they read back as the same f64; the shape
/// of the examples is not kept. [`open_with`](crate::open_with) and [`Column::Last`] read it back.
///
/// ```no_run
/// data::write_csv("iris.csv", &data::embedded::iris())?;
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) or [`Io`](ErrorKind::Io) if the file cannot be written.
pub fn write_csv(path: impl AsRef<Path>, data: &Dataset) -> Result<(), Error> {
    let path = path.as_ref();
    let cannot = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => cannot_open(path, error),
        other => Error::new(
            ErrorKind::Io,
            path.display().to_string(),
            format!("the table cannot be written ({other:?})"),
            "check that the file can be written",
        ),
    };
    let mut out = csv::Writer::from_path(path).map_err(cannot)?;
    let features = data.features();
    let mut line: Vec<String> = (0..features.width()).map(|at| features.name_of(at)).collect();
    line.push(data.target_name().to_string());
    out.write_record(&line).map_err(cannot)?;
    for example in 0..data.count() {
        line.clear();
        // `{:?}` is the shortest text that reads back as the same number, with an exponent where
        // `{}` would write hundreds of digits.
        line.extend(features.row(example).iter().map(|value| format!("{value:?}")));
        line.push(match data.targets() {
            Targets::Classes { labels, names } => names[labels[example]].clone(),
            Targets::Values(values) => format!("{:?}", values[example]),
        });
        out.write_record(&line).map_err(cannot)?;
    }
    out.flush().map_err(|error| cannot_open(path, error))
}
