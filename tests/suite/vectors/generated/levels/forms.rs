//! What can stand in the place of a power level, and the level that it is.

/// Something that stands where a level should.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// The JSON token.
    pub(super) token: &'static str,
    pub(super) kind: Kind,
    /// The integer that it stands for where its kind is a level at all.
    pub(super) value: Option<i128>,
    /// Whether it goes into every place; the others go into two.
    pub(super) everywhere: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Integer,
    /// An integer that strict canonical JSON does not have.
    LargeInteger,
    Float,
    /// A string of the format that versions 1 to 9 describe, or of no format at all.
    Text,
    /// A string that Python takes for an integer, and the text does not.
    PythonText,
    Boolean,
    Null,
    Other,
}

const fn form(token: &'static str, kind: Kind, value: i128) -> Form {
    Form {
        token,
        kind,
        value: Some(value),
        everywhere: false,
    }
}

const fn no_level(token: &'static str, kind: Kind) -> Form {
    Form {
        token,
        kind,
        value: None,
        everywhere: false,
    }
}

const fn everywhere(form: Form) -> Form {
    Form {
        everywhere: true,
        ..form
    }
}

/// More than anybody has, and less.
const MOST: i128 = i128::MAX;
const LEAST: i128 = i128::MIN;

pub(super) const FORMS: [Form; 52] = [
    everywhere(form("50", Kind::Integer, 50)),
    everywhere(form("51", Kind::Integer, 51)),
    form("0", Kind::Integer, 0),
    form("-1", Kind::Integer, -1),
    form("9007199254740991", Kind::Integer, 9_007_199_254_740_991),
    form("-9007199254740991", Kind::Integer, -9_007_199_254_740_991),
    form(
        "9007199254740992",
        Kind::LargeInteger,
        9_007_199_254_740_992,
    ),
    form(
        "9223372036854775807",
        Kind::LargeInteger,
        9_223_372_036_854_775_807,
    ),
    form(
        "9223372036854775808",
        Kind::LargeInteger,
        9_223_372_036_854_775_808,
    ),
    form(
        "-9223372036854775809",
        Kind::LargeInteger,
        -9_223_372_036_854_775_809,
    ),
    form(
        "18446744073709551616",
        Kind::LargeInteger,
        18_446_744_073_709_551_616,
    ),
    form("<400 digits>", Kind::LargeInteger, MOST),
    form("-<400 digits>", Kind::LargeInteger, LEAST),
    everywhere(form("50.9", Kind::Float, 50)),
    form("-0.5", Kind::Float, 0),
    form("50.0", Kind::Float, 50),
    form("5e1", Kind::Float, 50),
    form("51.0", Kind::Float, 51),
    everywhere(form("5.114698E4", Kind::Float, 51_146)),
    form("1e308", Kind::Float, MOST),
    everywhere(form("\"50\"", Kind::Text, 50)),
    everywhere(form("\"51\"", Kind::Text, 51)),
    form("\" 50 \"", Kind::Text, 50),
    form("\"\\t50\\n\"", Kind::Text, 50),
    form("\"+50\"", Kind::Text, 50),
    form("\" -1 \"", Kind::Text, -1),
    form("\"-0\"", Kind::Text, 0),
    form("\"0050\"", Kind::Text, 50),
    form(
        "\"99999999999999999999\"",
        Kind::Text,
        99_999_999_999_999_999_999,
    ),
    form("\"<400 digits>\"", Kind::Text, MOST),
    everywhere(form("\"5_0\"", Kind::PythonText, 50)),
    form("\"５０\"", Kind::PythonText, 50),
    form("\"٥٠\"", Kind::PythonText, 50),
    everywhere(no_level("\"\"", Kind::Text)),
    no_level("\" \"", Kind::Text),
    no_level("\"+\"", Kind::Text),
    no_level("\"- 50\"", Kind::Text),
    no_level("\"\\u001c50\"", Kind::Text),
    no_level("\"50\\u001f\"", Kind::Text),
    no_level("\"--50\"", Kind::Text),
    no_level("\"5 0\"", Kind::Text),
    no_level("\"_50\"", Kind::Text),
    no_level("\"5__0\"", Kind::Text),
    no_level("\"50_\"", Kind::Text),
    no_level("\"0x32\"", Kind::Text),
    no_level("\"1e2\"", Kind::Text),
    no_level("\"50.0\"", Kind::Text),
    everywhere(form("true", Kind::Boolean, 1)),
    form("false", Kind::Boolean, 0),
    everywhere(no_level("null", Kind::Null)),
    everywhere(no_level("[]", Kind::Other)),
    no_level("{\"level\": 50}", Kind::Other),
];

/// How strings and booleans are read: as Python's `int`, or as the text describes it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reading {
    Python,
    Specification,
}

/// The level that a form states, if it is a form that the room version takes.
pub(super) fn level(form: Form, version: u8, reading: Reading) -> Option<i128> {
    let taken = match form.kind {
        Kind::Integer | Kind::LargeInteger => true,
        Kind::Float => version < 6,
        Kind::Text => version < 10,
        Kind::PythonText | Kind::Boolean => version < 10 && reading == Reading::Python,
        Kind::Null | Kind::Other => false,
    };
    form.value.filter(|_| taken)
}

/// Whether the room version's JSON has the form at all.
pub(super) fn exists(form: Form, version: u8) -> bool {
    version < 6 || !matches!(form.kind, Kind::Float | Kind::LargeInteger)
}
