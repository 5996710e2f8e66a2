//! Operations on truth values and integers as functions of real numbers.
//!
//! A comparison inside a larger function has operands that are differentiated, and a result that
//! decides something; its derivative is zero wherever the decision does not change. To check that
//! forward mode, reverse mode and batching go through it, the operation is tried as the function
//! `ℝⁿ → ℝᵐ` that reads truth values as `x > ½`, integers as `trunc(x)`, and gives its results as
//! real numbers.

use array::{Array, DType, Type};
use ir::check::fill;
use ir::prim::Example;
use ir::transform::trace;
use ir::{Expr, Program, RuleResult, bind};

/// Whether derivatives see nothing of an example because its inputs or outputs hold no floats.
pub(super) fn is_discrete(example: &Example) -> bool {
    let inputs: Vec<&Type> = example.inputs.iter().map(|(t, _)| t).collect();
    let outputs = example.prim.rules().typ(&inputs).unwrap_or_default();
    let inexact = |t: &&Type| t.dtype.is_float();
    let real_inputs = inputs.iter().any(&inexact);
    let real_outputs = outputs.iter().any(|t| inexact(&t));
    !(inputs.is_empty() || real_inputs && real_outputs)
}

/// The operation on real numbers, at a point away from its jumps.
///
/// # Errors
/// When the example's inputs do not fit it.
pub(super) fn embedded(example: &Example, seed: u64) -> RuleResult<(Program, Vec<Array>)> {
    let real = |t: &Type| if t.dtype.is_float() { t.clone() } else { t.with_dtype(DType::F64) };
    let types: Vec<Type> = example.inputs.iter().map(|(t, _)| real(t)).collect();
    let closed = trace("embedding", &types, |x| -> RuleResult<Vec<Expr>> {
        let operands: Vec<Expr> = x
            .iter()
            .zip(&example.inputs)
            .map(|(x, (t, _))| match t.dtype {
                DType::F32 | DType::F64 => x.clone(),
                DType::Bool => x.gt(&x.full_like(0.5)),
                DType::I32 | DType::I64 | DType::U32 => x.convert(t.dtype),
            })
            .collect();
        let y = bind(example.prim.clone(), &operands.iter().collect::<Vec<_>>());
        let real = |y: &Expr| if y.dtype().is_float() { y.clone() } else { y.convert(DType::F64) };
        Ok(y.iter().map(real).collect())
    })?;
    let point = example.inputs.iter().enumerate().map(|(i, (t, how))| {
        let values = fill(t, how, seed + i as u64).to_f64();
        // Equal numbers and integers are jumps of comparisons, maxima and conversions; no two
        // elements are moved alike.
        let apart = |k: usize| 1e-3 * (1 + 3 * k + i) as f64;
        let inside = |(k, &v): (usize, &f64)| match t.dtype {
            DType::F32 | DType::F64 => v + apart(k),
            DType::Bool => 0.25 + 0.5 * v,
            DType::I32 | DType::I64 | DType::U32 => v + 0.25_f64.copysign(v),
        };
        let moved: Vec<f64> = values.iter().enumerate().map(inside).collect();
        Array::from_f64(real(t).dtype, &moved, &t.shape)
    });
    Ok((closed.program, point.collect()))
}
