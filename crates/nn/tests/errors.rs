//! Wrong calls say what was wrong and what would be right.

use nn::attention::{
    LearnedPositions, MultiHeadAttention, blockwise_attention, scaled_dot_product_attention,
    sinusoidal_positions,
};
use nn::models::{LeNet, UNet};
use nn::recurrent::{Cell, Gru, Stacked, length_mask, run};
use nn::{
    AveragePool, BatchNorm, Conv, ConvTranspose, Embedding, GroupNorm, LayerNorm, MaxPool,
    PaddingMode, ResidualBlock, ResidualOrder, SqueezeExcite, dropout, gaussian_dropout,
    masked_mean, pad,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tensor::transformations::VmapOptions;
use tensor::{DType, Key, Tensor, vmap_with};

const F64: DType = DType::F64;

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, F64)
}

fn key() -> Key {
    Key::new(0)
}

/// The message of the panic holds all parts.
fn assert_says<T>(f: impl FnOnce() -> T, parts: &[&str]) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(f)) else { panic!("no error: {parts:?}") };
    let message = panic.downcast_ref::<String>().cloned();
    let message = message.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
    let message = message.expect("the panic has a message");
    for part in parts {
        assert!(message.contains(part), "`{message}` does not say `{part}`");
    }
}

#[test]
fn convolutions() {
    let layer = || Conv::new(key(), 3, 4, [5, 3], F64);
    assert_says(|| layer().call(&zeros(&[2, 8, 8])), &["takes 3 channels", "[2, 8, 8]"]);
    assert_says(|| layer().call(&zeros(&[7, 3, 8, 8])), &["one example", "vmap"]);
    assert_says(
        || layer().padding([1, 0]).call(&zeros(&[3, 2, 8])),
        &["axis 0", "extends over 5", "has 4"],
    );
    assert_says(|| layer().dilation([1, 4]).call(&zeros(&[3, 8, 8])), &["axis 1", "over 9"]);
    assert_says(|| Conv::grouped(key(), 3, 4, [3], 2, F64), &["2 groups must divide 3"]);
    assert_says(|| Conv::new(key(), 3, 4, [0], F64), &["positive", "kernel [0]"]);
    let circular = |p| Conv::new(key(), 1, 1, [1], F64).padding([p]).mode(PaddingMode::Circular);
    assert_eq!(circular(3).call(&zeros(&[1, 3])).shape(), [1, 9]);
    assert_says(|| circular(4).call(&zeros(&[1, 3])), &["Circular", "(4, 4)", "at most 3"]);
    assert_says(|| pad(&zeros(&[3]), &[(0, 3)], PaddingMode::Reflect), &["at most 2"]);
    let transposed = || ConvTranspose::new(key(), 2, 1, [3], F64).stride([2]);
    assert_says(|| transposed().extra([2]).call(&zeros(&[2, 4])), &["extra size 2", "stride 2"]);
    assert_says(|| transposed().padding([2]).call(&zeros(&[2, 1])), &["cuts 4 elements off 3"]);
    assert_says(|| transposed().call(&zeros(&[3, 4])), &["takes 2 channels"]);
}

#[test]
fn pooling() {
    assert_says(|| MaxPool::new([3]).call(&zeros(&[1, 2])), &["window of 3", "input of 2"]);
    assert_says(|| MaxPool::new([3]).padding([2]).call(&zeros(&[1, 5])), &["half the window"]);
    assert_says(|| AveragePool::new([2, 2]).call(&zeros(&[1, 5])), &["2 spatial axes", "[1, 5]"]);
    assert_says(|| nn::global_average_pool(&zeros(&[4])), &["[channels, spatial…]"]);
    assert_says(|| nn::global_max_pool(&zeros(&[4, 0])), &["something to pool"]);
}

#[test]
fn normalisation() {
    assert_says(|| LayerNorm::new(&[4], F64).call(&zeros(&[4, 3])), &["[4]", "[4, 3]"]);
    assert_says(|| GroupNorm::new(3, 4, F64), &["3 groups must divide 4"]);
    assert_says(|| GroupNorm::new(2, 4, F64).call(&zeros(&[3, 2])), &["4 channels", "[3, 2]"]);
    let (layer, running) = BatchNorm::new(4, F64);
    assert_says(|| layer.call(&zeros(&[4]), &running, Some("batch")), &["vmap", "`batch`"]);
    assert_says(|| layer.call(&zeros(&[2, 4]), &running, None), &["4 channels", "[2, 4]"]);
    let options = VmapOptions { name: Some("batch"), ..VmapOptions::default() };
    let train = |x: &Tensor| layer.call(x, &running, Some("batch"));
    assert_says(|| vmap_with(options, train)(&zeros(&[1, 4])), &["1 examples", "variance"]);
}

#[test]
fn noise_and_embeddings() {
    assert_says(|| dropout(&zeros(&[2]), 1.5, None), &["probability of dropping", "1.5"]);
    assert_says(|| dropout(&zeros(&[2]), f64::NAN, None), &["NaN"]);
    assert_says(|| gaussian_dropout(&zeros(&[2]), 1.0, None), &["infinite variance"]);
    let table = Embedding::new(key(), 5, 2, F64);
    assert_says(|| table.call(&Tensor::from([1_i64, 5])), &["token 5", "5 rows"]);
    assert_says(|| table.call(&Tensor::from([-1_i64])), &["token -1"]);
    assert_says(|| table.call(&zeros(&[2])), &["integers", "f64"]);
    let mask = Tensor::from([true]);
    assert_says(|| masked_mean(&zeros(&[2]), &mask), &["[2]", "bool [1]"]);
}

#[test]
fn sequences() {
    let cell = Gru::new(key(), 3, 2, F64);
    let looped = |xs: &Tensor, mask| run(&cell, xs, &cell.initial(), mask, false);
    assert_says(|| looped(&zeros(&[4, 2]), None), &["Gru", "3 features", "[4, 2]"]);
    assert_says(|| looped(&zeros(&[2, 4, 3]), None), &["[time, features]", "vmap"]);
    let mask = Tensor::from([true; 3]);
    assert_says(|| looped(&zeros(&[4, 3]), Some(&mask)), &["4 steps", "bool [3]"]);
    assert_says(|| length_mask(&Tensor::from([1_i64, 2]), 4), &["one integer", "vmap"]);
    let net = Stacked { layers: vec![cell.clone()] };
    assert_says(|| net.call(&zeros(&[4, 3]), &[], None), &["0 states for 1 layers"]);
}

#[test]
fn attention() {
    let x = zeros(&[3, 4]);
    let attend = |mask: &Tensor| scaled_dot_product_attention(&x, &x, &x, Some(mask));
    assert_says(|| attend(&Tensor::from([true; 2])), &["[3, 3]", "bool [2]"]);
    assert_says(|| attend(&zeros(&[3, 3])), &["truth values", "f64"]);
    let narrow = zeros(&[3, 2]);
    assert_says(|| scaled_dot_product_attention(&x, &narrow, &x, None), &["[3, 4], [3, 2]"]);
    assert_says(|| blockwise_attention(&x, &x, &x, false, None, 0), &["at least one query"]);
    assert_says(|| MultiHeadAttention::new(key(), 4, 3, F64), &["3 heads must divide 4"]);
    let layer = MultiHeadAttention::new(key(), 4, 2, F64);
    assert_says(|| layer.call(&zeros(&[2, 3, 4]), &x, None), &["[time, 4]", "vmap"]);
    assert_says(|| sinusoidal_positions(3, 5, F64), &["5 features are odd"]);
    let positions = LearnedPositions::new(key(), 2, 4, F64);
    assert_says(|| positions.call(&x), &["at most 2 times", "[3, 4]"]);
}

#[test]
fn blocks_and_models() {
    let layer = SqueezeExcite::new(key(), 4, 2, F64);
    assert_says(|| layer.call(&zeros(&[3, 2])), &["[4, spatial…]", "[3, 2]"]);
    let order = ResidualOrder::PostActivation;
    let (block, _) = ResidualBlock::<1>::new(key(), 2, 3, 1, order, F64);
    let (_, other) = ResidualBlock::<1>::new(key(), 3, 3, 1, order, F64);
    assert_says(|| block.call(&zeros(&[2, 4]), &other, None), &["shortcut has a normalisation"]);
    assert_says(|| LeNet::new(key(), [1, 8, 8], 10, F64), &["12×12", "8×8"]);
    let net = UNet::new(key(), 1, 2, 2, 2, F64);
    assert_says(|| net.call(&zeros(&[1, 6, 8])), &["multiples of 4", "[1, 6, 8]"]);
}
