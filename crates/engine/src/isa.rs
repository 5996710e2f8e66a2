//! Instruction sets: loops compiled once for each, chosen when the program runs.
//!
//! A loop written inside [`vectorised!`] is ordinary scalar Rust over slices. The macro compiles
//! it for AVX-512, for AVX2 with FMA and for the target's baseline (which on aarch64 includes NEON
//! and FMA), and calls the best that the processor has. So the default build is the fast one.

use crate::kernels::functions::Blocks;
#[cfg(target_arch = "x86_64")]
use crate::kernels::functions::{Wide32, Wide64};
use crate::kernels::vector::{Vector, Vectorised};
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

/// A set of vector instructions that loops are compiled for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum InstructionSet {
    /// What every processor of the target has.
    Baseline,
    /// AVX2 and FMA (x86-64-v3).
    Avx2,
    /// AVX-512 F, BW, CD, DQ, VL (x86-64-v4).
    Avx512,
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InstructionSet::Baseline => "baseline",
            InstructionSet::Avx2 => "avx2",
            InstructionSet::Avx512 => "avx512",
        })
    }
}

/// 0 before it is known, else 1 + the set.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

impl InstructionSet {
    const ALL: [InstructionSet; 3] =
        [InstructionSet::Baseline, InstructionSet::Avx2, InstructionSet::Avx512];

    /// The sets that this processor has, the best last.
    pub fn available() -> Vec<InstructionSet> {
        let best = InstructionSet::best();
        Self::ALL.into_iter().filter(|&set| set <= best).collect()
    }

    fn best() -> InstructionSet {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            if avx2 && avx512 {
                return InstructionSet::Avx512;
            }
            if avx2 {
                return InstructionSet::Avx2;
            }
        }
        InstructionSet::Baseline
    }
}

/// The instructions that loops use: the best that the processor has, unless set otherwise.
#[inline]
pub fn instruction_set() -> InstructionSet {
    match CHOSEN.load(Ordering::Relaxed) {
        0 => detect(),
        n => InstructionSet::ALL[usize::from(n - 1)],
    }
}

#[cold]
fn detect() -> InstructionSet {
    let best = InstructionSet::best();
    CHOSEN.store(best as u8 + 1, Ordering::Relaxed);
    best
}

/// Sets the instructions that our own loops use in this process, for tests and comparisons.
/// Results differ in their last bits between sets. A program that has been made ready keeps the
/// loops that it found then. (The crates for products of matrices,
/// decompositions and Fourier transforms choose for themselves.)
///
/// # Panics
/// When the processor does not have them.
pub fn set_instruction_set(set: InstructionSet) {
    let best = InstructionSet::best();
    assert!(set <= best, "this processor has {best} at best, not {set}");
    CHOSEN.store(set as u8 + 1, Ordering::Relaxed);
}

/// What code compiled for an instruction set may ask about it.
pub(crate) trait Simd {
    /// Whether a fused multiply-add is one instruction (otherwise it would be a call).
    const FMA: bool;
    /// Vectors of this set, for loops whose registers are counted.
    type F32: Vector<T = f32>;
    /// As `F32`.
    type F64: Vector<T = f64>;
    /// What scalar functions are computed on: numbers, which the compiler makes vectors of, or
    /// vectors that have instructions it would not find.
    type Real32: Blocks<Element = f32>;
    /// As `Real32`.
    type Real64: Blocks<Element = f64>;
}

/// See [`InstructionSet::Baseline`].
pub(crate) struct Baseline;
/// See [`InstructionSet::Avx2`].
#[cfg(target_arch = "x86_64")]
pub(crate) struct Avx2;
/// See [`InstructionSet::Avx512`].
#[cfg(target_arch = "x86_64")]
pub(crate) struct Avx512;

impl Simd for Baseline {
    const FMA: bool = cfg!(target_arch = "aarch64") || cfg!(target_feature = "fma");
    type F32 = <f32 as Vectorised>::Baseline;
    type F64 = <f64 as Vectorised>::Baseline;
    type Real32 = f32;
    type Real64 = f64;
}
#[cfg(target_arch = "x86_64")]
impl Simd for Avx2 {
    const FMA: bool = true;
    type F32 = <f32 as Vectorised>::Avx2;
    type F64 = <f64 as Vectorised>::Avx2;
    type Real32 = f32;
    type Real64 = f64;
}
#[cfg(target_arch = "x86_64")]
impl Simd for Avx512 {
    const FMA: bool = true;
    type F32 = <f32 as Vectorised>::Avx512;
    type F64 = <f64 as Vectorised>::Avx512;
    type Real32 = Wide32;
    type Real64 = Wide64;
}

/// Defines a function whose body is compiled for every instruction set. In the body, `S` is the
/// [`Simd`] that it is compiled for; what it calls must be `#[inline(always)]` to take part.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident
        $(<$($G:ident: $Bound:path),+>)? ($($arg:ident: $T:ty),* $(,)?) $(-> $R:ty)? $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name $(<$($G: $Bound),+>)? ($($arg: $T),*) $(-> $R)? {
            // Every instruction set counts, though the body may not ask which it is.
            #[allow(clippy::extra_unused_type_parameters, clippy::too_many_arguments)]
            #[inline(always)]
            fn body<S: $crate::isa::Simd $($(, $G: $Bound)+)?>($($arg: $T),*) $(-> $R)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                #[allow(clippy::too_many_arguments)]
                fn avx512 $(<$($G: $Bound),+>)? ($($arg: $T),*) $(-> $R)? {
                    body::<$crate::isa::Avx512 $($(, $G)+)?>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
                #[allow(clippy::too_many_arguments)]
                fn avx2 $(<$($G: $Bound),+>)? ($($arg: $T),*) $(-> $R)? {
                    body::<$crate::isa::Avx2 $($(, $G)+)?>($($arg),*)
                }
                match $crate::isa::instruction_set() {
                    // SAFETY: the set was found on this processor.
                    $crate::isa::InstructionSet::Avx512 => return unsafe {
                        avx512 $(::<$($G),+>)? ($($arg),*)
                    },
                    // SAFETY: as above.
                    $crate::isa::InstructionSet::Avx2 => return unsafe {
                        avx2 $(::<$($G),+>)? ($($arg),*)
                    },
                    $crate::isa::InstructionSet::Baseline => {}
                }
            }
            body::<$crate::isa::Baseline $($(, $G)+)?>($($arg),*)
        }
    };
}
pub(crate) use vectorised;

/// Calls `body` with every instruction set that this processor has, one caller at a time.
#[cfg(test)]
pub(crate) fn on_every_set(mut body: impl FnMut(InstructionSet)) {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = TURN.lock();
    let before = instruction_set();
    for set in InstructionSet::available() {
        set_instruction_set(set);
        body(set);
    }
    set_instruction_set(before);
}

#[cfg(test)]
mod tests {
    use super::*;

    vectorised! {
        fn dot<T: Copy>(x: &[T], y: &[T], f: fn(T, T) -> f64) -> (f64, bool) {
            (x.iter().zip(y).map(|(&x, &y)| f(x, y)).sum(), S::FMA)
        }
    }

    #[test]
    fn every_set_computes_the_same_function() {
        on_every_set(|set| {
            let (value, fma) = dot(&[1.0, 2.0], &[3.0, 4.0], |a, b| a * b);
            assert_eq!(value, 11.0, "{set}");
            assert!(fma || set == InstructionSet::Baseline);
        });
    }
}
