//! Programs in f32: the same operations on narrower numbers.

use super::spec::Subject;
use super::tolerance;
use array::{Array, DType, Type};
use ir::check::{Cell, Composition};
use ir::prim::{Constant, Convert, Iota};
use ir::{Builder, Prim, Program, TypeError, Var};
use std::sync::Arc;

fn narrow_dtype(dtype: DType) -> DType {
    if dtype == DType::F64 { DType::F32 } else { dtype }
}

fn narrow_type(ty: &Type) -> Type {
    ty.with_dtype(narrow_dtype(ty.dtype))
}

fn narrow_array(a: &Array) -> Array {
    a.convert(narrow_dtype(a.dtype()))
}

/// The operation with f32 wherever its parameters say f64. One that says f64 and is forgotten here
/// meets f32 operands, and its type rule refuses.
fn narrow_prim(mut prim: Prim) -> Result<Prim, TypeError> {
    for body in prim.programs_mut() {
        *body = Arc::new(narrow(body)?);
    }
    Ok(match prim {
        Prim::Constant(Constant(a)) => Prim::from(Constant(narrow_array(&a))),
        Prim::Convert(Convert { dtype }) => Prim::from(Convert { dtype: narrow_dtype(dtype) }),
        Prim::Iota(iota) => Prim::from(Iota { dtype: narrow_dtype(iota.dtype), ..iota }),
        other => other,
    })
}

/// The program with every f64 in it made f32.
///
/// # Errors
/// When an operation cannot be narrowed.
pub(super) fn narrow(program: &Program) -> Result<Program, TypeError> {
    let mut builder = Builder::new(program.input_types().iter().map(narrow_type).collect());
    let mut vars: Vec<Var> = program.inputs().collect();
    for eq in program.equations() {
        let inputs: Vec<Var> = eq.inputs.iter().map(|v| vars[v.index()]).collect();
        vars.extend(builder.push(narrow_prim(eq.prim.clone())?, &inputs, eq.at)?);
    }
    Ok(builder.finish(program.outputs().iter().map(|v| vars[v.index()]).collect()))
}

/// Whether a composition in f32 agrees with the same in f64 at the same point.
///
/// # Errors
/// The first element that disagrees, or a rule that is missing.
pub(super) fn agrees(
    row: &str,
    cell: Cell,
    s: &Subject,
    run: ir::check::Run<'_>,
) -> Result<(), String> {
    let text = |e: ir::RuleError| e.to_string();
    let program = narrow(&s.program).map_err(|e| e.to_string())?;
    let point: Vec<Array> = s.inputs.iter().map(narrow_array).collect();
    let narrow = Composition::of(cell, &program, &point).map_err(text)?;
    let wide = Composition::of(cell, &s.program, &s.inputs).map_err(text)?;
    // Where the f64 program takes f64, it gets the f32 numbers: both are evaluated at one point.
    let dtypes = wide.inputs.iter().map(Array::dtype);
    let widened = narrow.inputs.iter().zip(dtypes).map(|(x, dtype)| x.convert(dtype)).collect();
    let inputs: Vec<Array> = widened;
    let got = run(&narrow.program, &narrow.inputs).map_err(text)?;
    let want = run(&wide.program, &inputs).map_err(text)?;
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        let expected = narrow_type(&want.ty());
        // Sums that `hvp` and `third` take are made f64 in either precision.
        if got.ty() != expected && got.ty() != want.ty() {
            return Err(format!("output {i} is {}, expected {expected}", got.ty()));
        }
        elements_agree(&got.to_f64(), &want.to_f64(), tolerance::of(row, cell))
            .map_err(|why| format!("output {i}, {why}"))?;
    }
    Ok(())
}

fn elements_agree(got: &[f64], want: &[f64], tolerance: f64) -> Result<(), String> {
    let finite = got.iter().chain(want).filter(|v| v.is_finite());
    let scale = 1.0 + finite.fold(0.0, |m: f64, v| m.max(v.abs()));
    for (k, (&a, &b)) in got.iter().zip(want).enumerate() {
        let same = a == b || (a.is_nan() && b.is_nan());
        let close = (a - b).abs() <= tolerance * scale; // false for NaN
        if !same && !close {
            let error = (a - b).abs() / scale;
            return Err(format!(
                "element {k}: {a} in f32, {b} in f64: off by {error:.1e} of the scale, \
                 allowed is {tolerance:.0e}"
            ));
        }
    }
    Ok(())
}
