//! Control flow: the compiled bodies, run directly.

use crate::execute::{Operand, Outputs};
use crate::memory::{recycle, scratch};
use crate::run::{Cancel, run_with};
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
    values: Values,
    ty: Type,
    length: usize,
}

enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U32(Vec<u32>),
    Bool(Vec<bool>),
}

macro_rules! with_values {
    ($values:expr, $v:ident => $body:expr) => {
        match $values {
            Values::F32($v) => $body,
            Values::F64($v) => $body,
            Values::I32($v) => $body,
            Values::I64($v) => $body,
            Values::U32($v) => $body,
            Values::Bool($v) => $body,
        }
    };
}

impl Stack {
    fn new(ty: &Type, length: usize) -> Stack {
        use array::DType;
        let n = ty.len() * length;
        let values = match ty.dtype {
            DType::F32 => Values::F32(scratch(n)),
            DType::F64 => Values::F64(scratch(n)),
            DType::I32 => Values::I32(scratch(n)),
            DType::I64 => Values::I64(scratch(n)),
            DType::U32 => Values::U32(scratch(n)),
            DType::Bool => Values::Bool(scratch(n)),
        };
        Stack { values, ty: ty.clone(), length }
    }

    fn put(&mut self, i: usize, y: Array) {
        fn copy<T: Element>(all: &mut [T], i: usize, y: &Array) {
            let y = y.as_slice::<T>();
            all[i * y.len()..(i + 1) * y.len()].copy_from_slice(y);
        }
        with_values!(&mut self.values, v => copy(v, i, &y));
        recycle(y);
    }

    fn finish(self) -> Array {
        let shape = [&[self.length], &self.ty.shape[..]].concat();
        with_values!(self.values, v => Array::from_vec(v, &shape))
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
    for step in 0..p.length {
        let i = if p.reverse { p.length - 1 - step } else { step };
        let mut inputs = Vec::with_capacity(body.input_types().len());
        inputs.extend(consts.iter().cloned());
        inputs.append(&mut carry);
        inputs.extend(xs.iter().map(|x| slice_of(x, i)));
        let mut outputs = run_with(body, inputs, cancel)?.into_iter();
        carry = outputs.by_ref().take(p.carry).collect();
        for (stack, y) in stacks.iter_mut().zip(outputs) {
            stack.put(i, y);
        }
    }
    xs.into_iter().for_each(recycle);
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
