//! The executable of the function classifier.

use classifier::{Classifier, Configuration};
use runtime::clients::Connections;
use runtime::settings::{Reader, Settings, environment};
use runtime::telemetry::{self, Meter};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::start_logging();
    let variables = environment();
    let mut reader = Reader::new(&variables);
    let settings = Settings::read(&mut reader);
    let configuration = Configuration::read(&mut reader);
    let (settings, configuration) = reader.finish((settings, configuration))?;
    let meter = Meter::printing();
    let function = Classifier::new(&Connections::open(&settings), configuration, meter.clone());
    let handler = |invocation, payload| function.handle(invocation, payload);
    runtime::serve::serve("classifier", &settings, &meter, handler).await
}
