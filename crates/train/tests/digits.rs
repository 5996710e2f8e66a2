//! The first promise of the README: the default network learns the handwritten digits as well as
//! scikit-learn's does.

use nn::Activation;
use train::{Config, ModelKind, Predictor, Silent, fit};

/// Mean test error of scikit-learn's network of the same widths and activation, and its standard
/// error, in per cent (`oracles/digits_mlp.py`).
fn of_scikit_learn() -> (f64, f64) {
    let text = include_str!("../../../oracles/digits_mlp.json");
    let oracle: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases = oracle["cases"].as_array().unwrap();
    let name = "MLPClassifier, hidden (128, 64), tanh";
    let case = cases.iter().find(|case| case["name"] == name).unwrap();
    (case["mean_percent"].as_f64().unwrap(), case["se_percent"].as_f64().unwrap())
}

#[test]
fn the_default_network_errs_on_digits_no_more_often_than_that_of_scikit_learn() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = 5;
    let errors: Vec<f64> = (0..seeds)
        .map(|seed| {
            let config = Config { seed, ..Config::default() };
            let at = folder.path().join(seed.to_string());
            100.0 * fit(&config, &at, &mut Silent).unwrap().held_out.error()
        })
        .collect();
    let n = seeds as f64;
    let mean = errors.iter().sum::<f64>() / n;
    let variance = errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let (theirs, their_error) = of_scikit_learn();
    // Two standard errors of the difference, and the bound that the issue sets.
    let margin = 2.0 * (variance / n + their_error.powi(2)).sqrt();
    assert!(mean <= theirs + margin, "{mean:.2} % against {theirs:.2} % (± {margin:.2})");
    assert!(mean <= 2.5, "{mean:.2} % of the test digits are misread: {errors:?}");
}

#[test]
fn convolutions_err_on_one_digit_in_eighty_at_most() {
    let config = Config {
        model: ModelKind::Cnn,
        activation: Activation::Relu,
        epochs: 20,
        ..Config::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let outcome = fit(&config, &folder.path().join("cnn"), &mut Silent).unwrap();
    assert!(outcome.held_out.error() <= 0.0125, "{}", outcome.held_out.error());
    // What is saved predicts as what was trained.
    let features = data::embedded::digits().features().clone();
    let predicted =
        Predictor::open(&folder.path().join("cnn")).unwrap().predict(&features).unwrap();
    let held_out = &outcome.held_out;
    for (&example, class) in held_out.examples.iter().zip(&held_out.predicted) {
        assert_eq!(predicted[example].label, class.to_string());
    }
}
