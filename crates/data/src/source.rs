//! Bytes to read: a file, an entry of an archive or embedded memory, decompressed on the way.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{Error, ErrorKind, Place, counted};

/// How much of the content is looked at to tell its format.
const HEAD: usize = 4096;

/// DEFLATE spends at least two bits on at most 258 bytes, which is as much as it can expand.
const DEFLATE_EXPANSION: u64 = 1032;

/// A stream of bytes with a name for messages and a bound on its length, so that a header that
/// promises more than can come is refused before any memory is taken for it.
pub(crate) struct Source<'a> {
    subject: String,
    head: Vec<u8>,
    rest: Box<dyn Read + 'a>,
    position: u64,
    bound: u64,
    compressed: bool,
}

impl<'a> Source<'a> {
    /// The content of a file.
    pub(crate) fn open(path: &Path) -> Result<Source<'static>, Error> {
        let (file, length) = open_file(path)?;
        Source::new(path.display().to_string(), length, BufReader::new(file))
    }

    /// The content of `bytes`.
    pub(crate) fn embedded(subject: &str, bytes: &'a [u8]) -> Result<Source<'a>, Error> {
        Source::new(subject.to_string(), bytes.len() as u64, bytes)
    }

    /// The content of an archive's entry, `packed` bytes of DEFLATE that claim to be `unpacked`.
    pub(crate) fn entry(
        subject: String,
        packed: u64,
        unpacked: u64,
        reader: impl Read + 'a,
    ) -> Result<Source<'a>, Error> {
        let bound = unpacked.min(packed.saturating_mul(DEFLATE_EXPANSION));
        Source::plain(subject, bound, Box::new(reader))
    }

    /// The content of `stored` bytes, decompressed if they begin as gzip does.
    fn new(subject: String, stored: u64, reader: impl Read + 'a) -> Result<Source<'a>, Error> {
        let plain = Source::plain(subject, stored, Box::new(reader))?;
        if !plain.head.starts_with(&[0x1f, 0x8b]) {
            return Ok(plain);
        }
        let Source { subject, head, rest, .. } = plain;
        let stored_bytes = io::Cursor::new(head).chain(rest);
        let mut unpacked = Source {
            subject,
            head: Vec::new(),
            rest: Box::new(MultiGzDecoder::new(BufReader::new(stored_bytes))),
            position: 0,
            bound: stored.saturating_mul(DEFLATE_EXPANSION),
            compressed: true,
        };
        unpacked.look()?;
        Ok(unpacked)
    }

    fn plain(subject: String, bound: u64, rest: Box<dyn Read + 'a>) -> Result<Source<'a>, Error> {
        let mut source =
            Source { subject, head: Vec::new(), rest, position: 0, bound, compressed: false };
        source.look()?;
        Ok(source)
    }

    fn look(&mut self) -> Result<(), Error> {
        let result = self.rest.by_ref().take(HEAD as u64).read_to_end(&mut self.head);
        result.map(|_| ()).map_err(|error| self.broken(error))
    }

    /// The name that messages use.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// The first bytes, up to a few thousand, whether read already or not.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the bytes come out of gzip.
    pub(crate) fn compressed(&self) -> bool {
        self.compressed
    }

    /// The next `length` bytes of a header; `what` names them.
    pub(crate) fn header(&mut self, length: usize, what: &str) -> Result<Vec<u8>, Error> {
        let start = self.position;
        let mut bytes = Vec::new();
        let result = self.by_ref().take(length as u64).read_to_end(&mut bytes);
        result.map_err(|error| self.broken(error))?;
        if bytes.len() < length {
            return Err(Error::new(
                ErrorKind::Truncated,
                self.subject.clone(),
                format!("the file ends within {what}"),
                format!("{length} bytes are needed here: the file is cut short, fetch it again"),
            )
            .at(Place::Byte(start)));
        }
        Ok(bytes)
    }

    /// The remaining bytes, which must be exactly `length`; `None` is a length too large to count.
    pub(crate) fn body(mut self, length: Option<u64>) -> Result<Vec<u8>, Error> {
        let start = self.position;
        let most = self.bound.saturating_sub(start);
        let Some(length) = length.filter(|&length| length <= most) else {
            let promised = match length {
                Some(length) => counted_bytes(length),
                None => "more bytes than can be counted".to_string(),
            };
            let at_most = if self.compressed { "at most " } else { "" };
            return Err(Error::new(
                ErrorKind::Truncated,
                self.subject,
                format!("the header promises {promised}"),
                format!(
                    "what follows is {at_most}{}: the file is cut short or its header is wrong",
                    counted_bytes(most)
                ),
            )
            .at(Place::Byte(start)));
        };
        let mut bytes = Vec::new();
        // One byte more than promised tells a file that goes on from one that ends; reading to the
        // end also makes gzip compare its checksum.
        let result = self.by_ref().take(length.saturating_add(1)).read_to_end(&mut bytes);
        result.map_err(|error| self.broken(error))?;
        let found = bytes.len() as u64;
        if found < length {
            return Err(Error::new(
                ErrorKind::Truncated,
                self.subject,
                format!("the header promises {} but {found} follow", counted_bytes(length)),
                "the file is cut short: fetch it again",
            )
            .at(Place::Byte(start + found)));
        }
        if found > length {
            return Err(Error::new(
                ErrorKind::Trailing,
                self.subject,
                format!("the file goes on after the {} its header promises", counted_bytes(length)),
                "it must end here: its header is wrong or something was appended",
            )
            .at(Place::Byte(start + length)));
        }
        Ok(bytes)
    }

    /// What an error while reading means.
    pub(crate) fn broken(&self, error: io::Error) -> Error {
        let (kind, wrong, right) = match error.kind() {
            io::ErrorKind::UnexpectedEof => (
                ErrorKind::Truncated,
                "the compressed stream ends too soon".to_string(),
                "the file is cut short: fetch it again",
            ),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => (
                ErrorKind::Compression,
                format!("the compressed stream is damaged ({error})"),
                "fetch the file again",
            ),
            _ => (
                ErrorKind::Io,
                format!("reading failed ({error})"),
                "check that the file can be read",
            ),
        };
        Error::new(kind, self.subject.clone(), wrong, right)
            .at(Place::Byte(self.position))
            .caused_by(error)
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ahead = usize::try_from(self.position).ok().and_then(|start| self.head.get(start..));
        let read = match ahead {
            Some(mut ahead) if !ahead.is_empty() => ahead.read(buffer)?,
            _ => self.rest.read(buffer)?,
        };
        self.position += read as u64;
        Ok(read)
    }
}

/// Opens a file and tells its length: its true one if it is a regular file, none that could be
/// relied on for a pipe.
pub(crate) fn open_file(path: &Path) -> Result<(File, u64), Error> {
    let cannot = |error: io::Error| cannot_open(path, error);
    let file = File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if metadata.is_dir() {
        return Err(Error::new(
            ErrorKind::Format,
            path.display().to_string(),
            "this is a folder",
            "give the path of a file",
        ));
    }
    Ok((file, if metadata.is_file() { metadata.len() } else { u64::MAX }))
}

/// What it means that `path` cannot be opened or listed.
pub(crate) fn cannot_open(path: &Path, error: io::Error) -> Error {
    let (kind, wrong, right) = match error.kind() {
        io::ErrorKind::NotFound => (
            ErrorKind::NotFound,
            "no such file or folder".to_string(),
            "check the spelling; relative paths start from the working directory",
        ),
        _ => (
            ErrorKind::Io,
            format!("cannot be opened ({error})"),
            "check that it is a file or folder you may read",
        ),
    };
    Error::new(kind, path.display().to_string(), wrong, right).caused_by(error)
}

fn counted_bytes(n: u64) -> String {
    usize::try_from(n).map_or_else(|_| format!("{n} bytes"), |n| counted(n, "byte"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_read_again() {
        let bytes: Vec<u8> = (0..10_000u32).map(|i| i as u8).collect();
        let mut source = Source::embedded("memory", &bytes).unwrap();
        assert_eq!(source.head(), &bytes[..HEAD]);
        assert_eq!(source.header(3, "the start").unwrap(), bytes[..3]);
        assert_eq!(source.body(Some(9_997)).unwrap(), bytes[3..]);
    }

    #[test]
    fn a_promise_is_checked_before_memory_is_taken() {
        let source = Source::embedded("memory", &[7; 10]).unwrap();
        assert_eq!(
            source.body(Some(u64::MAX)).unwrap_err().to_string(),
            "memory, byte 0: the header promises 18446744073709551615 bytes; \
             what follows is 10 bytes: the file is cut short or its header is wrong"
        );
        let source = Source::embedded("memory", &[7; 10]).unwrap();
        assert_eq!(
            source.body(None).unwrap_err().to_string(),
            "memory, byte 0: the header promises more bytes than can be counted; \
             what follows is 10 bytes: the file is cut short or its header is wrong"
        );
        let source = Source::embedded("memory", &[7; 10]).unwrap();
        assert_eq!(
            source.body(Some(9)).unwrap_err().to_string(),
            "memory, byte 9: the file goes on after the 9 bytes its header promises; \
             it must end here: its header is wrong or something was appended"
        );
    }
}
