//! The generator and the oracle for whole rule files: lists in lists, macros in macros, exceptions of all forms, appends and
//! replacements over several files, loaded by the engine and expanded here in the plainest way. The compiled text and the
//! verdict over random events must agree.

use std::collections::{BTreeMap, HashMap};

use eyrie_engine::rules::Loader;
use eyrie_lang::ast::quoted;
use eyrie_lang::parse::{Limits, parse};
use eyrie_lang::{
    Compiler, Field, FieldInfo, Fields, Presence, Schema, Scratch, StaticSchema, Type, Value, Values,
};
use fastrand::Rng;

const KINDS: [&str; 4] = ["open", "close", "read", "write"];
const TEXTS: [&str; 7] = ["a", "b", "ab", "/etc/a", "/etc", "two words", "B"];
const TEXT_FIELDS: [&str; 3] = ["proc.name", "fd.name", "user.name"];

fn schema() -> StaticSchema {
    let text = |name| FieldInfo::new(name, Type::CharBuf, "");
    let mut fields: Vec<FieldInfo> = TEXT_FIELDS.into_iter().map(text).collect();
    fields.push(FieldInfo::new("fd.num", Type::Int64, ""));
    fields.push(text("evt.type"));
    StaticSchema::new(fields).unwrap().with_discriminant("evt.type", KINDS).unwrap()
}

/// A condition as it is meant.
#[derive(Clone, Debug)]
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    /// An alternative that more was appended to, without parentheses.
    Longer(Vec<Tree>),
    Not(Box<Tree>),
    /// What stands in parentheses in the file and is nothing of its own.
    Macro(String),
    Atom {
        field: &'static str,
        op: &'static str,
        values: Vec<String>,
    },
    /// `field in (LIST, …)`
    InLists {
        field: &'static str,
        names: Vec<String>,
        more: Vec<String>,
    },
}

#[derive(Default)]
struct World {
    /// Items; those that name a list stand for its items, once.
    lists: BTreeMap<String, Vec<String>>,
    macros: BTreeMap<String, Tree>,
    rules: Vec<(String, Rule)>,
}

#[derive(Clone)]
struct Rule {
    condition: Tree,
    exceptions: Vec<Exception>,
}

#[derive(Clone)]
struct Exception {
    name: String,
    fields: Vec<&'static str>,
    ops: Vec<&'static str>,
    /// Of one field: values; of several: tuples.
    values: Vec<Vec<String>>,
    scalar: bool,
}

type Event = HashMap<&'static str, Given>;

#[derive(Clone, Debug, PartialEq)]
enum Given {
    Text(String),
    Number(i64),
}

struct Record<'e>(&'e Event);

impl Fields for Record<'_> {
    fn extract<'a>(&'a self, field: &Field, out: &mut Values<'a>) -> Presence {
        match self.0.get(&*field.name) {
            None => Presence::Absent,
            Some(Given::Text(text)) => out.text(text),
            Some(Given::Number(number)) => {
                out.push(Value::Int(*number));
                Presence::Present
            }
        }
    }
}

impl World {
    /// The items of a list, with the items of lists that they name. Those may name lists that come later in the file order.
    fn items(&self, name: &str) -> Vec<String> {
        let mut all = Vec::new();
        for item in &self.lists[name] {
            match self.lists.get(item) {
                Some(items) => all.extend(items.iter().cloned()),
                None => all.push(item.clone()),
            }
        }
        all
    }

    fn values(&self, names: &[String], more: &[String]) -> Vec<String> {
        let named = names.iter().flat_map(|name| self.items(name));
        named.chain(more.iter().cloned()).collect()
    }

    fn holds(&self, tree: &Tree, event: &Event) -> bool {
        match tree {
            Tree::And(children) | Tree::Longer(children) => {
                children.iter().all(|child| self.holds(child, event))
            }
            Tree::Or(children) => children.iter().any(|child| self.holds(child, event)),
            Tree::Not(child) => !self.holds(child, event),
            Tree::Macro(name) => self.holds(&self.macros[name], event),
            Tree::Atom { field, op, values } => compares(event.get(field), op, values),
            Tree::InLists { field, names, more } => {
                compares(event.get(field), "in", &self.values(names, more))
            }
        }
    }

    fn rule_holds(&self, rule: &Rule, event: &Event) -> bool {
        let excepted = rule.exceptions.iter().any(|exception| {
            exception.values.iter().any(|tuple| {
                let mut parts = exception.fields.iter().zip(&exception.ops);
                if exception.scalar {
                    return parts.all(|(field, op)| compares(event.get(field), op, tuple));
                }
                parts
                    .zip(tuple)
                    .all(|((field, op), value)| compares(event.get(field), op, std::slice::from_ref(value)))
            })
        });
        self.holds(&rule.condition, event) && !excepted
    }

    /// The condition as Falco shows it once everything is put in.
    fn expanded(&self, tree: &Tree) -> String {
        let joined = |children: &[Tree], word: &str| {
            let all: Vec<_> = children.iter().map(|child| format!("({})", self.expanded(child))).collect();
            all.join(word)
        };
        match tree {
            Tree::And(children) | Tree::Longer(children) => joined(children, " and "),
            Tree::Or(children) => joined(children, " or "),
            Tree::Not(child) => format!("not ({})", self.expanded(child)),
            Tree::Macro(name) => format!("({})", self.expanded(&self.macros[name])),
            Tree::Atom { field, op, values } => atom(field, op, values),
            Tree::InLists { field, names, more } => atom(field, "in", &self.values(names, more)),
        }
    }

    fn rule_expanded(&self, rule: &Rule) -> String {
        let mut text = self.expanded(&rule.condition);
        let exceptions: Vec<_> = rule.exceptions.iter().filter(|e| !e.values.is_empty()).collect();
        if exceptions.is_empty() {
            return text;
        }
        text = format!("({text})");
        for exception in exceptions {
            let alternatives: Vec<String> = if exception.scalar {
                let all: Vec<String> = exception.values.concat();
                vec![atom(exception.fields[0], exception.ops[0], &all)]
            } else {
                let tuple = |values: &Vec<String>| {
                    let parts = exception.fields.iter().zip(&exception.ops).zip(values);
                    let parts: Vec<String> = parts
                        .map(|((field, op), value)| atom(field, op, std::slice::from_ref(value)))
                        .collect();
                    format!("({})", parts.join(" and "))
                };
                exception.values.iter().map(tuple).collect()
            };
            text.push_str(&format!(" and not ({})", alternatives.join(" or ")));
        }
        text
    }
}

fn atom(field: &str, op: &str, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value).into_owned()).collect();
    match op {
        "exists" => format!("{field} exists"),
        "in" | "startswith anyof" => format!("{field} {op} ({})", values.join(", ")),
        _ => format!("{field} {op} {}", values[0]),
    }
}

/// What a comparison comes to: without a value never, whatever the operator.
fn compares(given: Option<&Given>, op: &str, values: &[String]) -> bool {
    let Some(given) = given else { return false };
    let text = match given {
        Given::Text(text) => text.clone(),
        Given::Number(number) => number.to_string(),
    };
    let first = || values[0].as_str();
    match op {
        "exists" => true,
        "=" => text == first(),
        "!=" => text != first(),
        "in" => values.contains(&text),
        "startswith" => text.starts_with(first()),
        "contains" => text.contains(first()),
        "startswith anyof" => values.iter().any(|value| text.starts_with(value.as_str())),
        ">" => text.parse::<i64>().unwrap() > first().parse().unwrap(),
        _ => panic!("{op}"),
    }
}

struct Generator<'r> {
    random: &'r mut Rng,
    world: World,
    files: Vec<String>,
}

impl Generator<'_> {
    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.random.usize(..all.len())]
    }

    fn some(&mut self, least: usize, most: usize) -> Vec<String> {
        (0..self.random.usize(least..=most)).map(|_| self.pick(&TEXTS).to_string()).collect()
    }

    fn tree(&mut self, depth: u32) -> Tree {
        let kind = if depth == 0 { 9 } else { self.random.u8(..14) };
        match kind {
            0..3 => Tree::And((0..self.random.usize(2..4)).map(|_| self.tree(depth - 1)).collect()),
            3..6 => Tree::Or((0..self.random.usize(2..4)).map(|_| self.tree(depth - 1)).collect()),
            6 => Tree::Not(Box::new(self.tree(depth - 1))),
            7 | 8 if !self.world.macros.is_empty() => {
                let names: Vec<String> = self.world.macros.keys().cloned().collect();
                Tree::Macro(names[self.random.usize(..names.len())].clone())
            }
            9 | 10 if !self.world.lists.is_empty() => {
                let names: Vec<String> = self.world.lists.keys().cloned().collect();
                let names =
                    (0..self.random.usize(1..3)).map(|_| names[self.random.usize(..names.len())].clone());
                let names = names.collect();
                Tree::InLists { field: self.pick(&TEXT_FIELDS), names, more: self.some(0, 2) }
            }
            11 => {
                let number = self.random.i64(-2..4).to_string();
                Tree::Atom { field: "fd.num", op: self.pick(&["=", ">"]), values: vec![number] }
            }
            12 => Tree::Atom { field: "evt.type", op: "=", values: vec![self.pick(&KINDS).to_string()] },
            _ => {
                let op =
                    self.pick(&["=", "!=", "startswith", "contains", "exists", "in", "startswith anyof"]);
                let values = if op == "in" { self.some(0, 3) } else { self.some(1, 1) };
                Tree::Atom { field: self.pick(&TEXT_FIELDS), op, values }
            }
        }
    }

    /// A condition's text with names of lists and macros.
    fn text(&mut self, tree: &Tree) -> String {
        let mut joined = |children: &[Tree], word: &str| {
            let all: Vec<_> = children.iter().map(|child| format!("({})", self.text(child))).collect();
            all.join(word)
        };
        match tree {
            Tree::And(children) | Tree::Longer(children) => joined(children, " and "),
            Tree::Or(children) => joined(children, "\n  or "),
            Tree::Not(child) => format!("not ({})", self.text(child)),
            Tree::Macro(name) => name.clone(),
            Tree::Atom { field, op, values } => atom(field, op, values),
            Tree::InLists { field, names, more } => {
                let more = more.iter().map(|value| quoted(value).into_owned());
                let all: Vec<String> = names.iter().cloned().chain(more).collect();
                let blank = self.pick(&["", " ", "\n   "]);
                format!("{field} in ({blank}{}{blank})", all.join(&format!("{blank},{blank}")))
            }
        }
    }

    /// The text as a value of YAML, in one of its styles.
    fn yaml(&mut self, text: &str) -> String {
        let indented = |text: &str| text.replace('\n', "\n      ");
        match self.random.u8(..4) {
            0 => format!("|\n      {}", indented(text)),
            1 => format!(">\n      {}", indented(text)),
            2 => format!("'{}'", text.replace('\'', "''").replace('\n', " ")),
            _ => {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                format!("\"{text}\"")
            }
        }
    }

    fn yaml_list(&mut self, items: &[String]) -> String {
        if self.random.bool() || items.is_empty() {
            let items: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
            return format!("[{}]", items.join(", "));
        }
        items.iter().map(|item| format!("\n    - {item}")).collect()
    }

    fn put(&mut self, item: &str) {
        let at = self.files.len() - 1;
        self.files[at].push_str(item);
    }

    fn item(&mut self) {
        match self.random.u8(..10) {
            0 | 1 => self.list(),
            2 | 3 => self.macro_item(),
            4 | 5 => self.rule(),
            6 | 7 => self.change_rule(),
            8 => self.change_macro(),
            _ => self.files.push(String::new()),
        }
    }

    fn list(&mut self) {
        let name = format!("list_{}", self.random.u8(..4));
        // Names of lists of plain values only, as items of a list that is put in are put in once.
        let mut items = self.some(0, 3);
        let plain: Vec<String> = self
            .world
            .lists
            .iter()
            .filter(|(other, items)| **other != name && items.iter().all(|item| !item.starts_with("list_")))
            .map(|(other, _)| other.clone())
            .collect();
        let used = self.world.lists.values().flatten().any(|item| *item == name);
        if let (false, false, true) = (plain.is_empty(), used, self.random.bool()) {
            items.push(plain[self.random.usize(..plain.len())].clone());
        }
        let written = self.yaml_list(&items);
        let append = self.world.lists.contains_key(&name) && self.random.bool();
        let how = if append { "  override: {items: append}\n" } else { "" };
        self.put(&format!("- list: {name}\n  items: {written}\n{how}"));
        let known = self.world.lists.entry(name).or_default();
        if append {
            known.extend(items);
        } else {
            *known = items;
        }
    }

    fn macro_item(&mut self) {
        // New macros use those before them only.
        let name = format!("macro_{}", self.world.macros.len());
        let tree = self.tree(2);
        let text = self.text(&tree);
        let condition = self.yaml(&text);
        self.put(&format!("- macro: {name}\n  condition: {condition}\n"));
        self.world.macros.insert(name, tree);
    }

    fn change_macro(&mut self) {
        let names: Vec<String> = self.world.macros.keys().cloned().collect();
        if names.is_empty() {
            return;
        }
        let name = names[self.random.usize(..names.len())].clone();
        let more = Tree::Atom { field: "fd.num", op: "=", values: vec!["1".to_string()] };
        let old = self.world.macros[&name].clone();
        // Appended text joins what is there as text does: an `or` has the lowest precedence.
        let all = match old {
            Tree::Or(mut children) => {
                children.push(more);
                Tree::Or(children)
            }
            Tree::And(children) => Tree::Or(vec![Tree::And(children), more]),
            other => Tree::Or(vec![other, more]),
        };
        self.put(&format!(
            "- macro: {name}\n  condition: or fd.num = 1\n  override: {{condition: append}}\n"
        ));
        self.world.macros.insert(name, all);
    }

    fn exception(&mut self, name: String) -> (Exception, String) {
        let scalar = self.random.bool();
        let exception = if scalar {
            let op = self.pick(&["in", "startswith anyof"]);
            let values = self.some(0, 3).into_iter().map(|value| vec![value]).collect();
            Exception { name, fields: vec![self.pick(&TEXT_FIELDS)], ops: vec![op], values, scalar }
        } else {
            let fields = vec![self.pick(&TEXT_FIELDS), self.pick(&TEXT_FIELDS)];
            let ops = vec![self.pick(&["=", "startswith"]), self.pick(&["=", "contains", "!="])];
            let values = (0..self.random.usize(..3)).map(|_| self.some(2, 2)).collect();
            Exception { name, fields, ops, values, scalar }
        };
        let strings =
            |all: &[String]| all.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(", ");
        let (fields, comps, values) = if scalar {
            let values = strings(&exception.values.concat());
            (exception.fields[0].to_string(), format!("\"{}\"", exception.ops[0]), values)
        } else {
            let tuples: Vec<String> =
                exception.values.iter().map(|tuple| format!("[{}]", strings(tuple))).collect();
            let ops: Vec<String> = exception.ops.iter().map(|op| format!("\"{op}\"")).collect();
            (format!("[{}]", exception.fields.join(", ")), format!("[{}]", ops.join(", ")), tuples.join(", "))
        };
        let text = format!(
            "    - name: {}\n      fields: {fields}\n      comps: {comps}\n      values: [{values}]\n",
            exception.name
        );
        (exception, text)
    }

    fn rule(&mut self) {
        let name = format!("rule {}", self.world.rules.len());
        let condition = self.tree(3);
        let text = self.text(&condition);
        let written = self.yaml(&text);
        let mut item =
            format!("- rule: {name}\n  desc: d\n  condition: {written}\n  output: o\n  priority: INFO\n");
        let mut exceptions = Vec::new();
        for number in 0..self.random.usize(..3) {
            let (exception, text) = self.exception(format!("e{number}"));
            if exceptions.is_empty() {
                item.push_str("  exceptions:\n");
            }
            item.push_str(&text);
            exceptions.push(exception);
        }
        self.put(&item);
        self.world.rules.push((name, Rule { condition, exceptions }));
    }

    fn change_rule(&mut self) {
        if self.world.rules.is_empty() {
            return;
        }
        let at = self.random.usize(..self.world.rules.len());
        let (name, mut rule) = self.world.rules[at].clone();
        let item = match self.random.u8(..4) {
            0 => {
                rule.condition = self.tree(2);
                let text = self.text(&rule.condition.clone());
                format!(
                    "- rule: {name}\n  condition: {}\n  override: {{condition: replace}}\n",
                    self.yaml(&text)
                )
            }
            1 => {
                let more = self.tree(1);
                let text = format!("and ({})", self.text(&more));
                // An `and` binds to the last alternative.
                rule.condition = match rule.condition {
                    Tree::Or(mut children) => {
                        let last = match children.pop().unwrap() {
                            Tree::Longer(mut parts) => {
                                parts.push(more);
                                parts
                            }
                            last => vec![last, more],
                        };
                        children.push(Tree::Longer(last));
                        Tree::Or(children)
                    }
                    Tree::And(mut children) => {
                        children.push(more);
                        Tree::And(children)
                    }
                    other => Tree::And(vec![other, more]),
                };
                format!(
                    "- rule: {name}\n  condition: {}\n  override: {{condition: append}}\n",
                    self.yaml(&text)
                )
            }
            2 => {
                let (exception, text) = self.exception("new".to_string());
                if exception.values.is_empty() || rule.exceptions.iter().any(|known| known.name == "new") {
                    return;
                }
                rule.exceptions.push(exception);
                format!("- rule: {name}\n  exceptions:\n{text}  override: {{exceptions: append}}\n")
            }
            _ => {
                let Some(exception) = rule.exceptions.iter_mut().find(|known| !known.scalar) else { return };
                let tuple = self.some(2, 2);
                let text = format!("\"{}\", \"{}\"", tuple[0], tuple[1]);
                exception.values.push(tuple);
                format!(
                    "- rule: {name}\n  exceptions:\n    - name: {}\n      values: [[{text}]]\n  append: true\n",
                    exception.name
                )
            }
        };
        self.put(&item);
        self.world.rules[at].1 = rule;
    }
}

fn event(random: &mut Rng) -> Event {
    let mut event = Event::new();
    for field in TEXT_FIELDS {
        if random.u8(..5) > 0 {
            event.insert(field, Given::Text(TEXTS[random.usize(..TEXTS.len())].to_string()));
        }
    }
    if random.u8(..5) > 0 {
        event.insert("fd.num", Given::Number(random.i64(-2..4)));
    }
    event.insert("evt.type", Given::Text(KINDS[random.usize(..KINDS.len())].to_string()));
    event
}

fn agree(seed: u64, worlds: usize) {
    let mut random = Rng::with_seed(seed);
    let schema = schema();
    let (mut rules, mut yes, mut no) = (0, 0_u64, 0_u64);
    for _ in 0..worlds {
        let seed = random.u64(..);
        let mut random = Rng::with_seed(seed);
        let mut generator =
            Generator { random: &mut random, world: World::default(), files: vec![String::new()] };
        for _ in 0..generator.random.usize(5..25) {
            generator.item();
        }
        let Generator { world, files, .. } = generator;
        let mut loader = Loader::new([("syscall", &schema as &dyn Schema)]);
        for (file, number) in files.iter().zip(1..) {
            let report = loader.load(&format!("{number}.yaml"), file.as_bytes());
            assert!(report.errors.is_empty(), "seed {seed}: {:#?}\n{}", report.errors, files.join("---\n"));
        }
        let loaded = loader.finish().rules;
        assert_eq!(loaded.rules.len(), world.rules.len(), "seed {seed}");
        for (rule, (name, meant)) in loaded.rules.iter().zip(&world.rules) {
            let show = || format!("seed {seed}, {name}\n{}", files.join("---\n"));
            assert_eq!(rule.name, *name, "{}", show());
            let text = world.rule_expanded(meant);
            let expanded = parse(&text, Limits::default()).unwrap_or_else(|p| panic!("{text}: {p:?}"));
            assert_eq!(rule.condition_compiled, expanded.to_string(), "{}", show());
            let mut compiler = Compiler::new(&schema);
            let id = compiler.add_expr(&rule.expr).unwrap().id;
            let program = compiler.finish();
            let mut scratch = Scratch::new();
            for _ in 0..30 {
                let event = event(&mut random);
                let expected = world.rule_holds(meant, &event);
                let verdict = program.run(id, &Record(&event), &mut scratch).is_true();
                assert_eq!(verdict, expected, "{event:?}\n{}", show());
                if expected { yes += 1 } else { no += 1 }
            }
            rules += 1;
        }
    }
    println!("{rules} rules of {worlds} sets of files, {yes} matches, {no} others");
    assert!(yes * 20 > no && no * 20 > yes, "too few of one verdict: {yes}, {no}");
}

#[test]
fn whole_files_agree_in_a_short_run() {
    agree(1, 400);
}

/// `EYRIE_ORACLE_SEED` and `EYRIE_ORACLE_CASES` choose what is run.
#[test]
#[ignore = "the long run"]
fn whole_files_agree_in_a_long_run() {
    let number = |name: &str, default: usize| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    agree(number("EYRIE_ORACLE_SEED", 2) as u64, number("EYRIE_ORACLE_CASES", 50_000));
}
