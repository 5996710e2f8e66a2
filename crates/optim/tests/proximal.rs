//! Regularisers and proximal methods: against scikit-learn, and by the properties that define a
//! proximal operator.

mod support;

use optim::{
    ElasticNet, GroupLasso, L1, L2, MaxNorm, NuclearNorm, Outcome, Penalty, ProximalGradient,
    ProximalUpdate, Regulariser, Rule, Sgd, SpectralNorm, Status, apply_updates,
};
use support::{case, diabetes, distance, numbers};
use tensor::{DType, Key, Tensor, grad};

/// `‖y − X w‖²/(2n)`.
fn half_mean_square(x: &Tensor, y: &Tensor, w: &Tensor) -> Tensor {
    (x.matmul(w) - y).square().sum() * (0.5 / x.shape()[0] as f64)
}

fn solve(
    x: &Tensor,
    y: &Tensor,
    penalty: impl Penalty,
    method: ProximalGradient,
) -> Outcome<Tensor> {
    let start = Tensor::zeros(&[x.shape()[1]], DType::F64);
    method.minimise(|w: &Tensor| half_mean_square(x, y, w), &Regulariser::new(penalty), &start)
}

/// The columns with weights that are not exactly 0.
fn active(w: &Tensor) -> Vec<i64> {
    let w = w.to_vec::<f64>();
    (0..w.len() as i64).filter(|&j| w[j as usize] != 0.0).collect()
}

/// FISTA's lasso is scikit-learn's, and its zeros are exact and at the same places.
#[test]
fn lasso() {
    let (x, y) = diabetes();
    for a in ["20.0", "5.0", "1.0", "0.25", "0.08"] {
        let expected = numbers(&case(&format!("lasso/{a}"))["w"]);
        let method = ProximalGradient::restarted_fista(0.25).tolerance(1e-10);
        let outcome = solve(&x, &y, L1::new(a.parse().unwrap()), method);
        assert_eq!(outcome.status, Status::Converged);
        assert!(distance(&outcome.model, &expected) < 1e-7, "{a}: {}", outcome.model);
        assert_eq!(active(&outcome.model), active(&Tensor::from(expected)), "{a}");
    }
}

/// The path of the lasso: between breakpoints the active columns are those of LARS. Column 6
/// leaves at 0.2420 and comes back at 0.0623; λ_max = ‖Xᵀy‖∞/n = 45.160.
#[test]
fn lasso_path() {
    let (x, y) = diabetes();
    let n = x.shape()[0] as f64;
    let path = case("lasso/breakpoints");
    let breakpoints = numbers(&path["a"]);
    let printed = [
        45.160, 42.300, 21.542, 15.034, 6.190, 4.223, 3.280, 0.950, 0.2605, 0.2420, 0.1038, 0.0623,
    ];
    for (ours, printed) in breakpoints.iter().zip(printed) {
        let digits = if printed < 0.9 { 5.1e-5 } else { 5.1e-4 };
        assert!((ours - printed).abs() < digits, "{ours} {printed}");
    }
    let largest = (x.t().matmul(&y).abs().max() / n).item();
    assert!((largest - breakpoints[0]).abs() < 1e-10);
    let sets = path["active"].as_array().unwrap();
    for (k, set) in sets.iter().enumerate() {
        let below = breakpoints.get(k + 1).copied().unwrap_or(0.0);
        let expected: Vec<i64> =
            set.as_array().unwrap().iter().map(|j| j.as_i64().unwrap()).collect();
        // One part in a thousand inside the interval, at both ends.
        for share in [0.001, 0.999] {
            let a = breakpoints[k] + share * (below - breakpoints[k]);
            let method = ProximalGradient::restarted_fista(0.25).tolerance(1e-9);
            let outcome = solve(&x, &y, L1::new(a), method);
            assert_eq!(outcome.status, Status::Converged, "{a}");
            assert_eq!(active(&outcome.model), expected, "{a}");
        }
    }
}

#[test]
fn elastic_net_and_ridge() {
    let (x, y) = diabetes();
    let n = x.shape()[0] as f64;
    for name in ["elastic_net/1.0", "elastic_net/0.3"] {
        let c = case(name);
        let weight = |k: &str| c["params"][k].as_f64().unwrap();
        let method = ProximalGradient::restarted_fista(0.25).tolerance(1e-10);
        let outcome = solve(&x, &y, ElasticNet::new(weight("l1"), weight("l2")), method);
        assert!(distance(&outcome.model, &numbers(&c["w"])) < 1e-7, "{name}");
    }
    for (name, a) in [("ridge/1.0", 1.0), ("ridge/100.0", 100.0)] {
        let expected = numbers(&case(name)["w"]);
        // ‖y − Xw‖² + a‖w‖² is 2n times what is minimised here.
        let method = ProximalGradient::restarted_fista(0.25).tolerance(1e-10);
        let outcome = solve(&x, &y, L2::new(a / n), method);
        assert!(distance(&outcome.model, &expected) < 1e-7, "{name}");
        let normal = x.t().matmul(&x) + Tensor::eye(10, DType::F64) * a;
        let closed = normal.solve(&x.t().matmul(&y));
        assert!(distance(&closed, &expected) < 1e-9, "{name}, closed form");
    }
}

/// ISTA's error falls as `‖x₀ − x*‖²/(2ηk)`, FISTA's as `2‖x₀ − x*‖²/(η(k+1)²)` (Beck, Teboulle,
/// theorems 3.1 and 4.4).
#[test]
fn rates_of_ista_and_fista() {
    let (x, y) = diabetes();
    let expected = Tensor::from(numbers(&case("lasso/1.0")["w"]));
    let rate = 0.24; // below 1/L: the largest eigenvalue of XᵀX/n is 4.02
    let minimum = (half_mean_square(&x, &y, &expected) + expected.abs().sum()).item();
    let square = expected.square().sum().item();
    let ista = solve(&x, &y, L1::new(1.0), ProximalGradient::ista(rate).steps(200));
    let fista = solve(&x, &y, L1::new(1.0), ProximalGradient::fista(rate).steps(200));
    for k in 1..=200 {
        let (i, f) = (ista.history[k] - minimum, fista.history[k] - minimum);
        assert!(i <= square / (2.0 * rate * k as f64) + 1e-9, "ISTA, {k}: {i}");
        assert!(f <= 2.0 * square / (rate * (k as f64 + 1.0).powi(2)) + 1e-9, "FISTA, {k}: {f}");
    }
    assert_eq!(ista.status, Status::StepLimit);
    assert!(ista.history.windows(2).all(|w| w[1] <= w[0] + 1e-9), "ISTA descends");
}

/// A step that is too long is halved until the quadratic model lies above the function.
#[test]
fn backtracking() {
    let (x, y) = diabetes();
    let outcome =
        solve(&x, &y, L1::new(1.0), ProximalGradient::restarted_fista(1000.0).tolerance(1e-9));
    assert_eq!(outcome.status, Status::Converged);
    assert!(distance(&outcome.model, &numbers(&case("lasso/1.0")["w"])) < 1e-6);
}

/// `x = prox_{sR}(v)` minimises `s R(x) + ½‖x − v‖²`: no random point nearby or far is better. And
/// it is firmly nonexpansive: `⟨x₁ − x₂, v₁ − v₂⟩ ≥ ‖x₁ − x₂‖²`.
#[test]
fn proximal_operators_minimise() {
    let penalties: Vec<(&str, Box<dyn Penalty>)> = vec![
        ("L1", Box::new(L1::new(0.7))),
        ("L2", Box::new(L2::new(0.7))),
        ("elastic net", Box::new(ElasticNet::new(0.4, 0.9))),
        ("group lasso", Box::new(GroupLasso::new(0.8, &[1]))),
        ("max-norm", Box::new(MaxNorm::new(1.1, &[0]))),
        ("nuclear norm", Box::new(NuclearNorm::new(0.6))),
        ("spectral norm", Box::new(SpectralNorm::new(0.9))),
    ];
    for (name, penalty) in &penalties {
        let s = Tensor::from(0.8);
        let objective =
            |x: &Tensor, v: &Tensor| (penalty.value(x) * &s + (x - v).square().sum() * 0.5).item();
        let mut before: Option<(Tensor, Tensor)> = None;
        for key in Key::new(3).split_n(6) {
            let [at, around] = key.split();
            let v = at.normal(&[3, 4], DType::F64);
            let x = penalty.prox(&v, &s);
            let least = objective(&x, &v);
            assert!(least.is_finite(), "{name}");
            for (k, key) in around.split_n(12).into_iter().enumerate() {
                let size = 10.0_f64.powi(-(k as i32 % 5));
                let other = &x + key.normal(&[3, 4], DType::F64) * size;
                assert!(objective(&other, &v) >= least - 1e-12, "{name}, at distance {size}");
            }
            // Towards v itself, and towards 0, which random directions miss.
            for other in [&x + (&v - &x) * 1e-3, &x * 0.999] {
                assert!(objective(&other, &v) >= least - 1e-12, "{name}");
            }
            if let Some((v0, x0)) = &before {
                let inner = ((&x - x0) * (&v - v0)).sum().item();
                assert!(inner >= (&x - x0).square().sum().item() - 1e-12, "{name}");
            }
            before = Some((v, x));
        }
        // Large inputs, zeros, and a step of 0.
        let v = Tensor::from([[1e8, -1e8], [0.0, 1e8]]);
        let x = penalty.prox(&v, &s);
        assert!(x.is_finite().all().to_vec::<bool>()[0], "{name}");
        let zero = penalty.prox(&v.zeros_like(), &s);
        assert_eq!(zero.abs().max().item(), 0.0, "{name}");
        let same = penalty.prox(&Tensor::from([[0.3, 0.1], [0.0, 0.2]]), &Tensor::from(0.0));
        assert!(
            (same - Tensor::from([[0.3, 0.1], [0.0, 0.2]])).abs().max().item() < 1e-14,
            "{name}"
        );
    }
}

/// The dual of the nuclear norm is the spectral norm; both at a matrix of known singular values.
#[test]
fn norms_of_matrices() {
    let x = Tensor::from([[0.0, -2.0, 0.0], [0.0, 0.0, 5.0]]);
    assert!((NuclearNorm::new(2.0).value(&x).item() - 14.0).abs() < 1e-13);
    assert!((SpectralNorm::new(2.0).value(&x).item() - 10.0).abs() < 1e-13);
    // sλ beyond the sum of the singular values: nothing is left.
    let gone = SpectralNorm::new(8.0).prox(&x, &Tensor::from(1.0));
    assert!(gone.abs().max().item() < 1e-14);
    let kernel = x.reshape(&[2, 1, 3]);
    assert_eq!(NuclearNorm::new(1.0).prox(&kernel, &Tensor::from(1.0)).shape(), [2, 1, 3]);
}

#[test]
#[should_panic(expected = "SpectralNorm: singular values are those of a matrix")]
fn singular_values_of_a_vector() {
    SpectralNorm::new(1.0).value(&Tensor::from([1.0, 2.0]));
}

#[test]
#[should_panic(expected = "L1: a weight is not negative, this is -1")]
fn negative_weights() {
    let _ = L1::new(-1.0);
}

/// In f32 too, and with f64 leaves beside: values come in the first leaf's dtype.
#[test]
fn dtypes() {
    let model = (Tensor::from([1.0_f32, -2.0]), Tensor::from([0.5_f64]), Tensor::from([7_i64]));
    let l1 = Regulariser::new(L1::new(1.0));
    assert_eq!(l1.value(&model).dtype(), DType::F32);
    assert_eq!(l1.value(&model).item(), 3.5);
    let (a, b, c) = l1.prox(&model, &Tensor::from(1.0));
    assert_eq!((a.dtype(), b.dtype(), c.item()), (DType::F32, DType::F64, 7.0));
    assert_eq!(a.to_vec::<f32>(), [0.0, -1.0]);
    let gradient = grad(|m: &(Tensor, Tensor, Tensor)| l1.value(m))(&model);
    assert_eq!(gradient.0.to_vec::<f32>(), [1.0, -1.0]);
}

/// As links of a chain: exact zeros from stochastic steps, where L1 in the gradient has none.
#[test]
fn exact_zeros_from_a_rule() {
    let (x, y) = diabetes();
    let f = |w: &Tensor| half_mean_square(&x, &y, w);
    let rule = ProximalUpdate::new(Sgd::new(0.2), 0.2, Regulariser::new(L1::new(5.0)));
    let plain = Sgd::new(0.2);
    let (mut w, mut v) = (Tensor::zeros(&[10], DType::F64), Tensor::zeros(&[10], DType::F64));
    let (mut s, mut r) = (rule.init(&w), plain.init(&v));
    for _ in 0..150 {
        let (updates, next) = rule.update(grad(f)(&w), &s, &w);
        (w, s) = (apply_updates(&w, &updates), next);
        let penalised = |v: &Tensor| f(v) + v.abs().sum() * 5.0;
        let (updates, next) = plain.update(grad(penalised)(&v), &r, &v);
        (v, r) = (apply_updates(&v, &updates), next);
    }
    assert_eq!(active(&w), active(&Tensor::from(numbers(&case("lasso/5.0")["w"]))));
    assert_eq!(active(&v).len(), 10, "the subgradient method has no zeros");
}
