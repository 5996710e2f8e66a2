//! Laws of layers: what the mathematics says of them beyond agreement with another library.

use nn::attention::{
    MultiHeadAttention, blockwise_attention, causal_mask, scaled_dot_product_attention,
};
use nn::recurrent::{Cell, Elman, Gru, Lstm, Stacked, detached, length_mask, run};
use nn::{Activation, Conv, ConvTranspose, PaddingMode, init};
use tensor::{DType, Key, Tensor, Tree, grad, vmap};

const F64: DType = DType::F64;

fn normal(seed: u64, shape: &[usize]) -> Tensor {
    Key::new(seed).normal(shape, F64)
}

fn distance(x: &Tensor, y: &Tensor) -> f64 {
    assert_eq!(x.shape(), y.shape());
    (x - y).abs().max().item()
}

#[test]
fn circular_convolution_commutes_with_shifts() {
    let layer = Conv::new(Key::new(0), 2, 3, [3, 3], F64).same_padding();
    let layer = layer.mode(PaddingMode::Circular);
    let x = normal(1, &[2, 6, 8]);
    for (rows, columns) in [(1, 0), (0, 3), (-2, 5)] {
        let shifted = |t: &Tensor| t.roll(rows, 1).roll(columns, 2);
        assert_eq!(distance(&layer.call(&shifted(&x)), &shifted(&layer.call(&x))), 0.0);
    }
    // With stride 2, for shifts by 2 only.
    let strided = layer.clone().stride([2, 2]);
    let y = strided.call(&x);
    assert_eq!(distance(&strided.call(&x.roll(2, 1)), &y.roll(1, 1)), 0.0);
    assert!(distance(&strided.call(&x.roll(1, 1)), &y.roll(1, 1)) > 0.1);
    // Zeros at the border break it.
    let zeros = layer.mode(PaddingMode::Zeros);
    assert!(distance(&zeros.call(&x.roll(1, 1)), &zeros.call(&x).roll(1, 1)) > 0.1);
}

#[test]
fn the_transposed_convolution_is_the_adjoint() {
    let forward = Conv::grouped(Key::new(0), 4, 6, [3, 2], 2, F64).stride([2, 3]);
    let forward = forward.padding([1, 0]).dilation([1, 2]).without_bias();
    let x = normal(1, &[4, 8, 9]);
    let y = normal(2, forward.call(&x).shape());
    let back = ConvTranspose::grouped(Key::new(0), 6, 4, [3, 2], 2, F64).stride([2, 3]);
    let back = back.padding([1, 0]).dilation([1, 2]).extra([1, 0]).without_bias();
    let back = ConvTranspose { weight: forward.weight.clone(), ..back };
    assert_eq!(back.call(&y).shape(), x.shape());
    let (left, right) = ((forward.call(&x) * &y).sum(), (&x * back.call(&y)).sum());
    assert!((left.item() - right.item()).abs() < 1e-12 * left.item().abs().max(1.0));
}

/// Sequences of all cells, with something that is not a number behind the end.
#[test]
fn what_is_masked_does_not_matter() {
    fn check<C: Cell>(cell: &C) {
        let (time, length) = (6, 4);
        let xs = normal(1, &[length, 3]);
        let behind = Tensor::full(&[time - length, 3], f64::NAN, F64);
        let padded = Tensor::concatenate(&[&xs, &behind], 0);
        let mask = length_mask(&Tensor::from(length as i64), time);
        for reverse in [false, true] {
            let short = |cell: &C| run(cell, &xs, &cell.initial(), None, reverse);
            let long = |cell: &C| run(cell, &padded, &cell.initial(), Some(&mask), reverse);
            let ((last, ys), (masked_last, masked_ys)) = (short(cell), long(cell));
            assert!(distance(&masked_ys.slice_axis(0, 0, length), &ys) < 1e-14);
            assert_eq!(masked_ys.slice_axis(0, length, time).abs().max().item(), 0.0);
            for (a, b) in last.leaves().iter().zip(masked_last.leaves()) {
                assert!(distance(a, &b) < 1e-14);
            }
            let g = grad(|cell: &C| short(cell).1.square().sum())(cell);
            let h = grad(|cell: &C| long(cell).1.square().sum())(cell);
            for (a, b) in g.leaves().iter().zip(h.leaves()) {
                assert!(distance(a, &b) < 1e-13);
            }
        }
    }
    check(&Elman::new(Key::new(0), 3, 4, F64));
    check(&Lstm::new(Key::new(0), 3, 4, F64));
    check(&Gru::new(Key::new(0), 3, 4, F64));
}

#[test]
fn steps_are_the_loop() {
    let [a, b] = Key::new(0).split();
    let net = Stacked { layers: vec![Lstm::new(a, 3, 4, F64), Lstm::new(b, 4, 5, F64)] };
    let xs = normal(1, &[6, 3]);
    let (_, whole) = net.call(&xs, &net.initial(), None);
    let mut states = net.initial();
    for t in 0..6 {
        let y;
        (states, y) = net.step(&xs.index(0, t), &states);
        assert!(distance(&y, &whole.index(0, t)) < 1e-14);
    }
}

/// Truncated back-propagation: the state goes on, the derivative does not.
#[test]
fn a_detached_state_passes_values_and_no_derivatives() {
    let cell = Gru::new(Key::new(0), 2, 3, F64);
    let (first, second) = (normal(1, &[4, 2]), normal(2, &[4, 2]));
    let value = |first: &Tensor, cut: bool| {
        let (state, _) = run(&cell, first, &cell.initial(), None, false);
        let state = if cut { detached(&state) } else { state };
        run(&cell, &second, &state, None, false).1.sum()
    };
    assert_eq!(value(&first, true).item(), value(&first, false).item());
    assert_eq!(grad(|x: &Tensor| value(x, true))(&first).abs().max().item(), 0.0);
    assert!(grad(|x: &Tensor| value(x, false))(&first).abs().max().item() > 1e-3);
}

/// A linear recurrent network: ∂h_T/∂h_0 = Uᵀ…, of norm gᵀ for U = g·orthogonal.
#[test]
fn derivatives_of_linear_recurrences_vanish_and_explode_geometrically() {
    for gain in [0.5, 1.0, 1.5] {
        let cell = Elman::new(Key::new(0), 2, 4, F64);
        let recurrent_weight = &cell.recurrent_weight * gain;
        let cell = Elman { activation: Activation::Identity, recurrent_weight, ..cell };
        let (xs, direction) = (normal(1, &[10, 2]), normal(2, &[4]));
        let g = grad(|h: &Tensor| (run(&cell, &xs, h, None, false).0 * &direction).sum())(
            &cell.initial(),
        );
        let ratio = g.norm().item() / direction.norm().item();
        assert!((ratio / f64::powi(gain, 10) - 1.0).abs() < 1e-12, "gain {gain}: {ratio}");
    }
}

#[test]
fn a_query_that_sees_nothing_gets_zeros_and_no_derivatives() {
    let x = normal(0, &[3, 4]);
    let mask = Tensor::from([[true, false, true], [false, false, false], [true, true, true]]);
    let attend = |q: &Tensor, kv: &Tensor| scaled_dot_product_attention(q, kv, kv, Some(&mask));
    assert_eq!(attend(&x, &x).index(0, 1).to_vec::<f64>(), [0.0; 4]);
    let (q, kv) = grad(|(q, kv): &(Tensor, Tensor)| attend(q, kv).square().sum())(&(x.clone(), x));
    assert!(kv.is_finite().all().to_vec::<bool>()[0]);
    assert_eq!(q.index(0, 1).to_vec::<f64>(), [0.0; 4]);
    assert!(q.index(0, 0).abs().max().item() > 0.0);
}

#[test]
fn causal_attention_does_not_see_the_future() {
    let layer = MultiHeadAttention::new(Key::new(0), 6, 2, F64);
    let x = normal(1, &[5, 6]);
    let call = |x: &Tensor| layer.call(x, x, Some(&causal_mask(5)));
    let changed = Tensor::concatenate(&[&x.slice_axis(0, 0, 3), &normal(2, &[2, 6])], 0);
    let (y, z) = (call(&x), call(&changed));
    assert_eq!(y.slice_axis(0, 0, 3).to_vec::<f64>(), z.slice_axis(0, 0, 3).to_vec::<f64>());
    assert!(distance(&y, &z) > 0.1);
    // Without a mask and positions, attention commutes with permutations.
    let order = Tensor::from([3_i64, 0, 4, 2, 1]);
    let free = |x: &Tensor| layer.call(x, x, None);
    assert!(distance(&free(&x.take(&order, 0)), &free(&x).take(&order, 0)) < 1e-14);
}

#[test]
fn attention_in_blocks_is_attention() {
    let (q, k, v) = (normal(0, &[2, 7, 3]), normal(1, &[2, 7, 3]), normal(2, &[2, 7, 4]));
    let seen = Tensor::from([true, true, false, true, true, true, false]);
    type Three = (Tensor, Tensor, Tensor);
    for causal in [false, true] {
        let mask = if causal { causal_mask(7) } else { Tensor::from([true; 7]) };
        let mask = mask.logical_and(&seen);
        let whole = |(q, k, v): &Three| scaled_dot_product_attention(q, k, v, Some(&mask));
        let weights = normal(3, &[2, 7, 4]);
        let expected =
            grad(|x: &Three| (whole(x) * &weights).sum())(&(q.clone(), k.clone(), v.clone()));
        for block in [1, 3, 7, 20] {
            let blocks =
                |(q, k, v): &Three| blockwise_attention(q, k, v, causal, Some(&seen), block);
            let x = (q.clone(), k.clone(), v.clone());
            assert!(distance(&whole(&x), &blocks(&x)) < 1e-14);
            let got = grad(|x: &Three| (blocks(x) * &weights).sum())(&x);
            for (got, expected) in got.leaves().iter().zip(expected.leaves()) {
                assert!(distance(got, &expected) < 1e-13);
            }
            // One head at a time.
            assert!(distance(&vmap(blocks)(&x), &whole(&x)) < 1e-14);
        }
    }
}

/// E|x_L|² = (1 + α²)^L |x_0|² for x_{l+1} = x_l + α W₂ relu(W₁ x_l) with independent weights of
/// variance 1/n and 2/n: residual networks without normalisation grow geometrically.
#[test]
fn residual_networks_grow_by_one_plus_alpha_squared_per_block() {
    let (n, depth, alpha, samples) = (8, 12, 0.4, 1000);
    let x = normal(1, &[n]);
    let growth = |key: &Key| {
        let mut keys = key.replay().stream();
        let mut next = || keys.next().expect("the stream has no end");
        let mut h = x.clone();
        for _ in 0..depth {
            let hidden = h.matmul(&init::lecun_normal(next(), n, n, F64)).relu();
            h = &h + hidden.matmul(&init::he_normal(next(), n, n, F64)) * alpha;
        }
        h.square().sum() / x.square().sum()
    };
    let ratios = vmap(growth)(&Key::new(2).split_batch(samples));
    let (mean, error) = (ratios.mean().item(), ratios.std(0, 1).item() / (samples as f64).sqrt());
    let expected = (1.0 + alpha * alpha).powi(depth);
    assert!((mean - expected).abs() < 4.5 * error, "{mean} ± {error}, not {expected}");
    assert!(error < 0.1 * expected, "the test would not see anything: ± {error}");
}
