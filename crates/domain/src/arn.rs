//! Amazon Resource Names of what ARC can shift.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::text_newtype;

/// The account that the embedded Region uses, and no AWS customer has.
pub const EMBEDDED_ACCOUNT: &str = "000000000000";

/// A twelve-digit AWS account id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

/// Why a text is not an account id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an AWS account id, expected 12 digits")]
pub struct AccountError(String);

impl FromStr for AccountId {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AccountError(text.to_owned()))
        }
    }
}

impl AccountId {
    /// The embedded Region's account.
    #[must_use]
    pub fn embedded() -> Self {
        Self(EMBEDDED_ACCOUNT.to_owned())
    }

    /// Whether this is the embedded Region's account.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.0 == EMBEDDED_ACCOUNT
    }
}

text_newtype!(AccountId, AccountError);

/// The ARN of an ARC managed resource: an Application or Network Load Balancer, an Auto Scaling
/// group or an EKS cluster. Kinds that ARC may learn later are accepted.
///
/// Source: ARC API reference, `resourceIdentifier` (8 to 1024 characters).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceArn(String);

/// Why a text is not the ARN of something that ARC can shift.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// Not an ARN.
    #[error(
        "\"{0}\" is not an ARN, expected arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/app/<name>/<id>"
    )]
    NotAnArn(String),
    /// An ARN without a Region or an account, or longer than ARC takes.
    #[error("\"{0}\" has no {1}, expected arn:<partition>:<service>:<region>:<account>:<resource>")]
    Part(String, &'static str),
    /// A load balancing ARN that is no Application or Network Load Balancer.
    #[error(
        "\"{0}\" is not an Application or Network Load Balancer, expected loadbalancer/app/… or loadbalancer/net/…: ARC shifts nothing else of the service"
    )]
    NotShiftable(String),
}

/// ARC's limit for `resourceIdentifier`.
const LONGEST_ARN: usize = 1024;

impl FromStr for ResourceArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = parts[..] else {
            return Err(ArnError::NotAnArn(text.to_owned()));
        };
        let clean = text.bytes().all(|b| b.is_ascii_graphic());
        if arn != "arn" || !partition.starts_with("aws") || !clean || text.len() > LONGEST_ARN {
            return Err(ArnError::NotAnArn(text.to_owned()));
        }
        let missing = |part| Err(ArnError::Part(text.to_owned(), part));
        if service.is_empty() {
            return missing("service");
        }
        if region.is_empty() {
            return missing("Region");
        }
        if account.parse::<AccountId>().is_err() {
            return missing("12-digit account");
        }
        if resource.is_empty() {
            return missing("resource");
        }
        let shiftable = ["loadbalancer/app/", "loadbalancer/net/"]
            .iter()
            .any(|kind| resource.len() > kind.len() && resource.starts_with(kind));
        if service == "elasticloadbalancing" && !shiftable {
            return Err(ArnError::NotShiftable(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl ResourceArn {
    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// The Region in the ARN.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The account in the ARN.
    #[must_use]
    pub fn account(&self) -> AccountId {
        AccountId(self.part(4).to_owned())
    }

    /// Whether the resource is an Auto Scaling group, which is shifted natively instead of pruned.
    #[must_use]
    pub fn is_auto_scaling_group(&self) -> bool {
        self.part(2) == "autoscaling"
    }

    /// What people call the resource: `app/front/50dc6c495c0c9188`, the part behind
    /// `loadbalancer/`, or the whole resource part of other services.
    #[must_use]
    pub fn short(&self) -> &str {
        let resource = self.part(5);
        resource.strip_prefix("loadbalancer/").unwrap_or(resource)
    }
}

text_newtype!(ResourceArn, ArnError);

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188";

    fn refusal(text: &str) -> String {
        text.parse::<ResourceArn>()
            .map_or_else(|e| e.to_string(), |_| "accepted".to_owned())
    }

    #[test]
    fn a_load_balancer_arn_gives_its_parts() {
        let front: ResourceArn = FRONT.parse().unwrap();
        assert_eq!(front.region(), "us-east-1");
        assert_eq!(front.account().as_str(), "111122223333");
        assert_eq!(front.short(), "app/front/50dc6c495c0c9188");
        assert!(!front.is_auto_scaling_group());
    }

    #[test]
    fn groups_clusters_and_other_partitions_are_accepted() {
        for arn in [
            "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:8e7c:autoScalingGroupName/web",
            "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/main",
            "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/edge/50dc6c495c0c9188",
        ] {
            assert!(arn.parse::<ResourceArn>().is_ok(), "{arn}");
        }
    }

    #[test]
    fn a_group_is_told_from_a_load_balancer() {
        let group: ResourceArn =
            "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:8e7c:autoScalingGroupName/web"
                .parse()
                .unwrap();
        assert!(group.is_auto_scaling_group());
        assert!(
            !FRONT
                .parse::<ResourceArn>()
                .unwrap()
                .is_auto_scaling_group()
        );
    }

    #[test]
    fn only_the_account_of_zeros_is_the_embedded_regions() {
        assert!(AccountId::embedded().is_embedded());
        let real: AccountId = "111122223333".parse().unwrap();
        assert!(!real.is_embedded());
    }

    #[test]
    fn an_arn_may_be_as_long_as_arc_takes_and_no_longer() {
        let filled = |length: usize| format!("{FRONT}{}", "x".repeat(length - FRONT.len()));
        assert_eq!(refusal(&filled(LONGEST_ARN)), "accepted");
        for length in [LONGEST_ARN + 1, LONGEST_ARN + 2] {
            assert!(refusal(&filled(length)).contains("is not an ARN"));
        }
    }

    #[test]
    fn a_bad_arn_is_refused_with_what_is_wrong_with_it() {
        assert!(refusal("front").contains("is not an ARN"));
        assert!(refusal("").contains("is not an ARN"));
        assert!(refusal(&FRONT.replace("arn:", "urn:")).contains("is not an ARN"));
        assert!(
            refusal(&FRONT.replace("app/front/50dc6c495c0c9188", "app/")).contains("ARC shifts")
        );
        assert!(refusal(&FRONT.replace("us-east-1", "")).contains("has no Region"));
        assert!(refusal(&FRONT.replace("111122223333", "1")).contains("has no 12-digit account"));
        assert!(
            refusal(&FRONT.replace("loadbalancer/app/front", "targetgroup/front"))
                .contains("ARC shifts nothing else")
        );
        assert!(refusal(&format!("{FRONT}\n")).contains("is not an ARN"));
    }
}
