//! What is asked of Evac, held against what came of the incidents.

use domain::thousands;

use crate::run::{Came, LOW, Scored};
use crate::setting::Spread;
use crate::tally::{Sum, percent};
use crate::truth::Truth;

/// A demand and its figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// What is asked.
    pub asked: &'static str,
    /// What was measured.
    pub measured: String,
    /// Whether it holds.
    pub holds: bool,
}

/// A number of requests a minute that every zone has, with room for rounding.
fn every_zone_has(scored: &Scored, requests: f64) -> bool {
    scored.setting.quietest() > requests - 0.5
}

fn is_fault(truth: Truth, least: u8) -> bool {
    matches!(truth, Truth::Zonal(percent) if percent >= least)
}

/// Holds all demands against the incidents.
#[must_use]
pub fn demands(scored: &[Scored]) -> Vec<Demand> {
    vec![
        never_wrongly(scored),
        never_early(scored),
        strong_faults(scored),
        outages(scored),
        weak_faults(scored),
        cannot_tell(scored),
        acts_on_alarm(scored),
        uneven(scored),
    ]
}

fn never_wrongly(scored: &[Scored]) -> Demand {
    let others: Vec<&Scored> = scored.iter().filter(|one| !one.truth.is_zonal()).collect();
    let minutes: usize = others.iter().map(|one| one.minutes).sum();
    let wrong = Sum::of(others, 0).wrong;
    Demand {
        asked: "not one wrong evacuation in at least 100,000 minutes of incidents that are not zonal",
        measured: format!("{wrong} in {} minutes", thousands(minutes)),
        holds: wrong == 0 && minutes >= 100_000,
    }
}

fn never_early(scored: &[Scored]) -> Demand {
    let zonal: Vec<&Scored> = scored.iter().filter(|one| one.truth.is_zonal()).collect();
    let sum = Sum::of(zonal, 0);
    Demand {
        asked: "no wrong zone, and none before the fault, in zonal incidents",
        measured: format!("{} in {} incidents", sum.wrong, thousands(sum.incidents)),
        holds: sum.wrong == 0 && sum.incidents > 0,
    }
}

fn strong_faults(scored: &[Scored]) -> Demand {
    let sum = Sum::of(
        scored
            .iter()
            .filter(|one| is_fault(one.truth, 5) && every_zone_has(one, 200.0)),
        0,
    );
    Demand {
        asked: "faults of 5 % and more, where every zone has 200 requests a minute and more: 99.5 % acted on, median within 2 minutes, p95 within 4",
        measured: acted(&sum),
        holds: sum.acted() * 1_000 >= sum.incidents * 995
            && sum.within(50).is_some_and(|minutes| minutes <= 2)
            && sum.within(95).is_some_and(|minutes| minutes <= 4),
    }
}

fn outages(scored: &[Scored]) -> Demand {
    let outages = scored.iter().filter(|one| is_fault(one.truth, 100));
    let sum = Sum::of(outages.filter(|one| every_zone_has(one, 200.0)), 0);
    Demand {
        asked: "total outage, where every zone has 200 requests a minute and more: within 1 minute",
        measured: format!(
            "{} of {} within 1 minute",
            within_one(&sum),
            thousands(sum.incidents)
        ),
        holds: sum.within(100) == Some(1),
    }
}

fn within_one(sum: &Sum) -> String {
    let within = (1..=100)
        .rev()
        .find(|&percent| sum.within(percent) == Some(1));
    format!("{} %", within.unwrap_or(0))
}

fn weak_faults(scored: &[Scored]) -> Demand {
    let weak = scored.iter().filter(|one| one.truth == Truth::Zonal(2));
    let sum = Sum::of(weak.filter(|one| every_zone_has(one, 2_000.0)), 0);
    Demand {
        asked: "faults of 2 %, where every zone has 2,000 requests a minute and more: 99 % acted on",
        measured: acted(&sum),
        holds: sum.acted() * 100 >= sum.incidents * 99 && sum.incidents > 0,
    }
}

/// Zonal faults in workloads in which no zone has more than 20 requests a minute.
fn quiet(scored: &[Scored]) -> impl Iterator<Item = &Scored> {
    scored.iter().filter(|one| {
        let setting = one.setting;
        let low = f64::from(setting.requests) <= LOW && setting.spread == Spread::Even;
        low && is_fault(one.truth, 2)
    })
}

fn cannot_tell(scored: &[Scored]) -> Demand {
    let minutes: u32 = quiet(scored).map(|one| one.said.fault_minutes).sum();
    let said: u32 = quiet(scored).map(|one| one.said.could_not_tell).sum();
    let guessed = scored
        .iter()
        .filter(|one| one.truth.is_zonal() && one.traffic <= LOW && one.came[0] != Came::Held)
        .count();
    Demand {
        asked: "at 20 requests a minute and zone it says that it cannot tell, and evacuates no zone that has no more",
        measured: format!("said in {said} of {minutes} minutes; {guessed} evacuated"),
        holds: said == minutes && minutes > 0 && guessed == 0,
    }
}

fn acts_on_alarm(scored: &[Scored]) -> Demand {
    let alarmed = || quiet(scored).filter_map(|one| one.on_alarm);
    let (all, acted) = (
        alarmed().count(),
        alarmed().filter(|&came| came == Came::Acted(1)).count(),
    );
    Demand {
        asked: "and acts there at once if the zone's alarm is in ALARM and the policy says so",
        measured: format!("{} of {}", thousands(acted), thousands(all)),
        holds: acted == all && all > 0,
    }
}

fn uneven(scored: &[Scored]) -> Demand {
    let spread = |spread: Spread| {
        let faults = scored.iter().filter(|one| {
            is_fault(one.truth, 5) && one.setting.spread == spread && every_zone_has(one, 200.0)
        });
        Sum::of(faults.filter(|one| one.setting.requests >= 2_000), 0)
    };
    let (even, uneven) = (spread(Spread::Even), spread(Spread::TenTimes));
    let costs = |percent| match (even.within(percent), uneven.within(percent)) {
        (Some(even), Some(uneven)) => uneven <= even + 1,
        _ => false,
    };
    Demand {
        asked: "traffic 1:10 costs at most one minute more than even traffic, in faults of 5 % and more, at the same 2,000 and 20,000 requests a minute and zone in the mean",
        measured: format!("median / p95: {} against {}", uneven.times(), even.times()),
        holds: costs(50) && costs(95) && costs(99),
    }
}

fn acted(sum: &Sum) -> String {
    format!(
        "{} of {} acted on, median / p95 {}",
        percent(sum.acted(), sum.incidents),
        thousands(sum.incidents),
        sum.times()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evac::Said;
    use crate::run::SUBJECTS;
    use crate::setting::Setting;

    fn scored(truth: Truth, requests: u32, spread: Spread, came: Came) -> Scored {
        let setting = Setting {
            zones: 3,
            requests,
            spread,
            base: 0.0,
            correlation: 0.0,
        };
        Scored {
            truth,
            setting,
            minutes: 100_000,
            traffic: f64::from(requests),
            came: [came; SUBJECTS],
            said: Said {
                acted: None,
                fault_minutes: 20,
                could_not_tell: 20,
            },
            on_alarm: (requests <= 20).then_some(Came::Acted(1)),
        }
    }

    /// Incidents that satisfy every demand.
    fn good() -> Vec<Scored> {
        let mut all = vec![
            scored(Truth::Healthy, 200, Spread::Even, Came::Held),
            scored(Truth::Zonal(50), 20, Spread::Even, Came::Held),
        ];
        for _ in 0..200 {
            for spread in [Spread::Even, Spread::TenTimes] {
                all.push(scored(Truth::Zonal(2), 20_000, spread, Came::Acted(5)));
                all.push(scored(Truth::Zonal(5), 2_000, spread, Came::Acted(2)));
                all.push(scored(Truth::Zonal(100), 2_000, spread, Came::Acted(1)));
            }
        }
        all
    }

    fn failing(scored: &[Scored]) -> Vec<usize> {
        let demands = demands(scored);
        (0..demands.len())
            .filter(|&index| !demands[index].holds)
            .collect()
    }

    #[test]
    fn good_incidents_satisfy_every_demand() {
        assert_eq!(failing(&good()), Vec::<usize>::new());
    }

    #[test]
    fn each_demand_can_fail() {
        type Spoil = fn(&mut Scored) -> bool;
        let spoilers: [(usize, Spoil); 8] = [
            (0, |one| {
                one.came[0] = Came::Wrong;
                one.truth == Truth::Healthy
            }),
            (1, |one| {
                one.came[0] = Came::TooEarly;
                one.truth == Truth::Zonal(2)
            }),
            (2, |one| {
                one.came[0] = Came::Acted(5);
                one.truth == Truth::Zonal(5)
            }),
            (3, |one| {
                one.came[0] = Came::Acted(2);
                one.truth == Truth::Zonal(100)
            }),
            (4, |one| {
                one.came[0] = Came::Held;
                one.truth == Truth::Zonal(2)
            }),
            (5, |one| {
                one.said.could_not_tell -= 1;
                one.setting.requests == 20
            }),
            (6, |one| {
                one.on_alarm = one.on_alarm.map(|_| Came::Held);
                one.setting.requests == 20
            }),
            (7, |one| {
                one.came[0] = Came::Acted(4);
                one.truth == Truth::Zonal(5) && one.setting.spread == Spread::TenTimes
            }),
        ];
        for (demand, spoil) in spoilers {
            let mut all = good();
            for one in &mut all {
                let mut spoilt = one.clone();
                if spoil(&mut spoilt) {
                    *one = spoilt;
                }
            }
            assert!(failing(&all).contains(&demand), "demand {demand}");
        }
    }

    #[test]
    fn nothing_measured_is_nothing_shown() {
        assert_eq!(failing(&[]).len(), 8);
    }
}
