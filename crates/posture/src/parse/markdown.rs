//! GitHub Flavored Markdown into the [`Document`](super::document::Document) model, by `pulldown-cmark`.
//!
//! Front matter is skipped; HTML in blocks and between text goes through [`html`](super::html). Bare URLs, which
//! GitHub makes links of, are recognised.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeWithOffset};

use super::{
    document::{Builder, Joined, ProseKind},
    html::Html,
};

pub(super) fn read(text: &str, out: &mut Builder) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader =
        Reader { text, out, html: Html::default(), items: 0, skipping: 0, block: Joined::default() };
    let events = TextMergeWithOffset::new(Parser::new_ext(text, options).into_offset_iter());
    for (event, range) in events {
        reader.event(event, range);
    }
}

struct Reader<'a> {
    text: &'a str,
    out: &'a mut Builder,
    html: Html,
    /// List items around this place.
    items: usize,
    /// Code blocks and front matter around this place.
    skipping: usize,
    /// The HTML block that is open.
    block: Joined,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, range: std::ops::Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range.start),
            Event::End(tag) => self.end(tag),
            _ if self.skipping > 0 => {}
            Event::Text(text) => self.out.running_text(&text, range, self.text),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.out.text(&text, range.start);
            }
            Event::SoftBreak | Event::HardBreak => self.out.text(" ", range.start),
            Event::Html(html) => self.block.push(html.trim_end_matches(['\r', '\n']), range.start),
            Event::InlineHtml(html) => self.html.read(&html, &|n| range.start + n, self.out),
            Event::TaskListMarker(done) => self.out.task(done),
            Event::Rule => self.out.end_block(),
            Event::FootnoteReference(_) => {}
        }
    }

    fn kind(&self) -> ProseKind {
        if self.items > 0 { ProseKind::ListItem } else { ProseKind::Paragraph }
    }

    fn start(&mut self, tag: Tag<'_>, offset: usize) {
        match tag {
            Tag::Heading { level, .. } => self.out.open_heading(level as u8, offset),
            Tag::Link { dest_url, link_type, .. } => {
                let target = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}"),
                    _ => dest_url.into_string(),
                };
                self.out.open_link(target, offset);
            }
            Tag::Image { dest_url, .. } => self.out.open_image(dest_url.into_string(), offset),
            Tag::CodeBlock(_) | Tag::MetadataBlock(_) => {
                self.out.end_block();
                self.skipping += 1;
            }
            Tag::Item => {
                self.items += 1;
                self.out.block(ProseKind::ListItem);
            }
            Tag::TableCell => self.out.block(ProseKind::TableCell),
            Tag::Paragraph | Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) | Tag::HtmlBlock => {
                let kind = self.kind();
                self.out.block(kind);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.out.close_heading(),
            TagEnd::Link | TagEnd::Image => self.out.close(),
            TagEnd::CodeBlock | TagEnd::MetadataBlock(_) => self.skipping = self.skipping.saturating_sub(1),
            TagEnd::Item => {
                self.out.end_block();
                self.items = self.items.saturating_sub(1);
                let kind = self.kind();
                self.out.block(kind);
            }
            TagEnd::HtmlBlock => self.html_block(),
            TagEnd::Paragraph | TagEnd::TableCell | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => {
                let kind = self.kind();
                self.out.block(kind);
            }
            _ => {}
        }
    }

    /// Read the lines of an HTML block as one text: a tag may go over several lines.
    fn html_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.html.read(&block.text, &|at| block.offset_of(at), self.out);
        let kind = self.kind();
        self.out.block(kind);
    }
}
