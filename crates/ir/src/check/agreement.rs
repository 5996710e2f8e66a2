//! When two values agree: the one definition that the battery and all comparisons of the engine
//! with the reference use.

use array::{Array, DType};

/// Whether |a − b| ≤ `tolerance` (1 + max(|a|, |b|)): relative to the larger number, or absolutely
/// where both are small. NaN agrees with NaN, and an infinity with itself.
///
/// ```
/// use ir::check::close_enough;
/// assert!(close_enough(1e9, 1e9 + 1.0, 1e-8));
/// assert!(close_enough(f64::NAN, f64::NAN, 0.0));
/// assert!(!close_enough(f64::INFINITY, f64::MAX, 1e-8));
/// ```
pub fn close_enough(a: f64, b: f64, tolerance: f64) -> bool {
    (a.is_nan() && b.is_nan())
        || a == b
        || (a.is_finite()
            && b.is_finite()
            && (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs())))
}

/// What differs between two lists of arrays, if anything does: their number, a type, or an element
/// that is not [`close_enough`]. The tolerance is for f64; f32 gets 2·10⁻⁵ at least, integers
/// and truth values none.
pub fn difference(got: &[Array], want: &[Array], tolerance: f64) -> Option<String> {
    if got.len() != want.len() {
        return Some(format!("{} outputs, expected {}", got.len(), want.len()));
    }
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        if g.ty() != w.ty() {
            return Some(format!("output {i} is {}, expected {}", g.ty(), w.ty()));
        }
        let tolerance = match g.dtype() {
            DType::F32 => tolerance.max(2e-5),
            DType::F64 => tolerance,
            DType::I32 | DType::I64 | DType::U32 | DType::Bool => 0.0,
        };
        for (k, (a, b)) in g.to_f64().into_iter().zip(w.to_f64()).enumerate() {
            if !close_enough(a, b, tolerance) {
                return Some(format!("output {i}, element {k} is {a}, expected {b}"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_infinity_agrees_with_itself_alone() {
        for x in [0.0, 1e300, f64::NEG_INFINITY, f64::NAN] {
            assert!(!close_enough(f64::INFINITY, x, 1e-3), "{x}");
            assert!(!close_enough(x, f64::INFINITY, 1e-3), "{x}");
        }
        assert!(close_enough(f64::INFINITY, f64::INFINITY, 0.0));
    }

    #[test]
    fn integers_agree_exactly() {
        let [a, b] = [1_000_000_000_i64, 1_000_000_001].map(Array::scalar);
        let [a, b] = [[a], [b]];
        assert!(difference(&a, &b, 1e-3).is_some());
        assert_eq!(difference(&a, &a, 0.0), None);
    }
}
