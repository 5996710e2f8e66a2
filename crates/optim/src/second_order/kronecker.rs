//! Preconditioners that are Kronecker products: Shampoo and SOAP.

use crate::rule::{Rule, State, scaled, zeros};
use crate::schedule::Schedule;
use tensor::{DType, Tensor, Tree, cond};

/// The leaf as a matrix, the first axis against the rest; a vector is a matrix with one column.
fn matrix(g: &Tensor) -> Tensor {
    let rows = g.shape().first().copied().unwrap_or(1);
    g.reshape(&[rows, g.size() / rows.max(1)])
}

/// A slot with a leaf for each float leaf of the model, of other shapes than the model's: what `f`
/// makes of the leaf as a matrix.
fn slot<M: Tree>(model: &M, f: impl Fn(&Tensor) -> Tensor) -> M {
    model.map(|p| if p.dtype().is_float() { f(&matrix(p)) } else { p.zeros_like() })
}

/// One side's scatter: `G Gᵀ` or `Gᵀ G`.
fn left(g: &Tensor) -> Tensor {
    g.matmul(&g.t())
}

fn right(g: &Tensor) -> Tensor {
    g.t().matmul(g)
}

/// `A^p` of a symmetric positive definite matrix.
fn power(a: &Tensor, exponent: f64) -> Tensor {
    let (values, vectors) = a.eigh();
    // Eigenvalues below rounding may come out as 0 or negative.
    let least = values.max() * f64::from(f32::EPSILON).powi(2);
    let values = values.maximum(least).maximum(f64::from(f32::MIN_POSITIVE));
    (&vectors * values.pow(exponent).expand_dims(0)).matmul(&vectors.t())
}

/// Shampoo: for a matrix `W` with gradient `G`, `L ← L + G Gᵀ`, `R ← R + Gᵀ G`, from `ε I`, and
/// `W ← W − η L^(−¼) G R^(−¼)`. A tensor with more than two axes is taken as the matrix of its
/// first axis and the rest, a vector as a matrix of one column. A step takes two spectral
/// decompositions per leaf.
///
/// Source: V. Gupta, T. Koren, Y. Singer, *Shampoo: preconditioned stochastic tensor
/// optimization*, ICML 2018, algorithm 1.
///
/// ```
/// use optim::{Rule, Shampoo};
/// use tensor::Tensor;
/// let w = Tensor::from([[0.0, 0.0], [0.0, 0.0]]);
/// let rule = Shampoo::new(0.1).epsilon(1e-12);
/// // The first step is along the orthogonal factor of the gradient.
/// let gradient = Tensor::from([[0.0, 3.0], [-0.5, 0.0]]);
/// let (update, _) = rule.update(gradient, &rule.init(&w), &w);
/// let expected = Tensor::from([[0.0, -0.1], [0.1, 0.0]]);
/// assert!((update - expected).abs().max().item() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct Shampoo {
    rate: Schedule,
    epsilon: f64,
}

impl Shampoo {
    /// With `ε = 10⁻⁴`, the authors' choice.
    pub fn new(rate: impl Into<Schedule>) -> Shampoo {
        Shampoo { rate: rate.into(), epsilon: 1e-4 }
    }

    /// With another ε.
    ///
    /// # Panics
    /// When it is not positive: the matrices must be positive definite.
    #[track_caller]
    pub fn epsilon(mut self, epsilon: f64) -> Shampoo {
        assert!(epsilon > 0.0, "Shampoo: ε is positive, this is {epsilon}");
        self.epsilon = epsilon;
        self
    }
}

impl<M: Tree> Rule<M> for Shampoo {
    fn init(&self, model: &M) -> State<M> {
        let eye = |n: usize, dtype: DType| Tensor::eye(n, dtype) * self.epsilon;
        let l = slot(model, |p| eye(p.shape()[0], p.dtype()));
        let r = slot(model, |p| eye(p.shape()[1], p.dtype()));
        State::new(vec![l, r], vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, _: &M) -> (M, State<M>) {
        let step = -self.rate.at(&state.count);
        let float = |g: &Tensor| g.dtype().is_float();
        let add = |side: fn(&Tensor) -> Tensor| {
            move |a: &Tensor, g: &Tensor| if float(g) { a + side(&matrix(g)) } else { a.clone() }
        };
        let l = state.slots[0].zip_map(&gradient, add(left));
        let r = state.slots[1].zip_map(&gradient, add(right));
        let (ls, rs) = (l.leaves(), r.leaves());
        let mut sides = ls.iter().zip(&rs);
        let updates = gradient.map(|g| {
            let (l, r) = sides.next().expect("invariant: a state has the model's structure");
            if !float(g) {
                return g.clone();
            }
            let direction = power(l, -0.25).matmul(&matrix(g)).matmul(&power(r, -0.25));
            scaled(&direction, &step).reshape(g.shape())
        });
        (updates, state.next(vec![l, r], vec![]))
    }
}

/// SOAP: Adam in the eigenbasis of Shampoo's matrices. `L ← β L + (1−β) G Gᵀ`,
/// `R ← β R + (1−β) Gᵀ G`; with their eigenvectors `Q`, `P`, the moments of Adam are those of
/// `Qᵀ G P` (the first is kept unrotated), and its direction `N` is turned back,
/// `W ← W − η Q N Pᵀ`. Every `frequency` steps the bases follow by one step of orthogonal
/// iteration, `Q ← qr(L Q)`, which keeps their order.
///
/// Leaves are matrices as in [`Shampoo`].
///
/// Source: N. Vyas et al., *SOAP: improving and stabilizing Shampoo using Adam*, arXiv:2409.11321
/// (2024), algorithms 3 and 4.
///
/// ```
/// use optim::{Rule, Soap, apply_updates};
/// use tensor::{Tensor, grad};
/// let rule = Soap::new(0.05);
/// let mut w = Tensor::from([[3.0, 1.0], [-1.0, 2.0]]);
/// let mut state = rule.init(&w);
/// for _ in 0..200 {
///     let gradient = grad(|w: &Tensor| w.square().sum())(&w);
///     let (updates, next) = rule.update(gradient, &state, &w);
///     (w, state) = (apply_updates(&w, &updates), next);
/// }
/// assert!(w.abs().max().item() < 0.1);
/// ```
#[derive(Clone, Debug)]
pub struct Soap {
    rate: Schedule,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    frequency: u32,
}

impl Soap {
    /// With the authors' β₁ = β₂ = 0.95, ε = 10⁻⁸ and bases that follow every 10 steps; β₂ is also
    /// the β of `L` and `R`.
    pub fn new(rate: impl Into<Schedule>) -> Soap {
        Soap { rate: rate.into(), beta1: 0.95, beta2: 0.95, epsilon: 1e-8, frequency: 10 }
    }

    /// With other decay rates of the moments.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Soap {
        (self.beta1, self.beta2) = (beta1, beta2);
        self
    }

    /// With another ε. At the first step `Qᵀ G P` is diagonal, and beside the diagonal there is
    /// rounding alone, which a very small ε makes visible.
    pub fn epsilon(mut self, epsilon: f64) -> Soap {
        self.epsilon = epsilon;
        self
    }

    /// With bases that follow every so many steps.
    ///
    /// # Panics
    /// When it is 0.
    #[track_caller]
    pub fn frequency(mut self, steps: u32) -> Soap {
        assert!(steps > 0, "Soap: bases that follow every 0 steps");
        self.frequency = steps;
        self
    }

    /// The basis for this step: eigenvectors at the first, then orthogonal iteration.
    fn basis(&self, count: &Tensor, q: &Tensor, a: &Tensor) -> Tensor {
        let follows = (count - (count / self.frequency as i32) * self.frequency as i32).eq(0);
        let pair = (q.clone(), a.clone());
        cond(
            &count.eq(0),
            |(_, a): &(Tensor, Tensor)| a.eigh().1,
            |pair: &(Tensor, Tensor)| {
                cond(
                    &follows,
                    |(q, a): &(Tensor, Tensor)| a.matmul(q).qr().0,
                    |(q, _): &(Tensor, Tensor)| q.clone(),
                    pair,
                )
            },
            &pair,
        )
    }
}

impl<M: Tree> Rule<M> for Soap {
    fn init(&self, model: &M) -> State<M> {
        let square = |side: usize| slot(model, |p| zero(p.shape()[side], p.dtype()));
        let slots = vec![zeros(model), slot(model, Tensor::zeros_like)];
        let sides = [0, 1, 0, 1].map(square);
        State::new(slots.into_iter().chain(sides).collect(), vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, _: &M) -> (M, State<M>) {
        let step = -self.rate.at(&state.count);
        let t = (&state.count + 1).convert(DType::F64);
        let correction = |beta: f64| 1.0 - Tensor::scalar(beta, DType::F64).pow(&t);
        let (c1, c2) = (correction(self.beta1).recip(), correction(self.beta2).recip());
        let before: Vec<Vec<Tensor>> = state.slots.iter().map(Tree::leaves).collect();
        let mut after: Vec<Vec<Tensor>> = vec![vec![]; before.len()];
        let mut index = 0;
        let updates = gradient.map(|g| {
            let old = |k: usize| &before[k][index];
            let (new, update) = if g.dtype().is_float() {
                let (b1, b2) = (self.beta1, self.beta2);
                let rows = matrix(g);
                let m = old(0) * b1 + g * (1.0 - b1);
                let l = old(2) * b2 + left(&rows) * (1.0 - b2);
                let r = old(3) * b2 + right(&rows) * (1.0 - b2);
                let q = self.basis(&state.count, old(4), &l);
                let p = self.basis(&state.count, old(5), &r);
                let rotated = |x: &Tensor| q.t().matmul(x).matmul(&p);
                let v = old(1) * b2 + rotated(&rows).square() * (1.0 - b2);
                let size = scaled(&v, &c2).sqrt() + self.epsilon;
                let direction = scaled(&rotated(&matrix(&m)), &c1) / size;
                let update = q.matmul(&direction).matmul(&p.t());
                (vec![m, v, l, r, q, p], scaled(&update, &step).reshape(g.shape()))
            } else {
                ((0..6).map(|k| old(k).clone()).collect(), g.clone())
            };
            after.iter_mut().zip(new).for_each(|(slot, leaf)| slot.push(leaf));
            index += 1;
            update
        });
        let slots = state.slots.iter().zip(after).map(|(slot, leaves)| slot.with_leaves(leaves));
        (updates, state.next(slots.collect(), vec![]))
    }
}

/// A square matrix of zeros.
fn zero(n: usize, dtype: DType) -> Tensor {
    Tensor::zeros(&[n, n], dtype)
}
