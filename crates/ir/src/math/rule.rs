//! The derivative rules at work: on one operation for a step, on a program for a result.

use crate::error::RuleError;
use crate::expr::{Expr, RuleResult, try_bind};
use crate::prim::{Prim, Tangent};
use crate::program::Program;
use crate::scope::{Scope, ScopeKind};
use crate::transform::{jvp, substitute, trace};
use array::Type;

/// An operand of an operation whose rule is asked for.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// A repeated number.
    Number(f64, Type),
    /// One of the variables.
    Variable(usize),
}

/// What the rule is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// ∂y/∂x for each active variable x: the tangent of y where that of x is 1 and the others are
    /// 0. For operations element by element.
    Partials,
    /// dy from the dx of all active variables, which are further inputs.
    Differential,
}

/// Whether the operation works element by element, so that its derivative is a factor for each
/// operand.
pub(super) fn is_elementwise(prim: &Prim) -> bool {
    matches!(
        prim,
        Prim::Unary(_)
            | Prim::Binary(_)
            | Prim::IntegerPow(_)
            | Prim::Polygamma(_)
            | Prim::IsFinite(_)
            | Prim::Compare(_)
            | Prim::Select(_)
            | Prim::Clamp(_)
            | Prim::Convert(_)
    )
}

/// The rule of one operation as a program: variables (and their tangents) → the results, then what
/// is asked for of the result `output`.
///
/// # Errors
/// When the operation has no rule for the active operands.
pub(super) fn of_operation(
    prim: &Prim,
    operands: &[Operand],
    variables: &[Type],
    active: &[bool],
    output: usize,
    asked: Asked,
) -> RuleResult<Program> {
    let tangent_types = variables.iter().zip(active).filter(|(_, a)| **a).map(|(t, _)| t.clone());
    let inputs: Vec<Type> = match asked {
        Asked::Partials => variables.to_vec(),
        Asked::Differential => variables.iter().cloned().chain(tangent_types).collect(),
    };
    let closed = trace("rule", &inputs, |inputs| -> RuleResult<Vec<Expr>> {
        let (x, dx) = inputs.split_at(variables.len());
        let values: Vec<Expr> = operands
            .iter()
            .map(|operand| match operand {
                Operand::Number(value, ty) => Expr::full(ty, *value),
                Operand::Variable(i) => x[*i].clone(),
            })
            .collect();
        let y = try_bind(prim.clone(), &values.iter().collect::<Vec<_>>())?;
        let rule = |tangent: &dyn Fn(usize) -> Tangent| -> RuleResult<Expr> {
            let tangents: Vec<Tangent> = operands
                .iter()
                .map(|operand| match operand {
                    Operand::Number(..) => None,
                    Operand::Variable(i) => tangent(*i),
                })
                .collect();
            let dy = prim.rules().jvp(&values, &y, &tangents)?.tangents;
            let dy = dy.into_iter().nth(output).flatten();
            Ok(dy.unwrap_or_else(|| y[output].full_like(0.0)))
        };
        let derivatives: RuleResult<Vec<Expr>> = match asked {
            Asked::Partials => (0..variables.len())
                .filter(|&j| active[j])
                .map(|j| rule(&|i| (i == j).then(|| x[i].full_like(1.0))))
                .collect(),
            Asked::Differential => {
                let place = |i: usize| active[..i].iter().filter(|a| **a).count();
                let dy = rule(&|i| active[i].then(|| dx[place(i)].clone()))?;
                Ok(vec![dy])
            }
        };
        Ok([y, derivatives?].concat())
    })?;
    Ok(closed.program)
}

/// The derivative of all outputs with respect to input `wrt`: along input `direction` where that is
/// given, else along 1. The inputs stay the same.
///
/// # Errors
/// When an operation has no derivative rule.
pub(super) fn of_program(
    program: &Program,
    wrt: usize,
    direction: Option<usize>,
) -> RuleResult<Program> {
    let closed = trace("derivative", program.input_types(), |x| -> RuleResult<Vec<Expr>> {
        let guard = Scope::enter(ScopeKind::Derivative("derivative"));
        let params: Vec<Expr> =
            x.iter().map(|x| Expr::placeholder(x.ty().clone(), guard.scope(), None)).collect();
        let y = program.inline(&params)?;
        let tangent = match direction {
            Some(d) => x[d].clone(),
            None => params[wrt].full_like(1.0),
        };
        let tangents: Vec<Tangent> =
            (0..params.len()).map(|i| (i == wrt).then(|| tangent.clone())).collect();
        let (y, dy) = jvp(guard.scope(), &y, &params, &tangents)?;
        let dy: Vec<Expr> =
            y.iter().zip(dy).map(|(y, dy)| dy.unwrap_or_else(|| y.full_like(0.0))).collect();
        substitute(guard.scope(), &dy, &params, x).map_err(RuleError::from)
    })?;
    Ok(closed.program)
}
