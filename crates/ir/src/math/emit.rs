//! Terms as programs again: what has been tidied can be run, and differentiated once more.

use super::term::{Id, Node, Terms};
use crate::error::TypeError;
use crate::prim::{Binary, BroadcastInDim, Constant, IntegerPow, Prim, Select, Unary};
use crate::program::{Builder, Program, Var};
use array::{Array, Type};
use std::collections::HashMap;

struct Emitter<'a> {
    terms: &'a Terms,
    builder: Builder,
    vars: HashMap<Id, Var>,
    /// Operations with several outputs, by operation and operands.
    calls: HashMap<(Prim, Vec<Id>), Vec<Var>>,
    numbers: HashMap<(u64, Type), Var>,
}

type Emitted = Result<Var, TypeError>;

impl Terms {
    /// A program with these input types whose outputs are these terms.
    ///
    /// # Errors
    /// Never for terms that were read from a program; the gate for programs is fallible.
    pub(super) fn emit(&self, inputs: &[Type], outputs: &[Id]) -> Result<Program, TypeError> {
        let mut emitter = Emitter {
            terms: self,
            builder: Builder::new(inputs.to_vec()),
            vars: HashMap::new(),
            calls: HashMap::new(),
            numbers: HashMap::new(),
        };
        for id in self.reachable(outputs) {
            let v = emitter.term(id)?;
            emitter.vars.insert(id, v);
        }
        let outputs = outputs.iter().map(|id| emitter.vars[id]).collect();
        Ok(emitter.builder.finish(outputs))
    }
}

impl Emitter<'_> {
    fn push(&mut self, prim: impl Into<Prim>, x: &[Var]) -> Emitted {
        Ok(self.builder.push(prim.into(), x, None)?[0])
    }

    fn number(&mut self, value: f64, ty: &Type) -> Emitted {
        let key = (value.to_bits(), ty.clone());
        if let Some(&v) = self.numbers.get(&key) {
            return Ok(v);
        }
        let scalar = self.push(Constant(Array::full(ty.dtype, &[], value)), &[])?;
        let v = if ty.rank() == 0 {
            scalar
        } else {
            self.push(BroadcastInDim { shape: ty.shape.clone(), dims: vec![] }, &[scalar])?
        };
        self.numbers.insert(key, v);
        Ok(v)
    }

    fn term(&mut self, id: Id) -> Emitted {
        let terms = self.terms;
        let ty = terms.ty(id);
        match terms.node(id) {
            Node::Input(i) => Ok(Var(*i)),
            Node::Number(x) => self.number(x.get(), ty),
            Node::Apply { prim, operands, output, .. } => {
                let key = (prim.clone(), operands.clone());
                if let Some(results) = self.calls.get(&key) {
                    return Ok(results[*output as usize]);
                }
                let x: Vec<Var> = operands.iter().map(|x| self.vars[x]).collect();
                let results = self.builder.push(prim.clone(), &x, None)?;
                let v = results[*output as usize];
                self.calls.insert(key, results);
                Ok(v)
            }
            Node::Sum { constant, terms } => {
                // Positive parts first, so that the rest can be subtracted.
                let mut parts: Vec<(f64, Var)> =
                    terms.iter().map(|(c, t)| (c.get(), self.vars[t])).collect();
                parts.sort_by_key(|p| p.0 < 0.0);
                let mut total: Option<Var> = None;
                if constant.get() != 0.0 {
                    total = Some(self.number(constant.get(), ty)?);
                }
                for (c, v) in parts {
                    let size = if total.is_some() { c.abs() } else { c };
                    let part = if size == 1.0 {
                        v
                    } else if size == -1.0 {
                        self.push(Unary::Neg, &[v])?
                    } else {
                        let factor = self.number(size, ty)?;
                        self.push(Binary::Mul, &[factor, v])?
                    };
                    total = Some(match total {
                        None => part,
                        Some(t) if c < 0.0 => self.push(Binary::Sub, &[t, part])?,
                        Some(t) => self.push(Binary::Add, &[t, part])?,
                    });
                }
                total.map_or_else(|| self.number(0.0, ty), Ok)
            }
            Node::Product(factors) => {
                let mut sides: [Option<Var>; 2] = [None, None];
                let mut conditions = vec![];
                for (f, e) in factors {
                    if let (Node::Indicator(truth), 1) = (self.terms.node(*f), *e) {
                        conditions.push(self.vars[truth]);
                        continue;
                    }
                    let n = e.abs();
                    let v = self.vars[f];
                    let v = if n == 1 { v } else { self.push(IntegerPow { n }, &[v])? };
                    let side = &mut sides[usize::from(*e < 0)];
                    *side = Some(match *side {
                        None => v,
                        Some(before) => {
                            // A borrow of a local slot: push needs the whole emitter.
                            self.builder.push(Binary::Mul.into(), &[before, v], None)?[0]
                        }
                    });
                }
                let mut v = match sides {
                    [Some(over), None] => over,
                    [None, None] => self.number(1.0, ty)?,
                    [over, Some(under)] => {
                        let over = match over {
                            Some(v) => v,
                            None => self.number(1.0, ty)?,
                        };
                        self.push(Binary::Div, &[over, under])?
                    }
                };
                for c in conditions {
                    let zero = self.number(0.0, ty)?;
                    v = self.push(Select {}, &[c, v, zero])?;
                }
                Ok(v)
            }
            Node::Indicator(truth) => {
                let (one, zero) = (self.number(1.0, ty)?, self.number(0.0, ty)?);
                let condition = self.vars[truth];
                self.push(Select {}, &[condition, one, zero])
            }
        }
    }
}
