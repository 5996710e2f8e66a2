//! Control flow: the compiled bodies, run directly.

use crate::execute::{Operand, Outputs};
use crate::memory::scratch;
use crate::run::{Cancel, results, run_steps, run_with};
use crate::vectors::Vector;
use array::{Array, Element, Type, with_dtype};
use compile::Plan;
use ir::RuleResult;
use ir::prim::{Cond, Scan, While};
use smallvec::SmallVec;
use std::sync::Arc;

/// The operands as arrays of our own. A value that is needed here for the last time keeps its
/// only holder, so that the body may overwrite it.
pub(crate) fn owned(x: &mut [Operand<'_>]) -> Vec<Array> {
    x.iter_mut()
        .map(|x| match x {
            Operand::Kept(a) => (*a).clone(),
            Operand::Last(a) => std::mem::replace(a, Array::from_vec(Vec::<bool>::new(), &[0])),
        })
        .collect()
}

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

/// Element `i` of the first axis.
fn slice_of(x: &Array, i: usize) -> Array {
    fn typed<T: Element>(x: &Array, i: usize) -> Array {
        let shape = &x.shape()[1..];
        let n = array::shape::size(shape);
        let mut out = scratch::<T>(n);
        out.copy_from_slice(&x.as_slice::<T>()[i * n..(i + 1) * n]);
        Array::from_vec(out, shape)
    }
    with_dtype!(x.dtype(), T => typed::<T>(x, i))
}

pub(crate) fn scan(
    p: &Scan,
    body: &Plan,
    x: &mut [Operand<'_>],
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    let mut all = owned(x);
    let xs = all.split_off(p.consts + p.carry);
    let mut carry = all.split_off(p.consts);
    let consts = all;
    let mut stacks: Vec<Stack> =
        body.output_types()[p.carry..].iter().map(|ty| Stack::new(ty, p.length)).collect();
    // One frame for all iterations. The types fit, because they did when the loop was made.
    let mut frame: Vec<Option<Array>> = Vec::with_capacity(body.slots());
    for step in 0..p.length {
        let i = if p.reverse { p.length - 1 - step } else { step };
        frame.clear();
        frame.extend(consts.iter().cloned().map(Some));
        frame.extend(carry.drain(..).map(Some));
        frame.extend(xs.iter().map(|x| Some(slice_of(x, i))));
        run_steps(body, &mut frame, cancel, |_, _| ())?;
        let mut outputs = results(body, &mut frame);
        carry.extend(outputs.by_ref().take(p.carry));
        for (stack, y) in stacks.iter_mut().zip(outputs) {
            stack.put(i, &y);
        }
    }
    Ok(carry.into_iter().chain(stacks.into_iter().map(Stack::finish)).collect())
}

pub(crate) fn cond(
    p: &Cond,
    branches: &[Arc<Plan>],
    x: &mut [Operand<'_>],
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    let last = p.branches.len() as i64 - 1;
    let chosen = x[0].array().as_slice::<i64>()[0].clamp(0, last) as usize;
    Ok(SmallVec::from_vec(run_with(&branches[chosen], owned(&mut x[1..]), cancel)?))
}

pub(crate) fn while_loop(
    p: &While,
    condition: &Plan,
    body: &Plan,
    x: &mut [Operand<'_>],
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    let mut condition_consts = owned(x);
    let mut body_consts = condition_consts.split_off(p.condition_consts);
    let mut carry = body_consts.split_off(p.body_consts);
    let with = |consts: &[Array], carry: &[Array]| [consts, carry].concat();
    while run_with(condition, with(&condition_consts, &carry), cancel)?[0].as_slice::<bool>()[0] {
        // The body alone holds the carry, and may overwrite it.
        let mut inputs = body_consts.clone();
        inputs.append(&mut carry);
        carry = run_with(body, inputs, cancel)?;
    }
    Ok(SmallVec::from_vec(carry))
}
