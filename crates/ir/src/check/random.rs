//! Random programs, to try passes and engines on.

use super::fill::{fill, uniform};
use crate::prim::{Example, Prim, Unary, all_examples};
use crate::program::{Builder, Program, Var};
use array::{Array, Type};

/// A stream of pseudo-random numbers, the same on every machine.
struct Stream {
    seed: u64,
    drawn: u64,
}

impl Stream {
    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.drawn += 1;
        (uniform(self.seed, self.drawn) * n as f64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Whether running the operation on arbitrary operands comes to an end.
fn ends(prim: &Prim) -> bool {
    let mut inside = prim.rules().programs().into_iter().flat_map(|p| p.equations());
    !matches!(prim, Prim::While(_)) && inside.all(|eq| ends(&eq.prim))
}

/// A valid program of about `equations` equations, with inputs to run it on: operations of
/// [`all_examples`] applied to the inputs of some of those examples and to results of one another,
/// wherever the types allow it (except `while`, which might not end, and what has no value without
/// a `vmap` around it). Values are not meant to be nice: NaN and ∞ occur.
pub fn random_program(seed: u64, equations: usize) -> (Program, Vec<Array>) {
    let mut stream = Stream { seed, drawn: 0 };
    let runs = |e: &Example| e.mapped_over.is_none() && ends(&e.prim);
    let examples: Vec<Example> = all_examples().into_iter().filter(runs).collect();
    // The inputs of a few examples, each type at most twice, so that results find partners.
    let few: Vec<&Example> = (0..4).map(|_| stream.pick(&examples)).collect();
    let mut inputs: Vec<(Type, Array)> = vec![];
    for (ty, how) in few.iter().flat_map(|e| &e.inputs) {
        if inputs.iter().filter(|(t, _)| t == ty).count() < 2 {
            inputs.push((ty.clone(), fill(ty, how, seed.wrapping_add(inputs.len() as u64))));
        }
    }
    let mut builder = Builder::new(inputs.iter().map(|(t, _)| t.clone()).collect());
    let mut made = 0;
    for _ in 0..equations * 20 {
        if made == equations {
            break;
        }
        let of_few = few[stream.below(few.len())];
        let prim = match stream.below(3) {
            0 => of_few.prim.clone(),
            1 => Prim::from(*stream.pick(Unary::ALL)),
            _ => stream.pick(&examples).prim.clone(),
        };
        // Try operands that are likely to fit: the first anywhere, the others of its type, or of
        // the types of an example.
        let any = |stream: &mut Stream, fits: &dyn Fn(&Type) -> bool, builder: &Builder| {
            let from = (0..builder.variables() as u32).map(Var);
            let fitting: Vec<Var> = from.filter(|&v| fits(builder.ty(v))).collect();
            (!fitting.is_empty()).then(|| *stream.pick(&fitting))
        };
        let arity = examples.iter().find(|e| e.prim == prim).map_or(1, |e| e.inputs.len());
        let as_example = examples.iter().find(|e| e.prim == prim).filter(|_| stream.below(2) == 0);
        let mut operands: Vec<Var> = vec![];
        for k in 0..arity {
            let first = operands.first().map(|&v| builder.ty(v).clone());
            let found = match (as_example, first) {
                (Some(e), _) => any(&mut stream, &|t| *t == e.inputs[k].0, &builder),
                (None, None) => any(&mut stream, &|_| true, &builder),
                (None, Some(first)) => any(&mut stream, &|t| *t == first, &builder),
            };
            operands.extend(found);
        }
        if operands.len() == arity && builder.push(prim, &operands, None).is_ok() {
            made += 1;
        }
    }
    let variables = builder.variables();
    let mut outputs: Vec<Var> = vec![Var(variables.saturating_sub(1) as u32)];
    outputs.extend((0..2).map(|_| Var(stream.below(variables) as u32)));
    let outputs = if variables == 0 { vec![] } else { outputs };
    (builder.finish(outputs), inputs.into_iter().map(|(_, a)| a).collect())
}
