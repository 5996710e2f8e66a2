//! IDX, the format of MNIST and its successors.
//!
//! Two zero bytes, a type code, the number of dimensions, the extents as big-endian u32, then the
//! numbers in row-major order, big-endian. Images are type `08` (unsigned bytes) in 3 dimensions,
//! labels type `08` in 1, whence the "magic numbers" 2051 and 2049.
//!
//! Definition: <http://yann.lecun.com/exdb/mnist/>, section "The IDX file format".

use crate::error::{Error, ErrorKind, Place};
use crate::format::array::Array;
use crate::format::element::{ByteOrder, Element};
use crate::source::Source;

/// NumPy's own limit on dimensions; a header with more is garbage.
const MOST_DIMENSIONS: u8 = 32;

pub(crate) fn read(mut source: Source<'_>) -> Result<Array, Error> {
    let subject = source.subject().to_string();
    let fail = |kind, place, wrong: String, right: &str| {
        Err(Error::new(kind, subject.clone(), wrong, right).at(place))
    };
    let magic = source.header(4, "the IDX magic number")?;
    let (code, dimensions) = (magic[2], magic[3]);
    let element = match code {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0b => Element::I16,
        0x0c => Element::I32,
        0x0d => Element::F32,
        0x0e => Element::F64,
        _ => {
            let wrong = format!("{code:02x} is no IDX type code");
            let right = "08, 09, 0b, 0c, 0d and 0e are: the file is damaged or not IDX";
            return fail(ErrorKind::Header, Place::Byte(2), wrong, right);
        }
    };
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        let wrong = format!("an array of {dimensions} dimensions");
        let right = "images have 3 and labels 1: the file is damaged or not IDX";
        return fail(ErrorKind::Header, Place::Byte(3), wrong, right);
    }
    let extents = source.header(4 * usize::from(dimensions), "the IDX dimensions")?;
    let (extents, _) = extents.as_chunks::<4>();
    let extents: Vec<u64> = extents.iter().map(|&bytes| u32::from_be_bytes(bytes).into()).collect();
    let bytes = source.body(element.bytes_of(&extents))?;
    if bytes.is_empty() {
        let wrong = format!("an array of shape {extents:?} is empty");
        let right = "at least one example with one number is needed";
        return fail(ErrorKind::Empty, Place::Byte(4), wrong, right);
    }
    // An extent of a non-empty array that is in memory fits usize.
    let shape = extents.iter().map(|&extent| extent as usize).collect();
    Ok(Array { subject, shape, values: element.decode(&bytes, ByteOrder::Big) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Result<Array, String> {
        Source::embedded("m", bytes).and_then(read).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_every_type() {
        let cases: [(&[u8], f64); 6] = [
            (&[0, 0, 0x08, 1, 0, 0, 0, 1, 200], 200.0),
            (&[0, 0, 0x09, 1, 0, 0, 0, 1, 0xff], -1.0),
            (&[0, 0, 0x0b, 1, 0, 0, 0, 1, 0xff, 0xfe], -2.0),
            (&[0, 0, 0x0c, 1, 0, 0, 0, 1, 0, 0, 1, 0], 256.0),
            (&[0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0], 1.0),
            (&[0, 0, 0x0e, 1, 0, 0, 0, 1, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5),
        ];
        for (bytes, value) in cases {
            assert_eq!(of(bytes).map(|array| array.values), Ok(vec![value]));
        }
    }

    #[test]
    fn shapes_are_kept() {
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3];
        bytes.extend(1..=6u8);
        let array = of(&bytes).unwrap();
        assert_eq!(array.shape, [2, 1, 3]);
        assert_eq!(array.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn headers_that_cannot_be_are_refused() {
        let refused = [
            (
                &[0, 0, 8][..],
                "m, byte 0: the file ends within the IDX magic number; \
                 4 bytes are needed here: the file is cut short, fetch it again",
            ),
            (
                &[0, 0, 8, 2, 0, 0, 0, 1],
                "m, byte 4: the file ends within the IDX dimensions; \
                 8 bytes are needed here: the file is cut short, fetch it again",
            ),
            (
                &[0, 0, 7, 1, 0, 0, 0, 1, 5],
                "m, byte 2: 07 is no IDX type code; \
                 08, 09, 0b, 0c, 0d and 0e are: the file is damaged or not IDX",
            ),
            (
                &[0, 0, 8, 0],
                "m, byte 3: an array of 0 dimensions; \
                 images have 3 and labels 1: the file is damaged or not IDX",
            ),
            (
                &[0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3],
                "m, byte 4: an array of shape [0, 3] is empty; \
                 at least one example with one number is needed",
            ),
            (
                &[0, 0, 8, 1, 0, 0, 0, 1, 5, 6],
                "m, byte 9: the file goes on after the 1 byte its header promises; \
                 it must end here: its header is wrong or something was appended",
            ),
            (
                &[0, 0, 8, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                "m, byte 12: the header promises 18446744065119617025 bytes; \
                 what follows is 1 byte: the file is cut short or its header is wrong",
            ),
            (
                &[0, 0, 14, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                "m, byte 12: the header promises more bytes than can be counted; \
                 what follows is 1 byte: the file is cut short or its header is wrong",
            ),
        ];
        for (bytes, message) in refused {
            assert_eq!(of(bytes), Err(message.to_string()));
        }
    }
}
