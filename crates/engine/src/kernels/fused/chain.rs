//! Arithmetic of fused loops: one operation on floats, or up to three in a chain, in one pass with
//! what is between them in registers. Operands that have one value for a row, or one in all, are
//! spread over a vector once a row.

use super::instructions::{Body, Kernel, Tiles, compiled};
use crate::isa::Simd;
use crate::kernels::vector::Vector;
use array::{DType, Element};
use compile::Link;
use ir::prim::Binary;
use std::marker::PhantomData;

/// An operation on vectors of any kind. (`From` is a difference the other way round.)
trait Operation {
    /// # Safety
    /// See [`Vector`].
    unsafe fn apply<V: Vector>(x: V, y: V) -> V;
}

macro_rules! operations {
    ($($Name:ident: $x:ident, $y:ident => $result:expr;)*) => { $(
        struct $Name;
        impl Operation for $Name {
            #[inline(always)]
            unsafe fn apply<V: Vector>($x: V, $y: V) -> V {
                // SAFETY: the caller's promise.
                unsafe { $result }
            }
        }
    )* };
}
operations! {
    Add: x, y => x.add(y);
    Sub: x, y => x.sub(y);
    From: x, y => y.sub(x);
    Mul: x, y => x.mul(y);
    Div: x, y => x.div(y);
}

/// `out = F(x₀, x₁)`.
struct One<T, F>(PhantomData<(T, F)>);
/// `out = G(F(x₀, x₁), x₂)`.
struct Two<T, F, G>(PhantomData<(T, F, G)>);
/// `out = H(G(F(x₀, x₁), x₂), x₃)`.
struct Three<T, F, G, H>(PhantomData<(T, F, G, H)>);

macro_rules! bodies {
    ($T:ty, $Vector:ident) => {
        impl<F: Operation> Body for One<$T, F> {
            #[inline(always)]
            unsafe fn run<S: Simd>(t: &Tiles) {
                // SAFETY: the promise of `Kernel`; `S` is the set that this is compiled for.
                unsafe { chain::<S::$Vector, 2>(t, |[a, b]| F::apply(a, b)) }
            }
        }
        impl<F: Operation, G: Operation> Body for Two<$T, F, G> {
            #[inline(always)]
            unsafe fn run<S: Simd>(t: &Tiles) {
                // SAFETY: as above.
                unsafe { chain::<S::$Vector, 3>(t, |[a, b, c]| G::apply(F::apply(a, b), c)) }
            }
        }
        impl<F: Operation, G: Operation, H: Operation> Body for Three<$T, F, G, H> {
            #[inline(always)]
            unsafe fn run<S: Simd>(t: &Tiles) {
                // SAFETY: as above.
                unsafe {
                    chain::<S::$Vector, 4>(t, |[a, b, c, d]| {
                        H::apply(G::apply(F::apply(a, b), c), d)
                    });
                }
            }
        }
    };
}
bodies!(f32, F32);
bodies!(f64, F64);

/// Bytes of the widest vector.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Spread([u8; 64]);

/// The result's elements, a row at a time where an operand has values of rows, else all as one
/// row.
///
/// # Safety
/// See [`Kernel`]; an operand may be where the result is.
#[inline(always)]
unsafe fn chain<V: Vector, const N: usize>(t: &Tiles, f: impl Fn([V; N]) -> V) {
    let (rows, length) = if t.by_row == 0 { (1, t.n) } else { (t.n / t.row, t.row) };
    // SAFETY: operands and result have `n` elements, or `n / row` where they have one a row, or
    // one; vectors are loaded and stored at elements of them, and `spread` holds a vector.
    unsafe {
        let mut spread = [Spread([0; 64]); N];
        let mut from = [std::ptr::null::<V::T>(); N];
        let mut step = [0; N];
        for k in 0..N {
            let x = t.x[k].cast::<V::T>();
            if (t.by_row | t.constant) >> k & 1 == 0 {
                (from[k], step[k]) = (x, V::LANES);
            } else {
                V::splat(*x).store(spread[k].0.as_mut_ptr().cast());
                from[k] = spread[k].0.as_ptr().cast();
            }
        }
        let mut out = t.out.cast::<V::T>();
        let streamed =
            t.streamed && t.out.addr().is_multiple_of(64) && (rows == 1 || length % V::LANES == 0);
        for row in 0..rows {
            if t.by_row != 0 {
                for k in 0..N {
                    if t.by_row >> k & 1 == 1 {
                        let x = t.x[k].cast::<V::T>();
                        V::splat(*x.add(row)).store(spread[k].0.as_mut_ptr().cast());
                    } else if step[k] != 0 {
                        from[k] = t.x[k].cast::<V::T>().add(row * length);
                    }
                }
            }
            let mut p = from;
            let mut left = length;
            while left >= 2 * V::LANES {
                let (mut a, mut b) = ([V::splat(V::T::ZERO); N], [V::splat(V::T::ZERO); N]);
                for k in 0..N {
                    a[k] = V::load(p[k]);
                    p[k] = p[k].wrapping_add(step[k]);
                    b[k] = V::load(p[k]);
                    p[k] = p[k].wrapping_add(step[k]);
                }
                if streamed {
                    f(a).stream(out);
                    f(b).stream(out.add(V::LANES));
                } else {
                    f(a).store(out);
                    f(b).store(out.add(V::LANES));
                }
                out = out.add(2 * V::LANES);
                left -= 2 * V::LANES;
            }
            while left > 0 {
                let n = left.min(V::LANES);
                let mut a = [V::splat(V::T::ZERO); N];
                for k in 0..N {
                    a[k] = V::load_part(p[k], n);
                    p[k] = p[k].wrapping_add(step[k]);
                }
                f(a).store_part(out, n);
                out = out.add(n);
                left -= n;
            }
        }
        if streamed {
            V::fence();
        }
    }
}

/// The loop for a chain of arithmetic on floats.
pub(super) fn arithmetic(dtype: DType, first: Binary, then: &[Link]) -> Kernel {
    macro_rules! by_type {
        ($Chain:ident $(, $Op:ident)+) => {
            match dtype {
                DType::F32 => compiled::<$Chain<f32, $($Op),+>>(),
                _ => compiled::<$Chain<f64, $($Op),+>>(),
            }
        };
    }
    let taken_apart = |link: &Link| match *link {
        Link::Arithmetic { f, flipped } => (f, flipped),
        Link::Function(f) => unreachable!("invariant: {f:?} is in no chain of arithmetic alone"),
    };
    macro_rules! linked {
        ($link:expr, $Chain:ident $(, $Op:ident)+) => {
            match taken_apart($link) {
                (Binary::Add, _) => by_type!($Chain $(, $Op)+, Add),
                (Binary::Sub, false) => by_type!($Chain $(, $Op)+, Sub),
                (Binary::Sub, true) => by_type!($Chain $(, $Op)+, From),
                _ => by_type!($Chain $(, $Op)+, Mul),
            }
        };
    }
    macro_rules! twice_linked {
        ($g:expr, $h:expr, $F:ident) => {
            match taken_apart($g) {
                (Binary::Add, _) => linked!($h, Three, $F, Add),
                (Binary::Sub, false) => linked!($h, Three, $F, Sub),
                (Binary::Sub, true) => linked!($h, Three, $F, From),
                _ => linked!($h, Three, $F, Mul),
            }
        };
    }
    match (first, then) {
        (Binary::Add, []) => by_type!(One, Add),
        (Binary::Sub, []) => by_type!(One, Sub),
        (Binary::Mul, []) => by_type!(One, Mul),
        (Binary::Div, []) => by_type!(One, Div),
        (Binary::Add, [g]) => linked!(g, Two, Add),
        (Binary::Sub, [g]) => linked!(g, Two, Sub),
        (Binary::Mul, [g]) => linked!(g, Two, Mul),
        (Binary::Add, [g, h]) => twice_linked!(g, h, Add),
        (Binary::Sub, [g, h]) => twice_linked!(g, h, Sub),
        (Binary::Mul, [g, h]) => twice_linked!(g, h, Mul),
        (f, _) => unreachable!("invariant: no chain of {f:?} with {} links", then.len()),
    }
}
