//! Newton's method in a trust region.

use crate::objective::{Limits, Objective, Outcome, Status, finite};
use crate::vector::{add_scaled, copy, dot, norm, scale};
use tensor::{Tensor, Tree};

/// Newton's method in a trust region: `m(p) = f + gᵀp + ½ pᵀHp` is minimised over `‖p‖ ≤ Δ` by
/// Steihaug's conjugate gradients on exact Hessian-vector products, which go to the boundary along
/// a direction of negative curvature; Δ follows the ratio of actual and predicted reduction. Made
/// for indefinite Hessians: it leaves saddle points that Newton's method is drawn to.
///
/// The function is compiled at its first call, so it must not read values.
///
/// Source: T. Steihaug, *The conjugate gradient method and trust regions in large scale
/// optimization*, SIAM J. Numer. Anal. 20 (1983); J. Nocedal, S. J. Wright, *Numerical
/// optimization* (2006), algorithms 4.1 and 7.2.
///
/// ```
/// use optim::{Status, TrustRegion};
/// use tensor::Tensor;
/// // A saddle at (0, 0), minima at (0, ±1).
/// let f = |x: &Tensor| {
///     let (a, b) = (x.index(0, 0), x.index(0, 1));
///     a.square() + (b.square() - 1.0).square()
/// };
/// let outcome = TrustRegion::new().minimise(f, &Tensor::from([1.0, 1e-3]));
/// assert_eq!(outcome.status, Status::Converged);
/// assert!((outcome.model.index(0, 1).item() - 1.0).abs() < 1e-8);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TrustRegion {
    limits: Limits,
    radius: f64,
    largest: f64,
}

impl Default for TrustRegion {
    fn default() -> TrustRegion {
        TrustRegion::new()
    }
}

impl TrustRegion {
    /// From radius 1, at most 1000; until `‖∇f‖ ≤ 10⁻⁸`, in at most 500 steps.
    pub fn new() -> TrustRegion {
        let limits = Limits { tolerance: 1e-8, steps: 500 };
        TrustRegion { limits, radius: 1.0, largest: 1000.0 }
    }

    /// Until the gradient's norm is below this.
    pub fn tolerance(mut self, gradient_norm: f64) -> TrustRegion {
        self.limits.tolerance = gradient_norm;
        self
    }

    /// With at most this many steps, those that are rejected included.
    pub fn steps(mut self, steps: usize) -> TrustRegion {
        self.limits.steps = steps;
        self
    }

    /// With other radii, the first and the largest.
    ///
    /// # Panics
    /// When the first is not positive, or larger than the largest.
    #[track_caller]
    pub fn radius(mut self, first: f64, largest: f64) -> TrustRegion {
        assert!(
            0.0 < first && first <= largest,
            "TrustRegion: the first radius is {first}, the largest {largest}"
        );
        (self.radius, self.largest) = (first, largest);
        self
    }

    /// Minimises from `start`.
    pub fn minimise<M: Tree>(&self, f: impl Fn(&M) -> Tensor, start: &M) -> Outcome<M> {
        let f: &dyn Fn(&M) -> Tensor = &f;
        let objective = Objective::new(f);
        let mut x = copy(start);
        let (mut value, mut gradient) = objective.value_and_grad(&x);
        let mut size = norm(&gradient);
        let first = size;
        let mut radius = self.radius;
        let mut history = vec![value];
        let mut steps = 0;
        let status = loop {
            if !finite(value, size) {
                break Status::NotFinite;
            }
            if size <= self.limits.tolerance {
                break Status::Converged;
            }
            if steps == self.limits.steps {
                break Status::StepLimit;
            }
            if radius <= f64::EPSILON * norm(&x) || radius < f64::MIN_POSITIVE {
                break Status::NoProgress;
            }
            steps += 1;
            let accuracy = (size / first).min(0.5) * size;
            let (p, reduction) =
                steihaug(|v: &M| objective.product(&x, v), &gradient, radius, accuracy);
            let tried = add_scaled(&x, 1.0, &p);
            let (there, gradient_there) = objective.value_and_grad(&tried);
            let size_there = norm(&gradient_there);
            let noise = (there - value).abs() <= 8.0 * f64::EPSILON * value.abs();
            let ratio = if noise && size_there < size {
                1.0 // below rounding the gradient decides
            } else {
                (value - there) / reduction
            };
            let length = norm(&p);
            if ratio > 0.75 && length > 0.99 * radius {
                radius = (2.0 * radius).min(self.largest);
            } else if ratio < 0.25 || ratio.is_nan() {
                radius = 0.25 * length;
            }
            if ratio > 1e-4 && finite(there, size_there) {
                (x, value, gradient, size) = (tried, there, gradient_there, size_there);
            }
            history.push(value);
        };
        let evaluations = objective.evaluations();
        Outcome { model: x, value, gradient_norm: size, steps, evaluations, status, history }
    }
}

/// An approximate minimiser of `gᵀp + ½ pᵀHp` over `‖p‖ ≤ Δ`, with the reduction it promises.
fn steihaug<M: Tree>(product: impl Fn(&M) -> M, g: &M, radius: f64, accuracy: f64) -> (M, f64) {
    let (mut p, mut hp) = (scale(0.0, g), scale(0.0, g));
    let mut r = copy(g);
    let mut d = scale(-1.0, g);
    let mut square = dot(&r, &r);
    let finished = |p: M, hp: M| {
        let reduction = -(dot(g, &p) + 0.5 * dot(&p, &hp));
        (p, reduction)
    };
    for _ in 0..(2 * g.size()).max(2) {
        let hd = product(&d);
        let curvature = dot(&d, &hd);
        let length = square / curvature;
        let next = add_scaled(&p, length, &d);
        if curvature <= 0.0 || curvature.is_nan() || norm(&next) >= radius {
            let to_edge = to_boundary(&p, &d, radius);
            return finished(add_scaled(&p, to_edge, &d), add_scaled(&hp, to_edge, &hd));
        }
        p = next;
        hp = add_scaled(&hp, length, &hd);
        r = add_scaled(&r, length, &hd);
        let after = dot(&r, &r);
        if after.sqrt() <= accuracy {
            break;
        }
        d = add_scaled(&scale(-1.0, &r), after / square, &d);
        square = after;
    }
    finished(p, hp)
}

/// The `τ ≥ 0` with `‖p + τ d‖ = Δ`.
fn to_boundary<M: Tree>(p: &M, d: &M, radius: f64) -> f64 {
    let (dd, pd, pp) = (dot(d, d), dot(p, d), dot(p, p));
    let room = (radius * radius - pp).max(0.0);
    // The root that subtracts nothing.
    let root = (pd * pd + dd * room).sqrt();
    if pd > 0.0 { room / (pd + root) } else { (root - pd) / dd }
}
