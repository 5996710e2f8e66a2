//! Scalar functions of two arguments: one row each.

use super::family::{add_tangents, arity, elementwise_batch, not_linear, same_types};
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::{Array, DType, Element, Type};
use serde::{Deserialize, Serialize};

/// The scalar functions of two arguments.
///
/// Integers wrap; division of integers truncates and division by zero gives 0 (−1 for `rem`'s
/// quotient never arises: `rem` by zero gives the dividend). NaN propagates through `max`, `min`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Binary {
    /// x + y.
    Add,
    /// x − y.
    Sub,
    /// x · y.
    Mul,
    /// x / y.
    Div,
    /// The remainder of truncating division, with the sign of x.
    Rem,
    /// xʸ.
    Pow,
    /// The angle of the point (y, x): atan2(first, second).
    Atan2,
    /// The larger; ties share the derivative equally.
    Max,
    /// The smaller; ties share the derivative equally.
    Min,
    /// Logical or bitwise and.
    And,
    /// Logical or bitwise or.
    Or,
    /// Logical or bitwise exclusive or.
    Xor,
}

macro_rules! float_rows {
    ($T:ty, $self:ident, $x:ident, $y:ident, $out:ident) => {{
        macro_rules! each {
            ($a:ident, $b:ident, $e:expr) => {
                for ((o, &$a), &$b) in $out.iter_mut().zip($x).zip($y) {
                    *o = $e;
                }
            };
        }
        match $self {
            Binary::Add => each!(a, b, a + b),
            Binary::Sub => each!(a, b, a - b),
            Binary::Mul => each!(a, b, a * b),
            Binary::Div => each!(a, b, a / b),
            Binary::Rem => each!(a, b, a % b),
            Binary::Pow => each!(a, b, a.powf(b)),
            Binary::Atan2 => each!(a, b, a.atan2(b)),
            Binary::Max => each!(a, b, if a > b || a.is_nan() { a } else { b }),
            Binary::Min => each!(a, b, if a < b || a.is_nan() { a } else { b }),
            // The type rule admits no floats here.
            Binary::And | Binary::Or | Binary::Xor => each!(a, _b, a),
        }
    }};
}

impl Binary {
    /// Every function of the table.
    pub const ALL: &'static [Binary] = &[
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Rem,
        Binary::Pow,
        Binary::Atan2,
        Binary::Max,
        Binary::Min,
        Binary::And,
        Binary::Or,
        Binary::Xor,
    ];

    /// The printed name.
    pub fn text(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::Rem => "rem",
            Binary::Pow => "pow",
            Binary::Atan2 => "atan2",
            Binary::Max => "max",
            Binary::Min => "min",
            Binary::And => "and",
            Binary::Or => "or",
            Binary::Xor => "xor",
        }
    }

    /// Whether the function is defined on elements of this type.
    pub fn accepts(self, dtype: DType) -> bool {
        match self {
            Binary::And | Binary::Or | Binary::Xor => !dtype.is_float(),
            Binary::Atan2 => dtype.is_float(),
            Binary::Max | Binary::Min => true,
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Rem | Binary::Pow => {
                dtype != DType::Bool
            }
        }
    }

    /// `out[i] = f(x[i], y[i])`.
    #[inline(always)] // so that the engine can compile it for each instruction set
    pub fn apply_f64(self, x: &[f64], y: &[f64], out: &mut [f64]) {
        float_rows!(f64, self, x, y, out);
    }

    /// `out[i] = f(x[i], y[i])`.
    #[inline(always)] // as above
    pub fn apply_f32(self, x: &[f32], y: &[f32], out: &mut [f32]) {
        float_rows!(f32, self, x, y, out);
    }

    /// `f(x, y)` for integers and truth values; the result is wrapped by the caller.
    fn integer(self, x: i64, y: i64) -> i64 {
        match self {
            Binary::Add => x.wrapping_add(y),
            Binary::Sub => x.wrapping_sub(y),
            Binary::Mul => x.wrapping_mul(y),
            Binary::Div => x.checked_div(y).unwrap_or(if y == 0 { 0 } else { x }),
            Binary::Rem => {
                if y == 0 {
                    x
                } else {
                    x.wrapping_rem(y)
                }
            }
            Binary::Pow if y < 0 => match x {
                1 => 1,
                -1 => 1 - 2 * (y & 1),
                _ => 0,
            },
            Binary::Pow => {
                let (mut base, mut exponent, mut power) = (x, y, 1_i64);
                while exponent > 0 {
                    if exponent & 1 == 1 {
                        power = power.wrapping_mul(base);
                    }
                    base = base.wrapping_mul(base);
                    exponent >>= 1;
                }
                power
            }
            Binary::Max => x.max(y),
            Binary::Min => x.min(y),
            Binary::And => x & y,
            Binary::Or => x | y,
            Binary::Xor => x ^ y,
            Binary::Atan2 => 0,
        }
    }
}

/// The winner's tangent; half of it where there is a tie.
fn share(wins: &Expr, ties: &Expr, d: &Expr) -> Expr {
    ties.select(&d.times(0.5), &wins.select(d, &d.full_like(0.0)))
}

impl Primitive for Binary {
    fn name(&self) -> &'static str {
        self.text()
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 2)?;
        same_types(x)?;
        ensure(self.accepts(x[0].dtype), || format!("is not defined on {}", x[0].dtype))?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        fn integers<T: Element>(f: Binary, x: &Array, y: &Array) -> Array {
            let pairs = x.as_slice::<T>().iter().zip(y.as_slice::<T>());
            let apply = |(a, b): (&T, &T)| T::from_i64(f.integer(a.to_i64(), b.to_i64()));
            Array::from_vec(pairs.map(apply).collect(), x.shape())
        }
        let (x, y) = (x[0], x[1]);
        Ok(vec![match x.dtype() {
            DType::F64 => {
                let mut out = vec![0.0; x.len()];
                self.apply_f64(x.as_slice(), y.as_slice(), &mut out);
                Array::from_vec(out, x.shape())
            }
            DType::F32 => {
                let mut out = vec![0.0; x.len()];
                self.apply_f32(x.as_slice(), y.as_slice(), &mut out);
                Array::from_vec(out, x.shape())
            }
            DType::I32 => integers::<i32>(*self, x, y),
            DType::I64 => integers::<i64>(*self, x, y),
            DType::U32 => integers::<u32>(*self, x, y),
            DType::Bool => integers::<bool>(*self, x, y),
        }])
    }
    fn jvp(&self, x: &[Expr], z: &[Expr], d: &[Tangent]) -> RuleResult<Jvp> {
        let (x, y, z) = (&x[0], &x[1], &z[0]);
        let (dx, dy) = (d[0].as_ref(), d[1].as_ref());
        // Terms ∂f/∂x·dx and ∂f/∂y·dy, each built only where its tangent is not zero.
        let (along_x, along_y): (Tangent, Tangent) = match self {
            Binary::Add => (dx.cloned(), dy.cloned()),
            Binary::Sub => (dx.cloned(), dy.map(Expr::neg)),
            Binary::Mul => (dx.map(|dx| dx * y), dy.map(|dy| x * dy)),
            Binary::Div => (dx.map(|dx| dx / y), dy.map(|dy| (&(z / y) * dy).neg())),
            Binary::Rem => (dx.cloned(), dy.map(|dy| (dy * &(x / y).trunc()).neg())),
            // Both guard the argument: y·x^(y−1) is 0 at y = 0, and xʸ·log x is 0 at x = 0.
            Binary::Pow => (
                dx.map(|dx| {
                    let zero = y.eq(&y.full_like(0.0));
                    let exponent = zero.select(&y.full_like(1.0), &y.plus(-1.0));
                    &(y * &bind1(Binary::Pow, &[x, &exponent])) * dx
                }),
                dy.map(|dy| {
                    let safe = x.eq(&x.full_like(0.0)).select(&x.full_like(1.0), x);
                    &(z * &safe.log()) * dy
                }),
            ),
            // The operands are (y, x) of the plane: d atan2 = (x dy − y dx)/(x² + y²).
            Binary::Atan2 => {
                let r2 = &(x * x) + &(y * y);
                (dx.map(|dx| &(y / &r2) * dx), dy.map(|dy| (&(x / &r2) * dy).neg()))
            }
            Binary::Max => {
                (dx.map(|d| share(&x.gt(y), &x.eq(y), d)), dy.map(|d| share(&y.gt(x), &x.eq(y), d)))
            }
            Binary::Min => {
                (dx.map(|d| share(&x.lt(y), &x.eq(y), d)), dy.map(|d| share(&y.lt(x), &x.eq(y), d)))
            }
            Binary::And | Binary::Or | Binary::Xor => (None, None),
        };
        Ok(add_tangents(along_x, along_y).into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Some(ct) = &ct[0] else { return Ok(vec![None, None]) };
        let linear = [x[0].is_linear(), x[1].is_linear()];
        Ok(match (self, linear) {
            (Binary::Add, [l, r]) => vec![l.then(|| ct.clone()), r.then(|| ct.clone())],
            (Binary::Sub, [l, r]) => vec![l.then(|| ct.clone()), r.then(|| ct.neg())],
            (Binary::Mul, [true, false]) => vec![x[1].known().map(|y| ct * y), None],
            (Binary::Mul, [false, true]) => vec![None, x[0].known().map(|x| x * ct)],
            (Binary::Div, [true, false]) => vec![x[1].known().map(|y| ct / y), None],
            _ => return not_linear(self),
        })
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        elementwise_batch(self, x, batched, axis)
    }
    fn flops(&self, _: &[Type], y: &[Type]) -> u64 {
        y[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        Binary::ALL
            .iter()
            .map(|f| {
                let example = Example::new(*f, &[&[2, 3], &[2, 3]]);
                match f {
                    Binary::And | Binary::Or | Binary::Xor => example
                        .dtype(0, DType::I32)
                        .dtype(1, DType::I32)
                        .fill_all(&Fill::Values(vec![6.0, 3.0, -1.0, 12.0, 5.0, 0.0]))
                        .without_derivative("integers"),
                    Binary::Rem => {
                        example.fill(0, Fill::Range(5.2, 5.4)).fill(1, Fill::Range(1.9, 2.3))
                    }
                    _ => example.fill(0, Fill::Range(0.3, 1.9)),
                }
            })
            .collect()
    }
}
