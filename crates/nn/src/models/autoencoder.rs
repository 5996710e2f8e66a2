//! The autoencoder.

use crate::{Activation, Mlp};
use derive::Tree;
use tensor::{DType, Key, Tensor};

/// A network to a short code and its mirror image back. The code and the result are linear: logits
/// where the data lie between 0 and 1.
///
/// Source: G. E. Hinton, R. R. Salakhutdinov, *Reducing the dimensionality of data with neural
/// networks*, Science 313 (2006). With the identity for activation, the best code spans the first
/// principal components (P. Baldi, K. Hornik 1989).
///
/// ```
/// use nn::{Activation, models::Autoencoder};
/// use tensor::{DType, Key, Tensor};
/// let net = Autoencoder::new(Key::new(0), &[64, 32, 2], Activation::Tanh, DType::F64);
/// let x = Tensor::zeros(&[64], DType::F64);
/// assert_eq!((net.encode(&x).shape(), net.call(&x).shape()), (&[2][..], &[64][..]));
/// ```
#[derive(Clone, Debug, Tree)]
pub struct Autoencoder {
    /// From data to codes.
    pub encoder: Mlp,
    /// From codes to data.
    pub decoder: Mlp,
}

impl Autoencoder {
    /// With these widths from data to code.
    ///
    /// # Panics
    /// With fewer than two widths.
    #[track_caller]
    pub fn new(key: Key, widths: &[usize], activation: Activation, dtype: DType) -> Autoencoder {
        let [a, b] = key.split();
        let back: Vec<usize> = widths.iter().rev().copied().collect();
        Autoencoder {
            encoder: Mlp::new(a, widths, activation, dtype),
            decoder: Mlp::new(b, &back, activation, dtype),
        }
    }

    /// The code of `x`; leading axes are batches.
    #[track_caller]
    pub fn encode(&self, x: &Tensor) -> Tensor {
        self.encoder.call(x)
    }

    /// What a code stands for.
    #[track_caller]
    pub fn decode(&self, code: &Tensor) -> Tensor {
        self.decoder.call(code)
    }

    /// What is left of `x` after its code.
    #[track_caller]
    pub fn call(&self, x: &Tensor) -> Tensor {
        self.decode(&self.encode(x))
    }
}
