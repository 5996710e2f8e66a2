//! Tables as text for a terminal or a log.

use super::Table;
use unicode_width::UnicodeWidthStr;

const BETWEEN: &str = "  ";

pub(super) fn write(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|c| one_line(&c.name)).collect();
    let rows: Vec<Vec<String>> = table
        .texts()
        .into_iter()
        .map(|row| row.iter().map(|text| one_line(text)).collect())
        .collect();
    let widths: Vec<usize> = (0..names.len())
        .map(|i| {
            let cells = rows.iter().map(|row| row[i].width());
            cells.chain([names[i].width()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = (0..cells.len())
            .map(|i| {
                let room = " ".repeat(widths[i].saturating_sub(cells[i].width()));
                if table.is_numeric(i) {
                    format!("{room}{}", cells[i])
                } else {
                    format!("{}{room}", cells[i])
                }
            })
            .collect();
        format!("{}\n", padded.join(BETWEEN).trim_end())
    };

    let mut out = String::new();
    if let Some(caption) = &table.caption {
        out.push_str(&format!("{caption}\n\n"));
    }
    out.push_str(&line(&names));
    let rules: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    out.push_str(&format!("{}\n", rules.join(BETWEEN)));
    rows.iter().for_each(|row| out.push_str(&line(row)));
    out
}

/// A cell is one line, and never moves the cursor.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use crate::{Cell, Table};
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let text = Table::new(["name", "value"])
            .row(("学习率", 0.001))
            .row(("κ", -12.0))
            .row([Cell::from("a\nb"), Cell::Empty])
            .to_text();
        let ends: Vec<usize> = text.lines().map(UnicodeWidthStr::width).collect();
        assert_eq!(ends[1], ends[2], "{text}");
        assert_eq!(ends[2], ends[3], "{text}");
        assert_eq!(text.lines().count(), 5);
    }
}
