//! Dense arrays: element types ([`DType`]), shapes, array types ([`Type`]) and buffers ([`Array`]).
//!
//! This crate knows nothing of graphs, derivatives or kernels. An [`Array`] is immutable and
//! shared: cloning one copies a pointer. Its elements are stored in row-major order.
//!
//! ```
//! use array::{Array, DType};
//! let a = Array::from_vec(vec![1.0_f32, 2.0, 3.0, 4.0], &[2, 2]);
//! assert_eq!(a.ty().to_string(), "f32[2,2]");
//! assert_eq!(a.convert(DType::I64).to_vec::<i64>(), [1, 2, 3, 4]);
//! ```

mod buffer;
mod dtype;
pub mod memory;
pub mod shape;

pub use buffer::{Array, Buffer};
pub use dtype::{DType, Element};
pub use shape::{Shape, Type};
