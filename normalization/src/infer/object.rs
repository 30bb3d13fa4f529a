//! What is seen of the objects at one place: their properties, in which of them each is, and where.

use std::borrow::Cow;
use std::collections::HashMap;

use ahash::RandomState;

use super::MOST_PROPERTIES;
use super::keys::{self, Values};
use super::place::{Budget, Place};
use crate::cast;
use crate::walk;

/// The join of all objects at one place.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) count: u64,
    /// None when they are not told apart (any more): there are too many, or they are too deep.
    pub(super) members: Option<Members>,
    /// It was opened; if it has no members now, there were too many.
    pub(super) was_opened: bool,
}

/// The properties of objects.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    pub(super) list: Vec<Member>,
    by_name: HashMap<Box<str>, usize, RandomState>,
    /// The member that came at each position of the object before: the next one mostly has the same there.
    order: Vec<usize>,
}

/// One property.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: Box<str>,
    pub(super) place: Place,
    /// In how many objects it is.
    pub(super) present: u64,
    /// Sum of its positions in them, so that the mean tells where it stands whatever the order of the objects.
    pub(super) positions: u64,
    /// The object that it was last seen in, counted from 1.
    last_in: u64,
    /// Its values, if it may be a key.
    pub(super) values: Option<Box<Values>>,
}

impl Default for Object {
    fn default() -> Self {
        Self::new(true)
    }
}

impl Object {
    pub(super) fn new(opens: bool) -> Self {
        Self { count: 0, members: opens.then(Members::default), was_opened: opens }
    }

    /// Takes in a record.
    pub(super) fn see_root(&mut self, json: &str, budget: &mut Budget) {
        let before = self.member_count();
        self.see(json, 1, budget);
        // The members of a first record, and only those, may be in every record.
        if before != self.member_count()
            && let Some(members) = &mut self.members
        {
            keys::choose(&mut members.list, self.count == 1);
            if self.count == 1 {
                self.see_first_values(json);
            }
        }
    }

    /// The first record chose the keys, and so has gone by without them.
    fn see_first_values(&mut self, json: &str) {
        let Some(members) = &mut self.members else { return };
        for (key, value) in walk::members(json) {
            let index = members.by_name.get(cast::key(key).as_ref()).copied();
            if let Some(values) = index.and_then(|index| members.list[index].values.as_mut()) {
                values.see(value);
            }
        }
    }

    /// Takes in an object; `depth`: how many objects and arrays its members stand in.
    pub(super) fn see(&mut self, json: &str, depth: usize, budget: &mut Budget) {
        self.count += 1;
        let Some(members) = &mut self.members else { return };
        for ((key, value), position) in walk::members(json).zip(0_u64..) {
            let index = members.find(key, position, budget);
            if members.list.len() > MOST_PROPERTIES {
                budget.give_back(members.places());
                self.members = None;
                return;
            }
            let member = &mut members.list[index];
            // A key may come twice in one object: both values count, as the last, which wins, is one of them.
            if member.last_in != self.count {
                member.last_in = self.count;
                member.present += 1;
                member.positions += position;
            }
            member.place.see(value, depth, budget);
            if let Some(values) = &mut member.values {
                values.see(value);
            }
        }
    }

    pub(super) fn merge_root(&mut self, other: Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other;
            return;
        }
        self.merge(other);
        if let Some(members) = &mut self.members {
            keys::choose(&mut members.list, false);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.was_opened |= other.was_opened;
        let (Some(members), Some(others)) = (&mut self.members, other.members) else {
            self.members = None;
            return;
        };
        members.merge(others);
        if members.list.len() > MOST_PROPERTIES {
            self.members = None;
        }
    }

    /// Keeps of all members no more than that there are objects and arrays in them.
    pub(super) fn forget_nested(&mut self) {
        for member in self.members.iter_mut().flat_map(|members| &mut members.list) {
            if let Some(object) = &mut member.place.object {
                object.members = None;
                object.was_opened = false;
            }
            if let Some(elements) = &mut member.place.elements {
                **elements = Place::default();
            }
        }
    }

    /// How many places there are below.
    pub(super) fn places(&self) -> usize {
        self.members.as_ref().map_or(0, Members::places)
    }

    fn member_count(&self) -> usize {
        self.members.as_ref().map_or(0, |members| members.list.len())
    }
}

impl Members {
    /// The index of the member with a key as sent; it is new if there is none.
    #[inline]
    fn find(&mut self, key: &str, position: u64, budget: &mut Budget) -> usize {
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        let guess = self.order.get(position).copied().unwrap_or(position);
        if self.list.get(guess).is_some_and(|member| *member.name == *key) {
            return guess;
        }
        let name = cast::key(key);
        let known = self.by_name.get(name.as_ref()).copied();
        let index = known.unwrap_or_else(|| {
            budget.spend();
            self.add(Member::new(name))
        });
        if let Some(slot) = self.order.get_mut(position) {
            *slot = index;
        } else if position == self.order.len() && position < MOST_PROPERTIES {
            self.order.push(index);
        }
        index
    }

    fn add(&mut self, member: Member) -> usize {
        let index = self.list.len();
        self.by_name.insert(member.name.clone(), index);
        self.list.push(member);
        index
    }

    fn merge(&mut self, others: Self) {
        // A key is in every record, so a member of only one of them is none.
        let mut shared = vec![false; self.list.len()];
        for other in others.list {
            match self.by_name.get(&other.name) {
                Some(&index) => {
                    shared[index] = true;
                    self.list[index].merge(other);
                }
                None => drop(self.add(Member { values: None, ..other })),
            }
        }
        for (member, shared) in self.list.iter_mut().zip(shared) {
            if !shared {
                member.values = None;
            }
        }
    }

    fn places(&self) -> usize {
        self.list.len() + self.list.iter().map(|member| member.place.places()).sum::<usize>()
    }
}

impl Member {
    fn new(name: Cow<'_, str>) -> Self {
        Self { name: name.into(), place: Place::default(), present: 0, positions: 0, last_in: 0, values: None }
    }

    fn merge(&mut self, other: Self) {
        self.place.merge(other.place);
        self.present += other.present;
        self.positions += other.positions;
        match (&mut self.values, other.values) {
            (Some(values), Some(other)) => values.merge(*other),
            (values, _) => *values = None,
        }
    }
}
