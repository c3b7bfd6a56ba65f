//! `--crash-after FUNCTION:K`: a function that is killed after one of its calls.

use std::str::FromStr;

use region::fault::Counting;
use region::fault::spec::RegionFault;

/// A function, and the call of the drill after which it is killed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CrashAfter(RegionFault);

/// Why a text is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; expected FUNCTION:K, such as zonal-shift:3 for its third call (evac drill --format json | jq .functionCalls tells how many there are)"
)]
pub(crate) struct CrashAfterError(String);

impl FromStr for CrashAfter {
    type Err = CrashAfterError;

    fn from_str(text: &str) -> Result<Self, CrashAfterError> {
        let (function, call) = text
            .split_once(':')
            .ok_or_else(|| CrashAfterError("the number of the call is missing".to_owned()))?;
        let after_calls = call
            .parse()
            .map_err(|_| CrashAfterError(format!("\"{call}\" is no number of a call")))?;
        let fault = RegionFault::KillFunction {
            function: function.to_owned(),
            after_calls,
            counting: Counting::InAll,
            times: Some(1),
        };
        fault.check().map_err(CrashAfterError)?;
        Ok(Self(fault))
    }
}

impl From<&CrashAfter> for RegionFault {
    fn from(crash: &CrashAfter) -> Self {
        crash.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_one_kill_counted_over_the_drill() {
        let crash: CrashAfter = "asg-pruning:12".parse().unwrap();
        assert_eq!(
            Ok(RegionFault::from(&crash)),
            "killFunction:function=asg-pruning,afterCalls=12,counting=inAll,times=1".parse()
        );
    }

    #[test]
    fn what_is_no_crash_is_refused_with_the_remedy() {
        for (text, told) in [
            ("classifier", "the number of the call is missing"),
            ("classifier:", "\"\" is no number of a call"),
            ("classifier:two", "\"two\" is no number of a call"),
            ("classifier:-1", "\"-1\" is no number of a call"),
            ("classifier:0", "afterCalls is 0, expected 1 to"),
            (
                "evac:3",
                "function is \"evac\", expected classifier, zonal-shift or asg-pruning",
            ),
        ] {
            let error = text.parse::<CrashAfter>().unwrap_err().to_string();
            assert!(error.starts_with(told), "{text}: {error}");
            assert!(error.contains("expected FUNCTION:K"), "{text}: {error}");
        }
    }
}
