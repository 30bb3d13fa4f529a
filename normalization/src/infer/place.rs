//! What is seen at one place of the records.

use super::object::Object;
use super::{DEEPEST, MOST_PLACES};
use crate::cast;
use crate::kind::ScalarKind;
use crate::walk::{self, JsonType};

/// The join of all values at one place.
///
/// Law: seeing and merging are commutative and associative.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) nulls: u64,
    /// The narrowest kind that holds all scalars.
    pub(super) scalar: Option<ScalarKind>,
    /// All objects as one.
    pub(super) object: Option<Box<Object>>,
    /// The elements of all arrays as one place.
    pub(super) elements: Option<Box<Place>>,
}

/// How many places may be told apart in a stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Budget {
    spent: usize,
    is_exceeded: bool,
}

impl Budget {
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    pub(super) fn spend(&mut self) {
        self.spent += 1;
        self.is_exceeded |= self.spent > MOST_PLACES;
    }

    /// So many places are not told apart any more.
    pub(super) fn give_back(&mut self, places: usize) {
        self.spent = self.spent.saturating_sub(places);
    }

    /// Both budgets as one, with so many places now.
    pub(super) fn merge(&mut self, other: &Self, places: usize) {
        self.spent = places;
        self.is_exceeded |= other.is_exceeded || places > MOST_PLACES;
    }
}

impl Place {
    /// Takes in a value; `depth`: how many objects and arrays it stands in.
    pub(super) fn see(&mut self, json: &str, depth: usize, budget: &mut Budget) {
        match walk::kind_of(json) {
            JsonType::Null => self.nulls += 1,
            JsonType::Boolean => self.widen(ScalarKind::Boolean),
            // nothing is wider than text
            JsonType::Number | JsonType::String if self.scalar == Some(ScalarKind::String) => {}
            JsonType::Number => self.widen(cast::number_kind(json)),
            JsonType::String => self.widen(cast::string_kind(walk::string_inner(json).unwrap_or_default())),
            JsonType::Object => {
                let opens = depth < DEEPEST && !budget.is_exceeded;
                let object = self.object.get_or_insert_with(|| Box::new(Object::new(opens)));
                object.see(json, depth + 1, budget);
            }
            JsonType::Array => {
                let elements = self.elements.get_or_insert_default();
                if depth < DEEPEST && !budget.is_exceeded {
                    walk::elements(json).for_each(|element| elements.see(element, depth + 1, budget));
                }
            }
        }
    }

    #[inline]
    fn widen(&mut self, kind: ScalarKind) {
        self.scalar = Some(self.scalar.map_or(kind, |scalar| scalar.widen(kind)));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.nulls += other.nulls;
        if let Some(kind) = other.scalar {
            self.widen(kind);
        }
        match (&mut self.object, other.object) {
            (Some(object), Some(other)) => object.merge(*other),
            (object @ None, other) => *object = other,
            (Some(_), None) => {}
        }
        match (&mut self.elements, other.elements) {
            (Some(elements), Some(other)) => elements.merge(*other),
            (elements @ None, other) => *elements = other,
            (Some(_), None) => {}
        }
    }

    /// Whether no value came.
    pub(super) fn is_unseen(&self) -> bool {
        self.nulls == 0 && self.scalar.is_none() && self.object.is_none() && self.elements.is_none()
    }

    pub(super) fn places(&self) -> usize {
        let object = self.object.as_ref().map_or(0, |object| object.places());
        object + self.elements.as_ref().map_or(0, |elements| elements.places())
    }
}
