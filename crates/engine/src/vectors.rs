//! Vectors whose element type is known at run time only.

use crate::kernels::lanes::{Lane, Lanes, LanesMut};
use crate::memory::scratch;
use crate::threads::Parts;
use array::{Array, DType};
use std::ops::Range;

macro_rules! vectors {
    ($($Variant:ident $T:ty),*) => {
        /// A vector of elements of some type.
        pub(crate) enum Vector {
            $($Variant(Vec<$T>),)*
        }

        /// The parts of a [`Vector`], for writing from several threads.
        pub(crate) enum VectorParts {
            $($Variant(Parts<$T>),)*
        }

        impl Vector {
            /// Elements with arbitrary contents, to be overwritten.
            pub(crate) fn scratch(dtype: DType, n: usize) -> Vector {
                match dtype {
                    $(DType::$Variant => Vector::$Variant(scratch(n)),)*
                }
            }

            /// The elements of an array of this shape.
            pub(crate) fn into_array(self, shape: &[usize]) -> Array {
                match self {
                    $(Vector::$Variant(v) => Array::from_vec(v, shape),)*
                }
            }

            /// The first `n` elements.
            pub(crate) fn lanes(&self, n: usize) -> Lanes<'_> {
                match self {
                    $(Vector::$Variant(v) => Lanes::$Variant(&v[..n]),)*
                }
            }

            /// The first `n` elements, to be written.
            pub(crate) fn lanes_mut(&mut self, n: usize) -> LanesMut<'_> {
                match self {
                    $(Vector::$Variant(v) => LanesMut::$Variant(&mut v[..n]),)*
                }
            }

            /// See [`Parts::new`].
            pub(crate) fn parts(&mut self) -> VectorParts {
                match self {
                    $(Vector::$Variant(v) => VectorParts::$Variant(Parts::new(v)),)*
                }
            }
        }

        impl VectorParts {
            /// See [`Parts::part`].
            ///
            /// # Safety
            /// Those of [`Parts::part`].
            pub(crate) unsafe fn part(&self, range: Range<usize>) -> LanesMut<'_> {
                match self {
                    // SAFETY: the caller's promise is the one that is asked for.
                    $(VectorParts::$Variant(p) => LanesMut::$Variant(unsafe { p.part(range) }),)*
                }
            }
        }

        $(impl From<Vec<$T>> for Vector {
            fn from(v: Vec<$T>) -> Vector {
                Vector::$Variant(v)
            }
        })*
    };
}
vectors!(F32 f32, F64 f64, I32 i32, I64 i64, U32 u32, Bool bool);

impl Default for Vector {
    fn default() -> Vector {
        Vector::Bool(vec![])
    }
}

impl Vector {
    /// Copies an array's elements to position `start` on.
    pub(crate) fn put(&mut self, start: usize, y: &Array) {
        fn copy<T: Lane>(all: &mut [T], start: usize, y: &Array) {
            let y = y.as_slice::<T>();
            all[start..start + y.len()].copy_from_slice(y);
        }
        match self {
            Vector::F32(v) => copy(v, start, y),
            Vector::F64(v) => copy(v, start, y),
            Vector::I32(v) => copy(v, start, y),
            Vector::I64(v) => copy(v, start, y),
            Vector::U32(v) => copy(v, start, y),
            Vector::Bool(v) => copy(v, start, y),
        }
    }
}
