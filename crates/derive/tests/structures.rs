//! Derived trees as arguments and results of transformations: fields, variants, parameters,
//! static fields.

extern crate tensor as mathesis; // users of the facade need no such line

use derive::Tree;
use std::cell::Cell;
use tensor::{DType, Tensor, Tree, grad, hessian, hessian_matrix, jit, jvp, scan, vjp, vmap};

#[derive(Clone, Copy, PartialEq, Debug, Tree)]
enum Activation {
    Tanh,
    Square,
}

#[derive(Clone, Debug, Tree)]
struct Layer {
    weight: Tensor,
    bias: Option<Tensor>,
    activation: Activation,
}

/// A struct with a parameter and an unnamed field.
#[derive(Clone, Debug, Tree)]
struct Scaled<T>(T, f64);

#[derive(Clone, Debug, Tree)]
enum Model {
    Constant(Tensor),
    Network { layers: Vec<Layer>, out: Scaled<Tensor> },
}

impl Model {
    fn call(&self, x: &Tensor) -> Tensor {
        match self {
            Model::Constant(c) => c.clone(),
            Model::Network { layers, out } => {
                let hidden = layers.iter().fold(x.clone(), |x, layer| {
                    let y = layer.weight.matmul(&x);
                    let y = layer.bias.as_ref().map_or(y.clone(), |b| y + b);
                    match layer.activation {
                        Activation::Tanh => y.tanh(),
                        Activation::Square => y.square(),
                    }
                });
                out.0.dot(&hidden) * out.1
            }
        }
    }
}

fn varied(shape: &[usize], a: f64) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec((0..n).map(|i| (a + 1.37 * i as f64).cos()).collect::<Vec<f64>>(), shape)
}

fn model() -> Model {
    let layer = |bias: Option<Tensor>, activation, a| Layer {
        weight: varied(&[2, 2], a),
        bias,
        activation,
    };
    Model::Network {
        layers: vec![
            layer(Some(varied(&[2], 0.1)), Activation::Tanh, 0.2),
            layer(None, Activation::Square, 0.3),
        ],
        out: Scaled(varied(&[2], 0.4), 3.0),
    }
}

fn paths<T: Tree>(tree: &T) -> Vec<String> {
    tree.leaves_with_paths().iter().map(|(p, _)| p.to_string()).collect()
}

#[test]
fn leaves_are_called_after_their_fields() {
    let names = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "out.0"];
    assert_eq!(paths(&model()), names);
    assert_eq!(paths(&Model::Constant(varied(&[], 0.0))), ["0"]);
    assert!(Activation::Tanh.leaves().is_empty());
}

#[test]
fn a_gradient_has_the_type_of_the_model() {
    let x = varied(&[2], 2.0);
    let f = |m: &Model| m.call(&x);
    let Model::Network { layers, out } = grad(f)(&model()) else { panic!("another variant") };
    // Static fields come along; y is linear in `out`, so its gradient is y without it.
    assert_eq!(
        layers.iter().map(|l| l.activation).collect::<Vec<_>>(),
        [Activation::Tanh, Activation::Square]
    );
    assert!(layers[1].bias.is_none());
    let Model::Network { out: weights, .. } = model() else { unreachable!() };
    assert!((out.0.dot(&weights.0) - f(&model())).abs().item() < 1e-15);
    assert_eq!(out.1, 3.0);
    // Along a direction: forward and reverse mode agree.
    let v = model().map(|leaf| varied(leaf.shape(), 5.0));
    let (_, dy) = jvp(f)(&model(), &v);
    let (_, pull_back) = vjp(f)(&model());
    let g = pull_back(&Tensor::from(1.0));
    let along: f64 = g.leaves().iter().zip(v.leaves()).map(|(g, v)| (g * v).sum().item()).sum();
    assert!((dy.item() - along).abs() < 1e-13, "{} and {along}", dy.item());
}

#[test]
fn every_transformation_takes_a_derived_tree() {
    let x = varied(&[2], 2.0);
    let f = |m: &Model| m.call(&x);
    let both = model().map(|leaf| Tensor::stack(&[leaf, &(leaf * 2.0)], 0));
    let doubled = model().map(|leaf| leaf * 2.0);
    let expected = [f(&model()).item(), f(&doubled).item()];
    assert_eq!(vmap(f)(&both).to_vec::<f64>(), expected);
    assert_eq!(jit(f)(&doubled).item(), expected[1]);
    let steps = Tensor::zeros(&[3], DType::F64);
    let (last, ()) = scan(|m: &Model, _: &Tensor| (m.map(|w| w * 2.0), ()), &model(), &steps);
    assert_eq!(f(&last).item(), f(&model().map(|w| w * 8.0)).item());
    let h = hessian(f)(&model());
    assert_eq!(paths(&h).len(), 16);
    let Model::Network { layers, .. } = &h["out.0"] else { panic!("another variant") };
    assert_eq!(layers[0].weight.shape(), [2, 2, 2]);
    // Rows 10 and 11 of the matrix are those of `out`, columns 0 to 3 those of the first weights.
    let rows = hessian_matrix(f)(&model()).slice_axis(0, 10, 12).slice_axis(1, 0, 4);
    assert!((rows.reshape(&[2, 2, 2]) - &layers[0].weight).abs().max().item() < 1e-14);
}

#[test]
fn a_compiled_program_is_not_used_for_another_variant_or_static_field() {
    let x = varied(&[2], 2.0);
    let traces = Cell::new(0);
    let f = jit(|m: &Model| {
        traces.set(traces.get() + 1);
        m.call(&x)
    });
    let with = |change: &dyn Fn(&mut Vec<Layer>, &mut f64)| {
        let mut changed = model();
        if let Model::Network { layers, out } = &mut changed {
            change(layers, &mut out.1);
        }
        changed
    };
    let models = [
        model(),
        with(&|layers, _| layers[0].activation = Activation::Square),
        with(&|_, scale| *scale = -1.0),
        with(&|layers, _| layers[0].bias = None),
        with(&|layers, _| layers.truncate(1)),
        Model::Constant(varied(&[], 1.0)),
    ];
    for round in 0..2 {
        for (i, m) in models.iter().enumerate() {
            let (got, expected) = (f(m).item(), m.call(&x).item());
            assert!((got - expected).abs() <= 1e-15 * expected.abs().max(1.0), "model {i}");
            assert_eq!(traces.get(), if round == 0 { i + 1 } else { models.len() });
        }
    }
}
