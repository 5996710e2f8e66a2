//! Averages of the models along the way.

use derive::Tree;
use tensor::{DType, Tensor, Tree};

/// An average of models: a tree, so that it can be saved and moved through a compiled step.
#[derive(Clone, Debug, Tree)]
pub struct Average<M> {
    /// Number of models that have been averaged (i64 scalar).
    pub count: Tensor,
    /// Their average; integers are those of the last model.
    pub mean: M,
}

impl<M: Tree> Average<M> {
    fn of_one(model: &M) -> Average<M> {
        let count = Tensor::scalar(1.0, DType::I64);
        Average { count, mean: model.map(Tensor::clone) }
    }

    /// `mean + weight (model − mean)`.
    fn towards(&self, model: &M, weight: &Tensor) -> Average<M> {
        let mean = self.mean.zip_map(model, |a, p| {
            if p.dtype().is_float() { a + (p - a) * weight.convert(p.dtype()) } else { p.clone() }
        });
        Average { count: &self.count + 1, mean }
    }
}

/// The exponential moving average `θ̄ ← δ θ̄ + (1−δ) θ`, from `θ̄ = θ₀`: the models of about the
/// last `1/(1−δ)` steps.
///
/// As `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn` has it. With warm-up,
/// `δ_t = min(δ, (1+t)/(10+t))`, so that the start is forgotten soon (as TensorFlow's
/// `ExponentialMovingAverage` does with `num_updates`).
///
/// ```
/// use optim::Ema;
/// use tensor::Tensor;
/// let ema = Ema::new(0.5);
/// let average = ema.init(&Tensor::from(0.0));
/// let average = ema.update(&average, &Tensor::from(1.0));
/// let average = ema.update(&average, &Tensor::from(1.0));
/// assert_eq!(average.mean.item(), 0.75);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ema {
    decay: f64,
    warm_up: bool,
}

impl Ema {
    /// With decay δ.
    ///
    /// # Panics
    /// When δ is not in `[0, 1)`.
    #[track_caller]
    pub fn new(decay: f64) -> Ema {
        assert!((0.0..1.0).contains(&decay), "Ema: a decay lies in [0, 1), this is {decay}");
        Ema { decay, warm_up: false }
    }

    /// With shorter memory in the beginning.
    pub fn warm_up(mut self) -> Ema {
        self.warm_up = true;
        self
    }

    /// The average of the first model alone.
    pub fn init<M: Tree>(&self, model: &M) -> Average<M> {
        Average::of_one(model)
    }

    /// With one more model.
    pub fn update<M: Tree>(&self, average: &Average<M>, model: &M) -> Average<M> {
        let weight = if self.warm_up {
            let t = average.count.convert(DType::F64);
            1.0 - ((&t + 1.0) / (&t + 10.0)).minimum(self.decay)
        } else {
            Tensor::scalar(1.0 - self.decay, DType::F64)
        };
        average.towards(model, &weight)
    }
}

/// The uniform average of all models so far, `θ̄ ← θ̄ + (θ − θ̄)/(t+1)`: with steps that shrink
/// slower than 1/t it attains the Cramér–Rao bound (trace of the covariance) of the best
/// stochastic method. Begin it after the transient.
///
/// Source: B. T. Polyak, A. B. Juditsky, *Acceleration of stochastic approximation by averaging*,
/// SIAM J. Control Optim. 30 (1992).
///
/// ```
/// use optim::Polyak;
/// use tensor::Tensor;
/// let average = Polyak.init(&Tensor::from(1.0));
/// let average = Polyak.update(&average, &Tensor::from(2.0));
/// assert_eq!(Polyak.update(&average, &Tensor::from(6.0)).mean.item(), 3.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Polyak;

impl Polyak {
    /// The average of the first model alone.
    pub fn init<M: Tree>(&self, model: &M) -> Average<M> {
        Average::of_one(model)
    }

    /// With one more model.
    pub fn update<M: Tree>(&self, average: &Average<M>, model: &M) -> Average<M> {
        let weight = ((&average.count + 1).convert(DType::F64)).recip();
        average.towards(model, &weight)
    }
}
