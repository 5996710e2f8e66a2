//! A proximal step after any rule.

use super::{Penalty, Regulariser};
use crate::rule::{Rule, State, apply_updates};
use crate::schedule::Schedule;
use tensor::{Tensor, Tree};

/// A rule on the gradient of the loss, then the proximal operator of a regulariser with the rule's
/// step size η: `θ ← prox_{ηR}(θ + u)`. With [`Sgd`](crate::Sgd) it is the stochastic proximal
/// gradient method; with Adam, whose metric is not the identity, a common practice. Zeros are
/// exact.
///
/// Source: J. Duchi, Y. Singer, *Efficient online and batch learning using forward backward
/// splitting*, JMLR 10 (2009).
///
/// ```
/// use optim::{L1, ProximalUpdate, Regulariser, Rule, Sgd, apply_updates};
/// use tensor::Tensor;
/// let rule = ProximalUpdate::new(Sgd::new(0.5), 0.5, Regulariser::new(L1::new(1.0)));
/// let x = Tensor::from([1.0, 0.6]);
/// let (updates, _) = rule.update(Tensor::from([0.0, 0.4]), &rule.init(&x), &x);
/// assert_eq!(apply_updates(&x, &updates).to_vec::<f64>(), [0.5, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct ProximalUpdate<R, P> {
    rule: R,
    rate: Schedule,
    regulariser: Regulariser<P>,
}

impl<R, P: Penalty> ProximalUpdate<R, P> {
    /// After this rule, with the step size that it uses.
    pub fn new(rule: R, rate: impl Into<Schedule>, regulariser: Regulariser<P>) -> Self {
        ProximalUpdate { rule, rate: rate.into(), regulariser }
    }
}

impl<M: Tree, R: Rule<M>, P: Penalty> Rule<M> for ProximalUpdate<R, P> {
    fn init(&self, model: &M) -> State<M> {
        State::new(vec![], vec![self.rule.init(model)])
    }

    fn update(&self, gradient: M, state: &State<M>, model: &M) -> (M, State<M>) {
        let (updates, next) = self.rule.update(gradient, &state.links[0], model);
        let moved = apply_updates(model, &updates);
        let there = self.regulariser.prox(&moved, &self.rate.at(&state.count));
        let difference = |new: &Tensor, old: &Tensor| {
            if new.dtype().is_float() { new - old } else { new.zeros_like() }
        };
        (there.zip_map(model, difference), state.next(vec![], vec![next]))
    }
}
