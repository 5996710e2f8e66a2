//! Learning-rate schedules: the step size as a function of the number of updates made.

use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use tensor::{DType, Tensor};

/// The step size after `t` updates. Computed inside the (compiled) step from its counter, in f64.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Schedule {
    /// η(t) = rate.
    Constant {
        /// The step size.
        rate: f64,
    },
    /// η(t) = rate · factor^⌊t/every⌋.
    Step {
        /// The initial step size.
        rate: f64,
        /// By what it is multiplied.
        factor: f64,
        /// After how many updates, each time.
        every: u64,
    },
    /// Half a cosine from `rate` at 0 to `end` at `total`, constant afterwards:
    /// η(t) = end + (rate − end)(1 + cos(π min(t, total)/total))/2
    /// (Loshchilov, Hutter 2017, without restarts).
    Cosine {
        /// The initial step size.
        rate: f64,
        /// The final step size.
        end: f64,
        /// When it is reached.
        total: u64,
    },
    /// Half cosines from `rate` down to `end`, again and again (SGDR): the first takes `period`
    /// updates, each further one `growth` times as many as the one before. With `T` the length of
    /// the cosine that `t` falls into and `s` its first update,
    /// η(t) = end + (rate − end)(1 + cos(π (t − s)/T))/2
    /// (Loshchilov, Hutter, *SGDR: stochastic gradient descent with warm restarts*, ICLR 2017,
    /// equation 5; `growth` is its `T_mult`).
    CosineRestarts {
        /// The step size after each restart.
        rate: f64,
        /// Where each cosine ends.
        end: f64,
        /// Number of updates before the first restart.
        period: u64,
        /// By what the length grows at each restart, a whole number, at least 1.
        growth: u64,
    },
    /// A linear rise over the first `steps` updates, η(t) = (t + 1)/steps · after(0), then
    /// `after`(t − steps).
    WarmUp {
        /// Length of the rise.
        steps: u64,
        /// What follows.
        after: Box<Schedule>,
    },
}

impl From<f64> for Schedule {
    fn from(rate: f64) -> Schedule {
        Schedule::Constant { rate }
    }
}

impl Schedule {
    /// The step size after `count` updates (a scalar tensor of integers), as f64.
    pub fn at(&self, count: &Tensor) -> Tensor {
        let t = count.convert(DType::F64);
        match self {
            Schedule::Constant { rate } => Tensor::scalar(*rate, DType::F64),
            Schedule::Step { rate, factor, every } => {
                let drops = (t / (*every).max(1) as f64).floor();
                Tensor::scalar(*factor, DType::F64).pow(&drops) * *rate
            }
            Schedule::Cosine { rate, end, total } => {
                let total = (*total).max(1) as f64;
                let angle = t.minimum(total) * (PI / total);
                (angle.cos() + 1.0) * (0.5 * (rate - end)) + *end
            }
            Schedule::CosineRestarts { rate, end, period, growth } => {
                let first = (*period).max(1) as f64;
                let done = if *growth <= 1 {
                    let cycle = (&t / first).floor();
                    (t - cycle * first) / first
                } else {
                    // Cosine k begins at first·(gᵏ − 1)/(g − 1). The logarithm finds k up to
                    // rounding; one step either way puts that right.
                    let g = *growth as f64;
                    let power = |k: &Tensor| Tensor::scalar(g, DType::F64).pow(k).round();
                    let start = |k: &Tensor| (power(k) - 1.0) * (first / (g - 1.0));
                    let guess = ((&t * ((g - 1.0) / first) + 1.0).log() / g.ln()).round();
                    let k = guess.maximum(0.0);
                    let k = start(&k).gt(&t).select(&(&k - 1.0), &k);
                    (t - start(&k)) / (power(&k) * first)
                };
                ((done * PI).cos() + 1.0) * (0.5 * (rate - end)) + *end
            }
            Schedule::WarmUp { steps, after } => {
                let n = (*steps).max(1) as f64;
                let rise = (&t + 1.0) / n * after.at(&Tensor::scalar(0.0, DType::I64));
                let later = (count - *steps as f64).maximum(0);
                t.lt(*steps as f64).select(&rise, &after.at(&later))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(s: &Schedule, at: &[i64]) -> Vec<f64> {
        at.iter().map(|&t| s.at(&Tensor::from(t)).item()).collect()
    }

    #[test]
    fn closed_forms() {
        let step = Schedule::Step { rate: 1.0, factor: 0.5, every: 10 };
        assert_eq!(values(&step, &[0, 9, 10, 25]), [1.0, 1.0, 0.5, 0.25]);
        let cosine = Schedule::Cosine { rate: 2.0, end: 0.0, total: 4 };
        let v = values(&cosine, &[0, 2, 4, 100]);
        assert!((v[0] - 2.0).abs() < 1e-15 && (v[1] - 1.0).abs() < 1e-15);
        assert!(v[2].abs() < 1e-15 && v[3].abs() < 1e-15);
        for growth in [1, 2, 3] {
            let restarts = Schedule::CosineRestarts { rate: 1.0, end: 0.0, period: 5, growth };
            let (mut length, mut done) = (5, 0);
            for t in 0..1000 {
                if done == length {
                    (length, done) = (length * growth, 0);
                }
                let expected = 0.5 * (1.0 + (PI * done as f64 / length as f64).cos());
                let ours = values(&restarts, &[t])[0];
                assert!((ours - expected).abs() < 1e-12, "{growth}, {t}: {ours}, {expected}");
                done += 1;
            }
        }
        let warm = Schedule::WarmUp { steps: 4, after: Box::new(cosine) };
        let v = values(&warm, &[0, 3, 4, 6]);
        assert!((v[0] - 0.5).abs() < 1e-15 && (v[1] - 2.0).abs() < 1e-15);
        assert!((v[2] - 2.0).abs() < 1e-15 && (v[3] - 1.0).abs() < 1e-15);
    }
}
