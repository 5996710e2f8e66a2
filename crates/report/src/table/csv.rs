//! Tables as CSV, for other programs: full precision, no grouping, no rounding.

use super::{Cell, Table};

pub(super) fn write(table: &Table) -> String {
    let with_interval: Vec<bool> = (0..table.columns.len())
        .map(|i| table.cells_of(i).any(|c| matches!(c, Cell::Estimate(e) if e.interval.is_some())))
        .collect();
    let mut names = Vec::new();
    for (column, &three) in table.columns.iter().zip(&with_interval) {
        names.push(column.name.clone());
        if three {
            names.extend(["low", "high"].map(|end| format!("{} {end}", column.name)));
        }
    }
    let mut records = vec![names];
    for row in &table.rows {
        let mut record = Vec::new();
        for (cell, &three) in row.iter().zip(&with_interval) {
            record.push(raw(cell));
            if three {
                let interval = match cell {
                    Cell::Estimate(estimate) => estimate.interval,
                    _ => None,
                };
                let ends = interval.map_or([None, None], |(low, high)| [Some(low), Some(high)]);
                record.extend(ends.map(|end| end.map_or(String::new(), |x| x.to_string())));
            }
        }
        records.push(record);
    }

    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records.iter().filter(|record| !record.is_empty()) {
        // Writing to memory does not fail, and all records have the same length.
        let _ = writer.write_record(record);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn raw(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) | Cell::Code(text) | Cell::Verdict(text, _) => text.clone(),
        Cell::Integer(n) => n.to_string(),
        Cell::Number(x) => x.to_string(),
        Cell::Estimate(estimate) => estimate.value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Cell, Table};

    #[test]
    fn quoting_and_precision() {
        let csv = Table::new(["a,b", "c"])
            .row(("say \"x\"\ny", 0.1 + 0.2))
            .row([Cell::from(f64::NAN), Cell::Empty])
            .to_csv();
        assert_eq!(csv, "\"a,b\",c\n\"say \"\"x\"\"\ny\",0.30000000000000004\nNaN,\n");
    }

    #[test]
    fn intervals_become_columns() {
        let csv = Table::new(["x"]).row([Cell::from((1.0, 0.5))]).row([Cell::from(2.0)]).to_csv();
        assert_eq!(csv, "x,x low,x high\n1,0.5,1.5\n2,,\n");
    }
}
