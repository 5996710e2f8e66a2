//! Loops, choices, and rules given by users.

use super::{Spec, filled, row, sample};
use ir::prim::Fill;
use tensor::transformations::scan_with;
use tensor::{DType, Tensor, cond, custom_jvp, custom_vjp, scan, switch, while_loop};

/// dx/dt of the Lotka–Volterra equations, x′ = αx − βxy, y′ = δxy − γy.
fn lotka_volterra(rates: &Tensor, state: &Tensor) -> Tensor {
    let rate = |i: isize| rates.index(0, i);
    let (x, y) = (state.index(0, 0), state.index(0, 1));
    let dx = rate(0) * &x - rate(1) * &x * &y;
    let dy = rate(2) * &x * &y - rate(3) * &y;
    Tensor::stack(&[&dx, &dy], 0)
}

/// The classical Runge–Kutta method (Kutta 1901).
fn rk4(f: impl Fn(&Tensor) -> Tensor, x: &Tensor, h: f64) -> Tensor {
    let k1 = f(x);
    let k2 = f(&(x + &k1 * (h / 2.0)));
    let k3 = f(&(x + &k2 * (h / 2.0)));
    let k4 = f(&(x + &k3 * h));
    x + (k1 + k2 * 2.0 + k3 * 2.0 + k4) * (h / 6.0)
}

/// Predict, then update with one observation (Kalman 1960): the mean and covariance of the state.
fn kalman(
    f: &Tensor,
    (mean, covariance): (&Tensor, &Tensor),
    observed: &Tensor,
) -> (Tensor, Tensor) {
    let n = mean.shape()[0];
    let identity = Tensor::eye(n, DType::F64);
    let mean = f.matmul(mean);
    let covariance = f.matmul(covariance).matmul(&f.t()) + &identity * 0.1;
    let innovation = &covariance + &identity * 0.5;
    let gain = innovation.solve(&covariance).t();
    let mean = &mean + gain.matmul(&(observed - &mean));
    (mean, (identity - gain).matmul(&covariance))
}

pub(super) fn rows() -> Vec<Spec> {
    type Two = (Tensor, Tensor);
    type Three = (Tensor, Tensor, Tensor);
    vec![
        row(
            "scan in a scan with a cond",
            (Tensor::from(0.4), Tensor::from(0.9), Tensor::from([0.3, -0.5, 0.8])),
            |(a, b, xs): &Three| {
                let inner = |s: &Tensor, x: &Tensor| {
                    let grown = cond(
                        &x.gt(0.0),
                        |(s, x): &Two| (s * a).sin() + x,
                        |(s, x): &Two| s * b * x,
                        &(s.clone(), x.clone()),
                    );
                    (grown.clone(), grown * a)
                };
                let outer = |s: &Tensor, x: &Tensor| {
                    let (last, ys) = scan(inner, &(s + x), xs);
                    (last, ys.sum())
                };
                scan(outer, b, xs)
            },
        ),
        row("square root by a while loop", Tensor::from(2.0), |a: &Tensor| {
            // Heron's iteration, until it is exact to 10⁻⁶ (which it then is to 10⁻¹²).
            let (root, _) = while_loop(
                |(x, a): &Two| (x.square() - a).abs().gt(1e-6),
                |(x, a): &Two| ((x + a / x) * 0.5, a.clone()),
                &(a.ones_like(), a.clone()),
            );
            root
        }),
        row(
            "Runge–Kutta by scan",
            (Tensor::from([1.0, 0.5]), Tensor::from([0.7, 0.4, 0.3, 0.6])),
            |(x, rates): &Two| {
                let step =
                    |x: &Tensor, (): &()| (rk4(|x| lotka_volterra(rates, x), x, 0.1), x.clone());
                scan_with(false, Some(3), step, x, &())
            },
        ),
        row(
            "Kalman filter",
            (sample(&[2, 2], 1), sample(&[2], 2), sample(&[3, 2], 3)),
            |(f, start, observed): &Three| {
                let step = |(m, p): &Two, y: &Tensor| (kalman(f, (m, p), y), m.clone());
                scan(step, &(start.clone(), Tensor::eye(2, DType::F64)), observed)
            },
        ),
        row("switch of three", (Tensor::from(1_i64), sample(&[3], 4)), |(i, x): &Two| {
            switch(i, &[&|x: &Tensor| x.sin(), &|x: &Tensor| x.exp(), &|x: &Tensor| -x], x)
        }),
        row("custom_jvp", sample(&[3], 5) * 3.0, |x: &Tensor| {
            let softplus = custom_jvp(
                |x: &Tensor| x.exp().log1p(),
                |x: &Tensor, dx: &Tensor| (x.exp().log1p(), x.logistic() * dx),
            );
            softplus(x) * x
        }),
        row("custom_vjp", sample(&[3], 6), |x: &Tensor| {
            let cubed = custom_vjp(
                |x: &Tensor| x.powi(3),
                |x: &Tensor| (x.powi(3), x.clone()),
                |x: &Tensor, ct: &Tensor| x.square() * 3.0 * ct,
            );
            cubed(x) * x
        }),
        row("reverse scan", sample(&[4], 7), |rewards: &Tensor| {
            // Discounted returns: Gₜ = rₜ + γ Gₜ₊₁.
            let step = |g: &Tensor, r: &Tensor| {
                let g = r.tanh() + g * 0.9;
                (g.clone(), g)
            };
            scan_with(true, None, step, &Tensor::from(0.0), rewards).1
        }),
        row(
            "fixed point by scan",
            (sample(&[2], 8), filled(&[2, 2], &Fill::Range(-0.4, 0.4), 9)),
            |(x, w): &Two| {
                let step = |z: &Tensor, (): &()| ((w.matmul(z) + x).tanh(), ());
                scan_with(false, Some(4), step, &Tensor::zeros(&[2], DType::F64), &()).0
            },
        ),
        row("stop_gradient inside", sample(&[3], 10), |x: &Tensor| {
            // Its value is 0 and has no derivative: the sum has that of sin.
            let shift = Tensor::from([0.1, 0.2, 0.3]).stop_gradient();
            (x + shift).sin()
        }),
    ]
}
