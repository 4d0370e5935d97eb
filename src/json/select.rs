//! Which members of an object take part.

use crate::json::value::Value;

/// A choice among the members of an object, and of the objects inside it.
///
/// Redaction, hashing and signing each leave some of an event out. They say so with a value of
/// this type, and the rest is [written](crate::json::Object::write_selected) without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select<'a> {
    /// Everything.
    All,
    /// Everything but the members with these names.
    Without(&'a [&'a str]),
    /// Nothing but the members with these names, and of each what its own choice says.
    ///
    /// A member for which `Only` stands again is left out if its value is not an object.
    Only(&'a [(&'a str, Select<'a>)]),
}

impl<'a> Select<'a> {
    /// What is chosen of a member; `None` if it is left out.
    pub(super) fn of(&self, key: &str, value: &Value) -> Option<&'a Select<'a>> {
        match self {
            Self::All => Some(&Select::All),
            Self::Without(names) => (!names.contains(&key)).then_some(&Select::All),
            Self::Only(names) => {
                let (_, choice) = names.iter().find(|(name, _)| *name == key)?;
                let fits = !matches!(choice, Self::Only(_)) || matches!(value, Value::Object(_));
                fits.then_some(choice)
            }
        }
    }
}
