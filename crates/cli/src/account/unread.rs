//! What could not be read, and what to do about it.

use std::fmt;

use domain::failure::{Class, Failure};

/// A read that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    /// What failed.
    pub(crate) failure: Failure,
    /// The permission that the call needs, as IAM spells it.
    permission: &'static str,
}

impl Unread {
    /// A read that failed, and the permission that it needs.
    pub(crate) fn new(failure: Failure, permission: &'static str) -> Self {
        Self {
            failure,
            permission,
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            failure,
            permission,
        } = self;
        write!(f, "{}", failure.message)?;
        match failure.class {
            Class::AccessDenied => write!(
                f,
                "; allow the caller {permission}, or renew the credentials"
            ),
            Class::Throttled | Class::Timeout => f.write_str("; try again"),
            Class::Unavailable => {
                f.write_str("; try again, and check AWS_REGION, AWS_ENDPOINT_URL and the network")
            }
            Class::NotFound => {
                f.write_str("; check the name, AWS_REGION and whose account the credentials are of")
            }
            Class::BadInput
            | Class::BadConfiguration
            | Class::WrongAccount
            | Class::Conflict
            | Class::Rejected
            | Class::NotApplied
            | Class::FunctionFailed
            | Class::BadAnswer
            | Class::OutOfTime => Ok(()),
        }
    }
}

impl std::error::Error for Unread {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_is_told_with_what_to_do() {
        let told = |class| {
            let failure = Failure::new(class, "GetMetricData of alb a: no");
            Unread::new(failure, "cloudwatch:GetMetricData").to_string()
        };
        insta::assert_snapshot!(told(Class::AccessDenied), @"GetMetricData of alb a: no; allow the caller cloudwatch:GetMetricData, or renew the credentials");
        insta::assert_snapshot!(told(Class::Throttled), @"GetMetricData of alb a: no; try again");
        insta::assert_snapshot!(told(Class::Unavailable), @"GetMetricData of alb a: no; try again, and check AWS_REGION, AWS_ENDPOINT_URL and the network");
        insta::assert_snapshot!(told(Class::NotFound), @"GetMetricData of alb a: no; check the name, AWS_REGION and whose account the credentials are of");
        insta::assert_snapshot!(told(Class::Rejected), @"GetMetricData of alb a: no");
    }
}
