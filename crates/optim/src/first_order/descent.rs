//! Gradient descent, with momentum or without.

use crate::rule::{Rule, State, scaled, zeros};
use crate::schedule::Schedule;
use tensor::Tree;

/// Gradient descent `θ ← θ − η g`, and its momentum forms:
/// `v ← μ v + g`, then `θ ← θ − η v` (heavy ball; Polyak 1964, as `torch.optim.SGD` has it), or
/// `θ ← θ − η (g + μ v)` (Nesterov 1983, in the form of Sutskever et al. 2013).
///
/// With the gradient of a minibatch it is stochastic gradient descent.
#[derive(Clone, Debug)]
pub struct Sgd {
    rate: Schedule,
    momentum: f64,
    nesterov: bool,
}

impl Sgd {
    /// Plain descent with this step size.
    pub fn new(rate: impl Into<Schedule>) -> Sgd {
        Sgd { rate: rate.into(), momentum: 0.0, nesterov: false }
    }

    /// With momentum μ.
    pub fn momentum(mut self, momentum: f64) -> Sgd {
        self.momentum = momentum;
        self
    }

    /// With Nesterov's look-ahead (needs momentum).
    pub fn nesterov(mut self) -> Sgd {
        self.nesterov = true;
        self
    }
}

impl<M: Tree> Rule<M> for Sgd {
    fn init(&self, model: &M) -> State<M> {
        let slots = if self.momentum == 0.0 { vec![] } else { vec![zeros(model)] };
        State::new(slots, vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, _: &M) -> (M, State<M>) {
        let step = -self.rate.at(&state.count);
        let Some(before) = state.slots.first() else {
            return (gradient.map(|g| scaled(g, &step)), state.next(vec![], vec![]));
        };
        let velocity = before.zip_map(&gradient, |v, g| v * self.momentum + g);
        let direction = if self.nesterov {
            gradient.zip_map(&velocity, |g, v| g + v * self.momentum)
        } else {
            velocity.map(tensor::Tensor::clone)
        };
        (direction.map(|d| scaled(d, &step)), state.next(vec![velocity], vec![]))
    }
}
