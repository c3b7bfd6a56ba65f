//! What was found of each zone, with the numbers behind it.

use serde::{Deserialize, Serialize};

use super::counts::Tally;
use crate::zone::ZoneId;

/// What is known of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Knowledge {
    /// Enough requests in the window to judge by.
    Judged,
    /// Some requests, and fewer than the criteria ask for: cannot tell.
    TooFewRequests,
    /// Counts say that there was nothing to do: traffic is elsewhere.
    NoTraffic,
    /// The newest two minutes are missing, older ones are there.
    Late,
    /// No minute of the window is known.
    NoData,
}

impl Knowledge {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Judged => "judged",
            Self::TooFewRequests => "tooFewRequests",
            Self::NoTraffic => "noTraffic",
            Self::Late => "late",
            Self::NoData => "noData",
        }
    }

    /// Whether the zone may be anything, for all that is known.
    #[must_use]
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Late | Self::NoData)
    }
}

/// What was found of a zone that could be judged. From the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Finding {
    /// Its bad share is tolerated, or the zone cannot be judged.
    Well,
    /// Its bad share is too high, and not high enough above the other zones'.
    NotIsolated,
    /// High enough above, and chance is not ruled out yet.
    NotCertain,
    /// Certain, and one minute alone could be the reason; or it is over by now.
    NotSustained,
    /// Certain and lasting, and one instance alone could be the reason.
    #[serde(rename = "singleInstance")]
    NotBroad,
    /// Impaired.
    Impaired,
}

impl Finding {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::NotIsolated => "notIsolated",
            Self::NotCertain => "notCertain",
            Self::NotSustained => "notSustained",
            Self::NotBroad => "singleInstance",
            Self::Impaired => "impaired",
        }
    }
}

/// A zone's instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// Instances whose bad share lies above the floors.
    pub affected: usize,
    /// Instances that were given requests.
    pub of: usize,
}

/// A zone's part of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneFinding {
    /// What is known of it.
    pub knowledge: Knowledge,
    /// What was found.
    pub finding: Finding,
    /// Whether its bad share is materially too high, whatever the other zones do.
    pub material: bool,
    /// How many of the newest minutes the numbers below are of.
    pub minutes: usize,
    /// The zone's requests in these minutes.
    pub own: Tally,
    /// All other serving zones' requests in these minutes.
    pub elsewhere: Tally,
    /// The posterior probability that it is material and isolated, if that was a question.
    pub probability: Option<f64>,
    /// Standard deviations between it and the others, if that was a question: the signed root of
    /// the quasi-likelihood ratio.
    pub deviations: Option<f64>,
    /// How much more the other zones' counts scatter than binomial ones, if that was a question.
    pub dispersion: Option<f64>,
    /// Its instances, where they are counted and were a question.
    pub instances: Option<Affected>,
    /// Healthy hosts in the newest minute that tells.
    pub healthy_hosts: Option<u64>,
}

/// The judgement of all zones together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "of", rename_all = "camelCase")]
pub enum Outcome {
    /// This zone is impaired, and it alone.
    Impaired(ZoneId),
    /// No zone is materially bad.
    Well,
    /// A zone is materially bad; its finding says why it is not impaired.
    Unproven(ZoneId),
    /// Several zones are materially bad to comparable degrees, and others are not.
    SeveralZones(Vec<ZoneId>),
    /// All zones that can be judged are.
    Regional(Vec<ZoneId>),
    /// A zone is impaired, and more of the others are silent than known to be well.
    Blind(ZoneId),
    /// No zone is materially bad as far as is known, and these are silent.
    Silent(Vec<ZoneId>),
    /// Too few requests to tell.
    CannotTell(Vec<ZoneId>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_word_in_json() {
        use Knowledge::{Judged, Late, NoData, NoTraffic, TooFewRequests};
        for knowledge in [Judged, TooFewRequests, NoTraffic, Late, NoData] {
            let word = serde_json::to_value(knowledge).unwrap();
            assert_eq!(word, knowledge.code());
        }
        use Finding::{Impaired, NotBroad, NotCertain, NotIsolated, NotSustained, Well};
        for finding in [
            Well,
            NotIsolated,
            NotCertain,
            NotSustained,
            NotBroad,
            Impaired,
        ] {
            let word = serde_json::to_value(finding).unwrap();
            assert_eq!(word, finding.code());
        }
    }
}
