//! burn, on its `flex` backend.

#![recursion_limit = "256"]

use bench_protocol::{
    Job, inverse_root, job, labels, product, serve, size, training, uniform, uniform_f64,
};
use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{
    GateController, LayerNorm, LayerNormConfig, Linear, LinearConfig, Lstm, LstmConfig,
};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::prelude::*;
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, FloatDType, Int, TensorData, activation, module};

fn draw<const D: usize>(device: &Device, seed: u32, shape: [usize; D], scale: f64) -> Tensor<D> {
    Tensor::from_data(TensorData::new(uniform(seed, shape.iter().product(), scale), shape), device)
}

fn classes(device: &Device, n: usize) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(labels(n), [n]), device)
}

fn linear(device: &Device, seed: u32, inputs: usize, outputs: usize) -> Linear {
    let mut layer = LinearConfig::new(inputs, outputs).init(device);
    layer.weight = Param::from_tensor(draw(device, seed, [inputs, outputs], inverse_root(inputs)));
    layer.bias = Some(Param::from_tensor(Tensor::zeros([outputs], device)));
    layer
}

fn convolution(device: &Device, seed: u32, i: usize, o: usize, scale: f64) -> Conv2d {
    let mut layer = Conv2dConfig::new([i, o], [3, 3]).init(device);
    layer.weight = Param::from_tensor(draw(device, seed, [o, i, 3, 3], scale));
    layer.bias = Some(Param::from_tensor(Tensor::zeros([o], device)));
    layer
}

fn number<const D: usize>(x: Tensor<D>) -> f64 {
    f64::from(x.into_scalar::<f32>())
}

#[derive(Module, Debug)]
struct Mlp {
    l1: Linear,
    l2: Linear,
    l3: Linear,
}

#[derive(Module, Debug)]
struct Tiny {
    l1: Linear,
    l2: Linear,
}

#[derive(Module, Debug)]
struct LeNet {
    c1: Conv2d,
    c2: Conv2d,
    f1: Linear,
    f2: Linear,
}

#[derive(Module, Debug)]
struct Block {
    queries_keys_values: Linear,
    out: Linear,
    widen: Linear,
    narrow: Linear,
    n1: LayerNorm,
    n2: LayerNorm,
}

fn trained<M: Module + 'static>(
    model: M,
    mut optimiser: ModuleOptimizer,
    rate: f64,
    loss: impl Fn(&M) -> Tensor<1> + 'static,
) -> Option<Job> {
    let mut held = Some(model);
    training(move |read| {
        let model = held.take().expect("every step leaves a model");
        let value = loss(&model);
        let gradient = GradientsParams::from_grads(value.backward(), &model);
        held = Some(optimiser.step(rate, model, gradient));
        if read { number(value) } else { 0.0 }
    })
}

fn adam() -> ModuleOptimizer {
    AdamConfig::new().with_epsilon(1e-8).init()
}

fn row(plain: &Device, name: &str) -> Option<Job> {
    let differentiated = plain.clone().autodiff();
    let d = &differentiated;
    let wait = {
        let device = plain.clone();
        move || device.sync().expect("the device is there")
    };
    if let Some((f64s, m, k, n)) = product(name) {
        let matrix = |seed, r: usize, c: usize| -> Tensor<2> {
            if f64s {
                Tensor::from_data(
                    TensorData::new(uniform_f64(seed, r * c, 1.0), [r, c]),
                    (plain, DType::F64),
                )
            } else {
                draw(plain, seed, [r, c], 1.0)
            }
        };
        let (a, b) = (matrix(1, m, k), matrix(2, k, n));
        let c = a.clone().matmul(b.clone()).cast(FloatDType::F32);
        let check = number(c.slice([m / 2..m / 2 + 1, n / 3..n / 3 + 1]));
        return job(vec![("check", check)], move || {
            let _product = a.clone().matmul(b.clone());
            wait();
        });
    }
    macro_rules! function {
        ($f:expr, $pick:expr) => {{
            let f = $f;
            let check = number($pick(f()));
            job(vec![("check", check)], move || {
                let _value = f();
                wait();
            })
        }};
    }
    let inside = |x: Tensor<2>| x.slice([100..101, 200..201]);
    match name {
        "ew_gelu_1e6" | "ew_gelu_1e7" => {
            let n = size(name)?;
            let (x, a, b) =
                (draw(plain, 3, [n], 1.0), draw(plain, 1, [n], 1.0), draw(plain, 2, [n], 1.0));
            function!(move || activation::gelu(x.clone() * a.clone() + b.clone()), |y: Tensor<
                1,
            >| y
                .slice([n / 3..n / 3 + 1]))
        }
        "softmax_1024" => {
            let x = draw(plain, 1, [1024, 1024], 3.0);
            function!(move || activation::softmax(x.clone(), 1), inside)
        }
        "layernorm_1024" => {
            let x = draw(plain, 1, [1024, 1024], 3.0);
            let (g, b) = (draw(plain, 2, [1024], 1.0), draw(plain, 3, [1024], 1.0));
            function!(
                move || module::layer_norm(x.clone(), g.clone(), Some(b.clone()), 1e-5),
                inside
            )
        }
        "sum_ax0_1024" => {
            let x = draw(plain, 1, [1024, 1024], 1.0);
            function!(move || x.clone().sum_dim(0), |y: Tensor<2>| y.slice([0..1, 5..6]))
        }
        "sum_ax1_1024" => {
            let x = draw(plain, 1, [1024, 1024], 1.0);
            function!(move || x.clone().sum_dim(1), |y: Tensor<2>| y.slice([5..6, 0..1]))
        }
        "sum_1e6" | "sum_1e7" => {
            let x = draw(plain, 1, [size(name)?], 1.0);
            function!(move || x.clone().sum(), |y: Tensor<1>| y)
        }
        "mlp_b32" | "mlp_b128" => {
            let batch = if name == "mlp_b32" { 32 } else { 128 };
            let (l1, l2, l3) =
                (linear(d, 1, 784, 512), linear(d, 2, 512, 256), linear(d, 3, 256, 10));
            let (x, y) = (draw(d, 10, [batch, 784], 1.0), classes(d, batch));
            let entropy = CrossEntropyLossConfig::new().init(d);
            trained(Mlp { l1, l2, l3 }, adam(), 1e-3, move |m: &Mlp| {
                let h = activation::relu(m.l2.forward(activation::relu(m.l1.forward(x.clone()))));
                entropy.forward(m.l3.forward(h), y.clone())
            })
        }
        "tiny" => {
            let model = Tiny { l1: linear(d, 1, 2, 16), l2: linear(d, 2, 16, 1) };
            let (x, y) = (draw(d, 10, [8, 2], 1.0), draw(d, 11, [8, 1], 1.0));
            trained(model, adam(), 1e-3, move |m: &Tiny| {
                let h = activation::tanh(m.l1.forward(x.clone()));
                (m.l2.forward(h) - y.clone()).square().mean()
            })
        }
        "lenet_b64" => {
            let (c1, c2) =
                (convolution(d, 1, 1, 32, 1.0 / 3.0), convolution(d, 2, 32, 64, inverse_root(288)));
            let (f1, f2) = (linear(d, 3, 9216, 128), linear(d, 4, 128, 10));
            let (x, y) = (draw(d, 10, [64, 1, 28, 28], 1.0), classes(d, 64));
            let entropy = CrossEntropyLossConfig::new().init(d);
            trained(LeNet { c1, c2, f1, f2 }, SgdConfig::new().init(), 1e-2, move |m: &LeNet| {
                let h = activation::relu(m.c2.forward(activation::relu(m.c1.forward(x.clone()))));
                let h: Tensor<2> = module::max_pool2d(h, MaxPoolOptions::new([2, 2])).flatten(1, 3);
                entropy.forward(m.f2.forward(activation::relu(m.f1.forward(h))), y.clone())
            })
        }
        "resblock_b32" => {
            let kernel = |seed| draw(d, seed, [64, 64, 3, 3], inverse_root(576)).require_grad();
            let (w1, w2) = (kernel(1), kernel(2));
            let x = draw(d, 10, [32, 64, 32, 32], 1.0).require_grad();
            let step = move |read: bool| {
                let conv =
                    |x, w| module::conv2d(x, w, None, ConvOptions::new([1, 1], [1, 1], [1, 1], 1));
                let h = activation::relu(conv(x.clone(), w1.clone()));
                let h = activation::relu(conv(h, w2.clone()) + x.clone());
                let loss = h.square().mean();
                let mut g = loss.backward();
                let mut by = |t: &Tensor<4>| t.grad_remove(&mut g).expect("a gradient");
                let (_dx, dw1, _dw2) = (by(&x), by(&w1), by(&w2));
                if read { (number(loss), number(dw1.abs().sum())) } else { (0.0, 0.0) }
            };
            let (loss, check) = step(true);
            job(vec![("loss0", loss), ("check", check)], move || {
                step(false);
                wait();
            })
        }
        "lstm" => lstm(d, wait),
        "transformer" => transformer(d),
        _ => None,
    }
}

fn lstm(d: &Device, wait: impl Fn() + 'static) -> Option<Job> {
    let scale = inverse_root(128);
    let (wi, wh) = (draw(d, 1, [512, 64], scale), draw(d, 2, [512, 128], scale));
    let bias = draw(d, 3, [512], 0.1);
    let mut layer: Lstm = LstmConfig::new(64, 128, true).init(d);
    let set = |i: usize, gate: &mut GateController| {
        let part = i * 128..(i + 1) * 128;
        let transposed =
            |w: &Tensor<2>, n: usize| w.clone().slice([part.clone(), 0..n]).transpose().detach();
        gate.input_transform.weight = Param::from_tensor(transposed(&wi, 64));
        gate.input_transform.bias =
            Some(Param::from_tensor(bias.clone().slice([part.clone()]).detach()));
        gate.hidden_transform.weight = Param::from_tensor(transposed(&wh, 128));
        gate.hidden_transform.bias = Some(Param::from_tensor(Tensor::zeros([128], d)));
    };
    set(0, &mut layer.input_gate);
    set(1, layer.forget_gate.as_mut()?);
    set(2, &mut layer.cell_gate);
    set(3, &mut layer.output_gate);
    let x = draw(d, 10, [32, 64, 64], 1.0);
    let step = move |read: bool| {
        let (outputs, _) = layer.forward(x.clone(), None);
        let loss = outputs.square().mean();
        let g = GradientsParams::from_grads(loss.backward(), &layer);
        if !read {
            return (0.0, 0.0);
        }
        let forget = layer.forget_gate.as_ref().expect("a forget gate");
        let gates = [&layer.input_gate, forget, &layer.cell_gate, &layer.output_gate];
        let by = |gate: &&GateController| {
            g.get::<2>(gate.hidden_transform.weight.id).expect("a gradient")
        };
        (number(loss), gates.iter().map(|gate| number(by(gate).abs().sum())).sum())
    };
    let (loss, check) = step(true);
    job(vec![("loss0", loss), ("check", check)], move || {
        step(false);
        wait();
    })
}

fn transformer(d: &Device) -> Option<Job> {
    let (width, heads, tokens, batch, inner) = (128, 4, 128, 16, 512);
    let norm = || LayerNormConfig::new(width).with_epsilon(1e-5).init(d);
    let model = Block {
        queries_keys_values: linear(d, 1, width, 3 * width),
        out: linear(d, 2, width, width),
        widen: linear(d, 3, width, inner),
        narrow: linear(d, 4, inner, width),
        n1: norm(),
        n2: norm(),
    };
    let (x, target) =
        (draw(d, 10, [batch, tokens, width], 1.0), draw(d, 11, [batch, tokens, width], 1.0));
    trained(model, adam(), 1e-3, move |m: &Block| {
        let all = m.queries_keys_values.forward(m.n1.forward(x.clone()));
        let all: Tensor<5> =
            all.reshape([batch, tokens, 3, heads, width / heads]).permute([2, 0, 3, 1, 4]);
        let part = |i: usize| -> Tensor<4> {
            all.clone()
                .slice([i..i + 1, 0..batch, 0..heads, 0..tokens, 0..width / heads])
                .squeeze_dim::<4>(0)
        };
        let mixed = module::attention(part(0), part(1), part(2), None, None, Default::default());
        let y = x.clone() + m.out.forward(mixed.swap_dims(1, 2).reshape([batch, tokens, width]));
        let h = m.narrow.forward(activation::gelu(m.widen.forward(m.n2.forward(y.clone()))));
        (y + h - target.clone()).square().mean()
    })
}

fn main() {
    let device = Device::flex();
    serve("burn", move |name| row(&device, name));
}
