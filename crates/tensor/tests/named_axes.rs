//! Sums over a named `vmap` axis: the examples of a batch see one another.

mod support;

use support::{assert_close, assert_says, assert_values, check_derivatives, message_of, varied};
use tensor::transformations::VmapOptions;
use tensor::{DType, Tensor, checkpoint, grad, hessian, jit, jvp, scan, vmap, vmap_with};

fn named(name: &'static str) -> VmapOptions {
    VmapOptions { name: Some(name), ..VmapOptions::default() }
}

/// Each example standardised by the mean and variance of its batch.
fn batch_norm(x: &Tensor) -> Tensor {
    let centred = x - x.axis_mean("batch");
    let variance = centred.square().axis_mean("batch");
    centred * (variance + 1e-3).rsqrt()
}

/// The same on the whole batch at once.
fn whole(x: &Tensor) -> Tensor {
    let centred = x - x.mean_axes(0);
    let variance = centred.square().mean_axes(0);
    centred * (variance + 1e-3).rsqrt()
}

#[test]
fn batch_normalisation() {
    let x = varied(&[5, 3], 0.0);
    let weights = varied(&[5, 3], 1.0);
    let mapped = |x: &Tensor| vmap_with(named("batch"), batch_norm)(x);
    assert_close(&mapped(&x), &whole(&x), 1e-14);
    // Gradients through the batch: grad of vmap.
    let loss = |x: &Tensor| (mapped(x) * &weights).sum();
    let expected = grad(|x: &Tensor| (whole(x) * &weights).sum())(&x);
    assert_close(&grad(loss)(&x), &expected, 1e-13);
    check_derivatives(loss, &x);
    assert_close(&jit(|x: &Tensor| grad(loss)(x))(&x), &expected, 1e-13);
    // With respect to what all examples share.
    let scaled =
        |s: &Tensor| vmap_with(named("batch"), |x: &Tensor| batch_norm(&(x * s)).exp())(&x).sum();
    let direct = |s: &Tensor| whole(&(&x * s)).exp().sum();
    let s = varied(&[3], 2.0);
    assert_close(&grad(scaled)(&s), &grad(direct)(&s), 1e-12);
    assert_close(&hessian(scaled)(&s), &hessian(direct)(&s), 1e-10);
}

#[test]
fn a_gradient_inside_the_batch_is_that_of_the_sum_of_losses() {
    // Every example's input enters every example's loss.
    let x = varied(&[4, 2], 0.0);
    let inside =
        vmap_with(named("batch"), |x: &Tensor| grad(|x: &Tensor| (batch_norm(x) * x).sum())(x));
    let outside = grad(|x: &Tensor| (whole(x) * x).sum());
    assert_close(&inside(&x), &outside(&x), 1e-12);
}

#[test]
fn forward_mode_sees_the_batch() {
    let (x, dx) = (varied(&[4, 2], 0.0), varied(&[4, 2], 1.0));
    let (y, dy) = jvp(|x: &Tensor| vmap_with(named("batch"), batch_norm)(x))(&x, &dx);
    let (z, dz) = jvp(whole)(&x, &dx);
    assert_close(&y, &z, 1e-14);
    assert_close(&dy, &dz, 1e-13);
    let both = vmap_with(named("batch"), |(x, dx): &(Tensor, Tensor)| jvp(batch_norm)(x, dx).1);
    assert_close(&both(&(x, dx)), &dz, 1e-13);
}

#[test]
fn nested_axes_are_told_apart_by_name() {
    let x = varied(&[2, 3], 0.0);
    let f = |x: &Tensor| x.axis_sum("columns") * 100.0 + x.axis_sum("rows");
    let nested =
        |x: &Tensor| vmap_with(named("rows"), |r: &Tensor| vmap_with(named("columns"), f)(r))(x);
    let expected = x.sum_axes(1).expand_dims(1) * 100.0 + x.sum_axes(0);
    assert_close(&nested(&x), &expected, 1e-13);
    check_derivatives(|x| nested(x).square().sum(), &x);
    // The innermost of two axes with one name.
    let f = |x: &Tensor| x.axis_sum("n");
    let y = vmap_with(named("n"), |r: &Tensor| vmap_with(named("n"), f)(r))(&x);
    assert_close(&y, &x.sum_axes(1).expand_dims(1).broadcast_to(&[2, 3]), 1e-14);
    // An unnamed axis in between changes nothing.
    let f = |x: &Tensor| x.axis_mean("rows");
    let y = vmap_with(named("rows"), |r: &Tensor| vmap(f)(r))(&x);
    assert_close(&y, &x.mean_axes(0).broadcast_to(&[2, 3]), 1e-14);
}

#[test]
fn what_all_examples_share_counts_once_per_example() {
    let x = Tensor::from([1.0, 2.0, 3.0]);
    let shared = Tensor::from(5.0);
    let f = |x: &Tensor| x * 0.0 + shared.axis_sum("n") + Tensor::from(1.0).axis_mean("n");
    assert_values(&vmap_with(named("n"), f)(&x), &[16.0; 3], 0.0);
    // Shared by the inner axis, but not by the outer one.
    let rows = varied(&[2, 3], 0.0);
    let f = |r: &Tensor| vmap_with(named("n"), |x: &Tensor| x * 0.0 + r.sum().axis_sum("n"))(r);
    let expected = (rows.sum_axes(1) * 3.0).expand_dims(1).broadcast_to(&[2, 3]);
    assert_close(&vmap(f)(&rows), &expected, 1e-14);
    // Through a derivative with respect to the shared value.
    let f = |s: &Tensor| vmap_with(named("n"), |x: &Tensor| x * s.axis_sum("n"))(&x).sum();
    assert_eq!(grad(f)(&shared).item(), 18.0);
}

#[test]
fn inside_bodies_of_control_flow() {
    let x = varied(&[3, 4], 0.0);
    // The running sum of batch means along the second axis.
    let f = |x: &Tensor| {
        scan(|s: &Tensor, x: &Tensor| (s + x.axis_mean("n"), ()), &Tensor::from(0.0), x).0
    };
    let y = vmap_with(named("n"), f)(&x);
    assert_values(&y, &[x.mean_axes(0).sum().item(); 3], 1e-14);
    let f = |x: &Tensor| {
        vmap_with(named("n"), |x: &Tensor| {
            checkpoint(|x: &Tensor| (x - x.axis_mean("n")).exp().sum())(x)
        })(x)
        .sum()
    };
    let g = |x: &Tensor| (x - x.mean_axes(0)).exp().sum();
    assert_close(&grad(f)(&x), &grad(g)(&x), 1e-13);
}

#[test]
fn inner_transformations_of_plain_arrays_wait_for_the_axis() {
    // Nothing inside depends on the example, but the sum over the examples has three terms.
    let x = Tensor::from([1.0, 2.0, 3.0]);
    let rows = Tensor::from([10.0, 20.0]);
    let over = |f: fn(&Tensor) -> Tensor| vmap_with(named("n"), move |x: &Tensor| f(x))(&x);
    let twice = |r: &Tensor| Tensor::stack(&[r, r, r], 0) * 3.0;
    let y = over(|_| vmap(|x: &Tensor| x.axis_sum("n"))(&Tensor::from([10.0, 20.0])));
    assert_close(&y, &twice(&rows), 0.0);
    let y = over(|_| grad(|x: &Tensor| x.axis_sum("n").sum())(&Tensor::from([10.0, 20.0])));
    assert_close(&y, &twice(&rows.ones_like()), 0.0);
    let y = over(|_| jit(|x: &Tensor| x.axis_sum("n") + 1.0)(&Tensor::from([10.0, 20.0])));
    assert_close(&y, &(twice(&rows) + 1.0), 0.0);
}

#[test]
fn names_that_nobody_has() {
    let x = Tensor::from([1.0, 2.0]);
    let message = message_of(|| vmap_with(named("batch"), |x: &Tensor| x.axis_sum("rows"))(&x));
    assert_says(&message, &["axis_sum", "no enclosing vmap", "`rows`"]);
    assert_says(&message_of(|| x.axis_mean("batch")), &["`batch`"]);
    let integers = Tensor::arange(3, DType::I64);
    let message = message_of(|| vmap_with(named("n"), |i: &Tensor| i.axis_mean("n"))(&integers));
    assert_says(&message, &["axis_mean", "i64"]);
    let y = vmap_with(named("n"), |i: &Tensor| i.axis_sum("n"))(&integers);
    assert_eq!(y.to_vec::<i64>(), [3, 3, 3]);
}
