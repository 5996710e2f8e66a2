//! Transformations stacked in unusual orders, each against the same function written plainly.

mod support;

use support::{assert_close, check_derivatives, varied};
use tensor::{
    Tensor, checkpoint, cond, custom_jvp, custom_vjp, grad, hessian, hvp, jacfwd, jacrev, jit, jvp,
    linearize, scan, value_and_grad, vjp, vmap,
};

/// Σᵢ sin(w xᵢ²) exp(−w²), by a scan whose body calls a compiled function and a choice.
fn winding(w: &Tensor, xs: &Tensor) -> Tensor {
    let piece = jit(|(w, x): &(Tensor, Tensor)| {
        let square =
            custom_jvp(|x: &Tensor| x * x, |x: &Tensor, dx: &Tensor| (x * x, x * dx * 2.0));
        (w * square(x)).sin()
    });
    let decay = custom_vjp(
        |w: &Tensor| (-w.square()).exp(),
        |w: &Tensor| ((-w.square()).exp(), w.clone()),
        |w: &Tensor, ct: &Tensor| (-w.square()).exp() * w * -2.0 * ct,
    );
    let body = |s: &Tensor, x: &Tensor| {
        let y = checkpoint(|(w, x): &(Tensor, Tensor)| piece(&(w.clone(), x.clone())))(&(
            w.clone(),
            x.clone(),
        ));
        let y = cond(&x.gt(0.0), |y: &Tensor| y.clone(), |y: &Tensor| y * 1.0, &y);
        (s + &y, y)
    };
    scan(body, &Tensor::from(0.0), xs).0 * decay(w)
}

fn plain(w: &Tensor, xs: &Tensor) -> Tensor {
    (w * xs.square()).sin().sum() * (-w.square()).exp()
}

#[test]
fn everything_inside_everything() {
    let (w, xs) = (Tensor::from(0.7), varied(&[4], 0.0));
    let (f, g) = (|w: &Tensor| winding(w, &xs), |w: &Tensor| plain(w, &xs));
    assert_close(&f(&w), &g(&w), 1e-15);
    assert_close(&grad(f)(&w), &grad(g)(&w), 1e-14);
    let second = |f: &dyn Fn(&Tensor) -> Tensor| grad(|w: &Tensor| grad(f)(w))(&w);
    assert_close(&second(&f), &second(&g), 1e-13);
    let third =
        |f: &dyn Fn(&Tensor) -> Tensor| grad(|w: &Tensor| grad(|w: &Tensor| grad(f)(w))(w))(&w);
    assert_close(&third(&f), &third(&g), 1e-12);
    // In the data: forward over reverse, mapped, compiled.
    let (f, g) = (|x: &Tensor| winding(&w, x), |x: &Tensor| plain(&w, x));
    assert_close(&grad(f)(&xs), &grad(g)(&xs), 1e-14);
    assert_close(&hessian(f)(&xs), &hessian(g)(&xs), 1e-13);
    let rows = varied(&[3, 4], 1.0);
    let mapped = jit(|r: &Tensor| vmap(|x: &Tensor| hessian(f)(x))(r));
    assert_close(&mapped(&rows), &vmap(|x: &Tensor| hessian(g)(x))(&rows), 1e-13);
    let ws = varied(&[3], 2.0);
    let both = vmap(|(w, x): &(Tensor, Tensor)| {
        grad(|(w, x): &(Tensor, Tensor)| winding(w, x))(&(w.clone(), x.clone()))
    });
    let expected = vmap(|(w, x): &(Tensor, Tensor)| {
        grad(|(w, x): &(Tensor, Tensor)| plain(w, x))(&(w.clone(), x.clone()))
    });
    let (a, b) = (both(&(ws.clone(), rows.clone())), expected(&(ws, rows)));
    assert_close(&a.0, &b.0, 1e-13);
    assert_close(&a.1, &b.1, 1e-13);
}

#[test]
fn linear_functions_made_inside_other_transformations() {
    let a = varied(&[3, 3], 0.0);
    let f = |x: &Tensor| a.matmul(x).tanh() * x;
    let x = varied(&[3], 1.0);
    // A Jacobian from linearize under vmap, inside jit.
    let by_linearize = jit(|x: &Tensor| {
        let (_, derivative) = linearize(f)(x);
        vmap(|v: &Tensor| derivative(v))(&Tensor::eye(3, x.dtype())).t()
    });
    assert_close(&by_linearize(&x), &jacfwd(f)(&x), 1e-15);
    // A pullback made and used under vmap, its result differentiated.
    let g = |x: &Tensor| {
        let (y, pull_back) = vjp(f)(x);
        pull_back(&y.square()).sum()
    };
    let plain = |x: &Tensor| jacrev(f)(x).t().matmul(&f(x).square()).sum();
    assert_close(&grad(g)(&x), &grad(plain)(&x), 1e-13);
    let xs = varied(&[4, 3], 2.0);
    assert_close(&vmap(g)(&xs), &vmap(plain)(&xs), 1e-14);
    assert_close(
        &vmap(|x: &Tensor| grad(g)(x))(&xs),
        &vmap(|x: &Tensor| grad(plain)(x))(&xs),
        1e-13,
    );
    check_derivatives(g, &x);
}

#[test]
fn gradient_descent_unrolled_and_differentiated() {
    // The learning rate's gradient through ten compiled steps of training (hypergradient).
    let (xs, ys) = (varied(&[6, 2], 0.0), varied(&[6], 1.0));
    let loss = |w: &Tensor| (xs.matmul(w) - &ys).square().mean();
    let trained = |rate: &Tensor| {
        let body = |w: &Tensor, _: &Tensor| {
            let (value, g) = value_and_grad(loss)(w);
            (w - g * rate, value)
        };
        let (w, losses) = scan(body, &Tensor::from([0.1, -0.2]), &Tensor::zeros(&[10], xs.dtype()));
        loss(&w) + losses.sum() * 0.01
    };
    check_derivatives(trained, &Tensor::from(0.1));
    let rates = Tensor::from([0.05, 0.1]);
    let each = vmap(|r: &Tensor| grad(trained)(r))(&rates);
    assert_close(&each.index(0, 1), &grad(trained)(&rates.index(0, 1)), 1e-14);
    let compiled = jit(|r: &Tensor| grad(trained)(r));
    assert_close(&compiled(&rates.index(0, 0)), &each.index(0, 0), 1e-13);
}

#[test]
fn higher_orders() {
    // Five nested gradients of x⁵ exp(x): Leibniz' rule.
    let f = |x: &Tensor| x.powi(5) * x.exp();
    let g = |x: &Tensor| grad(f)(x);
    let g = |x: &Tensor| grad(g)(x);
    let g = |x: &Tensor| grad(g)(x);
    let g = |x: &Tensor| grad(g)(x);
    let g = |x: &Tensor| grad(g)(x);
    let x: f64 = 0.5;
    let terms = [
        (1.0, 1.0, 5),
        (5.0, 5.0, 4),
        (10.0, 20.0, 3),
        (10.0, 60.0, 2),
        (5.0, 120.0, 1),
        (1.0, 120.0, 0),
    ];
    let expected: f64 = terms.iter().map(|(b, c, p)| b * c * x.powi(*p)).sum::<f64>() * x.exp();
    assert_close(&g(&Tensor::from(x)), &Tensor::from(expected), 1e-12);
    // And by forward mode inside forward mode.
    let one = Tensor::from(1.0);
    let d = |x: &Tensor| jvp(f)(x, &one).1;
    let d = |x: &Tensor| jvp(d)(x, &one).1;
    let d = |x: &Tensor| jvp(d)(x, &one).1;
    let d = |x: &Tensor| jvp(d)(x, &one).1;
    let d = |x: &Tensor| jvp(d)(x, &one).1;
    assert_close(&d(&Tensor::from(x)), &Tensor::from(expected), 1e-12);
}

#[test]
fn empty_batches_and_axes() {
    let f = |x: &Tensor| (x.sin() * x).sum();
    let none = Tensor::zeros(&[0, 3], tensor::DType::F64);
    assert_eq!(vmap(f)(&none).shape(), [0]);
    assert_eq!(vmap(|x: &Tensor| grad(f)(x))(&none).shape(), [0, 3]);
    assert_eq!(vmap(|x: &Tensor| hessian(f)(x))(&none).shape(), [0, 3, 3]);
    let empty = Tensor::zeros(&[0], tensor::DType::F64);
    assert_eq!(grad(f)(&empty).shape(), [0]);
    assert_eq!(hessian(f)(&empty).shape(), [0, 0]);
    assert_eq!(hvp(f)(&empty, &empty).shape(), [0]);
    assert_eq!(jit(|x: &Tensor| grad(f)(x))(&empty).shape(), [0]);
    let (last, ys) = scan(|s: &Tensor, x: &Tensor| (s + x, s * x), &Tensor::from(2.0), &empty);
    assert_eq!((last.item(), ys.shape()), (2.0, &[0][..]));
    let g = grad(|s: &Tensor| scan(|s: &Tensor, x: &Tensor| (s + x, ()), s, &empty).0);
    assert_eq!(g(&Tensor::from(2.0)).item(), 1.0);
}

#[test]
fn mixed_dtypes() {
    let f = |(x, y): &(Tensor, Tensor)| (x.convert(tensor::DType::F64) * y).sum();
    let (x, y) = (Tensor::from([1.5_f32, 2.0]), Tensor::from([0.5, 3.0]));
    let (dx, dy) = grad(f)(&(x.clone(), y.clone()));
    assert_eq!((dx.dtype(), dy.dtype()), (tensor::DType::F32, tensor::DType::F64));
    assert_eq!(dx.to_vec::<f64>(), [0.5, 3.0]);
    assert_eq!(dy.to_vec::<f64>(), [1.5, 2.0]);
    let (hx, _) = hvp(f)(&(x.clone(), y.clone()), &(x.ones_like(), y.clone()));
    assert_eq!((hx.dtype(), hx.to_vec::<f64>()), (tensor::DType::F32, vec![0.5, 3.0]));
}
