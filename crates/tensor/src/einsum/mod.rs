//! Einstein summation.

mod contract;
mod specification;

use crate::Tensor;

/// Sums of products of tensors, in Einstein's notation: each operand's axes are named by letters,
/// and letters that the result does not name are summed over.
///
/// `spec` is `"inputs->output"`, the inputs separated by commas, spaces ignored. A letter stands
/// for one size everywhere. A letter repeated in one operand takes a diagonal. Without `->` the
/// result names, in alphabetical order (upper case first), the letters that occur exactly once.
/// `...` stands for any further axes, which broadcast against each other (aligned at the last) and,
/// without `->`, come first in the result.
///
/// ```text
/// y[output…] = Σ over the other letters  ∏ₖ xₖ[inputₖ…]
/// ```
///
/// Letters that one operand alone has are summed first; then pairs of operands are contracted by
/// [`Tensor::dot_general`], each time the pair whose product is smallest compared with the two
/// (ties: the one with the fewest operations). Source of the notation: NumPy; of the order:
/// D. G. A. Smith, J. Gray, *opt_einsum* (JOSS 2018), the greedy path.
///
/// # Panics
/// When the specification does not parse or does not fit the operands; the message quotes it.
///
/// ```
/// use tensor::{Tensor, einsum};
/// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let x = Tensor::from([1.0, 10.0]);
/// assert_eq!(einsum("ij,j->i", &[&a, &x]).to_vec::<f64>(), [21.0, 43.0]);
/// assert_eq!(einsum("i,ij,j", &[&x, &a, &x]).item(), 451.0);
/// assert_eq!(einsum("ii", &[&a]).item(), 5.0);
/// ```
#[track_caller]
pub fn einsum(spec: &str, operands: &[&Tensor]) -> Tensor {
    let shapes: Vec<&[usize]> = operands.iter().map(|x| x.shape()).collect();
    let fail = |message: String| -> ! {
        let types: Vec<String> = operands.iter().map(|x| x.0.ty().to_string()).collect();
        panic!("einsum(\"{spec}\", {}): {message}", types.join(", "))
    };
    let parsed = match specification::parse(spec, &shapes) {
        Ok(parsed) => parsed,
        Err(message) => fail(message),
    };
    if let Some(other) = operands.iter().find(|x| x.dtype() != operands[0].dtype()) {
        let (a, b) = (operands[0].dtype(), other.dtype());
        fail(format!("operands hold {a} and {b}; convert one"));
    }
    contract::contract(&parsed, operands)
}
