//! How bytes and levels are written where a host keeps typed contents.

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::pdu::content::{Level, StatedLevel};

/// Bytes, as Base64.
pub(super) mod bytes {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::json::base64;

    pub(in crate::pdu::content) fn serialize<S: Serializer>(
        bytes: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64::encode(bytes))
    }

    pub(in crate::pdu::content) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Box<[u8]>, D::Error> {
        let text = String::deserialize(deserializer)?;
        base64::decode(&text).map(Into::into).map_err(Error::custom)
    }
}

/// Lists of keys or signatures, each as Base64; also of none or one.
pub(super) mod arrays {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::json::base64;

    pub(in crate::pdu::content) fn serialize<'a, S: Serializer, const N: usize>(
        list: impl IntoIterator<Item = &'a [u8; N]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.into_iter().map(|bytes| base64::encode(bytes)))
    }

    pub(in crate::pdu::content) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<Vec<[u8; N]>, D::Error> {
        let list = Vec::<String>::deserialize(deserializer)?;
        let list = list.iter().map(|text| base64::decode_array(text));
        list.collect::<Result<_, _>>().map_err(Error::custom)
    }
}

/// A key that may be unusable.
pub(super) mod key {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    use crate::json::base64;

    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub(in crate::pdu::content) fn serialize<S: Serializer>(
        key: &Option<[u8; 32]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        key.map(|key| base64::encode(&key)).serialize(serializer)
    }

    pub(in crate::pdu::content) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; 32]>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let key = text.map(|text| base64::decode_array(&text));
        key.transpose().map_err(Error::custom)
    }
}

/// A level as a number, or as a string of digits where it is beyond 64 bits.
impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_i64() {
            Some(level) => serializer.serialize_i64(level),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Form::deserialize(deserializer)?.level()
    }
}

/// A level, or a word for what else may stand in its place.
impl Serialize for StatedLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_str("absent"),
            Self::Null => serializer.serialize_str("null"),
            Self::Level(level) => level.serialize(serializer),
            Self::Malformed => serializer.serialize_str("malformed"),
        }
    }
}

impl<'de> Deserialize<'de> for StatedLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(deserializer)?;
        match &form {
            Form::Text(text) if text == "absent" => Ok(Self::Absent),
            Form::Text(text) if text == "null" => Ok(Self::Null),
            Form::Text(text) if text == "malformed" => Ok(Self::Malformed),
            _ => form.level().map(Self::Level),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Number(i64),
    Text(String),
}

impl Form {
    fn level<E: Error>(&self) -> Result<Level, E> {
        match self {
            Self::Number(level) => Ok((*level).into()),
            Self::Text(text) => {
                Level::from_decimal(text).ok_or_else(|| E::custom("this is not a level"))
            }
        }
    }
}
