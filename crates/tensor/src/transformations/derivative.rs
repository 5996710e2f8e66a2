//! Derivatives of functions of trees, in both modes.

use super::{Opened, Place, exprs, is_float, open, with_exprs};
use crate::execute::{Executable, expect_in, finish};
use crate::{Tensor, Tree};
use ir::transform::{jvp as push_forward, transpose, transpose_program};
use ir::{Expr, Program, RuleResult, Scope, ScopeGuard, ScopeKind, Tangent, close};
use std::panic::Location;
use std::sync::OnceLock;

/// The value and the gradient of a scalar function: `(f(x), ∇f(x))`. The gradient has the type of
/// `x`; leaves that are not floats have none and come back as zeros.
///
/// # Panics
/// When `f` does not return one float number, or an operation in it has no derivative; the
/// message names the operation and where it was made.
///
/// ```
/// use tensor::{Tensor, value_and_grad};
/// let x = Tensor::from([1.0, 2.0]);
/// let (y, g) = value_and_grad(|x: &Tensor| (x * x).sum())(&x);
/// assert_eq!(y.item(), 5.0);
/// assert_eq!(g.to_vec::<f64>(), [2.0, 4.0]);
/// ```
#[track_caller]
pub fn value_and_grad<T: Tree, F: FnOnce(&T) -> Tensor>(f: F) -> impl FnOnce(&T) -> (Tensor, T) {
    value_and_grad_at(Location::caller(), f)
}

fn value_and_grad_at<T: Tree, F: FnOnce(&T) -> Tensor>(
    at: Place,
    f: F,
) -> impl FnOnce(&T) -> (Tensor, T) {
    let with_nothing = value_and_grad_aux_at(at, |x: &T| (f(x), ()));
    move |x| {
        let ((y, ()), gradient) = with_nothing(x);
        (y, gradient)
    }
}

/// [`value_and_grad`] of a function that returns something beside the number that is
/// differentiated: running statistics, a recurrent state, metrics.
///
/// # Panics
/// As [`value_and_grad`].
///
/// ```
/// use tensor::{Tensor, value_and_grad_aux};
/// let x = Tensor::from([1.0, 2.0]);
/// let ((y, largest), g) = value_and_grad_aux(|x: &Tensor| ((x * x).sum(), x.max()))(&x);
/// assert_eq!((y.item(), largest.item()), (5.0, 2.0));
/// assert_eq!(g.to_vec::<f64>(), [2.0, 4.0]);
/// ```
#[track_caller]
#[allow(clippy::type_complexity)]
pub fn value_and_grad_aux<T: Tree, A: Tree, F: FnOnce(&T) -> (Tensor, A)>(
    f: F,
) -> impl FnOnce(&T) -> ((Tensor, A), T) {
    value_and_grad_aux_at(Location::caller(), f)
}

#[allow(clippy::type_complexity)]
fn value_and_grad_aux_at<T: Tree, A: Tree, F: FnOnce(&T) -> (Tensor, A)>(
    at: Place,
    f: F,
) -> impl FnOnce(&T) -> ((Tensor, A), T) {
    move |x| {
        let traced = Traced::new("grad", at, f, x);
        let y = &traced.outputs[0];
        assert!(
            y.ty().len() == 1 && y.dtype().is_float(),
            "grad (called at {}:{}): the function must return one float number, it returns {}; \
             take its sum or mean, or use `jacrev`",
            at.file(),
            at.line(),
            y.ty()
        );
        let mut cotangents = vec![None; traced.outputs.len()];
        cotangents[0] = Some(y.full_like(1.0));
        let (y, pulled) = expect_in("grad", at, traced.pull_back(&cotangents));
        (with_exprs(&traced.result, y), traced.as_input(x, pulled))
    }
}

/// The gradient of a scalar function: see [`value_and_grad`].
///
/// ```
/// use tensor::{Tensor, grad};
/// // Captured tensors are constants: with z = 2x, d(x·z)/dx is z.
/// let x = Tensor::from(3.0);
/// let z = 2.0 * &x;
/// assert_eq!(grad(|x: &Tensor| x * &z)(&x).item(), 6.0);
/// ```
#[track_caller]
pub fn grad<T: Tree, F: FnOnce(&T) -> Tensor>(f: F) -> impl FnOnce(&T) -> T {
    grad_at(Location::caller(), f)
}

/// [`grad`], said to be called at `at`.
pub(super) fn grad_at<T: Tree, F: FnOnce(&T) -> Tensor>(at: Place, f: F) -> impl FnOnce(&T) -> T {
    let both = value_and_grad_at(at, f);
    move |x| both(x).1
}

/// Forward mode: `(f(x), ∂f(x)·dx)`.
///
/// # Panics
/// When `dx` does not have the leaf types of `x`, or an operation has no derivative.
///
/// ```
/// use tensor::{Tensor, jvp};
/// let (y, dy) = jvp(|x: &Tensor| x.sin())(&Tensor::from(0.0), &Tensor::from(2.0));
/// assert_eq!((y.item(), dy.item()), (0.0, 2.0));
/// ```
#[track_caller]
pub fn jvp<T: Tree, O: Tree, F: FnOnce(&T) -> O>(f: F) -> impl FnOnce(&T, &T) -> (O, O) {
    jvp_at(Location::caller(), f)
}

/// [`jvp`], said to be called at `at`.
pub(super) fn jvp_at<T: Tree, O: Tree, F: FnOnce(&T) -> O>(
    at: Place,
    f: F,
) -> impl FnOnce(&T, &T) -> (O, O) {
    move |x, dx| {
        let traced = Traced::new("jvp", at, f, x);
        let tangents: Vec<Tangent> = exprs(dx)
            .into_iter()
            .zip(&traced.input.opened)
            .filter(|(_, opened)| **opened)
            .map(|(t, _)| Some(t))
            .collect();
        let results = (|| -> RuleResult<Vec<Expr>> {
            let scope = traced.guard.scope();
            let (y, dy) = push_forward(scope, &traced.outputs, &traced.input.params, &tangents)?;
            let dy = y.iter().zip(dy).map(|(y, dy)| dy.unwrap_or_else(|| y.full_like(0.0)));
            let all: Vec<Expr> = y.iter().cloned().chain(dy).collect();
            finish(scope, &all, &traced.input.params, &traced.input.values)
        })();
        let mut y = expect_in("jvp", at, results);
        let dy = y.split_off(traced.outputs.len());
        (with_exprs(&traced.result, y), with_exprs(&traced.result, dy))
    }
}

/// Reverse mode: `f(x)` and the function `ȳ ↦ ∂f(x)ᵀ·ȳ`. What does not depend on `ȳ` has been
/// computed once; calling the pullback many times does not run `f` again.
///
/// ```
/// use tensor::{Tensor, vjp};
/// let (y, pull_back) = vjp(|x: &Tensor| x * x)(&Tensor::from([1.0, 2.0]));
/// assert_eq!(y.to_vec::<f64>(), [1.0, 4.0]);
/// assert_eq!(pull_back(&Tensor::from([1.0, 10.0])).to_vec::<f64>(), [2.0, 40.0]);
/// ```
#[track_caller]
#[allow(clippy::type_complexity)]
pub fn vjp<T: Tree + 'static, O: Tree + 'static, F: FnOnce(&T) -> O>(
    f: F,
) -> impl FnOnce(&T) -> (O, Box<dyn Fn(&O) -> T>) {
    vjp_at(Location::caller(), f)
}

/// [`vjp`], said to be called at `at`.
#[allow(clippy::type_complexity)]
pub(super) fn vjp_at<T: Tree + 'static, O: Tree + 'static, F: FnOnce(&T) -> O>(
    at: Place,
    f: F,
) -> impl FnOnce(&T) -> (O, Box<dyn Fn(&O) -> T>) {
    move |x| {
        let traced = Traced::new("vjp", at, f, x);
        let (y, linear) = expect_in("vjp", at, traced.linearized());
        let result = with_exprs(&traced.result, y);
        let input = x.map(Tensor::clone);
        let opened = traced.input.opened.clone();
        let inputs = traced.input.params.len();
        let transposed = expect_in("vjp", at, transpose_program(&linear.program, inputs));
        let transposed = Linear { program: transposed, ..linear };
        let pull_back = move |ct: &O| {
            let ct = pick(exprs(ct), &transposed.nonzero);
            let mut pulled = expect_in("vjp", at, transposed.apply(ct)).into_iter();
            let leaves = input.leaves().into_iter().zip(&opened).map(|(leaf, &opened)| {
                if opened {
                    pulled.next().expect("invariant: one per input")
                } else {
                    leaf.zeros_like().0
                }
            });
            with_exprs(&input, leaves)
        };
        (result, Box::new(pull_back))
    }
}

/// `f(x)` and its derivative there, the linear function `dx ↦ ∂f(x)·dx`: what does not depend on
/// the tangents has been computed once.
///
/// ```
/// use tensor::{Tensor, linearize};
/// let (_, derivative) = linearize(|x: &Tensor| x.exp())(&Tensor::from(0.0));
/// assert_eq!(derivative(&Tensor::from(3.0)).item(), 3.0);
/// ```
#[track_caller]
#[allow(clippy::type_complexity)]
pub fn linearize<T: Tree + 'static, O: Tree + 'static, F: FnOnce(&T) -> O>(
    f: F,
) -> impl FnOnce(&T) -> (O, Box<dyn Fn(&T) -> O>) {
    let at = Location::caller();
    move |x| {
        let traced = Traced::new("linearize", at, f, x);
        let (y, linear) = expect_in("linearize", at, traced.linearized());
        let result = with_exprs(&traced.result, y);
        let template = result.map(Tensor::clone);
        let opened = traced.input.opened.clone();
        let push_forward = move |dx: &T| {
            let mut pushed =
                expect_in("linearize", at, linear.apply(pick(exprs(dx), &opened))).into_iter();
            let leaves =
                template.leaves().into_iter().zip(&linear.nonzero).map(|(leaf, &nonzero)| {
                    if nonzero {
                        pushed.next().expect("invariant: one per output")
                    } else {
                        leaf.zeros_like().0
                    }
                });
            with_exprs(&template, leaves)
        };
        (result, Box::new(push_forward))
    }
}

/// The product of the Hessian of a scalar function with a vector: `∇²f(x)·v`, as the derivative of
/// the gradient along `v` (forward over reverse; Pearlmutter 1994). Costs a small multiple of
/// `f`.
///
/// ```
/// use tensor::{Tensor, hvp};
/// let f = |x: &Tensor| (x * x * x).sum();
/// let h = hvp(f)(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 1.0]));
/// assert_eq!(h.to_vec::<f64>(), [6.0, 12.0]);
/// ```
#[track_caller]
pub fn hvp<T: Tree, F: FnOnce(&T) -> Tensor>(f: F) -> impl FnOnce(&T, &T) -> T {
    hvp_at(Location::caller(), f)
}

/// [`hvp`], said to be called at `at`.
pub(super) fn hvp_at<T: Tree, F: FnOnce(&T) -> Tensor>(
    at: Place,
    f: F,
) -> impl FnOnce(&T, &T) -> T {
    move |x, v| jvp_at(at, |x: &T| grad_at(at, f)(x))(x, v).1
}

/// The elements that `mask` marks.
fn pick(all: Vec<Expr>, mask: &[bool]) -> Vec<Expr> {
    all.into_iter().zip(mask).filter(|(_, m)| **m).map(|(e, _)| e).collect()
}

/// A function traced on placeholders that stand for known values.
struct Traced<T, O> {
    guard: ScopeGuard,
    input: Opened<T>,
    result: O,
    outputs: Vec<Expr>,
}

impl<T: Tree, O: Tree> Traced<T, O> {
    fn new(name: &'static str, at: Place, f: impl FnOnce(&T) -> O, x: &T) -> Traced<T, O> {
        let guard = Scope::enter_at(ScopeKind::Derivative(name), at);
        let input = open(x, guard.scope(), true, is_float);
        let result = f(&input.tree);
        let outputs = exprs(&result);
        Traced { guard, input, result, outputs }
    }

    /// The outputs, and the cotangents of the inputs for these cotangents of the outputs.
    fn pull_back(&self, ct: &[Tangent]) -> RuleResult<(Vec<Expr>, Vec<Expr>)> {
        let scope = self.guard.scope();
        let (y, pulled) = {
            let linear = Scope::enter(ScopeKind::Linear);
            let t: Vec<Tangent> = tangents(&self.input.params, linear.scope());
            let (y, dy) = push_forward(scope, &self.outputs, &self.input.params, &t)?;
            let t: Vec<Expr> = t.into_iter().flatten().collect();
            let pulled = transpose(linear.scope(), &dy, ct, &t)?;
            let pulled = pulled.into_iter().zip(&t);
            (
                y,
                pulled
                    .map(|(c, t)| c.unwrap_or_else(|| Expr::full(t.ty(), 0.0)))
                    .collect::<Vec<_>>(),
            )
        };
        let all = [&y[..], &pulled].concat();
        let mut all = finish(scope, &all, &self.input.params, &self.input.values)?;
        let pulled = all.split_off(y.len());
        Ok((all, pulled))
    }

    /// Cotangents as a tree of the input's type; zeros for leaves that got no placeholder.
    fn as_input(&self, x: &T, pulled: Vec<Expr>) -> T {
        let mut pulled = pulled.into_iter();
        let leaves = x.leaves().into_iter().zip(&self.input.opened).map(|(leaf, &opened)| {
            if opened {
                pulled.next().expect("invariant: one per input")
            } else {
                leaf.zeros_like().0
            }
        });
        with_exprs(x, leaves)
    }

    /// The outputs' values and the derivative as a linear program with its residuals computed.
    fn linearized(&self) -> RuleResult<(Vec<Expr>, Linear)> {
        let scope = self.guard.scope();
        let (y, nonzero, closed) = {
            let linear = Scope::enter(ScopeKind::Linear);
            let t = tangents(&self.input.params, linear.scope());
            let (y, dy) = push_forward(scope, &self.outputs, &self.input.params, &t)?;
            let nonzero: Vec<bool> = dy.iter().map(Option::is_some).collect();
            let t: Vec<Expr> = t.into_iter().flatten().collect();
            let dy: Vec<Expr> = dy.into_iter().flatten().collect();
            (y, nonzero, close(Some(linear.scope()), &t, &dy, ir::EMBEDDED)?)
        };
        let all = [&y[..], &closed.captured].concat();
        let mut all = finish(scope, &all, &self.input.params, &self.input.values)?;
        let residuals = all.split_off(y.len());
        let program = closed.program;
        Ok((all, Linear { program, residuals, nonzero, executable: OnceLock::new() }))
    }
}

/// A tangent placeholder for each parameter.
fn tangents(params: &[Expr], scope: &std::sync::Arc<Scope>) -> Vec<Tangent> {
    params.iter().map(|p| Some(Expr::placeholder(p.ty().clone(), scope, None))).collect()
}

/// A program that is linear in its first inputs, with values for the others.
struct Linear {
    program: Program,
    residuals: Vec<Expr>,
    nonzero: Vec<bool>,
    executable: OnceLock<Executable>,
}

impl Linear {
    fn apply(&self, x: Vec<Expr>) -> RuleResult<Vec<Expr>> {
        let inputs: Vec<Expr> = x.into_iter().chain(self.residuals.iter().cloned()).collect();
        let arrays: Option<Vec<_>> = inputs.iter().map(|e| e.as_constant().cloned()).collect();
        let Some(arrays) = arrays else { return Ok(self.program.inline(&inputs)?) };
        let types: Vec<&array::Type> = inputs.iter().map(Expr::ty).collect();
        self.program.check_inputs(&types)?;
        let executable = self.executable.get_or_init(|| Executable::new(&self.program));
        Ok(executable.run(arrays)?.into_iter().map(Expr::constant).collect())
    }
}
