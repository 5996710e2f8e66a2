//! Fused loops: a list of instructions run tile by tile, so that what is between them stays in
//! the first-level cache.
//!
//! A tile is a few rows of the loop's shape (single elements, where nothing is folded along
//! rows). For each instruction there is one function over tiles ([`instructions`]), found once per
//! run; a tile costs one indirect call per instruction.

mod instructions;

use crate::execute::{Operand, Outputs};
use crate::threads::for_each_chunk;
use crate::vectors::Vector;
use array::shape::size;
use array::{Array, DType, Element, with_dtype, with_elements};
use compile::{Extent, Fused, Instruction, Place, Reading, View};
use instructions::{Kernel, Tiles, cost, kernel};
use ir::Prim;
use smallvec::SmallVec;
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
struct Ready {
    kernel: Kernel,
    parameter: i32,
    /// Places of the operands and the result (see [`Places`]).
    inputs: [usize; 3],
    output: usize,
    /// Whether the result has one value per element.
    wide: bool,
    /// Whether the instruction leads from elements to rows or from rows to elements.
    across: bool,
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

/// Where a place is for the first row, and how far apart rows are there; what is filled anew for
/// every tile has distance 0.
#[derive(Clone, Copy)]
struct Memory {
    start: *mut u8,
    step: usize,
}

/// How an operand gets to its tile.
enum Filling<'a> {
    /// It is read where it is.
    None,
    /// It is the same throughout.
    Once(&'a Array),
    /// By the steps of the view.
    Strided(&'a Array, &'a [(usize, usize)], Extent),
    /// It is copied, because this result is about to overwrite it.
    Copied(usize),
}

/// Everything that the chunks of a loop share.
struct Loop<'a> {
    code: SmallVec<[Ready; 16]>,
    memory: SmallVec<[Memory; 16]>,
    fillings: SmallVec<[Filling<'a>; 8]>,
    /// The size of values, by place.
    sizes: SmallVec<[usize; 16]>,
    /// Number of the first result's place.
    first_result: usize,
    row: usize,
    tile_rows: usize,
}

// SAFETY: the pointers are into the operands, which are only read, and into the results, of which
// each chunk writes rows of its own.
unsafe impl Sync for Loop<'_> {}

pub(crate) fn fused(f: &Fused, x: &mut [Operand<'_>]) -> Outputs {
    let row = f.row;
    let rows = size(&f.shape) / row.max(1);
    let (donors, mut results) = memory_of_results(f, x);
    if rows > 0 && row > 0 {
        let tile_rows = (TILE / row).clamp(1, rows);
        let work = Loop::new(f, x, &donors, &mut results, tile_rows);
        let cost: usize = f.code.iter().map(|i| cost(&i.prim)).sum();
        let chunk = (CHUNK / (cost.max(1) * row)).max(1).next_multiple_of(tile_rows);
        for_each_chunk(rows.div_ceil(chunk), |c| {
            work.rows(c * chunk, ((c + 1) * chunk).min(rows));
        });
    }
    results.into_iter().zip(&f.results).map(|(v, (ty, _))| v.into_array(&ty.shape)).collect()
}

/// A single element-by-element operation as a loop.
pub(crate) fn elementwise(prim: &Prim, x: &mut [Operand<'_>]) -> Outputs {
    if let (Prim::Unary(ir::prim::Unary::StopGradient), Operand::Kept(a)) = (prim, &x[0]) {
        return SmallVec::from_elem((*a).clone(), 1);
    }
    let ty = x[0].array().ty();
    let dtype = match prim {
        Prim::Compare(_) | Prim::IsFinite(_) => DType::Bool,
        Prim::Convert(c) => c.dtype,
        Prim::Select(_) => x[1].array().dtype(),
        _ => ty.dtype,
    };
    let f = Fused {
        row: 1,
        readings: (0..x.len())
            .map(|_| Reading { view: View::Whole, extent: Extent::Element })
            .collect(),
        code: vec![Instruction {
            prim: prim.clone(),
            inputs: (0..x.len() as u16).map(Place::Input).collect(),
            output: Place::Result(0),
            extent: Extent::Element,
        }],
        registers: vec![],
        results: vec![(ty.with_dtype(dtype), Extent::Element)],
        shape: ty.shape,
    };
    fused(&f, x)
}

/// Memory for the results: that of an operand that is free, else new. For each operand, the
/// result that has its memory.
#[allow(clippy::type_complexity)]
fn memory_of_results(
    f: &Fused,
    x: &mut [Operand<'_>],
) -> (SmallVec<[Option<usize>; 8]>, SmallVec<[Vector; 2]>) {
    let mut donors: SmallVec<[Option<usize>; 8]> = SmallVec::from_elem(None, x.len());
    let mut results = SmallVec::new();
    for (k, (ty, extent)) in f.results.iter().enumerate() {
        let mut found = None;
        for i in 0..x.len() {
            let fits = f.readings[i].view == View::Whole
                && f.readings[i].extent == *extent
                && x[i].array().dtype() == ty.dtype;
            if fits
                && donors[i].is_none()
                && let Some(memory) = with_dtype!(ty.dtype, T => x[i].take::<T>().map(Vector::from))
            {
                donors[i] = Some(k);
                found = Some(memory);
                break;
            }
        }
        results.push(found.unwrap_or_else(|| Vector::scratch(ty.dtype, ty.len())));
    }
    (donors, results)
}

impl<'a> Loop<'a> {
    fn new(
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
        let in_tile = Memory { start: std::ptr::null_mut(), step: 0 };
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
            let (filling, place) = match (&reading.view, donors[i]) {
                // Memory that a result has taken over is read in place as long as it is whole.
                (View::Whole, Some(k)) if overwritten_before_read(f, i, k) => {
                    (Filling::Copied(k), in_tile)
                }
                (View::Whole, Some(k)) => {
                    let step = per_row(reading.extent) * dtype.size();
                    (Filling::None, Memory { start: results[k].start(), step })
                }
                (View::Whole, None) => {
                    let start = with_elements!(array.buffer(), v => v.as_ptr().cast::<u8>());
                    let step = per_row(reading.extent) * dtype.size();
                    (Filling::None, Memory { start: start.cast_mut(), step })
                }
                (View::Scalar, _) => (Filling::Once(array), in_tile),
                (View::Strided(axes), _) => {
                    (Filling::Strided(array, axes, reading.extent), in_tile)
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
            memory.push(Memory { start: result.start(), step });
        }
        let ready = |i: &Instruction| {
            let mut inputs = [0; 3];
            for (to, &place) in inputs.iter_mut().zip(&i.inputs) {
                *to = places.number(place);
            }
            let output = places.number(i.output);
            // A selection's first operand is its condition.
            let first = usize::from(matches!(i.prim, Prim::Select(_)));
            let (kernel, parameter) = kernel(&i.prim, dtypes[inputs[first]], dtypes[output]);
            Ready {
                kernel,
                parameter,
                inputs,
                output,
                wide: i.extent == Extent::Element,
                across: matches!(i.prim, Prim::Reduce(_) | Prim::BroadcastInDim(_)),
            }
        };
        let code = f.code.iter().map(ready).collect();
        let first_result = places.inputs + places.registers;
        Loop { code, memory, fillings, sizes, first_result, row: f.row, tile_rows }
    }

    /// Runs the rows from `start` to `end`, in tiles of this thread's own.
    fn rows(&self, start: usize, end: usize) {
        thread_local!(static TILES: RefCell<Vec<Line>> = const { RefCell::new(vec![]) });
        let width = self.tile_rows * self.row;
        let tile = |size: usize| (width * size).next_multiple_of(size_of::<Line>()) + GAP;
        let needed: usize = self
            .memory
            .iter()
            .zip(&self.sizes)
            .filter(|(m, _)| m.step == 0)
            .map(|(_, &s)| tile(s))
            .sum();
        TILES.with_borrow_mut(|lines| {
            let count = needed.div_ceil(size_of::<Line>());
            if lines.len() < count {
                lines.resize(count, Line([0; 64]));
            }
            let mut at = lines.as_mut_ptr().cast::<u8>();
            let mut places: SmallVec<[*mut u8; 16]> = SmallVec::with_capacity(self.memory.len());
            for (memory, &size) in self.memory.iter().zip(&self.sizes) {
                if memory.step == 0 {
                    places.push(at);
                    // SAFETY: `lines` has room for all tiles, as computed above.
                    at = unsafe { at.add(tile(size)) };
                } else {
                    // SAFETY: row `start` lies inside the operand or result.
                    places.push(unsafe { memory.start.add(start * memory.step) });
                }
            }
            for (i, filling) in self.fillings.iter().enumerate() {
                if let Filling::Once(array) = filling {
                    // SAFETY: the tile has `width` places for values of the array's type.
                    unsafe { fill(array, places[i], width) };
                }
            }
            for first in (start..end).step_by(self.tile_rows) {
                let rows = self.tile_rows.min(end - first);
                if first + rows < end {
                    self.prefetch(&places);
                }
                // SAFETY: `places` are where rows `first` to `first + rows` lie; all chunks have
                // different rows, and results are not touched until the loop has ended.
                unsafe { self.tile(first, rows, &places) };
                for (place, memory) in places.iter_mut().zip(&self.memory) {
                    *place = place.wrapping_add(rows * memory.step);
                }
            }
        });
    }

    /// Asks for the memory of the next tile while this one is computed. A tile is about a page of
    /// each array, and the processor's own prefetchers stop at the end of a page.
    #[inline]
    fn prefetch(&self, places: &[*mut u8]) {
        for (place, memory) in places.iter().zip(&self.memory) {
            let bytes = memory.step * self.tile_rows;
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
        let elements = rows * self.row;
        for (i, filling) in self.fillings.iter().enumerate() {
            match filling {
                Filling::None | Filling::Once(_) => {}
                Filling::Strided(array, axes, extent) => {
                    let (from, n) = match extent {
                        Extent::Element => (first * self.row, elements),
                        Extent::Row => (first, rows),
                    };
                    // SAFETY: the tile has room for `n` values of the array's type.
                    with_dtype!(array.dtype(), T => unsafe {
                        load(array, axes, from, std::slice::from_raw_parts_mut(places[i].cast::<T>(), n));
                    });
                }
                Filling::Copied(k) => {
                    let result = self.first_result + k;
                    let bytes = rows * self.memory[result].step;
                    // SAFETY: both have room for the tile's rows; a result is no tile.
                    unsafe { std::ptr::copy_nonoverlapping(places[result], places[i], bytes) };
                }
            }
        }
        for i in &self.code {
            let n = if i.wide && !i.across { elements } else { rows };
            let x = [places[i.inputs[0]], places[i.inputs[1]], places[i.inputs[2]]];
            let tiles = Tiles {
                x: x.map(<*mut u8>::cast_const),
                out: places[i.output],
                n,
                row: self.row,
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
