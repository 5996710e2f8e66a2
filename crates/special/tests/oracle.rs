//! Every function against the table that `oracles/special.py` makes with mpmath and SciPy.

use special::{digamma, erf, erf_inv, erfc, lgamma, logistic, polygamma};

const TABLE: &str = include_str!("../../../oracles/special.csv");

struct Row<'a> {
    function: &'a str,
    n: u32,
    x: f64,
    value: f64,
}

impl Row<'_> {
    /// Whether the argument lies on the negative axis (NaN does not).
    fn is_negative(&self) -> bool {
        self.x < 0.0
    }
}

fn rows() -> Vec<Row<'static>> {
    TABLE
        .lines()
        .skip(1)
        .map(|line| {
            let field: Vec<&str> = line.split(',').collect();
            Row {
                function: field[0],
                n: if field[1].is_empty() { 0 } else { field[1].parse().unwrap() },
                x: field[2].parse().unwrap(),
                value: field[3].parse().unwrap(),
            }
        })
        .collect()
}

/// What an error is measured against: the value, and where a function crosses zero between poles
/// (on the negative axis) the size of the terms that cancel there.
fn scale(row: &Row) -> f64 {
    let magnitude = row.value.abs();
    match row.function {
        "lgamma" | "digamma" if row.is_negative() => magnitude.max(1.0),
        "polygamma" if row.is_negative() && row.n.is_multiple_of(2) => {
            let distance = (row.x - row.x.round()).abs();
            let factorial: f64 = (1..=row.n).map(f64::from).product();
            magnitude.max(factorial / distance.powi(row.n as i32 + 1))
        }
        // A subnormal result has no relative accuracy to speak of.
        _ => magnitude.max(f64::MIN_POSITIVE),
    }
}

/// The largest error over the rows of one function that `keep` selects. Infinities, NaN and signs
/// of zero must agree.
fn largest_error(name: &str, f: impl Fn(u32, f64) -> f64, keep: impl Fn(&Row) -> bool) -> f64 {
    let (mut worst, mut count) = (0.0_f64, 0);
    for row in rows().iter().filter(|row| row.function == name && keep(row)) {
        count += 1;
        let value = f(row.n, row.x);
        let context = || format!("{name}({}, {:e}) = {value:e}, not {:e}", row.n, row.x, row.value);
        if row.value.is_nan() {
            assert!(value.is_nan(), "{}", context());
        } else if row.value.is_infinite() || row.value == 0.0 {
            assert_eq!(value.to_bits(), row.value.to_bits(), "{}", context());
        } else {
            let error = (value - row.value).abs() / scale(row);
            assert!(error < 1e-10, "{}", context());
            if error > worst {
                worst = error;
                println!("{error:.2e} {}", context());
            }
        }
    }
    assert!(count >= 10, "{name}: only {count} rows");
    worst
}

/// Asserts that the function keeps the error its documentation states.
fn check(name: &str, stated: f64, f: impl Fn(u32, f64) -> f64, keep: impl Fn(&Row) -> bool) {
    let worst = largest_error(name, f, keep);
    assert!(worst <= stated, "{name}: error {worst:.2e} exceeds the stated {stated:.2e}");
}

#[test]
fn erf_and_erfc() {
    check("erf", 2.3e-16, |_, x| erf(x), |_| true);
    check("erfc", 3.0e-16, |_, x| erfc(x), |_| true);
}

#[test]
fn erf_inv_to_the_ends_of_its_domain() {
    // SciPy drops the sign of erf_inv(−0), which the table therefore leaves out; we keep it.
    check("erf_inv", 2.5e-16, |_, x| erf_inv(x), |_| true);
    assert_eq!(erf_inv(-0.0).to_bits(), (-0.0_f64).to_bits());
}

#[test]
fn lgamma_on_both_half_axes() {
    check("lgamma", 2.5e-16, |_, x| lgamma(x), |row| !row.is_negative());
    check("lgamma", 4.5e-16, |_, x| lgamma(x), |row| row.is_negative());
    assert_eq!(lgamma(f64::NEG_INFINITY), f64::INFINITY);
}

#[test]
fn digamma_on_both_half_axes() {
    check("digamma", 4.5e-16, |_, x| digamma(x), |row| !row.is_negative());
    check("digamma", 1.1e-15, |_, x| digamma(x), |row| row.is_negative());
}

#[test]
fn polygamma_on_both_half_axes() {
    check("polygamma", 1.0e-15, polygamma, |row| !row.is_negative() && row.n <= 20);
    check("polygamma", 4.5e-15, polygamma, |row| row.is_negative() && row.n <= 20);
    check("polygamma", 1.5e-15, polygamma, |row| !row.is_negative() && row.n == 60);
}

#[test]
fn logistic_keeps_its_relative_accuracy() {
    check("logistic", 2.5e-16, |_, x| logistic(x), |_| true);
}
