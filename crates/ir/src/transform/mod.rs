//! The drivers: each transformation is one walk over the nodes of a scope.

mod batch;
mod body;
mod jvp;
mod substitute;
mod transpose;

pub use batch::batch;
pub use body::{
    Split, batch_program, rewire, split_jvp, tangent_program, trace, transpose_program,
};
pub use jvp::jvp;
pub use substitute::substitute;
pub use transpose::transpose;
