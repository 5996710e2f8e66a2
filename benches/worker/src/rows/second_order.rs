//! Second derivatives, and derivatives per example, of a classifier with tanh.

use crate::inputs::{labels, mlp, uniform};
use crate::row::{Checks, Row};
use mathesis::prelude::*;

/// Layer widths of the smaller network: 3,466 parameters.
pub(crate) const SMALL: [usize; 4] = [64, 32, 32, 10];

const BATCH: usize = 128;

/// A network and its data.
type Problem = (Mlp, Tensor, Tensor);

fn problem(widths: &[usize]) -> Problem {
    (mlp(widths, Activation::Tanh), uniform(10, &[BATCH, widths[0]], 1.0), labels(BATCH))
}

fn loss(model: &Mlp, x: &Tensor, y: &Tensor) -> Tensor {
    cross_entropy(&model.call(x), y).mean()
}

/// Σ a·b over all leaves, in f64.
fn inner_product(a: &Mlp, b: &Mlp) -> f64 {
    let pairs = a.leaves().into_iter().zip(b.leaves());
    pairs.map(|(a, b)| (a.convert(DType::F64) * b.convert(DType::F64)).sum().item()).sum()
}

/// `H v` for a vector `v` of the model's own type.
pub(crate) fn hessian_vector(widths: &[usize]) -> Row {
    let (model, x, y) = problem(widths);
    let mut seed = 19;
    let v = model.map(|leaf| {
        seed += 1;
        uniform(seed, leaf.shape(), 1.0)
    });
    let direction = v.clone();
    let product = |((model, x, y), v): &(Problem, Mlp)| hvp(|m: &Mlp| loss(m, x, y))(model, v);
    Row::function(product, ((model, x, y), v), move |hv| -> Checks {
        vec![("check", inner_product(hv, &direction))]
    })
}

/// The whole Hessian as one matrix.
pub(crate) fn full_hessian() -> Row {
    let f = |(model, x, y): &Problem| hessian_matrix(|m: &Mlp| loss(m, x, y))(model);
    Row::function(f, problem(&SMALL), |h| {
        vec![("check", h.trace().item()), ("check2", h.abs().sum().item())]
    })
}

/// The gradient of each example's loss.
pub(crate) fn per_sample_gradients(widths: &[usize]) -> Row {
    let f = |(model, x, y): &Problem| {
        let one = |(x, y): &(Tensor, Tensor)| grad(|m: &Mlp| loss(m, x, y))(model);
        vmap(one)(&(x.clone(), y.clone()))
    };
    Row::function(f, problem(widths), |g| vec![("check", inner_product(g, g))])
}
