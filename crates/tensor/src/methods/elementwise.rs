//! Functions that act element by element.

use crate::broadcasting::{binary, common, compare, weak};
use crate::execute::bind1;
use crate::{DType, Tensor};
use ir::prim::{Binary, Clamp, Compare, Convert, IntegerPow, IsFinite, Polygamma, Select, Unary};

macro_rules! unary_methods {
    ($($method:ident $Variant:ident $doc:literal;)*) => {
        /// Scalar functions, element by element.
        impl Tensor { $(
            #[doc = $doc]
            #[track_caller]
            pub fn $method(&self) -> Tensor {
                bind1(Unary::$Variant, &[self])
            }
        )* }
    };
}
unary_methods! {
    abs Abs "|x|; derivative 0 at 0.";
    sign Sign "−1, 0 or 1.";
    exp Exp "eˣ.";
    expm1 Expm1 "eˣ − 1, accurate near 0.";
    log Log "Natural logarithm.";
    log1p Log1p "log(1 + x), accurate near 0.";
    sqrt Sqrt "√x.";
    rsqrt Rsqrt "1/√x.";
    cbrt Cbrt "The real cube root.";
    sin Sin "sin x.";
    cos Cos "cos x.";
    tan Tan "tan x.";
    asin Asin "arcsin x.";
    acos Acos "arccos x.";
    atan Atan "arctan x.";
    sinh Sinh "sinh x.";
    cosh Cosh "cosh x.";
    tanh Tanh "tanh x.";
    asinh Asinh "arsinh x.";
    acosh Acosh "arcosh x.";
    atanh Atanh "artanh x.";
    logistic Logistic "1/(1 + e⁻ˣ), stable on both sides.";
    erf Erf "The error function.";
    erfc Erfc "1 − erf x, accurate for large x.";
    erf_inv ErfInv "The inverse of the error function.";
    lgamma Lgamma "log |Γ(x)|.";
    digamma Digamma "ψ(x), the derivative of log Γ.";
    relu Relu "max(x, 0), with derivative 0 at 0.";
    floor Floor "The largest integer ≤ x; derivative 0.";
    ceil Ceil "The smallest integer ≥ x; derivative 0.";
    round Round "The nearest integer, ties to even; derivative 0.";
    trunc Trunc "The integer part; derivative 0.";
    stop_gradient StopGradient "x, constant to every derivative.";
    logical_not Not "Logical (bool) or bitwise (integer) complement.";
}

macro_rules! binary_methods {
    ($($method:ident $Variant:ident $doc:literal;)*) => {
        /// Functions of two arguments, element by element, with broadcasting; the other operand
        /// may be a Rust number.
        impl Tensor { $(
            #[doc = $doc]
            #[track_caller]
            pub fn $method(&self, other: impl Operand) -> Tensor {
                binary(Binary::$Variant, self, &other.like(self))
            }
        )* }
    };
}
binary_methods! {
    pow Pow "xʸ. For a fixed integer exponent, [`Tensor::powi`] is exact for negative bases.";
    atan2 Atan2 "The angle of the point (other, self).";
    maximum Max "The larger; ties share the derivative equally; NaN propagates.";
    minimum Min "The smaller; ties share the derivative equally; NaN propagates.";
    logical_and And "Logical (bool) or bitwise (integer) and.";
    logical_or Or "Logical (bool) or bitwise (integer) or.";
    logical_xor Xor "Logical (bool) or bitwise (integer) exclusive or.";
}

macro_rules! comparison_methods {
    ($($method:ident $Variant:ident $doc:literal;)*) => {
        /// Comparisons, element by element, with broadcasting; the other operand may be a Rust
        /// number.
        #[allow(clippy::should_implement_trait)] // these compute tensors; they decide nothing
        impl Tensor { $(
            #[doc = $doc]
            #[track_caller]
            pub fn $method(&self, other: impl Operand) -> Tensor {
                compare(Compare::$Variant, self, &other.like(self))
            }
        )* }
    };
}
comparison_methods! {
    eq Eq "x = y.";
    ne Ne "x ≠ y.";
    lt Lt "x < y.";
    le Le "x ≤ y.";
    gt Gt "x > y.";
    ge Ge "x ≥ y.";
}

/// The second operand of a method: a tensor, or a Rust number that takes the first's dtype.
pub trait Operand {
    /// The operand as a tensor.
    fn like(&self, first: &Tensor) -> Tensor;
}

impl Operand for Tensor {
    fn like(&self, _: &Tensor) -> Tensor {
        self.clone()
    }
}
impl Operand for &Tensor {
    fn like(&self, _: &Tensor) -> Tensor {
        (*self).clone()
    }
}
impl Operand for f64 {
    #[track_caller]
    fn like(&self, first: &Tensor) -> Tensor {
        weak(*self, first)
    }
}
impl Operand for i32 {
    #[track_caller]
    fn like(&self, first: &Tensor) -> Tensor {
        weak(f64::from(*self), first)
    }
}

impl Tensor {
    /// xⁿ for an integer n.
    #[track_caller]
    pub fn powi(&self, n: i32) -> Tensor {
        bind1(IntegerPow { n }, &[self])
    }

    /// x².
    #[track_caller]
    pub fn square(&self) -> Tensor {
        self * self
    }

    /// 1/x.
    #[track_caller]
    pub fn recip(&self) -> Tensor {
        1.0 / self
    }

    /// ψ⁽ⁿ⁾(x), the n-th derivative of the digamma function.
    #[track_caller]
    pub fn polygamma(&self, n: u32) -> Tensor {
        bind1(Polygamma { n }, &[self])
    }

    /// min(max(x, low), high); derivative 1 from bound to bound, 0 outside.
    #[track_caller]
    pub fn clip(&self, low: f64, high: f64) -> Tensor {
        bind1(Clamp {}, &[&weak(low, self), self, &weak(high, self)])
    }

    /// Whether an element is neither infinite nor NaN.
    #[track_caller]
    pub fn is_finite(&self) -> Tensor {
        bind1(IsFinite {}, &[self])
    }

    /// Whether an element is NaN.
    #[track_caller]
    pub fn is_nan(&self) -> Tensor {
        self.ne(self)
    }

    /// With truth values `self`: `on_true` where they hold, else `on_false`; all broadcast.
    ///
    /// # Panics
    /// When `self` is not bool, or the others differ in dtype.
    #[track_caller]
    pub fn select(&self, on_true: &Tensor, on_false: &Tensor) -> Tensor {
        let (a, b) = common("select", on_true, on_false);
        let (condition, a) = common("select", self, &a);
        let b = b.broadcast_to(a.shape());
        bind1(Select {}, &[&condition, &a, &b])
    }

    /// The same values in another dtype (float to integer truncates and saturates).
    #[track_caller]
    pub fn convert(&self, dtype: DType) -> Tensor {
        if self.dtype() == dtype { self.clone() } else { bind1(Convert { dtype }, &[self]) }
    }
}
