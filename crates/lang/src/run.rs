//! How conditions run: [`Run`] decides conditions over the fields of one event or record, extracting each field at most once
//! and deciding each shared node at most once, lazily and in source order; [`Scratch`] keeps its memory from run to run.

mod transform;

use std::collections::HashSet;

use crate::arena::{AtomId, Fold, Node, NodeId, OperandId, OperandKey, Test};
use crate::fields::{Fields, Presence, Structured, Values};
use crate::matching;
use crate::program::{ConditionId, Program, ValueId, Verdict};
use crate::schema::Field;
use crate::value::Value;

/// The memory of runs, to be used again and again, so that running allocates nothing once warm. Any program can use it.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Which run the entries belong to; entries of other runs count as empty.
    stamp: u32,
    slots: Vec<Slot>,
    verdicts: Vec<Kept>,
    values: Values<'static>,
    buffer: Vec<u8>,
}

impl Scratch {
    /// Empty; it grows with the first runs.
    pub fn new() -> Self {
        Self::default()
    }
}

/// The values of an operand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    stamp: u32,
    pub(crate) presence: Presence,
    start: u32,
    end: u32,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    stamp: u32,
    verdict: Verdict,
}

/// Conditions being run over the fields of one event or record. Made by [`Program::start`].
#[derive(Debug)]
pub struct Run<'r> {
    program: &'r Program,
    fields: Source<'r>,
    scratch: &'r mut Scratch,
    values: Values<'r>,
}

struct Source<'r>(&'r dyn Fields);

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fields")
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.scratch.values = std::mem::take(&mut self.values).recycle();
    }
}

impl<'r> Run<'r> {
    pub(crate) fn new(program: &'r Program, fields: &'r dyn Fields, scratch: &'r mut Scratch) -> Self {
        scratch.stamp = scratch.stamp.wrapping_add(1);
        if scratch.stamp == 0 {
            // Stamps start over: what is kept from four billion runs ago must not look fresh.
            scratch.slots.clear();
            scratch.verdicts.clear();
            scratch.stamp = 1;
        }
        let operands = program.atoms.operands.len();
        if scratch.slots.len() < operands {
            scratch.slots.resize(operands, Slot { stamp: 0, presence: Presence::Absent, start: 0, end: 0 });
        }
        if scratch.verdicts.len() < program.nodes.len() {
            scratch.verdicts.resize(program.nodes.len(), Kept { stamp: 0, verdict: Verdict::False });
        }
        let values = std::mem::take(&mut scratch.values).recycle();
        Run { program, fields: Source(fields), scratch, values }
    }

    /// The program that is run.
    pub fn program(&self) -> &'r Program {
        self.program
    }

    /// What the condition comes to.
    pub fn verdict(&mut self, condition: ConditionId) -> Verdict {
        match self.program.root(condition) {
            Some(root) => self.node(root),
            None => Verdict::False,
        }
    }

    /// The first condition that holds.
    pub fn first_match(&mut self) -> Option<ConditionId> {
        self.program.conditions().find(|condition| self.verdict(*condition).is_true())
    }

    /// The unavailable fields that could change the condition's verdict, each once: empty unless it is unknown.
    pub fn missing(&mut self, condition: ConditionId) -> Vec<&'r Field> {
        let mut operands = Vec::new();
        if let Some(root) = self.program.root(condition) {
            self.collect_missing(root, &mut HashSet::new(), &mut operands);
        }
        let mut fields = Vec::new();
        for operand in operands {
            self.program.atoms.fields(operand, &mut |_, field| fields.push(field));
        }
        fields
    }

    fn collect_missing(&mut self, id: NodeId, seen: &mut HashSet<NodeId>, operands: &mut Vec<OperandId>) {
        if !seen.insert(id) || self.node(id) != Verdict::Unknown {
            return;
        }
        match self.program.nodes.get(id.index()) {
            Some(Node::Atom(atom)) => {
                let mut needed = Vec::new();
                self.program.atoms.atom_fields(*atom, &mut |operand, _| needed.push(operand));
                for operand in needed {
                    if self.operand(operand).presence == Presence::Unavailable && !operands.contains(&operand)
                    {
                        operands.push(operand);
                    }
                }
            }
            Some(Node::Not(child)) => self.collect_missing(*child, seen, operands),
            Some(Node::And(children) | Node::Or(children)) => {
                for child in children {
                    self.collect_missing(*child, seen, operands);
                }
            }
            Some(Node::Const(_)) | None => {}
        }
    }

    pub(crate) fn node(&mut self, id: NodeId) -> Verdict {
        let shared = self.program.shared.get(id.index()).copied().unwrap_or_default();
        if shared
            && let Some(kept) = self.scratch.verdicts.get(id.index())
            && kept.stamp == self.scratch.stamp
        {
            return kept.verdict;
        }
        let verdict = match self.program.nodes.get(id.index()) {
            Some(Node::Atom(atom)) => self.atom(*atom),
            Some(Node::Not(child)) => self.node(*child).negated(),
            Some(Node::And(children)) => {
                let mut verdict = Verdict::True;
                for child in children {
                    verdict = verdict.min(self.node(*child));
                    if verdict == Verdict::False {
                        break;
                    }
                }
                verdict
            }
            Some(Node::Or(children)) => {
                let mut verdict = Verdict::False;
                for child in children {
                    verdict = verdict.max(self.node(*child));
                    if verdict == Verdict::True {
                        break;
                    }
                }
                verdict
            }
            Some(Node::Const(value)) => Verdict::from(*value),
            None => Verdict::False,
        };
        if shared && let Some(kept) = self.scratch.verdicts.get_mut(id.index()) {
            *kept = Kept { stamp: self.scratch.stamp, verdict };
        }
        verdict
    }

    pub(crate) fn atom(&mut self, id: AtomId) -> Verdict {
        let Some(atom) = self.program.atoms.atoms.get(id.index()) else { return Verdict::False };
        if matches!(atom.test, Test::Never) {
            return Verdict::False;
        }
        let left = self.operand(atom.left);
        match &atom.test {
            Test::Never => Verdict::False,
            Test::Exists => match left.presence {
                Presence::Present => Verdict::True,
                Presence::Absent => Verdict::False,
                Presence::Unavailable => Verdict::Unknown,
            },
            Test::Match(fold, matcher) => match left.presence {
                Presence::Present => {
                    let values = self.slot_values(left);
                    holds(*fold, values, |value| matcher.holds(value)).into()
                }
                Presence::Absent => Verdict::False,
                Presence::Unavailable => Verdict::Unknown,
            },
            Test::Compare(fold, op, right) => {
                if left.presence == Presence::Absent {
                    return Verdict::False;
                }
                let right = self.operand(*right);
                match (left.presence, right.presence) {
                    (Presence::Absent, _) | (_, Presence::Absent) => Verdict::False,
                    (Presence::Unavailable, _) | (_, Presence::Unavailable) => Verdict::Unknown,
                    (Presence::Present, Presence::Present) => {
                        let right = self.slot_values(right);
                        let left = self.slot_values(left);
                        holds(*fold, left, |left| {
                            right.clone().any(|right| matching::compare(*op, left, right))
                        })
                        .into()
                    }
                }
            }
        }
    }

    /// The values of an operand; from the fields if they have not been asked for in this run.
    pub(crate) fn operand(&mut self, id: OperandId) -> Slot {
        if let Some(slot) = self.scratch.slots.get(id.index())
            && slot.stamp == self.scratch.stamp
        {
            return *slot;
        }
        let program = self.program;
        let absent = Slot { stamp: self.scratch.stamp, presence: Presence::Absent, start: 0, end: 0 };
        let Some(operand) = program.atoms.operands.get(id.index()) else { return absent };
        // Operands that this one is made from write their values first.
        if let OperandKey::List(parts) | OperandKey::Apply { arguments: parts, .. } = &operand.key {
            for part in parts {
                self.operand(*part);
            }
        }
        let start = self.values.len();
        let presence = match &operand.key {
            OperandKey::Field(field) => match self.fields.0.extract(field, &mut self.values) {
                Presence::Unavailable if !program.may_be_unavailable => Presence::Absent,
                presence => presence,
            },
            OperandKey::Literal(bytes) => self.values.push(Value::Text(bytes)),
            OperandKey::List(parts) => self.list(parts),
            OperandKey::Apply { transformer, arguments, selector } => {
                self.apply(*transformer, arguments, selector.as_deref())
            }
        };
        let end = if presence == Presence::Present { self.values.len() } else { start };
        let slot = match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Slot { presence, start, end, ..absent },
            // Four billion values of one record: more than can be looked at.
            _ => absent,
        };
        if let Some(kept) = self.scratch.slots.get_mut(id.index()) {
            *kept = slot;
        }
        slot
    }

    pub(crate) fn slot_values(&self, slot: Slot) -> impl ExactSizeIterator<Item = Value<'_>> + Clone {
        self.values.range(slot.start as usize, slot.end as usize)
    }

    /// Whether a value that output wants is there. Looks it up if it has not been needed in this run.
    pub fn presence(&mut self, value: ValueId) -> Presence {
        match self.program.values.get(value.index()) {
            Some(operand) => self.operand(*operand).presence,
            None => Presence::Absent,
        }
    }

    /// What [`presence`](Run::presence) found in this run.
    pub fn values(&self, value: ValueId) -> impl ExactSizeIterator<Item = Value<'_>> + Clone {
        let operand = self.program.values.get(value.index());
        let slot = operand.and_then(|operand| self.scratch.slots.get(operand.index()));
        let (start, end) = match slot {
            Some(slot) if slot.stamp == self.scratch.stamp => (slot.start as usize, slot.end as usize),
            _ => (0, 0),
        };
        self.values.range(start, end)
    }

    /// How a field's value stands in structured output.
    pub fn structured(&self, field: &Field, value: Value<'_>) -> Structured {
        self.fields.0.structured(field, value)
    }

    /// Appends the text in which a field's value is shown to a reader.
    pub fn display(&self, field: &Field, value: Value<'_>, out: &mut String) {
        if !self.fields.0.display(field, value, out) {
            use std::fmt::Write as _;
            // Writing to a string does not fail.
            let _ = write!(out, "{value}");
        }
    }
}

fn holds<'v>(
    fold: Fold,
    mut values: impl ExactSizeIterator<Item = Value<'v>>,
    test: impl Fn(Value<'v>) -> bool,
) -> bool {
    match fold {
        Fold::First => values.next().is_some_and(test),
        Fold::Any => values.any(test),
        Fold::All => values.all(test),
        Fold::AllOfSome => values.len() > 0 && values.all(test),
    }
}
