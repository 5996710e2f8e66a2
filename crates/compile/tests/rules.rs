//! Every rewrite of `simplify` fires, and gives what it should.

use array::{Array, DType, Type};
use ir::check::random_like;
use ir::transform::trace;
use ir::{Expr, Prim, Program, RuleError, bind1};

/// The program of a function of arrays of these f64 shapes.
fn program(shapes: &[&[usize]], f: impl FnOnce(&[Expr]) -> Expr) -> Program {
    let types: Vec<Type> = shapes.iter().map(|s| Type::new(DType::F64, *s)).collect();
    trace("test", &types, |x| -> Result<_, RuleError> { Ok(vec![f(x)]) }).unwrap().program
}

/// The names of the operations that are left.
fn names(p: &Program) -> Vec<&'static str> {
    p.equations().iter().map(|eq| eq.prim.rules().name()).collect()
}

/// Checks what is left of a function, and that it computes the same bits.
#[track_caller]
fn check(shapes: &[&[usize]], f: impl FnOnce(&[Expr]) -> Expr, left: &[&str]) {
    let before = program(shapes, f);
    let after = compile::optimise(&before);
    assert_eq!(names(&after), left, "{before:?}");
    let x: Vec<Array> = before.input_types().iter().map(|t| random_like(t, 3)).collect();
    assert_eq!(before.eval(&x).unwrap(), after.eval(&x).unwrap());
}

fn raw(prim: impl Into<Prim>, x: &[&Expr]) -> Expr {
    bind1(prim, x)
}

use ir::prim::{
    BroadcastInDim, Concatenate, Convert, IntegerPow, Pad, Padding, Reduce, ReduceOp, Reshape,
    Reverse, Select, Slice, Transpose,
};

#[test]
fn neutral_elements() {
    let v: &[&[usize]] = &[&[3]];
    check(v, |x| x[0].plus(-0.0), &[]);
    check(v, |x| &x[0].full_like(-0.0) + &x[0], &[]);
    check(v, |x| x[0].exp().plus(0.0), &["exp"]);
    check(v, |x| x[0].plus(0.0), &["constant", "broadcast_in_dim", "add"]);
    check(v, |x| &x[0] - &x[0].full_like(0.0), &[]);
    check(v, |x| x[0].times(1.0), &[]);
    check(v, |x| &x[0].full_like(1.0) * &x[0], &[]);
    check(v, |x| &x[0] / &x[0].full_like(1.0), &[]);
    check(v, |x| raw(ir::prim::Binary::Pow, &[&x[0], &x[0].full_like(1.0)]), &[]);
    check(v, |x| x[0].integer_pow(1), &[]);
    check(v, |x| raw(IntegerPow { n: 0 }, &[&x[0]]), &["constant", "broadcast_in_dim"]);
    check(v, |x| x[0].integer_pow(2), &["mul"]);
}

#[test]
fn integers_have_one_zero() {
    let types = [Type::new(DType::I32, vec![2])];
    let f = |x: &[Expr]| -> Result<_, RuleError> { Ok(vec![x[0].plus(0.0)]) };
    let p = trace("test", &types, f).unwrap().program;
    assert!(compile::optimise(&p).equations().is_empty());
}

#[test]
fn involutions_and_equal_operands() {
    let v: &[&[usize]] = &[&[3]];
    check(v, |x| x[0].neg().neg(), &[]);
    check(v, |x| x[0].stop_gradient(), &[]);
    check(v, |x| x[0].maximum(&x[0]), &[]);
    check(v, |x| x[0].minimum(&x[0]), &[]);
    check(v, |x| raw(Select {}, &[&x[0].gt(&x[0]), &x[0], &x[0]]), &[]);
    let condition =
        |x: &[Expr]| Expr::full(&x[0].ty().with_dtype(DType::Bool), 0.0).select(&x[0], &x[0].sin());
    check(v, condition, &["sin"]);
    check(
        v,
        |x| x[0].gt(&x[0].sin()).not().not().select(&x[0], &x[0].cos()),
        &["sin", "gt", "cos", "select"],
    );
}

#[test]
fn conversions() {
    let v: &[&[usize]] = &[&[3]];
    check(v, |x| raw(Convert { dtype: DType::F64 }, &[&x[0]]), &[]);
    // Not exact: stays.
    check(v, |x| x[0].convert(DType::F32).convert(DType::F64), &["convert", "convert"]);
    let types = [Type::new(DType::F32, vec![2])];
    let f = |x: &[Expr]| -> Result<_, RuleError> {
        Ok(vec![x[0].convert(DType::F64).convert(DType::F32)])
    };
    let p = trace("test", &types, f).unwrap().program;
    assert!(compile::optimise(&p).equations().is_empty());
}

#[test]
fn constants_are_computed_once() {
    let folded = |x: &[Expr]| &x[0] * &x[0].full_like(2.0).exp().plus(1.0);
    check(&[&[3]], folded, &["constant", "broadcast_in_dim", "mul"]);
    // A repeated scalar that is not known is computed once.
    let scalar = |x: &[Expr]| x[0].broadcast_in_dim(&[4, 5], &[]).sin();
    check(&[&[]], scalar, &["sin", "broadcast_in_dim"]);
}

#[test]
fn layout_compositions() {
    let m: &[&[usize]] = &[&[2, 3]];
    check(m, |x| x[0].transpose(&[1, 0]).transpose(&[1, 0]), &[]);
    check(m, |x| raw(Transpose { permutation: vec![0, 1] }, &[&x[0]]), &[]);
    check(&[&[1, 3]], |x| x[0].transpose(&[1, 0]), &["reshape"]);
    check(m, |x| x[0].reshape(&[6]).reshape(&[3, 2]), &["reshape"]);
    check(m, |x| x[0].reshape(&[6]).reshape(&[2, 3]), &[]);
    check(m, |x| raw(Reshape { shape: vec![2, 3] }, &[&x[0]]), &[]);
    check(m, |x| raw(BroadcastInDim { shape: vec![2, 3], dims: vec![0, 1] }, &[&x[0]]), &[]);
    check(m, |x| x[0].broadcast_in_dim(&[2, 1, 3], &[0, 2]), &["reshape"]);
    let twice = |x: &[Expr]| {
        x[0].broadcast_in_dim(&[2, 3, 4], &[0, 1]).broadcast_in_dim(&[5, 2, 3, 4], &[1, 2, 3])
    };
    check(m, twice, &["broadcast_in_dim"]);
    let slices = |x: &[Expr]| {
        let slice = |e: &Expr, start: usize, limit: usize, stride: usize| {
            raw(Slice { start: vec![start], limit: vec![limit], strides: vec![stride] }, &[e])
        };
        slice(&slice(&x[0], 1, 9, 2), 1, 4, 2)
    };
    check(&[&[10]], slices, &["slice"]);
    check(
        m,
        |x| raw(Slice { start: vec![0, 0], limit: vec![2, 3], strides: vec![1, 1] }, &[&x[0]]),
        &[],
    );
    let none = Padding { low: 0, high: 0, interior: 0 };
    check(
        m,
        |x| raw(Pad { padding: vec![none; 2] }, &[&x[0], &Expr::scalar(DType::F64, 1.0)]),
        &[],
    );
    check(m, |x| raw(Concatenate { axis: 0 }, &[&x[0]]), &[]);
    check(&[&[2, 3], &[0, 3]], |x| Expr::concatenate(&[&x[1], &x[0]], 0), &[]);
    check(m, |x| x[0].reverse(&[0]).reverse(&[0, 1]), &["reverse"]);
    check(m, |x| x[0].reverse(&[0, 1]).reverse(&[0, 1]), &[]);
    check(&[&[1, 3]], |x| raw(Reverse { axes: vec![0] }, &[&x[0]]), &[]);
}

#[test]
fn repeated_scalars_under_another_shape() {
    let repeated = |x: &[Expr]| x[0].broadcast_in_dim(&[4, 6], &[]);
    for f in [
        |e: Expr| e.reshape(&[24]),
        |e: Expr| e.transpose(&[1, 0]),
        |e: Expr| e.slice_axis(0, 1, 3),
        |e: Expr| e.reverse(&[1]),
    ] {
        check(&[&[]], |x| f(repeated(x)), &["broadcast_in_dim"]);
    }
}

#[test]
fn reductions_over_nothing() {
    let m: &[&[usize]] = &[&[2, 1, 3]];
    check(m, |x| raw(Reduce { op: ReduceOp::Max, axes: vec![] }, &[&x[0]]), &[]);
    check(m, |x| x[0].reduce(ReduceOp::Prod, &[1]), &["reshape"]);
    check(m, |x| x[0].reduce_sum(&[1]), &["reduce_sum"]);
}

#[test]
fn transpositions_of_products() {
    let two: &[&[usize]] = &[&[2, 3], &[4, 3]];
    check(two, |x| x[0].matmul(&x[1].transpose(&[1, 0])), &["dot_general"]);
    check(two, |x| x[0].matmul(&x[1].transpose(&[1, 0])).transpose(&[1, 0]), &["dot_general"]);
    // The free axes would change their order.
    let free = |x: &[Expr]| x[0].transpose(&[1, 0, 2]).dot_general(&x[1], [&[2], &[0]], [&[], &[]]);
    check(&[&[2, 3, 4], &[4, 5]], free, &["transpose", "dot_general"]);
}
