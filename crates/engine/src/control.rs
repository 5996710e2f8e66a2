//! Control flow: the compiled bodies, run directly.

use crate::executable::Executable;
use crate::execute::{Operands, Outputs};
use crate::run::Cancel;
use crate::vectors::Vector;
use array::{Array, Type};
use ir::RuleResult;
use ir::prim::{Cond, Scan, While};
use smallvec::SmallVec;

/// Results of an iteration one after the other along a new first axis.
struct Stack {
    values: Vector,
    ty: Type,
    length: usize,
}

impl Stack {
    fn new(ty: &Type, length: usize) -> Stack {
        Stack { values: Vector::scratch(ty.dtype, ty.len() * length), ty: ty.clone(), length }
    }

    fn put(&mut self, i: usize, y: &Array) {
        self.values.put(i * y.len(), y);
    }

    fn finish(self) -> Array {
        self.values.into_array(&[&[self.length], &self.ty.shape[..]].concat())
    }
}

pub(crate) fn scan(
    p: &Scan,
    body: &Executable,
    x: &mut Operands<'_>,
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    let mut all = x.own_from(0);
    let xs = all.split_off(p.consts + p.carry);
    let mut carry = all.split_off(p.consts);
    let consts = all;
    let mut stacks: Vec<Stack> =
        body.plan().output_types()[p.carry..].iter().map(|ty| Stack::new(ty, p.length)).collect();
    // One frame for all iterations. The types fit, because they did when the loop was made.
    let mut frame = body.frame();
    for step in 0..p.length {
        let i = if p.reverse { p.length - 1 - step } else { step };
        frame.clear();
        frame.extend(consts.iter().cloned().map(Some));
        frame.extend(carry.drain(..).map(Some));
        frame.extend(xs.iter().map(|x| Some(x.index_first(i))));
        body.run_steps(&mut frame, cancel, || ())?;
        let mut outputs = body.results(&mut frame);
        carry.extend(outputs.by_ref().take(p.carry));
        for (stack, y) in stacks.iter_mut().zip(outputs) {
            stack.put(i, &y);
        }
    }
    body.give_back(frame);
    // What is a slice of a stack as it went in must not keep all of the stack.
    Ok(carry.into_iter().map(Array::compact).chain(stacks.into_iter().map(Stack::finish)).collect())
}

pub(crate) fn cond(
    p: &Cond,
    branches: &[Executable],
    x: &mut Operands<'_>,
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    let last = p.branches.len() as i64 - 1;
    let chosen = x.array(0).as_slice::<i64>()[0].clamp(0, last) as usize;
    Ok(SmallVec::from_vec(branches[chosen].run_with(x.own_from(1), cancel)?))
}

pub(crate) fn while_loop(
    p: &While,
    condition: &Executable,
    body: &Executable,
    x: &mut Operands<'_>,
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    let mut condition_consts = x.own_from(0);
    let mut body_consts = condition_consts.split_off(p.condition_consts);
    let mut carry = body_consts.split_off(p.body_consts);
    let with = |consts: &[Array], carry: &[Array]| [consts, carry].concat();
    while condition.run_with(with(&condition_consts, &carry), cancel)?[0].as_slice::<bool>()[0] {
        // The body alone holds the carry, and may overwrite it.
        let mut inputs = body_consts.clone();
        inputs.append(&mut carry);
        carry = body.run_with(inputs, cancel)?;
    }
    Ok(SmallVec::from_vec(carry))
}
