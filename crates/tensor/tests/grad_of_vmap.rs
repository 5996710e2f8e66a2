//! Derivatives of mapped functions, and mapped derivatives, against loops.

mod support;

use support::{assert_close, check_derivatives, varied};
use tensor::transformations::VmapOptions;
use tensor::{Tensor, grad, hessian, hvp, jacfwd, jacrev, jit, jvp, vjp, vmap, vmap_with};

/// A small network of one example.
fn network(w: &Tensor, x: &Tensor) -> Tensor {
    w.matmul(x).tanh().logsumexp(0)
}

fn row(x: &Tensor, i: usize) -> Tensor {
    x.index(0, i as isize)
}

fn stacked(n: usize, f: impl Fn(usize) -> Tensor) -> Tensor {
    let rows: Vec<Tensor> = (0..n).map(f).collect();
    Tensor::stack(&rows.iter().collect::<Vec<_>>(), 0)
}

#[test]
fn the_gradient_of_a_mean_is_the_mean_of_gradients() {
    let (w, xs) = (varied(&[2, 3], 0.0), varied(&[5, 3], 1.0));
    let batch = |w: &Tensor| vmap(|x: &Tensor| network(w, x))(&xs).mean();
    let each = vmap(|x: &Tensor| grad(|w: &Tensor| network(w, x))(&w))(&xs);
    assert_close(&grad(batch)(&w), &each.mean_axes(0), 1e-14);
    check_derivatives(batch, &w);
}

#[test]
fn gradients_per_example_are_those_of_a_loop() {
    let (ws, xs) = (varied(&[5, 2, 3], 0.0), varied(&[5, 3], 1.0));
    let g = |(w, x): &(Tensor, Tensor)| {
        grad(|(w, x): &(Tensor, Tensor)| network(w, x))(&(w.clone(), x.clone()))
    };
    let (dw, dx) = vmap(g)(&(ws.clone(), xs.clone()));
    let one = |i: usize| g(&(row(&ws, i), row(&xs, i)));
    assert_close(&dw, &stacked(5, |i| one(i).0), 1e-15);
    assert_close(&dx, &stacked(5, |i| one(i).1), 1e-15);
    // One weight for all, examples along the last axis, results there too.
    let options = VmapOptions { in_axes: vec![None, Some(-1)], out_axes: vec![-1], name: None };
    let w = row(&ws, 0);
    let got = vmap_with(options, |(w, x): &(Tensor, Tensor)| grad(|x: &Tensor| network(w, x))(x))(
        &(w.clone(), xs.t()),
    );
    let expected = stacked(5, |i| grad(|x: &Tensor| network(&w, x))(&row(&xs, i))).t();
    assert_close(&got, &expected, 1e-15);
}

#[test]
fn hessians_per_example_are_those_of_a_loop() {
    let (w, xs) = (varied(&[2, 3], 0.0), varied(&[4, 3], 1.0));
    let f = |x: &Tensor| network(&w, x);
    let all = vmap(|x: &Tensor| hessian(f)(x))(&xs);
    assert_close(&all, &stacked(4, |i| hessian(f)(&row(&xs, i))), 1e-14);
    let v = varied(&[3], 2.0);
    let products = vmap(|x: &Tensor| hvp(f)(x, &v))(&xs);
    assert_close(&products, &all.matmul(&v), 1e-14);
}

#[test]
fn jacobians_of_mapped_functions_are_block_diagonal() {
    let xs = varied(&[3, 2], 0.0);
    let f = |x: &Tensor| Tensor::stack(&[&x.prod(), &x.sin().sum()], 0);
    let forward = jacfwd(|xs: &Tensor| vmap(f)(xs))(&xs);
    let reverse = jacrev(|xs: &Tensor| vmap(f)(xs))(&xs);
    assert_close(&forward, &reverse, 1e-15);
    for i in 0..3 {
        for j in 0..3 {
            let block = row(&forward, i).index(1, j as isize);
            let expected = if i == j { jacfwd(f)(&row(&xs, i)) } else { block.zeros_like() };
            assert_close(&block, &expected, 1e-15);
        }
    }
}

#[test]
fn four_transformations_deep() {
    // jit(vmap(hessian(vmap-mean of jvp))).
    let (w, xs) = (varied(&[2, 3], 0.0), varied(&[4, 3], 1.0));
    let directions = varied(&[2, 3], 3.0);
    let f = |x: &Tensor| {
        vmap(|v: &Tensor| jvp(|x: &Tensor| network(&w, x))(x, v).1)(&directions).square().mean()
    };
    let compiled = jit(|xs: &Tensor| vmap(|x: &Tensor| hessian(f)(x))(xs))(&xs);
    assert_close(&compiled, &stacked(4, |i| hessian(f)(&row(&xs, i))), 1e-13);
    check_derivatives(f, &row(&xs, 0));
}

#[test]
fn pullbacks_are_mapped_and_differentiated() {
    let (w, x) = (varied(&[2, 3], 0.0), varied(&[3], 1.0));
    let f = |x: &Tensor| w.matmul(x).exp();
    let (_, pull_back) = vjp(f)(&x);
    let rows = vmap(|ct: &Tensor| pull_back(ct))(&Tensor::eye(2, x.dtype()));
    assert_close(&rows, &jacrev(f)(&x), 1e-15);
    // The pullback is linear: its Jacobian is the transposed one.
    assert_close(&jacfwd(|ct: &Tensor| pull_back(ct))(&varied(&[2], 0.0)), &rows.t(), 1e-15);
    // A vjp taken inside a vmap.
    let mapped = vmap(|x: &Tensor| {
        let (y, pull_back) = vjp(f)(x);
        pull_back(&y)
    });
    let xs = varied(&[4, 3], 2.0);
    let one = |x: &Tensor| jacrev(f)(x).t().matmul(&f(x));
    assert_close(&mapped(&xs), &stacked(4, |i| one(&row(&xs, i))), 1e-14);
}
