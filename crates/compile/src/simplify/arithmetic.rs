//! Identities of element-by-element operations.

use super::{At, emit};
use crate::rewriter::Rewriter;
use array::{Array, DType};
use ir::prim::{Binary, BroadcastInDim, Constant, Unary};
use ir::{Prim, Var};

/// Operations that give one of their operands back.
pub(super) fn identities(new: &mut Rewriter, prim: &Prim, x: &[Var], at: At) -> Option<Var> {
    match prim {
        // A plan is not differentiated any more.
        Prim::Unary(Unary::StopGradient) => Some(x[0]),
        Prim::Unary(Unary::Neg) => inner(new, x[0], &Unary::Neg.into()),
        Prim::Unary(Unary::Not) => inner(new, x[0], &Unary::Not.into()),
        Prim::Binary(f) => binary(new, *f, x[0], x[1]),
        Prim::Select(_) => {
            if x[1] == x[2] {
                return Some(x[1]);
            }
            let condition = new.number(x[0])?;
            Some(if condition.as_slice::<bool>()[0] { x[1] } else { x[2] })
        }
        Prim::Convert(p) => {
            let from = new.dtype(x[0]);
            if from == p.dtype {
                return Some(x[0]);
            }
            // There and back through a type that holds every value.
            let (Prim::Convert(_), before) = new.definition(x[0])? else { return None };
            let exact = match (p.dtype, from) {
                (DType::Bool, _) => true,
                (DType::F32 | DType::I32 | DType::U32, DType::F64) => true,
                (DType::I32 | DType::U32, DType::I64) => true,
                (DType::F32 | DType::F64 | DType::I32 | DType::I64 | DType::U32, _) => false,
            };
            (new.dtype(before[0]) == p.dtype && exact).then_some(before[0])
        }
        Prim::IntegerPow(p) => match p.n {
            0 => {
                let one = Array::full(new.dtype(x[0]), &[], 1.0);
                let one = new.push(Constant(one), &[], at);
                let shape = new.shape(x[0]).to_vec();
                Some(emit(new, BroadcastInDim { shape, dims: vec![] }, &[one], at))
            }
            1 => Some(x[0]),
            // The exact square, rounded once: also in f32, where the power is taken in f64.
            2 => Some(emit(new, Binary::Mul, &[x[0], x[0]], at)),
            _ => None,
        },
        Prim::Placeholder(_)
        | Prim::Constant(_)
        | Prim::Unary(_)
        | Prim::Polygamma(_)
        | Prim::IsFinite(_)
        | Prim::Compare(_)
        | Prim::Clamp(_)
        | Prim::Reduce(_)
        | Prim::ArgReduce(_)
        | Prim::BroadcastInDim(_)
        | Prim::Reshape(_)
        | Prim::Transpose(_)
        | Prim::Slice(_)
        | Prim::Pad(_)
        | Prim::Concatenate(_)
        | Prim::Reverse(_)
        | Prim::Iota(_)
        | Prim::DotGeneral(_)
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

/// The operand of `prim`, if that is what `x` is the result of.
fn inner(new: &Rewriter, x: Var, prim: &Prim) -> Option<Var> {
    let (found, y) = new.definition(x)?;
    (found == prim).then(|| y[0])
}

fn binary(new: &Rewriter, f: Binary, x: Var, y: Var) -> Option<Var> {
    let number = |v: Var| new.number(v);
    let is = |v: Var, value: f64| number(v).is_some_and(|a| a.item() == value);
    let negative_zero = |v: Var| is(v, 0.0) && number(v).is_some_and(is_negative);
    let float = new.dtype(x).is_float();
    match f {
        // −0 is the neutral element of addition: −0 + 0 is 0.
        Binary::Add => {
            let neutral = |v: Var, other: Var| {
                is(v, 0.0) && (!float || negative_zero(v) || never_negative_zero(new, other, 4))
            };
            if neutral(y, x) { Some(x) } else { neutral(x, y).then_some(y) }
        }
        Binary::Sub => (is(y, 0.0) && !negative_zero(y)).then_some(x),
        Binary::Mul => {
            if is(y, 1.0) {
                Some(x)
            } else {
                is(x, 1.0).then_some(y)
            }
        }
        Binary::Div | Binary::Pow => is(y, 1.0).then_some(x),
        Binary::Max | Binary::Min | Binary::And | Binary::Or => (x == y).then_some(x),
        Binary::Rem | Binary::Atan2 | Binary::Xor => None,
    }
}

fn is_negative(a: &Array) -> bool {
    match a.dtype() {
        DType::F32 => a.as_slice::<f32>()[0].is_sign_negative(),
        DType::F64 => a.as_slice::<f64>()[0].is_sign_negative(),
        DType::I32 | DType::I64 | DType::U32 | DType::Bool => false,
    }
}

/// Whether no element of `v` can be −0, as far as can be seen by looking `depth` operations up.
fn never_negative_zero(new: &Rewriter, v: Var, depth: usize) -> bool {
    if !new.dtype(v).is_float() {
        return true;
    }
    let Some((prim, x)) = new.definition(v) else { return false };
    let same = |i: usize| depth > 0 && never_negative_zero(new, x[i], depth - 1);
    match prim {
        Prim::Unary(f) => matches!(
            f,
            Unary::Abs | Unary::Exp | Unary::Relu | Unary::Logistic | Unary::Cosh | Unary::Erfc
        ),
        // A sum is −0 only if both terms are.
        Prim::Binary(Binary::Add) => same(0) || same(1),
        Prim::Binary(Binary::Mul) => x[0] == x[1],
        Prim::Convert(_) => same(0),
        Prim::Reduce(p) => p.op == ir::prim::ReduceOp::Sum, // starts from 0
        Prim::BroadcastInDim(_) | Prim::Reshape(_) | Prim::Transpose(_) | Prim::Slice(_) => same(0),
        Prim::Constant(Constant(a)) => a.len() == 1 && !(a.item() == 0.0 && is_negative(a)),
        Prim::Placeholder(_)
        | Prim::IntegerPow(_)
        | Prim::Polygamma(_)
        | Prim::IsFinite(_)
        | Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::Select(_)
        | Prim::Clamp(_)
        | Prim::ArgReduce(_)
        | Prim::Pad(_)
        | Prim::Concatenate(_)
        | Prim::Reverse(_)
        | Prim::Iota(_)
        | Prim::DotGeneral(_)
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
        | Prim::Custom(_) => false,
    }
}

/// An operation on repeated scalars is done once, and its result repeated.
pub(super) fn repeated(new: &mut Rewriter, prim: &Prim, x: &[Var], at: At) -> Option<Var> {
    let shape = new.shape(x[0]).to_vec();
    if shape.is_empty() {
        return None;
    }
    let scalars: Vec<Var> = x.iter().map(|&v| new.repeated(v)).collect::<Option<_>>()?;
    let scalar = emit(new, prim.clone(), &scalars, at);
    Some(emit(new, BroadcastInDim { shape, dims: vec![] }, &[scalar], at))
}
