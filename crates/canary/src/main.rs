//! The executable of the function canary.

use canary::{Canary, Plan};
use runtime::settings::{Reader, Settings, environment};
use runtime::telemetry::{self, Meter};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::start_logging();
    let variables = environment();
    let mut reader = Reader::new(&variables);
    let settings = Settings::read(&mut reader);
    let plan = Plan::read(&mut reader);
    let (settings, plan) = reader.finish((settings, plan))?;
    let meter = Meter::printing();
    let function = Canary::new(plan, meter.clone())?;
    let handler = |invocation, _| function.handle(invocation);
    runtime::serve::serve("canary", &settings, &meter, handler).await
}
