//! The matrix as a whole: what stands in it. (`cargo xtask matrix` runs it; CI does.)

use std::collections::HashSet;
use testing::matrix::{self, Kind, Outcome, without_meaning};

#[test]
fn rows_have_names_of_their_own_and_lists_name_rows() {
    let names = matrix::names();
    let distinct: HashSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    for entry in without_meaning::LIST {
        assert!(names.iter().any(|n| n == entry.row), "no row `{}`", entry.row);
        assert!(!entry.reason.is_empty());
    }
    for exception in matrix::tolerance::EXCEPTIONS {
        assert!(names.iter().any(|n| n == exception.row), "no row `{}`", exception.row);
    }
}

#[test]
fn a_few_rows_from_beginning_to_end() {
    let finished = std::sync::Mutex::new(vec![]);
    let matrix = matrix::run("softmax", &|done, of, name: &str| {
        finished.lock().expect("no other test holds it").push((done, of, name.to_string()));
    });
    assert_eq!(finished.into_inner().expect("threads have ended").len(), matrix.rows.len());
    assert!(matrix.rows.iter().all(|row| row.kind == Kind::Composed));
    let counts = matrix.counts();
    assert_eq!((counts.pass, counts.without_meaning), (24 * matrix.rows.len(), 0));
    let text = matrix.to_string();
    let last = format!("matrix: {0} of {0} cells pass, 0 without meaning", counts.of);
    assert_eq!(text.lines().last(), Some(&*last));
    let json = serde_json::to_value(&matrix).expect("plain data");
    assert_eq!(json["rows"][0]["f64"][0], "passes");
}

#[test]
fn refusals_are_counted_apart() {
    let matrix = matrix::run("custom_vjp", &|_, _, _| ());
    let counts = matrix.counts();
    assert_eq!((counts.pass, counts.of, counts.without_meaning), (16, 16, 8));
    assert!(matches!(matrix.rows[0].f64[0], Outcome::WithoutMeaning(_)));
}
