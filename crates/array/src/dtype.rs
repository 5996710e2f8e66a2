//! Element types.

use std::fmt;

/// The type of an array's elements.
///
/// There is no complex type: Fourier transforms act on a trailing axis of length 2 (real part,
/// imaginary part).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum DType {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
    /// 32-bit two's complement integer; arithmetic wraps.
    I32,
    /// 64-bit two's complement integer; arithmetic wraps.
    I64,
    /// 32-bit unsigned integer; arithmetic wraps.
    U32,
    /// Truth value.
    Bool,
}

impl DType {
    /// Every element type.
    pub const ALL: [DType; 6] =
        [DType::F32, DType::F64, DType::I32, DType::I64, DType::U32, DType::Bool];

    /// The printed name, such as `f32`.
    pub fn name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::U32 => "u32",
            DType::Bool => "bool",
        }
    }

    /// The dtype with this printed name.
    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|d| d.name() == name)
    }

    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            DType::F64 | DType::I64 => 8,
            DType::F32 | DType::I32 | DType::U32 => 4,
            DType::Bool => 1,
        }
    }

    /// Whether values of this type approximate real numbers, so that derivatives make sense.
    pub fn is_float(self) -> bool {
        match self {
            DType::F32 | DType::F64 => true,
            DType::I32 | DType::I64 | DType::U32 | DType::Bool => false,
        }
    }

    /// Whether this is one of the integer types.
    pub fn is_integer(self) -> bool {
        match self {
            DType::I32 | DType::I64 | DType::U32 => true,
            DType::F32 | DType::F64 | DType::Bool => false,
        }
    }

    /// Unit roundoff times two: the distance from 1 to the next number (0 for exact types).
    pub fn epsilon(self) -> f64 {
        match self {
            DType::F32 => f64::from(f32::EPSILON),
            DType::F64 => f64::EPSILON,
            DType::I32 | DType::I64 | DType::U32 | DType::Bool => 0.0,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Rust type that can be an array's element.
///
/// Conversions follow Rust's `as`: float to integer truncates and saturates (NaN gives 0),
/// integer to integer wraps, anything to `bool` is `!= 0`.
pub trait Element: Copy + PartialEq + PartialOrd + fmt::Debug + Send + Sync + 'static {
    /// The dtype of this element type.
    const DTYPE: DType;
    /// The additive identity (`false` for `bool`).
    const ZERO: Self;
    /// The multiplicative identity (`true` for `bool`).
    const ONE: Self;
    /// Conversion from f64.
    fn from_f64(x: f64) -> Self;
    /// Conversion to f64; exact for every type but `i64` beyond 2⁵³.
    fn to_f64(self) -> f64;
    /// Conversion from i64.
    fn from_i64(x: i64) -> Self;
    /// Conversion to i64.
    fn to_i64(self) -> i64;
    /// The bit pattern, so that floats can be compared and hashed exactly.
    fn to_bits64(self) -> u64;
    #[doc(hidden)]
    fn wrap(data: Vec<Self>) -> crate::Buffer;
    #[doc(hidden)]
    fn vec(data: &crate::Buffer) -> Option<&Vec<Self>>;
    #[doc(hidden)]
    fn unique(data: &mut crate::Buffer) -> Option<&mut Vec<Self>>;
    #[doc(hidden)]
    fn shelf(shelves: &mut crate::memory::Shelves) -> &mut crate::memory::Shelf<Self>;
}

macro_rules! element {
    ($($t:ident, $Variant:ident, $zero:expr, $one:expr, $from:expr, $to:expr, $from_i:expr, $to_i:expr, $bits:expr;)*) => { $(
        impl Element for $t {
            const DTYPE: DType = DType::$Variant;
            const ZERO: Self = $zero;
            const ONE: Self = $one;
            #[inline]
            fn from_f64(x: f64) -> Self { ($from)(x) }
            #[inline]
            fn to_f64(self) -> f64 { ($to)(self) }
            #[inline]
            fn from_i64(x: i64) -> Self { ($from_i)(x) }
            #[inline]
            fn to_i64(self) -> i64 { ($to_i)(self) }
            #[inline]
            fn to_bits64(self) -> u64 { ($bits)(self) }
            fn wrap(data: Vec<Self>) -> crate::Buffer {
                crate::Buffer::$Variant(std::sync::Arc::new(crate::memory::Storage::new(data)))
            }
            fn vec(data: &crate::Buffer) -> Option<&Vec<Self>> {
                if let crate::Buffer::$Variant(v) = data { Some(v) } else { None }
            }
            fn shelf(shelves: &mut crate::memory::Shelves) -> &mut crate::memory::Shelf<Self> {
                &mut shelves.$t
            }
            fn unique(data: &mut crate::Buffer) -> Option<&mut Vec<Self>> {
                if let crate::Buffer::$Variant(v) = data {
                    std::sync::Arc::get_mut(v).map(|v| &mut **v)
                } else {
                    None
                }
            }
        }
    )* };
}

element! {
    f32, F32, 0.0, 1.0, |x: f64| x as f32, |x: f32| f64::from(x), |x: i64| x as f32, |x: f32| x as i64, |x: f32| u64::from(x.to_bits());
    f64, F64, 0.0, 1.0, |x: f64| x, |x: f64| x, |x: i64| x as f64, |x: f64| x as i64, |x: f64| x.to_bits();
    i32, I32, 0, 1, |x: f64| x as i32, |x: i32| f64::from(x), |x: i64| x as i32, |x: i32| i64::from(x), |x: i32| x as u32 as u64;
    i64, I64, 0, 1, |x: f64| x as i64, |x: i64| x as f64, |x: i64| x, |x: i64| x, |x: i64| x as u64;
    u32, U32, 0, 1, |x: f64| x as u32, |x: u32| f64::from(x), |x: i64| x as u32, |x: u32| i64::from(x), |x: u32| u64::from(x);
    bool, Bool, false, true, |x: f64| x != 0.0, |x: bool| f64::from(u8::from(x)), |x: i64| x != 0, |x: bool| i64::from(x), |x: bool| u64::from(x);
}
