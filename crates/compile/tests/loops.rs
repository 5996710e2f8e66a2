//! The passes over loops: each fires where it should, and keeps what the program means.

use array::{Array, DType, Type};
use ir::check::random_like;
use ir::prim::{Scan, Slice};
use ir::transform::trace;
use ir::{Expr, Prim, Program, RuleError, bind, bind1};
use std::sync::Arc;

const LENGTH: usize = 5;

/// The shapes of a loop's operands.
struct Shapes<'a> {
    consts: &'a [&'a [usize]],
    carry: &'a [&'a [usize]],
    /// Of one slice.
    xs: &'a [&'a [usize]],
}

fn float(shape: &[usize]) -> Type {
    Type::new(DType::F64, shape)
}

/// A program that is a loop over this body, with the given ones of its outputs.
fn program(
    shapes: &Shapes<'_>,
    reverse: bool,
    body: impl FnOnce(&[Expr]) -> Vec<Expr>,
    read: &[usize],
) -> Program {
    let types: Vec<Type> =
        [shapes.consts, shapes.carry, shapes.xs].concat().into_iter().map(float).collect();
    let body = trace("scan", &types, |v| -> Result<_, RuleError> { Ok(body(v)) }).unwrap().program;
    let (consts, carry) = (shapes.consts.len(), shapes.carry.len());
    let scan = Scan { length: LENGTH, reverse, consts, carry, body: Arc::new(body) };
    let mut outer = types;
    for t in &mut outer[consts + carry..] {
        t.shape.insert(0, LENGTH);
    }
    trace("test", &outer, |x| -> Result<_, RuleError> {
        let y = bind(scan, &x.iter().collect::<Vec<_>>());
        Ok(read.iter().map(|&o| y[o].clone()).collect())
    })
    .unwrap()
    .program
}

fn names(p: &Program) -> Vec<&'static str> {
    p.equations().iter().map(|eq| eq.prim.rules().name()).collect()
}

/// The only loop of a program.
fn only_loop(p: &Program) -> &Scan {
    let mut loops = p.equations().iter().filter_map(|eq| match &eq.prim {
        Prim::Scan(scan) => Some(scan),
        _ => None,
    });
    let found = loops.next().expect("a loop");
    assert!(loops.next().is_none());
    found
}

/// Runs both on the same numbers: the greatest difference, relative to 1 and the value.
#[track_caller]
fn difference(before: &Program, after: &Program) -> f64 {
    assert_eq!(before.input_types(), after.input_types());
    ir::verify(after).unwrap();
    let x: Vec<Array> =
        before.input_types().iter().enumerate().map(|(i, t)| random_like(t, i as u64)).collect();
    let (want, got) = (before.eval(&x).unwrap(), after.eval(&x).unwrap());
    let mut worst: f64 = 0.0;
    for (w, g) in want.iter().zip(&got) {
        assert_eq!(w.ty(), g.ty());
        for (w, g) in w.to_f64().into_iter().zip(g.to_f64()) {
            worst = worst.max((w - g).abs() / (1.0 + w.abs()));
        }
    }
    worst
}

/// That a pass keeps every bit.
#[track_caller]
fn same(before: &Program, after: &Program) {
    assert_eq!(difference(before, after), 0.0);
}

#[test]
fn what_depends_on_constants_only_leaves_the_loop() {
    let shapes = Shapes { consts: &[&[3, 3]], carry: &[&[2, 3]], xs: &[] };
    let before =
        program(&shapes, false, |v| vec![v[1].matmul(&v[0].tanh().times(0.5)).sin()], &[0]);
    let after = compile::invariant(&before);
    assert_eq!(names(&after), ["tanh", "constant", "broadcast_in_dim", "mul", "scan"]);
    assert_eq!(names(&only_loop(&after).body), ["dot_general", "sin"]);
    same(&before, &after);
}

#[test]
fn the_products_of_all_slices_are_one_product() {
    let shapes = Shapes { consts: &[&[4, 3], &[3]], carry: &[&[2, 3]], xs: &[&[2, 4]] };
    let body = |v: &[Expr]| {
        let driven = &v[3].matmul(&v[0]) + &v[1].broadcast_in_dim(&[2, 3], &[1]);
        let next = (&driven + &v[2]).tanh();
        vec![next.clone(), next]
    };
    for reverse in [false, true] {
        let before = program(&shapes, reverse, body, &[0, 1]);
        let after = compile::in_front(&before);
        assert_eq!(names(&after), ["dot_general", "scan"]);
        // The addition is repeated in the loop, which reads no more for it.
        assert_eq!(names(&only_loop(&after).body), ["broadcast_in_dim", "add", "add", "tanh"]);
        same(&before, &after);
        let after = compile::optimise(&before);
        assert_eq!(only_loop(&after).body.input_types().len(), 3, "the slices are not read");
        same(&before, &after);
    }
}

#[test]
fn functions_of_slices_are_computed_for_all_steps_at_once() {
    let shapes = Shapes { consts: &[], carry: &[&[2]], xs: &[&[6]] };
    let part = |x: &Expr, start: usize| {
        bind1(Slice { start: vec![start], limit: vec![start + 2], strides: vec![1] }, &[x])
    };
    let body = |v: &[Expr]| {
        let x = v[1].times(2.0).exp();
        vec![&(&v[0] * &part(&x, 0)) + &part(&x, 4)]
    };
    let before = program(&shapes, false, body, &[0]);
    let after = compile::in_front(&before);
    assert_eq!(names(&only_loop(&after).body), ["slice", "mul", "slice", "add"]);
    same(&before, &after);
}

#[test]
fn what_grows_stays_in_the_loop() {
    let shapes = Shapes { consts: &[&[7, 1]], carry: &[&[7, 2]], xs: &[&[2]] };
    let body = |v: &[Expr]| {
        let wide = v[2].broadcast_in_dim(&[7, 2], &[1]);
        vec![&v[1] + &(&wide * &v[0].reshape(&[7]).broadcast_in_dim(&[7, 2], &[0]))]
    };
    let before = program(&shapes, false, body, &[0]);
    assert_eq!(*compile::in_front(&before), before);
}

#[test]
fn a_sum_of_products_is_one_product_over_the_steps() {
    // The weights' gradient of a recurrent network, and the bias's.
    let shapes =
        Shapes { consts: &[&[3, 3]], carry: &[&[2, 3], &[3, 3], &[3]], xs: &[&[2, 3], &[2, 3]] };
    let body = |v: &[Expr]| {
        let g = &v[4] * &v[1].tanh();
        let back = g.matmul(&v[0].matrix_transpose());
        let dw = &g.dot_general(&v[5], [&[0], &[0]], [&[], &[]]).matrix_transpose() + &v[2];
        vec![back, dw, &v[3] + &g.reduce_sum(&[0])]
    };
    for reverse in [false, true] {
        let before = program(&shapes, reverse, body, &[0, 1, 2]);
        let after = compile::sums(&before);
        let scan = only_loop(&after);
        assert_eq!((scan.carry, scan.body.outputs().len()), (1, 2));
        let after_loop = ["scan", "dot_general", "transpose", "add", "reduce_sum", "add"];
        assert_eq!(names(&after), after_loop);
        assert!(difference(&before, &after) < 1e-14);
        let all = compile::optimise(&before);
        assert!(difference(&before, &all) < 1e-14);
        assert_eq!(only_loop(&all).carry, 1);
        assert!(!names(&only_loop(&all).body).contains(&"transpose"));
    }
}

#[test]
fn sums_that_are_read_on_the_way_stay_in_the_loop() {
    let shapes = Shapes { consts: &[], carry: &[&[3, 3]], xs: &[&[2, 3]] };
    let square = |x: &Expr| x.dot_general(x, [&[0], &[0]], [&[], &[]]);
    // Stacked as well, read by another value, or scaled: not a sum over the steps.
    let stacked = |v: &[Expr]| {
        let c = &v[0] + &square(&v[1]);
        vec![c.clone(), c]
    };
    let before = program(&shapes, false, stacked, &[0, 1]);
    assert_eq!(*compile::sums(&before), before);
    let read = |v: &[Expr]| vec![&v[0] + &square(&v[1]), v[0].sin()];
    let before = program(&shapes, false, read, &[0, 1]);
    assert_eq!(*compile::sums(&before), before);
    let scaled = |v: &[Expr]| vec![&v[0].times(0.9) + &square(&v[1])];
    let before = program(&shapes, false, scaled, &[0]);
    assert_eq!(*compile::sums(&before), before);
    // A plain sum of squares does leave, and no loop is left.
    let sum = |v: &[Expr]| vec![&v[0] + &square(&v[1])];
    let before = program(&shapes, false, sum, &[0]);
    let after = compile::optimise(&before);
    assert_eq!(names(&after), ["dot_general", "add"]);
    assert!(difference(&before, &after) < 1e-14);
}

#[test]
fn a_sum_whose_factors_would_fill_the_memory_stays_in_the_loop() {
    // 2 numbers a step come in; the factors have 200 each.
    let shapes = Shapes { consts: &[&[100, 2]], carry: &[&[2, 2]], xs: &[&[2]] };
    let body = |v: &[Expr]| {
        let wide = &v[0] * &v[2].broadcast_in_dim(&[100, 2], &[1]);
        let product = wide.sin().dot_general(&wide.cos(), [&[0], &[0]], [&[], &[]]);
        vec![&v[1] + &product]
    };
    let before = program(&shapes, false, body, &[0]);
    assert_eq!(*compile::sums(&before), before);
}

#[test]
fn constant_factors_are_turned_before_the_loop() {
    let shapes = Shapes { consts: &[&[3, 3]], carry: &[&[2, 3]], xs: &[&[2, 3]] };
    let body = |v: &[Expr]| {
        let g = v[1].dot_general(&v[0], [&[1], &[1]], [&[], &[]]);
        vec![(&g + &v[2]).tanh()]
    };
    let before = program(&shapes, false, body, &[0]);
    let after = compile::oriented(&before);
    assert_eq!(names(&after), ["transpose", "scan"]);
    same(&before, &after);
    let Prim::DotGeneral(dot) = &only_loop(&after).body.equations()[0].prim else {
        panic!("a product")
    };
    assert_eq!(dot.contract, [vec![1], vec![0]]);
    assert_eq!(only_loop(&compile::optimise(&before)).consts, 1, "W itself is not needed");
}

#[test]
fn what_nobody_reads_is_neither_carried_nor_stacked() {
    let shapes = Shapes { consts: &[&[2], &[2]], carry: &[&[2], &[2], &[2]], xs: &[&[2], &[2]] };
    let body = |v: &[Expr]| {
        // carry: a function of itself, a constant, one that only itself needs.
        let next = (&(&v[2] * &v[3]) + &v[5]).sin();
        let ys = [next.clone(), next.clone(), v[0].clone(), v[5].clone(), v[6].exp()];
        [vec![next, v[3].clone(), v[4].cos()], ys.to_vec()].concat()
    };
    for reverse in [false, true] {
        let before = program(&shapes, reverse, body, &[0, 1, 3, 4, 5, 6]);
        let after = compile::unused(&before);
        let scan = only_loop(&after);
        assert_eq!((scan.consts, scan.carry), (1, 1), "the carried constant; the function");
        assert_eq!(scan.body.input_types().len(), 3);
        assert_eq!(scan.body.outputs().len(), 2, "equal stacks are one");
        assert_eq!(names(&scan.body), ["mul", "add", "sin"]);
        same(&before, &after);
        same(&before, &compile::optimise(&before));
    }
}

#[test]
fn a_loop_of_no_steps_is_left_alone() {
    let types = [float(&[3, 3]), float(&[0, 2, 3])];
    let body = |v: &[Expr]| -> Result<_, RuleError> {
        Ok(vec![&v[0] + &v[1].dot_general(&v[1], [&[0], &[0]], [&[], &[]])])
    };
    let body = trace("scan", &[float(&[3, 3]), float(&[2, 3])], body).unwrap().program;
    let scan = Scan { length: 0, reverse: false, consts: 0, carry: 1, body: Arc::new(body) };
    let before = trace("test", &types, |x| -> Result<_, RuleError> {
        Ok(bind(scan, &x.iter().collect::<Vec<_>>()))
    })
    .unwrap()
    .program;
    same(&before, &compile::optimise(&before));
}
