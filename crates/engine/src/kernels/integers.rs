//! Scalar functions on integers and truth values, as [`ir::prim::Unary`] and
//! [`ir::prim::Binary`] define them: they wrap, and dividing by zero gives 0.

use super::functions::each;
use ir::prim::{Binary, Unary};

/// Element-by-element functions of one exact type.
pub(super) trait Exact: Copy {
    fn unary(f: Unary, x: &[Self], out: &mut [Self]);
    fn binary(f: Binary, x: &[Self], y: &[Self], out: &mut [Self]);
}

fn each2<T: Copy>(x: &[T], y: &[T], out: &mut [T], f: impl Fn(T, T) -> T) {
    for ((o, &x), &y) in out.iter_mut().zip(x).zip(y) {
        *o = f(x, y);
    }
}

macro_rules! exact {
    ($($T:ty, $abs:expr, $sign:expr, $negative_power:expr;)*) => { $(
        impl Exact for $T {
            fn unary(f: Unary, x: &[$T], out: &mut [$T]) {
                match f {
                    Unary::Neg => each(x, out, <$T>::wrapping_neg),
                    Unary::Abs => each(x, out, $abs),
                    Unary::Sign => each(x, out, $sign),
                    Unary::Relu => each(x, out, |x| x.max(0)),
                    Unary::Not => each(x, out, |x| !x),
                    // The type rule admits only the identity among the others.
                    _ => each(x, out, |x| x),
                }
            }
            fn binary(f: Binary, x: &[$T], y: &[$T], out: &mut [$T]) {
                match f {
                    Binary::Add => each2(x, y, out, <$T>::wrapping_add),
                    Binary::Sub => each2(x, y, out, <$T>::wrapping_sub),
                    Binary::Mul => each2(x, y, out, <$T>::wrapping_mul),
                    Binary::Div => {
                        each2(x, y, out, |x, y| if y == 0 { 0 } else { x.wrapping_div(y) })
                    }
                    Binary::Rem => {
                        each2(x, y, out, |x, y| if y == 0 { x } else { x.wrapping_rem(y) })
                    }
                    Binary::Pow => each2(x, y, out, |x, y| power(x, y, $negative_power)),
                    Binary::Max => each2(x, y, out, <$T>::max),
                    Binary::Min => each2(x, y, out, <$T>::min),
                    Binary::And => each2(x, y, out, |x, y| x & y),
                    Binary::Or => each2(x, y, out, |x, y| x | y),
                    Binary::Xor => each2(x, y, out, |x, y| x ^ y),
                    // The type rule admits floats only.
                    Binary::Atan2 => out.fill(0),
                }
            }
        }
    )* };
}

exact! {
    i32, i32::wrapping_abs, i32::signum, |x: i32, y: i32| match x { 1 => 1, -1 => 1 - 2 * (y & 1), _ => 0 };
    i64, i64::wrapping_abs, i64::signum, |x: i64, y: i64| match x { 1 => 1, -1 => 1 - 2 * (y & 1), _ => 0 };
    u32, |x| x, |x| x.min(1), |_, _| 0;
}

/// What [`power`] needs of an integer type.
trait Power: Copy + PartialOrd {
    const ZERO: Self;
    const ONE: Self;
    fn times(self, other: Self) -> Self;
    fn halved(self) -> (Self, bool);
}

macro_rules! power {
    ($($T:ty),*) => { $(
        impl Power for $T {
            const ZERO: $T = 0;
            const ONE: $T = 1;
            fn times(self, other: $T) -> $T {
                self.wrapping_mul(other)
            }
            fn halved(self) -> ($T, bool) {
                (self >> 1, self & 1 == 1)
            }
        }
    )* };
}
power!(i32, i64, u32);

/// xʸ by squaring, wrapping.
fn power<T: Power>(x: T, y: T, negative: impl Fn(T, T) -> T) -> T {
    if y < T::ZERO {
        return negative(x, y);
    }
    let (mut base, mut exponent, mut power) = (x, y, T::ONE);
    while exponent > T::ZERO {
        let (half, odd) = exponent.halved();
        if odd {
            power = power.times(base);
        }
        base = base.times(base);
        exponent = half;
    }
    power
}

impl Exact for bool {
    fn unary(f: Unary, x: &[bool], out: &mut [bool]) {
        match f {
            Unary::Not => each(x, out, |x| !x),
            // The type rule admits only the identity among the others.
            _ => each(x, out, |x| x),
        }
    }
    fn binary(f: Binary, x: &[bool], y: &[bool], out: &mut [bool]) {
        match f {
            Binary::Max | Binary::Or => each2(x, y, out, |x, y| x | y),
            Binary::Min | Binary::And => each2(x, y, out, |x, y| x & y),
            Binary::Xor => each2(x, y, out, |x, y| x ^ y),
            // The type rule admits numbers only.
            Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Div
            | Binary::Rem
            | Binary::Pow
            | Binary::Atan2 => out.fill(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use array::{Array, DType, Element};
    use ir::prim::Primitive;

    fn agrees<T: Exact + Element>(values: &[i64]) {
        let pairs = || values.iter().flat_map(|&x| values.iter().map(move |&y| (x, y)));
        let x: Vec<T> = pairs().map(|p| T::from_i64(p.0)).collect();
        let y: Vec<T> = pairs().map(|p| T::from_i64(p.1)).collect();
        let as_array = |v: &[T]| Array::from_vec(v.to_vec(), &[v.len()]);
        for &f in Unary::ALL.iter().filter(|f| f.accepts(T::DTYPE)) {
            let mut out = x.clone();
            T::unary(f, &x, &mut out);
            assert_eq!(f.eval(&[&as_array(&x)]).unwrap()[0], as_array(&out), "{f:?}");
        }
        for &f in Binary::ALL.iter().filter(|f| f.accepts(T::DTYPE)) {
            let mut out = x.clone();
            T::binary(f, &x, &y, &mut out);
            let reference = f.eval(&[&as_array(&x), &as_array(&y)]).unwrap();
            assert_eq!(reference[0], as_array(&out), "{f:?} on {}", DType::name(T::DTYPE));
        }
    }

    #[test]
    fn integers_agree_with_the_reference() {
        let small: Vec<i64> = (-5..=5).collect();
        let i32s = [i64::from(i32::MIN), i64::from(i32::MAX), 31, 32, 1 << 20];
        agrees::<i32>(&[&small[..], &i32s].concat());
        agrees::<i64>(&[&small[..], &[i64::MIN, i64::MAX, 63, 1 << 40]].concat());
        agrees::<u32>(&[0, 1, 2, 3, 7, 31, 32, i64::from(u32::MAX), 1 << 31]);
        agrees::<bool>(&[0, 1]);
    }
}
