//! Problems that several tests share.

#![allow(dead_code)] // each test takes what it needs

use serde_json::Value;
use tensor::Tensor;

/// The oracle's case with this name.
pub(crate) fn case(name: &str) -> Value {
    let table: Value =
        serde_json::from_str(include_str!("../../../../oracles/optimisation.json")).unwrap();
    let cases = table["cases"].as_array().unwrap();
    cases.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("no case {name}")).clone()
}

/// The elements of an array in the oracle's form.
pub(crate) fn numbers(v: &Value) -> Vec<f64> {
    let list = v["data"].as_array().or_else(|| v.as_array()).expect("an array");
    list.iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Columns less their means, over their standard deviations.
fn standardised(features: &data::Features) -> Tensor {
    let shape = [features.count(), features.width()];
    let x = Tensor::from_vec(features.values().to_vec(), &shape);
    let x = &x - x.mean_axes(0).expand_dims(0);
    &x / x.std(0, 0).expand_dims(0)
}

/// Breast cancer: standardised columns, a column of ones, then rows of length 1; labels ±1, +1 for
/// benign.
pub(crate) fn breast_cancer() -> (Tensor, Tensor) {
    let set = data::embedded::breast_cancer();
    let x = standardised(set.features());
    let ones = Tensor::ones(&[set.count(), 1], x.dtype());
    let x = Tensor::concatenate(&[&x, &ones], 1).normalise(1);
    let labels = set.targets().labels().unwrap();
    let t: Vec<f64> = labels.iter().map(|&l| if l == 1 { 1.0 } else { -1.0 }).collect();
    (x, Tensor::from(t))
}

/// Diabetes: standardised columns, targets less their mean.
pub(crate) fn diabetes() -> (Tensor, Tensor) {
    let set = data::embedded::diabetes();
    let y = Tensor::from(set.targets().values().unwrap().to_vec());
    (standardised(set.features()), &y - y.mean())
}

/// The mean logistic loss with `μ/2 ‖w‖²`, `μ = 1/n`.
pub(crate) fn logistic(x: &Tensor, t: &Tensor, w: &Tensor) -> Tensor {
    let n = x.shape()[0] as f64;
    (-(t * x.matmul(w))).softplus().mean() + w.square().sum() * (0.5 / n)
}

/// The minimum of [`logistic`] on [`breast_cancer`].
pub(crate) const LOGISTIC_MINIMUM: f64 = 0.142550264410;

/// Rosenbrock's function in any dimension.
pub(crate) fn rosenbrock(x: &Tensor) -> Tensor {
    let n = x.shape()[0];
    let (a, b) = (x.slice_axis(0, 0, n - 1), x.slice_axis(0, 1, n));
    ((b - a.square()).square() * 100.0 + (1.0 - a).square()).sum()
}

/// The largest difference of two vectors.
pub(crate) fn distance(a: &Tensor, b: &[f64]) -> f64 {
    (a - Tensor::from(b.to_vec())).abs().max().item()
}
