//! What the model keeps: small values that can be compared, hashed and copied.
//!
//! They stand for what AWS holds. [`crate::real`] makes the values of `domain` of them, and back.

use std::fmt;

use domain::incident;

/// The zones of the workload.
pub const ZONES: u8 = 3;
/// The resources of the workload; the first is the lead.
pub const RESOURCES: usize = 2;

/// A zone, by its place in the workload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(pub u8);

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "az{}", self.0 + 1)
    }
}

/// A set of zones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Zones(pub u8);

impl Zones {
    /// No zone.
    pub const NONE: Self = Self(0);
    /// Every zone.
    pub const ALL: Self = Self((1 << ZONES) - 1);

    /// One zone.
    #[must_use]
    pub const fn only(zone: Zone) -> Self {
        Self(1 << zone.0)
    }

    /// Whether the zone is in the set.
    #[must_use]
    pub const fn has(self, zone: Zone) -> bool {
        self.0 & (1 << zone.0) != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this one alone.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Each.
    pub fn iter(self) -> impl Iterator<Item = Zone> {
        (0..ZONES).map(Zone).filter(move |zone| self.has(*zone))
    }
}

impl fmt::Debug for Zones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// An incident: its zone, and the instant at which its alarm went off or its command was given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incident {
    /// The zone.
    pub zone: Zone,
    /// The instant; instants are hours apart.
    pub at: u8,
}

/// The instants of a run are fewer than this.
pub const INSTANTS: u8 = 5;

/// An instant later than any of a run, for what only time brings about.
pub const MUCH_LATER: u8 = 2 * INSTANTS + 24;

impl fmt::Debug for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}@{}", self.zone, self.at)
    }
}

/// A set of incidents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Incidents(u16);

impl Incidents {
    const fn bit(incident: Incident) -> u16 {
        1 << (incident.zone.0 * INSTANTS + incident.at)
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, incident: Incident) -> Self {
        Self(self.0 | Self::bit(incident))
    }

    /// The set with one less.
    #[must_use]
    pub const fn without(self, incident: Incident) -> Self {
        Self(self.0 & !Self::bit(incident))
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each.
    pub fn iter(self) -> impl Iterator<Item = Incident> {
        (0..ZONES)
            .flat_map(|zone| {
                (0..INSTANTS).map(move |at| Incident {
                    zone: Zone(zone),
                    at,
                })
            })
            .filter(move |incident| self.0 & Self::bit(*incident) != 0)
    }
}

impl fmt::Debug for Incidents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The phase in a mark: `domain`'s, in an order and with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Traffic is to stay away.
    Evacuate,
    /// The same, and people know that the zone looks well.
    Well,
    /// Capacity is back on trial, since so many minutes after the incident's transition.
    Trial(u32),
    /// A trial ended so many minutes after it, and traffic is to stay away.
    Tried(u32),
    /// Capacity is coming back, and traffic follows.
    FailBack,
}

impl From<Phase> for incident::Phase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Evacuate => Self::Evacuate,
            Phase::Well => Self::Well,
            Phase::Trial(minutes) => Self::Trial { minutes },
            Phase::Tried(minutes) => Self::Tried { minutes },
            Phase::FailBack => Self::FailBack,
        }
    }
}

impl From<incident::Phase> for Phase {
    fn from(phase: incident::Phase) -> Self {
        match phase {
            incident::Phase::Evacuate => Self::Evacuate,
            incident::Phase::Well => Self::Well,
            incident::Phase::Trial { minutes } => Self::Trial(minutes),
            incident::Phase::Tried { minutes } => Self::Tried(minutes),
            incident::Phase::FailBack => Self::FailBack,
        }
    }
}

/// Whose a customer's shift is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Evac's, with its mark in the comment.
    Evac(Incident, Phase),
    /// A person's.
    Person,
}

/// A customer's shift in force. ARC keeps one for each resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shift {
    /// The zone that traffic is away from.
    pub zone: Zone,
    /// Whose it is.
    pub owner: Owner,
    /// Whether more than half of its time is over.
    pub old: bool,
}

impl Incidents {
    /// The set with one more end. A later end of a zone's incident settles whatever an earlier one
    /// settles, so the latest of each zone is all that matters.
    #[must_use]
    pub fn ended(self, incident: Incident) -> Self {
        let of_zone = |other: &Incident| other.zone == incident.zone;
        if self
            .iter()
            .filter(of_zone)
            .any(|other| other.at > incident.at)
        {
            return self;
        }
        let earlier = self.iter().filter(of_zone);
        earlier.fold(self, Self::without).with(incident)
    }
}

/// What ARC keeps of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Resource {
    /// The customer's shift in force.
    pub shift: Option<Shift>,
    /// The incidents in the marks of Evac's shifts that were cancelled, the latest of each zone.
    pub ended: Incidents,
}

impl Resource {
    /// The mark of Evac's shift, if that is in force.
    #[must_use]
    pub fn mark(&self) -> Option<(Incident, Phase)> {
        match self.shift?.owner {
            Owner::Evac(incident, phase) => Some((incident, phase)),
            Owner::Person => None,
        }
    }

    /// Whether traffic is away from a zone.
    #[must_use]
    pub fn is_away_from(&self, zone: Zone) -> bool {
        self.shift.is_some_and(|shift| shift.zone == zone)
    }

    /// Whether a person's shift is in force.
    #[must_use]
    pub fn is_persons(&self) -> bool {
        self.shift.is_some_and(|shift| shift.owner == Owner::Person)
    }
}

/// What the tags of the group say of what Evac removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// For which incident.
    pub incident: Incident,
    /// The zones whose subnet was removed.
    pub removed: Zones,
}

/// What Auto Scaling keeps of the group. It has one subnet in each zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The zones whose subnet it has.
    pub subnets: Zones,
    /// The record in its tags.
    pub record: Option<Record>,
    /// Zones whose capacity is not in service yet.
    pub starting: Zones,
}

impl Group {
    /// Gives the group these subnets. Capacity takes its time in zones that it had not.
    pub fn set_subnets(&mut self, subnets: Zones) {
        let new = subnets.without(self.subnets);
        self.starting = self.starting.or(new).and(subnets);
        self.subnets = subnets;
    }
}

/// A zonal alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alarm {
    /// It is OK since long ago.
    Ok,
    /// It went into ALARM at this instant.
    Alarm(u8),
    /// It became OK after this instant and before the next.
    Recovered {
        /// The instant.
        after: u8,
        /// Whether that is longer ago than `stableFor`.
        stable: bool,
    },
}

impl Alarm {
    /// Whether it is in ALARM.
    #[must_use]
    pub fn is_on(self) -> bool {
        matches!(self, Self::Alarm(_))
    }
}

/// What AWS holds: everything that outlives an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cloud {
    /// ARC, the lead first.
    pub resources: [Resource; RESOURCES],
    /// Auto Scaling.
    pub group: Group,
    /// CloudWatch.
    pub alarms: [Alarm; ZONES as usize],
    /// Zones that would serve their customers badly, which nobody but the canary can see.
    pub ill: Zones,
    /// The latest instant.
    pub clock: u8,
}

impl Cloud {
    /// Peacetime.
    #[must_use]
    pub fn at_peace() -> Self {
        Self {
            resources: [Resource::default(); RESOURCES],
            group: Group {
                subnets: Zones::ALL,
                record: None,
                starting: Zones::NONE,
            },
            alarms: [Alarm::Ok; ZONES as usize],
            ill: Zones::NONE,
            clock: 0,
        }
    }

    /// The zones that the canary sees to be well: there are instances to answer it, and they do.
    #[must_use]
    pub fn seen_well(&self) -> Zones {
        let group = &self.group;
        group.subnets.without(group.starting).without(self.ill)
    }

    /// Whether traffic is away from a zone on every resource.
    #[must_use]
    pub fn is_away_from(&self, zone: Zone) -> bool {
        self.resources
            .iter()
            .all(|resource| resource.is_away_from(zone))
    }
}
