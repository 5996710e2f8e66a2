//! `cond`: one of several programs, chosen at run time.

use super::family::not_linear;
use super::{BatchAxis, Batched, Example, Fill, Jvp, Operand, Primitive, Tangent};
use crate::error::{TypeError, ensure};
use crate::expr::{Expr, RuleResult, bind};
use crate::program::Program;
use crate::transform::{Split, batch_program, rewire, split_jvp, trace, transpose_program};
use array::{Array, DType, Type};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `cond(i, operands…) = branches[i](operands…)`: the index, an i64 scalar, is clamped; only the
/// chosen branch runs. Batched over the index, every branch runs and the results are selected.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Cond {
    /// How many branches there are.
    pub count: usize,
    /// The branches; all have the same types.
    #[serde(skip)]
    pub branches: Vec<Arc<Program>>,
}

/// The most branches that a text may announce.
const MAX_BRANCHES: usize = 1 << 12;

impl Cond {
    /// A choice among these programs.
    pub fn new(branches: Vec<Arc<Program>>) -> Cond {
        Cond { count: branches.len(), branches }
    }
}

/// Assigns residuals of all branches to shared slots: a slot serves one residual of each branch.
struct Slots {
    types: Vec<Type>,
    /// Per branch, per residual: its slot, or the operand that it is.
    place: Vec<Vec<Place>>,
}

#[derive(Clone, Copy)]
enum Place {
    Slot(usize),
    Input(usize),
}

impl Slots {
    fn assign(splits: &[Split]) -> Slots {
        let mut types: Vec<Type> = vec![];
        let place = splits
            .iter()
            .map(|split| {
                let mut taken = vec![false; types.len()];
                let residuals = split.residuals.iter().zip(&split.residual_inputs);
                residuals
                    .map(|(ty, input)| match input {
                        Some(i) => Place::Input(*i),
                        None => {
                            let free = (0..types.len()).find(|&s| !taken[s] && types[s] == *ty);
                            let slot = free.unwrap_or_else(|| {
                                types.push(ty.clone());
                                taken.push(false);
                                types.len() - 1
                            });
                            taken[slot] = true;
                            Place::Slot(slot)
                        }
                    })
                    .collect()
            })
            .collect();
        Slots { types, place }
    }
}

impl Primitive for Cond {
    fn name(&self) -> &'static str {
        "cond"
    }
    fn typ(&self, x: &[&Type]) -> Result<Vec<Type>, TypeError> {
        ensure(!x.is_empty() && !self.branches.is_empty(), || {
            "needs an index and branches".into()
        })?;
        ensure(self.count == self.branches.len(), || {
            format!("{} branches are announced, {} given", self.count, self.branches.len())
        })?;
        ensure(*x[0] == Type::new(DType::I64, []), || {
            format!("the index must be i64[], got {}", x[0])
        })?;
        let out = self.branches[0].output_types();
        for (i, branch) in self.branches.iter().enumerate() {
            let fits = branch.check_inputs(&x[1..]);
            fits.map_err(|e| TypeError::new(format!("branch {i}: {}", e.message)))?;
            ensure(branch.output_types() == out, || {
                format!("branch {i} returns {:?}, branch 0 {out:?}", branch.output_types())
            })?;
        }
        Ok(out)
    }
    fn eval(&self, x: &[&Array]) -> RuleResult<Vec<Array>> {
        let last = self.branches.len() as i64 - 1;
        let chosen = x[0].as_slice::<i64>()[0].clamp(0, last) as usize;
        let operands: Vec<Array> = x[1..].iter().map(|&a| a.clone()).collect();
        self.branches[chosen].eval(&operands)
    }
    fn jvp(&self, x: &[Expr], y: &[Expr], dx: &[Tangent]) -> RuleResult<Jvp> {
        let operands = &x[1..];
        let active: Vec<bool> = dx[1..].iter().map(Option::is_some).collect();
        let split = |force: &[bool]| -> RuleResult<Vec<Split>> {
            self.branches.iter().map(|b| split_jvp(b, &active, force)).collect()
        };
        // An output has a tangent if it has one in some branch.
        let first = split(&vec![false; y.len()])?;
        let nonzero: Vec<bool> = (0..y.len()).map(|o| first.iter().any(|s| s.nonzero[o])).collect();
        let splits = split(&nonzero)?;
        let slots = Slots::assign(&splits);

        let input_types: Vec<Type> = operands.iter().map(|x| x.ty().clone()).collect();
        let known = splits.iter().zip(&slots.place).map(|(split, place)| {
            let closed = trace("cond", &input_types, |v| -> RuleResult<Vec<Expr>> {
                let mut out = split.known.inline(v)?;
                let residuals = out.split_off(y.len());
                let mut saved: Vec<Option<Expr>> = vec![None; slots.types.len()];
                for (r, p) in residuals.into_iter().zip(place) {
                    if let Place::Slot(s) = p {
                        saved[*s] = Some(r);
                    }
                }
                let filled = saved.into_iter().zip(&slots.types);
                out.extend(filled.map(|(r, t)| r.unwrap_or_else(|| Expr::full(t, 0.0))));
                Ok(out)
            })?;
            Ok(Arc::new(closed.program))
        });
        let known = Cond::new(known.collect::<RuleResult<_>>()?);
        let all = bind(known, &x.iter().collect::<Vec<_>>());
        let (primals, saved) = all.split_at(y.len());

        // Linear branches: (tangents, slots, operands) → tangents.
        let tangent_types: Vec<Type> =
            input_types.iter().zip(&active).filter(|(_, a)| **a).map(|(t, _)| t.clone()).collect();
        let types = [&tangent_types[..], &slots.types, &input_types].concat();
        let linear = splits.iter().zip(&slots.place).map(|(split, place)| {
            let closed = trace("cond", &types, |v| -> RuleResult<Vec<Expr>> {
                let (tangents, v) = v.split_at(tangent_types.len());
                let (saved, inputs) = v.split_at(slots.types.len());
                let residuals = place.iter().map(|p| match *p {
                    Place::Slot(s) => saved[s].clone(),
                    Place::Input(i) => inputs[i].clone(),
                });
                let residuals: Vec<Expr> = residuals.collect();
                Ok(split.linear.inline(&[tangents, &residuals].concat())?)
            })?;
            Ok(Arc::new(closed.program))
        });
        let linear = Cond::new(linear.collect::<RuleResult<_>>()?);
        let tangents: Vec<Expr> = dx[1..].iter().flatten().cloned().collect();
        let all = [&x[..1], &tangents, saved, operands].concat();
        let mut dy = bind(linear, &all.iter().collect::<Vec<_>>()).into_iter();
        let tangents = nonzero.iter().map(|&nz| if nz { dy.next() } else { None }).collect();
        Ok(Jvp { primals: Some(primals.to_vec()), tangents })
    }
    fn transpose(&self, ct: &[Tangent], x: &[Operand]) -> RuleResult<Vec<Tangent>> {
        let Operand::Known(index) = &x[0] else { return not_linear(self) };
        let operands = &x[1..];
        let indices = 0..operands.len();
        let linear: Vec<usize> = indices.clone().filter(|&i| operands[i].is_linear()).collect();
        let known: Vec<usize> = indices.filter(|&i| !operands[i].is_linear()).collect();
        let used: Vec<usize> = (0..ct.len()).filter(|&o| ct[o].is_some()).collect();
        let order = [&linear[..], &known].concat();
        let pulled = self.branches.iter().map(|branch| {
            let branch = rewire(branch, &order, &used)?;
            Ok(Arc::new(transpose_program(&branch, linear.len())?))
        });
        let pulled = Cond::new(pulled.collect::<RuleResult<_>>()?);
        let all: Vec<Expr> = std::iter::once(index.clone())
            .chain(ct.iter().flatten().cloned())
            .chain(known.iter().filter_map(|&i| operands[i].known().cloned()))
            .collect();
        let out = bind(pulled, &all.iter().collect::<Vec<_>>());
        let mut result: Vec<Tangent> = vec![None; x.len()];
        for (&i, ct) in linear.iter().zip(out) {
            result[1 + i] = Some(ct);
        }
        Ok(result)
    }
    fn batch(&self, x: &[Expr], batched: &[bool], axis: &BatchAxis) -> RuleResult<Vec<Batched>> {
        let mask = &batched[1..];
        let outputs = self.branches[0].outputs().len();
        let all = vec![true; outputs];
        if batched[0] {
            let operands = super::family::all_in_front(&x[1..], mask, axis);
            let every = vec![true; operands.len()];
            let last = self.branches.len() as f64 - 1.0;
            let zero = x[0].full_like(0.0);
            let index = x[0].maximum(&zero).minimum(&x[0].full_like(last));
            let mut chosen: Option<Vec<Expr>> = None;
            for (i, branch) in self.branches.iter().enumerate() {
                let (program, _) = batch_program(branch, &every, &all, axis)?;
                let y = program.inline(&operands)?;
                chosen = Some(match chosen {
                    None => y,
                    Some(before) => {
                        let here = index.eq(&index.full_like(i as f64));
                        let pick = |(y, b): (&Expr, &Expr)| {
                            here.broadcast_in_dim(y.shape(), &[0]).select(y, b)
                        };
                        y.iter().zip(&before).map(pick).collect()
                    }
                });
            }
            return Ok(chosen.unwrap_or_default().into_iter().map(|y| (y, true)).collect());
        }
        let none = vec![false; outputs];
        let mut marks = none.clone();
        for branch in &self.branches {
            let (_, these) = batch_program(branch, mask, &none, axis)?;
            marks.iter_mut().zip(these).for_each(|(m, t)| *m |= t);
        }
        let branches = self
            .branches
            .iter()
            .map(|branch| Ok(Arc::new(batch_program(branch, mask, &marks, axis)?.0)));
        let cond = Cond::new(branches.collect::<RuleResult<_>>()?);
        let y = bind(cond, &x.iter().collect::<Vec<_>>());
        Ok(y.into_iter().zip(marks).collect())
    }
    fn flops(&self, _: &[Type], _: &[Type]) -> u64 {
        self.branches.iter().map(|b| b.flops()).max().unwrap_or(0)
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        self.branches.iter().collect()
    }
    fn programs_mut(&mut self) -> Vec<&mut Arc<Program>> {
        // The parser fills the branches in one by one after reading their number, which a hostile
        // text may exaggerate; the type rule compares it with what is there.
        self.branches.resize(self.count.min(MAX_BRANCHES), Arc::default());
        self.branches.iter_mut().collect()
    }
    fn examples() -> Vec<Example> {
        let v = Type::new(DType::F64, [2]);
        let types = [v.clone(), v];
        let branch = |f: fn(&[Expr]) -> Expr| {
            let closed = trace("cond", &types, |x| -> RuleResult<Vec<Expr>> { Ok(vec![f(x)]) });
            Arc::new(closed.expect("invariant: the example's branches are well typed").program)
        };
        let cond = Cond::new(vec![
            branch(|x| &x[0].sin() * &x[1]),
            branch(|x| (&x[0] * &x[0]).exp()),
            branch(|x| x[1].log()),
        ]);
        [0.0, 1.0, 5.0]
            .map(|i| {
                Example::new(cond.clone(), &[&[], &[2], &[2]])
                    .dtype(0, DType::I64)
                    .fill(0, Fill::Values(vec![i]))
            })
            .into()
    }
}
