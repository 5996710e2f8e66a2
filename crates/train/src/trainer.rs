//! The loop: compiled steps on batches, epoch after epoch.

use crate::config::{Config, OptimizerKind};
use crate::error::Error;
use crate::evaluate::{Evaluation, evaluate};
use crate::network::Network;
use crate::prepared::{Part, Prepared};
use crate::run::{Metrics, Position};
use data::Batches;
use derive::Tree;
use optim::{Adam, AdamW, AddDecayedWeights, Chain, ClipByGlobalNorm, Rule, Sgd};
use tensor::{DType, Key, Tensor, jit_step, value_and_grad};

/// How far training has come, after a step.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// The batch in the epoch, counted from 1.
    pub batch: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// Mean training loss of the epoch so far.
    pub loss: f64,
    /// Mean training score of the epoch so far: accuracy or R².
    pub score: f64,
    /// What the score is called.
    pub score_name: &'static str,
    /// Examples in this step.
    pub examples: usize,
}

/// Somebody who watches, and may stop the run.
pub trait Observer {
    /// Training begins; `summary` says with what.
    fn started(&mut self, summary: &str) {
        let _ = summary;
    }
    /// A step has been made.
    fn step(&mut self, progress: &Progress) {
        let _ = progress;
    }
    /// An epoch is over.
    fn epoch(&mut self, metrics: &Metrics, epochs: usize, score_name: &'static str) {
        let _ = (metrics, epochs, score_name);
    }
    /// Whether to stop now; asked after each step. What has been learned is saved.
    fn stop(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {}

/// What a step changes.
#[derive(Tree)]
pub(crate) struct State<M> {
    pub(crate) model: M,
    pub(crate) optimizer: optim::State<M>,
}

type Batch = (Tensor, Tensor, Tensor);
type Step<M> = Box<dyn Fn(State<M>, &Batch) -> (State<M>, (Tensor, Tensor))>;

/// Trains one network on prepared data.
pub struct Trainer<'a, M: Network> {
    config: &'a Config,
    data: &'a Prepared,
    step: Step<M>,
    pub(crate) state: Option<State<M>>,
    pub(crate) position: Position,
    batches: usize,
    schedule: optim::Schedule,
}

/// Tells the moves of images from other choices that a run's seed makes.
const MOVES: u64 = 0x6d6f_7665;

/// Why [`Trainer::run`] came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stopped {
    /// An epoch is over.
    Epoch,
    /// The observer asked.
    Asked,
    /// All epochs are over.
    Finished,
}

impl<'a, M: Network> Trainer<'a, M> {
    /// A trainer at the beginning.
    pub fn new(config: &'a Config, data: &'a Prepared, model: M) -> Trainer<'a, M> {
        let batches = data.examples(Part::Training).len().div_ceil(config.batch);
        let schedule = config.learning_rate_schedule(batches);
        let rule = rule(config, schedule.clone());
        let optimizer = rule.init(&model);
        let (objective, smoothing) = (data.objective, config.label_smoothing);
        let step = jit_step(move |s: &State<M>, (x, y, w): &Batch| {
            let total = w.sum();
            let loss = |m: &M| (objective.losses(&m.outputs(x), y, smoothing) * w).sum() / &total;
            let (loss, gradient) = value_and_grad(loss)(&s.model);
            let score = objective.scores(&s.model.outputs(x), y) * w.convert(DType::F64);
            let (updates, optimizer) = rule.update(gradient, &s.optimizer, &s.model);
            let model = optim::apply_updates(&s.model, &updates);
            (State { model, optimizer }, (loss.convert(DType::F64), score.sum()))
        });
        let state = Some(State { model, optimizer });
        let position = Position::default();
        Trainer { config, data, step: Box::new(step), state, position, batches, schedule }
    }

    /// The network as it is now.
    pub fn model(&self) -> &M {
        &self.state().model
    }

    pub(crate) fn state(&self) -> &State<M> {
        self.state.as_ref().expect("invariant: the state is away only inside a step")
    }

    /// Trains until the end of the epoch, or until the observer asks to stop.
    ///
    /// # Errors
    /// When the loss is no longer finite; the position and the state are then those before the
    /// step that showed it.
    pub(crate) fn run(&mut self, observer: &mut dyn Observer) -> Result<Stopped, Error> {
        let part = self.data.examples(Part::Training);
        let epoch = self.position.epoch;
        if epoch >= self.config.epochs {
            return Ok(Stopped::Finished);
        }
        let all = Batches::shuffled(part, self.config.batch, self.config.seed, epoch as u64)?;
        for batch in all.skip(self.position.batch) {
            // A step's moves depend on where it stands, not on what came before: a resumed run
            // makes the same.
            let at = self.position.batch as i64;
            let key = || Key::new(self.config.seed ^ MOVES).fold_in(epoch as i64).fold_in(at);
            let (x, y) = self.data.gather_shifted(&batch.indices, self.config.shift, key)?;
            let w =
                tensor::Array::from_f64(self.data.dtype(), &batch.weights, &[batch.weights.len()]);
            let state = self.state.take().expect("invariant: the state is away only inside a step");
            let (state, (loss, score)) = (self.step)(state, &(x, y, Tensor::new(w)));
            let (loss, score) = (loss.item(), score.item());
            self.state = Some(state);
            if !loss.is_finite() {
                return Err(Error::Diverged {
                    epoch: epoch + 1,
                    batch: self.position.batch + 1,
                    loss,
                    kept: String::new(),
                });
            }
            let p = &mut self.position;
            p.batch += 1;
            p.examples += batch.count;
            p.loss_sum += loss * batch.count as f64;
            p.score_sum += score;
            observer.step(&Progress {
                epoch: epoch + 1,
                epochs: self.config.epochs,
                batch: p.batch,
                batches: self.batches,
                loss: p.loss_sum / p.examples as f64,
                score: self.data.objective.shown(p.score_sum / p.examples as f64),
                score_name: self.data.objective.score_name(),
                examples: batch.count,
            });
            if observer.stop() && self.position.batch < self.batches {
                return Ok(Stopped::Asked);
            }
        }
        Ok(Stopped::Epoch)
    }

    /// Measures the epoch that is over and moves on to the next.
    pub(crate) fn finish_epoch(&mut self) -> Result<(Metrics, Evaluation), Error> {
        let held_out = evaluate(self.data, self.model(), Part::HeldOut)?;
        let p = &self.position;
        let steps = ((p.epoch + 1) * self.batches) as i64;
        let metrics = Metrics {
            epoch: p.epoch + 1,
            training_loss: p.loss_sum / p.examples as f64,
            training_score: self.data.objective.shown(p.score_sum / p.examples as f64),
            held_out_loss: held_out.loss,
            held_out_score: held_out.score,
            learning_rate: self.schedule.at(&Tensor::from(steps - 1)).item(),
        };
        self.position = Position { epoch: p.epoch + 1, ..Position::default() };
        Ok((metrics, held_out))
    }
}

/// The update rule that the settings describe.
fn rule<M: Network>(config: &Config, schedule: optim::Schedule) -> Chain<M> {
    let weights = |path: &str| !path.ends_with("bias");
    let mut chain = Chain::new();
    if let Some(limit) = config.clip {
        chain = chain.then(ClipByGlobalNorm::new(limit));
    }
    if config.weight_decay > 0.0 && config.optimizer != OptimizerKind::Adamw {
        chain = chain.then(AddDecayedWeights::new(config.weight_decay).only(weights));
    }
    match config.optimizer {
        OptimizerKind::Sgd => {
            let sgd = Sgd::new(schedule).momentum(config.momentum);
            chain.then(if config.nesterov { sgd.nesterov() } else { sgd })
        }
        OptimizerKind::Adam => chain.then(Adam::new(schedule)),
        OptimizerKind::Adamw => {
            chain.then(AdamW::new(schedule, config.weight_decay).decay_only(weights))
        }
    }
}
