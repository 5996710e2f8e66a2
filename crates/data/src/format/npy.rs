//! NPY, the format of one NumPy array (versions 1, 2 and 3).
//!
//! Six magic bytes, two of version, the length of the header (u16, from version 2 on u32, little-
//! endian), the header, then the numbers. The header is the text of a Python dictionary that is
//! written by one function in NumPy and always looks like
//! `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`.
//!
//! Definition: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
//!
//! Why not a crate: those for NPY parse the header as a general Python literal, through a parser
//! generator whose stack guard is built by a C toolchain; the three fields below need neither.

use std::io::Write;
use std::path::Path;

use crate::error::{Error, ErrorKind, Place, quoted};
use crate::format::array::Array;
use crate::format::element::{ByteOrder, Element};
use crate::source::{Source, cannot_open};

/// NumPy itself refuses to parse headers over 10,000 bytes.
const LONGEST_HEADER: usize = 10_000;

pub(crate) fn read(mut source: Source<'_>) -> Result<Array, Error> {
    let subject = source.subject().to_string();
    let fail = |kind, place, wrong: String, right: &str| {
        Err(Error::new(kind, subject.clone(), wrong, right).at(place))
    };
    let start = source.header(8, "the NPY magic number and version")?;
    if !start.starts_with(b"\x93NUMPY") {
        let wrong = "this is not an NPY array".to_string();
        return fail(ErrorKind::Format, Place::Byte(0), wrong, "it must begin 93 4e 55 4d 50 59");
    }
    let length_size = match start[6] {
        1 => 2,
        2 | 3 => 4,
        version => {
            let wrong = format!("NPY version {version} is unknown");
            return fail(ErrorKind::Header, Place::Byte(6), wrong, "versions 1, 2 and 3 are read");
        }
    };
    let mut length = [0; 4];
    length[..length_size].copy_from_slice(&source.header(length_size, "the NPY header length")?);
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_HEADER {
        let wrong = format!("an NPY header of {length} bytes");
        let right = format!("NumPy accepts at most {LONGEST_HEADER}: the file is damaged");
        return fail(ErrorKind::Header, Place::Byte(8), wrong, &right);
    }
    let text = source.header(length, "the NPY header")?;
    let header = Header::parse(&String::from_utf8_lossy(&text));
    let header_at = Place::Byte(8 + length_size as u64);
    let header = match header {
        Ok(header) => header,
        Err((kind, wrong, right)) => return fail(kind, header_at, wrong, right),
    };
    let bytes = source.body(header.element.bytes_of(&header.shape))?;
    if bytes.is_empty() || header.shape.is_empty() {
        let wrong = format!("an array of shape {:?} holds no examples", header.shape);
        let right = "its first dimension must count at least one example";
        return fail(ErrorKind::Empty, header_at, wrong, right);
    }
    // An extent of a non-empty array that is in memory fits usize.
    let shape: Vec<usize> = header.shape.iter().map(|&extent| extent as usize).collect();
    let values = header.element.decode(&bytes, header.order);
    let values = if header.fortran { row_major(&values, &shape) } else { values };
    Ok(Array { subject, shape, values })
}

/// What the header says.
#[derive(Debug, PartialEq)]
struct Header {
    element: Element,
    order: ByteOrder,
    fortran: bool,
    shape: Vec<u64>,
}

type Refusal = (ErrorKind, String, &'static str);

impl Header {
    fn parse(text: &str) -> Result<Header, Refusal> {
        let field = |name: &str| {
            let (_, after) = text.split_once(&format!("'{name}'")).ok_or_else(|| {
                let wrong = format!("the NPY header {} lacks '{name}'", quoted(text.trim()));
                (ErrorKind::Header, wrong, DICTIONARY)
            })?;
            after.trim_start().strip_prefix(':').map(str::trim_start).ok_or_else(|| garbled(text))
        };
        let (element, order) = descr(field("descr")?)?;
        let fortran = match field("fortran_order")? {
            rest if rest.starts_with("False") => false,
            rest if rest.starts_with("True") => true,
            _ => return Err(garbled(text)),
        };
        let tuple = field("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (extents, _) = tuple.ok_or_else(|| garbled(text))?;
        let shape = extents
            .split(',')
            .map(str::trim)
            .filter(|extent| !extent.is_empty())
            .map(|extent| extent.parse().map_err(|_| garbled(text)))
            .collect::<Result<_, _>>()?;
        Ok(Header { element, order, fortran, shape })
    }
}

const DICTIONARY: &str = "it must be {'descr': …, 'fortran_order': …, 'shape': …}";

fn garbled(text: &str) -> Refusal {
    let wrong = format!("the NPY header {} cannot be read", quoted(text.trim()));
    (ErrorKind::Header, wrong, DICTIONARY)
}

/// The type that a `descr` such as `'<f8'` names.
fn descr(text: &str) -> Result<(Element, ByteOrder), Refusal> {
    let refuse = |what: &str, right| Err((ErrorKind::Format, what.to_string(), right));
    let Some(quote) = text.chars().next().filter(|c| "'\"".contains(*c)) else {
        return refuse("an array of records", "give a plain array of numbers");
    };
    let Some((descr, _)) = text[1..].split_once(quote) else { return Err(garbled(text)) };
    let (order, code) = match descr.split_at_checked(1) {
        Some(("<" | "|", code)) => (ByteOrder::Little, code),
        Some((">", code)) => (ByteOrder::Big, code),
        _ => return Err(garbled(text)),
    };
    let element = match code {
        "b1" => Element::Bool,
        "u1" => Element::U8,
        "i1" => Element::I8,
        "u2" => Element::U16,
        "i2" => Element::I16,
        "u4" => Element::U32,
        "i4" => Element::I32,
        "u8" => Element::U64,
        "i8" => Element::I64,
        "f4" => Element::F32,
        "f8" => Element::F64,
        "f2" => return refuse("an array of 16-bit floats", "save it with .astype(\"float32\")"),
        _ if code.starts_with('O') => {
            return refuse(
                "an array of Python objects, which reading would have to execute",
                "save numbers, with .astype(float)",
            );
        }
        _ if code.starts_with(['U', 'S']) => {
            return refuse("an array of text", "save classes as whole numbers from 0");
        }
        _ => {
            let wrong = format!("an array of type {}", quoted(descr));
            return Err((ErrorKind::Format, wrong, "f4, f8, integers and booleans are read"));
        }
    };
    Ok((element, order))
}

/// The numbers of an array stored with its first axis fastest, in order of its last axis fastest.
fn row_major(values: &[f64], shape: &[usize]) -> Vec<f64> {
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, &extent| {
            let this = *stride;
            *stride *= extent;
            Some(this)
        })
        .collect();
    let mut index = vec![0; shape.len()];
    let mut offset = 0;
    let mut out = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        out.push(values[offset]);
        // Count up the index like an odometer, the last digit fastest.
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            offset += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            offset -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    out
}

/// Writes a row-major array of f64 that `numpy.load` reads.
///
/// ```no_run
/// data::write_npy("probabilities.npy", &[2, 3], &[0.1, 0.2, 0.7, 0.5, 0.5, 0.0])?;
/// # Ok::<(), data::Error>(())
/// ```
///
/// # Errors
/// [`Shape`](ErrorKind::Shape) if `values` are not as many as the product of `shape`,
/// [`Io`](ErrorKind::Io) or [`NotFound`](ErrorKind::NotFound) if the file cannot be written.
pub fn write_npy(path: impl AsRef<Path>, shape: &[usize], values: &[f64]) -> Result<(), Error> {
    let path = path.as_ref();
    let size = shape.iter().try_fold(1usize, |size, &extent| size.checked_mul(extent));
    if size != Some(values.len()) {
        let wrong = format!("{} numbers for shape {shape:?}", values.len());
        let right = "there must be as many as the product of the shape";
        return Err(Error::new(ErrorKind::Shape, path.display().to_string(), wrong, right));
    }
    let cannot = |error| cannot_open(path, error);
    let extents: String = shape.iter().map(|extent| format!("{extent}, ")).collect();
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({extents}), }}");
    // NumPy ends the header with a newline such that the numbers begin at a multiple of 64.
    const BEFORE: usize = 10;
    let length = (BEFORE + header.len() + 1).next_multiple_of(64) - BEFORE;
    header.extend(std::iter::repeat_n(' ', length - 1 - header.len()));
    header.push('\n');
    let Ok(length) = u16::try_from(length) else {
        let wrong = format!("{} dimensions", shape.len());
        let right = "NumPy reads at most 64";
        return Err(Error::new(ErrorKind::Shape, path.display().to_string(), wrong, right));
    };
    let file = std::fs::File::create(path).map_err(cannot)?;
    let mut out = std::io::BufWriter::new(file);
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(cannot);
    write(b"\x93NUMPY\x01\x00")?;
    write(&length.to_le_bytes())?;
    write(header.as_bytes())?;
    for value in values {
        write(&value.to_le_bytes())?;
    }
    out.flush().map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn of(bytes: &[u8]) -> Result<Array, String> {
        Source::embedded("m", bytes).and_then(read).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_types_and_byte_orders() {
        let cases: [(&str, &[u8], f64); 12] = [
            ("|b1", &[1], 1.0),
            ("|u1", &[200], 200.0),
            ("|i1", &[0xff], -1.0),
            ("<u2", &[1, 2], 513.0),
            (">i2", &[0xff, 0xfe], -2.0),
            ("<u4", &[0, 0, 0, 0x80], 2_147_483_648.0),
            ("<i4", &[0xff; 4], -1.0),
            (">u8", &[0, 0, 0, 0, 0, 0, 1, 0], 256.0),
            ("<i8", &[0xfe, 255, 255, 255, 255, 255, 255, 255], -2.0),
            ("<f4", &[0, 0, 0x80, 0x3f], 1.0),
            (">f4", &[0x3f, 0x80, 0, 0], 1.0),
            ("<f8", &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f], 1.5),
        ];
        for (descr, data, value) in cases {
            let header =
                format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}\n");
            assert_eq!(of(&npy(&header, data)).map(|array| array.values), Ok(vec![value]));
        }
    }

    #[test]
    fn fortran_order_is_undone() {
        // np.asfortranarray(np.arange(12).reshape(2, 2, 3)): first index fastest.
        let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 3), }";
        let array = of(&npy(header, &[0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11])).unwrap();
        assert_eq!(array.shape, [2, 2, 3]);
        assert_eq!(array.values, (0..12).map(f64::from).collect::<Vec<_>>());
    }

    #[test]
    fn headers_that_cannot_be_are_refused() {
        let dictionary = "it must be {'descr': …, 'fortran_order': …, 'shape': …}";
        let header = |descr: &str, shape: &str| {
            npy(
                &format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"),
                &[0; 8],
            )
        };
        let refused = [
            (
                b"\x93NUMPY\x09\x00\x00\x00".to_vec(),
                "m, byte 6: NPY version 9 is unknown; versions 1, 2 and 3 are read".to_string(),
            ),
            (
                b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(),
                "m, byte 8: an NPY header of 4294967295 bytes; \
                 NumPy accepts at most 10000: the file is damaged"
                    .into(),
            ),
            (
                npy("{}", &[]),
                format!("m, byte 10: the NPY header \"{{}}\" lacks 'descr'; {dictionary}"),
            ),
            (
                header("'<O'", "(1,)"),
                "m, byte 10: an array of Python objects, which reading would have to execute; \
                 save numbers, with .astype(float)"
                    .into(),
            ),
            (
                header("'<U5'", "(1,)"),
                "m, byte 10: an array of text; save classes as whole numbers from 0".into(),
            ),
            (
                header("'<f2'", "(1,)"),
                "m, byte 10: an array of 16-bit floats; save it with .astype(\"float32\")".into(),
            ),
            (
                header("'<c16'", "(1,)"),
                "m, byte 10: an array of type \"<c16\"; f4, f8, integers and booleans are read"
                    .into(),
            ),
            (
                header("[('a', '<f8')]", "(1,)"),
                "m, byte 10: an array of records; give a plain array of numbers".into(),
            ),
            (
                header("'<f8'", "(0, 3)"),
                "m, byte 69: the file goes on after the 0 bytes its header promises; \
                 it must end here: its header is wrong or something was appended"
                    .into(),
            ),
            (
                header("'<f8'", "()"),
                "m, byte 10: an array of shape [] holds no examples; \
                 its first dimension must count at least one example"
                    .into(),
            ),
            (
                header("'<f8'", "(4294967296, 4294967296)"),
                "m, byte 87: the header promises more bytes than can be counted; \
                 what follows is 8 bytes: the file is cut short or its header is wrong"
                    .into(),
            ),
        ];
        for (bytes, message) in refused {
            assert_eq!(of(&bytes), Err(message));
        }
        assert!(of(&header("'<f8'", "(-1,)")).unwrap_err().contains("cannot be read; it must be"));
        assert!(of(&header("'<f8'", "((((3")).unwrap_err().contains("cannot be read; it must be"));
    }
}
