//! Which way is chosen, and how much accuracy tiles cost.

use super::*;
use ir::check::random_like;

/// One convolution of 3×3 places, padded to the same size, and the cotangent of its kernels, by
/// tiles or by patches; in f32 or f64.
fn both<T: Vectorised>(x: &Array, w: &Array, tiles: bool) -> [Vec<f64>; 2] {
    let (x, w) = (x.convert(T::DTYPE), w.convert(T::DTYPE));
    let p = ConvGeneral { padding: vec![(1, 1); 2], ..ConvGeneral::new(2) };
    let shape = [x.shape()[0], w.shape()[0], x.shape()[2], x.shape()[3]];
    let plane = shape[2] * shape[3];
    let cotangent = Array::from_vec(vec![T::ONE; size(&shape)], &shape);
    let cotangent = random_like(&cotangent.ty(), 5);
    let forward = Problem {
        conv: &p,
        x: x.as_slice::<T>(),
        x_steps: [x.shape()[1] * plane, plane],
        w: w.as_slice::<T>(),
        w_steps: [w.shape()[1] * 9, 9],
        reversed: false,
        seen: x.shape()[1],
        examples: shape[0],
        features: shape[1],
        y_steps: [shape[1] * plane, plane],
        elements: &x.shape()[2..],
        window: &[3, 3],
        outputs: &shape[2..],
    };
    let backward = Problem {
        x_steps: [plane, x.shape()[1] * plane],
        w: cotangent.as_slice::<T>(),
        w_steps: [plane, shape[1] * plane],
        seen: shape[0],
        examples: x.shape()[1],
        window: &shape[2..],
        outputs: &[3, 3],
        ..forward
    };
    let mut y = vec![T::ZERO; size(&shape)];
    let mut w_bar = vec![T::ZERO; w.len()];
    if tiles {
        assert!(forward.by_tiles(&mut y) && backward.weights_by_tiles(&mut w_bar));
    } else {
        implicit_gemm::convolve(&forward, &mut y);
        backward.weights_by_patches().run(&mut w_bar);
    }
    [y, w_bar].map(|v| v.into_iter().map(T::to_f64).collect())
}

/// The largest difference, in units of `rounding` times the root mean square of the result.
fn error(got: &[f64], want: &[f64], rounding: f64) -> f64 {
    let square: f64 = want.iter().map(|v| v * v).sum();
    let scale = (square / want.len() as f64).sqrt();
    let largest = got.iter().zip(want).map(|(g, w)| (g - w).abs()).fold(0.0, f64::max);
    largest / scale / rounding
}

/// The figures of `docs/notes/convolution.md`, which `--nocapture` prints.
#[test]
fn tiles_lose_a_few_bits_against_patches() {
    for features in [16, 64, 256] {
        let of = |shape: &[usize], seed| random_like(&array::Type::new(DType::F32, shape), seed);
        let (x, w) = (of(&[2, features, 24, 20], 1), of(&[16, features, 3, 3], 2));
        let exact = both::<f64>(&x, &w, false);
        let patches = both::<f32>(&x, &w, false);
        let tiles = both::<f32>(&x, &w, true);
        for (i, pass) in ["outputs", "weight gradient"].iter().enumerate() {
            let of = |got: &[Vec<f64>]| error(&got[i], &exact[i], f64::from(f32::EPSILON));
            let (patches, tiles) = (of(&patches), of(&tiles));
            println!("{features} features, {pass}: patches {patches:.1}, tiles {tiles:.1}");
            assert!(tiles < 5.0 * patches, "{features} features, {pass}");
        }
        let tiles = both::<f64>(&x, &w, true);
        for (got, want) in tiles.iter().zip(&exact) {
            assert!(error(got, want, f64::EPSILON) < 100.0);
        }
    }
}

#[test]
fn tiles_are_for_many_features() {
    let lanes = 16;
    for (examples, outputs, features, pays) in [
        (32, [32, 32], [64, 64], true),
        (64, [24, 24], [32, 64], true),
        (2, [8, 12], [16, 32], true),
        (3, [9, 7], [20, 17], true),
        (30, [3, 4], [16, 16], true),
        (64, [26, 26], [1, 32], false),
        (3, [14, 13], [1, 5], false),
        (2, [9, 35], [3, 4], false),
        (1, [1, 1], [16, 16], false),
    ] {
        let found = tiles_pay(examples, &outputs, features, lanes);
        assert_eq!(found, pays, "{examples} {outputs:?} {features:?}");
    }
}
