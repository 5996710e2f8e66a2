//! What an update rule is.

use derive::Tree;
use tensor::{DType, Tensor, Tree};

/// The state of a rule: a tree, so that it can be saved, moved through a compiled step, and
/// batched. All rules share this one type, so that a chain can be put together at run time.
#[derive(Clone, Debug, Tree)]
pub struct State<M> {
    /// Number of updates made so far (i64 scalar).
    pub count: Tensor,
    /// What the rule remembers per parameter, such as momenta.
    pub slots: Vec<M>,
    /// The states of the links, for a chain.
    pub links: Vec<State<M>>,
}

impl<M: Tree> State<M> {
    /// A state before the first update.
    pub fn new(slots: Vec<M>, links: Vec<State<M>>) -> State<M> {
        State { count: Tensor::scalar(0.0, DType::I64), slots, links }
    }

    /// The state after one more update.
    pub fn next(&self, slots: Vec<M>, links: Vec<State<M>>) -> State<M> {
        State { count: &self.count + 1, slots, links }
    }
}

/// An update rule for models of type `M`: pure functions of gradient, state and model.
pub trait Rule<M: Tree>: Send + Sync {
    /// The state before the first update.
    fn init(&self, model: &M) -> State<M>;

    /// The change to make (to be added to the model) and the next state. In a chain, `gradient` is
    /// what the links before have made of it.
    fn update(&self, gradient: M, state: &State<M>, model: &M) -> (M, State<M>);
}

/// The model after a change: `θ + u`, leaf by leaf.
pub fn apply_updates<M: Tree>(model: &M, updates: &M) -> M {
    model.zip_map(updates, |p, u| if p.dtype().is_float() { p + u } else { p.clone() })
}

/// Zeros of the model's structure: the usual initial memory.
pub(crate) fn zeros<M: Tree>(model: &M) -> M {
    model.map(Tensor::zeros_like)
}

/// A scalar (f64) as a factor for tensors of any float dtype.
pub(crate) fn scaled(x: &Tensor, factor: &Tensor) -> Tensor {
    x * factor.convert(x.dtype())
}
