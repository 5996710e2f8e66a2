//! Gradient clipping.

use crate::rule::{Rule, State, scaled};
use tensor::{DType, Tensor, Tree};

/// The Euclidean norm of all float leaves together, in f64.
pub fn global_norm<M: Tree>(tree: &M) -> Tensor {
    let squares = tree.leaves().into_iter().filter(|l| l.dtype().is_float());
    let total = squares
        .map(|leaf| leaf.square().sum().convert(DType::F64))
        .reduce(|a, b| a + b)
        .unwrap_or_else(|| Tensor::scalar(0.0, DType::F64));
    total.sqrt()
}

/// Scales the gradient down so that its global norm is at most `limit`:
/// `g ← g · min(1, limit/‖g‖)` (Pascanu, Mikolov, Bengio 2013).
#[derive(Clone, Copy, Debug)]
pub struct ClipByGlobalNorm {
    limit: f64,
}

impl ClipByGlobalNorm {
    /// With this limit.
    pub fn new(limit: f64) -> ClipByGlobalNorm {
        ClipByGlobalNorm { limit }
    }
}

impl<M: Tree> Rule<M> for ClipByGlobalNorm {
    fn init(&self, _: &M) -> State<M> {
        State::new(vec![], vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, _: &M) -> (M, State<M>) {
        // limit/max(‖g‖, limit) is 1 below the limit and has no 0/0.
        let factor = self.limit / global_norm(&gradient).maximum(self.limit);
        (gradient.map(|g| scaled(g, &factor)), state.next(vec![], vec![]))
    }
}

/// Clips every element of the gradient to `[−limit, limit]`.
#[derive(Clone, Copy, Debug)]
pub struct ClipByValue {
    limit: f64,
}

impl ClipByValue {
    /// With this limit.
    pub fn new(limit: f64) -> ClipByValue {
        ClipByValue { limit }
    }
}

impl<M: Tree> Rule<M> for ClipByValue {
    fn init(&self, _: &M) -> State<M> {
        State::new(vec![], vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, _: &M) -> (M, State<M>) {
        (gradient.map(|g| g.clip(-self.limit, self.limit)), state.next(vec![], vec![]))
    }
}
