//! Reading whole files: what is read, and what every refusal says.

mod support;

use data::{Column, ErrorKind, OpenOptions, Part, Place, Targets, Task};
use support::*;

const LABELS: &[usize] = &[2, 0, 1, 2, 0, 1];

#[test]
fn idx_pairs_with_and_without_gzip() {
    for (images_name, images_file) in [
        ("t10k-images-idx3-ubyte", images()),
        ("t10k-images-idx3-ubyte.gz", gzip(&images())),
        // A browser may have unpacked the file and kept its name.
        ("t10k-images-idx3-ubyte.gz", images()),
    ] {
        for (labels_name, labels_file) in
            [("t10k-labels-idx1-ubyte", labels()), ("t10k-labels-idx1-ubyte.gz", gzip(&labels()))]
        {
            let folder = Folder::new();
            let images = folder.write(images_name, &images_file);
            let labels = folder.write(labels_name, labels_file);
            for path in [images.as_path(), labels.as_path(), folder.path()] {
                let data = data::open(path).unwrap();
                assert_eq!(data.to_string(), "t10k-images: 6 examples of shape 2×3, 3 classes");
                assert_eq!(data.features().row(1), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
                assert_eq!(data.targets().labels(), Some(LABELS));
                assert_eq!(data.targets().class_names().unwrap(), ["0", "1", "2"]);
            }
            assert_eq!(data::open_features(&images).unwrap().count(), 6);
        }
    }
}

#[test]
fn the_part_of_a_folder_is_chosen() {
    let folder = Folder::new();
    folder.write("train-images-idx3-ubyte", images());
    folder.write("train-labels-idx1-ubyte", labels());
    folder.write("t10k-images-idx3-ubyte", idx(&[1, 2, 3], &[0; 6]));
    folder.write("t10k-labels-idx1-ubyte", idx(&[1], &[9]));
    let test = OpenOptions { part: Some(Part::Test), ..OpenOptions::default() };
    assert_eq!(data::open(folder.path()).unwrap().count(), 6);
    assert_eq!(data::open_with(folder.path(), &test).unwrap().count(), 1);
    assert_eq!(data::open_features_with(folder.path(), &test).unwrap().count(), 1);
}

#[test]
fn idx_labels_are_classes_however_many() {
    let folder = Folder::new();
    let path = folder.write("a-images-idx3-ubyte", idx(&[60, 1, 1], &[0; 60]));
    folder.write("a-labels-idx1-ubyte", idx(&[60], &(1..=60).collect::<Vec<u8>>()));
    assert_eq!(data::open(&path).unwrap().targets().class_names().unwrap().len(), 60);
    let values = OpenOptions { task: Task::Values, ..OpenOptions::default() };
    assert!(data::open_with(&path, &values).unwrap().targets().values().is_some());
}

#[test]
fn what_is_wrong_with_idx_files() {
    let folder = Folder::new();
    let path = folder.write("a-images-idx3-ubyte", images());
    assert_eq!(
        folder.message(data::open(&path)),
        "a-images-idx3-ubyte: these images have no labels; \
         a-labels-idx1-ubyte was looked for beside them"
    );
    let other = folder.write("pictures", images());
    assert_eq!(
        folder.message(data::open(other)),
        "pictures: these images have no labels; name the pair …-images-idx3-ubyte and \
         …-labels-idx1-ubyte, give the labels' path, or open features alone"
    );
    let labels_alone = folder.write("b-labels-idx1-ubyte", labels());
    assert_eq!(
        folder.message(data::open_features(labels_alone)),
        "b-labels-idx1-ubyte: these are labels, in one dimension, not images; \
         b-images-idx3-ubyte was looked for beside them"
    );
    folder.write("a-labels-idx1-ubyte", idx(&[5], &[0; 5]));
    assert_eq!(
        folder.message(data::open(&path)),
        "a-labels-idx1-ubyte: 5 targets for 6 examples; \
         each example in a-images-idx3-ubyte needs exactly one target"
    );
    folder.write("a-labels-idx1-ubyte", images());
    assert_eq!(
        folder.message(data::open(&path)),
        "a-labels-idx1-ubyte: an array of shape [6, 2, 3] in the place of labels; \
         labels are one number per example: the file is mislabelled"
    );
    folder.write("a-labels-idx1-ubyte", "0\n1\n");
    assert_eq!(
        folder.message(data::open(&path)),
        "a-labels-idx1-ubyte: this is text beginning \"0\"; \
         IDX begins with 00 00: the file is mislabelled or damaged"
    );
    folder.write("a-labels-idx1-ubyte", &labels()[..12]);
    assert_eq!(
        folder.message(data::open(&path)),
        "a-labels-idx1-ubyte, byte 8: the header promises 6 bytes; \
         what follows is 4 bytes: the file is cut short or its header is wrong"
    );
    // Labels in the place of images, and no images anywhere.
    let path = folder.write("b-images-idx3-ubyte", labels());
    assert_eq!(
        folder.message(data::open(path)),
        "b-images-idx3-ubyte: these are labels, in one dimension, not images; \
         give the path of the images"
    );
    let path = folder.write("c-labels-idx1-ubyte", labels());
    assert_eq!(
        folder.message(data::open(path)),
        "c-labels-idx1-ubyte: these are labels, in one dimension, not images; \
         c-images-idx3-ubyte was looked for beside them"
    );
    let options =
        OpenOptions { labels: Some(folder.path().join("nowhere")), ..OpenOptions::default() };
    assert_eq!(
        folder.message(data::open_with(folder.path().join("pictures"), &options)),
        "nowhere: no such file or folder; \
         check the spelling; relative paths start from the working directory"
    );
}

#[test]
fn headers_of_small_gzip_files_cannot_promise_gigabytes() {
    let folder = Folder::new();
    let hostile = idx(&[u32::MAX, 28, 28], &[0; 100]);
    let path = folder.write("a-images-idx3-ubyte.gz", gzip(&hostile));
    let message = folder.message(data::open_features(&path));
    assert!(
        message.starts_with(
            "a-images-idx3-ubyte.gz, byte 16: the header promises 3367254359280 bytes; \
             what follows is at most "
        ),
        "{message}"
    );
    let error = data::open_features(&path).unwrap_err();
    assert_eq!((error.kind(), error.place()), (ErrorKind::Truncated, &Place::Byte(16)));
}

#[test]
fn damaged_gzip_is_told() {
    let folder = Folder::new();
    let mut packed = gzip(&images());
    let last = packed.len() - 5;
    packed[last] ^= 0xff; // within the checksum
    let path = folder.write("a.gz", &packed);
    let message = folder.message(data::open_features(path));
    assert!(message.contains("the compressed stream is damaged ("), "{message}");
    assert!(message.ends_with("; fetch the file again"), "{message}");
}

#[test]
fn npy_with_labels_beside_it_or_within() {
    let folder = Folder::new();
    let path = folder.write("x_train.npy", table());
    folder.write("y_train.npy", table_labels());
    let data = data::open(&path).unwrap();
    assert_eq!(data.to_string(), "x_train: 6 examples of 2 features, 3 classes");
    assert_eq!(data.targets().labels(), Some(LABELS));

    let alone = folder.write("alone.npy", npy_f64(&[2, 3], &[1.0, 2.0, 0.5, 3.0, 4.0, 0.25]));
    let data = data::open(&alone).unwrap();
    assert_eq!(data.features().values(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(data.targets(), &Targets::Values(vec![0.5, 0.25]));
    let first = OpenOptions { target: Column::Index(0), ..OpenOptions::default() };
    let data = data::open_with(&alone, &first).unwrap();
    assert_eq!(data.features().values(), [2.0, 0.5, 4.0, 0.25]);
    assert_eq!(data.target_name(), "column 0");
    assert_eq!(data::open_features(&alone).unwrap().width(), 3);

    let options =
        OpenOptions { labels: Some(folder.path().join("y_train.npy")), ..OpenOptions::default() };
    let named = folder.write("pictures.npy", npy("|u1", false, &[6, 1, 2], &[9; 12]));
    assert_eq!(data::open_with(&named, &options).unwrap().features().shape(), [1, 2]);
    // A column of targets is as good as a list.
    folder.write("y_train.npy", npy("|u1", false, &[6, 1], &[1; 6]));
    assert_eq!(data::open(&path).unwrap().targets().class_counts(), Some(vec![6]));
    // A list of numbers is a table of one column.
    let list = folder.write("list.npy", npy_f64(&[3], &[1.0, 2.0, 3.0]));
    assert_eq!(data::open_features(list).unwrap().shape(), [1]);
}

#[test]
fn what_is_wrong_with_npy_files() {
    let folder = Folder::new();
    let path = folder.write("a.npy", npy("|u1", false, &[6, 2, 2], &[0; 24]));
    assert_eq!(
        folder.message(data::open(path)),
        "a.npy: an array of shape [6, 2, 2] with no labels beside it; \
         put the labels in a sibling such as y.npy for x.npy, or give a table [n, columns]"
    );
    let path = folder.write("a.npy", npy_f64(&[2, 1], &[0.0; 2]));
    assert_eq!(
        folder.message(data::open(path)),
        "a.npy: a single column with no labels beside it; \
         a table with targets needs two columns or more"
    );
    let path = folder.write("a.npy", npy_f64(&[2, 2], &[0.0, 1.0, f64::NAN, 1.0]));
    assert_eq!(
        folder.message(data::open(&path)),
        "a.npy, row 1, column 0 (counted from 0): the feature is NaN; \
         every feature must be a finite number: fill it in or drop the example"
    );
    let options = |target| OpenOptions { target, ..OpenOptions::default() };
    assert_eq!(
        folder.message(data::open_with(&path, &options(Column::Index(2)))),
        "a.npy: there is no column 2; columns count from 0 to 1"
    );
    assert_eq!(
        folder.message(data::open_with(&path, &options(Column::Name("y".into())))),
        "a.npy: there is no column named \"y\", for NPY columns have no names; \
         give the target's index, from 0 to 1"
    );
    let path = folder.write("x.npy", table());
    folder.write("y.npy", npy_f64(&[6, 2], &[0.0; 12]));
    assert_eq!(
        folder.message(data::open(&path)),
        "y.npy: targets of shape [6, 2]; one number per example is needed, shape [6]"
    );
    folder.write("y.npy", npy_f64(&[6], &[0.5, 1.0, f64::INFINITY, 0.0, 0.0, 0.0]));
    assert_eq!(
        folder.message(data::open(&path)),
        "y.npy, row 2 (counted from 0): the target is inf; \
         every target must be a finite number: fill it in or drop the example"
    );
    folder.write("y.npy", npz(&[("y", table_labels())], false));
    assert_eq!(
        folder.message(data::open(&path)),
        "y.npy: this is no single array; labels of arrays come as IDX or NPY"
    );
    let path = folder.write("web.npy", "<!DOCTYPE html>");
    assert!(folder.message(data::open(path)).starts_with("web.npy: this is a web page"));
}

#[test]
fn npz_by_names() {
    let folder = Folder::new();
    let wide = || npy_f64(&[6, 3], &[0.0; 18]);
    let cases: &[(&[&str], usize)] = &[
        (&["x", "y"], 2),
        (&["X", "Y"], 2),
        (&["X_train", "y_train", "x_test", "y_test"], 2),
        (&["train_images", "train_labels"], 2),
        (&["x_train", "y_train", "x", "y"], 2),
        (&["arr_0", "arr_1"], 2),
        (&["data", "target"], 2),
        (&["x_test", "y_test"], 2),
    ];
    for deflate in [false, true] {
        for (names, width) in cases {
            let arrays: Vec<(&str, Vec<u8>)> = names
                .iter()
                .map(|&name| {
                    let lower = name.to_lowercase();
                    let preferred = names.len() == 2 || ["x", "x_train"].contains(&lower.as_str());
                    let is_target = ["y", "label", "target", "arr_1"]
                        .iter()
                        .any(|target| lower.trim_start_matches("train_").starts_with(target));
                    match (is_target, preferred) {
                        (true, _) => (name, table_labels()),
                        (false, true) => (name, table()),
                        (false, false) => (name, wide()),
                    }
                })
                .collect();
            let path = folder.write("a.npz", npz(&arrays, deflate));
            let data = data::open(&path).unwrap();
            assert_eq!((data.features().width(), data.count()), (*width, 6), "{names:?}");
            assert_eq!(data.targets().labels(), Some(LABELS));
            assert_eq!(data::open_features(&path).unwrap().width(), *width);
        }
    }
    let arrays = [
        ("x_train", table()),
        ("y_train", table_labels()),
        ("x_test", wide()),
        ("y_test", table_labels()),
    ];
    let path = folder.write("a.npz", npz(&arrays, true));
    let test = OpenOptions { part: Some(Part::Test), ..OpenOptions::default() };
    assert_eq!(data::open_with(&path, &test).unwrap().features().width(), 3);
    let single = folder.write("b.npz", npz(&[("anything", table())], true));
    assert_eq!(data::open_features(single).unwrap().width(), 2);
}

#[test]
fn what_is_wrong_with_npz_files() {
    let folder = Folder::new();
    let path = folder.write("a.npz", npz(&[("u", table()), ("v", table_labels())], true));
    assert_eq!(
        folder.message(data::open(&path)),
        "a.npz: no arrays are named as features with targets, only \"u\", \"v\"; \
         name them x and y (or x_train and y_train)"
    );
    assert_eq!(
        folder.message(data::open_features(&path)),
        "a.npz: no arrays are named as features, only \"u\", \"v\"; name them x (or x_train)"
    );
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    out.start_file("readme.txt", zip::write::SimpleFileOptions::default()).unwrap();
    let path = folder.write("a.npz", out.finish().unwrap().into_inner());
    assert_eq!(
        folder.message(data::open(path)),
        "a.npz: a zip archive without NPY arrays; \
         an NPZ archive from numpy.savez holds entries such as x.npy and y.npy"
    );
    let path = folder.write("a.npz", npz(&[("x", table()), ("y", table())], true));
    assert_eq!(
        folder.message(data::open(path)),
        "a.npz[y]: targets of shape [6, 2]; one number per example is needed, shape [6]"
    );
    let path = folder.write("a.npz", npz(&[("x", b"hello".to_vec()), ("y", table())], true));
    assert_eq!(
        folder.message(data::open(path)),
        "a.npz[x], byte 0: the file ends within the NPY magic number and version; \
         8 bytes are needed here: the file is cut short, fetch it again"
    );
    let whole = npz(&[("x", table()), ("y", table_labels())], true);
    let path = folder.write("a.npz.gz", gzip(&whole));
    assert_eq!(
        folder.message(data::open(path)),
        "a.npz.gz: an NPZ archive inside gzip; \
         it is compressed already: unpack the outer layer with gunzip"
    );
    let path = folder.write("a.npz", &whole[..whole.len() / 2]);
    let message = folder.message(data::open(path));
    assert!(message.starts_with("a.npz: the zip archive cannot be read ("), "{message}");
    assert!(message.ends_with("; the file is cut short or damaged: fetch it again"), "{message}");
}

#[test]
fn csv_files_with_and_without_gzip() {
    let folder = Folder::new();
    let text = "a,b,kind\n1,2,x\n3,4,y\n";
    for path in [folder.write("t.csv", text), folder.write("t.csv.gz", gzip(text.as_bytes()))] {
        let data = data::open(&path).unwrap();
        assert_eq!(data.to_string(), "t: 2 examples of 2 features, 2 classes");
    }
    let path = folder.write("unlabelled.csv", "a,b\n1,2\n");
    assert_eq!(data::open_features(&path).unwrap().names(), ["a", "b"]);
    let latin = folder.write("latin.csv", b"a,b\n1,gr\xfcn\n2,rot\n");
    assert_eq!(
        folder.message(data::open(latin)),
        "latin.csv, line 2, column 2 (\"b\"): \"gr\u{fffd}n\" is not UTF-8; save the table as UTF-8"
    );
}

#[test]
fn paths_that_lead_nowhere() {
    let folder = Folder::new();
    let missing = folder.path().join("missing.csv");
    assert_eq!(
        folder.message(data::open(&missing)),
        "missing.csv: no such file or folder; \
         check the spelling; relative paths start from the working directory"
    );
    assert_eq!(data::open(&missing).unwrap_err().kind(), ErrorKind::NotFound);
    let path = folder.write("empty.csv", "");
    assert_eq!(
        folder.message(data::open(path)),
        "empty.csv: the file is empty; \
         IDX, NPY, NPZ and CSV are read, and each but NPZ inside gzip too"
    );
    std::fs::create_dir(folder.path().join("a-labels-idx1-ubyte")).unwrap();
    let path = folder.write("a-images-idx3-ubyte", images());
    assert!(folder.message(data::open(path)).contains("these images have no labels"));
}

#[test]
fn what_is_written_is_read_back() {
    let folder = Folder::new();
    let last = OpenOptions { target: Column::Last, ..OpenOptions::default() };
    for entry in data::embedded::CATALOGUE {
        let data = (entry.read)();
        let path = folder.path().join(format!("{}.csv", entry.name));
        data::write_csv(&path, &data).unwrap();
        let back = data::open_with(&path, &last).unwrap();
        assert_eq!(back.features().values(), data.features().values());
        assert_eq!(back.target_name(), data.target_name());
        match data.targets() {
            Targets::Values(values) => assert_eq!(back.targets().values(), Some(&values[..])),
            // Text classes are numbered alphabetically, so malignant and benign change places.
            Targets::Classes { names, .. } => {
                assert_eq!(back.with_classes(names).unwrap().targets(), data.targets());
            }
        }
    }
    let path = folder.path().join("a.npy");
    let values: Vec<f64> = (0..24).map(|i| f64::from(i) / 7.0).collect();
    data::write_npy(&path, &[2, 3, 4], &values).unwrap();
    let back = data::open_features(&path).unwrap();
    assert_eq!((back.shape(), back.values()), (&[3, 4][..], &values[..]));
    assert_eq!(std::fs::read(&path).unwrap().len() % 64, 0);
    assert_eq!(
        folder.message(data::write_npy(&path, &[5], &values)),
        "a.npy: 24 numbers for shape [5]; there must be as many as the product of the shape"
    );
    assert!(data::write_csv(folder.path().join("no/such"), &data::embedded::iris()).is_err());
}
