//! The instructions of fused loops, as functions over tiles: one function pointer for each
//! kind of operation, element type and instruction set.

use super::super::fold::{All, Any, Fold, Max, Min, Product, Sum, run};
use super::super::functions::{each, unary_f32, unary_f64};
use super::super::integers::Exact;
use super::around_function::around_function;
use super::chain::arithmetic;
use crate::isa::{InstructionSet, Simd, instruction_set};
use array::{DType, Element, with_dtype};
use compile::{Instruction, Link, is_arithmetic};
use ir::Prim;
use ir::prim::{Binary, Compare, ReduceOp, Unary};
use std::marker::PhantomData;

/// What an instruction works on.
pub(super) struct Tiles<'a> {
    /// The operands.
    pub x: [*const u8; 4],
    /// In chains, the operands that have one value for each row, by bits.
    pub by_row: u8,
    /// In chains, the operands that have one value in all, by bits.
    pub constant: u8,
    /// The result, which overlaps no operand (in chains, it may be where an operand is).
    pub out: *mut u8,
    /// In chains, whether the result is too large to stay in the caches, and is written past
    /// them.
    pub streamed: bool,
    /// Number of values of the result; of rows where an instruction goes from elements to rows
    /// or back.
    pub n: usize,
    /// Elements of a row.
    pub row: usize,
    /// Which function of a table; the exponent or order of operations that have one.
    pub parameter: i32,
    /// Memory to ask for on the way, in chains with a function.
    pub ahead: &'a [Ahead],
}

/// Memory that the next tile takes.
pub(super) struct Ahead {
    pub from: *const u8,
    /// Cache lines for each element, times [`Ahead::UNIT`].
    pub rate: usize,
}

impl Ahead {
    pub(super) const UNIT: usize = 1 << 20;
}

/// An instruction.
///
/// # Safety
/// The operands and the result must be valid for as many values, of the types, as the instruction
/// reads and writes, and the result must not overlap the operands.
pub(super) type Kernel = unsafe fn(&Tiles);

/// An instruction that is compiled for every instruction set.
pub(super) trait Body {
    /// # Safety
    /// See [`Kernel`].
    unsafe fn run<S: Simd>(tiles: &Tiles);
}

/// The function for the instruction set in use.
pub(super) fn compiled<B: Body>() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(
            enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt"
        )]
        unsafe fn avx512<B: Body>(tiles: &Tiles) {
            // SAFETY: the caller's promise.
            unsafe { B::run::<crate::isa::Avx512>(tiles) }
        }
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
        unsafe fn avx2<B: Body>(tiles: &Tiles) {
            // SAFETY: the caller's promise.
            unsafe { B::run::<crate::isa::Avx2>(tiles) }
        }
        match instruction_set() {
            InstructionSet::Avx512 => return avx512::<B>,
            InstructionSet::Avx2 => return avx2::<B>,
            InstructionSet::Baseline => {}
        }
    }
    B::run::<crate::isa::Baseline>
}

/// The function for types and operations that are not worth one for each instruction set.
fn plain<B: Body>() -> Kernel {
    B::run::<crate::isa::Baseline>
}

impl Tiles<'_> {
    /// # Safety
    /// Operand `k` must have `n` values of this type.
    #[inline(always)]
    unsafe fn input<T>(&self, k: usize, n: usize) -> &[T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.x[k].cast(), n) }
    }

    /// # Safety
    /// The result must have room for `n` values of this type, and be in nobody else's use.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    unsafe fn output<T>(&self, n: usize) -> &mut [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.out.cast(), n) }
    }
}

/// `out = f(x)`, `f` being the parameter's number of [`Unary::ALL`].
struct Map<T>(PhantomData<T>);
/// `out = f(x, y)`, `f` being the parameter's number of [`Binary::ALL`].
struct Zip<T>(PhantomData<T>);
/// `out = x ? y`, for the parameter's number of [`Compare::ALL`].
struct Comparison<T>(PhantomData<T>);
/// `out = c ? x : y`.
struct Select<T>(PhantomData<T>);
/// `out = min(max(x, low), high)`.
struct Clamp<T>(PhantomData<T>);
/// `out = x` as another type.
struct Convert<A, B>(PhantomData<(A, B)>);
/// `out = xⁿ`.
struct PowerF32;
struct PowerF64;
/// `out = |x| < ∞`.
struct IsFinite<T>(PhantomData<T>);
/// `out = ψ⁽ⁿ⁾(x)`.
struct PolygammaF32;
struct PolygammaF64;
/// Each row folded to one value.
struct Rows<T, F>(PhantomData<(T, F)>);
/// One value for each row repeated along it.
struct Fill<T>(PhantomData<T>);

macro_rules! body {
    ([$($generics:tt)*] $Name:ty, $tiles:ident => $body:expr) => {
        impl<$($generics)*> Body for $Name {
            #[inline(always)]
            unsafe fn run<S: Simd>($tiles: &Tiles) {
                // SAFETY: by the promise of the caller (see `Kernel`), the operands hold values
                // of the instruction's types, as many as are asked for here.
                unsafe { $body }
            }
        }
    };
}

body!([T: Scalar] Map<T>, t => {
    T::unary::<S>(Unary::ALL[t.parameter as usize], t.input(0, t.n), t.output(t.n))
});
body!([T: Scalar] Zip<T>, t => {
    T::binary(Binary::ALL[t.parameter as usize], t.input(0, t.n), t.input(1, t.n), t.output(t.n))
});
body!([T: Element] Comparison<T>, t => {
    compare::<T>(Compare::ALL[t.parameter as usize], t.input(0, t.n), t.input(1, t.n), t.output(t.n))
});
body!([T: Copy] Select<T>, t => {
    let (c, x, y) = (t.input::<bool>(0, t.n), t.input::<T>(1, t.n), t.input::<T>(2, t.n));
    for (((o, &c), &x), &y) in t.output::<T>(t.n).iter_mut().zip(c).zip(x).zip(y) {
        *o = if c { x } else { y };
    }
});
body!([T: Element] Clamp<T>, t => {
    let (low, x, high) = (t.input::<T>(0, t.n), t.input::<T>(1, t.n), t.input::<T>(2, t.n));
    for (((o, &low), &x), &high) in t.output::<T>(t.n).iter_mut().zip(low).zip(x).zip(high) {
        let raised = if x < low { low } else { x };
        *o = if raised > high { high } else { raised };
    }
});
// As [`array::Array::convert`] does it: through f64 where a float is involved, else i64.
body!([A: Element, B: Element] Convert<A, B>, t => {
    let through_f64 = A::DTYPE.is_float() || B::DTYPE.is_float();
    for (o, &x) in t.output::<B>(t.n).iter_mut().zip(t.input::<A>(0, t.n)) {
        *o = if through_f64 { B::from_f64(x.to_f64()) } else { B::from_i64(x.to_i64()) };
    }
});
body!([T: Element] IsFinite<T>, t => {
    for (o, &x) in t.output::<bool>(t.n).iter_mut().zip(t.input::<T>(0, t.n)) {
        *o = x.to_f64().is_finite();
    }
});
body!([] PolygammaF32, t => {
    for (o, &x) in t.output::<f32>(t.n).iter_mut().zip(t.input::<f32>(0, t.n)) {
        *o = special::polygamma(t.parameter.unsigned_abs(), f64::from(x)) as f32;
    }
});
body!([] PolygammaF64, t => {
    for (o, &x) in t.output::<f64>(t.n).iter_mut().zip(t.input::<f64>(0, t.n)) {
        *o = special::polygamma(t.parameter.unsigned_abs(), x);
    }
});
body!([T: Element, F: Fold<T> + Default] Rows<T, F>, t => {
    let f = F::default();
    let x = t.input::<T>(0, t.n * t.row);
    for (o, row) in t.output::<T>(t.n).iter_mut().zip(x.chunks_exact(t.row)) {
        *o = f.close(run::<S, T, F>(&f, row));
    }
});
body!([T: Copy] Fill<T>, t => {
    let out = t.output::<T>(t.n * t.row);
    for (row, &x) in out.chunks_exact_mut(t.row).zip(t.input::<T>(0, t.n)) {
        row.fill(x);
    }
});

/// The functions of the tables on each element type.
trait Scalar: Sized {
    fn unary<S: Simd>(f: Unary, x: &[Self], out: &mut [Self]);
    fn binary(f: Binary, x: &[Self], y: &[Self], out: &mut [Self]);
}

macro_rules! floats {
    ($T:ty, $unary:ident, $binary:ident) => {
        impl Scalar for $T {
            #[inline(always)]
            fn unary<S: Simd>(f: Unary, x: &[$T], out: &mut [$T]) {
                $unary::<S>(f, x, out);
            }
            #[inline(always)]
            fn binary(f: Binary, x: &[$T], y: &[$T], out: &mut [$T]) {
                f.$binary(x, y, out);
            }
        }
    };
}
floats!(f32, unary_f32, apply_f32);
floats!(f64, unary_f64, apply_f64);

macro_rules! exact {
    ($($T:ty),*) => { $(
        impl Scalar for $T {
            #[inline(always)]
            fn unary<S: Simd>(f: Unary, x: &[$T], out: &mut [$T]) {
                <$T as Exact>::unary(f, x, out);
            }
            #[inline(always)]
            fn binary(f: Binary, x: &[$T], y: &[$T], out: &mut [$T]) {
                <$T as Exact>::binary(f, x, y, out);
            }
        }
    )* };
}
exact!(i32, i64, u32, bool);

macro_rules! power {
    ($Name:ty, $T:ty) => {
        body!([] $Name, t => {
            let (x, out) = (t.input::<$T>(0, t.n), t.output::<$T>(t.n));
            match t.parameter {
                2 => each(x, out, |x| x * x),
                3 => each(x, out, |x| x * x * x),
                4 => each(x, out, |x| (x * x) * (x * x)),
                -1 => each(x, out, |x| 1.0 / x),
                -2 => each(x, out, |x| 1.0 / (x * x)),
                n => each(x, out, |x| x.powi(n)),
            }
        });
    };
}
power!(PowerF32, f32);
power!(PowerF64, f64);

#[inline(always)]
fn compare<T: Element>(c: Compare, x: &[T], y: &[T], out: &mut [bool]) {
    #[inline(always)]
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

/// Floats by the instruction set in use, other types plainly.
macro_rules! floats_first {
    ($dtype:expr, $Name:ident) => {
        match $dtype {
            DType::F32 => compiled::<$Name<f32>>(),
            DType::F64 => compiled::<$Name<f64>>(),
            other => with_dtype!(other, T => plain::<$Name<T>>()),
        }
    };
}

/// The function for an instruction on operands of type `from` with a result of type `to`, and
/// its parameter. (`from` is the type of the first operand, of the second for a selection.)
pub(super) fn kernel(instruction: &Instruction, from: DType, to: DType) -> (Kernel, i32) {
    let prim = &instruction.prim;
    if let Some((f, before, after)) = instruction.around_function(from) {
        return around_function(from, f, before, after, prim);
    }
    let kernel = match prim {
        Prim::Binary(f) if is_arithmetic(prim, from) => {
            return (arithmetic(from, *f, &instruction.then), 0);
        }
        // The tables list the functions in the order of their declaration.
        Prim::Unary(f) => return (floats_first!(from, Map), *f as i32),
        Prim::Binary(f) => return (floats_first!(from, Zip), *f as i32),
        Prim::Compare(c) => return (floats_first!(from, Comparison), *c as i32),
        Prim::Select(_) => match to.size() {
            1 => compiled::<Select<u8>>(),
            4 => compiled::<Select<u32>>(),
            _ => compiled::<Select<u64>>(),
        },
        Prim::Clamp(_) => floats_first!(to, Clamp),
        Prim::Convert(_) => match (from, to) {
            (DType::F32, DType::F64) => compiled::<Convert<f32, f64>>(),
            (DType::F64, DType::F32) => compiled::<Convert<f64, f32>>(),
            (DType::Bool, DType::F32) => compiled::<Convert<bool, f32>>(),
            (DType::Bool, DType::F64) => compiled::<Convert<bool, f64>>(),
            _ => with_dtype!(from, A => with_dtype!(to, B => plain::<Convert<A, B>>())),
        },
        Prim::IsFinite(_) => floats_first!(from, IsFinite),
        Prim::IntegerPow(p) if from == DType::F32 => return (compiled::<PowerF32>(), p.n),
        Prim::IntegerPow(p) => return (compiled::<PowerF64>(), p.n),
        Prim::Polygamma(p) => {
            let kernel = match from {
                DType::F32 => plain::<PolygammaF32>(),
                _ => plain::<PolygammaF64>(),
            };
            return (kernel, p.n.cast_signed());
        }
        Prim::Reduce(p) => match (p.op, from) {
            (ReduceOp::Sum, DType::F32) => compiled::<Rows<f32, Sum>>(),
            (ReduceOp::Sum, DType::F64) => compiled::<Rows<f64, Sum>>(),
            (ReduceOp::Sum, DType::I32) => plain::<Rows<i32, Sum>>(),
            (ReduceOp::Sum, DType::I64) => plain::<Rows<i64, Sum>>(),
            (ReduceOp::Sum, _) => plain::<Rows<u32, Sum>>(),
            (ReduceOp::Prod, DType::F32) => compiled::<Rows<f32, Product>>(),
            (ReduceOp::Prod, DType::F64) => compiled::<Rows<f64, Product>>(),
            (ReduceOp::Prod, DType::I32) => plain::<Rows<i32, Product>>(),
            (ReduceOp::Prod, DType::I64) => plain::<Rows<i64, Product>>(),
            (ReduceOp::Prod, _) => plain::<Rows<u32, Product>>(),
            (ReduceOp::Max, DType::F32) => compiled::<Rows<f32, Max>>(),
            (ReduceOp::Max, DType::F64) => compiled::<Rows<f64, Max>>(),
            (ReduceOp::Max, _) => with_dtype!(from, T => plain::<Rows<T, Max>>()),
            (ReduceOp::Min, DType::F32) => compiled::<Rows<f32, Min>>(),
            (ReduceOp::Min, DType::F64) => compiled::<Rows<f64, Min>>(),
            (ReduceOp::Min, _) => with_dtype!(from, T => plain::<Rows<T, Min>>()),
            (ReduceOp::Any, _) => plain::<Rows<bool, Any>>(),
            (ReduceOp::All, _) => plain::<Rows<bool, All>>(),
        },
        Prim::BroadcastInDim(_) => match to.size() {
            1 => plain::<Fill<u8>>(),
            4 => compiled::<Fill<u32>>(),
            _ => compiled::<Fill<u64>>(),
        },
        other => unreachable!("invariant: {other:?} is not an instruction of fused loops"),
    };
    (kernel, 0)
}

/// What an element costs, in units of about a tenth of a nanosecond.
pub(super) fn cost(instruction: &Instruction) -> usize {
    let link = |link: &Link| match link {
        Link::Arithmetic { .. } => 1,
        Link::Function(f) => cost_of(&Prim::Unary(*f)),
    };
    cost_of(&instruction.prim) + instruction.then.iter().map(link).sum::<usize>()
}

fn cost_of(prim: &Prim) -> usize {
    match prim {
        Prim::Unary(f) => match f {
            Unary::Neg
            | Unary::Abs
            | Unary::Sign
            | Unary::Sqrt
            | Unary::Relu
            | Unary::Floor
            | Unary::Ceil
            | Unary::Round
            | Unary::Trunc
            | Unary::StopGradient
            | Unary::Not => 1,
            Unary::Exp
            | Unary::Expm1
            | Unary::Log
            | Unary::Log1p
            | Unary::Rsqrt
            | Unary::Tanh
            | Unary::Logistic
            | Unary::Sin
            | Unary::Cos
            | Unary::Erf
            | Unary::Erfc => 4,
            Unary::Cbrt
            | Unary::Tan
            | Unary::Asin
            | Unary::Acos
            | Unary::Atan
            | Unary::Sinh
            | Unary::Cosh
            | Unary::Asinh
            | Unary::Acosh
            | Unary::Atanh
            | Unary::ErfInv
            | Unary::Lgamma
            | Unary::Digamma => 64,
        },
        Prim::Binary(Binary::Pow | Binary::Atan2 | Binary::Rem) => 64,
        Prim::Polygamma(_) => 256,
        _ => 1,
    }
}
