//! Writing a file so that a reader sees the old one or the new one, never half of one.

use crate::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes `bytes` to `path` atomically: to a temporary file in the same folder, flushed to the
/// disk, then renamed over `path`.
///
/// The folder must exist. A file already at `path` is replaced; if `path` is a symbolic link, the
/// link itself is replaced.
///
/// # Errors
/// [`Error::Write`] if the folder does not exist or does not allow writing, if `path` is a folder,
/// or if the disk is full. No temporary file is left behind, and what was at `path` is untouched.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("report.html");
/// report::write_atomically(&path, "<p>ready</p>")?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "<p>ready</p>");
/// # Ok::<(), report::Error>(())
/// ```
pub fn write_atomically(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
    let path = path.as_ref();
    let fail = |expected| move |source| Error::Write { path: path.to_path_buf(), expected, source };

    let name = path.file_name().ok_or_else(|| {
        fail("a path that ends in a file name")(io::Error::from(io::ErrorKind::InvalidInput))
    })?;
    if path.is_dir() {
        return Err(fail("a file, not a folder")(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };

    let temporary = temporary_beside(folder, name);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .map_err(fail("a folder that exists and can be written to"))?;
    let written = fill(file, bytes.as_ref())
        .map_err(fail("room on the disk"))
        .and_then(|()| fs::rename(&temporary, path).map_err(fail("a file that can be replaced")));
    if written.is_err() {
        // The first error is the one worth telling; a leftover that cannot be removed is not.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    // The rename itself lives in the folder. Not every file system can flush a folder, and the
    // file is complete either way, so this is best effort.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name nobody else uses: hidden, with the process and a counter in it.
fn temporary_beside(folder: &Path, name: &std::ffi::OsStr) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{count}.tmp", std::process::id()));
    folder.join(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomically(&path, "one").unwrap();
        write_atomically(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn errors_are_one_line_with_the_path() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("missing/a.txt"), folder.path().to_path_buf()] {
            let message = write_atomically(&path, "x").unwrap_err().to_string();
            assert!(message.contains(&path.display().to_string()), "{message}");
            assert!(message.contains("expected"), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        assert!(write_atomically("..", "x").is_err());
        assert!(write_atomically("", "x").is_err());
    }

    #[test]
    fn a_failed_rename_removes_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        assert!(write_atomically(&path, "x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
