//! Cut, damaged and random files: never a panic, never data that the file does not hold.

mod support;

use std::path::Path;

use proptest::prelude::*;
use support::*;

/// The files of a data set, the first of which is opened, and the examples it holds.
fn whole_files() -> Vec<Vec<(&'static str, Vec<u8>)>> {
    let fortran = npy("<f4", true, &[6, 2], &[0; 48]);
    let archive = |deflate| npz(&[("x", table()), ("y", table_labels())], deflate);
    let text = b"a,b,kind\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n9,10,x\n11,12,y\n";
    vec![
        vec![("a-images-idx3-ubyte", images()), ("a-labels-idx1-ubyte", labels())],
        vec![("a-images-idx3-ubyte.gz", gzip(&images())), ("a-labels-idx1-ubyte", labels())],
        vec![("x.npy", table()), ("y.npy", table_labels())],
        vec![("x.npy", fortran), ("y.npy", table_labels())],
        vec![("x.npy.gz", gzip(&table())), ("y.npy", table_labels())],
        vec![("a.npz", archive(true))],
        vec![("a.npz", archive(false))],
        vec![("a.csv.gz", gzip(text))],
    ]
}

fn check(path: &Path) -> Option<(usize, usize)> {
    // Both entrances must stand firm; only the labelled one promises a whole pair.
    let _ = data::open_features(path);
    match data::open(path) {
        Ok(data) => Some((data.count(), data.targets().count())),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains('\n') && message.contains("; "), "{message}");
            None
        }
    }
}

#[test]
fn no_binary_or_compressed_file_can_be_cut_unnoticed() {
    for files in whole_files() {
        let folder = Folder::new();
        let paths: Vec<_> = files.iter().map(|(name, bytes)| folder.write(name, bytes)).collect();
        assert_eq!(check(&paths[0]), Some((6, 6)), "{}", files[0].0);
        for ((name, bytes), path) in files.iter().zip(&paths) {
            for length in 0..bytes.len() {
                std::fs::write(path, &bytes[..length]).unwrap();
                assert_eq!(check(&paths[0]), None, "{name} cut to {length} of {}", bytes.len());
            }
            std::fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn a_cut_table_holds_no_more_than_its_lines() {
    let text = b"a,b,kind\n1,2,xx\n3,4,yy\n5,6,xx\n7,8,yy\n";
    let folder = Folder::new();
    for length in 0..text.len() {
        let cut = &text[..length];
        let path = folder.write("t.csv", cut);
        let lines = cut.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
        if let Some((examples, targets)) = check(&path) {
            assert!(examples == targets && examples + 1 >= lines && examples <= lines);
        }
    }
}

#[test]
fn no_file_can_go_on_unnoticed() {
    for files in whole_files().iter().filter(|files| !files[0].0.ends_with("npz")) {
        let folder = Folder::new();
        let paths: Vec<_> = files.iter().map(|(name, bytes)| folder.write(name, bytes)).collect();
        let mut longer = files[0].1.clone();
        longer.push(7);
        std::fs::write(&paths[0], &longer).unwrap();
        assert_eq!(check(&paths[0]), None, "{}", files[0].0);
    }
}

/// What begins a file of each format, so that random bytes get past the first check.
const STARTS: [&[u8]; 8] = [
    b"",
    b"\x00\x00\x08\x03",
    b"\x00\x00\x0e\x02\x00\x00\x00",
    b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': True, 'shape': (",
    b"\x93NUMPY\x02\x00",
    b"PK\x03\x04",
    b"\x1f\x8b\x08\x00",
    b"a,b,c\n1,2,",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(
        start in prop::sample::select(&STARTS[..]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        name in prop::sample::select(&["a", "a.csv", "a.npy", "a.npz", "a-images-idx3-ubyte"][..]),
    ) {
        let folder = Folder::new();
        check(&folder.write(name, [start, &bytes].concat()));
    }

    #[test]
    fn random_text_never_panics(text in "[0-9a-z,;\"\\n\\r\\t .?+-]{0,200}") {
        let folder = Folder::new();
        check(&folder.write("a.csv", text));
    }

    #[test]
    fn random_damage_never_panics(
        which in 0usize..8,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let files = whole_files().swap_remove(which);
        let folder = Folder::new();
        let paths: Vec<_> = files.iter().map(|(name, bytes)| folder.write(name, bytes)).collect();
        for ((_, mut bytes), path) in files.into_iter().zip(&paths) {
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            std::fs::write(path, bytes).unwrap();
            if let Some((examples, targets)) = check(&paths[0]) {
                prop_assert_eq!(examples, targets);
            }
        }
    }

    #[test]
    fn what_csv_says_is_what_is_read(
        rows in prop::collection::vec(prop::collection::vec(-1e300f64..1e300, 3), 1..20),
        header: bool,
        separator in prop::sample::select(&[",", ";", "\t"][..]),
        ending in prop::sample::select(&["\n", "\r\n"][..]),
    ) {
        let mut text = String::new();
        if header {
            text += &["u", "v", "w"].join(separator);
            text += ending;
        }
        for row in &rows {
            let cells: Vec<String> = row.iter().map(|value| format!("{value:e}")).collect();
            text += &cells.join(separator);
            text += ending;
        }
        let folder = Folder::new();
        let options = data::OpenOptions { task: data::Task::Values, ..Default::default() };
        let data = data::open_with(folder.write("t.csv", text), &options).unwrap();
        prop_assert_eq!(data.features().names().len(), if header { 2 } else { 0 });
        for (example, row) in rows.iter().enumerate() {
            prop_assert_eq!(data.features().row(example), &row[..2]);
            prop_assert_eq!(data.targets().values().unwrap()[example], row[2]);
        }
    }
}
