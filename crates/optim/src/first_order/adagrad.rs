//! AdaGrad.

use crate::rule::{Rule, State, scaled, zeros};
use crate::schedule::Schedule;
use tensor::{Tensor, Tree};

/// AdaGrad: `v ← v + g²`, `θ ← θ − η g/(√v + ε)`, element by element, from `v = v₀`.
///
/// Source: J. Duchi, E. Hazan, Y. Singer, *Adaptive subgradient methods for online learning and
/// stochastic optimization*, JMLR 12 (2011), figure 1 with diagonal matrices; ε outside the root,
/// as `torch.optim.Adagrad` has it.
///
/// ```
/// use optim::{AdaGrad, Rule};
/// use tensor::Tensor;
/// let x = Tensor::from([1.0, 1.0]);
/// let rule = AdaGrad::new(0.5);
/// // The first step is η times the gradient's sign, whatever its size.
/// let (update, _) = rule.update(Tensor::from([3.0, -100.0]), &rule.init(&x), &x);
/// assert!((update - Tensor::from([-0.5, 0.5])).abs().max().item() < 1e-9);
/// ```
#[derive(Clone, Debug)]
pub struct AdaGrad {
    rate: Schedule,
    initial: f64,
    epsilon: f64,
}

impl AdaGrad {
    /// With `v₀ = 0`, ε = 10⁻¹⁰.
    pub fn new(rate: impl Into<Schedule>) -> AdaGrad {
        AdaGrad { rate: rate.into(), initial: 0.0, epsilon: 1e-10 }
    }

    /// With another ε.
    pub fn epsilon(mut self, epsilon: f64) -> AdaGrad {
        self.epsilon = epsilon;
        self
    }

    /// With sums of squares that begin at `v₀`.
    pub fn initial(mut self, v: f64) -> AdaGrad {
        self.initial = v;
        self
    }
}

impl<M: Tree> Rule<M> for AdaGrad {
    fn init(&self, model: &M) -> State<M> {
        let full = |p: &Tensor| {
            if p.dtype().is_float() { p.full_like(self.initial) } else { p.zeros_like() }
        };
        State::new(vec![if self.initial == 0.0 { zeros(model) } else { model.map(full) }], vec![])
    }

    fn update(&self, gradient: M, state: &State<M>, _: &M) -> (M, State<M>) {
        let step = -self.rate.at(&state.count);
        let sums = state.slots[0].zip_map(&gradient, |v, g| v + g * g);
        let updates = gradient.zip_map(&sums, |g, v| scaled(g, &step) / (v.sqrt() + self.epsilon));
        (updates, state.next(vec![sums], vec![]))
    }
}
