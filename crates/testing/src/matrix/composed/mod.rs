//! The rows of the composed functions, by field. Each is written as a user would write it, on
//! tensors, and is small: what is tried is how rules compose.

mod control;
mod functions;
mod higher_order;
mod linear_algebra;
mod losses;
mod networks;
mod signals;

use super::Kind;
use super::spec::{Oracle, Spec, Subject};
use crate::functions::program_of;
use array::{DType, Type};
use ir::check::{Cell, fill};
use ir::prim::Fill;
use tensor::{Tensor, Tree};

/// All composed functions.
pub(super) fn rows() -> Vec<Spec> {
    let fields = [
        functions::rows(),
        losses::rows(),
        networks::rows(),
        linear_algebra::rows(),
        signals::rows(),
        control::rows(),
        higher_order::rows(),
    ];
    fields.into_iter().flatten().collect()
}

/// The row of a function at a point. Differentiated with respect to every float leaf of `x`.
fn row<T: Tree, O: Tree>(name: &str, x: T, f: impl FnOnce(&T) -> O) -> Spec {
    let (program, inputs) = program_of(f, &x);
    let subject = Subject { label: String::new(), program, inputs, cells: Cell::ALL.to_vec() };
    Spec {
        name: name.to_string(),
        kind: Kind::Composed,
        subjects: vec![subject],
        oracle: Oracle::Differences,
    }
}

/// An f64 tensor of this shape, filled by number `seed` of the ways in which `how` can be done.
fn filled(shape: &[usize], how: &Fill, seed: u64) -> Tensor {
    Tensor::new(fill(&Type::new(DType::F64, shape), how, seed))
}

/// Numbers between −1 and 1.
fn sample(shape: &[usize], seed: u64) -> Tensor {
    filled(shape, &Fill::Range(-1.0, 1.0), seed)
}

/// Numbers between ½ and 2.
fn positive(shape: &[usize], seed: u64) -> Tensor {
    filled(shape, &Fill::Range(0.5, 2.0), seed)
}
