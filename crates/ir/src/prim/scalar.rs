//! Element-by-element operations with parameters or mixed dtypes: integer powers, polygamma,
//! the test for finite numbers, comparison, selection, clamping, conversion.

use super::family::{
    add_tangents, arity, elementwise_batch, floating, linear_jvp, no_cotangents, not_linear,
    same_types,
};
use super::unary::map_floats;
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::{Array, DType, Element, Type, with_dtype};
use serde::{Deserialize, Serialize};

/// xⁿ for an integer n: exact for negative bases, with `0⁰ = 1`, and every derivative a power
/// again: d xⁿ = n xⁿ⁻¹ dx.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct IntegerPow {
    /// The exponent.
    pub n: i32,
}

impl Primitive for IntegerPow {
    fn name(&self) -> &'static str {
        "integer_pow"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        floating(x[0])?;
        // The derivative is the power n − 1, which must exist.
        ensure(self.n > i32::MIN, || format!("the exponent {} is too small", self.n))?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        map_floats(x[0], |v| v.powi(self.n))
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let derivative = |dx: &Expr| &x[0].integer_pow(self.n - 1).times(f64::from(self.n)) * dx;
        Ok(if self.n == 0 { None } else { dx[0].as_ref().map(derivative) }.into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        y[0].len() as u64 * u64::from(self.n.unsigned_abs().max(1).ilog2() + 1)
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        [-2, -1, 0, 1, 2, 3, 5]
            .map(|n| Example::new(IntegerPow { n }, &[&[4]]).fill(0, Fill::Range(-1.5, -0.4)))
            .into()
    }
}

/// ψ⁽ⁿ⁾(x) = dⁿ⁺¹/dxⁿ⁺¹ log Γ(x); n = 0 is the digamma function. Each is the derivative of the
/// one before, so the table of scalar functions is closed under derivatives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Polygamma {
    /// The order.
    pub n: u32,
}

impl Primitive for Polygamma {
    fn name(&self) -> &'static str {
        "polygamma"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        floating(x[0])?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        map_floats(x[0], |v| special::polygamma(self.n, v))
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let next = || bind1(Polygamma { n: self.n + 1 }, &[&x[0]]);
        Ok(dx[0].as_ref().map(|dx| &next() * dx).into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        [1, 2, 3]
            .map(|n| Example::new(Polygamma { n }, &[&[4]]).fill(0, Fill::Range(0.6, 3.0)))
            .into()
    }
}

/// Whether a float is a number: neither infinite nor NaN. Truth values have no derivative.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct IsFinite {}

impl Primitive for IsFinite {
    fn name(&self) -> &'static str {
        "is_finite"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        floating(x[0])?;
        Ok(vec![x[0].with_dtype(DType::Bool)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn finite<T: Element>(x: &Array) -> Vec<bool> {
            x.as_slice::<T>().iter().map(|v| v.to_f64().is_finite()).collect()
        }
        let values = with_dtype!(x[0].dtype(), T => finite::<T>(x[0]));
        Ok(vec![Array::from_vec(values, x[0].shape())])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], _: &[Tangent]) -> RuleResult<Jvp> {
        Ok(None.into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let all = Fill::Values(vec![0.5, inf, -inf, nan, -0.0, f64::MAX]);
        vec![
            Example::new(IsFinite {}, &[&[2, 3]]).fill(0, all).without_derivative("truth values"),
            Example::new(IsFinite {}, &[&[0]]).without_derivative("truth values"),
        ]
    }
}

/// A comparison of two arrays of one type, giving truth values; every comparison with NaN but
/// `Ne` is false.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// x = y.
    Eq,
    /// x ≠ y.
    Ne,
    /// x < y.
    Lt,
    /// x ≤ y.
    Le,
    /// x > y.
    Gt,
    /// x ≥ y.
    Ge,
}

impl Compare {
    /// All six.
    pub const ALL: [Compare; 6] =
        [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge];

    /// Whether `x` and `y` compare so.
    #[inline]
    pub fn holds<T: PartialOrd>(self, x: T, y: T) -> bool {
        match self {
            Compare::Eq => x == y,
            Compare::Ne => x != y,
            Compare::Lt => x < y,
            Compare::Le => x <= y,
            Compare::Gt => x > y,
            Compare::Ge => x >= y,
        }
    }
}

impl Primitive for Compare {
    fn name(&self) -> &'static str {
        match self {
            Compare::Eq => "eq",
            Compare::Ne => "ne",
            Compare::Lt => "lt",
            Compare::Le => "le",
            Compare::Gt => "gt",
            Compare::Ge => "ge",
        }
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        same_types(x)?;
        Ok(vec![x[0].with_dtype(DType::Bool)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn compare<T: Element>(c: Compare, x: &Array, y: &Array) -> Vec<bool> {
            x.as_slice::<T>().iter().zip(y.as_slice::<T>()).map(|(a, b)| c.holds(a, b)).collect()
        }
        let values = with_dtype!(x[0].dtype(), T => compare::<T>(*self, x[0], x[1]));
        Ok(vec![Array::from_vec(values, x[0].shape())])
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], _: &[Tangent]) -> RuleResult<Jvp> {
        Ok(None.into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        Compare::ALL
            .map(|c| {
                Example::new(c, &[&[5], &[5]])
                    .fill(1, Fill::Values(vec![0.5, 0.3, 0.5, 0.9, 0.1]))
                    .without_derivative("truth values")
            })
            .into()
    }
}

/// `select(condition, on_true, on_false)`, element by element. Linear in the last two operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Select {}

impl Primitive for Select {
    fn name(&self) -> &'static str {
        "select"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 3)?;
        ensure(x[0].dtype == DType::Bool, || format!("the condition is {}, not bool", x[0].dtype))?;
        same_types(&x[1..])?;
        ensure(x[0].shape == x[1].shape, || "operand shapes must agree".into())?;
        Ok(vec![x[1].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn select<T: Element>(condition: &Array, x: &Array, y: &Array) -> Vec<T> {
            let values = x.as_slice::<T>().iter().zip(y.as_slice::<T>());
            let pick = |(&c, (&a, &b)): (&bool, (&T, &T))| if c { a } else { b };
            condition.as_slice::<bool>().iter().zip(values).map(pick).collect()
        }
        Ok(vec![
            with_dtype!(x[1].dtype(), T => Array::from_vec(select::<T>(x[0], x[1], x[2]), x[1].shape())),
        ])
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], d: &[Tangent]) -> RuleResult<Jvp> {
        if d[1].is_none() && d[2].is_none() {
            return Ok(None.into());
        }
        let zero = || y[0].full_like(0.0);
        let (a, b) = (d[1].clone().unwrap_or_else(zero), d[2].clone().unwrap_or_else(zero));
        Ok(Some(x[0].select(&a, &b)).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let (Some(ct), Operand::Known(c)) = (&ct[0], &x[0]) else {
            return if ct[0].is_none() { Ok(vec![None; 3]) } else { not_linear(self) };
        };
        let zero = ct.full_like(0.0);
        Ok(vec![
            None,
            x[1].is_linear().then(|| c.select(ct, &zero)),
            x[2].is_linear().then(|| c.select(&zero, ct)),
        ])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        vec![
            Example::new(Select {}, &[&[2, 2], &[2, 2], &[2, 2]])
                .dtype(0, DType::Bool)
                .fill(0, Fill::Values(vec![1.0, 0.0, 0.0, 1.0])),
        ]
    }
}

/// `clamp(lower, x, upper) = min(max(x, lower), upper)`. The derivative with respect to `x` is 1
/// from bound to bound (inclusive) and 0 outside, where it belongs to the bound.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Clamp {}

impl Primitive for Clamp {
    fn name(&self) -> &'static str {
        "clamp"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 3)?;
        same_types(x)?;
        Ok(vec![x[1].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn clamp<T: Element>(lower: &Array, x: &Array, upper: &Array) -> Vec<T> {
            let bounds = lower.as_slice::<T>().iter().zip(upper.as_slice::<T>());
            x.as_slice::<T>()
                .iter()
                .zip(bounds)
                .map(|(&v, (&lo, &hi))| {
                    let raised = if v < lo { lo } else { v };
                    if raised > hi { hi } else { raised }
                })
                .collect()
        }
        Ok(vec![
            with_dtype!(x[1].dtype(), T => Array::from_vec(clamp::<T>(x[0], x[1], x[2]), x[1].shape())),
        ])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], d: &[Tangent]) -> RuleResult<Jvp> {
        let (lower, v, upper) = (&x[0], &x[1], &x[2]);
        let (below, above) = (v.lt(lower), v.gt(upper));
        let masked = |keep: &Expr, d: &Expr| keep.select(d, &d.full_like(0.0));
        let inside = bind1(super::Binary::Or, &[&below, &above]).not();
        // Above wins over below where the bounds are crossed, as in the definition.
        let only_below = bind1(super::Binary::And, &[&below, &lower.gt(upper).not()]);
        let at_upper = bind1(
            super::Binary::Or,
            &[&above, &bind1(super::Binary::And, &[&below, &lower.gt(upper)])],
        );
        let terms = [
            d[1].as_ref().map(|d| masked(&inside, d)),
            d[0].as_ref().map(|d| masked(&only_below, d)),
            d[2].as_ref().map(|d| masked(&at_upper, d)),
        ];
        Ok(terms.into_iter().fold(None, add_tangents).into())
    }
    fn transpose(&self, _: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        no_cotangents(self, x)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        2 * y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        vec![
            Example::new(Clamp {}, &[&[5], &[5], &[5]])
                .fill(0, Fill::Values(vec![0.1, 0.2, 0.3, 0.4, 0.5]))
                .fill(1, Fill::Values(vec![0.4, 0.05, 0.95, 0.6, 0.3]))
                .fill(2, Fill::Values(vec![0.8, 0.9, 0.7, 0.75, 0.85])),
        ]
    }
}

/// The same values in another dtype (see [`array::Element`] for the rules). Linear between float
/// types; no derivative from or to exact types.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Convert {
    /// The dtype of the result.
    #[serde(with = "super::dtype_text")]
    pub dtype: DType,
}

impl Primitive for Convert {
    fn name(&self) -> &'static str {
        "convert"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        Ok(vec![x[0].with_dtype(self.dtype)])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        Ok(vec![x[0].convert(self.dtype)])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let smooth = self.dtype.is_float() && x[0].dtype().is_float();
        Ok(if smooth { linear_jvp(self, dx) } else { None }.into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let dtype = x[0].ty().dtype;
        if !dtype.is_float() || !self.dtype.is_float() {
            return no_cotangents(self, x);
        }
        Ok(vec![ct[0].as_ref().map(|ct| bind1(Convert { dtype }, &[ct]))])
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        let floats = Example::new(Convert { dtype: DType::F64 }, &[&[3]]);
        let to_integers = Example::new(Convert { dtype: DType::I32 }, &[&[3]])
            .fill(0, Fill::Values(vec![1.5, -2.5, 3.0]))
            .without_derivative("integers");
        // f64 → f32 → differences are too coarse for the battery; the matrix checks f32 apart.
        let narrowing = Example::new(Convert { dtype: DType::F32 }, &[&[3]])
            .fill(0, Fill::Values(vec![0.5, 0.25, 1.0]))
            .without_derivative("rounding to f32 is coarser than the differences");
        vec![floats, to_integers, narrowing]
    }
}
