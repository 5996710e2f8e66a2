//! SAG, SAGA and SVRG on logistic regression of the breast cancer data: against the minimum, the
//! theory's bound, and stochastic gradient descent.

mod support;

use optim::{FiniteSum, Remembered, Sag, Saga, Svrg};
use support::{LOGISTIC_MINIMUM, breast_cancer, case, logistic, numbers};
use tensor::{Key, Tensor};

/// `fᵢ(w) = log(1 + exp(−tᵢ xᵢ·w)) + μ/2 ‖w‖²` with `μ = 1/n`; rows have length 1, so `L = ¼ + μ`.
fn example<'d>(x: &'d Tensor, t: &'d Tensor) -> impl Fn(&Tensor, &Tensor) -> Tensor + 'd {
    let n = x.shape()[0] as f64;
    move |w, i| {
        let margin = t.take(i, 0) * (x.take(i, 0) * w).sum();
        (-margin).softplus() + w.square().sum() * (0.5 / n)
    }
}

/// `f − f*` after each of these passes, for a method that does one pass.
fn suboptimality<S>(
    state: S,
    passes: &[usize],
    value: impl Fn(&S) -> f64,
    pass: impl Fn(S, Key) -> S,
) -> Vec<f64> {
    let mut found = vec![];
    let mut state = state;
    for (done, key) in Key::new(7).split_n(*passes.last().unwrap()).into_iter().enumerate() {
        state = pass(state, key);
        if passes.contains(&(done + 1)) {
            found.push(value(&state) - minimum());
        }
    }
    found
}

/// `f*` to all digits of f64; the constant of the specification has twelve.
fn minimum() -> f64 {
    let f = case("logistic/breast_cancer")["f"].as_f64().unwrap();
    assert!((f - LOGISTIC_MINIMUM).abs() < 5e-13);
    f
}

/// The sum is the function: value and gradient agree with the mean over all examples at once, and
/// at the oracle's minimiser the gradient vanishes.
#[test]
fn the_sum_is_the_function() {
    let (x, t) = breast_cancer();
    let sum = FiniteSum::new(x.shape()[0], example(&x, &t));
    let w = Tensor::from(numbers(&case("logistic/breast_cancer")["w"]));
    let (value, gradient) = sum.value_and_grad(&w);
    assert!((value - minimum()).abs() < 1e-15);
    assert!((value - logistic(&x, &t, &w).item()).abs() < 1e-15);
    assert!(gradient.norm().item() < 1e-12);
    let one = sum.gradient_of(&w, 5).to_vec::<f64>();
    assert!(one.iter().any(|g| g.abs() > 1e-4), "single examples disagree at the minimum");
}

/// SAG with `η = 1/(16L)`: below the bound `(1 − min{μ/16L, 1/8n})ᵏ C₀` after 10, 20, … passes, and
/// within a factor of 100 of a measured path (1.2e-5, 2.0e-8, 8.4e-11, 4.3e-13); `1/L` is faster (7e-7, 5e-13).
#[test]
fn sag_within_its_bound() {
    let (x, t) = breast_cancer();
    let n = x.shape()[0] as f64;
    let (mu, l) = (1.0 / n, 0.25 + 1.0 / n);
    let sum = FiniteSum::new(x.shape()[0], example(&x, &t));
    let value = |s: &Remembered<Tensor>| logistic(&x, &t, &s.model).item();
    let start = Tensor::zeros(&[31], x.dtype());
    let optimum = Tensor::from(numbers(&case("logistic/breast_cancer")["w"]));
    // C₀ = f(x⁰) − f* + (4L/n) ‖x⁰ − x*‖² + σ²/16L, with σ² the mean square of the ∇fᵢ(x*).
    let sigma2 = (0..x.shape()[0])
        .step_by(8)
        .map(|i| sum.gradient_of(&optimum, i).square().sum().item())
        .sum::<f64>()
        / 72.0;
    let c0 = 2.0_f64.ln() - minimum()
        + 4.0 * l / n * optimum.square().sum().item()
        + sigma2 / (16.0 * l);
    let rate = 1.0 - (mu / (16.0 * l)).min(1.0 / (8.0 * n));
    let passes = [10, 20, 30, 40];
    let sag = Sag::new(1.0 / (16.0 * l));
    let found =
        suboptimality(sag.init(&sum, &start), &passes, value, |s, key| sag.pass(&sum, s, key));
    for ((&k, f), measured) in passes.iter().zip(&found).zip([1.2e-5, 2.0e-8, 8.4e-11, 4.3e-13]) {
        let bound = rate.powf(k as f64 * n) * c0;
        assert!(*f < bound, "{k} passes: {f}, bound {bound}");
        assert!(f / measured < 100.0, "{k} passes: {f}, measured before {measured}");
    }
    // With η = 1/L the penalty must not be remembered with the examples.
    let bare = FiniteSum::new(x.shape()[0], |w: &Tensor, i: &Tensor| {
        (-(t.take(i, 0) * (x.take(i, 0) * w).sum())).softplus()
    });
    let penalty = |w: &Tensor| w.square().sum() * (0.5 * mu);
    let fast = Sag::new(1.0 / l);
    let fast = suboptimality(fast.init(&bare, &start), &[10, 20], value, |s, key| {
        fast.penalised_pass(&bare, penalty, s, key)
    });
    assert!(fast[0] < 1e-4 && fast[1] < 5e-11, "η = 1/L: {fast:?}");
    println!("SAG 1/16L {found:?}, 1/L {fast:?}");
}

/// SAGA with `η = 1/(3L)` and SVRG with `η = 1/(4L)` converge linearly to the minimum, where
/// stochastic gradient descent with `1/(μt)` is at 10⁻⁴.
#[test]
fn saga_and_svrg() {
    let (x, t) = breast_cancer();
    let n = x.shape()[0] as f64;
    let l = 0.25 + 1.0 / n;
    let sum = FiniteSum::new(x.shape()[0], example(&x, &t));
    let start = Tensor::zeros(&[31], x.dtype());
    let saga = Saga::new(1.0 / (3.0 * l));
    let value = |s: &Remembered<Tensor>| logistic(&x, &t, &s.model).item();
    let found =
        suboptimality(saga.init(&sum, &start), &[10, 20], value, |s, key| saga.pass(&sum, s, key));
    assert!(found[0] < 5e-6 && found[1] < 2e-9, "{found:?}");
    let svrg = Svrg::new(1.0 / (4.0 * l));
    let value = |w: &Tensor| logistic(&x, &t, w).item();
    // An epoch costs five passes: the snapshot's and two for each of 2n steps.
    let epochs = suboptimality(start, &[4, 8], value, |w, key| svrg.epoch(&sum, &w, key));
    assert!(epochs[0] < 1e-4 && epochs[1] < 1e-6, "{epochs:?}");
    println!("SAGA {found:?}, SVRG {epochs:?}");
}

/// Trap of the specification: dividing by the number seen makes the first pass faster.
#[test]
fn dividing_by_the_number_seen() {
    let (x, t) = breast_cancer();
    let l = 0.25 + 1.0 / x.shape()[0] as f64;
    let sum = FiniteSum::new(x.shape()[0], example(&x, &t));
    let start = Tensor::zeros(&[31], x.dtype());
    let value = |s: &Remembered<Tensor>| logistic(&x, &t, &s.model).item();
    let after_one = |sag: Sag| {
        suboptimality(sag.init(&sum, &start), &[1], value, |s, key| sag.pass(&sum, s, key))[0]
    };
    let plain = after_one(Sag::new(1.0 / (16.0 * l)));
    let seen = after_one(Sag::new(1.0 / (16.0 * l)).divide_by_seen());
    assert!(seen < plain, "{seen} {plain}");
}

#[test]
#[should_panic(expected = "the state remembers 3 examples, the sum has 2")]
fn another_number_of_examples() {
    let f = |x: &Tensor, _: &Tensor| x.square();
    let x = Tensor::from(1.0);
    let state = Sag::new(0.1).init(&FiniteSum::new(3, f), &x);
    Sag::new(0.1).pass(&FiniteSum::new(2, f), state, Key::new(0));
}
