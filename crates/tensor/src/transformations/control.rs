//! Control flow as operations: loops and choices that stay loops and choices in the program.

use super::{exprs, with_exprs};
use crate::execute::{bind, expect};
use crate::{Tensor, Tree};
use array::{DType, Type};
use ir::prim::{Cond, Scan, While};
use ir::{Closed, EMBEDDED, Expr, Scope, ScopeKind, close};
use std::sync::Arc;

/// Traces `f` on a tree whose leaves are placeholders of the given types.
#[track_caller]
fn trace_body<T: Tree, O: Tree>(
    name: &'static str,
    template: &T,
    types: &[Type],
    f: impl FnOnce(&T) -> O,
) -> (Closed, O) {
    let guard = Scope::enter(ScopeKind::Program(name));
    let params: Vec<Expr> =
        types.iter().map(|t| Expr::placeholder(t.clone(), guard.scope(), None)).collect();
    let result = f(&with_exprs(template, params.iter().cloned()));
    let closed = close(Some(guard.scope()), &params, &exprs(&result), EMBEDDED);
    (expect(closed), result)
}

fn types_of<T: Tree>(tree: &T) -> Vec<Type> {
    tree.leaves().iter().map(|l| l.0.ty().clone()).collect()
}

/// Inputs of `program` reordered so that the captured ones come first.
fn captured_first(closed: &Closed) -> Arc<ir::Program> {
    let total = closed.program.input_types().len();
    let own = total - closed.captured.len();
    let order: Vec<usize> = (own..total).chain(0..own).collect();
    let outputs: Vec<usize> = (0..closed.program.outputs().len()).collect();
    Arc::new(expect(ir::transform::rewire(&closed.program, &order, &outputs)))
}

fn as_tensors(exprs: Vec<Expr>) -> Vec<Tensor> {
    exprs.into_iter().map(Tensor).collect()
}

/// A loop with carried state: for each index of the leading axis of the leaves of `xs`,
/// `(state, y) = f(state, x)`; gives the last state and the `y`s stacked. `f` is called once.
///
/// Reverse mode runs the body once forward, saving what its derivative needs, and once in
/// reverse.
///
/// # Panics
/// When `f` changes the state's structure or types, or the leading sizes differ.
///
/// ```
/// use tensor::{Tensor, scan};
/// let (last, sums) = scan(
///     |s: &Tensor, x: &Tensor| (s + x, s + x),
///     &Tensor::from(0.0),
///     &Tensor::from([1.0, 2.0, 3.0]),
/// );
/// assert_eq!(last.item(), 6.0);
/// assert_eq!(sums.to_vec::<f64>(), [1.0, 3.0, 6.0]);
/// ```
#[track_caller]
pub fn scan<S: Tree, X: Tree, Y: Tree>(
    f: impl FnOnce(&S, &X) -> (S, Y),
    init: &S,
    xs: &X,
) -> (S, Y) {
    scan_with(false, None, f, init, xs)
}

/// [`scan`] from the last index to the first if `reverse`; `length` must be given when `xs` has no
/// leaves.
#[track_caller]
pub fn scan_with<S: Tree, X: Tree, Y: Tree>(
    reverse: bool,
    length: Option<usize>,
    f: impl FnOnce(&S, &X) -> (S, Y),
    init: &S,
    xs: &X,
) -> (S, Y) {
    let leading = xs.leaves().first().map(|x| {
        assert!(x.ndim() > 0, "scan: a scanned leaf is a scalar and has no leading axis");
        x.shape()[0]
    });
    let length = match (leading, length) {
        (Some(n), None) => n,
        (Some(n), Some(m)) => {
            assert!(n == m, "scan: length {m} is asked for, the leaves have leading size {n}");
            n
        }
        (None, Some(m)) => m,
        (None, None) => panic!("scan: nothing to scan over; give a length"),
    };
    let slices = types_of(xs).into_iter().map(|t| t.with_shape(&t.shape[1..]));
    let types: Vec<Type> = types_of(init).into_iter().chain(slices).collect();
    let template = (init.map(Tensor::clone), xs.map(Tensor::clone));
    let (closed, result) = trace_body("scan", &template, &types, |(s, x)| f(s, x));
    let carry = types_of(init).len();
    let scan = Scan {
        length,
        reverse,
        consts: closed.captured.len(),
        carry,
        body: captured_first(&closed),
    };
    let operands = as_tensors([&closed.captured[..], &exprs(init), &exprs(xs)].concat());
    let out = bind(scan, &operands.iter().collect::<Vec<_>>());
    let mut out: Vec<Expr> = out.into_iter().map(|t| t.0).collect();
    let ys = out.split_off(carry);
    (with_exprs(&result.0, out), with_exprs(&result.1, ys))
}

/// `on_true(x)` where the scalar `condition` holds, else `on_false(x)`. Both are traced; only one
/// runs (under a `vmap` over the condition both run, and the results are selected).
///
/// # Panics
/// When the condition is not one truth value, or the results differ in types.
///
/// ```
/// use tensor::{Tensor, cond};
/// let x = Tensor::from(-2.0);
/// let y = cond(&x.lt(0.0), |x: &Tensor| -x, |x: &Tensor| x * 10.0, &x);
/// assert_eq!(y.item(), 2.0);
/// ```
#[track_caller]
pub fn cond<T: Tree, O: Tree>(
    condition: &Tensor,
    on_true: impl FnOnce(&T) -> O,
    on_false: impl FnOnce(&T) -> O,
    x: &T,
) -> O {
    assert!(
        condition.dtype() == DType::Bool && condition.size() == 1,
        "cond: the condition must be one truth value, it is {}",
        condition.0.ty()
    );
    let index = condition.reshape(&[]).convert(DType::I64);
    let f: [Branch<'_, T, O>; 2] = [Box::new(on_false), Box::new(on_true)];
    switch_boxed(&index, f.into(), x)
}

/// `branches[index](x)`, the index clamped: see [`cond`].
#[track_caller]
pub fn switch<T: Tree, O: Tree>(index: &Tensor, branches: &[&dyn Fn(&T) -> O], x: &T) -> O {
    assert!(
        index.dtype().is_integer() && index.size() == 1,
        "switch: the index must be one integer, it is {}",
        index.0.ty()
    );
    assert!(!branches.is_empty(), "switch: there are no branches");
    let index = index.reshape(&[]).convert(DType::I64);
    let boxed = branches.iter().map(|f| Box::new(move |x: &T| f(x)) as Branch<'_, T, O>);
    switch_boxed(&index, boxed.collect(), x)
}

type Branch<'a, T, O> = Box<dyn FnOnce(&T) -> O + 'a>;

#[track_caller]
fn switch_boxed<T: Tree, O: Tree>(index: &Tensor, branches: Vec<Branch<'_, T, O>>, x: &T) -> O {
    let types = types_of(x);
    let mut traced: Vec<(Closed, O)> = vec![];
    for branch in branches {
        traced.push(trace_body("cond", x, &types, branch));
    }
    // Every branch gets what any of them captures.
    let captured: Vec<Expr> = traced.iter().flat_map(|(c, _)| c.captured.clone()).collect();
    let all_types: Vec<Type> =
        types.iter().cloned().chain(captured.iter().map(|c| c.ty().clone())).collect();
    let mut start = types.len();
    let programs = traced.iter().map(|(closed, _)| {
        let own = closed.captured.len();
        let from = start;
        start += own;
        let body = |v: &[Expr]| -> ir::RuleResult<Vec<Expr>> {
            let inputs = [&v[..types.len()], &v[from..from + own]].concat();
            Ok(closed.program.inline(&inputs)?)
        };
        Arc::new(expect(ir::transform::trace("cond", &all_types, body)).program)
    });
    let prim = Cond::new(programs.collect());
    let operands = as_tensors([std::slice::from_ref(&index.0), &exprs(x), &captured].concat());
    let out = bind(prim, &operands.iter().collect::<Vec<_>>());
    with_exprs(&traced[0].1, out.into_iter().map(|t| t.0))
}

/// While `condition(x)` holds, `x = body(x)`. Forward mode only: for reverse mode use [`scan`] or
/// give the loop a rule with [`super::custom_vjp`].
///
/// # Panics
/// When the condition is not one truth value, or `body` changes the types.
///
/// ```
/// use tensor::{Tensor, while_loop};
/// let x = while_loop(|x: &Tensor| x.lt(100.0), |x: &Tensor| x * 2.0, &Tensor::from(3.0));
/// assert_eq!(x.item(), 192.0);
/// ```
#[track_caller]
pub fn while_loop<T: Tree>(
    condition: impl FnOnce(&T) -> Tensor,
    body: impl FnOnce(&T) -> T,
    init: &T,
) -> T {
    let types = types_of(init);
    let (test, _) = trace_body("while_loop", init, &types, |x| condition(x).reshape(&[]));
    let (step, _) = trace_body("while_loop", init, &types, body);
    let prim = While {
        condition_consts: test.captured.len(),
        body_consts: step.captured.len(),
        condition: captured_first(&test),
        body: captured_first(&step),
    };
    let operands = as_tensors([&test.captured[..], &step.captured, &exprs(init)].concat());
    let out = bind(prim, &operands.iter().collect::<Vec<_>>());
    with_exprs(init, out.into_iter().map(|t| t.0))
}
