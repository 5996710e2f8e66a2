//! `scan`: a loop with carried state.

use super::{BatchAxis, Batched, Example, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind};
use crate::program::Program;
use crate::transform::{Split, batch_program, rewire, split_jvp, trace, transpose_program};
use array::{Array, Type};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `(consts…, carry…, xs…) → (carry…, ys…)`: for each index `i` of the leading axis of the `xs`,
/// `(carry, yᵢ) = body(consts, carry, xᵢ)`; the `yᵢ` are stacked along a new leading axis.
///
/// Derivatives run the body once forward and once in reverse: forward mode splits the body's
/// derivative into what is known without the tangents and what is linear in them, and makes two
/// loops of that. The first saves, stacked, what the second needs. Transposing the second gives
/// the reverse loop.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Scan {
    /// Number of iterations.
    pub length: usize,
    /// From the last index to the first.
    pub reverse: bool,
    /// How many of the operands are the same in every iteration.
    pub consts: usize,
    /// How many are carried.
    pub carry: usize,
    /// The body: (consts, carry, slices of xs) → (carry, slices of ys).
    #[serde(skip)]
    pub body: Arc<Program>,
}

/// Splits operands or marks into consts, carry and xs.
fn parts<T>(all: &[T], consts: usize, carry: usize) -> (&[T], &[T], &[T]) {
    let (c, rest) = all.split_at(consts);
    let (s, xs) = rest.split_at(carry);
    (c, s, xs)
}

fn marked<T: Clone>(all: &[T], mask: &[bool], wanted: bool) -> Vec<T> {
    all.iter().zip(mask).filter(|(_, m)| **m == wanted).map(|(t, _)| t.clone()).collect()
}

impl Scan {
    fn slice_type(ty: &Type) -> Type {
        ty.with_shape(&ty.shape[1..])
    }

    /// Number of stacked outputs.
    fn ys(&self) -> usize {
        self.body.outputs().len() - self.carry
    }
}

impl Primitive for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        ensure(x.len() >= self.consts.saturating_add(self.carry), || {
            "fewer operands than constants and carries".into()
        })?;
        let (_, carry, xs) = parts(x, self.consts, self.carry);
        for x in xs {
            ensure(x.shape.first() == Some(&self.length), || {
                format!("a scanned operand must have leading size {}, got {x}", self.length)
            })?;
        }
        let slices: Vec<Type> = xs.iter().map(|x| Scan::slice_type(x)).collect();
        let inputs: Vec<&Type> =
            x[..self.consts + self.carry].iter().copied().chain(&slices).collect();
        self.body
            .check_inputs(&inputs)
            .map_err(|e| TypeError::new(format!("body: {}", e.message)))?;
        let out = self.body.output_types();
        ensure(out.len() >= self.carry, || {
            "the body returns fewer values than are carried".into()
        })?;
        for (i, (before, after)) in carry.iter().zip(&out).enumerate() {
            ensure(*before == after, || {
                format!(
                    "carry {i} must keep its type: it goes in as {before} and comes out as {after}"
                )
            })?;
        }
        let stacked = |t: &Type| t.with_shape([&[self.length], &t.shape[..]].concat());
        Ok(out[..self.carry].iter().cloned().chain(out[self.carry..].iter().map(stacked)).collect())
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let (consts, init, xs) = parts(x, self.consts, self.carry);
        let mut carry: Vec<Array> = init.iter().map(|&a| a.clone()).collect();
        let mut stacks: Vec<Vec<Option<Array>>> = vec![vec![None; self.length]; self.ys()];
        for step in 0..self.length {
            let i = if self.reverse { self.length - 1 - step } else { step };
            let mut inputs: Vec<Array> = consts.iter().map(|&a| a.clone()).collect();
            inputs.append(&mut carry);
            inputs.extend(xs.iter().map(|x| x.index_first(i)));
            carry = self.body.eval(&inputs)?;
            for (stack, y) in stacks.iter_mut().zip(carry.split_off(self.carry)) {
                stack[i] = Some(y);
            }
        }
        let types = &self.body.output_types()[self.carry..];
        let stacked = stacks.into_iter().zip(types).map(|(stack, ty)| {
            let parts: Vec<Array> = stack.into_iter().flatten().collect();
            Array::stack(&parts, ty)
        });
        Ok(carry.into_iter().chain(stacked).collect())
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let n = self.consts + self.carry;
        let mut active: Vec<bool> = dx.iter().map(Option::is_some).collect();
        // Which carries have a tangent: those that start with one, and those that the body gives
        // one, until nothing changes.
        let split: Split = loop {
            let carried = &active[self.consts..n];
            let force: Vec<bool> =
                (0..self.body.outputs().len()).map(|o| o < self.carry && carried[o]).collect();
            let split = split_jvp(&self.body, &active, &force)?;
            if split.nonzero[..self.carry] == *carried {
                break split;
            }
            active[self.consts..n].copy_from_slice(&split.nonzero[..self.carry]);
        };
        // A residual that is one of the constants or slices is passed on, not stacked again.
        let stack: Vec<bool> = split
            .residual_inputs
            .iter()
            .map(|r| r.is_none_or(|i| (self.consts..n).contains(&i)))
            .collect();
        let outs = self.body.outputs().len();
        let keep: Vec<usize> =
            (0..outs).chain((0..stack.len()).filter(|&r| stack[r]).map(|r| outs + r)).collect();
        let identity: Vec<usize> = (0..x.len()).collect();
        let known =
            Scan { body: Arc::new(rewire(&split.known, &identity, &keep)?), ..self.clone() };
        let all = bind(known, &x.iter().collect::<Vec<_>>());
        let mut saved = all[outs..].iter();

        // The linear loop's operands: constants, carries and slices, each first the tangents and
        // then the residuals. `order` says which input of the linear body each one is.
        let tangent = |i: usize| dx[i].clone().unwrap_or_else(|| x[i].full_like(0.0));
        let tangents: Vec<usize> = (0..x.len()).filter(|&i| active[i]).collect();
        let (mut consts, mut carry, mut xs) = (vec![], vec![], vec![]);
        for (slot, &i) in tangents.iter().enumerate() {
            let group = if i < self.consts {
                &mut consts
            } else if i < n {
                &mut carry
            } else {
                &mut xs
            };
            group.push((slot, tangent(i)));
        }
        for (r, source) in split.residual_inputs.iter().enumerate() {
            let slot = tangents.len() + r;
            match source {
                Some(i) if *i < self.consts => consts.push((slot, x[*i].clone())),
                Some(i) if *i >= n => xs.push((slot, x[*i].clone())),
                Some(_) | None => {
                    let stacked = saved.next().expect("invariant: one stack per saved residual");
                    xs.push((slot, stacked.clone()));
                }
            }
        }
        let operands = [&consts[..], &carry, &xs].concat();
        let order: Vec<usize> = operands.iter().map(|o| o.0).collect();
        let results: Vec<usize> = (0..split.linear.outputs().len()).collect();
        let linear = Scan {
            length: self.length,
            reverse: self.reverse,
            consts: consts.len(),
            carry: carry.len(),
            body: Arc::new(rewire(&split.linear, &order, &results)?),
        };
        let dy = bind(linear, &operands.iter().map(|o| &o.1).collect::<Vec<_>>());
        let mut dy = dy.into_iter();
        let tangents = split.nonzero.iter().map(|&nz| if nz { dy.next() } else { None }).collect();
        Ok(Jvp { primals: Some(all[..y.len()].to_vec()), tangents })
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        // The loops that are transposed come from `jvp`: every carry is a tangent, even where its
        // initial value is a known zero.
        let n = self.consts + self.carry;
        let linear: Vec<bool> =
            (0..x.len()).map(|i| (self.consts..n).contains(&i) || x[i].is_linear()).collect();
        let indices: Vec<usize> = (0..x.len()).collect();
        let (linear_inputs, known_inputs) =
            (marked(&indices, &linear, true), marked(&indices, &linear, false));
        let used: Vec<usize> = (0..self.ys()).filter(|&k| ct[self.carry + k].is_some()).collect();
        let outputs: Vec<usize> =
            (0..self.carry).chain(used.iter().map(|k| self.carry + k)).collect();
        let order = [&linear_inputs[..], &known_inputs].concat();
        let body = rewire(&self.body, &order, &outputs)?;
        let pulled = transpose_program(&body, linear_inputs.len())?;

        // pulled: (ct carry, ct ys, known consts, known xs) → (ct consts, ct carry, ct xs).
        let known = |i: &usize| x[*i].known().cloned();
        let known_consts: Vec<usize> =
            known_inputs.iter().copied().filter(|&i| i < self.consts).collect();
        let known_xs: Vec<usize> = known_inputs.iter().copied().filter(|&i| i >= n).collect();
        let sums: Vec<usize> = linear_inputs.iter().copied().filter(|&i| i < self.consts).collect();
        let linear_xs: Vec<usize> = linear_inputs.iter().copied().filter(|&i| i >= n).collect();
        let sum_types: Vec<Type> = sums.iter().map(|&i| x[i].ty().clone()).collect();
        let pulled_types = pulled.input_types();
        let (ct_carry_types, rest) = pulled_types.split_at(self.carry);
        let (ct_y_types, rest) = rest.split_at(used.len());
        let (const_types, x_types) = rest.split_at(known_consts.len());
        // The reverse body: consts | ct carry, sums | ct ys, known xs → ct carry, sums | ct xs.
        let types = [const_types, ct_carry_types, &sum_types, ct_y_types, x_types].concat();
        let body = trace("scan", &types, |v| -> RuleResult<Vec<Expr>> {
            let (consts, v) = v.split_at(const_types.len());
            let (ct_carry, v) = v.split_at(self.carry);
            let (sum, v) = v.split_at(sums.len());
            let (ct_y, xs) = v.split_at(used.len());
            let out = pulled.inline(&[ct_carry, ct_y, consts, xs].concat())?;
            let (to_consts, out) = out.split_at(sums.len());
            let (to_carry, to_xs) = out.split_at(self.carry);
            let summed: Vec<Expr> = sum.iter().zip(to_consts).map(|(s, c)| s + c).collect();
            Ok([to_carry, &summed, to_xs].concat())
        })?
        .program;
        let scan = Scan {
            length: self.length,
            reverse: !self.reverse,
            consts: known_consts.len(),
            carry: self.carry + sums.len(),
            body: Arc::new(body),
        };
        let zeros = |t: &Type| Expr::full(t, 0.0);
        let ct_carry = ct[..self.carry]
            .iter()
            .zip(ct_carry_types)
            .map(|(c, t)| c.clone().unwrap_or_else(|| zeros(t)));
        let operands: Vec<Expr> = known_consts
            .iter()
            .filter_map(known)
            .chain(ct_carry)
            .chain(sum_types.iter().map(zeros))
            .chain(used.iter().filter_map(|k| ct[self.carry + k].clone()))
            .chain(known_xs.iter().filter_map(known))
            .collect();
        let out = bind(scan, &operands.iter().collect::<Vec<_>>());
        let (to_carry, out) = out.split_at(self.carry);
        let (to_consts, to_xs) = out.split_at(sums.len());
        let mut result: Vec<Tangent> = vec![None; x.len()];
        for (i, c) in (self.consts..n).zip(to_carry) {
            result[i] = x[i].is_linear().then(|| c.clone());
        }
        for (&i, c) in sums.iter().zip(to_consts).chain(linear_xs.iter().zip(to_xs)) {
            result[i] = Some(c.clone());
        }
        Ok(result)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let n = self.consts + self.carry;
        let mut mask = batched.to_vec();
        let (body, marks) = loop {
            let force: Vec<bool> = (0..self.body.outputs().len())
                .map(|o| o < self.carry && mask[self.consts + o])
                .collect();
            let (body, marks) = batch_program(&self.body, &mask, &force, axis)?;
            if marks[..self.carry] == mask[self.consts..n] {
                break (body, marks);
            }
            mask[self.consts..n].copy_from_slice(&marks[..self.carry]);
        };
        let operands: Vec<Expr> = (0..x.len())
            .map(|i| match (mask[i], batched[i]) {
                (true, false) => super::in_front(&x[i], false, axis),
                (true, true) if i >= n => x[i].move_axis(1, 0),
                _ => x[i].clone(),
            })
            .collect();
        let scan = Scan { body: Arc::new(body), ..self.clone() };
        let y = bind(scan, &operands.iter().collect::<Vec<_>>());
        Ok(y.into_iter()
            .zip(marks)
            .enumerate()
            .map(|(o, (y, b))| if b && o >= self.carry { (y.move_axis(1, 0), b) } else { (y, b) })
            .collect())
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        (self.length as u64).saturating_mul(self.body.flops())
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        vec![&self.body]
    }
    fn programs_mut(&mut self) -> Vec<&mut Arc<Program>> {
        vec![&mut self.body]
    }
    fn examples() -> Vec<Example> {
        let f64s = |shape: &[usize]| Type::new(array::DType::F64, shape);
        // c' = tanh(w·c + x), y = c'·w
        let body =
            trace("scan", &[f64s(&[2]), f64s(&[2]), f64s(&[2])], |v| -> RuleResult<Vec<Expr>> {
                let next = (&(&v[0] * &v[1]) + &v[2]).tanh();
                Ok(vec![next.clone(), &next * &v[0]])
            });
        let body = Arc::new(body.expect("invariant: the example's body is well typed").program);
        [false, true]
            .map(|reverse| {
                let scan = Scan { length: 3, reverse, consts: 1, carry: 1, body: body.clone() };
                Example::new(scan, &[&[2], &[2], &[3, 2]])
            })
            .into()
    }
}
