//! The Region itself: its services behind one door, and its clock.
//!
//! # Time
//!
//! The Region has a clock of its own, and none of its services reads another. It moves only when
//! told to ([`Region::step_until`]): second by second for the physics and the alarms, and in between
//! to the moment of each delivery. It never runs past an invocation that is due, so whoever drives
//! the clock can let the function run at that very moment.
//!
//! In a test, the clock stands still while a function computes, and goes on with tokio's clock while it
//! waits ([`Region::advance`]). In a drill, it runs
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
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use winterbaume_core::{MockRequest, MockResponse};

use crate::error::ServiceError;
use crate::fault::spec::RegionFault;
use crate::fault::{ApiFault, FaultKind, refusal};
use crate::lambda::wire::InvocationType;
use crate::lambda::{Begun, Due, FunctionFailure, Invocation, Way};
use crate::operation::{Operation, Service};
use crate::past::Moment;
use crate::scenario::act::Act;
use crate::script::Step;
use crate::state::{Call, State};
use crate::timeline::{FAULT_BEGINS, FAULT_ENDS, fault_line};
use crate::world::{Effect, Fault, FaultError, Target};
use crate::{arc, around, autoscaling, cloudwatch, elb, eventbridge, lambda, logs, sns};

/// How often the clock moves while functions run.
const BEAT: Duration = Duration::from_millis(5);

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

    /// Begins a fault as scenarios write it; it ends at `until` where that is known, or with
    /// [`Region::end_fault`].
    pub fn begin_fault(&self, fault: &RegionFault, until: Option<Timestamp>) {
        let mut state = self.state();
        fault.begin(&mut state, until);
        if let Some(until) = until {
            state.schedule(until, Step::End(fault.clone()));
        }
    }

    /// Ends a fault as scenarios write it.
    pub fn end_fault(&self, fault: &RegionFault) {
        fault.end(&mut self.state());
    }

    /// Lets a fault of the workload happen now, and tells of it.
    ///
    /// # Errors
    /// A fault that cannot happen in this world.
    pub fn hurt(&self, target: Target, effect: Effect) -> Result<(), FaultError> {
        let mut state = self.state();
        let fault = Fault {
            target,
            effect,
            from: state.now(),
            until: None,
        };
        let line = format!("{FAULT_BEGINS}{}", fault_line(&fault));
        state.world.inject(fault)?;
        state.tell_scenario(line);
        Ok(())
    }

    /// Ends every fault of the workload now, and tells of it.
    pub fn heal(&self) {
        let mut state = self.state();
        let now = state.now();
        state.world.clear_faults(now);
        state.tell_scenario(format!("{FAULT_ENDS}every fault of the workload"));
    }

    /// Lets somebody do something now, and tells of it.
    ///
    /// # Errors
    /// What AWS refuses.
    pub fn act(&self, act: &Act) -> Result<(), ServiceError> {
        let mut state = self.state();
        state.tell_scenario(act.to_string());
        let done = act.perform(&mut state);
        state.note_changes(None);
        done
    }

    /// A line about what somebody outside of the scenario does now.
    pub fn tell(&self, what: String) {
        self.state().tell_scenario(what);
    }

    /// Ends everything that was injected.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Answers a request; `None` where the caller is never answered.
    pub async fn handle(self: &Arc<Self>, request: MockRequest) -> Option<MockResponse> {
        let Some(service) = service(&request) else {
            return Some(refuse(Service::Lambda, &request, &unsigned()));
        };
        let Some(operation) = identify(service, &request) else {
            return Some(refuse(service, &request, &unknown(service)));
        };
        let delay = {
            let state = self.state();
            state.faults.delay(service, operation, state.now())
        };
        let answer = match self.admit(service, operation, &request) {
            Admitted::Lost => return None,
            Admitted::Done(answer) => answer,
            Admitted::Invocation { fault } => {
                let response = self.invoke(&request).await;
                (fault != Some(FaultKind::TimeoutAfter)).then_some(response)
            }
        };
        if self.strike(&caller(&request)) {
            return None;
        }
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        answer
    }

    /// Counts a call that has had its effect; whether it was the last one of the function that made it,
    /// which is dead then.
    fn strike(&self, caller: &str) -> bool {
        let mut state = self.state();
        let struck = state.faults.kills(caller);
        if struck {
            state.lambda.kill(caller);
        }
        struck
    }

    /// Logs a call and answers it, both at one moment of the clock; only an invocation takes longer.
    fn admit(&self, service: Service, operation: Operation, request: &MockRequest) -> Admitted {
        let mut state = self.state();
        let now = state.now();
        let fault = state.faults.meet(service, operation, now);
        if fault == Some(FaultKind::TimeoutBefore) {
            // It never arrived, so it is not in the log either.
            return Admitted::Lost;
        }
        let caller = caller(request);
        state.log(Call {
            at: now,
            caller: caller.clone(),
            service,
            operation,
            fault,
        });
        if let Some(error) = fault.and_then(|kind| refusal(service, kind)) {
            return Admitted::Done(Some(refuse(service, request, &error)));
        }
        state.note_changes(None);
        if !operation.mutates
            && let Some(past) = state.shown_past(service)
            && let Some(response) = answer_from_past(past, service, operation, request, now)
        {
            return Admitted::Done(Some(response));
        }
        let response = match service {
            Service::Lambda if operation == lambda::wire::INVOKE => {
                return Admitted::Invocation { fault };
            }
            Service::Lambda => lambda::wire::perform(&mut state.lambda, operation, request, now),
            Service::ArcZonalShift => {
                state.show_alarms_to_arc();
                arc::wire::perform(&mut state.arc, operation, request, now)
            }
            Service::AutoScaling => {
                autoscaling::wire::perform(&mut state.auto_scaling, operation, request, now)
            }
            Service::CloudWatch => {
                cloudwatch::wire::perform(&mut state.cloudwatch, operation, request, now)
            }
            Service::CloudWatchLogs => {
                logs::wire::perform(&mut state.logs, operation, request, now)
            }
            Service::Ec2 | Service::Iam | Service::Sqs => {
                around::perform(&state, service, operation, request)
            }
            Service::ElasticLoadBalancing => elb::wire::perform(&state, operation, request),
            Service::EventBridge => {
                eventbridge::wire::perform(&mut state.events, operation, request, now)
            }
            Service::Sns => sns::wire::perform(&mut state.sns, operation, request, now),
        };
        state.note_changes(Some(&caller));
        Admitted::Done((fault != Some(FaultKind::TimeoutAfter)).then_some(response))
    }

    async fn invoke(self: &Arc<Self>, request: &MockRequest) -> MockResponse {
        let invoke = match lambda::wire::read_invoke(request) {
            Ok(invoke) => invoke,
            Err(error) => return lambda::wire::refuse(&error),
        };
        let payload = invoke.payload;
        let (function, request_id) = {
            let mut state = self.state();
            let now = state.now();
            let resolved = (state.lambda).resolve(&invoke.function, invoke.qualifier.as_deref());
            match (resolved, invoke.way) {
                (Err(error), _) => return lambda::wire::refuse(&error),
                (Ok(_), InvocationType::DryRun) => {
                    return lambda::wire::accepted(204, &state.lambda.next_request_id());
                }
                (Ok(function), InvocationType::Event) => {
                    let request_id = state.lambda.enqueue(&function.name, payload, now);
                    return lambda::wire::accepted(202, &request_id);
                }
                (Ok(function), InvocationType::RequestResponse) => {
                    if let Some(error) = state.lambda.throttled(&function.name) {
                        return lambda::wire::refuse(&error);
                    }
                    // Before anybody else is let in.
                    state.lambda.enter(&function.name);
                    (function.name, state.lambda.next_request_id())
                }
            }
        };
        // A caller that hangs up does not stop the function.
        let region = Arc::clone(self);
        let id = request_id.clone();
        let way = Way::Synchronous;
        let running = tokio::spawn(async move {
            let underway = Underway {
                region: &region,
                function: &function,
            };
            region.run(underway, id, payload, way, None).await
        });
        let outcome = running.await.unwrap_or_else(|error| {
            let message = error.to_string();
            Err(FunctionFailure::of_runtime("Runtime.ExitError", message))
        });
        lambda::wire::answer(&request_id, &outcome)
    }

    async fn run(
        &self,
        underway: Underway<'_>,
        request_id: String,
        payload: Value,
        way: Way,
        due: Option<Due>,
    ) -> Result<Value, FunctionFailure> {
        let function = underway.function;
        let (begun, began) = {
            let mut state = self.state();
            let now = state.now();
            state.faults.begin_invocation(function);
            (
                state.lambda.begin(function, &request_id, &payload, now),
                now,
            )
        };
        let outcome = match begun {
            Some(Begun {
                answer,
                timeout,
                killed,
            }) => tokio::select! {
                biased;
                () = killed => {
                    let message = format!("RequestId: {request_id} Error: Runtime exited with error: signal: killed");
                    Err(FunctionFailure::of_runtime("Runtime.ExitError", message))
                }
                answer = tokio::time::timeout(timeout, answer) => answer.unwrap_or_else(|_| {
                    let message = format!(
                        "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
                        timeout.as_secs_f64()
                    );
                    Err(FunctionFailure::of_runtime("Sandbox.Timedout", message))
                }),
            },
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
        drop(state);
        drop(underway);
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
        let underway = Underway::begin(self, function);
        self.run(underway, request_id, payload, Way::Synchronous, None)
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
                Underway::begin(self, &due.function),
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

    /// Moves the clock, and runs what becomes due. While a function waits, the clock goes on with
    /// tokio's, which in a test may be a virtual one; a function that waits for nothing takes no time.
    pub async fn advance(&self, by: SignedDuration) {
        let target = self.now().checked_add(by).unwrap_or(Timestamp::MAX);
        loop {
            let due = self.step_until(target);
            if due.is_empty() {
                return;
            }
            self.run_all(due).await;
        }
    }

    /// Runs invocations, and those that become due meanwhile, until all have ended.
    async fn run_all(&self, due: Vec<Due>) {
        let run = |due: Due| self.run_due(due);
        let mut running: FuturesUnordered<_> = due.into_iter().map(run).collect();
        let mut last = tokio::time::Instant::now();
        while !running.is_empty() {
            tokio::select! {
                biased;
                _ = running.next() => {}
                () = tokio::time::sleep(BEAT) => {
                    let passed = SignedDuration::try_from(last.elapsed()).unwrap_or_default();
                    last = tokio::time::Instant::now();
                    let now = self.now();
                    let later = self.step_until(now.checked_add(passed).unwrap_or(now));
                    running.extend(later.into_iter().map(run));
                }
            }
        }
    }
}

/// An invocation under way. It counts as long as this lives, however it ends.
struct Underway<'a> {
    region: &'a Region,
    function: &'a str,
}

impl<'a> Underway<'a> {
    fn begin(region: &'a Region, function: &'a str) -> Self {
        region.state().lambda.enter(function);
        Self { region, function }
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.region.state().lambda.leave(self.function);
    }
}

/// What became of a call at the door.
enum Admitted {
    /// It never arrived.
    Lost,
    /// It is answered; `None` where the caller never is.
    Done(Option<MockResponse>),
    /// A function has to run first, and this goes wrong with its answer.
    Invocation { fault: Option<FaultKind> },
}

/// The answer of a service that shows what was, if it is one that can.
fn answer_from_past(
    mut past: Moment,
    service: Service,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> Option<MockResponse> {
    match service {
        Service::ArcZonalShift => Some(arc::wire::perform(&mut past.arc, operation, request, now)),
        Service::AutoScaling => Some(autoscaling::wire::perform(
            &mut past.auto_scaling,
            operation,
            request,
            now,
        )),
        Service::CloudWatch
        | Service::CloudWatchLogs
        | Service::ElasticLoadBalancing
        | Service::EventBridge
        | Service::Lambda
        | Service::Ec2
        | Service::Iam
        | Service::Sns
        | Service::Sqs => None,
    }
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
        Service::CloudWatchLogs => logs::wire::identify(request),
        Service::Ec2 | Service::Iam | Service::Sqs => around::identify(service, request),
        Service::ElasticLoadBalancing => elb::wire::identify(request),
        Service::EventBridge => eventbridge::wire::identify(request),
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
        Service::Ec2 | Service::Iam | Service::Sqs => around::refuse(service, error),
        Service::ElasticLoadBalancing => elb::wire::refuse(error),
        Service::CloudWatchLogs | Service::EventBridge => crate::wire::json_error(error),
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
        Service::AutoScaling
        | Service::Ec2
        | Service::ElasticLoadBalancing
        | Service::Iam
        | Service::Sns => (400, "InvalidAction"),
        Service::ArcZonalShift
        | Service::CloudWatch
        | Service::CloudWatchLogs
        | Service::EventBridge
        | Service::Lambda
        | Service::Sqs => (404, "UnknownOperationException"),
    };
    ServiceError::new(
        status,
        code,
        format!("the embedded Region has no such operation of {service}"),
    )
}

#[cfg(test)]
mod tests;
