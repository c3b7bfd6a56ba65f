//! Functions to invoke.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use region::lambda::{FunctionFailure, Handler};

use super::Subject;
use crate::zip;

/// What a function does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behaviour {
    /// Answers `{"echo": <payload>}`.
    Echo,
    /// Raises `ValueError("broken on purpose")`.
    Fail,
}

const ECHO: &str = "def handler(event, context):\n    return {'echo': event}\n";
const FAIL: &str = "def handler(event, context):\n    raise ValueError('broken on purpose')\n";

impl Subject {
    /// Makes a function; its name.
    pub(crate) async fn function(&self, behaviour: Behaviour) -> String {
        let name = self.name("function");
        let Some(embedded) = &self.embedded else {
            self.create_function(&name, behaviour).await;
            return name;
        };
        let handler: Handler = Arc::new(move |invoked| {
            Box::pin(async move {
                match behaviour {
                    Behaviour::Echo => Ok(serde_json::json!({"echo": invoked.payload})),
                    Behaviour::Fail => Err(FunctionFailure {
                        error_type: "ValueError".to_owned(),
                        error_message: "broken on purpose".to_owned(),
                    }),
                }
            })
        });
        let mut state = embedded.region().state();
        state
            .lambda
            .put_function(&name, Duration::from_secs(3), handler);
        name
    }

    async fn create_function(&self, name: &str, behaviour: Behaviour) {
        let code = match behaviour {
            Behaviour::Echo => ECHO,
            Behaviour::Fail => FAIL,
        };
        let code = FunctionCode::builder().zip_file(Blob::new(zip::of("code.py", code)));
        self.lambda()
            .create_function()
            .function_name(name)
            .runtime(Runtime::Python312)
            .handler("code.handler")
            .role("arn:aws:iam::000000000000:role/function")
            .code(code.build())
            .send()
            .await
            .unwrap();
    }
}
