//! Types of the numbers in IDX and NPY files.

/// The type of one number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

/// The order of the bytes of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

impl Element {
    /// Bytes per number.
    pub(crate) fn size(self) -> usize {
        match self {
            Element::Bool | Element::U8 | Element::I8 => 1,
            Element::U16 | Element::I16 => 2,
            Element::U32 | Element::I32 | Element::F32 => 4,
            Element::U64 | Element::I64 | Element::F64 => 8,
        }
    }

    /// Bytes of an array of this type, unless they are more than can be counted.
    pub(crate) fn bytes_of(self, shape: &[u64]) -> Option<u64> {
        // An array with a 0 among its extents is empty however large the others are.
        if shape.contains(&0) {
            return Some(0);
        }
        shape.iter().try_fold(self.size() as u64, |bytes, &extent| bytes.checked_mul(extent))
    }

    /// The numbers in `bytes`. Integers beyond 2⁵³ are rounded to the nearest f64.
    pub(crate) fn decode(self, bytes: &[u8], order: ByteOrder) -> Vec<f64> {
        macro_rules! decode_as {
            ($number:ty) => {{
                let (chunks, _) = bytes.as_chunks::<{ size_of::<$number>() }>();
                let from_bytes = match order {
                    ByteOrder::Little => <$number>::from_le_bytes,
                    ByteOrder::Big => <$number>::from_be_bytes,
                };
                chunks.iter().map(|&chunk| from_bytes(chunk) as f64).collect()
            }};
        }
        match self {
            Element::Bool => bytes.iter().map(|&byte| f64::from(u8::from(byte != 0))).collect(),
            Element::U8 => decode_as!(u8),
            Element::I8 => decode_as!(i8),
            Element::U16 => decode_as!(u16),
            Element::I16 => decode_as!(i16),
            Element::U32 => decode_as!(u32),
            Element::I32 => decode_as!(i32),
            Element::U64 => decode_as!(u64),
            Element::I64 => decode_as!(i64),
            Element::F32 => decode_as!(f32),
            Element::F64 => decode_as!(f64),
        }
    }
}
