//! Arrays: a shape and a shared buffer of elements.

use crate::memory::Storage;
use crate::shape::{self, Shape, Type};
use crate::{DType, Element};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The elements of an array, by dtype. Shared, so that cloning is free.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Buffer {
    F32(Arc<Storage<f32>>),
    F64(Arc<Storage<f64>>),
    I32(Arc<Storage<i32>>),
    I64(Arc<Storage<i64>>),
    U32(Arc<Storage<u32>>),
    Bool(Arc<Storage<bool>>),
}

/// Evaluates an expression with `$v` bound to the typed `Vec` inside a [`Buffer`].
#[macro_export]
macro_rules! with_elements {
    ($buffer:expr, $v:ident => $body:expr) => {
        match $buffer {
            $crate::Buffer::F32($v) => $body,
            $crate::Buffer::F64($v) => $body,
            $crate::Buffer::I32($v) => $body,
            $crate::Buffer::I64($v) => $body,
            $crate::Buffer::U32($v) => $body,
            $crate::Buffer::Bool($v) => $body,
        }
    };
}

/// Evaluates an expression with `$T` bound to the Rust type of a [`DType`].
#[macro_export]
macro_rules! with_dtype {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
            $crate::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::DType::I64 => {
                type $T = i64;
                $body
            }
            $crate::DType::U32 => {
                type $T = u32;
                $body
            }
            $crate::DType::Bool => {
                type $T = bool;
                $body
            }
        }
    };
}

/// A dense row-major array.
///
/// Equality and hashing are by type and *bits*: NaN equals NaN of the same bits, and 0 differs
/// from −0. That is what a compiler needs; compare values numerically where that is meant.
#[derive(Clone)]
pub struct Array {
    shape: Shape,
    data: Buffer,
}

impl Array {
    /// An array of these elements.
    ///
    /// # Panics
    /// When the number of elements is not the product of the sizes.
    #[track_caller]
    pub fn from_vec<T: Element>(data: Vec<T>, shape: &[usize]) -> Array {
        assert_eq!(
            data.len(),
            shape::size(shape),
            "an array of shape {shape:?} has {} elements, got {}",
            shape::size(shape),
            data.len()
        );
        Array { shape: shape.to_vec(), data: T::wrap(data) }
    }

    /// A scalar (an array of rank 0).
    pub fn scalar<T: Element>(value: T) -> Array {
        Array::from_vec(vec![value], &[])
    }

    /// An array whose every element is `value`, converted to `dtype`.
    pub fn full(dtype: DType, shape: &[usize], value: f64) -> Array {
        let n = shape::size(shape);
        with_dtype!(dtype, T => Array::from_vec(vec![T::from_f64(value); n], shape))
    }

    /// An array of zeros.
    pub fn zeros(ty: &Type) -> Array {
        Array::full(ty.dtype, &ty.shape, 0.0)
    }

    /// The array whose element at `index` is `f(index)`.
    pub fn from_fn<T: Element>(shape: &[usize], mut f: impl FnMut(&[usize]) -> T) -> Array {
        let mut data = Vec::with_capacity(shape::size(shape));
        shape::for_each_index(shape, |index| data.push(f(index)));
        Array::from_vec(data, shape)
    }

    /// An array of the given dtype from values in f64, each converted.
    #[track_caller]
    pub fn from_f64(dtype: DType, values: &[f64], shape: &[usize]) -> Array {
        with_dtype!(dtype, T => Array::from_vec(values.iter().map(|&v| T::from_f64(v)).collect(), shape))
    }

    /// Sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        match &self.data {
            Buffer::F32(_) => DType::F32,
            Buffer::F64(_) => DType::F64,
            Buffer::I32(_) => DType::I32,
            Buffer::I64(_) => DType::I64,
            Buffer::U32(_) => DType::U32,
            Buffer::Bool(_) => DType::Bool,
        }
    }

    /// Dtype and shape.
    pub fn ty(&self) -> Type {
        Type::new(self.dtype(), self.shape.clone())
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        with_elements!(&self.data, v => v.len())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shared buffer.
    pub fn buffer(&self) -> &Buffer {
        &self.data
    }

    /// The elements, row-major.
    ///
    /// # Panics
    /// When the dtype is not `T`'s.
    #[track_caller]
    pub fn as_slice<T: Element>(&self) -> &[T] {
        match T::slice(&self.data) {
            Some(s) => s,
            None => panic!("as_slice::<{}> of an array of type {}", T::DTYPE, self.ty()),
        }
    }

    /// The elements converted to `T`, row-major.
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        if let Some(s) = T::slice(&self.data) {
            return s.to_vec();
        }
        // Nobody else holds what was just converted, and its memory goes to the caller.
        self.convert(T::DTYPE).into_vec().expect("invariant: a conversion is not shared")
    }

    /// The elements converted to f64.
    pub fn to_f64(&self) -> Vec<f64> {
        self.to_vec::<f64>()
    }

    /// The only element of an array with one element.
    ///
    /// # Panics
    /// When there is not exactly one element.
    #[track_caller]
    pub fn item(&self) -> f64 {
        assert_eq!(self.len(), 1, "item() of an array of type {}", self.ty());
        with_elements!(&self.data, v => v[0].to_f64())
    }

    /// The elements in memory that nobody else holds, for writing in place; `None` when the
    /// buffer is shared or of another dtype.
    pub fn unique<T: Element>(&mut self) -> Option<&mut [T]> {
        T::unique(&mut self.data).map(Vec::as_mut_slice)
    }

    /// Takes the buffer out for reuse when nobody else holds it.
    pub fn into_vec<T: Element>(mut self) -> Option<Vec<T>> {
        T::unique(&mut self.data).map(std::mem::take)
    }

    /// The same elements under another shape of the same size; no copy.
    ///
    /// # Panics
    /// When the sizes differ.
    #[track_caller]
    pub fn reshape(&self, shape: &[usize]) -> Array {
        assert_eq!(self.len(), shape::size(shape), "reshape of {} to {shape:?}", self.ty());
        Array { shape: shape.to_vec(), data: self.data.clone() }
    }

    /// Elements converted to `dtype` (see [`Element`] for the rules); no copy if it is the same.
    pub fn convert(&self, dtype: DType) -> Array {
        if dtype == self.dtype() {
            return self.clone();
        }
        fn cast<A: Element, B: Element>(v: &[A]) -> Vec<B> {
            if A::DTYPE.is_float() || B::DTYPE.is_float() {
                v.iter().map(|&x| B::from_f64(x.to_f64())).collect()
            } else {
                v.iter().map(|&x| B::from_i64(x.to_i64())).collect()
            }
        }
        with_elements!(&self.data, v => with_dtype!(dtype, T => Array::from_vec(cast::<_, T>(v), &self.shape)))
    }

    /// The array at index `i` of the first axis.
    ///
    /// # Panics
    /// When there is no such index.
    #[track_caller]
    pub fn index_first(&self, i: usize) -> Array {
        let shape = &self.shape[1..];
        let n = shape::size(shape);
        with_elements!(&self.data, v => Array::from_vec(v[i * n..(i + 1) * n].to_vec(), shape))
    }

    /// Arrays of type `ty` along a new first axis.
    ///
    /// # Panics
    /// When one has another type.
    #[track_caller]
    pub fn stack(parts: &[Array], ty: &Type) -> Array {
        let shape = [&[parts.len()], &ty.shape[..]].concat();
        with_dtype!(ty.dtype, T => {
            let mut data = Vec::with_capacity(shape::size(&shape));
            for part in parts {
                assert_eq!(part.shape(), ty.shape, "stack of arrays of type {ty}");
                data.extend_from_slice(part.as_slice::<T>());
            }
            Array::from_vec(data, &shape)
        })
    }

    /// Whether both share one buffer.
    pub fn same_buffer(&self, other: &Array) -> bool {
        self.address() == other.address() && self.dtype() == other.dtype() && !self.is_empty()
    }

    /// The address of the shared buffer, an identity for as long as the array lives.
    pub fn address(&self) -> usize {
        with_elements!(&self.data, v => Arc::as_ptr(v).cast::<()>() as usize)
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Array) -> bool {
        fn same<T: Element>(a: &[T], b: &[T]) -> bool {
            a.iter().zip(b).all(|(x, y)| x.to_bits64() == y.to_bits64())
        }
        self.shape == other.shape
            && self.dtype() == other.dtype()
            && (self.same_buffer(other)
                || with_dtype!(self.dtype(), T => same::<T>(self.as_slice(), other.as_slice())))
    }
}
impl Eq for Array {}

impl Hash for Array {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.shape.hash(state);
        self.dtype().hash(state);
        // A sample is enough for a hash, and keeps programs with large constants cheap.
        with_elements!(&self.data, v => for x in v.iter().take(64) { x.to_bits64().hash(state) });
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.ty())?;
        fmt::Display::fmt(self, f)
    }
}

/// Nested brackets, as NumPy prints; long axes are shortened unless the alternate form `{:#}`
/// is asked for.
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EDGE: usize = 3;
        fn axis(
            a: &Array,
            f: &mut fmt::Formatter<'_>,
            depth: usize,
            start: usize,
            strides: &[usize],
        ) -> fmt::Result {
            if depth == a.shape.len() {
                return with_elements!(&a.data, v => write!(f, "{:?}", v[start]));
            }
            let n = a.shape[depth];
            let shorten = !f.alternate() && n > 2 * EDGE + 1 && a.len() > 64;
            f.write_str("[")?;
            for i in 0..n {
                if shorten && i >= EDGE && i < n - EDGE {
                    if i == EDGE {
                        f.write_str(", …")?;
                    }
                    continue;
                }
                if i > 0 {
                    f.write_str(", ")?;
                }
                axis(a, f, depth + 1, start + i * strides[depth], strides)?;
            }
            f.write_str("]")
        }
        axis(self, f, 0, 0, &shape::strides(&self.shape))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_by_bits() {
        let nan = Array::scalar(f64::NAN);
        assert_eq!(nan, nan.clone());
        assert_ne!(Array::scalar(0.0), Array::scalar(-0.0));
        assert_ne!(Array::scalar(1.0_f32), Array::scalar(1.0_f64));
    }

    #[test]
    fn conversion_follows_as() {
        let a = Array::from_vec(vec![-1.5, 2.5, f64::NAN, 1e20], &[4]);
        assert_eq!(a.convert(DType::I32).to_vec::<i32>(), [-1, 2, 0, i32::MAX]);
        assert_eq!(a.convert(DType::Bool).to_vec::<bool>(), [true; 4]);
        let big = Array::scalar(i64::MAX);
        assert_eq!(big.convert(DType::U32).as_slice::<u32>(), [u32::MAX]);
    }

    #[test]
    fn unique_only_when_unshared() {
        let mut a = Array::full(DType::F32, &[3], 1.0);
        let b = a.clone();
        assert!(a.unique::<f32>().is_none());
        drop(b);
        assert!(a.unique::<f32>().is_some());
        assert!(a.unique::<f64>().is_none());
    }

    #[test]
    fn display_nests() {
        let a = Array::from_vec(vec![1, 2, 3, 4, 5, 6_i64], &[2, 3]);
        assert_eq!(a.to_string(), "[[1, 2, 3], [4, 5, 6]]");
        assert_eq!(Array::full(DType::F64, &[0, 2], 0.0).to_string(), "[]");
    }
}
