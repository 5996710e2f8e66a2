//! Control flow: the compiled bodies, run directly.

use crate::executable::{Destination, Executable};
use crate::execute::{Operands, Outputs};
use crate::run::Cancel;
use array::{Array, Type, with_elements};
use ir::RuleResult;
use ir::prim::{Cond, Scan, While};
use smallvec::SmallVec;

/// Results of iterations one after the other along a new first axis. Each is written once, and may
/// be read from then on, while others are still to be written.
struct Stack {
    whole: Array,
    /// Its first element.
    start: *mut u8,
    /// Bytes of a result.
    each: usize,
}

impl Stack {
    fn new(ty: &Type, length: usize) -> Stack {
        let mut whole = Array::fresh(&ty.with_shape([&[length], &ty.shape[..]].concat()));
        let start = whole.unique_ptr().expect("invariant: nobody else holds a new array");
        Stack { whole, start, each: ty.bytes() }
    }

    /// Where the result of iteration `i` is to be written by result `result` of step `step`.
    fn place(&self, i: usize, (step, result): (usize, usize)) -> Destination {
        let start = self.start.wrapping_add(i * self.each);
        Destination { step, result, array: self.whole.index_first(i), start }
    }

    /// Copies the result of iteration `i` to its place.
    fn put(&mut self, i: usize, y: &Array) {
        let bytes = with_elements!(y, v => size_of_val(v));
        assert_eq!(bytes, self.each, "invariant: results of all iterations have one type");
        assert!(i < self.whole.shape()[0], "invariant: there is a place for each iteration");
        // SAFETY: place `i` lies inside the stack, has the size of `y`, and is read by nobody yet.
        unsafe {
            let to = self.start.add(i * self.each);
            std::ptr::copy_nonoverlapping(y.as_ptr(), to, bytes);
        }
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
    let types = &body.plan().output_types()[p.carry..];
    let mut stacks: Vec<Stack> = types.iter().map(|ty| Stack::new(ty, p.length)).collect();
    // Results that can be written where they are stacked, each once.
    let mut makers = body.makers()[p.carry..].to_vec();
    for k in 0..makers.len() {
        if makers[..k].contains(&makers[k]) {
            makers[k] = None;
        }
    }
    // In the order of their steps.
    let mut direct: Vec<(usize, (usize, usize))> =
        makers.iter().enumerate().filter_map(|(k, made)| Some((k, (*made)?))).collect();
    direct.sort_by_key(|&(_, (step, _))| step);
    // One frame for all iterations. The types fit, because they did when the loop was made.
    let mut frame = body.frame();
    let mut places: Vec<Destination> = Vec::with_capacity(direct.len());
    for step in 0..p.length {
        let i = if p.reverse { p.length - 1 - step } else { step };
        frame.clear();
        frame.extend(consts.iter().cloned().map(Some));
        frame.extend(carry.drain(..).map(Some));
        frame.extend(xs.iter().map(|x| Some(x.index_first(i))));
        places.clear();
        places.extend(direct.iter().map(|&(k, made)| stacks[k].place(i, made)));
        body.run_steps(&mut frame, &places, cancel, |_| ())?;
        let mut outputs = body.results(&mut frame);
        carry.extend(outputs.by_ref().take(p.carry));
        for ((stack, y), made) in stacks.iter_mut().zip(outputs).zip(&makers) {
            if made.is_none() {
                stack.put(i, &y);
            }
        }
    }
    places.clear();
    body.give_back(frame);
    // What is a slice of a stack must not keep all of it.
    let carry = carry.into_iter().map(Array::compact);
    Ok(carry.chain(stacks.into_iter().map(|s| s.whole)).collect())
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
