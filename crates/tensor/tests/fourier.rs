//! Fourier transforms against their definition, and convolution by them.

mod support;

use support::{assert_close, assert_says, check_derivatives, message_of, varied};
use tensor::{DType, Tensor, grad, vmap};

/// e^(∓2πijk/n) as pairs, `[n, n, 2]`.
fn matrix(n: usize, sign: f64) -> Tensor {
    let k = Tensor::arange(n, DType::F64);
    let angle = k.outer(&k) * (sign * std::f64::consts::TAU / n as f64);
    Tensor::complex(&angle.cos(), &angle.sin())
}

/// The transform along axis 0 of `[n, 2]`, as a sum.
fn by_definition(z: &Tensor, sign: f64) -> Tensor {
    let n = z.shape()[0];
    matrix(n, sign).complex_mul(&z.expand_dims(0)).sum_axes(1)
}

#[test]
fn transforms_are_those_of_the_definition() {
    for n in [1, 2, 5, 8, 9] {
        let z = varied(&[n, 2], n as f64);
        assert_close(&z.fft(0), &by_definition(&z, -1.0), 1e-13);
        assert_close(&z.ifft(0), &(by_definition(&z, 1.0) / n as f64), 1e-13);
        let x = varied(&[n], 1.0);
        let full = by_definition(&Tensor::complex(&x, &Tensor::from(0.0)), -1.0);
        assert_close(&x.rfft(0), &full.slice_axis(0, 0, n / 2 + 1), 1e-13);
        assert_close(&x.rfft(0).irfft(n, -2), &x, 1e-14);
    }
}

#[test]
fn any_axis_and_its_inverse() {
    let z = varied(&[3, 4, 5, 2], 0.0);
    for axis in [0, 1, 2, -2, -4] {
        let moved = z.fft(axis).move_axis(axis, -2);
        assert_close(&moved, &z.move_axis(axis, -2).fft(-2), 1e-13);
        assert_close(&z.fft(axis).ifft(axis), &z, 1e-14);
    }
    let x = varied(&[3, 4, 5], 0.0);
    for axis in 0..3 {
        let n = x.shape()[axis as usize];
        let spectrum = x.rfft(axis);
        assert_eq!(spectrum.shape()[axis as usize], n / 2 + 1);
        assert_close(&spectrum.irfft(n, axis), &x, 1e-14);
    }
    let rows = vmap(|z: &Tensor| z.fft(-2))(&z);
    assert_close(&rows, &z.fft(-2), 1e-14);
    assert_says(&message_of(|| x.fft(0)), &["fft", "real, imaginary", "f64[3,4,5]"]);
    assert_says(&message_of(|| z.fft(-1)), &["the last axis holds"]);
}

#[test]
fn energy_is_kept_and_derivatives_flow() {
    // Parseval: Σ|Z|² = n Σ|z|².
    let z = varied(&[6, 2], 0.0);
    assert_close(&z.fft(0).square().sum(), &(z.square().sum() * 6.0), 1e-13);
    check_derivatives(|z| (z.fft(0) * varied(&[6, 2], 1.0)).sin().sum(), &z);
    check_derivatives(|z| z.complex_mul(&z.complex_conj().fft(0)).square().sum(), &z);
    let x = varied(&[2, 7], 0.0);
    check_derivatives(|x| x.rfft(-1).square().sum().log(), &x);
    let g = grad(|x: &Tensor| x.rfft(1).irfft(7, 1).square().sum())(&x);
    assert_close(&g, &(x * 2.0), 1e-13);
}

#[test]
fn convolution_by_the_convolution_theorem() {
    for (m, n) in [(1, 1), (3, 5), (7, 7), (10, 1)] {
        let (x, h) = (varied(&[m], 0.0), varied(&[n], 1.0));
        let (a, b) = (x.to_vec::<f64>(), h.to_vec::<f64>());
        let mut y = vec![0.0; m + n - 1];
        for i in 0..m {
            for j in 0..n {
                y[i + j] += a[i] * b[j];
            }
        }
        assert_close(&x.fft_convolve(&h), &Tensor::from(y), 1e-13);
    }
    let (x, h) = (varied(&[2, 4], 0.0), varied(&[3], 1.0));
    let y = x.fft_convolve(&h);
    assert_close(&y.index(0, 1), &x.index(0, 1).fft_convolve(&h), 1e-14);
    check_derivatives(|x| x.fft_convolve(&h).sin().sum(), &x);
}
