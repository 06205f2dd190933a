use std::fmt::Write as _;

use super::*;

/// Everything that was found, a line each.
pub(super) fn show(text: &str, format: Format) -> String {
    let document = Document::parse(text.as_bytes(), format);
    let mut out = String::new();
    for h in &document.headings {
        let _ = writeln!(out, "{:>3} h{} {}", h.line, h.level, h.text);
    }
    for l in &document.links {
        let what = if l.is_image { "img " } else { "link" };
        let _ = writeln!(out, "{:>3} {what} [{}] -> {}", l.line, l.text, l.target);
    }
    for b in &document.badges {
        let _ = writeln!(out, "{:>3} badge {} ({}) -> {}", b.line, b.image, b.alt, b.target);
    }
    for p in &document.prose {
        let _ = writeln!(out, "{:>3} {:?} {}", p.line, p.kind, p.text);
    }
    for t in &document.tasks {
        let _ = writeln!(out, "{:>3} task {} {}", t.line, if t.done { "x" } else { " " }, t.text);
    }
    out
}

mod markdown {
    use super::*;

    fn show_md(text: &str) -> String {
        show(text, Format::Markdown)
    }

    #[test]
    fn headings_are_rendered() {
        insta::assert_snapshot!(show_md("\
# One *two* `three` [four](x.md) ![five](l.png) &amp; six #
Setext
title
======
Second
---
#nothing
####### nothing
  ### indented ###
    # code
1. # in an item
> ## in a quote
#
"), @r#"
         1 h1 One two three four five & six
         2 h1 Setext title
         5 h2 Second
         9 h3 indented
        11 h1 in an item
        12 h2 in a quote
         1 link [four] -> x.md
         1 img  [five] -> l.png
         7 Paragraph #nothing ####### nothing
        "#);
    }

    #[test]
    fn code_and_comments_hold_nothing() {
        insta::assert_snapshot!(show_md("\
```md
# Adopters
[x](https://a.example)
```
~~~
# More
~~~
    # indented https://a.example

<!-- # Comment
[x](https://a.example)

## still <h2>comment</h2> -->
Text `[x](https://a.example)` and `https://b.example` <!-- [c](https://c.example) --> end.

<script>
# no <a href=\"https://d.example\">d</a>
</script>
<pre>
# Adopters
<a href=\"https://e.example\">e</a>
</pre>
```
unclosed # fence
"), @r#" 14 Paragraph Text [x](https://a.example) and https://b.example end."#);
    }

    #[test]
    fn links_of_all_kinds() {
        insta::assert_snapshot!(show_md("\
Inline [a *b* `c`](https://a.example 'title'), [ref][one], [two][], [three] and [undefined][no].
Auto <https://auto.example/x>, <me@mail.example>, bare https://bare.example/a_b_c?x=1&amp;y=2.
www.bare.example, **https://bold.example**, ![image](img/x.png \"t\") [empty]() [nested ![i](n.png)](n.md)
<a href='https://html.example/?a=1&amp;b=2'>ht<b>m</b>l</a> <img src=i.png alt=\"alt\"> <A HREF=\"#up\">Up</A>
[multi
line](https://multi.example) [esc\\]aped](<with blank.md>)

[one]: https://one.example
[TWO]: <https://two.example> 'Two'
[three]: three.md
"), @r#"
        1 link [a b c] -> https://a.example
        1 link [ref] -> https://one.example
        1 link [two] -> https://two.example
        1 link [three] -> three.md
        2 link [https://auto.example/x] -> https://auto.example/x
        2 link [me@mail.example] -> mailto:me@mail.example
        2 link [https://bare.example/a_b_c?x=1&y=2] -> https://bare.example/a_b_c?x=1&y=2
        3 link [www.bare.example] -> http://www.bare.example
        3 link [https://bold.example] -> https://bold.example
        3 img  [image] -> img/x.png
        3 link [empty] -> 
        3 link [nested i] -> n.md
        3 img  [i] -> n.png
        4 link [html] -> https://html.example/?a=1&b=2
        4 img  [alt] -> i.png
        4 link [Up] -> #up
        5 link [multi line] -> https://multi.example
        6 link [esc]aped] -> with blank.md
        3 badge n.png (i) -> n.md
        1 Paragraph Inline a b c, ref, two, three and [undefined][no]. Auto https://auto.example/x, me@mail.example, bare https://bare.example/a_b_c?x=1&y=2. www.bare.example, https://bold.example, image empty nested i html alt Up multi line esc]aped
        "#);
    }

    #[test]
    fn badges_of_all_kinds() {
        insta::assert_snapshot!(show_md("\
[![Build](https://b.example/b.svg)](https://b.example/b) [![Ref][img]][target]
<a href=\"https://c.example\"><img alt='C' src='https://c.example/c.svg'/></a>
[![][img] ![two](2.svg) text](https://d.example)
![not a badge](https://e.example/e.svg)

<p align=\"center\">
  <a
     href=\"https://f.example\"
  ><img
     src=\"https://f.example/f.svg\"></a>
  <a href=\"https://g.example\">

![G](g.svg)

  </a>
</p>

[img]: https://i.example/i.svg
[target]: https://t.example
"), @r#"
         1 link [Build] -> https://b.example/b
         1 img  [Build] -> https://b.example/b.svg
         1 link [Ref] -> https://t.example
         1 img  [Ref] -> https://i.example/i.svg
         2 link [C] -> https://c.example
         2 img  [C] -> https://c.example/c.svg
         3 link [two text] -> https://d.example
         3 img  [] -> https://i.example/i.svg
         3 img  [two] -> 2.svg
         4 img  [not a badge] -> https://e.example/e.svg
         7 link [] -> https://f.example
         9 img  [] -> https://f.example/f.svg
        11 link [G] -> https://g.example
        13 img  [G] -> g.svg
         1 badge https://b.example/b.svg (Build) -> https://b.example/b
         1 badge https://i.example/i.svg (Ref) -> https://t.example
         2 badge https://c.example/c.svg (C) -> https://c.example
         3 badge https://i.example/i.svg () -> https://d.example
         3 badge 2.svg (two) -> https://d.example
         7 badge https://f.example/f.svg () -> https://f.example
        11 badge g.svg (G) -> https://g.example
         1 Paragraph Build Ref C two text not a badge
        13 Paragraph G
        "#);
    }

    #[test]
    fn html_headings_and_blocks() {
        insta::assert_snapshot!(show_md("\
<h1 align=\"center\">
  <img src=\"logo.svg\" alt=\"Logo\"> The <em>Project</em>
</h1>
<div>

## Inside

<h3>

Markdown *title*

</h3>

text <h4>inline</h4> more
</div>
<table><tr><th>A</th><td>b &lt; c</td></tr></table>
<ul><li>one<li>two <a href=x>three</a></ul>
<h2>never closed

Paragraph one.

# Next
"), @r#"
         2 h1 Logo The Project
         6 h2 Inside
        10 h3 Markdown title
        14 h4 inline
        18 h2 never closed Paragraph one.
        22 h1 Next
         2 img  [Logo] -> logo.svg
        17 link [three] -> x
        14 Paragraph text
        14 Paragraph more
        16 TableCell A
        16 TableCell b < c
        17 ListItem one
        17 ListItem two three
        "#);
    }

    #[test]
    fn prose_items_cells_and_tasks() {
        insta::assert_snapshot!(show_md("\
---
title: front matter
---
A paragraph over
two lines with **strong** text.  
Hard break.

* item one
* item two

  second paragraph
  - [x] done [link](d.md)
  - [ ] to do
> quoted text

| Name | Link |
|------|------|
| a `b` | [c](c.md) |

Note[^1].

[^1]: The footnote.
"), @r#"
        12 link [link] -> d.md
        18 link [c] -> c.md
         4 Paragraph A paragraph over two lines with strong text. Hard break.
         8 ListItem item one
         9 ListItem item two
        11 ListItem second paragraph
        12 ListItem done link
        13 ListItem to do
        14 Paragraph quoted text
        16 TableCell Name
        16 TableCell Link
        18 TableCell a b
        18 TableCell c
        20 Paragraph Note.
        22 Paragraph The footnote.
        12 task x done link
        13 task   to do
        "#);
    }

    #[test]
    fn line_ends_marks_and_bad_bytes() {
        let document =
            Document::parse(b"\xEF\xBB\xBF# First\r\n\r\nSetext\r\n======\r\nx \xFF y\r\n", Format::Markdown);
        let got: Vec<_> = document.headings.iter().map(|h| (h.text.as_str(), h.level, h.line)).collect();
        assert_eq!(got, [("First", 1, 1), ("Setext", 1, 3)]);
        assert_eq!((document.prose[0].text.as_str(), document.prose[0].line), ("x \u{FFFD} y", 5));
        assert!(document.bom && document.lossy && !document.truncated);
    }
}

mod restructured {
    use super::*;

    fn show_rst(text: &str) -> String {
        show(text, Format::ReStructuredText)
    }

    #[test]
    fn titles_in_all_adornments() {
        insta::assert_snapshot!(show_rst("\
=====
Title
=====

Section *one*
=============
text

Sub
---

~~~~~~~~~
 Overlined
~~~~~~~~~

Section `two <two.html>`_
#########################

Section three
=============
Short
====
too short title
---
* item
Last
^^^^
----

after a transition
"), @r#"
         2 h1 Title
         5 h2 Section one
         9 h3 Sub
        13 h4 Overlined
        16 h5 Section two
        19 h2 Section three
        21 h2 Short
        26 h6 Last
        16 link [two] -> two.html
         7 Paragraph text
        23 Paragraph too short title --- * item
        30 Paragraph after a transition
        "#);
    }

    #[test]
    fn links_and_images() {
        insta::assert_snapshot!(show_rst("\
See `the docs <https://docs.example/a b>`_, `Anonymous <anon.rst>`__, named_, `Phrase Name`_ and
`over two
lines <https://lines.example>`_. Not a_name or snake_case_ but undefined_.
Bare https://bare.example/x_y_, ``literal <https://no.example>`_``, :doc:`Contributing <contributing>`,
:ref:`place`, :code:`x`, an anonymous__ one, `alias <named_>`_. An **emphasised** *word* and \\*escaped\\*.

|badge| and |linked|_ and |text|

.. _named: https://named.example
.. _Phrase name: https://phrase.example/
   path
.. _`with: colon`: https://colon.example
.. _linked: https://linked.example
__ https://anonymous.example
.. |badge| image:: https://b.example/b.svg
   :target: https://b.example
   :alt: Badge
.. |linked| image:: l.svg

.. image:: https://i.example/i.png
   :alt: An image
   :target: named_

.. figure:: fig.png

   The caption.
"), @r#"
         1 link [the docs] -> https://docs.example/a b
         1 link [Anonymous] -> anon.rst
         1 link [named] -> https://named.example
         1 link [Phrase Name] -> https://phrase.example/path
         2 link [over two lines] -> https://lines.example
         4 link [https://bare.example/x_y] -> https://bare.example/x_y
         4 link [Contributing] -> contributing
         5 link [place] -> place
         5 link [anonymous] -> https://anonymous.example
         5 link [alias] -> https://named.example
         7 img  [Badge] -> https://b.example/b.svg
         7 link [Badge] -> https://b.example
         7 img  [linked] -> l.svg
         7 link [linked] -> https://linked.example
        20 img  [An image] -> https://i.example/i.png
        20 link [An image] -> https://named.example
        24 img  [] -> fig.png
         7 badge https://b.example/b.svg (Badge) -> https://b.example
         7 badge l.svg (linked) -> https://linked.example
        20 badge https://i.example/i.png (An image) -> https://named.example
         1 Paragraph See the docs, Anonymous, named, Phrase Name and over two lines. Not a_name or snake_case_ but undefined_. Bare https://bare.example/x_y_, literal <https://no.example>`_, Contributing, place, x, an anonymous one, alias. An emphasised word and *escaped*.
         7 Paragraph Badge and linked and text
        20 Paragraph An image
        26 Paragraph The caption.
        "#);
    }

    #[test]
    fn what_is_literal_or_a_comment_is_skipped() {
        insta::assert_snapshot!(show_rst("\
.. This is a comment
   Adopters
   ========

..
   Also `a comment <https://no.example>`_

An example::

    Roadmap
    =======

    https://no.example

After.

::

  https://no.example

.. code-block:: bash

   # https://no.example

.. raw:: html

   <h2>Raw <a href=\"https://raw.example\">HTML</a></h2>

>>> print('https://no.example')

.. note:: A note with `a link <note.rst>`_

   and a body.

Quoted::

> https://no.example
> more

End.
"), @r#"
        27 h2 Raw HTML
        27 link [HTML] -> https://raw.example
        31 link [a link] -> note.rst
         8 Paragraph An example:
        15 Paragraph After.
        31 Paragraph A note with a link
        33 Paragraph and a body.
        35 Paragraph Quoted:
        40 Paragraph End.
        "#);
    }

    #[test]
    fn lists_and_tables() {
        insta::assert_snapshot!(show_rst("\
* one
* two
  goes on

  1. nested
#. auto
(a) lettered

+------+-----------------+
| Name | Link            |
+======+=================+
| a    | `b <b.html>`__  |
+------+-----------------+

=====  =====
x      y
=====  =====
1      two words
=====  =====

| line
| block

.. [1] A footnote.
"), @r#"
        12 link [b] -> b.html
         1 ListItem one
         2 ListItem two goes on
         5 ListItem nested
         6 ListItem auto
         7 ListItem lettered
        10 TableCell Name
        10 TableCell Link
        12 TableCell a
        12 TableCell b
        16 TableCell x
        16 TableCell y
        18 TableCell 1
        18 TableCell two words
        21 Paragraph line block
        24 Paragraph A footnote.
        "#);
    }
}

mod asciidoc {
    use super::*;

    fn show_adoc(text: &str) -> String {
        show(text, Format::AsciiDoc)
    }

    #[test]
    fn titles() {
        insta::assert_snapshot!(show_adoc("\
= The *Title*
Author Name <author@mail.example>
:url: https://attr.example
:toc:

== Section `one`

### Markdown style ###

[[anchor]]
==== Linked https://t.example[title]

Old style
---------

=not a title
====== Six
"), @r#"
         1 h1 The Title
         6 h2 Section one
         8 h3 Markdown style
        11 h4 Linked title
        13 h2 Old style
        11 link [title] -> https://t.example
         2 Paragraph Author Name <author@mail.example>
        16 Paragraph =not a title ====== Six
        "#);
    }

    #[test]
    fn links_and_images() {
        insta::assert_snapshot!(show_adoc("\
:base: https://base.example/x
:docs: {base}/docs

See link:docs/a.adoc[the *docs*], https://url.example/y[URL text^], https://bare.example/z. And
<https://angle.example>, {docs}[attribute], mailto:me@mail.example[Mail], xref:other.adoc#id[Other],
<<section,Section>>, www.bare.example, \\https://escaped.example and `https://code.example`.
link:++https://plus.example/a b++[plus], link:q.html[\"quoted, text\",window=_blank], link:x[]

image::logo.png[Logo, 100, link=https://logo.example]
image:https://b.example/b.svg[Build,link=\"https://b.example\"] image:c.svg[]
https://d.example[image:d.svg[D]] link:e[image:e.svg[alt=\"E, e\"]]
"), @r#"
         4 link [the docs] -> docs/a.adoc
         4 link [URL text] -> https://url.example/y
         4 link [https://bare.example/z] -> https://bare.example/z
         5 link [https://angle.example] -> https://angle.example
         5 link [attribute] -> https://base.example/x/docs
         5 link [Mail] -> mailto:me@mail.example
         5 link [Other] -> other.adoc#id
         6 link [Section] -> #section
         6 link [www.bare.example] -> http://www.bare.example
         7 link [plus] -> https://plus.example/a b
         7 link [quoted, text] -> q.html
         7 link [x] -> x
         9 img  [Logo] -> logo.png
         9 link [Logo] -> https://logo.example
        10 img  [Build] -> https://b.example/b.svg
        10 link [Build] -> https://b.example
        10 img  [] -> c.svg
        11 link [D] -> https://d.example
        11 img  [D] -> d.svg
        11 link [E, e] -> e
        11 img  [E, e] -> e.svg
         9 badge logo.png (Logo) -> https://logo.example
        10 badge https://b.example/b.svg (Build) -> https://b.example
        11 badge d.svg (D) -> https://d.example
        11 badge e.svg (E, e) -> e
         4 Paragraph See the docs, URL text, https://bare.example/z. And https://angle.example, attribute, Mail, Other, Section, www.bare.example, https://escaped.example and https://code.example. plus, quoted, text, x
         9 Paragraph Logo Build D E, e
        "#);
    }

    #[test]
    fn what_is_literal_or_a_comment_is_skipped() {
        insta::assert_snapshot!(show_adoc("\
// == comment https://no.example
////
== In a comment block
////
[source,bash]
----
== https://no.example
----
....
https://no.example
....
```md
# no
```
[source]
https://no.example

 literal https://no.example

++++
<h3>Passed <a href=\"https://pass.example\">through</a></h3>
++++
====
Example https://yes.example
====
[NOTE]
--
In an open block.
--
ifdef::env-github[]
NOTE: shown +++<u>plain</u>+++
endif::[]
"), @r#"
        21 h3 Passed through
        21 link [through] -> https://pass.example
        24 link [https://yes.example] -> https://yes.example
        24 Paragraph Example https://yes.example
        28 Paragraph In an open block.
        31 Paragraph NOTE: shown <u>plain</u>
        "#);
    }

    #[test]
    fn lists_tables_and_tasks() {
        insta::assert_snapshot!(show_adoc("\
.Block title
* one
** two
goes on
. numbered
* [x] done
* [ ] to do
term:: definition

|===
|Name |Link

|a
|link:b.html[b]
3+|wide
more text
|===

After.
"), @r#"
        14 link [b] -> b.html
         1 Paragraph Block title
         2 ListItem one
         3 ListItem two goes on
         5 ListItem numbered
         6 ListItem done
         7 ListItem to do
         8 ListItem term:: definition
        11 TableCell Name
        11 TableCell Link
        13 TableCell a
        14 TableCell b
        15 TableCell wide more text
        19 Paragraph After.
         6 task x done
         7 task   to do
        "#);
    }
}

mod plain {
    use super::*;

    #[test]
    fn titles_and_urls() {
        insta::assert_snapshot!(show("\
PROJECT
=======

Some text over
two lines, see https://x.example/a.

# Adopters
#hash
Usage
-----
* [x](y)
---
--
", Format::Plain), @r#"
         1 h1 PROJECT
         7 h1 Adopters
         9 h2 Usage
         5 link [https://x.example/a] -> https://x.example/a
         4 Paragraph Some text over two lines, see https://x.example/a.
         8 Paragraph #hash
        11 Paragraph * [x](y) --- --
        "#);
    }

    #[test]
    fn formats_by_name() {
        for (path, format) in [
            ("README.md", Format::Markdown),
            ("docs.d/README", Format::Plain),
            ("README.txt", Format::Plain),
            ("a/README.RST", Format::ReStructuredText),
            ("README.AsciiDoc", Format::AsciiDoc),
            ("x.mkd", Format::Markdown),
            (".github/README.markdown", Format::Markdown),
            ("", Format::Plain),
        ] {
            assert_eq!(Format::of_path(path), format, "{path}");
        }
    }
}

mod nasty {
    use proptest::prelude::*;

    use super::*;

    const FORMATS: [Format; 4] =
        [Format::Markdown, Format::ReStructuredText, Format::AsciiDoc, Format::Plain];

    /// Texts that make a careless reader quadratic or recursive. With optimisation each takes milliseconds.
    #[test]
    fn what_is_deep_or_long_is_read_in_linear_time() {
        let n = 10_000;
        let pieces = [
            "> ",
            "[",
            "![",
            "[a](",
            "![a",
            "](",
            "<a ",
            "<a b=\"",
            "<a b='",
            "<h1>",
            "<!--",
            "<",
            "&",
            "*",
            "_",
            "**a",
            "`",
            "``",
            "`a`_",
            "|a|",
            "|a|_",
            "a_ ",
            "~~",
            "- ",
            "* ",
            "1. ",
            "#",
            "# ",
            "=",
            "a\n===\n",
            "https://",
            "www.",
            "http://a.b ",
            ":a:`",
            ".. ",
            ".. a\n ",
            "::\n ",
            ".. _a: b_\n",
            "link:a[",
            "a[",
            "image:a[",
            "https://a[",
            "<<",
            "{a}",
            ":a: {a}{a}\n",
            "+",
            "++",
            "|===\n",
            "|a",
            "----\n",
            "////\n",
            "[x]\n",
            "\\",
            "(",
            ")",
            "\r",
            "\t",
            "\u{e9}",
            "\0",
            "- [ ] x\n",
            "<li>",
            "<a href=x>",
            "</a>",
            "&#1;",
            "[^a]",
            "[a]: b\n",
            "[a]",
            "| a\n|-\n",
            "\n> ",
            "a\n",
            "__ a\n",
            "`a <b>`__ ",
        ];
        for piece in pieces {
            for format in FORMATS {
                let _ = Document::parse(piece.repeat(n).as_bytes(), format);
            }
        }
        for piece in ["> ", "[", "![", "- ", "<h1>", "`", "*", "https://", "link:a["] {
            for format in FORMATS {
                let _ = Document::parse(piece.repeat(10 * n).as_bytes(), format);
            }
        }
        let nested: String = (0..3000).map(|n| format!("{:n$}- x\n", "")).collect();
        let mixed = format!("{}a{}", "[![".repeat(n), "](x)](y)".repeat(n));
        let attributes = format!(":a: {}\n\n{}", "x".repeat(2000), "{a}".repeat(n));
        for text in [nested, mixed, attributes] {
            for format in FORMATS {
                let _ = Document::parse(text.as_bytes(), format);
            }
        }
    }

    #[test]
    fn fifty_megabytes_are_cut() {
        let mut bytes = b"# Title\n\ntext\n\n".repeat((50 << 20) / 15);
        bytes.extend_from_slice(b"# The end\n");
        for format in FORMATS {
            let document = Document::parse(&bytes, format);
            assert!(document.truncated, "{format:?}");
            assert!(document.headings.len() <= MAX_PARTS && document.prose.len() <= MAX_PARTS);
            assert!(document.headings.iter().all(|h| h.text == "Title"));
        }
        let one_line = vec![b'x'; 50 << 20];
        assert!(Document::parse(&one_line, Format::Markdown).truncated);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn places_are_inside(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "é word ", "# ", "\n", "\n\n", "\r\n", "===\n", "----\n", "- ", "* ", "1. ", "> ", "    ",
                    "[", "]", "(", ")", "![", "](https://a.example)", "[x]: y\n", "<a href='z'>", "</a>", "<h2>",
                    "</h2>", "<!--", "-->", "<img src=i>", "```\n", "`", "``", "`a <b>`_", "a_", "|s|_",
                    ".. |s| image:: i\n   :target: t\n", ".. _a: b\n", ".. image:: x\n", "::\n", ".. note:: x\n",
                    "= ", "== T\n", "link:a[b]", "image::a[b,link=c]", "https://u.example[t]", "{x}", ":x: y\n",
                    "|===\n", "|c ", "////\n", "[source]\n", "+\n", "\\", "*", "_", "&amp;", "- [x] ", "| a | b |\n",
                    "|-|-|\n", "www.a.b", "https://a.b/", "\t", "\u{feff}", "+--+\n", ":doc:`", "<<a,b>>", "---\n",
                ]),
                0..40,
            )
        ) {
            let text = parts.concat();
            let lines = Lines::new(&text).count();
            let inside = |line: u32| line >= 1 && line as usize <= lines;
            for format in FORMATS {
                let document = Document::parse(text.as_bytes(), format);
                prop_assert!(document.headings.iter().all(|h| inside(h.line) && !h.text.is_empty() && h.level > 0));
                prop_assert!(document.links.iter().all(|l| inside(l.line) && l.offset <= text.len()));
                prop_assert!(document.links.is_sorted_by_key(|l| l.offset));
                prop_assert!(document.badges.iter().all(|b| inside(b.line)));
                prop_assert!(document.prose.iter().all(|p| inside(p.line) && !p.text.is_empty()));
                prop_assert!(document.tasks.iter().all(|t| inside(t.line)));
                prop_assert!(document.prose.is_sorted_by_key(|p| p.line), "{format:?} {:?}", document.prose);
            }
        }

        #[test]
        fn any_bytes_are_a_document(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for format in FORMATS {
                let _ = Document::parse(&bytes, format);
            }
        }
    }
}
