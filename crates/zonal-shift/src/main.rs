//! The executable of the function zonal-shift.

use runtime::clients::Connections;
use runtime::settings::{Reader, Settings, environment};
use runtime::telemetry::{self, Meter};
use runtime::warm_up::warm_up;
use zonal_shift::ZonalShift;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::start_logging();
    let variables = environment();
    let mut reader = Reader::new(&variables);
    let settings = Settings::read(&mut reader);
    let settings = reader.finish(settings)?;
    let connections = Connections::open(&settings);
    let function = ZonalShift::new(&connections);
    warm_up(&connections, |scout| async move {
        ZonalShift::new(&scout).rehearse().await;
    })
    .await;
    let handler = |invocation, payload| function.handle(invocation, payload);
    runtime::serve::serve("zonal-shift", &settings, &Meter::printing(), handler).await
}
