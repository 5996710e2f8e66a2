//! rlx, with Adam inside the compiled program: the same work as the other workers'.

use bench_protocol::{Job, inverse_root, labels, serve, training, uniform};
use rlx_ir::infer::GraphExt;
use rlx_ir::{DType, Graph, NodeId, Shape};
use rlx_runtime::Device;
use rlx_runtime::train::{AdamSpec, ResidentTrainer, TrainableParam};
use std::collections::HashMap;

fn shape(sizes: &[usize]) -> Shape {
    Shape::new(sizes, DType::F32)
}

struct Builder {
    graph: Graph,
    values: HashMap<String, Vec<f32>>,
    trained: Vec<TrainableParam>,
}

impl Builder {
    fn parameter(&mut self, name: &str, sizes: &[usize], value: Vec<f32>) -> NodeId {
        let node = self.graph.param(name, shape(sizes));
        self.values.insert(name.into(), value);
        self.trained.push(TrainableParam { name: name.into(), node });
        node
    }

    fn linear(&mut self, x: NodeId, seed: u32, inputs: usize, outputs: usize) -> NodeId {
        let weight = uniform(seed, inputs * outputs, inverse_root(inputs));
        let weight = self.parameter(&format!("w{seed}"), &[inputs, outputs], weight);
        let bias = self.parameter(&format!("b{seed}"), &[outputs], vec![0.0; outputs]);
        let product = self.graph.mm(x, weight);
        self.graph.add(product, bias)
    }

    fn train(mut self, loss: NodeId, inputs: Vec<(&'static str, Vec<f32>)>) -> Option<Job> {
        self.graph.set_outputs(vec![loss]);
        let adam = AdamSpec::new(1e-3);
        let trainer =
            ResidentTrainer::new(&self.graph, &self.trained, &self.values, &adam, Device::Cpu);
        let mut trainer = trainer.ok()?;
        training(move |_| {
            let inputs: Vec<(&str, &[f32])> = inputs.iter().map(|(n, v)| (*n, &v[..])).collect();
            f64::from(trainer.step(&inputs)[0][0])
        })
    }
}

fn one_hot(n: usize) -> Vec<f32> {
    let mut all = vec![0.0; 10 * n];
    for (i, label) in labels(n).into_iter().enumerate() {
        all[10 * i + label as usize] = 1.0;
    }
    all
}

fn row(name: &str) -> Option<Job> {
    let mut b = Builder { graph: Graph::new("row"), values: HashMap::new(), trained: vec![] };
    match name {
        "tiny" => {
            let x = b.graph.input("x", shape(&[8, 2]));
            let y = b.graph.input("y", shape(&[8, 1]));
            let h = b.linear(x, 1, 2, 16);
            let h = b.graph.tanh(h);
            let h = b.linear(h, 2, 16, 1);
            let e = b.graph.sub(h, y);
            let e = b.graph.mul(e, e);
            let loss = b.graph.mean(e, vec![0, 1], false);
            b.train(loss, vec![("x", uniform(10, 16, 1.0)), ("y", uniform(11, 8, 1.0))])
        }
        "mlp_b32" | "mlp_b128" => {
            let n = if name == "mlp_b32" { 32 } else { 128 };
            let x = b.graph.input("x", shape(&[n, 784]));
            let y = b.graph.input("y", shape(&[n, 10]));
            let h = b.linear(x, 1, 784, 512);
            let h = b.graph.relu(h);
            let h = b.linear(h, 2, 512, 256);
            let h = b.graph.relu(h);
            let h = b.linear(h, 3, 256, 10);
            let loss = b.graph.softmax_cross_entropy(h, y);
            let loss = b.graph.mean(loss, vec![0], false);
            b.train(loss, vec![("x", uniform(10, 784 * n, 1.0)), ("y", one_hot(n))])
        }
        _ => None,
    }
}

fn main() {
    serve("rlx", row);
}
