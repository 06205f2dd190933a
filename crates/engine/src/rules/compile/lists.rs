//! Lists: the items of lists that they name put in, and their place in texts.

use std::collections::BTreeSet;

use eyrie_lang::lists::{List, delimits, item_text, replace};

use super::{Collector, Compilation, User};
use crate::rules::collect::ListInfo;
use crate::rules::written::{SourceFile, Written};

#[derive(Debug)]
pub(super) struct CompiledList {
    pub(super) items: Vec<String>,
    text: List,
    /// The lists that its items name.
    pub(super) uses: Vec<usize>,
}

impl Compilation {
    pub(super) fn compile_lists(&mut self, collector: &Collector, dirty: &BTreeSet<User>) {
        let old = std::mem::take(&mut self.lists);
        let mut old = old.into_iter();
        for (id, info) in collector.lists.all.iter().enumerate() {
            let known = old.next().filter(|_| !dirty.contains(&User::List(id)));
            self.lists.push(known.unwrap_or_else(|| compile_list(info, collector)));
        }
    }

    /// The text with lists put in, and which were.
    pub(super) fn put_lists(&self, text: &str, collector: &Collector) -> (String, Vec<usize>) {
        let mut text = text.to_string();
        let mut used = Vec::new();
        let mut pending = self.named(&text, None, collector);
        while let Some(id) = pending.pop_first() {
            let Some(list) = self.lists.get(id) else { continue };
            if let Some(replaced) = replace(&text, &list.text) {
                text = replaced;
                used.push(id);
                // Only lists that come later are looked for among the items.
                let later = id + 1 < self.lists.len();
                for item in list.items.iter().filter(|_| later) {
                    pending.extend(self.named(item, Some(id), collector));
                }
            }
        }
        (text, used)
    }

    /// The lists that a text may name, of those after one.
    fn named(&self, text: &str, after: Option<usize>, collector: &Collector) -> BTreeSet<usize> {
        let mut found: BTreeSet<usize> =
            text.split(delimits).filter_map(|word| collector.lists.id(word)).collect();
        found.extend(self.odd_lists(collector));
        found.retain(|id| after.is_none_or(|after| *id > after));
        found
    }

    /// Lists with a name in which a word can end.
    fn odd_lists<'c>(&self, collector: &'c Collector) -> impl Iterator<Item = usize> + 'c {
        let any = collector.odd_lists;
        let all = collector.lists.all.iter().enumerate();
        all.filter(move |(_, list)| any && list.name.contains(delimits)).map(|(id, _)| id)
    }

    /// The same as [`put_lists`](Compilation::put_lists), with the places of all parts.
    pub(super) fn put_lists_written(
        &self,
        text: &Written,
        used: &[usize],
        collector: &Collector,
        files: &[SourceFile],
    ) -> Written {
        let mut text = text.clone();
        for id in used {
            if let Some(info) = collector.lists.get(*id)
                && let Some(replaced) = text.replaced(&info.name, &items_written(info, collector), files)
            {
                text = replaced;
            }
        }
        text
    }
}

fn compile_list(info: &ListInfo, collector: &Collector) -> CompiledList {
    let mut items = Vec::with_capacity(info.items.len());
    let mut uses = Vec::new();
    for item in &info.items {
        match named_list(&item.text, info, collector) {
            Some(id) => {
                uses.push(id);
                let of_other = collector.lists.get(id).into_iter().flat_map(|list| &list.items);
                items.extend(of_other.map(|item| item_text(&item.text).into_owned()));
            }
            None => items.push(item_text(&item.text).into_owned()),
        }
    }
    CompiledList { text: List::new(&info.name, &items), items, uses }
}

/// The list that an item names: of a list that is put in, the names stay names.
fn named_list(item: &str, info: &ListInfo, collector: &Collector) -> Option<usize> {
    let id = collector.lists.id(&item_text(item))?;
    collector.lists.get(id).filter(|other| other.index < info.visibility).map(|_| id)
}

fn items_written(info: &ListInfo, collector: &Collector) -> Written {
    let mut out = Written::default();
    for item in &info.items {
        let own = std::slice::from_ref(item);
        let named = named_list(&item.text, info, collector);
        let items = named.and_then(|id| collector.lists.get(id)).map_or(own, |list| &list.items);
        for item in items {
            if !out.text.is_empty() {
                out.put(", ");
            }
            out.put_value(&item_text(&item.text), item.origin);
        }
    }
    out
}
