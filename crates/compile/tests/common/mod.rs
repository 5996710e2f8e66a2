//! Comparison of arrays, bit by bit.

use array::Array;

/// Whether two arrays have the same type and the same bits, any NaN being like any other.
pub(crate) fn same_bits(a: &Array, b: &Array) -> bool {
    fn bits(a: &Array) -> Vec<u64> {
        fn of<T: array::Element>(a: &Array) -> Vec<u64> {
            let one = |x: &T| if x.to_f64().is_nan() { 1 << 63 | 1 } else { x.to_bits64() };
            a.as_slice::<T>().iter().map(one).collect()
        }
        array::with_dtype!(a.dtype(), T => of::<T>(a))
    }
    a.ty() == b.ty() && bits(a) == bits(b)
}
