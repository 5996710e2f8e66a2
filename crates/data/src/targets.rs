//! Targets: what is to be predicted of each example.

use std::fmt;

use crate::error::{Error, ErrorKind, Place, counted, quoted};

/// One target per example: a class or a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Classification.
    Classes {
        /// The class of each example, an index into `names`.
        labels: Vec<usize>,
        /// What each class is called, in the order of its index. A class may have no example.
        names: Vec<String>,
    },
    /// Regression: a finite number for each example.
    Values(Vec<f64>),
}

impl Targets {
    /// Number of examples.
    pub fn count(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Values(values) => values.len(),
        }
    }

    /// The class of each example, if these are classes.
    pub fn labels(&self) -> Option<&[usize]> {
        match self {
            Targets::Classes { labels, .. } => Some(labels),
            Targets::Values(_) => None,
        }
    }

    /// The names of the classes, if these are classes.
    pub fn class_names(&self) -> Option<&[String]> {
        match self {
            Targets::Classes { names, .. } => Some(names),
            Targets::Values(_) => None,
        }
    }

    /// The number of each example, if these are numbers.
    pub fn values(&self) -> Option<&[f64]> {
        match self {
            Targets::Classes { .. } => None,
            Targets::Values(values) => Some(values),
        }
    }

    /// How many examples each class has, if these are classes. A trainer should say so when only
    /// one entry is not 0: reading such data is allowed, learning from it is not possible.
    pub fn class_counts(&self) -> Option<Vec<usize>> {
        let Targets::Classes { labels, names } = self else { return None };
        let mut counts = vec![0; names.len()];
        for &label in labels {
            counts[label] += 1;
        }
        Some(counts)
    }

    /// The targets of the chosen examples. Classes keep their names and numbering.
    ///
    /// # Panics
    /// If an index is not below [`count`](Targets::count).
    #[track_caller]
    pub fn gather(&self, examples: &[usize]) -> Targets {
        match self {
            Targets::Classes { labels, names } => Targets::Classes {
                labels: examples.iter().map(|&i| labels[i]).collect(),
                names: names.clone(),
            },
            Targets::Values(values) => {
                Targets::Values(examples.iter().map(|&i| values[i]).collect())
            }
        }
    }

    /// The same classes numbered as in `names`, the classes a model was trained on. Two files may
    /// number their classes differently, since each numbers only what it holds.
    ///
    /// # Errors
    /// [`Label`](ErrorKind::Label) if an example has a class that `names` lacks, or if these are
    /// numbers.
    pub(crate) fn renumbered(&self, subject: &str, names: &[String]) -> Result<Targets, Error> {
        let known = || {
            let listed: Vec<String> = names.iter().take(10).map(|name| quoted(name)).collect();
            let more = if names.len() > 10 { ", …" } else { "" };
            format!("the classes are {}{more}", listed.join(", "))
        };
        let Targets::Classes { labels, names: own } = self else {
            return Err(Error::new(ErrorKind::Label, subject, "the targets are numbers", known()));
        };
        let new: Vec<Option<usize>> =
            own.iter().map(|name| names.iter().position(|other| other == name)).collect();
        let labels = labels.iter().enumerate().map(|(row, &label)| {
            new[label].ok_or_else(|| {
                let wrong = format!("{} is none of the classes", quoted(&own[label]));
                Error::new(ErrorKind::Label, subject, wrong, known()).at(Place::Row(row))
            })
        });
        Ok(Targets::Classes { labels: labels.collect::<Result<_, _>>()?, names: names.to_vec() })
    }

    /// Checks what [`Dataset`](crate::Dataset) promises of its targets.
    pub(crate) fn check(&self, subject: &str) -> Result<(), Error> {
        match self {
            Targets::Classes { labels, names } => {
                match labels.iter().position(|&label| label >= names.len()) {
                    None => Ok(()),
                    Some(row) => Err(Error::new(
                        ErrorKind::Label,
                        subject,
                        format!("label {} with {}", labels[row], counted(names.len(), "class")),
                        "labels count from 0 and stay below the number of classes",
                    )
                    .at(Place::Row(row))),
                }
            }
            Targets::Values(values) => match values.iter().position(|value| !value.is_finite()) {
                None => Ok(()),
                Some(row) => Err(not_finite(subject, values[row], Place::Row(row))),
            },
        }
    }
}

/// The complaint about a target that is NaN or infinite.
pub(crate) fn not_finite(subject: &str, value: f64, place: Place) -> Error {
    Error::new(
        ErrorKind::NotFinite,
        subject,
        format!("the target is {value}"),
        "every target must be a finite number: fill it in or drop the example",
    )
    .at(place)
}

/// "10 classes" or "values from 25 to 346".
impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Targets::Classes { names, .. } => write!(f, "{}", counted(names.len(), "class")),
            Targets::Values(values) => {
                let least = values.iter().copied().fold(f64::INFINITY, f64::min);
                let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                write!(f, "values from {least} to {most}")
            }
        }
    }
}
