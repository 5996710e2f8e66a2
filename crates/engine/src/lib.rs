//! Plans to numbers, on the CPU.
//!
//! [`Executable`] makes a [`compile::Plan`] ready and runs it; [`apply`] executes one operation at once. What an operation
//! means is said by [`ir::Primitive::eval`]; here it is computed fast: by kernels of our own for
//! what is frequent, by `gemm` for products of matrices, and by the reference itself for the rest
//! (see [`execute`](self) for the list).
//!
//! * Results are the same bits for any number of threads.
//! * A value's buffer is overwritten only where nobody else holds it. Inputs come by value, so a
//!   caller who gives an array away donates its memory.
//! * Plans are shared freely and run from many threads at once.
//!
//! This is the only crate with unsafe code and threads.
//!
//! ```
//! use array::{Array, DType, Type};
//! use ir::{Builder, Var, prim::Unary};
//! let mut b = Builder::new(vec![Type::new(DType::F32, vec![2])]);
//! let y = b.push(Unary::Sqrt.into(), &[Var(0)], None).unwrap();
//! let plan = compile::compile(&b.finish(y));
//! let y = engine::run(plan, vec![Array::from_vec(vec![4.0_f32, 9.0], &[2])]).unwrap();
//! assert_eq!(y[0].as_slice::<f32>(), [2.0, 3.0]);
//! ```

mod control;
mod executable;
mod execute;
mod isa;
mod kernels;
mod memory;
mod profile;
mod run;
mod strided;
mod threads;

pub use executable::Executable;
pub use execute::apply;
pub use isa::{InstructionSet, instruction_set, set_instruction_set};
pub use profile::{Inside, StepTime};
pub use run::{Cancel, run};
pub use threads::{set_threads, threads};
