//! Which members of an object take part.

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
    /// What is chosen of a member, given whether it is an object; `None` if it is left out.
    pub(super) fn of(&self, key: &str, is_object: bool) -> Option<&'a Select<'a>> {
        self.of_next(key.as_bytes(), || is_object, &mut 0)
    }

    /// The same for one member after the other. `next` says where among the names to look first,
    /// and is left behind the name that was found: names and members mostly are in one order.
    #[inline]
    pub(super) fn of_next(
        &self,
        key: &[u8],
        is_object: impl FnOnce() -> bool,
        next: &mut usize,
    ) -> Option<&'a Select<'a>> {
        match self {
            Self::All => Some(&Select::All),
            Self::Without(names) => {
                let is_named = names.iter().any(|name| is_same(name, key));
                (!is_named).then_some(&Select::All)
            }
            Self::Only(names) => {
                let is_key = |(name, _): &&(&str, _)| is_same(name, key);
                let choice = if let Some((_, choice)) = names.get(*next).filter(is_key) {
                    *next = next.saturating_add(1);
                    choice
                } else {
                    let (index, (_, choice)) =
                        names.iter().enumerate().find(|(_, name)| is_key(name))?;
                    *next = index.saturating_add(1);
                    choice
                };
                (!matches!(choice, Self::Only(_)) || is_object()).then_some(choice)
            }
        }
    }
}

/// Whether a name is this one. That it is not, its length or its first byte mostly tells.
#[inline]
fn is_same(name: &str, key: &[u8]) -> bool {
    let name = name.as_bytes();
    name.len() == key.len() && name.first() == key.first() && name == key
}
