//! What ARC holds: resources, shifts, autoshifts, and the log of what became of them.

use domain::{ResourceArn, ZoneId};
use jiff::{SignedDuration, Timestamp};

use super::configuration::PracticeRunConfiguration;

/// A resource that ARC manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedResource {
    /// Its ARN.
    pub arn: ResourceArn,
    /// Its name.
    pub name: String,
    /// The zones that it has a part in.
    pub zones: Vec<ZoneId>,
    /// Whether AWS may shift it by itself.
    pub autoshift: bool,
}

/// A managed resource, and how it practises.
#[derive(Debug, Clone)]
pub(super) struct Managed {
    pub(super) resource: ManagedResource,
    pub(super) practice: Option<PracticeRunConfiguration>,
}

/// Who moved traffic away, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A customer's zonal shift.
    Customer,
    /// AWS, because its telemetry saw an impaired zone.
    Autoshift,
    /// An experiment of AWS Fault Injection Service.
    FisExperiment,
    /// A practice run.
    PracticeRun,
}

impl Kind {
    /// The value of `shiftType`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Customer => "ZONAL_SHIFT",
            Self::Autoshift => "ZONAL_AUTOSHIFT",
            Self::FisExperiment => "FIS_EXPERIMENT",
            Self::PracticeRun => "PRACTICE_RUN",
        }
    }
}

/// What became of a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is in force, whether or not it is the applied one.
    Active,
    /// It ran out.
    Expired,
    /// Somebody, or a shift with precedence, ended it.
    Canceled,
}

impl Status {
    /// The value of `status`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
            Self::Canceled => "CANCELED",
        }
    }
}

/// What came of a practice run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is under way.
    Pending,
    /// It ran its full time.
    Succeeded,
    /// It was ended early for another reason than its outcome alarms.
    Interrupted,
    /// An outcome alarm went into `ALARM`.
    Failed,
}

impl Outcome {
    /// The value of `practiceRunOutcome`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Succeeded => "SUCCEEDED",
            Self::Interrupted => "INTERRUPTED",
            Self::Failed => "FAILED",
        }
    }
}

/// A shift of one resource away from one zone, of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// ARC's id.
    pub id: String,
    /// The resource.
    pub resource: ResourceArn,
    /// The zone that traffic is to leave.
    pub away_from: ZoneId,
    /// Who moved it.
    pub kind: Kind,
    /// What became of it.
    pub status: Status,
    /// When it started.
    pub started: Timestamp,
    /// When it ends by itself; never, for an autoshift.
    pub expires: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The latest comment.
    pub comment: String,
    /// What came of it, for a practice run.
    pub outcome: Option<Outcome>,
    /// Its place among all shifts that ever were.
    pub(super) number: u64,
}

/// What ARC renews a practice run by: the API reference says that the expiry of one is always a
/// minute ahead.
const PRACTICE_LEASE: SignedDuration = SignedDuration::from_mins(1);
/// What ARC renews an autoshift by, an assumption.
const AUTOSHIFT_LEASE: SignedDuration = SignedDuration::from_hours(1);

impl Shift {
    /// The `expiryTime` that the API tells: of a practice run and of an autoshift the end of a lease
    /// that is renewed for as long as the shift lasts.
    pub(super) fn told_expiry(&self, now: Timestamp) -> Timestamp {
        let lease = match self.kind {
            Kind::Customer | Kind::FisExperiment => return self.expires,
            Kind::PracticeRun => PRACTICE_LEASE.as_secs(),
            Kind::Autoshift => AUTOSHIFT_LEASE.as_secs(),
        };
        let until = self.ended.unwrap_or(now);
        let lasted = until.as_second() - self.started.as_second();
        let renewed = SignedDuration::from_secs((lasted / lease + 1) * lease);
        self.started.checked_add(renewed).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn is_active(&self) -> bool {
        self.status == Status::Active
    }
}

/// An autoshift of AWS, away from a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Autoshift {
    /// The zone.
    pub away_from: ZoneId,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// What happened to a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// ARC's id of the shift; empty for an autoshift of the Region.
    pub id: String,
    /// The resource; `None` for an autoshift of the Region, which concerns all that are enrolled.
    pub resource: Option<ResourceArn>,
    /// The zone.
    pub zone: ZoneId,
    /// The comment.
    pub comment: String,
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A shift, practice run or experiment began.
    Started,
    /// Its comment or expiry was changed.
    Updated,
    /// It was ended, or a resource's part in an autoshift was.
    Canceled,
    /// It ran out.
    Expired,
    /// AWS began an autoshift.
    AutoshiftStarted,
    /// AWS ended it.
    AutoshiftCompleted,
}

/// A managed resource with what is in force on it.
#[derive(Debug, Clone)]
pub struct ResourceView<'a> {
    /// The resource.
    pub managed: &'a ManagedResource,
    /// How it practises, where it does.
    pub practice: Option<&'a PracticeRunConfiguration>,
    /// The zone that traffic is kept from.
    pub applied: Option<&'a ZoneId>,
    /// Active shifts, practice runs and experiments, oldest first.
    pub shifts: Vec<&'a Shift>,
    /// Its parts in active autoshifts, oldest first.
    pub autoshifts: Vec<&'a Shift>,
}

impl ResourceView<'_> {
    /// Whether a shift is the one that ARC applies.
    #[must_use]
    pub fn is_applied(&self, shift: &Shift) -> bool {
        strongest(self.shifts.iter().chain(&self.autoshifts).copied())
            .is_some_and(|applied| applied.id == shift.id)
    }
}

/// The shift that has precedence; of two of a kind the older one.
pub(super) fn strongest<'a>(shifts: impl Iterator<Item = &'a Shift>) -> Option<&'a Shift> {
    shifts
        .filter(|shift| shift.is_active())
        .min_by_key(|shift| (shift.kind, shift.number))
}
