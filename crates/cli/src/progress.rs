//! What a person sees of a running training: a bar on a terminal, lines elsewhere.

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use train::{Metrics, Observer, Progress};

/// Set by the first Ctrl-C; the second ends the process at once.
static STOP: AtomicBool = AtomicBool::new(false);
static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);

/// The exit status of a process that an interrupt ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// Lets Ctrl-C finish the step, save a checkpoint and stop.
///
/// # Errors
/// When the handler cannot be installed.
pub(crate) fn listen_for_interrupts() -> Result<(), String> {
    ctrlc::set_handler(|| {
        STOP.store(true, Ordering::Relaxed);
        if INTERRUPTS.fetch_add(1, Ordering::Relaxed) > 0 {
            std::process::exit(i32::from(INTERRUPTED));
        }
    })
    .map_err(|e| format!("cannot listen for Ctrl-C: {e}"))
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Shows a run's progress on standard error.
pub(crate) struct Watcher {
    bar: Option<ProgressBar>,
    quiet: bool,
    label: String,
    begun: Instant,
    examples: usize,
    steps: usize,
    shown: Instant,
}

impl Watcher {
    /// A watcher; `label` stands before every line (which seed it is, say).
    pub(crate) fn new(quiet: bool, label: String) -> Watcher {
        let now = Instant::now();
        Watcher { bar: None, quiet, label, begun: now, examples: 0, steps: 0, shown: now }
    }

    /// Clears the bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Watcher {
    fn started(&mut self, summary: &str) {
        if self.quiet {
            return;
        }
        eprintln!("{}{summary}", self.label);
        if std::io::stderr().is_terminal() {
            let bar =
                ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(10));
            let template = "{prefix}{wide_bar} {pos:>3}/{len} epochs  {msg}";
            let style = ProgressStyle::with_template(template)
                .expect("invariant: the template is well formed")
                .progress_chars("█▉▊▋▌▍▎▏ ");
            bar.set_style(style);
            bar.set_prefix(self.label.clone());
            self.bar = Some(bar);
        }
        self.begun = Instant::now();
    }

    fn step(&mut self, p: &Progress) {
        self.examples += p.examples;
        self.steps += 1;
        let Some(bar) = &self.bar else { return };
        if self.shown.elapsed() < Duration::from_millis(50) {
            return;
        }
        self.shown = Instant::now();
        bar.set_length(p.epochs as u64);
        bar.set_position(p.epoch as u64 - 1);
        // From the steps of this call alone: a resumed run begins in the middle.
        let seconds = self.begun.elapsed().as_secs_f64().max(1e-9);
        let left = (p.epochs * p.batches) - ((p.epoch - 1) * p.batches + p.batch);
        let left = Duration::from_secs_f64(seconds / self.steps as f64 * left as f64);
        bar.set_message(format!(
            "loss {:.4}  {} {:.1} %  {:.0} examples/s  {:#} left",
            p.loss,
            p.score_name,
            100.0 * p.score,
            self.examples as f64 / seconds,
            HumanDuration(Duration::from_secs(left.as_secs_f64().ceil() as u64))
        ));
    }

    fn epoch(&mut self, m: &Metrics, epochs: usize, score_name: &'static str) {
        if let Some(bar) = &self.bar {
            bar.set_length(epochs as u64);
            bar.set_position(m.epoch as u64);
            return;
        }
        // A line per epoch is too much for a log of a long run: twenty of them, and the last.
        let every = epochs.div_ceil(20).max(1);
        if !self.quiet && (m.epoch.is_multiple_of(every) || m.epoch == epochs || m.epoch == 1) {
            eprintln!(
                "{}epoch {}/{epochs}: loss {:.4}, {score_name} {:.2} %; held out: loss {:.4}, \
                 {score_name} {:.2} %",
                self.label,
                m.epoch,
                m.training_loss,
                100.0 * m.training_score,
                m.held_out_loss,
                100.0 * m.held_out_score
            );
        }
    }

    fn stop(&self) -> bool {
        interrupted()
    }
}
