//! Values and derivatives from JAX, as `oracles/functions.py` writes them.

use array::Array;
use ir::check::{jvp_program, vjp_program};
use ir::transform::trace;
use ir::{Expr, Program, RuleResult};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Relative to the largest entry, or absolute where that is below 1.
const TOLERANCE: f64 = 1e-12;

/// One row of the table: a function's inputs, values and derivatives.
pub(crate) struct Case(Value);

/// The cases whose name starts with `prefix`.
pub(crate) fn cases(prefix: &str) -> Vec<Case> {
    let table = include_str!("../../../../oracles/functions.json");
    let mut table: Value = serde_json::from_str(table).expect("the oracle is JSON");
    let cases = table["cases"].take();
    let Value::Array(cases) = cases else { panic!("the oracle has a list of cases") };
    cases.into_iter().map(Case).filter(|c| c.name().starts_with(prefix)).collect()
}

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| v.as_str().and_then(|s| s.parse().ok()).expect("a number"))
}

impl Case {
    /// Such as `conv2d/plain`.
    pub(crate) fn name(&self) -> &str {
        self.0["name"].as_str().expect("a case has a name")
    }

    /// A parameter.
    #[track_caller]
    pub(crate) fn param<T: DeserializeOwned>(&self, name: &str) -> T {
        self.read(&["params", name])
    }

    /// What stands at the end of these keys.
    #[track_caller]
    pub(crate) fn read<T: DeserializeOwned>(&self, keys: &[&str]) -> T {
        let value = keys.iter().fold(&self.0, |value, &key| &value[key]).clone();
        serde_json::from_value(value).unwrap_or_else(|e| panic!("{} {keys:?}: {e}", self.name()))
    }

    /// The arrays of these names in a field such as `inputs` or `gradient`.
    #[track_caller]
    fn need(&self, field: &str, names: &[&str]) -> Vec<Array> {
        let array = |name: &&str| {
            let entry = &self.0[field][*name];
            let list = |key: &str| {
                let list = entry[key].as_array();
                list.unwrap_or_else(|| panic!("{}: {field} has no {key} of {name}", self.name()))
            };
            let shape = list("shape").iter().map(|v| v.as_u64().expect("a size") as usize);
            let data = list("data").iter().map(number).collect();
            Array::from_vec(data, &shape.collect::<Vec<_>>())
        };
        names.iter().map(array).collect()
    }

    /// Compares the value of `f` at the named inputs with the case.
    #[track_caller]
    pub(crate) fn check_value(&self, names: &[&str], f: impl FnOnce(&[Expr]) -> Expr) -> Program {
        let x = self.need("inputs", names);
        let types: Vec<_> = x.iter().map(Array::ty).collect();
        let traced = trace("oracle", &types, |x| -> RuleResult<Vec<Expr>> { Ok(vec![f(x)]) });
        let program = traced.unwrap().program;
        self.compare("value", &program.eval(&x).unwrap(), &self.need("outputs", &["y"]));
        program
    }

    /// Compares `f` at the named inputs with the case: its value `y`, its derivative along the
    /// tangents, the gradient of φ = ⟨c, y⟩, and the Hessian of φ times the tangents.
    #[track_caller]
    pub(crate) fn check(&self, names: &[&str], f: impl FnOnce(&[Expr]) -> Expr) {
        let program = self.check_value(names, f);
        let (x, v) = (self.need("inputs", names), self.need("tangents", names));
        let c = self.need("cotangents", &["y"]);
        let jvp = jvp_program(&program).unwrap();
        self.compare("jvp", &jvp.eval(&[&x[..], &v].concat()).unwrap(), &self.need("jvp", &["y"]));
        let vjp = vjp_program(&program).unwrap();
        let gradient = vjp.eval(&[&x[..], &c].concat()).unwrap();
        self.compare("gradient", &gradient, &self.need("gradient", names));
        let hvp = jvp_program(&vjp).unwrap();
        let still: Vec<Array> = c.iter().map(|c| Array::zeros(&c.ty())).collect();
        let hessian_v = hvp.eval(&[&x[..], &c, &v, &still].concat()).unwrap();
        self.compare("hvp", &hessian_v, &self.need("hvp", names));
    }

    #[track_caller]
    fn compare(&self, what: &str, got: &[Array], want: &[Array]) {
        assert_eq!(got.len(), want.len(), "{}: {what}", self.name());
        for (got, want) in got.iter().zip(want) {
            assert_eq!(got.ty(), want.ty(), "{}: {what}", self.name());
            let (got, want) = (got.to_f64(), want.to_f64());
            let finite = want.iter().filter(|v| v.is_finite());
            let scale = finite.fold(1.0_f64, |s, v| s.max(v.abs()));
            for (i, (g, w)) in got.iter().zip(&want).enumerate() {
                let same = g == w || g.is_nan() && w.is_nan();
                let close = same || (g - w).abs() <= TOLERANCE * scale;
                assert!(close, "{}: {what}, element {i} is {g}, expected {w}", self.name());
            }
        }
    }
}
