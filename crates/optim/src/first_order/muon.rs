//! Muon: momentum, made orthogonal.

use super::Adam;
use crate::rule::{Rule, State, scaled, zeros};
use crate::schedule::Schedule;
use tensor::{Tensor, Tree};

/// Coefficients of the quintic iteration, chosen for their slope at 0 (Jordan et al. 2024).
const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Muon, for matrices: `B ← μ B + G`, `θ ← θ − η s O − η λ θ`, where `O` is near to the orthogonal
/// factor `U Vᵀ` of `G + μ B = U Σ Vᵀ`, and `s = √max(1, outputs/inputs)`.
///
/// `O` comes from five steps of the Newton–Schulz iteration `X ← a X + (b A + c A²) X` with
/// `A = X Xᵀ`, from `X = G/‖G‖`, with coefficients that take singular values to about 0.7 to 1.2
/// fast, not to 1 exactly.
///
/// A leaf with two axes is `[inputs, outputs]`, as of a linear layer; with more axes
/// `[outputs, inputs, …]`, as of a convolution, and taken as the matrix `[outputs, rest]`. Leaves
/// with fewer axes (biases, gains) are updated by Adam, as the authors recommend, at a rate of
/// their own; embeddings and the last layer are better left to Adam too
/// ([`Trainable`](crate::Trainable)).
///
/// Source: K. Jordan et al., *Muon: an optimizer for hidden layers in neural networks* (2024),
/// <https://kellerjordan.github.io/posts/muon/>; decay as in J. Liu et al., arXiv:2502.16982
/// (2025).
///
/// ```
/// use optim::{Muon, Rule};
/// use tensor::Tensor;
/// let w = Tensor::from([[1.0, 0.0], [0.0, 1.0]]);
/// let rule = Muon::new(0.1, 1e-3);
/// let gradient = Tensor::from([[3.0, 0.0], [0.0, 0.5]]);
/// let (update, _) = rule.update(gradient, &rule.init(&w), &w);
/// let sizes = (update / -0.1).svd().1; // both singular values are of the order of 1
/// assert!(sizes.gt(0.6).all().to_vec::<bool>()[0] && sizes.lt(1.3).all().to_vec::<bool>()[0]);
/// ```
#[derive(Clone, Debug)]
pub struct Muon {
    rate: Schedule,
    vectors: Adam,
    momentum: f64,
    nesterov: bool,
    decay: f64,
    steps: usize,
}

impl Muon {
    /// With step sizes for matrices and for the other leaves; μ = 0.95 in Nesterov's form, five
    /// Newton–Schulz steps, no decay.
    pub fn new(rate: impl Into<Schedule>, vectors: impl Into<Schedule>) -> Muon {
        Muon {
            rate: rate.into(),
            vectors: Adam::new(vectors),
            momentum: 0.95,
            nesterov: true,
            decay: 0.0,
            steps: 5,
        }
    }

    /// With momentum μ.
    pub fn momentum(mut self, momentum: f64) -> Muon {
        self.momentum = momentum;
        self
    }

    /// The plain momentum `B` in place of `G + μ B`.
    pub fn heavy_ball(mut self) -> Muon {
        self.nesterov = false;
        self
    }

    /// With decay λ of the matrices.
    pub fn decay(mut self, decay: f64) -> Muon {
        self.decay = decay;
        self
    }

    /// With another number of Newton–Schulz steps.
    pub fn newton_schulz_steps(mut self, steps: usize) -> Muon {
        self.steps = steps;
        self
    }

    /// The direction for a matrix, scaled by its shape.
    fn direction(&self, g: &Tensor) -> Tensor {
        let linear = g.ndim() == 2;
        let rows = if linear { g.clone() } else { g.reshape(&[g.shape()[0], fan(g)]) };
        let [m, n] = rows.dims();
        let (inputs, outputs) = if linear { (m, n) } else { (n, m) };
        let scale = (outputs as f64 / inputs.max(1) as f64).max(1.0).sqrt();
        (orthogonalised(&rows, self.steps) * scale).reshape(g.shape())
    }
}

/// Number of elements along all axes but the first.
fn fan(g: &Tensor) -> usize {
    g.shape()[1..].iter().product()
}

/// An approximate orthogonal factor; zero of zero.
fn orthogonalised(g: &Tensor, steps: usize) -> Tensor {
    let [m, n] = g.dims();
    let mut x = if m > n { g.t() } else { g.clone() };
    x = &x / x.norm().maximum(1e-7);
    let [a, b, c] = QUINTIC;
    for _ in 0..steps {
        let gram = x.matmul(&x.t());
        let polynomial = &gram * b + gram.matmul(&gram) * c;
        x = &x * a + polynomial.matmul(&x);
    }
    if m > n { x.t() } else { x }
}

impl<M: Tree> Rule<M> for Muon {
    fn init(&self, model: &M) -> State<M> {
        State::new(vec![zeros(model)], vec![self.vectors.init(model)])
    }

    fn update(&self, gradient: M, state: &State<M>, model: &M) -> (M, State<M>) {
        let step = -self.rate.at(&state.count);
        let is_matrix = |g: &Tensor| g.ndim() >= 2 && g.dtype().is_float();
        let others = gradient.map(|g| if is_matrix(g) { g.zeros_like() } else { g.clone() });
        let (others, adam) = self.vectors.update(others, &state.links[0], model);
        let momenta = state.slots[0].zip_map(&gradient, |b, g| {
            if is_matrix(g) { b * self.momentum + g } else { b.clone() }
        });
        let ahead = momenta.zip_map(&gradient, |b, g| {
            if is_matrix(g) && self.nesterov { g + b * self.momentum } else { b.clone() }
        });
        let mut leaves = ahead.leaves().into_iter().zip(model.leaves());
        let updates = others.map(|other| {
            let (b, p) = leaves.next().expect("invariant: a gradient has the model's structure");
            if !is_matrix(&b) {
                return other.clone();
            }
            scaled(&(self.direction(&b) + p * self.decay), &step)
        });
        (updates, state.next(vec![momenta], vec![adam]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The direction is near to the orthogonal factor in every singular direction, for tall and
    /// wide matrices, and a zero gradient gives a zero direction, not NaN.
    #[test]
    fn singular_values_go_to_one() {
        let wide = Tensor::from([[3.0, 1.0, 0.2], [-1.0, 0.5, 2.0]]);
        for g in [wide.clone(), wide.t()] {
            let o = orthogonalised(&g, 5);
            let (u, s, vt) = g.svd();
            let inner = u.t().matmul(&o).matmul(&vt.t());
            let off = (&inner - inner.diagonal(0).diag()).abs().max().item();
            assert!(off < 1e-12, "the singular directions are kept: {off}");
            for s in inner.diagonal(0).to_vec::<f64>() {
                assert!((0.6..1.3).contains(&s), "{s}");
            }
            assert!(s.index(0, 1).item() > 0.0);
        }
        assert_eq!(orthogonalised(&wide.zeros_like(), 5).abs().max().item(), 0.0);
    }

    #[test]
    fn biases_and_kernels() {
        let model = (Tensor::ones(&[4, 2, 3, 3], tensor::DType::F64), Tensor::from([1.0, 2.0]));
        let rule = Muon::new(0.1, 0.01);
        let gradient = (model.0.clone(), Tensor::from([5.0, -5.0]));
        let (update, _) = rule.update(gradient, &rule.init(&model), &model);
        assert_eq!(update.0.shape(), [4, 2, 3, 3]);
        let adam = update.1.to_vec::<f64>();
        assert!((adam[0] + 0.01).abs() < 1e-9 && (adam[1] - 0.01).abs() < 1e-9, "{adam:?}");
    }
}
