//! The executable of the function classifier.

use classifier::{Classifier, Configuration};
use runtime::clients::Connections;
use runtime::settings::{Reader, Settings, environment};
use runtime::telemetry::{self, Meter};
use runtime::warm_up::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::start_logging();
    let variables = environment();
    let mut reader = Reader::new(&variables);
    let settings = Settings::read(&mut reader);
    let configuration = Configuration::read(&mut reader);
    let (settings, configuration) = reader.finish((settings, configuration))?;
    let meter = Meter::printing();
    let connections = Connections::open(&settings);
    let function = Classifier::new(&connections, configuration.clone(), meter.clone());
    warm_up(&connections, |scout| async move {
        let (meter, _) = Meter::keeping();
        Classifier::new(&scout, configuration, meter)
            .rehearse()
            .await;
    })
    .await;
    let handler = |invocation, payload| function.handle(invocation, payload);
    runtime::serve::serve("classifier", &settings, &meter, handler).await
}
