//! What the rewriting passes share: a program under construction whose definitions can be looked
//! up.

use array::Type;
use array::{Array, DType};
use ir::prim::Constant;
use ir::{Builder, Equation, Prim, Program, Var};
use smallvec::SmallVec;
use std::panic::Location;

/// Variables of an equation.
pub(crate) type Vars = SmallVec<[Var; 4]>;

/// A program under construction, made from another one equation by equation.
pub(crate) struct Rewriter {
    builder: Builder,
    /// For each variable the equation that defines it; `None` for inputs.
    definitions: Vec<Option<u32>>,
}

impl Rewriter {
    pub(crate) fn new(inputs: &[Type]) -> Rewriter {
        Rewriter { builder: Builder::new(inputs.to_vec()), definitions: vec![None; inputs.len()] }
    }

    /// For a program about as large as this one, with its inputs.
    pub(crate) fn like(program: &Program) -> Rewriter {
        let mut new = Rewriter::new(program.input_types());
        new.builder.reserve(program.equations().len(), program.variables());
        new.definitions.reserve(program.variables());
        new
    }

    /// Adds an equation of the old program, on operands of the same types.
    pub(crate) fn copy(&mut self, from: &Program, eq: &Equation, inputs: &[Var]) -> Vars {
        let types = eq.results().map(|v| from.ty(v).clone());
        let prim = eq.prim.clone();
        let results = self.builder.push_typed(prim, SmallVec::from_slice(inputs), types, eq.at);
        self.defined(&results);
        results
    }

    /// Adds a new equation with one result.
    pub(crate) fn push(
        &mut self,
        prim: impl Into<Prim>,
        inputs: &[Var],
        at: Option<&'static Location<'static>>,
    ) -> Var {
        self.push_all(prim, inputs, at)[0]
    }

    /// Adds a new equation.
    pub(crate) fn push_all(
        &mut self,
        prim: impl Into<Prim>,
        inputs: &[Var],
        at: Option<&'static Location<'static>>,
    ) -> Vec<Var> {
        let results = self.builder.push(prim.into(), inputs, at);
        let results = results.expect("invariant: rewriting makes operations that fit");
        self.defined(&results);
        results
    }

    /// Adds a program's equations, on these operands, and gives its outputs.
    pub(crate) fn inline(&mut self, program: &Program, operands: &[Var]) -> Vec<Var> {
        let mut renamed = operands.to_vec();
        for eq in program.equations() {
            let inputs: Vars = eq.inputs.iter().map(|v| renamed[v.index()]).collect();
            renamed.extend(self.copy(program, eq, &inputs));
        }
        program.outputs().iter().map(|v| renamed[v.index()]).collect()
    }

    fn defined(&mut self, results: &[Var]) {
        let equation = Some(self.builder.equations().len() as u32 - 1);
        self.definitions.extend(results.iter().map(|_| equation));
    }

    pub(crate) fn ty(&self, v: Var) -> &Type {
        self.builder.ty(v)
    }

    pub(crate) fn shape(&self, v: Var) -> &[usize] {
        &self.ty(v).shape
    }

    pub(crate) fn dtype(&self, v: Var) -> DType {
        self.ty(v).dtype
    }

    /// The operation that a variable is the result of, with its operands; `None` for inputs.
    pub(crate) fn definition(&self, v: Var) -> Option<(&Prim, &[Var])> {
        let eq = &self.builder.equations()[self.definitions[v.index()]? as usize];
        Some((&eq.prim, &eq.inputs))
    }

    /// The value of a variable that is a constant.
    pub(crate) fn constant(&self, v: Var) -> Option<&Array> {
        let (Prim::Constant(Constant(value)), _) = self.definition(v)? else { return None };
        Some(value)
    }

    /// The scalar that a variable repeats, if it does: a scalar itself, or the operand of a
    /// broadcast.
    pub(crate) fn repeated(&self, v: Var) -> Option<Var> {
        if self.ty(v).rank() == 0 {
            return Some(v);
        }
        let (Prim::BroadcastInDim(p), x) = self.definition(v)? else { return None };
        p.dims.is_empty().then(|| x[0])
    }

    /// The number that a variable repeats, if that is known.
    pub(crate) fn number(&self, v: Var) -> Option<&Array> {
        self.constant(self.repeated(v)?)
    }

    pub(crate) fn finish(self, outputs: Vec<Var>) -> Program {
        self.builder.finish(outputs)
    }
}
