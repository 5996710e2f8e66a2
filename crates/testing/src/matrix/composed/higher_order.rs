//! Functions that contain transformations.

use super::{Spec, row, sample};
use tensor::transformations::{VmapOptions, jacfwd};
use tensor::{DType, Tensor, grad, hessian, hvp, jacrev, jvp, vmap, vmap_with};

pub(super) fn rows() -> Vec<Spec> {
    type Two = (Tensor, Tensor);
    let energy = |x: &Tensor| (x.sin() * x.square()).sum();
    vec![
        row("gradient penalty", (sample(&[3], 1), sample(&[3, 3], 2)), |(x, w): &Two| {
            let critic = |x: &Tensor| w.matmul(x).tanh().sum();
            (grad(critic)(x).norm() - 1.0).square()
        }),
        row("step of gradient descent inside", (sample(&[3], 3), Tensor::from(0.1)), {
            move |(x, rate): &Two| energy(&(x - rate * grad(energy)(x)))
        }),
        row("leapfrog step", (sample(&[2], 4), sample(&[2], 5)), move |(q, p): &Two| {
            let half = p - grad(energy)(q) * 0.05;
            let q = q + &half * 0.1;
            let p = half - grad(energy)(&q) * 0.05;
            (q, p)
        }),
        row("Hessian-vector product", (sample(&[3], 6), sample(&[3], 7)), move |(x, v): &Two| {
            hvp(energy)(x, v)
        }),
        row("divergence of a vector field", sample(&[3], 8), |x: &Tensor| {
            jacfwd(|x: &Tensor| x.roll(1, 0) * x.square())(x).trace()
        }),
        row("tangent of a network", (sample(&[2], 9), sample(&[2], 10)), |(x, dx): &Two| {
            jvp(|x: &Tensor| x.exp().logsumexp(0))(x, dx).1
        }),
        row("per-example gradients", (sample(&[3, 2], 11), sample(&[2], 12)), |(xs, w): &Two| {
            let of_one = |(x, w): &Two| grad(|w: &Tensor| x.dot(w).softplus())(w);
            let options = VmapOptions { in_axes: vec![Some(0), None], ..VmapOptions::default() };
            vmap_with(options, of_one)(&(xs.clone(), w.clone()))
        }),
        row("vmap inside", (sample(&[3, 2], 13), sample(&[2, 2], 14)), |(xs, w): &Two| {
            vmap(|x: &Tensor| w.matmul(x).softmax(-1))(xs)
        }),
        row("Newton step", sample(&[2], 15), |x: &Tensor| {
            let f = |x: &Tensor| (x.cosh() + x.square()).sum() + x.prod();
            x - hessian(f)(x).solve(&grad(f)(x))
        }),
        row("Hessian by blocks", (sample(&[2], 18), sample(&[2, 2], 19)), |x: &Two| {
            let f = |(x, w): &Two| w.matmul(x).tanh().sum() + x.prod();
            hessian(f)(x)
        }),
        row("Jacobian of a pair", (sample(&[2], 20), sample(&[2], 21)), |x: &Two| {
            jacrev(|(x, y): &Two| [x * y.exp(), (x.square() + y).sin()])(x)
        }),
        row("Rosenbrock's function", sample(&[4], 16), |x: &Tensor| {
            let (a, b) = (x.slice_axis(0, 0, 3), x.slice_axis(0, 1, 4));
            ((b - a.square()).square() * 100.0 + (1.0 - a).square()).sum()
        }),
        row("Stein score of a mixture", sample(&[3, 1], 17), |x: &Tensor| {
            let centres = Tensor::linspace(-1.0, 1.0, 3, DType::F64);
            let log_density = |x: &Tensor| ((x - &centres).square() * -2.0).logsumexp(-1).sum();
            grad(log_density)(x)
        }),
    ]
}
