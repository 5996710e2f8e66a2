//! What can go wrong in training, each said in one line.

use std::fmt;
use std::path::{Path, PathBuf};

/// An error of a training run.
#[derive(Debug)]
pub enum Error {
    /// The data cannot be read or do not fit.
    Data(data::Error),
    /// An output cannot be written.
    Output(report::Error),
    /// A setting is impossible, or contradicts another.
    Setting {
        /// Its name, as on the command line.
        name: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A run's folder or a file in it is not what it should be.
    Run {
        /// Where.
        path: PathBuf,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The loss is no longer a finite number.
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The batch in it, counted from 1.
        batch: usize,
        /// The value.
        loss: f64,
        /// What is kept.
        kept: String,
    },
}

impl Error {
    pub(crate) fn setting(name: &str, message: impl Into<String>) -> Error {
        Error::Setting { name: name.to_string(), message: message.into() }
    }

    pub(crate) fn run(path: &Path, message: impl Into<String>) -> Error {
        Error::Run { path: path.to_path_buf(), message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Data(e) => e.fmt(f),
            Error::Output(e) => e.fmt(f),
            Error::Setting { name, message } => write!(f, "--{name}: {message}"),
            Error::Run { path, message } => write!(f, "{}: {message}", path.display()),
            Error::Diverged { epoch, batch, loss, kept } => write!(
                f,
                "training diverged: the loss is {loss} at epoch {epoch}, batch {batch}; {kept}; \
                 try a smaller --learning-rate, or --clip 1"
            ),
        }
    }
}

impl std::error::Error for Error {}

impl From<data::Error> for Error {
    fn from(e: data::Error) -> Error {
        Error::Data(e)
    }
}

impl From<report::Error> for Error {
    fn from(e: report::Error) -> Error {
        Error::Output(e)
    }
}
