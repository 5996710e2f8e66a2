//! What becomes of a traced program: its plan, what the plan costs, and where the time goes.

use crate::Tensor;
use crate::execute::expect;
use crate::program::Traced;
use array::{Array, DType, Type, with_dtype};
use engine::StepTime;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// A program, compiled.
#[derive(Clone, Debug)]
pub struct Compiled {
    ready: Arc<engine::Executable>,
    captured: Vec<Array>,
}

/// One step of a plan: what it does, what it costs, how long it took.
#[derive(Clone, PartialEq, Debug)]
pub struct StepProfile {
    /// What is computed.
    pub name: String,
    /// Types of the operands and of the results: `f32[2,3] f32[3] → f32[2]`.
    pub types: String,
    /// The dtype in which it computes: the widest float among its results or operands.
    pub dtype: DType,
    /// Floating-point operations; a multiply-add counts 2, a transcendental function 1.
    pub flops: u64,
    /// Bytes of operands and results, each once.
    pub bytes: u64,
    /// The median time over the runs, of all its iterations where it is inside a loop.
    pub seconds: f64,
    /// How many times it runs in one run of the program.
    pub iterations: usize,
    /// The steps of the loop's body, or of the branch that was taken.
    pub inside: Vec<StepProfile>,
}

/// A plan's steps, timed, and the time of a whole run without a clock inside.
#[derive(Clone, PartialEq, Debug)]
pub struct Profile {
    /// The steps in order.
    pub steps: Vec<StepProfile>,
    /// The median time of a run.
    pub seconds: f64,
}

impl Traced {
    /// Compiles the program.
    ///
    /// # Panics
    /// When it captures something that an enclosing transformation traces.
    ///
    /// ```
    /// use tensor::{Tensor, trace};
    /// let x = Tensor::from([1.0, 4.0]);
    /// let program = trace(|x: &Tensor| x.sqrt() + 1.0)(&x).compile();
    /// assert_eq!(program.run(&[x])[0].to_vec::<f64>(), [2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn compile(&self) -> Compiled {
        let captured = self.captured().iter().map(Tensor::value).collect();
        let ready = Arc::new(engine::Executable::new(compile::compile(self.program())));
        Compiled { ready, captured }
    }

    /// The program after each pass of the compiler, with the pass's name; those that change nothing
    /// are left out.
    ///
    /// ```
    /// use tensor::{Tensor, trace};
    /// let program = trace(|x: &Tensor| x * 1.0 + x.sqrt() * x.sqrt())(&Tensor::from(4.0));
    /// let names: Vec<&str> = program.passes().iter().map(|(name, _)| *name).collect();
    /// assert_eq!(names, ["simplify", "common_subexpressions", "dead_code"]);
    /// ```
    pub fn passes(&self) -> Vec<(&'static str, Traced)> {
        let mut before = self.program().clone();
        let mut all = vec![];
        for (name, pass) in compile::PASSES {
            let after = pass(&before).into_owned();
            if after != before {
                all.push((name, self.with_program(after.clone())));
            }
            before = after;
        }
        all
    }

    /// Floating-point operations and bytes that no plan can do without: the operations of the
    /// simplified program, and its inputs and outputs moved once.
    pub fn work(&self) -> (u64, u64) {
        let program = compile::optimise(self.program());
        let outputs = program.outputs().iter().map(|&v| program.ty(v));
        let bytes = program.input_types().iter().chain(outputs).map(|t| t.bytes() as u64).sum();
        (program.flops(), bytes)
    }
}

impl Compiled {
    /// The plan as text, a step a line. `s0†` is the last use of slot 0.
    pub fn text(&self) -> String {
        self.ready.plan().to_string()
    }

    /// Runs the program on the leaves of its arguments, in order.
    ///
    /// # Panics
    /// When they do not have the types that were traced.
    #[track_caller]
    pub fn run(&self, arguments: &[Tensor]) -> Vec<Tensor> {
        let results = expect(self.ready.run(self.inputs(arguments)));
        results.into_iter().map(Tensor::new).collect()
    }

    /// The median time of a run in a loop of `runs`, arguments kept: for programs so small that
    /// what is around their kernels counts.
    ///
    /// # Panics
    /// As [`Compiled::run`].
    #[track_caller]
    pub fn seconds_per_run(&self, arguments: &[Tensor], runs: usize) -> f64 {
        let inputs = self.inputs(arguments);
        let sample = || {
            let start = Instant::now();
            for _ in 0..runs.max(1) {
                drop(expect(self.ready.run(inputs.clone())));
            }
            start.elapsed().as_secs_f64() / runs.max(1) as f64
        };
        median((0..11).map(|_| sample()).collect())
    }

    /// Number of steps of the plan.
    pub fn steps(&self) -> usize {
        self.ready.plan().steps().len()
    }

    /// Bytes of results that a run holds at once, at most, beside its arguments: less where a
    /// result takes over the memory of an operand.
    pub fn peak_bytes(&self) -> usize {
        self.ready.plan().peak_bytes()
    }

    /// Runs the program many times, and says where the time goes. Each run has arguments of its
    /// own, which it may overwrite.
    ///
    /// # Panics
    /// As [`Compiled::run`].
    ///
    /// ```
    /// use tensor::{Tensor, trace};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let profile = trace(|x: &Tensor| x.matmul(x).tanh())(&x).compile().profile(&[x], 3);
    /// assert_eq!(profile.steps[0].flops, 2 * 2 * 2 * 2);
    /// assert!(profile.seconds > 0.0);
    /// ```
    #[track_caller]
    pub fn profile(&self, arguments: &[Tensor], runs: usize) -> Profile {
        let inputs = self.inputs(arguments);
        let mut whole: Vec<f64> = vec![];
        let mut timed: Vec<Vec<StepTime>> = vec![];
        for _ in 0..runs.max(1) {
            let own = inputs.iter().map(copy).collect();
            let start = Instant::now();
            let results = expect(self.ready.run(own));
            whole.push(start.elapsed().as_secs_f64());
            drop(results);
            let own = inputs.iter().map(copy).collect();
            timed.push(expect(self.ready.run_timed(own)).1);
        }
        let plan = self.ready.plan();
        let mut steps = profiles(plan, &timed.iter().map(|t| &t[..]).collect::<Vec<_>>());
        // Loops and branches once more, for what is inside them.
        if plan.steps().iter().any(|step| !step.bodies.is_empty()) {
            let inside = |_| expect(self.ready.run_timed_inside(inputs.clone())).1;
            let timed: Vec<Vec<StepTime>> = (0..runs.clamp(1, RUNS_INSIDE)).map(inside).collect();
            let inside = profiles(plan, &timed.iter().map(|t| &t[..]).collect::<Vec<_>>());
            for (step, from) in steps.iter_mut().zip(inside) {
                step.inside = from.inside;
            }
        }
        Profile { steps, seconds: median(whole) }
    }

    #[track_caller]
    fn inputs(&self, arguments: &[Tensor]) -> Vec<Array> {
        arguments.iter().map(Tensor::value).chain(self.captured.iter().cloned()).collect()
    }
}

/// How many times loops are run for what is inside them, at most.
const RUNS_INSIDE: usize = 5;

/// The steps of a plan with their median times over some runs.
fn profiles(plan: &compile::Plan, runs: &[&[StepTime]]) -> Vec<StepProfile> {
    let of = |(i, step): (usize, &compile::Step)| {
        let one = &runs[0][i];
        let outputs: Vec<Type> = one.outputs.iter().flatten().cloned().collect();
        let all = || one.inputs.iter().chain(&outputs);
        let inside: Vec<&engine::Inside> =
            runs.iter().filter_map(|run| run[i].inside.as_ref()).collect();
        StepProfile {
            name: step.operation.name(),
            types: format!("{} → {}", list(&one.inputs), list(&outputs)),
            dtype: if all().any(|t| t.dtype == DType::F64) { DType::F64 } else { DType::F32 },
            flops: step.operation.flops(&one.inputs, &outputs) * one.runs as u64,
            bytes: all().map(|t| t.bytes() as u64).sum::<u64>() * one.runs as u64,
            seconds: median(runs.iter().map(|run| run[i].time.as_secs_f64()).collect()),
            iterations: one.runs,
            inside: match inside.first() {
                Some(first) => profiles(
                    &first.plan,
                    &inside.iter().map(|inside| &inside.steps[..]).collect::<Vec<_>>(),
                ),
                None => vec![],
            },
        }
    };
    plan.steps().iter().enumerate().map(of).collect()
}

/// The same elements in memory of their own.
fn copy(x: &Array) -> Array {
    with_dtype!(x.dtype(), T => Array::from_vec(x.as_slice::<T>().to_vec(), x.shape()))
}

fn list(types: &[Type]) -> String {
    types.iter().map(Type::to_string).collect::<Vec<_>>().join(" ")
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

/// A table of the steps, the slowest first.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut order: Vec<&StepProfile> = self.steps.iter().collect();
        order.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        for step in order {
            let (micro, name, types) = (step.seconds * 1e6, &step.name, &step.types);
            writeln!(
                f,
                "{micro:10.2} µs  {:12} flop {:12} B  {name} {types}",
                step.flops, step.bytes
            )?;
        }
        write!(f, "{:10.2} µs  in all", self.seconds * 1e6)
    }
}
