//! What a program costs, counted from its text: operations, traffic, memory.
//!
//! The rules, so that numbers can be compared:
//!
//! - **Operations** are those of each primitive's [`flops`](crate::Primitive::flops): a
//!   multiply-add counts 2, a transcendental function 1, moving elements 0.
//! - **Traffic** is what the reference evaluator would move: every equation reads its operands and
//!   writes its results once. Fusion only lowers it.
//! - **Memory** is the most that is alive at once: inputs are held by the caller and live
//!   throughout, outputs live to the end, every other value from its equation to its last use.
//!   An equation's operands and results are alive together (nothing is done in place).
//! - **Control flow** counts its bodies as often as they run. The primitive knows: the ratio of
//!   its own operations to its bodies' together says how often they run on average (a `scan`
//!   counts its length times its body; a `while`, whose length is not known, its body once). Bodies
//!   without operations count once. While bodies run, the largest of their own memories, less the
//!   inputs that it shares with the equation, is alive too.

use crate::program::{Equation, Program};
use array::Type;
use std::fmt;

/// The cost of a program or of one equation.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Cost {
    /// Floating-point (or integer) operations.
    pub flops: u64,
    /// Bytes of operands read.
    pub bytes_read: u64,
    /// Bytes of results written.
    pub bytes_written: u64,
    /// The most bytes alive at once.
    pub peak_memory: u64,
    /// Equations run.
    pub equations: u64,
    /// Numbers among the inputs that are floats: what a derivative would have components for.
    pub parameters: u64,
}

impl Cost {
    /// Operations per byte moved: below what the machine does per byte, memory is the limit.
    pub fn intensity(&self) -> f64 {
        self.flops as f64 / self.traffic().max(1) as f64
    }

    /// Bytes moved.
    pub fn traffic(&self) -> u64 {
        self.bytes_read.saturating_add(self.bytes_written)
    }
}

/// A number with a decimal prefix: `1.23 M`.
fn scaled(n: u64) -> String {
    const PREFIXES: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    let step = (0..6).find(|&k| n < 1000_u64.pow(k + 1)).unwrap_or(6);
    if step == 0 {
        return format!("{n} ");
    }
    format!("{:.2} {}", n as f64 / 1000_f64.powi(step as i32), PREFIXES[step as usize])
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}flop, {}B read, {}B written, {}B alive, {} equations, {} parameters",
            scaled(self.flops),
            scaled(self.bytes_read),
            scaled(self.bytes_written),
            scaled(self.peak_memory),
            self.equations,
            self.parameters
        )
    }
}

/// Bytes of all these arrays.
fn bytes<'a>(types: impl IntoIterator<Item = &'a Type>) -> u64 {
    types.into_iter().fold(0, |n, t| n.saturating_add(t.bytes() as u64))
}

impl Program {
    /// The cost of running the program once; see [`crate::cost`] for the rules.
    ///
    /// ```
    /// let p = ir::parse("program(%0: f64[4,4], %1: f64[4,4]) {
    ///     %2 = dot_general(contract: ([1], [0]), batch: ([], [])) %0 %1
    ///     %3 = tanh %2
    ///     return %3
    /// }").unwrap();
    /// let cost = p.cost();
    /// assert_eq!(cost.flops, 2 * 4 * 4 * 4 + 16);
    /// assert_eq!((cost.bytes_read, cost.bytes_written), (3 * 128, 2 * 128));
    /// assert_eq!(cost.peak_memory, 4 * 128); // both inputs, %2 and %3
    /// ```
    pub fn cost(&self) -> Cost {
        let floats = self.input_types().iter().filter(|t| t.dtype.is_float());
        let parameters = floats.fold(0_u64, |n, t| n.saturating_add(t.len() as u64));
        let held = bytes(self.input_types());
        let mut total = Cost { parameters, peak_memory: held, ..Cost::default() };
        let last = self.last_uses();
        let is_output = {
            let mut marks = vec![false; self.variables()];
            self.outputs().iter().for_each(|v| marks[v.index()] = true);
            marks
        };
        let mut alive = held;
        for (i, eq) in self.equations().iter().enumerate() {
            let cost = self.equation_cost(eq);
            total.flops = total.flops.saturating_add(cost.flops);
            total.bytes_read = total.bytes_read.saturating_add(cost.bytes_read);
            total.bytes_written = total.bytes_written.saturating_add(cost.bytes_written);
            total.equations = total.equations.saturating_add(cost.equations);
            alive = alive.saturating_add(bytes(eq.results().map(|v| self.ty(v))));
            let own = bytes(
                eq.inputs.iter().chain(&eq.results().collect::<Vec<_>>()).map(|&v| self.ty(v)),
            );
            let inside = cost.peak_memory.saturating_sub(own);
            total.peak_memory = total.peak_memory.max(alive.saturating_add(inside));
            // What is read for the last time here dies, as does a result that nothing reads.
            let mut dead: Vec<_> =
                eq.inputs.iter().filter(|v| last[v.index()] == i).copied().collect();
            dead.extend(
                eq.results().filter(|v| last[v.index()] == usize::MAX && !is_output[v.index()]),
            );
            dead.retain(|v| v.index() >= self.input_types().len());
            dead.sort_unstable();
            dead.dedup();
            alive = alive.saturating_sub(bytes(dead.iter().map(|&v| self.ty(v))));
        }
        total
    }

    /// The cost of running one of the program's equations once; its memory is that of its
    /// operands, its results and what its bodies need besides.
    pub fn equation_cost(&self, eq: &Equation) -> Cost {
        let x: Vec<Type> = eq.inputs.iter().map(|&v| self.ty(v).clone()).collect();
        let y: Vec<Type> = eq.results().map(|v| self.ty(v).clone()).collect();
        let flops = eq.prim.rules().flops(&x, &y);
        let bodies: Vec<Cost> = eq.prim.rules().programs().iter().map(|p| p.cost()).collect();
        let inner_flops = bodies.iter().fold(0_u64, |n, b| n.saturating_add(b.flops));
        let runs = if inner_flops == 0 { 1.0 } else { flops as f64 / inner_flops as f64 };
        let times = |n: u64| (n as f64 * runs).round() as u64;
        let mut cost = Cost {
            flops,
            bytes_read: bytes(&x),
            bytes_written: bytes(&y),
            peak_memory: bytes(&x).saturating_add(bytes(&y)),
            equations: 1,
            parameters: 0,
        };
        let mut inside = 0;
        for (body, program) in bodies.iter().zip(eq.prim.rules().programs()) {
            cost.bytes_read = cost.bytes_read.saturating_add(times(body.bytes_read));
            cost.bytes_written = cost.bytes_written.saturating_add(times(body.bytes_written));
            cost.equations = cost.equations.saturating_add(times(body.equations));
            let shared = bytes(program.input_types());
            inside = inside.max(body.peak_memory.saturating_sub(shared));
        }
        cost.peak_memory = cost.peak_memory.saturating_add(inside);
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_what_is_alive_together() {
        // A chain frees as it goes: the input, and two values at a time.
        let chain = crate::parse(
            "program(%0: f64[10]) {
               %1 = exp %0
               %2 = exp %1
               %3 = exp %2
               return %3
             }",
        );
        assert_eq!(chain.unwrap().cost().peak_memory, 3 * 80);
        // %1 is used twice and lives on until the end.
        let kept = crate::parse(
            "program(%0: f64[10]) {
               %1 = exp %0
               %2 = exp %1
               %3 = exp %2
               %4 = add %3 %1
               return %4
             }",
        );
        assert_eq!(kept.unwrap().cost().peak_memory, 4 * 80);
        // A result that nothing reads dies at once; an operand named twice dies once.
        let dead = crate::parse(
            "program(%0: f64[10]) {
               %1 = exp %0
               %2 = exp %0
               %3 = mul %2 %2
               %4 = exp %3
               return %4
             }",
        );
        assert_eq!(dead.unwrap().cost().peak_memory, 3 * 80);
    }

    #[test]
    fn printed_with_prefixes() {
        let cost = Cost { flops: 2_500_000, bytes_read: 999, ..Cost::default() };
        let shown = "2.50 Mflop, 999 B read, 0 B written, 0 B alive, 0 equations, 0 parameters";
        assert_eq!(cost.to_string(), shown);
    }
}
