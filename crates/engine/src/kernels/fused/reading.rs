//! How an operand of a fused loop gets to its tile: in place wherever the tile's values stand
//! side by side in it, else by copying.

use super::{Extent, Fused, View};
use array::{Array, Element, with_dtype};

/// How an operand gets to its tile.
#[derive(Clone, Debug)]
pub(super) enum Filling {
    /// It is read where it is.
    None,
    /// By its own steps, the same for every tile: once for a chunk.
    Once(Vec<(usize, usize)>),
    /// In place: the operand's elements, repeated with this period, of which a tile is a whole
    /// part.
    Window(usize, Extent),
    /// By the steps of the view.
    Strided(Vec<(usize, usize)>, Extent),
}

/// After how many values a view repeats itself, if it does, and whether they are the operand's
/// elements in order.
fn period(axes: &[(usize, usize)]) -> Option<(usize, bool)> {
    let [(_, 0), inner @ ..] = axes else { return None };
    let n = inner.iter().map(|a| a.0).product();
    Some((n, matches!(inner, [(_, 1)])))
}

fn common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

/// Rows of a tile: about `most`, so many that repeated operands need not be copied for each.
pub(super) fn rows_of_tile(f: &Fused, most: usize, rows: usize) -> usize {
    let most = most.clamp(1, rows);
    let periods = f.readings.iter().filter_map(|r| {
        let View::Strided(axes) = &r.view else { return None };
        let (n, in_order) = period(axes)?;
        match r.extent {
            Extent::Row => Some((n, in_order)),
            Extent::Element if n % f.row == 0 => Some((n / f.row, in_order)),
            Extent::Element => None,
        }
    });
    let mut unit = 1;
    let mut long = None;
    for (n, in_order) in periods {
        let all = common_multiple(unit, n);
        if all <= most {
            unit = all;
        } else if in_order {
            long = Some(n);
        }
    }
    let tile = most / unit * unit;
    // A period longer than the tile: one that it is a multiple of.
    let divisor =
        |n: usize| (tile / 2..=tile).rev().find(|&t| t > 0 && n.is_multiple_of(t) && t % unit == 0);
    long.and_then(divisor).unwrap_or(tile)
}

/// How an operand read by a view gets to tiles of `width` values.
pub(super) fn filling(axes: &[(usize, usize)], extent: Extent, width: usize) -> Filling {
    match period(axes) {
        Some((n, true)) if n % width == 0 => Filling::Window(n, extent),
        Some((n, _)) if width.is_multiple_of(n) => Filling::Once(axes.to_vec()),
        _ => Filling::Strided(axes.to_vec(), extent),
    }
}

/// Writes the values of a view from position `start` on.
///
/// # Safety
/// There must be room for `n` values of the array's type.
pub(super) unsafe fn load(
    array: &Array,
    axes: &[(usize, usize)],
    start: usize,
    out: *mut u8,
    n: usize,
) {
    // SAFETY: the caller's promise; tiles are aligned.
    with_dtype!(array.dtype(), T => unsafe {
        copy(array, axes, start, std::slice::from_raw_parts_mut(out.cast::<T>(), n));
    });
}

fn copy<T: Element>(array: &Array, axes: &[(usize, usize)], start: usize, out: &mut [T]) {
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
