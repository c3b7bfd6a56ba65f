//! The Region itself: its services behind one door, and its clock.
//!
//! # Time
//!
//! The Region has a clock of its own, and none of its services reads another. It moves only when
//! told to ([`Region::step_until`]): second by second for the physics and the alarms, and in between
//! to the moment of each delivery. It never runs past an invocation that is due, so whoever drives
//! the clock can let the function run at that very moment.
//!
//! In a test, the clock stands still while a function runs ([`Region::advance`]). In a drill, it runs
//! many times faster than the wall clock while nothing happens, and exactly as fast while a function
//! runs ([`crate::clock`]): so what a drill says of the time from alarm to shift is what the real
//! executables needed.
//!
//! # Calls
//!
//! A request is told apart by the service in its signature's scope, as AWS does. Signatures are not
//! verified. Every call is logged with its caller: the access key id, which each function of a drill
//! has of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use winterbaume_core::{MockRequest, MockResponse};

use crate::error::ServiceError;
use crate::fault::{ApiFault, FaultKind, refusal};
use crate::lambda::wire::InvocationType;
use crate::lambda::{
    Due, FunctionFailure, Invocation, LONGEST_ASYNCHRONOUS, LONGEST_SYNCHRONOUS, Way,
};
use crate::operation::{Operation, Service};
use crate::state::{Call, State};
use crate::{arc, autoscaling, cloudwatch, lambda, sns};

/// An embedded Region.
#[derive(Debug)]
pub struct Region {
    state: Mutex<State>,
}

impl Region {
    /// A Region in this state.
    #[must_use]
    pub fn new(state: State) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(state),
        })
    }

    /// The Region's state, to look at or to set up. While it is held, the Region answers nobody.
    pub fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another thread while it held the state does not make the state less true.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The Region's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.state().now()
    }

    /// Lets something go wrong with the Region's own APIs.
    pub fn inject(&self, fault: ApiFault) {
        self.state().faults.add(fault);
    }

    /// Ends everything that was injected.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Answers a request; `None` where the caller is never answered.
    pub async fn handle(&self, request: MockRequest) -> Option<MockResponse> {
        let Some(service) = service(&request) else {
            return Some(refuse(Service::Lambda, &request, &unsigned()));
        };
        let Some(operation) = identify(service, &request) else {
            return Some(refuse(service, &request, &unknown(service)));
        };
        let admitted = self.admit(service, operation, &request);
        let fault = match admitted {
            Admitted::Done(answer) => return answer,
            Admitted::Invocation { fault } => fault,
        };
        let response = self.invoke(&request).await;
        (fault != Some(FaultKind::TimeoutAfter)).then_some(response)
    }

    /// Logs a call and answers it, both at one moment of the clock; only an invocation takes longer.
    fn admit(&self, service: Service, operation: Operation, request: &MockRequest) -> Admitted {
        let mut state = self.state();
        let now = state.now();
        let fault = state.faults.meet(service, operation, now);
        state.calls.push(Call {
            at: now,
            caller: caller(request),
            service,
            operation,
        });
        if let Some(error) = fault.and_then(|kind| refusal(service, kind)) {
            return Admitted::Done(Some(refuse(service, request, &error)));
        }
        if fault == Some(FaultKind::TimeoutBefore) {
            return Admitted::Done(None);
        }
        let response = match service {
            Service::Lambda => return Admitted::Invocation { fault },
            Service::ArcZonalShift => arc::wire::perform(&mut state.arc, operation, request, now),
            Service::AutoScaling => {
                autoscaling::wire::perform(&mut state.auto_scaling, operation, request, now)
            }
            Service::CloudWatch => {
                cloudwatch::wire::perform(&mut state.cloudwatch, operation, request, now)
            }
            Service::Sns => sns::wire::perform(&mut state.sns, request, now),
        };
        state.note_changes();
        Admitted::Done((fault != Some(FaultKind::TimeoutAfter)).then_some(response))
    }

    async fn invoke(&self, request: &MockRequest) -> MockResponse {
        let invoke = match lambda::wire::read_invoke(request) {
            Ok(invoke) => invoke,
            Err(error) => return lambda::wire::refuse(&error),
        };
        let longest = match invoke.way {
            InvocationType::Event => LONGEST_ASYNCHRONOUS,
            InvocationType::RequestResponse | InvocationType::DryRun => LONGEST_SYNCHRONOUS,
        };
        if invoke.payload.len() > longest {
            let message = format!(
                "{} byte payload is too large for the {:?} invocation type (limit {longest} bytes)",
                invoke.payload.len(),
                invoke.way
            );
            return lambda::wire::refuse(
                &ServiceError::new(413, "RequestTooLargeException", message).with("Type", "User"),
            );
        }
        let payload = if invoke.payload.is_empty() {
            Ok(Value::Object(Default::default()))
        } else {
            serde_json::from_slice(&invoke.payload)
        };
        let payload: Value = match payload {
            Ok(payload) => payload,
            Err(error) => {
                let message = format!("Could not parse request body into json: {error}");
                return lambda::wire::refuse(
                    &ServiceError::new(400, "InvalidRequestContentException", message)
                        .with("Type", "User"),
                );
            }
        };
        let accepted = {
            let mut state = self.state();
            let now = state.now();
            state
                .lambda
                .resolve(&invoke.function)
                .map(|function| match invoke.way {
                    InvocationType::DryRun => None,
                    InvocationType::Event => {
                        state.lambda.enqueue(&function, payload.clone(), now);
                        None
                    }
                    InvocationType::RequestResponse => {
                        Some((state.lambda.next_request_id(), function))
                    }
                })
        };
        match (accepted, invoke.way) {
            (Err(error), _) => lambda::wire::refuse(&error),
            (Ok(Some((request_id, function))), _) => {
                let outcome = self
                    .run(&function, request_id, payload, Way::Synchronous, None)
                    .await;
                lambda::wire::answer(&outcome)
            }
            (Ok(None), InvocationType::DryRun) => lambda::wire::accepted(204),
            (Ok(None), _) => lambda::wire::accepted(202),
        }
    }

    async fn run(
        &self,
        function: &str,
        request_id: String,
        payload: Value,
        way: Way,
        due: Option<Due>,
    ) -> Result<Value, FunctionFailure> {
        let (begun, began) = {
            let mut state = self.state();
            let now = state.now();
            (
                state.lambda.begin(function, &request_id, &payload, now),
                now,
            )
        };
        let outcome =
            match begun {
                Some((answer, timeout)) => tokio::time::timeout(timeout, answer)
                    .await
                    .unwrap_or_else(|_| {
                        let message = format!(
                            "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
                            timeout.as_secs_f64()
                        );
                        Err(FunctionFailure::of_runtime("Sandbox.Timedout", message))
                    }),
                None => Err(FunctionFailure::of_runtime(
                    "Runtime.NoSuchFunction",
                    format!("there is no function {function}"),
                )),
            };
        let mut state = self.state();
        let ended = state.now();
        let invocation = Invocation {
            request_id,
            function: function.to_owned(),
            began,
            ended,
            way,
            payload,
            outcome: outcome.clone(),
        };
        state.lambda.end(invocation, due);
        outcome
    }

    /// Invokes a function and waits, as somebody at a console does.
    ///
    /// # Errors
    /// How the function failed.
    pub async fn invoke_function(
        &self,
        function: &str,
        payload: Value,
    ) -> Result<Value, FunctionFailure> {
        let request_id = self.state().lambda.next_request_id();
        self.run(function, request_id, payload, Way::Synchronous, None)
            .await
    }

    /// Runs an asynchronous invocation that is due.
    pub async fn run_due(&self, due: Due) {
        let way = Way::Asynchronous {
            attempt: due.attempt,
        };
        // What comes of it is noted; a failure is tried again or becomes a dead letter.
        let _ = self
            .run(
                &due.function,
                due.request_id.clone(),
                due.payload.clone(),
                way,
                Some(due.clone()),
            )
            .await;
    }

    /// Moves the clock towards a moment, and stops early where asynchronous invocations are due:
    /// these must be run before it is called again.
    #[must_use = "what is due has to be run"]
    pub fn step_until(&self, target: Timestamp) -> Vec<Due> {
        self.state().step_until(target)
    }

    /// Moves the clock, and runs what becomes due with the clock standing still.
    pub async fn advance(&self, by: SignedDuration) {
        let target = self.now().checked_add(by).unwrap_or(Timestamp::MAX);
        loop {
            let due = self.step_until(target);
            if due.is_empty() {
                return;
            }
            join_all(due.into_iter().map(|due| self.run_due(due))).await;
        }
    }
}

/// What became of a call at the door.
enum Admitted {
    /// It is answered; `None` where the caller never is.
    Done(Option<MockResponse>),
    /// A function has to run first, and this goes wrong with its answer.
    Invocation { fault: Option<FaultKind> },
}

/// The service in the scope of the signature: `Credential=<key>/<date>/<region>/<service>/aws4_request`.
pub(crate) fn service(request: &MockRequest) -> Option<Service> {
    Service::from_signing_name(signing_name(request)?)
}

/// The name of a service in the scope of the signature, whether the Region has it or not.
pub(crate) fn signing_name(request: &MockRequest) -> Option<&str> {
    credential(request)?.nth(3)
}

/// The access key id of the signature.
fn caller(request: &MockRequest) -> String {
    credential(request)
        .and_then(|mut scope| scope.next())
        .unwrap_or_default()
        .to_owned()
}

fn credential(request: &MockRequest) -> Option<std::str::Split<'_, char>> {
    let authorization = request.headers.get("authorization")?.to_str().ok()?;
    let (_, scope) = authorization.split_once("Credential=")?;
    Some(scope.split(',').next()?.split('/'))
}

fn identify(service: Service, request: &MockRequest) -> Option<Operation> {
    match service {
        Service::ArcZonalShift => arc::wire::identify(request),
        Service::AutoScaling => autoscaling::wire::identify(request),
        Service::CloudWatch => cloudwatch::wire::identify(request),
        Service::Lambda => lambda::wire::identify(request),
        Service::Sns => sns::wire::identify(request),
    }
}

/// Refuses a request in the protocol of its service.
pub(crate) fn refuse(
    service: Service,
    request: &MockRequest,
    error: &ServiceError,
) -> MockResponse {
    match service {
        Service::ArcZonalShift => arc::wire::refuse(error),
        Service::AutoScaling => autoscaling::wire::refuse(error),
        Service::CloudWatch => cloudwatch::wire::refuse(request, error),
        Service::Lambda => lambda::wire::refuse(error),
        Service::Sns => sns::wire::refuse(error),
    }
}

fn unsigned() -> ServiceError {
    ServiceError::new(
        403,
        "MissingAuthenticationTokenException",
        "the request is not signed for a service of this Region",
    )
}

fn unknown(service: Service) -> ServiceError {
    let (status, code) = match service {
        Service::AutoScaling | Service::Sns => (400, "InvalidAction"),
        Service::ArcZonalShift | Service::CloudWatch | Service::Lambda => {
            (404, "UnknownOperationException")
        }
    };
    ServiceError::new(
        status,
        code,
        format!("the embedded Region has no such operation of {service}"),
    )
}
