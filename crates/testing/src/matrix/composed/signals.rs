//! Signals: Fourier transforms, running sums, order.

use super::{Spec, row, sample};
use tensor::Tensor;

pub(super) fn rows() -> Vec<Spec> {
    vec![
        row(
            "convolution by fft",
            (sample(&[2, 5], 1), sample(&[3], 2)),
            |(x, h): &(Tensor, Tensor)| x.fft_convolve(h),
        ),
        row("power spectrum", sample(&[6], 3), |x: &Tensor| x.rfft(-1).square().sum_axes(-1)),
        row(
            "phase shift by fft",
            (sample(&[4], 4), sample(&[4], 5)),
            |(x, phase): &(Tensor, Tensor)| {
                let spectrum = Tensor::complex(x, &x.zeros_like()).fft(-2);
                spectrum.complex_mul(&Tensor::complex(&phase.cos(), &phase.sin())).ifft(-2)
            },
        ),
    ]
}
