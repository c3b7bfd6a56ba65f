//! The name of a workload.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_newtype;

/// What people call a workload: 1 to 63 letters, digits, dots, dashes and underscores.
///
/// It goes into the comment of a zonal shift (128 characters), so it is short.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkloadName(String);

/// Why a text is not a workload name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a workload name, expected 1 to 63 letters, digits, dots, dashes and underscores, starting with a letter or digit"
)]
pub struct NameError(String);

const LONGEST_NAME: usize = 63;

impl FromStr for WorkloadName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let first = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        let rest = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if first && rest && text.len() <= LONGEST_NAME {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError(text.to_owned()))
        }
    }
}

text_newtype!(WorkloadName, NameError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_a_comment_and_hold_no_separator() {
        assert!("wildrydes".parse::<WorkloadName>().is_ok());
        assert!("front.prod-2_a".parse::<WorkloadName>().is_ok());
        assert!("x".repeat(63).parse::<WorkloadName>().is_ok());
        for text in ["", " ", "-a", "a/b", "a b", "é", &"x".repeat(64)] {
            assert_eq!(text.parse::<WorkloadName>(), Err(NameError(text.into())));
        }
    }
}
