//! SVRG.

use super::FiniteSum;
use crate::vector::copy;
use tensor::{Key, Tensor, Tree, jit};

/// Stochastic variance reduced gradient: at a snapshot `x̃` the full gradient is worked out, then
/// `m` steps `x ← x − η (∇fᵢ(x) − ∇fᵢ(x̃) + ∇f(x̃))` follow, and the last point is the next
/// snapshot. Nothing is remembered per example; an epoch costs `n + 2m` gradients.
///
/// Source: R. Johnson, T. Zhang, *Accelerating stochastic gradient descent using predictive
/// variance reduction*, NIPS 2013, figure 1, option I.
///
/// ```
/// use optim::{FiniteSum, Svrg};
/// use tensor::{Key, Tensor};
/// let points = Tensor::from([1.0, 2.0, 6.0]);
/// let sum = FiniteSum::new(3, |x: &Tensor, i: &Tensor| (x - points.take(i, 0)).square() * 0.5);
/// let mut x = Tensor::from(0.0);
/// for key in Key::new(0).split_n(20) {
///     x = Svrg::new(0.3).epoch(&sum, &x, key);
/// }
/// assert!((x.item() - 3.0).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Svrg {
    rate: f64,
    inner: Option<usize>,
}

impl Svrg {
    /// With step size η, and `m = 2n` as the authors have it for convex functions.
    pub fn new(rate: f64) -> Svrg {
        Svrg { rate, inner: None }
    }

    /// With another number `m` of steps per snapshot.
    pub fn inner(mut self, steps: usize) -> Svrg {
        self.inner = Some(steps);
        self
    }

    /// One epoch from a snapshot: the next one.
    pub fn epoch<M: Tree, F: Fn(&M, &Tensor) -> Tensor>(
        &self,
        sum: &FiniteSum<F>,
        snapshot: &M,
        key: Key,
    ) -> M {
        let full = sum.full_gradient()(snapshot);
        type Input<M> = (M, M, M, Tensor);
        let step =
            jit(|(x, snapshot, full, i): &Input<M>| {
                let here = sum.gradient_at(x, i);
                let there = sum.gradient_at(snapshot, i);
                let change = here.zip_map(&there, |here, there| {
                    if here.dtype().is_float() { here - there } else { here.clone() }
                });
                let direction = change.zip_map(full, |change, full| {
                    if change.dtype().is_float() { change + full } else { change.clone() }
                });
                x.zip_map(&direction, |x, d| {
                    if x.dtype().is_float() { x - d * self.rate } else { x.clone() }
                })
            });
        let steps = self.inner.unwrap_or(2 * sum.count());
        let count = sum.count() as i64;
        let indices: Vec<i64> = key.randint(&[steps], 0, count).to_vec();
        let mut x = copy(snapshot);
        for i in indices {
            x = step(&(x, copy(snapshot), copy(&full), Tensor::from(i)));
        }
        x
    }
}
