//! Workers: processes that answer a row's name with its time, one line each way.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How long a worker may take to get ready, and to answer.
const PATIENCE: Duration = Duration::from_secs(240);

/// How a worker is started.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// Its name in tables.
    pub(crate) label: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// Variables of its environment.
    pub(crate) env: Vec<(String, String)>,
}

/// A running worker. It sleeps (is stopped) except while it answers.
pub(crate) struct Worker {
    pub(crate) label: String,
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// Bytes resident once it was ready.
    pub(crate) resident: Option<u64>,
}

/// The cores that a run is held on: the last `threads` of the machine.
fn cores(threads: usize) -> String {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let first = all.saturating_sub(threads);
    (first..all.max(first + 1)).map(|c| c.to_string()).collect::<Vec<_>>().join(",")
}

/// Whether a program of this name can be started.
pub(crate) fn is_there(program: &str) -> bool {
    let quiet = || Stdio::null();
    let probe = Command::new(program).arg("--version").stdout(quiet()).stderr(quiet()).status();
    probe.is_ok_and(|status| status.success())
}

/// A command held on `threads` cores, if the machine has `taskset`, with every thread variable set.
pub(crate) fn command(spec: &Spec, threads: usize) -> Command {
    let held = is_there("taskset");
    let words: Vec<String> = if held {
        let prefix = ["taskset".to_string(), "-c".to_string(), cores(threads)];
        prefix.into_iter().chain(spec.command.iter().cloned()).collect()
    } else {
        spec.command.clone()
    };
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).envs(spec.env.iter().map(|(k, v)| (k, v)));
    for variable in
        ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"]
    {
        command.env(variable, threads.to_string());
    }
    command.env("CUDA_VISIBLE_DEVICES", "").env("JAX_PLATFORMS", "cpu");
    command
}

impl Worker {
    /// Starts a worker and waits until it is ready; it is asleep afterwards.
    pub(crate) fn start(spec: &Spec, threads: usize) -> Result<Worker, String> {
        let failed = |why: String| format!("{}: {why}", spec.label);
        let mut child = command(spec, threads)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| failed(format!("`{}` does not start: {e}", spec.command.join(" "))))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no standard input and output".into()));
        };
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut worker = Worker { label: spec.label.clone(), child, input, lines, resident: None };
        worker.answer()?;
        worker.resident = worker.status("VmRSS");
        worker.signal("STOP");
        Ok(worker)
    }

    /// Sends a signal. There is no safe call for this in the standard library, so the system's
    /// command does it.
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        // A worker that is gone is noticed when it does not answer.
        let _ = Command::new("kill").args([&format!("-{name}"), &pid]).status();
    }

    /// The next line of the protocol.
    fn answer(&mut self) -> Result<Value, String> {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some(json) = line.strip_prefix("@@") {
                        let error = |e| format!("{}: `{line}` is not JSON: {e}", self.label);
                        return serde_json::from_str(json).map_err(error);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("{}: no answer in {PATIENCE:?}", self.label));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("{}: it has ended", self.label));
                }
            }
        }
    }

    /// Runs a row for some seconds; what the worker says of it.
    pub(crate) fn run(&mut self, row: &str, seconds: f64) -> Result<Value, String> {
        self.signal("CONT");
        let said = writeln!(self.input, "{row} {seconds}").and_then(|()| self.input.flush());
        let answer = match said {
            Ok(()) => self.answer(),
            Err(e) => Err(format!("{}: {e}", self.label)),
        };
        self.signal("STOP");
        answer
    }

    /// A field of the process's status, in bytes, where the system has it.
    pub(crate) fn status(&self, field: &str) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).ok()?;
        field_of(&text, field)
    }

    /// Forgets the largest resident size so far; whether the system can.
    pub(crate) fn forget_peak(&self) -> bool {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").is_ok()
    }
}

/// `VmRSS:   1234 kB`, in bytes.
fn field_of(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may be gone already; either way it is not left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_status_are_bytes() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t     4 kB\n";
        assert_eq!(field_of(status, "VmHWM"), Some(2 << 20));
        assert_eq!(field_of(status, "VmRSS"), Some(4096));
        assert_eq!(field_of(status, "VmSwap"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_worker_answers_and_a_dead_one_says_so() {
        let script = |s: &str| Spec {
            label: "echo".into(),
            command: vec!["sh".into(), "-c".into(), s.into()],
            env: vec![],
        };
        let answers = "echo '@@{}'; while read row s; do echo noise; echo \"@@{\\\"w\\\":\\\"$row\\\"}\"; done";
        let mut worker = Worker::start(&script(answers), 1).expect("it starts");
        assert_eq!(worker.run("tiny", 0.1).expect("an answer")["w"], "tiny");
        assert_eq!(worker.run("lstm", 0.1).expect("an answer")["w"], "lstm");
        assert!(Worker::start(&script("exit 1"), 1).is_err());
    }
}
