//! The derivative of a windowed maximum over windows that tile the operand: which elements equal
//! the extremum of their window, and how many of each window do, in one step.
//!
//! The rule says it with four operations: the extremum is brought to all elements of its window
//! (the transpose of the windowed sum), compared, converted and summed over windows again. Each
//! goes over the whole operand.

use crate::fuse::Unit;
use ir::prim::{Compare, ReduceWindow, WindowOp};
use ir::{Prim, Program, Var};

/// The units with [`Unit::Ties`] in the place of those four operations, where fusion has left
/// them a loop of their own.
pub(crate) fn absorb(program: &Program, mut units: Vec<Unit>) -> Vec<Unit> {
    let is_sum = |p: &Prim| matches!(p, Prim::ReduceWindow(r) if r.op == WindowOp::Sum);
    if !program.equations().iter().any(|eq| is_sum(&eq.prim)) {
        return units;
    }
    // The unit that makes each variable, and the units that read it (outputs are read after all).
    let mut maker = vec![usize::MAX; program.variables()];
    let mut readers: Vec<Vec<usize>> = vec![vec![]; program.variables()];
    for (k, unit) in units.iter().enumerate() {
        for v in unit.outputs(program) {
            maker[v.index()] = k;
        }
        for v in unit.inputs(program) {
            readers[v.index()].push(k);
        }
    }
    for v in program.outputs() {
        readers[v.index()].push(usize::MAX);
    }
    let sum_of = |k: usize| {
        let Unit::Equation(i) = units.get(k)? else { return None };
        let Prim::ReduceWindow(r) = &program.equations()[*i].prim else { return None };
        (r.op == WindowOp::Sum).then_some((r, *i))
    };
    let mut found = vec![];
    for (k, unit) in units.iter().enumerate() {
        let Unit::Loop { fused, inputs, outputs } = unit else { continue };
        let [compare, convert] = &fused.code[..] else { continue };
        let converts =
            matches!(convert.prim, Prim::Convert(_)) && convert.inputs[..] == [compare.output];
        let [a, b] = inputs[..] else { continue };
        if compare.prim != Prim::Compare(Compare::Eq) || !converts {
            continue;
        }
        // One operand of the comparison is the extremum, spread over its window.
        let spread = |v: Var| {
            let (r, i) = sum_of(maker[v.index()])?;
            (readers[v.index()] == [k]).then_some((r, program.equations()[i].inputs[0]))
        };
        let (x, (over, y)) = match (spread(a), spread(b)) {
            (_, Some(y)) => (a, y),
            (Some(y), None) => (b, y),
            (None, None) => continue,
        };
        // The converted ties are read by a windowed sum alone.
        let float = |v: &Var| program.ty(*v).dtype.is_float();
        let Some(ties) = outputs.iter().copied().find(float) else { continue };
        let mask = outputs.iter().copied().find(|v| !float(v));
        let [last] = readers[ties.index()][..] else { continue };
        let Some((window, i)) = sum_of(last) else { continue };
        if outputs.len() > 2 || !tiles(program, window, over, x, y) {
            continue;
        }
        let counts = program.equations()[i].first;
        let gone = [maker[if x == a { b } else { a }.index()], last];
        let unit =
            Unit::Ties { equation: i, window: (**window).clone(), inputs: [x, y], mask, counts };
        found.push((k, unit, gone));
    }
    let mut gone = vec![false; units.len()];
    for (k, unit, also) in found {
        units[k] = unit;
        also.into_iter().for_each(|k| gone[k] = true);
    }
    let mut gone = gone.into_iter();
    units.retain(|_| gone.next() == Some(false));
    units
}

/// Whether the windows cover each element once, and `over` is the transpose of `window`'s sum.
fn tiles(program: &Program, window: &ReduceWindow, over: &ReduceWindow, x: Var, y: Var) -> bool {
    let (x, y) = (&program.ty(x).shape, &program.ty(y).shape);
    (0..x.len()).all(|d| {
        let n = window.window[d];
        n > 0
            && window.strides[d] == n
            && window.padding[d] == (0, 0)
            && window.base_dilation[d] == 1
            && window.window_dilation[d] == 1
            && x[d] == y[d] * n
            && over.window[d] == n
            && over.strides[d] == 1
            && over.base_dilation[d] == n
            && over.window_dilation[d] == 1
            && over.padding[d].0 == n as i64 - 1
    })
}

#[cfg(test)]
mod tests {
    use crate::{Operation, compile};
    use ir::check::{program_of, vjp_program};
    use ir::prim::{Example, ReduceWindow, WindowOp};

    fn ties(window: &[usize], strides: &[usize], shape: &[usize]) -> usize {
        let max =
            ReduceWindow { strides: strides.to_vec(), ..ReduceWindow::new(WindowOp::Max, window) };
        let derivative = vjp_program(&program_of(&Example::new(max, &[shape])).unwrap()).unwrap();
        let plan = compile(&derivative);
        plan.steps().iter().filter(|s| matches!(s.operation, Operation::Ties(_))).count()
    }

    #[test]
    fn windows_that_tile_are_compared_and_counted_in_one_step() {
        assert_eq!(ties(&[1, 2, 2], &[1, 2, 2], &[3, 8, 6]), 1);
        assert_eq!(ties(&[3], &[3], &[9]), 1);
    }

    #[test]
    fn windows_that_leave_elements_out_or_overlap_are_not() {
        assert_eq!(ties(&[2], &[2], &[9]), 0);
        assert_eq!(ties(&[2], &[3], &[9]), 0);
        assert_eq!(ties(&[3], &[2], &[9]), 0);
    }
}
