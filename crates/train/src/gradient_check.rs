//! Is the gradient the derivative? The trained network's own, in f64, against differences.

use crate::config::Config;
use crate::network::Network;
use crate::prepared::{Part, Prepared};
use tensor::{DType, Key, Tensor, grad, jit};

/// The error of central differences against the gradient along one random direction, for many
/// steps. For a smooth function it is a V on log axes: it falls with slope +2 as the step shrinks
/// (truncation, h²) until rounding takes over and it grows with slope −1 (ε/h).
#[derive(Clone, Debug)]
pub struct GradientCheck {
    /// (step h, relative error of the difference quotient).
    pub points: Vec<(f64, f64)>,
    /// The derivative along the direction, by the gradient.
    pub derivative: f64,
    /// Least-squares slope of log error over log h on the truncation side.
    pub truncation_slope: f64,
    /// The same on the rounding side.
    pub rounding_slope: f64,
    /// The smallest error.
    pub best: f64,
    /// The operation that has kinks, if the network has one: then the truncation side need not
    /// have slope 2.
    pub kink: Option<&'static str>,
}

/// Examples in the checked loss.
const EXAMPLES: usize = 64;

/// Checks the gradient of the mean loss on held-out examples at a trained network, in f64.
pub fn gradient_check<M: Network>(data: &Prepared, model: &M, config: &Config) -> GradientCheck {
    let examples = data.examples(Part::HeldOut);
    let (x, y) = data.gather(&examples[..examples.len().min(EXAMPLES)]);
    let to_f64 = |t: &Tensor| if t.dtype().is_float() { t.convert(DType::F64) } else { t.clone() };
    let (x, y, model) = (to_f64(&x), to_f64(&y), model.map(to_f64));
    let (objective, smoothing) = (data.objective, config.label_smoothing);
    let loss = |m: &M| objective.losses(&m.outputs(&x), &y, smoothing).mean();

    // A direction of unit length.
    let keys = Key::new(config.seed ^ 0x6772_6164).split_n(model.leaves().len());
    let mut keys = keys.into_iter();
    let raw = model.map(|leaf| {
        let key = keys.next().expect("invariant: one key per leaf");
        key.normal(leaf.shape(), DType::F64)
    });
    let length = optim::global_norm(&raw).item();
    let direction = raw.map(|v| v / length);

    let gradient = grad(loss)(&model);
    let dot = |a: &M, b: &M| -> f64 {
        a.leaves().iter().zip(b.leaves()).map(|(a, b)| (a * &b).sum().item()).sum()
    };
    let derivative = dot(&gradient, &direction);
    let compiled = jit(loss);
    let at = |h: f64| compiled(&model.zip_map(&direction, |m, v| m + v * h)).item();
    let points: Vec<(f64, f64)> = (0..=44)
        .map(|i| {
            let h = 10_f64.powf(-0.25 * f64::from(i));
            let quotient = (at(h) - at(-h)) / (2.0 * h);
            (h, ((quotient - derivative) / derivative).abs())
        })
        .collect();
    let best = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let lowest = points.iter().position(|p| p.1 == best).unwrap_or(0);
    // Fit where an error is well above the floor and below the saturated end of large steps.
    let truncation: Vec<(f64, f64)> =
        points[..lowest].iter().copied().filter(|p| p.1 > 30.0 * best && p.0 <= 0.1).collect();
    let rounding: Vec<(f64, f64)> =
        points[lowest..].iter().copied().filter(|p| p.1 > 30.0 * best).collect();
    GradientCheck {
        derivative,
        truncation_slope: slope(&truncation),
        rounding_slope: slope(&rounding),
        best,
        kink: model.kink(),
        points,
    }
}

/// The least-squares slope of log y over log x; NaN for fewer than two points.
fn slope(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points
        .iter()
        .filter(|p| p.0 > 0.0 && p.1 > 0.0 && p.1.is_finite())
        .map(|p| (p.0.ln(), p.1.ln()))
        .collect();
    if logs.len() < 2 {
        return f64::NAN;
    }
    let n = logs.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| logs.iter().map(f).sum::<f64>() / n;
    let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
    let covariance: f64 = logs.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
    let variance: f64 = logs.iter().map(|p| (p.0 - mx).powi(2)).sum();
    covariance / variance
}
