//! Scalar functions of one argument: one row each.

use super::family::{arity, elementwise_batch, no_cotangents, not_linear};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use crate::prim::{Binary, IntegerPow, Polygamma};
use array::{Array, DType, Element, Type};
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_2_SQRT_PI, PI};

/// How the tangent of `y = f(x)` follows from the tangent of `x`.
pub(crate) enum Derivative {
    /// `dy = f(dx)`.
    Linear,
    /// `dy = 0` wherever it is defined.
    Zero,
    /// `dy = f′·dx`, with `f′` given.
    Times(Expr),
    /// `dy = dx` where the condition holds, else 0. (Not a product: 0·∞ must not arise.)
    Where(Expr),
}
use Derivative::{Linear, Times, Where, Zero};

macro_rules! unary_table {
    ($x:ident, $y:ident; $($(#[doc = $doc:literal])* $Name:ident $method:ident $text:literal ($lo:expr, $hi:expr) $value:expr => $derivative:expr;)*) => {
        /// The scalar functions of one argument.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum Unary { $($(#[doc = $doc])* $Name,)* }

        impl Unary {
            /// Every function of the table.
            pub const ALL: &'static [Unary] = &[$(Unary::$Name),*];

            /// The printed name.
            pub fn text(self) -> &'static str {
                match self { $(Unary::$Name => $text,)* }
            }

            /// An interval inside the domain, for trying the function out.
            pub fn domain(self) -> (f64, f64) {
                match self { $(Unary::$Name => ($lo, $hi),)* }
            }

            /// `out[i] = f(x[i])`.
            #[allow(clippy::useless_conversion)] // one expression for f32 and f64
            #[inline(always)] // so that the engine can compile it for each instruction set
            pub fn apply_f64(self, x: &[f64], out: &mut [f64]) {
                match self { $(Unary::$Name => for (o, &$x) in out.iter_mut().zip(x) { *o = $value; },)* }
            }

            /// `out[i] = f(x[i])`.
            #[inline(always)] // so that the engine can compile it for each instruction set
            pub fn apply_f32(self, x: &[f32], out: &mut [f32]) {
                match self { $(Unary::$Name => for (o, &$x) in out.iter_mut().zip(x) { *o = $value; },)* }
            }

            #[allow(unused_variables)]
            fn derivative(self, $x: &Expr, $y: &Expr) -> Derivative {
                match self { $(Unary::$Name => $derivative,)* }
            }
        }

        impl Expr {
            $($(#[doc = $doc])*
            #[track_caller]
            pub fn $method(&self) -> Expr { bind1(Unary::$Name, &[self]) })*
        }
    };
}

// Values are written once for f32 and f64; functions that std lacks are computed in f64.
unary_table! { x, y;
    /// −x.
    Neg neg "neg" (-2.0, 2.0) -x => Linear;
    /// |x|; derivative 0 at 0.
    Abs abs "abs" (0.2, 2.0) x.abs() => Times(x.sign());
    /// −1, 0 or 1; NaN for NaN.
    Sign sign "sign" (0.2, 2.0) if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x } => Zero;
    /// eˣ.
    Exp exp "exp" (-2.0, 2.0) x.exp() => Times(y.clone());
    /// eˣ − 1, accurate near 0.
    Expm1 expm1 "expm1" (-2.0, 2.0) x.exp_m1() => Times(y.plus(1.0));
    /// Natural logarithm.
    Log log "log" (0.2, 3.0) x.ln() => Times(x.recip());
    /// log(1 + x), accurate near 0.
    Log1p log1p "log1p" (-0.7, 2.0) x.ln_1p() => Times(x.plus(1.0).recip());
    /// √x.
    Sqrt sqrt "sqrt" (0.2, 3.0) x.sqrt() => Times(y.recip().times(0.5));
    /// 1/√x.
    Rsqrt rsqrt "rsqrt" (0.2, 3.0) 1.0 / x.sqrt() => Times((y / x).times(-0.5));
    /// The real cube root.
    Cbrt cbrt "cbrt" (0.2, 3.0) x.cbrt() => Times((y * y).times(3.0).recip());
    /// sin x.
    Sin sin "sin" (-3.0, 3.0) x.sin() => Times(x.cos());
    /// cos x.
    Cos cos "cos" (-3.0, 3.0) x.cos() => Times(x.sin().neg());
    /// tan x.
    Tan tan "tan" (-1.2, 1.2) x.tan() => Times((y * y).plus(1.0));
    /// arcsin x.
    Asin asin "asin" (-0.8, 0.8) x.asin() => Times(one_minus_square(x).rsqrt());
    /// arccos x.
    Acos acos "acos" (-0.8, 0.8) x.acos() => Times(one_minus_square(x).rsqrt().neg());
    /// arctan x.
    Atan atan "atan" (-2.0, 2.0) x.atan() => Times((x * x).plus(1.0).recip());
    /// sinh x.
    Sinh sinh "sinh" (-2.0, 2.0) x.sinh() => Times(x.cosh());
    /// cosh x.
    Cosh cosh "cosh" (-2.0, 2.0) x.cosh() => Times(x.sinh());
    /// tanh x.
    Tanh tanh "tanh" (-2.0, 2.0) x.tanh() => Times(one_minus_square(y));
    /// arsinh x.
    Asinh asinh "asinh" (-2.0, 2.0) x.asinh() => Times((x * x).plus(1.0).rsqrt());
    /// arcosh x.
    Acosh acosh "acosh" (1.3, 3.0) x.acosh() => Times((&x.plus(-1.0) * &x.plus(1.0)).rsqrt());
    /// artanh x.
    Atanh atanh "atanh" (-0.8, 0.8) x.atanh() => Times(one_minus_square(x).recip());
    /// 1/(1 + e⁻ˣ), stable on both sides.
    Logistic logistic "logistic" (-3.0, 3.0) special::logistic(f64::from(x)) as _ => Times(y * &x.neg().logistic());
    /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
    Erf erf "erf" (-1.5, 1.5) special::erf(f64::from(x)) as _ => Times((x * x).neg().exp().times(FRAC_2_SQRT_PI));
    /// 1 − erf x, accurate for large x.
    Erfc erfc "erfc" (-1.5, 1.5) special::erfc(f64::from(x)) as _ => Times((x * x).neg().exp().times(-FRAC_2_SQRT_PI));
    /// The inverse of erf.
    ErfInv erf_inv "erf_inv" (-0.8, 0.8) special::erf_inv(f64::from(x)) as _ => Times((y * y).exp().times(PI.sqrt() / 2.0));
    /// log |Γ(x)|.
    Lgamma lgamma "lgamma" (0.3, 4.0) special::lgamma(f64::from(x)) as _ => Times(x.digamma());
    /// ψ(x), the derivative of log Γ.
    Digamma digamma "digamma" (0.3, 4.0) special::digamma(f64::from(x)) as _ => Times(bind1(Polygamma { n: 1 }, &[x]));
    /// max(x, 0), with derivative 0 at 0; NaN for NaN.
    Relu relu "relu" (0.2, 2.0) if x > 0.0 || x.is_nan() { x } else { 0.0 } => Where(x.gt(&x.full_like(0.0)));
    /// The largest integer ≤ x.
    Floor floor "floor" (0.2, 0.8) x.floor() => Zero;
    /// The smallest integer ≥ x.
    Ceil ceil "ceil" (0.2, 0.8) x.ceil() => Zero;
    /// The nearest integer, ties to even.
    Round round "round" (0.6, 0.9) x.round_ties_even() => Zero;
    /// The integer part.
    Trunc trunc "trunc" (0.2, 0.8) x.trunc() => Zero;
    /// x, constant to every derivative.
    StopGradient stop_gradient "stop_gradient" (-2.0, 2.0) x => Zero;
    /// Logical (bool) or bitwise (integer) complement.
    Not not "not" (0.0, 1.0) x => Zero;
}

/// 1 − x², without cancellation near ±1.
fn one_minus_square(x: &Expr) -> Expr {
    &x.neg().plus(1.0) * &x.plus(1.0)
}

impl Expr {
    /// 1/x.
    #[track_caller]
    pub fn recip(&self) -> Expr {
        bind1(Binary::Div, &[&self.full_like(1.0), self])
    }
    /// xⁿ.
    #[track_caller]
    pub fn integer_pow(&self, n: i32) -> Expr {
        bind1(IntegerPow { n }, &[self])
    }
}

impl Unary {
    /// Whether the function is defined on elements of this type.
    pub fn accepts(self, dtype: DType) -> bool {
        match self {
            Unary::StopGradient => true,
            Unary::Not => !dtype.is_float(),
            Unary::Neg | Unary::Abs | Unary::Sign | Unary::Relu => dtype != DType::Bool,
            _ => dtype.is_float(),
        }
    }

    /// `f(x)` for integers and truth values, for the functions that accept them.
    fn integer(self, x: i64, dtype: DType) -> i64 {
        match self {
            Unary::Neg => x.wrapping_neg(),
            Unary::Abs => x.wrapping_abs(),
            Unary::Sign => x.signum(),
            Unary::Relu => x.max(0),
            Unary::Not if dtype == DType::Bool => 1 - x,
            Unary::Not => !x,
            _ => x,
        }
    }
}

impl Primitive for Unary {
    fn name(&self) -> &'static str {
        self.text()
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        ensure(self.accepts(x[0].dtype), || format!("is not defined on {}", x[0].dtype))?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let x = x[0];
        if *self == Unary::StopGradient {
            return Ok(vec![x.clone()]);
        }
        fn integers<T: Element>(f: Unary, x: &Array) -> Array {
            let apply = |&v: &T| T::from_i64(f.integer(v.to_i64(), T::DTYPE));
            Array::from_vec(x.as_slice::<T>().iter().map(apply).collect(), x.shape())
        }
        Ok(vec![match x.dtype() {
            DType::F64 => {
                let mut out = vec![0.0; x.len()];
                self.apply_f64(x.as_slice(), &mut out);
                Array::from_vec(out, x.shape())
            }
            DType::F32 => {
                let mut out = vec![0.0; x.len()];
                self.apply_f32(x.as_slice(), &mut out);
                Array::from_vec(out, x.shape())
            }
            DType::I32 => integers::<i32>(*self, x),
            DType::I64 => integers::<i64>(*self, x),
            DType::U32 => integers::<u32>(*self, x),
            DType::Bool => integers::<bool>(*self, x),
        }])
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let Some(dx) = &dx[0] else { return Ok(None.into()) };
        Ok(match self.derivative(&x[0], &y[0]) {
            Linear => Some(bind1(*self, &[dx])),
            Zero => None,
            Times(factor) => Some(&factor * dx),
            Where(condition) => Some(condition.select(dx, &dx.full_like(0.0))),
        }
        .into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        match self {
            Unary::Neg => Ok(vec![ct[0].as_ref().map(Expr::neg)]),
            _ if x[0].is_linear() => not_linear(self),
            _ => no_cotangents(self, x),
        }
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        if *self == Unary::StopGradient { 0 } else { y[0].len() as u64 }
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        Unary::ALL
            .iter()
            .map(|f| {
                let (lo, hi) = f.domain();
                let example = Example::new(*f, &[&[5]]).fill(0, Fill::Range(lo, hi));
                match f {
                    Unary::Not => example.dtype(0, DType::Bool).without_derivative("truth values"),
                    Unary::StopGradient => {
                        example.without_derivative("its derivative is zero by definition")
                    }
                    _ => example,
                }
            })
            .collect()
    }
}

/// Used by the families whose evaluation is a closure on f64 for both float types.
pub(crate) fn map_floats(x: &Array, f: impl Fn(f64) -> f64) -> RuleResult<Vec<Array>> {
    Ok(vec![match x.dtype() {
        DType::F64 => {
            Array::from_vec(x.as_slice::<f64>().iter().map(|&v| f(v)).collect(), x.shape())
        }
        DType::F32 => Array::from_vec(
            x.as_slice::<f32>().iter().map(|&v| f(f64::from(v)) as f32).collect(),
            x.shape(),
        ),
        other => return Err(RuleError::new("map", "eval", format!("needs floats, got {other}"))),
    }])
}
