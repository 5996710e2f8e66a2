//! Rules that ask which parameters: weight decay, and what trains at all.

use crate::rule::{Rule, State};
use std::fmt;
use std::sync::Arc;
use tensor::tree::Path;
use tensor::{Tensor, Tree};

/// A choice of parameters by their paths.
#[derive(Clone)]
pub(crate) struct Paths(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl Paths {
    pub(crate) fn new(which: impl Fn(&str) -> bool + Send + Sync + 'static) -> Paths {
        Paths(Arc::new(which))
    }
    pub(crate) fn all() -> Paths {
        Paths::new(|_| true)
    }
    pub(crate) fn pick(&self, path: &str) -> bool {
        (self.0)(path)
    }
}

impl fmt::Debug for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Paths(..)")
    }
}

/// Adds `λ θ` to the gradient of the chosen parameters: the gradient of the penalty `λ/2 ‖θ‖²`.
/// Before a momentum or Adam link this is L2 regularisation; see [`crate::AdamW`] for decoupled
/// decay.
#[derive(Clone, Debug)]
pub struct AddDecayedWeights {
    decay: f64,
    which: Paths,
}

impl AddDecayedWeights {
    /// For every parameter.
    pub fn new(decay: f64) -> AddDecayedWeights {
        AddDecayedWeights { decay, which: Paths::all() }
    }

    /// Only for the parameters whose path the predicate picks.
    pub fn only(mut self, which: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.which = Paths::new(which);
        self
    }
}

impl<M: Tree> Rule<M> for AddDecayedWeights {
    fn init(&self, _: &M) -> State<M> {
        State::new(vec![], vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, model: &M) -> (M, State<M>) {
        let parameters = model.leaves();
        let mut parameters = parameters.iter();
        let decayed = gradient.map_with_path(&mut Path::root(), &mut |path, g| {
            let p = parameters.next().expect("invariant: a gradient has the model's structure");
            let decays = self.which.pick(path.as_str()) && p.dtype().is_float();
            if decays { g + p * self.decay } else { g.clone() }
        });
        (decayed, state.next(vec![], vec![]))
    }
}

/// A rule applied to the chosen parameters alone; the others stay as they are.
#[derive(Clone, Debug)]
pub struct Trainable<R> {
    rule: R,
    which: Paths,
}

impl<R> Trainable<R> {
    /// Trains only the parameters whose path the predicate picks.
    pub fn new(rule: R, which: impl Fn(&str) -> bool + Send + Sync + 'static) -> Trainable<R> {
        Trainable { rule, which: Paths::new(which) }
    }
}

impl<M: Tree, R: Rule<M>> Rule<M> for Trainable<R> {
    fn init(&self, model: &M) -> State<M> {
        self.rule.init(model)
    }

    fn update(&self, gradient: M, state: &State<M>, model: &M) -> (M, State<M>) {
        let masked = |tree: &M| {
            tree.map_with_path(&mut Path::root(), &mut |path, leaf: &Tensor| {
                if self.which.pick(path.as_str()) { leaf.clone() } else { leaf.zeros_like() }
            })
        };
        let (updates, state) = self.rule.update(masked(&gradient), state, model);
        (masked(&updates), state)
    }
}
