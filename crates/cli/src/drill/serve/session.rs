//! A drill under way: the Region, its twin without Evac, the speed, and what people may do to it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::ZoneId;
use jiff::{SignedDuration, Timestamp};
use region::clock::{Speed, run_at};
use region::fault::spec::RegionFault;
use region::scenario::Scenario;
use region::scenario::act::Act;
use region::stage::{CLASSIFIER, Stage};
use region::world::{Effect, Target};
use report::Incident;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::arguments::{DrillOptions, UsageError};
use crate::doors::{Doors, Opening};
use crate::drill::functions::Functions;
use crate::drill::gather::{Drill, entry, gather, invocation_entry};
use crate::drill::in_time;
use crate::drill::text;

/// What customers saw is kept for three hours: so long a drill can last that is looked at live.
const LONGEST: SignedDuration = SignedDuration::from_mins(170);
/// The news that are kept for whoever looks.
const KEPT_NEWS: usize = 200;

/// A drill under way.
pub(super) struct Session {
    scenario: Scenario,
    seed: u64,
    stage: Stage,
    /// The same drill with nobody acting: it gets the same faults at the same moments.
    twin: Stage,
    seen_in_time: Option<Timestamp>,
    /// The Region answers as long as this lives.
    _doors: Doors,
    pace: Mutex<Pace>,
    news: Mutex<News>,
}

struct Pace {
    speed: Speed,
    paused: bool,
    fault_at: Option<Timestamp>,
    down: Vec<RegionFault>,
    interfered: bool,
    /// Whether the clock is to stand still as soon as traffic or capacity is changed.
    watches: bool,
    changes_seen: usize,
}

#[derive(Default)]
struct News {
    lines: VecDeque<Line>,
    told: usize,
    entries_seen: usize,
    invocations_seen: usize,
    last_verdict: String,
}

/// A line of the news.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    number: usize,
    at: String,
    actor: String,
    what: String,
}

/// Where a drill is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Now {
    clock: String,
    speed: f64,
    paused: bool,
    over: bool,
    down: Vec<String>,
    news: Vec<Line>,
}

impl Now {
    /// The number of the newest line of news.
    pub(super) fn last(&self) -> Option<usize> {
        self.news.last().map(|line| line.number)
    }
}

/// What people may do, as the page sends it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Deed {
    /// Something goes wrong: in a zone, or in all where none is named.
    Hurt { zone: Option<ZoneId>, how: How },
    /// Nothing goes wrong with the workload any more.
    Heal {},
    /// The event that came last comes again.
    Duplicate {},
    /// A service answers every call with a 5xx.
    Down { service: String },
    /// It does not any more.
    Up { service: String },
    /// A person moves traffic away by hand.
    Shift { zone: ZoneId },
    /// A person ends every zonal shift.
    Cancel {},
    /// A person commands Evac to evacuate.
    Evacuate { zone: ZoneId },
    /// A person commands Evac to fail back.
    FailBack { zone: ZoneId },
    /// The clock stands still.
    Pause {},
    /// The clock goes on.
    Resume {},
    /// Whether the clock stands still as soon as somebody changes where traffic or capacity goes.
    Watch { on: bool },
    /// The clock runs so many times faster than the wall clock.
    Speed { times: f64 },
}

/// How customers are hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum How {
    Errors,
    Slow,
}

impl How {
    fn effect(self) -> Effect {
        match self {
            Self::Errors => Effect::Errors { share: 0.35 },
            Self::Slow => Effect::Slow {
                share: 0.6,
                to_ms: 1_100,
            },
        }
    }
}

impl Session {
    pub(super) async fn begin(
        scenario: &Scenario,
        options: &DrillOptions,
        functions: &Functions,
    ) -> anyhow::Result<Self> {
        let set =
            || Stage::set(scenario, options.seed).map_err(|error| UsageError(error.to_string()));
        let stage = set()?;
        let doors = Doors::open(&stage, functions, &Opening::of(options)).await?;
        Ok(Self {
            scenario: scenario.clone(),
            seed: options.seed,
            twin: set()?,
            seen_in_time: in_time::seen(scenario, options.seed)?,
            stage,
            _doors: doors,
            pace: Mutex::new(Pace {
                speed: options.speed,
                paused: false,
                fault_at: None,
                down: Vec::new(),
                interfered: false,
                watches: false,
                changes_seen: 0,
            }),
            news: Mutex::default(),
        })
    }

    /// Lets the clock run, for as long as there is anything to see.
    pub(super) async fn run(&self) -> anyhow::Result<()> {
        let speed = || {
            let changes = self.stage.region.state().history.changes().len();
            let mut pace = self.pace();
            if pace.watches && changes > pace.changes_seen {
                pace.paused = true;
            }
            pace.changes_seen = changes;
            (!pace.paused).then_some(pace.speed)
        };
        run_at(&self.stage.region, self.last(), speed).await?;
        // It is over, and can be looked at.
        std::future::pending::<()>().await;
        Ok(())
    }

    fn last(&self) -> Timestamp {
        self.stage.begin + LONGEST
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The drill so far, as an incident.
    pub(super) fn incident(&self) -> Incident {
        let end = self.stage.region.now().min(self.last());
        self.follow(end);
        let (fault_at, interfered) = {
            let pace = self.pace();
            (pace.fault_at, pace.interfered)
        };
        let without = self.twin.region.state().world.customers().clone();
        gather(&Drill {
            scenario: &self.scenario,
            seed: self.seed,
            stage: &self.stage,
            without: &without,
            seen_in_time: self.seen_in_time.filter(|_| fault_at.is_none()),
            begin: self.stage.begin,
            end,
            fault_at: fault_at.unwrap_or_else(|| self.scenario.fault_at(self.stage.begin)),
            judged: !interfered && end >= self.stage.end,
        })
    }

    /// Lets the twin catch up; it has no functions, so nothing becomes due.
    fn follow(&self, to: Timestamp) {
        let due = self.twin.region.step_until(to);
        debug_assert!(due.is_empty(), "there is no function");
    }

    /// Where the drill is, with the news after this one.
    pub(super) fn now(&self, after: usize) -> Now {
        let now = self.stage.region.now();
        let news = self.news_after(after);
        let pace = self.pace();
        Now {
            clock: text::clock(now),
            speed: pace.speed.times(),
            paused: pace.paused,
            over: now >= self.last(),
            down: pace.down.iter().map(ToString::to_string).collect(),
            news,
        }
    }

    fn news_after(&self, after: usize) -> Vec<Line> {
        let state = self.stage.region.state();
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        // While a function runs, what it does is known before what it thinks.
        if state.lambda.running() == 0 {
            let mut entries: Vec<report::incident::Entry> = state.timeline.entries()
                [news.entries_seen..]
                .iter()
                .filter(|one| one.at >= self.stage.begin)
                .map(entry)
                .filter(|one| {
                    one.actor != "cloudwatch" || self.is_own(one.what.trim_start_matches("alarm "))
                })
                .collect();
            news.entries_seen = state.timeline.entries().len();
            let ended = state.lambda.ended();
            let fresh = ended.saturating_sub(news.invocations_seen);
            news.invocations_seen = ended;
            let known = state.lambda.invocations().count().saturating_sub(fresh);
            for one in state
                .lambda
                .invocations()
                .skip(known)
                .filter_map(invocation_entry)
            {
                if one.what != news.last_verdict {
                    news.last_verdict.clone_from(&one.what);
                    entries.push(one);
                }
            }
            entries.sort_by_key(|one| one.at);
            for one in entries {
                news.told += 1;
                let line = Line {
                    number: news.told,
                    at: text::clock(one.at),
                    actor: one.actor,
                    what: one.what,
                };
                news.lines.push_back(line);
                if news.lines.len() > KEPT_NEWS {
                    news.lines.pop_front();
                }
            }
        }
        let lines = news.lines.iter();
        lines.filter(|line| line.number > after).cloned().collect()
    }

    /// Whether a line about an alarm is about one of the workload's definition.
    fn is_own(&self, what: &str) -> bool {
        let name = what.split(": ").next().unwrap_or_default();
        self.stage.is_own_alarm(name)
    }

    /// Does what a person asks for; what was done, or why not.
    pub(super) fn perform(&self, deed: &Deed) -> Result<String, String> {
        let paced = matches!(
            deed,
            Deed::Pause {} | Deed::Resume {} | Deed::Watch { .. } | Deed::Speed { .. }
        );
        if !paced {
            self.pace().interfered = true;
        }
        let region = &self.stage.region;
        match deed {
            Deed::Hurt { zone, how } => {
                let target = zone.clone().map_or(Target::Region, Target::Zone);
                let now = region.now();
                self.follow(now);
                for region in [region, &self.twin.region] {
                    region
                        .hurt(target.clone(), how.effect())
                        .map_err(|error| error.to_string())?;
                }
                self.pace().fault_at.get_or_insert(now);
                Ok("A fault begins.".to_owned())
            }
            Deed::Heal {} => {
                self.follow(region.now());
                region.heal();
                self.twin.region.heal();
                Ok("Every fault of the workload ends.".to_owned())
            }
            Deed::Duplicate {} => self.duplicate(),
            Deed::Down { service } => self.take_down(service),
            Deed::Up { service } => self.bring_up(service),
            Deed::Shift { zone } => self.act(&Act::Shift { zone: zone.clone() }, true),
            Deed::Cancel {} => self.act(&Act::CancelShifts {}, true),
            Deed::Evacuate { zone } => self.command("evacuate", zone),
            Deed::FailBack { zone } => self.command("fail-back", zone),
            Deed::Pause {} => {
                self.pace().paused = true;
                Ok("The clock stands still.".to_owned())
            }
            Deed::Resume {} => {
                self.pace().paused = false;
                Ok("The clock goes on.".to_owned())
            }
            Deed::Watch { on } => {
                self.pace().watches = *on;
                Ok(if *on {
                    "The clock stands still as soon as something is changed.".to_owned()
                } else {
                    "The clock goes on whatever is changed.".to_owned()
                })
            }
            Deed::Speed { times } => {
                let speed = Speed::try_from(*times).map_err(|error| error.to_string())?;
                self.pace().speed = speed;
                Ok(format!("The clock runs {times} times faster."))
            }
        }
    }

    /// A person or AWS acts, in the twin as well.
    fn act(&self, act: &Act, in_twin: bool) -> Result<String, String> {
        if in_twin {
            self.follow(self.stage.region.now());
            // What is refused there is refused here.
            let _ = self.twin.region.act(act);
        }
        self.stage
            .region
            .act(act)
            .map_err(|error| format!("AWS refuses: {error}"))?;
        Ok(format!("Done: {act}."))
    }

    fn command(&self, action: &str, zone: &ZoneId) -> Result<String, String> {
        let reason = "a person at the live view says so";
        let command = json!({"action": action, "zone": zone, "reason": reason});
        self.act(&Act::Command { command }, false)
    }

    fn duplicate(&self) -> Result<String, String> {
        let mut state = self.stage.region.state();
        let now = state.now();
        let last = state
            .lambda
            .invocations()
            .filter(|one| one.function == CLASSIFIER && one.payload.get("event").is_some())
            .last()
            .map(|one| one.payload.clone());
        let Some(payload) = last else {
            return Err("No event came yet: inject a fault, and wait for the alarm.".to_owned());
        };
        state.lambda.enqueue(CLASSIFIER, payload, now);
        drop(state);
        self.stage
            .region
            .tell("the event that came last comes again".to_owned());
        Ok("The event that came last comes again.".to_owned())
    }

    fn take_down(&self, service: &str) -> Result<String, String> {
        let fault: RegionFault = format!("unavailable:service={service}")
            .parse()
            .map_err(|error: region::fault::spec::RegionFaultError| error.to_string())?;
        let mut pace = self.pace();
        if pace.down.contains(&fault) {
            return Err(format!("{service} is down already."));
        }
        pace.down.push(fault.clone());
        drop(pace);
        self.stage.region.begin_fault(&fault, None);
        self.stage.region.tell(format!("{service} goes down"));
        Ok(format!(
            "{service} is down: it answers every call with a 5xx."
        ))
    }

    fn bring_up(&self, service: &str) -> Result<String, String> {
        let fault: RegionFault = format!("unavailable:service={service}")
            .parse()
            .map_err(|error: region::fault::spec::RegionFaultError| error.to_string())?;
        let mut pace = self.pace();
        let Some(place) = pace.down.iter().position(|one| *one == fault) else {
            return Err(format!("{service} is not down."));
        };
        pace.down.remove(place);
        drop(pace);
        self.stage.region.end_fault(&fault);
        self.stage.region.tell(format!("{service} answers again"));
        Ok(format!("{service} answers again."))
    }

    /// The zones, for the controls.
    pub(super) fn zones(&self) -> Vec<String> {
        let state = self.stage.region.state();
        let zones = state.world.spec().zones.iter();
        zones.map(|(id, _)| id.to_string()).collect()
    }
}
