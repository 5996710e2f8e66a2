//! State dictionaries of PyTorch (`oracles/state_dict.py`): every number, and no damage unnoticed
//! or followed.

mod support;

use data::ErrorKind;
use data::pytorch::{Numbers, StateDict, read};
use serde_json::Value;
use std::path::PathBuf;
use support::*;

fn oracle(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../oracles", name].iter().collect()
}

fn numbers(of: &Numbers) -> Vec<f64> {
    match of {
        Numbers::F32(x) => x.iter().map(|&x| f64::from(x)).collect(),
        Numbers::F64(x) => x.clone(),
        Numbers::I32(x) => x.iter().map(|&x| f64::from(x)).collect(),
        Numbers::I64(x) => x.iter().map(|&x| x as f64).collect(),
        Numbers::Bool(x) => x.iter().map(|&x| f64::from(u8::from(x))).collect(),
    }
}

fn agrees(found: &StateDict, with: &str) {
    let text = std::fs::read_to_string(oracle("state_dict.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let expected = all[with].as_array().unwrap();
    assert_eq!(found.entries().len(), expected.len());
    for (entry, expected) in found.entries().iter().zip(expected) {
        assert_eq!(entry.name, expected["name"].as_str().unwrap());
        let shape: Vec<usize> = serde_json::from_value(expected["shape"].clone()).unwrap();
        let values: Vec<f64> = serde_json::from_value(expected["numbers"].clone()).unwrap();
        assert_eq!(entry.shape, shape, "{}", entry.name);
        assert_eq!(numbers(&entry.numbers), values, "{}", entry.name);
    }
}

#[test]
fn every_type_view_and_shared_storage() {
    let weights = read(oracle("state_dict.pt")).unwrap();
    agrees(&weights, "state_dict");
    assert!(matches!(weights.get("half").unwrap().numbers, Numbers::F32(_)));
    assert!(matches!(weights.get("double").unwrap().numbers, Numbers::F64(_)));
    assert!(matches!(weights.get("mask").unwrap().numbers, Numbers::Bool(_)));
    assert!(weights.get("nothing").is_none());
}

#[test]
fn weights_are_found_in_a_checkpoint() {
    agrees(&read(oracle("checkpoint.pt")).unwrap(), "checkpoint");
}

#[test]
fn other_files_are_told_apart() {
    let folder = Folder::new();
    let fails = |name: &str, bytes: &[u8], says: &str| {
        let error = read(folder.write(name, bytes)).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    };
    assert_eq!(read("no/such.pt").unwrap_err().kind(), ErrorKind::NotFound);
    fails("text.pt", b"not a zip archive at all", "not a whole zip archive");
    fails("old.pt", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "before 1.6");
    fails("arrays.pt", &npz(&[("x", table())], false), "0 data.pkl");
}

#[test]
fn no_damage_panics_or_goes_unnoticed() {
    let folder = Folder::new();
    let whole = std::fs::read(oracle("state_dict.pt")).unwrap();
    let expected = read(oracle("state_dict.pt")).unwrap();
    for length in (0..whole.len()).step_by(19) {
        assert!(read(folder.write("cut.pt", &whole[..length])).is_err(), "cut to {length}");
    }
    // A changed byte is found by a checksum, or stands where nothing is read.
    for at in (0..whole.len()).step_by(11) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        if let Ok(found) = read(folder.write("damaged.pt", &damaged)) {
            assert_eq!(found, expected, "byte {at}");
        }
    }
}
