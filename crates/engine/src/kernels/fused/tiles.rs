//! A fused loop ready to run, and how it goes through its tiles.

use super::instructions::{Kernel, Tiles, cost, kernel};
use super::reading::{Filling, filling, load};
use crate::execute::Operand;
use crate::vectors::Vector;
use array::{DType, with_elements};
use compile::{Extent, Fused, Instruction, Place, View, is_arithmetic};
use ir::Prim;
use smallvec::SmallVec;
use std::cell::RefCell;

/// Between tiles, so that equal positions of different tiles do not share a cache set.
const GAP: usize = 128;

/// Bytes of operands and results up to which they are taken to be in the second-level cache, from
/// where the processor fetches in time by itself.
const NEAR: usize = 512 << 10;

/// An instruction ready to run.
struct Ready {
    kernel: Kernel,
    parameter: i32,
    /// Places of the operands and the result (see [`Places`]).
    inputs: [usize; 4],
    output: usize,
    /// See [`Tiles`].
    by_row: u8,
    constant: u8,
    /// Whether the result has one value per element.
    wide: bool,
    /// Whether the instruction leads from elements to rows or from rows to elements.
    across: bool,
    /// In how many pieces a tile is worked on: memory for the next is asked for in between.
    pieces: usize,
}

/// Numbers for the places of a loop: operands, registers, results.
struct Places {
    inputs: usize,
    registers: usize,
}

impl Places {
    fn number(&self, place: Place) -> usize {
        match place {
            Place::Input(i) => usize::from(i),
            Place::Register(r) => self.inputs + usize::from(r),
            Place::Result(k) => self.inputs + self.registers + usize::from(k),
        }
    }
}

/// Where a place is for the first row, and how far apart rows are there; what is not read or
/// written row by row has distance 0.
#[derive(Clone, Copy)]
struct Memory {
    start: *mut u8,
    step: usize,
    /// Whether it is a tile of the thread's own.
    tile: bool,
}

/// Everything that the chunks of a loop share.
pub(super) struct Loop<'a> {
    code: SmallVec<[Ready; 16]>,
    memory: SmallVec<[Memory; 16]>,
    fillings: SmallVec<[Filling<'a>; 8]>,
    /// The size of values, by place.
    sizes: SmallVec<[usize; 16]>,
    /// Number of the first result's place.
    first_result: usize,
    row: usize,
    tile_rows: usize,
    /// In how many pieces a tile is worked on in all; 0 where memory is near.
    pieces: usize,
}

// SAFETY: the pointers are into the operands, which are only read, and into the results, of which
// each chunk writes rows of its own.
unsafe impl Sync for Loop<'_> {}

impl<'a> Loop<'a> {
    pub(super) fn new(
        f: &'a Fused,
        x: &'a [Operand<'_>],
        donors: &[Option<usize>],
        results: &mut [Vector],
        tile_rows: usize,
    ) -> Loop<'a> {
        let places = Places { inputs: x.len(), registers: f.registers.len() };
        let per_row = |extent: Extent| match extent {
            Extent::Element => f.row,
            Extent::Row => 1,
        };
        let in_tile = Memory { start: std::ptr::null_mut(), step: 0, tile: true };
        let mut memory: SmallVec<[Memory; 16]> = SmallVec::new();
        let mut sizes: SmallVec<[usize; 16]> = SmallVec::new();
        let mut dtypes: SmallVec<[DType; 16]> = SmallVec::new();
        let mut fillings = SmallVec::new();
        for (i, reading) in f.readings.iter().enumerate() {
            let array = x[i].array();
            let dtype = match donors[i] {
                Some(k) => f.results[k].0.dtype,
                None => array.dtype(),
            };
            dtypes.push(dtype);
            sizes.push(dtype.size());
            let start = with_elements!(array.buffer(), v => v.as_ptr().cast::<u8>()).cast_mut();
            let in_place = Memory { start, step: 0, tile: false };
            let (filling, place) = match (&reading.view, donors[i]) {
                // Memory that a result has taken over is read in place as long as it is whole.
                (View::Whole, Some(k)) if overwritten_before_read(f, i, k) => {
                    (Filling::Copied(k), in_tile)
                }
                (View::Whole, Some(k)) => {
                    let step = per_row(reading.extent) * dtype.size();
                    (Filling::None, Memory { start: results[k].start(), step, tile: false })
                }
                (View::Whole, None) => {
                    let step = per_row(reading.extent) * dtype.size();
                    (Filling::None, Memory { step, ..in_place })
                }
                (View::Scalar, _) if only_in_arithmetic(f, i, dtype) => (Filling::None, in_place),
                (View::Scalar, _) => (Filling::Once(array, &[]), in_tile),
                (View::Strided(axes), _) => {
                    let width = tile_rows * per_row(reading.extent);
                    match filling(array, axes, reading.extent, width) {
                        window @ Filling::Window(..) => (window, in_place),
                        copied => (copied, in_tile),
                    }
                }
            };
            fillings.push(filling);
            memory.push(place);
        }
        for (dtype, _) in &f.registers {
            dtypes.push(*dtype);
            sizes.push(dtype.size());
            memory.push(in_tile);
        }
        for ((ty, extent), result) in f.results.iter().zip(results) {
            dtypes.push(ty.dtype);
            sizes.push(ty.dtype.size());
            let step = per_row(*extent) * ty.dtype.size();
            memory.push(Memory { start: result.start(), step, tile: false });
        }
        let rows = f.shape.iter().product::<usize>() / f.row;
        let far = rows * memory.iter().map(|m| m.step).sum::<usize>() > NEAR;
        let ready = |i: &Instruction| {
            let mut inputs = [0; 4];
            let (mut by_row, mut constant) = (0, 0);
            let output = places.number(i.output);
            let arithmetic = is_arithmetic(&i.prim, dtypes[output]);
            for (k, (to, &place)) in inputs.iter_mut().zip(&i.inputs).enumerate() {
                *to = places.number(place);
                let alone = matches!(place, Place::Input(n)
                    if f.readings[usize::from(n)].view == View::Scalar && !memory[*to].tile);
                if alone {
                    constant |= 1 << k;
                } else if arithmetic && i.extent == Extent::Element && extent(f, place) != i.extent
                {
                    by_row |= 1 << k;
                }
            }
            // A selection's first operand is its condition.
            let first = usize::from(matches!(i.prim, Prim::Select(_)));
            let (kernel, parameter) = kernel(i, dtypes[inputs[first]], dtypes[output]);
            let wide = i.extent == Extent::Element;
            let across = matches!(i.prim, Prim::Reduce(_) | Prim::BroadcastInDim(_));
            let long = wide && !across && by_row == 0 && cost(&i.prim) > 1;
            let pieces = if far && long { 4 } else { 1 };
            Ready { kernel, parameter, inputs, output, by_row, constant, wide, across, pieces }
        };
        let code: SmallVec<[Ready; 16]> = f.code.iter().map(ready).collect();
        let first_result = places.inputs + places.registers;
        let pieces = if far { code.iter().map(|i| i.pieces).sum() } else { 0 };
        Loop { code, memory, fillings, sizes, first_result, row: f.row, tile_rows, pieces }
    }

    /// Runs the rows from `start` to `end`, in tiles of this thread's own.
    pub(super) fn rows(&self, start: usize, end: usize) {
        thread_local!(static TILES: RefCell<Vec<Line>> = const { RefCell::new(vec![]) });
        let width = self.tile_rows * self.row;
        let tile = |size: usize| (width * size).next_multiple_of(size_of::<Line>()) + GAP;
        let places = self.memory.iter().zip(&self.sizes);
        let needed: usize = places.filter(|(m, _)| m.tile).map(|(_, &s)| tile(s)).sum();
        TILES.with_borrow_mut(|lines| {
            let count = needed.div_ceil(size_of::<Line>());
            if lines.len() < count {
                lines.resize(count, Line([0; 64]));
            }
            let mut at = lines.as_mut_ptr().cast::<u8>();
            let mut places: SmallVec<[*mut u8; 16]> = SmallVec::with_capacity(self.memory.len());
            for (memory, &size) in self.memory.iter().zip(&self.sizes) {
                if memory.tile {
                    places.push(at);
                    // SAFETY: `lines` has room for all tiles, as computed above.
                    at = unsafe { at.add(tile(size)) };
                } else {
                    // SAFETY: row `start` lies inside the operand or result.
                    places.push(unsafe { memory.start.add(start * memory.step) });
                }
            }
            for (i, filling) in self.fillings.iter().enumerate() {
                if let Filling::Once(array, axes) = filling {
                    // SAFETY: the tile has `width` places for values of the array's type.
                    unsafe { load(array, axes, 0, places[i], width) };
                }
            }
            for first in (start..end).step_by(self.tile_rows) {
                let rows = self.tile_rows.min(end - first);
                let next = self.pieces > 0 && first + rows < end;
                // SAFETY: `places` are where rows `first` to `first + rows` lie; all chunks have
                // different rows, and results are not touched until the loop has ended.
                unsafe { self.tile(first, rows, &mut places, next) };
                for (place, memory) in places.iter_mut().zip(&self.memory) {
                    *place = place.wrapping_add(rows * memory.step);
                }
            }
        });
    }

    /// Asks for a share of the memory of the next tile while this one is computed. A tile is
    /// about a page of each array, and the processor's own prefetchers stop at the end of a page.
    #[inline]
    fn prefetch(&self, places: &[*mut u8], piece: usize) {
        for (place, memory) in places.iter().zip(&self.memory).filter(|(_, m)| m.step > 0) {
            let bytes = memory.step * self.tile_rows;
            let lines = bytes.div_ceil(size_of::<Line>());
            let (from, to) = (lines * piece / self.pieces, lines * (piece + 1) / self.pieces);
            for line in from..to {
                prefetch_line(place.wrapping_add(bytes + line * size_of::<Line>()));
            }
        }
    }

    /// The number of values of so many rows.
    fn position(&self, rows: usize, extent: Extent) -> usize {
        match extent {
            Extent::Element => rows * self.row,
            Extent::Row => rows,
        }
    }

    /// Runs all instructions on one tile, whose successor's memory is asked for on the way if there
    /// is one.
    ///
    /// # Safety
    /// `places` must be valid for the tile's rows, and those of results not otherwise in use.
    #[inline]
    unsafe fn tile(&self, first: usize, rows: usize, places: &mut [*mut u8], next: bool) {
        let elements = rows * self.row;
        for (i, filling) in self.fillings.iter().enumerate() {
            match filling {
                Filling::None | Filling::Once(..) => {}
                Filling::Window(period, extent) => {
                    let at = self.position(first, *extent) % period;
                    places[i] = self.memory[i].start.wrapping_add(at * self.sizes[i]);
                }
                Filling::Strided(array, axes, extent) => {
                    let (from, n) = (self.position(first, *extent), self.position(rows, *extent));
                    // SAFETY: the tile has room for `n` values of the array's type.
                    unsafe { load(array, axes, from, places[i], n) };
                }
                Filling::Copied(k) => {
                    let result = self.first_result + k;
                    let bytes = rows * self.memory[result].step;
                    // SAFETY: both have room for the tile's rows; a result is no tile.
                    unsafe { std::ptr::copy_nonoverlapping(places[result], places[i], bytes) };
                }
            }
        }
        let mut piece = 0;
        for i in &self.code {
            let n = if i.wide && !i.across { elements } else { rows };
            let x = i.inputs.map(|input| places[input].cast_const());
            let (by_row, constant) = (i.by_row, i.constant);
            let (row, parameter) = (self.row, i.parameter);
            let mut tiles = Tiles { x, by_row, constant, out: places[i.output], n, row, parameter };
            if i.pieces == 1 || !next {
                // SAFETY: the places hold values of the types that the kernel was chosen for; an
                // operand that shares memory with a result has been copied.
                unsafe { (i.kernel)(&tiles) };
            } else {
                let most = n.div_ceil(i.pieces).next_multiple_of(64);
                for from in (0..n).step_by(most) {
                    tiles.n = most.min(n - from);
                    // SAFETY: as above; operands and results have values for each element.
                    unsafe { (i.kernel)(&tiles) };
                    self.prefetch(places, piece + from / most);
                    for (k, x) in tiles.x.iter_mut().enumerate() {
                        let moves = if constant >> k & 1 == 0 { most } else { 0 };
                        *x = x.wrapping_add(moves * self.sizes[i.inputs[k]]);
                    }
                    tiles.out = tiles.out.wrapping_add(most * self.sizes[i.output]);
                }
            }
            if next && i.pieces == 1 {
                self.prefetch(places, piece);
            }
            piece += i.pieces;
        }
    }
}

/// How many values a place has.
fn extent(f: &Fused, place: Place) -> Extent {
    match place {
        Place::Input(i) => f.readings[usize::from(i)].extent,
        Place::Register(r) => f.registers[usize::from(r)].1,
        Place::Result(k) => f.results[usize::from(k)].1,
    }
}

/// Whether operand `i` is read by arithmetic alone, which spreads it itself.
fn only_in_arithmetic(f: &Fused, i: usize, dtype: DType) -> bool {
    let place = Place::Input(i as u16);
    f.code.iter().all(|c| !c.inputs.contains(&place) || is_arithmetic(&c.prim, dtype))
}

/// Whether operand `i` is read after result `k` is written, or by what writes it, unless that
/// goes from one end to the other.
fn overwritten_before_read(f: &Fused, i: usize, k: usize) -> bool {
    let writes = f.code.iter().position(|c| c.output == Place::Result(k as u16));
    let reads = f.code.iter().rposition(|c| c.inputs.contains(&Place::Input(i as u16)));
    let in_order = writes.is_some_and(|w| is_arithmetic(&f.code[w].prim, f.results[k].0.dtype));
    if in_order { reads > writes } else { reads >= writes }
}

/// Asks for a cache line that will be needed soon. Any address will do.
#[inline(always)]
fn prefetch_line(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching reads nothing, wherever it points; SSE is part of x86-64.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Memory that tiles are made of, aligned to cache lines.
#[derive(Clone)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u8; 64]);
