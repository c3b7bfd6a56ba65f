//! A Region that listens, with the functions' executables in it.

use region::lambda::sandbox::LogSink;
use region::stage::{ASG_PRUNING, CANARY, CLASSIFIER, Handlers, Stage, ZONAL_SHIFT};
use region::transport::endpoints::Endpoints;
use region::transport::http::{Listening, listen};

use crate::arguments::DrillOptions;
use crate::drill::Functions;
use crate::output::complain;

/// How the functions run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    /// The port of the Region's door; 0 for any that is free.
    pub(crate) port: u16,
    /// Whether the Region plays the canary, in place of its executable.
    pub(crate) play_canary: bool,
    /// Whether what the functions log is shown on standard error.
    pub(crate) logs: bool,
}

impl Opening {
    /// As a drill wants it.
    pub(crate) fn of(options: &DrillOptions) -> Self {
        Self {
            port: 0,
            play_canary: options.play_canary,
            logs: options.logs,
        }
    }
}

/// What the functions' executables talk to, as long as it is kept.
pub(crate) struct Doors {
    /// The Region's door.
    pub(crate) region: Listening,
    _endpoints: Option<Endpoints>,
}

impl Doors {
    /// Opens the Region's door and has the executables behind its Lambda.
    ///
    /// # Errors
    /// Where a port cannot be had, or EventBridge refuses a rule.
    pub(crate) async fn open(
        stage: &Stage,
        functions: &Functions,
        opening: &Opening,
    ) -> anyhow::Result<Self> {
        let region = listen(&stage.region, opening.port).await?;
        let log = log_sink(stage, opening.logs);
        let executable = |name, own: &[(&str, &str)]| {
            let endpoint = region.endpoint();
            functions.executable(name, &endpoint, &log, own).handler()
        };
        stage.connect(Handlers {
            classifier: executable(
                CLASSIFIER,
                &[
                    ("EVAC_ZONAL_SHIFT_FUNCTION", ZONAL_SHIFT),
                    ("EVAC_ASG_PRUNING_FUNCTION", ASG_PRUNING),
                    ("EVAC_TOPIC_ARN", &stage.topic),
                ],
            ),
            zonal_shift: executable(ZONAL_SHIFT, &[]),
            asg_pruning: executable(ASG_PRUNING, &[]),
        })?;
        let mut endpoints = None;
        if !opening.play_canary {
            let listening = Endpoints::listen(&stage.region).await?;
            let plan = stage.canary_plan(&listening).to_string();
            stage.connect_canary(executable(CANARY, &[("EVAC_CANARY", &plan)]))?;
            endpoints = Some(listening);
        }
        Ok(Self {
            region,
            _endpoints: endpoints,
        })
    }
}

/// A drill tells better than its functions' logs what happens; somebody who works on a function wants
/// to see them all the same.
fn log_sink(stage: &Stage, show: bool) -> LogSink {
    LogSink::into(&stage.region, move |function, line| {
        if show {
            complain(&format!("{function}: {line}"));
        }
    })
}
