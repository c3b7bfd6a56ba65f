//! Availability Zones: the AZ ID, the AZ name, and the only way from one to the other.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_newtype;

/// An Availability Zone by its AZ ID, such as `use1-az1`: the same physical zone in every account.
///
/// ARC zonal shifts and the workload definition speak AZ IDs. There is no conversion to or from
/// [`ZoneName`] but the workload's own zone map, because the mapping differs from account to
/// account, and moving traffic away from the wrong zone is the worst mistake that Evac could make.
///
/// ```compile_fail
/// # use domain::{ZoneId, ZoneName};
/// fn shift_away_from(_: &ZoneId) {}
/// let name: ZoneName = "us-east-1a".parse().unwrap();
/// shift_away_from(&name);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneId(String);

/// An Availability Zone by the name that one account gives it, such as `us-east-1a`.
///
/// Load balancer metrics and Auto Scaling instances speak AZ names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneName(String);

/// Why a text is not an AZ ID or not an AZ name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// An AZ name where an AZ ID belongs: the mistake that people make.
    #[error("\"{0}\" is an AZ name, expected an AZ ID such as use1-az1")]
    NameForId(String),
    /// An AZ ID where an AZ name belongs.
    #[error("\"{0}\" is an AZ ID, expected an AZ name such as us-east-1a")]
    IdForName(String),
    /// Not an AZ ID at all.
    #[error("\"{0}\" is not an AZ ID, expected one such as use1-az1")]
    NotAnId(String),
    /// Not an AZ name at all.
    #[error("\"{0}\" is not an AZ name, expected one such as us-east-1a")]
    NotAName(String),
}

/// ARC's limit for `awayFrom`.
const LONGEST_ZONE_ID: usize = 20;
const LONGEST_ZONE_NAME: usize = 40;

impl FromStr for ZoneId {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        if is_zone_id(text) {
            Ok(Self(text.to_owned()))
        } else if is_zone_name(text) {
            Err(ZoneError::NameForId(text.to_owned()))
        } else {
            Err(ZoneError::NotAnId(text.to_owned()))
        }
    }
}

impl FromStr for ZoneName {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        if is_zone_name(text) {
            Ok(Self(text.to_owned()))
        } else if is_zone_id(text) {
            Err(ZoneError::IdForName(text.to_owned()))
        } else {
            Err(ZoneError::NotAName(text.to_owned()))
        }
    }
}

impl ZoneName {
    /// The Region that the name belongs to: `us-east-1` for `us-east-1a`.
    #[must_use]
    pub fn region(&self) -> &str {
        // The Region ends with the first part that has a number: `us-west-2` of `us-west-2-lax-1a`.
        let number = self
            .0
            .match_indices('-')
            .find(|(dash, _)| self.0[dash + 1..].starts_with(|first: char| first.is_ascii_digit()))
            .map_or(0, |(dash, _)| dash + 1);
        let end = self.0[number..]
            .find('-')
            .map_or(self.0.len(), |dash| number + dash);
        self.0[..end].trim_end_matches(|last: char| last.is_ascii_lowercase())
    }
}

/// `use1-az1`, `usgw1-az3`, `usw2-lax1-az1`, `use1-wl1-bos-wlz1`: dash-joined parts of lower-case
/// letters and digits, the last of them `az` or `wlz` with a number.
fn is_zone_id(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let last = parts.next().unwrap_or_default();
    let number = last.strip_prefix("az").or_else(|| last.strip_prefix("wlz"));
    let numbered = number
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let mut rest = parts.peekable();
    numbered
        && rest.peek().is_some()
        && rest.all(is_lower_alphanumeric)
        && text.len() <= LONGEST_ZONE_ID
}

/// `us-east-1a`, `us-gov-west-1b`, `us-west-2-lax-1a`: dash-joined parts, the last of them digits
/// and one letter.
fn is_zone_name(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let last = parts.next().unwrap_or_default();
    let Some(digits) = last.strip_suffix(|letter: char| letter.is_ascii_lowercase()) else {
        return false;
    };
    let numbered = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    numbered
        && parts.clone().count() >= 2
        && parts.all(is_lower_alphanumeric)
        && text.len() <= LONGEST_ZONE_NAME
}

fn is_lower_alphanumeric(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

text_newtype!(ZoneId, ZoneError);
text_newtype!(ZoneName, ZoneError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_ids_of_every_kind_of_zone_are_accepted() {
        for id in [
            "use1-az1",
            "euc1-az3",
            "usgw1-az2",
            "apse2-az12",
            "usw2-lax1-az1",
            "use1-wl1-bos-wlz1",
        ] {
            assert_eq!(
                id.parse::<ZoneId>().map(|zone| zone.to_string()),
                Ok(id.to_owned())
            );
        }
    }

    #[test]
    fn a_zone_name_is_never_taken_for_a_zone_id() {
        assert_eq!(
            "us-east-1a".parse::<ZoneId>(),
            Err(ZoneError::NameForId("us-east-1a".into()))
        );
        assert_eq!(
            "use1-az1".parse::<ZoneName>(),
            Err(ZoneError::IdForName("use1-az1".into()))
        );
    }

    #[test]
    fn other_texts_are_neither() {
        for text in [
            "",
            "az1",
            "-az1",
            "use1-az",
            "USE1-AZ1",
            "use1-az1 ",
            "us-east-1",
            "use1_az1",
            "us--1a",
            "use1-az1234567890123456",
        ] {
            assert_eq!(
                text.parse::<ZoneId>(),
                Err(ZoneError::NotAnId(text.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn a_zone_name_ends_with_a_number_and_a_letter() {
        for text in [
            "us-east-a",
            "us-east-xa",
            "us-east-1",
            "us-east-1A",
            "east-1a",
            "",
        ] {
            assert!(text.parse::<ZoneName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_zone_name_knows_its_region() {
        for (name, region) in [
            ("us-east-1a", "us-east-1"),
            ("us-gov-west-1b", "us-gov-west-1"),
            ("us-west-2-lax-1a", "us-west-2"),
            ("ap-southeast-2c", "ap-southeast-2"),
        ] {
            assert_eq!(
                name.parse::<ZoneName>()
                    .map(|zone| zone.region().to_owned()),
                Ok(region.to_owned())
            );
        }
    }
}
