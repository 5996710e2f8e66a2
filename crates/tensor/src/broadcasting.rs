//! NumPy's broadcasting, between tensors and strict operations.

use crate::Tensor;
use crate::execute::{bind1, evaluated};
use array::shape;
use ir::Expr;
use ir::prim::{Binary, BroadcastInDim, Compare, Prim, Reshape};

impl Tensor {
    /// Repeated to `shape` by NumPy's rules: aligned at the last axis, sizes equal or 1.
    ///
    /// # Panics
    /// When the shape does not fit.
    #[track_caller]
    pub fn broadcast_to(&self, to: &[usize]) -> Tensor {
        if shape::same(self.shape(), to) {
            return self.clone();
        }
        let fits = shape::broadcast(self.shape(), to).is_some_and(|s| s == to);
        assert!(fits, "broadcast_to: {} does not broadcast to {to:?}", self.0.ty());
        let lead = to.len() - self.ndim();
        // Axes of size 1 that are repeated must go first; those that stay are mapped.
        let stays = |d: &usize| self.shape()[*d] == to[d + lead];
        let kept: Vec<usize> = (0..self.ndim()).filter(stays).collect();
        let squeezed = if kept.len() == self.ndim() {
            self.clone()
        } else {
            let shape = kept.iter().map(|&d| self.shape()[d]).collect();
            bind1(Reshape { shape }, &[self])
        };
        let dims = kept.iter().map(|d| d + lead).collect();
        bind1(BroadcastInDim { shape: to.to_vec(), dims }, &[&squeezed])
    }
}

/// The operands of an element-by-element operation, brought to their common shape.
///
/// # Panics
/// When the shapes do not broadcast, naming the operation.
#[track_caller]
pub(crate) fn common(op: &str, x: &Tensor, y: &Tensor) -> (Tensor, Tensor) {
    if shape::same(x.shape(), y.shape()) {
        return (x.clone(), y.clone());
    }
    let Some(shape) = shape::broadcast(x.shape(), y.shape()) else {
        let (a, b) = (x.0.node().at(), y.0.node().at());
        panic!(
            "{op}: shapes do not broadcast\n   lhs  {}   made at {}:{}\n   rhs  {}   made at {}:{}",
            x.0.ty(),
            a.file(),
            a.line(),
            y.0.ty(),
            b.file(),
            b.line()
        );
    };
    (x.broadcast_to(&shape), y.broadcast_to(&shape))
}

/// A function of two arguments, with broadcasting.
#[track_caller]
pub(crate) fn binary(op: Binary, x: &Tensor, y: &Tensor) -> Tensor {
    let (x, y) = common(op.text(), x, y);
    bind1(op, &[&x, &y])
}

/// A comparison, with broadcasting.
#[track_caller]
pub(crate) fn compare(op: Compare, x: &Tensor, y: &Tensor) -> Tensor {
    let prim = Prim::from(op);
    let (x, y) = common(prim.rules().name(), x, y);
    bind1(prim, &[&x, &y])
}

/// A Rust number as a tensor of `like`'s dtype and shape: inside a transformation the promise of
/// one, so that the program keeps a scalar and not an array.
///
/// # Panics
/// When `like` holds integers and the number is not one.
#[track_caller]
pub(crate) fn weak(value: f64, like: &Tensor) -> Tensor {
    let fits = like.dtype().is_float() || value.fract() == 0.0;
    assert!(
        fits,
        "the number {value} meets a tensor of {}; convert the tensor first",
        like.dtype()
    );
    beside(like.0.full_like(value), like)
}

/// An expression without placeholders that is going to meet `other`: evaluated if that is a plain
/// array, else left to the program in which they meet.
#[track_caller]
pub(crate) fn beside(expr: Expr, other: &Tensor) -> Tensor {
    if other.is_concrete() { evaluated(expr) } else { Tensor(expr) }
}
