//! Derivative rules given by users.

use super::{Place, exprs, with_exprs};
use crate::execute::{bind, expect};
use crate::{Tensor, Tree};
use ir::expr::standing_at;
use ir::prim::{Call, CallKind, CustomJvp, CustomVjp, RuleRef};
use ir::{Closed, EMBEDDED, Expr, RuleResult, Scope, ScopeKind, Tangent, close};
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

/// A function with a forward-mode rule of its own: `rule(x, dx)` gives `(f(x), ∂f(x)·dx)` and must
/// be linear in `dx`. Reverse mode follows by transposing it, further derivatives by
/// differentiating it.
///
/// Neither function may capture something that is being differentiated: pass it as an argument.
///
/// # Panics
/// When the rule's results do not have the types of `f`'s.
///
/// ```
/// use tensor::{Tensor, custom_jvp, grad};
/// // log(1 + eˣ), with the derivative written so that it cannot overflow.
/// let softplus = custom_jvp(
///     |x: &Tensor| x.exp().log1p(),
///     |x: &Tensor, dx: &Tensor| (x.exp().log1p(), x.logistic() * dx),
/// );
/// assert_eq!(grad(|x: &Tensor| softplus(x))(&Tensor::from(1000.0)).item(), 1.0);
/// ```
#[track_caller]
pub fn custom_jvp<T, O, F, R>(f: F, rule: R) -> impl Fn(&T) -> O
where
    T: Tree + Send + Sync + 'static,
    O: Tree + 'static,
    F: Fn(&T) -> O,
    R: Fn(&T, &T) -> (O, O) + Send + Sync + 'static,
{
    let at = Location::caller();
    let rule = Arc::new(rule);
    move |x| {
        let (closed, result) = trace(at, &f, x);
        let arguments = x.leaves().len();
        let template = Mutex::new(x.map(|leaf| leaf.zeros_like()));
        let rule = JvpRule {
            rule: rule.clone(),
            template,
            _output: std::marker::PhantomData::<fn() -> O>,
        };
        let kind =
            CallKind::CustomJvp { rule: RuleRef::<dyn CustomJvp>::new(Arc::new(rule)), arguments };
        call(at, kind, closed, x, &result)
    }
}

/// A function with a reverse-mode rule of its own: `forward(x)` gives `(f(x), residuals)`, and
/// `backward(residuals, ȳ)` gives `x̄`. There is no forward mode (and so no derivative of it by
/// `jvp`); reverse mode can be differentiated again as far as `backward` can.
///
/// # Panics
/// When the rule's results do not have the types of `f`'s.
///
/// ```
/// use tensor::{Tensor, custom_vjp, grad};
/// // The identity that clips its gradient.
/// let clipped = custom_vjp(
///     |x: &Tensor| x.clone(),
///     |x: &Tensor| (x.clone(), ()),
///     |_: &(), ct: &Tensor| ct.clip(-1.0, 1.0),
/// );
/// assert_eq!(grad(|x: &Tensor| clipped(x) * 100.0)(&Tensor::from(2.0)).item(), 1.0);
/// ```
#[track_caller]
pub fn custom_vjp<T, O, S, F, Fwd, Bwd>(f: F, forward: Fwd, backward: Bwd) -> impl Fn(&T) -> O
where
    T: Tree + Send + Sync + 'static,
    O: Tree + Send + Sync + 'static,
    S: Tree + Send + Sync + 'static,
    F: Fn(&T) -> O,
    Fwd: Fn(&T) -> (O, S) + Send + Sync + 'static,
    Bwd: Fn(&S, &O) -> T + Send + Sync + 'static,
{
    let at = Location::caller();
    let rule = Arc::new((forward, backward));
    move |x| {
        let (closed, result) = trace(at, &f, x);
        let arguments = x.leaves().len();
        let rule = VjpRule {
            rule: rule.clone(),
            input: Mutex::new(x.map(|leaf| leaf.zeros_like())),
            output: Mutex::new(None),
            residuals: Mutex::new(None),
        };
        let kind =
            CallKind::CustomVjp { rule: RuleRef::<dyn CustomVjp>::new(Arc::new(rule)), arguments };
        call(at, kind, closed, x, &result)
    }
}

fn trace<T: Tree, O: Tree>(at: Place, f: impl Fn(&T) -> O, x: &T) -> (Closed, O) {
    let guard = Scope::enter_at(ScopeKind::Program("custom rule"), at);
    let input = super::open(x, guard.scope(), false, |_| true);
    let result = f(&input.tree);
    (expect(close(Some(guard.scope()), &input.params, &exprs(&result), EMBEDDED)), result)
}

fn call<T: Tree, O: Tree>(at: Place, kind: CallKind, closed: Closed, x: &T, result: &O) -> O {
    let prim = Call { kind, program: Arc::new(closed.program) };
    let operands: Vec<Tensor> = exprs(x).into_iter().chain(closed.captured).map(Tensor).collect();
    let operands: Vec<&Tensor> = operands.iter().collect();
    let out = standing_at(at, || bind(prim, &operands));
    with_exprs(result, out.into_iter().map(|t| t.0))
}

/// A tree's structure, shared between calls of a rule.
fn shaped<T: Tree>(template: &Mutex<T>, leaves: &[Expr]) -> T {
    let template = template.lock().unwrap_or_else(PoisonError::into_inner);
    with_exprs(&*template, leaves.iter().cloned())
}

/// Tangents as a tree: leaves that have none (integers) are zeros.
fn explicit(x: &[Expr], dx: &[Tangent]) -> Vec<Expr> {
    x.iter().zip(dx).map(|(x, d)| d.clone().unwrap_or_else(|| x.full_like(0.0))).collect()
}

/// `None` for what is not a float.
fn floats_only(leaves: Vec<Expr>) -> Vec<Tangent> {
    leaves.into_iter().map(|e| e.dtype().is_float().then_some(e)).collect()
}

struct JvpRule<T, O, R> {
    rule: Arc<R>,
    template: Mutex<T>,
    _output: std::marker::PhantomData<fn() -> O>,
}

impl<T, O, R> CustomJvp for JvpRule<T, O, R>
where
    T: Tree + Send + Sync,
    O: Tree,
    R: Fn(&T, &T) -> (O, O) + Send + Sync,
{
    fn jvp(&self, x: &[Expr], dx: &[Tangent]) -> RuleResult<(Vec<Expr>, Vec<Tangent>)> {
        let tangents = explicit(x, dx);
        let (y, dy) = (self.rule)(&shaped(&self.template, x), &shaped(&self.template, &tangents));
        Ok((exprs(&y), floats_only(exprs(&dy))))
    }
}

struct VjpRule<T, O, S, Rules> {
    rule: Arc<Rules>,
    input: Mutex<T>,
    output: Mutex<Option<O>>,
    residuals: Mutex<Option<S>>,
}

impl<T, O, S, Fwd, Bwd> CustomVjp for VjpRule<T, O, S, (Fwd, Bwd)>
where
    T: Tree + Send + Sync,
    O: Tree + Send + Sync,
    S: Tree + Send + Sync,
    Fwd: Fn(&T) -> (O, S) + Send + Sync,
    Bwd: Fn(&S, &O) -> T + Send + Sync,
{
    fn forward(&self, x: &[Expr]) -> RuleResult<(Vec<Expr>, Vec<Expr>)> {
        let (y, residuals) = (self.rule.0)(&shaped(&self.input, x));
        let leaves = (exprs(&y), exprs(&residuals));
        *self.output.lock().unwrap_or_else(PoisonError::into_inner) = Some(y);
        *self.residuals.lock().unwrap_or_else(PoisonError::into_inner) = Some(residuals);
        Ok(leaves)
    }
    fn backward(&self, residuals: &[Expr], ct: &[Tangent]) -> RuleResult<Vec<Tangent>> {
        let rebuild = "invariant: forward runs before backward and leaves its structure";
        let ct = {
            let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            let output = output.as_ref().expect(rebuild);
            let leaves = exprs(output);
            with_exprs(output, explicit(&leaves, ct))
        };
        let residuals = {
            let template = self.residuals.lock().unwrap_or_else(PoisonError::into_inner);
            with_exprs(template.as_ref().expect(rebuild), residuals.iter().cloned())
        };
        Ok(floats_only(exprs(&(self.rule.1)(&residuals, &ct))))
    }
}
