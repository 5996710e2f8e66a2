//! What becomes of a traced program: its plan, what the plan costs, and where the time goes.

use crate::Tensor;
use crate::execute::expect;
use crate::program::Traced;
use array::{Array, DType, Type, with_dtype};
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
    /// The median time over the runs.
    pub seconds: f64,
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
        let mut each: Vec<Vec<f64>> = vec![vec![]; self.ready.plan().steps().len()];
        let mut steps = vec![];
        for _ in 0..runs.max(1) {
            let own = inputs.iter().map(copy).collect();
            let start = Instant::now();
            let results = expect(self.ready.run(own));
            whole.push(start.elapsed().as_secs_f64());
            drop(results);
            let own = inputs.iter().map(copy).collect();
            let (_, times) = expect(self.ready.run_timed(own));
            for (all, step) in each.iter_mut().zip(&times) {
                all.push(step.time.as_secs_f64());
            }
            steps = times;
        }
        let of = |((step, time), times): ((&compile::Step, engine::StepTime), Vec<f64>)| {
            let outputs: Vec<Type> = time.outputs.into_iter().flatten().collect();
            let all = || time.inputs.iter().chain(&outputs);
            StepProfile {
                name: step.operation.name(),
                types: format!("{} → {}", list(&time.inputs), list(&outputs)),
                dtype: if all().any(|t| t.dtype == DType::F64) { DType::F64 } else { DType::F32 },
                flops: step.operation.flops(&time.inputs, &outputs),
                bytes: all().map(|t| t.bytes() as u64).sum(),
                seconds: median(times),
            }
        };
        let steps = self.ready.plan().steps().iter().zip(steps).zip(each).map(of).collect();
        Profile { steps, seconds: median(whole) }
    }

    #[track_caller]
    fn inputs(&self, arguments: &[Tensor]) -> Vec<Array> {
        arguments.iter().map(Tensor::value).chain(self.captured.iter().cloned()).collect()
    }
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
