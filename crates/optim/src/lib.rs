//! Optimisation. Rules for stochastic gradients are pure pairs: `init` makes a state, `update`
//! turns a gradient and a state into an update and the next state. They compose: clipping,
//! momentum, decay and step sizes are links of a chain.
//!
//! ```
//! use optim::{Adam, Chain, ClipByGlobalNorm, Rule, apply_updates};
//! use tensor::{Tensor, grad};
//! let rule = Chain::new().then(ClipByGlobalNorm::new(1.0)).then(Adam::new(0.1));
//! let mut x = Tensor::from([3.0, -2.0]);
//! let mut state = rule.init(&x);
//! for _ in 0..200 {
//!     let gradient = grad(|x: &Tensor| (x * x).sum())(&x);
//!     let (updates, next) = rule.update(gradient, &state, &x);
//!     (x, state) = (apply_updates(&x, &updates), next);
//! }
//! assert!(x.to_vec::<f64>().iter().all(|x| x.abs() < 1e-2));
//! ```
//!
//! Methods that minimise a function all the way, such as [`Lbfgs`], [`TrustRegion`] or
//! [`ProximalGradient`], take the function and report an [`Outcome`]:
//!
//! ```
//! use optim::{Lbfgs, Status};
//! use tensor::Tensor;
//! let rosenbrock = |x: &Tensor| {
//!     let (a, b) = (x.index(0, 0), x.index(0, 1));
//!     (1.0 - &a).square() + (b - a.square()).square() * 100.0
//! };
//! let outcome = Lbfgs::new().minimise(rosenbrock, &Tensor::from([-1.2, 1.0]));
//! assert_eq!(outcome.status, Status::Converged);
//! assert!((outcome.model - 1.0).abs().max().item() < 1e-7);
//! ```
//!
//! | folder | what is in it |
//! |---|---|
//! | `first_order` | rules on gradients, averages of models, sharpness-aware gradients |
//! | `finite_sum` | SAG, SAGA, SVRG: functions of an example's index |
//! | `line_search` | how far along a direction |
//! | `proximal` | regularisers with their proximal operators, ISTA, FISTA |
//! | `second_order` | products with curvature matrices, Newton, quasi-Newton, least squares, natural gradient, Shampoo, SOAP |

extern crate tensor as mathesis;

mod chain;
mod clip;
mod decay;
mod early_stopping;
mod finite_sum;
mod first_order;
mod line_search;
mod objective;
mod proximal;
mod rule;
mod schedule;
mod second_order;
mod vector;

pub use chain::Chain;
pub use clip::{ClipByGlobalNorm, ClipByValue, global_norm};
pub use decay::{AddDecayedWeights, Trainable};
pub use early_stopping::{EarlyStopping, Verdict};
pub use finite_sum::{FiniteSum, Remembered, Sag, Saga, Svrg};
pub use first_order::{
    AdaGrad, Adam, AdamW, Average, Ema, Muon, Polyak, RmsProp, Sgd, sharpness_aware,
};
pub use line_search::{Armijo, LineSearchError, Step, StrongWolfe};
pub use objective::{Evaluations, Outcome, Status};
pub use proximal::{
    ElasticNet, GroupLasso, L1, L2, MaxNorm, NuclearNorm, Penalty, ProximalGradient,
    ProximalUpdate, Regulariser, SpectralNorm, project_onto_l1_ball,
};
pub use rule::{Rule, State, apply_updates};
pub use schedule::Schedule;
pub use second_order::{
    Bfgs, ConjugateGradients, Lbfgs, LevenbergMarquardt, Likelihood, NaturalGradient, NewtonCg,
    Shampoo, Soap, Solution, SolutionStatus, TrustRegion, fisher_product, gauss_newton_product,
};
