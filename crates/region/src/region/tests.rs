use std::time::Duration;

use super::*;
use crate::lambda::Handler;
use crate::scenario::built_in;
use crate::stage::Stage;

#[tokio::test]
async fn a_function_whose_caller_hangs_up_runs_to_its_end_and_counts_as_running_until_then() {
    let scenario = built_in().unwrap().swap_remove(0);
    let stage = Stage::set(&scenario, 1).unwrap();
    let (begun, wait) = tokio::sync::oneshot::channel::<()>();
    let begun = Arc::new(Mutex::new(Some(begun)));
    let release = Arc::new(tokio::sync::Notify::new());
    let handler: Handler = {
        let release = Arc::clone(&release);
        Arc::new(move |_| {
            let release = Arc::clone(&release);
            let begun = begun.lock().unwrap().take();
            Box::pin(async move {
                drop(begun);
                release.notified().await;
                Ok(Value::Null)
            })
        })
    };
    stage
        .region
        .state()
        .lambda
        .put_function("slow", Duration::from_secs(60), handler);
    let request = MockRequest {
        method: "POST".to_owned(),
        uri: "/2015-03-31/functions/slow/invocations".to_owned(),
        headers: http::HeaderMap::from_iter([(
            http::header::AUTHORIZATION,
            http::HeaderValue::from_static(
                "AWS4-HMAC-SHA256 Credential=me/20260115/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
            ),
        )]),
        body: bytes::Bytes::new(),
    };
    let region = Arc::clone(&stage.region);
    let caller = tokio::spawn(async move { region.handle(request).await });
    let _ = wait.await;
    caller.abort();
    let _ = caller.await;
    assert_eq!(stage.region.state().lambda.running(), 1);
    release.notify_one();
    while stage.region.state().lambda.running() > 0 {
        tokio::task::yield_now().await;
    }
    let state = stage.region.state();
    assert_eq!(state.lambda.invocations().last().unwrap().function, "slow");
}
