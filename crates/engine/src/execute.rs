//! Which kernel computes which operation.

use crate::control;
use crate::kernels::{
    conv, cumulative, dot, fourier, fused, indexing, layout, linalg, random, reduce, sort, window,
};
use crate::run::{Cancel, run_with};
use array::{Array, Element, Type};
use compile::{Convolution, Plan};
use ir::prim::CallKind;
use ir::{Prim, Primitive, RuleResult};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// The results of an operation.
pub(crate) type Outputs = SmallVec<[Array; 1]>;

/// An operand as a kernel sees it.
pub(crate) enum Operand<'a> {
    /// To be read only.
    Kept(&'a Array),
    /// Needed for the last time: if nobody else holds its buffer, results may go there.
    Last(Array),
}

impl Operand<'_> {
    /// The value.
    pub(crate) fn array(&self) -> &Array {
        match self {
            Operand::Kept(a) => a,
            Operand::Last(a) => a,
        }
    }

    /// Takes the operand's memory, with its elements, if it is free to be overwritten. What
    /// remains has no elements.
    pub(crate) fn take<T: Element>(&mut self) -> Option<Vec<T>> {
        let Operand::Last(a) = self else { return None };
        a.unique::<T>()?;
        std::mem::replace(a, Array::from_vec(Vec::<T>::new(), &[0])).into_vec()
    }
}

/// Executes one operation at once.
///
/// The operands must have types that the operation accepts (see [`ir::Primitive::typ`]).
///
/// # Errors
/// Where the operation has no value (see [`ir::Primitive::eval`]).
///
/// ```
/// use array::Array;
/// use ir::prim::Binary;
/// let x = Array::from_vec(vec![1.0, 2.0], &[2]);
/// let y = engine::apply(&Binary::Add.into(), &[&x, &x]).unwrap();
/// assert_eq!(y[0].as_slice::<f64>(), [2.0, 4.0]);
/// ```
pub fn apply(prim: &Prim, x: &[&Array]) -> RuleResult<Vec<Array>> {
    let mut operands: SmallVec<[Operand<'_>; 4]> = x.iter().map(|x| Operand::Kept(x)).collect();
    let bodies = prim.rules().programs();
    let bodies: Vec<Arc<Plan>> =
        bodies.into_iter().map(|p| Arc::new(compile::compile(p))).collect();
    Ok(execute(prim, &bodies, &mut operands, None)?.into_vec())
}

/// Computes an operation with the kernel that this engine has for it.
pub(crate) fn execute(
    prim: &Prim,
    bodies: &[Arc<Plan>],
    x: &mut [Operand<'_>],
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    let one = |a: Array| -> RuleResult<Outputs> { Ok(smallvec![a]) };
    match prim {
        Prim::Unary(_)
        | Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::Select(_)
        | Prim::Clamp(_)
        | Prim::Convert(_)
        | Prim::IntegerPow(_)
        | Prim::Polygamma(_)
        | Prim::IsFinite(_) => Ok(fused::elementwise(prim, x)),
        Prim::BroadcastInDim(p) => one(layout::broadcast_in_dim(p, x[0].array())),
        Prim::Reshape(p) => one(x[0].array().reshape(&p.shape)),
        Prim::Transpose(p) => one(layout::transpose(p, x[0].array())),
        Prim::Slice(p) => one(layout::slice(p, x[0].array())),
        Prim::Pad(p) => one(layout::pad(p, x[0].array(), x[1].array())),
        Prim::Concatenate(p) => {
            let parts: SmallVec<[&Array; 8]> = x.iter().map(Operand::array).collect();
            one(layout::concatenate(p, &parts))
        }
        Prim::Reverse(p) => one(layout::reverse(p, x[0].array())),
        Prim::Iota(p) => one(layout::iota(p)),
        Prim::Reduce(p) => one(reduce::reduce(p, x[0].array())),
        Prim::ArgReduce(p) => one(reduce::arg_reduce(p, x[0].array())),
        Prim::DotGeneral(p) => one(dot::dot_general(p, None, x[0].array(), x[1].array())),
        Prim::Constant(c) => one(c.0.clone()),
        Prim::Scan(p) => control::scan(p, &bodies[0], x, cancel),
        Prim::Cond(p) => control::cond(p, bodies, x, cancel),
        Prim::While(p) => control::while_loop(p, &bodies[0], &bodies[1], x, cancel),
        Prim::Call(call) => match call.kind {
            CallKind::Checkpoint | CallKind::CustomJvp { .. } | CallKind::CustomVjp { .. } => {
                let results = run_with(&bodies[0], control::owned(x), cancel)?;
                Ok(SmallVec::from_vec(results))
            }
            // The reference says why it has no value.
            CallKind::CustomTangent { .. } => reference(prim, x),
        },
        Prim::ConvGeneral(p) => {
            let shape = result_shape(prim, x)?;
            let p = Convolution::from(p.clone());
            match conv::conv(&p, x[0].array(), x[1].array(), &shape) {
                Some(y) => one(y),
                None => reference(prim, x), // of integers
            }
        }
        Prim::ReduceWindow(p) => {
            let shape = result_shape(prim, x)?;
            one(window::reduce_window(p, x[0].array(), &shape))
        }
        Prim::Fft(p) => one(fourier::fft(p, x[0].array())),
        Prim::Cholesky(_) => Ok(linalg::cholesky(x[0].array())),
        Prim::TriangularSolve(p) => one(linalg::triangular_solve(p, x[0].array(), x[1].array())),
        Prim::Lu(_) => Ok(linalg::lu(x[0].array())),
        Prim::LuSolve(p) => one(linalg::lu_solve(p, x[1].array(), x[2].array(), x[3].array())),
        Prim::Qr(_) => Ok(linalg::qr(x[0].array())),
        Prim::Svd(_) => Ok(linalg::svd(x[0].array())),
        Prim::Eigh(_) => Ok(linalg::eigh(x[0].array())),
        Prim::Gather(p) => one(indexing::gather(p, x[0].array(), x[1].array())),
        Prim::ScatterAdd(p) => one(indexing::scatter_add(p, x[0].array(), x[1].array())),
        Prim::DynamicSlice(p) => one(indexing::dynamic_slice(p, x[0].array(), x[1].array())),
        Prim::DynamicUpdateSlice(_) => one(indexing::dynamic_update_slice(x)),
        Prim::Sort(p) => {
            let arrays: SmallVec<[&Array; 4]> = x.iter().map(Operand::array).collect();
            match sort::sort(p, &arrays) {
                Some(sorted) => Ok(sorted),
                None => reference(prim, x),
            }
        }
        Prim::Cumulative(p) => one(cumulative::cumulative(p, x[0].array())),
        Prim::RandomBits(p) => one(random::random_bits(p, x[0].array())),
        Prim::Threefry(_) => one(random::threefry2x32(x[0].array(), x[1].array())),
        // The reference says why it has no value.
        Prim::AxisSum(_) => reference(prim, x),
        // By the reference: no value (placeholders), or opaque to the engine.
        Prim::Placeholder(_) | Prim::Custom(_) => reference(prim, x),
    }
}

/// Computes a convolution with rearrangements.
pub(crate) fn convolution(c: &Convolution, x: &[Operand<'_>]) -> RuleResult<Array> {
    let exchanged = |i: usize| {
        let mut ty = x[i].array().ty();
        if c.exchanged[i] {
            ty.shape.swap(0, 1);
        }
        ty
    };
    let types = [exchanged(0), exchanged(1)];
    let shape = c.conv.typ(&[&types[0], &types[1]])?.swap_remove(0).shape;
    let y = conv::conv(c, x[0].array(), x[1].array(), &shape);
    Ok(y.expect("invariant: rearrangements are absorbed for floats only"))
}

/// The shape of the only result, by the operation's type rule.
fn result_shape(prim: &Prim, x: &[Operand<'_>]) -> RuleResult<Vec<usize>> {
    let types: SmallVec<[Type; 2]> = x.iter().map(|x| x.array().ty()).collect();
    let types: SmallVec<[&Type; 2]> = types.iter().collect();
    Ok(prim.rules().typ(&types)?.swap_remove(0).shape)
}

/// The reference meaning.
fn reference(prim: &Prim, x: &[Operand<'_>]) -> RuleResult<Outputs> {
    let x: SmallVec<[&Array; 4]> = x.iter().map(Operand::array).collect();
    Ok(SmallVec::from_vec(prim.rules().eval(&x)?))
}
