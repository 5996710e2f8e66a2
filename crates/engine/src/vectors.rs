//! Vectors whose element type is known at run time only.

use crate::memory::scratch;
use array::{Array, DType, Element};

macro_rules! vectors {
    ($($Variant:ident $T:ty),*) => {
        /// A vector of elements of some type.
        pub(crate) enum Vector {
            $($Variant(Vec<$T>),)*
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
        }
    };
}
vectors!(F32 f32, F64 f64, I32 i32, I64 i64, U32 u32, Bool bool);

impl Vector {
    /// Copies an array's elements to position `start` on.
    pub(crate) fn put(&mut self, start: usize, y: &Array) {
        fn copy<T: Element>(all: &mut [T], start: usize, y: &Array) {
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
