//! From expressions to values: at once outside transformations, on demand inside `grad`, as
//! compiled programs for what transformations leave behind.

use crate::Tensor;
use array::Array;
use ir::expr::reachable;
use ir::{EMBEDDED, Expr, Node, Prim, Program, RuleError, RuleResult, Scope, ScopeKind, close};
use std::sync::Arc;

/// A program ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Executable {
    ready: Arc<engine::Executable>,
}

impl Executable {
    /// Compiles a program.
    pub(crate) fn new(program: &Program) -> Executable {
        Executable { ready: Arc::new(engine::Executable::new(compile::compile(program))) }
    }

    /// Runs it. Inputs that nobody else holds may be overwritten.
    pub(crate) fn run(&self, inputs: Vec<Array>) -> RuleResult<Vec<Array>> {
        self.ready.run(inputs)
    }
}

/// Panics with the error of a rule, at the caller's line.
#[track_caller]
pub(crate) fn expect<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(e) => panic!("{e}"),
    }
}

/// Panics with the error of a rule, and with the transformation that asked for it and its place
/// in the user's program.
#[track_caller]
pub(crate) fn expect_in<T, E: std::fmt::Display>(
    transformation: &str,
    at: &std::panic::Location<'_>,
    result: Result<T, E>,
) -> T {
    match result {
        Ok(value) => value,
        Err(e) => {
            panic!("{e}\n   under `{transformation}` called at {}:{}", at.file(), at.line())
        }
    }
}

/// Applies an operation: at once if every operand is a plain array, else traced.
#[track_caller]
pub(crate) fn bind(prim: impl Into<Prim>, inputs: &[&Tensor]) -> Vec<Tensor> {
    let prim = prim.into();
    let operands: Vec<&Expr> = inputs.iter().map(|t| &t.0).collect();
    let outputs = expect(ir::try_bind(prim, &operands));
    if outputs.first().is_some_and(|y| y.scope().is_none()) {
        let values = expect(node_value(outputs[0].node()));
        return values.into_iter().map(Tensor::new).collect();
    }
    outputs.into_iter().map(Tensor).collect()
}

/// [`bind`] for operations with one output.
#[track_caller]
pub(crate) fn bind1(prim: impl Into<Prim>, inputs: &[&Tensor]) -> Tensor {
    bind(prim, inputs).remove(0)
}

/// The value of a node whose inputs are all constants.
fn node_value(node: &Node) -> RuleResult<Vec<Array>> {
    let inputs: Option<Vec<&Array>> = node.inputs().iter().map(Expr::as_constant).collect();
    match inputs {
        Some(inputs) => engine::apply(node.prim(), &inputs).map_err(|e| e.or_at(node.at())),
        None => {
            let outputs: Vec<Expr> = node
                .inputs()
                .iter()
                .map(|x| read_on_demand(x).map(Expr::constant))
                .collect::<Result<_, _>>()?;
            let inputs: Vec<&Array> = outputs.iter().filter_map(Expr::as_constant).collect();
            engine::apply(node.prim(), &inputs).map_err(|e| e.or_at(node.at()))
        }
    }
}

/// A composition of strict operations as a tensor: evaluated if it depends on nothing traced.
#[track_caller]
pub(crate) fn evaluated(expr: Expr) -> Tensor {
    if expr.scope().is_some() || expr.as_constant().is_some() {
        return Tensor(expr);
    }
    Tensor::new(expect(read_on_demand(&expr)))
}

/// The value of an expression.
///
/// # Panics
/// Under `vmap` and `jit`.
#[track_caller]
pub(crate) fn read(expr: &Expr) -> Array {
    expect(read_on_demand(expr))
}

/// The value of an expression, evaluating what it needs and remembering it in the nodes.
fn read_on_demand(expr: &Expr) -> RuleResult<Array> {
    let known = |node: &Node| node.values().get().is_some();
    let nodes = reachable([expr], |n| !known(n));
    for node in nodes {
        if known(node) {
            continue;
        }
        let values = match node.prim() {
            Prim::Constant(c) => vec![c.0.clone()],
            Prim::Placeholder(p) => match p.binding() {
                Some(outer) => vec![read_on_demand(outer)?],
                None => return Err(unreadable(node)),
            },
            prim => {
                let inputs: Vec<Array> = node.inputs().iter().map(known_value).collect();
                let inputs: Vec<&Array> = inputs.iter().collect();
                engine::apply(prim, &inputs).map_err(|e| e.or_at(node.at()))?
            }
        };
        // Another thread may have been faster; both computed the same.
        let _ = node.values().set(values);
    }
    Ok(known_value(expr))
}

fn known_value(expr: &Expr) -> Array {
    let values = expr.node().values().get().expect("invariant: inputs are evaluated first");
    values[expr.output()].clone()
}

fn unreadable(node: &Node) -> RuleError {
    let scope = node.scope().expect("invariant: placeholders have a scope");
    RuleError::new(
        &scope.kind().to_string(),
        "eval",
        format!(
            "a value is read inside `{}`, where it does not exist yet; return it from the \
             function, or use `cond`, `select` or `scan` where the program depends on it",
            scope.kind()
        ),
    )
    .or_at(scope.at())
}

/// Whether a program reduces over a named axis of an enclosing `vmap`: it has no value before that
/// is done with.
pub(crate) fn waits_for_an_axis(program: &Program) -> bool {
    let stack = Scope::stack();
    let names = stack.iter().filter_map(|s| match s.kind() {
        ScopeKind::Batch { name, .. } => name.clone(),
        ScopeKind::Derivative(_) | ScopeKind::Linear | ScopeKind::Program(_) => None,
    });
    let names: Vec<_> = names.collect();
    program.equations().iter().any(|e| names.iter().any(|n| e.prim.uses_axis(n)))
}

/// What a transformation leaves behind: expressions over the placeholders of its scope, with the
/// placeholders' values put in. Plain values and captures give a compiled program that is run now;
/// inside another transformation the expressions join that one's graph.
pub(crate) fn finish(
    scope: &Scope,
    outputs: &[Expr],
    params: &[Expr],
    values: &[Expr],
) -> RuleResult<Vec<Expr>> {
    if values.iter().all(|v| v.as_constant().is_some()) {
        let closed = close(Some(scope), params, outputs, EMBEDDED)?;
        let captured: Option<Vec<Array>> =
            closed.captured.iter().map(|c| c.as_constant().cloned()).collect();
        if let (Some(captured), false) = (captured, waits_for_an_axis(&closed.program)) {
            let inputs = values.iter().filter_map(|v| v.as_constant().cloned()).chain(captured);
            let results = Executable::new(&closed.program).run(inputs.collect())?;
            return Ok(results.into_iter().map(Expr::constant).collect());
        }
    }
    Ok(ir::transform::substitute(scope, outputs, params, values)?)
}

/// Sets how many threads compute (by default as many as there are cores). Results do not depend
/// on it, bit for bit.
pub fn set_threads(n: usize) {
    engine::set_threads(n);
}
