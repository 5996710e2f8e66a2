//! What can go wrong: files that cannot be written, images of the wrong size, unsafe mathematics.

use std::fmt;
use std::path::PathBuf;

/// Why a report could not be made. Every message is one line and says what was expected.
///
/// Numbers are never an error: a value that is not finite is left out of the picture, and the
/// picture says how many were.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be written.
    Write {
        /// The file that was asked for.
        path: PathBuf,
        /// What was expected of it.
        expected: &'static str,
        /// What the operating system answered.
        source: std::io::Error,
    },
    /// An image was given a number of pixels that its width and height do not allow.
    ImageSize {
        /// Width asked for, in pixels.
        width: usize,
        /// Height asked for, in pixels.
        height: usize,
        /// Number of pixels given.
        given: usize,
    },
    /// A matrix was given a number of entries that its labels do not allow.
    MatrixSize {
        /// Number of row labels.
        rows: usize,
        /// Number of column labels.
        columns: usize,
        /// Number of entries given.
        given: usize,
    },
    /// A fragment of MathML is not well-formed, or holds more than presentation mathematics.
    Math {
        /// What is wrong with it.
        reason: String,
    },
    /// Data could not be written as JSON.
    Json {
        /// The name the data was to have in the page.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A picture could not be rasterised (feature `png`).
    Raster {
        /// What is wrong with it.
        reason: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Write { path, expected, source } => {
                write!(f, "cannot write {}: expected {expected}: {source}", path.display())
            }
            Error::ImageSize { width, height, given } => write!(
                f,
                "an image of {width} × {height} pixels expects {} values, got {given}",
                width.saturating_mul(*height)
            ),
            Error::MatrixSize { rows, columns, given } => write!(
                f,
                "a matrix of {rows} rows and {columns} columns expects {} entries, got {given}",
                rows.saturating_mul(*columns)
            ),
            Error::Math { reason } => {
                write!(f, "expected one well-formed MathML element <math>: {reason}")
            }
            Error::Json { name, reason } => {
                write!(f, "cannot write the data {name:?} as JSON: {reason}")
            }
            Error::Raster { reason } => write!(f, "cannot rasterise the picture: {reason}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}
