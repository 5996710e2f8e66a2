//! Checks of one function at one point.

use crate::evaluator::Evaluator;
use array::{Array, DType};
use ir::Program;
use ir::check::{Cell, check};
use tensor::{Tensor, Tree, trace};

/// The program of a function, and the values of its inputs: the leaves of `x`, then captured
/// arrays.
///
/// # Panics
/// When the function panics on `x`.
#[track_caller]
pub(crate) fn program_of<T: Tree, O: Tree>(
    f: impl FnOnce(&T) -> O,
    x: &T,
) -> (Program, Vec<Array>) {
    let traced = trace(f)(x);
    let inputs = x.leaves().into_iter().chain(traced.captured());
    (traced.program().clone(), inputs.map(|leaf| leaf.value()).collect())
}

#[track_caller]
fn check_cells<T: Tree, O: Tree>(f: impl FnOnce(&T) -> O, x: &T, cells: &[Cell]) {
    let (program, inputs) = program_of(f, x);
    let evaluator = Evaluator::default();
    for &cell in cells {
        if let Err(e) = check(cell, &program, &inputs, &|p, x| evaluator.run(p, x)) {
            panic!("{}: {e}", cell.name());
        }
    }
}

/// Checks the derivatives of a function at `x` up to an order, 1 to 3, with respect to every float
/// leaf of `x` and every array that the function captured.
///
/// With `t`, `ct` pseudo-random and `J` the Jacobian:
///
/// - order 1: `⟨ct, J·t⟩` by forward mode against central differences (extrapolated once, step
///   2·10⁻⁴) to 2·10⁻⁷, and `⟨Jᵀ·ct, t⟩` by reverse mode against forward mode to 10⁻⁹;
/// - order 2: the same of the derivative, in the four combinations of the modes, and the Hessian
///   of a weighted sum of the outputs against differences of the gradient and against its own
///   transpose;
/// - order 3: the third derivative of that sum along a line against differences of the second.
///
/// Two numbers `a`, `b` agree to `ε` when `|a − b| ≤ ε (1 + max(|a|, |b|))`.
///
/// # Panics
/// When two numbers disagree or a rule is missing, naming the composition; when `order` is not 1,
/// 2 or 3; when a leaf is an f32 array, whose differences decide nothing.
///
/// ```
/// use tensor::Tensor;
/// testing::check_grads(|x: &Tensor| (x.sin() * x).sum(), &Tensor::from([0.3, -1.2]), 3);
/// ```
///
/// ```should_panic
/// use tensor::{Tensor, custom_jvp};
/// let wrong = custom_jvp(|x: &Tensor| x.sin(), |x: &Tensor, dx: &Tensor| (x.sin(), x.sin() * dx));
/// testing::check_grads(wrong, &Tensor::from([0.3, -1.2]), 1);
/// ```
#[track_caller]
pub fn check_grads<T: Tree, O: Tree>(f: impl FnOnce(&T) -> O, x: &T, order: usize) {
    assert!((1..=3).contains(&order), "check_grads: order {order} is not 1, 2 or 3");
    let narrow = x.leaves().into_iter().find(|leaf: &Tensor| leaf.dtype() == DType::F32);
    assert!(narrow.is_none(), "check_grads: differences need f64, a leaf is {narrow:?}");
    let first = [Cell::Jvp, Cell::Vjp];
    let second = [Cell::JvpJvp, Cell::JvpVjp, Cell::VjpJvp, Cell::VjpVjp, Cell::Hvp];
    let cells = [&first[..], &second, &[Cell::Third]].concat();
    let upto = [first.len(), first.len() + second.len(), cells.len()][order - 1];
    check_cells(f, x, &cells[..upto]);
}

/// Checks that a function batched by `vmap` does to each example what the function does to it
/// alone, for every choice of the leaves of `x` (and captured arrays) that carry the batch axis
/// (every subset of up to four; else each alone and all), and the same for `vmap` of `vmap`, to
/// 10⁻⁹ in the sense of [`check_grads`].
///
/// # Panics
/// When a number disagrees or a batching rule is missing.
///
/// ```
/// use tensor::Tensor;
/// let x = (Tensor::from([[1.0, 2.0], [0.5, -1.0]]), Tensor::from([3.0, 4.0]));
/// testing::check_vmap(|(a, x): &(Tensor, Tensor)| a.matmul(x).tanh(), &x);
/// ```
#[track_caller]
pub fn check_vmap<T: Tree, O: Tree>(f: impl FnOnce(&T) -> O, x: &T) {
    check_cells(f, x, &[Cell::Vmap, Cell::VmapVmap]);
}
