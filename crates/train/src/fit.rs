//! A whole run: from settings to a folder with a trained network and its report.

use crate::config::{Config, ModelKind};
use crate::error::Error;
use crate::evaluate::{Evaluation, evaluate};
use crate::gradient_check::gradient_check;
use crate::network::{Images, Network, mlp};
use crate::page;
use crate::predict::Input;
use crate::prepared::{Part, Prepared};
use crate::run::{Metrics, Run};
use crate::statistics::layer_statistics;
use crate::trainer::{Observer, Stopped, Trainer};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Whether all epochs were made; otherwise the observer stopped the run.
    pub finished: bool,
    /// Metrics of every whole epoch.
    pub metrics: Vec<Metrics>,
    /// The network on the held-out examples.
    pub held_out: Evaluation,
    /// Number of parameters.
    pub parameters: usize,
    /// Seconds spent on training in this call.
    pub seconds: f64,
}

/// Trains a network as the settings say, in a new folder.
///
/// # Errors
/// Impossible settings, data that do not fit, an output that cannot be written, or a loss that is
/// no longer finite (the last good checkpoint is kept).
pub fn fit(config: &Config, folder: &Path, observer: &mut dyn Observer) -> Result<Outcome, Error> {
    config.validate()?;
    let data = Prepared::new(config)?;
    let run = Run::create(folder, config)?;
    start(config, &data, &run, false, observer)
}

/// Goes on with a run that was stopped; the result is bit for bit that of an uninterrupted one.
///
/// # Errors
/// As [`fit`]; also when the folder holds no run, or its files are not whole.
pub fn resume(folder: &Path, observer: &mut dyn Observer) -> Result<(Outcome, Config), Error> {
    let (run, config) = Run::open(folder)?;
    config.validate()?;
    let data = Prepared::new(&config)?;
    let outcome = start(&config, &data, &run, true, observer)?;
    Ok((outcome, config))
}

/// Trains the network that the settings describe.
fn start(
    config: &Config,
    data: &Prepared,
    run: &Run,
    resumed: bool,
    observer: &mut dyn Observer,
) -> Result<Outcome, Error> {
    let outputs = data.objective.outputs();
    match config.model {
        ModelKind::Mlp => {
            train(config, data, run, mlp(config, data.width(), outputs), resumed, observer)
        }
        ModelKind::Cnn => {
            let shape = data.dataset.features().shape();
            train(config, data, run, Images::new(config, shape, outputs)?, resumed, observer)
        }
    }
}

fn train<M: Network>(
    config: &Config,
    data: &Prepared,
    run: &Run,
    model: M,
    resumed: bool,
    observer: &mut dyn Observer,
) -> Result<Outcome, Error> {
    let begun = Instant::now();
    let mut trainer = Trainer::new(config, data, model);
    let mut metrics = vec![];
    if resumed {
        let (state, position) = run.load_checkpoint(trainer.state())?;
        metrics = run.metrics(position.epoch)?;
        (trainer.state, trainer.position) = (Some(state), position);
    } else {
        run.save_json("input.json", &Input::new(data))?;
        run.save_checkpoint(trainer.state(), &trainer.position)?;
        run.save_model(trainer.model())?;
    }
    observer.started(&format!(
        "{}: {} training and {} held-out examples; {}, {} parameters",
        data.dataset.name(),
        data.examples(Part::Training).len(),
        data.examples(Part::HeldOut).len(),
        trainer.model().summary(),
        trainer.model().parameters()
    ));
    let kept = |epochs: usize| match epochs {
        0 => "no epoch was finished".to_string(),
        n => format!("the network of epoch {n} is kept in {}", run.folder().display()),
    };
    let finished = loop {
        match trainer.run(observer) {
            Ok(Stopped::Finished) => break true,
            Ok(Stopped::Asked) => {
                run.save_checkpoint(trainer.state(), &trainer.position)?;
                break false;
            }
            Ok(Stopped::Epoch) => {}
            Err(Error::Diverged { epoch, batch, loss, .. }) => {
                return Err(Error::Diverged { epoch, batch, loss, kept: kept(metrics.len()) });
            }
            Err(e) => return Err(e),
        }
        let batch = trainer.position.batch;
        let (epoch, held_out) = trainer.finish_epoch()?;
        if !held_out.loss.is_finite() {
            return Err(Error::Diverged {
                epoch: epoch.epoch,
                batch,
                loss: held_out.loss,
                kept: kept(metrics.len()),
            });
        }
        observer.epoch(&epoch, config.epochs, data.objective.score_name());
        metrics.push(epoch);
        // Metrics first: a checkpoint never speaks of an epoch that has no line.
        run.save_metrics(&metrics)?;
        run.save_model(trainer.model())?;
        run.save_checkpoint(trainer.state(), &trainer.position)?;
        if observer.stop() && trainer.position.epoch < config.epochs {
            break false;
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    let held_out = evaluate(data, trainer.model(), Part::HeldOut)?;
    let parameters = trainer.model().parameters();
    let outcome = Outcome { finished, metrics, held_out, parameters, seconds };
    if finished {
        let statistics = layer_statistics(data, trainer.model(), config)?;
        let check = gradient_check(data, trainer.model(), config);
        let page = page::page(config, data, trainer.model(), &outcome, &statistics, &check)?;
        report::write_atomically(run.file("report.html"), page)?;
        run.save_json("summary.json", &Summary::new(config, data, &outcome))?;
    }
    Ok(outcome)
}

/// What `summary.json` holds.
#[derive(Serialize)]
struct Summary<'a> {
    schema: u32,
    data: &'a str,
    seed: u64,
    epochs: usize,
    held_out_examples: usize,
    held_out_error: f64,
    held_out_loss: f64,
    score_name: &'a str,
    parameters: usize,
    training_seconds: f64,
}

impl<'a> Summary<'a> {
    fn new(config: &'a Config, data: &'a Prepared, outcome: &Outcome) -> Summary<'a> {
        Summary {
            schema: 1,
            data: &config.data,
            seed: config.seed,
            epochs: outcome.metrics.len(),
            held_out_examples: outcome.held_out.examples.len(),
            held_out_error: outcome.held_out.error(),
            held_out_loss: outcome.held_out.loss,
            score_name: data.objective.score_name(),
            parameters: outcome.parameters,
            training_seconds: outcome.seconds,
        }
    }
}
