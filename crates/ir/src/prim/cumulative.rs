//! Running sums, products, extrema and log-sum-exps along an axis.

use super::family::{arity, linear_jvp, no_cotangents};
use super::indexing::plus;
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Pad, Padding, Primitive, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::shape::size;
use array::{Array, DType, Element, Type, with_dtype};
use serde::{Deserialize, Serialize};

/// What is accumulated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CumulativeOp {
    /// Σ.
    Sum,
    /// ∏.
    Prod,
    /// The largest so far; NaN from the first NaN on. Ties share the derivative equally.
    Max,
    /// The smallest so far; NaN from the first NaN on. Ties share the derivative equally.
    Min,
    /// log Σ exp, without overflow; −∞ of nothing but −∞, whose derivatives are all zero.
    LogSumExp,
}

/// `y[…, k, …] = x[…, 0, …] ∘ … ∘ x[…, k, …]` along an axis, or from its end:
/// `y[…, k, …] = x[…, k, …] ∘ … ∘ x[…, n − 1, …]`. Integers wrap.
///
/// Only the sum is linear. The tangents of the others are accumulated beside the values by
/// doubling (W. D. Hillis, G. L. Steele, *Data parallel algorithms*, CACM 29 (1986), §"Sum of
/// all partial sums"): after step `s` each place knows its window of the last `2ˢ` elements, and
/// two windows combine into one. That takes ⌈log₂ n⌉ steps, divides by no element (a product's
/// elements may be zero), and is made of operations that are linear in the tangents and have
/// derivatives themselves.
///
/// Source: `jax.lax.cumsum`, `cumprod`, `cummax`, `cummin`, `cumlogsumexp`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Cumulative {
    /// What is accumulated.
    pub op: CumulativeOp,
    /// The axis.
    pub axis: usize,
    /// From the end of the axis instead of its beginning.
    pub reverse: bool,
}

impl Expr {
    /// The running reduction along `axis`; see [`Cumulative`].
    #[track_caller]
    pub fn cumulative(&self, op: CumulativeOp, axis: usize, reverse: bool) -> Expr {
        bind1(Cumulative { op, axis, reverse }, &[self])
    }
}

fn is_nan<T: Element>(x: T) -> bool {
    x.partial_cmp(&x).is_none()
}

/// The product, wrapping for integers. Multiplying two f32 in f64 is exact.
fn times<T: Element>(a: T, b: T) -> T {
    if T::DTYPE.is_float() {
        T::from_f64(a.to_f64() * b.to_f64())
    } else {
        T::from_i64(a.to_i64().wrapping_mul(b.to_i64()))
    }
}

fn larger<T: Element>(a: T, b: T) -> T {
    if is_nan(a) || a >= b { a } else { b }
}

fn smaller<T: Element>(a: T, b: T) -> T {
    if is_nan(a) || a <= b { a } else { b }
}

/// `log Σ exp` of the values seen, the largest taken out.
fn log_sum_exp(x: &[f64]) -> f64 {
    let m = x.iter().copied().fold(f64::NEG_INFINITY, larger);
    if m.is_finite() { m + x.iter().map(|v| (v - m).exp()).sum::<f64>().ln() } else { m }
}

/// Applies `f` to every line along the axis, in the order of accumulation.
fn map_lines<T: Element>(c: &Cumulative, x: &Array, f: impl Fn(&[T]) -> Vec<T>) -> Array {
    let (shape, values) = (x.shape(), x.as_slice::<T>());
    let (n, inner) = (shape[c.axis], size(&shape[c.axis + 1..]));
    let mut out = values.to_vec();
    for outer in 0..size(&shape[..c.axis]) {
        for j in 0..inner {
            let position = |i: usize| {
                let i = if c.reverse { n - 1 - i } else { i };
                (outer * n + i) * inner + j
            };
            let line: Vec<T> = (0..n).map(|i| values[position(i)]).collect();
            for (i, y) in f(&line).into_iter().enumerate() {
                out[position(i)] = y;
            }
        }
    }
    Array::from_vec(out, shape)
}

fn running<T: Element>(line: &[T], f: impl Fn(T, T) -> T) -> Vec<T> {
    let mut y: Vec<T> = Vec::with_capacity(line.len());
    for &v in line {
        y.push(y.last().map_or(v, |&last| f(last, v)));
    }
    y
}

impl Cumulative {
    /// The value `s` places earlier in the order of accumulation; `fill` before the first.
    fn earlier(&self, x: &Expr, s: usize, fill: f64) -> Expr {
        let s = s as i64;
        let mut padding = vec![Padding { low: 0, high: 0, interior: 0 }; x.rank()];
        let (low, high) = if self.reverse { (-s, s) } else { (s, -s) };
        padding[self.axis] = Padding { low, high, interior: 0 };
        bind1(Pad { padding }, &[x, &Expr::scalar(x.dtype(), fill)])
    }

    /// The widths 1, 2, 4, … of the windows that are combined to cover the whole axis.
    fn widths(&self, x: &Expr) -> impl Iterator<Item = usize> + use<> {
        let n = x.shape()[self.axis];
        std::iter::successors(Some(1_usize), |s| s.checked_mul(2)).take_while(move |&s| s < n)
    }

    /// Windows carry their product and its tangent: `(p, ṗ)·(q, q̇) = (pq, ṗq + pq̇)`.
    fn product_jvp(&self, x: &Expr, dx: &Expr) -> Expr {
        let (mut p, mut d) = (x.clone(), dx.clone());
        for s in self.widths(x) {
            let (before, d_before) = (self.earlier(&p, s, 1.0), self.earlier(&d, s, 0.0));
            d = &(&before * &d) + &(&d_before * &p);
            p = &before * &p;
        }
        d
    }

    /// Windows carry their extremum, the sum of the tangents of the elements that attain it, and
    /// how many do; the extremum's tangent is the mean of theirs.
    fn extremum_jvp(&self, x: &Expr, dx: &Expr) -> Expr {
        let max = self.op == CumulativeOp::Max;
        let nothing = if max { f64::NEG_INFINITY } else { f64::INFINITY };
        let (mut m, mut d, mut count) = (x.clone(), dx.clone(), x.full_like(1.0));
        let zero = x.full_like(0.0);
        for s in self.widths(x) {
            let before = self.earlier(&m, s, nothing);
            let (wins_before, wins) =
                if max { (before.ge(&m), m.ge(&before)) } else { (before.le(&m), m.le(&before)) };
            // Nothing counts as no element, so that a window of −∞ (or ∞) is not a tie with it.
            let combine = |e: &Expr| {
                let e_before = wins_before.select(&self.earlier(e, s, 0.0), &zero);
                &e_before + &wins.select(e, &zero)
            };
            (d, count) = (combine(&d), combine(&count));
            m = if max { before.maximum(&m) } else { before.minimum(&m) };
        }
        &d / &count
    }

    /// `ẏₖ = Σᵢ eᵢ exp(cᵢ − mₖ) ẋᵢ / Σᵢ eᵢ exp(cᵢ − mₖ)` with `eᵢ = exp(xᵢ − cᵢ)`, where `c` is
    /// `x` and `m` its running maximum, both held constant: they cancel, so that the quotient is
    /// `Σ exp(xᵢ − yₖ) ẋᵢ` with the right derivatives of every order, in which nothing but `e`
    /// depends on `x`. Both sums are windows that are rescaled to the larger maximum when they
    /// combine, so that every factor is at most 1.
    ///
    /// Where `x` is −∞, `e` is zero with all derivatives; a quotient of nothing but those is 0.
    fn log_sum_exp_jvp(&self, x: &Expr, dx: &Expr) -> Expr {
        let held = x.stop_gradient();
        let (zero, one) = (x.full_like(0.0), x.full_like(1.0));
        let finite = held.abs().lt(&x.full_like(f64::INFINITY));
        // The argument is guarded, not the result: ∞ − ∞ must not arise.
        let exponent = &finite.select(x, &zero) - &finite.select(&held, &zero);
        let dead = held.eq(&x.full_like(f64::NEG_INFINITY));
        let e = dead.select(&zero, &exponent.exp());

        let (mut m, mut sum, mut weighted) = (held, e.clone(), &e * dx);
        for s in self.widths(x) {
            let before = self.earlier(&m, s, f64::NEG_INFINITY);
            let top = before.maximum(&m);
            let factor = |m: &Expr| {
                let same = m.eq(&top);
                let exponent = &same.select(&zero, m) - &same.select(&zero, &top);
                exponent.exp()
            };
            let (from_before, from_here) = (factor(&before), factor(&m));
            let combine = |e: &Expr| {
                let e_before = self.earlier(e, s, 0.0);
                &(&from_before * &e_before) + &(&from_here * e)
            };
            (sum, weighted) = (combine(&sum), combine(&weighted));
            m = top;
        }
        let nothing = sum.eq(&zero);
        &weighted / &nothing.select(&one, &sum)
    }
}

impl Primitive for Cumulative {
    fn name(&self) -> &'static str {
        match self.op {
            CumulativeOp::Sum => "cumsum",
            CumulativeOp::Prod => "cumprod",
            CumulativeOp::Max => "cummax",
            CumulativeOp::Min => "cummin",
            CumulativeOp::LogSumExp => "cumlogsumexp",
        }
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        ensure(self.axis < x[0].rank(), || format!("{} has no axis {}", x[0], self.axis))?;
        let defined = match self.op {
            CumulativeOp::Sum | CumulativeOp::Prod => x[0].dtype != DType::Bool,
            CumulativeOp::Max | CumulativeOp::Min => true,
            CumulativeOp::LogSumExp => x[0].dtype.is_float(),
        };
        ensure(defined, || format!("is not defined on {}", x[0].dtype))?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let x = x[0];
        Ok(vec![match self.op {
            CumulativeOp::Sum => {
                with_dtype!(x.dtype(), T => map_lines::<T>(self, x, |l| running(l, plus)))
            }
            CumulativeOp::Prod => {
                with_dtype!(x.dtype(), T => map_lines::<T>(self, x, |l| running(l, times)))
            }
            CumulativeOp::Max => {
                with_dtype!(x.dtype(), T => map_lines::<T>(self, x, |l| running(l, larger)))
            }
            CumulativeOp::Min => {
                with_dtype!(x.dtype(), T => map_lines::<T>(self, x, |l| running(l, smaller)))
            }
            CumulativeOp::LogSumExp => {
                let line = |l: &[f64]| (1..=l.len()).map(|k| log_sum_exp(&l[..k])).collect();
                let y = map_lines::<f64>(self, &x.convert(DType::F64), line);
                match x.dtype() {
                    DType::F32 | DType::F64 => y.convert(x.dtype()),
                    DType::I32 | DType::I64 | DType::U32 | DType::Bool => {
                        return Err(RuleError::new(self.name(), "eval", "needs floats"));
                    }
                }
            }
        }])
    }
    fn jvp(&self, x: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let (x, Some(d)) = (&x[0], &dx[0]) else { return Ok(None.into()) };
        Ok(match self.op {
            CumulativeOp::Sum => linear_jvp(self, dx),
            CumulativeOp::Prod => Some(self.product_jvp(x, d)),
            CumulativeOp::Max | CumulativeOp::Min => Some(self.extremum_jvp(x, d)),
            CumulativeOp::LogSumExp => Some(self.log_sum_exp_jvp(x, d)),
        }
        .into())
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        if self.op != CumulativeOp::Sum {
            return no_cotangents(self, x);
        }
        // A lower triangle of ones; its transpose is the upper one.
        let back = |ct: &Expr| ct.cumulative(self.op, self.axis, !self.reverse);
        Ok(vec![ct[0].as_ref().map(back)])
    }
    fn batch(&self, x: &[Expr], _: &[bool], _: &BatchAxis) -> RuleResult<Vec<Batched>> {
        Ok(vec![(x[0].cumulative(self.op, self.axis + 1, self.reverse), true)])
    }
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        let each = match self.op {
            CumulativeOp::Sum | CumulativeOp::Prod | CumulativeOp::Max | CumulativeOp::Min => 1,
            CumulativeOp::LogSumExp => 4, // difference, exp, sum, log
        };
        each * x[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        use CumulativeOp::{LogSumExp, Max, Min, Prod, Sum};
        // Neighbours far enough apart for differences, and no two equal.
        let apart = [0.3, -0.7, 1.4, 0.9, -1.9, 2.2, 0.1, -0.2, 1.1, 1.8, -1.3, 0.6, 2.5];
        let of = |op, axis, reverse, shape: &[usize]| {
            Example::new(Cumulative { op, axis, reverse }, &[shape])
                .fill(0, Fill::Values(apart.to_vec()))
        };
        let mut all = vec![];
        for op in [Sum, Prod, Max, Min, LogSumExp] {
            all.extend([
                of(op, 0, false, &[5]),
                of(op, 0, true, &[5]),
                of(op, 1, false, &[2, 3, 2]),
                of(op, 0, true, &[4, 2]),
                of(op, 1, false, &[3, 1]),
                of(op, 0, true, &[0, 2]),
            ]);
        }
        // One zero, and two: where dividing by the elements would give NaN.
        all.push(
            of(Prod, 1, false, &[2, 4])
                .fill(0, Fill::Values(vec![1.5, 0.0, -2.0, 3.0, 0.0, 0.7, 0.0, -1.1])),
        );
        // Far apart, and −∞ after something: the values stay finite.
        all.push(
            of(LogSumExp, 0, false, &[6])
                .fill(0, Fill::Values(vec![0.5, f64::NEG_INFINITY, 40.0, 1.0, -700.0, 39.0])),
        );
        for op in [Sum, Prod, Max, Min] {
            all.push(
                of(op, 0, true, &[4])
                    .dtype(0, DType::I32)
                    .fill(0, Fill::Values(vec![3.0, -70000.0, 50000.0, 1.0]))
                    .without_derivative("integers"),
            );
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::CumulativeOp::{LogSumExp, Max, Min, Prod, Sum};
    use super::*;
    use crate::check::{evaluate, jvp_program, vjp_program};
    use crate::program::Program;
    use crate::transform::trace;

    const INF: f64 = f64::INFINITY;
    /// The tangents and cotangents of oracles/functions.json.
    const TANGENT: [f64; 8] = [-0.324, -0.269, -0.643, 0.509, 0.784, -0.867, 0.86, 0.123];
    const COTANGENT: [f64; 8] = [-0.021, 0.902, -0.456, -0.808, -0.137, -0.184, 0.06, -0.612];

    fn vector(x: &[f64]) -> Array {
        Array::from_vec(x.to_vec(), &[x.len()])
    }

    fn program(op: CumulativeOp, n: usize, reverse: bool) -> Program {
        let closed = trace("test", &[Type::new(DType::F64, [n])], |x| -> RuleResult<Vec<Expr>> {
            Ok(vec![x[0].cumulative(op, 0, reverse)])
        });
        closed.unwrap().program
    }

    fn value(op: CumulativeOp, x: &[f64], reverse: bool) -> Vec<f64> {
        program(op, x.len(), reverse).eval(&[vector(x)]).unwrap()[0].to_f64()
    }

    fn tangent(op: CumulativeOp, x: &[f64]) -> Vec<f64> {
        let jvp = jvp_program(&program(op, x.len(), false)).unwrap();
        jvp.eval(&[vector(x), vector(&TANGENT[..x.len()])]).unwrap()[0].to_f64()
    }

    fn gradient(op: CumulativeOp, x: &[f64]) -> Vec<f64> {
        let vjp = vjp_program(&program(op, x.len(), false)).unwrap();
        vjp.eval(&[vector(x), vector(&COTANGENT[..x.len()])]).unwrap()[0].to_f64()
    }

    /// The Hessian of the same scalar times the tangent.
    fn hvp(op: CumulativeOp, x: &[f64]) -> Vec<f64> {
        let n = x.len();
        let vjp = vjp_program(&program(op, n, false)).unwrap();
        let (ct, v) = (vector(&COTANGENT[..n]), vector(&TANGENT[..n]));
        let zero = vector(&vec![0.0; n]);
        jvp_program(&vjp).unwrap().eval(&[vector(x), ct, v, zero]).unwrap()[0].to_f64()
    }

    #[track_caller]
    fn assert_close(got: &[f64], want: &[f64]) {
        assert_eq!(got.len(), want.len());
        for (g, w) in got.iter().zip(want) {
            assert!(g == w || (g - w).abs() <= 1e-13 * (1.0 + w.abs()), "{got:?}, not {want:?}");
        }
    }

    #[test]
    fn values_run_from_either_end() {
        let x = [2.0, -1.0, 3.0, 0.5];
        assert_eq!(value(Sum, &x, false), [2.0, 1.0, 4.0, 4.5]);
        assert_eq!(value(Sum, &x, true), [4.5, 2.5, 3.5, 0.5]);
        assert_eq!(value(Prod, &x, true), [-3.0, -1.5, 1.5, 0.5]);
        assert_eq!(value(Max, &x, false), [2.0, 2.0, 3.0, 3.0]);
        assert_eq!(value(Min, &x, true), [-1.0, -1.0, 0.5, 0.5]);
    }

    #[test]
    fn nan_propagates_to_everything_after_it() {
        for op in [Sum, Prod, Max, Min, LogSumExp] {
            let y = value(op, &[1.0, 3.0, f64::NAN, 2.0, 5.0], false);
            assert_eq!(
                y.iter().map(|v| v.is_nan()).collect::<Vec<_>>(),
                [false, false, true, true, true],
                "{op:?}"
            );
        }
    }

    #[test]
    fn integers_wrap() {
        let x = Expr::constant(Array::from_vec(vec![i32::MAX, 2, 3], &[3]));
        let of = |op| evaluate(&x.cumulative(op, 0, false)).unwrap().to_vec::<i32>();
        assert_eq!(of(Sum), [i32::MAX, i32::MIN + 1, i32::MIN + 4]);
        assert_eq!(of(Prod), [i32::MAX, -2, -6]);
    }

    #[test]
    fn ties_share_the_derivative_equally() {
        // Running maximum 1, 1, 3, 3, 3 with one, two, one, two, three winners.
        let x = [1.0, 1.0, 3.0, 3.0, 3.0];
        let t = TANGENT;
        let means =
            [t[0], (t[0] + t[1]) / 2.0, t[2], (t[2] + t[3]) / 2.0, (t[2] + t[3] + t[4]) / 3.0];
        assert_close(&tangent(Max, &x), &means);
        assert_close(&tangent(Min, &x.map(|v| -v)), &means);
        // −∞ is a value like another, and nothing before the first element is no tie with it.
        let y = tangent(Max, &[-INF, -INF, 0.0]);
        assert_close(&y, &[t[0], (t[0] + t[1]) / 2.0, t[2]]);
    }

    /// Values as `jax.lax.cumlogsumexp` gives them; −∞ has weight 0 and derivatives 0, to every
    /// order, also where everything so far is −∞.
    #[test]
    fn log_sum_exp_of_minus_infinity() {
        let x = [-INF, -INF, 0.5, -INF, 1.0];
        let y = value(LogSumExp, &x, false);
        assert_close(&y, &[-INF, -INF, 0.5, 0.5, 1.474_076_984_180_106_7]);
        // σ is the weight of 1.0 against 0.5.
        let sigma = 1.0 / (1.0 + (-0.5_f64).exp());
        let (t, c) = (TANGENT, COTANGENT);
        let last = (1.0 - sigma) * t[2] + sigma * t[4];
        assert_close(&tangent(LogSumExp, &x), &[0.0, 0.0, t[2], t[2], last]);
        let g = [0.0, 0.0, c[2] + c[3] + c[4] * (1.0 - sigma), 0.0, c[4] * sigma];
        assert_close(&gradient(LogSumExp, &x), &g);
        let h = c[4] * sigma * (1.0 - sigma) * (t[4] - t[2]);
        assert_close(&hvp(LogSumExp, &x), &[0.0, 0.0, -h, 0.0, h]);
        // An infinite sum follows its infinite terms alone.
        assert_close(&tangent(LogSumExp, &[0.0, INF, 2.0]), &[t[0], t[1], t[1]]);
    }

    /// Equal elements are no kink of log-sum-exp: the Hessian of the last value at (0, 0) is
    /// ¼ (1, −1; −1, 1).
    #[test]
    fn log_sum_exp_of_equal_elements_is_smooth() {
        let (t, c) = (TANGENT, COTANGENT);
        let h = c[1] / 4.0 * (t[0] - t[1]);
        assert_close(&hvp(LogSumExp, &[0.0, 0.0]), &[h, -h]);
        assert_close(&hvp(LogSumExp, &[7.0, 7.0]), &[h, -h]);
    }
}
