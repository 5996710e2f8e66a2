//! Convolutions and the rearrangements around them become one step.
//!
//! The derivatives of a convolution are convolutions of operands whose first two axes are
//! exchanged, with the kernel read backwards. These rearrangements are found here, after fusion,
//! and left to the kernel, which reads and writes in any of these orders.

use crate::fuse::Unit;
use array::Type;
use ir::prim::ConvGeneral;
use ir::{Prim, Primitive, Program, Var};

/// A convolution together with rearrangements of its operands and result.
///
/// With `e` for the exchange of an array's first two axes where the flag says so, and `r` for the
/// reversal of all others, it is `e₂(conv(e₀(x), r(e₁(w))))`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Convolution {
    /// The convolution.
    pub conv: ConvGeneral,
    /// Whether the first two axes of the operand, of the kernel and of the result are exchanged.
    pub exchanged: [bool; 3],
    /// Whether the kernel is read backwards along all spatial axes.
    pub reversed: bool,
}

impl Convolution {
    /// Which of a convolution's passes this looks like.
    pub(crate) fn name(&self) -> &'static str {
        match (self.exchanged, self.reversed) {
            ([false, false, false], false) => "convolution",
            ([false, true, false], true) => "convolution, input gradient",
            ([true, true, true], false) => "convolution, weight gradient",
            _ => "convolution, rearranged",
        }
    }

    /// Floating-point operations, by the definition: see [`ConvGeneral::flops`].
    pub(crate) fn flops(&self, inputs: &[Type], outputs: &[Type]) -> u64 {
        let exchanged = |types: &[Type], i: usize, flag: usize| {
            let mut ty = types[i].clone();
            if self.exchanged[flag] {
                ty.shape.swap(0, 1);
            }
            ty
        };
        let operands = [exchanged(inputs, 0, 0), exchanged(inputs, 1, 1)];
        self.conv.flops(&operands, &[exchanged(outputs, 0, 2)])
    }
}

impl From<ConvGeneral> for Convolution {
    fn from(conv: ConvGeneral) -> Convolution {
        Convolution { conv, exchanged: [false; 3], reversed: false }
    }
}

/// The units with convolutions in the place of `conv_general_dilated`, and without the
/// rearrangements that nobody else reads.
pub(crate) fn absorb(program: &Program, mut units: Vec<Unit>) -> Vec<Unit> {
    let equation = |unit: &Unit| match unit {
        Unit::Equation(i) => Some(*i),
        Unit::Loop { .. } | Unit::Convolution { .. } | Unit::Product { .. } | Unit::Ties { .. } => {
            None
        }
    };
    let conv = |unit: &Unit| {
        let Prim::ConvGeneral(p) = &program.equations()[equation(unit)?].prim else { return None };
        Some((**p).clone())
    };
    if !units.iter().any(|u| conv(u).is_some()) {
        return units;
    }
    // Which unit makes each variable, if it is an equation; how often each is read, and by whom
    // last.
    let mut made: Vec<Option<usize>> = vec![None; program.variables()];
    let mut reads = vec![0_usize; program.variables()];
    let mut reader = vec![usize::MAX; program.variables()];
    for (k, unit) in units.iter().enumerate() {
        if let Some(i) = equation(unit) {
            for v in program.equations()[i].results() {
                made[v.index()] = Some(i);
            }
        }
        for v in unit.inputs(program) {
            reads[v.index()] += 1;
            reader[v.index()] = k;
        }
    }
    for v in program.outputs() {
        reads[v.index()] += 1;
        reader[v.index()] = usize::MAX;
    }
    let mut gone = vec![false; units.len()];
    for k in 0..units.len() {
        let Some(p) = conv(&units[k]) else { continue };
        let i = equation(&units[k]).expect("invariant: a convolution is an equation");
        let (eq, mut exchanged, mut reversed) = (&program.equations()[i], [false; 3], false);
        let (mut inputs, mut output) = ([eq.inputs[0], eq.inputs[1]], eq.first);
        if !program.ty(output).dtype.is_float() || p.feature_groups * p.batch_groups > 1 {
            continue;
        }
        if let Some(v) = made[inputs[1].index()].and_then(|i| backwards(program, i)) {
            (inputs[1], reversed) = (v, true);
        }
        for side in 0..2 {
            if let Some(v) = made[inputs[side].index()].and_then(|i| exchange(program, i)) {
                (inputs[side], exchanged[side]) = (v, true);
            }
        }
        let after = reader[output.index()];
        if reads[output.index()] == 1
            && after < units.len()
            && let Some(i) = equation(&units[after])
            && exchange(program, i).is_some()
        {
            (output, exchanged[2], gone[after]) = (program.equations()[i].first, true, true);
        }
        let convolution = Convolution { conv: p, exchanged, reversed };
        units[k] = Unit::Convolution { equation: i, convolution, inputs, output };
    }
    // What is read no more; readers come after what they read.
    let mut needed = vec![false; program.variables()];
    for v in program.outputs() {
        needed[v.index()] = true;
    }
    for k in (0..units.len()).rev() {
        let moves = equation(&units[k])
            .is_some_and(|i| exchange(program, i).or_else(|| backwards(program, i)).is_some());
        gone[k] |= moves && units[k].outputs(program).iter().all(|v| !needed[v.index()]);
        if !gone[k] {
            for v in units[k].inputs(program) {
                needed[v.index()] = true;
            }
        }
    }
    let mut gone = gone.into_iter();
    units.retain(|_| gone.next() == Some(false));
    units
}

/// The operand of an equation that exchanges the first two axes.
fn exchange(program: &Program, i: usize) -> Option<Var> {
    let eq = &program.equations()[i];
    let x = *eq.inputs.first()?;
    let (from, to) = (&program.ty(x).shape, &program.ty(eq.first).shape);
    if from.len() < 2 || from.len() != to.len() {
        return None;
    }
    let exchanges = if let Prim::Transpose(t) = &eq.prim {
        t.permutation[..2] == [1, 0] && t.permutation[2..].iter().copied().eq(2..from.len())
    } else {
        // What is left of an exchange when one of the axes has size 1.
        matches!(eq.prim, Prim::Reshape(_))
            && (from[0] == 1 || from[1] == 1)
            && from[..2] == [to[1], to[0]]
            && from[2..] == to[2..]
    };
    exchanges.then_some(x)
}

/// The operand of an equation that reverses all spatial axes.
fn backwards(program: &Program, i: usize) -> Option<Var> {
    let eq = &program.equations()[i];
    let Prim::Reverse(p) = &eq.prim else { return None };
    let shape = &program.ty(eq.first).shape;
    let all = (2..shape.len()).all(|d| shape[d] <= 1 || p.axes.contains(&d));
    (all && p.axes.iter().all(|&d| d >= 2 || shape[d] <= 1)).then_some(eq.inputs[0])
}

#[cfg(test)]
mod tests {
    use crate::{Operation, compile};
    use ir::Program;
    use ir::check::{program_of, vjp_program};
    use ir::prim::{ConvGeneral, Example};

    fn derivative(x: &[usize], w: &[usize], groups: usize) -> Program {
        let conv = ConvGeneral { feature_groups: groups, ..ConvGeneral::new(2) };
        vjp_program(&program_of(&Example::new(conv, &[x, w])).unwrap()).unwrap()
    }

    /// The rearrangements of each convolution of the derivative's plan.
    fn found(program: &Program) -> Vec<([bool; 3], bool)> {
        let steps = compile(program).steps().to_vec();
        let found = steps.iter().map(|step| match &step.operation {
            Operation::Convolution(c) => Some((c.exchanged, c.reversed)),
            Operation::Primitive(_)
            | Operation::Fused(_)
            | Operation::Product(_)
            | Operation::Ties(_) => None,
        });
        found.collect::<Option<_>>().unwrap_or_default()
    }

    #[test]
    fn both_derivatives_are_one_step_each() {
        let of_kernel = ([true; 3], false);
        let of_operand = ([false, true, false], true);
        let mut both = found(&derivative(&[2, 5, 6, 7], &[4, 5, 3, 3], 1));
        both.sort();
        assert_eq!(both, [of_operand, of_kernel]);
        // One feature: the exchanges are reshapes.
        let mut both = found(&derivative(&[2, 1, 6, 7], &[4, 1, 3, 3], 1));
        both.sort();
        assert_eq!(both, [of_operand, of_kernel]);
    }

    #[test]
    fn groups_are_left_alone() {
        assert_eq!(found(&derivative(&[2, 4, 6, 7], &[4, 2, 3, 3], 2)), []);
    }

    #[test]
    fn what_is_read_elsewhere_stays() {
        let whole = derivative(&[2, 5, 6, 7], &[4, 5, 3, 3], 1);
        // Every intermediate value as an output: nothing may vanish.
        let mut b = ir::Builder::new(whole.input_types().to_vec());
        for eq in whole.equations() {
            b.push(eq.prim.clone(), &eq.inputs, None).unwrap();
        }
        let all = whole.equations().iter().map(|eq| eq.first).collect();
        let plan = compile(&b.finish(all));
        assert_eq!(plan.steps().len(), whole.equations().len());
    }
}
