//! What a file alone does not say about itself.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

pub use crate::labels::Task;

/// How to read a data set; the default guesses what can be guessed safely.
///
/// ```
/// use data::{Column, OpenOptions, Task};
///
/// let target = Column::Name("price".into());
/// let options = OpenOptions { target, task: Task::Values, ..OpenOptions::default() };
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// The column of a table that is to be predicted.
    pub target: Column,
    /// Whether targets are classes or numbers.
    pub task: Task,
    /// Whether a text table begins with a line of column names; `None` looks at the first two
    /// lines.
    pub header: Option<bool>,
    /// Which part to take where a folder or archive holds several. `None` takes what is not called
    /// either, and the training part otherwise.
    pub part: Option<Part>,
    /// The file of labels, where it is not the sibling that its name suggests.
    pub labels: Option<PathBuf>,
}

/// A column of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Column {
    /// The column named `label`, `class`, `target` or `y` (in any case) if exactly one column is,
    /// otherwise the last.
    #[default]
    Auto,
    /// The last column.
    Last,
    /// The column of this index, counted from 0.
    Index(usize),
    /// The column of this name.
    Name(String),
}

/// `last` is [`Column::Last`], a number an index from 0, anything else a name.
///
/// ```
/// use data::Column;
///
/// assert_eq!("0".parse(), Ok(Column::Index(0)));
/// assert_eq!("last".parse(), Ok(Column::Last));
/// assert_eq!("price".parse(), Ok(Column::Name("price".into())));
/// ```
impl FromStr for Column {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Column, Infallible> {
        Ok(match (text, text.parse()) {
            ("last", _) => Column::Last,
            (_, Ok(index)) => Column::Index(index),
            (name, Err(_)) => Column::Name(name.to_string()),
        })
    }
}

/// One of the parts in which many data sets are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The part called `train`.
    Train,
    /// The part called `test` (or `t10k`, as in MNIST).
    Test,
}

impl Part {
    /// What the part is called in names of files and arrays.
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Part::Train => &["train", "training"],
            Part::Test => &["test", "t10k", "testing"],
        }
    }
}
