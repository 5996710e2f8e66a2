//! Reading and adding at indices, sorting, running reductions.

mod support;

use support::{assert_close, assert_says, assert_values, check_derivatives, message_of, varied};
use tensor::{DType, Tensor, grad, hessian, jit, vmap};

fn indices(values: &[i64]) -> Tensor {
    Tensor::from(values.to_vec())
}

#[test]
fn one_hot_rows() {
    let y = Tensor::from([[0_i32, 2], [5, -1]]).one_hot(3, DType::F32);
    assert_eq!((y.shape(), y.dtype()), (&[2, 2, 3][..], DType::F32));
    let expected = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    assert_values(&y, &expected, 0.0);
    let traced = jit(|i: &Tensor| i.one_hot(3, DType::F64));
    assert_values(&traced(&indices(&[1])), &[0.0, 1.0, 0.0], 0.0);
    assert_says(&message_of(|| Tensor::from(0.5).one_hot(2, DType::F64)), &["integers", "f64[]"]);
}

#[test]
fn taking_and_its_adjoint() {
    let x = varied(&[2, 3, 4], 0.0);
    let i = Tensor::from([[2_i64, 0], [1, 1]]);
    let y = x.take(&i, 1);
    assert_eq!(y.shape(), [2, 2, 2, 4]);
    for a in 0..2 {
        for (b, c, k) in [(0, 0, 2), (0, 1, 0), (1, 0, 1), (1, 1, 1)] {
            let got = y.index(0, a).index(0, b).index(0, c);
            assert_close(&got, &x.index(0, a).index(0, k), 0.0);
        }
    }
    // ⟨take x, c⟩ = ⟨x, scatter_add c⟩.
    let c = varied(y.shape(), 1.0);
    assert_close(&y.vdot(&c), &x.vdot(&c.scatter_add(&i, 1, 0, 3)), 1e-14);
    assert_close(
        &grad(|x: &Tensor| x.take(&i, 1).vdot(&c))(&x),
        &c.scatter_add(&i, 1, 0, 3),
        1e-15,
    );
    check_derivatives(|x| x.take(&i, -1).sin().sum(), &x);
    check_derivatives(|c| c.scatter_add(&i, -2, 0, 5).sin().sum(), &c);
    // Outside: clamped when read, dropped when added.
    let v = Tensor::from([1.0, 2.0]);
    assert_values(&v.take(&indices(&[-1, 7]), 0), &[1.0, 2.0], 0.0);
    assert_values(&v.scatter_add(&indices(&[-1, 7]), 0, 0, 2), &[0.0, 0.0], 0.0);
}

#[test]
fn axes_in_parallel() {
    let x = varied(&[3, 4, 2], 0.0);
    let i = Tensor::from([[0_i64, 3], [1, 1], [2, 0]]);
    let y = x.gather(&i, 1, 1);
    let mapped = vmap(|(x, i): &(Tensor, Tensor)| x.take(i, 0))(&(x.clone(), i.clone()));
    assert_close(&y, &mapped, 0.0);
    let back = y.scatter_add(&i, 1, 1, 4);
    let mapped = vmap(|(y, i): &(Tensor, Tensor)| y.scatter_add(i, 0, 0, 4))(&(y, i));
    assert_close(&back, &mapped, 1e-15);
}

#[test]
fn along_an_axis() {
    let x = varied(&[2, 4, 3], 0.0);
    for axis in -3..3 {
        let order = x.argsort(axis);
        assert_close(&x.take_along_axis(&order, axis), &x.sort(axis), 0.0);
    }
    let i = Tensor::from_vec(vec![1_i64; 6], &[2, 1, 3]);
    assert_close(&x.take_along_axis(&i, 1), &x.slice_axis(1, 1, 2), 0.0);
    check_derivatives(|x| x.take_along_axis(&i, 1).exp().sum(), &x);
    assert_says(
        &message_of(|| x.take_along_axis(&i, 0)),
        &["take_along_axis", "other axes than 0"],
    );
}

#[test]
fn adding_at_indices() {
    let x = varied(&[3, 2], 0.0);
    let updates = varied(&[4, 2], 1.0);
    let i = indices(&[2, 0, 2, 9]);
    let y = x.index_add(&i, 0, &updates);
    let row = |t: &Tensor, k: isize| t.index(0, k);
    assert_close(&row(&y, 0), &(row(&x, 0) + row(&updates, 1)), 1e-15);
    assert_close(&row(&y, 1), &row(&x, 1), 0.0);
    assert_close(&row(&y, 2), &(row(&x, 2) + row(&updates, 0) + row(&updates, 2)), 1e-15);
    check_derivatives(|u| x.index_add(&i, 0, u).sin().sum(), &updates);
}

#[test]
fn boxes_at_computed_places() {
    let x = varied(&[4, 5], 0.0);
    let start = indices(&[1, 2]);
    let y = x.dynamic_slice(&start, &[2, 3]);
    assert_close(&y, &x.slice(&[1, 2], &[3, 5], &[1, 1]), 0.0);
    let update = varied(&[2, 2], 3.0);
    let z = x.dynamic_update_slice(&update, &start);
    assert_close(&z.dynamic_slice(&start, &[2, 2]), &update, 0.0);
    check_derivatives(|x| x.dynamic_slice(&start, &[2, 3]).exp().sum(), &x);
    check_derivatives(|u| x.dynamic_update_slice(u, &start).sin().sum(), &update);
    // A place per example.
    let starts = Tensor::from([[0_i64, 0], [9, 9]]);
    let mapped = vmap(|s: &Tensor| x.dynamic_slice(s, &[2, 2]))(&starts);
    assert_close(&mapped.index(0, 1), &x.slice(&[2, 3], &[4, 5], &[1, 1]), 0.0);
}

#[test]
fn sorting() {
    let nan = f64::NAN;
    let x = Tensor::from([2.0, nan, -1.0, 2.0, f64::INFINITY]);
    assert_values(&x.sort(0), &[-1.0, 2.0, 2.0, f64::INFINITY, nan], 0.0);
    assert_eq!(x.argsort(0).to_vec::<i64>(), [2, 0, 3, 4, 1]);
    let (values, places) = x.top_k(3, 0);
    assert_values(&values, &[f64::INFINITY, 2.0, 2.0], 0.0);
    assert_eq!(places.to_vec::<i64>(), [4, 0, 3]);
    let x = varied(&[3, 4], 0.0);
    let weights = varied(&[3, 4], 1.0);
    check_derivatives(|x| (x.sort(0) * &weights).square().sum(), &x);
    check_derivatives(|x| (x.top_k(2, -1).0 * weights.slice_axis(1, 0, 2)).exp().sum(), &x);
    assert_close(&vmap(|x: &Tensor| x.sort(0))(&x), &x.sort(1), 0.0);
    assert_close(&vmap(|x: &Tensor| x.argsort(0))(&x), &x.argsort(1), 0.0);
    assert_says(&message_of(|| x.top_k(5, 1)), &["top_k", "5 largest of 4"]);
    // A median, and its gradient: the element in the middle.
    let median = |x: &Tensor| x.sort(0).index(0, 1);
    assert_values(&grad(median)(&Tensor::from([5.0, 1.0, 3.0])), &[0.0, 0.0, 1.0], 0.0);
}

#[test]
fn running_reductions() {
    let x = varied(&[2, 5], 0.3);
    type Function = fn(&Tensor) -> Tensor;
    let functions: [(Function, Function); 5] = [
        (|x| x.cumsum(1), |x| x.sum_axes(1)),
        (|x| x.cumprod(1), |x| x.prod_axes(1)),
        (|x| x.cummax(1), |x| x.max_axes(1)),
        (|x| x.cummin(1), |x| x.min_axes(1)),
        (|x| x.logcumsumexp(1), |x| x.logsumexp(1)),
    ];
    for (running, reduced) in functions {
        let y = running(&x);
        for k in 1..=5 {
            let prefix = reduced(&x.slice_axis(1, 0, k));
            assert_close(&y.index(1, k as isize - 1), &prefix, 1e-14);
        }
        check_derivatives(|x| (running(x) * varied(&[2, 5], 2.0)).sum(), &x);
        assert_close(&running(&x.flip(1)).flip(1).index(1, 0), &reduced(&x), 1e-14);
    }
    let zeros = Tensor::from([2.0, 0.0, 3.0, 0.0]);
    let g = grad(|x: &Tensor| x.cumprod(0).sum())(&zeros);
    assert_values(&g, &[1.0, 2.0 + 6.0, 0.0, 0.0], 0.0);
    let nothing = Tensor::from([f64::NEG_INFINITY, 0.0]);
    assert_values(&hessian(|x: &Tensor| x.logcumsumexp(0).index(0, 1))(&nothing), &[0.0; 4], 0.0);
}
