//! Fused loops: a list of instructions run tile by tile, so that what is between them stays in
//! the first-level cache.
//!
//! A tile is a few rows of the loop's shape (single elements, where nothing is folded along
//! rows). For each instruction there is one function over tiles ([`instructions`]), found when a
//! plan is made ready; a tile costs one indirect call per instruction.

mod instructions;

use crate::execute::{Operands, Outputs};
use crate::memory::scratch;
use crate::threads::for_each_chunk;
use array::shape::size;
use array::{Array, DType, Element, Type, with_dtype};
use compile::{Extent, Fused, Instruction, Place, Reading, View};
use instructions::{Kernel, Tiles, cost, kernel};
use ir::Prim;
use smallvec::{SmallVec, smallvec};
use std::cell::RefCell;

/// Elements of a tile, about: so few that the tiles of a loop stay in the first-level cache, so
/// many that an indirect call does not count.
const TILE: usize = 1024;

/// What a chunk of a loop costs at least (see [`cost`]): some ten microseconds, much more than
/// handing it to another thread.
const CHUNK: usize = 1 << 17;

/// Between tiles, so that equal positions of different tiles do not share a cache set.
const GAP: usize = 128;

/// An instruction ready to run.
#[derive(Debug)]
struct Ready {
    kernel: Kernel,
    parameter: i32,
    /// Places of the operands and the result (see [`Loop::places`]).
    inputs: [usize; 3],
    output: usize,
    /// Whether the result has one value per element.
    wide: bool,
    /// Whether the instruction leads from elements to rows or from rows to elements.
    across: bool,
}

/// How an operand gets to its tile.
#[derive(Debug)]
enum Filling {
    /// It is read where it is.
    None,
    /// It is the same throughout.
    Once,
    /// By the steps of the view.
    Strided(Vec<(usize, usize)>, Extent),
}

/// Something that instructions read or write: an operand, a register or a result, in this order.
#[derive(Debug)]
struct Spot {
    /// How far apart rows are in memory, in bytes, where it is not in a tile.
    step: usize,
    /// Where its tile begins, in bytes. Results have none.
    tile: usize,
}

/// A result, and the operands whose memory it may take over.
#[derive(Debug)]
struct Made {
    ty: Type,
    /// The operand, and whether an instruction reads it when or after the result is written: it
    /// is copied into a tile first.
    donors: SmallVec<[(usize, bool); 4]>,
}

/// A loop ready to run: everything that does not depend on where its operands are.
#[derive(Debug)]
pub(crate) struct Loop {
    code: Vec<Ready>,
    spots: Vec<Spot>,
    fillings: Vec<Filling>,
    results: Vec<Made>,
    /// Number of the first result's place.
    first_result: usize,
    row: usize,
    rows: usize,
    tile_rows: usize,
    /// Rows of a chunk.
    chunk: usize,
    /// Lines of memory that the tiles take.
    lines: usize,
}

impl Loop {
    /// The loop, for operands of these types.
    pub(crate) fn new(f: &Fused, operands: &[&Type]) -> Loop {
        let row = f.row;
        let rows = if row == 0 { 0 } else { size(&f.shape) / row };
        let tile_rows = (TILE / row.max(1)).clamp(1, rows.max(1));
        let per_row = |extent: Extent| match extent {
            Extent::Element => row,
            Extent::Row => 1,
        };
        let inputs = f.readings.len();
        let first_result = inputs + f.registers.len();
        let number = |place: Place| match place {
            Place::Input(i) => usize::from(i),
            Place::Register(r) => inputs + usize::from(r),
            Place::Result(k) => first_result + usize::from(k),
        };
        let of_inputs = operands.iter().zip(&f.readings).map(|(ty, r)| (ty.dtype, r.extent));
        let of_results = f.results.iter().map(|(ty, extent)| (ty.dtype, *extent));
        let kinds: Vec<(DType, Extent)> =
            of_inputs.chain(f.registers.iter().copied()).chain(of_results).collect();
        let mut end = 0;
        let spot = |(place, &(dtype, extent)): (usize, &(DType, Extent))| {
            let tile = end;
            if place < first_result {
                end += (tile_rows * row * dtype.size()).next_multiple_of(size_of::<Line>()) + GAP;
            }
            Spot { step: per_row(extent) * dtype.size(), tile }
        };
        let spots = kinds.iter().enumerate().map(spot).collect();
        let ready = |i: &Instruction| {
            let mut places = [0; 3];
            for (to, &place) in places.iter_mut().zip(&i.inputs) {
                *to = number(place);
            }
            let output = number(i.output);
            // A selection's first operand is its condition.
            let first = usize::from(matches!(i.prim, Prim::Select(_)));
            let (kernel, parameter) = kernel(&i.prim, kinds[places[first]].0, kinds[output].0);
            Ready {
                kernel,
                parameter,
                inputs: places,
                output,
                wide: i.extent == Extent::Element,
                across: matches!(i.prim, Prim::Reduce(_) | Prim::BroadcastInDim(_)),
            }
        };
        let filling = |r: &Reading| match &r.view {
            View::Whole => Filling::None,
            View::Scalar => Filling::Once,
            View::Strided(axes) => Filling::Strided(axes.clone(), r.extent),
        };
        let made = |(k, (ty, extent)): (usize, &(Type, Extent))| {
            let fits = |&i: &usize| {
                f.readings[i] == Reading { view: View::Whole, extent: *extent }
                    && operands[i].dtype == ty.dtype
            };
            let donors = (0..inputs).filter(fits).map(|i| (i, overwritten_before_read(f, i, k)));
            Made { ty: ty.clone(), donors: donors.collect() }
        };
        let cost: usize = f.code.iter().map(|i| cost(&i.prim)).sum();
        let chunk = (CHUNK / (cost * row).max(1)).max(1).next_multiple_of(tile_rows);
        Loop {
            code: f.code.iter().map(ready).collect(),
            spots,
            fillings: f.readings.iter().map(filling).collect(),
            results: f.results.iter().enumerate().map(made).collect(),
            first_result,
            row,
            rows,
            tile_rows,
            chunk,
            lines: end.div_ceil(size_of::<Line>()),
        }
    }

    /// A single element-by-element operation as a loop.
    pub(crate) fn of(prim: &Prim, operands: &[&Type]) -> Loop {
        let ty = operands[0];
        let dtype = match prim {
            Prim::Compare(_) | Prim::IsFinite(_) => DType::Bool,
            Prim::Convert(c) => c.dtype,
            Prim::Select(_) => operands[1].dtype,
            _ => ty.dtype,
        };
        let whole = Reading { view: View::Whole, extent: Extent::Element };
        let f = Fused {
            row: 1,
            readings: vec![whole; operands.len()],
            code: vec![Instruction {
                prim: prim.clone(),
                inputs: (0..operands.len() as u16).map(Place::Input).collect(),
                output: Place::Result(0),
                extent: Extent::Element,
            }],
            registers: vec![],
            results: vec![(ty.with_dtype(dtype), Extent::Element)],
            shape: ty.shape.clone(),
        };
        Loop::new(&f, operands)
    }

    /// Runs the loop.
    pub(crate) fn run(&self, x: &mut Operands<'_>) -> Outputs {
        // For each operand the result that has its memory, and whether it is copied first.
        let mut donated: SmallVec<[Option<(usize, bool)>; 24]> = smallvec![None; x.len()];
        let mut results = Outputs::new();
        for (k, made) in self.results.iter().enumerate() {
            let take = |&(i, copied): &(usize, bool)| {
                let memory = x.take(i)?;
                donated[i] = Some((k, copied));
                Some(memory.into_shape(&made.ty.shape))
            };
            let found = made.donors.iter().find_map(take);
            results.push(found.unwrap_or_else(|| fresh(&made.ty)));
        }
        if self.rows == 0 {
            return results;
        }
        let mut starts: SmallVec<[*mut u8; 32]> = smallvec![std::ptr::null_mut(); self.spots.len()];
        for (start, result) in starts[self.first_result..].iter_mut().zip(&mut results) {
            *start = result.unique_ptr().expect("invariant: nobody holds a new result");
        }
        let mut copied: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        for (i, filling) in self.fillings.iter().enumerate() {
            match (filling, donated[i]) {
                (Filling::None, None) => starts[i] = x.array(i).as_ptr().cast_mut(),
                (Filling::None, Some((k, true))) => copied.push((i, self.first_result + k)),
                (_, Some((k, _))) => starts[i] = starts[self.first_result + k],
                (Filling::Once | Filling::Strided(..), None) => {}
            }
        }
        let work = Work { of: self, operands: x, starts: &starts, copied: &copied };
        for_each_chunk(self.rows.div_ceil(self.chunk), |c| {
            work.rows(c * self.chunk, ((c + 1) * self.chunk).min(self.rows));
        });
        results
    }
}

/// A new array with arbitrary elements.
fn fresh(ty: &Type) -> Array {
    with_dtype!(ty.dtype, T => Array::from_vec(scratch::<T>(ty.len()), &ty.shape))
}

/// A run of a loop: everything that its chunks share.
struct Work<'a> {
    of: &'a Loop,
    operands: &'a Operands<'a>,
    /// Where each place is for the first row; null for tiles, which are filled anew.
    starts: &'a [*mut u8],
    /// Operands that are copied, because this result is about to overwrite them.
    copied: &'a [(usize, usize)],
}

// SAFETY: the pointers are into the operands, which are only read, and into the results, of which
// each chunk writes rows of its own.
unsafe impl Sync for Work<'_> {}

impl Work<'_> {
    /// Runs the rows from `start` to `end`, in tiles of this thread's own.
    fn rows(&self, start: usize, end: usize) {
        thread_local!(static TILES: RefCell<Vec<Line>> = const { RefCell::new(vec![]) });
        let l = self.of;
        TILES.with_borrow_mut(|lines| {
            if lines.len() < l.lines {
                lines.resize(l.lines, Line([0; 64]));
            }
            let tiles = lines.as_mut_ptr().cast::<u8>();
            let mut places: SmallVec<[*mut u8; 32]> = SmallVec::new();
            let mut steps: SmallVec<[usize; 32]> = SmallVec::new();
            for (&first, spot) in self.starts.iter().zip(&l.spots) {
                if first.is_null() {
                    // SAFETY: `lines` has room for all tiles.
                    places.push(unsafe { tiles.add(spot.tile) });
                    steps.push(0);
                } else {
                    // SAFETY: row `start` lies inside the operand or result.
                    places.push(unsafe { first.add(start * spot.step) });
                    steps.push(spot.step);
                }
            }
            for (i, filling) in l.fillings.iter().enumerate() {
                if matches!(filling, Filling::Once) {
                    // SAFETY: the tile has room for as many values of the operand's type.
                    unsafe { fill(self.operands.array(i), places[i], l.tile_rows * l.row) };
                }
            }
            for first in (start..end).step_by(l.tile_rows) {
                let rows = l.tile_rows.min(end - first);
                if first + rows < end {
                    self.prefetch(&places, &steps);
                }
                // SAFETY: `places` are where rows `first` to `first + rows` lie; all chunks have
                // different rows, and results are not touched until the loop has ended.
                unsafe { self.tile(first, rows, &places) };
                for (place, step) in places.iter_mut().zip(&steps) {
                    *place = place.wrapping_add(rows * step);
                }
            }
        });
    }

    /// Asks for the memory of the next tile while this one is computed. A tile is about a page of
    /// each array, and the processor's own prefetchers stop at the end of a page.
    #[inline]
    fn prefetch(&self, places: &[*mut u8], steps: &[usize]) {
        for (place, step) in places.iter().zip(steps) {
            let bytes = step * self.of.tile_rows;
            for at in (bytes..2 * bytes).step_by(size_of::<Line>()) {
                prefetch_line(place.wrapping_add(at));
            }
        }
    }

    /// Runs all instructions on one tile.
    ///
    /// # Safety
    /// `places` must be valid for the tile's rows, and those of results not otherwise in use.
    #[inline]
    unsafe fn tile(&self, first: usize, rows: usize, places: &[*mut u8]) {
        let l = self.of;
        let elements = rows * l.row;
        for (i, filling) in l.fillings.iter().enumerate() {
            if let Filling::Strided(axes, extent) = filling {
                let (from, n) = match extent {
                    Extent::Element => (first * l.row, elements),
                    Extent::Row => (first, rows),
                };
                let array = self.operands.array(i);
                // SAFETY: the tile has room for `n` values of the array's type.
                with_dtype!(array.dtype(), T => unsafe {
                    load(array, axes, from, std::slice::from_raw_parts_mut(places[i].cast::<T>(), n));
                });
            }
        }
        for &(i, result) in self.copied {
            let bytes = rows * l.spots[result].step;
            // SAFETY: both have room for the tile's rows; a result is no tile.
            unsafe { std::ptr::copy_nonoverlapping(places[result], places[i], bytes) };
        }
        for i in &l.code {
            let n = if i.wide && !i.across { elements } else { rows };
            let x = [places[i.inputs[0]], places[i.inputs[1]], places[i.inputs[2]]];
            let tiles = Tiles {
                x: x.map(<*mut u8>::cast_const),
                out: places[i.output],
                n,
                row: l.row,
                parameter: i.parameter,
            };
            // SAFETY: the places hold values of the types that the kernel was chosen for; an
            // operand that shares memory with a result has been copied.
            unsafe { (i.kernel)(&tiles) };
        }
    }
}

/// Whether operand `i` is read when or after result `k` is written.
fn overwritten_before_read(f: &Fused, i: usize, k: usize) -> bool {
    let writes = f.code.iter().position(|c| c.output == Place::Result(k as u16));
    let reads = f.code.iter().rposition(|c| c.inputs.contains(&Place::Input(i as u16)));
    reads >= writes
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

/// Writes an array's only element `n` times.
///
/// # Safety
/// There must be room for `n` elements.
unsafe fn fill(array: &Array, out: *mut u8, n: usize) {
    // SAFETY: the caller's promise; tiles are aligned.
    with_dtype!(array.dtype(), T => unsafe {
        std::slice::from_raw_parts_mut(out.cast::<T>(), n).fill(array.as_slice::<T>()[0]);
    });
}

/// Reads a repeated operand at the positions from `start` on.
fn load<T: Element>(array: &Array, axes: &[(usize, usize)], start: usize, out: &mut [T]) {
    let x = array.as_slice::<T>();
    let Some((&(inner, step), outer)) = axes.split_last() else { return out.fill(x[0]) };
    let mut done = 0;
    while done < out.len() {
        let (mut rest, first) = ((start + done) / inner, (start + done) % inner);
        let mut base = first * step;
        for &(n, s) in outer.iter().rev() {
            base += rest % n * s;
            rest /= n;
        }
        let run = (inner - first).min(out.len() - done);
        let to = &mut out[done..done + run];
        match step {
            0 => to.fill(x[base]),
            1 => to.copy_from_slice(&x[base..base + run]),
            _ => to.iter_mut().zip(x[base..].iter().step_by(step)).for_each(|(o, &v)| *o = v),
        }
        done += run;
    }
}
