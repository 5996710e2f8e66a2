//! Data sets and file formats: from what people have on their disks to checked, row-major buffers.
//!
//! This crate knows nothing of tensors. It reads a file into a [`Dataset`], divides its examples
//! ([`split`]), standardises them ([`Standardiser`]) and cuts epochs into [`Batches`]; every random
//! choice is determined by a seed for ever.
//!
//! ```
//! use data::{Batches, Standardiser};
//!
//! let digits = data::embedded::digits(); // or data::load(name_or_path, …)?
//! let split = digits.split(0.2, 42)?; // stratified by class
//! let pixels = digits.features();
//! // One scale for all pixels, from the training part alone.
//! let scale = Standardiser::fit_shared(pixels.values(), pixels.width(), &split.train)?;
//!
//! for epoch in 0..2 {
//!     for batch in Batches::shuffled(&split.train, 128, 42, epoch)? {
//!         let mut x = pixels.gather(&batch.indices); // always 128 × 64
//!         scale.apply(&mut x)?;
//!         let y = digits.targets().gather(&batch.indices);
//!         assert_eq!((x.len(), y.count(), batch.weights.len()), (128 * 64, 128, 128));
//!     }
//! }
//! # Ok::<(), data::Error>(())
//! ```
//!
//! # Promises
//! - What a reader returns is whole: all examples the file promises, every number finite, a target
//!   for each. Anything else is an [`Error`] of one line that says what is wrong, where, and what
//!   would be right. (A text table cut exactly at the end of a line or within its last cell cannot
//!   be told from a shorter table; inside gzip it can.)
//! - No input makes a reader panic, and no header makes it take memory that the file does not fill.
//! - Numbers are as in the file; nothing is scaled, filled in or reordered behind one's back.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod batches;
mod dataset;
pub mod embedded;
mod error;
mod features;
mod folder;
mod format;
mod labels;
mod open;
mod options;
pub mod pytorch;
mod random;
pub mod shuffle;
mod sibling;
mod sniff;
mod source;
pub mod split;
mod standardise;
mod targets;
mod write;

pub use batches::{Batch, Batches};
pub use dataset::Dataset;
pub use error::{Error, ErrorKind, Place};
pub use features::Features;
pub use format::npy::write_npy;
pub use open::{load, open, open_features, open_features_with, open_with};
pub use options::{Column, OpenOptions, Part, Task};
pub use split::Split;
pub use standardise::Standardiser;
pub use targets::Targets;
pub use write::write_csv;
