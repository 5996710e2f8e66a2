//! Methods that use curvature: exact products of the Hessian, the Gauss–Newton matrix and the
//! Fisher matrix with vectors, or what gradients tell of it.

mod bfgs;
mod conjugate_gradients;
mod kronecker;
mod lbfgs;
mod least_squares;
mod natural_gradient;
mod newton;
mod products;
mod quasi_newton;
mod trust_region;

pub use bfgs::Bfgs;
pub use conjugate_gradients::{ConjugateGradients, Solution, SolutionStatus};
pub use kronecker::{Shampoo, Soap};
pub use lbfgs::Lbfgs;
pub use least_squares::LevenbergMarquardt;
pub use natural_gradient::NaturalGradient;
pub use newton::NewtonCg;
pub use products::{Likelihood, fisher_product, gauss_newton_product};
pub use trust_region::TrustRegion;
