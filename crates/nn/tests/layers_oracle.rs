//! Values and gradients of layers against PyTorch's, with the same weights and the same inputs
//! (`oracles/layers.py`).

mod oracle;

use nn::attention::{
    MultiHeadAttention, blockwise_attention, causal_mask, scaled_dot_product_attention,
    sinusoidal_positions,
};
use nn::models::DecoderBlock;
use nn::recurrent::{Bidirectional, Cell, Elman, Gru, Lstm, Reset, Stacked, length_mask, run};
use nn::{
    AveragePool, BatchNorm, Conv, ConvTranspose, Embedding, GroupNorm, LayerNorm, MaxPool,
    PaddingMode, ResidualBlock, ResidualOrder, RmsNorm, RunningStatistics, SqueezeExcite,
    global_average_pool, global_max_pool, shared_over_batch,
};
use oracle::Case;
use std::collections::BTreeMap;
use tensor::transformations::VmapOptions;
use tensor::{DType, Key, Tensor, vmap, vmap_with};

const F64: DType = DType::F64;

fn key() -> Key {
    Key::new(0)
}

fn named(name: &'static str) -> VmapOptions {
    VmapOptions { name: Some(name), ..VmapOptions::default() }
}

fn check_conv<const D: usize>(name: &str, layer: Conv<D>) {
    Case::named(&format!("convolution/{name}"))
        .check(layer, |layer, x| vmap(|x: &Tensor| layer.call(x))(x));
}

fn check_transposed<const D: usize>(name: &str, layer: ConvTranspose<D>) {
    Case::named(&format!("convolution/{name}"))
        .check(layer, |layer, x| vmap(|x: &Tensor| layer.call(x))(x));
}

#[test]
fn convolutions() {
    let layer = Conv::grouped(key(), 4, 4, [3], 2, F64).stride([2]).dilation([2]).padding([2]);
    check_conv("1d", layer);
    let layer = Conv::new(key(), 2, 3, [3, 2], F64).stride([2, 1]).dilation([1, 2]);
    check_conv("2d", layer.padding([1, 2]));
    check_conv("2d/depthwise", Conv::depthwise(key(), 2, 2, [3, 3], F64).same_padding());
    check_conv("2d/same, even kernel", Conv::new(key(), 2, 2, [2, 4], F64).same_padding());
    let layer = Conv::new(key(), 2, 2, [2, 1, 2], F64).stride([1, 2, 1]).padding([0, 0, 1]);
    check_conv("3d", layer);
}

#[test]
fn convolutions_of_continued_examples() {
    let layer = Conv::new(key(), 2, 2, [3], F64).dilation([2]).same_padding();
    check_conv("1d/circular", layer.mode(PaddingMode::Circular));
    let layer = Conv::new(key(), 1, 2, [3, 3], F64).same_padding();
    check_conv("2d/circular", layer.mode(PaddingMode::Circular));
    let layer = Conv::new(key(), 1, 2, [3, 3], F64).padding([2, 1]).stride([2, 2]);
    check_conv("2d/reflect", layer.mode(PaddingMode::Reflect));
}

#[test]
fn transposed_convolutions() {
    let layer = ConvTranspose::grouped(key(), 4, 2, [3], 2, F64).stride([2]);
    check_transposed("1d/transposed", layer.padding([1]).extra([1]));
    let layer = ConvTranspose::new(key(), 2, 3, [3, 2], F64).stride([2, 3]).padding([1, 0]);
    check_transposed("2d/transposed", layer.extra([0, 2]).dilation([2, 1]));
    let layer = ConvTranspose::new(key(), 1, 2, [2, 2, 1], F64).stride([1, 2, 1]);
    check_transposed("3d/transposed", layer);
}

#[test]
fn pooling() {
    let check = |name: &str, f: &dyn Fn(&Tensor) -> Tensor| {
        Case::named(&format!("pooling/{name}")).check((), |(), x| vmap(f)(x));
    };
    check("max 1d", &|x| MaxPool::new([3]).stride([2]).padding([1]).call(x));
    check("max 2d", &|x| MaxPool::new([3, 2]).stride([2, 1]).padding([1, 0]).call(x));
    check("max 3d", &|x| MaxPool::new([2, 1, 2]).stride([2, 1, 1]).call(x));
    let average = AveragePool::new([3, 2]).stride([2, 2]);
    check("average 2d", &|x| average.padding([1, 1], true).call(x));
    check("average 2d, what is seen", &|x| average.padding([1, 1], false).call(x));
    check("global average", &global_average_pool);
    check("global max", &global_max_pool);
}

#[test]
fn normalisation_of_examples() {
    let layer = LayerNorm::new(&[3, 4], F64);
    Case::named("normalisation/layer").check(layer, |layer, x| vmap(|x: &Tensor| layer.call(x))(x));
    let layer = GroupNorm::new(2, 4, F64);
    Case::named("normalisation/group").check(layer, |layer, x| vmap(|x: &Tensor| layer.call(x))(x));
    let layer = GroupNorm::new(2, 2, F64);
    let case = Case::named("normalisation/instance");
    case.check(layer, |layer, x| vmap(|x: &Tensor| layer.call(x))(x));
    // Leading axes run in parallel: no vmap is needed.
    let case = Case::named("normalisation/root mean square");
    case.check(RmsNorm::new(&[4], F64), |layer, x| layer.call(x));
}

#[test]
fn normalisation_of_batches() {
    for dimensions in ["0d", "2d"] {
        let (layer, _) = BatchNorm::new(2, F64);
        let case = Case::named(&format!("normalisation/batch, training, {dimensions}"));
        let running = |case: &Case| RunningStatistics {
            mean: case.constant("mean"),
            variance: case.constant("variance"),
        };
        case.check(layer.clone(), |layer, x| {
            let train = |x: &Tensor| layer.call(x, &running(&case), Some("batch"));
            let (y, after) = vmap_with(named("batch"), train)(x);
            (y, shared_over_batch(&after))
        });
        let case = Case::named(&format!("normalisation/batch, inference, {dimensions}"));
        case.check(layer, |layer, x| {
            let y = vmap(|x: &Tensor| layer.call(x, &running(&case), None).0)(x);
            (y, running(&case))
        });
    }
}

#[test]
fn embeddings() {
    let case = Case::named("embedding");
    let table = Embedding::new(key(), 5, 3, F64);
    case.check(table, |table, _| table.call(&case.constant("tokens")));
}

/// The outputs and the last state.
fn looped<C: Cell>(cell: &C, xs: &Tensor, mask: Option<&Tensor>) -> (Tensor, C::State) {
    let (last, ys) = run(cell, xs, &cell.initial(), mask, false);
    (ys, last)
}

fn check_cell<C: Cell>(name: &str, cell: C) {
    Case::named(&format!("recurrent/{name}"))
        .check(cell, |cell, x| vmap(|x: &Tensor| looped(cell, x, None))(x));
}

#[test]
fn recurrent_cells() {
    check_cell("elman", Elman::new(key(), 3, 2, F64));
    check_cell("lstm", Lstm::new(key(), 3, 2, F64));
    check_cell("gru", Gru::new(key(), 3, 2, F64));
    let gru = Gru { reset: Reset::BeforeProduct, ..Gru::new(key(), 3, 2, F64) };
    check_cell("gru, reset before", gru);
}

#[test]
fn ragged_batches() {
    let case = Case::named("recurrent/lstm, ragged");
    let lengths = case.constant("lengths");
    case.check(Lstm::new(key(), 3, 2, F64), |cell, x| {
        let masked =
            |(x, n): &(Tensor, Tensor)| looped(cell, x, Some(&length_mask(n, x.shape()[0])));
        vmap(masked)(&(x.clone(), lengths.clone()))
    });
    let case = Case::named("recurrent/gru, stacked, ragged");
    let lengths = case.constant("lengths");
    let layers = vec![Gru::new(key(), 3, 2, F64), Gru::new(key(), 2, 2, F64)];
    case.check(Stacked { layers }, |net, x| {
        let masked = |(x, n): &(Tensor, Tensor)| {
            let mask = length_mask(n, x.shape()[0]);
            let (last, ys) = net.call(x, &net.initial(), Some(&mask));
            (ys, last)
        };
        vmap(masked)(&(x.clone(), lengths.clone()))
    });
}

#[test]
fn both_directions() {
    let case = Case::named("recurrent/lstm, bidirectional, ragged");
    let lengths = case.constant("lengths");
    let cell = || Lstm::new(key(), 3, 2, F64);
    case.check(Bidirectional { forward: cell(), backward: cell() }, |layer, x| {
        let masked = |(x, n): &(Tensor, Tensor)| layer.call(x, Some(&length_mask(n, x.shape()[0])));
        vmap(masked)(&(x.clone(), lengths.clone()))
    });
    let layer = |inputs| {
        let cell = || Elman::new(key(), inputs, 2, F64);
        Bidirectional { forward: cell(), backward: cell() }
    };
    Case::named("recurrent/elman, stacked bidirectional")
        .check(vec![layer(3), layer(4)], |layers, x| {
            vmap(|x: &Tensor| Bidirectional::stack(layers, x, None))(x)
        });
}

/// Keys and values under the names of the file.
fn named_pair(key: &[usize], value: &[usize]) -> BTreeMap<String, Tensor> {
    [("key", key), ("value", value)]
        .into_iter()
        .map(|(name, shape)| (name.to_string(), Tensor::zeros(shape, F64)))
        .collect()
}

#[test]
fn products_of_queries_and_keys() {
    // Leading axes, here the batch, run in parallel.
    let check = |case: &Case, mask: Option<&Tensor>| {
        case.check(named_pair(&[2, 3, 4], &[2, 3, 5]), |p, x| {
            scaled_dot_product_attention(x, &p["key"], &p["value"], mask)
        });
    };
    check(&Case::named("attention/product"), None);
    check(&Case::named("attention/product, causal"), Some(&causal_mask(3)));
    let case = Case::named("attention/product, masked");
    check(&case, Some(&case.constant("mask")));
    // The same in blocks, of which the last is not full.
    let case = Case::named("attention/product, causal");
    case.check(named_pair(&[2, 3, 4], &[2, 3, 5]), |p, x| {
        blockwise_attention(x, &p["key"], &p["value"], true, None, 2)
    });
}

#[test]
fn several_heads() {
    let layer = || MultiHeadAttention::new(key(), 4, 2, F64);
    Case::named("attention/multi-head")
        .check(layer(), |layer, x| vmap(|x: &Tensor| layer.call(x, x, None))(x));
    let case = Case::named("attention/multi-head, causal, ragged");
    let lengths = case.constant("lengths");
    case.check(layer(), |layer, x| {
        let masked = |(x, n): &(Tensor, Tensor)| {
            let mask = causal_mask(3).logical_and(length_mask(n, 3));
            layer.call(x, x, Some(&mask))
        };
        vmap(masked)(&(x.clone(), lengths.clone()))
    });
    Case::named("attention/decoder block")
        .check(DecoderBlock::new(key(), 4, 2, 6, F64), |block, x| {
            vmap(|x: &Tensor| block.call(x, Some(&causal_mask(3)), None))(x)
        });
    Case::named("attention/sinusoidal positions")
        .check((), |(), x| sinusoidal_positions(5, 6, F64) + x * 0.0);
}

#[test]
fn residual_blocks() {
    for (name, order) in
        [("pre", ResidualOrder::PreActivation), ("post", ResidualOrder::PostActivation)]
    {
        for (outputs, stride) in [(2, 1), (3, 2)] {
            let (block, statistics) =
                ResidualBlock::<2>::new(key(), 2, outputs, stride, order, F64);
            let case = Case::named(&format!("residual/{name}-activation, 2 to {outputs}"));
            case.check(block, |block, x| {
                let one = |x: &Tensor| block.call(x, &statistics, Some("batch")).0;
                vmap_with(named("batch"), one)(x)
            });
        }
    }
    Case::named("residual/squeeze-excite")
        .check(SqueezeExcite::new(key(), 4, 2, F64), |layer, x| {
            vmap(|x: &Tensor| layer.call(x))(x)
        });
}
