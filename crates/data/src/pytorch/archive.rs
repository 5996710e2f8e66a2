//! The zip archive around a state dictionary.

use super::bytes_of;
use super::pickle::Storage;
use crate::error::{Error, ErrorKind, quoted};
use crate::source::open_file;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// Bytes of the largest pickle that is read: names and shapes of some hundred thousand tensors.
const LONGEST_PICKLE: u64 = 64 << 20;

pub(super) struct Archive {
    subject: String,
    zip: ZipArchive<BufReader<File>>,
    /// The folder in which everything lies.
    folder: String,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Archive, Error> {
        let subject = path.display().to_string();
        let (mut file, length) = open_file(path)?;
        // The magic number that a file of PyTorch before 1.6 begins with, as a pickle.
        const LEGACY: [u8; 8] = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46];
        let mut head = [0; 8];
        if length >= 8 && file.read_exact(&mut head).is_ok() && head == LEGACY {
            return Err(Error::new(
                ErrorKind::Format,
                subject,
                "written in the form of PyTorch before 1.6",
                "load it in PyTorch and save it again with torch.save",
            ));
        }
        let (file, _) = open_file(path)?;
        let zip =
            ZipArchive::new(BufReader::new(file)).map_err(|error| broken(&subject, &error))?;
        let pickles: Vec<String> = zip
            .file_names()
            .filter_map(|name| name.ok()?.strip_suffix("data.pkl").map(String::from))
            .collect();
        let mut archive = Archive { subject, zip, folder: String::new() };
        match &pickles[..] {
            [folder] => archive.folder.clone_from(folder),
            _ => {
                let wrong = format!("a zip archive with {} data.pkl, not one", pickles.len());
                return Err(archive.error(ErrorKind::Format, wrong));
            }
        }
        if archive.zip.by_name(&format!("{}constants.pkl", archive.folder)).is_ok() {
            let wrong = "a TorchScript program, not a state dictionary";
            return Err(archive.error(ErrorKind::Format, wrong.to_string()));
        }
        if let Ok(order) = archive.entry("byteorder", 16)
            && order.starts_with(b"big")
        {
            let wrong = "written on a machine whose numbers begin with their highest byte";
            return Err(archive.error(ErrorKind::Format, wrong.to_string()));
        }
        Ok(archive)
    }

    /// An error in this file.
    pub(super) fn error(&self, kind: ErrorKind, wrong: String) -> Error {
        let right = "a file of torch.save(model.state_dict(), path) is read";
        Error::new(kind, self.subject.clone(), wrong, right)
    }

    pub(super) fn pickle(&mut self) -> Result<Vec<u8>, Error> {
        self.entry("data.pkl", LONGEST_PICKLE)
    }

    /// The bytes of a storage: as many as its elements take.
    pub(super) fn storage(&mut self, storage: &Storage) -> Result<Vec<u8>, Error> {
        let size = bytes_of(&storage.kind).ok_or_else(|| {
            let wrong = format!("a tensor of type {}", quoted(&storage.kind));
            self.error(ErrorKind::Format, wrong)
        })?;
        let name = format!("data/{}", storage.key);
        let expected = storage.elements.saturating_mul(size) as u64;
        let bytes = self.entry(&name, expected)?;
        if bytes.len() as u64 != expected {
            let wrong = format!(
                "{} has {} bytes where {} elements take {expected}",
                quoted(&name),
                bytes.len(),
                storage.elements
            );
            return Err(self.error(ErrorKind::Truncated, wrong));
        }
        Ok(bytes)
    }

    /// An entry of at most `most` bytes. Memory is taken for what comes, not for what is promised.
    fn entry(&mut self, name: &str, most: u64) -> Result<Vec<u8>, Error> {
        let entry = self.zip.by_name(&format!("{}{name}", self.folder));
        let entry = entry.map_err(|error| broken(&self.subject, &error))?;
        let mut bytes = vec![];
        entry.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| {
            Error::new(
                ErrorKind::Truncated,
                self.subject.clone(),
                format!("{} cannot be read ({error})", quoted(name)),
                "the file is cut short or damaged: fetch it again",
            )
        })?;
        if bytes.len() as u64 > most {
            let wrong =
                format!("{} is longer than the {most} bytes that it may have", quoted(name));
            return Err(self.error(ErrorKind::Trailing, wrong));
        }
        Ok(bytes)
    }
}

fn broken(subject: &str, error: &ZipError) -> Error {
    Error::new(
        ErrorKind::Format,
        subject,
        format!("not a whole zip archive ({error})"),
        "a file of torch.save(model.state_dict(), path) is read; if it is one, fetch it again",
    )
}
