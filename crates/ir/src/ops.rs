//! Strict shorthand on expressions, for writing rules and compositions: arithmetic operators,
//! comparisons, layout and reductions. Operands must agree in shape and dtype; scalars are plain
//! numbers.

use crate::expr::{Expr, bind1};
use crate::prim::{
    Binary, BroadcastInDim, Compare, Concatenate, Convert, DotGeneral, Iota, IsFinite, Pad,
    Padding, Reduce, ReduceOp, Reshape, Reverse, Select, Slice, Transpose,
};
use array::shape::{kept, same};
use array::{Array, DType, Type};

macro_rules! operators {
    ($($Trait:ident $method:ident),*) => { $(
        impl std::ops::$Trait<&Expr> for &Expr {
            type Output = Expr;
            #[track_caller]
            fn $method(self, other: &Expr) -> Expr {
                bind1(Binary::$Trait, &[self, other])
            }
        }
    )* };
}
operators!(Add add, Sub sub, Mul mul, Div div);

macro_rules! comparisons {
    ($($method:ident $Variant:ident $sign:literal),*) => {
        /// Comparisons, element by element.
        #[allow(clippy::should_implement_trait)] // these build expressions; they decide nothing
        impl Expr { $(
            #[doc = concat!("x ", $sign, " y.")]
            #[track_caller]
            pub fn $method(&self, other: &Expr) -> Expr {
                bind1(Compare::$Variant, &[self, other])
            }
        )* }
    };
}
comparisons!(eq Eq "=", ne Ne "≠", lt Lt "<", le Le "≤", gt Gt ">", ge Ge "≥");

impl Expr {
    /// A scalar constant.
    #[track_caller]
    pub fn scalar(dtype: DType, value: f64) -> Expr {
        Expr::constant(Array::full(dtype, &[], value))
    }

    /// An array of this type whose every element is `value`: a scalar, repeated.
    #[track_caller]
    pub fn full(ty: &Type, value: f64) -> Expr {
        let scalar = Expr::scalar(ty.dtype, value);
        if ty.rank() == 0 { scalar } else { scalar.broadcast_in_dim(&ty.shape, &[]) }
    }

    /// [`Expr::full`] with this expression's type.
    #[track_caller]
    pub fn full_like(&self, value: f64) -> Expr {
        Expr::full(self.ty(), value)
    }

    /// 0, 1, 2, … along `axis` of `shape`.
    #[track_caller]
    pub fn iota(dtype: DType, shape: &[usize], axis: usize) -> Expr {
        bind1(Iota { dtype, shape: shape.to_vec(), axis }, &[])
    }

    /// `c·x`.
    #[track_caller]
    pub fn times(&self, c: f64) -> Expr {
        bind1(Binary::Mul, &[self, &self.full_like(c)])
    }

    /// `x + c`.
    #[track_caller]
    pub fn plus(&self, c: f64) -> Expr {
        bind1(Binary::Add, &[self, &self.full_like(c)])
    }

    /// The larger, element by element.
    #[track_caller]
    pub fn maximum(&self, other: &Expr) -> Expr {
        bind1(Binary::Max, &[self, other])
    }

    /// The smaller, element by element.
    #[track_caller]
    pub fn minimum(&self, other: &Expr) -> Expr {
        bind1(Binary::Min, &[self, other])
    }

    /// With truth values `self`: `on_true` where true, else `on_false`.
    #[track_caller]
    pub fn select(&self, on_true: &Expr, on_false: &Expr) -> Expr {
        bind1(Select {}, &[self, on_true, on_false])
    }

    /// Truth values that both hold.
    #[track_caller]
    pub fn and(&self, other: &Expr) -> Expr {
        bind1(Binary::And, &[self, other])
    }

    /// Truth values of which one holds.
    #[track_caller]
    pub fn or(&self, other: &Expr) -> Expr {
        bind1(Binary::Or, &[self, other])
    }

    /// Whether an element is neither infinite nor NaN.
    #[track_caller]
    pub fn is_finite(&self) -> Expr {
        bind1(IsFinite {}, &[self])
    }

    /// The same values in another dtype.
    #[track_caller]
    pub fn convert(&self, dtype: DType) -> Expr {
        if self.dtype() == dtype { self.clone() } else { bind1(Convert { dtype }, &[self]) }
    }

    /// Repetition along new axes: operand axis `d` becomes axis `dims[d]`.
    #[track_caller]
    pub fn broadcast_in_dim(&self, shape: &[usize], dims: &[usize]) -> Expr {
        if shape.len() == dims.len() && same(shape, self.shape()) {
            return self.clone();
        }
        bind1(BroadcastInDim { shape: shape.to_vec(), dims: dims.to_vec() }, &[self])
    }

    /// Repetition along new axes at the places `axes` of `shape`: the inverse of summing them.
    #[track_caller]
    pub fn broadcast_along(&self, shape: &[usize], axes: &[usize]) -> Expr {
        self.broadcast_in_dim(shape, &kept(shape.len(), axes))
    }

    /// The same elements under another shape.
    #[track_caller]
    pub fn reshape(&self, shape: &[usize]) -> Expr {
        if same(shape, self.shape()) {
            return self.clone();
        }
        bind1(Reshape { shape: shape.to_vec() }, &[self])
    }

    /// Permuted axes: axis `d` of the result is axis `permutation[d]`.
    #[track_caller]
    pub fn transpose(&self, permutation: &[usize]) -> Expr {
        if permutation.iter().copied().eq(0..self.rank()) {
            return self.clone();
        }
        bind1(Transpose { permutation: permutation.to_vec() }, &[self])
    }

    /// Axis `from` moved to the place `to`, the others in order.
    #[track_caller]
    pub fn move_axis(&self, from: usize, to: usize) -> Expr {
        let mut order = kept(self.rank(), &[from]);
        order.insert(to, from);
        self.transpose(&order)
    }

    /// Indices `start..limit` of one axis.
    #[track_caller]
    pub fn slice_axis(&self, axis: usize, start: usize, limit: usize) -> Expr {
        let (mut from, mut to) = (vec![0; self.rank()], self.shape().to_vec());
        (from[axis], to[axis]) = (start, limit);
        if to == self.shape() && start == 0 {
            return self.clone();
        }
        bind1(Slice { start: from, limit: to, strides: vec![1; self.rank()] }, &[self])
    }

    /// Padding with zeros.
    #[track_caller]
    pub fn pad_zero(&self, padding: &[Padding]) -> Expr {
        let pad = Pad { padding: padding.to_vec() };
        bind1(pad, &[self, &Expr::scalar(self.dtype(), 0.0)])
    }

    /// The elements that padding an array of `shape` keeps, read back out of the padded one; zero
    /// for those that it cuts off. The adjoint of padding with zeros.
    #[track_caller]
    pub fn unpad(&self, padding: &[Padding], shape: &[usize]) -> Expr {
        // Undo negative padding with positive padding first, so that what is left is a slice.
        let restore: Vec<Padding> = padding
            .iter()
            .map(|p| Padding { low: (-p.low).max(0), high: (-p.high).max(0), interior: 0 })
            .collect();
        let whole = self.pad_zero(&restore);
        let slice = Slice {
            start: padding.iter().map(|p| p.low.max(0) as usize).collect(),
            limit: (0..shape.len())
                .map(|d| whole.shape()[d] - padding[d].high.max(0) as usize)
                .collect(),
            strides: padding.iter().map(|p| p.interior + 1).collect(),
        };
        bind1(slice, &[&whole])
    }

    /// Operands one after the other along an axis.
    #[track_caller]
    pub fn concatenate(parts: &[&Expr], axis: usize) -> Expr {
        bind1(Concatenate { axis }, parts)
    }

    /// Axes read backwards.
    #[track_caller]
    pub fn reverse(&self, axes: &[usize]) -> Expr {
        bind1(Reverse { axes: axes.to_vec() }, &[self])
    }

    /// The reduction over `axes`.
    #[track_caller]
    pub fn reduce(&self, op: ReduceOp, axes: &[usize]) -> Expr {
        if axes.is_empty() {
            return self.clone();
        }
        bind1(Reduce { op, axes: axes.to_vec() }, &[self])
    }

    /// The sum over `axes`.
    #[track_caller]
    pub fn reduce_sum(&self, axes: &[usize]) -> Expr {
        self.reduce(ReduceOp::Sum, axes)
    }

    /// `Σ_k a[b…, i…, k…] c[b…, j…, k…]` with axes named per operand; see [`DotGeneral`].
    #[track_caller]
    pub fn dot_general(&self, other: &Expr, contract: [&[usize]; 2], batch: [&[usize]; 2]) -> Expr {
        let dot =
            DotGeneral { contract: contract.map(<[_]>::to_vec), batch: batch.map(<[_]>::to_vec) };
        bind1(dot, &[self, other])
    }

    /// The product of two matrices in the last two axes, for each index of the equal leading
    /// axes.
    #[track_caller]
    pub fn matmul(&self, other: &Expr) -> Expr {
        let r = self.rank();
        let batch: Vec<usize> = (0..r - 2).collect();
        self.dot_general(other, [&[r - 1], &[r - 2]], [&batch, &batch])
    }

    /// The last two axes exchanged.
    #[track_caller]
    pub fn matrix_transpose(&self) -> Expr {
        let r = self.rank();
        let mut order: Vec<usize> = (0..r).collect();
        order.swap(r - 1, r - 2);
        self.transpose(&order)
    }
}
