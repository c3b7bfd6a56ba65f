//! Showing a drill while it runs: lines as things happen, and on a terminal what customers see right
//! now.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use region::scenario::Scenario;
use region::stage::Stage;
use region::state::State;
use report::incident::Entry;

use super::gather::{entry, invocation_entry};
use super::text;
use crate::output::tell;

/// How often the display looks.
const BEAT: Duration = Duration::from_millis(50);
/// What "right now" means for customers.
const RECENT: SignedDuration = SignedDuration::from_secs(10);
/// Bad requests of all, above which customers suffer.
const NOTABLE: f64 = 0.02;
/// How often customers who do not suffer get a line.
const QUIET_SECONDS: i64 = 600;

/// The display.
pub(crate) struct Live {
    bar: ProgressBar,
    enabled: bool,
    entries_seen: usize,
    invocations_seen: usize,
    last_verdict: String,
    next_customers: Option<Timestamp>,
    suffered: bool,
}

impl Live {
    pub(crate) fn new(enabled: bool) -> Self {
        // Hidden where standard error is no terminal; the lines go to standard output either way.
        let target = if enabled {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {wide_msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            enabled,
            entries_seen: 0,
            invocations_seen: 0,
            last_verdict: String::new(),
            next_customers: None,
            suffered: false,
        }
    }

    fn print(&self, line: &str) -> io::Result<()> {
        if self.enabled {
            self.bar.suspend(|| tell(line))?;
        }
        Ok(())
    }

    pub(crate) fn introduce(&self, scenario: &Scenario, seed: u64) -> io::Result<()> {
        for line in text::introduction(scenario, seed) {
            self.print(&line)?;
        }
        Ok(())
    }

    /// Shows what happens until the drill has ended.
    ///
    /// # Errors
    /// Where the Region broke down, or nobody listens any more.
    pub(crate) async fn follow<E>(
        &mut self,
        stage: &Stage,
        drill: impl Future<Output = Result<(), E>>,
    ) -> anyhow::Result<()>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let whole = stage.end.duration_since(stage.begin).as_secs();
        self.bar.set_length(whole.cast_unsigned());
        let mut drill = pin!(drill);
        loop {
            let ended = tokio::select! {
                biased;
                ended = &mut drill => Some(ended),
                () = tokio::time::sleep(BEAT) => None,
            };
            self.show(stage)?;
            if let Some(ended) = ended {
                self.bar.finish_and_clear();
                return Ok(ended?);
            }
        }
    }

    fn show(&mut self, stage: &Stage) -> io::Result<()> {
        let (lines, now, customers) = self.look(stage);
        for line in lines {
            self.print(&line)?;
        }
        self.bar
            .set_position(now.duration_since(stage.begin).as_secs().cast_unsigned());
        self.bar.set_message(format!(
            "{}  {}",
            text::clock(now),
            customers.replace('\n', " | ")
        ));
        Ok(())
    }

    fn look(&mut self, stage: &Stage) -> (Vec<String>, Timestamp, String) {
        let state = stage.region.state();
        let now = state.now();
        let customers = text::customers(&state.world.customers().totals(now - RECENT, now));
        // While a function runs, what it does is known before what it thinks: the lines wait for it,
        // so that they come in order.
        if state.lambda.running() > 0 {
            return (Vec::new(), now, customers);
        }
        let mut entries: Vec<Entry> = state.timeline.entries()[self.entries_seen..]
            .iter()
            .filter(|entry| entry.at >= stage.begin)
            .map(entry)
            .collect();
        self.entries_seen = state.timeline.entries().len();
        let ended = state.lambda.ended();
        let news = ended.saturating_sub(self.invocations_seen);
        self.invocations_seen = ended;
        let known = state.lambda.invocations().count().saturating_sub(news);
        let invocations = state.lambda.invocations().skip(known);
        let news: Vec<Entry> = invocations.filter_map(invocation_entry).collect();
        for entry in news {
            // A tick that says the same again is no news.
            if entry.what != self.last_verdict {
                self.last_verdict.clone_from(&entry.what);
                entries.push(entry);
            }
        }
        entries.extend(self.minutely(&state, stage));
        entries.sort_by_key(|entry| entry.at);
        (entries.iter().map(text::entry).collect(), now, customers)
    }

    /// A line a minute about what customers saw while they suffer, and one now and then.
    fn minutely(&mut self, state: &State, stage: &Stage) -> Vec<Entry> {
        let minute = SignedDuration::from_mins(1);
        let mut next = self.next_customers.unwrap_or(stage.begin + minute);
        let mut entries = Vec::new();
        while next <= state.now() && next <= stage.end {
            let customers = state.world.customers();
            let suffering = customers.bad_rate(next - minute, next) > NOTABLE;
            let quiet = (next.as_second() - stage.begin.as_second()) % QUIET_SECONDS == 0;
            if suffering || self.suffered || quiet {
                let what = text::customers(&customers.totals(next - minute, next));
                entries.push(Entry {
                    at: next,
                    actor: text::CUSTOMERS.to_owned(),
                    what,
                });
            }
            self.suffered = suffering;
            next += minute;
        }
        self.next_customers = Some(next);
        entries
    }
}
