//! What a loop reads in place of a variable: what it repeats, or the same values under a shape
//! with other axes of size 1.

use super::View;
use array::Type;
use array::shape::{size, strides};
use foldhash::fast::RandomState;
use ir::prim::BroadcastInDim;
use ir::{Prim, Program, Var};
use smallvec::SmallVec;
use std::collections::HashMap;

/// For each variable the number of its shape, and the shapes by number.
fn squeezed_shapes(program: &Program) -> (Vec<Squeezed>, Vec<Vec<usize>>) {
    let mut shapes: Vec<Vec<usize>> = vec![];
    let mut numbers: HashMap<SmallVec<[usize; 4]>, Squeezed, RandomState> = HashMap::default();
    let of = |ty: &Type| {
        let axes: SmallVec<[usize; 4]> = ty.shape.iter().copied().filter(|&n| n != 1).collect();
        *numbers.entry(axes).or_insert_with_key(|axes| {
            shapes.push(axes.to_vec());
            Squeezed(shapes.len() as u32 - 1)
        })
    };
    let squeezed = program.types().iter().map(of).collect();
    (squeezed, shapes)
}

/// A shape without axes of size 1, by number: equal numbers are equal shapes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Squeezed(u32);

/// Where the values of variables come from.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    pub(super) program: &'a Program,
    /// The equation that makes each variable; none for inputs.
    definition: Vec<usize>,
    /// For each variable the one with the same values in the same order.
    same: Vec<Var>,
    /// For each variable what a loop reads in place of it.
    of: Vec<Var>,
    /// For each variable its shape.
    squeezed: Vec<Squeezed>,
    /// The shapes, by number.
    shapes: Vec<Vec<usize>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(program: &'a Program) -> Sources<'a> {
        let mut definition = vec![usize::MAX; program.variables()];
        for (i, eq) in program.equations().iter().enumerate() {
            for v in eq.results() {
                definition[v.index()] = i;
            }
        }
        let (squeezed, shapes) = squeezed_shapes(program);
        let (same, of) =
            (Vec::with_capacity(definition.len()), Vec::with_capacity(definition.len()));
        let mut sources = Sources { program, definition, same, of, squeezed, shapes };
        for v in 0..program.variables() as u32 {
            let same = sources.reshaped(Var(v)).map_or(Var(v), |from| sources.same[from.index()]);
            sources.same.push(same);
            let of = sources.repetition(same).map_or(same, |(_, from)| sources.same(from));
            sources.of.push(of);
        }
        sources
    }

    /// What a variable is made of by adding or dropping axes of size 1, if it is.
    fn reshaped(&self, v: Var) -> Option<Var> {
        let eq = &self.program.equations()[self.equation(v)?];
        let from = *eq.inputs.first()?;
        let reshaped =
            matches!(eq.prim, Prim::Reshape(_)) && self.squeezed(v) == self.squeezed(from);
        let spread = matches!(&eq.prim, Prim::BroadcastInDim(p)
            if size(&p.shape) == self.program.ty(from).len() && p.dims.is_sorted());
        (reshaped || spread).then_some(from)
    }

    /// The shape of a variable without axes of size 1.
    pub(super) fn squeezed(&self, v: Var) -> Squeezed {
        self.squeezed[v.index()]
    }

    /// The axes of a shape.
    pub(super) fn axes(&self, shape: Squeezed) -> &[usize] {
        &self.shapes[shape.0 as usize]
    }

    /// The equation that makes a variable.
    pub(super) fn equation(&self, v: Var) -> Option<usize> {
        Some(self.definition[v.index()]).filter(|&d| d != usize::MAX)
    }

    /// The variable that has the same values in the same order, and is not itself made by adding
    /// or dropping axes of size 1.
    pub(super) fn same(&self, v: Var) -> Var {
        self.same[v.index()]
    }

    /// The repetition that makes a variable, if one does.
    pub(super) fn repetition(&self, v: Var) -> Option<(&'a BroadcastInDim, Var)> {
        let program: &'a Program = self.program;
        let eq = &program.equations()[self.equation(self.same(v))?];
        let Prim::BroadcastInDim(p) = &eq.prim else { return None };
        (size(&p.shape) > program.ty(eq.inputs[0]).len()).then_some((p, eq.inputs[0]))
    }

    /// What a loop reads in place of a variable.
    pub(super) fn of(&self, v: Var) -> Var {
        self.of[v.index()]
    }

    /// How a loop reads `v` from what stands for it.
    pub(super) fn view(&self, v: Var) -> View {
        let Some((p, from)) = self.repetition(v) else {
            return if self.program.ty(v).len() == 1 { View::Scalar } else { View::Whole };
        };
        let ty = self.program.ty(from);
        if ty.len() == 1 {
            return View::Scalar;
        }
        let mut steps = vec![0; p.shape.len()];
        for ((&d, s), &n) in p.dims.iter().zip(strides(&ty.shape)).zip(&ty.shape) {
            steps[d] = if n == 1 { 0 } else { s };
        }
        View::Strided(merged(&p.shape, &steps))
    }

    /// Whether `v` repeats values, one for each of the `rows` leading elements, along rows: its
    /// leading axes (of size other than 1) are those of what it repeats.
    pub(super) fn fills_rows(&self, v: Var, rows: &[usize]) -> bool {
        let Some((p, from)) = self.repetition(v) else { return false };
        let ty = self.program.ty(from);
        let leading: Vec<usize> = (0..p.shape.len()).filter(|&d| p.shape[d] != 1).collect();
        let used: Vec<usize> =
            p.dims.iter().zip(&ty.shape).filter(|&(_, &n)| n != 1).map(|(&d, _)| d).collect();
        self.axes(self.squeezed(from)) == rows && leading.starts_with(&used)
    }
}

/// The axes (size, step), with those that are walked through as one merged.
pub(super) fn merged(shape: &[usize], steps: &[usize]) -> Vec<(usize, usize)> {
    let mut axes: Vec<(usize, usize)> = vec![];
    for (&n, &step) in shape.iter().zip(steps).filter(|&(&n, _)| n != 1) {
        match axes.last_mut() {
            Some(outer) if outer.1 == step * n => *outer = (outer.0 * n, step),
            _ => axes.push((n, step)),
        }
    }
    axes
}
