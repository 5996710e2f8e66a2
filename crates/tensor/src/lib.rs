//! What users touch: [`Tensor`], transformations of functions, [`Tree`]s of tensors, random
//! [`Key`]s.
//!
//! Outside a transformation each operation runs at once and gives a plain array. Inside `grad`,
//! `jvp` and their kin values may be read; under `vmap` and `jit` reading is an error that says
//! so. Functions go in, functions come out:
//!
//! ```
//! use tensor::{Tensor, grad};
//! let f = |x: &Tensor| (x * x).sum();
//! let x = Tensor::from([1.0, 2.0, 3.0]);
//! assert_eq!(grad(f)(&x).to_vec::<f64>(), [2.0, 4.0, 6.0]);
//! ```

mod branches;
mod broadcasting;
mod einsum;
mod execute;
pub mod functions;
mod key;
pub mod methods;
mod operators;
mod profile;
pub mod program;
pub mod random;
mod tensor;
pub mod transformations;
pub mod tree;

pub use array::{Array, DType, Element};
pub use einsum::einsum;
pub use execute::set_threads;
pub use key::Key;
pub use program::{explain, trace};
pub use tensor::Tensor;
pub use transformations::{
    Hessian, Jacobian, checkpoint, cond, custom_jvp, custom_vjp, grad, hessian, hessian_matrix,
    hvp, jacfwd, jacrev, jit, jit_step, jvp, linearize, scan, switch, value_and_grad,
    value_and_grad_aux, vjp, vmap, vmap_with, while_loop,
};
pub use tree::{Branches, Tree};
