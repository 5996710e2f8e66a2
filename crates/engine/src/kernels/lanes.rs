//! Runs of elements whose type is known at run time only.

use array::{Array, Buffer, Element};
use std::ops::Range;

/// Elements of some type.
#[derive(Clone, Copy)]
pub(crate) enum Lanes<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U32(&'a [u32]),
    Bool(&'a [bool]),
}

/// Elements of some type, to be written.
pub(crate) enum LanesMut<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    I32(&'a mut [i32]),
    I64(&'a mut [i64]),
    U32(&'a mut [u32]),
    Bool(&'a mut [bool]),
}

impl LanesMut<'_> {
    /// The same elements, to be read.
    pub(crate) fn read(&self) -> Lanes<'_> {
        match self {
            LanesMut::F32(x) => Lanes::F32(x),
            LanesMut::F64(x) => Lanes::F64(x),
            LanesMut::I32(x) => Lanes::I32(x),
            LanesMut::I64(x) => Lanes::I64(x),
            LanesMut::U32(x) => Lanes::U32(x),
            LanesMut::Bool(x) => Lanes::Bool(x),
        }
    }

    /// The same elements, for a shorter time.
    pub(crate) fn borrow(&mut self) -> LanesMut<'_> {
        match self {
            LanesMut::F32(x) => LanesMut::F32(x),
            LanesMut::F64(x) => LanesMut::F64(x),
            LanesMut::I32(x) => LanesMut::I32(x),
            LanesMut::I64(x) => LanesMut::I64(x),
            LanesMut::U32(x) => LanesMut::U32(x),
            LanesMut::Bool(x) => LanesMut::Bool(x),
        }
    }
}

/// An element type that [`Lanes`] knows.
pub(crate) trait Lane: Element {
    fn lanes(x: &[Self]) -> Lanes<'_>;
    fn lanes_mut(x: &mut [Self]) -> LanesMut<'_>;
    fn of(x: Lanes<'_>) -> &[Self];
}

macro_rules! lane {
    ($($T:ty, $Variant:ident;)*) => { $(
        impl Lane for $T {
            fn lanes(x: &[$T]) -> Lanes<'_> {
                Lanes::$Variant(x)
            }
            fn lanes_mut(x: &mut [$T]) -> LanesMut<'_> {
                LanesMut::$Variant(x)
            }
            fn of(x: Lanes<'_>) -> &[$T] {
                match x {
                    Lanes::$Variant(x) => x,
                    _ => unreachable!("invariant: operands have the types of the operation"),
                }
            }
        }
    )* };
}
lane! { f32, F32; f64, F64; i32, I32; i64, I64; u32, U32; bool, Bool; }

/// The elements `range` of an array.
pub(crate) fn lanes_of(a: &Array, range: Range<usize>) -> Lanes<'_> {
    match a.buffer() {
        Buffer::F32(v) => Lanes::F32(&v[range]),
        Buffer::F64(v) => Lanes::F64(&v[range]),
        Buffer::I32(v) => Lanes::I32(&v[range]),
        Buffer::I64(v) => Lanes::I64(&v[range]),
        Buffer::U32(v) => Lanes::U32(&v[range]),
        Buffer::Bool(v) => Lanes::Bool(&v[range]),
    }
}
