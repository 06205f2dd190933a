//! [`Program`]: many compiled conditions over one schema, and what can be asked about them without running them. How they
//! run is in [`run`](crate::run).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::arena::{AtomId, Atoms, Node, NodeId, Nodes, OperandId};
use crate::diagnostic::Span;
use crate::fields::Fields;
use crate::kinds::KindSet;
use crate::run::{Run, Scratch};
use crate::schema::{Arity, Discriminant, Field, Kind};
use crate::value::Value;

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

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) root: NodeId,
    pub(crate) text: String,
    pub(crate) spans: Vec<(AtomId, Span)>,
}

/// Compiled conditions. Made by a [`Compiler`](crate::Compiler), run with [`run`](Program::run) or [`start`](Program::start).
///
/// A program can be shared by threads, each of which has its own [`Scratch`].
#[derive(Debug)]
pub struct Program {
    pub(crate) atoms: Arc<Atoms>,
    pub(crate) nodes: Vec<Node>,
    /// Whether the node's verdict is worth keeping: it is needed in several places.
    pub(crate) shared: Vec<bool>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) values: Vec<OperandId>,
    pub(crate) may_be_unavailable: bool,
    /// How many kinds the schema has.
    kinds: u32,
}

impl Program {
    pub(crate) fn new(
        atoms: Arc<Atoms>,
        nodes: Nodes,
        conditions: Vec<Condition>,
        values: Vec<OperandId>,
        may_be_unavailable: bool,
        kinds: u32,
    ) -> Self {
        let nodes = nodes.list;
        let mut users = vec![0_u32; nodes.len()];
        let mut live = vec![false; nodes.len()];
        let mut pending: Vec<NodeId> = Vec::new();
        for condition in &conditions {
            if let Some(count) = users.get_mut(condition.root.index()) {
                *count += 1;
            }
            pending.push(condition.root);
        }
        while let Some(id) = pending.pop() {
            match live.get_mut(id.index()) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            let children: &[NodeId] = match nodes.get(id.index()) {
                Some(Node::And(children) | Node::Or(children)) => children,
                Some(Node::Not(child)) => std::slice::from_ref(child),
                _ => &[],
            };
            for child in children {
                if let Some(count) = users.get_mut(child.index()) {
                    *count += 1;
                }
                pending.push(*child);
            }
        }
        let shared = users.iter().map(|count| *count > 1).collect();
        Program { atoms, nodes, shared, conditions, values, may_be_unavailable, kinds }
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
        if let Some(condition) = self.conditions.get(condition.index()) {
            let mut visited = BTreeSet::new();
            self.collect_atoms(condition.root, &mut visited, &mut |atom| {
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

    /// Which kinds the condition can match. What is asked of other fields than the discriminant counts as possible, and so
    /// does its contrary; `and`, `or` and `not` follow the algebra of sets, with `not` pushed down to the comparisons.
    pub fn kinds(&self, condition: ConditionId) -> KindSet {
        match self.conditions.get(condition.index()) {
            Some(condition) => self.node_kinds(condition.root, false, &mut HashMap::new()),
            None => KindSet::empty(self.kinds),
        }
    }

    fn node_kinds(&self, id: NodeId, negated: bool, known: &mut HashMap<(NodeId, bool), KindSet>) -> KindSet {
        if let Some(found) = known.get(&(id, negated)) {
            return found.clone();
        }
        let found = self.compute_kinds(id, negated, known);
        known.insert((id, negated), found.clone());
        found
    }

    fn compute_kinds(
        &self,
        id: NodeId,
        negated: bool,
        known: &mut HashMap<(NodeId, bool), KindSet>,
    ) -> KindSet {
        let all = || KindSet::all(self.kinds);
        match self.nodes.get(id.index()) {
            Some(Node::Const(value)) if *value == negated => KindSet::empty(self.kinds),
            Some(Node::Const(_)) | None => all(),
            Some(Node::Atom(atom)) => {
                match self.atoms.atoms.get(atom.index()).and_then(|atom| atom.kinds.clone()) {
                    Some(kinds) if negated => kinds.complement(),
                    Some(kinds) => kinds,
                    None => all(),
                }
            }
            Some(Node::Not(child)) => self.node_kinds(*child, !negated, known),
            Some(node @ (Node::And(children) | Node::Or(children))) => {
                let intersect = matches!(node, Node::And(_)) != negated;
                let start = if intersect { all() } else { KindSet::empty(self.kinds) };
                children.iter().fold(start, |set, child| {
                    let child = self.node_kinds(*child, negated, known);
                    if intersect { set.intersection(&child) } else { set.union(&child) }
                })
            }
        }
    }

    /// The program for one kind: comparisons with the discriminant are decided, and conditions that cannot match the kind
    /// never hold ([`is_never`](Program::is_never)). Ids stay the same.
    pub fn specialise(&self, discriminant: &dyn Discriminant, kind: Kind) -> Program {
        let text = discriminant.text(kind);
        let mut nodes = Nodes::default();
        let mut known: Vec<Option<NodeId>> = vec![None; self.nodes.len()];
        let mut kinds = HashMap::new();
        let conditions = self
            .conditions
            .iter()
            .map(|condition| {
                let root = if self.node_kinds(condition.root, false, &mut kinds).contains(kind) {
                    self.fold(condition.root, discriminant, text, &mut nodes, &mut known)
                } else {
                    nodes.add(Node::Const(false))
                };
                Condition { root, ..condition.clone() }
            })
            .collect();
        Program::new(
            Arc::clone(&self.atoms),
            nodes,
            conditions,
            self.values.clone(),
            self.may_be_unavailable,
            self.kinds,
        )
    }

    fn fold(
        &self,
        id: NodeId,
        discriminant: &dyn Discriminant,
        text: Option<&str>,
        nodes: &mut Nodes,
        known: &mut Vec<Option<NodeId>>,
    ) -> NodeId {
        if let Some(Some(done)) = known.get(id.index()) {
            return *done;
        }
        let new = match self.nodes.get(id.index()) {
            Some(Node::Atom(atom)) => {
                let decided = text.and_then(|text| self.decide(*atom, discriminant, text));
                nodes.add(decided.map_or(Node::Atom(*atom), Node::Const))
            }
            Some(Node::Not(child)) => {
                let child = self.fold(*child, discriminant, text, nodes, known);
                nodes.not(child)
            }
            Some(node @ (Node::And(children) | Node::Or(children))) => {
                let children: Vec<_> = children
                    .iter()
                    .map(|child| self.fold(*child, discriminant, text, nodes, known))
                    .collect();
                nodes.join(matches!(node, Node::And(_)), children)
            }
            Some(Node::Const(value)) => nodes.add(Node::Const(*value)),
            None => nodes.add(Node::Const(false)),
        };
        if let Some(slot) = known.get_mut(id.index()) {
            *slot = Some(new);
        }
        new
    }

    /// The outcome of an atom that compares the discriminant itself with literals, when the discriminant has this text.
    fn decide(&self, atom: AtomId, discriminant: &dyn Discriminant, text: &str) -> Option<bool> {
        let atom = self.atoms.atoms.get(atom.index())?;
        let crate::arena::OperandKey::Field(field) = &self.atoms.operands.get(atom.left.index())?.key else {
            return None;
        };
        if &*field.name != discriminant.field() || field.argument.is_some() {
            return None;
        }
        match &atom.test {
            crate::arena::Test::Never => Some(false),
            crate::arena::Test::Exists => Some(true),
            crate::arena::Test::Match(_, matcher) => Some(matcher.holds(Value::from(text))),
            crate::arena::Test::Compare(..) => None,
        }
    }

    pub(crate) fn root(&self, condition: ConditionId) -> Option<NodeId> {
        self.conditions.get(condition.index()).map(|condition| condition.root)
    }

    fn root_node(&self, condition: ConditionId) -> Option<&Node> {
        let condition = self.conditions.get(condition.index())?;
        self.nodes.get(condition.root.index())
    }
}
