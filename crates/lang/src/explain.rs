//! Why a condition came out as it did: [`Explanation`], with each atom, the values it saw, which atoms decided, and for a near
//! miss the atoms any one of which would have made it hold.

use std::collections::{BTreeSet, HashMap};

use crate::arena::{AtomId, Node, NodeId};
use crate::diagnostic::Span;
use crate::fields::Presence;
use crate::program::{ConditionId, Verdict};
use crate::run::Run;
use crate::schema::Field;

/// How many atoms are tried out for near misses.
const MAX_TRIED: usize = 512;

/// How many values of a list are shown, and how many characters of each.
const MAX_VALUES: usize = 16;
const MAX_CHARACTERS: usize = 200;

/// Why a condition came out as it did for one event or record.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What it came to.
    pub verdict: Verdict,
    /// The condition's canonical text.
    pub text: String,
    /// Every atom, in the order of the text.
    pub atoms: Vec<AtomExplanation>,
    /// If the condition did not hold: the atoms of which each alone, coming out the other way, would have made it hold.
    /// None if two or more would have had to.
    pub near_misses: Vec<AtomId>,
    /// If the condition is unknown: the unavailable fields that could change that.
    pub missing: Vec<String>,
}

/// One atom of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct AtomExplanation {
    /// Which.
    pub atom: AtomId,
    /// Its canonical text.
    pub text: String,
    /// Where the condition's own text has it; nowhere if it comes from a macro.
    pub span: Option<Span>,
    /// What it came to.
    pub verdict: Verdict,
    /// Whether it is among the atoms that suffice for the condition's verdict.
    pub decisive: bool,
    /// The fields it looked at.
    pub fields: Vec<FieldExplanation>,
}

/// A field that an atom looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldExplanation {
    /// Its name, with its argument.
    pub name: String,
    /// Whether it has a value.
    pub presence: Presence,
    /// Its values as they are shown to a reader; of a long list the first ones, of long text the start.
    pub values: Vec<String>,
}

impl Run<'_> {
    /// Explains a condition's verdict. Looks at all of its atoms, also at those that running it can skip.
    pub fn explain(&mut self, condition: ConditionId) -> Explanation {
        let program = self.program();
        let verdict = self.verdict(condition);
        let mut decisive = BTreeSet::new();
        if let Some(root) = program.root(condition) {
            self.decisive(root, &mut BTreeSet::new(), &mut decisive);
        }
        let ids = program.atoms(condition);
        let atoms =
            ids.iter().map(|atom| self.explain_atom(condition, *atom, decisive.contains(atom))).collect();
        let near_misses = match program.root(condition) {
            Some(root) if verdict != Verdict::True => ids
                .iter()
                .copied()
                .take(MAX_TRIED)
                .filter(|atom| self.holds_if_flipped(root, *atom))
                .collect(),
            _ => Vec::new(),
        };
        Explanation {
            verdict,
            text: program.text(condition).to_string(),
            atoms,
            near_misses,
            missing: self.missing(condition).iter().map(ToString::to_string).collect(),
        }
    }

    fn explain_atom(&mut self, condition: ConditionId, atom: AtomId, decisive: bool) -> AtomExplanation {
        let program = self.program();
        let mut operands = Vec::new();
        program.atoms.atom_fields(atom, &mut |operand, field| operands.push((operand, field)));
        let mut fields: Vec<FieldExplanation> = Vec::new();
        for (operand, field) in operands {
            let name = field.to_string();
            if fields.iter().any(|known| known.name == name) {
                continue;
            }
            let slot = self.operand(operand);
            let values =
                self.slot_values(slot).take(MAX_VALUES).map(|value| self.shown(field, value)).collect();
            fields.push(FieldExplanation { name, presence: slot.presence, values });
        }
        AtomExplanation {
            atom,
            text: program.atom_text(atom).to_string(),
            span: program.atom_span(condition, atom),
            verdict: self.atom(atom),
            decisive,
            fields,
        }
    }

    fn shown(&self, field: &Field, value: crate::Value<'_>) -> String {
        let mut text = String::new();
        self.display(field, value, &mut text);
        if let Some((end, _)) = text.char_indices().nth(MAX_CHARACTERS) {
            text.truncate(end);
            text.push('…');
        }
        text
    }

    /// Collects atoms that suffice for the node's verdict: one alternative where one is enough, all where all are needed.
    fn decisive(&mut self, id: NodeId, seen: &mut BTreeSet<NodeId>, atoms: &mut BTreeSet<AtomId>) {
        if !seen.insert(id) {
            return;
        }
        let verdict = self.node(id);
        match self.program().nodes.get(id.index()) {
            Some(Node::Atom(atom)) => _ = atoms.insert(*atom),
            Some(Node::Not(child)) => self.decisive(*child, seen, atoms),
            Some(node @ (Node::And(children) | Node::Or(children))) => {
                let stops = if matches!(node, Node::And(_)) { Verdict::False } else { Verdict::True };
                for child in children {
                    let child_verdict = self.node(*child);
                    if verdict != stops && (verdict != Verdict::Unknown || child_verdict == Verdict::Unknown)
                    {
                        self.decisive(*child, seen, atoms);
                    } else if verdict == stops && child_verdict == stops {
                        self.decisive(*child, seen, atoms);
                        break;
                    }
                }
            }
            Some(Node::Const(_)) | None => {}
        }
    }

    /// Whether the node would be true if the atom came out the other way.
    fn holds_if_flipped(&mut self, root: NodeId, atom: AtomId) -> bool {
        let flipped = if self.atom(atom) == Verdict::True { Verdict::False } else { Verdict::True };
        self.node_with(root, atom, flipped, &mut HashMap::new()) == Verdict::True
    }

    fn node_with(
        &mut self,
        id: NodeId,
        atom: AtomId,
        verdict: Verdict,
        known: &mut HashMap<NodeId, Verdict>,
    ) -> Verdict {
        if let Some(found) = known.get(&id) {
            return *found;
        }
        let found = match self.program().nodes.get(id.index()) {
            Some(Node::Atom(this)) if *this == atom => verdict,
            Some(Node::Atom(this)) => self.atom(*this),
            Some(Node::Not(child)) => self.node_with(*child, atom, verdict, known).negated(),
            Some(Node::And(children)) => children
                .iter()
                .map(|child| self.node_with(*child, atom, verdict, known))
                .min()
                .unwrap_or(Verdict::True),
            Some(Node::Or(children)) => children
                .iter()
                .map(|child| self.node_with(*child, atom, verdict, known))
                .max()
                .unwrap_or(Verdict::False),
            Some(Node::Const(value)) => Verdict::from(*value),
            None => Verdict::False,
        };
        known.insert(id, found);
        found
    }
}
