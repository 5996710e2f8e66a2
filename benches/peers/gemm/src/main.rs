//! Products of matrices by the crate `gemm`.

use bench_protocol::{Job, job, product, serve, uniform, uniform_f64};

macro_rules! row {
    ($draw:ident, $m:expr, $k:expr, $n:expr) => {{
        let (m, k, n) = ($m, $k, $n);
        let (a, b) = ($draw(1, m * k, 1.0), $draw(2, k * n, 1.0));
        let mut c = vec![0.0; m * n];
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let parallel = match threads {
            1 => gemm::Parallelism::None,
            n => gemm::Parallelism::Rayon(n),
        };
        let mut step = move || {
            let (columns, depth) = (n as isize, k as isize);
            // SAFETY: the pointers are those of vectors of m·n, m·k and k·n elements, row-major.
            unsafe {
                gemm::gemm(
                    m,
                    n,
                    k,
                    c.as_mut_ptr(),
                    1,
                    columns,
                    false,
                    a.as_ptr(),
                    1,
                    depth,
                    b.as_ptr(),
                    1,
                    columns,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    parallel,
                );
            }
            f64::from(c[(m / 2) * n + n / 3])
        };
        job(vec![("check", step())], move || {
            let _ = step();
        })
    }};
}

fn row(name: &str) -> Option<Job> {
    let (f64s, m, k, n) = product(name)?;
    if f64s { row!(uniform_f64, m, k, n) } else { row!(uniform, m, k, n) }
}

fn main() {
    serve("gemm", row);
}
