//! Everybody on every incident, and what came of it.

use domain::judge::{Criteria, Minute};
use rayon::prelude::*;

use crate::evac::{self, asked_from};
use crate::incident::{Incident, draw};
use crate::published::{Method, Watch};
use crate::setting::{Setting, Spread};
use crate::truth::Truth;

/// Who was asked: Evac, and after it the published methods.
pub const SUBJECTS: usize = 1 + Method::ALL.len();

/// What came of an incident for one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// It evacuated the zone after so many minutes of data of the fault.
    Acted(usize),
    /// It never evacuated.
    Held,
    /// It evacuated before the fault.
    TooEarly,
    /// It evacuated the wrong zone, or a zone where none was to be left.
    Wrong,
}

/// An incident and what came of it.
#[derive(Clone, Debug)]
pub struct Scored {
    /// What really happened.
    pub truth: Truth,
    /// Where.
    pub setting: Setting,
    /// Minutes that everybody was asked in.
    pub minutes: usize,
    /// Requests a minute that the afflicted zone is usually given.
    pub traffic: f64,
    /// What came of it for Evac, and for the methods in their order.
    pub came: [Came; SUBJECTS],
    /// What Evac said.
    pub said: evac::Said,
    /// Minutes of data until Evac acted with the zone's alarm in ALARM and a policy that acts on it,
    /// where the zone has no more traffic than [`LOW`].
    pub on_alarm: Option<Came>,
}

/// Requests a minute of a zone with which nobody can tell.
pub const LOW: f64 = 20.000_1;

/// How much is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The truths.
    pub truths: Vec<Truth>,
    /// Incidents of each truth in each setting. Bases, correlations and afflicted zones take turns, and
    /// each combination had its turn after 18.
    pub each: u64,
    /// The seed.
    pub seed: u64,
    /// Evac's criteria.
    pub criteria: Criteria,
}

/// Runs the plan. The result does not depend on how many threads there are.
#[must_use]
pub fn run(plan: &Plan) -> Vec<Scored> {
    let cells = cells(&plan.truths);
    let jobs: Vec<(usize, u64)> = (0..cells.len())
        .flat_map(|cell| (0..plan.each).map(move |turn| (cell, turn)))
        .collect();
    jobs.par_iter()
        .map(|&(cell, turn)| {
            let (truth, setting) = cells[cell];
            let setting = Setting {
                base: of_turn(&Setting::BASES, turn),
                correlation: of_turn(&Setting::CORRELATIONS, turn / 3),
                ..setting
            };
            let number = cell as u64 * plan.each + turn;
            score(&draw(truth, setting, plan.seed, number), &plan.criteria)
        })
        .collect()
}

fn of_turn<const N: usize>(values: &[f64; N], turn: u64) -> f64 {
    let index = usize::try_from(turn % N as u64).unwrap_or(0);
    values[index]
}

fn cells(truths: &[Truth]) -> Vec<(Truth, Setting)> {
    let mut cells = Vec::new();
    for &truth in truths {
        for zones in Setting::ZONES
            .into_iter()
            .filter(|&zones| truth.fits(zones))
        {
            for requests in Setting::REQUESTS {
                for spread in Spread::ALL {
                    let setting = Setting {
                        zones,
                        requests,
                        spread,
                        base: 0.0,
                        correlation: 0.0,
                    };
                    cells.push((truth, setting));
                }
            }
        }
    }
    cells
}

fn score(incident: &Incident, criteria: &Criteria) -> Scored {
    let said = evac::walk(incident, criteria, false);
    let mut came = [Came::Held; SUBJECTS];
    came[0] = judged(incident, said.acted);
    for (method, came) in Method::ALL.into_iter().zip(&mut came[1..]) {
        *came = judged(incident, watched(incident, method, asked_from(criteria)));
    }
    let low = matches!(incident.truth, Truth::Zonal(_)) && incident.traffic() <= LOW;
    let on_alarm = low.then(|| judged(incident, evac::walk(incident, criteria, true).acted));
    Scored {
        truth: incident.truth,
        setting: incident.setting,
        minutes: incident.minutes() - asked_from(criteria),
        traffic: incident.traffic(),
        came,
        said,
        on_alarm,
    }
}

fn watched(incident: &Incident, method: Method, from: usize) -> Option<(usize, usize)> {
    let mut watch = Watch::new(method);
    (0..incident.minutes()).find_map(|minute| {
        let zones: Vec<Option<&Minute>> = incident
            .zones
            .iter()
            .map(|zone| zone[minute].as_ref())
            .collect();
        // What is shifted already is no news.
        let zone = watch
            .see(&zones)
            .filter(|zone| Some(*zone) != incident.shifted)?;
        // It sees what was before, and is not asked about it, as Evac is not.
        (minute >= from).then_some((minute, zone))
    })
}

fn judged(incident: &Incident, acted: Option<(usize, usize)>) -> Came {
    match acted {
        None => Came::Held,
        Some((minute, _)) if minute < incident.begins => Came::TooEarly,
        Some((minute, zone)) if incident.truth.is_zonal() && zone == incident.zone => {
            Came::Acted(minute - incident.begins + 1)
        }
        Some(_) => Came::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(truth: Truth) -> Incident {
        let setting = Setting {
            zones: 3,
            requests: 600,
            spread: Spread::Even,
            base: 0.0,
            correlation: 0.0,
        };
        draw(truth, setting, 1, 1)
    }

    #[test]
    fn minutes_are_counted_from_the_first_of_the_fault() {
        let fault = incident(Truth::Zonal(25));
        assert_eq!(
            judged(&fault, Some((fault.begins, fault.zone))),
            Came::Acted(1)
        );
        assert_eq!(
            judged(&fault, Some((fault.begins + 3, fault.zone))),
            Came::Acted(4)
        );
        assert_eq!(judged(&fault, None), Came::Held);
    }

    #[test]
    fn the_wrong_zone_and_before_the_fault_are_wrong() {
        let fault = incident(Truth::Zonal(25));
        let other = (fault.zone + 1) % 3;
        assert_eq!(judged(&fault, Some((fault.begins, other))), Came::Wrong);
        assert_eq!(
            judged(&fault, Some((fault.begins - 1, fault.zone))),
            Came::TooEarly
        );
    }

    #[test]
    fn any_action_is_wrong_where_no_zone_is_to_be_left() {
        let blip = incident(Truth::Blip);
        assert_eq!(judged(&blip, Some((blip.begins, blip.zone))), Came::Wrong);
        assert_eq!(judged(&blip, None), Came::Held);
    }

    #[test]
    fn a_method_is_not_asked_before_evac_is() {
        let fault = incident(Truth::Zonal(50));
        let acts = |from| watched(&fault, Method::Share70, from).map(|(minute, _)| minute);
        let late = fault.begins + 5;
        assert!(acts(0).is_some_and(|minute| minute < late));
        assert_eq!(acts(late), Some(late));
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let plan = Plan {
            truths: vec![Truth::Zonal(10)],
            each: 1,
            seed: 3,
            criteria: Criteria::default(),
        };
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let scored = pool.install(|| run(&plan));
            scored.iter().map(|one| one.came).collect::<Vec<_>>()
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn evac_leaves_a_plainly_bad_zone_and_no_other() {
        let fault = incident(Truth::Zonal(50));
        let scored = score(&fault, &Criteria::default());
        assert!(
            matches!(scored.came[0], Came::Acted(1..=2)),
            "{:?}",
            scored.came
        );
        let storm = incident(Truth::RetryStorm);
        assert_eq!(score(&storm, &Criteria::default()).came[0], Came::Held);
    }
}
