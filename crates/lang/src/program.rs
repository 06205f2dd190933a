//! [`Program`]: many compiled conditions over one schema, and what can be asked about them without running them. How they
//! run is in [`run`](crate::run).

mod specialise;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::arena::{AtomId, Atoms, Node, NodeId, Nodes, OperandId};
use crate::diagnostic::Span;
use crate::fields::Fields;
use crate::run::{Run, Scratch};
use crate::schema::{Arity, Field};

pub use specialise::ByKind;

/// A condition's number in its program, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConditionId(u32);

impl ConditionId {
    #[allow(clippy::cast_possible_truncation, reason = "there are less than 2^32 conditions")]
    pub(crate) fn new(index: usize) -> Self {
        ConditionId(index as u32)
    }

    /// The number: 0 for the condition that was added first.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number of a value that output wants, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(u32);

impl ValueId {
    #[allow(clippy::cast_possible_truncation, reason = "there are less than 2^32 values")]
    pub(crate) fn new(index: usize) -> Self {
        ValueId(index as u32)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a condition comes to. Ordered: `False < Unknown < True`, so that `and` is the least and `or` the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It does not hold.
    False,
    /// Fields that are unavailable would decide it.
    Unknown,
    /// It holds.
    True,
}

impl Verdict {
    /// The contrary; `Unknown` stays.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Verdict::False => Verdict::True,
            Verdict::Unknown => Verdict::Unknown,
            Verdict::True => Verdict::False,
        }
    }

    /// Whether it holds.
    pub fn is_true(self) -> bool {
        self == Verdict::True
    }
}

impl From<bool> for Verdict {
    fn from(value: bool) -> Self {
        if value { Verdict::True } else { Verdict::False }
    }
}

/// What a condition is, however it is run.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) text: String,
    pub(crate) spans: Vec<(AtomId, Span)>,
}

/// Compiled conditions. Made by a [`Compiler`](crate::Compiler), run with [`run`](Program::run) or [`start`](Program::start).
///
/// A program can be shared by threads, each of which has its own [`Scratch`].
#[derive(Debug)]
pub struct Program {
    pub(crate) atoms: Arc<Atoms>,
    /// Children come before the nodes that they are children of.
    pub(crate) nodes: Vec<Node>,
    /// Whether the node's verdict is worth keeping: it is needed in several places.
    pub(crate) shared: Vec<bool>,
    /// The conditions' nodes.
    pub(crate) roots: Vec<NodeId>,
    pub(crate) conditions: Arc<[Condition]>,
    pub(crate) values: Arc<[OperandId]>,
    pub(crate) may_be_unavailable: bool,
    /// How many kinds the schema has.
    kinds: u32,
}

impl Program {
    pub(crate) fn new(
        atoms: Arc<Atoms>,
        nodes: Nodes,
        roots: Vec<NodeId>,
        conditions: Vec<Condition>,
        values: Vec<OperandId>,
        may_be_unavailable: bool,
        kinds: u32,
    ) -> Self {
        let shared = shared(&nodes.list, &roots);
        Program {
            atoms,
            nodes: nodes.list,
            shared,
            roots,
            conditions: conditions.into(),
            values: values.into(),
            may_be_unavailable,
            kinds,
        }
    }

    /// The same conditions as other nodes.
    fn with_nodes(&self, nodes: Nodes, roots: Vec<NodeId>) -> Self {
        let shared = shared(&nodes.list, &roots);
        Program {
            atoms: Arc::clone(&self.atoms),
            nodes: nodes.list,
            shared,
            roots,
            conditions: Arc::clone(&self.conditions),
            values: Arc::clone(&self.values),
            may_be_unavailable: self.may_be_unavailable,
            kinds: self.kinds,
        }
    }

    /// Runs one condition.
    ///
    /// To run several over the same fields use [`start`](Program::start), which extracts each field once.
    pub fn run(&self, condition: ConditionId, fields: &dyn Fields, scratch: &mut Scratch) -> Verdict {
        self.start(fields, scratch).verdict(condition)
    }

    /// Starts running conditions over these fields.
    pub fn start<'r>(&'r self, fields: &'r dyn Fields, scratch: &'r mut Scratch) -> Run<'r> {
        Run::new(self, fields, scratch)
    }

    /// How many conditions there are.
    pub fn len(&self) -> usize {
        self.conditions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// The conditions, in the order in which they were added.
    pub fn conditions(&self) -> impl ExactSizeIterator<Item = ConditionId> + use<> {
        (0..self.conditions.len()).map(ConditionId::new)
    }

    /// The canonical text of a condition, with its macros and lists replaced: Falco's `condition_compiled`.
    pub fn text(&self, condition: ConditionId) -> &str {
        self.conditions.get(condition.index()).map_or("", |condition| &condition.text)
    }

    /// Whether the condition never holds, whatever the fields' values.
    pub fn is_never(&self, condition: ConditionId) -> bool {
        matches!(self.root_node(condition), Some(Node::Const(false)) | None)
    }

    /// The atoms of a condition, each once, in the order of its text.
    pub fn atoms(&self, condition: ConditionId) -> Vec<AtomId> {
        let mut seen = BTreeSet::new();
        let mut atoms = Vec::new();
        if let Some(root) = self.root(condition) {
            let mut visited = BTreeSet::new();
            self.collect_atoms(root, &mut visited, &mut |atom| {
                if seen.insert(atom) {
                    atoms.push(atom);
                }
            });
        }
        atoms
    }

    fn collect_atoms(&self, id: NodeId, visited: &mut BTreeSet<NodeId>, visit: &mut dyn FnMut(AtomId)) {
        if !visited.insert(id) {
            return;
        }
        match self.nodes.get(id.index()) {
            Some(Node::Atom(atom)) => visit(*atom),
            Some(Node::Not(child)) => self.collect_atoms(*child, visited, visit),
            Some(Node::And(children) | Node::Or(children)) => {
                for child in children {
                    self.collect_atoms(*child, visited, visit);
                }
            }
            Some(Node::Const(_)) | None => {}
        }
    }

    /// The canonical text of an atom.
    pub fn atom_text(&self, atom: AtomId) -> &str {
        self.atoms.atoms.get(atom.index()).map_or("", |atom| &atom.text)
    }

    /// The fields that an atom needs, in the order of its text.
    pub fn atom_fields(&self, atom: AtomId) -> Vec<&Field> {
        let mut fields = Vec::new();
        self.atoms.atom_fields(atom, &mut |_, field| fields.push(field));
        fields
    }

    /// Where a condition's own text has an atom; atoms within macros are nowhere in it.
    pub fn atom_span(&self, condition: ConditionId, atom: AtomId) -> Option<Span> {
        let condition = self.conditions.get(condition.index())?;
        condition.spans.iter().find(|(id, _)| *id == atom).map(|(_, span)| *span)
    }

    /// The fields that a condition may need, each use once, in the order of its text.
    pub fn fields(&self, condition: ConditionId) -> Vec<&Field> {
        let mut seen = BTreeSet::new();
        let mut fields = Vec::new();
        for atom in self.atoms(condition) {
            self.atoms.atom_fields(atom, &mut |operand, field| {
                if seen.insert(operand) {
                    fields.push(field);
                }
            });
        }
        fields
    }

    /// The field that a value is, if it is one and not a transformer's.
    pub fn value_field(&self, value: ValueId) -> Option<&Field> {
        let operand = self.values.get(value.index())?;
        match &self.atoms.operands.get(operand.index())?.key {
            crate::arena::OperandKey::Field(field) => Some(field),
            _ => None,
        }
    }

    /// The fields that a value is made from.
    pub fn value_fields(&self, value: ValueId) -> Vec<&Field> {
        let mut fields = Vec::new();
        if let Some(operand) = self.values.get(value.index()) {
            self.atoms.fields(*operand, &mut |_, field| fields.push(field));
        }
        fields
    }

    /// How many values a value has.
    pub fn value_arity(&self, value: ValueId) -> Arity {
        let operand = self.values.get(value.index());
        operand.and_then(|id| self.atoms.operands.get(id.index())).map_or(Arity::One, |operand| operand.arity)
    }

    /// The fields that any of the conditions may need.
    pub fn all_fields(&self) -> Vec<&Field> {
        let mut seen: BTreeSet<OperandId> = BTreeSet::new();
        let mut fields = Vec::new();
        for condition in self.conditions() {
            for atom in self.atoms(condition) {
                self.atoms.atom_fields(atom, &mut |operand, field| {
                    if seen.insert(operand) {
                        fields.push(field);
                    }
                });
            }
        }
        fields
    }

    pub(crate) fn root(&self, condition: ConditionId) -> Option<NodeId> {
        self.roots.get(condition.index()).copied()
    }

    fn root_node(&self, condition: ConditionId) -> Option<&Node> {
        self.nodes.get(self.root(condition)?.index())
    }
}

/// Of each node, whether it is needed in several places.
fn shared(nodes: &[Node], roots: &[NodeId]) -> Vec<bool> {
    let mut users = vec![0_u32; nodes.len()];
    let mut live = vec![false; nodes.len()];
    let mut pending: Vec<NodeId> = Vec::new();
    for root in roots {
        if let Some(count) = users.get_mut(root.index()) {
            *count += 1;
        }
        pending.push(*root);
    }
    while let Some(id) = pending.pop() {
        match live.get_mut(id.index()) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        for child in nodes.get(id.index()).map(Node::children).unwrap_or_default() {
            if let Some(count) = users.get_mut(child.index()) {
                *count += 1;
            }
            pending.push(*child);
        }
    }
    users.iter().map(|count| *count > 1).collect()
}
