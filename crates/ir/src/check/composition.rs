//! What a cell computes, as one program: to run the same composition in another precision, or on
//! another engine.

use super::{
    Cell, batched_program, gradient_program, jvp_program, randoms, scalarised, stacked, vjp_program,
};
use crate::expr::RuleResult;
use crate::program::Program;
use array::Array;

/// A program made from another by a composition of transformations, with inputs to run it on.
#[derive(Clone, Debug)]
pub struct Composition {
    /// The transformed program.
    pub program: Program,
    /// The point, then the tangents and cotangents that the transformations ask for.
    pub inputs: Vec<Array>,
}

impl Composition {
    /// The composition of a cell on a program at given inputs. Tangents and cotangents are
    /// pseudo-random, the same in every precision up to rounding.
    ///
    /// The second and third derivatives of `hvp` and `third` are those of the program's outputs
    /// paired with fixed pseudo-random weights.
    ///
    /// # Errors
    /// When an operation lacks a rule.
    pub fn of(cell: Cell, p: &Program, x: &[Array]) -> RuleResult<Composition> {
        let this = Composition { program: p.clone(), inputs: x.to_vec() };
        match cell {
            Cell::Jvp => this.jvp(11),
            Cell::Vjp => this.vjp(23),
            Cell::JvpJvp => this.jvp(31)?.jvp(11),
            Cell::JvpVjp => this.vjp(41)?.jvp(11),
            Cell::VjpJvp => this.jvp(31)?.vjp(23),
            Cell::VjpVjp => this.vjp(41)?.vjp(23),
            Cell::Vmap => this.vmap(3),
            Cell::VmapVmap => this.vmap(2)?.vmap(3),
            Cell::VmapVjp => this.vjp(41)?.vmap(3),
            Cell::VjpVmap => this.vmap(2)?.vjp(23),
            Cell::Hvp => {
                let program = gradient_program(&scalarised(p)?)?;
                Composition { program, ..this }.jvp(61)
            }
            Cell::Third => {
                // φ‴ along v: the tangent is v again at each order, and the tangents' tangents are 0.
                let v = randoms(p.input_types().to_vec(), 71);
                let zero: Vec<Array> = v.iter().map(|v| Array::zeros(&v.ty())).collect();
                let program = jvp_program(&jvp_program(&jvp_program(&scalarised(p)?)?)?)?;
                let inputs = [x, &v, &v, &zero, &v, &zero, &zero, &zero].concat();
                Ok(Composition { program, inputs })
            }
        }
    }

    fn jvp(self, seed: u64) -> RuleResult<Composition> {
        let t = randoms(self.program.input_types().to_vec(), seed);
        let program = jvp_program(&self.program)?;
        Ok(Composition { program, inputs: [self.inputs, t].concat() })
    }

    fn vjp(self, seed: u64) -> RuleResult<Composition> {
        let ct = randoms(self.program.output_types(), seed);
        let program = vjp_program(&self.program)?;
        Ok(Composition { program, inputs: [self.inputs, ct].concat() })
    }

    /// Every input batched. A program without inputs has nothing to batch and stays as it is.
    fn vmap(self, size: usize) -> RuleResult<Composition> {
        let mask = vec![true; self.inputs.len()];
        if mask.is_empty() {
            return Ok(self);
        }
        let program = batched_program(&self.program, &mask, size)?;
        Ok(Composition { program, inputs: stacked(&self.inputs, &mask, size) })
    }
}
