//! Shapes, array types, and the index arithmetic of row-major arrays.

use crate::DType;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The sizes of an array's axes, outermost first.
pub type Shape = Vec<usize>;

/// The type of an array: its dtype and its shape, printed `f32[2,3]`.
#[derive(Clone, Debug)]
pub struct Type {
    /// Element type.
    pub dtype: DType,
    /// Sizes of the axes.
    pub shape: Shape,
}

impl Type {
    /// The type of arrays with these elements and this shape.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Type {
        Type { dtype, shape: shape.into() }
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        size(&self.shape)
    }

    /// Whether arrays of this type have no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that an array of this type occupies.
    pub fn bytes(&self) -> usize {
        self.len().saturating_mul(self.dtype.size())
    }

    /// The same dtype with another shape.
    pub fn with_shape(&self, shape: impl Into<Shape>) -> Type {
        Type::new(self.dtype, shape)
    }

    /// The same shape with another dtype.
    pub fn with_dtype(&self, dtype: DType) -> Type {
        Type::new(dtype, self.shape.clone())
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Type) -> bool {
        self.dtype == other.dtype && same(&self.shape, &other.shape)
    }
}
impl Eq for Type {}
impl Hash for Type {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.dtype.hash(state);
        self.shape.hash(state);
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.dtype)?;
        for (i, n) in self.shape.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{n}")?;
        }
        f.write_str("]")
    }
}

/// Whether two shapes are the same, which is asked for at every operation.
///
/// `==` would call `memcmp`, also for the shapes of scalars. glibc's reads nothing then, but by a
/// vector load with an empty mask at the place where an empty `Vec` has no memory, and such a load
/// takes the processor hundreds of cycles.
#[inline]
pub fn same(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(m, n)| m == n)
}

/// Number of elements of a shape: the product of its sizes (1 for a scalar). A product beyond
/// `usize`, which no array has but a hostile file may claim, gives `usize::MAX`.
pub fn size(shape: &[usize]) -> usize {
    // A zero further on must win over what has saturated before it.
    if shape.contains(&0) { 0 } else { shape.iter().fold(1, |n, &d| n.saturating_mul(d)) }
}

/// Row-major strides, in elements: `strides[d] = ∏_{e>d} shape[e]`.
///
/// ```
/// assert_eq!(array::shape::strides(&[2, 3, 4]), [12, 4, 1]);
/// ```
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut out = vec![1; shape.len()];
    for d in (0..shape.len().saturating_sub(1)).rev() {
        out[d] = out[d + 1] * shape[d + 1];
    }
    out
}

/// Advances `index` to the next position of `shape` in row-major order, the last axis fastest.
/// Returns false, with `index` back at the origin, when there is none.
#[inline]
pub fn advance(index: &mut [usize], shape: &[usize]) -> bool {
    for d in (0..shape.len()).rev() {
        index[d] += 1;
        if index[d] < shape[d] {
            return true;
        }
        index[d] = 0;
    }
    false
}

/// Calls `f` with every index of `shape` in row-major order.
pub fn for_each_index(shape: &[usize], mut f: impl FnMut(&[usize])) {
    if size(shape) == 0 {
        return;
    }
    let mut index = vec![0; shape.len()];
    loop {
        f(&index);
        if !advance(&mut index, shape) {
            return;
        }
    }
}

/// The position of `index` in a row-major array of this shape.
#[inline]
pub fn offset(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |o, (i, n)| o * n + i)
}

/// The axes of `0..rank` that are not in `dropped`, ascending.
///
/// ```
/// assert_eq!(array::shape::kept(4, &[1, 3]), [0, 2]);
/// ```
pub fn kept(rank: usize, dropped: &[usize]) -> Vec<usize> {
    (0..rank).filter(|d| !dropped.contains(d)).collect()
}

/// The inverse of a permutation: `inverse(p)[p[i]] = i`.
pub fn inverse(permutation: &[usize]) -> Vec<usize> {
    let mut out = vec![0; permutation.len()];
    for (i, &p) in permutation.iter().enumerate() {
        out[p] = i;
    }
    out
}

/// The common shape of NumPy broadcasting: shapes are aligned at the last axis, and sizes must
/// agree or be 1. `None` where they do not fit.
///
/// ```
/// use array::shape::broadcast;
/// assert_eq!(broadcast(&[2, 1], &[3]), Some(vec![2, 3]));
/// assert_eq!(broadcast(&[2], &[3]), None);
/// ```
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Shape> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], d: usize| if d + s.len() < rank { 1 } else { s[d + s.len() - rank] };
    (0..rank)
        .map(|d| match (at(a, d), at(b, d)) {
            (m, n) if m == n => Some(m),
            (1, n) => Some(n),
            (m, 1) => Some(m),
            _ => None,
        })
        .collect()
}
