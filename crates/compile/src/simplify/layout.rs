//! Operations that move elements: compositions become one, and those that move nothing vanish.

use super::{At, emit};
use crate::rewriter::Rewriter;
use array::shape::{same, size};
use ir::prim::{BroadcastInDim, Concatenate, Pad, Reshape, Reverse, Slice, Transpose};
use ir::{Prim, Var};

/// The repetition of a scalar in another shape, when that is all that `x` is.
fn repeat(new: &mut Rewriter, x: Var, shape: &[usize], at: At) -> Option<Var> {
    let scalar = new.repeated(x)?;
    if shape.is_empty() {
        return Some(scalar);
    }
    Some(emit(new, BroadcastInDim { shape: shape.to_vec(), dims: vec![] }, &[scalar], at))
}

pub(super) fn broadcast_in_dim(
    new: &mut Rewriter,
    p: &BroadcastInDim,
    x: Var,
    at: At,
) -> Option<Var> {
    if same(&p.shape, new.shape(x)) {
        return Some(x);
    }
    if new.ty(x).rank() > 0 && size(&p.shape) == new.ty(x).len() {
        return Some(emit(new, Reshape { shape: p.shape.clone() }, &[x], at));
    }
    let (Prim::BroadcastInDim(first), y) = new.definition(x)? else { return None };
    let (dims, y) = (first.dims.iter().map(|&d| p.dims[d]).collect(), y[0]);
    Some(emit(new, BroadcastInDim { shape: p.shape.clone(), dims }, &[y], at))
}

pub(super) fn reshape(new: &mut Rewriter, p: &Reshape, x: Var, at: At) -> Option<Var> {
    if same(&p.shape, new.shape(x)) {
        return Some(x);
    }
    if let (Prim::Reshape(_), y) = new.definition(x)? {
        let y = y[0];
        return Some(emit(new, p.clone(), &[y], at));
    }
    if new.ty(x).rank() == 0 {
        return None; // a scalar under a shape of ones is a reshape: `repeat` would not end
    }
    repeat(new, x, &p.shape, at)
}

pub(super) fn transpose(new: &mut Rewriter, p: &Transpose, x: Var, at: At) -> Option<Var> {
    let shape: Vec<usize> = p.permutation.iter().map(|&d| new.shape(x)[d]).collect();
    if p.permutation.iter().copied().eq(0..shape.len()) {
        return Some(x);
    }
    if p.permutation.iter().filter(|&&d| new.shape(x)[d] != 1).is_sorted() {
        return Some(emit(new, Reshape { shape }, &[x], at)); // only axes of size 1 move
    }
    if let (Prim::Transpose(first), y) = new.definition(x)? {
        let permutation = p.permutation.iter().map(|&d| first.permutation[d]).collect();
        let y = y[0];
        return Some(emit(new, Transpose { permutation }, &[y], at));
    }
    repeat(new, x, &shape, at)
}

pub(super) fn slice(new: &mut Rewriter, p: &Slice, x: Var, at: At) -> Option<Var> {
    let rank = p.start.len();
    let shape: Vec<usize> =
        (0..rank).map(|d| (p.limit[d] - p.start[d]).div_ceil(p.strides[d])).collect();
    if shape == new.shape(x) {
        return Some(x); // as many elements as there are: all of them
    }
    if let (Prim::Slice(first), y) = new.definition(x)? {
        let along = |d: usize| {
            let start = first.start[d] + p.start[d] * first.strides[d];
            let strides = first.strides[d] * p.strides[d];
            // Up to the last element that is read.
            let limit = if shape[d] == 0 { start } else { start + (shape[d] - 1) * strides + 1 };
            (start, limit.min(first.limit[d]).max(start), strides)
        };
        let axes: Vec<_> = (0..rank).map(along).collect();
        let composed = Slice {
            start: axes.iter().map(|a| a.0).collect(),
            limit: axes.iter().map(|a| a.1).collect(),
            strides: axes.iter().map(|a| a.2).collect(),
        };
        // An empty slice may start behind the end of the first one's operand.
        if shape.contains(&0) {
            return None;
        }
        let y = y[0];
        return Some(emit(new, composed, &[y], at));
    }
    repeat(new, x, &shape, at)
}

pub(super) fn pad(p: &Pad, x: &[Var]) -> Option<Var> {
    let nothing = p.padding.iter().all(|p| p.low == 0 && p.high == 0 && p.interior == 0);
    nothing.then(|| x[0])
}

pub(super) fn concatenate(new: &mut Rewriter, p: &Concatenate, x: &[Var], at: At) -> Option<Var> {
    if let [only] = x {
        return Some(*only);
    }
    let full: Vec<Var> = x.iter().copied().filter(|&v| new.shape(v)[p.axis] > 0).collect();
    match full.len() {
        0 => Some(x[0]),
        n if n < x.len() => Some(emit(new, p.clone(), &full, at)),
        _ => None,
    }
}

pub(super) fn reverse(new: &mut Rewriter, p: &Reverse, x: Var, at: At) -> Option<Var> {
    let longer: Vec<usize> = p.axes.iter().copied().filter(|&d| new.shape(x)[d] > 1).collect();
    if longer.is_empty() {
        return Some(x);
    }
    if longer.len() < p.axes.len() {
        return Some(emit(new, Reverse { axes: longer }, &[x], at));
    }
    if let (Prim::Reverse(first), y) = new.definition(x)? {
        let (first, y) = (first.axes.clone(), y[0]);
        let once = |a: &[usize], b: &[usize]| -> Vec<usize> {
            a.iter().copied().filter(|d| !b.contains(d)).collect()
        };
        let mut axes = [once(&first, &p.axes), once(&p.axes, &first)].concat();
        axes.sort_unstable();
        return Some(emit(new, Reverse { axes }, &[y], at));
    }
    let shape = new.shape(x).to_vec();
    repeat(new, x, &shape, at)
}
