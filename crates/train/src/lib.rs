//! Training as a library: what `mathesis train` does, a program does with the same few calls.
//!
//! ```no_run
//! use train::{Config, Silent, fit};
//! let config = Config { data: "digits".into(), epochs: 20, ..Config::default() };
//! let outcome = fit(&config, "runs/mine".as_ref(), &mut Silent)?;
//! println!("test error: {:.2} %", 100.0 * outcome.held_out.error());
//! # Ok::<(), train::Error>(())
//! ```
//!
//! The way of the data: a [`Config`] names a data set; [`Prepared`] splits and standardises it; a
//! [`Trainer`] makes compiled steps on batches; a [`Run`] is the folder where checkpoints, metrics
//! and the report end up.

extern crate tensor as mathesis;

mod checkpoint;
mod config;
mod error;
mod evaluate;
mod fit;
mod gradient_check;
mod image;
mod network;
mod objective;
mod page;
mod predict;
mod prepared;
mod run;
mod statistics;
mod trainer;

pub use checkpoint::{load_tree, save_tree};
pub use config::{Config, DTypeName, ModelKind, OptimizerKind, ScheduleKind};
pub use error::Error;
pub use evaluate::Evaluation;
pub use fit::{Outcome, fit, resume};
pub use gradient_check::{GradientCheck, gradient_check};
pub use network::Network;
pub use objective::Objective;
pub use predict::{Prediction, Predictor};
pub use prepared::{Part, Prepared};
pub use run::{Metrics, Position, Run};
pub use statistics::{LayerStatistics, layer_statistics};
pub use trainer::{Observer, Progress, Silent, Trainer};
