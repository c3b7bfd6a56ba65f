//! A Region for tests of a single service through its door.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;
use winterbaume_core::MockRequest;

use crate::region::Region;
use crate::scenario;
use crate::stage::Stage;

/// A Region in peace, with no function and no rule.
pub(crate) fn region() -> Arc<Region> {
    Stage::set(&scenario::healthy().unwrap(), 1).unwrap().region
}

/// Whoever calls a service that speaks awsJson 1.1.
pub(crate) struct JsonCaller {
    pub(crate) region: Arc<Region>,
    /// The service in a signature's scope.
    pub(crate) scope: &'static str,
    /// The service in a target, with the dot behind it.
    pub(crate) prefix: &'static str,
}

impl JsonCaller {
    pub(crate) async fn call(&self, operation: &str, input: Value) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=test/20310101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0",
            self.scope
        );
        headers.insert("authorization", scope.parse().unwrap());
        let target = format!("{}{operation}", self.prefix);
        headers.insert("x-amz-target", target.parse().unwrap());
        let request = MockRequest {
            method: "POST".into(),
            uri: "/".into(),
            headers,
            body: input.to_string().into(),
        };
        let answer = self.region.handle(request).await.unwrap();
        assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.1");
        let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status, body)
    }

    #[track_caller]
    pub(crate) fn done(&self, operation: &str, input: Value) -> impl Future<Output = Value> {
        let what = format!("{operation} {input}");
        async move {
            let (status, body) = self.call(operation, input).await;
            assert_eq!(status, 200, "{what}: {body}");
            body
        }
    }

    pub(crate) async fn refused(&self, operation: &str, input: Value) -> String {
        let what = format!("{operation} {input}");
        let (status, body) = self.call(operation, input).await;
        assert_eq!(status, 400, "{what}: {body}");
        assert!(body["message"].is_string(), "{what}: {body}");
        body["__type"].as_str().unwrap().to_owned()
    }
}
