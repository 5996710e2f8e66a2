//! `call`: a program as one operation, for checkpoints and custom derivatives.

use super::custom_rule::{CustomJvp, CustomVjp, RuleRef};
use super::{BatchAxis, Batched, Example, Jvp, Operand, Primitive, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind};
use crate::program::Program;
use crate::scope::{Scope, ScopeKind};
use crate::transform::{batch, batch_program, rewire, tangent_program, trace, transpose_program};
use array::{Array, Type};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Why a program is called as one operation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// Derivatives compute the inside anew instead of saving it. Common subexpressions are not
    /// looked for across its border.
    Checkpoint,
    /// Forward mode by a user's rule (reverse mode follows by transposing it).
    CustomJvp {
        /// The rule.
        rule: RuleRef<dyn CustomJvp>,
        /// How many operands are the function's arguments; it captured the others.
        arguments: usize,
    },
    /// Reverse mode by a user's rule; there is no forward mode.
    CustomVjp {
        /// The rule.
        rule: RuleRef<dyn CustomVjp>,
        /// How many operands are the function's arguments; it captured the others.
        arguments: usize,
    },
    /// The tangent of a [`CallKind::CustomVjp`]: (residuals, tangents of the float inputs) →
    /// tangents of the float outputs. Nobody knows its value; its transpose is the user's rule.
    CustomTangent {
        /// The rule whose `backward` is the transpose.
        rule: RuleRef<dyn CustomVjp>,
        /// How many of the operands are residuals.
        residuals: usize,
        /// Which inputs of the original call are floats.
        inputs: Vec<bool>,
        /// Which outputs of the original call are floats.
        outputs: Vec<bool>,
    },
}

/// A program called as one operation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Call {
    /// Why.
    pub kind: CallKind,
    /// The program. (For [`CallKind::CustomTangent`] it only says the types.)
    #[serde(skip)]
    pub program: Arc<Program>,
}

fn floats(types: &[Type]) -> Vec<bool> {
    types.iter().map(|t| t.dtype.is_float()).collect()
}

/// A tangent per input: zeros made explicit for floats.
fn explicit(x: &[Expr], dx: &[Tangent]) -> Vec<Tangent> {
    let fill = |(x, dx): (&Expr, &Tangent)| match dx {
        None if x.dtype().is_float() => Some(x.full_like(0.0)),
        dx => dx.clone(),
    };
    x.iter().zip(dx).map(fill).collect()
}

impl Call {
    /// A rule knows nothing of what its function captured, so that must carry no tangent.
    fn captures_are_constant(&self, dx: &[Tangent]) -> RuleResult<()> {
        if dx.iter().all(Option::is_none) {
            return Ok(());
        }
        Err(RuleError::new(
            self.name(),
            "jvp",
            "the function captures something that is being differentiated, which its rule cannot \
             know; pass it as an argument",
        ))
    }
}

impl Primitive for Call {
    fn name(&self) -> &'static str {
        match self.kind {
            CallKind::Checkpoint => "checkpoint",
            CallKind::CustomJvp { .. } => "custom_jvp",
            CallKind::CustomVjp { .. } | CallKind::CustomTangent { .. } => "custom_vjp",
        }
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        self.program.check_inputs(x).map_err(|e| TypeError::new(e.message))?;
        let fits = match &self.kind {
            CallKind::Checkpoint => true,
            CallKind::CustomJvp { arguments: n, .. } | CallKind::CustomVjp { arguments: n, .. } => {
                *n <= x.len()
            }
            CallKind::CustomTangent { residuals, .. } => *residuals <= x.len(),
        };
        ensure(fits, || "has fewer operands than its rule".into())?;
        Ok(self.program.output_types())
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        if let CallKind::CustomTangent { .. } = self.kind {
            return Err(RuleError::new(
                "custom_vjp",
                "jvp",
                "a function with a rule for reverse mode alone has no forward mode; give it a \
                 `custom_jvp` rule instead, from which both modes follow",
            ));
        }
        self.program.eval(&x.iter().map(|&a| a.clone()).collect::<Vec<_>>())
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        match &self.kind {
            CallKind::Checkpoint => {
                let active: Vec<bool> = dx.iter().map(Option::is_some).collect();
                let (program, nonzero) =
                    tangent_program(&self.program, &active, &vec![false; y.len()])?;
                let call = Call { kind: CallKind::Checkpoint, program: Arc::new(program) };
                let operands: Vec<&Expr> = dx.iter().flatten().chain(x).collect();
                let mut dy = bind(call, &operands).into_iter();
                let tangents = nonzero.iter().map(|&nz| if nz { dy.next() } else { None });
                Ok(tangents.collect::<Vec<_>>().into())
            }
            CallKind::CustomJvp { rule, arguments } => {
                self.captures_are_constant(&dx[*arguments..])?;
                let (x, dx) = (&x[..*arguments], &dx[..*arguments]);
                let (y, dy) = rule.rule().jvp(x, &explicit(x, dx))?;
                Ok(Jvp { primals: Some(y), tangents: dy })
            }
            CallKind::CustomVjp { rule, arguments } => {
                self.captures_are_constant(&dx[*arguments..])?;
                let (x, dx) = (&x[..*arguments], &dx[..*arguments]);
                let (y, residuals) = rule.rule().forward(x)?;
                let inputs = floats(&self.program.input_types()[..*arguments]);
                let outputs = floats(&self.program.output_types());
                let dx: Vec<Expr> = explicit(x, dx)
                    .into_iter()
                    .zip(&inputs)
                    .filter_map(|(dx, &float)| dx.filter(|_| float))
                    .collect();
                let operands: Vec<&Expr> = residuals.iter().chain(&dx).collect();
                // Only its types matter: zeros of the tangents' types.
                let types: Vec<Type> = operands.iter().map(|e| e.ty().clone()).collect();
                let tangent_types: Vec<Type> =
                    y.iter().map(|y| y.ty().clone()).filter(|t| t.dtype.is_float()).collect();
                let program = trace("custom_vjp", &types, |_| -> RuleResult<Vec<Expr>> {
                    Ok(tangent_types.iter().map(|t| Expr::full(t, 0.0)).collect())
                })?
                .program;
                let call = Call {
                    kind: CallKind::CustomTangent {
                        rule: rule.clone(),
                        residuals: residuals.len(),
                        inputs,
                        outputs: outputs.clone(),
                    },
                    program: Arc::new(program),
                };
                let mut dy = bind(call, &operands).into_iter();
                let tangents = outputs.iter().map(|&f| if f { dy.next() } else { None }).collect();
                Ok(Jvp { primals: Some(y), tangents })
            }
            CallKind::CustomTangent { residuals, .. } => {
                if dx[..*residuals].iter().any(Option::is_some) {
                    return Err(RuleError::new(
                        "custom_vjp",
                        "jvp",
                        "a function with a rule for reverse mode alone has no forward mode; \
                         give it a `custom_jvp` rule instead",
                    ));
                }
                let operands = [
                    &x[..*residuals],
                    &explicit(x, dx)[*residuals..].iter().flatten().cloned().collect::<Vec<_>>(),
                ]
                .concat();
                let dy = bind(self.clone(), &operands.iter().collect::<Vec<_>>());
                Ok(dy.into_iter().map(Some).collect::<Vec<_>>().into())
            }
        }
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        if let CallKind::CustomTangent { rule, residuals, inputs, outputs } = &self.kind {
            let known: Vec<Expr> =
                x[..*residuals].iter().filter_map(|x| x.known().cloned()).collect();
            if known.len() < *residuals {
                return super::family::not_linear(self);
            }
            let mut given = ct.iter().zip(self.program.output_types());
            let ct: Vec<Tangent> = outputs
                .iter()
                .map(|&float| {
                    if !float {
                        return None;
                    }
                    let (ct, ty) = given.next()?;
                    Some(ct.clone().unwrap_or_else(|| Expr::full(&ty, 0.0)))
                })
                .collect();
            let pulled = rule.rule().backward(&known, &ct)?;
            let to_inputs = pulled.into_iter().zip(inputs).filter(|(_, float)| **float);
            let to_inputs = to_inputs.zip(&x[*residuals..]);
            let to_inputs = to_inputs.map(|((ct, _), x)| ct.filter(|_| x.is_linear()));
            return Ok(vec![None; *residuals].into_iter().chain(to_inputs).collect());
        }
        let linear: Vec<usize> = (0..x.len()).filter(|&i| x[i].is_linear()).collect();
        let known: Vec<usize> = (0..x.len()).filter(|&i| !x[i].is_linear()).collect();
        let used: Vec<usize> = (0..ct.len()).filter(|&o| ct[o].is_some()).collect();
        let program = rewire(&self.program, &[&linear[..], &known].concat(), &used)?;
        let pulled = transpose_program(&program, linear.len())?;
        // A custom call in a linear graph is linear as it stands; only a checkpoint stays one.
        let operands: Vec<Expr> = ct
            .iter()
            .flatten()
            .cloned()
            .chain(known.iter().filter_map(|&i| x[i].known().cloned()))
            .collect();
        let out = match self.kind {
            CallKind::Checkpoint => {
                let call = Call { kind: CallKind::Checkpoint, program: Arc::new(pulled) };
                bind(call, &operands.iter().collect::<Vec<_>>())
            }
            CallKind::CustomJvp { .. }
            | CallKind::CustomVjp { .. }
            | CallKind::CustomTangent { .. } => pulled.inline(&operands)?,
        };
        let mut result: Vec<Tangent> = vec![None; x.len()];
        for (&i, ct) in linear.iter().zip(out) {
            result[i] = Some(ct);
        }
        Ok(result)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let all = vec![true; self.program.outputs().len()];
        let (program, _) = batch_program(&self.program, batched, &all, axis)?;
        let over = |n: usize| Over { inputs: batched[..n].to_vec(), axis: axis.clone() };
        let kind = match &self.kind {
            CallKind::Checkpoint => CallKind::Checkpoint,
            CallKind::CustomJvp { rule, arguments } => {
                let rule = BatchedJvp { rule: rule.clone(), over: over(*arguments) };
                CallKind::CustomJvp {
                    rule: RuleRef::<dyn CustomJvp>::new(Arc::new(rule)),
                    arguments: *arguments,
                }
            }
            CallKind::CustomVjp { rule, arguments } => {
                let rule = BatchedVjp { rule: rule.clone(), over: over(*arguments) };
                CallKind::CustomVjp {
                    rule: RuleRef::<dyn CustomVjp>::new(Arc::new(rule)),
                    arguments: *arguments,
                }
            }
            CallKind::CustomTangent { .. } => {
                return Err(RuleError::new(
                    "custom_vjp",
                    "batch",
                    "the tangent of a function with a rule for reverse mode alone",
                ));
            }
        };
        let call = Call { kind, program: Arc::new(program) };
        let y = bind(call, &x.iter().collect::<Vec<_>>());
        Ok(y.into_iter().map(|y| (y, true)).collect())
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        self.program.flops()
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        vec![&self.program]
    }
    fn programs_mut(&mut self) -> Vec<&mut Arc<Program>> {
        vec![&mut self.program]
    }
    fn examples() -> Vec<Example> {
        let v = Type::new(array::DType::F64, [3]);
        let program = trace("checkpoint", &[v.clone(), v], |x| -> RuleResult<Vec<Expr>> {
            Ok(vec![&(&x[0] * &x[1]).sin() * &x[0].exp()])
        });
        let program = Arc::new(program.expect("invariant: the example is well typed").program);
        vec![Example::new(Call { kind: CallKind::Checkpoint, program }, &[&[3], &[3]])]
    }
}

/// A rule for one example, used on a batch.
struct Over {
    inputs: Vec<bool>,
    axis: BatchAxis,
}

impl Over {
    /// Runs `f` on one example's placeholders, which stand for `x` (batched as `marks` says), and
    /// gives its results batched.
    fn examples(
        &self,
        x: &[Expr],
        marks: &[bool],
        f: impl FnOnce(&[Expr]) -> RuleResult<Vec<Expr>>,
    ) -> RuleResult<Vec<Expr>> {
        let kind = ScopeKind::Batch { name: self.axis.name.clone(), size: self.axis.size };
        let guard = Scope::enter(kind);
        let one = |(x, &b): (&Expr, &bool)| {
            let ty = if b { x.ty().with_shape(&x.shape()[1..]) } else { x.ty().clone() };
            Expr::placeholder(ty, guard.scope(), None)
        };
        let params: Vec<Expr> = x.iter().zip(marks).map(one).collect();
        let y = f(&params)?;
        let values: Vec<Batched> = x.iter().cloned().zip(marks.iter().copied()).collect();
        let y = batch(guard.scope(), &y, &params, &values, &self.axis)?;
        Ok(y.into_iter().map(|(y, b)| super::in_front(&y, b, &self.axis)).collect())
    }
}

/// Puts `None` back between the values that are present.
fn spread(mut values: impl Iterator<Item = Expr>, present: &[bool]) -> Vec<Tangent> {
    present.iter().map(|&p| if p { values.next() } else { None }).collect()
}

struct BatchedJvp {
    rule: RuleRef<dyn CustomJvp>,
    over: Over,
}

impl CustomJvp for BatchedJvp {
    fn jvp(&self, x: &[Expr], dx: &[Tangent]) -> RuleResult<(Vec<Expr>, Vec<Tangent>)> {
        let present: Vec<bool> = dx.iter().map(Option::is_some).collect();
        let tangents: Vec<Expr> = dx.iter().flatten().cloned().collect();
        let marks = &self.over.inputs;
        let tangent_marks = marks.iter().zip(&present).filter(|(_, p)| **p).map(|(m, _)| *m);
        let all_marks: Vec<bool> = marks.iter().copied().chain(tangent_marks).collect();
        let mut shape = (0, vec![]);
        let out = self.over.examples(&[x, &tangents].concat(), &all_marks, |v| {
            let (x, dx) = v.split_at(x.len());
            let (y, dy) = self.rule.rule().jvp(x, &spread(dx.iter().cloned(), &present))?;
            shape = (y.len(), dy.iter().map(Option::is_some).collect());
            Ok(y.into_iter().chain(dy.into_iter().flatten()).collect())
        })?;
        let (y, dy) = out.split_at(shape.0);
        Ok((y.to_vec(), spread(dy.iter().cloned(), &shape.1)))
    }
}

struct BatchedVjp {
    rule: RuleRef<dyn CustomVjp>,
    over: Over,
}

impl CustomVjp for BatchedVjp {
    fn forward(&self, x: &[Expr]) -> RuleResult<(Vec<Expr>, Vec<Expr>)> {
        let mut outputs = 0;
        let out = self.over.examples(x, &self.over.inputs, |x| {
            let (y, residuals) = self.rule.rule().forward(x)?;
            outputs = y.len();
            Ok([y, residuals].concat())
        })?;
        let (y, residuals) = out.split_at(outputs);
        Ok((y.to_vec(), residuals.to_vec()))
    }
    fn backward(&self, residuals: &[Expr], ct: &[Tangent]) -> RuleResult<Vec<Tangent>> {
        let present: Vec<bool> = ct.iter().map(Option::is_some).collect();
        let given: Vec<Expr> = ct.iter().flatten().cloned().collect();
        let marks = vec![true; residuals.len() + given.len()];
        let mut some = vec![];
        let out = self.over.examples(&[residuals, &given].concat(), &marks, |v| {
            let (residuals, ct) = v.split_at(residuals.len());
            let pulled =
                self.rule.rule().backward(residuals, &spread(ct.iter().cloned(), &present))?;
            some = pulled.iter().map(Option::is_some).collect();
            Ok(pulled.into_iter().flatten().collect())
        })?;
        // An input that all examples share gets the sum over them.
        let pulled = spread(out.into_iter(), &some);
        let sum = |(ct, &batched): (Tangent, &bool)| {
            ct.map(|ct| if batched { ct } else { ct.reduce_sum(&[0]) })
        };
        Ok(pulled.into_iter().zip(&self.over.inputs).map(sum).collect())
    }
}
