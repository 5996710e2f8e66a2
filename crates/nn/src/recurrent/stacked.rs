//! Recurrent layers on top of one another.

use super::{Cell, run};
use derive::Tree;
use tensor::Tensor;

/// Cells of which each reads the outputs of the one below.
///
/// ```
/// use nn::recurrent::{Lstm, Stacked};
/// use tensor::{DType, Key, Tensor};
/// let [a, b] = Key::new(0).split();
/// let layers = vec![Lstm::new(a, 3, 5, DType::F64), Lstm::new(b, 5, 4, DType::F64)];
/// let net = Stacked { layers };
/// let xs = Tensor::zeros(&[7, 3], DType::F64);
/// let (states, ys) = net.call(&xs, &net.initial(), None);
/// assert_eq!((states.len(), ys.shape()), (2, &[7, 4][..]));
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Stacked<C> {
    /// The cells, from the input on.
    pub layers: Vec<C>,
}

impl<C: Cell> Stacked<C> {
    /// The states before a sequence: zeros.
    pub fn initial(&self) -> Vec<C::State> {
        self.layers.iter().map(C::initial).collect()
    }

    /// One sequence `xs[time, features]` from these states: the last states and the topmost outputs
    /// `[time, hidden]`; masked as in [`run`].
    ///
    /// # Panics
    /// As [`run`], and when there are not as many states as layers.
    #[track_caller]
    pub fn call(
        &self,
        xs: &Tensor,
        states: &[C::State],
        mask: Option<&Tensor>,
    ) -> (Vec<C::State>, Tensor) {
        let (given, layers) = (states.len(), self.layers.len());
        assert!(given == layers, "Stacked: {given} states for {layers} layers");
        let mut ys = xs.clone();
        let mut last = vec![];
        for (cell, state) in self.layers.iter().zip(states) {
            let after;
            (after, ys) = run(cell, &ys, state, mask, false);
            last.push(after);
        }
        (last, ys)
    }

    /// One step of all layers, `x[features]`: the next states and the topmost output.
    ///
    /// # Panics
    /// When there are not as many states as layers, or features do not fit.
    #[track_caller]
    pub fn step(&self, x: &Tensor, states: &[C::State]) -> (Vec<C::State>, Tensor) {
        let (given, layers) = (states.len(), self.layers.len());
        assert!(given == layers, "Stacked: {given} states for {layers} layers");
        let mut y = x.clone();
        let mut next = vec![];
        for (cell, state) in self.layers.iter().zip(states) {
            let after = cell.step(state, &y);
            y = C::output(&after);
            next.push(after);
        }
        (next, y)
    }
}
