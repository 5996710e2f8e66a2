//! A run's folder: what is in it, and when it is written.
//!
//! | file | what |
//! |---|---|
//! | `config.toml` | the settings |
//! | `model.safetensors` | the network after the last whole epoch, named by its paths |
//! | `input.json` | what `predict` must know: shapes, standardisation, class names |
//! | `checkpoint.safetensors` | network, optimiser state and position, to resume from |
//! | `metrics.jsonl` | one line per epoch; no times, so that equal runs have equal files |
//! | `summary.json` | the result |
//! | `report.html` | the page worth opening |

use crate::checkpoint::{leaves, load_metadata, load_tree, save};
use crate::config::Config;
use crate::error::Error;
use crate::network::Network;
use crate::trainer::State;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// How far a run has come: whole epochs, and sums over the batches of the one begun.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Whole epochs.
    pub epoch: usize,
    /// Batches of the epoch begun.
    pub batch: usize,
    /// Examples of the epoch begun.
    pub examples: usize,
    /// Sum of their losses.
    pub loss_sum: f64,
    /// Sum of their scores.
    pub score_sum: f64,
}

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Mean training loss during the epoch (label smoothing included).
    pub training_loss: f64,
    /// Mean training score during the epoch: accuracy or R².
    pub training_score: f64,
    /// Loss on held-out examples after the epoch (without label smoothing).
    pub held_out_loss: f64,
    /// Score on held-out examples after the epoch.
    pub held_out_score: f64,
    /// The step size of the epoch's last step.
    pub learning_rate: f64,
}

/// A run's folder.
#[derive(Clone, Debug)]
pub struct Run {
    folder: PathBuf,
}

impl Run {
    /// A folder for a new run.
    ///
    /// # Errors
    /// When it already holds a run, or cannot be made.
    pub fn create(folder: &Path, config: &Config) -> Result<Run, Error> {
        let run = Run { folder: folder.to_path_buf() };
        if run.file("config.toml").exists() {
            return Err(Error::run(
                folder,
                "already holds a run; give another --out, or go on with it by --resume",
            ));
        }
        std::fs::create_dir_all(folder)
            .map_err(|e| Error::run(folder, format!("cannot be made: {e}; give another --out")))?;
        report::write_atomically(run.file("config.toml"), config.to_toml())?;
        Ok(run)
    }

    /// The folder of a run that exists.
    ///
    /// # Errors
    /// When there is none, or its settings cannot be read.
    pub fn open(folder: &Path) -> Result<(Run, Config), Error> {
        let run = Run { folder: folder.to_path_buf() };
        let path = run.file("config.toml");
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Error::run(folder, format!("holds no run: config.toml cannot be read ({e})"))
        })?;
        let config = Config::from_toml(&text).map_err(|e| Error::run(&path, e.to_string()))?;
        Ok((run, config))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Saves everything that a resumed run needs.
    pub(crate) fn save_checkpoint<M: Network>(
        &self,
        state: &State<M>,
        position: &Position,
    ) -> Result<(), Error> {
        let mut named = leaves("model", &state.model);
        named.extend(leaves("optimizer", &state.optimizer));
        let position = serde_json::to_string(position).expect("invariant: positions have a text");
        let metadata = HashMap::from([("position".to_string(), position)]);
        save(&self.file("checkpoint.safetensors"), named, metadata)
    }

    /// Loads it again, into the structure of `template`.
    pub(crate) fn load_checkpoint<M: Network>(
        &self,
        template: &State<M>,
    ) -> Result<(State<M>, Position), Error> {
        let path = self.file("checkpoint.safetensors");
        let model = load_tree(&path, "model", &template.model)?;
        let optimizer = load_tree(&path, "optimizer", &template.optimizer)?;
        let metadata = load_metadata(&path)?;
        let position = metadata.get("position").and_then(|p| serde_json::from_str(p).ok());
        let position = position.ok_or_else(|| Error::run(&path, "says no position"))?;
        Ok((State { model, optimizer }, position))
    }

    /// Saves the network by itself.
    pub(crate) fn save_model<M: Network>(&self, model: &M) -> Result<(), Error> {
        save(&self.file("model.safetensors"), leaves("", model), HashMap::new())
    }

    /// Writes the metrics of all epochs so far.
    pub(crate) fn save_metrics(&self, metrics: &[Metrics]) -> Result<(), Error> {
        let line = |m: &Metrics| serde_json::to_string(m).expect("invariant: metrics have a text");
        let text: String = metrics.iter().map(|m| line(m) + "\n").collect();
        Ok(report::write_atomically(self.file("metrics.jsonl"), text)?)
    }

    /// The metrics of the first `epochs` epochs.
    ///
    /// # Errors
    /// When the file is missing or a line is not what it should be, with its number.
    pub fn metrics(&self, epochs: usize) -> Result<Vec<Metrics>, Error> {
        let path = self.file("metrics.jsonl");
        if epochs == 0 {
            return Ok(vec![]);
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Error::run(&path, format!("cannot be read: {e}")))?;
        let metrics: Vec<Metrics> = text
            .lines()
            .take(epochs)
            .enumerate()
            .map(|(i, line)| {
                serde_json::from_str(line)
                    .map_err(|e| Error::run(&path, format!("line {}: {e}", i + 1)))
            })
            .collect::<Result<_, _>>()?;
        if metrics.len() < epochs {
            let message =
                format!("has {} lines, the checkpoint is at epoch {epochs}", metrics.len());
            return Err(Error::run(&path, message));
        }
        Ok(metrics)
    }

    /// Writes a value as JSON.
    pub(crate) fn save_json(&self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|e| Error::run(&self.file(name), format!("has no JSON text: {e}")))?;
        Ok(report::write_atomically(self.file(name), text + "\n")?)
    }
}
