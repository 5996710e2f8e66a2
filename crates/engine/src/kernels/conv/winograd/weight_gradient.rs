//! The cotangent of the kernels: `ḡ = Gᵀ[Σ (A ȳ Aᵀ) ⊙ (Bᵀ d B)] G`, the transpose of what
//! [`forward`](super::forward) computes, with the sum over all tiles before the last transform.

use super::transforms::{self, IN, OUT, PRODUCTS};
use super::{Planes, Tiling, finite, gather, transform_elements};
use crate::isa::InstructionSet;
use crate::kernels::conv::micro_kernel::{Left, Right, Sums, accumulated};
use crate::kernels::vector::{Vector, Vectorised, for_widest_vector};
use crate::memory::{give_back, scratch};
use crate::threads::{Parts, for_each_chunk};
use std::sync::atomic::{AtomicBool, Ordering};

/// Partial sums, at most. Their number depends on the shapes alone, and so does the result.
const PARTIAL: usize = 8;

/// Elements of all partial sums together, at most, where there can be fewer.
const LARGEST: usize = 16 << 20;

/// Features that are processed together: beyond, the transforms of the cotangents are repeated.
const SLICE: usize = 128;

struct Job<'a, T> {
    x: Planes<'a, T>,
    y: Planes<'a, T>,
    tiling: Tiling,
    /// Features and out features up to a multiple of the vectors' length.
    padded: [usize; 2],
    /// Partial sums: `[partial][product][out feature][feature]`.
    sums: Parts<T>,
    partial: usize,
    w: Parts<T>,
    /// From one out feature, and from one feature, to the next.
    w_steps: [usize; 2],
    finite: AtomicBool,
}

/// For the cotangent `y` of a convolution's outputs: the cotangent of its kernels, written to `w`,
/// nine numbers side by side. False when a result is not finite.
pub(in crate::kernels::conv) fn weight_gradient<T: Vectorised>(
    set: InstructionSet,
    x: Planes<'_, T>,
    y: Planes<'_, T>,
    examples: usize,
    low: [i64; 2],
    w: &mut [T],
    w_steps: [usize; 2],
) -> bool {
    let lanes = T::lanes(set).0;
    let padded = [x.features, y.features].map(|n| n.next_multiple_of(lanes));
    let slices = padded[0].div_ceil(SLICE);
    let tiling = Tiling::new(examples, y.size, low, padded[0].min(SLICE) + padded[1]);
    let size = PRODUCTS * padded[0] * padded[1];
    let partial = PARTIAL.min(LARGEST / size).clamp(1, tiling.blocks());
    let mut sums = scratch::<T>(partial * size);
    let job = Job {
        x,
        y,
        tiling,
        padded,
        sums: Parts::new(&mut sums),
        partial,
        w: Parts::new(w),
        w_steps,
        finite: AtomicBool::new(true),
    };
    // SAFETY: the instruction set is one of this processor; chunks add to different partial
    // sums or slices of them, then write to different out features.
    unsafe {
        for_each_chunk(partial * slices, |i| products_of_part(set, &job, i / slices, i % slices));
        for_each_chunk(y.features, |k| kernels_of_feature(set, &job, k));
    }
    let all = job.finite.into_inner();
    give_back(sums);
    all
}

for_widest_vector! {
    /// Adds up the products of a part of the blocks, for a slice of the features.
    unsafe fn products_of_part<T>(job: &Job<'_, T>, part: usize, slice: usize) = add_products
}
for_widest_vector! {
    /// Adds the parts, and computes the cotangents of the kernels of out feature `k`.
    unsafe fn kernels_of_feature<T>(job: &Job<'_, T>, k: usize) = finish
}

/// # Safety
/// No two calls for one part and slice at once; and the promise of [`Vector`].
#[inline(always)]
unsafe fn add_products<V: Vector>(job: &Job<'_, V::T>, part: usize, slice: usize) {
    let l = V::LANES;
    let (tiling, [channels, features]) = (&job.tiling, job.padded);
    let slice = slice * SLICE..((slice + 1) * SLICE).min(job.x.features);
    let wide = slice.len().next_multiple_of(l);
    let most = tiling.most();
    let (from, to) = (most * wide + l, most * features + l);
    let mut buffer = scratch::<V::T>(tiling.buffer() * l);
    let mut elements = scratch::<V::T>(PRODUCTS * from);
    let mut cotangents = scratch::<V::T>(PRODUCTS * to);
    let per = tiling.blocks().div_ceil(job.partial);
    let blocks = part * per..((part + 1) * per).min(tiling.blocks());
    let size = channels * features;
    // SAFETY: the buffers are as large as the steps say; the sums are those of the part and slice.
    unsafe {
        let sums = job.sums.start().add(part * PRODUCTS * size + slice.start);
        if blocks.is_empty() {
            for row in 0..PRODUCTS * features {
                super::zero::<V>(sums.add(row * channels), wide / l);
            }
        }
        for block in blocks.clone() {
            let (x, buffer) = (&job.x, buffer.as_mut_ptr());
            let to_elements = elements.as_mut_ptr();
            transform_elements::<V>(
                x,
                slice.clone(),
                tiling,
                block,
                buffer,
                to_elements,
                [from, wide],
            );
            transform_cotangents::<V>(job, block, buffer, cotangents.as_mut_ptr(), to);
            let (tiles, vectors) = (tiling.tiles(block), wide / l);
            for f in 0..PRODUCTS {
                for v in (0..vectors).step_by(V::PANEL) {
                    let left = cotangents.as_ptr().add(f * to);
                    let right = elements.as_ptr().add(f * from + v * l);
                    let add = block > blocks.start;
                    accumulated::<V>(
                        features,
                        V::PANEL.min(vectors - v),
                        tiles,
                        Left { at: left, row: 1, term: features },
                        Right { at: right, term: wide },
                        Sums { at: sums.add(f * size + v * l), row: channels, add },
                    );
                }
            }
        }
    }
    give_back(buffer);
    give_back(elements);
    give_back(cotangents);
}

/// For each product number `f`, tile `t` and out feature `k`, at `to + f·step + t·features + k`.
///
/// # Safety
/// As of [`transform_elements`].
#[inline(always)]
unsafe fn transform_cotangents<V: Vector>(
    job: &Job<'_, V::T>,
    block: usize,
    buffer: *mut V::T,
    to: *mut V::T,
    step: usize,
) {
    let (l, y, tiling) = (V::LANES, &job.y, &job.tiling);
    for segment in tiling.segments(block) {
        let extent = tiling.written(segment.rows);
        for k in (0..y.features).step_by(l) {
            let count = l.min(y.features - k);
            // SAFETY: planes of features of an example of `y`; then tiles in the buffer.
            unsafe {
                let plane = segment.example * y.steps[0] + k * y.steps[1];
                let first = [(segment.first * OUT) as i64, 0];
                let from = y.values[plane..].as_ptr();
                gather::<V>(from, y.steps[1], count, y.size, first, extent, buffer);
                for row in 0..segment.rows {
                    for column in 0..tiling.across {
                        let tile = segment.tile + row * tiling.across + column;
                        transforms::cotangents::<V>(
                            buffer.add((row * extent[1] + column) * OUT * l),
                            [extent[1] * l, l],
                            to.add(tile * job.padded[1] + k),
                            [IN * step, step],
                        );
                    }
                }
            }
        }
    }
}

/// # Safety
/// No two calls for one out feature at once, the sums being complete; and the promise of
/// [`Vector`].
#[inline(always)]
unsafe fn finish<V: Vector>(job: &Job<'_, V::T>, k: usize) {
    let [channels, features] = job.padded;
    let size = channels * features;
    let mut all = true;
    for c in (0..job.x.features).step_by(V::LANES) {
        let mut products = [[<V::T as array::Element>::ZERO; 16]; PRODUCTS];
        let mut places = [[<V::T as array::Element>::ZERO; 16]; 9];
        // SAFETY: the sums have a row for each out feature; the arrays have rows of at least
        // `LANES` numbers; the kernels written are those of this out feature.
        unsafe {
            for (f, product) in products.iter_mut().enumerate() {
                let at = job.sums.start().cast_const().add(f * size + k * channels + c);
                let mut sum = V::load(at);
                for part in 1..job.partial {
                    sum = sum.add(V::load(at.add(part * PRODUCTS * size)));
                }
                sum.store(product.as_mut_ptr());
            }
            transforms::kernel_cotangent::<V>(
                products.as_ptr().cast(),
                [IN * 16, 16],
                places.as_mut_ptr().cast(),
                [3 * 16, 16],
            );
            for place in &places {
                all &= finite::<V>(place.as_ptr(), 1);
            }
            for lane in 0..V::LANES.min(job.x.features - c) {
                let at = k * job.w_steps[0] + (c + lane) * job.w_steps[1];
                for (i, place) in places.iter().enumerate() {
                    *job.w.start().add(at + i) = place[lane];
                }
            }
        }
    }
    if !all {
        job.finite.store(false, Ordering::Relaxed);
    }
}
