//! The embedded Region behind TLS, with the moment of each call that arrives.
//!
//! The certificate is signed by an authority of the benchmark's own, made by `openssl` for one run. Its
//! root stands in a bundle behind the roots of the system, so that what reading a real bundle costs is in
//! the figures, for everybody alike.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use region::region::Region;
use region::transport::in_process;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where the system keeps its roots in one file.
const SYSTEM_ROOTS: [&str; 2] = [
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-certificates.crt",
];

/// What the canary is sent to.
pub const HEALTH: &str = "/health";

/// A call that arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When all of it was there.
    pub at: Instant,
    /// The method and the path.
    pub what: String,
    /// Whether it was signed; what is sent to open a connection is not.
    pub signed: bool,
}

/// The Region's door with TLS.
#[derive(Debug)]
pub struct Front {
    /// `https://127.0.0.1:<port>`.
    pub endpoint: String,
    /// The file with the roots to trust.
    pub roots: PathBuf,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    region: Mutex<Arc<Region>>,
    arrivals: Mutex<Vec<Arrival>>,
    latency_us: AtomicU64,
    /// How long calls were delayed in all, in microseconds, and how many.
    delayed: Mutex<(f64, f64)>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Front {
    /// Listens on a free port, with certificates made in this directory.
    ///
    /// # Errors
    /// Where no certificate can be made, or nothing listened on.
    pub async fn open(region: &Arc<Region>, directory: &Path) -> anyhow::Result<Self> {
        let certificates = Certificates::make(directory)?;
        let acceptor = TlsAcceptor::from(Arc::new(certificates.server()?));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("https://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            region: Mutex::new(Arc::clone(region)),
            arrivals: Mutex::default(),
            latency_us: AtomicU64::new(0),
            delayed: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&served));
                tokio::spawn(async move { serve(stream, &acceptor, shared).await });
            }
        });
        Ok(Self {
            endpoint,
            roots: certificates.roots,
            shared,
            server,
        })
    }

    /// Answers for this Region from now on, and forgets what arrived before.
    pub fn change(&self, region: &Arc<Region>) {
        *lock(&self.shared.region) = Arc::clone(region);
        lock(&self.shared.arrivals).clear();
    }

    /// Delays each call by so much before it counts as arrived: the way to a real Region.
    pub fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.shared.latency_us.store(micros, Ordering::Relaxed);
    }

    /// How long a call was really delayed on average, in milliseconds: a timer comes late.
    #[must_use]
    pub fn delay(&self) -> f64 {
        let (micros, calls) = *lock(&self.shared.delayed);
        micros / calls.max(1.0) / 1000.0
    }

    /// The first call of this kind.
    #[must_use]
    pub fn first(&self, wanted: impl Fn(&Arrival) -> bool) -> Option<Arrival> {
        lock(&self.shared.arrivals)
            .iter()
            .find(|arrival| wanted(arrival))
            .cloned()
    }
}

impl Arrival {
    /// Whether it is the start of a zonal shift.
    #[must_use]
    pub fn starts_shift(&self) -> bool {
        self.signed && self.what == "POST /zonalshifts"
    }
}

async fn serve(stream: TcpStream, acceptor: &TlsAcceptor, shared: Arc<Shared>) {
    // A client that goes away is no error.
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(shared.answer(request).await) }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.handle(request)
            .await
            .unwrap_or_else(|_| plain(StatusCode::BAD_GATEWAY))
    }

    async fn handle(&self, request: Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let latency = self.latency_us.load(Ordering::Relaxed);
        if latency > 0 {
            let began = Instant::now();
            tokio::time::sleep(Duration::from_micros(latency)).await;
            let mut delayed = lock(&self.delayed);
            delayed.0 += began.elapsed().as_secs_f64() * 1e6;
            delayed.1 += 1.0;
        }
        let signed = parts.headers.contains_key(http::header::AUTHORIZATION);
        lock(&self.arrivals).push(Arrival {
            at: Instant::now(),
            what: format!("{} {}", parts.method, parts.uri.path()),
            signed,
        });
        if !signed {
            return Ok(plain(match parts.uri.path() {
                HEALTH => StatusCode::OK,
                _ => StatusCode::FORBIDDEN,
            }));
        }
        let mut call = HttpRequest::new(SdkBody::from(body.to_vec()));
        call.set_method(parts.method.as_str())?;
        call.set_uri(parts.uri.to_string())?;
        for (name, value) in &parts.headers {
            call.headers_mut()
                .append(name.as_str().to_owned(), value.to_str()?.to_owned());
        }
        let region = Arc::clone(&lock(&self.region));
        let answer = in_process::send(&region, &call).await?;
        let mut response = Response::builder().status(answer.status().as_u16());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let bytes = answer
            .body()
            .bytes()
            .map(Bytes::copy_from_slice)
            .unwrap_or_default();
        Ok(response.body(Full::new(bytes))?)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// An authority, and a certificate for loopback that it signed.
struct Certificates {
    directory: PathBuf,
    /// The system's roots and the authority.
    roots: PathBuf,
}

impl Certificates {
    fn make(directory: &Path) -> anyhow::Result<Self> {
        let curve = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ];
        let authority = [
            "-x509",
            "-days",
            "2",
            "-subj",
            "/CN=benchmark",
            "-keyout",
            "authority.key",
        ];
        openssl(
            directory,
            &[
                &["req"],
                &curve[..],
                &authority[..],
                &["-out", "authority.pem"],
            ]
            .concat(),
        )?;
        openssl(
            directory,
            &[
                &["req"],
                &curve[..],
                &[
                    "-subj",
                    "/CN=region",
                    "-keyout",
                    "region.key",
                    "-out",
                    "region.csr",
                ],
            ]
            .concat(),
        )?;
        let extensions = "subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
        std::fs::write(directory.join("region.ext"), extensions)?;
        openssl(
            directory,
            &[
                "x509",
                "-req",
                "-in",
                "region.csr",
                "-days",
                "2",
                "-CA",
                "authority.pem",
                "-CAkey",
                "authority.key",
                "-CAcreateserial",
                "-extfile",
                "region.ext",
                "-out",
                "region.pem",
            ],
        )?;
        let mut bundle = SYSTEM_ROOTS
            .iter()
            .find_map(|path| std::fs::read(path).ok())
            .unwrap_or_default();
        bundle.extend(std::fs::read(directory.join("authority.pem"))?);
        let roots = directory.join("roots.pem");
        std::fs::write(&roots, bundle)?;
        Ok(Self {
            directory: directory.to_owned(),
            roots,
        })
    }

    fn server(&self) -> anyhow::Result<ServerConfig> {
        let chain = CertificateDer::pem_file_iter(self.directory.join("region.pem"))?
            .collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(self.directory.join("region.key"))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn openssl(directory: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .output()
        .context("openssl cannot be run; install it, it makes the certificates of the benchmark")?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("openssl {}: {told}", arguments.join(" "));
    }
    Ok(())
}
