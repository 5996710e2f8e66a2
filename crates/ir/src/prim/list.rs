//! The table of contents of the language.

use super::{Example, Primitive};
use crate::expr::Expr;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a variant holds: large parameters behind a pointer, so that small operations, of which most
/// programs consist, take little memory.
macro_rules! payload {
    ($Name:ident) => { $Name };
    ($Name:ident boxed) => { Box<$Name> };
}

macro_rules! primitives {
    ($($(#[doc = $doc:literal])* $module:ident :: $Name:ident $keyword:literal $($boxed:ident)?),* $(,)?) => {
        /// An operation: one of the primitives with its parameters.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub enum Prim {
            $($(#[doc = $doc])* $Name(payload!($Name $($boxed)?)),)*
            /// An operation from outside this crate.
            Custom(Custom),
        }

        impl Prim {
            /// The rules of this operation.
            pub fn rules(&self) -> &dyn Primitive {
                match self {
                    $(Prim::$Name(p) => {
                        let p: &$Name = p;
                        p
                    })*
                    Prim::Custom(p) => &*p.0,
                }
            }

            /// The bodies inside, to be replaced.
            pub fn programs_mut(&mut self) -> Vec<&mut Arc<crate::Program>> {
                match self {
                    $(Prim::$Name(p) => p.programs_mut(),)*
                    Prim::Custom(_) => vec![],
                }
            }

            /// The keyword of the family in printed programs and its parameters as RON; the
            /// scalar families print as the operation's own name.
            pub fn attributes(&self) -> Result<(&'static str, String), String> {
                match self {
                    $(Prim::$Name(p) => ron::to_string(p)
                        .map(|a| ($keyword, a))
                        .map_err(|e| e.to_string()),)*
                    Prim::Custom(p) => Err(format!(
                        "`{}` comes from outside and has no text", p.0.name())),
                }
            }

            /// The inverse of [`Prim::attributes`].
            pub fn from_attributes(keyword: &str, attributes: &str) -> Result<Prim, String> {
                match keyword {
                    $($keyword => ron::from_str::<$Name>(attributes)
                        .map(Prim::from)
                        .map_err(|e| format!("`{keyword}{attributes}`: {e}")),)*
                    _ => Err(format!("no primitive is called `{keyword}`")),
                }
            }
        }

        $(impl From<$Name> for Prim {
            fn from(p: $Name) -> Prim {
                Prim::$Name(p.into())
            }
        })*

        /// Every primitive with inputs to try it on: the battery iterates over this.
        pub fn all_examples() -> Vec<Example> {
            let mut all = vec![];
            $(all.extend(<$Name as Primitive>::examples());)*
            all
        }

        /// The families: keyword and one line of documentation each.
        pub const FAMILIES: &[(&str, &str)] = &[$(($keyword, concat!($($doc),*))),*];

        $(pub use super::$module::$Name;)*
    };
}

primitives! {
    /// A free variable of an open scope.
    leaf::Placeholder "placeholder",
    /// An array.
    leaf::Constant "constant",
    /// A scalar function of one argument, element by element: y = f(x).
    unary::Unary "unary",
    /// xⁿ for an integer n.
    scalar::IntegerPow "integer_pow",
    /// ψ⁽ⁿ⁾(x), the n-th derivative of the digamma function.
    scalar::Polygamma "polygamma",
    /// Whether an element is neither infinite nor NaN.
    scalar::IsFinite "is_finite",
    /// A scalar function of two arguments, element by element: z = f(x, y).
    binary::Binary "binary",
    /// A comparison, element by element, giving truth values.
    scalar::Compare "compare",
    /// Element by element, the second operand where the first is true, else the third.
    scalar::Select "select",
    /// min(max(x, lower), upper), element by element; operands (lower, x, upper).
    scalar::Clamp "clamp",
    /// Another element type.
    scalar::Convert "convert",
    /// Sum, product, maximum, minimum, any or all over axes.
    reduce::Reduce "reduce",
    /// The index of the first maximum or minimum along an axis.
    reduce::ArgReduce "arg_reduce",
    /// Repetition along new axes: `y[i] = x[i at dims]`.
    layout::BroadcastInDim "broadcast_in_dim",
    /// The same elements in row-major order under another shape.
    layout::Reshape "reshape",
    /// A permutation of the axes: axis d of the result is axis `permutation[d]` of the operand.
    layout::Transpose "transpose",
    /// A strided box: `y[i] = x[start + i·stride]`.
    layout::Slice "slice" boxed,
    /// Padding with a value: low and high (negative cuts off), and between elements.
    layout::Pad "pad",
    /// Operands one after the other along an axis.
    layout::Concatenate "concatenate",
    /// Axes read backwards.
    layout::Reverse "reverse",
    /// 0, 1, 2, … along an axis.
    layout::Iota "iota",
    /// Sums of products over contracted axes, for each index of the batch axes.
    dot::DotGeneral "dot_general" boxed,
    /// Convolution (cross-correlation) with strides, padding, dilations and groups.
    conv::ConvGeneral "conv_general_dilated" boxed,
    /// Sum, maximum or minimum over sliding windows.
    window::ReduceWindow "reduce_window" boxed,
    /// The discrete Fourier transform on pairs (real, imaginary) along the last axis.
    fft::Fft "fft",
    /// A loop with carried state over the leading axis of its inputs.
    scan::Scan "scan",
    /// One of several programs, chosen by an index.
    cond::Cond "cond",
    /// A loop while a condition holds; forward mode only.
    while_loop::While "while",
    /// A program called as one operation: checkpoint, custom derivatives.
    call::Call "call" boxed,
    /// The lower triangular factor of the symmetric part: L Lᵀ = (A + Aᵀ)/2.
    cholesky::Cholesky "cholesky",
    /// The solution of a triangular system, op(A) X = B.
    triangular::TriangularSolve "triangular_solve",
    /// Factors with partial pivoting, P A = L U: packed, pivots, permutation.
    lu::Lu "lu",
    /// The solution of op(A) X = B from the factors of A; operands (A, packed, permutation, B).
    lu_solve::LuSolve "lu_solve",
    /// Orthonormal columns and an upper triangle, A = Q R.
    qr::Qr "qr",
    /// Singular values and vectors, A = U diag(s) Vᵀ.
    svd::Svd "svd",
    /// Eigenvalues and eigenvectors of the symmetric part, (A + Aᵀ)/2 = V diag(λ) Vᵀ.
    eigh::Eigh "eigh",
    /// Elements read along an axis at indices, clamped.
    indexing::Gather "gather",
    /// Updates added along an axis at indices; those outside are dropped.
    indexing::ScatterAdd "scatter_add",
    /// A box at a computed place, clamped so that it fits.
    dynamic::DynamicSlice "dynamic_slice",
    /// A box at a computed place replaced, clamped so that it fits.
    dynamic::DynamicUpdateSlice "dynamic_update_slice",
    /// Lines sorted by a key, stable and NaN last, with payloads carried along.
    sort::Sort "sort",
    /// Running sum, product, maximum, minimum or log-sum-exp along an axis.
    cumulative::Cumulative "cumulative",
    /// Random words from a key (Threefry-2x32).
    random::RandomBits "random_bits",
    /// Random pairs of words from keys and counters (Threefry-2x32).
    threefry::Threefry "threefry2x32",
    /// The sum over the examples of the `vmap` of a name.
    axis_sum::AxisSum "axis_sum",
}

/// An operation from outside this crate: the same trait, the same powers, opaque to the compiler.
#[derive(Clone, Debug)]
pub struct Custom(pub Arc<dyn Primitive>);

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Custom {}
impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).cast::<()>().hash(state);
    }
}

impl Prim {
    /// Takes out the expression that a placeholder stands for, so that dropping long graphs need
    /// not recurse through it.
    pub(crate) fn take_binding(&mut self) -> Option<Expr> {
        if let Prim::Placeholder(p) = self { p.take_binding() } else { None }
    }
}

impl fmt::Debug for Prim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rules().name())
    }
}
