//! Loops under transformations, against the same loops unrolled.

mod support;

use support::{assert_close, check_derivatives, varied};
use tensor::transformations::scan_with;
use tensor::{Tensor, checkpoint, cond, grad, hessian, jit, jvp, scan, switch, vmap, while_loop};

type State = (Tensor, Tensor);

/// One step of a recurrent cell with two states.
fn step(w: &Tensor, (h, c): &State, x: &Tensor) -> (State, Tensor) {
    let gate = (w.matmul(h) + x).logistic();
    let c = c * &gate + x.tanh() * (1.0 - &gate);
    let h = c.tanh();
    ((h.clone(), c), h.square().sum())
}

fn initial() -> State {
    (varied(&[2], 5.0), varied(&[2], 6.0))
}

fn looped(w: &Tensor, xs: &Tensor) -> Tensor {
    let ((h, c), ys) = scan(|s: &State, x: &Tensor| step(w, s, x), &initial(), xs);
    h.sum() + c.prod() + ys.sum()
}

fn unrolled(w: &Tensor, xs: &Tensor) -> Tensor {
    let mut state = initial();
    let mut total = Tensor::from(0.0);
    for i in 0..xs.shape()[0] {
        let y;
        (state, y) = step(w, &state, &xs.index(0, i as isize));
        total = total + y;
    }
    state.0.sum() + state.1.prod() + total
}

#[test]
fn values_and_derivatives_are_those_of_the_unrolled_loop() {
    let (w, xs) = (varied(&[2, 2], 0.0), varied(&[4, 2], 1.0));
    assert_close(&looped(&w, &xs), &unrolled(&w, &xs), 1e-15);
    let g = |f: fn(&Tensor, &Tensor) -> Tensor| grad(move |(w, x): &(Tensor, Tensor)| f(w, x));
    let (a, b) = (g(looped)(&(w.clone(), xs.clone())), g(unrolled)(&(w.clone(), xs.clone())));
    assert_close(&a.0, &b.0, 1e-14);
    assert_close(&a.1, &b.1, 1e-14);
    let h = |f: fn(&Tensor, &Tensor) -> Tensor| hessian(|w: &Tensor| f(w, &xs))(&w);
    assert_close(&h(looped), &h(unrolled), 1e-13);
    let (_, dy) = jvp(|x: &Tensor| looped(&w, x))(&xs, &varied(&[4, 2], 2.0));
    let (_, dz) = jvp(|x: &Tensor| unrolled(&w, x))(&xs, &varied(&[4, 2], 2.0));
    assert_close(&dy, &dz, 1e-14);
}

#[test]
fn vmap_of_a_scan_is_a_loop_over_scans() {
    let (ws, xs) = (varied(&[3, 2, 2], 0.0), varied(&[3, 4, 2], 1.0));
    let mapped = |f: fn(&Tensor, &Tensor) -> Tensor| {
        vmap(move |(w, x): &(Tensor, Tensor)| f(w, x))(&(ws.clone(), xs.clone()))
    };
    assert_close(&mapped(looped), &mapped(unrolled), 1e-14);
    // Only one of them batched, so that only part of the loop is.
    let w = ws.index(0, 0);
    let x = xs.index(0, 1);
    let by_x = vmap(|x: &Tensor| looped(&w, x))(&xs);
    assert_close(&by_x.index(0, 1), &unrolled(&w, &x), 1e-14);
    let by_w = vmap(|w: &Tensor| looped(w, &x))(&ws);
    assert_close(&by_w.index(0, 2), &unrolled(&ws.index(0, 2), &x), 1e-14);
    // grad of vmap of scan, vmap of grad of scan, and both compiled.
    let total = |w: &Tensor| vmap(|x: &Tensor| looped(w, x))(&xs).sum();
    let each = vmap(|x: &Tensor| grad(|w: &Tensor| looped(w, x))(&w))(&xs);
    assert_close(&grad(total)(&w), &each.sum_axes(0), 1e-13);
    assert_close(&jit(|w: &Tensor| grad(total)(w))(&w), &grad(total)(&w), 1e-14);
    check_derivatives(total, &w);
}

#[test]
fn scans_in_scans_backwards_and_checkpointed() {
    let xs = varied(&[3, 4], 0.0);
    // y = Σ_i Π_j cos(a x_ij), the outer loop from the end.
    let inner = |a: &Tensor, row: &Tensor| {
        scan(|p: &Tensor, x: &Tensor| (p * (a * x).cos(), ()), &Tensor::from(1.0), row).0
    };
    let f = |a: &Tensor| {
        let body = |s: &Tensor, row: &Tensor| {
            let p =
                checkpoint(|(a, row): &(Tensor, Tensor)| inner(a, row))(&(a.clone(), row.clone()));
            (s + &p * s.sin(), p)
        };
        let (s, ps) = scan_with(true, None, body, &Tensor::from(0.3), &xs);
        s * ps.sum()
    };
    let direct = |a: &Tensor| {
        let ps = (a * &xs).cos().prod_axes(1);
        let mut s = Tensor::from(0.3);
        for i in (0..3).rev() {
            s = &s + ps.index(0, i) * s.sin();
        }
        s * ps.sum()
    };
    let a = Tensor::from(0.7);
    assert_close(&f(&a), &direct(&a), 1e-15);
    assert_close(&grad(f)(&a), &grad(direct)(&a), 1e-14);
    assert_close(&hessian(f)(&a), &hessian(direct)(&a), 1e-13);
    let many = varied(&[5], 1.0);
    assert_close(
        &vmap(|a: &Tensor| grad(f)(a))(&many),
        &vmap(|a: &Tensor| grad(direct)(a))(&many),
        1e-13,
    );
}

#[test]
fn choices_under_transformations() {
    let f = |x: &Tensor| cond(&x.gt(0.0), |x: &Tensor| x.square(), |x: &Tensor| -x.powi(3), x);
    let x = Tensor::from([-2.0, 3.0]);
    let direct = |x: &Tensor| x.gt(0.0).select(&x.square(), &-x.powi(3));
    assert_close(&vmap(f)(&x), &direct(&x), 0.0);
    assert_close(&vmap(|x: &Tensor| grad(f)(x))(&x), &Tensor::from([-12.0, 6.0]), 1e-15);
    assert_close(&vmap(|x: &Tensor| hessian(f)(x))(&x), &Tensor::from([12.0, 2.0]), 1e-15);
    assert_close(
        &jit(|x: &Tensor| grad(|x: &Tensor| vmap(f)(x).sum())(x))(&x),
        &Tensor::from([-12.0, 6.0]),
        1e-15,
    );

    let branches: [&dyn Fn(&Tensor) -> Tensor; 3] = [&|x| x.sin(), &|x| x * 2.0, &|x| x.exp()];
    for (i, expected) in [(0_i64, 0.5_f64.cos()), (1, 2.0), (2, 0.5_f64.exp()), (9, 0.5_f64.exp())]
    {
        let g = grad(|x: &Tensor| switch(&Tensor::from(i), &branches, x))(&Tensor::from(0.5));
        assert!((g.item() - expected).abs() < 1e-15);
    }
    let chosen =
        vmap(|i: &Tensor| switch(i, &branches, &Tensor::from(0.5)))(&Tensor::from([1_i64, 0]));
    assert_close(&chosen, &Tensor::from([1.0, 0.5_f64.sin()]), 1e-15);
}

#[test]
fn a_while_loop_of_each_example_runs_its_own_length() {
    let f = |x: &Tensor| while_loop(|x: &Tensor| x.lt(100.0), |x: &Tensor| x * 2.0, x);
    let x = Tensor::from([3.0, 50.0, 200.0]);
    assert_close(&vmap(f)(&x), &Tensor::from([192.0, 100.0, 200.0]), 0.0);
    let (_, dy) = jvp(|x: &Tensor| vmap(f)(x))(&x, &x.ones_like());
    assert_close(&dy, &Tensor::from([64.0, 2.0, 1.0]), 0.0);
    assert_close(&jit(|x: &Tensor| vmap(f)(x))(&x), &vmap(f)(&x), 0.0);
}
