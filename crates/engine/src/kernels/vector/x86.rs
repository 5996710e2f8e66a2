//! Vectors of AVX-512 and AVX2.

use super::Vector;
use std::arch::x86_64::*;

macro_rules! vector {
    ($Name:ident, $Inner:ty, $T:ty, $lanes:literal, $panel:literal, $splat:ident, $load:ident,
     $store:ident, $stream:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $max:ident, $min:ident,
     $or_nan:expr, $fmadd:ident, $fnmadd:ident,
     $load_part:expr, $store_part:expr, $transposed:ident) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $Name($Inner);

        // SAFETY of all blocks: the instruction set is there and the pointers are valid, by
        // the promises of the trait.
        impl Vector for $Name {
            type T = $T;
            const LANES: usize = $lanes;
            const PANEL: usize = $panel;

            #[inline(always)]
            unsafe fn splat(x: $T) -> Self {
                unsafe { $Name($splat(x)) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $T) -> Self {
                unsafe { $Name($load(from)) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $T) {
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            unsafe fn stream(self, to: *mut $T) {
                unsafe { $stream(to, self.0) }
            }
            #[inline(always)]
            unsafe fn fence() {
                unsafe { _mm_sfence() }
            }
            #[inline(always)]
            unsafe fn load_part(from: *const $T, n: usize) -> Self {
                unsafe { $Name($load_part(from, n)) }
            }
            #[inline(always)]
            unsafe fn store_part(self, to: *mut $T, n: usize) {
                unsafe { $store_part(to, n, self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, y: Self) -> Self {
                unsafe { $Name($add(self.0, y.0)) }
            }
            #[inline(always)]
            unsafe fn sub(self, y: Self) -> Self {
                unsafe { $Name($sub(self.0, y.0)) }
            }
            #[inline(always)]
            unsafe fn mul(self, y: Self) -> Self {
                unsafe { $Name($mul(self.0, y.0)) }
            }
            #[inline(always)]
            unsafe fn div(self, y: Self) -> Self {
                unsafe { $Name($div(self.0, y.0)) }
            }
            // The instructions give their second operand where one is NaN or both are equal.
            #[inline(always)]
            unsafe fn max(self, y: Self) -> Self {
                unsafe { $Name($or_nan($max(y.0, self.0), y.0)) }
            }
            #[inline(always)]
            unsafe fn min(self, y: Self) -> Self {
                unsafe { $Name($or_nan($min(y.0, self.0), y.0)) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, x: Self, y: Self) -> Self {
                unsafe { $Name($fmadd(self.0, x.0, y.0)) }
            }
            #[inline(always)]
            unsafe fn neg_mul_add(self, x: Self, y: Self) -> Self {
                unsafe { $Name($fnmadd(self.0, x.0, y.0)) }
            }
            #[inline(always)]
            unsafe fn transpose(
                from: *const $T,
                from_step: usize,
                rows: usize,
                columns: usize,
                to: *mut $T,
                to_step: usize,
                width: usize,
            ) {
                unsafe {
                    let mut block = [$splat(0.0); $lanes];
                    if rows == $lanes && columns == $lanes && width == $lanes {
                        for r in 0..$lanes {
                            block[r] = $load(from.add(r * from_step));
                        }
                        let block = $transposed(block);
                        for c in 0..$lanes {
                            $store(to.add(c * to_step), block[c]);
                        }
                        return;
                    }
                    if rows == $lanes {
                        for r in 0..$lanes {
                            block[r] = Self::load_part(from.add(r * from_step), columns).0;
                        }
                    } else {
                        for r in 0..$lanes {
                            if r < rows {
                                block[r] = Self::load_part(from.add(r * from_step), columns).0;
                            }
                        }
                    }
                    let block = $transposed(block);
                    if columns == $lanes {
                        for c in 0..$lanes {
                            $Name(block[c]).store_part(to.add(c * to_step), width);
                        }
                    } else {
                        for c in 0..$lanes {
                            if c < columns {
                                $Name(block[c]).store_part(to.add(c * to_step), width);
                            }
                        }
                    }
                }
            }
        }
    };
}

vector!(
    F32x16,
    __m512,
    f32,
    16,
    4,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_stream_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    |v, y| _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(y, y), y),
    _mm512_fmadd_ps,
    _mm512_fnmadd_ps,
    |from, n| _mm512_maskz_loadu_ps(((1_u32 << n) - 1) as u16, from),
    |to, n, v| _mm512_mask_storeu_ps(to, ((1_u32 << n) - 1) as u16, v),
    transposed_f32x16
);
vector!(
    F64x8,
    __m512d,
    f64,
    8,
    4,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_stream_pd,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_div_pd,
    _mm512_max_pd,
    _mm512_min_pd,
    |v, y| _mm512_mask_mov_pd(v, _mm512_cmp_pd_mask::<_CMP_UNORD_Q>(y, y), y),
    _mm512_fmadd_pd,
    _mm512_fnmadd_pd,
    |from, n| _mm512_maskz_loadu_pd(((1_u32 << n) - 1) as u8, from),
    |to, n, v| _mm512_mask_storeu_pd(to, ((1_u32 << n) - 1) as u8, v),
    transposed_f64x8
);
vector!(
    F32x8,
    __m256,
    f32,
    8,
    2,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_stream_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    |v, y| _mm256_blendv_ps(v, y, _mm256_cmp_ps::<_CMP_UNORD_Q>(y, y)),
    _mm256_fmadd_ps,
    _mm256_fnmadd_ps,
    |from, n| if n < 8 { _mm256_maskload_ps(from, mask_8(n)) } else { _mm256_loadu_ps(from) },
    |to, n, v| if n < 8 { _mm256_maskstore_ps(to, mask_8(n), v) } else { _mm256_storeu_ps(to, v) },
    transposed_f32x8
);
vector!(
    F64x4,
    __m256d,
    f64,
    4,
    2,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_stream_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_div_pd,
    _mm256_max_pd,
    _mm256_min_pd,
    |v, y| _mm256_blendv_pd(v, y, _mm256_cmp_pd::<_CMP_UNORD_Q>(y, y)),
    _mm256_fmadd_pd,
    _mm256_fnmadd_pd,
    |from, n| if n < 4 { _mm256_maskload_pd(from, mask_4(n)) } else { _mm256_loadu_pd(from) },
    |to, n, v| if n < 4 { _mm256_maskstore_pd(to, mask_4(n), v) } else { _mm256_storeu_pd(to, v) },
    transposed_f64x4
);

/// All bits set in the first `n` lanes.
#[inline(always)]
unsafe fn mask_8(n: usize) -> __m256i {
    // SAFETY: AVX2 is there, by the promise of the trait.
    unsafe {
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), lanes)
    }
}

#[inline(always)]
unsafe fn mask_4(n: usize) -> __m256i {
    // SAFETY: as above.
    unsafe {
        let lanes = _mm256_setr_epi64x(0, 1, 2, 3);
        _mm256_cmpgt_epi64(_mm256_set1_epi64x(n as i64), lanes)
    }
}

// The transpositions work on quarters (of 128 bits): first inside the quarters of
// neighbouring rows, then of quarters.

#[inline(always)]
unsafe fn transposed_f32x16(r: [__m512; 16]) -> [__m512; 16] {
    // SAFETY: AVX-512 is there, by the promise of the trait.
    unsafe {
        let mut u = r;
        for g in 0..4 {
            let a = _mm512_castps_pd(_mm512_unpacklo_ps(r[4 * g], r[4 * g + 1]));
            let b = _mm512_castps_pd(_mm512_unpackhi_ps(r[4 * g], r[4 * g + 1]));
            let c = _mm512_castps_pd(_mm512_unpacklo_ps(r[4 * g + 2], r[4 * g + 3]));
            let d = _mm512_castps_pd(_mm512_unpackhi_ps(r[4 * g + 2], r[4 * g + 3]));
            u[4 * g] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
            u[4 * g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
            u[4 * g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
            u[4 * g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
        }
        let mut out = r;
        for j in 0..4 {
            let even = _mm512_shuffle_f32x4::<0x88>(u[j], u[4 + j]);
            let odd = _mm512_shuffle_f32x4::<0xdd>(u[j], u[4 + j]);
            let even_2 = _mm512_shuffle_f32x4::<0x88>(u[8 + j], u[12 + j]);
            let odd_2 = _mm512_shuffle_f32x4::<0xdd>(u[8 + j], u[12 + j]);
            out[j] = _mm512_shuffle_f32x4::<0x88>(even, even_2);
            out[4 + j] = _mm512_shuffle_f32x4::<0x88>(odd, odd_2);
            out[8 + j] = _mm512_shuffle_f32x4::<0xdd>(even, even_2);
            out[12 + j] = _mm512_shuffle_f32x4::<0xdd>(odd, odd_2);
        }
        out
    }
}

#[inline(always)]
unsafe fn transposed_f64x8(r: [__m512d; 8]) -> [__m512d; 8] {
    // SAFETY: as above.
    unsafe {
        let mut u = r;
        for g in 0..4 {
            u[2 * g] = _mm512_unpacklo_pd(r[2 * g], r[2 * g + 1]);
            u[2 * g + 1] = _mm512_unpackhi_pd(r[2 * g], r[2 * g + 1]);
        }
        let mut out = r;
        for j in 0..2 {
            let even = _mm512_shuffle_f64x2::<0x88>(u[j], u[2 + j]);
            let odd = _mm512_shuffle_f64x2::<0xdd>(u[j], u[2 + j]);
            let even_2 = _mm512_shuffle_f64x2::<0x88>(u[4 + j], u[6 + j]);
            let odd_2 = _mm512_shuffle_f64x2::<0xdd>(u[4 + j], u[6 + j]);
            out[j] = _mm512_shuffle_f64x2::<0x88>(even, even_2);
            out[2 + j] = _mm512_shuffle_f64x2::<0x88>(odd, odd_2);
            out[4 + j] = _mm512_shuffle_f64x2::<0xdd>(even, even_2);
            out[6 + j] = _mm512_shuffle_f64x2::<0xdd>(odd, odd_2);
        }
        out
    }
}

#[inline(always)]
unsafe fn transposed_f32x8(r: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: AVX2 is there, by the promise of the trait.
    unsafe {
        let mut u = r;
        for g in 0..2 {
            let a = _mm256_castps_pd(_mm256_unpacklo_ps(r[4 * g], r[4 * g + 1]));
            let b = _mm256_castps_pd(_mm256_unpackhi_ps(r[4 * g], r[4 * g + 1]));
            let c = _mm256_castps_pd(_mm256_unpacklo_ps(r[4 * g + 2], r[4 * g + 3]));
            let d = _mm256_castps_pd(_mm256_unpackhi_ps(r[4 * g + 2], r[4 * g + 3]));
            u[4 * g] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, c));
            u[4 * g + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, c));
            u[4 * g + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(b, d));
            u[4 * g + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(b, d));
        }
        let mut out = r;
        for j in 0..4 {
            out[j] = _mm256_permute2f128_ps::<0x20>(u[j], u[4 + j]);
            out[4 + j] = _mm256_permute2f128_ps::<0x31>(u[j], u[4 + j]);
        }
        out
    }
}

#[inline(always)]
unsafe fn transposed_f64x4(r: [__m256d; 4]) -> [__m256d; 4] {
    // SAFETY: as above.
    unsafe {
        let mut u = r;
        for g in 0..2 {
            u[2 * g] = _mm256_unpacklo_pd(r[2 * g], r[2 * g + 1]);
            u[2 * g + 1] = _mm256_unpackhi_pd(r[2 * g], r[2 * g + 1]);
        }
        let mut out = r;
        for j in 0..2 {
            out[j] = _mm256_permute2f128_pd::<0x20>(u[j], u[2 + j]);
            out[2 + j] = _mm256_permute2f128_pd::<0x31>(u[j], u[2 + j]);
        }
        out
    }
}
