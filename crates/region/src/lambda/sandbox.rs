//! Real executables as functions: child processes behind Lambda's Runtime API.
//!
//! An execution environment is one process that asks for its next invocation over HTTP, as in AWS,
//! with the variables that Lambda sets and no others. It serves one invocation at a time and is kept
//! for the next one; when all are busy, another is started. A process that dies ends its invocation
//! with the error that Lambda reports then.
//!
//! Source: Lambda developer guide, "Using the Lambda runtime API".

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

use super::{FunctionFailure, Handler, Invoked};
use crate::region::Region;
use crate::transport::http::accept::accept_all;

/// The key in the client context that tells a function the Region's time; see the functions' own
/// runtime.
const EMBEDDED_NOW: &str = "evac-now";

/// Connections of one process at once; a runtime needs one or two.
const CONNECTIONS: usize = 16;

/// The path of the Runtime API's version.
const API: &str = "/2018-06-01/runtime/";

/// An executable as a function.
#[derive(Debug, Clone)]
pub struct Executable {
    /// The function's name.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// The function's own environment variables.
    pub variables: BTreeMap<String, String>,
    /// Where its lines go: the name of the function, and the line.
    pub log: LogSink,
}

/// Takes what functions print.
#[derive(Clone)]
pub struct LogSink(Arc<Sink>);

type Sink = dyn Fn(&str, &str) + Send + Sync;

impl LogSink {
    /// A sink that calls this.
    pub fn new(sink: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// A sink that fills the functions' log groups in the Region, has CloudWatch make metrics of what is in
    /// the embedded format, and calls this as well. It keeps no
    /// Region alive: the functions belong to it.
    pub fn into(region: &Arc<Region>, sink: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        let region = Arc::downgrade(region);
        Self::new(move |function, line| {
            if let Some(region) = region.upgrade() {
                let mut state = region.state();
                let now = state.now();
                state.logs.write(function, line, now);
                state.take_printed(line);
            }
            sink(function, line);
        })
    }
}

impl std::fmt::Debug for LogSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogSink")
    }
}

impl Executable {
    /// What runs when the function is invoked.
    #[must_use]
    pub fn handler(self) -> Handler {
        let pool = Arc::new(Pool {
            executable: self,
            idle: Mutex::new(Vec::new()),
        });
        Arc::new(move |invoked| {
            let pool = Arc::clone(&pool);
            Box::pin(async move { pool.run(invoked).await })
        })
    }
}

/// The execution environments of one function.
struct Pool {
    executable: Executable,
    idle: Mutex<Vec<Environment>>,
}

impl Pool {
    async fn run(&self, invoked: Invoked) -> Result<Value, FunctionFailure> {
        let mut environment = match self.take_idle() {
            Some(environment) => environment,
            None => Environment::start(&self.executable).await?,
        };
        // An environment that failed is not kept: its process may be dead or stuck.
        let outcome = environment.run(invoked).await?;
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(environment);
        }
        outcome
    }

    /// An environment that waits for work and whose process still runs.
    fn take_idle(&self) -> Option<Environment> {
        let mut idle = self.idle.lock().ok()?;
        while let Some(mut environment) = idle.pop() {
            if matches!(environment.child.try_wait(), Ok(None)) {
                return Some(environment);
            }
        }
        None
    }
}

/// What the process answered to one invocation.
type Reply = Result<Value, FunctionFailure>;

/// An invocation on its way to the process.
struct Work {
    invoked: Invoked,
    deadline_ms: u128,
    reply: oneshot::Sender<Reply>,
}

/// One process and the API that it talks to.
struct Environment {
    child: Child,
    work: mpsc::Sender<Work>,
    api: Arc<Api>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Environment {
    async fn start(executable: &Executable) -> Result<Self, FunctionFailure> {
        let broken = |error: &dyn std::fmt::Display| {
            FunctionFailure::of_runtime(
                "Runtime.InvalidEntrypoint",
                format!("{}: {error}", executable.path.display()),
            )
        };
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| broken(&error))?;
        let address = listener.local_addr().map_err(|error| broken(&error))?;
        let (work, waiting) = mpsc::channel(1);
        let api = Arc::new(Api::new(waiting));
        let served = Arc::clone(&api);
        let server = tokio::spawn(accept_all(listener, CONNECTIONS, move |stream| {
            serve(stream, Arc::clone(&served))
        }));
        let mut child = Command::new(&executable.path)
            .env_clear()
            .envs(&executable.variables)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &executable.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env(
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", executable.name),
            )
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "embedded")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| broken(&error))?;
        collect(child.stdout.take(), executable);
        collect(child.stderr.take(), executable);
        Ok(Self {
            child,
            work,
            api,
            server,
        })
    }

    /// Runs one invocation; an error where the environment cannot be used again. Whoever waits limits
    /// the time: when this is dropped, the process is killed, as Lambda does.
    async fn run(&mut self, invoked: Invoked) -> Result<Reply, FunctionFailure> {
        let (reply, answer) = oneshot::channel();
        let request_id = invoked.request_id.clone();
        let deadline_ms = deadline_ms(invoked.remaining);
        let exited = |status: String| {
            FunctionFailure::of_runtime(
                "Runtime.ExitError",
                format!("RequestId: {request_id} Error: Runtime exited with error: {status}"),
            )
        };
        if self
            .work
            .send(Work {
                invoked,
                deadline_ms,
                reply,
            })
            .await
            .is_err()
        {
            return Err(exited("no runtime API".to_owned()));
        }
        tokio::select! {
            // An answer counts, even of a process that ends right after it.
            biased;
            answer = answer => answer.map_err(|_| exited("no answer".to_owned())),
            status = self.child.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(self.api.init_failure().unwrap_or_else(|| exited(status)))
            }
        }
    }
}

/// When an invocation has to be over, in milliseconds of the wall clock: the process has no other.
#[allow(
    clippy::disallowed_methods,
    reason = "a process outside of the Region knows the wall clock only"
)]
fn deadline_ms(remaining: Duration) -> u128 {
    (SystemTime::now() + remaining)
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_millis()
}

fn collect(output: Option<impl AsyncRead + Unpin + Send + 'static>, executable: &Executable) {
    let Some(output) = output else { return };
    let log = executable.log.clone();
    let name = executable.name.clone();
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            (log.0)(&name, &line);
        }
    });
}

/// The Runtime API of one process.
struct Api {
    waiting: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    current: Mutex<Option<(String, oneshot::Sender<Reply>)>>,
    init_failure: Mutex<Option<FunctionFailure>>,
}

impl Api {
    fn new(waiting: mpsc::Receiver<Work>) -> Self {
        Self {
            waiting: tokio::sync::Mutex::new(waiting),
            current: Mutex::new(None),
            init_failure: Mutex::new(None),
        }
    }

    /// What the process said of its failure before it took any work.
    fn init_failure(&self) -> Option<FunctionFailure> {
        self.init_failure.lock().ok()?.take()
    }

    async fn handle(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let parts: Vec<&str> = path
            .strip_prefix(API)
            .unwrap_or_default()
            .split('/')
            .collect();
        match (request.method(), &parts[..]) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => {
                let id = (*id).to_owned();
                self.reply(&id, read(request).await.map(Ok))
                    .unwrap_or_else(|| status(StatusCode::BAD_REQUEST))
            }
            (&Method::POST, ["invocation", id, "error"]) => {
                let id = (*id).to_owned();
                self.reply(&id, read(request).await.map(|error| Err(failure(&error))))
                    .unwrap_or_else(|| status(StatusCode::BAD_REQUEST))
            }
            (&Method::POST, ["init", "error"]) => {
                let told = read(request).await.map(|error| failure(&error));
                if let Ok(mut kept) = self.init_failure.lock() {
                    *kept = told;
                }
                status(StatusCode::ACCEPTED)
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    /// Waits for the next invocation, as long as it takes.
    async fn next(&self) -> Response<Full<Bytes>> {
        let Some(work) = self.waiting.lock().await.recv().await else {
            return status(StatusCode::GONE);
        };
        let context = json!({"custom": {EMBEDDED_NOW: work.invoked.now.to_string()}});
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &work.invoked.request_id)
            .header("lambda-runtime-deadline-ms", work.deadline_ms.to_string())
            .header(
                "lambda-runtime-invoked-function-arn",
                &work.invoked.function_arn,
            )
            .header("lambda-runtime-client-context", context.to_string())
            .body(Full::new(Bytes::from(work.invoked.payload.to_string())));
        if let Ok(mut current) = self.current.lock() {
            *current = Some((work.invoked.request_id, work.reply));
        }
        response.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
    }

    /// Takes the reply to the current invocation; `None` where it is to another one, or no JSON.
    fn reply(&self, id: &str, reply: Option<Reply>) -> Option<Response<Full<Bytes>>> {
        let mut current = self.current.lock().ok()?;
        let (_, sender) = current.take_if(|(current, _)| current == id)?;
        // The invocation may have timed out meanwhile; then nobody waits for the reply.
        let _ = sender.send(reply?);
        Some(status(StatusCode::ACCEPTED))
    }
}

async fn read(request: Request<Incoming>) -> Option<Value> {
    let body = request.into_body().collect().await.ok()?.to_bytes();
    serde_json::from_slice(&body).ok()
}

fn failure(error: &Value) -> FunctionFailure {
    let text = |field: &str| {
        error
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    FunctionFailure {
        error_type: text("errorType"),
        error_message: text("errorMessage"),
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    *response.status_mut() = status;
    response
}

/// Serves one connection of a process.
async fn serve(stream: TcpStream, api: Arc<Api>) {
    let service = service_fn(move |request| {
        let api = Arc::clone(&api);
        async move { Ok::<_, std::convert::Infallible>(api.handle(request).await) }
    });
    // A process that ends closes its connection; that is no error of the Region.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
