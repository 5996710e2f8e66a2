//! `while`: a loop of unknown length; forward mode only.

use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, ReduceOp, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind};
use crate::program::Program;
use crate::transform::{batch_program, tangent_program, trace};
use array::{Array, DType, Type};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `(condition consts…, body consts…, carry…) → carry…`: while `condition(consts, carry)` holds,
/// `carry = body(consts, carry)`.
///
/// Reverse mode would have to store a number of steps that is not known; use `scan`, or wrap the
/// loop in a `custom_vjp`. Forward mode carries the tangents along (the loop runs once for the
/// values and once for values and tangents). Batched, the loop runs until no example's condition
/// holds, and finished examples keep their state.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct While {
    /// How many operands only the condition reads.
    pub condition_consts: usize,
    /// How many operands only the body reads.
    pub body_consts: usize,
    /// (condition consts, carry) → bool.
    #[serde(skip)]
    pub condition: Arc<Program>,
    /// (body consts, carry) → carry.
    #[serde(skip)]
    pub body: Arc<Program>,
}

impl While {
    fn parts<'a, T>(&self, all: &'a [T]) -> (&'a [T], &'a [T], &'a [T]) {
        let (c, rest) = all.split_at(self.condition_consts);
        let (b, carry) = rest.split_at(self.body_consts);
        (c, b, carry)
    }

    /// What the condition reads.
    fn condition_inputs<T: Clone>(&self, all: &[T]) -> Vec<T> {
        let (c, _, carry) = self.parts(all);
        [c, carry].concat()
    }
}

impl Primitive for While {
    fn name(&self) -> &'static str {
        "while"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        let consts = self.condition_consts.saturating_add(self.body_consts);
        ensure(x.len() >= consts, || "too few operands".into())?;
        let named = |what: &str, e: TypeError| TypeError::new(format!("{what}: {}", e.message));
        let condition = self.condition.check_inputs(&self.condition_inputs(x));
        condition.map_err(|e| named("condition", e))?;
        self.body.check_inputs(&x[self.condition_consts..]).map_err(|e| named("body", e))?;
        ensure(self.condition.output_types() == [Type::new(DType::Bool, [])], || {
            "the condition must return one bool[]".into()
        })?;
        let (_, _, carry) = self.parts(x);
        let out = self.body.output_types();
        ensure(carry.iter().copied().eq(&out), || {
            format!("the carry must keep its types: in {carry:?}, out {out:?}")
        })?;
        Ok(out)
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let owned: Vec<Array> = x.iter().map(|&a| a.clone()).collect();
        let (c, b, init) = self.parts(&owned);
        let mut carry = init.to_vec();
        while self.condition.eval(&[c, &carry[..]].concat())?[0].as_slice::<bool>()[0] {
            carry = self.body.eval(&[b, &carry[..]].concat())?;
        }
        Ok(carry)
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let (_, b, carry) = self.parts(x);
        let (_, db, dcarry) = self.parts(dx);
        let mut active: Vec<bool> = db.iter().chain(dcarry).map(Option::is_some).collect();
        let tangents = loop {
            let carried = active[b.len()..].to_vec();
            let (program, nonzero) = tangent_program(&self.body, &active, &carried)?;
            if nonzero == carried {
                break program;
            }
            active[b.len()..].copy_from_slice(&nonzero);
        };
        // The joint loop carries (values, tangents); its condition reads the values alone.
        let moving: Vec<usize> = (0..carry.len()).filter(|&i| active[b.len() + i]).collect();
        let type_of = |e: &Expr| e.ty().clone();
        let carry_types: Vec<Type> = carry.iter().map(type_of).collect();
        let moving_types: Vec<Type> = moving.iter().map(|&i| carry_types[i].clone()).collect();
        let joint_types = [&carry_types[..], &moving_types].concat();
        let condition_types =
            [&self.condition.input_types()[..self.condition_consts], &joint_types].concat();
        let condition = trace("while", &condition_types, |v| -> RuleResult<Vec<Expr>> {
            Ok(self.condition.inline(&v[..self.condition_consts + carry.len()])?)
        })?
        .program;
        let const_tangents: Vec<Expr> = db.iter().flatten().cloned().collect();
        let const_types: Vec<Type> = b.iter().chain(&const_tangents).map(type_of).collect();
        let body = trace(
            "while",
            &[&const_types[..], &joint_types].concat(),
            |v| -> RuleResult<Vec<Expr>> {
                let (consts, v) = v.split_at(b.len());
                let (dconsts, v) = v.split_at(const_tangents.len());
                let (values, dvalues) = v.split_at(carry.len());
                let mut next = self.body.inline(&[consts, values].concat())?;
                next.extend(tangents.inline(&[dconsts, dvalues, consts, values].concat())?);
                Ok(next)
            },
        )?
        .program;
        let joint = While {
            condition_consts: self.condition_consts,
            body_consts: const_types.len(),
            condition: Arc::new(condition),
            body: Arc::new(body),
        };
        let start =
            moving.iter().map(|&i| dcarry[i].clone().unwrap_or_else(|| carry[i].full_like(0.0)));
        let operands: Vec<Expr> = x[..self.condition_consts]
            .iter()
            .chain(b)
            .chain(&const_tangents)
            .chain(carry)
            .cloned()
            .chain(start)
            .collect();
        let out = bind(joint, &operands.iter().collect::<Vec<_>>());
        let mut dy = out[carry.len()..].iter().cloned();
        let tangents = (0..carry.len()).map(|i| if moving.contains(&i) { dy.next() } else { None });
        Ok(tangents.collect::<Vec<_>>().into())
    }
    fn transpose(&self, _: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Err(RuleError::new(
            "while",
            "transpose",
            "reverse mode through a loop of unknown length: use `scan` with a fixed number of \
             steps, or give the loop a rule of its own with `custom_vjp`",
        ))
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let first = self.condition_consts + self.body_consts;
        let mut mask = batched.to_vec();
        // Every carry that is batched once stays so; a batched condition makes all of them batched.
        let per_example = loop {
            let (_, condition) =
                batch_program(&self.condition, &self.condition_inputs(&mask), &[false], axis)?;
            let before = mask[first..].to_vec();
            if condition[0] {
                mask[first..].fill(true);
            }
            let force = mask[first..].to_vec();
            let (_, marks) =
                batch_program(&self.body, &mask[self.condition_consts..], &force, axis)?;
            mask[first..].copy_from_slice(&marks);
            if before == marks {
                break condition[0];
            }
        };
        let force = mask[first..].to_vec();
        let condition_mask = self.condition_inputs(&mask);
        let (condition, _) = batch_program(&self.condition, &condition_mask, &[per_example], axis)?;
        let (body, _) = batch_program(&self.body, &mask[self.condition_consts..], &force, axis)?;
        let operands: Vec<Expr> =
            (0..x.len()).map(|i| super::in_front(&x[i], batched[i] || !mask[i], axis)).collect();
        let carry_marks = mask[first..].to_vec();
        let batched_while = if per_example {
            let consts = self.condition_consts;
            let any = trace("while", condition.input_types(), |v| -> RuleResult<Vec<Expr>> {
                Ok(vec![condition.inline(v)?[0].reduce(ReduceOp::Any, &[0])])
            })?
            .program;
            // The body asks the condition too, so it reads the condition's constants as well.
            let types = [&condition.input_types()[..consts], body.input_types()].concat();
            let keep = trace("while", &types, |v| -> RuleResult<Vec<Expr>> {
                let (c, v) = v.split_at(consts);
                let before = &v[self.body_consts..];
                let running = condition.inline(&[c, before].concat())?;
                let after = body.inline(v)?;
                let pick = |(a, b): (&Expr, &Expr)| {
                    running[0].broadcast_in_dim(a.shape(), &[0]).select(a, b)
                };
                Ok(after.iter().zip(before).map(pick).collect())
            })?
            .program;
            let operands = [&operands[..consts], &operands].concat();
            let joint = While {
                condition_consts: consts,
                body_consts: consts + self.body_consts,
                condition: Arc::new(any),
                body: Arc::new(keep),
            };
            bind(joint, &operands.iter().collect::<Vec<_>>())
        } else {
            let same =
                While { condition: Arc::new(condition), body: Arc::new(body), ..self.clone() };
            bind(same, &operands.iter().collect::<Vec<_>>())
        };
        Ok(batched_while.into_iter().zip(carry_marks).collect())
    }
    /// One iteration: the number of them is not known.
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        self.condition.flops().saturating_add(self.body.flops())
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        vec![&self.condition, &self.body]
    }
    fn programs_mut(&mut self) -> Vec<&mut Arc<Program>> {
        vec![&mut self.condition, &mut self.body]
    }
    fn examples() -> Vec<Example> {
        let scalar = Type::new(DType::F64, []);
        let types = [scalar.clone(), scalar];
        let condition =
            trace("while", &types, |v| -> RuleResult<Vec<Expr>> { Ok(vec![v[1].lt(&v[0])]) });
        let body = trace("while", &types, |v| -> RuleResult<Vec<Expr>> {
            Ok(vec![&v[1].times(1.5) + &v[0].sin()])
        });
        let closed = "invariant: the example is well typed";
        let program = While {
            condition_consts: 1,
            body_consts: 1,
            condition: Arc::new(condition.expect(closed).program),
            body: Arc::new(body.expect(closed).program),
        };
        vec![
            Example::new(program, &[&[], &[], &[]])
                .fill(0, Fill::Values(vec![4.0]))
                .forward_only("reverse mode through a loop of unknown length"),
        ]
    }
}
