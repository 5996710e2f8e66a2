//! PyTorch's state dictionaries: `.pt` and `.pth` files as `torch.save(model.state_dict(), path)`
//! writes them, read without executing anything.
//!
//! Such a file is a zip archive: `data.pkl`, a Python pickle that names tensors, and `data/0`,
//! `data/1`, … with their elements. A pickle is a program for a stack machine that may call any
//! Python function; here the machine builds lists, dictionaries and tensors, and any other call
//! becomes a value that nothing can be done with (source: `torch/serialization.py`, and the opcodes
//! in CPython's `Lib/pickletools.py`).
//!
//! ```no_run
//! let weights = data::pytorch::read("resnet18.pth")?;
//! for entry in weights.entries() {
//!     println!("{} {:?}", entry.name, entry.shape);
//! }
//! # Ok::<(), data::Error>(())
//! ```

mod archive;
mod pickle;

use crate::error::{Error, ErrorKind, quoted};
use archive::Archive;
use pickle::{TensorNode, Tree, Value};
use std::collections::HashMap;
use std::path::Path;

/// Keys under which a checkpoint of more than weights keeps them.
const WEIGHTS: [&str; 4] = ["state_dict", "model_state_dict", "model", "module"];

/// The elements of a tensor, row-major. Half precision (float16 and bfloat16) is widened to f32,
/// and integers of 8 and 16 bits to i32, both exactly.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
}

/// A tensor with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// As in PyTorch: `layer1.0.conv1.weight`.
    pub name: String,
    /// Extents of the axes; none for a scalar.
    pub shape: Vec<usize>,
    /// As many numbers as the product of the extents.
    pub numbers: Numbers,
}

/// Tensors by name, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct StateDict(Vec<Entry>);

impl StateDict {
    /// All tensors.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.name == name)
    }
}

/// Reads the state dictionary in a file of `torch.save`: one of tensors, or a checkpoint that has it
/// under `state_dict`, `model_state_dict`, `model` or `module`. What else a checkpoint holds is
/// left out.
///
/// # Errors
/// When the file is not there, is of another format, is cut short or damaged, or holds no state
/// dictionary; or when a tensor reaches beyond its storage, is sparse or quantised.
pub fn read(path: impl AsRef<Path>) -> Result<StateDict, Error> {
    let mut archive = Archive::open(path.as_ref())?;
    let tree = pickle::run(&archive.pickle()?).map_err(|(byte, wrong)| {
        archive
            .error(ErrorKind::Format, format!("data.pkl: {wrong}"))
            .at(crate::Place::Byte(byte as u64))
    })?;
    let mut entries: Vec<Entry> = vec![];
    // Storages are shared: of tied weights, and of views.
    let mut storages: HashMap<String, Vec<u8>> = HashMap::new();
    for (name, tensor) in named_tensors(&tree, &archive)? {
        if entries.iter().any(|entry| entry.name == name) {
            let wrong = format!("two tensors are named {}", quoted(&name));
            return Err(archive.error(ErrorKind::Format, wrong));
        }
        let storage = &tensor.storage;
        if !storages.contains_key(&storage.key) {
            storages.insert(storage.key.clone(), archive.storage(storage)?);
        }
        let numbers = elements(&storages[&storage.key], tensor).map_err(|wrong| {
            archive.error(ErrorKind::Format, format!("{}: {wrong}", quoted(&name)))
        })?;
        entries.push(Entry { name, shape: tensor.shape.clone(), numbers });
    }
    Ok(StateDict(entries))
}

/// The tensors of the dictionary that holds the weights.
fn named_tensors<'a>(
    tree: &'a Tree,
    archive: &Archive,
) -> Result<Vec<(String, &'a TensorNode)>, Error> {
    let nothing = |found: &str| {
        Err(archive.error(ErrorKind::Format, format!("no state dictionary, but {found}")))
    };
    let Some(top) = tree.dictionary(tree.result) else {
        return nothing(tree.kind(tree.result));
    };
    let tensors = |items: &'a [(Value, Value)]| -> Vec<(String, &'a TensorNode)> {
        let named = |&(key, value): &(Value, Value)| {
            Some((tree.text(key)?.to_string(), tree.tensor(value)?))
        };
        items.iter().filter_map(named).collect()
    };
    let direct = tensors(top);
    if !direct.is_empty() {
        return Ok(direct);
    }
    for wanted in WEIGHTS {
        let found = top.iter().find(|(key, _)| tree.text(*key) == Some(wanted));
        if let Some(items) = found.and_then(|(_, value)| tree.dictionary(*value)) {
            let inside = tensors(items);
            if !inside.is_empty() {
                return Ok(inside);
            }
        }
    }
    let keys: Vec<String> =
        top.iter().filter_map(|(key, _)| tree.text(*key)).take(8).map(quoted).collect();
    nothing(&format!("a dictionary without tensors ({})", keys.join(", ")))
}

/// The elements of a tensor, a view of its storage.
fn elements(storage: &[u8], tensor: &TensorNode) -> Result<Numbers, String> {
    let TensorNode { storage: of, offset, shape, strides } = tensor;
    let count = shape.iter().try_fold(1_usize, |n, &extent| n.checked_mul(extent));
    let count = count.filter(|&n| n <= of.elements).ok_or_else(|| {
        format!("shape {shape:?} has more elements than its storage ({})", of.elements)
    })?;
    // The last element that is read lies inside.
    let last = shape.iter().zip(strides).try_fold(*offset, |at, (&extent, &stride)| {
        at.checked_add(extent.saturating_sub(1).checked_mul(stride)?)
    });
    if count > 0 && last.is_none_or(|last| last >= of.elements) {
        return Err(format!(
            "shape {shape:?} with steps {strides:?} from {offset} reaches beyond its storage of {} \
             elements",
            of.elements
        ));
    }
    let mut places = Vec::with_capacity(count);
    let mut index = vec![0; shape.len()];
    for _ in 0..count {
        places.push(*offset + index.iter().zip(strides).map(|(i, s)| i * s).sum::<usize>());
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    macro_rules! read {
        ($bytes:literal, $number:expr) => {{
            let (chunks, _) = storage.as_chunks::<$bytes>();
            places.into_iter().map(|at| $number(chunks[at])).collect()
        }};
    }
    Ok(match of.kind.as_str() {
        "FloatStorage" => Numbers::F32(read!(4, f32::from_le_bytes)),
        "DoubleStorage" => Numbers::F64(read!(8, f64::from_le_bytes)),
        "HalfStorage" => Numbers::F32(read!(2, |b| half(u16::from_le_bytes(b)))),
        "BFloat16Storage" => {
            Numbers::F32(read!(2, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)))
        }
        "LongStorage" => Numbers::I64(read!(8, i64::from_le_bytes)),
        "IntStorage" => Numbers::I32(read!(4, i32::from_le_bytes)),
        "ShortStorage" => Numbers::I32(read!(2, |b| i32::from(i16::from_le_bytes(b)))),
        "CharStorage" => Numbers::I32(read!(1, |b| i32::from(i8::from_le_bytes(b)))),
        "ByteStorage" => Numbers::I32(read!(1, |b: [u8; 1]| i32::from(b[0]))),
        "BoolStorage" => Numbers::Bool(read!(1, |b: [u8; 1]| b[0] != 0)),
        other => return Err(format!("elements of type {} are not read", quoted(other))),
    })
}

/// Bytes of an element of a storage type, if it is one that is read.
fn bytes_of(kind: &str) -> Option<usize> {
    Some(match kind {
        "DoubleStorage" | "LongStorage" => 8,
        "FloatStorage" | "IntStorage" => 4,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "CharStorage" | "ByteStorage" | "BoolStorage" => 1,
        _ => return None,
    })
}

/// A number of IEEE 754's binary16, exactly.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn half_precision() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
    }
}
