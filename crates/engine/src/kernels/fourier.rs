//! Discrete Fourier transforms by `rustfft` and `realfft`.

use crate::memory::scratch;
use crate::threads::for_each_part;
use array::shape::size;
use array::{Array, DType, Element};
use ir::prim::{Fft, FftKind};
use realfft::RealFftPlanner;
use rustfft::num_complex::Complex;
use rustfft::{FftDirection, FftNum, FftPlanner};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The plans that have been made, by length and direction.
struct Planners<T: FftNum> {
    complex: FftPlanner<T>,
    real: RealFftPlanner<T>,
}

impl<T: FftNum> Planners<T> {
    fn new() -> Mutex<Planners<T>> {
        Mutex::new(Planners { complex: FftPlanner::new(), real: RealFftPlanner::new() })
    }
}

static SINGLE: LazyLock<Mutex<Planners<f32>>> = LazyLock::new(Planners::new);
static DOUBLE: LazyLock<Mutex<Planners<f64>>> = LazyLock::new(Planners::new);

pub(crate) fn fft(p: &Fft, x: &Array) -> Array {
    match x.dtype() {
        DType::F32 => transform::<f32>(p, x, &SINGLE),
        DType::F64 => transform::<f64>(p, x, &DOUBLE),
        DType::I32 | DType::I64 | DType::U32 | DType::Bool => {
            unreachable!("invariant: the type rule admits floats only")
        }
    }
}

fn pairs<T: Element>(x: &[T]) -> impl Iterator<Item = Complex<T>> {
    x.chunks_exact(2).map(|z| Complex { re: z[0], im: z[1] })
}

fn unpair<T: Element>(z: &[Complex<T>], scale: impl Fn(T) -> T, out: &mut [T]) {
    for (o, z) in out.chunks_exact_mut(2).zip(z) {
        (o[0], o[1]) = (scale(z.re), scale(z.im));
    }
}

fn transform<T: Element + FftNum>(p: &Fft, x: &Array, planners: &Mutex<Planners<T>>) -> Array {
    let (n, half) = (p.n, p.n / 2 + 1);
    // Sizes and rank of one transform's operand and result.
    let (from, to, rank, inner): (usize, usize, usize, Vec<usize>) = match p.kind {
        FftKind::Fft | FftKind::Ifft => (2 * n, 2 * n, 2, vec![n, 2]),
        FftKind::Rfft => (n, 2 * half, 1, vec![half, 2]),
        FftKind::Irfft => (2 * half, n, 2, vec![n]),
    };
    let leading = &x.shape()[..x.shape().len() - rank];
    let shape = [leading, &inner].concat();
    let values = x.as_slice::<T>();
    let mut out = scratch::<T>(size(&shape));
    let lines = (1_usize << 13).div_ceil(n);
    let inverse = <T as Element>::from_f64(1.0 / n as f64);
    let lock = || planners.lock().unwrap_or_else(PoisonError::into_inner);
    // In f32 the factor 1/n is rounded once, as is its product.
    let scale = |v: T| v * inverse;
    match p.kind {
        FftKind::Fft | FftKind::Ifft => {
            let forward = p.kind == FftKind::Fft;
            let direction = if forward { FftDirection::Forward } else { FftDirection::Inverse };
            let plan = lock().complex.plan_fft(n, direction);
            for_each_part(&mut out, lines * to, |start, part| {
                let zero = Complex { re: T::ZERO, im: T::ZERO };
                let mut work = vec![zero; plan.get_inplace_scratch_len()];
                let mut line = vec![zero; n];
                for (l, out) in (start / to..).zip(part.chunks_exact_mut(to)) {
                    line.iter_mut().zip(pairs(&values[l * from..])).for_each(|(z, v)| *z = v);
                    plan.process_with_scratch(&mut line, &mut work);
                    if forward { unpair(&line, |v| v, out) } else { unpair(&line, scale, out) }
                }
            });
        }
        FftKind::Rfft => {
            let plan = lock().real.plan_fft_forward(n);
            for_each_part(&mut out, lines * to, |start, part| {
                let (mut work, mut line) = (plan.make_scratch_vec(), plan.make_input_vec());
                let mut spectrum = plan.make_output_vec();
                for (l, out) in (start / to..).zip(part.chunks_exact_mut(to)) {
                    line.copy_from_slice(&values[l * from..(l + 1) * from]);
                    let done = plan.process_with_scratch(&mut line, &mut spectrum, &mut work);
                    done.expect("invariant: the plan made these buffers");
                    unpair(&spectrum, |v| v, out);
                }
            });
        }
        FftKind::Irfft => {
            let plan = lock().real.plan_fft_inverse(n);
            for_each_part(&mut out, lines * to, |start, part| {
                let (mut work, mut spectrum) = (plan.make_scratch_vec(), plan.make_input_vec());
                let mut line = plan.make_output_vec();
                for (l, out) in (start / to..).zip(part.chunks_exact_mut(to)) {
                    spectrum.iter_mut().zip(pairs(&values[l * from..])).for_each(|(z, v)| *z = v);
                    // Coefficients that are their own conjugates have no imaginary part.
                    spectrum[0].im = T::ZERO;
                    if n.is_multiple_of(2) {
                        spectrum[half - 1].im = T::ZERO;
                    }
                    let done = plan.process_with_scratch(&mut spectrum, &mut line, &mut work);
                    done.expect("invariant: the plan made these buffers");
                    out.iter_mut().zip(&line).for_each(|(o, &v)| *o = scale(v));
                }
            });
        }
    }
    Array::from_vec(out, &shape)
}
