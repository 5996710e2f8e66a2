//! Linear algebra with derivatives, against JAX.

use array::{Array, DType, Type};
use ir::check::{jvp_program, vjp_program};
use ir::prim::{Eigh, Lu, Qr, Svd, TriangularSolve};
use ir::{Expr, Program, RuleError, bind, bind1, linalg, transform::trace};
use serde_json::Value;

const ORACLE: &str = include_str!("../../../oracles/linalg.json");

/// An array of the oracle: shape and row-major data.
fn array(v: &Value) -> Array {
    let list = |key: &str| v[key].as_array().unwrap_or_else(|| panic!("no {key} in {v}"));
    let shape: Vec<usize> =
        list("shape").iter().map(|n| n.as_u64().expect("a size") as usize).collect();
    let data = list("data").iter().map(|x| x.as_f64().expect("a number")).collect();
    Array::from_vec(data, &shape)
}

/// Differentiable outputs, and those that have no derivative.
type Named = Vec<(&'static str, Expr)>;

/// Columns times numbers.
fn scaled(u: &Expr, d: &Expr) -> Expr {
    u * &d.broadcast_along(u.shape(), &[u.rank() - 2])
}

/// The lower triangle with ones on its diagonal (`m×k`), and the upper one (`k×n`), of packed
/// factors.
fn unpacked(packed: &Expr) -> (Expr, Expr) {
    let (m, n) = (packed.shape()[0], packed.shape()[1]);
    let k = m.min(n);
    let (row, column) = (Expr::iota(DType::I64, &[m, n], 0), Expr::iota(DType::I64, &[m, n], 1));
    let zero = packed.full_like(0.0);
    let strict = row.gt(&column).select(packed, &zero);
    let l = &strict.slice_axis(1, 0, k) + &linalg::identity(DType::F64, &[m, k]);
    (l, row.le(&column).select(packed, &zero).slice_axis(0, 0, k))
}

fn outputs(name: &str, params: &Value, x: &[Expr]) -> (Named, Named) {
    let a = &x[0];
    let only = |name, y| (vec![(name, y)], vec![]);
    match name.split('/').next().expect("a name") {
        "cholesky" => only("L", linalg::cholesky(a)),
        "lu" => {
            let y = bind(Lu {}, &[a]);
            let (l, u) = unpacked(&y[0]);
            (vec![("L", l), ("U", u)], vec![("permutation", y[2].clone())])
        }
        "qr" => {
            let y = bind(Qr {}, &[a]);
            (vec![("Q", y[0].clone()), ("R", y[1].clone())], vec![])
        }
        "svd" => {
            let y = bind(Svd {}, &[a]);
            let product = scaled(&y[0], &y[1].tanh()).matmul(&y[2]);
            (vec![("s", y[1].clone()), ("UfV", product)], vec![])
        }
        "eigh" => {
            let y = bind(Eigh {}, &[a]);
            let product = scaled(&y[1], &y[0].tanh()).matmul(&y[1].matrix_transpose());
            (vec![("w", y[0].clone()), ("VfV", product)], vec![])
        }
        "solve" if x[1].rank() == 1 => {
            let column = x[1].reshape(&[x[1].shape()[0], 1]);
            only("X", linalg::solve(a, &column).reshape(x[1].shape()))
        }
        "solve" => only("X", linalg::solve(a, &x[1])),
        "triangular_solve" => {
            let flag = |key: &str| params[key].as_bool().expect("a flag");
            let solve = TriangularSolve {
                lower: flag("lower"),
                transpose: flag("transpose_a"),
                unit_diagonal: flag("unit_diagonal"),
            };
            if flag("left_side") {
                return only("X", bind1(solve, &[a, &x[1]]));
            }
            let solve = TriangularSolve { transpose: !solve.transpose, ..solve };
            only("X", bind1(solve, &[a, &x[1].matrix_transpose()]).matrix_transpose())
        }
        "slogdet" => {
            let (sign, log_magnitude) = linalg::slogdet(a);
            (vec![("logabsdet", log_magnitude)], vec![("sign", sign)])
        }
        "det" => only("det", linalg::det(a)),
        "inv" => only("inverse", linalg::inv(a)),
        "pinv" => only("pinv", linalg::pinv(a)),
        "lstsq" => only("X", linalg::lstsq(a, &x[1])),
        "expm" => only("E", linalg::expm(a)),
        other => panic!("the oracle has a case `{other}` that this test does not know"),
    }
}

/// The program of one choice of a case's outputs, with their names.
fn program(types: &[Type], f: impl FnOnce(&[Expr]) -> Named) -> (Program, Vec<&'static str>) {
    let mut names = vec![];
    let closed = trace("oracle", types, |x| {
        let (n, y) = f(x).into_iter().unzip();
        names = n;
        Ok::<Vec<Expr>, RuleError>(y)
    });
    (closed.expect("a program").program, names)
}

/// The largest difference over the largest entry, at least 1.
fn distance(got: &Array, want: &Array) -> f64 {
    assert_eq!(got.shape(), want.shape());
    let (got, want) = (got.to_f64(), want.to_f64());
    let scale = want.iter().fold(1.0_f64, |m, w| m.max(w.abs()));
    let worst = |m: f64, d: f64| if d.is_nan() { f64::INFINITY } else { m.max(d) };
    got.iter().zip(&want).map(|(g, w)| (g - w).abs() / scale).fold(0.0, worst)
}

/// Values and first derivatives; those of second order lose a digit more.
const FIRST: f64 = 1e-12;
const SECOND: f64 = 1e-11;

#[test]
fn values_and_derivatives_agree_with_jax() {
    let oracle: Value = serde_json::from_str(ORACLE).expect("JSON");
    let cases = oracle["cases"].as_array().expect("cases");
    let mut failures = vec![];
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let inputs: Vec<&str> =
            ["A", "B"].into_iter().filter(|k| case["inputs"].get(k).is_some()).collect();
        let at = |group: &str, names: &[&str]| -> Vec<Array> {
            names.iter().map(|n| array(&case[group][n])).collect()
        };
        let mut compare = |what: &str, got: &[Array], want: &[Array], tolerance: f64| {
            assert_eq!(got.len(), want.len(), "{name}: {what}");
            for (i, (got, want)) in got.iter().zip(want).enumerate() {
                let distance = distance(got, want);
                if distance > tolerance {
                    failures.push(format!("{name}: {what} {i} differs by {distance:.1e}"));
                }
            }
        };
        let x = at("inputs", &inputs);
        let types: Vec<Type> = x.iter().map(Array::ty).collect();
        let (p, names) = program(&types, |x| outputs(name, &case["params"], x).0);
        compare("value", &p.eval(&x).expect("a value"), &at("outputs", &names), FIRST);

        let (discrete, kinds) = program(&types, |x| outputs(name, &case["params"], x).1);
        compare("discrete", &discrete.eval(&x).expect("a value"), &at("discrete", &kinds), 0.0);

        let v = at("tangents", &inputs);
        let forward = jvp_program(&p).expect("a rule").eval(&[&x[..], &v].concat());
        compare("jvp", &forward.expect("a value"), &at("jvp", &names), FIRST);

        let ct = at("cotangents", &names);
        let reverse = vjp_program(&p).expect("a rule");
        let gradient = reverse.eval(&[&x[..], &ct].concat()).expect("a value");
        compare("gradient", &gradient, &at("gradient", &inputs), FIRST);

        // The tangent of the gradient; the cotangents are constants.
        let curvature = jvp_program(&reverse).expect("a rule");
        let zeros: Vec<Array> = ct.iter().map(|c| Array::zeros(&c.ty())).collect();
        let along =
            |v: &[Array]| curvature.eval(&[&x[..], &ct, v, &zeros].concat()).expect("a value");
        compare("hvp", &along(&v), &at("hvp", &inputs), SECOND);
        if let Some(hessian) = case.get("hessian") {
            let (n, shape) = (x[0].len(), x[0].shape());
            let column = |j: usize| {
                let unit = (0..n).map(|i| f64::from(u8::from(i == j))).collect();
                along(&[Array::from_vec(unit, shape)])[0].to_f64()
            };
            let all = Array::from_vec((0..n).flat_map(column).collect(), &[n, n]);
            compare("hessian", &[all], &[array(hessian)], SECOND);
        }
    }
    assert!(cases.len() >= 39, "only {} cases", cases.len());
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}
