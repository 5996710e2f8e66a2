//! Pages hold everything they need, escape everything they are given, and run nothing.

use report::{Axis, Card, Cell, Figure, LinePlot, Math, Page, Prose, Section, Series, Table, Tone};

const EVIL: &str = "</script></title></style>\"'><img src=x onerror=alert(1)>&";

fn page() -> Page {
    let plot = LinePlot::new(Axis::new(EVIL), EVIL).series(Series::line(EVIL, [(1.0, 1.0)]));
    let math = Math::mathml("<math><mi>x</mi></math>").unwrap();
    Page::new(EVIL)
        .subtitle(EVIL)
        .card(Card::new(EVIL, EVIL).detail(EVIL).tone(Tone::Bad))
        .section(
            Section::new(EVIL)
                .heading(EVIL)
                .paragraph(Prose::new().text(EVIL).strong(EVIL).emphasis(EVIL).code(EVIL))
                .paragraph(Prose::new().section_link(EVIL).math(Math::unicode(EVIL)))
                .callout(Tone::Good, EVIL)
                .formula(math)
                .list([EVIL, EVIL])
                .table(Table::new([EVIL]).caption(EVIL).row([Cell::Code(EVIL.into())]))
                .figure(Figure::new(plot.clone()).caption(EVIL))
                .figures([plot.clone().into(), plot.into()])
                .details(EVIL, EVIL),
        )
        .section(Section::new(EVIL))
        .section(Section::new(""))
        .data(EVIL, &[EVIL])
        .unwrap()
        .footer(EVIL)
}

#[test]
fn hostile_text_is_only_text() {
    let html = page().to_html();
    assert!(!html.contains("<img"), "{html}");
    // Only data blocks are scripts, and each ends where it should.
    assert_eq!(html.matches("<script").count(), 4);
    assert_eq!(html.matches("<script type=\"application/json\"").count(), 4);
    assert_eq!(html.matches("</script").count(), 4);
    assert_eq!(html.matches("</style").count(), 1);
    assert_eq!(html.matches("</title>\n").count(), 1);
}

#[test]
fn nothing_is_loaded() {
    let html = page().to_html();
    for (start, _) in html.match_indices("http") {
        let rest = &html[start..];
        let known = ["http-equiv=", "http://www.w3.org/2000/svg\""];
        assert!(known.iter().any(|k| rest.starts_with(k)), "{}", &rest[..rest.len().min(60)]);
    }
    for forbidden in ["@import", "<link", "<iframe", "url(", "src="] {
        let outside_text = html.replace("&gt;&lt;img src=x", "").replace("><img src=x", "");
        let outside_text = outside_text.replace("\\u003cimg src=x", "");
        assert!(!outside_text.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("Content-Security-Policy"));
}

#[test]
fn the_body_is_well_formed() {
    // Elements without an end tag occur in the head only, so the body is XML as well as HTML.
    let html = page().to_html();
    let body = &html[html.find("<body").unwrap()..html.find("</html>").unwrap()];
    let document = roxmltree::Document::parse(body).unwrap();
    let mut identifiers: Vec<&str> =
        document.descendants().filter_map(|node| node.attribute("id")).collect();
    let all = identifiers.len();
    identifiers.sort_unstable();
    identifiers.dedup();
    assert_eq!(identifiers.len(), all);
}

#[test]
fn embedded_data_is_json() {
    let html = page().to_html();
    let body = &html[html.find("<body").unwrap()..html.find("</html>").unwrap()];
    let document = roxmltree::Document::parse(body).unwrap();
    let mut found = 0;
    for script in document.descendants().filter(|node| node.has_tag_name("script")) {
        let data: serde_json::Value = serde_json::from_str(script.text().unwrap()).unwrap();
        found += usize::from(data[0] == EVIL || data["kind"] == "lines");
    }
    assert_eq!(found, 4);
}

#[test]
fn links_lead_to_sections() {
    let html = Page::new("p")
        .section(Section::new("A & B").paragraph(Prose::new().section_link("A & B")))
        .to_html();
    assert!(
        html.contains("<section id=\"a-b\">") && html.contains("<a href=\"#a-b\">A &amp; B</a>")
    );
}

#[test]
fn data_that_is_not_json_is_an_error() {
    let map = std::collections::BTreeMap::from([((1, 2), 3)]);
    let error = Page::new("p").data("pairs", &map).unwrap_err().to_string();
    assert!(error.contains("\"pairs\"") && !error.contains('\n'), "{error}");
}

#[test]
fn an_empty_page_is_a_page() {
    let html = Page::new("").to_html();
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(!html.contains("<nav"));
}
