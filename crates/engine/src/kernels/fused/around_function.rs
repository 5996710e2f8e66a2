//! Functions in fused loops with the arithmetic around them, `F(x·s ± m)·y·z`, in one pass: what is
//! missing is a factor of one, or a term of −0, which change nothing. While it computes, the pass
//! asks for the memory of the next tile, a few lines at a time.

use super::instructions::{Ahead, Body, Kernel, Tiles, compiled};
use super::tiles::prefetch_line;
use crate::isa::Simd;
use crate::kernels::functions::{
    BLOCK, Blocks, Erf32, Erf64, Erfc32, Erfc64, Exp, Expm1, Function, Logistic, Tanh,
};
use crate::kernels::vector::Vector;
use array::{DType, Element};
use compile::Link;
use ir::Prim;
use ir::prim::{Binary, Unary};
use std::marker::PhantomData;

/// `F(x)`, with `BEFORE` of `x·s ± m`, with `AFTER` times `y·z`.
struct Around<T, F, const BEFORE: bool, const AFTER: bool>(PhantomData<(T, F)>);

macro_rules! body {
    ($T:ty, $Real:ident) => {
        impl<F: Function, const BEFORE: bool, const AFTER: bool> Body
            for Around<$T, F, BEFORE, AFTER>
        {
            #[inline(always)]
            unsafe fn run<S: Simd>(t: &Tiles) {
                // SAFETY: the promise of `Kernel`.
                unsafe { rows::<$T, S, S::$Real, F, BEFORE, AFTER>(t) }
            }
        }
    };
}
body!(f32, Real32);
body!(f64, Real64);

/// Bits of the parameter: that an operand is there, in this order after x; and that m is taken
/// away.
const SCALED: i32 = 1;
const SHIFTED: i32 = 2;
const TAKEN_AWAY: i32 = 4;
const ONE_FACTOR: i32 = 8;
const TWO_FACTORS: i32 = 16;

/// A value for each element of a block.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Spread<T>([T; BLOCK]);

/// The result's elements, a row at a time where an operand has values of rows, else all as one
/// row.
///
/// # Safety
/// See [`Kernel`]; an operand may be where the result is.
#[inline(always)]
unsafe fn rows<T, S, R, F, const BEFORE: bool, const AFTER: bool>(t: &Tiles)
where
    T: Element,
    S: Simd,
    R: Blocks<Element = T>,
    F: Function,
{
    let (rows, length) = if t.by_row == 0 { (1, t.n) } else { (t.n / t.row, t.row) };
    let has = |bit: i32| t.parameter & bit != 0;
    // Which operand of the instruction is x, s, m, y and z.
    let mut count = 0;
    let mut next = |there: bool| {
        let k = count;
        count += usize::from(there);
        if there { k } else { usize::MAX }
    };
    let operands = [
        next(true),
        next(has(SCALED)),
        next(has(SHIFTED)),
        next(has(ONE_FACTOR | TWO_FACTORS)),
        next(has(TWO_FACTORS)),
    ];
    let sign = if has(TAKEN_AWAY) { T::from_f64(-1.0) } else { T::ONE };
    // −0 keeps −0: 0 would make it 0. Its sign is turned with the term's.
    let nothing = if has(TAKEN_AWAY) { T::ZERO } else { T::from_f64(-0.0) };
    let neutral = [T::ONE, T::ONE, nothing, T::ONE, T::ONE];
    let streamed = t.streamed
        && t.out.addr().is_multiple_of(64)
        && (rows == 1 || (length * size_of::<T>()).is_multiple_of(64));
    let used = [true, BEFORE, BEFORE, AFTER, AFTER];
    // SAFETY: operands and result have `n` elements, or `n / row` where they have one a row, or
    // one; a block lies inside them, and inside what is spread.
    unsafe {
        let mut spread = [Spread([T::ZERO; BLOCK]); 5];
        let mut from = [std::ptr::null::<T>(); 5];
        let mut step = [0; 5];
        for k in 0..5 {
            if !used[k] {
                continue;
            }
            let constant = match operands[k] {
                usize::MAX => Some(neutral[k]),
                i if t.constant >> i & 1 == 1 => Some(*t.x[i].cast::<T>()),
                i if t.by_row >> i & 1 == 1 => None,
                i => {
                    (from[k], step[k]) = (t.x[i].cast::<T>(), 1);
                    continue;
                }
            };
            if let Some(x) = constant {
                spread[k].0.fill(x);
            }
            from[k] = spread[k].0.as_ptr();
        }
        let mut out = t.out.cast::<T>();
        let mut done = 0;
        let mut asked = 0;
        for row in 0..rows {
            if t.by_row != 0 {
                for k in 0..5 {
                    let i = operands[k];
                    if used[k] && i != usize::MAX && t.by_row >> i & 1 == 1 {
                        let x = *t.x[i].cast::<T>().add(row);
                        spread[k].0[..length.min(BLOCK)].fill(x);
                    }
                }
            }
            let mut left = length;
            while left > 0 {
                let n = left.min(BLOCK);
                R::block::<S, F, BEFORE, AFTER>(from, sign, out, n, streamed);
                for k in 0..5 {
                    from[k] = from[k].wrapping_add(n * step[k]);
                }
                out = out.add(n);
                left -= n;
                done += n;
                if !t.ahead.is_empty() {
                    // As large a part of the lines as of the elements.
                    for ahead in t.ahead {
                        let lines = |elements: usize| elements * ahead.rate / Ahead::UNIT;
                        for line in lines(asked)..lines(done) {
                            prefetch_line(ahead.from.wrapping_add(line * 64));
                        }
                    }
                    asked = done;
                }
            }
        }
        if streamed {
            <S::F32 as Vector>::fence();
        }
    }
}

/// The loop for a function of floats and the arithmetic around it, and its parameter. `first` is
/// the operation that the chain begins with.
pub(super) fn around_function(
    dtype: DType,
    f: Unary,
    before: &[Link],
    after: &[Link],
    first: &Prim,
) -> (Kernel, i32) {
    let mut parameter = match after.len() {
        0 => 0,
        1 => ONE_FACTOR,
        _ => TWO_FACTORS,
    };
    let first = match first {
        Prim::Binary(f) => Some(*f),
        _ => None,
    };
    let links = before.iter().map(|link| match link {
        Link::Arithmetic { f, .. } => *f,
        Link::Function(f) => unreachable!("invariant: {f:?} is the only function of its chain"),
    });
    for f in first.into_iter().chain(links) {
        parameter |= match f {
            Binary::Mul => SCALED,
            Binary::Sub => SHIFTED | TAKEN_AWAY,
            _ => SHIFTED,
        };
    }
    let is_before = parameter & (SCALED | SHIFTED) != 0;
    macro_rules! of {
        ($T:ty, $F:ty) => {
            match (is_before, !after.is_empty()) {
                (false, false) => compiled::<Around<$T, $F, false, false>>(),
                (false, true) => compiled::<Around<$T, $F, false, true>>(),
                (true, false) => compiled::<Around<$T, $F, true, false>>(),
                (true, true) => compiled::<Around<$T, $F, true, true>>(),
            }
        };
    }
    macro_rules! of_either {
        ($F32:ty, $F64:ty) => {
            if dtype == DType::F32 { of!(f32, $F32) } else { of!(f64, $F64) }
        };
    }
    let kernel = match f {
        Unary::Exp => of_either!(Exp, Exp),
        Unary::Expm1 => of_either!(Expm1, Expm1),
        Unary::Tanh => of_either!(Tanh, Tanh),
        Unary::Logistic => of_either!(Logistic, Logistic),
        Unary::Erf => of_either!(Erf32, Erf64),
        Unary::Erfc => of_either!(Erfc32, Erfc64),
        other => unreachable!("invariant: {other:?} is in no chain"),
    };
    (kernel, parameter)
}
