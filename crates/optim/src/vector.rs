//! Trees as vectors: what methods that look at lengths and angles need. Leaves that are not floats
//! are no part of the vector, and stay as they are.

use tensor::{DType, Tensor, Tree};

fn float_leaves<M: Tree>(tree: &M) -> impl Iterator<Item = Tensor> {
    tree.leaves().into_iter().filter(|leaf| leaf.dtype().is_float())
}

/// `⟨a, b⟩`, each leaf's part in its own dtype, the sum in f64.
pub(crate) fn dot<M: Tree>(a: &M, b: &M) -> f64 {
    float_leaves(a).zip(float_leaves(b)).map(|(a, b)| (a * b).sum().item()).sum()
}

/// `‖a‖₂`.
pub(crate) fn norm<M: Tree>(a: &M) -> f64 {
    dot(a, a).sqrt()
}

/// `x + s·d`.
pub(crate) fn add_scaled<M: Tree>(x: &M, s: f64, d: &M) -> M {
    x.zip_map(d, |x, d| if x.dtype().is_float() { x + d * s } else { x.clone() })
}

/// `s·a`.
pub(crate) fn scale<M: Tree>(s: f64, a: &M) -> M {
    a.map(|a| if a.dtype().is_float() { a * s } else { a.clone() })
}

/// The same tree: trees need not be `Clone`, leaves are.
pub(crate) fn copy<M: Tree>(a: &M) -> M {
    a.map(Tensor::clone)
}

/// All float elements in a row, in f64.
pub(crate) fn flatten<M: Tree>(a: &M) -> Tensor {
    let rows: Vec<Tensor> = float_leaves(a).map(|a| a.ravel().convert(DType::F64)).collect();
    if rows.is_empty() {
        return Tensor::zeros(&[0], DType::F64);
    }
    Tensor::concatenate(&rows.iter().collect::<Vec<_>>(), 0)
}

/// The tree like `template` with these elements: undoes [`flatten`].
pub(crate) fn unflatten<M: Tree>(template: &M, row: &Tensor) -> M {
    let mut at = 0;
    template.map(|leaf| {
        if !leaf.dtype().is_float() {
            return leaf.clone();
        }
        let part = row.slice_axis(0, at, at + leaf.size());
        at += leaf.size();
        part.reshape(leaf.shape()).convert(leaf.dtype())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_a_vector() {
        let x = (Tensor::from([3.0_f64, 4.0]), Tensor::from(7_i64), Tensor::from([[12.0_f32]]));
        assert_eq!(norm(&x), 13.0);
        let y = add_scaled(&x, -1.0, &x);
        assert_eq!((norm(&y), y.1.item()), (0.0, 7.0));
        let row = flatten(&x);
        assert_eq!(row.to_vec::<f64>(), [3.0, 4.0, 12.0]);
        let back = unflatten(&x, &row);
        assert_eq!((norm(&back), back.2.dtype(), back.1.item()), (13.0, DType::F32, 7.0));
    }
}
