//! Winograd's convolution F(4×4, 3×3): kernels of 3×3 places, no strides or dilations. A tile of 4×4
//! outputs takes 36 products for each pair of channels instead of 144.
//!
//! Tiles are processed in blocks that stay in the second-level cache. In a block, elements are
//! first laid out with a vector of channels for each place; then the 36 numbers of each tile and
//! channel are the rows of 36 products of matrices, and the transforms work on vectors of channels
//! without moving anything across lanes.
//!
//! Infinities would become NaN in the whole tile, and so might numbers near the largest. Both
//! functions say if a result is not finite; the caller computes again without tiles.

mod forward;
mod transforms;
mod weight_gradient;

pub(super) use forward::{Kernels, forward};
pub(super) use weight_gradient::weight_gradient;

use crate::kernels::vector::Vector;
use transforms::{IN, OUT, PRODUCTS};

/// Numbers before and after multiplying that a block has at most, where it can be cut: some more
/// than a second-level cache of 1 MiB holds in f32, which was faster than less, measured on a Zen 5.
const BLOCK: usize = 300 << 10;

/// Blocks that there should be at least, where that leaves them enough tiles.
const BLOCKS: usize = 16;

/// Arrays of planes: the images or the outputs.
#[derive(Clone, Copy)]
pub(super) struct Planes<'a, T> {
    pub(super) values: &'a [T],
    /// From one example, and from one feature, to the next.
    pub(super) steps: [usize; 2],
    pub(super) features: usize,
    /// Sizes of a plane, which is contiguous.
    pub(super) size: [usize; 2],
}

/// How the outputs are cut into tiles, and these into blocks: some whole examples each, or some
/// rows of tiles of one example.
#[derive(Clone, Copy)]
struct Tiling {
    examples: usize,
    /// Rows and columns of tiles of an example.
    down: usize,
    across: usize,
    /// Padding before the elements.
    low: [i64; 2],
    /// Examples of a block, at most.
    together: usize,
    /// Rows of tiles of a block in each of its examples, at most.
    band: usize,
}

/// The part of a block that lies in one example.
struct Segment {
    example: usize,
    /// Rows of tiles.
    first: usize,
    rows: usize,
    /// Number of its first tile in the block.
    tile: usize,
}

impl Tiling {
    fn new(examples: usize, outputs: [usize; 2], low: [i64; 2], features: usize) -> Tiling {
        let [down, across] = outputs.map(|n| n.div_ceil(OUT));
        // Not so many that there would be few blocks for many threads.
        let few = (examples * down * across / BLOCKS).max(24);
        let most = (BLOCK / (PRODUCTS * features)).clamp(24, 128).min(few);
        let together = (most / (down * across)).max(1);
        let bands = down.div_ceil((most / across).max(1));
        Tiling { examples, down, across, low, together, band: down.div_ceil(bands) }
    }

    fn bands(&self) -> usize {
        self.down.div_ceil(self.band)
    }

    fn blocks(&self) -> usize {
        self.examples.div_ceil(self.together) * self.bands()
    }

    /// Tiles of the largest block.
    fn most(&self) -> usize {
        self.together.min(self.examples) * self.band * self.across
    }

    fn segments(&self, block: usize) -> impl Iterator<Item = Segment> {
        let (part, band) = (block / self.bands(), block % self.bands());
        let (first, per) = (band * self.band, self.band);
        let (down, across, together) = (self.down, self.across, self.together);
        let examples = part * together..((part + 1) * together).min(self.examples);
        examples.enumerate().map(move |(i, example)| {
            let rows = per.min(down - first);
            Segment { example, first, rows, tile: i * rows * across }
        })
    }

    /// Tiles of a block.
    fn tiles(&self, block: usize) -> usize {
        self.segments(block).last().map_or(0, |s| s.tile + s.rows * self.across)
    }

    /// Elements that a segment reads, along both axes.
    fn read(&self, rows: usize) -> [usize; 2] {
        [rows * OUT + IN - OUT, self.across * OUT + IN - OUT]
    }

    /// Outputs of a segment's tiles, along both axes.
    fn written(&self, rows: usize) -> [usize; 2] {
        [rows * OUT, self.across * OUT]
    }

    /// Places of the buffer between the planes and the tiles, in vectors.
    fn buffer(&self) -> usize {
        self.read(self.band).iter().product()
    }
}

/// Brings the part `first..first + extent` of the planes of `count` features into the order
/// `[row][column][feature]`, with zeros outside the planes and for features up to `LANES`.
///
/// # Safety
/// `from` must point to the first of `count` planes of this size, `step` apart; `to` to as many
/// vectors as the extent says, not in use elsewhere; and the promise of [`Vector`].
#[inline(always)]
unsafe fn gather<V: Vector>(
    from: *const V::T,
    step: usize,
    count: usize,
    size: [usize; 2],
    first: [i64; 2],
    extent: [usize; 2],
    to: *mut V::T,
) {
    let inside = |d: usize| {
        let (size, extent) = (size[d] as i64, extent[d] as i64);
        let begin = (-first[d]).clamp(0, extent);
        (begin as usize, (size - first[d]).clamp(begin, extent) as usize)
    };
    let ((top, bottom), (begin, end)) = (inside(0), inside(1));
    // SAFETY: rows `top..bottom` and columns `begin..end` of the extent are inside the planes.
    unsafe {
        for r in 0..extent[0] {
            let row = to.add(r * extent[1] * V::LANES);
            if r < top || r >= bottom {
                zero::<V>(row, extent[1]);
                continue;
            }
            zero::<V>(row, begin);
            zero::<V>(row.add(end * V::LANES), extent[1] - end);
            let y = (first[0] + r as i64) as usize;
            let mut column = begin;
            while column < end {
                let n = V::LANES.min(end - column);
                let x = (first[1] + column as i64) as usize;
                let (from, to) = (from.add(y * size[1] + x), row.add(column * V::LANES));
                V::transpose(from, step, count, n, to, V::LANES, V::LANES);
                column += n;
            }
        }
    }
}

/// Clears `n` vectors.
///
/// # Safety
/// They must be valid and not in use elsewhere.
#[inline(always)]
unsafe fn zero<V: Vector>(to: *mut V::T, n: usize) {
    // SAFETY: by the caller's promise; zero is all bits zero.
    unsafe { std::ptr::write_bytes(to, 0, n * V::LANES) }
}

/// Whether `n` vectors hold finite numbers only. (Their sum says so, or is not finite itself.)
///
/// # Safety
/// They must be valid; and the promise of [`Vector`].
#[inline(always)]
unsafe fn finite<V: Vector>(at: *const V::T, n: usize) -> bool {
    let mut lanes = [0.0; 16];
    // SAFETY: by the caller's promise; no vector is longer than 16 numbers.
    unsafe {
        let mut sums = [V::splat(array::Element::ZERO); 4];
        for i in 0..n / 4 {
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add(V::load(at.add((4 * i + j) * V::LANES)));
            }
        }
        for i in n / 4 * 4..n {
            sums[0] = sums[0].add(V::load(at.add(i * V::LANES)));
        }
        let mut stored = [<V::T as array::Element>::ZERO; 16];
        sums[0].add(sums[1]).add(sums[2].add(sums[3])).store(stored.as_mut_ptr());
        for (lane, x) in lanes.iter_mut().zip(stored) {
            *lane = array::Element::to_f64(x);
        }
    }
    lanes.iter().all(|x: &f64| x.is_finite())
}

/// The transforms of a block's elements: for each product number `f`, tile `t` and channel `c`, at
/// `to + f·steps[0] + t·steps[1] + c`.
///
/// # Safety
/// `features` (a range that starts at a multiple of `LANES`) must be features of `x`; `buffer`
/// must have [`Tiling::buffer`] vectors; the places to be written must be valid, up to the next
/// multiple of `LANES` features; nothing of both in use elsewhere; and the promise of [`Vector`].
#[inline(always)]
unsafe fn transform_elements<V: Vector>(
    x: &Planes<'_, V::T>,
    features: std::ops::Range<usize>,
    tiling: &Tiling,
    block: usize,
    buffer: *mut V::T,
    to: *mut V::T,
    steps: [usize; 2],
) {
    for segment in tiling.segments(block) {
        let extent = tiling.read(segment.rows);
        let first = [(segment.first * OUT) as i64 - tiling.low[0], -tiling.low[1]];
        for c in features.clone().step_by(V::LANES) {
            let count = V::LANES.min(features.end - c);
            // SAFETY: planes of features of an example of `x`; then tiles in the buffer.
            unsafe {
                let plane = segment.example * x.steps[0] + c * x.steps[1];
                let from = x.values[plane..].as_ptr();
                gather::<V>(from, x.steps[1], count, x.size, first, extent, buffer);
                for row in 0..segment.rows {
                    for column in 0..tiling.across {
                        let tile = segment.tile + row * tiling.across + column;
                        transforms::elements::<V>(
                            buffer.add((row * extent[1] + column) * OUT * V::LANES),
                            [extent[1] * V::LANES, V::LANES],
                            to.add(tile * steps[1] + c - features.start),
                            [IN * steps[0], steps[0]],
                        );
                    }
                }
            }
        }
    }
}
