//! What can go wrong with data, said in one line.

use std::fmt;
use std::io;

/// A failure to read, check or divide data.
///
/// Its message is a single line with three parts: *where* (the file or data set, then the byte,
/// line or element), *what is wrong*, and *what would be right*:
///
/// ```text
/// wine.csv, line 7, column 3 ("ash"): "n.d." is not a number; features must be numbers: encode …
/// ```
///
/// ```
/// let error = data::open("no/such/file.csv").unwrap_err();
/// assert_eq!(error.kind(), data::ErrorKind::NotFound);
/// assert!(error.to_string().starts_with("no/such/file.csv: no such file or folder;"));
/// ```
pub struct Error(Box<Fault>);

/// The parts of an [`Error`], boxed so that a `Result` stays small.
struct Fault {
    kind: ErrorKind,
    subject: String,
    place: Place,
    wrong: String,
    right: String,
    cause: Option<io::Error>,
}

/// The sort of failure, for callers that treat some of them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The path names nothing, or an embedded data set of that name does not exist.
    NotFound,
    /// The operating system refused to open, read or write.
    Io,
    /// A gzip or zip stream does not decompress to what its checksum says.
    Compression,
    /// The file ends before the data that its header promises, or promises more than it can hold.
    Truncated,
    /// The file goes on after the data that its header promises.
    Trailing,
    /// The content is of another format than expected, or of none that is read here.
    Format,
    /// A header of the right format says something that is not allowed.
    Header,
    /// Features come with no labels, or labels with no features.
    Unpaired,
    /// The numbers of examples and labels differ.
    Counts,
    /// A label is not a class, or a target not a number.
    Label,
    /// A feature is NaN or infinite.
    NotFinite,
    /// A cell that should hold a number holds text.
    NotANumber,
    /// A cell that should hold a number is empty or holds a mark such as `?` or `NA`.
    Missing,
    /// A row has more or fewer cells than the first.
    Ragged,
    /// There are no examples, or examples without features.
    Empty,
    /// No such column or array, or several that could be meant.
    Column,
    /// Shapes or widths that do not fit together.
    Shape,
    /// An argument outside its range, such as a held-out fraction of 2.
    Argument,
}

/// Where in its file or data set an [`Error`] lies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The whole of it.
    Whole,
    /// A byte, counted from 0, of the (decompressed) content.
    Byte(u64),
    /// A line of text, counted from 1.
    Line(u64),
    /// A cell of a text table: line and column counted from 1, and the column's name if it has one.
    Cell {
        /// Line of the file, counted from 1.
        line: u64,
        /// Column of the table, counted from 1.
        column: usize,
        /// Name from the header line.
        name: Option<String>,
    },
    /// An example, counted from 0.
    Row(usize),
    /// One number of an array, as NumPy would index it.
    Element {
        /// Example, counted from 0.
        row: usize,
        /// Feature within the example in row-major order, counted from 0.
        column: usize,
    },
}

impl Error {
    /// `wrong` says what was found, `right` what would have been accepted; both without a full
    /// stop.
    pub(crate) fn new(
        kind: ErrorKind,
        subject: impl Into<String>,
        wrong: impl Into<String>,
        right: impl Into<String>,
    ) -> Error {
        Error(Box::new(Fault {
            kind,
            subject: subject.into(),
            place: Place::Whole,
            wrong: wrong.into(),
            right: right.into(),
            cause: None,
        }))
    }

    pub(crate) fn at(mut self, place: Place) -> Error {
        self.0.place = place;
        self
    }

    pub(crate) fn caused_by(mut self, cause: io::Error) -> Error {
        self.0.cause = Some(cause);
        self
    }

    /// The sort of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The file, data set or argument at fault, as the message names it.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Where in the subject the fault lies.
    pub fn place(&self) -> &Place {
        &self.0.place
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Whole => Ok(()),
            Place::Byte(offset) => write!(f, ", byte {offset}"),
            Place::Line(line) => write!(f, ", line {line}"),
            Place::Cell { line, column, name: Some(name) } => {
                write!(f, ", line {line}, column {column} ({})", quoted(name))
            }
            Place::Cell { line, column, name: None } => write!(f, ", line {line}, column {column}"),
            Place::Row(row) => write!(f, ", row {row} (counted from 0)"),
            Place::Element { row, column } => {
                write!(f, ", row {row}, column {column} (counted from 0)")
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { subject, place, wrong, right, .. } = &*self.0;
        // A path or a cell may hold line breaks; the message may not.
        write!(f, "{}", one_line(&format!("{subject}{place}: {wrong}; {right}")))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `text` in quotation marks, escaped, and cut so that a hostile cell cannot flood a terminal.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    let short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}

/// "1 example", "2 examples": counts read aloud.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    let plural = match noun.as_bytes() {
        [.., b's'] => "es",
        _ => "s",
    };
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}{plural}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_it_quotes() {
        let error = Error::new(ErrorKind::Label, "a\nb.csv", quoted("x\r\ny"), "better\ttext")
            .at(Place::Line(3));
        assert_eq!(error.to_string(), "a b.csv, line 3: \"x\\r\\ny\"; better text");
    }

    #[test]
    fn long_cells_are_cut() {
        assert_eq!(quoted("short"), "\"short\"");
        assert_eq!(quoted(&"é".repeat(1000)).chars().count(), 43);
    }

    #[test]
    fn plurals() {
        assert_eq!(counted(1, "class"), "1 class");
        assert_eq!(counted(0, "class"), "0 classes");
        assert_eq!(counted(2, "example"), "2 examples");
    }
}
