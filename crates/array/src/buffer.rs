//! Arrays: a shape and a shared buffer of elements.

use crate::memory::{self, LINE, PAGE, Storage};
use crate::shape::{self, Type};
use crate::{DType, Element};
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Large arrays begin at one of `STEPS` places in a page.
const STEPS: usize = 16;
const STEP: usize = PAGE / STEPS;

/// Whether a buffer of so many elements has none beside those of an array, but for spare ones.
fn is_whole<T>(buffer: usize, array: usize) -> bool {
    (buffer - array) * size_of::<T>() <= LINE + PAGE
}

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

/// Evaluates an expression with `$v` bound to the elements of an [`Array`], a slice of their type.
#[macro_export]
macro_rules! with_elements {
    ($array:expr, $v:ident => $body:expr) => {{
        let array: &$crate::Array = $array;
        $crate::with_dtype!(array.dtype(), T => {
            let $v = array.as_slice::<T>();
            $body
        })
    }};
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

/// A dense row-major array: elements that follow one another in a shared buffer, mostly all of it.
///
/// Equality and hashing are by type and *bits*: NaN equals NaN of the same bits, and 0 differs
/// from −0. That is what a compiler needs; compare values numerically where that is meant.
#[derive(Clone)]
pub struct Array {
    shape: SmallVec<[usize; 4]>,
    data: Buffer,
    /// The first element in the buffer, and how many there are.
    start: usize,
    len: usize,
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
        let len = data.len();
        Array { shape: SmallVec::from_slice(shape), data: T::wrap(data), start: 0, len }
    }

    /// A scalar (an array of rank 0).
    pub fn scalar<T: Element>(value: T) -> Array {
        Array::from_vec(vec![value], &[])
    }

    /// An array whose every element is `value`, converted to `dtype`.
    pub fn full(dtype: DType, shape: &[usize], value: f64) -> Array {
        let mut array = Array::fresh(&Type::new(dtype, shape));
        with_dtype!(dtype, T => {
            let all = array.unique::<T>().expect("invariant: nobody else holds a new array");
            all.fill(T::from_f64(value));
        });
        array
    }

    /// An array with arbitrary elements, to be overwritten. Larger ones begin at a cache line, so
    /// that vectors of them do not lie in two, and large ones at different places of a page:
    /// allocators begin them all at the same, and a loop over several would need more of a few
    /// sets of the first-level cache than they have.
    pub fn fresh(ty: &Type) -> Array {
        let (n, size) = (ty.len(), ty.dtype.size());
        let spare = memory::spare(n * size);
        with_dtype!(ty.dtype, T => {
            let data = memory::take_with_spare::<T>(n);
            let address = data.as_ptr().addr();
            let line = address.wrapping_neg() % LINE;
            let start = match spare {
                0 => 0,
                LINE => line / size,
                // Pages follow one another; an odd factor spreads them.
                _ => (line + address / PAGE * 11 % STEPS * STEP) / size,
            };
            Array { shape: SmallVec::from_slice(&ty.shape), data: T::wrap(data), start, len: n }
        })
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
        Type::new(self.dtype(), self.shape())
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The same elements beginning at a cache line, if there are many (see [`Array::fresh`]);
    /// copied if they do not yet.
    pub fn aligned(self) -> Array {
        let aligned = self.as_ptr().addr().is_multiple_of(LINE);
        if aligned || memory::spare(self.len * self.dtype().size()) == 0 {
            return self;
        }
        let mut copy = Array::fresh(&self.ty());
        with_dtype!(self.dtype(), T => {
            let to = copy.unique::<T>().expect("invariant: nobody else holds a new array");
            to.copy_from_slice(self.as_slice());
            // Not kept for arrays to come: it has not the room to place one that large.
            drop(self.into_vec::<T>());
        });
        copy
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, row-major.
    ///
    /// # Panics
    /// When the dtype is not `T`'s.
    #[track_caller]
    pub fn as_slice<T: Element>(&self) -> &[T] {
        match T::vec(&self.data) {
            Some(all) => {
                assert!(self.start + self.len <= all.len());
                // SAFETY: the elements are inside the vector. A reference to others would claim
                // that nobody writes them, as the owner of a buffer does who has handed out parts
                // of it that are finished (the engine's loops).
                unsafe { std::slice::from_raw_parts(all.as_ptr().add(self.start), self.len) }
            }
            None => panic!("as_slice::<{}> of an array of type {}", T::DTYPE, self.ty()),
        }
    }

    /// The elements converted to `T`, row-major.
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        if self.dtype() == T::DTYPE {
            return self.as_slice::<T>().to_vec();
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
        with_elements!(self, v => v[0].to_f64())
    }

    /// The elements in memory that nobody else holds, for writing in place; `None` when the
    /// buffer is shared, larger than the array, or of another dtype.
    pub fn unique<T: Element>(&mut self) -> Option<&mut [T]> {
        let (start, len) = (self.start, self.len);
        let all = T::unique(&mut self.data)?;
        is_whole::<T>(all.len(), len).then(|| &mut all[start..start + len])
    }

    /// The address of the first element, for writing in place, under the conditions of
    /// [`Array::unique`].
    pub fn unique_ptr(&mut self) -> Option<*mut u8> {
        with_dtype!(self.dtype(), T => self.unique::<T>().map(|v| v.as_mut_ptr().cast()))
    }

    /// Takes the vector out for reuse when nobody else holds it, and it has no other elements.
    pub fn into_vec<T: Element>(mut self) -> Option<Vec<T>> {
        let whole = |v: &&mut Vec<T>| v.len() == self.len;
        T::unique(&mut self.data).filter(whole).map(std::mem::take)
    }

    /// The same elements under another shape of the same size; no copy.
    ///
    /// # Panics
    /// When the sizes differ.
    #[track_caller]
    pub fn reshape(&self, shape: &[usize]) -> Array {
        self.clone().into_shape(shape)
    }

    /// [`Array::reshape`] of an array that is not needed in its old shape: if nobody held its
    /// buffer, nobody does.
    ///
    /// # Panics
    /// When the sizes differ.
    #[track_caller]
    pub fn into_shape(mut self, shape: &[usize]) -> Array {
        assert_eq!(self.len, shape::size(shape), "reshape of {} to {shape:?}", self.ty());
        if !shape::same(&self.shape, shape) {
            self.shape = SmallVec::from_slice(shape);
        }
        self
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
        with_elements!(self, v => with_dtype!(dtype, U => Array::from_vec(cast::<_, U>(v), &self.shape)))
    }

    /// The array at index `i` of the first axis. It shares the buffer, and keeps all of it alive.
    ///
    /// # Panics
    /// When there is no such index.
    #[track_caller]
    pub fn index_first(&self, i: usize) -> Array {
        assert!(i < self.shape[0], "index {i} of the first axis of an array of type {}", self.ty());
        let shape = SmallVec::from_slice(&self.shape[1..]);
        let len = shape::size(&shape);
        Array { shape, data: self.data.clone(), start: self.start + i * len, len }
    }

    /// The same elements in a buffer that has no others; no copy if they are in one.
    pub fn compact(self) -> Array {
        with_dtype!(self.dtype(), T => match T::vec(&self.data) {
            Some(all) if is_whole::<T>(all.len(), self.len) => self,
            _ => Array::from_vec(self.as_slice::<T>().to_vec(), &self.shape),
        })
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

    /// The address of the first element.
    pub fn as_ptr(&self) -> *const u8 {
        with_elements!(self, v => v.as_ptr().cast())
    }

    /// Whether both have the same elements because they are in the same place.
    fn same_place(&self, other: &Array) -> bool {
        self.as_ptr() == other.as_ptr() && self.dtype() == other.dtype() && self.len == other.len
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Array) -> bool {
        fn same<T: Element>(a: &[T], b: &[T]) -> bool {
            a.iter().zip(b).all(|(x, y)| x.to_bits64() == y.to_bits64())
        }
        shape::same(&self.shape, &other.shape)
            && self.dtype() == other.dtype()
            && (self.same_place(other)
                || with_dtype!(self.dtype(), T => same::<T>(self.as_slice(), other.as_slice())))
    }
}
impl Eq for Array {}

impl Hash for Array {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.shape.hash(state);
        self.dtype().hash(state);
        // A sample is enough for a hash, and keeps programs with large constants cheap.
        with_elements!(self, v => for x in v.iter().take(64) { x.to_bits64().hash(state) });
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
                return with_elements!(a, v => write!(f, "{:?}", v[start]));
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

    /// Lengths below, at and above those from which buffers begin at a cache line and have spare
    /// elements, with elements of every size.
    #[test]
    fn fresh_arrays_are_written_and_read_at_their_ends() {
        for dtype in [DType::Bool, DType::F32, DType::F64] {
            for bytes in [16, memory::SMALL - 8, memory::SMALL, memory::LARGE, memory::LARGE + 8] {
                let n = bytes / dtype.size();
                let mut a = Array::fresh(&Type::new(dtype, [n]));
                with_dtype!(dtype, T => {
                    let v = a.unique::<T>().expect("nobody else holds it");
                    assert_eq!(v.len(), n);
                    (v[0], v[n - 1]) = (T::ZERO, T::ONE);
                    let ends = |a: &Array| {
                        let v = a.as_slice::<T>();
                        (v.len(), v[0], v[v.len() - 1])
                    };
                    let want = (n, T::ZERO, T::ONE);
                    assert_eq!(ends(&a), want);
                    assert_eq!(ends(&a.clone().compact()), want);
                    assert_eq!(ends(&a.aligned()), want);
                });
            }
        }
        assert_eq!(Array::fresh(&Type::new(DType::F64, [0])).as_slice::<f64>(), []);
    }

    /// What the engine's loops do: results are written through the address of the whole while
    /// earlier ones are read.
    #[test]
    fn parts_are_read_while_others_are_written() {
        let mut whole = Array::fresh(&Type::new(DType::F64, [5, 30]));
        let start = whole.unique_ptr().expect("nobody else holds it").cast::<f64>();
        let mut sums = vec![];
        for i in 0..5 {
            let part = whole.index_first(i);
            // SAFETY: part `i` lies inside the whole, and nobody has read it yet.
            unsafe { std::slice::from_raw_parts_mut(start.add(i * 30), 30) }.fill(i as f64);
            sums.push(part);
        }
        for (i, part) in sums.iter().enumerate() {
            assert_eq!(part.to_vec::<f64>(), [i as f64; 30]);
            assert_eq!(part.clone().compact(), *part);
        }
        assert!(whole.unique::<f64>().is_none(), "parts hold it");
        assert_eq!(Array::stack(&sums, &Type::new(DType::F64, [30])), whole);
        drop(sums);
        assert_eq!(whole.unique::<f64>().map(|v| v.len()), Some(150));
    }

    #[test]
    fn display_nests() {
        let a = Array::from_vec(vec![1, 2, 3, 4, 5, 6_i64], &[2, 3]);
        assert_eq!(a.to_string(), "[[1, 2, 3], [4, 5, 6]]");
        assert_eq!(Array::full(DType::F64, &[0, 2], 0.0).to_string(), "[]");
    }
}
