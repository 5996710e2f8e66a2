//! Special functions of one real variable, in `f64`, and a counter-based random number generator.
//!
//! These are the numbers under Mathesis' scalar primitives, in one place so that the reference
//! evaluator and the engine can share them.
//!
//! | function | definition | largest error |
//! |---|---|---|
//! | [`erf`] | `2/√π ∫₀ˣ e^(−t²) dt` | 2.3e-16 |
//! | [`erfc`] | `1 − erf x` | 3.0e-16 |
//! | [`erf_inv`] | `erf(erf_inv x) = x` | 2.5e-16 |
//! | [`lgamma`] | `log \|Γ(x)\|` | 2.5e-16 for `x > 0` |
//! | [`digamma`] | `ψ(x) = d/dx log Γ(x)` | 4.5e-16 for `x > 0` |
//! | [`polygamma`] | `ψ⁽ⁿ⁾(x)` | 1.0e-15 for `x > 0`, `n ≤ 20` |
//! | [`logistic`] | `1/(1 + e^(−x))` | 2.5e-16 |
//!
//! Errors are relative, measured at 13 000 arguments against mpmath with 60 digits
//! (`oracles/special.py --dense`); the pages of the single functions say what holds on the
//! negative axis, and `tests/oracle.rs` holds every function to its figure on every run.
//!
//! What the standard library has is not repeated here: `f64::exp_m1`, `f64::ln_1p`, `f64::cbrt`.
//! For `f32`, compute in `f64` and round, `f(x as f64) as f32`: the result is correctly rounded
//! but for about one argument in 10⁸.

mod digamma;
mod error_function;
mod gamma;
mod logistic;
mod polygamma;
mod series;
mod threefry;

pub use digamma::digamma;
pub use error_function::{erf, erf_inv, erfc};
pub use gamma::lgamma;
pub use logistic::logistic;
pub use polygamma::polygamma;
pub use threefry::threefry2x32;
