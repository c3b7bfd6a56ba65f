//! A function as a process behind Lambda's Runtime API, with the moment of each of its steps.
//!
//! The process is there before it counts: a shell waits for a word and then becomes the program, so that
//! a control group can take it first and no start of a shell is measured. What is measured begins with
//! the word, which is followed by `execve` alone.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use region::lambda::{FunctionFailure, Invoked};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::quota::Quota;

/// Longer than any function here takes at the smallest share.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(120);
/// Lines of a process that are kept, to tell why it failed.
const KEPT_LINES: usize = 20;
/// The path of the Runtime API's version.
const API: &str = "/2018-06-01/runtime/";

/// What is run.
#[derive(Debug, Clone)]
pub struct Program {
    /// The function's name.
    pub name: String,
    /// The executable, and its arguments.
    pub command: Vec<OsString>,
    /// Its environment variables, without those that Lambda sets.
    pub variables: BTreeMap<String, String>,
}

/// What share of a processor a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// A whole one.
    Whole,
    /// That of so many MB, from the beginning on: stricter than Lambda.
    FromStart(u32),
    /// A whole one until it asks for its first event, then that of so many MB: what Lambda does.
    FromFirstEvent(u32),
}

/// A process that waits for events.
#[derive(Debug)]
pub struct Process {
    child: Child,
    process: u32,
    /// When it began.
    pub began: Instant,
    /// When it asked for its first event.
    pub ready: Instant,
    work: mpsc::Sender<Work>,
    server: JoinHandle<()>,
    lines: Lines,
    // The last, so that the process has ended when it is removed.
    _quota: Option<Quota>,
}

/// One event, handled.
#[derive(Debug)]
pub struct Handled {
    /// When the process had asked for it and got it.
    pub given: Instant,
    /// When its answer was there.
    pub answered: Instant,
    /// The answer.
    pub answer: Result<Value, FunctionFailure>,
}

/// What the process answered, and when.
type Reply = (Instant, Result<Value, FunctionFailure>);

struct Work {
    invoked: Invoked,
    given: oneshot::Sender<Instant>,
    reply: oneshot::Sender<Reply>,
}

impl Process {
    /// Starts a program, and waits until it asks for its first event.
    ///
    /// # Errors
    /// Where it cannot be started or ends before that, with its last lines; where there is no quota.
    pub async fn start(program: &Program, share: Share) -> anyhow::Result<Self> {
        let quota = match share {
            Share::Whole => None,
            Share::FromStart(megabytes) | Share::FromFirstEvent(megabytes) => {
                Some(Quota::of(megabytes)?)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (work, waiting) = mpsc::channel(1);
        let (asked, first) = oneshot::channel();
        let api = Arc::new(Api {
            waiting: tokio::sync::Mutex::new(waiting),
            first: Mutex::new(Some(asked)),
            current: Mutex::new(None),
        });
        let server = tokio::spawn(serve(listener, api));
        let mut child = Command::new("/bin/sh")
            .args(["-c", "read -r go; exec \"$@\" < /dev/null", "sh"])
            .args(&program.command)
            .env_clear()
            .envs(&program.variables)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &program.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let lines = Lines::default();
        lines.keep(child.stdout.take());
        lines.keep(child.stderr.take());
        let process = child.id().context("the process ended at once")?;
        if let (Some(quota), Share::FromStart(_)) = (&quota, share) {
            quota.take(process)?;
        }
        let mut go = child.stdin.take().context("the process has no input")?;
        let began = Instant::now();
        go.write_all(b"go\n").await?;
        drop(go);
        let ready = tokio::select! {
            biased;
            ready = first => ready.context("the Runtime API ended")?,
            status = child.wait() => {
                bail!("{} ended before it was ready: {}\n{}", program.name, status?, lines.text());
            }
            () = tokio::time::sleep(GIVEN_UP_AFTER) => {
                bail!("{} was not ready in {GIVEN_UP_AFTER:?}\n{}", program.name, lines.text());
            }
        };
        if let (Some(quota), Share::FromFirstEvent(_)) = (&quota, share) {
            quota.take(process)?;
        }
        Ok(Self {
            child,
            process,
            began,
            ready,
            work,
            server,
            lines,
            _quota: quota,
        })
    }

    /// Gives it an event, and waits for the answer.
    ///
    /// # Errors
    /// Where it ends instead, with its last lines.
    pub async fn invoke(&mut self, invoked: Invoked) -> anyhow::Result<Handled> {
        let (given, was_given) = oneshot::channel();
        let (reply, replied) = oneshot::channel();
        let work = Work {
            invoked,
            given,
            reply,
        };
        self.work.send(work).await?;
        let (answered, answer) = tokio::select! {
            biased;
            replied = replied => replied.context("the Runtime API ended")?,
            status = self.child.wait() => {
                bail!("the process ended: {}\n{}", status?, self.lines.text());
            }
            () = tokio::time::sleep(GIVEN_UP_AFTER) => {
                bail!("no answer in {GIVEN_UP_AFTER:?}\n{}", self.lines.text());
            }
        };
        Ok(Handled {
            given: was_given.await?,
            answered,
            answer,
        })
    }

    /// The most memory that it has had at a time so far, in bytes.
    ///
    /// # Errors
    /// Where the process is gone.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.process);
        let status = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next());
        let kilobytes: u64 = kilobytes
            .with_context(|| format!("{path}: no VmHWM"))?
            .parse()?;
        Ok(kilobytes * 1024)
    }

    /// Ends it, and waits until it is gone.
    ///
    /// # Errors
    /// Where it cannot be ended.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The last lines that a process printed.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<VecDeque<String>>>);

impl Lines {
    fn keep(&self, output: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let Some(output) = output else { return };
        let kept = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT_LINES {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|line| format!("  {line}\n")).collect()
    }
}

/// The Runtime API of one process.
struct Api {
    waiting: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    first: Mutex<Option<oneshot::Sender<Instant>>>,
    current: Mutex<Option<oneshot::Sender<Reply>>>,
}

async fn serve(listener: TcpListener, api: Arc<Api>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let api = Arc::clone(&api);
        let service = service_fn(move |request| {
            let api = Arc::clone(&api);
            async move { Ok::<_, std::convert::Infallible>(api.handle(request).await) }
        });
        tokio::spawn(async move {
            // A process that ends closes its connection, which is no error.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Api {
    async fn handle(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let arrived = Instant::now();
        let path = request.uri().path().to_owned();
        let rest = path.strip_prefix(API).unwrap_or_default();
        let parts: Vec<&str> = rest.split('/').collect();
        match (request.method(), &parts[..]) {
            (&Method::GET, ["invocation", "next"]) => self.next(arrived).await,
            (&Method::POST, ["invocation", _, "response"]) => self.reply(request, Ok).await,
            (&Method::POST, ["invocation", _, "error"]) => {
                self.reply(request, |error| Err(failure(&error))).await
            }
            _ => status(StatusCode::ACCEPTED),
        }
    }

    async fn next(&self, arrived: Instant) -> Response<Full<Bytes>> {
        let first = lock(&self.first).take();
        if let Some(first) = first {
            let _ = first.send(arrived);
        }
        let Some(work) = self.waiting.lock().await.recv().await else {
            return status(StatusCode::GONE);
        };
        let context = json!({"custom": {"evac-now": work.invoked.now.to_string()}});
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &work.invoked.request_id)
            .header(
                "lambda-runtime-deadline-ms",
                deadline_ms(work.invoked.remaining).to_string(),
            )
            .header(
                "lambda-runtime-invoked-function-arn",
                &work.invoked.function_arn,
            )
            .header("lambda-runtime-client-context", context.to_string())
            .body(Full::new(Bytes::from(work.invoked.payload.to_string())));
        *lock(&self.current) = Some(work.reply);
        let _ = work.given.send(Instant::now());
        response.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
    }

    async fn reply(
        &self,
        request: Request<Incoming>,
        as_reply: impl FnOnce(Value) -> Result<Value, FunctionFailure>,
    ) -> Response<Full<Bytes>> {
        let body = request.into_body().collect().await;
        let answered = Instant::now();
        let value = body
            .ok()
            .and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
        if let (Some(value), Some(current)) = (value, lock(&self.current).take()) {
            let _ = current.send((answered, as_reply(value)));
        }
        status(StatusCode::ACCEPTED)
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failure(error: &Value) -> FunctionFailure {
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    FunctionFailure {
        error_type: text("errorType"),
        error_message: text("errorMessage"),
    }
}

fn deadline_ms(remaining: Duration) -> u128 {
    (SystemTime::now() + remaining)
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    *response.status_mut() = status;
    response
}
