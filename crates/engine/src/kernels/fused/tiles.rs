//! How a fused loop goes through its tiles.

use super::instructions::{Ahead, Kernel, Tiles, cost, kernel};
use super::reading::{Filling, filling, load};
use crate::executable::Destination;
use crate::execute::{Operands, Outputs};
use crate::kernels::STREAMED;
use array::{DType, Type};
use compile::{Extent, Fused, Instruction, Place, View};
use ir::Prim;
use smallvec::{SmallVec, smallvec};
use std::cell::RefCell;

/// Between tiles, so that equal positions of different tiles do not share a cache set.
const GAP: usize = 128;

/// Bytes of operands and results up to which they are taken to be in the second-level cache, from
/// where the processor fetches in time by itself.
const NEAR: usize = 512 << 10;

/// An instruction ready to run.
#[derive(Debug)]
struct Ready {
    kernel: Kernel,
    parameter: i32,
    /// Places of the operands and the result (see [`number`]).
    inputs: [usize; 4],
    output: usize,
    /// See [`Tiles`]; streamed unless the result has an operand's memory.
    streamed: bool,
    by_row: u8,
    constant: u8,
    /// Whether the result has one value per element.
    wide: bool,
    /// Whether the instruction leads from elements to rows or from rows to elements.
    across: bool,
    /// In how many pieces a tile is worked on: memory for the next is asked for in between.
    pieces: usize,
    /// Whether it asks for all memory that the next tile takes, on its way.
    asks: bool,
}

/// Numbers for the places of a loop: operands, registers, results.
fn number(f: &Fused, place: Place) -> usize {
    match place {
        Place::Input(i) => usize::from(i),
        Place::Register(r) => f.readings.len() + usize::from(r),
        Place::Result(k) => f.readings.len() + f.registers.len() + usize::from(k),
    }
}

/// Something that instructions read or write.
#[derive(Debug)]
struct Spot {
    /// The size of its values.
    size: usize,
    /// How far apart rows are in memory; 0 for what is not read or written row by row.
    step: usize,
    /// Whether it is a tile of the thread's own.
    in_tile: bool,
    /// Where that begins, in bytes; for operands too that are copied into one if a result has
    /// taken over their memory.
    tile: usize,
}

/// Memory that is asked for before the tile that needs it.
#[derive(Debug)]
struct Stream {
    spot: usize,
    /// Bytes and cache lines of a tile, and the lines that one piece asks for.
    bytes: usize,
    lines: usize,
    share: usize,
}

/// What each tile of a loop takes, wherever operands and results are.
#[derive(Debug)]
pub(super) struct Tiling {
    code: Vec<Ready>,
    /// By number.
    spots: Vec<Spot>,
    fillings: Vec<Filling>,
    /// Number of the first result's place.
    first_result: usize,
    row: usize,
    tile_rows: usize,
    /// What is read and written tile by tile; nothing where memory is near.
    streams: Vec<Stream>,
    /// Lines of memory that the tiles take.
    lines: usize,
}

impl Tiling {
    pub(super) fn new(f: &Fused, operands: &[&Type], rows: usize, tile_rows: usize) -> Tiling {
        let per_row = |extent: Extent| match extent {
            Extent::Element => f.row,
            Extent::Row => 1,
        };
        let mut end = 0;
        let mut spot = |dtype: DType, step: usize, in_tile: bool| {
            let tile = end;
            end += (tile_rows * f.row * dtype.size()).next_multiple_of(size_of::<Line>()) + GAP;
            Spot { size: dtype.size(), step: step * dtype.size(), in_tile, tile }
        };
        let (mut spots, mut fillings, mut dtypes) = (vec![], vec![], vec![]);
        for (i, (reading, ty)) in f.readings.iter().zip(operands).enumerate() {
            let (filling, step, in_tile) = match &reading.view {
                View::Whole => (Filling::None, per_row(reading.extent), false),
                View::Scalar if only_in_chains(f, i, ty.dtype) => (Filling::None, 0, false),
                View::Scalar => (Filling::Once(vec![]), 0, true),
                View::Strided(axes) => {
                    let width = tile_rows * per_row(reading.extent);
                    let filling = filling(axes, reading.extent, width);
                    let in_tile = !matches!(filling, Filling::Window(..));
                    (filling, 0, in_tile)
                }
            };
            spots.push(spot(ty.dtype, step, in_tile));
            fillings.push(filling);
            dtypes.push(ty.dtype);
        }
        for (dtype, _) in &f.registers {
            spots.push(spot(*dtype, 0, true));
            dtypes.push(*dtype);
        }
        for (ty, extent) in &f.results {
            let size = ty.dtype.size();
            spots.push(Spot { size, step: per_row(*extent) * size, in_tile: false, tile: 0 });
            dtypes.push(ty.dtype);
        }
        let far = rows * spots.iter().map(|s| s.step).sum::<usize>() > NEAR;
        // A function takes long enough for all that is asked for.
        let asks = f.code.iter().position(|i| {
            let dtype = dtypes[number(f, i.output)];
            far && i.extent == Extent::Element && i.around_function(dtype).is_some()
        });
        let ready = |(position, i): (usize, &Instruction)| {
            let mut inputs = [0; 4];
            let (mut by_row, mut constant) = (0, 0);
            let output = number(f, i.output);
            let chain = i.is_chain(dtypes[output]);
            for (k, (to, &place)) in inputs.iter_mut().zip(&i.inputs).enumerate() {
                *to = number(f, place);
                let alone = matches!(place, Place::Input(n)
                    if f.readings[usize::from(n)].view == View::Scalar && !spots[*to].in_tile);
                if alone {
                    constant |= 1 << k;
                } else if chain && i.extent == Extent::Element && extent(f, place) != i.extent {
                    by_row |= 1 << k;
                }
            }
            // A selection's first operand is its condition.
            let first = usize::from(matches!(i.prim, Prim::Select(_)));
            let (kernel, parameter) = kernel(i, dtypes[inputs[first]], dtypes[output]);
            let wide = i.extent == Extent::Element;
            let across = matches!(i.prim, Prim::Reduce(_) | Prim::BroadcastInDim(_));
            let long = wide && !across && by_row == 0 && cost(i) > 1 + i.then.len();
            let streamed = chain
                && matches!(i.output, Place::Result(_))
                && f.code.iter().all(|reader| !reader.inputs.contains(&i.output))
                && spots[output].step * rows >= STREAMED;
            // Values of rows are few.
            let pieces = if asks.is_some() || !wide && !across {
                0
            } else if far && long {
                4
            } else {
                1
            };
            Ready {
                kernel,
                parameter,
                inputs,
                output,
                streamed,
                by_row,
                constant,
                wide,
                across,
                pieces,
                asks: Some(position) == asks,
            }
        };
        let code: Vec<Ready> = f.code.iter().enumerate().map(ready).collect();
        let first_result = f.readings.len() + f.registers.len();
        let pieces: usize = code.iter().map(|i| i.pieces).sum();
        let stream = |(spot, s): (usize, &Spot)| {
            let bytes = s.step * tile_rows;
            let lines = bytes.div_ceil(size_of::<Line>());
            Stream { spot, bytes, lines, share: lines.div_ceil(pieces.max(1)) }
        };
        let streams = spots.iter().enumerate().filter(|(_, s)| far && s.step > 0);
        let streams = streams.map(stream).collect();
        let lines = end.div_ceil(size_of::<Line>());
        Tiling { code, spots, fillings, first_result, row: f.row, tile_rows, streams, lines }
    }
}

/// A run of a loop: everything that its chunks share.
pub(super) struct Work<'a> {
    of: &'a Tiling,
    operands: &'a Operands<'a>,
    /// Where each place is for the first row; null for tiles.
    starts: &'a [*mut u8],
    /// Operands that are copied, because this result is about to overwrite them.
    copied: &'a [(usize, usize)],
    /// What is asked for in advance: not what is written past the caches.
    asked: &'a [&'a Stream],
}

// SAFETY: the pointers are into the operands, which are only read, and into the results, of which
// each chunk writes rows of its own.
unsafe impl Sync for Work<'_> {}

/// Calls `body` with the run of a loop on these operands. For each of them, `donated` has the result
/// that has taken over its memory, and whether it is copied first.
pub(super) fn with_work(
    of: &Tiling,
    operands: &Operands<'_>,
    donated: &[Option<(u16, bool)>],
    results: &mut Outputs,
    places: &[Destination],
    body: impl FnOnce(&Work<'_>),
) {
    let mut starts: SmallVec<[*mut u8; 32]> = smallvec![std::ptr::null_mut(); of.spots.len()];
    let mut copied: SmallVec<[(usize, usize); 4]> = SmallVec::new();
    for (k, result) in results.iter_mut().enumerate() {
        starts[of.first_result + k] = match places.iter().find(|p| p.result == k) {
            Some(place) => place.start,
            None => result.unique_ptr().expect("invariant: nobody else holds a result"),
        };
    }
    for (i, donated) in donated.iter().enumerate() {
        match donated {
            // Memory that a result has taken over is read in place as long as it is whole.
            Some((k, true)) => copied.push((i, of.first_result + usize::from(*k))),
            Some((k, false)) => starts[i] = starts[of.first_result + usize::from(*k)],
            None if of.spots[i].in_tile => {}
            None => starts[i] = operands.array(i).as_ptr().cast_mut(),
        }
    }
    let mut asked: SmallVec<[&Stream; 16]> = SmallVec::new();
    let in_place = |spot: usize| {
        starts[..of.fillings.len()].contains(&starts[spot]) || copied.iter().any(|c| c.1 == spot)
    };
    let streamed = |spot: usize| of.code.iter().any(|i| i.streamed && i.output == spot);
    asked.extend(of.streams.iter().filter(|s| in_place(s.spot) || !streamed(s.spot)));
    let work = Work { of, operands, starts: &starts, copied: &copied, asked: &asked };
    body(&work);
}

impl Work<'_> {
    /// Runs the rows from `start` to `end`, in tiles of this thread's own.
    pub(super) fn rows(&self, start: usize, end: usize) {
        thread_local!(static TILES: RefCell<Vec<Line>> = const { RefCell::new(vec![]) });
        let of = self.of;
        TILES.with_borrow_mut(|lines| {
            if lines.len() < of.lines {
                lines.resize(of.lines, Line([0; 64]));
            }
            let tiles = lines.as_mut_ptr().cast::<u8>();
            let mut places: SmallVec<[*mut u8; 32]> = SmallVec::new();
            let mut steps: SmallVec<[usize; 32]> = SmallVec::new();
            for (&at, spot) in self.starts.iter().zip(&of.spots) {
                if at.is_null() {
                    // SAFETY: `lines` has room for all tiles.
                    places.push(unsafe { tiles.add(spot.tile) });
                    steps.push(0);
                } else {
                    // SAFETY: row `start` lies inside the operand or result.
                    places.push(unsafe { at.add(start * spot.step) });
                    steps.push(spot.step);
                }
            }
            for (i, filling) in of.fillings.iter().enumerate() {
                if let Filling::Once(axes) = filling {
                    let width = of.tile_rows * of.row;
                    // SAFETY: the tile has `width` places for values of the array's type.
                    unsafe { load(self.operands.array(i), axes, 0, places[i], width) };
                }
            }
            for first in (start..end).step_by(of.tile_rows) {
                let rows = of.tile_rows.min(end - first);
                let next = !self.asked.is_empty() && first + rows < end;
                // SAFETY: `places` are where rows `first` to `first + rows` lie; all chunks have
                // different rows, and results are not touched until the loop has ended.
                unsafe { self.tile(first, rows, &mut places, &steps, next) };
                for (place, step) in places.iter_mut().zip(&steps) {
                    *place = place.wrapping_add(rows * step);
                }
            }
        });
    }

    /// Asks for a share of the memory of the next tile while this one is computed. A tile is
    /// about a page of each array, and the processor's own prefetchers stop at the end of a page.
    #[inline]
    fn prefetch(&self, places: &[*mut u8], steps: &[usize], piece: usize) {
        for s in self.asked.iter().filter(|s| steps[s.spot] > 0) {
            let next = places[s.spot].wrapping_add(s.bytes);
            for line in s.share * piece..(s.share * (piece + 1)).min(s.lines) {
                prefetch_line(next.wrapping_add(line * size_of::<Line>()));
            }
        }
    }

    /// The number of values of so many rows.
    fn position(&self, rows: usize, extent: Extent) -> usize {
        match extent {
            Extent::Element => rows * self.of.row,
            Extent::Row => rows,
        }
    }

    /// Runs all instructions on one tile, whose successor's memory is asked for on the way if there
    /// is one.
    ///
    /// # Safety
    /// `places` must be valid for the tile's rows, and those of results not otherwise in use.
    #[inline]
    unsafe fn tile(
        &self,
        first: usize,
        rows: usize,
        places: &mut [*mut u8],
        steps: &[usize],
        next: bool,
    ) {
        let of = self.of;
        let elements = rows * of.row;
        for (i, filling) in of.fillings.iter().enumerate() {
            match filling {
                Filling::None | Filling::Once(_) => {}
                Filling::Window(period, extent) => {
                    let at = self.position(first, *extent) % period;
                    places[i] = self.starts[i].wrapping_add(at * of.spots[i].size);
                }
                Filling::Strided(axes, extent) => {
                    let (from, n) = (self.position(first, *extent), self.position(rows, *extent));
                    // SAFETY: the tile has room for `n` values of the array's type.
                    unsafe { load(self.operands.array(i), axes, from, places[i], n) };
                }
            }
        }
        for &(i, result) in self.copied {
            let bytes = rows * of.spots[result].step;
            // SAFETY: both have room for the tile's rows; a result is no tile.
            unsafe { std::ptr::copy_nonoverlapping(places[result], places[i], bytes) };
        }
        let mut piece = 0;
        let ahead = |s: &&Stream| {
            let from = places[s.spot].wrapping_add(s.bytes).cast_const();
            Ahead { from, rate: (s.lines * Ahead::UNIT).div_ceil(elements) }
        };
        let ahead: SmallVec<[Ahead; 16]> = if next && of.code.iter().any(|i| i.asks) {
            self.asked.iter().filter(|s| steps[s.spot] > 0).map(ahead).collect()
        } else {
            SmallVec::new()
        };
        for i in &of.code {
            let n = if i.wide && !i.across { elements } else { rows };
            let x = i.inputs.map(|input| places[input].cast_const());
            let mut tiles = Tiles {
                x,
                by_row: i.by_row,
                constant: i.constant,
                out: places[i.output],
                streamed: i.streamed && !self.asked.iter().any(|s| s.spot == i.output),
                n,
                row: of.row,
                parameter: i.parameter,
                ahead: if i.asks { &ahead } else { &[] },
            };
            if i.pieces <= 1 || !next {
                // SAFETY: the places hold values of the types that the kernel was chosen for; an
                // operand that shares memory with a result has been copied.
                unsafe { (i.kernel)(&tiles) };
            } else {
                let most = n.div_ceil(i.pieces).next_multiple_of(64);
                for from in (0..n).step_by(most) {
                    tiles.n = most.min(n - from);
                    // SAFETY: as above; operands and results have values for each element.
                    unsafe { (i.kernel)(&tiles) };
                    self.prefetch(places, steps, piece + from / most);
                    for (k, x) in tiles.x.iter_mut().enumerate() {
                        let moves = if i.constant >> k & 1 == 0 { most } else { 0 };
                        *x = x.wrapping_add(moves * of.spots[i.inputs[k]].size);
                    }
                    tiles.out = tiles.out.wrapping_add(most * of.spots[i.output].size);
                }
            }
            if next && i.pieces == 1 {
                self.prefetch(places, steps, piece);
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

/// Whether operand `i` is read by chains alone, which spread it themselves.
fn only_in_chains(f: &Fused, i: usize, dtype: DType) -> bool {
    let place = Place::Input(i as u16);
    f.code.iter().all(|c| !c.inputs.contains(&place) || c.is_chain(dtype))
}

/// Whether operand `i` is read after result `k` is written, or by what writes it, unless that
/// goes from one end to the other.
pub(super) fn overwritten_before_read(f: &Fused, i: usize, k: usize) -> bool {
    let writes = f.code.iter().position(|c| c.output == Place::Result(k as u16));
    let reads = f.code.iter().rposition(|c| c.inputs.contains(&Place::Input(i as u16)));
    let in_order = writes.is_some_and(|w| f.code[w].is_chain(f.results[k].0.dtype));
    if in_order { reads > writes } else { reads >= writes }
}

/// Asks for a cache line that will be needed soon. Any address will do.
#[inline(always)]
pub(super) fn prefetch_line(at: *const u8) {
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
