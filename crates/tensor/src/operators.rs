//! `+ − · / %` and negation, between tensors and with Rust numbers on either side.

use crate::Tensor;
use crate::broadcasting::{binary, weak};
use crate::execute::bind1;
use ir::prim::{Binary, Unary};

macro_rules! operator {
    ($($Trait:ident $method:ident),*) => { $(
        impl std::ops::$Trait<&Tensor> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: &Tensor) -> Tensor {
                binary(Binary::$Trait, self, other)
            }
        }
        impl std::ops::$Trait<Tensor> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: Tensor) -> Tensor {
                binary(Binary::$Trait, &self, &other)
            }
        }
        impl std::ops::$Trait<&Tensor> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: &Tensor) -> Tensor {
                binary(Binary::$Trait, &self, other)
            }
        }
        impl std::ops::$Trait<Tensor> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: Tensor) -> Tensor {
                binary(Binary::$Trait, self, &other)
            }
        }
        operator!(@number $Trait $method f64 i32);
    )* };
    (@number $Trait:ident $method:ident $($N:ty)*) => { $(
        impl std::ops::$Trait<$N> for &Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: $N) -> Tensor {
                bind1(Binary::$Trait, &[self, &weak(f64::from(other), self)])
            }
        }
        impl std::ops::$Trait<$N> for Tensor {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: $N) -> Tensor {
                bind1(Binary::$Trait, &[&self, &weak(f64::from(other), &self)])
            }
        }
        impl std::ops::$Trait<&Tensor> for $N {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: &Tensor) -> Tensor {
                bind1(Binary::$Trait, &[&weak(f64::from(self), other), other])
            }
        }
        impl std::ops::$Trait<Tensor> for $N {
            type Output = Tensor;
            #[track_caller]
            fn $method(self, other: Tensor) -> Tensor {
                bind1(Binary::$Trait, &[&weak(f64::from(self), &other), &other])
            }
        }
    )* };
}
operator!(Add add, Sub sub, Mul mul, Div div, Rem rem);

impl std::ops::Neg for &Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        bind1(Unary::Neg, &[self])
    }
}

impl std::ops::Neg for Tensor {
    type Output = Tensor;
    #[track_caller]
    fn neg(self) -> Tensor {
        bind1(Unary::Neg, &[&self])
    }
}
