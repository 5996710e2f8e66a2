//! Element-by-element operations: whole arrays, cut into chunks, and chunks into tiles.

use super::functions::{binary_f32, binary_f64, unary_f32, unary_f64};
use super::integers::Exact;
use super::lanes::{Lane, Lanes, LanesMut, lanes_of};
use crate::execute::Operand;
use crate::memory::scratch;
use crate::threads::for_each_part;
use array::{Array, DType, Element, with_dtype};
use ir::Prim;
use ir::prim::{Binary, Compare, Unary};
use smallvec::SmallVec;

/// Elements that are worked on at once where intermediate values are needed: few enough to stay
/// in the first-level cache.
pub(crate) const TILE: usize = 1024;

/// Computes an element-by-element operation on equally many elements of each operand.
pub(crate) fn tile(prim: &Prim, x: &[Lanes<'_>], out: LanesMut<'_>) {
    match prim {
        Prim::Unary(f) => match out {
            LanesMut::F32(out) => unary_f32(*f, f32::of(x[0]), out),
            LanesMut::F64(out) => unary_f64(*f, f64::of(x[0]), out),
            LanesMut::I32(out) => i32::unary(*f, i32::of(x[0]), out),
            LanesMut::I64(out) => i64::unary(*f, i64::of(x[0]), out),
            LanesMut::U32(out) => u32::unary(*f, u32::of(x[0]), out),
            LanesMut::Bool(out) => bool::unary(*f, bool::of(x[0]), out),
        },
        Prim::Binary(f) => match out {
            LanesMut::F32(out) => binary_f32(*f, f32::of(x[0]), f32::of(x[1]), out),
            LanesMut::F64(out) => binary_f64(*f, f64::of(x[0]), f64::of(x[1]), out),
            LanesMut::I32(out) => i32::binary(*f, i32::of(x[0]), i32::of(x[1]), out),
            LanesMut::I64(out) => i64::binary(*f, i64::of(x[0]), i64::of(x[1]), out),
            LanesMut::U32(out) => u32::binary(*f, u32::of(x[0]), u32::of(x[1]), out),
            LanesMut::Bool(out) => bool::binary(*f, bool::of(x[0]), bool::of(x[1]), out),
        },
        Prim::Compare(c) => {
            let LanesMut::Bool(out) = out else {
                unreachable!("invariant: comparisons give truth values")
            };
            match x[0] {
                Lanes::F32(a) => compare(*c, a, f32::of(x[1]), out),
                Lanes::F64(a) => compare(*c, a, f64::of(x[1]), out),
                Lanes::I32(a) => compare(*c, a, i32::of(x[1]), out),
                Lanes::I64(a) => compare(*c, a, i64::of(x[1]), out),
                Lanes::U32(a) => compare(*c, a, u32::of(x[1]), out),
                Lanes::Bool(a) => compare(*c, a, bool::of(x[1]), out),
            }
        }
        Prim::Select(_) => match out {
            LanesMut::F32(out) => select(x, out),
            LanesMut::F64(out) => select(x, out),
            LanesMut::I32(out) => select(x, out),
            LanesMut::I64(out) => select(x, out),
            LanesMut::U32(out) => select(x, out),
            LanesMut::Bool(out) => select(x, out),
        },
        Prim::Clamp(_) => match out {
            LanesMut::F32(out) => clamp(x, out),
            LanesMut::F64(out) => clamp(x, out),
            LanesMut::I32(out) => clamp(x, out),
            LanesMut::I64(out) => clamp(x, out),
            LanesMut::U32(out) => clamp(x, out),
            LanesMut::Bool(out) => clamp(x, out),
        },
        Prim::Convert(_) => match out {
            LanesMut::F32(out) => convert(x[0], out),
            LanesMut::F64(out) => convert(x[0], out),
            LanesMut::I32(out) => convert(x[0], out),
            LanesMut::I64(out) => convert(x[0], out),
            LanesMut::U32(out) => convert(x[0], out),
            LanesMut::Bool(out) => convert(x[0], out),
        },
        Prim::IntegerPow(p) => float_map(x[0], out, |v| v.powi(p.n)),
        Prim::Polygamma(p) => float_map(x[0], out, |v| special::polygamma(p.n, v)),
        other => unreachable!("invariant: {other:?} is not element by element"),
    }
}

fn compare<T: PartialOrd + Copy>(c: Compare, x: &[T], y: &[T], out: &mut [bool]) {
    fn each<T: Copy>(x: &[T], y: &[T], out: &mut [bool], f: impl Fn(T, T) -> bool) {
        for ((o, &x), &y) in out.iter_mut().zip(x).zip(y) {
            *o = f(x, y);
        }
    }
    match c {
        Compare::Eq => each(x, y, out, |x, y| x == y),
        Compare::Ne => each(x, y, out, |x, y| x != y),
        Compare::Lt => each(x, y, out, |x, y| x < y),
        Compare::Le => each(x, y, out, |x, y| x <= y),
        Compare::Gt => each(x, y, out, |x, y| x > y),
        Compare::Ge => each(x, y, out, |x, y| x >= y),
    }
}

fn select<T: Lane>(x: &[Lanes<'_>], out: &mut [T]) {
    let values = T::of(x[1]).iter().zip(T::of(x[2]));
    for ((o, &c), (&a, &b)) in out.iter_mut().zip(bool::of(x[0])).zip(values) {
        *o = if c { a } else { b };
    }
}

fn clamp<T: Lane>(x: &[Lanes<'_>], out: &mut [T]) {
    let bounds = T::of(x[0]).iter().zip(T::of(x[2]));
    for ((o, &v), (&low, &high)) in out.iter_mut().zip(T::of(x[1])).zip(bounds) {
        let raised = if v < low { low } else { v };
        *o = if raised > high { high } else { raised };
    }
}

/// Conversion as [`Array::convert`] does it: through f64 where a float is involved, else i64.
fn convert<T: Element>(x: Lanes<'_>, out: &mut [T]) {
    fn cast<S: Element, T: Element>(x: &[S], out: &mut [T]) {
        if S::DTYPE.is_float() || T::DTYPE.is_float() {
            for (o, &x) in out.iter_mut().zip(x) {
                *o = T::from_f64(x.to_f64());
            }
        } else {
            for (o, &x) in out.iter_mut().zip(x) {
                *o = T::from_i64(x.to_i64());
            }
        }
    }
    match x {
        Lanes::F32(x) => cast(x, out),
        Lanes::F64(x) => cast(x, out),
        Lanes::I32(x) => cast(x, out),
        Lanes::I64(x) => cast(x, out),
        Lanes::U32(x) => cast(x, out),
        Lanes::Bool(x) => cast(x, out),
    }
}

fn float_map(x: Lanes<'_>, out: LanesMut<'_>, f: impl Fn(f64) -> f64) {
    match out {
        LanesMut::F64(out) => {
            for (o, &x) in out.iter_mut().zip(f64::of(x)) {
                *o = f(x);
            }
        }
        LanesMut::F32(out) => {
            for (o, &x) in out.iter_mut().zip(f32::of(x)) {
                *o = f(f64::from(x)) as f32;
            }
        }
        _ => unreachable!("invariant: the type rule admits floats only"),
    }
}

/// The dtype of an element-by-element operation's result.
pub(crate) fn result_dtype(prim: &Prim, x: &[DType]) -> DType {
    match prim {
        Prim::Compare(_) => DType::Bool,
        Prim::Convert(c) => c.dtype,
        Prim::Select(_) => x[1],
        _ => x[0],
    }
}

/// What an element costs, in units of about a fifth of a nanosecond.
pub(crate) fn cost(prim: &Prim) -> usize {
    let cheap = match prim {
        Prim::Unary(f) => matches!(
            f,
            Unary::Neg
                | Unary::Abs
                | Unary::Sign
                | Unary::Sqrt
                | Unary::Relu
                | Unary::StopGradient
                | Unary::Not
        ),
        Prim::Binary(f) => !matches!(f, Binary::Pow | Binary::Atan2 | Binary::Rem),
        Prim::Polygamma(_) => false,
        _ => true,
    };
    if cheap { 1 } else { 16 }
}

/// An element-by-element operation on arrays, in the memory of an operand where that is free.
pub(crate) fn elementwise(prim: &Prim, x: &mut [Operand<'_>]) -> Array {
    let dtypes: SmallVec<[DType; 3]> = x.iter().map(|x| x.array().dtype()).collect();
    let dtype = result_dtype(prim, &dtypes);
    if let (Prim::Unary(Unary::StopGradient), Operand::Kept(a)) = (prim, &x[0]) {
        return (*a).clone();
    }
    with_dtype!(dtype, T => typed::<T>(prim, x))
}

fn typed<T: Lane>(prim: &Prim, x: &mut [Operand<'_>]) -> Array {
    let shape = x[0].array().shape().to_vec();
    let chunk = (1 << 16) / cost(prim);
    for i in 0..x.len() {
        if x[i].array().dtype() == T::DTYPE
            && let Some(mut out) = x[i].take::<T>()
        {
            for_each_part(&mut out, chunk, |start, part| {
                let mut copy = [T::ZERO; TILE];
                for (k, tile_out) in part.chunks_mut(TILE).enumerate() {
                    let (from, n) = (start + k * TILE, tile_out.len());
                    copy[..n].copy_from_slice(tile_out);
                    let operands: SmallVec<[Lanes<'_>; 3]> = (0..x.len())
                        .map(|j| {
                            if j == i {
                                T::lanes(&copy[..n])
                            } else {
                                lanes_of(x[j].array(), from..from + n)
                            }
                        })
                        .collect();
                    tile(prim, &operands, T::lanes_mut(tile_out));
                }
            });
            return Array::from_vec(out, &shape);
        }
    }
    let mut out = scratch::<T>(x[0].array().len());
    for_each_part(&mut out, chunk, |start, part| {
        let range = start..start + part.len();
        let operands: SmallVec<[Lanes<'_>; 3]> =
            x.iter().map(|x| lanes_of(x.array(), range.clone())).collect();
        tile(prim, &operands, T::lanes_mut(part));
    });
    Array::from_vec(out, &shape)
}
