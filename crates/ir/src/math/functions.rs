//! The functions that expressions may use, by name.

use crate::prim::{Binary, Unary};
use array::DType;

/// The names of the functions of one argument, besides those of the table.
const ALIASES: [(&str, Unary); 20] = [
    ("ln", Unary::Log),
    ("sigmoid", Unary::Logistic),
    ("σ", Unary::Logistic),
    ("sgn", Unary::Sign),
    ("arcsin", Unary::Asin),
    ("arccos", Unary::Acos),
    ("arctan", Unary::Atan),
    ("arsinh", Unary::Asinh),
    ("arcosh", Unary::Acosh),
    ("artanh", Unary::Atanh),
    ("arcsinh", Unary::Asinh),
    ("arccosh", Unary::Acosh),
    ("arctanh", Unary::Atanh),
    ("asinh", Unary::Asinh),
    ("logΓ", Unary::Lgamma),
    ("loggamma", Unary::Lgamma),
    ("gammaln", Unary::Lgamma),
    ("ψ", Unary::Digamma),
    ("ReLU", Unary::Relu),
    ("erfinv", Unary::ErfInv),
];

/// Functions with their inverses, for `sin⁻¹(x)`.
pub(super) const INVERSES: [(Unary, Unary); 9] = [
    (Unary::Sin, Unary::Asin),
    (Unary::Cos, Unary::Acos),
    (Unary::Tan, Unary::Atan),
    (Unary::Sinh, Unary::Asinh),
    (Unary::Cosh, Unary::Acosh),
    (Unary::Tanh, Unary::Atanh),
    (Unary::Erf, Unary::ErfInv),
    (Unary::Exp, Unary::Log),
    (Unary::Log, Unary::Exp),
];

pub(super) fn unary(name: &str) -> Option<Unary> {
    let of_floats = |f: &&Unary| f.accepts(DType::F64) && f.text() == name;
    let alias = || ALIASES.iter().find(|(n, _)| *n == name).map(|(_, f)| *f);
    Unary::ALL.iter().find(of_floats).copied().or_else(alias)
}

pub(super) fn binary(name: &str) -> Option<Binary> {
    let named = [Binary::Max, Binary::Min, Binary::Pow, Binary::Atan2, Binary::Rem];
    named.into_iter().find(|f| f.text() == name)
}

const OTHERS: [&str; 3] = ["clamp", "select", "polygamma"];

pub(super) fn is_function(name: &str) -> bool {
    unary(name).is_some() || binary(name).is_some() || OTHERS.contains(&name)
}

/// Number of letters to insert, delete, replace or swap to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swap = if swapped { table[i - 2][j - 2] + 1 } else { usize::MAX };
                replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(swap)
            };
        }
    }
    table[a.len()][b.len()]
}

/// The function whose name is closest to a misspelt one, if one is close.
pub(super) fn similar(name: &str) -> Option<&'static str> {
    let unary = Unary::ALL.iter().filter(|f| f.accepts(DType::F64)).map(|f| f.text());
    let binary = ["max", "min", "pow", "atan2", "rem"];
    let all = unary.chain(ALIASES.iter().map(|(n, _)| *n)).chain(binary).chain(OTHERS);
    let length = |n: &str| n.chars().count();
    let near = all.min_by_key(|n| (distance(name, n), length(n).abs_diff(length(name)), *n))?;
    let steps = distance(name, near);
    (steps <= 2 && steps < length(near)).then_some(near)
}
