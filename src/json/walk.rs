//! The one traversal: a value as a flat sequence of steps.
//!
//! Writing, copying, comparing and checking a value are all loops over a [`Walk`], which keeps
//! what it has yet to visit on a stack of its own. Nothing recurses, so no depth of input matters
//! to the thread's stack. Dropping has its own loop, because it takes values apart.

use crate::json::array::Array;
use crate::json::object::{Member, Object};
use crate::json::select::Select;
use crate::json::value::Value;

/// One step of a [`Walk`].
#[derive(PartialEq)]
pub(super) enum Step<'a> {
    /// An array begins; it has that many elements.
    Array(usize),
    /// An object begins; it has that many members before any choice.
    Object(usize),
    /// The next value is the member of this name.
    Key(&'a str),
    /// A value that holds no other.
    Leaf(&'a Value),
    /// The innermost array ends.
    ArrayEnd,
    /// The innermost object ends.
    ObjectEnd,
}

/// The steps through a value, or through what a [`Select`] chooses of it.
///
/// Two values are equal exactly if their walks are.
pub(super) struct Walk<'a> {
    /// What is visited before the rest of the innermost container.
    next: Option<Visit<'a>>,
    open: Vec<Level<'a>>,
}

#[derive(Clone, Copy)]
enum Visit<'a> {
    Array(&'a Array),
    Object(&'a Object, &'a Select<'a>),
    Leaf(&'a Value),
}

/// What is left of a container.
enum Level<'a> {
    Array(std::slice::Iter<'a, Value>),
    Object(std::slice::Iter<'a, Member>, &'a Select<'a>),
}

impl<'a> Walk<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        Self::from_visit(Visit::of(value, &Select::All))
    }

    pub(super) fn of_array(array: &'a Array) -> Self {
        Self::from_visit(Visit::Array(array))
    }

    pub(super) fn of_object(object: &'a Object, select: &'a Select<'a>) -> Self {
        Self::from_visit(Visit::Object(object, select))
    }

    fn from_visit(visit: Visit<'a>) -> Self {
        Self {
            next: Some(visit),
            open: Vec::new(),
        }
    }

    fn enter(&mut self, visit: Visit<'a>) -> Step<'a> {
        match visit {
            Visit::Leaf(value) => Step::Leaf(value),
            Visit::Array(array) => {
                self.open.push(Level::Array(array.0.iter()));
                Step::Array(array.len())
            }
            Visit::Object(object, select) => {
                self.open.push(Level::Object(object.0.iter(), select));
                Step::Object(object.len())
            }
        }
    }
}

impl<'a> Visit<'a> {
    fn of(value: &'a Value, select: &'a Select<'a>) -> Self {
        match value {
            Value::Array(array) => Self::Array(array),
            Value::Object(object) => Self::Object(object, select),
            _ => Self::Leaf(value),
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        if let Some(visit) = self.next.take() {
            return Some(self.enter(visit));
        }
        match self.open.last_mut()? {
            Level::Array(items) => {
                if let Some(item) = items.next() {
                    return Some(self.enter(Visit::of(item, &Select::All)));
                }
                self.open.pop();
                Some(Step::ArrayEnd)
            }
            Level::Object(members, select) => {
                for (key, value) in members {
                    if let Some(choice) = select.of(key, matches!(value, Value::Object(_))) {
                        self.next = Some(Visit::of(value, choice));
                        return Some(Step::Key(key));
                    }
                }
                self.open.pop();
                Some(Step::ObjectEnd)
            }
        }
    }
}

/// A value of its own with the same steps.
pub(super) fn copy(walk: Walk<'_>) -> Value {
    let mut assembly = Assembly::default();
    for step in walk {
        match step {
            Step::Array(len) => assembly.open_array(len),
            Step::Object(len) => assembly.open_object(len),
            Step::Key(key) => assembly.key(key.into()),
            // A leaf holds no other value, so this goes no deeper.
            Step::Leaf(value) => assembly.value(value.clone()),
            Step::ArrayEnd | Step::ObjectEnd => assembly.close(),
        }
    }
    assembly.finish()
}

/// A value that is put together step by step.
#[derive(Default)]
pub(super) struct Assembly {
    open: Vec<Open>,
    done: Value,
}

enum Open {
    Array(Vec<Value>),
    Object(Vec<Member>),
}

impl Assembly {
    pub(super) fn open_array(&mut self, capacity: usize) {
        self.open.push(Open::Array(Vec::with_capacity(capacity)));
    }

    pub(super) fn open_object(&mut self, capacity: usize) {
        self.open.push(Open::Object(Vec::with_capacity(capacity)));
    }

    /// Names the next value of the innermost object.
    pub(super) fn key(&mut self, key: Box<str>) {
        if let Some(Open::Object(members)) = self.open.last_mut() {
            members.push((key, Value::Null));
        }
    }

    pub(super) fn value(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = value,
            Some(Open::Array(items)) => items.push(value),
            Some(Open::Object(members)) => {
                if let Some((_, slot)) = members.last_mut() {
                    *slot = value;
                }
            }
        }
    }

    pub(super) fn close(&mut self) {
        match self.open.pop() {
            None => {}
            Some(Open::Array(items)) => self.value(Value::Array(items.into())),
            Some(Open::Object(members)) => self.value(Value::Object(Object::from_members(members))),
        }
    }

    pub(super) fn finish(self) -> Value {
        self.done
    }
}

/// Whether a container inside `value` holds something: whether dropping it would go three deep.
pub(super) fn is_deep(value: &Value) -> bool {
    match value {
        Value::Array(array) => array.iter().any(holds_something),
        Value::Object(object) => object.iter().any(|(_, value)| holds_something(value)),
        _ => false,
    }
}

/// Whether `value` is an array or an object and not empty.
pub(super) fn holds_something(value: &Value) -> bool {
    match value {
        Value::Array(array) => !array.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => false,
    }
}

/// Drops a value container by container, each after what is deep in it was taken out.
pub(super) fn dismantle(value: Value) {
    let mut rest = vec![value];
    while let Some(mut value) = rest.pop() {
        match &mut value {
            Value::Array(array) => {
                rest.extend(
                    array
                        .0
                        .iter_mut()
                        .filter(|v| is_deep(v))
                        .map(std::mem::take),
                );
            }
            Value::Object(object) => {
                let values = object.0.iter_mut().map(|(_, value)| value);
                rest.extend(values.filter(|v| is_deep(v)).map(std::mem::take));
            }
            _ => {}
        }
    }
}
