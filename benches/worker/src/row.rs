//! What a row is: a step to time, numbers to check, and the program behind it.

use mathesis::optim::State;
use mathesis::prelude::*;
use mathesis::program::Traced;
use mathesis::trace;

/// A step that can be run again and again, and what it must compute.
pub(crate) struct Job {
    pub(crate) step: Box<dyn FnMut()>,
    pub(crate) checks: Checks,
}

/// Names and values.
pub(crate) type Checks = Vec<(&'static str, f64)>;

/// A row of the bench. It is either run or looked at: only one of the two is made, because a
/// state that is held twice cannot be updated in place.
pub(crate) struct Row {
    job: Box<dyn FnOnce() -> Job>,
    program: Box<dyn FnOnce() -> (Traced, Vec<Tensor>)>,
}

impl Row {
    /// A compiled function of arguments that do not change.
    pub(crate) fn function<X: Tree + 'static, Y: Tree + 'static>(
        f: impl Fn(&X) -> Y + Clone + 'static,
        x: X,
        checks: impl FnOnce(&Y) -> Checks + 'static,
    ) -> Row {
        let (g, again) = (f.clone(), x.map(Tensor::clone));
        let job = move || {
            let f = jit(f);
            let checks = checks(&f(&x));
            Job { step: Box::new(move || drop(f(&x))), checks }
        };
        let program = move || (trace(g)(&again), again.leaves());
        Row { job: Box::new(job), program: Box::new(program) }
    }

    /// A compiled training step: loss and gradient, then the rule's update. The checks are the
    /// losses of the first step and of the one ten steps later.
    pub(crate) fn training<M: Tree + 'static, B: Tree + 'static>(
        model: M,
        rule: impl Rule<M> + Clone + 'static,
        loss: fn(&M, &B) -> Tensor,
        batch: B,
    ) -> Row {
        let start = (rule.init(&model), model);
        let step = move |(state, model): &(State<M>, M), batch: &B| {
            let (value, gradient) = value_and_grad(|m: &M| loss(m, batch))(model);
            let (updates, state) = rule.update(gradient, state, model);
            ((state, apply_updates(model, &updates)), value)
        };
        let (traced, again) =
            (step.clone(), ((start.0.map(Tensor::clone)), start.1.map(Tensor::clone)));
        let batch_again = batch.map(Tensor::clone);
        let job = move || {
            let step = jit_step(step);
            let mut state = Some(start);
            let mut next = move || {
                let before = state.take().expect("invariant: every step leaves a state");
                let (after, value) = step(before, &batch);
                state = Some(after);
                value
            };
            let first = next().item();
            (0..9).for_each(|_| drop(next()));
            let tenth = next().item();
            let checks = vec![("loss0", first), ("loss10", tenth)];
            Job { step: Box::new(move || drop(next())), checks }
        };
        let program = move || {
            let all = (again, batch_again);
            (trace(|(s, b): &((State<M>, M), B)| traced(s, b))(&all), all.leaves())
        };
        Row { job: Box::new(job), program: Box::new(program) }
    }

    /// The row, to be run.
    pub(crate) fn job(self) -> Job {
        let Row { job, program } = self;
        drop(program); // it holds the state, too
        job()
    }

    /// The program of the row's step, with its arguments.
    pub(crate) fn program(self) -> (Traced, Vec<Tensor>) {
        (self.program)()
    }
}

/// Element `index` of a tensor, as the one check of a row.
pub(crate) fn element(x: &Tensor, index: &[usize]) -> Checks {
    let offset = index.iter().zip(x.shape()).fold(0, |at, (&i, &n)| at * n + i);
    let flat = x.reshape(&[x.shape().iter().product()]);
    vec![("check", flat.slice_axis(0, offset, offset + 1).item())]
}
