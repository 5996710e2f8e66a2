//! The embedded data sets are those of scikit-learn to the last bit, as `oracles/datasets.py` saw
//! them, and small.

use std::collections::BTreeMap;

use data::{Dataset, Standardiser, Targets, embedded};

/// The 64-bit FNV-1a hash of the numbers as little-endian f64.
fn fnv1a(values: &[f64]) -> String {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn target_numbers(data: &Dataset) -> Vec<f64> {
    match data.targets() {
        Targets::Classes { labels, .. } => labels.iter().map(|&label| label as f64).collect(),
        Targets::Values(values) => values.clone(),
    }
}

#[test]
fn every_bit_is_that_of_scikit_learn() {
    let mut expected = BTreeMap::new();
    for line in include_str!("oracle/embedded.csv").lines().skip(1) {
        let [set, array, elements, hash] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        expected.insert((set, array), (elements.parse::<usize>().unwrap(), hash.to_string()));
    }
    assert_eq!(expected.len(), 2 * embedded::CATALOGUE.len());
    for entry in embedded::CATALOGUE {
        // scikit-learn spells it with an underscore.
        let set = entry.name.replace('-', "_");
        let data = (entry.read)();
        let features = data.features().values();
        let targets = target_numbers(&data);
        assert_eq!(expected[&(set.as_str(), "data")], (features.len(), fnv1a(features)));
        assert_eq!(expected[&(set.as_str(), "target")], (targets.len(), fnv1a(&targets)));
    }
}

#[test]
fn they_describe_themselves() {
    let shown: Vec<String> =
        embedded::CATALOGUE.iter().map(|entry| (entry.read)().to_string()).collect();
    assert_eq!(
        shown,
        [
            "digits: 1797 examples of shape 8×8, 10 classes",
            "iris: 150 examples of 4 features, 3 classes",
            "breast-cancer: 569 examples of 30 features, 2 classes",
            "diabetes: 442 examples of 10 features, values from 25 to 346",
        ]
    );
    let iris = embedded::iris();
    assert_eq!(iris.features().names()[0], "sepal length (cm)");
    assert_eq!(iris.target_name(), "species");
    assert_eq!(iris.targets().class_counts(), Some(vec![50, 50, 50]));
    let cancer = embedded::breast_cancer();
    assert_eq!(cancer.targets().class_names().unwrap(), ["malignant", "benign"]);
    assert_eq!(cancer.targets().class_counts(), Some(vec![212, 357]));
}

#[test]
fn unknown_names_are_answered_with_the_known() {
    assert_eq!(
        embedded::open("mnist").unwrap_err().to_string(),
        "mnist: no such embedded data set; there are digits, iris, breast-cancer, diabetes"
    );
}

#[test]
fn scaled_diabetes_is_that_of_scikit_learn() {
    let diabetes = embedded::diabetes();
    let all: Vec<usize> = (0..442).collect();
    let mut values = diabetes.features().values().to_vec();
    Standardiser::fit(&values, 10, &all).unwrap().apply(&mut values).unwrap();
    let mut compared = 0;
    for (row, line) in include_str!("oracle/diabetes_scaled.csv").lines().skip(1).enumerate() {
        for (column, expected) in line.split(',').enumerate() {
            let expected: f64 = expected.parse().unwrap();
            let found = values[row * 10 + column] / 442f64.sqrt();
            assert!((found - expected).abs() < 1e-14, "row {row}, column {column}");
            compared += 1;
        }
    }
    assert_eq!(compared, 200);
}
