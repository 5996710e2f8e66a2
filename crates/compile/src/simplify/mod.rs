//! Simplification: local rewrites, each of which preserves every bit of the result.
//!
//! The rules look at an operation and at how its operands are defined. They are applied once to
//! each equation, operands first; what a rule puts in place of an equation is simplified again.
//! Rules that hold for real numbers but not for floating-point ones (`x − x = 0`, reassociation,
//! `0·x = 0`) are not here.

mod arithmetic;
mod constants;
mod layout;
mod products;
mod reductions;

use crate::rewriter::{Rewriter, Vars};
use ir::{Prim, Program, Var};
use std::panic::Location;

/// The simplified program.
pub fn simplify(program: &Program) -> Program {
    let mut new = Rewriter::like(program);
    let mut renamed: Vec<Var> = Vec::with_capacity(program.variables());
    renamed.extend(program.inputs());
    for eq in program.equations() {
        let inputs: Vars = eq.inputs.iter().map(|v| renamed[v.index()]).collect();
        match rewritten(&mut new, &eq.prim, &inputs, eq.at) {
            Some(v) => renamed.push(v),
            None => renamed.extend(new.copy(program, eq, &inputs)),
        }
    }
    new.finish(program.outputs().iter().map(|v| renamed[v.index()]).collect())
}

type At = Option<&'static Location<'static>>;

/// Adds an operation with one result in its simplest form.
fn emit(new: &mut Rewriter, prim: impl Into<Prim>, x: &[Var], at: At) -> Var {
    let prim = prim.into();
    match rewritten(new, &prim, x, at) {
        Some(v) => v,
        None => new.push(prim, x, at),
    }
}

/// What a rule puts in place of an operation on these operands, if one applies.
fn rewritten(new: &mut Rewriter, prim: &Prim, x: &[Var], at: At) -> Option<Var> {
    match prim {
        Prim::Unary(_)
        | Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::Select(_)
        | Prim::Clamp(_)
        | Prim::Convert(_)
        | Prim::IntegerPow(_)
        | Prim::Polygamma(_)
        | Prim::IsFinite(_) => arithmetic::identities(new, prim, x, at)
            .or_else(|| constants::fold(new, prim, x, at))
            .or_else(|| arithmetic::repeated(new, prim, x, at)),
        Prim::BroadcastInDim(p) => layout::broadcast_in_dim(new, p, x[0], at),
        Prim::Reshape(p) => layout::reshape(new, p, x[0], at),
        Prim::Transpose(p) => layout::transpose(new, p, x[0], at),
        Prim::Slice(p) => layout::slice(new, p, x[0], at),
        Prim::Pad(p) => layout::pad(p, x),
        Prim::Concatenate(p) => layout::concatenate(new, p, x, at),
        Prim::Reverse(p) => layout::reverse(new, p, x[0], at),
        Prim::Reduce(p) => reductions::reduce(new, p, x[0], at),
        Prim::DotGeneral(p) => products::dot_general(new, p, x, at),
        // Nothing to simplify, or nothing known.
        Prim::Placeholder(_)
        | Prim::Constant(_)
        | Prim::Iota(_)
        | Prim::ArgReduce(_)
        | Prim::ConvGeneral(_)
        | Prim::ReduceWindow(_)
        | Prim::Fft(_)
        | Prim::Scan(_)
        | Prim::Cond(_)
        | Prim::While(_)
        | Prim::Call(_)
        | Prim::Cholesky(_)
        | Prim::TriangularSolve(_)
        | Prim::Lu(_)
        | Prim::LuSolve(_)
        | Prim::Qr(_)
        | Prim::Svd(_)
        | Prim::Eigh(_)
        | Prim::Gather(_)
        | Prim::ScatterAdd(_)
        | Prim::DynamicSlice(_)
        | Prim::DynamicUpdateSlice(_)
        | Prim::Sort(_)
        | Prim::Cumulative(_)
        | Prim::RandomBits(_)
        | Prim::Threefry(_)
        | Prim::AxisSum(_)
        | Prim::Custom(_) => None,
    }
}
