//! Adam and its decoupled-decay form.

use crate::decay::Paths;
use crate::rule::{Rule, State, scaled, zeros};
use crate::schedule::Schedule;
use tensor::tree::Path;
use tensor::{DType, Tensor, Tree};

/// Adam (Kingma, Ba 2015, algorithm 1):
/// `m ← β₁ m + (1−β₁) g`, `v ← β₂ v + (1−β₂) g²`,
/// `θ ← θ − η m̂/(√v̂ + ε)` with `m̂ = m/(1−β₁ᵗ)`, `v̂ = v/(1−β₂ᵗ)`.
///
/// Source: D. P. Kingma, J. Ba, *Adam: a method for stochastic optimization*, ICLR 2015.
///
/// ```
/// use optim::{Adam, Rule};
/// use tensor::Tensor;
/// let x = Tensor::from([1.0, 1.0]);
/// let rule = Adam::new(0.5);
/// // The first step is η times the gradient's sign, whatever its size.
/// let (update, _) = rule.update(Tensor::from([3.0, -100.0]), &rule.init(&x), &x);
/// assert!((update - Tensor::from([-0.5, 0.5])).abs().max().item() < 1e-8);
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    rate: Schedule,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl Adam {
    /// With the paper's β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    pub fn new(rate: impl Into<Schedule>) -> Adam {
        Adam { rate: rate.into(), beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }

    /// With other decay rates of the moments.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Adam {
        (self.beta1, self.beta2) = (beta1, beta2);
        self
    }

    /// With another ε.
    pub fn epsilon(mut self, epsilon: f64) -> Adam {
        self.epsilon = epsilon;
        self
    }

    /// `m̂/(√v̂ + ε)` and the next moments.
    fn direction<M: Tree>(&self, gradient: &M, state: &State<M>) -> (M, Vec<M>) {
        let (b1, b2) = (self.beta1, self.beta2);
        let t = (&state.count + 1).convert(DType::F64);
        let correction = |beta: f64| 1.0 - Tensor::scalar(beta, DType::F64).pow(&t);
        let (c1, c2) = (correction(b1).recip(), correction(b2).recip());
        let m = state.slots[0].zip_map(gradient, |m, g| m * b1 + g * (1.0 - b1));
        let v = state.slots[1].zip_map(gradient, |v, g| v * b2 + g * g * (1.0 - b2));
        let direction =
            m.zip_map(&v, |m, v| scaled(m, &c1) / (scaled(v, &c2).sqrt() + self.epsilon));
        (direction, vec![m, v])
    }
}

impl<M: Tree> Rule<M> for Adam {
    fn init(&self, model: &M) -> State<M> {
        State::new(vec![zeros(model), zeros(model)], vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, _: &M) -> (M, State<M>) {
        let step = -self.rate.at(&state.count);
        let (direction, slots) = self.direction(&gradient, state);
        (direction.map(|d| scaled(d, &step)), state.next(slots, vec![]))
    }
}

/// AdamW: Adam with decoupled weight decay, `θ ← θ − η (m̂/(√v̂ + ε) + λ θ)` (Loshchilov, Hutter
/// 2019).
#[derive(Clone, Debug)]
pub struct AdamW {
    adam: Adam,
    decay: f64,
    decayed: Paths,
}

impl AdamW {
    /// With decay λ of every parameter.
    pub fn new(rate: impl Into<Schedule>, decay: f64) -> AdamW {
        AdamW { adam: Adam::new(rate), decay, decayed: Paths::all() }
    }

    /// With other decay rates of the moments.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> AdamW {
        self.adam = self.adam.betas(beta1, beta2);
        self
    }

    /// With another ε.
    pub fn epsilon(mut self, epsilon: f64) -> AdamW {
        self.adam = self.adam.epsilon(epsilon);
        self
    }

    /// Decay only the parameters whose path the predicate picks, such as all but biases.
    pub fn decay_only(mut self, which: impl Fn(&str) -> bool + Send + Sync + 'static) -> AdamW {
        self.decayed = Paths::new(which);
        self
    }
}

impl<M: Tree> Rule<M> for AdamW {
    fn init(&self, model: &M) -> State<M> {
        self.adam.init(model)
    }

    fn update(&self, gradient: M, state: &State<M>, model: &M) -> (M, State<M>) {
        let step = -self.adam.rate.at(&state.count);
        let (direction, slots) = self.adam.direction(&gradient, state);
        let parameters = model.leaves();
        let mut parameters = parameters.iter();
        let updates = direction.map_with_path(&mut Path::root(), &mut |path, d| {
            let p = parameters.next().expect("invariant: a direction has the model's structure");
            let decays = self.decayed.pick(path.as_str()) && p.dtype().is_float();
            scaled(&if decays { d + p * self.decay } else { d.clone() }, &step)
        });
        (updates, state.next(slots, vec![]))
    }
}
