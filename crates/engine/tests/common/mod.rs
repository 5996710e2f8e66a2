//! Comparison of the engine with the reference.

use array::{Array, DType};
use ir::Program;

/// Whether two numbers agree up to `tolerance`, relative to the larger or absolutely when small.
pub(crate) fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a.is_nan() && b.is_nan())
        || a == b
        || (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

/// What differs between two lists of arrays, if anything does.
pub(crate) fn difference(got: &[Array], want: &[Array], tolerance: f64) -> Option<String> {
    if got.len() != want.len() {
        return Some(format!("{} outputs, expected {}", got.len(), want.len()));
    }
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        if g.ty() != w.ty() {
            return Some(format!("output {i} is {}, expected {}", g.ty(), w.ty()));
        }
        let tolerance = match g.dtype() {
            DType::F32 => tolerance.max(2e-5),
            DType::F64 => tolerance,
            DType::I32 | DType::I64 | DType::U32 | DType::Bool => 0.0,
        };
        for (k, (a, b)) in g.to_f64().into_iter().zip(w.to_f64()).enumerate() {
            if !close(a, b, tolerance) {
                return Some(format!("output {i}, element {k} is {a}, expected {b}"));
            }
        }
    }
    None
}

/// Compiles and runs.
#[allow(dead_code)] // not every test that includes this module uses all of it
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
