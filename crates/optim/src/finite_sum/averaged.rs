//! SAG and SAGA: a table of the gradients last seen.

use super::FiniteSum;
use crate::proximal::{Penalty, Regulariser};
use crate::rule::zeros;
use crate::vector::copy;
use derive::Tree;
use tensor::{DType, Key, Tensor, Tree, grad, jit};

/// A model with the gradient last seen of each example: a tree, so that it can be saved. It holds
/// `n + 2` times the model.
#[derive(Clone, Debug, Tree)]
pub struct Remembered<M> {
    /// The model.
    pub model: M,
    /// The sum of the gradients in the table, divided by `n`.
    pub average: M,
    /// The gradient last seen of each example; zeros for those not seen yet.
    pub table: Vec<M>,
    /// Which examples have been seen (bool, `[n]`).
    pub seen: Tensor,
}

impl<M: Tree> Remembered<M> {
    fn new(model: &M, count: usize) -> Remembered<M> {
        let table = (0..count).map(|_| zeros(model)).collect();
        let seen = Tensor::from(vec![false; count]);
        Remembered { model: copy(model), average: zeros(model), table, seen }
    }

    /// Number of examples that have been seen.
    pub fn seen_count(&self) -> usize {
        self.seen.to_vec::<bool>().into_iter().filter(|seen| *seen).count()
    }
}

/// # Panics
/// When the state was made for another number of examples.
#[track_caller]
fn check_count<M>(state: &Remembered<M>, count: usize) {
    assert!(
        state.table.len() == count,
        "the state remembers {} examples, the sum has {count}",
        state.table.len()
    );
}

/// One of the two kinds of step, on all leaves: what follows from model, average, the example's
/// old gradient, its new one, and the factors.
struct Step<M> {
    model: M,
    average: M,
    gradient: M,
}

/// Stochastic average gradient: one gradient `gᵢ = ∇fᵢ(x)` takes the place of the old one in a
/// table, and the step is along the table's average, `x ← x − η (1/n) Σ gⱼ`.
///
/// With `η = 1/(16 L)`, `L` the largest Lipschitz constant of a `∇fᵢ`,
/// `E f(xᵏ) − f* ≤ (1 − min{μ/16L, 1/8n})ᵏ C₀` where `f` is μ-strongly convex; `η = 1/L` is faster
/// in practice. Examples of very different length make `L` large: normalise them. Indices are
/// drawn with replacement.
///
/// Source: M. Schmidt, N. Le Roux, F. Bach, *Minimizing finite sums with the stochastic average
/// gradient*, Math. Programming 162 (2017), algorithm 1 and theorem 1.
///
/// ```
/// use optim::{FiniteSum, Sag};
/// use tensor::{Key, Tensor};
/// let points = Tensor::from([1.0, 2.0, 6.0]);
/// let sum = FiniteSum::new(3, |x: &Tensor, i: &Tensor| (x - points.take(i, 0)).square() * 0.5);
/// let sag = Sag::new(0.3);
/// let mut state = sag.init(&sum, &Tensor::from(0.0));
/// for key in Key::new(0).split_n(60) {
///     state = sag.pass(&sum, state, key);
/// }
/// assert!((state.model.item() - 3.0).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sag {
    rate: f64,
    by_seen: bool,
}

impl Sag {
    /// With step size η.
    pub fn new(rate: f64) -> Sag {
        Sag { rate, by_seen: false }
    }

    /// Divides the sum of the table by the number of examples seen so far instead of `n` (section
    /// 4.1 of the paper): longer steps in the first pass.
    pub fn divide_by_seen(mut self) -> Sag {
        self.by_seen = true;
        self
    }

    /// The state before the first step: an empty table.
    pub fn init<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        model: &M,
    ) -> Remembered<M> {
        Remembered::new(model, sum.count())
    }

    /// As many steps as there are examples.
    ///
    /// # Panics
    /// When the state was made for another number of examples.
    #[track_caller]
    pub fn pass<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        state: Remembered<M>,
        key: Key,
    ) -> Remembered<M> {
        self.steps(sum, state, key, |_| None)
    }

    /// As many steps as there are examples, for `f + h` with a smooth term `h` whose gradient is
    /// taken afresh at each step instead of being remembered with those of the examples:
    /// `x ← x − η ((1/n) Σ gⱼ + ∇h(x))`. With `η = 1/L` that matters much: on the logistic
    /// regression of this crate's tests twenty passes end at 10⁻¹² with the penalty here, and at
    /// 10⁻⁵ with the same penalty in each `fᵢ`.
    ///
    /// # Panics
    /// When the state was made for another number of examples.
    #[track_caller]
    pub fn penalised_pass<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        penalty: impl Fn(&M) -> Tensor,
        state: Remembered<M>,
        key: Key,
    ) -> Remembered<M> {
        self.steps(sum, state, key, |x| Some(grad(|x: &M| penalty(x))(x)))
    }

    #[track_caller]
    fn steps<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        state: Remembered<M>,
        key: Key,
        exact: impl Fn(&M) -> Option<M>,
    ) -> Remembered<M> {
        let n = sum.count() as f64;
        let step = |x: &M, average: &M, old: &M, new: M, share: &Tensor| {
            let average = average.zip_map(&difference(&new, old), |a, d| a + d / n);
            let direction = average.map(|a| {
                if a.dtype().is_float() { a * share.convert(a.dtype()) } else { a.clone() }
            });
            let direction = match exact(x) {
                Some(gradient) => direction.zip_map(&gradient, |d, g| d + g),
                None => direction,
            };
            let rate = Tensor::scalar(self.rate, DType::F64);
            let model = x.zip_map(&direction, |x, d| moved(x, d, &rate));
            Step { model, average, gradient: new }
        };
        // What the average is multiplied by.
        let by_seen = self.by_seen;
        pass(sum, state, key, step, |seen| if by_seen { n / seen as f64 } else { 1.0 })
    }
}

/// SAGA: as SAG, but with a step that is unbiased,
/// `x ← prox_{ηR}(x − η (gᵢ − gᵢ⁻ + (1/n) Σ gⱼ⁻))`, the average taken before the table changes.
/// With `η = 1/(3L)` it converges linearly where `f` is strongly convex, and it takes a
/// regulariser by its proximal operator.
///
/// Source: A. Defazio, F. Bach, S. Lacoste-Julien, *SAGA: a fast incremental gradient method with
/// support for non-strongly convex composite objectives*, NIPS 2014.
///
/// ```
/// use optim::{FiniteSum, L1, Regulariser, Saga};
/// use tensor::{Key, Tensor};
/// let points = Tensor::from([1.0, 2.0, 6.0]);
/// let sum = FiniteSum::new(3, |x: &Tensor, i: &Tensor| (x - points.take(i, 0)).square() * 0.5);
/// let saga = Saga::new(0.3);
/// let lasso = Regulariser::new(L1::new(1.0));
/// let mut state = saga.init(&sum, &Tensor::from(0.0));
/// for key in Key::new(0).split_n(60) {
///     state = saga.regularised_pass(&sum, &lasso, state, key);
/// }
/// assert!((state.model.item() - 2.0).abs() < 1e-6); // 3, shrunk by 1
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Saga {
    rate: f64,
}

impl Saga {
    /// With step size η.
    pub fn new(rate: f64) -> Saga {
        Saga { rate }
    }

    /// The state before the first step: an empty table.
    pub fn init<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        model: &M,
    ) -> Remembered<M> {
        Remembered::new(model, sum.count())
    }

    /// As many steps as there are examples, without a regulariser.
    ///
    /// # Panics
    /// When the state was made for another number of examples.
    #[track_caller]
    pub fn pass<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        state: Remembered<M>,
        key: Key,
    ) -> Remembered<M> {
        self.steps(sum, state, key, |x, _| x)
    }

    /// As many steps as there are examples, for `f + R`.
    ///
    /// # Panics
    /// When the state was made for another number of examples.
    #[track_caller]
    pub fn regularised_pass<M: Tree, P: Penalty, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        regulariser: &Regulariser<P>,
        state: Remembered<M>,
        key: Key,
    ) -> Remembered<M> {
        self.steps(sum, state, key, |x, rate| regulariser.prox(&x, rate))
    }

    #[track_caller]
    fn steps<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        state: Remembered<M>,
        key: Key,
        prox: impl Fn(M, &Tensor) -> M,
    ) -> Remembered<M> {
        let n = sum.count() as f64;
        let step = |x: &M, average: &M, old: &M, new: M, factor: &Tensor| {
            let change = difference(&new, old);
            let direction = change.zip_map(average, |d, a| d + a);
            let model = prox(x.zip_map(&direction, |x, d| moved(x, d, factor)), factor);
            let average = average.zip_map(&change, |a, d| a + d / n);
            Step { model, average, gradient: new }
        };
        pass(sum, state, key, step, |_| self.rate)
    }
}

/// `new − old`; leaves that are not floats have no gradients and keep their zeros.
fn difference<M: Tree>(new: &M, old: &M) -> M {
    new.zip_map(old, |new, old| if new.dtype().is_float() { new - old } else { old.clone() })
}

/// `x − factor·d`.
fn moved(x: &Tensor, d: &Tensor, factor: &Tensor) -> Tensor {
    if x.dtype().is_float() { x - d * factor.convert(x.dtype()) } else { x.clone() }
}

/// Runs one kind of step over `n` random examples. The step is compiled; the table stays outside,
/// where one entry changes hands at a time and nothing is copied.
#[track_caller]
fn pass<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
    sum: &FiniteSum<F>,
    mut state: Remembered<M>,
    key: Key,
    step: impl Fn(&M, &M, &M, M, &Tensor) -> Step<M>,
    factor: impl Fn(usize) -> f64,
) -> Remembered<M> {
    check_count(&state, sum.count());
    type Input<M> = ((M, M), (M, Tensor, Tensor));
    let compiled = jit(|((x, average), (old, i, factor)): &Input<M>| {
        let new = sum.gradient_at(x, i);
        let step = step(x, average, old, new, factor);
        (step.model, step.average, step.gradient)
    });
    let mut seen: Vec<bool> = state.seen.to_vec();
    let mut count = state.seen_count();
    for i in sum.draw(key) {
        let at = i as usize;
        count += usize::from(!seen[at]);
        seen[at] = true;
        let old = copy(&state.table[at]);
        let factor = Tensor::scalar(factor(count), DType::F64);
        let input = ((state.model, state.average), (old, Tensor::from(i), factor));
        let (model, average, gradient) = compiled(&input);
        (state.model, state.average, state.table[at]) = (model, average, gradient);
    }
    state.seen = Tensor::from(seen);
    state
}
