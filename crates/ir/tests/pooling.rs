//! Windowed reductions against JAX, and what happens at ties, padding and NaN.

mod oracle;

use array::{Array, DType, Type};
use ir::check::{program_of, vjp_program};
use ir::prim::{Example, Prim, ReduceWindow, WindowOp};
use ir::{Expr, Primitive, bind1};
use oracle::{Case, cases};

/// The reduction over the trailing axes of a case's operand (batch, feature, spatial…).
fn pooling(case: &Case, op: WindowOp) -> ReduceWindow {
    let whole = |rest: Vec<usize>| [vec![1, 1], rest].concat();
    ReduceWindow {
        strides: whole(case.param("stride")),
        padding: [vec![(0, 0); 2], case.param("padding")].concat(),
        ..ReduceWindow::new(op, &whole(case.param("window")))
    }
}

#[test]
fn jax_max_pooling() {
    let all: Vec<Case> = (1..=3).flat_map(|d| cases(&format!("max_pool{d}d/"))).collect();
    assert_eq!(all.len(), 5);
    for case in all {
        // JAX gives the whole derivative to the first of equal maxima; here they share it.
        let max = pooling(&case, WindowOp::Max);
        if case.name().ends_with("ties") {
            case.check_value(&["x"], |x| bind1(max, &[&x[0]]));
        } else {
            case.check(&["x"], |x| bind1(max, &[&x[0]]));
        }
    }
}

#[test]
fn the_minimum_is_the_negated_maximum() {
    for case in cases("max_pool2d/overlap") {
        let min = pooling(&case, WindowOp::Min);
        case.check(&["x"], |x| bind1(min, &[&x[0].times(-1.0)]).times(-1.0));
    }
}

#[test]
fn jax_average_pooling() {
    let all: Vec<Case> = (1..=3).flat_map(|d| cases(&format!("avg_pool{d}d/"))).collect();
    assert_eq!(all.len(), 6);
    for case in all {
        let sum = pooling(&case, WindowOp::Sum);
        let places = array::shape::size(&sum.window) as f64;
        let count_padding: bool = case.param("count_padding");
        case.check(&["x"], |x| {
            let sums = bind1(sum.clone(), &[&x[0]]);
            if count_padding {
                sums.times(1.0 / places)
            } else {
                &sums / &bind1(sum, &[&x[0].full_like(1.0)])
            }
        });
    }
}

/// The gradient of ⟨ct, y⟩ at `x`.
fn gradient(reduce: &ReduceWindow, x: &[f64], ct: &[f64]) -> Vec<f64> {
    let program = program_of(&Example::new(reduce.clone(), &[&[x.len()]])).unwrap();
    let inputs = [x, ct].map(|v| Array::from_vec(v.to_vec(), &[v.len()]));
    vjp_program(&program).unwrap().eval(&inputs).unwrap()[0].to_f64()
}

#[test]
fn ties_share_the_derivative_and_padding_never_wins() {
    let padded = |op| ReduceWindow { padding: vec![(1, 1)], ..ReduceWindow::new(op, &[2]) };
    // Every window holds a zero of padding or of the operand: only the operand's count.
    assert_eq!(gradient(&padded(WindowOp::Max), &[0.0, 0.0], &[1.0, 2.0, 4.0]), [2.0, 5.0]);
    assert_eq!(gradient(&padded(WindowOp::Max), &[-3.0, -2.0], &[1.0, 2.0, 4.0]), [1.0, 6.0]);
    assert_eq!(gradient(&padded(WindowOp::Min), &[3.0, 2.0], &[1.0, 2.0, 4.0]), [1.0, 6.0]);
    let lowest = f64::NEG_INFINITY;
    assert_eq!(gradient(&padded(WindowOp::Max), &[lowest; 2], &[1.0, 2.0, 4.0]), [2.0, 5.0]);
    let x = Array::from_vec(vec![-3.0, -2.0], &[2]);
    let y = padded(WindowOp::Max).eval(&[&x]).unwrap();
    assert_eq!(y[0].to_f64(), [-3.0, -2.0, -2.0]);
}

#[test]
fn nan_is_the_extremum_of_the_windows_that_see_it() {
    let x = Array::from_vec(vec![1.0, f64::NAN, 0.0, 2.0], &[4]);
    for op in [WindowOp::Sum, WindowOp::Max, WindowOp::Min] {
        let y = ReduceWindow::new(op, &[2]).eval(&[&x]).unwrap()[0].to_f64();
        assert_eq!(y.iter().map(|v| v.is_nan()).collect::<Vec<_>>(), [true, true, false], "{op:?}");
    }
}

#[test]
fn integers_wrap_and_have_extrema() {
    let x = Array::from_vec(vec![u32::MAX, 2, 0], &[3]);
    let of = |op| ReduceWindow::new(op, &[2]).eval(&[&x]).unwrap()[0].to_vec::<u32>();
    assert_eq!(of(WindowOp::Sum), [1, 2]);
    assert_eq!(of(WindowOp::Max), [u32::MAX, 2]);
    assert_eq!(of(WindowOp::Min), [2, 0]);
    let x = Array::from_vec(vec![true, false, false], &[3]);
    let any = ReduceWindow::new(WindowOp::Max, &[2]).eval(&[&x]).unwrap();
    assert_eq!(any[0].to_vec::<bool>(), [true, false]);
}

#[test]
fn what_does_not_fit_is_said() {
    let message = |reduce: ReduceWindow, dtype: DType, shape: &[usize]| {
        let x = Expr::full(&Type::new(dtype, shape), 0.0);
        ir::try_bind(reduce, &[&x]).unwrap_err().message
    };
    let of = |op, window: &[usize], padding: (i64, i64)| ReduceWindow {
        padding: vec![padding; window.len()],
        ..ReduceWindow::new(op, window)
    };
    let (sum, max, none) = (WindowOp::Sum, WindowOp::Max, (0, 0));
    let holes = ReduceWindow { base_dilation: vec![2], ..of(max, &[2], none) };
    let cases = [
        (message(of(sum, &[1, 2], none), DType::F32, &[4]), "window has 2 entries for 1 axes"),
        (message(of(sum, &[2], none), DType::Bool, &[4]), "not defined on bool"),
        (message(holes, DType::F32, &[4]), "only sums are defined on a dilated operand"),
        (message(of(max, &[2], (2, 0)), DType::F32, &[4]), "sees only padding"),
        (message(of(max, &[2], (0, 2)), DType::F32, &[4]), "sees only padding"),
        (message(of(max, &[0], none), DType::F32, &[4]), "sees only padding"),
        (message(of(max, &[1], (1, 1)), DType::F32, &[0]), "sees only padding"),
        (message(of(sum, &[usize::MAX], none), DType::F32, &[4]), "too large"),
        (message(of(sum, &[1 << 40, 1 << 40], none), DType::F32, &[4, 4]), "more than can be"),
        (message(of(sum, &[1, 1], (0, 1 << 40)), DType::F32, &[4, 4]), "more than can be"),
    ];
    for (message, part) in cases {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn parameters_print_and_parse() {
    for op in [WindowOp::Sum, WindowOp::Max, WindowOp::Min] {
        let prim =
            Prim::from(ReduceWindow { padding: vec![(-1, 2)], ..ReduceWindow::new(op, &[3]) });
        let (keyword, attributes) = prim.attributes().unwrap();
        assert_eq!(Prim::from_attributes(keyword, &attributes), Ok(prim));
    }
}
