//! An array as read from IDX or NPY, before it is known whether it holds features or targets.

use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, counted};
use crate::features::Features;
use crate::labels::{self, Task};
use crate::options::Column;
use crate::targets::Targets;

/// A row-major array of finite or other numbers; the first extent counts examples.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    /// The file, for messages.
    pub(crate) subject: String,
    /// Extents, at least one of them.
    pub(crate) shape: Vec<usize>,
    /// As many as the product of `shape`.
    pub(crate) values: Vec<f64>,
}

impl Array {
    /// All of it as features: the first axis counts examples, the others shape them.
    pub(crate) fn into_features(self, name: &str) -> Result<Features, Error> {
        let shape = self.shape.get(1..).unwrap_or_default();
        // A plain list of numbers is a table of one column.
        let shape = if shape.is_empty() { vec![1] } else { shape.to_vec() };
        Features::read(&self.subject, name, self.values, shape, Vec::new())
    }

    /// All of it as targets, one per example: shape `[n]` or `[n, 1]`.
    pub(crate) fn into_targets(self, task: Task) -> Result<Targets, Error> {
        let count = self.shape.first().copied().unwrap_or_default();
        if self.values.len() != count {
            return Err(Error::new(
                ErrorKind::Shape,
                self.subject,
                format!("targets of shape {:?}", self.shape),
                format!("one number per example is needed, shape [{count}]"),
            ));
        }
        labels::from_numbers(&self.subject, self.values, task, labels::Places::Rows)
    }

    /// Features from this array and targets from another.
    pub(crate) fn with_targets(
        self,
        targets: Array,
        name: &str,
        task: Task,
    ) -> Result<Dataset, Error> {
        let count = |array: &Array| array.shape.first().copied().unwrap_or_default();
        let (examples, labels) = (count(&self), count(&targets));
        if examples != labels {
            return Err(Error::new(
                ErrorKind::Counts,
                targets.subject,
                format!("{} for {}", counted(labels, "target"), counted(examples, "example")),
                format!("each example in {} needs exactly one target", self.subject),
            ));
        }
        let features = self.into_features(name)?;
        Dataset::new(features, targets.into_targets(task)?, "label")
    }

    /// Features and targets from one table of shape `[n, columns]`, one column being the target.
    pub(crate) fn with_target_column(
        self,
        column: &Column,
        name: &str,
        task: Task,
    ) -> Result<Dataset, Error> {
        let [count, width] = self.shape[..] else {
            return Err(Error::new(
                ErrorKind::Unpaired,
                self.subject,
                format!("an array of shape {:?} with no labels beside it", self.shape),
                "put the labels in a sibling such as y.npy for x.npy, or give a table [n, columns]",
            ));
        };
        if width < 2 {
            return Err(Error::new(
                ErrorKind::Unpaired,
                self.subject,
                "a single column with no labels beside it",
                "a table with targets needs two columns or more",
            ));
        }
        let target = match column {
            Column::Auto | Column::Last => width - 1,
            Column::Index(index) if *index < width => *index,
            Column::Index(index) => {
                return Err(Error::new(
                    ErrorKind::Column,
                    self.subject,
                    format!("there is no column {index}"),
                    format!("columns count from 0 to {}", width - 1),
                ));
            }
            Column::Name(name) => {
                return Err(Error::new(
                    ErrorKind::Column,
                    self.subject,
                    format!("there is no column named {name:?}, for NPY columns have no names"),
                    format!("give the target's index, from 0 to {}", width - 1),
                ));
            }
        };
        let mut targets = Vec::with_capacity(count);
        let mut values = Vec::with_capacity(self.values.len() - count);
        for row in self.values.chunks_exact(width) {
            targets.push(row[target]);
            values.extend_from_slice(&row[..target]);
            values.extend_from_slice(&row[target + 1..]);
        }
        let features = Features::read(&self.subject, name, values, vec![width - 1], Vec::new())?;
        let targets = labels::from_numbers(&self.subject, targets, task, labels::Places::Rows)?;
        Dataset::new(features, targets, format!("column {target}"))
    }
}
