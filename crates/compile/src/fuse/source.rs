//! What a loop reads in place of a variable: what it repeats, or the same values under a shape
//! with other axes of size 1.

use super::View;
use array::shape::{size, strides};
use ir::prim::BroadcastInDim;
use ir::{Prim, Program, Var};

/// The axes that are not of size 1.
pub(super) fn squeezed(shape: &[usize]) -> Vec<usize> {
    shape.iter().copied().filter(|&n| n != 1).collect()
}

/// Where the values of variables come from.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    pub(super) program: &'a Program,
    /// The equation that makes each variable; none for inputs.
    definition: Vec<usize>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(program: &'a Program) -> Sources<'a> {
        let mut definition = vec![usize::MAX; program.variables()];
        for (i, eq) in program.equations().iter().enumerate() {
            for v in eq.results() {
                definition[v.index()] = i;
            }
        }
        Sources { program, definition }
    }

    /// The equation that makes a variable.
    pub(super) fn equation(&self, v: Var) -> Option<usize> {
        Some(self.definition[v.index()]).filter(|&d| d != usize::MAX)
    }

    /// The variable that has the same values in the same order, and is not itself made by adding
    /// or dropping axes of size 1.
    pub(super) fn same(&self, mut v: Var) -> Var {
        while let Some(d) = self.equation(v) {
            let eq = &self.program.equations()[d];
            let keeps = match &eq.prim {
                Prim::Reshape(_) => {
                    squeezed(&self.program.ty(v).shape)
                        == squeezed(&self.program.ty(eq.inputs[0]).shape)
                }
                Prim::BroadcastInDim(p) => {
                    size(&p.shape) == self.program.ty(eq.inputs[0]).len() && p.dims.is_sorted()
                }
                _ => false,
            };
            if !keeps {
                return v;
            }
            v = eq.inputs[0];
        }
        v
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
        match self.repetition(v) {
            Some((_, from)) => self.same(from),
            None => self.same(v),
        }
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
        squeezed(&ty.shape) == rows && leading.starts_with(&used)
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
