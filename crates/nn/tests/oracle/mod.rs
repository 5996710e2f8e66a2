//! Cases of `oracles/layers.json`: a layer with PyTorch's values and gradients.

use serde_json::Value;
use std::collections::BTreeMap;
use tensor::{DType, Tensor, Tree, value_and_grad};

/// Relative to the largest entry of the array, at least 1.
const TOLERANCE: f64 = 1e-10;

/// One case of the file.
pub(crate) struct Case {
    name: String,
    value: Value,
}

fn array(value: &Value) -> Tensor {
    let shape: Vec<usize> =
        value["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
    let data = value["data"].as_array().unwrap();
    match value["dtype"].as_str() {
        None => Tensor::from_vec::<f64>(data.iter().map(|x| x.as_f64().unwrap()).collect(), &shape),
        Some("i64") => {
            Tensor::from_vec::<i64>(data.iter().map(|x| x.as_i64().unwrap()).collect(), &shape)
        }
        Some("bool") => {
            Tensor::from_vec::<bool>(data.iter().map(|x| x.as_bool().unwrap()).collect(), &shape)
        }
        Some(other) => panic!("an array of {other}"),
    }
}

fn assert_close(name: &str, what: &str, got: &Tensor, want: &Tensor) {
    assert_eq!(got.shape(), want.shape(), "{name}: shape of {what}");
    let (got, want) = (got.to_vec::<f64>(), want.to_vec::<f64>());
    let size = want.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
    for (i, (g, w)) in got.iter().zip(&want).enumerate() {
        let error = (g - w).abs() / size;
        assert!(error <= TOLERANCE, "{name}: {what}[{i}] is {g}, PyTorch has {w} ({error:.1e})");
    }
}

impl Case {
    /// The case with this name.
    pub(crate) fn named(name: &str) -> Case {
        let table: Value =
            serde_json::from_str(include_str!("../../../../oracles/layers.json")).unwrap();
        let cases = table["cases"].as_array().unwrap();
        let value = cases.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("{name}?"));
        Case { name: name.into(), value: value.clone() }
    }

    /// An array that is not differentiated.
    pub(crate) fn constant(&self, name: &str) -> Tensor {
        array(&self.value["constants"][name])
    }

    /// Sets the parameters of a layer, which has those of the case and no others, and compares the
    /// outputs `f(layer, x)` and the gradients of the first with respect to all parameters and `x`.
    pub(crate) fn check<M: Tree, O: Tree>(&self, layer: M, f: impl Fn(&M, &Tensor) -> O) {
        let name = &self.name;
        let given: BTreeMap<String, Tensor> = self.value["parameters"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, value)| (path.clone(), array(value)))
            .collect();
        assert_eq!(layer.leaves().len(), given.len(), "{name}: number of parameters");
        let layer = layer.map_with_path(&mut tensor::tree::Path::root(), &mut |path, leaf| {
            let value = given.get(path.as_str());
            let value = value.unwrap_or_else(|| panic!("{name}: no `{path}` in the file"));
            assert_eq!(leaf.shape(), value.shape(), "{name}: shape of `{path}`");
            value.clone()
        });
        let x = match self.value.get("x") {
            Some(x) => array(x),
            None => Tensor::zeros(&[1], DType::F64),
        };
        let outputs = f(&layer, &x).leaves();
        let expected = self.value["outputs"].as_array().unwrap();
        assert_eq!(outputs.len(), expected.len(), "{name}: number of outputs");
        for (i, (got, want)) in outputs.iter().zip(expected).enumerate() {
            assert_close(name, &format!("output {i}"), got, &array(want));
        }
        let cotangent = array(&self.value["cotangent"]);
        let loss = |(m, x): &(M, Tensor)| (f(m, x).leaves()[0].clone() * &cotangent).sum();
        let (_, (layer_gradient, x_gradient)) = value_and_grad(loss)(&(layer, x));
        let gradients = &self.value["gradient"];
        for (path, got) in layer_gradient.leaves_with_paths() {
            let want = array(&gradients[path.as_str()]);
            assert_close(name, &format!("gradient of `{path}`"), &got, &want);
        }
        if let Some(want) = gradients.get("x") {
            assert_close(name, "gradient of x", &x_gradient, &array(want));
        }
    }
}
