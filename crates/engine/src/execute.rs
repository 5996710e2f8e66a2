//! Which kernel computes which operation.

use crate::control;
use crate::executable::Executable;
use crate::kernels::{
    conv, cumulative, dot, fourier, fused, indexing, layout, linalg, random, reduce, sort, window,
};
use crate::run::Cancel;
use array::{Array, Type};
use compile::{Convolution, Source};
use ir::prim::{CallKind, Unary};
use ir::{Prim, Primitive, RuleResult};
use smallvec::{SmallVec, smallvec};

/// The results of an operation.
pub(crate) type Outputs = SmallVec<[Array; 1]>;

/// The operands of a step, where they are: in a frame and among constants.
pub(crate) struct Operands<'a> {
    frame: &'a mut [Option<Array>],
    constants: &'a [Array],
    sources: &'a [Source],
}

impl<'a> Operands<'a> {
    pub(crate) fn new(
        frame: &'a mut [Option<Array>],
        constants: &'a [Array],
        sources: &'a [Source],
    ) -> Operands<'a> {
        Operands { frame, constants, sources }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.sources.len()
    }

    /// The value of an operand.
    #[inline]
    pub(crate) fn array(&self, i: usize) -> &Array {
        match self.sources[i] {
            Source::Constant(c) => &self.constants[c as usize],
            Source::Slot(s) | Source::Last(s) => self.frame[s as usize]
                .as_ref()
                .expect("invariant: a plan reads slots that are full"),
        }
    }

    /// The values of all operands.
    pub(crate) fn arrays(&self) -> SmallVec<[&Array; 8]> {
        (0..self.len()).map(|i| self.array(i)).collect()
    }

    /// Takes an operand with its memory, if this is the last use of it and nobody else holds its
    /// buffer, so that it may be overwritten. The operand is gone then.
    #[inline]
    pub(crate) fn take(&mut self, i: usize) -> Option<Array> {
        let Source::Last(s) = self.sources[i] else { return None };
        let slot = &mut self.frame[s as usize];
        slot.as_mut()?.unique_ptr()?;
        slot.take()
    }

    /// An operand as an array of our own. One that is needed here for the last time keeps its
    /// only holder.
    pub(crate) fn own(&mut self, i: usize) -> Array {
        match self.sources[i] {
            Source::Last(s) => {
                self.frame[s as usize].take().expect("invariant: a plan reads slots that are full")
            }
            Source::Slot(_) | Source::Constant(_) => self.array(i).clone(),
        }
    }

    /// The operands from number `first` on as arrays of our own.
    pub(crate) fn own_from(&mut self, first: usize) -> Vec<Array> {
        (first..self.len()).map(|i| self.own(i)).collect()
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
    let mut frame: SmallVec<[Option<Array>; 4]> = x.iter().map(|&x| Some(x.clone())).collect();
    let sources: SmallVec<[Source; 4]> = (0..x.len() as u32).map(Source::Slot).collect();
    let bodies = prim.rules().programs();
    let bodies: Vec<Executable> =
        bodies.into_iter().map(|p| Executable::new(compile::compile(p))).collect();
    let mut operands = Operands::new(&mut frame, &[], &sources);
    Ok(execute(prim, &bodies, &mut operands, None)?.into_vec())
}

/// Whether the operation acts element by element, and is run as a loop (see [`fused::Loop::of`]).
pub(crate) fn is_loop(prim: &Prim) -> bool {
    // Where nothing is done there is no loop.
    compile::is_elementwise(prim) && !matches!(prim, Prim::Unary(Unary::StopGradient))
}

/// Computes an operation with the kernel that this engine has for it.
pub(crate) fn execute(
    prim: &Prim,
    bodies: &[Executable],
    x: &mut Operands<'_>,
    cancel: Option<&Cancel>,
) -> RuleResult<Outputs> {
    let one = |a: Array| -> RuleResult<Outputs> { Ok(smallvec![a]) };
    match prim {
        Prim::Unary(Unary::StopGradient) => one(x.own(0)),
        Prim::Unary(_)
        | Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::Select(_)
        | Prim::Clamp(_)
        | Prim::Convert(_)
        | Prim::IntegerPow(_)
        | Prim::Polygamma(_)
        | Prim::IsFinite(_) => {
            let types: SmallVec<[Type; 3]> = x.arrays().iter().map(|x| x.ty()).collect();
            let types: SmallVec<[&Type; 3]> = types.iter().collect();
            Ok(fused::Loop::of(prim, &types).run(x, &[]))
        }
        Prim::BroadcastInDim(p) => one(layout::broadcast_in_dim(p, x.array(0))),
        Prim::Reshape(p) => one(x.own(0).into_shape(&p.shape)),
        Prim::Transpose(p) => one(layout::transpose(p, x.array(0))),
        Prim::Slice(p) => one(layout::slice(p, x.array(0))),
        Prim::Pad(p) => one(layout::pad(p, x.array(0), x.array(1))),
        Prim::Concatenate(p) => one(layout::concatenate(p, &x.arrays())),
        Prim::Reverse(p) => one(layout::reverse(p, x.array(0))),
        Prim::Iota(p) => one(layout::iota(p)),
        Prim::Reduce(p) => one(reduce::reduce(p, x.array(0))),
        Prim::ArgReduce(p) => one(reduce::arg_reduce(p, x.array(0))),
        Prim::DotGeneral(p) => {
            let (x, y) = (x.array(0), x.array(1));
            one(dot::Product::new(p, None, [x.shape(), y.shape()]).run(x, y))
        }
        Prim::Constant(c) => one(c.0.clone()),
        Prim::Scan(p) => control::scan(p, &bodies[0], x, cancel),
        Prim::Cond(p) => control::cond(p, bodies, x, cancel),
        Prim::While(p) => control::while_loop(p, &bodies[0], &bodies[1], x, cancel),
        Prim::Call(call) => match call.kind {
            CallKind::Checkpoint | CallKind::CustomJvp { .. } | CallKind::CustomVjp { .. } => {
                let results = bodies[0].run_with(x.own_from(0), cancel)?;
                Ok(SmallVec::from_vec(results))
            }
            // The reference says why it has no value.
            CallKind::CustomTangent { .. } => reference(prim, x),
        },
        Prim::ConvGeneral(p) => {
            let shape = result_shape(prim, x)?;
            let p = Convolution::from((**p).clone());
            match conv::conv(&p, x.array(0), x.array(1), &shape) {
                Some(y) => one(y),
                None => reference(prim, x), // of integers
            }
        }
        Prim::ReduceWindow(p) => {
            let shape = result_shape(prim, x)?;
            one(window::reduce_window(p, x.array(0), &shape))
        }
        Prim::Fft(p) => one(fourier::fft(p, x.array(0))),
        Prim::Cholesky(_) => Ok(linalg::cholesky(x.array(0))),
        Prim::TriangularSolve(p) => one(linalg::triangular_solve(p, x.array(0), x.array(1))),
        Prim::Lu(_) => Ok(linalg::lu(x.array(0))),
        Prim::LuSolve(p) => one(linalg::lu_solve(p, x.array(1), x.array(2), x.array(3))),
        Prim::Qr(_) => Ok(linalg::qr(x.array(0))),
        Prim::Svd(_) => Ok(linalg::svd(x.array(0))),
        Prim::Eigh(_) => Ok(linalg::eigh(x.array(0))),
        Prim::Gather(p) => one(indexing::gather(p, x.array(0), x.array(1))),
        Prim::ScatterAdd(p) => one(indexing::scatter_add(p, x.array(0), x.array(1))),
        Prim::DynamicSlice(p) => one(indexing::dynamic_slice(p, x.array(0), x.array(1))),
        Prim::DynamicUpdateSlice(_) => one(indexing::dynamic_update_slice(x)),
        Prim::Sort(p) => match sort::sort(p, &x.arrays()) {
            Some(sorted) => Ok(sorted),
            None => reference(prim, x),
        },
        Prim::Cumulative(p) => one(cumulative::cumulative(p, x.array(0))),
        Prim::RandomBits(p) => one(random::random_bits(p, x.array(0))),
        Prim::Threefry(_) => one(random::threefry2x32(x.array(0), x.array(1))),
        // The reference says why it has no value.
        Prim::AxisSum(_) => reference(prim, x),
        // By the reference: no value (placeholders), or opaque to the engine.
        Prim::Placeholder(_) | Prim::Custom(_) => reference(prim, x),
    }
}

/// Computes a convolution with rearrangements.
pub(crate) fn convolution(c: &Convolution, x: &Operands<'_>) -> RuleResult<Array> {
    let exchanged = |i: usize| {
        let mut ty = x.array(i).ty();
        if c.exchanged[i] {
            ty.shape.swap(0, 1);
        }
        ty
    };
    let types = [exchanged(0), exchanged(1)];
    let shape = c.conv.typ(&[&types[0], &types[1]])?.swap_remove(0).shape;
    let y = conv::conv(c, x.array(0), x.array(1), &shape);
    Ok(y.expect("invariant: rearrangements are absorbed for floats only"))
}

/// The shape of the only result, by the operation's type rule.
fn result_shape(prim: &Prim, x: &Operands<'_>) -> RuleResult<Vec<usize>> {
    let types: SmallVec<[Type; 2]> = x.arrays().iter().map(|x| x.ty()).collect();
    let types: SmallVec<[&Type; 2]> = types.iter().collect();
    Ok(prim.rules().typ(&types)?.swap_remove(0).shape)
}

/// The reference meaning.
fn reference(prim: &Prim, x: &Operands<'_>) -> RuleResult<Outputs> {
    Ok(SmallVec::from_vec(prim.rules().eval(&x.arrays())?))
}
