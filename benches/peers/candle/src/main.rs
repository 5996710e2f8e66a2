//! candle. Its fast softmax and layer normalisation have no derivative; where one is needed, the
//! composed ones stand.

use bench_protocol::{
    Job, inverse_root, job, labels, product, serve, size, training, uniform, uniform_f64,
};
use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::rnn::{LSTMConfig, lstm};
use candle_nn::{
    AdamW, Conv2d, Linear, Module, Optimizer, ParamsAdamW, RNN, SGD, VarBuilder, loss, ops,
};
use std::collections::HashMap;

const CPU: Device = Device::Cpu;

fn draw(seed: u32, shape: &[usize], scale: f64) -> Result<Tensor> {
    Tensor::from_vec(uniform(seed, shape.iter().product(), scale), shape, &CPU)
}

fn classes(n: usize) -> Result<Tensor> {
    Tensor::from_vec(labels(n).into_iter().map(|l| l as u32).collect::<Vec<_>>(), n, &CPU)
}

fn variable(vars: &mut Vec<Var>, value: &Tensor) -> Result<Tensor> {
    let var = Var::from_tensor(value)?;
    vars.push(var.clone());
    Ok(var.as_tensor().clone())
}

/// A layer, whose weight candle keeps as [outputs, inputs].
fn linear(vars: &mut Vec<Var>, seed: u32, inputs: usize, outputs: usize) -> Result<Linear> {
    let weight = draw(seed, &[inputs, outputs], inverse_root(inputs))?.t()?.contiguous()?;
    let bias = Tensor::zeros(outputs, DType::F32, &CPU)?;
    Ok(Linear::new(variable(vars, &weight)?, Some(variable(vars, &bias)?)))
}

fn convolution(vars: &mut Vec<Var>, seed: u32, i: usize, o: usize, scale: f64) -> Result<Conv2d> {
    let kernel = variable(vars, &draw(seed, &[o, i, 3, 3], scale)?)?;
    let bias = variable(vars, &Tensor::zeros(o, DType::F32, &CPU)?)?;
    Ok(Conv2d::new(kernel, Some(bias), Default::default()))
}

fn adam(vars: Vec<Var>) -> Result<AdamW> {
    let parameters =
        ParamsAdamW { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 };
    AdamW::new(vars, parameters)
}

fn number(x: &Tensor) -> Result<f64> {
    Ok(f64::from(x.to_scalar::<f32>()?))
}

fn trained(
    mut optimiser: impl Optimizer + 'static,
    f: impl Fn() -> Result<Tensor> + 'static,
) -> Option<Job> {
    training(move |read| {
        let loss = f().expect("a loss");
        optimiser.backward_step(&loss).expect("a step");
        if read { number(&loss).expect("a number") } else { 0.0 }
    })
}

fn function(f: impl Fn() -> Result<Tensor> + 'static, at: usize) -> Result<Option<Job>> {
    let check = number(&f()?.flatten_all()?.get(at)?)?;
    Ok(job(vec![("check", check)], move || drop(f().expect("a value"))))
}

/// A loss and the sum of the absolute gradient by one variable.
fn derivative(f: impl Fn() -> Result<Tensor> + 'static, by: Tensor) -> Result<Option<Job>> {
    let step = move || {
        let loss = f()?;
        let gradient = loss.backward()?;
        let of = gradient.get(&by).expect("a gradient").abs()?.sum_all()?;
        Ok::<_, candle_core::Error>((loss, of))
    };
    let (loss, of) = step()?;
    let checks = vec![("loss0", number(&loss)?), ("check", number(&of)?)];
    Ok(job(checks, move || drop(step().expect("a gradient"))))
}

fn made(name: &str) -> Result<Option<Job>> {
    if let Some((f64s, m, k, n)) = product(name) {
        let (a, b) = if f64s {
            let draw = |seed, r, c| Tensor::from_vec(uniform_f64(seed, r * c, 1.0), (r, c), &CPU);
            (draw(1, m, k)?, draw(2, k, n)?)
        } else {
            (draw(1, &[m, k], 1.0)?, draw(2, &[k, n], 1.0)?)
        };
        let check =
            a.matmul(&b)?.to_dtype(DType::F64)?.get(m / 2)?.get(n / 3)?.to_scalar::<f64>()?;
        return Ok(job(vec![("check", check)], move || drop(a.matmul(&b).expect("a product"))));
    }
    let mut vars = vec![];
    let vars = &mut vars;
    let square = |seed, scale| draw(seed, &[1024, 1024], scale);
    match name {
        "ew_gelu_1e6" | "ew_gelu_1e7" => {
            let n = size(name).unwrap_or(1);
            let (x, a, b) = (draw(3, &[n], 1.0)?, draw(1, &[n], 1.0)?, draw(2, &[n], 1.0)?);
            function(move || ((&x * &a)? + &b)?.gelu_erf(), n / 3)
        }
        "softmax_1024" => {
            let x = square(1, 3.0)?;
            function(move || ops::softmax_last_dim(&x), 100 * 1024 + 200)
        }
        "layernorm_1024" => {
            let (x, g, b) = (square(1, 3.0)?, draw(2, &[1024], 1.0)?, draw(3, &[1024], 1.0)?);
            function(move || ops::layer_norm(&x, &g, &b, 1e-5), 100 * 1024 + 200)
        }
        "sum_ax0_1024" | "sum_ax1_1024" => {
            let (x, axis) = (square(1, 1.0)?, usize::from(name == "sum_ax1_1024"));
            function(move || x.sum(axis), 5)
        }
        "sum_1e6" | "sum_1e7" => {
            let x = draw(1, &[size(name).unwrap_or(1)], 1.0)?;
            function(move || x.sum_all()?.reshape(1), 0)
        }
        "mlp_b32" | "mlp_b128" => {
            let batch = if name == "mlp_b32" { 32 } else { 128 };
            let (l1, l2) = (linear(vars, 1, 784, 512)?, linear(vars, 2, 512, 256)?);
            let l3 = linear(vars, 3, 256, 10)?;
            let (x, y) = (draw(10, &[batch, 784], 1.0)?, classes(batch)?);
            let f = move || {
                let h = l2.forward(&l1.forward(&x)?.relu()?)?.relu()?;
                loss::cross_entropy(&l3.forward(&h)?, &y)
            };
            Ok(trained(adam(std::mem::take(vars))?, f))
        }
        "tiny" => {
            let (l1, l2) = (linear(vars, 1, 2, 16)?, linear(vars, 2, 16, 1)?);
            let (x, y) = (draw(10, &[8, 2], 1.0)?, draw(11, &[8, 1], 1.0)?);
            let f = move || loss::mse(&l2.forward(&l1.forward(&x)?.tanh()?)?, &y);
            Ok(trained(adam(std::mem::take(vars))?, f))
        }
        "lenet_b64" => {
            let c1 = convolution(vars, 1, 1, 32, 1.0 / 3.0)?;
            let c2 = convolution(vars, 2, 32, 64, inverse_root(288))?;
            let (f1, f2) = (linear(vars, 3, 9216, 128)?, linear(vars, 4, 128, 10)?);
            let (x, y) = (draw(10, &[64, 1, 28, 28], 1.0)?, classes(64)?);
            let f = move || {
                let h = c2.forward(&c1.forward(&x)?.relu()?)?.relu()?.max_pool2d(2)?;
                let h = f1.forward(&h.flatten_from(1)?)?.relu()?;
                loss::cross_entropy(&f2.forward(&h)?, &y)
            };
            Ok(trained(SGD::new(std::mem::take(vars), 1e-2)?, f))
        }
        "resblock_b32" => {
            let mut kernel =
                |seed| variable(vars, &draw(seed, &[64, 64, 3, 3], inverse_root(576))?);
            let (w1, w2) = (kernel(1)?, kernel(2)?);
            let x = variable(vars, &draw(10, &[32, 64, 32, 32], 1.0)?)?;
            let by = w1.clone();
            let f = move || {
                let h = x.conv2d(&w1, 1, 1, 1, 1)?.relu()?;
                (h.conv2d(&w2, 1, 1, 1, 1)? + &x)?.relu()?.sqr()?.mean_all()
            };
            derivative(f, by)
        }
        "lstm" => {
            let scale = inverse_root(128);
            let named = [
                ("weight_ih_l0", draw(1, &[512, 64], scale)?),
                ("weight_hh_l0", draw(2, &[512, 128], scale)?),
                ("bias_ih_l0", draw(3, &[512], 0.1)?),
                ("bias_hh_l0", draw(3, &[512], 0.0)?),
            ];
            let mut all: HashMap<String, Tensor> = HashMap::new();
            for (name, value) in named {
                all.insert(name.into(), variable(vars, &value)?);
            }
            let by = all["weight_hh_l0"].clone();
            let builder = VarBuilder::from_tensors(all, DType::F32, &CPU);
            let layer = lstm(64, 128, LSTMConfig::default(), builder)?;
            let x = draw(10, &[32, 64, 64], 1.0)?;
            derivative(move || layer.states_to_tensor(&layer.seq(&x)?)?.sqr()?.mean_all(), by)
        }
        "transformer" => {
            let (width, heads, tokens, batch, inner) = (128, 4, 128, 16, 512);
            let qkv = linear(vars, 1, width, 3 * width)?;
            let out = linear(vars, 2, width, width)?;
            let (widen, narrow) = (linear(vars, 3, width, inner)?, linear(vars, 4, inner, width)?);
            let mut norm = || {
                let (one, zero) = (
                    Tensor::ones(width, DType::F32, &CPU)?,
                    Tensor::zeros(width, DType::F32, &CPU)?,
                );
                Ok::<_, candle_core::Error>((variable(vars, &one)?, variable(vars, &zero)?))
            };
            let (n1, n2) = (norm()?, norm()?);
            let shape = [batch, tokens, width];
            let (x, target) = (draw(10, &shape, 1.0)?, draw(11, &shape, 1.0)?);
            let f = move || {
                let h = ops::layer_norm_slow(&x, &n1.0, &n1.1, 1e-5)?;
                let all = qkv.forward(&h)?.reshape((batch, tokens, 3, heads, width / heads))?;
                let all = all.permute((2, 0, 3, 1, 4))?;
                let part = |i| all.get(i)?.contiguous();
                let (q, k, v) = (part(0)?, part(1)?, part(2)?);
                let scores = (q.matmul(&k.t()?)? * inverse_root(width / heads))?;
                let mixed = ops::softmax(&scores, D::Minus1)?.matmul(&v)?.transpose(1, 2)?;
                let y = (&x + out.forward(&mixed.reshape((batch, tokens, width))?)?)?;
                let h = ops::layer_norm_slow(&y, &n2.0, &n2.1, 1e-5)?;
                let y = (&y + narrow.forward(&widen.forward(&h)?.gelu_erf()?)?)?;
                (y - &target)?.sqr()?.mean_all()
            };
            Ok(trained(adam(std::mem::take(vars))?, f))
        }
        _ => Ok(None),
    }
}

fn main() {
    serve("candle", |name| made(name).expect("the row can be made"));
}
