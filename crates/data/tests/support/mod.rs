//! Files to read, made byte by byte from the definitions of their formats.
#![allow(dead_code)] // each test program uses some of these

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

/// A folder that goes away with its files.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The message of an error, with the folder's path left out.
    pub(crate) fn message<T: std::fmt::Debug>(&self, result: Result<T, data::Error>) -> String {
        let message = result.expect_err("should be refused").to_string();
        assert!(!message.contains('\n'), "{message}");
        message.replace(&format!("{}/", self.path().display()), "")
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An IDX array of unsigned bytes.
pub(crate) fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|extent| extent.to_be_bytes()));
    bytes.extend(values);
    bytes
}

/// An NPY array of any type, from its raw bytes.
pub(crate) fn npy(descr: &str, fortran: bool, shape: &[usize], raw: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let extents: String = shape.iter().map(|extent| format!("{extent}, ")).collect();
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({extents}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(raw);
    bytes
}

pub(crate) fn npy_f64(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    npy("<f8", false, shape, &raw)
}

/// An NPZ archive; `deflate` as `savez_compressed` does, else stored as `savez` does.
pub(crate) fn npz(arrays: &[(&str, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let method =
        if deflate { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        out.start_file(format!("{name}.npy"), options).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// Six images of 2×3 pixels and their labels, as MNIST would ship them.
pub(crate) fn images() -> Vec<u8> {
    idx(&[6, 2, 3], &(0..36).collect::<Vec<u8>>())
}

pub(crate) fn labels() -> Vec<u8> {
    idx(&[6], &[2, 0, 1, 2, 0, 1])
}

/// Six rows of two columns.
pub(crate) fn table() -> Vec<u8> {
    npy_f64(&[6, 2], &(0..12).map(f64::from).collect::<Vec<_>>())
}

pub(crate) fn table_labels() -> Vec<u8> {
    npy("|u1", false, &[6], &[2, 0, 1, 2, 0, 1])
}
