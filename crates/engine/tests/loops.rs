//! Loops with products, forward and back: the engine agrees with the reference, which knows
//! nothing of what has left the loop, and with itself for any number of threads.

mod common;

use array::{Array, DType, Type};
use common::{difference, narrowed};
use ir::check::random_like;
use ir::prim::Scan;
use ir::transform::trace;
use ir::{Expr, Program, RuleError, bind};
use std::sync::Arc;

const STEPS: usize = 6;
const BATCH: usize = 3;
const INPUTS: usize = 5;
const HIDDEN: usize = 4;

fn traced(types: &[Type], f: impl FnOnce(&[Expr]) -> Vec<Expr>) -> Program {
    trace("test", types, |x| -> Result<_, RuleError> { Ok(f(x)) }).unwrap().program
}

/// A recurrent network with two gates, its outputs, and the loop that goes back over it: products
/// of the slices with a constant, with its transposition, a sum of products, cotangents of parts
/// of an array, a sum that is read on the way.
fn program(dtype: DType) -> Program {
    let float = |shape: &[usize]| Type::new(dtype, shape);
    let (state, gates) = (float(&[BATCH, HIDDEN]), float(&[BATCH, 2 * HIDDEN]));
    let (input, recurrent) = (float(&[INPUTS, 2 * HIDDEN]), float(&[HIDDEN, 2 * HIDDEN]));
    let x = float(&[BATCH, INPUTS]);
    let forward_types = [input.clone(), recurrent.clone(), state.clone(), x.clone()];
    let forward = traced(&forward_types, |v| {
        let sum = &v[3].matmul(&v[0].times(0.5)) + &v[2].matmul(&v[1]);
        let gate = sum.slice_axis(1, 0, HIDDEN).logistic();
        let value = sum.slice_axis(1, HIDDEN, 2 * HIDDEN).tanh();
        let next = &(&gate * &value) + &v[2].times(0.5);
        vec![next.clone(), v[2].clone(), gate, value, next]
    });
    let back_types = [
        recurrent.clone(),
        state.clone(),
        recurrent.clone(),
        gates.with_shape([2 * HIDDEN]),
        float(&[]),
        state.clone(),
        state.clone(),
        state.clone(),
    ];
    let back = traced(&back_types, |v| {
        let none = ir::prim::Padding { low: 0, high: 0, interior: 0 };
        let padding = |low: usize, high: usize| {
            [none, ir::prim::Padding { low: low as i64, high: high as i64, interior: 0 }]
        };
        let by_gate = (&v[1] * &v[7]).pad_zero(&padding(0, HIDDEN));
        let by_value = (&v[1] * &v[6]).pad_zero(&padding(HIDDEN, 0));
        let g = &by_gate + &by_value;
        let to_state = g.dot_general(&v[0], [&[1], &[1]], [&[], &[]]);
        let dw = g.dot_general(&v[5], [&[0], &[0]], [&[], &[]]).matrix_transpose();
        let bias = &v[3] + &g.reduce_sum(&[0]);
        let on_the_way = &v[4] + &g.reduce_sum(&[0, 1]);
        vec![to_state, &v[2] + &dw, bias, on_the_way.clone(), on_the_way]
    });
    let xs = float(&[STEPS, BATCH, INPUTS]);
    traced(&[input, recurrent, state, xs], |v| {
        let scan = |reverse, consts, carry, body| Scan {
            length: STEPS,
            reverse,
            consts,
            carry,
            body: Arc::new(body),
        };
        let y = bind(scan(false, 2, 1, forward), &v.iter().collect::<Vec<_>>());
        let zeros = |t: &Type| Expr::full(t, 0.0);
        let (dw, bias, sum) = (zeros(&back_types[2]), zeros(&back_types[3]), zeros(&back_types[4]));
        let operands = [&v[1], &y[0], &dw, &bias, &sum, &y[1], &y[2], &y[3]];
        let z = bind(scan(true, 1, 4, back), &operands);
        [&y[..1], &y[4..], &z].concat()
    })
}

#[test]
fn a_recurrent_network_and_the_way_back() {
    for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 1e-5)] {
        let program = program(dtype);
        let wide: Vec<Array> = program
            .input_types()
            .iter()
            .enumerate()
            .map(|(i, t)| random_like(&t.with_dtype(DType::F64), i as u64))
            .collect();
        let x = if dtype == DType::F32 { narrowed(&wide) } else { wide };
        let want = program.eval(&x).unwrap();
        let mut first: Option<Vec<Array>> = None;
        for threads in [1, 2, 3] {
            engine::set_threads(threads);
            let got = common::run(&program, &x).unwrap();
            assert_eq!(difference(&got, &want, tolerance), None, "in {dtype}");
            let first = first.get_or_insert_with(|| got.clone());
            assert!(*first == got, "depends on the number of threads ({threads})");
        }
    }
}

/// What is stacked is written where it stays: results of loops at once, others by copying; also
/// where a result is stacked twice, carried too, or an argument of the body.
#[test]
fn stacks_hold_what_the_iterations_return() {
    let ty = Type::new(DType::F32, vec![3, 2]);
    let body = traced(&[ty.clone(), ty.clone(), ty.clone()], |v| {
        let next = &v[1].times(0.5) + &(&v[0] * &v[2]);
        let turned = next.reshape(&[2, 3]);
        vec![next.clone(), next.clone(), v[2].clone(), turned, next.clone(), next.times(2.0).sin()]
    });
    for (length, reverse) in [(0, false), (1, false), (4, false), (4, true)] {
        let scan = Scan { length, reverse, consts: 1, carry: 1, body: Arc::new(body.clone()) };
        let x: Vec<Array> = [ty.clone(), ty.clone(), ty.with_shape(vec![length, 3, 2])]
            .iter()
            .enumerate()
            .map(|(i, t)| random_like(t, i as u64))
            .collect();
        let operands: Vec<&Array> = x.iter().collect();
        let want = ir::Primitive::eval(&scan, &operands).expect("a value");
        let got = engine::apply(&scan.into(), &operands).expect("a value");
        assert_eq!(difference(&got, &want, 1e-6), None, "{length} steps, reverse: {reverse}");
    }
}

/// An array that a loop has made is updated in its own memory, entry by entry.
#[test]
fn a_large_array_is_updated_in_place() {
    let ty = Type::new(DType::F32, vec![40, 5]);
    let (row, at) = (ty.with_shape(vec![1, 5]), Type::new(DType::I64, vec![2]));
    let types = [ty, row, at];
    let program = traced(&types, |v| {
        let made = &v[0].times(2.0) + &v[0].sin();
        vec![ir::bind1(ir::prim::DynamicUpdateSlice {}, &[&made, &v[1], &v[2]])]
    });
    let x = [
        random_like(&types[0], 0),
        random_like(&types[1], 1),
        Array::from_vec(vec![7_i64, 0], &[2]),
    ];
    let got = common::run(&program, &x).unwrap();
    assert_eq!(difference(&got, &program.eval(&x).unwrap(), 1e-6), None);
}
