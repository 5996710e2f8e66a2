//! Methods with curvature: against SciPy's minima, by their rates, and by invariance.

mod support;

use optim::{
    Armijo, Bfgs, ConjugateGradients, Lbfgs, LevenbergMarquardt, Likelihood, LineSearchError,
    NaturalGradient, NewtonCg, Outcome, SolutionStatus, Status, StrongWolfe, TrustRegion,
    fisher_product, gauss_newton_product,
};
use support::{LOGISTIC_MINIMUM, breast_cancer, case, distance, logistic, numbers, rosenbrock};
use tensor::{DType, Key, Tensor, grad, hessian_matrix, jit};

/// A method by name on a function.
fn minimise(method: &str, f: impl Fn(&Tensor) -> Tensor, start: &Tensor) -> Outcome<Tensor> {
    match method {
        "newton" => NewtonCg::new().tolerance(1e-9).minimise(f, start),
        "trust region" => TrustRegion::new().tolerance(1e-9).minimise(f, start),
        "bfgs" => Bfgs::new().tolerance(1e-9).minimise(f, start),
        "lbfgs" => Lbfgs::new().tolerance(1e-9).minimise(f, start),
        other => panic!("no method is called {other}"),
    }
}

const METHODS: [&str; 4] = ["newton", "trust region", "bfgs", "lbfgs"];

/// Rosenbrock's function in five dimensions has two minima; from each of two starts every method
/// ends in one of them, to nine digits, with an amount of work of SciPy's order.
#[test]
fn rosenbrock_against_scipy() {
    for name in ["one", "other"] {
        let c = case(&format!("rosenbrock/{name}"));
        let start = Tensor::from(numbers(&c["x0"]));
        let minima = ["one", "other"].map(|name| {
            let found = &case(&format!("rosenbrock/{name}"))["found"]["BFGS"];
            (numbers(&found["x"]), found["f"].as_f64().unwrap())
        });
        for (method, theirs) in METHODS.iter().zip(["Newton-CG", "trust-ncg", "BFGS", "L-BFGS-B"]) {
            let outcome = minimise(method, rosenbrock, &start);
            assert_eq!(outcome.status, Status::Converged, "{method}: {outcome:?}");
            let nearest = minima.iter().min_by(|a, b| {
                distance(&outcome.model, &a.0).total_cmp(&distance(&outcome.model, &b.0))
            });
            let (x, f) = nearest.unwrap();
            assert!(distance(&outcome.model, x) < 1e-6, "{method}: {}", outcome.model);
            assert!((outcome.value - f).abs() < 1e-12, "{method}: {} {f}", outcome.value);
            let steps = c["found"][theirs]["steps"].as_u64().unwrap() as usize;
            assert!(outcome.steps < 3 * steps, "{method}: {} steps, {steps}", outcome.steps);
            println!("{name} {method}: {} steps, {:?}", outcome.steps, outcome.evaluations);
        }
    }
}

/// The minimum of the breast cancer regression, by every method, to the last digit.
#[test]
fn logistic_minimum() {
    let (x, t) = breast_cancer();
    let expected = numbers(&case("logistic/breast_cancer")["w"]);
    for method in METHODS {
        let outcome = minimise(method, |w| logistic(&x, &t, w), &Tensor::zeros(&[31], DType::F64));
        assert_eq!(outcome.status, Status::Converged, "{method}");
        assert!((outcome.value - LOGISTIC_MINIMUM).abs() < 5e-13, "{method}: {}", outcome.value);
        assert!(distance(&outcome.model, &expected) < 1e-6, "{method}");
        assert_eq!(outcome.history.len(), outcome.steps + 1, "{method}");
        println!("{method}: {} steps, {:?}", outcome.steps, outcome.evaluations);
    }
}

/// `log‖gₖ₊₁‖ ≈ 2 log‖gₖ‖` near a minimum with a positive definite Hessian.
#[test]
fn newton_is_quadratic() {
    let (x, t) = breast_cancer();
    let f = |w: &Tensor| logistic(&x, &t, w);
    let gradient = jit(|w: &Tensor| grad(f)(w));
    let mut norms = vec![];
    for steps in 0..12 {
        let newton = NewtonCg::new().tolerance(1e-13).steps(steps);
        let outcome = newton.minimise(f, &Tensor::zeros(&[31], DType::F64));
        norms.push(gradient(&outcome.model).norm().item() / norms.first().unwrap_or(&1.0));
        if outcome.status == Status::Converged {
            break;
        }
    }
    // The last steps before rounding: the exponent doubles, up to the constant.
    let small: Vec<f64> = norms.iter().copied().filter(|g| (1e-12..2e-2).contains(g)).collect();
    assert!(small.len() >= 3, "{norms:?}");
    for pair in small.windows(2) {
        let order = pair[1].ln() / pair[0].ln();
        assert!(order > 1.6, "order {order}: {norms:?}");
    }
}

/// Newton's method is invariant under linear reparametrisation where systems are solved exactly:
/// `f(A z)` from `A⁻¹ x₀` passes the same points. So is the natural gradient, step for step.
#[test]
fn invariance_under_reparametrisation() {
    let a = Tensor::from([[2.0, 0.3, 0.0], [-0.5, 0.1, 1.0], [0.0, 4.0, -1.0]]);
    let features = Key::new(1).normal(&[20, 3], DType::F64);
    let truth = Tensor::from([1.0, -2.0, 0.5]);
    let t = features.matmul(&truth).sign() * Tensor::linspace(-0.2, 1.0, 20, DType::F64).sign();
    let logits = |w: &Tensor| features.matmul(w);
    let loss = |w: &Tensor| (-(&t * logits(w))).softplus().mean();
    let start = Tensor::from([0.1, 0.2, -0.3]);
    let image = a.solve(&start);
    for steps in [1, 2, 5] {
        let natural = NaturalGradient::new(0.7).steps(steps).accuracy(1e-14);
        let metric = fisher_product(logits, Likelihood::Bernoulli);
        let plain = natural.minimise(loss, metric, &start);
        let through = |z: &Tensor| logits(&a.matmul(z));
        let metric = fisher_product(through, Likelihood::Bernoulli);
        let moved = natural.minimise(|z: &Tensor| loss(&a.matmul(z)), metric, &image);
        let off = (a.matmul(&moved.model) - &plain.model).abs().max().item();
        assert!(off < 1e-10, "{steps} steps: {off}");
        assert!((moved.value - plain.value).abs() < 1e-12);
        // Gradient descent is not.
        let descend = |w: &Tensor| w - grad(loss)(w) * 0.7;
        let descend_moved = |z: &Tensor| z - grad(|z: &Tensor| loss(&a.matmul(z)))(z) * 0.7;
        let off = a.matmul(&descend_moved(&image)) - descend(&start);
        assert!(off.abs().max().item() > 1e-2);
    }
}

/// Conjugate gradients end after as many steps as there are distinct eigenvalues, and say so when
/// a matrix is not positive definite.
#[test]
fn conjugate_gradients_terminate() {
    for distinct in 1..=5 {
        let values: Vec<f64> = (0..30).map(|i| 1.0 + 3.0 * f64::from(i % distinct)).collect();
        let (q, _) = Key::new(5).normal(&[30, 30], DType::F64).qr();
        let a = (&q * Tensor::from(values).expand_dims(0)).matmul(&q.t());
        let b = Key::new(6).normal(&[30], DType::F64);
        let solver = ConjugateGradients::new();
        let solution = solver.solve(|v: &Tensor| a.matmul(v), &b);
        assert_eq!(solution.status, SolutionStatus::Converged);
        assert_eq!(solution.products, distinct as usize);
        assert!((a.matmul(&solution.x) - &b).norm().item() < 1e-9);
    }
    let saddle = Tensor::from([1.0, -2.0]).diag();
    let solve = |b: Tensor| ConjugateGradients::new().solve(|v: &Tensor| saddle.matmul(v), &b);
    assert_eq!(solve(Tensor::from([0.0, 1.0])).status, SolutionStatus::NegativeCurvature);
    let nothing = solve(Tensor::from([0.0, 0.0]));
    assert_eq!((nothing.status, nothing.products), (SolutionStatus::Converged, 0));
    let nan = ConjugateGradients::new().solve(|v: &Tensor| v * f64::NAN, &Tensor::from([1.0]));
    assert_eq!(nan.status, SolutionStatus::NegativeCurvature);
}

/// For softmax and cross-entropy the Fisher matrix is the Gauss–Newton matrix, exactly; the
/// *empirical* Fisher matrix is another one. Where the model is linear, both are the Hessian.
#[test]
fn fisher_is_gauss_newton() {
    let x = Key::new(2).normal(&[6, 4], DType::F64);
    let labels = Tensor::from([0_i64, 2, 1, 0, 1, 2]).one_hot(3, DType::F64);
    let start = (
        Key::new(3).normal(&[4, 5], DType::F64) * 0.5,
        Key::new(4).normal(&[5, 3], DType::F64) * 0.5,
    );
    type Net = (Tensor, Tensor);
    let logits = |(a, b): &Net| x.matmul(a).tanh().matmul(b);
    let cross_entropy = |z: &Tensor| -(z.log_softmax(-1) * &labels).sum() / 6.0;
    let fisher = fisher_product(logits, Likelihood::Categorical);
    let gauss_newton = gauss_newton_product(logits, cross_entropy);
    let direction =
        (Key::new(8).normal(&[4, 5], DType::F64), Key::new(9).normal(&[5, 3], DType::F64));
    let (f, g) = (fisher(&start, &direction), gauss_newton(&start, &direction));
    assert!((&f.0 - &g.0).abs().max().item() < 1e-14);
    assert!((&f.1 - &g.1).abs().max().item() < 1e-14);
    assert!(f.0.abs().max().item() > 1e-3);
    // The empirical one: Σ gᵢ gᵢᵀ v / n with the data's labels.
    let empirical = (0..6).fold(Tensor::zeros(&[4, 5], DType::F64), |sum, i| {
        let one = |m: &Net| {
            let (z, y) = (logits(m).index(0, i), labels.index(0, i));
            -(z.log_softmax(-1) * y).sum()
        };
        let g = grad(one)(&start);
        let along = ((&g.0 * &direction.0).sum() + (&g.1 * &direction.1).sum()) / 6.0;
        sum + g.0 * along
    });
    assert!((empirical - &f.0).abs().max().item() > 1e-2);

    let linear = |w: &Tensor| x.matmul(&w.reshape(&[4, 3]));
    let w = Key::new(10).normal(&[12], DType::F64);
    let v = Key::new(11).normal(&[12], DType::F64);
    let hessian = hessian_matrix(|w: &Tensor| cross_entropy(&linear(w)))(&w).matmul(&v);
    let product = fisher_product(linear, Likelihood::Categorical)(&w, &v);
    assert!((hessian - product).abs().max().item() < 1e-14);
}

/// An exponential with noise: Levenberg–Marquardt and Gauss–Newton end where SciPy's `lm` does.
#[test]
fn least_squares() {
    let c = case("least_squares/decay");
    let (s, v) = (Tensor::from(numbers(&c["s"])), Tensor::from(numbers(&c["v"])));
    let residual = |p: &Tensor| p.index(0, 0) * (-(p.index(0, 1) * &s)).exp() + p.index(0, 2) - &v;
    let start = Tensor::from([1.0, 1.0, 0.0]);
    for method in [LevenbergMarquardt::new(), LevenbergMarquardt::gauss_newton()] {
        let outcome = method.tolerance(1e-10).minimise(residual, &start);
        assert_eq!(outcome.status, Status::Converged, "{outcome:?}");
        assert!(distance(&outcome.model, &numbers(&c["p"])) < 1e-7, "{}", outcome.model);
        assert!((outcome.value - c["f"].as_f64().unwrap()).abs() < 1e-14);
        assert!(outcome.steps <= 20, "{}", outcome.steps);
    }
    // Rosenbrock's function as least squares, from the classical start: a residual of 0.
    let valley = |x: &Tensor| {
        let (a, b) = (x.index(0, 0), x.index(0, 1));
        Tensor::stack(&[&((b - a.square()) * 10.0), &(1.0 - &a)], 0)
    };
    let outcome =
        LevenbergMarquardt::new().tolerance(1e-12).minimise(valley, &Tensor::from([-1.2, 1.0]));
    assert_eq!(outcome.status, Status::Converged);
    assert!(distance(&outcome.model, &[1.0, 1.0]) < 1e-8, "{}", outcome.model);
    // A Jacobian without full rank: damping copes.
    let sum = |x: &Tensor| (x.index(0, 0) + x.index(0, 1) - 3.0).reshape(&[1]);
    let outcome = LevenbergMarquardt::new().minimise(sum, &Tensor::from([0.0, 0.0]));
    assert!(distance(&outcome.model, &[1.5, 1.5]) < 1e-8, "the nearest solution");
}

/// Indefinite Hessians: Newton's step from near a saddle would go to it; both methods leave it.
#[test]
fn saddles() {
    let f = |x: &Tensor| {
        let (a, b) = (x.index(0, 0), x.index(0, 1));
        a.square() + (b.square() - 1.0).square() + 0.1 * &b
    };
    for method in METHODS {
        let outcome = minimise(method, f, &Tensor::from([0.5, 1e-3]));
        assert_eq!(outcome.status, Status::Converged, "{method}");
        let b = outcome.model.index(0, 1).item();
        assert!(b.abs() > 0.9, "{method} ends at {}", outcome.model);
    }
}

/// What is not finite is a status, not a panic or a loop: at the start, on the way (the logarithm
/// of a negative number, where a shorter step is taken), and without a lower bound.
#[test]
fn statuses() {
    let log = |x: &Tensor| (x - x.log()).sum();
    for method in METHODS {
        let bad = minimise(method, log, &Tensor::from([-1.0]));
        assert_eq!(bad.status, Status::NotFinite, "{method}");
        let good = minimise(method, log, &Tensor::from([50.0]));
        assert_eq!(good.status, Status::Converged, "{method}: {good:?}");
        assert!((good.model.item() - 1.0).abs() < 1e-7);
        let already = minimise(method, log, &Tensor::from([1.0]));
        assert_eq!((already.status, already.steps), (Status::Converged, 0), "{method}");
        let unbounded = minimise(method, |x| x.sum(), &Tensor::from([0.0]));
        assert_ne!(unbounded.status, Status::Converged, "{method}");
    }
    let limited = NewtonCg::new().steps(2).minimise(rosenbrock, &Tensor::from([-1.2, 1.0]));
    assert_eq!((limited.status, limited.steps), (Status::StepLimit, 2));
}

/// Trees of several leaves and dtypes: f32 weights, integers left alone.
#[test]
fn trees() {
    type Model = (Tensor, (Tensor, Tensor));
    let f = |(a, (b, _)): &Model| {
        (a - 2.0).square().sum() + (b.convert(DType::F64) + 1.0).square().sum()
    };
    let start = (Tensor::from([[0.0], [1.0]]), (Tensor::from([0.5_f32]), Tensor::from([7_i64])));
    let check = |outcome: Outcome<Model>| {
        assert_eq!(outcome.status, Status::Converged, "{outcome:?}");
        let (a, (b, c)) = outcome.model;
        assert!((a - 2.0).abs().max().item() < 1e-4 && (b.item() + 1.0).abs() < 1e-4);
        assert_eq!((b.dtype(), c.item()), (DType::F32, 7.0));
    };
    check(NewtonCg::new().tolerance(1e-5).minimise(f, &start));
    check(TrustRegion::new().tolerance(1e-5).minimise(f, &start));
    check(Bfgs::new().tolerance(1e-5).minimise(f, &start));
    check(Lbfgs::new().tolerance(1e-5).minimise(f, &start));
}

/// What the searches find satisfies their conditions, on functions that are hard for them (Moré,
/// Thuente, ACM TOMS 20, 1994, functions 1 and 2, and a quartic), from first lengths over eight
/// orders of magnitude.
#[test]
fn line_searches() {
    type Phi = (&'static str, fn(f64) -> (f64, f64));
    let functions: [Phi; 3] = [
        ("rational", |a| (-a / (a * a + 2.0), (a * a - 2.0) / (a * a + 2.0).powi(2))),
        ("flat then steep", |a| {
            let b = a + 0.004;
            (b.powi(5) - 2.0 * b.powi(4), 5.0 * b.powi(4) - 8.0 * b.powi(3))
        }),
        ("quartic", |a| ((a - 1.0).powi(4), 4.0 * (a - 1.0).powi(3))),
    ];
    for (name, phi) in functions {
        let (value, slope) = phi(0.0);
        for exponent in -4..=3 {
            let first = 10.0_f64.powi(exponent);
            for c2 in [0.1, 0.9] {
                let search = StrongWolfe::new().flatness(c2).initial(first);
                let step = search.search(phi, value, slope).unwrap();
                let (there, flat) = phi(step.length);
                assert!(there <= value + 1e-4 * step.length * slope, "{name}, {first}: {step:?}");
                assert!(flat.abs() <= c2 * slope.abs(), "{name}, {first}: {step:?}, {flat}");
                assert!(step.evaluations < 40, "{name}, {first}: {step:?}");
                assert_eq!(there, step.value);
            }
            let step = Armijo::new().initial(first).search(|a| phi(a).0, value, slope).unwrap();
            assert!(step.value <= value + 1e-4 * step.length * slope, "{name}, {first}");
        }
    }
    let uphill = StrongWolfe::new().search(|a| (a, 1.0), 0.0, 1.0);
    assert_eq!(uphill, Err(LineSearchError::NotDescending { slope: 1.0 }));
    let message = uphill.unwrap_err().to_string();
    assert_eq!(message, "the direction does not descend: the slope at 0 is 1");
    let never = Armijo::new().search(|_| f64::NAN, 0.0, -1.0);
    assert!(matches!(never, Err(LineSearchError::NoStep { evaluations: 60, .. })), "{never:?}");
}
