//! What methods that minimise a function all the way need: the function, compiled and counted, and
//! the report at the end.

use crate::vector::copy;
use std::cell::Cell;
use std::fmt;
use tensor::{Tensor, Tree, hvp, jit, value_and_grad};

/// How often a method asked for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evaluations {
    /// Values of the function alone.
    pub values: usize,
    /// Values with gradients (for least squares: residuals with products by `Jᵀ`).
    pub gradients: usize,
    /// Products of a vector with the Hessian, the Gauss–Newton matrix, the Fisher matrix, or a
    /// Jacobian.
    pub products: usize,
}

/// Why a method ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Status {
    /// The gradient's norm fell below the tolerance.
    Converged,
    /// The limit of steps was reached first.
    StepLimit,
    /// No step reduced the function, although the gradient is not small: rounding has the last
    /// word here, or the gradient is not that of the function.
    NoProgress,
    /// The function or its gradient is NaN or infinite at the point that is returned. A point
    /// tried on the way may be so; then a shorter step is taken.
    NotFinite,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Converged => "converged: the gradient is below the tolerance",
            Status::StepLimit => "the limit of steps was reached before the tolerance",
            Status::NoProgress => "no step reduces the function any more, by rounding perhaps",
            Status::NotFinite => "the function or its gradient is NaN or infinite here",
        })
    }
}

/// Where a method ended, and what it took.
#[derive(Clone, Debug)]
pub struct Outcome<M> {
    /// The last point.
    pub model: M,
    /// The function there.
    pub value: f64,
    /// The norm of the gradient there (of the gradient mapping, where a proximal operator takes
    /// part).
    pub gradient_norm: f64,
    /// Number of steps made.
    pub steps: usize,
    /// What was evaluated on the way.
    pub evaluations: Evaluations,
    /// Why it ended.
    pub status: Status,
    /// The function at the start and after each step.
    pub history: Vec<f64>,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) tolerance: f64,
    pub(crate) steps: usize,
}

type Both<'f, M> = Box<dyn Fn(&M) -> (Tensor, M) + 'f>;
type Product<'f, M> = Box<dyn Fn(&(M, M)) -> M + 'f>;

/// A function with its derivatives, each compiled at its first use, and counted.
pub(crate) struct Objective<'f, M> {
    value: Box<dyn Fn(&M) -> Tensor + 'f>,
    both: Both<'f, M>,
    product: Product<'f, M>,
    counts: Cell<Evaluations>,
}

impl<'f, M: Tree + 'f> Objective<'f, M> {
    pub(crate) fn new(f: &'f dyn Fn(&M) -> Tensor) -> Objective<'f, M> {
        Objective {
            value: Box::new(jit(f)),
            both: Box::new(jit(move |x: &M| value_and_grad(f)(x))),
            product: Box::new(jit(move |(x, v): &(M, M)| hvp(f)(x, v))),
            counts: Cell::default(),
        }
    }

    fn count(&self, which: impl FnOnce(&mut Evaluations)) {
        let mut counts = self.counts.get();
        which(&mut counts);
        self.counts.set(counts);
    }

    /// The value alone.
    pub(crate) fn value(&self, x: &M) -> f64 {
        self.count(|c| c.values += 1);
        (self.value)(x).item()
    }

    /// Value and gradient.
    pub(crate) fn value_and_grad(&self, x: &M) -> (f64, M) {
        self.count(|c| c.gradients += 1);
        let (value, gradient) = (self.both)(x);
        (value.item(), gradient)
    }

    /// The Hessian at `x` times `v`.
    pub(crate) fn product(&self, x: &M, v: &M) -> M {
        self.count(|c| c.products += 1);
        (self.product)(&(copy(x), copy(v)))
    }

    pub(crate) fn evaluations(&self) -> Evaluations {
        self.counts.get()
    }
}

/// Whether a point may be worked with.
pub(crate) fn finite(value: f64, gradient_norm: f64) -> bool {
    value.is_finite() && gradient_norm.is_finite()
}
