//! Compositions of linear algebra: every composition of transformations, and closed forms.

use array::{Array, DType, Type};
use ir::check::{Cell, check, fill, jvp_program, program_of, random_like, vjp_program};
use ir::prim::{Example, Fill, all_examples};
use ir::{Expr, Program, RuleError, linalg, transform::trace};

fn program(shapes: &[&[usize]], f: impl FnOnce(&[Expr]) -> Vec<Expr>) -> Program {
    typed(DType::F64, shapes, f)
}

fn typed(dtype: DType, shapes: &[&[usize]], f: impl FnOnce(&[Expr]) -> Vec<Expr>) -> Program {
    let types: Vec<Type> = shapes.iter().map(|s| Type::new(dtype, *s)).collect();
    let closed = trace("test", &types, |x| Ok::<_, RuleError>(f(x))).expect("a program");
    assert!(closed.captured.is_empty());
    closed.program
}

fn filled(p: &Program, fills: &[Fill]) -> Vec<Array> {
    let with_index = p.input_types().iter().zip(fills).enumerate();
    with_index.map(|(i, (ty, how))| fill(ty, how, 17 + i as u64)).collect()
}

/// Decides all twelve compositions for the program at these inputs.
#[track_caller]
fn every_cell(p: &Program, x: &[Array]) {
    let failures: Vec<String> = Cell::ALL
        .into_iter()
        .filter_map(|cell| check(cell, p, x, &|p, x| p.eval(x)).err().map(|e| (cell, e)))
        .map(|(cell, e)| format!("{}: {e}", cell.name()))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[track_caller]
fn value(p: &Program, x: &[Array]) -> Vec<f64> {
    p.eval(x).expect("a value")[0].to_f64()
}

#[track_caller]
fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * (1.0 + w.abs()), "element {i} is {g}, expected {w}");
    }
}

fn square(entries: &[f64]) -> Array {
    let n = entries.len().isqrt();
    Array::from_vec(entries.to_vec(), &[n, n])
}

const ANY: Fill = Fill::Range(-1.0, 1.0);

#[test]
fn solving() {
    let shapes: [[&[usize]; 2]; 3] =
        [[&[3, 3], &[3, 2]], [&[2, 2, 2], &[2, 2, 1]], [&[1, 1], &[1, 1]]];
    for shapes in shapes {
        let p = program(&shapes, |x| vec![linalg::solve(&x[0], &x[1])]);
        every_cell(&p, &filled(&p, &[Fill::WellConditioned, ANY]));
    }
    // With rows exchanged.
    let p = program(&[&[3, 3], &[3, 2]], |x| vec![linalg::solve(&x[0], &x[1])]);
    let a = square(&[0.2, 1.3, -0.4, 1.7, 0.3, 0.5, -0.6, 0.8, 1.9]);
    every_cell(&p, &[a, filled(&p, &[ANY, ANY]).remove(1)]);
}

#[test]
fn the_derivative_of_solving_factors_once() {
    let p = program(&[&[3, 3], &[3, 2]], |x| vec![linalg::solve(&x[0], &x[1])]);
    let gradient = vjp_program(&p).expect("a rule");
    let hvp = jvp_program(&gradient).expect("a rule");
    for (p, solves) in [(p, 1), (gradient, 2), (hvp, 4)] {
        let count = |name| p.equations().iter().filter(|e| e.prim.rules().name() == name).count();
        assert_eq!((count("lu"), count("lu_solve"), count("triangular_solve")), (1, solves, 0));
    }
}

#[test]
fn systems_without_equations() {
    let p = program(&[&[2, 0, 0], &[2, 0, 3]], |x| vec![linalg::solve(&x[0], &x[1])]);
    every_cell(&p, &filled(&p, &[ANY, ANY]));
    let p = program(&[&[0, 0]], |x| vec![linalg::det(&x[0]), linalg::logdet(&x[0])]);
    let y = p.eval(&filled(&p, &[ANY])).expect("a value");
    assert_eq!((y[0].item(), y[1].item()), (1.0, 0.0));
    let p = program(&[&[0, 0]], |x| vec![linalg::expm(&x[0])]);
    assert_eq!(p.eval(&filled(&p, &[ANY])).expect("a value")[0].shape(), [0, 0]);
}

#[test]
fn inverses_and_determinants() {
    let p = program(&[&[3, 3]], |x| vec![linalg::inv(&x[0])]);
    every_cell(&p, &filled(&p, &[Fill::WellConditioned]));
    for shape in [&[3, 3][..], &[2, 2, 2]] {
        let p = program(&[shape], |x| {
            let (sign, log_magnitude) = linalg::slogdet(&x[0]);
            vec![sign, log_magnitude, linalg::logdet(&x[0]), linalg::det(&x[0])]
        });
        every_cell(&p, &filled(&p, &[Fill::WellConditioned]));
    }
}

#[test]
fn signs_of_determinants() {
    let p = program(&[&[2, 2]], |x| {
        let (sign, log_magnitude) = linalg::slogdet(&x[0]);
        vec![sign, log_magnitude, linalg::logdet(&x[0]), linalg::det(&x[0])]
    });
    let of = |a: [f64; 4]| -> Vec<f64> {
        p.eval(&[square(&a)]).expect("a value").iter().map(Array::item).collect()
    };
    close(&of([1.0, 2.0, 4.0, 11.0]), &[1.0, 3.0_f64.ln(), 3.0_f64.ln(), 3.0], 1e-14);
    let swapped = of([4.0, 11.0, 1.0, 2.0]);
    close(&[swapped[0], swapped[1], swapped[3]], &[-1.0, 3.0_f64.ln(), -3.0], 1e-14);
    assert!(swapped[2].is_nan(), "the logarithm of a negative determinant");
    assert_eq!(of([1.0, 2.0, 2.0, 4.0]), [0.0, f64::NEG_INFINITY, f64::NEG_INFINITY, 0.0]);
    assert!(of([f64::NAN, 0.0, 0.0, 1.0]).iter().all(|y| y.is_nan()));
}

#[test]
fn solving_with_a_cholesky_factor() {
    let p = program(&[&[2, 3, 3], &[2, 3, 2]], |x| {
        vec![linalg::cho_solve(&linalg::cholesky(&x[0]), &x[1])]
    });
    let x = filled(&p, &[Fill::PositiveDefinite, ANY]);
    every_cell(&p, &x);
    let direct = program(&[&[2, 3, 3], &[2, 3, 2]], |x| vec![linalg::solve(&x[0], &x[1])]);
    close(&value(&p, &x), &value(&direct, &x), 1e-13);
}

#[test]
fn least_squares_of_either_shape() {
    let shapes: [[&[usize]; 2]; 3] = [[&[4, 2], &[4, 2]], [&[2, 3], &[2, 2]], [&[2, 2], &[2, 1]]];
    for shapes in shapes {
        let p = program(&shapes, |x| vec![linalg::lstsq(&x[0], &x[1])]);
        every_cell(&p, &filled(&p, &[Fill::WellConditioned, ANY]));
    }
    // The equations of Penrose.
    for shape in [&[4, 2][..], &[2, 3]] {
        let p = program(&[shape], |x| {
            let (a, inverse) = (&x[0], linalg::pinv(&x[0]));
            let (left, right) = (a.matmul(&inverse), inverse.matmul(a));
            vec![
                &left.matmul(a) - a,
                &right.matmul(&inverse) - &inverse,
                &left - &left.matrix_transpose(),
                &right - &right.matrix_transpose(),
            ]
        });
        for residual in p.eval(&filled(&p, &[Fill::WellConditioned])).expect("a value") {
            close(&residual.to_f64(), &vec![0.0; residual.len()], 1e-14);
        }
        let p = program(&[shape], |x| vec![linalg::pinv(&x[0])]);
        every_cell(&p, &filled(&p, &[Fill::WellConditioned]));
    }
}

#[test]
fn the_exponential_at_every_composition() {
    let p = program(&[&[2, 2]], |x| vec![linalg::expm(&x[0])]);
    every_cell(&p, &[square(&[0.3, -0.7, 0.4, 0.1])]);
    // The examples of a batch are this times 1, 1.01, 1.02: norms on both sides of θ₁₃ = 5.3719…, so
    // that they need different numbers of squarings.
    every_cell(&p, &[square(&[-2.0, 1.0, 3.35, -1.5])]);
    let p = program(&[&[2, 2, 2]], |x| vec![linalg::expm(&x[0])]);
    every_cell(&p, &filled(&p, &[ANY]));
}

#[test]
fn exponentials_in_closed_form() {
    let p = program(&[&[2, 2]], |x| vec![linalg::expm(&x[0])]);
    for angle in [0.0, 1e-9, 0.5, 3.0, 20.0, 300.0] {
        let (sin, cos) = f64::sin_cos(angle);
        close(&value(&p, &[square(&[0.0, -angle, angle, 0.0])]), &[cos, -sin, sin, cos], 1e-12);
    }
    close(&value(&p, &[square(&[0.0, 5.0, 0.0, 0.0])]), &[1.0, 5.0, 0.0, 1.0], 1e-15);
    // Norms so large that most of the squarings are needed, and all.
    let of = |d: f64| value(&p, &[square(&[-d, 0.0, 0.0, -2.0 * d])]);
    close(&of(1e4), &[0.0; 4], 1e-300);
    close(&of(1.7e5), &[0.0; 4], 1e-300);
    let beyond = program(&[&[2, 2]], |x| vec![linalg::expm(&x[0])]);
    let gradient = vjp_program(&beyond).expect("a rule");
    for bad in [2e5, f64::NAN, f64::INFINITY] {
        let a = square(&[-bad, 0.0, 0.0, -2.0 * bad]);
        let diagonal = |v: Vec<f64>| v[0].is_nan() && v[3].is_nan();
        assert!(diagonal(value(&beyond, std::slice::from_ref(&a))), "{bad}");
        assert!(diagonal(value(&gradient, &[a.clone(), a])), "{bad}");
    }
    let single = typed(DType::F32, &[&[2, 2]], |x| vec![linalg::expm(&x[0])]);
    let (sin, cos) = f64::sin_cos(7.0);
    let a = square(&[0.0, -7.0, 7.0, 0.0]).convert(DType::F32);
    close(&value(&single, &[a]), &[cos, -sin, sin, cos], 1e-5);
}

#[test]
fn the_gradient_of_an_exponential_that_nearly_overflows_is_finite() {
    // Squaring e⁷⁰⁰ once more would be infinite; what is not selected must not be computed from it.
    let p = program(&[&[1, 1]], |x| vec![linalg::expm(&x[0])]);
    let gradient = vjp_program(&p).expect("a rule");
    for a in [300.0, 700.0] {
        let x = [square(&[a]), square(&[1.0])];
        let relative = value(&gradient, &x)[0] / a.exp();
        assert!((relative - 1.0).abs() < 1e-10, "{relative}");
    }
}

#[test]
fn derivatives_in_f32_are_those_of_f64_rounded() {
    let names = ["cholesky", "triangular_solve", "lu", "qr", "svd", "eigh"];
    let ours = |e: &Example| names.contains(&e.prim.rules().name());
    for example in all_examples().into_iter().filter(ours) {
        let inputs = |dtype: DType| -> Vec<Array> {
            let each = example.inputs.iter().enumerate();
            each.map(|(i, (ty, how))| fill(ty, how, 7 + i as u64).convert(dtype)).collect()
        };
        // Random cotangents, rounded to f32 for both, as the inputs are.
        let gradient = |dtype: DType| -> Vec<Array> {
            let mut example = example.clone();
            example.inputs.iter_mut().for_each(|(ty, _)| ty.dtype = dtype);
            let p = program_of(&example).expect("a program");
            let floats = p.output_types().into_iter().filter(|t| t.dtype.is_float());
            let ct = floats.map(|t| random_like(&t, 3).convert(DType::F32).convert(dtype));
            let x: Vec<Array> = inputs(DType::F32).iter().map(|x| x.convert(dtype)).collect();
            let x: Vec<Array> = x.into_iter().chain(ct).collect();
            vjp_program(&p).expect("a rule").eval(&x).expect("a value")
        };
        for (single, double) in gradient(DType::F32).iter().zip(gradient(DType::F64)) {
            assert_eq!(single.dtype(), DType::F32);
            close(&single.to_f64(), &double.to_f64(), 2e-5);
        }
    }
}
