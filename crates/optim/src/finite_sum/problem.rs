//! The function.

use tensor::{DType, Key, Tensor, Tree, grad, jit, value_and_grad, vmap};

/// `f(x) = (1/n) Σ fᵢ(x)`, given as a function of `x` and of the example's index `i` (an i64
/// scalar, so that examples are looked up with [`Tensor::take`]). A term that does not depend on
/// the example, such as a penalty, belongs to each `fᵢ`.
///
/// Everything is compiled at its first call, so the function must not read values.
///
/// ```
/// use optim::FiniteSum;
/// use tensor::Tensor;
/// let points = Tensor::from([1.0, 2.0, 6.0]);
/// let sum = FiniteSum::new(3, |x: &Tensor, i: &Tensor| (x - points.take(i, 0)).square() * 0.5);
/// assert_eq!(sum.value(&Tensor::from(3.0)), (4.0 + 1.0 + 9.0) / 6.0);
/// assert_eq!(sum.gradient_of(&Tensor::from(3.0), 2).item(), -3.0);
/// assert!(sum.value_and_grad(&Tensor::from(3.0)).1.item().abs() < 1e-15);
/// ```
pub struct FiniteSum<F> {
    count: usize,
    example: F,
}

impl<F> FiniteSum<F> {
    /// The mean of this many functions.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn new<M: Tree>(count: usize, example: F) -> FiniteSum<F>
    where
        F: Fn(&M, &Tensor) -> Tensor,
    {
        assert!(count > 0, "FiniteSum: the mean of no functions");
        FiniteSum { count, example }
    }

    /// The number `n` of examples.
    pub fn count(&self) -> usize {
        self.count
    }

    /// `f(x)` as a tensor: for use in other methods.
    pub fn mean<M: Tree>(&self, x: &M) -> Tensor
    where
        F: Fn(&M, &Tensor) -> Tensor,
    {
        let indices = Tensor::arange(self.count, DType::I64);
        vmap(|i: &Tensor| (self.example)(x, i))(&indices).mean()
    }

    /// `f(x)`.
    pub fn value<M: Tree>(&self, x: &M) -> f64
    where
        F: Fn(&M, &Tensor) -> Tensor,
    {
        self.mean(x).item()
    }

    /// `f(x)` and its gradient.
    pub fn value_and_grad<M: Tree>(&self, x: &M) -> (f64, M)
    where
        F: Fn(&M, &Tensor) -> Tensor,
    {
        let (value, gradient) = value_and_grad(|x: &M| self.mean(x))(x);
        (value.item(), gradient)
    }

    /// The gradient of one `fᵢ`.
    ///
    /// # Panics
    /// When there is no such example.
    #[track_caller]
    pub fn gradient_of<M: Tree>(&self, x: &M, i: usize) -> M
    where
        F: Fn(&M, &Tensor) -> Tensor,
    {
        assert!(i < self.count, "FiniteSum: example {i} of {}", self.count);
        self.gradient_at(x, &Tensor::from(i as i64))
    }

    /// The gradient of the `fᵢ` with this index.
    pub(super) fn gradient_at<M: Tree>(&self, x: &M, i: &Tensor) -> M
    where
        F: Fn(&M, &Tensor) -> Tensor,
    {
        grad(|x: &M| (self.example)(x, i))(x)
    }

    /// A compiled function of the gradient of the mean.
    pub(super) fn full_gradient<'f, M: Tree + 'f>(&'f self) -> impl Fn(&M) -> M + 'f
    where
        F: Fn(&M, &Tensor) -> Tensor,
    {
        jit(move |x: &M| grad(|x: &M| self.mean(x))(x))
    }

    /// Indices of a pass: `n` draws with replacement.
    pub(super) fn draw(&self, key: Key) -> Vec<i64> {
        key.randint(&[self.count], 0, self.count as i64).to_vec()
    }
}
