//! JSON in the layout of the vector files: members in the order in which they are written, one
//! case a line.

use std::fmt::Write;

/// A JSON value whose members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// A token that is written as it is: a number, `true`, `null`.
    Token(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// An object: `object! { "key" => value, … }`.
macro_rules! object {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::vectors::generated::writer::Json::Object(vec![
            $((String::from($key), $crate::vectors::generated::writer::Json::from($value))),*
        ])
    };
}
pub(super) use object;

/// A list: `list![value, …]`.
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        $crate::vectors::generated::writer::Json::List(vec![
            $($crate::vectors::generated::writer::Json::from($value)),*
        ])
    };
}
pub(super) use list;

impl Json {
    /// The object with another member, at the end or in place of the one of that name.
    pub(super) fn with(mut self, key: &str, value: impl Into<Self>) -> Self {
        let Self::Object(members) = &mut self else {
            panic!("{self:?} has no members");
        };
        let value = value.into();
        match members.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => members.push((key.to_owned(), value)),
        }
        self
    }

    /// The same with another member if there is a value for it.
    pub(super) fn with_some(self, key: &str, value: Option<impl Into<Self>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The object without a member.
    pub(super) fn without(mut self, key: &str) -> Self {
        if let Self::Object(members) = &mut self {
            members.retain(|(name, _)| name != key);
        }
        self
    }

    /// The value on one line.
    pub(super) fn line(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Token(token) => text.push_str(token),
            Self::Text(string) => text.push_str(&serde_json::to_string(string).unwrap()),
            Self::List(values) => {
                text.push('[');
                for (at, value) in values.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { ", " });
                    value.write(text);
                }
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (at, (key, value)) in members.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { ", " });
                    write!(text, "{}: ", serde_json::to_string(key).unwrap()).unwrap();
                    value.write(text);
                }
                text.push('}');
            }
        }
    }

    /// A file: its members a line each; of `given` and `cases` each entry a line.
    pub(super) fn file(&self) -> String {
        let Self::Object(members) = self else {
            panic!("a file is an object");
        };
        let members = members.iter().map(|(key, value)| {
            let value = match (key.as_str(), value) {
                ("cases", Self::List(cases)) => block('[', cases.iter().map(Self::line), "  ]"),
                ("given", Self::Object(given)) => {
                    let given = given
                        .iter()
                        .map(|(name, value)| member(name, &value.line()));
                    block('{', given, "  }")
                }
                ("input", Self::Object(input)) => {
                    let input = input.iter().map(|(key, value)| match value {
                        Self::List(entries) => {
                            let entries = entries.iter().map(|entry| format!("  {}", entry.line()));
                            member(key, &block('[', entries, "    ]"))
                        }
                        value => member(key, &value.line()),
                    });
                    block('{', input, "  }")
                }
                _ => value.line(),
            };
            format!("  {}", member(key, &value))
        });
        let members: Vec<String> = members.collect();
        format!("{{\n{}\n}}\n", members.join(",\n"))
    }
}

fn member(key: &str, value: &str) -> String {
    format!("{}: {value}", serde_json::to_string(key).unwrap())
}

fn block(open: char, lines: impl Iterator<Item = String>, close: &str) -> String {
    let lines: Vec<String> = lines.map(|line| format!("    {line}")).collect();
    format!("{open}\n{}\n{close}", lines.join(",\n"))
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Token(number.to_string())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Token(value.to_string())
    }
}

impl<T: Into<Self>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Token(value.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(values) => Self::List(values.iter().map(Into::into).collect()),
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, value)| (key.clone(), value.into()))
                    .collect(),
            ),
        }
    }
}
