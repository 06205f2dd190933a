//! What is known of conditions once the kind of what they are run over is known: which kinds each can match, and the program
//! for one kind, in which comparisons with the discriminant are decided.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{ConditionId, Program};
use crate::arena::{AtomId, Node, NodeId, Nodes, OperandKey, Test};
use crate::kinds::KindSet;
use crate::schema::{Discriminant, Kind};
use crate::value::Value;

/// Kinds that nodes can match, by node and whether it is negated.
type KnownKinds = HashMap<(NodeId, bool), KindSet, RandomState>;

/// A program for each kind. Kinds that no condition tells apart share theirs.
#[derive(Debug)]
pub struct ByKind {
    programs: Vec<Program>,
    /// Of each kind, which program.
    of: Vec<u32>,
    kinds: Vec<KindSet>,
}

impl ByKind {
    /// The number of the program for the kind, below [`programs`](ByKind::programs)`.len()`; `None` if there is no such kind.
    pub fn position(&self, kind: Kind) -> Option<usize> {
        self.of.get(kind.0 as usize).map(|at| *at as usize)
    }

    /// The distinct programs.
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// The programs for themselves, and of each kind which is its.
    pub fn into_parts(self) -> (Vec<Program>, Vec<u32>) {
        (self.programs, self.of)
    }

    /// The kinds that a condition can match; the same as [`Program::kinds`].
    pub fn kinds(&self, condition: ConditionId) -> Option<&KindSet> {
        self.kinds.get(condition.index())
    }
}

/// What a kind decides about an atom.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Decided {
    /// The atom can hold.
    possible: bool,
    /// The atom's verdict.
    verdict: Option<bool>,
}

impl Program {
    /// Which kinds the condition can match. What is asked of other fields than the discriminant counts as possible, and so
    /// does its contrary; `and`, `or` and `not` follow the algebra of sets, with `not` pushed down to the comparisons.
    pub fn kinds(&self, condition: ConditionId) -> KindSet {
        match self.root(condition) {
            Some(root) => self.node_kinds(root, false, &mut KnownKinds::default()),
            None => KindSet::empty(self.kinds),
        }
    }

    fn node_kinds(&self, id: NodeId, negated: bool, known: &mut KnownKinds) -> KindSet {
        if let Some(found) = known.get(&(id, negated)) {
            return found.clone();
        }
        let found = self.compute_kinds(id, negated, known);
        known.insert((id, negated), found.clone());
        found
    }

    fn compute_kinds(&self, id: NodeId, negated: bool, known: &mut KnownKinds) -> KindSet {
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
        let mut known = KnownKinds::default();
        let kinds: Vec<_> = self.roots.iter().map(|root| self.node_kinds(*root, false, &mut known)).collect();
        self.specialise_with(discriminant, kind, &kinds)
    }

    /// The programs for all kinds that records have, made at once: what is the same for several kinds is done once.
    pub fn specialise_all(&self, discriminant: &dyn Discriminant) -> ByKind {
        let mut known = KnownKinds::default();
        let kinds: Vec<_> = self.roots.iter().map(|root| self.node_kinds(*root, false, &mut known)).collect();
        drop(known);
        let deciding: Vec<AtomId> = (0..self.atoms.atoms.len())
            .map(AtomId::new)
            .filter(|atom| {
                let kinds = self.atoms.atoms.get(atom.index()).is_some_and(|atom| atom.kinds.is_some());
                kinds || self.compares(*atom, discriminant)
            })
            .collect();
        let mut groups: HashMap<(bool, Vec<Decided>), u32, RandomState> = HashMap::default();
        let (mut programs, mut of) = (Vec::new(), Vec::new());
        for kind in (0..discriminant.records()).map(Kind) {
            let text = discriminant.text(kind);
            let any_name = discriminant.has_any_name(kind);
            let signature = deciding
                .iter()
                .map(|atom| Decided {
                    possible: self
                        .atoms
                        .atoms
                        .get(atom.index())
                        .and_then(|atom| atom.kinds.as_ref())
                        .is_none_or(|kinds| any_name || kinds.contains(kind)),
                    verdict: text.and_then(|text| self.decide(*atom, discriminant, text)),
                })
                .collect();
            of.push(*groups.entry((any_name, signature)).or_insert_with(|| {
                programs.push(self.specialise_with(discriminant, kind, &kinds));
                u32::try_from(programs.len() - 1).unwrap_or(u32::MAX)
            }));
        }
        ByKind { programs, of, kinds }
    }

    fn specialise_with(&self, discriminant: &dyn Discriminant, kind: Kind, kinds: &[KindSet]) -> Program {
        let text = discriminant.text(kind);
        let any_name = discriminant.has_any_name(kind);
        let mut nodes = Nodes::default();
        let mut known: Vec<Option<NodeId>> = vec![None; self.nodes.len()];
        let roots = self
            .roots
            .iter()
            .zip(kinds)
            .map(|(root, kinds)| {
                if kinds.contains(kind) || any_name {
                    self.fold(*root, discriminant, text, &mut nodes, &mut known)
                } else {
                    nodes.add(Node::Const(false))
                }
            })
            .collect();
        self.with_nodes(nodes, roots)
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

    /// Whether the atom compares the discriminant itself.
    fn compares(&self, atom: AtomId, discriminant: &dyn Discriminant) -> bool {
        let left = self.atoms.atoms.get(atom.index()).map(|atom| atom.left);
        let operand = left.and_then(|left| self.atoms.operands.get(left.index()));
        operand.is_some_and(|operand| {
            matches!(&operand.key, OperandKey::Field(field)
                if &*field.name == discriminant.field() && field.argument.is_none())
        })
    }

    /// The outcome of an atom that compares the discriminant itself with literals, when the discriminant has this text.
    fn decide(&self, atom: AtomId, discriminant: &dyn Discriminant, text: &str) -> Option<bool> {
        if !self.compares(atom, discriminant) {
            return None;
        }
        match &self.atoms.atoms.get(atom.index())?.test {
            Test::Never => Some(false),
            Test::Exists => Some(true),
            Test::Match(_, matcher) => Some(matcher.holds(Value::from(text))),
            Test::Compare(..) => None,
        }
    }
}
