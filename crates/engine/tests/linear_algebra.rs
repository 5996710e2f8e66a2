//! Decompositions: the engine agrees with the reference, also where there are ties, no full rank,
//! or no numbers.

mod common;

use array::{Array, DType};
use common::difference;
use ir::Prim;
use ir::check::{fill, random_like};
use ir::prim::{Cholesky, Eigh, Fill, Lu, LuSolve, Primitive, Qr, Svd, TriangularSolve};

#[track_caller]
fn check(prim: impl Into<Prim>, x: &[&Array], tolerance: f64) {
    let prim = prim.into();
    for float in [DType::F64, DType::F32] {
        let x: Vec<Array> = x
            .iter()
            .map(|x| if x.dtype().is_float() { x.convert(float) } else { (*x).clone() })
            .collect();
        let x: Vec<&Array> = x.iter().collect();
        let want = prim.rules().eval(&x).expect("a value");
        for threads in [1, 3] {
            engine::set_threads(threads);
            let got = engine::apply(&prim, &x).expect("a value");
            if let Some(found) = difference(&got, &want, tolerance) {
                panic!("{prim:?} of {:?}: {found}", x[0].ty());
            }
        }
    }
}

fn f64s(shape: &[usize]) -> array::Type {
    array::Type::new(DType::F64, shape)
}

/// Shapes of single matrices and batches, small and beyond the algorithms' blocks.
const SQUARE: [&[usize]; 8] =
    [&[0, 0], &[1, 1], &[2, 2], &[5, 5], &[17, 17], &[40, 40], &[3, 2, 4, 4], &[0, 3, 3]];

const ANY: [&[usize]; 8] =
    [&[0, 3], &[3, 0], &[1, 5], &[5, 1], &[9, 4], &[4, 9], &[35, 22], &[2, 22, 35]];

#[test]
fn random_matrices() {
    for (seed, shape) in (0..).zip(SQUARE) {
        let of = |how: &Fill| fill(&f64s(shape), how, seed);
        check(Cholesky {}, &[&of(&Fill::PositiveDefinite)], 1e-11);
        check(Eigh {}, &[&of(&Fill::Symmetric)], 1e-11);
        check(Lu {}, &[&random_like(&f64s(shape), seed)], 1e-9);
    }
    for (seed, shape) in (0..).zip(SQUARE.into_iter().chain(ANY)) {
        let x = fill(&f64s(shape), &Fill::WellConditioned, seed);
        check(Qr {}, &[&x], 1e-11);
        check(Svd {}, &[&x], 1e-11);
        check(Lu {}, &[&x], 1e-11);
    }
}

#[test]
fn systems() {
    for (seed, shape) in (0..).zip(SQUARE) {
        let a = fill(&f64s(shape), &Fill::WellConditioned, seed);
        let (leading, n) = (&shape[..shape.len() - 2], shape[shape.len() - 1]);
        for k in [0, 1, 7] {
            let b = random_like(&f64s(&[leading, &[n, k]].concat()), seed + 1);
            for variant in 0..8 {
                let solve = TriangularSolve {
                    lower: variant & 1 == 0,
                    transpose: variant & 2 == 0,
                    unit_diagonal: variant & 4 == 0,
                };
                // What is not to be read is NaN.
                let entry = |index: usize, v: f64| {
                    let (i, j) = (index / n % n, index % n);
                    let diagonal = i == j && solve.unit_diagonal;
                    if (i != j && (i > j) != solve.lower) || diagonal {
                        f64::NAN
                    } else {
                        0.1 * v + f64::from(u8::from(i == j))
                    }
                };
                let values = a.to_f64().into_iter().enumerate().map(|(i, v)| entry(i, v)).collect();
                check(solve, &[&Array::from_vec(values, shape), &b], 1e-10);
            }
            let factors = Lu {}.eval(&[&a]).expect("factors");
            for transpose in [false, true] {
                let operands = [&a, &factors[0], &factors[2], &b];
                check(LuSolve { transpose }, &operands, 1e-10);
            }
        }
    }
}

#[test]
fn ties_and_missing_rank() {
    let integers = |seed: u64, n: usize| {
        let values = random_like(&f64s(&[n, n]), seed).to_f64();
        Array::from_vec(values.iter().map(|v| (v * 2.0).round()).collect(), &[n, n])
    };
    for seed in 0..40 {
        for n in [2, 3, 5] {
            check(Lu {}, &[&integers(seed, n)], 1e-12);
        }
    }
    let zeros = Array::zeros(&f64s(&[3, 3]));
    check(Lu {}, &[&zeros], 0.0);
    check(Cholesky {}, &[&zeros], 0.0);
    let column = Array::from_vec(vec![0.0, 2.0, 1.0, 0.0, 4.0, 3.0, 0.0, -6.0, 1.0], &[3, 3]);
    check(Lu {}, &[&column], 1e-12);
    let indefinite = Array::from_vec(vec![1.0, 2.0, 2.0, 1.0], &[2, 2]);
    check(Cholesky {}, &[&indefinite], 0.0);
    // Singular triangles divide by zero.
    let solve = TriangularSolve { lower: true, transpose: false, unit_diagonal: false };
    let singular = Array::from_vec(vec![0.0, 0.0, 1.0, 1.0], &[2, 2]);
    let b = Array::from_vec(vec![1.0, 1.0], &[2, 1]);
    let x = engine::apply(&solve.into(), &[&singular, &b]).expect("a value")[0].to_f64();
    assert!(x.iter().all(|x| !x.is_finite()), "{x:?}");
}

#[test]
fn nan_gives_nan_in_its_own_matrix_alone() {
    for bad in [f64::NAN, f64::INFINITY] {
        let mut values = fill(&f64s(&[3, 4, 4]), &Fill::PositiveDefinite, 3).to_f64();
        values[16 + 6] = bad;
        let x = Array::from_vec(values, &[3, 4, 4]);
        check(Cholesky {}, &[&x], 1e-11);
        check(Eigh {}, &[&x], 1e-11);
        check(Qr {}, &[&x], 1e-11);
        check(Svd {}, &[&x], 1e-11);
        check(Lu {}, &[&x], 1e-11);
    }
}

/// What the documentation promises of spectra, where the vectors are not unique.
#[test]
fn repeated_values_have_orthonormal_vectors() {
    let gram = |q: &[f64], n: usize, k: usize| {
        for i in 0..k {
            for j in 0..k {
                let inner: f64 = (0..n).map(|r| q[r * k + i] * q[r * k + j]).sum();
                assert!((inner - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    };
    for x in [
        Array::full(DType::F64, &[6, 6], 1.0),
        Array::zeros(&f64s(&[5, 5])),
        Array::from_fn(&[7, 7], |i| f64::from(u8::from(i[0] == i[1]))),
    ] {
        let n = x.shape()[0];
        let eigen = engine::apply(&Eigh {}.into(), &[&x]).expect("a value");
        gram(&eigen[1].to_f64(), n, n);
        let svd = engine::apply(&Svd {}.into(), &[&x]).expect("a value");
        gram(&svd[0].to_f64(), n, n);
        let want = Svd {}.eval(&[&x]).expect("a value");
        assert!(difference(&svd[1..2], &want[1..2], 1e-12).is_none());
    }
}

#[test]
fn the_ends_of_the_range() {
    for scale in [1e-300, 1e300] {
        let of = |how: &Fill| {
            let values = fill(&f64s(&[5, 5]), how, 3).to_f64();
            Array::from_vec(values.iter().map(|v| v * scale).collect(), &[5, 5])
        };
        let relative = |prim: Prim, x: Array| {
            let got = engine::apply(&prim, &[&x]).expect("a value");
            let want = prim.rules().eval(&[&x]).expect("a value");
            for (g, w) in got.iter().zip(&want) {
                let greatest = w.to_f64().iter().fold(0.0_f64, |m, v| m.max(v.abs()));
                for (g, w) in g.to_f64().iter().zip(w.to_f64()) {
                    assert!((g - w).abs() <= 1e-11 * greatest, "{prim:?}: {g:e}, {w:e}");
                }
            }
        };
        relative(Eigh {}.into(), of(&Fill::Symmetric));
        relative(Svd {}.into(), of(&Fill::WellConditioned));
        relative(Qr {}.into(), of(&Fill::WellConditioned));
    }
}
