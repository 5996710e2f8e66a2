//! The sum over a named axis: how the examples of a `vmap` see one another.

use super::family::{arity, linear_jvp};
use super::{BatchAxis, Batched, Example, Jvp, Operand, Prim, Primitive, Tangent};
use crate::error::{RuleError, TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind1};
use array::{Array, DType, Type};
use serde::{Deserialize, Serialize};

/// `yₙ = Σₘ xₘ`, the same for all examples `n` of the `vmap` whose axis has this name.
///
/// Batch normalisation, contrastive losses and, across machines, the all-reduce of data-parallel
/// training are this operation and nothing else.
///
/// The name is a free variable that the innermost `vmap` of that name binds; until then the
/// operation has no value. Binding replaces it by a sum over the batch axis, which all examples
/// share. An operand that does not depend on the example counts once per example: `Σₘ x = N·x`.
///
/// Linear, and its own transpose. What is being transposed is the map of the *whole batch*,
/// `(x₁, …, x_N) ↦ (s, …, s)` with `s = Σ xₘ`, whose matrix `1·1ᵀ` is symmetric: each `xₘ` enters
/// every example's output, so its cotangent is `Σₙ ȳₙ`, the sum of theirs. Inside a `vmap`,
/// then, the gradient of one example's loss with respect to its own input is the derivative of
/// the sum of all examples' losses; `vmap ∘ grad` and `grad ∘ vmap` agree.
///
/// Source: `jax.lax.psum` over a `vmap` axis.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct AxisSum {
    /// The name of the axis.
    pub name: String,
}

impl Expr {
    /// The sum over all examples of the `vmap` of this name; see [`AxisSum`].
    #[track_caller]
    pub fn axis_sum(&self, name: &str) -> Expr {
        bind1(AxisSum { name: name.to_string() }, &[self])
    }
}

impl Prim {
    /// Whether this operation, or one inside its bodies, waits for a `vmap` of this name.
    pub fn uses_axis(&self, name: &str) -> bool {
        if let Prim::AxisSum(sum) = self {
            return sum.name == name;
        }
        self.rules().programs().iter().any(|body| body.uses_axis(name))
    }
}

impl Primitive for AxisSum {
    fn name(&self) -> &'static str {
        "axis_sum"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        arity(x, 1)?;
        ensure(x[0].dtype != DType::Bool, || "is not defined on bool".into())?;
        Ok(vec![x[0].clone()])
    }
    fn eval(&self, _: &[&Array]) -> RuleResult<Vec<Array>> {
        Err(RuleError::new(
            "axis_sum",
            "eval",
            format!(
                "no vmap binds the axis `{}`; give one that name in its `VmapOptions`",
                self.name
            ),
        ))
    }
    fn jvp(&self, _: &[Expr], _: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        Ok(linear_jvp(self, dx).into())
    }
    fn transpose(&self, ct: &[Tangent], _: &[Operand]) -> RuleResult<Vec<Tangent>> {
        Ok(vec![ct[0].as_ref().map(|ct| ct.axis_sum(&self.name))])
    }
    fn batch(&self, x: &[Expr], _: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        if axis.name.as_deref() == Some(self.name.as_str()) {
            return Ok(vec![(x[0].reduce_sum(&[0]), false)]);
        }
        // Another axis: each of its examples waits for its own sum.
        Ok(vec![(x[0].axis_sum(&self.name), true)])
    }
    fn flops(&self, x: &[Type], _: &[Type]) -> u64 {
        x[0].len() as u64
    }
    crate::no_programs!();
    fn examples() -> Vec<Example> {
        // On its own the operation has no value, so the examples are run under a vmap; that
        // derivatives taken *inside* the vmap agree is tested below.
        let of = |name: &str, shape: &[usize]| {
            Example::new(AxisSum { name: name.to_string() }, &[shape]).mapped_over(name)
        };
        vec![
            of("batch", &[3, 2, 2]),
            of("i", &[1, 3]),
            of("i", &[4]),
            of("i", &[3, 2]).dtype(0, DType::I32).without_derivative("integers"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Cell, check, evaluate, jvp_program, random_like, vjp_program};
    use crate::prim::Scan;
    use crate::program::Program;
    use crate::scope::{Scope, ScopeKind};
    use crate::transform::{batch_program, trace};
    use std::sync::Arc;

    const N: usize = 4;

    fn program(types: &[Type], f: impl FnOnce(&[Expr]) -> Expr) -> Program {
        trace("test", types, |x| -> RuleResult<Vec<Expr>> { Ok(vec![f(x)]) }).unwrap().program
    }

    fn ty(shape: &[usize]) -> Type {
        Type::new(DType::F64, shape)
    }

    /// `vmap` over the axis `name`, with every output carrying it.
    fn vmap(p: &Program, batched: &[bool], name: &str, size: usize) -> Program {
        let axis = BatchAxis { size, name: Some(name.into()) };
        batch_program(p, batched, &vec![true; p.outputs().len()], &axis).unwrap().0
    }

    fn all(p: &Program) -> Vec<bool> {
        vec![true; p.input_types().len()]
    }

    /// Normalisation over the batch, times a weight that all examples share.
    fn batch_norm() -> Program {
        program(&[ty(&[3]), ty(&[3])], |x| {
            let (x, weight) = (&x[0], &x[1]);
            let mean = |e: &Expr| e.axis_sum("batch").times(1.0 / N as f64);
            let centred = x - &mean(x);
            let variance = mean(&(&centred * &centred));
            &(&centred * &variance.plus(0.1).rsqrt()) * weight
        })
    }

    fn inputs(p: &Program) -> Vec<Array> {
        p.input_types().iter().enumerate().map(|(i, t)| random_like(t, 40 + i as u64)).collect()
    }

    fn assert_close(a: &[Array], b: &[Array]) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert_eq!(a.ty(), b.ty());
            for (x, y) in a.to_f64().into_iter().zip(b.to_f64()) {
                assert!((x - y).abs() <= 1e-12 * (1.0 + x.abs()), "{x} and {y}");
            }
        }
    }

    #[test]
    fn every_example_sees_the_sum() {
        let p = program(&[ty(&[2])], |x| x[0].axis_sum("i"));
        let x = Array::from_vec(vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0], &[3, 2]);
        let y = vmap(&p, &[true], "i", 3).eval(&[x]).unwrap();
        assert_eq!(y[0].to_f64(), [6.0, 60.0, 6.0, 60.0, 6.0, 60.0]);
        // Unless it is asked for, the sum is not repeated.
        let axis = BatchAxis { size: 3, name: Some("i".into()) };
        let (shared, marks) = batch_program(&p, &[true], &[false], &axis).unwrap();
        assert_eq!((shared.output_types(), marks), (vec![ty(&[2])], vec![false]));
    }

    /// What does not depend on the example counts once per example, be it an argument that all
    /// share or a constant.
    #[test]
    fn what_is_shared_counts_once_per_example() {
        let p = program(&[ty(&[])], |x| &x[0].axis_sum("i") + &Expr::scalar(DType::F64, 1.0));
        let x = Array::scalar(2.5);
        let unbatched = vmap(&p, &[false], "i", N).eval(&[x]).unwrap();
        assert_eq!(unbatched[0].to_f64(), [11.0; N]);
        let p = program(&[ty(&[])], |x| &Expr::scalar(DType::F64, 1.0).axis_sum("i") * &x[0]);
        let x = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], &[N]);
        let constant = vmap(&p, &[true], "i", N).eval(&[x]).unwrap();
        assert_eq!(constant[0].to_f64(), [4.0, 8.0, 12.0, 16.0]);
    }

    #[test]
    fn batch_normalisation_normalises() {
        let p = vmap(&batch_norm(), &[true, false], "batch", N);
        let x = random_like(&ty(&[N, 3]), 3);
        let y = p.eval(&[x, Array::full(DType::F64, &[3], 1.0)]).unwrap()[0].to_f64();
        for j in 0..3 {
            let column: Vec<f64> = (0..N).map(|n| y[3 * n + j]).collect();
            assert!(column.iter().sum::<f64>().abs() < 1e-12);
            let variance = column.iter().map(|v| v * v).sum::<f64>() / N as f64;
            assert!(variance < 1.0 && variance > 0.3, "σ²/(σ² + 0.1), got {variance}");
        }
    }

    /// The battery, on derivatives taken outside the vmap.
    #[test]
    fn derivatives_of_the_whole_batch() {
        let p = vmap(&batch_norm(), &[true, false], "batch", N);
        for cell in Cell::ALL {
            check(cell, &p, &inputs(&p), &|p, x| p.eval(x)).unwrap();
        }
    }

    /// Derivatives inside the vmap: all of these commute with it, in every order of two.
    #[test]
    fn transformations_commute_with_binding() {
        let p = batch_norm();
        let outside = vmap(&p, &all(&p), "batch", N);
        type Transformation = fn(&Program) -> RuleResult<Program>;
        let both: [Transformation; 2] = [jvp_program, vjp_program];
        for first in both {
            let inner = first(&p).unwrap();
            let outer = first(&outside).unwrap();
            let bound = vmap(&inner, &all(&inner), "batch", N);
            let x = inputs(&bound);
            assert_close(&bound.eval(&x).unwrap(), &outer.eval(&x).unwrap());
            for second in both {
                let (inner, outer) = (second(&inner).unwrap(), second(&outer).unwrap());
                let bound = vmap(&inner, &all(&inner), "batch", N);
                let x = inputs(&bound);
                assert_close(&bound.eval(&x).unwrap(), &outer.eval(&x).unwrap());
            }
        }
    }

    /// `vmap(grad(…))` of a loss that sees the batch: the cotangent 1 is a constant, and the
    /// transposed sum must still count it once per example.
    #[test]
    fn a_shared_cotangent_counts_once_per_example() {
        let p = program(&[ty(&[])], |x| {
            let s = x[0].axis_sum("i");
            &s * &s
        });
        let vjp = vjp_program(&p).unwrap();
        let gradient = program(&[ty(&[])], |x| {
            vjp.inline(&[x[0].clone(), Expr::scalar(DType::F64, 1.0)]).unwrap().remove(0)
        });
        let x = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], &[N]);
        let g = vmap(&gradient, &[true], "i", N).eval(&[x]).unwrap();
        // Σₙ s² = N s², with derivative 2 N s = 2·4·10.
        assert_eq!(g[0].to_f64(), [80.0; N]);
    }

    #[test]
    fn nested_names_are_bound_by_their_own_axis() {
        let p = program(&[ty(&[]), ty(&[])], |x| {
            let product = &x[0] * &x[1];
            &product.axis_sum("row") + &product.axis_sum("column").times(100.0)
        });
        // x₀ runs over rows, x₁ over columns.
        let columns = vmap(&p, &[false, true], "column", 2);
        let both = vmap(&columns, &[true, false], "row", 3);
        let x = Array::from_vec(vec![1.0, 2.0, 3.0], &[3]);
        let y = Array::from_vec(vec![5.0, 7.0], &[2]);
        let got = both.eval(&[x.clone(), y.clone()]).unwrap();
        let want = |r: f64, c: f64| 6.0 * c + 100.0 * 12.0 * r;
        let expected: Vec<f64> =
            [1.0, 2.0, 3.0].iter().flat_map(|&r| [want(r, 5.0), want(r, 7.0)]).collect();
        assert_eq!(got[0].to_f64(), expected);
        // The other nesting, transposed.
        let rows = vmap(&p, &[true, false], "row", 3);
        let both = vmap(&rows, &[false, true], "column", 2);
        let got = both.eval(&[x, y]).unwrap()[0].to_f64();
        assert_eq!(got, [0, 2, 4, 1, 3, 5].map(|i| expected[i]));
        for cell in [Cell::Vjp, Cell::Hvp] {
            let x = inputs(&rows);
            let bound = vmap(&rows, &[false, true], "column", 2);
            let x = [x[0].clone(), random_like(&ty(&[2]), 8)];
            check(cell, &bound, &x, &|p, x| p.eval(x)).unwrap();
        }
    }

    /// c ← c/2 + Σ c·w, four times.
    fn scan_with_sum() -> Program {
        let body = program(&[ty(&[]), ty(&[])], |x| {
            let (w, c) = (&x[0], &x[1]);
            &c.times(0.5) + &(c * w).axis_sum("i")
        });
        let body = Arc::new(body);
        let scan = Scan { length: 4, reverse: false, consts: 1, carry: 1, body };
        program(&[ty(&[]), ty(&[])], |x| bind1(scan, &[&x[0], &x[1]]))
    }

    #[test]
    fn sums_in_the_body_of_a_loop_are_bound_from_outside() {
        let p = scan_with_sum();
        let (w, c) = (vec![0.1, 0.2, -0.3, 0.4], vec![1.0, 2.0, 3.0, 4.0]);
        let mut want = c.clone();
        for _ in 0..4 {
            let sum: f64 = want.iter().zip(&w).map(|(c, w)| c * w).sum();
            want.iter_mut().for_each(|c| *c = 0.5 * *c + sum);
        }
        let x = [Array::from_vec(w, &[N]), Array::from_vec(c, &[N])];
        let got = vmap(&p, &[true, true], "i", N).eval(&x).unwrap();
        assert_close(&got, &[Array::from_vec(want, &[N])]);
        // All that the loop reads is shared, so each sum is N times its term.
        let shared = vmap(&p, &[false, false], "i", N);
        let got = shared.eval(&[Array::scalar(0.1), Array::scalar(1.0)]).unwrap();
        let want = (0.5 + N as f64 * 0.1).powi(4);
        assert_close(&got, &[Array::full(DType::F64, &[N], want)]);
        // Reverse mode inside the vmap and outside.
        let inner = vjp_program(&p).unwrap();
        let outer = vjp_program(&vmap(&p, &[true, true], "i", N)).unwrap();
        let bound = vmap(&inner, &[true; 3], "i", N);
        let x = inputs(&bound);
        assert_close(&bound.eval(&x).unwrap(), &outer.eval(&x).unwrap());
    }

    /// Under a vmap a sum of constants is no constant. In a program traced there it is one of the
    /// equations, so that the program stays closed.
    #[test]
    fn a_sum_of_constants_belongs_to_its_vmap() {
        let constant = || Expr::scalar(DType::F64, 2.0).axis_sum("i");
        assert!(constant().scope().is_none());
        let vmap = Scope::enter(ScopeKind::Batch { name: Some("i".into()), size: N });
        assert!(constant().in_scope(vmap.scope()));
        assert!(Expr::scalar(DType::F64, 2.0).axis_sum("other").scope().is_none());
        let body = trace("body", &[ty(&[])], |x| -> RuleResult<Vec<Expr>> {
            Ok(vec![&x[0] * &constant()])
        });
        let body = body.unwrap();
        assert!(body.captured.is_empty());
        assert!(body.program.uses_axis("i"));
    }

    #[test]
    fn the_innermost_of_two_equal_names_binds() {
        let p = program(&[ty(&[])], |x| x[0].axis_sum("i"));
        let inner = vmap(&p, &[false], "i", 2);
        let outer = vmap(&inner, &[true], "i", 3);
        let x = Array::from_vec(vec![1.0, 2.0, 3.0], &[3]);
        assert_eq!(outer.eval(&[x]).unwrap()[0].to_f64(), [2.0, 2.0, 4.0, 4.0, 6.0, 6.0]);
    }

    #[test]
    fn without_a_vmap_there_is_no_value() {
        let sum = Expr::scalar(DType::F64, 1.0).axis_sum("examples");
        let error = evaluate(&sum).unwrap_err().to_string();
        assert!(error.contains("no vmap binds the axis `examples`"), "{error}");
        let p = program(&[ty(&[])], |x| x[0].axis_sum("examples"));
        let other = vmap(&p, &[true], "rows", 2);
        let x = Array::from_vec(vec![1.0, 2.0], &[2]);
        assert!(other.eval(&[x]).unwrap_err().to_string().contains("`examples`"));
    }
}
