//! Transformations of closed programs, for the bodies of control flow. Each opens a scope,
//! inlines the program over fresh placeholders, applies a driver, and closes the result.

use super::{batch, jvp, transpose};
use crate::error::RuleError;
use crate::expr::{Expr, RuleResult};
use crate::prim::{BatchAxis, Batched, Tangent};
use crate::program::{Closed, Program, close};
use crate::scope::{Scope, ScopeKind};
use array::Type;
use std::sync::Arc;

/// Fresh placeholders of these types in `scope`.
fn placeholders(types: &[Type], scope: &Arc<Scope>) -> Vec<Expr> {
    types.iter().map(|t| Expr::placeholder(t.clone(), scope, None)).collect()
}

/// The program of a function of expressions; what it uses from outside is captured.
///
/// # Errors
/// Those of `f`.
pub fn trace<E: From<RuleError>>(
    name: &'static str,
    types: &[Type],
    f: impl FnOnce(&[Expr]) -> Result<Vec<Expr>, E>,
) -> Result<Closed, E> {
    let guard = Scope::enter(ScopeKind::Program(name));
    let params = placeholders(types, guard.scope());
    let outputs = f(&params)?;
    Ok(close(Some(guard.scope()), &params, &outputs, usize::MAX)?)
}

/// The same for programs that capture nothing, as when a closed program is transformed.
fn trace_closed(
    name: &'static str,
    types: &[Type],
    f: impl FnOnce(&[Expr]) -> RuleResult<Vec<Expr>>,
) -> RuleResult<Program> {
    let closed = trace(name, types, f)?;
    assert!(closed.captured.is_empty(), "invariant: a transformed closed program stays closed");
    Ok(closed.program)
}

/// A program's derivative, split into the part that does not depend on the tangents and the part
/// that is linear in them.
#[derive(Debug)]
pub struct Split {
    /// inputs → outputs, then residuals: what the linear part needs to know.
    pub known: Program,
    /// tangents of the inputs that have one, then residuals → tangents of the outputs that have
    /// one.
    pub linear: Program,
    /// Types of the residuals.
    pub residuals: Vec<Type>,
    /// For each residual, the input of the program that it is, if it is one.
    pub residual_inputs: Vec<Option<usize>>,
    /// Which outputs have a tangent.
    pub nonzero: Vec<bool>,
}

/// Differentiates a program with respect to the inputs marked in `active` and splits the result
/// (linearisation is forward mode followed by this partial evaluation). Outputs marked in
/// `force` get a tangent even where it is zero.
///
/// # Errors
/// When an operation inside has no derivative.
pub fn split_jvp(program: &Program, active: &[bool], force: &[bool]) -> RuleResult<Split> {
    let outer = Scope::enter(ScopeKind::Program("linearize"));
    let params = placeholders(program.input_types(), outer.scope());
    let outputs = program.inline(&params)?;
    let inner = Scope::enter(ScopeKind::Linear);
    let tangents: Vec<Tangent> = params
        .iter()
        .zip(active)
        .map(|(p, &a)| a.then(|| Expr::placeholder(p.ty().clone(), inner.scope(), None)))
        .collect();
    let (outputs, output_tangents) = jvp(outer.scope(), &outputs, &params, &tangents)?;
    let mut nonzero = vec![];
    let mut linear_outputs = vec![];
    for ((y, dy), &force) in outputs.iter().zip(output_tangents).zip(force) {
        let dy = match dy {
            None if force => Some(y.full_like(0.0)),
            dy => dy,
        };
        nonzero.push(dy.is_some());
        linear_outputs.extend(dy);
    }
    let linear_params: Vec<Expr> = tangents.into_iter().flatten().collect();
    let Closed { program: linear, captured: residuals } =
        close(Some(inner.scope()), &linear_params, &linear_outputs, usize::MAX)?;
    drop(inner);
    let residual_inputs =
        residuals.iter().map(|r| params.iter().position(|p| p.key() == r.key())).collect();
    let known_outputs = [&outputs[..], &residuals].concat();
    let known = close(Some(outer.scope()), &params, &known_outputs, usize::MAX)?.program;
    let residuals = residuals.iter().map(|r| r.ty().clone()).collect();
    Ok(Split { known, linear, residuals, residual_inputs, nonzero })
}

/// Transposes a program that is linear in its first `linear` inputs: (cotangents of the outputs,
/// then the other inputs) → cotangents of the linear inputs. Zeros are made explicit.
///
/// # Errors
/// When an operation inside is not linear in them.
pub fn transpose_program(program: &Program, linear: usize) -> RuleResult<Program> {
    let (linear_types, known_types) = program.input_types().split_at(linear);
    let outer_types = [&program.output_types()[..], known_types].concat();
    trace_closed("transpose", &outer_types, |outer| {
        let (ct, known) = outer.split_at(program.outputs().len());
        let inner = Scope::enter(ScopeKind::Linear);
        let params = placeholders(linear_types, inner.scope());
        let outputs = program.inline(&[&params[..], known].concat())?;
        let outputs: Vec<Tangent> = outputs.into_iter().map(Some).collect();
        let ct: Vec<Tangent> = ct.iter().cloned().map(Some).collect();
        let pulled = transpose(inner.scope(), &outputs, &ct, &params)?;
        drop(inner);
        Ok(pulled
            .into_iter()
            .zip(linear_types)
            .map(|(c, t)| c.unwrap_or_else(|| Expr::full(t, 0.0)))
            .collect())
    })
}

/// Batches a program whose inputs marked in `batched` carry the batch axis in front. Outputs
/// marked in `force` come batched even where all examples agree. Says which outputs are batched.
///
/// # Errors
/// When an operation inside has no batching rule.
pub fn batch_program(
    program: &Program,
    batched: &[bool],
    force: &[bool],
    axis: &BatchAxis,
) -> RuleResult<(Program, Vec<bool>)> {
    let with_axis = |t: &Type, b: bool| {
        if b { t.with_shape([&[axis.size], &t.shape[..]].concat()) } else { t.clone() }
    };
    let types: Vec<Type> =
        program.input_types().iter().zip(batched).map(|(t, &b)| with_axis(t, b)).collect();
    let mut marks = vec![];
    let program = trace_closed("vmap", &types, |outer| {
        let kind = ScopeKind::Batch { name: axis.name.clone(), size: axis.size };
        let inner = Scope::enter(kind);
        let params = placeholders(program.input_types(), inner.scope());
        let outputs = program.inline(&params)?;
        let values: Vec<Batched> = outer.iter().cloned().zip(batched.iter().copied()).collect();
        let outputs = batch(inner.scope(), &outputs, &params, &values, axis)?;
        drop(inner);
        Ok(outputs
            .into_iter()
            .zip(force)
            .map(|((y, b), &force)| {
                marks.push(b || force);
                if force { crate::prim::in_front(&y, b, axis) } else { y }
            })
            .collect())
    })?;
    Ok((program, marks))
}

/// The same program with its inputs in another order (new input `k` is old input `order[k]`) and
/// only the given outputs. What only other outputs needed is gone.
///
/// # Errors
/// None for a well-formed program.
pub fn rewire(program: &Program, order: &[usize], outputs: &[usize]) -> RuleResult<Program> {
    let types: Vec<Type> = order.iter().map(|&i| program.input_types()[i].clone()).collect();
    trace_closed("rewire", &types, |x| {
        let back = array::shape::inverse(order);
        let inputs: Vec<Expr> = back.iter().map(|&k| x[k].clone()).collect();
        let y = program.inline(&inputs)?;
        Ok(outputs.iter().map(|&o| y[o].clone()).collect())
    })
}

/// (tangents of the inputs marked in `active`, then all inputs) → tangents of the outputs that
/// have one. Everything is computed anew from the inputs. Says which outputs have a tangent.
///
/// # Errors
/// When an operation inside has no derivative.
pub fn tangent_program(
    program: &Program,
    active: &[bool],
    force: &[bool],
) -> RuleResult<(Program, Vec<bool>)> {
    let tangent_types = program.input_types().iter().zip(active).filter(|(_, a)| **a);
    let tangent_types: Vec<Type> = tangent_types.map(|(t, _)| t.clone()).collect();
    let types = [&tangent_types[..], program.input_types()].concat();
    let mut nonzero = vec![];
    let program = trace_closed("jvp", &types, |outer| {
        let (dx, x) = outer.split_at(tangent_types.len());
        let guard = Scope::enter(ScopeKind::Derivative("jvp"));
        let params = placeholders(program.input_types(), guard.scope());
        let y = program.inline(&params)?;
        let mut dx = dx.iter().cloned();
        let dx: Vec<Tangent> = active.iter().map(|&a| if a { dx.next() } else { None }).collect();
        let (y, dy) = jvp(guard.scope(), &y, &params, &dx)?;
        let mut out = vec![];
        for ((y, dy), &force) in y.iter().zip(dy).zip(force) {
            let dy = match dy {
                None if force => Some(y.full_like(0.0)),
                dy => dy,
            };
            nonzero.push(dy.is_some());
            out.extend(dy);
        }
        Ok(super::substitute(guard.scope(), &out, &params, x)?)
    })?;
    Ok((program, nonzero))
}
