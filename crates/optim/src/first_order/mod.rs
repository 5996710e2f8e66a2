//! Rules on gradients alone.

mod adagrad;
mod adam;
mod averaging;
mod descent;
mod muon;
mod rmsprop;
mod sharpness;

pub use adagrad::AdaGrad;
pub use adam::{Adam, AdamW};
pub use averaging::{Average, Ema, Polyak};
pub use descent::Sgd;
pub use muon::Muon;
pub use rmsprop::RmsProp;
pub use sharpness::sharpness_aware;
