//! Arrays.

use crate::json::canonical::print;
use crate::json::value::Value;
use crate::json::walk::{Walk, dismantle, is_deep};

/// A JSON array.
///
/// It holds exactly the memory that its elements need, so a long one is better collected, or
/// converted from a `Vec`, than pushed together.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Array(pub(super) Box<[Value]>);

impl Array {
    /// An array without elements.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The element at `index`, counted from zero.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Value> {
        self.0.get(index)
    }

    /// The elements in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.0.iter()
    }

    /// Appends an element. Linear in the length of the array.
    pub fn push(&mut self, value: impl Into<Value>) {
        let mut items = std::mem::take(&mut self.0).into_vec();
        items.reserve_exact(1);
        items.push(value.into());
        self.0 = items.into_boxed_slice();
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        if self.0.iter().any(is_deep) {
            dismantle(Value::Array(Self(std::mem::take(&mut self.0))));
        }
    }
}

impl std::fmt::Debug for Array {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        print(Walk::of_array(self), f)
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        Self(items.into_boxed_slice())
    }
}

impl<V: Into<Value>> FromIterator<V> for Array {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        Self(items.into_iter().map(Into::into).collect())
    }
}

impl IntoIterator for Array {
    type Item = Value;
    type IntoIter = std::vec::IntoIter<Value>;

    fn into_iter(mut self) -> Self::IntoIter {
        std::mem::take(&mut self.0).into_vec().into_iter()
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
