//! Subnets, by id.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_newtype;

/// A subnet id, such as `subnet-0a1b2c3d4e5f60718`. A subnet never changes its zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubnetId(String);

/// Why a text is not a subnet id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a subnet id, expected subnet- and 8 or 17 hexadecimal digits, such as subnet-0a1b2c3d4e5f60718"
)]
pub struct SubnetError(String);

impl FromStr for SubnetId {
    type Err = SubnetError;

    fn from_str(text: &str) -> Result<Self, SubnetError> {
        let hexadecimal = |digits: &str| {
            matches!(digits.len(), 8 | 17)
                && digits
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        match text.strip_prefix("subnet-") {
            Some(digits) if hexadecimal(digits) => Ok(Self(text.to_owned())),
            _ => Err(SubnetError(text.to_owned())),
        }
    }
}

text_newtype!(SubnetId, SubnetError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_ids_are_accepted_and_nothing_else() {
        assert!("subnet-0a1b2c3d".parse::<SubnetId>().is_ok());
        assert!("subnet-0a1b2c3d4e5f60718".parse::<SubnetId>().is_ok());
        for text in [
            "",
            "subnet-",
            "subnet-xyz",
            "subnet-0A1B2C3D",
            "vpc-0a1b2c3d",
            "subnet-0a1b2c3d ",
            "subnet-0a1b2c3d4",
        ] {
            assert_eq!(
                text.parse::<SubnetId>(),
                Err(SubnetError(text.into())),
                "{text}"
            );
        }
    }
}
