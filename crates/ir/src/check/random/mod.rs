//! Random well-typed programs over all primitives, with inputs, to try passes and engines on.
//!
//! Operations are drawn with parameters that fit what is there; those whose rules are too
//! intricate for that (convolutions, windows, decompositions) come with the parameters and inputs
//! of their examples, and what they give is worked on. Loops and branches get random bodies.

mod choices;
mod generator;
mod nested;
mod shapes;

pub use choices::Choices;

use super::fill::fill;
use crate::prim::{Example, Prim, all_examples};
use crate::program::{Program, Var};
use array::{Array, DType, Type};
use generator::Generator;
use std::sync::LazyLock;

/// A program with inputs to run it on.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The program.
    pub program: Program,
    /// Its inputs; zeros of both signs, infinities and NaN are among them.
    pub inputs: Vec<Array>,
}

/// The program of a seed, of about `size` operations.
pub fn random_program(seed: u64, size: usize) -> Sample {
    program_from(&mut Choices::from_seed(seed), size)
}

/// The program of a sequence of decisions, of about `size` operations, or fewer when the
/// decisions come to an end.
pub fn program_from(choices: &mut Choices<'_>, size: usize) -> Sample {
    let float = *choices.pick(&[DType::F32, DType::F64]);
    let mut examples: Vec<&Example> = vec![];
    for _ in 0..choices.below(3) {
        examples.push(choices.pick(&CATALOGUE));
    }
    let large = choices.chance(6);
    let mut inputs = vec![];
    for _ in 0..1 + choices.below(4) {
        let ty = input_type(choices, float, large);
        inputs.push(data(&ty, choices));
    }
    let mut placed: Vec<(&Prim, Vec<Var>)> = vec![];
    for example in examples {
        let first = inputs.len();
        for (ty, how) in &example.inputs {
            inputs.push(fill(ty, how, choices.seed()));
        }
        placed.push((&example.prim, (first..inputs.len()).map(|v| Var(v as u32)).collect()));
    }
    let types = inputs.iter().map(Array::ty).collect();
    let mut generator = Generator::new(choices, float, types, 0);
    for (prim, operands) in placed {
        generator.push(prim.clone(), &operands);
    }
    generator.steps(size);
    Sample { program: generator.finish(), inputs }
}

/// Examples of every operation that has a value on its own.
static CATALOGUE: LazyLock<Vec<Example>> = LazyLock::new(|| {
    let has_value = |e: &Example| !matches!(e.prim, Prim::Constant(_) | Prim::AxisSum(_));
    all_examples().into_iter().filter(has_value).collect()
});

fn input_type(choices: &mut Choices<'_>, float: DType, large: bool) -> Type {
    // Small sizes, and those beside the widths of vectors and tiles.
    const SIZES: [usize; 14] = [1, 2, 3, 4, 5, 7, 2, 3, 5, 8, 9, 16, 17, 33];
    let rank = choices.below(4);
    let mut shape: Vec<usize> = (0..rank).map(|_| *choices.pick(&SIZES)).collect();
    if large && choices.chance(2) {
        shape = vec![1 + choices.below(150), 1 + choices.below(260)];
    } else if choices.chance(15) && rank > 0 {
        shape[choices.below(rank)] = 0;
    }
    let dtype = *choices.pick(&[
        float,
        float,
        float,
        float,
        float,
        float,
        DType::I32,
        DType::I64,
        DType::U32,
        DType::Bool,
    ]);
    Type::new(dtype, shape)
}

/// Numbers in (−3, 3), in a third of the cases with special ones among them.
fn data(ty: &Type, choices: &mut Choices<'_>) -> Array {
    let special = choices.chance(3);
    let mut random = Choices::from_seed(choices.seed());
    let values: Vec<f64> = (0..ty.len())
        .map(|_| match (special, random.below(8)) {
            (true, 0) => f64::NAN,
            (true, 1) => f64::INFINITY,
            (true, 2) => f64::NEG_INFINITY,
            (true, 3) => -0.0,
            (true, 4) => 0.0,
            _ => (random.below(1 << 30) as f64 / f64::from(1 << 30) - 0.5) * 6.0,
        })
        .collect();
    Array::from_f64(ty.dtype, &values, &ty.shape)
}
