//! Tables as HTML.

use super::{Cell, Table};
use crate::escape;
use std::fmt::Write;

pub(super) fn write(table: &Table) -> String {
    let class = |i: usize| if table.is_numeric(i) { " class=\"number\"" } else { "" };
    let mut out = String::from("<table>");
    if let Some(caption) = &table.caption {
        let _ = write!(out, "<caption>{}</caption>", escape::text(caption));
    }
    out.push_str("<thead><tr>");
    for (i, column) in table.columns.iter().enumerate() {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(i), escape::text(&column.name));
    }
    out.push_str("</tr></thead><tbody>");
    for (row, texts) in table.rows.iter().zip(table.texts()) {
        out.push_str("<tr>");
        for (i, (cell, text)) in row.iter().zip(texts).enumerate() {
            let text = escape::text(&text);
            let text = match cell {
                Cell::Code(_) => format!("<code>{text}</code>"),
                Cell::Verdict(_, tone) => {
                    format!("<span class=\"verdict {}\">{text}</span>", tone.class())
                }
                _ => text,
            };
            let _ = write!(out, "<td{}>{text}</td>", class(i));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    out
}

#[cfg(test)]
mod tests {
    use crate::{Cell, Table, Tone};

    #[test]
    fn everything_is_escaped() {
        let cells = [
            Cell::Text("<script>".into()),
            Cell::Code("Vec<f64>".into()),
            Cell::Verdict("\"a\" & b".into(), Tone::Bad),
        ];
        let html = Table::new(["<a>", "b", "c"]).caption("<c>").row(cells).to_html();
        assert!(!html.contains("<script") && !html.contains("<a>") && !html.contains("<c>"));
        assert!(html.contains("<code>Vec&lt;f64&gt;</code>"), "{html}");
        assert!(html.contains("class=\"verdict bad\">&quot;a&quot; &amp; b<"), "{html}");
        assert!(roxmltree::Document::parse(&html).is_ok());
    }

    #[test]
    fn numbers_are_aligned_as_numbers() {
        let html = Table::new(["name", "value"]).row(("a", 1.5)).to_html();
        assert!(html.contains("<td class=\"number\">1.50</td>"), "{html}");
        assert!(html.contains("<td>a</td>"), "{html}");
    }
}
