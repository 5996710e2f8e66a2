//! What a recurrent cell is, and the loop over a sequence.

use tensor::transformations::scan_with;
use tensor::{Tensor, Tree};

/// One step of a recurrent network: `state' = f(state, x)`, of which a part is the output.
pub trait Cell: Tree {
    /// What is carried from step to step.
    type State: Tree;

    /// The state before a sequence: zeros.
    fn initial(&self) -> Self::State;

    /// The part of a step that does not depend on the state, for inputs `[…, features]`: done for
    /// all times at once.
    ///
    /// # Panics
    /// When the number of features is not the cell's.
    fn project(&self, x: &Tensor) -> Tensor;

    /// The next state, from the state and the projected input.
    fn advance(&self, state: &Self::State, projected: &Tensor) -> Self::State;

    /// What of a state the next layer sees: `[hidden]`.
    fn output(state: &Self::State) -> Tensor;

    /// The next state.
    ///
    /// # Panics
    /// As [`Cell::project`].
    #[track_caller]
    fn step(&self, state: &Self::State, x: &Tensor) -> Self::State {
        self.advance(state, &self.project(x))
    }
}

/// A cell looped over one sequence `xs[time, features]` from a state, from the last time to the
/// first if `reverse`: the last state, and the outputs `[time, hidden]`.
///
/// Where the mask (truth values `[time]`) is false, the state stays as it is and the output is zero,
/// whatever stands in `xs`. So a sequence with padding behind it ends in the state it has without
/// padding, and read backwards begins at its own end.
///
/// # Panics
/// When `xs` is not `[time, features]` with the cell's features, or the mask is not `[time]` of
/// truth values.
///
/// ```
/// use nn::recurrent::{Cell, Elman, length_mask, run};
/// use tensor::{DType, Key, Tensor};
/// let cell = Elman::new(Key::new(0), 3, 5, DType::F64);
/// let xs = Key::new(1).normal(&[7, 3], DType::F64);
/// let mask = length_mask(&Tensor::from(4_i64), 7);
/// let (last, ys) = run(&cell, &xs, &cell.initial(), Some(&mask), false);
/// let (short, _) = run(&cell, &xs.slice_axis(0, 0, 4), &cell.initial(), None, false);
/// assert_eq!(ys.shape(), [7, 5]);
/// let distance = (last - short).abs().max().item();
/// assert!(distance < 1e-15);
/// ```
#[track_caller]
pub fn run<C: Cell>(
    cell: &C,
    xs: &Tensor,
    state: &C::State,
    mask: Option<&Tensor>,
    reverse: bool,
) -> (C::State, Tensor) {
    let shape = xs.shape();
    assert!(
        shape.len() == 2,
        "run: one sequence is [time, features], the input is {shape:?}; batches come from vmap"
    );
    let Some(mask) = mask else {
        let step = |state: &C::State, projected: &Tensor| {
            let next = cell.advance(state, projected);
            let output = C::output(&next);
            (next, output)
        };
        return scan_with(reverse, None, step, state, &cell.project(xs));
    };
    must_be_mask(mask, shape[0]);
    // What is masked may be anything: zeros take its place, so that no infinity meets a zero.
    let xs = xs.keep_where(&mask.expand_dims(-1), 0.0);
    let step = |state: &C::State, (projected, valid): &(Tensor, Tensor)| {
        let next = cell.advance(state, projected);
        let next = next.zip_map(state, |next, state| valid.select(next, state));
        let output = C::output(&next).keep_where(valid, 0.0);
        (next, output)
    };
    scan_with(reverse, None, step, state, &(cell.project(&xs), mask.clone()))
}

#[track_caller]
fn must_be_mask(mask: &Tensor, time: usize) {
    assert!(
        mask.dtype() == tensor::DType::Bool && mask.shape() == [time],
        "run: the mask of a sequence of {time} steps is truth values [{time}], it is {} {:?}",
        mask.dtype(),
        mask.shape()
    );
}

/// Truth values `[time]`: whether a time lies before the end of a sequence of this length.
///
/// # Panics
/// When the length is not one integer.
///
/// ```
/// use nn::recurrent::length_mask;
/// use tensor::Tensor;
/// assert_eq!(length_mask(&Tensor::from(2_i64), 3).to_vec::<bool>(), [true, true, false]);
/// ```
#[track_caller]
pub fn length_mask(length: &Tensor, time: usize) -> Tensor {
    assert!(
        length.dtype().is_integer() && length.ndim() == 0,
        "length_mask: the length of one sequence is one integer, it is {} {:?}; batches come from \
         vmap",
        length.dtype(),
        length.shape()
    );
    Tensor::arange(time, length.dtype()).lt(length)
}

/// The same state, constant to derivatives: between the windows of truncated back-propagation
/// through time, the state goes on and the derivative stops.
///
/// Source: R. J. Williams, J. Peng, *An efficient gradient-based algorithm for on-line training of
/// recurrent network trajectories*, Neural Computation 2 (1990).
pub fn detached<S: Tree>(state: &S) -> S {
    state.map(Tensor::stop_gradient)
}
