//! Comparison of the engine with the reference.

use array::{Array, DType};
use ir::Program;
#[allow(unused_imports)] // not every test that includes this module uses all of it
pub(crate) use ir::check::difference;

/// Compiles and runs.
#[allow(dead_code)]
pub(crate) fn run(program: &Program, x: &[Array]) -> ir::RuleResult<Vec<Array>> {
    engine::run(compile::compile(program), x.to_vec())
}

/// The inputs of a program with every f64 array turned into f32.
#[allow(dead_code)]
pub(crate) fn narrowed(x: &[Array]) -> Vec<Array> {
    x.iter()
        .map(|x| if x.dtype() == DType::F64 { x.convert(DType::F32) } else { x.clone() })
        .collect()
}
