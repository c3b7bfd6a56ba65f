//! What really happens in an incident, and what should be done about it.

/// What really happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// Nothing.
    Healthy,
    /// 5 to 80 % of one zone's requests fail for a minute of data, and ten minutes later so for any zone.
    Blip,
    /// One instance of one zone fails, and draws up to three times its traffic.
    BadInstance,
    /// In one zone so many percent of the requests fail.
    Zonal(u8),
    /// In one zone 10 to 60 % of the requests are slow.
    Slowness,
    /// In one zone a failing share grows over ten minutes to 20 to 60 %.
    Ramp,
    /// In one zone one instance after another is given a build that fails.
    BadDeployment,
    /// One zone at 55 % availability, another at 98 %.
    HalfBeside98,
    /// Two zones of three and more fail, one up to twice as much as the other.
    TwoZones,
    /// All zones fail alike.
    RegionalEven,
    /// All zones fail, one up to two and a half times as much as another.
    RegionalUneven,
    /// What all zones depend on fails, 30 to 100 % of the requests, up to half a minute apart.
    DependencyDown,
    /// Traffic is shifted away from a zone already; what still trickles there fails.
    NoTraffic,
    /// Nothing is known of a zone.
    NoData,
    /// Two to five times the traffic, in one zone or in all, and some saturation where it is in all.
    Surge,
    /// Clients retry in waves what fails in all zones.
    RetryStorm,
    /// Beyond what is asked for: a blip of a minute's length that lies in two minutes of data.
    StraddlingBlip,
    /// Beyond: all requests of one zone fail for a minute of data.
    TotalBlip,
    /// Beyond: one bad instance, where counts by instance are not given.
    UncountedInstance,
    /// Beyond: all zones fail, one four times as much as the others.
    RegionalFourTimes,
    /// Beyond: all zones fail, one eight times as much as the others.
    RegionalEightTimes,
    /// Beyond: 10 % of one zone's requests, from anywhere within a minute of data.
    MidMinute,
}

impl Truth {
    /// What is asked for.
    pub const ASKED: [Self; 21] = [
        Self::Healthy,
        Self::Blip,
        Self::BadInstance,
        Self::TwoZones,
        Self::RegionalEven,
        Self::RegionalUneven,
        Self::DependencyDown,
        Self::NoTraffic,
        Self::NoData,
        Self::Surge,
        Self::RetryStorm,
        Self::Zonal(2),
        Self::Zonal(5),
        Self::Zonal(10),
        Self::Zonal(25),
        Self::Zonal(50),
        Self::Zonal(100),
        Self::Slowness,
        Self::Ramp,
        Self::BadDeployment,
        Self::HalfBeside98,
    ];

    /// What nobody asked for, where the judgement has its limits.
    pub const BEYOND: [Self; 6] = [
        Self::MidMinute,
        Self::StraddlingBlip,
        Self::TotalBlip,
        Self::UncountedInstance,
        Self::RegionalFourTimes,
        Self::RegionalEightTimes,
    ];

    /// Whether the zone is to be left. A bad deployment in one zone is no fault of the zone, and its
    /// customers are as well served elsewhere: moving traffic is right until the build is rolled back.
    #[must_use]
    pub fn is_zonal(self) -> bool {
        match self {
            Self::Zonal(_)
            | Self::Slowness
            | Self::Ramp
            | Self::BadDeployment
            | Self::HalfBeside98
            | Self::MidMinute => true,
            Self::Healthy
            | Self::Blip
            | Self::BadInstance
            | Self::TwoZones
            | Self::RegionalEven
            | Self::RegionalUneven
            | Self::DependencyDown
            | Self::NoTraffic
            | Self::NoData
            | Self::Surge
            | Self::RetryStorm
            | Self::StraddlingBlip
            | Self::TotalBlip
            | Self::UncountedInstance
            | Self::RegionalFourTimes
            | Self::RegionalEightTimes => false,
        }
    }

    /// Whether it can happen to a workload of so many zones.
    #[must_use]
    pub fn fits(self, zones: usize) -> bool {
        // Two zones of two are the Region.
        self != Self::TwoZones || zones > 2
    }

    /// As it stands in a table.
    #[must_use]
    pub fn label(self) -> String {
        let label = match self {
            Self::Healthy => "healthy",
            Self::Blip => "one-minute blip",
            Self::BadInstance => "one bad instance",
            Self::Zonal(percent) => return format!("zonal fault, {percent} %"),
            Self::Slowness => "zonal slowness",
            Self::Ramp => "zonal ramp",
            Self::BadDeployment => "bad deployment in one zone",
            Self::HalfBeside98 => "one zone at 55 %, one at 98 %",
            Self::TwoZones => "two zones",
            Self::RegionalEven => "regional, evenly",
            Self::RegionalUneven => "regional, unevenly",
            Self::DependencyDown => "dependency down",
            Self::NoTraffic => "zone without traffic",
            Self::NoData => "zone without data",
            Self::Surge => "traffic surge",
            Self::RetryStorm => "retry storm",
            Self::StraddlingBlip => "blip over two minutes of data",
            Self::TotalBlip => "total blip, one minute",
            Self::UncountedInstance => "one bad instance, not counted by instance",
            Self::RegionalFourTimes => "regional, one zone 4 times as bad",
            Self::RegionalEightTimes => "regional, one zone 8 times as bad",
            Self::MidMinute => "zonal fault, 10 %, from mid-minute",
        };
        label.to_owned()
    }
}
