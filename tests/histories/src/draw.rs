//! Drawing a history from a seed.
//!
//! What is drawn uniformly is dull: an evacuation needs an alarm in ALARM, one zone only, for some
//! minutes. So most histories have a backbone, an incident of one zone from its fault to its end, and
//! each draws which kinds of trouble it has at all and how much of each: a history with one kind of
//! trouble goes deeper into it than one with a little of everything.

use fastrand::Rng;
use serde_json::json;

use crate::transcript::{Health, Setting, Step, Tags, Transcript, What, Whose};

/// The history of a seed.
pub fn draw(seed: u64) -> Transcript {
    let mut rng = Rng::with_seed(seed);
    let setting = setting(&mut rng);
    let mut draw = Draw {
        minutes: minutes(&mut rng, &setting),
        setting: &setting,
        rng: &mut rng,
        happens: Vec::new(),
    };
    match draw.rng.u8(..100) {
        0..86 => draw.incident(),
        // A rehearsal is only held while nothing is wrong.
        86..93 => draw.drill(),
        _ => {}
    }
    if draw.chance(12) {
        draw.duel();
    }
    draw.trouble();
    let steps = draw.steps();
    Transcript {
        seed,
        setting,
        steps,
    }
}

fn setting(rng: &mut Rng) -> Setting {
    let mut skew = [0; 3];
    if rng.u8(..100) < 20 {
        for seconds in &mut skew {
            *seconds = pick(rng, &[0, 0, 5, 45, 90, 240, -5, -45, -90, -240]);
        }
    }
    let mode = pick(
        rng,
        &[
            "evacuate", "evacuate", "evacuate", "evacuate", "evacuate", "evacuate", "shift",
            "observe",
        ],
    );
    let zones = pick(rng, &[3, 3, 3, 4]);
    let automatic = rng.bool();
    // Without a witness nothing can end by itself.
    let canary = automatic || rng.bool();
    Setting {
        zones,
        resources: pick(rng, &[1, 2, 2, 3]),
        groups: pick(rng, &[1, 1, 2, 3, 4]),
        subnets_per_zone: pick(rng, &[1, 1, 2]),
        mode: mode.to_owned(),
        min_zones: pick(rng, &[1, 2, 2, 2]),
        automatic,
        expires_in: pick(rng, &["20m", "1h", "1h", "2h", "6h"]).to_owned(),
        stable_for_minutes: pick(rng, &[3, 5, 10, 15]),
        tick_minutes: pick(rng, &[1, 2, 5, 5, 10]),
        evidence: rng.u8(..100) < 30,
        canary,
        without_evidence: pick(rng, &["act", "act", "act", "hold"]).to_owned(),
        without_alarms: pick(rng, &["hold", "act"]).to_owned(),
        skew,
        shuffled: rng.u8(..100) < 60,
    }
}

/// How long a history lasts: so long that the tick comes some dozens of times at the most.
fn minutes(rng: &mut Rng, setting: &Setting) -> u32 {
    let most = (setting.tick_minutes * 12).min(120);
    rng.u32(8..=most.max(9))
}

fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

struct Draw<'a> {
    rng: &'a mut Rng,
    setting: &'a Setting,
    minutes: u32,
    /// When, in seconds from the beginning, before which call, and what.
    happens: Vec<(u32, Option<u32>, What)>,
}

impl Draw<'_> {
    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn zone(&mut self) -> u8 {
        self.rng.u8(..self.setting.zones)
    }

    fn group(&mut self) -> u8 {
        self.rng.u8(..self.setting.groups)
    }

    fn at(&mut self, second: u32, what: What) {
        self.happens.push((second, None, what));
    }

    /// A zone falls ill, its alarm goes off, recovers when nobody asks the zone any more, and the zone
    /// gets well.
    fn incident(&mut self) {
        let zone = self.zone();
        let end = self.minutes * 60;
        let ill = self.rng.u32(30..end / 3 + 31);
        self.at(
            ill,
            What::Health {
                zone,
                health: Health::Ill,
            },
        );
        let on = ill + self.rng.u32(30..400);
        self.at(
            on,
            What::Alarm {
                zone: Some(zone),
                on: true,
            },
        );
        // A second zone's alarm at the same moment, or its own again.
        if self.chance(15) {
            let other = self.zone();
            let later = on + self.pick(&[0, 0, 1, 20]);
            self.at(
                later,
                What::Alarm {
                    zone: Some(other),
                    on: true,
                },
            );
            if self.chance(70) {
                let off = later + self.rng.u32(1..600);
                self.at(
                    off,
                    What::Alarm {
                        zone: Some(other),
                        on: false,
                    },
                );
            }
        }
        if self.chance(80) {
            let off = on + self.rng.u32(10..900);
            self.at(
                off,
                What::Alarm {
                    zone: Some(zone),
                    on: false,
                },
            );
            if self.chance(25) {
                let again = off + self.rng.u32(30..1200);
                self.at(
                    again,
                    What::Alarm {
                        zone: Some(zone),
                        on: true,
                    },
                );
                let off = again + self.rng.u32(30..900);
                self.at(
                    off,
                    What::Alarm {
                        zone: Some(zone),
                        on: false,
                    },
                );
            }
        }
        let health = match self.rng.u8(..10) {
            0..=6 => Health::Well,
            7 => Health::Silent,
            _ => return,
        };
        let well = on + self.rng.u32(60..3600);
        self.at(well, What::Health { zone, health });
        if self.chance(30) {
            let second = well + self.rng.u32(600..3600);
            self.at(
                second,
                What::Command {
                    command: json!({"action": "fail-back", "reason": "it looks well"}),
                },
            );
        }
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        pick(self.rng, of)
    }

    /// A drill, and its end.
    fn drill(&mut self) {
        let zone = format!("use1-az{}", self.zone() + 1);
        let begin = self.rng.u32(30..self.minutes * 20);
        let command =
            json!({"action": "evacuate", "zone": zone, "reason": "game day", "drill": true});
        self.at(begin, What::Command { command });
        if self.chance(60) {
            let end = begin + self.rng.u32(60..self.minutes * 40);
            let command = json!({"action": "fail-back", "reason": "end of the game day"});
            self.at(end, What::Command { command });
        }
    }

    /// Two people command at the same moment, and do not mean the same zone.
    fn duel(&mut self) {
        let second = self.moment();
        let one = self.zone();
        let other = (one + 1) % self.setting.zones;
        for zone in [one, other] {
            let zone = format!("use1-az{}", zone + 1);
            let command =
                json!({"action": "evacuate", "zone": zone, "reason": "I see errors", "at": "now"});
            self.at(second, What::Command { command });
        }
    }

    /// Some kinds of trouble, each with a weight of its own.
    fn trouble(&mut self) {
        const KINDS: usize = 16;
        let weights: Vec<u32> = (0..KINDS).map(|_| self.pick(&[0, 0, 0, 1, 1, 3])).collect();
        let all: u32 = weights.iter().sum();
        if all == 0 {
            return;
        }
        let count = self.pick(&[0, 1, 2, 3, 4, 6, 8]);
        for _ in 0..count {
            let mut left = self.rng.u32(..all);
            let kind = weights.iter().position(|weight| {
                let here = left < *weight;
                left = left.saturating_sub(*weight);
                here
            });
            let second = self.moment();
            let what = self.of_kind(kind.unwrap_or_default());
            let person = is_persons(&what);
            let before_call = (person && self.chance(35)).then(|| self.rng.u32(1..14));
            self.happens.push((second, before_call, what));
        }
    }

    /// Any moment; or one shortly before or after something that happens already, when there is most
    /// to disturb.
    fn moment(&mut self) -> u32 {
        if self.happens.is_empty() || self.chance(40) {
            return self.rng.u32(..self.minutes * 60);
        }
        let (near, _, _) = self.happens[self.rng.usize(..self.happens.len())];
        match self.rng.u8(..3) {
            0 => near,
            1 => near + self.rng.u32(..10),
            _ => (near + self.rng.u32(..240)).saturating_sub(60),
        }
    }

    fn of_kind(&mut self, kind: usize) -> What {
        match kind {
            0 => What::Alarm {
                zone: Some(self.zone()),
                on: self.rng.bool(),
            },
            1 => What::Alarm {
                zone: None,
                on: self.chance(60),
            },
            2 => What::Health {
                zone: self.zone(),
                health: self.pick(&[Health::Well, Health::Ill, Health::Silent]),
            },
            3 => self.api_fault(),
            4 => self.api_fault(),
            5 => self.kill(),
            6 => self.delivery_fault(),
            7 => self.condition(),
            8 => What::Command {
                command: self.command(),
            },
            9 => What::Again {
                event: self.rng.u32(..6),
            },
            10 => What::PersonShifts {
                zone: self.zone(),
                resource: match self.rng.u8(..4) {
                    0 => Some(0),
                    1 => Some(self.rng.u8(..self.setting.resources)),
                    _ => None,
                },
            },
            11 => What::PersonCancels {
                whose: self.pick(&[Whose::All, Whose::Evacs, Whose::EvacsLead, Whose::Peoples]),
            },
            12 => {
                let group = self.group();
                let zone = self.zone();
                match self.rng.u8(..6) {
                    0..=2 => What::Remove { group, zone },
                    3 | 4 => What::Add {
                        group,
                        zone: Some(zone),
                    },
                    _ => What::Add { group, zone: None },
                }
            }
            13 => What::PutBack {
                group: self.rng.bool().then(|| self.group()),
            },
            14 => {
                let group = self.group();
                if self.chance(70) {
                    What::DeleteTags {
                        group,
                        which: self.pick(&[Tags::All, Tags::All, Tags::Incident, Tags::Removed]),
                    }
                } else {
                    What::DeleteGroup {
                        group,
                        at_once: self.rng.bool(),
                    }
                }
            }
            _ => What::Autoshift {
                zone: self.zone(),
                begins: self.chance(65),
            },
        }
    }

    fn command(&mut self) -> serde_json::Value {
        let zone = format!("use1-az{}", self.zone() + 1);
        let evacuate = json!({"action": "evacuate", "zone": zone, "reason": "I see errors"});
        let mut command = match self.rng.u8(..10) {
            0..=3 => evacuate,
            4 | 5 => {
                let mut drill = evacuate;
                drill["drill"] = json!(true);
                if self.chance(40) {
                    drill["dryRun"] = json!(true);
                }
                drill
            }
            6..=8 => json!({"action": "fail-back", "reason": "it looks well"}),
            _ => json!({"action": "reconcile", "reason": "look again"}),
        };
        if self.chance(70) && command["action"] != "reconcile" {
            command["at"] = json!("now");
        }
        if self.chance(10) && command["action"] != "reconcile" {
            command["dryRun"] = json!(true);
        }
        command
    }

    fn api_fault(&mut self) -> What {
        const CALLS: [(&str, Option<&str>); 18] = [
            ("arc-zonal-shift", None),
            ("arc-zonal-shift", Some("GetManagedResource")),
            ("arc-zonal-shift", Some("ListZonalShifts")),
            ("arc-zonal-shift", Some("StartZonalShift")),
            ("arc-zonal-shift", Some("StartZonalShift")),
            ("arc-zonal-shift", Some("UpdateZonalShift")),
            ("arc-zonal-shift", Some("CancelZonalShift")),
            ("autoscaling", None),
            ("autoscaling", Some("DescribeAutoScalingGroups")),
            ("autoscaling", Some("CreateOrUpdateTags")),
            ("autoscaling", Some("UpdateAutoScalingGroup")),
            ("autoscaling", Some("UpdateAutoScalingGroup")),
            ("autoscaling", Some("DeleteTags")),
            ("cloudwatch", None),
            ("cloudwatch", Some("DescribeAlarms")),
            ("cloudwatch", Some("GetMetricData")),
            ("sns", Some("Publish")),
            ("lambda", Some("Invoke")),
        ];
        let (service, operation) = self.pick(&CALLS);
        let of = operation.map_or(String::new(), |name| format!(",operation={name}"));
        let kind = self.pick(&[
            "throttle",
            "slow",
            "unavailable",
            "unavailable",
            "timeoutBefore",
            "timeoutAfter",
            "timeoutAfter",
            "accessDenied",
        ]);
        let rest = match kind {
            "throttle" => format!(
                ",perSecond={},burst={}",
                self.pick(&["0.2", "1", "5"]),
                self.pick(&[1, 2, 10])
            ),
            "slow" => format!(",milliseconds={}", self.pick(&[50, 400, 1500, 3000])),
            // A call is tried seven times.
            _ => match self.pick(&[0, 1, 1, 2, 3, 7, 8, 14]) {
                0 => String::new(),
                times => format!(",times={times}"),
            },
        };
        What::Fault {
            fault: format!("{kind}:service={service}{of}{rest}"),
            lasts: self.pick(&[10, 60, 180, 600]),
        }
    }

    fn kill(&mut self) -> What {
        let function = self.pick(&["classifier", "zonal-shift", "asg-pruning"]);
        What::Fault {
            fault: format!(
                "killFunction:function={function},afterCalls={},times={}",
                self.rng.u32(1..=12),
                self.pick(&[1, 1, 1, 2, 3])
            ),
            lasts: self.pick(&[60, 300, 1200]),
        }
    }

    fn delivery_fault(&mut self) -> What {
        let rule = self.pick(&[
            "rule=wildrydes,",
            "rule=wildrydes-shifts,",
            "rule=wildrydes-tick,",
            "rule=wildrydes,",
            "",
        ]);
        let times = self.pick(&[1, 1, 2, 4]);
        let fault = match self.rng.u8(..3) {
            0 => format!(
                "duplicateEvents:{rule}afterSeconds={},times={times}",
                self.pick(&[1, 1, 30, 300, 1800])
            ),
            1 => {
                let longest = self.minutes * 60;
                let seconds = self.pick(&[5, 60, 300, 1200, longest]);
                format!("delayEvents:{rule}seconds={seconds},times={times}")
            }
            _ => format!("reorderEvents:{rule}times={times}"),
        };
        What::Fault { fault, lasts: 1200 }
    }

    fn condition(&mut self) -> What {
        let fault = match self.rng.u8(..5) {
            0..=2 => format!("staleReads:seconds={}", self.pick(&[1, 5, 30, 60])),
            3 => format!("slowLaunches:seconds={}", self.pick(&[200, 600])),
            _ => format!("noCapacity:zone=use1-az{}", self.zone() + 1),
        };
        What::Fault {
            fault,
            lasts: self.pick(&[60, 300, 900]),
        }
    }

    /// What happens as steps, in order.
    fn steps(mut self) -> Vec<Step> {
        self.happens.sort_by_key(|(second, _, _)| *second);
        let mut last = 0;
        let happens = self.happens.into_iter();
        happens
            .map(|(second, before_call, what)| {
                let after = second - last;
                last = second;
                Step {
                    after,
                    before_call,
                    what,
                }
            })
            .collect()
    }
}

/// Whether it is something that may happen in the middle of a run.
fn is_persons(what: &What) -> bool {
    matches!(
        what,
        What::PersonShifts { .. }
            | What::PersonCancels { .. }
            | What::Remove { .. }
            | What::Add { .. }
            | What::PutBack { .. }
            | What::DeleteTags { .. }
            | What::DeleteGroup { .. }
            | What::Autoshift { .. }
    )
}
