//! RMSProp.

use crate::rule::{Rule, State, scaled, zeros};
use crate::schedule::Schedule;
use tensor::Tree;

/// RMSProp: `v ← α v + (1−α) g²`, `u = g/(√v + ε)`, `θ ← θ − η u`; with momentum
/// `b ← μ b + u`, `θ ← θ − η b`; centred, `√(v − m²)` in place of `√v` with
/// `m ← α m + (1−α) g`.
///
/// Source: T. Tieleman, G. Hinton, *Neural networks for machine learning*, lecture 6.5 (2012); the
/// centred form is that of A. Graves, arXiv:1308.0850 (2013), equations 38–45; ε outside the root,
/// as `torch.optim.RMSprop` has it.
///
/// ```
/// use optim::{RmsProp, Rule, apply_updates};
/// use tensor::{Tensor, grad};
/// let rule = RmsProp::new(0.01);
/// let mut x = Tensor::from([1.0, -100.0]);
/// let mut state = rule.init(&x);
/// for _ in 0..100 {
///     let (updates, next) = rule.update(grad(|x: &Tensor| x.abs().sum())(&x), &state, &x);
///     (x, state) = (apply_updates(&x, &updates), next);
/// }
/// assert!(x.index(0, 0).item().abs() < 0.1);
/// ```
#[derive(Clone, Debug)]
pub struct RmsProp {
    rate: Schedule,
    decay: f64,
    epsilon: f64,
    momentum: f64,
    centred: bool,
}

impl RmsProp {
    /// With α = 0.99, ε = 10⁻⁸, without momentum, not centred.
    pub fn new(rate: impl Into<Schedule>) -> RmsProp {
        RmsProp { rate: rate.into(), decay: 0.99, epsilon: 1e-8, momentum: 0.0, centred: false }
    }

    /// With another α.
    pub fn decay(mut self, decay: f64) -> RmsProp {
        self.decay = decay;
        self
    }

    /// With another ε.
    pub fn epsilon(mut self, epsilon: f64) -> RmsProp {
        self.epsilon = epsilon;
        self
    }

    /// With momentum μ.
    pub fn momentum(mut self, momentum: f64) -> RmsProp {
        self.momentum = momentum;
        self
    }

    /// Divides by an estimate of the standard deviation instead of the root mean square.
    pub fn centred(mut self) -> RmsProp {
        self.centred = true;
        self
    }
}

impl<M: Tree> Rule<M> for RmsProp {
    fn init(&self, model: &M) -> State<M> {
        let slots = 1 + usize::from(self.centred) + usize::from(self.momentum != 0.0);
        State::new((0..slots).map(|_| zeros(model)).collect(), vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, _: &M) -> (M, State<M>) {
        let step = -self.rate.at(&state.count);
        let a = self.decay;
        let mut before = state.slots.iter();
        let mut slot = || before.next().expect("invariant: init makes all slots");
        let v = slot().zip_map(&gradient, |v, g| v * a + g * g * (1.0 - a));
        let mut slots = vec![];
        let spread = if self.centred {
            let m = slot().zip_map(&gradient, |m, g| m * a + g * (1.0 - a));
            let spread = v.zip_map(&m, |v, m| v - m * m);
            slots.extend([v, m]);
            spread
        } else {
            let spread = v.map(tensor::Tensor::clone);
            slots.push(v);
            spread
        };
        let u = gradient.zip_map(&spread, |g, v| g / (v.sqrt() + self.epsilon));
        if self.momentum == 0.0 {
            return (u.map(|u| scaled(u, &step)), state.next(slots, vec![]));
        }
        let b = slot().zip_map(&u, |b, u| b * self.momentum + u);
        let updates = b.map(|b| scaled(b, &step));
        slots.push(b);
        (updates, state.next(slots, vec![]))
    }
}
