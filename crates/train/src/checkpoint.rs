//! Trees of tensors in safetensors files: the names are the trees' paths.

use crate::error::Error;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use std::path::Path;
use tensor::{Array, DType, Element, Tensor, Tree};

/// Writes the leaves of a tree, named by their paths below `prefix`, with metadata.
///
/// # Errors
/// When the file cannot be written; nothing half-written is left behind.
pub fn save_tree<T: Tree>(
    path: &Path,
    trees: &[(&str, &T)],
    metadata: HashMap<String, String>,
) -> Result<(), Error> {
    let mut named = vec![];
    for (prefix, tree) in trees {
        named.extend(leaves(prefix, *tree));
    }
    save(path, named, metadata)
}

/// The leaves of a tree with their names.
pub(crate) fn leaves<T: Tree>(prefix: &str, tree: &T) -> Vec<(String, Array)> {
    let join = |p: &str| if prefix.is_empty() { p.to_string() } else { format!("{prefix}.{p}") };
    tree.leaves_with_paths().into_iter().map(|(p, t)| (join(p.as_str()), t.value())).collect()
}

/// Writes named arrays.
pub(crate) fn save(
    path: &Path,
    named: Vec<(String, Array)>,
    metadata: HashMap<String, String>,
) -> Result<(), Error> {
    let bytes: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = named
        .into_iter()
        .map(|(name, a)| (name, dtype(a.dtype()), a.shape().to_vec(), to_bytes(&a)))
        .collect();
    let fits = "invariant: an array's bytes are those of its type and shape";
    let views = bytes.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).expect(fits))
    });
    let file = safetensors::serialize(views, Some(metadata))
        .map_err(|e| Error::run(path, format!("cannot be put into safetensors form: {e}")))?;
    Ok(report::write_atomically(path, file)?)
}

/// Reads a tree of the given structure and types, named by its paths below `prefix`.
///
/// # Errors
/// When the file is missing, is not a safetensors file, or lacks a tensor of the tree or holds one
/// of another type, naming it.
pub fn load_tree<T: Tree>(path: &Path, prefix: &str, template: &T) -> Result<T, Error> {
    let bytes = read(path)?;
    let file = parse(path, &bytes)?;
    let mut failure = None;
    let tree = template.map_with_path(&mut tensor::tree::Path::root(), &mut |at, leaf| {
        let name = if prefix.is_empty() { at.to_string() } else { format!("{prefix}.{at}") };
        match tensor(&file, &name, leaf) {
            Ok(array) => Tensor::new(array),
            Err(message) => {
                failure.get_or_insert(Error::run(path, message));
                leaf.clone()
            }
        }
    });
    match failure {
        Some(e) => Err(e),
        None => Ok(tree),
    }
}

/// The metadata of a file.
///
/// # Errors
/// When the file is missing or is not a safetensors file.
pub(crate) fn load_metadata(path: &Path) -> Result<HashMap<String, String>, Error> {
    let bytes = read(path)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| broken(path, &e))?;
    Ok(header.metadata().clone().unwrap_or_default())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|e| Error::run(path, format!("cannot be read: {e}")))
}

fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>, Error> {
    SafeTensors::deserialize(bytes).map_err(|e| broken(path, &e))
}

fn broken(path: &Path, e: &safetensors::SafeTensorError) -> Error {
    Error::run(path, format!("is not a whole safetensors file ({e}); train again"))
}

/// One tensor of a file, of the type that `like` has.
fn tensor(file: &SafeTensors<'_>, name: &str, like: &Tensor) -> Result<Array, String> {
    let view = file.tensor(name).map_err(|_| format!("holds no tensor named `{name}`"))?;
    if view.dtype() != dtype(like.dtype()) || view.shape() != like.shape() {
        return Err(format!(
            "tensor `{name}` is {:?} {:?}, expected {} {:?}",
            view.dtype(),
            view.shape(),
            like.dtype(),
            like.shape()
        ));
    }
    Ok(from_bytes(view.data(), like.dtype(), view.shape()))
}

fn dtype(dtype: DType) -> Dtype {
    match dtype {
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        DType::U32 => Dtype::U32,
        DType::Bool => Dtype::BOOL,
    }
}

fn to_bytes(a: &Array) -> Vec<u8> {
    fn le<T: Element, const N: usize>(a: &Array, f: impl Fn(T) -> [u8; N]) -> Vec<u8> {
        a.as_slice::<T>().iter().flat_map(|&x| f(x)).collect()
    }
    match a.dtype() {
        DType::F32 => le(a, f32::to_le_bytes),
        DType::F64 => le(a, f64::to_le_bytes),
        DType::I32 => le(a, i32::to_le_bytes),
        DType::I64 => le(a, i64::to_le_bytes),
        DType::U32 => le(a, u32::to_le_bytes),
        DType::Bool => le(a, |b: bool| [u8::from(b)]),
    }
}

fn from_bytes(bytes: &[u8], dtype: DType, shape: &[usize]) -> Array {
    fn le<T: Element, const N: usize>(
        bytes: &[u8],
        shape: &[usize],
        f: impl Fn([u8; N]) -> T,
    ) -> Array {
        let exact = "invariant: chunks have the chunk size";
        let values = bytes.chunks_exact(N).map(|c| f(c.try_into().expect(exact)));
        Array::from_vec(values.collect(), shape)
    }
    match dtype {
        DType::F32 => le(bytes, shape, f32::from_le_bytes),
        DType::F64 => le(bytes, shape, f64::from_le_bytes),
        DType::I32 => le(bytes, shape, i32::from_le_bytes),
        DType::I64 => le(bytes, shape, i64::from_le_bytes),
        DType::U32 => le(bytes, shape, u32::from_le_bytes),
        DType::Bool => le(bytes, shape, |[b]: [u8; 1]| b != 0),
    }
}
