//! The instructions of a loop.

use super::chains::{Link, linked};
use super::source::{Sources, Squeezed};
use super::{Extent, Fused, Instruction, Place, Reading, Unit, View};
use array::DType;
use array::shape::same;
use foldhash::fast::RandomState;
use ir::{Prim, Var};
use smallvec::SmallVec;
use std::collections::HashMap;

/// An operand before registers are given out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Input(u16),
    /// The result of an instruction.
    Made(usize),
}

/// An instruction before registers are given out.
pub(super) struct Draft {
    pub(super) prim: Prim,
    pub(super) inputs: SmallVec<[Value; 4]>,
    pub(super) then: SmallVec<[Link; 2]>,
    /// The variable that it makes; none for repetitions along rows.
    makes: Option<Var>,
    pub(super) dtype: DType,
    pub(super) extent: Extent,
}

/// One loop of these equations; an equation of its own where there is nothing to fuse.
pub(super) fn loop_of(sources: &Sources<'_>, members: &[usize], read_outside: &[bool]) -> Unit {
    let program = sources.program;
    let equations = program.equations();
    if let [only] = members {
        let eq = &equations[*only];
        let shape = &program.ty(eq.first).shape;
        let whole = |v: Var| sources.of(v) == v && same(&program.ty(v).shape, shape);
        if matches!(eq.prim, Prim::Reduce(_)) || eq.inputs.iter().all(|&v| whole(v)) {
            return Unit::Equation(*only);
        }
    }
    let (squeezed, row) = shape_of(sources, members);
    let shape = sources.axes(squeezed).to_vec();
    let mut loop_ = Drafts {
        sources,
        rows: rows_of(&shape, row),
        inputs: vec![],
        readings: vec![],
        code: vec![],
        made: HashMap::default(),
        read: HashMap::default(),
    };
    for &i in members {
        let eq = &equations[i];
        let folds = matches!(eq.prim, Prim::Reduce(_));
        let result = program.ty(eq.first);
        let wide = !folds && sources.squeezed(eq.first) == squeezed;
        let extent = if wide { Extent::Element } else { Extent::Row };
        let from = if folds { Extent::Element } else { extent };
        let inputs = eq.inputs.iter().map(|&v| loop_.operand(v, from)).collect();
        loop_.made.insert((eq.first, extent), Value::Made(loop_.code.len()));
        let (prim, dtype) = (eq.prim.clone(), result.dtype);
        let (makes, then) = (Some(eq.first), SmallVec::new());
        loop_.code.push(Draft { prim, inputs, then, makes, dtype, extent });
    }
    let Drafts { inputs, readings, code, .. } = loop_;
    let made = code.iter().filter_map(|d| d.makes);
    let outputs: Vec<Var> = made.filter(|v| read_outside[v.index()]).collect();
    let returned: Vec<bool> =
        code.iter().map(|d| d.makes.is_some_and(|v| outputs.contains(&v))).collect();
    let (code, registers) = with_registers(linked(code, &returned), &outputs);
    let results = outputs
        .iter()
        .map(|&v| {
            let ty = program.ty(v).clone();
            let wide = sources.squeezed(v) == squeezed;
            (ty, if wide { Extent::Element } else { Extent::Row })
        })
        .collect();
    Unit::Loop { fused: Fused { shape, row, readings, code, registers, results }, inputs, outputs }
}

/// The shape of a loop, and the elements of a row.
fn shape_of(sources: &Sources<'_>, members: &[usize]) -> (Squeezed, usize) {
    let program = sources.program;
    let equations = program.equations();
    for &i in members {
        if matches!(equations[i].prim, Prim::Reduce(_)) {
            let folded = program.ty(equations[i].inputs[0]);
            let row = folded.len() / program.ty(equations[i].first).len();
            return (sources.squeezed(equations[i].inputs[0]), row);
        }
    }
    (sources.squeezed(equations[members[0]].first), 1)
}

/// The leading axes of a loop's shape, over which its rows go; none where each element is a row.
fn rows_of(shape: &[usize], row: usize) -> Option<Vec<usize>> {
    let mut inner = 1;
    let mut leading = shape.len();
    while leading > 0 && inner < row {
        leading -= 1;
        inner *= shape[leading];
    }
    (row > 1 && inner == row).then(|| shape[..leading].to_vec())
}

/// A loop in the making.
struct Drafts<'a> {
    sources: &'a Sources<'a>,
    /// The shape of one value for each row.
    rows: Option<Vec<usize>>,
    inputs: Vec<Var>,
    readings: Vec<Reading>,
    code: Vec<Draft>,
    /// Results of the loop's equations.
    made: HashMap<(Var, Extent), Value, RandomState>,
    /// Operands that have been looked up before.
    read: HashMap<(Var, Extent), Value, RandomState>,
}

impl Drafts<'_> {
    /// Where an instruction finds `v`, read for every element or every row.
    fn operand(&mut self, v: Var, extent: Extent) -> Value {
        if let Some(&value) = self.read.get(&(v, extent)) {
            return value;
        }
        let same = self.sources.same(v);
        let from = self.sources.of(v);
        let value = if let Some(&value) = self.made.get(&(same, extent)) {
            value
        } else if let Some(&rows) = self.made.get(&(from, Extent::Row)) {
            // One value for each row, made here, repeated along it.
            self.repeated(v, rows)
        } else if extent == Extent::Element
            && self.rows.as_ref().is_some_and(|rows| self.sources.fills_rows(v, rows))
        {
            // The same, made elsewhere.
            let rows = self.read(from, Reading { view: View::Whole, extent: Extent::Row });
            self.repeated(v, rows)
        } else {
            self.read(from, Reading { view: self.sources.view(v), extent })
        };
        self.read.insert((v, extent), value);
        value
    }

    /// An operand of the loop. The same array may be read in several ways.
    fn read(&mut self, from: Var, reading: Reading) -> Value {
        let found =
            (0..self.inputs.len()).find(|&k| self.inputs[k] == from && self.readings[k] == reading);
        let k = found.unwrap_or_else(|| {
            self.inputs.push(from);
            self.readings.push(reading);
            self.inputs.len() - 1
        });
        Value::Input(k as u16)
    }

    /// The repetition along rows that makes `v`.
    fn repeated(&mut self, v: Var, rows: Value) -> Value {
        let eq = self.sources.equation(self.sources.same(v));
        let eq = eq.expect("invariant: a repetition has an equation");
        self.code.push(Draft {
            prim: self.sources.program.equations()[eq].prim.clone(),
            inputs: SmallVec::from_slice(&[rows]),
            then: SmallVec::new(),
            makes: None,
            dtype: self.sources.program.ty(v).dtype,
            extent: Extent::Element,
        });
        Value::Made(self.code.len() - 1)
    }
}

/// Gives every value a place; registers are used again as soon as they have been read for the
/// last time.
fn with_registers(drafts: Vec<Draft>, outputs: &[Var]) -> (Vec<Instruction>, Vec<(DType, Extent)>) {
    let mut last: Vec<usize> = vec![0; drafts.len()];
    for (k, draft) in drafts.iter().enumerate() {
        for value in &draft.inputs {
            if let Value::Made(i) = value {
                last[*i] = k;
            }
        }
    }
    let mut places: Vec<Place> = vec![];
    let mut registers: Vec<(DType, Extent)> = vec![];
    let mut free: Vec<u16> = vec![];
    let mut code = vec![];
    for (k, draft) in drafts.into_iter().enumerate() {
        let result = draft.makes.and_then(|v| outputs.iter().position(|&o| o == v));
        let output = match result {
            Some(result) => Place::Result(result as u16),
            None => {
                let kind = (draft.dtype, draft.extent);
                let reuse = free.iter().position(|&r| registers[r as usize] == kind);
                Place::Register(match reuse {
                    Some(at) => free.swap_remove(at),
                    None => {
                        registers.push(kind);
                        registers.len() as u16 - 1
                    }
                })
            }
        };
        places.push(output);
        let place = |value: &Value| match value {
            Value::Input(i) => Place::Input(*i),
            Value::Made(i) => places[*i],
        };
        let inputs: SmallVec<[Place; 4]> = draft.inputs.iter().map(place).collect();
        // Registers are given back after the result has got its own: operands are intact while
        // it is written.
        for (n, value) in draft.inputs.iter().enumerate() {
            if let (Value::Made(i), Place::Register(r)) = (value, inputs[n])
                && last[*i] == k
                && !draft.inputs[..n].contains(value)
            {
                free.push(r);
            }
        }
        let Draft { prim, then, extent, .. } = draft;
        code.push(Instruction { prim, inputs, then, output, extent });
    }
    (code, registers)
}
