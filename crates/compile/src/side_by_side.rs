//! Padded pieces that are added are put side by side.

use crate::rewriter::{Rewriter, Vars};
use array::Array;
use ir::prim::{Binary, BroadcastInDim, Concatenate, Constant, Pad};
use ir::{Prim, Program, Var};
use std::borrow::Cow;

/// A piece of an axis that is zero elsewhere.
#[derive(Clone)]
struct Piece {
    start: usize,
    length: usize,
    value: Var,
}

/// A sum of pieces of one axis, none over another, in order.
#[derive(Clone)]
struct Pieces {
    axis: usize,
    pieces: Vec<Piece>,
}

/// The program with a sum of arrays that are padded with zeros up to one another's borders
/// written as a concatenation. Such sums are what the derivative of cutting an array into parts
/// comes to.
///
/// Each part has 0 added instead of the other parts' padding: `−0 + 0 = 0`, and else nothing
/// changes.
pub fn side_by_side(program: &Program) -> Cow<'_, Program> {
    let mut uses = vec![0_usize; program.variables()];
    for v in program.equations().iter().flat_map(|eq| &eq.inputs).chain(program.outputs()) {
        uses[v.index()] += 1;
    }
    let mut zero = vec![false; program.variables()];
    let mut known: Vec<Option<Pieces>> = vec![None; program.variables()];
    let mut whole: Vec<Option<Pieces>> = vec![None; program.equations().len()];
    for (i, eq) in program.equations().iter().enumerate() {
        let out = eq.first.index();
        if let Prim::Constant(Constant(value)) = &eq.prim {
            zero[out] = value.shape().is_empty()
                && value.dtype().is_float()
                && *value == Array::full(value.dtype(), &[], 0.0);
        } else if let Prim::Pad(p) = &eq.prim
            && zero[eq.inputs[1].index()]
        {
            known[out] = piece(p, eq.inputs[0], &program.ty(eq.inputs[0]).shape);
        } else if let Prim::Binary(Binary::Add) = &eq.prim
            && let [l, r] = eq.inputs[..]
            && uses[l.index()] == 1
            && uses[r.index()] == 1
            && let (Some(a), Some(b)) = (&known[l.index()], &known[r.index()])
            && let Some(both) = joined(a, b)
        {
            let shape = &program.ty(eq.first).shape;
            let covered: usize = both.pieces.iter().map(|p| p.length).sum();
            if covered == shape[both.axis] {
                whole[i] = Some(both);
            } else {
                known[out] = Some(both);
            }
        }
    }
    if whole.iter().all(Option::is_none) {
        return Cow::Borrowed(program);
    }
    let mut new = Rewriter::new(program.input_types());
    let mut renamed: Vec<Var> = program.inputs().collect();
    for (eq, whole) in program.equations().iter().zip(whole) {
        let Some(Pieces { axis, pieces }) = whole else {
            let inputs: Vars = eq.inputs.iter().map(|v| renamed[v.index()]).collect();
            renamed.extend(new.copy(program, eq, &inputs));
            continue;
        };
        let zero = new.push(Constant(Array::full(program.ty(eq.first).dtype, &[], 0.0)), &[], None);
        let mut parts = vec![];
        for piece in &pieces {
            let shape = program.ty(piece.value).shape.clone();
            let zeros = new.push(BroadcastInDim { shape, dims: vec![] }, &[zero], eq.at);
            parts.push(new.push(Binary::Add, &[renamed[piece.value.index()], zeros], eq.at));
        }
        renamed.push(new.push(Concatenate { axis }, &parts, eq.at));
    }
    Cow::Owned(new.finish(program.outputs().iter().map(|v| renamed[v.index()]).collect()))
}

/// What a padding with zeros on both sides of one axis makes.
fn piece(p: &Pad, value: Var, shape: &[usize]) -> Option<Pieces> {
    let padded = |d: &usize| p.padding[*d].low != 0 || p.padding[*d].high != 0;
    let mut axes = (0..shape.len()).filter(padded);
    let axis = axes.next()?;
    let plain = p.padding.iter().all(|p| p.low >= 0 && p.high >= 0 && p.interior == 0);
    if axes.next().is_some() || !plain || shape.contains(&0) {
        return None;
    }
    let start = usize::try_from(p.padding[axis].low).ok()?;
    Some(Pieces { axis, pieces: vec![Piece { start, length: shape[axis], value }] })
}

/// The pieces of both, if they are of one axis and apart from one another.
fn joined(a: &Pieces, b: &Pieces) -> Option<Pieces> {
    let mut pieces = [&a.pieces[..], &b.pieces].concat();
    pieces.sort_by_key(|p| p.start);
    let apart = pieces.windows(2).all(|w| w[0].start + w[0].length <= w[1].start);
    (a.axis == b.axis && apart).then_some(Pieces { axis: a.axis, pieces })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_code;
    use array::{DType, Type};
    use ir::Builder;
    use ir::check::random_like;
    use ir::prim::Padding;

    /// The sum, from the left, of pieces of 2 columns that start at these columns of 6.
    fn program(starts: &[i64]) -> Program {
        let t = Type::new(DType::F64, vec![3, 2]);
        let mut b = Builder::new(vec![t; starts.len()]);
        let zero = b.push(Constant(Array::scalar(0.0)).into(), &[], None).unwrap()[0];
        let none = Padding { low: 0, high: 0, interior: 0 };
        let padded: Vec<Var> = starts
            .iter()
            .enumerate()
            .map(|(i, &low)| {
                let pad = Pad { padding: vec![none, Padding { low, high: 4 - low, interior: 0 }] };
                b.push(pad.into(), &[Var(i as u32), zero], None).unwrap()[0]
            })
            .collect();
        let add = |l: Var, r: &Var| b.push(Binary::Add.into(), &[l, *r], None).unwrap()[0];
        let sum = padded[1..].iter().fold(padded[0], add);
        b.finish(vec![sum])
    }

    #[test]
    fn pieces_of_a_whole_are_concatenated_and_zeros_keep_their_sign() {
        let before = program(&[4, 0, 2]);
        let after = side_by_side(&before);
        let after = dead_code(&after);
        let last = &after.equations().last().unwrap().prim;
        assert!(matches!(last, Prim::Concatenate(Concatenate { axis: 1 })));
        assert!(!after.equations().iter().any(|eq| matches!(eq.prim, Prim::Pad(_))));
        let mut x: Vec<_> = before.input_types().iter().map(|t| random_like(t, 3)).collect();
        x[1] = Array::full(DType::F64, &[3, 2], -0.0);
        x[2] = Array::full(DType::F64, &[3, 2], f64::NAN);
        assert_eq!(before.eval(&x).unwrap(), after.eval(&x).unwrap());
    }

    #[test]
    fn pieces_with_gaps_or_overlaps_are_added() {
        for starts in [&[4, 0][..], &[4, 1, 2], &[0, 2, 0]] {
            let before = program(starts);
            assert_eq!(*side_by_side(&before), before);
        }
    }
}
