//! Checkpoints: memory for time.

use super::{exprs, with_exprs};
use crate::execute::{bind, expect};
use crate::{Tensor, Tree};
use ir::expr::standing_at;
use ir::prim::{Call, CallKind};
use ir::{EMBEDDED, Expr, Scope, ScopeKind, close};
use std::sync::Arc;

/// The same function, whose derivatives compute its inside anew instead of keeping it: memory for
/// time (Griewank 1992).
///
/// ```
/// use tensor::{Tensor, checkpoint, grad};
/// let f = |x: &Tensor| checkpoint(|x: &Tensor| x.sin().exp())(x);
/// let x = Tensor::from(0.5);
/// let expected = 0.5_f64.sin().exp() * 0.5_f64.cos();
/// assert!((grad(f)(&x).item() - expected).abs() < 1e-12);
/// ```
#[track_caller]
pub fn checkpoint<T: Tree, O: Tree, F: FnOnce(&T) -> O>(f: F) -> impl FnOnce(&T) -> O {
    let at = std::panic::Location::caller();
    move |x| {
        let guard = Scope::enter_at(ScopeKind::Program("checkpoint"), at);
        let input = super::open(x, guard.scope(), false, |_| true);
        let result = f(&input.tree);
        let closed = expect(close(Some(guard.scope()), &input.params, &exprs(&result), EMBEDDED));
        drop(guard);
        let call = Call { kind: CallKind::Checkpoint, program: Arc::new(closed.program) };
        let operands: Vec<Tensor> =
            input.values.into_iter().chain(closed.captured).map(Tensor).collect();
        let operands: Vec<&Tensor> = operands.iter().collect();
        let out = standing_at(at, || bind(call, &operands));
        let out: Vec<Expr> = out.into_iter().map(|t| t.0).collect();
        with_exprs(&result, out)
    }
}
