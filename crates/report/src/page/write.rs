//! Writing a page as HTML.

use super::block::{Block, Card, Figure, Section};
use super::{Page, Prose};
use crate::escape;
use crate::plot::theme::{self, Theme};
use crate::plot::{FULL_WIDTH, HALF_WIDTH};
use std::collections::BTreeSet;

const STYLE: &str = include_str!("page.css");

/// No request, no script, no frame: the page is what is in the file.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// With fewer sections a table of contents is in the way.
const CONTENTS_FROM: usize = 3;

pub(super) fn html(page: &Page) -> String {
    let mut writer = Writer::default();
    writer.head(page);
    writer.body(page);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    figures: usize,
}

impl Writer {
    fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// An element with a class (none if empty) and escaped text.
    fn element(&mut self, name: &str, class: &str, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.raw(&format!("<{name}{class}>{}</{name}>\n", escape::text(text)));
    }

    fn prose(&mut self, name: &str, class: &str, prose: &Prose) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.raw(&format!("<{name}{class}>{}</{name}>\n", prose.to_html()));
    }

    fn head(&mut self, page: &Page) {
        self.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        self.raw(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n"));
        self.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        self.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
        self.element("title", "", &page.title);
        let (light, dark) = (Theme::Light.custom_properties(), Theme::Dark.custom_properties());
        // Paper is white whatever the screen is.
        self.raw(&format!(
            "<style>\n:root{{color-scheme:light dark;{light}}}\n\
             @media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{}\n{STYLE}</style>\n",
            theme::themed_style()
        ));
        self.raw("</head>\n");
    }

    fn body(&mut self, page: &Page) {
        let anchors = anchors(&page.sections);
        let contents = page.sections.len() >= CONTENTS_FROM;
        self.raw(if contents { "<body class=\"with-contents\">\n" } else { "<body>\n" });
        self.raw("<header>\n");
        self.element("h1", "", &page.title);
        if let Some(subtitle) = &page.subtitle {
            self.prose("p", "subtitle", subtitle);
        }
        if !page.cards.is_empty() {
            self.raw("<dl class=\"cards\">\n");
            page.cards.iter().for_each(|card| self.card(card));
            self.raw("</dl>\n");
        }
        self.raw("</header>\n");
        if contents {
            self.raw("<nav aria-label=\"Contents\"><ol>\n");
            for (section, anchor) in page.sections.iter().zip(&anchors) {
                self.raw(&format!(
                    "<li><a href=\"#{}\">{}</a></li>\n",
                    escape::text(anchor),
                    escape::text(&section.title)
                ));
            }
            self.raw("</ol></nav>\n");
        }
        self.raw("<main>\n");
        for (section, anchor) in page.sections.iter().zip(&anchors) {
            self.section(section, anchor);
        }
        self.raw("</main>\n");
        if !page.footer.is_empty() {
            self.raw("<footer>\n");
            page.footer.iter().for_each(|line| self.prose("p", "", line));
            self.raw("</footer>\n");
        }
        for (name, json) in &page.data {
            self.data(name, json);
        }
        self.raw("</body>\n</html>\n");
    }

    fn card(&mut self, card: &Card) {
        self.raw(&format!("<div class=\"card {}\">", card.tone.class()));
        self.element("dt", "", &card.name);
        self.element("dd", "value", &card.value);
        if let Some(detail) = &card.detail {
            self.element("dd", "detail", detail);
        }
        self.raw("</div>\n");
    }

    fn section(&mut self, section: &Section, anchor: &str) {
        self.raw(&format!("<section id=\"{}\">\n", escape::text(anchor)));
        self.element("h2", "", &section.title);
        section.blocks.iter().for_each(|block| self.block(block));
        self.raw("</section>\n");
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => self.element("h3", "", text),
            Block::Paragraph(prose) => self.prose("p", "", prose),
            Block::Callout(tone, prose) => {
                self.prose("p", &format!("callout {}", tone.class()), prose);
            }
            Block::Formula(math) => {
                self.raw(&format!("<div class=\"formula\">{}</div>\n", math.to_html()));
            }
            Block::List(items) => {
                self.raw("<ul>\n");
                items.iter().for_each(|item| self.prose("li", "", item));
                self.raw("</ul>\n");
            }
            Block::Table(table) => {
                self.raw("<div class=\"scroll\" tabindex=\"0\">");
                self.raw(&table.to_html());
                self.raw("</div>\n");
            }
            Block::Figures(figures) => {
                if figures.len() > 1 {
                    self.raw("<div class=\"side-by-side\">\n");
                }
                let room = if figures.len() > 1 { HALF_WIDTH } else { FULL_WIDTH };
                figures.iter().for_each(|figure| self.figure(figure, room));
                if figures.len() > 1 {
                    self.raw("</div>\n");
                }
            }
            Block::Details(summary, text) => {
                self.raw("<details>");
                self.element("summary", "", summary);
                self.raw(&format!("<pre tabindex=\"0\">{}</pre></details>\n", escape::text(text)));
            }
        }
    }

    fn figure(&mut self, figure: &Figure, room: f64) {
        let (picture, width) = figure.plot.to_fragment(room);
        self.figures += 1;
        let number = self.figures;
        // A colon never occurs in the anchor of a section, so the two cannot collide.
        self.raw(&format!("<figure id=\"figure:{number}\" style=\"--width:{width:.0}px\">\n"));
        self.raw("<div class=\"scroll\">");
        self.raw(&picture);
        self.raw("</div>\n");
        let caption = figure.caption.to_html();
        let gap = if caption.is_empty() { "" } else { " " };
        self.raw(&format!(
            "<figcaption><b>Figure {number}.</b>{gap}{caption}</figcaption>\n</figure>\n"
        ));
        // Writing plain numbers and strings cannot fail; were it to, the picture is still there.
        if let Ok(json) = serde_json::to_string(&figure.plot) {
            self.data(&format!("figure:{number}"), &escape::json(&json));
        }
    }

    fn data(&mut self, name: &str, json: &str) {
        self.raw(&format!(
            "<script type=\"application/json\" id=\"data:{}\">{json}</script>\n",
            escape::text(name)
        ));
    }
}

/// An `id` for each section, made from its title and unlike all others.
fn anchors(sections: &[Section]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    sections
        .iter()
        .map(|section| {
            let base = escape::identifier(&section.title);
            let mut anchor = base.clone();
            let mut n = 2;
            while !taken.insert(anchor.clone()) {
                anchor = format!("{base}-{n}");
                n += 1;
            }
            anchor
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_anchors_of_their_own() {
        let titles = ["A b", "a B", "!", "A b 2"];
        let sections: Vec<Section> = titles.into_iter().map(Section::new).collect();
        assert_eq!(anchors(&sections), ["a-b", "a-b-2", "section", "a-b-2-2"]);
    }
}
