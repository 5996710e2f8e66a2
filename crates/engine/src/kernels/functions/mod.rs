//! Scalar functions over runs of numbers, by vectors: branch-free formulas that the compiler turns
//! into vector code for every instruction set (see [`crate::isa`]).
//!
//! Largest errors, in units in the last place of the correctly rounded result (ulp), over all of
//! the domain, with and without fused multiply-add; the tests below hold every function to them:
//!
//! | function | f32 | f64 |
//! |---|---|---|
//! | exp | 1.1 | 1.0 |
//! | expm1 | 2.0 | 2.0 |
//! | log | 1.0 | 1.0 |
//! | log1p | 2.0 | 1.5 |
//! | tanh | 3.0 | 2.0 |
//! | logistic | 2.5 | 2.0 |
//! | sin | 0.6 | 0.6 |
//! | cos | 0.6 | 0.6 |
//! | erf | 5.0 | 1.5 |
//! | erfc | 8.0 | 2.0 |
//!
//! (erfc where its result is not subnormal.) What is not here is computed by
//! [`Unary::apply_f32`] and [`Unary::apply_f64`], number by number.

// Coefficients are given as the fits print them, which are not the shortest digits, and are near
// what they approximate.
#![allow(clippy::excessive_precision, clippy::approx_constant)]

mod error_function;
mod exponential;
mod logarithm;
mod real;
mod trigonometric;
#[cfg(target_arch = "x86_64")]
mod wide;

use crate::isa::Simd;
use array::Element;
use error_function::{erf_f32, erf_f64, erfc_f32, erfc_f64};
use exponential::{Exponential, exp, expm1, logistic, tanh};
use ir::prim::Unary;
use logarithm::{log, log1p};
use trigonometric::{LARGEST, cos, sin};

pub(crate) use real::{BLOCK, Blocks};
#[cfg(target_arch = "x86_64")]
pub(crate) use wide::{Wide32, Wide64};

/// A function on numbers or vectors of them, by its name: as a value or in a closure, it would be
/// called, and compiled for no instruction set.
pub(crate) trait Function {
    /// Its value.
    fn at<S: Simd, T: Exponential>(x: T) -> T;
}

macro_rules! functions {
    ($($Name:ident: $f:ident),*) => { $(
        pub(crate) struct $Name;
        impl Function for $Name {
            #[inline(always)]
            fn at<S: Simd, T: Exponential>(x: T) -> T {
                $f::<S, T>(x)
            }
        }
    )* };
}
functions!(Exp: exp, Expm1: expm1, Tanh: tanh, Logistic: logistic, Erf32: erf_f32, Erf64: erf_f64, Erfc32: erfc_f32, Erfc64: erfc_f64);

/// `out[i] = F(x[i])`.
#[inline(always)]
fn map<S: Simd, T: Blocks, F: Function>(x: &[T::Element], out: &mut [T::Element]) {
    let nothing = [std::ptr::null(); 4];
    for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
        let operands = [x.as_ptr(), nothing[0], nothing[1], nothing[2], nothing[3]];
        let n = x.len().min(out.len());
        // SAFETY: both slices have `n` elements; the other operands are not read.
        unsafe {
            T::block::<S, F, false, false>(operands, T::Element::ONE, out.as_mut_ptr(), n, false);
        }
    }
}

/// `out[i] = f(x[i])`.
#[inline(always)]
pub(super) fn each<T: Copy>(x: &[T], out: &mut [T], f: impl Fn(T) -> T) {
    for (o, &x) in out.iter_mut().zip(x) {
        *o = f(x);
    }
}

/// `out[i] = f(x[i])`.
#[inline(always)]
pub(crate) fn unary_f32<S: Simd>(f: Unary, x: &[f32], out: &mut [f32]) {
    match f {
        Unary::Exp => map::<S, S::Real32, Exp>(x, out),
        Unary::Expm1 => map::<S, S::Real32, Expm1>(x, out),
        Unary::Log => each(x, out, log::<S, f32>),
        Unary::Log1p => each(x, out, log1p::<S, f32>),
        Unary::Tanh => map::<S, S::Real32, Tanh>(x, out),
        Unary::Logistic => map::<S, S::Real32, Logistic>(x, out),
        Unary::Sin => {
            each(x, out, |x| sin::<S>(f64::from(x)) as f32);
            repair(x, out, |x| f64::from(x.abs()) > LARGEST, f32::sin);
        }
        Unary::Cos => {
            each(x, out, |x| cos::<S>(f64::from(x)) as f32);
            repair(x, out, |x| f64::from(x.abs()) > LARGEST, f32::cos);
        }
        Unary::Erf => map::<S, S::Real32, Erf32>(x, out),
        Unary::Erfc => map::<S, S::Real32, Erfc32>(x, out),
        other => other.apply_f32(x, out),
    }
}

/// `out[i] = f(x[i])`.
#[inline(always)]
pub(crate) fn unary_f64<S: Simd>(f: Unary, x: &[f64], out: &mut [f64]) {
    match f {
        Unary::Exp => map::<S, S::Real64, Exp>(x, out),
        Unary::Expm1 => map::<S, S::Real64, Expm1>(x, out),
        Unary::Log => each(x, out, log::<S, f64>),
        Unary::Log1p => each(x, out, log1p::<S, f64>),
        Unary::Tanh => map::<S, S::Real64, Tanh>(x, out),
        Unary::Logistic => map::<S, S::Real64, Logistic>(x, out),
        Unary::Sin => {
            each(x, out, sin::<S>);
            repair(x, out, |x| x.abs() > LARGEST, f64::sin);
        }
        Unary::Cos => {
            each(x, out, cos::<S>);
            repair(x, out, |x| x.abs() > LARGEST, f64::cos);
        }
        Unary::Erf => map::<S, S::Real64, Erf64>(x, out),
        Unary::Erfc => map::<S, S::Real64, Erfc64>(x, out),
        other => other.apply_f64(x, out),
    }
}

/// Computes the rare arguments that a formula does not cover one by one.
#[inline(always)]
fn repair<T: Copy>(x: &[T], out: &mut [T], rare: impl Fn(T) -> bool, f: impl Fn(T) -> T) {
    if x.iter().fold(false, |any, &x| any | rare(x)) {
        for (o, &x) in out.iter_mut().zip(x) {
            if rare(x) {
                *o = f(x);
            }
        }
    }
}

#[cfg(test)]
mod tests;
