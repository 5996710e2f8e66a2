//! The pool: a few threads that spin for a moment and then sleep, and one loop over chunks.
//!
//! A kernel cuts its work into chunks that depend on the problem's size alone, never on the
//! number of threads, and each chunk writes to places of its own. So results are the same bits
//! for any number of threads, and for a pool that is busy.
//!
//! One caller at a time has the pool. Whoever finds it taken, and every loop inside a loop, runs
//! its chunks alone: programs that run at once neither wait for one another nor bring more
//! threads than there are cores.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// A loop that is being run: lives on its caller's stack.
struct Job<'a> {
    body: &'a (dyn Fn(usize) + Sync),
    chunks: usize,
    next: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Job<'_> {
    /// Runs chunks until there are none left. A panic is kept for the caller, and ends the loop.
    fn work(&self) {
        let run = || {
            loop {
                let i = self.next.fetch_add(1, Ordering::Relaxed);
                if i >= self.chunks {
                    return;
                }
                (self.body)(i);
            }
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            self.next.store(self.chunks, Ordering::Relaxed);
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
        }
    }
}

/// The state word: the number of workers inside the job in the low bits, whether further ones
/// may enter, and above that the number of the job.
const OPEN: u64 = 1 << 16;
const INSIDE: u64 = OPEN - 1;
const NUMBER: u64 = OPEN << 1;

struct Pool {
    state: AtomicU64,
    job: AtomicPtr<Job<'static>>,
    /// Held by whoever runs a loop. Counts the workers that have been started.
    owner: Mutex<usize>,
    /// Number of workers asleep, with the signal that wakes them.
    asleep: Mutex<usize>,
    wake: Condvar,
    /// Threads that take part in a loop, the caller included.
    threads: AtomicUsize,
}

static POOL: Pool = Pool {
    state: AtomicU64::new(0),
    job: AtomicPtr::new(std::ptr::null_mut()),
    owner: Mutex::new(0),
    asleep: Mutex::new(0),
    wake: Condvar::new(),
    threads: AtomicUsize::new(0),
};

/// Rounds of waiting before a worker sleeps: some tens of microseconds, the time between two
/// steps of a program. (Miri would take seconds for them, and see no more than in a few.)
const SPINS: u32 = if cfg!(miri) { 8 } else { 2000 };

/// The number of threads that a loop may use, the calling one included.
///
/// By default as many as there are cores.
pub fn threads() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    match POOL.threads.load(Ordering::Relaxed) {
        0 => *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, |n| n.get())),
        n => n,
    }
}

/// Sets the number of threads for all programs of this process. Results do not depend on it.
///
/// # Panics
/// When `n` is 0.
pub fn set_threads(n: usize) {
    assert!(n > 0, "at least the calling thread must run");
    POOL.threads.store(n, Ordering::Relaxed);
}

/// Runs `body(i)` for every `i < chunks`, on several threads where that is possible. A panic in
/// any of them comes out here.
pub(crate) fn for_each_chunk(chunks: usize, body: impl Fn(usize) + Sync) {
    let alone = || (0..chunks).for_each(&body);
    let threads = threads();
    if chunks <= 1 || threads <= 1 {
        return alone();
    }
    match POOL.owner.try_lock() {
        Ok(owner) => share(owner, threads, chunks, &body),
        // A panic inside a loop has been passed on by `share`; the pool itself is as it was.
        Err(std::sync::TryLockError::Poisoned(p)) => share(p.into_inner(), threads, chunks, &body),
        Err(std::sync::TryLockError::WouldBlock) => alone(),
    }
}

fn share(
    mut workers: MutexGuard<'_, usize>,
    threads: usize,
    chunks: usize,
    body: &(dyn Fn(usize) + Sync),
) {
    while *workers + 1 < threads {
        let index = *workers;
        let worker = std::thread::Builder::new()
            .name(format!("mathesis-{index}"))
            .spawn(move || POOL.serve(index));
        if worker.is_err() {
            break; // as many as the system gives
        }
        *workers += 1;
    }
    let job = Job { body, chunks, next: AtomicUsize::new(0), panic: Mutex::new(None) };
    POOL.job.store(std::ptr::from_ref(&job).cast_mut().cast(), Ordering::Relaxed);
    let number = POOL.state.load(Ordering::Relaxed) / NUMBER + 1;
    POOL.state.store(number.wrapping_mul(NUMBER) | OPEN, Ordering::SeqCst);
    if *POOL.asleep.lock().unwrap_or_else(PoisonError::into_inner) > 0 {
        POOL.wake.notify_all();
    }
    job.work();
    // From here on nobody enters; the job is over when the last worker has left.
    POOL.state.fetch_and(!OPEN, Ordering::AcqRel);
    let mut spins = 0_u32;
    while POOL.state.load(Ordering::Acquire) & INSIDE != 0 {
        spins += 1;
        if spins < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
    }
    drop(workers);
    let panic = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

impl Pool {
    /// The life of a worker.
    fn serve(&self, index: usize) {
        let mut seen = 0;
        loop {
            let state = self.wait_for_job_after(seen);
            seen = state / NUMBER;
            // Threads beyond the current number stay out.
            if index + 1 >= threads() || !self.enter(state) {
                continue;
            }
            // SAFETY: the job lives on the stack of its caller, who waits until nobody is inside
            // before leaving; `enter` has counted this thread in while the job was open, and it
            // is counted out below, after the last use. Publishing and counting are ordered by
            // the state word.
            let job = unsafe { &*self.job.load(Ordering::Acquire) };
            job.work();
            self.state.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Counts this thread in, unless the job of `state` is over.
    fn enter(&self, mut state: u64) -> bool {
        let number = state / NUMBER;
        while state & OPEN != 0 && state / NUMBER == number {
            match self.state.compare_exchange_weak(
                state,
                state + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Waits for a job later than number `seen`, spinning first, then asleep.
    fn wait_for_job_after(&self, seen: u64) -> u64 {
        for _ in 0..SPINS {
            let state = self.state.load(Ordering::Acquire);
            if state / NUMBER != seen {
                return state;
            }
            std::hint::spin_loop();
        }
        let mut asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        *asleep += 1;
        loop {
            // Read under the lock that a publisher takes after writing: no wake-up is lost.
            let state = self.state.load(Ordering::SeqCst);
            if state / NUMBER != seen {
                *asleep -= 1;
                return state;
            }
            asleep = self.wake.wait(asleep).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A slice whose disjoint parts are written by several threads.
pub(crate) struct Parts<T> {
    start: *mut T,
    len: usize,
}

// SAFETY: a `Parts` is a `&mut [T]` that is handed out in disjoint pieces (see `Parts::part`), so
// sending pieces to other threads is sending `&mut [T]`s, which is fine for `T: Send`.
unsafe impl<T: Send> Sync for Parts<T> {}

impl<T> Parts<T> {
    /// The parts of `slice`. The borrow is not tracked: keep the slice alive and untouched while
    /// parts are used.
    pub(crate) fn new(slice: &mut [T]) -> Parts<T> {
        Parts { start: slice.as_mut_ptr(), len: slice.len() }
    }

    /// The first element.
    pub(crate) fn start(&self) -> *mut T {
        self.start
    }

    /// The elements `range`.
    ///
    /// # Safety
    /// The slice this was made from must be alive and not otherwise in use, and no two parts
    /// that are alive at once may overlap.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn part(&self, range: std::ops::Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "part out of bounds");
        // SAFETY: in bounds by the assertion, exclusive by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// Cuts `out` into chunks of `chunk` elements (the last may be shorter) and runs
/// `body(start, part)` for each, on several threads.
pub(crate) fn for_each_part<T: Send>(
    out: &mut [T],
    chunk: usize,
    body: impl Fn(usize, &mut [T]) + Sync,
) {
    let len = out.len();
    if len <= chunk {
        if len > 0 {
            body(0, out);
        }
        return;
    }
    let parts = Parts::new(out);
    for_each_chunk(len.div_ceil(chunk), |i| {
        let start = i * chunk;
        // SAFETY: chunks of different `i` do not overlap, and `out` is borrowed until the loop
        // has ended.
        body(start, unsafe { parts.part(start..(start + chunk).min(len)) });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a race is tried; Miri looks at each more closely, and takes longer.
    const fn times(n: usize) -> usize {
        if cfg!(miri) { n.div_ceil(50) } else { n }
    }

    #[test]
    fn every_chunk_runs_once() {
        for n in [1, 2, 3, 7] {
            set_threads(n);
            for chunks in [0, 1, 2, 5, 100] {
                let counts: Vec<AtomicUsize> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
                for _ in 0..times(200) {
                    for_each_chunk(chunks, |i| {
                        counts[i].fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == times(200)));
            }
        }
    }

    #[test]
    fn loops_inside_loops_and_beside_loops_end() {
        set_threads(3);
        let total = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..times(50) {
                        for_each_chunk(5, |_| {
                            for_each_chunk(4, |_| {
                                total.fetch_add(1, Ordering::Relaxed);
                            });
                        });
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 4 * times(50) * 20);
    }

    #[test]
    fn a_panic_comes_out_and_the_pool_survives() {
        set_threads(3);
        for _ in 0..times(20) {
            let result = catch_unwind(|| {
                for_each_chunk(8, |i| assert_ne!(i, 5, "chunk five"));
            });
            assert!(result.is_err());
        }
        let count = AtomicUsize::new(0);
        for_each_chunk(8, |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.into_inner(), 8);
    }

    #[test]
    fn parts_cover_the_slice() {
        let mut out = vec![0; 1003];
        for_each_part(&mut out, 10, |start, part| {
            for (i, x) in part.iter_mut().enumerate() {
                *x += start + i;
            }
        });
        assert!(out.into_iter().eq(0..1003));
    }
}
