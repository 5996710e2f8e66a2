//! Regularisers with their proximal operators, and methods that use these.

mod constraints;
mod gradient;
mod matrices;
mod penalties;
mod regulariser;
mod rule;

pub use constraints::{MaxNorm, project_onto_l1_ball};
pub use gradient::ProximalGradient;
pub use matrices::{NuclearNorm, SpectralNorm};
pub use penalties::{ElasticNet, GroupLasso, L1, L2};
pub use regulariser::{Penalty, Regulariser};
pub use rule::ProximalUpdate;
