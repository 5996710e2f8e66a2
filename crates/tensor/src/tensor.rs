//! The tensor: a handle to an expression, with manners.

use crate::execute;
use array::{Array, DType, Element};
use ir::Expr;
use std::fmt;

/// An n-dimensional array, or the promise of one inside a transformation.
///
/// A handle: cloning copies a pointer, operations borrow. Operators broadcast as NumPy's do, Rust
/// numbers take the tensor's dtype, negative axes count from the end; two tensors of different
/// dtypes are an error (convert one).
///
/// # Panics
/// Operations panic at the caller's line when shapes, dtypes or axes do not fit: that is a bug in
/// the calling program, and the message says which operands were made where.
#[derive(Clone)]
pub struct Tensor(pub(crate) Expr);

impl Tensor {
    /// The tensor that is this array.
    #[track_caller]
    pub fn new(array: Array) -> Tensor {
        Tensor(Expr::constant(array))
    }

    /// Elements in row-major order under a shape.
    ///
    /// # Panics
    /// When the number of elements is not the product of the sizes.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from_vec(vec![1.0_f32, 2.0, 3.0, 4.0], &[2, 2]);
    /// assert_eq!(x.shape(), [2, 2]);
    /// ```
    #[track_caller]
    pub fn from_vec<T: Element>(data: Vec<T>, shape: &[usize]) -> Tensor {
        Tensor::new(Array::from_vec(data, shape).aligned())
    }

    /// A scalar of this dtype.
    #[track_caller]
    pub fn scalar(value: f64, dtype: DType) -> Tensor {
        Tensor::new(Array::full(dtype, &[], value))
    }

    /// Every element equal to `value`.
    #[track_caller]
    pub fn full(shape: &[usize], value: f64, dtype: DType) -> Tensor {
        Tensor::new(Array::full(dtype, shape, value))
    }

    /// All zeros.
    #[track_caller]
    pub fn zeros(shape: &[usize], dtype: DType) -> Tensor {
        Tensor::full(shape, 0.0, dtype)
    }

    /// All ones.
    #[track_caller]
    pub fn ones(shape: &[usize], dtype: DType) -> Tensor {
        Tensor::full(shape, 1.0, dtype)
    }

    /// 0, 1, …, n − 1.
    #[track_caller]
    pub fn arange(n: usize, dtype: DType) -> Tensor {
        execute::evaluated(Expr::iota(dtype, &[n], 0))
    }

    /// The identity matrix.
    #[track_caller]
    pub fn eye(n: usize, dtype: DType) -> Tensor {
        let one = |i: &[usize]| f64::from(u8::from(i[0] == i[1]));
        Tensor::new(Array::from_fn::<f64>(&[n, n], one).convert(dtype))
    }

    /// `n` numbers from `start` to `end`, both included, equally spaced.
    #[track_caller]
    pub fn linspace(start: f64, end: f64, n: usize, dtype: DType) -> Tensor {
        let step = if n > 1 { (end - start) / (n - 1) as f64 } else { 0.0 };
        Tensor::new(Array::from_fn::<f64>(&[n], |i| start + step * i[0] as f64).convert(dtype))
    }

    /// Zeros of this tensor's type.
    #[track_caller]
    pub fn zeros_like(&self) -> Tensor {
        Tensor::zeros(self.shape(), self.dtype())
    }

    /// Ones of this tensor's type.
    #[track_caller]
    pub fn ones_like(&self) -> Tensor {
        Tensor::ones(self.shape(), self.dtype())
    }

    /// Every element equal to `value`, of this tensor's type.
    ///
    /// # Panics
    /// When this tensor holds integers and the number is not one.
    #[track_caller]
    pub fn full_like(&self, value: f64) -> Tensor {
        crate::broadcasting::weak(value, self)
    }

    /// Sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    /// Sizes of the axes, where their number is known: `let [batch, time, dim] = x.dims();`.
    ///
    /// # Panics
    /// When there are not `N` axes.
    #[track_caller]
    pub fn dims<const N: usize>(&self) -> [usize; N] {
        match self.shape().try_into() {
            Ok(dims) => dims,
            Err(_) => panic!("dims: expected {N} axes, the tensor is {}", self.0.ty()),
        }
    }

    /// Number of axes.
    pub fn ndim(&self) -> usize {
        self.0.rank()
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        self.0.ty().len()
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.0.dtype()
    }

    /// The value.
    ///
    /// # Panics
    /// Inside `vmap` and `jit`, where there is none yet.
    #[track_caller]
    pub fn value(&self) -> Array {
        execute::read(&self.0)
    }

    /// The only element, as f64.
    ///
    /// # Panics
    /// When there is not exactly one element, and inside `vmap` and `jit`.
    #[track_caller]
    pub fn item(&self) -> f64 {
        assert_eq!(self.size(), 1, "item: the tensor is {}", self.0.ty());
        self.value().item()
    }

    /// The elements in row-major order, converted to `T`.
    ///
    /// # Panics
    /// Inside `vmap` and `jit`, where there are none yet.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        self.value().to_vec()
    }

    /// Whether this is a plain array, not something that a transformation traces.
    pub fn is_concrete(&self) -> bool {
        self.0.as_constant().is_some()
    }
}

macro_rules! from_number {
    ($($T:ty),*) => { $(
        impl From<$T> for Tensor {
            #[track_caller]
            fn from(value: $T) -> Tensor {
                Tensor::new(Array::scalar(value))
            }
        }
    )* };
}
from_number!(f32, f64, i32, i64, u32, bool);

macro_rules! from_row {
    ($($T:ty),*) => { $(
        impl<const N: usize> From<[$T; N]> for Tensor {
            #[track_caller]
            fn from(values: [$T; N]) -> Tensor {
                Tensor::from_vec(values.to_vec(), &[N])
            }
        }
    )* };
}
from_row!(f32, f64, i32, i64, u32, bool);

macro_rules! from_matrix {
    ($($T:ty),*) => { $(
        impl<const M: usize, const N: usize> From<[[$T; N]; M]> for Tensor {
            #[track_caller]
            fn from(rows: [[$T; N]; M]) -> Tensor {
                Tensor::from_vec(rows.concat(), &[M, N])
            }
        }
    )* };
}
from_matrix!(f32, f64, i32, i64, u32, bool);

impl<T: Element> From<Vec<T>> for Tensor {
    #[track_caller]
    fn from(values: Vec<T>) -> Tensor {
        let n = values.len();
        Tensor::from_vec(values, &[n])
    }
}

impl From<Array> for Tensor {
    #[track_caller]
    fn from(array: Array) -> Tensor {
        Tensor::new(array)
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The type and, for plain arrays, the values.
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_constant() {
            Some(array) => write!(f, "{} {array}", array.ty()),
            None => write!(f, "{} (traced)", self.0.ty()),
        }
    }
}
