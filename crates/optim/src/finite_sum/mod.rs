//! Finite sums `f(x) = (1/n) Σ fᵢ(x)`: methods that remember something of every example, and so
//! converge linearly with the cost per step of stochastic gradient descent.

mod averaged;
mod problem;
mod svrg;

pub use averaged::{Remembered, Sag, Saga};
pub use problem::FiniteSum;
pub use svrg::Svrg;
