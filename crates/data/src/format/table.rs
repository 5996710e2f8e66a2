//! Tables of text: CSV, and its kin separated by semicolons, tabs or single spaces.
//!
//! One line per example, one column per feature and, for a data set, one for the target. Cells may
//! be quoted. What separates the cells and whether the first line is a header is for
//! [`dialect`](super::dialect) to find out.
//!
//! An unnamed first column of whole numbers, none twice, is the index that pandas writes. It is
//! left out: it tells where an example once stood, which in a sorted file gives its class away.

use csv::{ByteRecord, Reader, ReaderBuilder, Trim};

use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Place, counted, quoted};
use crate::features::Features;
use crate::format::dialect::{Cell, cell, delimiter, is_header};
use crate::labels;
use crate::options::{Column, OpenOptions};
use crate::source::Source;

/// A table with one column as target.
pub(crate) fn read(
    source: Source<'_>,
    name: &str,
    options: &OpenOptions,
) -> Result<Dataset, Error> {
    let subject = source.subject().to_string();
    let (table, target) = Lines::new(source, options.header)?.read(Some(&options.target))?;
    let targets = labels::from_text(&subject, &target.cells, &target.lines, options.task)?;
    let features = table.into_features(&subject, name)?;
    Dataset::new(features, targets, target.name.unwrap_or_else(|| "label".to_string()))
}

/// A table of features alone.
pub(crate) fn read_features(
    source: Source<'_>,
    name: &str,
    header: Option<bool>,
) -> Result<Features, Error> {
    let subject = source.subject().to_string();
    let (table, _) = Lines::new(source, header)?.read(None)?;
    table.into_features(&subject, name)
}

/// The columns of features.
#[derive(Default)]
struct Table {
    names: Vec<String>,
    width: usize,
    values: Vec<f64>,
}

/// The column of targets, with the line of each.
#[derive(Default)]
struct Target {
    name: Option<String>,
    cells: Vec<String>,
    lines: Vec<u64>,
}

impl Table {
    fn into_features(mut self, subject: &str, name: &str) -> Result<Features, Error> {
        self.drop_index();
        Features::read(subject, name, self.values, vec![self.width], self.names)
    }

    /// Leaves out the row numbers that pandas writes.
    fn drop_index(&mut self) {
        let unnamed = self.names.first().is_some_and(String::is_empty);
        if self.width < 2 || !unnamed {
            return;
        }
        let mut index: Vec<f64> = self.values.iter().copied().step_by(self.width).collect();
        index.sort_unstable_by(f64::total_cmp);
        let whole = index.iter().all(|number| *number >= 0.0 && number.fract() == 0.0);
        if !whole || index.windows(2).any(|pair| pair[0] == pair[1]) {
            return;
        }
        let mut at = 0;
        self.values.retain(|_| {
            at += 1;
            (at - 1) % self.width != 0
        });
        self.names.remove(0);
        self.width -= 1;
    }
}

/// The lines of a table after its header, if it has one.
struct Lines<'a> {
    subject: String,
    reader: Reader<Source<'a>>,
    header: Option<ByteRecord>,
    /// The lines that were read to find out about the header.
    ahead: Vec<ByteRecord>,
    columns: usize,
}

impl<'a> Lines<'a> {
    fn new(source: Source<'a>, header: Option<bool>) -> Result<Lines<'a>, Error> {
        let subject = source.subject().to_string();
        let delimiter = delimiter(source.head());
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true) // the lengths are checked here, with a better message
            .trim(Trim::All)
            .delimiter(delimiter)
            .from_reader(source);
        let mut lines = Lines { subject, reader, header: None, ahead: Vec::new(), columns: 0 };
        let Some(first) = lines.record()? else { return Err(lines.empty()) };
        let second = lines.record()?;
        lines.columns = first.len();
        // Before the cells are judged: a first line that fits no other explains itself best so.
        if let Some(second) = second.as_ref().filter(|second| second.len() != first.len()) {
            return Err(lines.ragged(second));
        }
        // Reversed, since they are taken from the end.
        lines.ahead.extend(second.clone());
        if header.unwrap_or_else(|| is_header(&first, second.as_ref())) {
            lines.header = Some(first);
        } else {
            lines.ahead.push(first);
        }
        Ok(lines)
    }

    fn empty(&self) -> Error {
        let wrong = match self.header {
            Some(_) => "the table has a header but no examples",
            None => "the table has no lines",
        };
        let right = "at least one example is needed";
        Error::new(ErrorKind::Empty, self.subject.clone(), wrong, right)
    }

    fn record(&mut self) -> Result<Option<ByteRecord>, Error> {
        let mut record = ByteRecord::new();
        match self.reader.read_byte_record(&mut record) {
            Ok(true) => Ok(Some(record)),
            Ok(false) => Ok(None),
            Err(error) => Err(match error.into_kind() {
                csv::ErrorKind::Io(error) => self.reader.get_ref().broken(error),
                other => Error::new(
                    ErrorKind::Format,
                    self.subject.clone(),
                    format!("the table cannot be read ({other:?})"),
                    "give a CSV file",
                ),
            }),
        }
    }

    fn name(&self, column: usize) -> Option<String> {
        let name = self.header.as_ref()?.get(column)?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// All lines, with the column of targets apart if one is asked for.
    fn read(mut self, target: Option<&Column>) -> Result<(Table, Target), Error> {
        let target = target.map(|column| self.find(column)).transpose()?;
        let features: Vec<usize> = (0..self.columns).filter(|&at| Some(at) != target).collect();
        let mut table = Table { width: features.len(), ..Table::default() };
        if self.header.is_some() {
            table.names = features.iter().filter_map(|&at| self.name(at)).collect();
        }
        let mut targets = Target { name: target.and_then(|at| self.name(at)), ..Target::default() };
        loop {
            let record = match self.ahead.pop() {
                Some(record) => record,
                None => match self.record()? {
                    Some(record) => record,
                    None => break,
                },
            };
            let line = line_of(&record);
            if record.len() != self.columns {
                return Err(self.ragged(&record));
            }
            for &at in &features {
                table.values.push(self.number(&record, at)?);
            }
            if let Some(at) = target {
                targets.cells.push(self.text(&record, at)?);
                targets.lines.push(line);
            }
        }
        if table.values.is_empty() {
            return Err(self.empty());
        }
        Ok((table, targets))
    }

    /// The position of the column of targets.
    fn find(&self, column: &Column) -> Result<usize, Error> {
        let fail = |kind, wrong: String, right: String| {
            Err(Error::new(kind, self.subject.clone(), wrong, right))
        };
        let last = self.columns - 1;
        if last == 0 {
            let wrong = "the table has a single column".to_string();
            let right = "a target needs features beside it; \
                         columns are separated by commas, semicolons, tabs or single spaces";
            return fail(ErrorKind::Column, wrong, right.to_string());
        }
        let names: Vec<String> = (0..self.columns).filter_map(|at| self.name(at)).collect();
        match column {
            Column::Last => Ok(last),
            Column::Auto => {
                const TARGETS: [&str; 4] = ["label", "class", "target", "y"];
                let is_target =
                    |name: &String| TARGETS.iter().any(|target| name.eq_ignore_ascii_case(target));
                let mut found = (0..names.len()).filter(|&at| is_target(&names[at]));
                match (found.next(), found.next()) {
                    (Some(only), None) => Ok(only),
                    _ => Ok(last),
                }
            }
            Column::Index(index) if *index <= last => Ok(*index),
            Column::Index(index) => fail(
                ErrorKind::Column,
                format!("there is no column {index}"),
                format!("columns count from 0 to {last}"),
            ),
            Column::Name(name) if names.is_empty() => fail(
                ErrorKind::Column,
                format!("there is no column named {}, for the table has no header", quoted(name)),
                format!("give the target's index, from 0 to {last}"),
            ),
            Column::Name(name) => {
                let found: Vec<usize> = (0..names.len()).filter(|&at| names[at] == *name).collect();
                match found[..] {
                    [only] => Ok(only),
                    [] => {
                        let listed: Vec<String> =
                            names.iter().take(10).map(|n| quoted(n)).collect();
                        let more = if names.len() > 10 { ", …" } else { "" };
                        fail(
                            ErrorKind::Column,
                            format!("there is no column named {}", quoted(name)),
                            format!("the columns are {}{more}", listed.join(", ")),
                        )
                    }
                    _ => fail(
                        ErrorKind::Column,
                        format!("{} columns are named {}", found.len(), quoted(name)),
                        format!("give the target's index, from 0 to {last}"),
                    ),
                }
            }
        }
    }

    fn place(&self, record: &ByteRecord, column: usize) -> Place {
        Place::Cell { line: line_of(record), column: column + 1, name: self.name(column) }
    }

    fn number(&self, record: &ByteRecord, column: usize) -> Result<f64, Error> {
        let bytes = record.get(column).unwrap_or_default();
        let text = || quoted(&String::from_utf8_lossy(bytes));
        let (kind, wrong, right) = match cell(bytes) {
            Cell::Number(value) if value.is_finite() => return Ok(value),
            Cell::Number(value) => (
                ErrorKind::NotFinite,
                format!("the feature is {value}"),
                "every feature must be a finite number: fill it in or drop the line",
            ),
            Cell::Missing => (
                ErrorKind::Missing,
                format!("the feature is missing ({})", text()),
                "every feature must be a finite number: fill it in or drop the line",
            ),
            Cell::Text => (
                ErrorKind::NotANumber,
                format!("{} is not a number", text()),
                "features must be numbers: encode text as numbers or leave the column out",
            ),
        };
        Err(Error::new(kind, self.subject.clone(), wrong, right).at(self.place(record, column)))
    }

    fn text(&self, record: &ByteRecord, column: usize) -> Result<String, Error> {
        let bytes = record.get(column).unwrap_or_default();
        str::from_utf8(bytes).map(str::to_string).map_err(|_| {
            let wrong = format!("{} is not UTF-8", quoted(&String::from_utf8_lossy(bytes)));
            Error::new(ErrorKind::Label, self.subject.clone(), wrong, "save the table as UTF-8")
                .at(self.place(record, column))
        })
    }

    fn ragged(&self, record: &ByteRecord) -> Error {
        Error::new(
            ErrorKind::Ragged,
            self.subject.clone(),
            counted(record.len(), "cell"),
            format!("the first line has {}, and so must every other", self.columns),
        )
        .at(Place::Line(line_of(record)))
    }
}

fn line_of(record: &ByteRecord) -> u64 {
    record.position().map_or(0, |position| position.line())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Task;
    use crate::targets::Targets;

    fn read_text(text: &str, options: &OpenOptions) -> Result<Dataset, String> {
        let source = Source::embedded("t.csv", text.as_bytes()).unwrap();
        read(source, "t", options).map_err(|error| error.to_string())
    }

    fn of(text: &str) -> Result<Dataset, String> {
        read_text(text, &OpenOptions::default())
    }

    fn with_target(text: &str, target: Column) -> Result<Dataset, String> {
        read_text(text, &OpenOptions { target, ..OpenOptions::default() })
    }

    #[test]
    fn reads_names_numbers_and_classes() {
        let data = of("length,width,species\n5.1,3.5,setosa\n 4.9 , -3e-1,virginica\n").unwrap();
        assert_eq!(data.features().names(), ["length", "width"]);
        assert_eq!(data.features().values(), [5.1, 3.5, 4.9, -0.3]);
        assert_eq!(data.target_name(), "species");
        assert_eq!(data.targets().class_names().unwrap(), ["setosa", "virginica"]);
    }

    #[test]
    fn a_header_may_be_declared() {
        let options = OpenOptions { header: Some(true), ..OpenOptions::default() };
        assert_eq!(read_text("1,2\n3,4\n", &options).unwrap().features().names(), ["1"]);
        let options = OpenOptions { header: Some(false), ..OpenOptions::default() };
        assert!(read_text("a,b\n3,4\n", &options).unwrap_err().contains("\"a\" is not a number"));
    }

    #[test]
    fn separators_quotes_and_byte_order_marks() {
        let semicolons = of("\u{feff}\"acidity, fixed\";quality\n7,4;5\n");
        assert!(semicolons.unwrap_err().contains("\"7,4\" is not a number"));
        let tabs = of("a\tb\tclass\n1\t2\t\"x\"\n").unwrap();
        assert_eq!(tabs.features().values(), [1.0, 2.0]);
        let quoted = of("\"a, \"\"b\"\"\",kind\r\n\"1\",\"x, y\"\r\n\r\n2,\"x, y\"\r\n").unwrap();
        assert_eq!(quoted.features().names(), ["a, \"b\""]);
        assert_eq!(quoted.targets().class_counts(), Some(vec![2]));
        let spaces = of("1.5e+00 2.5 0\n-3 4 1\n").unwrap();
        assert_eq!(spaces.features().values(), [1.5, 2.5, -3.0, 4.0]);
        let marked = of("\u{feff}a,y\n1,0.5\n").unwrap();
        assert_eq!(marked.features().names(), ["a"]);
    }

    #[test]
    fn the_target_is_chosen() {
        let text = "a,b,c\n1,2,3\n4,5,6\n";
        let values =
            |target| with_target(text, target).map(|data| data.features().values().to_vec());
        assert_eq!(values(Column::Auto), Ok(vec![1.0, 2.0, 4.0, 5.0]));
        assert_eq!(values(Column::Last), Ok(vec![1.0, 2.0, 4.0, 5.0]));
        assert_eq!(values(Column::Index(0)), Ok(vec![2.0, 3.0, 5.0, 6.0]));
        assert_eq!(values(Column::Name("b".into())), Ok(vec![1.0, 3.0, 4.0, 6.0]));
        assert_eq!(of("y,x\n1,2\n").unwrap().target_name(), "y");
        assert_eq!(of("y,label,x\n1,2,3\n").unwrap().target_name(), "x");
        assert_eq!(
            values(Column::Name("d".into())),
            Err("t.csv: there is no column named \"d\"; the columns are \"a\", \"b\", \"c\"".into())
        );
        assert_eq!(
            values(Column::Index(3)),
            Err("t.csv: there is no column 3; columns count from 0 to 2".into())
        );
        assert_eq!(
            with_target("1,2\n3,4\n", Column::Name("b".into())),
            Err("t.csv: there is no column named \"b\", for the table has no header; \
                 give the target's index, from 0 to 1"
                .into())
        );
        assert_eq!(
            with_target("b,b\n3,4\n", Column::Name("b".into())),
            Err("t.csv: 2 columns are named \"b\"; give the target's index, from 0 to 1".into())
        );
        assert_eq!(
            of("a\n3\n"),
            Err("t.csv: the table has a single column; a target needs features beside it; \
                 columns are separated by commas, semicolons, tabs or single spaces"
                .into())
        );
    }

    #[test]
    fn faults_are_named_with_line_and_column() {
        let right = "every feature must be a finite number: fill it in or drop the line";
        let cases = [
            (
                "5.1,3.5x,1.4,0\n4.9,3.0,1.4,1\n",
                "t.csv, line 1, column 2: \"3.5x\" is not a number; \
                 features must be numbers: encode text as numbers or leave the column out"
                    .into(),
            ),
            (
                "150,4,setosa\n5.1,3.5\n",
                "t.csv, line 2: 2 cells; the first line has 3, and so must every other".into(),
            ),
            (
                "a,b\n1,2\n3\n",
                "t.csv, line 3: 1 cell; the first line has 2, and so must every other".to_string(),
            ),
            (
                "a,b\n1,2\n3,4,5\n",
                "t.csv, line 3: 3 cells; the first line has 2, and so must every other".into(),
            ),
            (
                "a,b\n\n\n1,2\n,4\n",
                format!("t.csv, line 5, column 1 (\"a\"): the feature is missing (\"\"); {right}"),
            ),
            (
                "1,2\nNaN,4\n",
                format!("t.csv, line 2, column 1: the feature is missing (\"NaN\"); {right}"),
            ),
            ("1,2\n-inf,4\n", format!("t.csv, line 2, column 1: the feature is -inf; {right}")),
            (
                "a,b\n1,inf\n",
                "t.csv, line 2: the target is inf; \
                 every target must be a finite number: fill it in or drop the example"
                    .into(),
            ),
            (
                "a,b\n",
                "t.csv: the table has a header but no examples; at least one example is needed"
                    .into(),
            ),
            ("\n\n", "t.csv: the table has no lines; at least one example is needed".into()),
        ];
        for (text, message) in cases {
            assert_eq!(of(text), Err(message));
        }
    }

    #[test]
    fn the_index_of_pandas_is_left_out() {
        let data = of(",a,y\n0,7,x\n1,8,x\n2,9,z\n").unwrap();
        assert_eq!(data.features().names(), ["a"]);
        assert_eq!(data.features().values(), [7.0, 8.0, 9.0]);
        let shuffled = of(",a,y\n12,7,x\n3,8,x\n").unwrap();
        assert_eq!(shuffled.features().values(), [7.0, 8.0]);
        let kept = of(",a,y\n1,7,x\n1,8,x\n").unwrap();
        assert_eq!(kept.features().width(), 2);
    }

    #[test]
    fn values_may_be_asked_for() {
        let options = OpenOptions { task: Task::Values, ..OpenOptions::default() };
        let data = read_text("1,2\n3,4\n", &options).unwrap();
        assert_eq!(data.targets(), &Targets::Values(vec![2.0, 4.0]));
    }

    #[test]
    fn features_alone_take_every_column() {
        let source = Source::embedded("t.csv", b"a,b\n1,2\n").unwrap();
        let features = read_features(source, "t", None).unwrap();
        assert_eq!((features.values(), features.width()), (&[1.0, 2.0][..], 2));
    }
}
