//! Telling a format by its content, since names lie: `.gz` files that a browser has unpacked,
//! web pages saved as `.npy`, pointers in place of large files.

use crate::error::{Error, ErrorKind, quoted};
use crate::source::Source;

/// The formats read here. Each may also come inside gzip, except NPZ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// An array as MNIST ships it.
    Idx,
    /// One NumPy array.
    Npy,
    /// A zip archive of NumPy arrays.
    Npz,
    /// A table of text: CSV and its kin.
    Text,
}

/// Beginnings of files that people do hand in, and what they are.
const STRANGERS: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x89HDF", "an HDF5 file"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x1f\x8b", "gzip inside gzip"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"<!", "a web page (a download that failed?)"),
    (b"<html", "a web page (a download that failed?)"),
    (b"<?xml", "an XML document"),
    (b"version https://git-lfs", "a Git LFS pointer (`git lfs pull` fetches the file itself)"),
];

/// The format of `source`.
///
/// # Errors
/// [`ErrorKind::Empty`] for no bytes at all; [`ErrorKind::Format`] for anything unknown, and for
/// text under a name that promises a binary format.
pub(crate) fn sniff(source: &Source<'_>) -> Result<Format, Error> {
    let head = source.head();
    let fail =
        |kind, wrong: String, right: &str| Err(Error::new(kind, source.subject(), wrong, right));
    if head.is_empty() {
        return fail(ErrorKind::Empty, "the file is empty".into(), KNOWN);
    }
    if let Some((_, what)) = STRANGERS.iter().find(|(start, _)| head.starts_with(start)) {
        return fail(ErrorKind::Format, format!("this is {what}"), KNOWN);
    }
    if head.starts_with(b"\x93NUMPY") {
        return Ok(Format::Npy);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Format::Npz);
    }
    if head.starts_with(&[0, 0]) {
        return Ok(Format::Idx);
    }
    // Any byte from 0x80 on may be UTF-8 or an older encoding; both occur in headers of tables.
    if head.iter().any(|&byte| byte < b' ' && !b"\t\n\r".contains(&byte)) {
        let start: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let wrong = format!("the content begins {} and is of no known format", start.join(" "));
        return fail(ErrorKind::Format, wrong, KNOWN);
    }
    if let Some((extension, magic)) = promised(source.subject()) {
        let start = String::from_utf8_lossy(&head[..head.len().min(80)]);
        let line = start.lines().next().unwrap_or_default();
        let wrong = format!("this is text beginning {}", quoted(line));
        let right = format!("{extension} begins with {magic}: the file is mislabelled or damaged");
        return fail(ErrorKind::Format, wrong, &right);
    }
    Ok(Format::Text)
}

const KNOWN: &str = "IDX, NPY, NPZ and CSV are read, and each but NPZ inside gzip too";

/// The binary format that a name promises, with its first bytes.
fn promised(name: &str) -> Option<(&'static str, &'static str)> {
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".gz").unwrap_or(&lower);
    if stem.ends_with(".npy") {
        Some(("NPY", "93 4e 55 4d 50 59"))
    } else if stem.ends_with(".npz") {
        Some(("NPZ", "50 4b 03 04"))
    } else if stem.ends_with("ubyte") || stem.ends_with(".idx") {
        Some(("IDX", "00 00"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, bytes: &[u8]) -> Result<Format, String> {
        let source = Source::embedded(name, bytes).unwrap();
        sniff(&source).map_err(|error| error.to_string())
    }

    #[test]
    fn content_decides() {
        assert_eq!(of("a.csv", b"\x93NUMPY\x01\x00"), Ok(Format::Npy));
        assert_eq!(of("a.npy", b"PK\x03\x04..."), Ok(Format::Npz));
        assert_eq!(of("a", &[0, 0, 8, 3]), Ok(Format::Idx));
        assert_eq!(of("a.csv.gz", b"1,2\n"), Ok(Format::Text));
        assert_eq!(of("a.dat", "größe,wert\n1,2\n".as_bytes()), Ok(Format::Text));
    }

    #[test]
    fn strangers_are_named() {
        assert_eq!(
            of("a.csv", b"<!DOCTYPE html>"),
            Err("a.csv: this is a web page (a download that failed?); \
                 IDX, NPY, NPZ and CSV are read, and each but NPZ inside gzip too"
                .into())
        );
        assert_eq!(
            of("a.csv", b"\x01\x02\x03\x04\x05"),
            Err("a.csv: the content begins 01 02 03 04 and is of no known format; \
                 IDX, NPY, NPZ and CSV are read, and each but NPZ inside gzip too"
                .into())
        );
        assert_eq!(
            of("x-images-idx3-ubyte.gz", b"404: Not Found\nmore"),
            Err("x-images-idx3-ubyte.gz: this is text beginning \"404: Not Found\"; \
                 IDX begins with 00 00: the file is mislabelled or damaged"
                .into())
        );
        assert!(of("a", b"").unwrap_err().starts_with("a: the file is empty; "));
    }
}
