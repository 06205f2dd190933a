//! The one place where all conditions of a schema are kept: operands, atoms and nodes, each distinct one once. Built by the
//! compiler, read by programs.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::ast::{Modifier, Op, Transformer};
use crate::matching::Matcher;
use crate::schema::{Arity, Field};

macro_rules! id {
    ($(#[$doc:meta])* $vis:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis struct $name(pub(crate) u32);

        impl $name {
            pub(crate) fn index(self) -> usize {
                // A 32-bit number fits wherever this runs.
                self.0 as usize
            }

            #[allow(clippy::cast_possible_truncation, reason = "tables are limited to less than 2^32 entries")]
            pub(crate) fn new(index: usize) -> Self {
                $name(index as u32)
            }
        }
    };
}

id!(pub(crate) OperandId);
id!(
    /// An atom: one comparison, wherever it is used.
    pub AtomId
);
id!(pub(crate) NodeId);

/// Something that has values: a field or what a transformer makes of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OperandKey {
    Field(Field),
    Literal(Box<[u8]>),
    List(Box<[OperandId]>),
    Apply { transformer: Transformer, arguments: Box<[OperandId]>, selector: Option<Box<[u8]>> },
}

#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) key: OperandKey,
    pub(crate) arity: Arity,
}

/// What makes two comparisons the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AtomKey {
    pub(crate) left: OperandId,
    /// `==` is `=` here.
    pub(crate) op: Op,
    pub(crate) modifier: Option<Modifier>,
    pub(crate) right: RightKey,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RightKey {
    None,
    Values(Vec<Box<[u8]>>),
    Operand(OperandId),
}

#[derive(Debug)]
pub(crate) struct Atom {
    pub(crate) left: OperandId,
    pub(crate) test: Test,
    /// Which kinds it can hold for, if it compares the discriminant.
    pub(crate) kinds: Option<crate::kinds::KindSet>,
    /// As it is printed.
    pub(crate) text: String,
}

/// How an atom is decided from the values of its operands.
#[derive(Debug)]
pub(crate) enum Test {
    /// Never holds, whatever the values: there is nothing to compare with.
    Never,
    Exists,
    Match(Fold, Matcher),
    Compare(Fold, Op, OperandId),
}

/// What is asked of several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    /// There is one, and it holds for the first.
    First,
    /// It holds for one.
    Any,
    /// It holds for all; also when there are none.
    All,
    /// There is one, and it holds for all.
    AllOfSome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Const(bool),
    Atom(AtomId),
    Not(NodeId),
    And(Box<[NodeId]>),
    Or(Box<[NodeId]>),
}

impl Node {
    pub(crate) fn children(&self) -> &[NodeId] {
        match self {
            Node::And(children) | Node::Or(children) => children,
            Node::Not(child) => std::slice::from_ref(child),
            Node::Const(_) | Node::Atom(_) => &[],
        }
    }
}

/// Operands and atoms. Specialised programs share them.
#[derive(Debug, Default)]
pub(crate) struct Atoms {
    pub(crate) operands: Vec<Operand>,
    pub(crate) atoms: Vec<Atom>,
}

impl Atoms {
    /// Calls `visit` with every field that the operand is made from.
    pub(crate) fn fields<'a>(&'a self, operand: OperandId, visit: &mut dyn FnMut(OperandId, &'a Field)) {
        let Some(found) = self.operands.get(operand.index()) else { return };
        match &found.key {
            OperandKey::Field(field) => visit(operand, field),
            OperandKey::Literal(_) => {}
            OperandKey::List(parts) | OperandKey::Apply { arguments: parts, .. } => {
                for part in parts {
                    self.fields(*part, visit);
                }
            }
        }
    }

    /// Calls `visit` with every field that the atom needs.
    pub(crate) fn atom_fields<'a>(&'a self, atom: AtomId, visit: &mut dyn FnMut(OperandId, &'a Field)) {
        let Some(found) = self.atoms.get(atom.index()) else { return };
        self.fields(found.left, visit);
        if let Test::Compare(_, _, right) = found.test {
            self.fields(right, visit);
        }
    }
}

/// Nodes, each distinct one once.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    pub(crate) list: Vec<Node>,
    ids: HashMap<Node, NodeId, RandomState>,
}

impl Nodes {
    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let id = NodeId::new(self.list.len());
        self.list.push(node.clone());
        self.ids.insert(node, id);
        id
    }

    fn constant(&self, id: NodeId) -> Option<bool> {
        match self.list.get(id.index()) {
            Some(Node::Const(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn not(&mut self, child: NodeId) -> NodeId {
        match self.list.get(child.index()) {
            Some(Node::Const(value)) => {
                let value = !value;
                self.add(Node::Const(value))
            }
            Some(Node::Not(inner)) => *inner,
            _ => self.add(Node::Not(child)),
        }
    }

    /// `and` if `all`, `or` if not. The order is kept; constants and immediate repetitions go.
    pub(crate) fn join(&mut self, all: bool, children: impl IntoIterator<Item = NodeId>) -> NodeId {
        let mut kept: Vec<NodeId> = Vec::new();
        for child in children {
            match self.constant(child) {
                Some(value) if value == all => {}
                Some(value) => return self.add(Node::Const(value)),
                None if kept.last() == Some(&child) => {}
                None => kept.push(child),
            }
        }
        match kept.as_slice() {
            [] => self.add(Node::Const(all)),
            [only] => *only,
            _ if all => self.add(Node::And(kept.into())),
            _ => self.add(Node::Or(kept.into())),
        }
    }
}

/// Interns operands and atoms while conditions are checked.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    pub(crate) atoms: Atoms,
    operand_ids: HashMap<OperandKey, OperandId, RandomState>,
    atom_ids: HashMap<AtomKey, AtomEntry, RandomState>,
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AtomEntry {
    Atom(AtomId),
    Const(bool),
}

impl Interner {
    pub(crate) fn operand(&mut self, key: OperandKey, arity: Arity) -> OperandId {
        if let Some(id) = self.operand_ids.get(&key) {
            return *id;
        }
        let id = OperandId::new(self.atoms.operands.len());
        self.atoms.operands.push(Operand { key: key.clone(), arity });
        self.operand_ids.insert(key, id);
        id
    }

    pub(crate) fn get(&self, id: OperandId) -> Option<&Operand> {
        self.atoms.operands.get(id.index())
    }

    pub(crate) fn known_atom(&self, key: &AtomKey) -> Option<AtomEntry> {
        self.atom_ids.get(key).copied()
    }

    pub(crate) fn atom(&mut self, key: AtomKey, atom: Atom) -> AtomEntry {
        let entry = AtomEntry::Atom(AtomId::new(self.atoms.atoms.len()));
        self.atoms.atoms.push(atom);
        self.atom_ids.insert(key, entry);
        entry
    }

    pub(crate) fn constant(&mut self, key: AtomKey, value: bool) -> AtomEntry {
        self.atom_ids.insert(key, AtomEntry::Const(value));
        AtomEntry::Const(value)
    }

    pub(crate) fn finish(self) -> Arc<Atoms> {
        Arc::new(self.atoms)
    }
}
