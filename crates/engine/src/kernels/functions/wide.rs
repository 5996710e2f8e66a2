//! Vectors of AVX-512 as numbers. It scales by powers of two in one instruction, which the compiler
//! does not find by itself; everything else here it would.
//!
//! SAFETY of all blocks: a value of these types, or a call of their functions, exists only in code
//! that is compiled for AVX-512 and runs where it was found (see [`Simd`]).

use super::Function;
use super::exponential::Exponential;
use super::real::{Blocks, Four, Real, chain};
use crate::isa::Simd;
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Sixteen numbers.
#[derive(Clone, Copy)]
pub(crate) struct Wide32(__m512);
/// Eight numbers.
#[derive(Clone, Copy)]
pub(crate) struct Wide64(__m512d);

macro_rules! operator {
    ($Name:ident, $Trait:ident, $method:ident, $intrinsic:ident) => {
        impl $Trait for $Name {
            type Output = $Name;
            #[inline(always)]
            fn $method(self, y: $Name) -> $Name {
                // SAFETY: see above.
                $Name(unsafe { $intrinsic(self.0, y.0) })
            }
        }
    };
}

macro_rules! wide {
    ($Name:ident, $T:ty, $lanes:literal, $fraction:literal, $upper:expr,
     $add:ident, $sub:ident, $mul:ident, $div:ident, $splat:ident, $fmadd:ident, $min:ident,
     $max:ident, $less:ident, $choose:ident, $scale:ident, $load:ident, $store:ident,
     $load_part:ident, $store_part:ident, $stream:ident, $Mask:ty, $bits:ident, $numbers:ident, $splat_bits:ident,
     $and:ident, $and_not:ident, $or:ident, $shift:ident, $add_bits:ident) => {
        operator!($Name, Add, add, $add);
        operator!($Name, Sub, sub, $sub);
        operator!($Name, Mul, mul, $mul);
        operator!($Name, Div, div, $div);

        impl Neg for $Name {
            type Output = $Name;
            #[inline(always)]
            fn neg(self) -> $Name {
                $Name::literal(-0.0) - self
            }
        }

        impl Real for $Name {
            type Element = $T;
            const ROUNDER: f64 = <$T as Real>::ROUNDER;
            #[inline(always)]
            fn literal(x: f64) -> $Name {
                // SAFETY: see above, as for all blocks below.
                $Name(unsafe { $splat(x as $T) })
            }
            #[inline(always)]
            fn fused(self, b: $Name, c: $Name) -> $Name {
                // SAFETY: see above.
                $Name(unsafe { $fmadd(self.0, b.0, c.0) })
            }
            #[inline(always)]
            fn magnitude(self) -> $Name {
                // SAFETY: see above.
                unsafe {
                    let sign = $bits($splat(-0.0));
                    $Name($numbers($and_not(sign, $bits(self.0))))
                }
            }
            #[inline(always)]
            fn signed_as(self, other: $Name) -> $Name {
                // SAFETY: see above.
                unsafe {
                    let sign = $bits($splat(-0.0));
                    let size = $and_not(sign, $bits(self.0));
                    $Name($numbers($or(size, $and(sign, $bits(other.0)))))
                }
            }
            #[inline(always)]
            fn if_less(self, other: $Name, yes: $Name, no: $Name) -> $Name {
                // SAFETY: see above.
                unsafe { $Name($choose($less::<_CMP_LT_OQ>(self.0, other.0), no.0, yes.0)) }
            }
            // The instructions give their second operand where one is NaN.
            #[inline(always)]
            fn at_most(self, limit: $Name) -> $Name {
                // SAFETY: see above.
                $Name(unsafe { $min(limit.0, self.0) })
            }
            #[inline(always)]
            fn at_least(self, limit: $Name) -> $Name {
                // SAFETY: see above.
                $Name(unsafe { $max(limit.0, self.0) })
            }
            #[inline(always)]
            fn upper(self) -> $Name {
                // SAFETY: see above.
                unsafe { $Name($numbers($and($splat_bits($upper), $bits(self.0)))) }
            }
            #[inline(always)]
            fn power_of_two(self) -> $Name {
                const ONE: $T = 1.0;
                // SAFETY: see above.
                unsafe {
                    let exponent = $shift::<$fraction>($bits(self.0));
                    let one = $splat_bits(ONE.to_bits().cast_signed());
                    $Name($numbers($add_bits(exponent, one)))
                }
            }
            #[inline(always)]
            fn scale<S: Simd>(self, n: $Name) -> $Name {
                // SAFETY: see above.
                $Name(unsafe { $scale(self.0, n.0) })
            }
        }

        impl Blocks for $Name {
            #[inline(always)]
            unsafe fn block<S: Simd, F: Function, const BEFORE: bool, const AFTER: bool>(
                operands: [*const $T; 5],
                sign: $T,
                out: *mut $T,
                n: usize,
                streamed: bool,
            ) {
                // SAFETY: see above; by the caller's promise operands and result have `n` elements.
                unsafe {
                    let sign = $Name($splat(sign));
                    let read = [true, BEFORE, BEFORE, AFTER, AFTER];
                    let mut i = 0;
                    while i + 4 * $lanes <= n {
                        let mut a = [Four([$Name($splat(0.0)); 4]); 5];
                        for k in 0..5 {
                            if read[k] {
                                for j in 0..4 {
                                    a[k].0[j] = $Name($load(operands[k].add(i + j * $lanes)));
                                }
                            }
                        }
                        let v = chain::<S, Four<$Name>, F, BEFORE, AFTER>(a, Four([sign; 4]));
                        for j in 0..4 {
                            if streamed {
                                $stream(out.add(i + j * $lanes).cast(), v.0[j].0);
                            } else {
                                $store(out.add(i + j * $lanes), v.0[j].0);
                            }
                        }
                        i += 4 * $lanes;
                    }
                    while i + $lanes <= n {
                        let mut a = [$Name($splat(0.0)); 5];
                        for k in 0..5 {
                            if read[k] {
                                a[k] = $Name($load(operands[k].add(i)));
                            }
                        }
                        let v = chain::<S, $Name, F, BEFORE, AFTER>(a, sign);
                        if streamed {
                            $stream(out.add(i).cast(), v.0);
                        } else {
                            $store(out.add(i), v.0);
                        }
                        i += $lanes;
                    }
                    if i < n {
                        let mask = ((1_u32 << (n - i)) - 1) as $Mask;
                        let mut a = [$Name($splat(0.0)); 5];
                        for k in 0..5 {
                            if read[k] {
                                a[k] = $Name($load_part(mask, operands[k].add(i)));
                            }
                        }
                        let v = chain::<S, $Name, F, BEFORE, AFTER>(a, sign);
                        $store_part(out.add(i), mask, v.0);
                    }
                }
            }
        }
    };
}

wide!(
    Wide32,
    f32,
    16,
    23,
    0xffff_f000_u32.cast_signed(),
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_min_ps,
    _mm512_max_ps,
    _mm512_cmp_ps_mask,
    _mm512_mask_blend_ps,
    _mm512_scalef_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_maskz_loadu_ps,
    _mm512_mask_storeu_ps,
    _mm512_stream_ps,
    u16,
    _mm512_castps_si512,
    _mm512_castsi512_ps,
    _mm512_set1_epi32,
    _mm512_and_si512,
    _mm512_andnot_si512,
    _mm512_or_si512,
    _mm512_slli_epi32,
    _mm512_add_epi32
);
wide!(
    Wide64,
    f64,
    8,
    52,
    0xffff_ffff_f800_0000_u64.cast_signed(),
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_div_pd,
    _mm512_set1_pd,
    _mm512_fmadd_pd,
    _mm512_min_pd,
    _mm512_max_pd,
    _mm512_cmp_pd_mask,
    _mm512_mask_blend_pd,
    _mm512_scalef_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_maskz_loadu_pd,
    _mm512_mask_storeu_pd,
    _mm512_stream_pd,
    u8,
    _mm512_castpd_si512,
    _mm512_castsi512_pd,
    _mm512_set1_epi64,
    _mm512_and_si512,
    _mm512_andnot_si512,
    _mm512_or_si512,
    _mm512_slli_epi64,
    _mm512_add_epi64
);

impl Exponential for Wide32 {
    const RANGE: (f64, f64) = <f32 as Exponential>::RANGE;
    const ONE_VANISHES: f64 = <f32 as Exponential>::ONE_VANISHES;
    const LN_2: (f64, f64) = <f32 as Exponential>::LN_2;
    #[inline(always)]
    fn q<S: Simd>(r: Wide32) -> Wide32 {
        super::exponential::q_f32::<S, Wide32>(r)
    }
}

impl Exponential for Wide64 {
    const RANGE: (f64, f64) = <f64 as Exponential>::RANGE;
    const ONE_VANISHES: f64 = <f64 as Exponential>::ONE_VANISHES;
    const LN_2: (f64, f64) = <f64 as Exponential>::LN_2;
    #[inline(always)]
    fn q<S: Simd>(r: Wide64) -> Wide64 {
        super::exponential::q_f64::<S, Wide64>(r)
    }
}
