//! Accepting connections, whatever happens.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long accepting rests after an error. Too many open files is not mended by asking again at
/// once, and the error comes back at once.
const REST: Duration = Duration::from_millis(50);

/// Where connections come from.
pub(crate) trait Source {
    /// A connection.
    type Connection: Send + 'static;

    /// The next connection.
    fn next(&self) -> impl Future<Output = io::Result<Self::Connection>> + Send;
}

impl Source for TcpListener {
    type Connection = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

/// Serves connections, so many at once, without end. Dropped, it ends them all.
pub(crate) async fn accept_all<S, F>(source: S, at_once: usize, serve: impl Fn(S::Connection) -> F)
where
    S: Source,
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(at_once));
    let mut served = JoinSet::new();
    loop {
        while served.try_join_next().is_some() {}
        // Nobody closes the semaphore.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match source.next().await {
            Ok(connection) => {
                let serving = serve(connection);
                served.spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            // A client that hung up while it waited makes room by that.
            Err(error) if is_of_the_client(&error) => {}
            Err(_) => tokio::time::sleep(REST).await,
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers with these errors one after the other, then with connections without end.
    struct Failing {
        errors: Mutex<Vec<io::Error>>,
        asked: Arc<AtomicUsize>,
    }

    impl Source for Failing {
        type Connection = ();

        async fn next(&self) -> io::Result<()> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match self.errors.lock().unwrap().pop() {
                Some(error) => Err(error),
                None => Ok(()),
            }
        }
    }

    fn failing(errors: impl IntoIterator<Item = io::Error>) -> (Failing, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let source = Failing {
            errors: Mutex::new(errors.into_iter().collect()),
            asked: Arc::clone(&asked),
        };
        (source, asked)
    }

    /// Too many open files, as Linux says it.
    fn too_many_files() -> io::Error {
        io::Error::from_raw_os_error(24)
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_of_the_system_makes_it_rest_and_go_on() {
        let (source, asked) = failing((0..1000).map(|_| too_many_files()));
        let accepting = accept_all(source, 1, |()| std::future::pending());
        // The clock is paused: it jumps from rest to rest.
        let rests = 20;
        tokio::time::timeout(REST * rests, accepting)
            .await
            .unwrap_err();
        let asked = asked.load(Ordering::Relaxed);
        assert!((20..=21).contains(&asked), "asked {asked} times");
    }

    #[tokio::test(start_paused = true)]
    async fn it_serves_again_once_the_errors_are_over() {
        let (source, _) = failing([too_many_files(), io::ErrorKind::ConnectionAborted.into()]);
        let (served, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let accepting = accept_all(source, 2, move |()| {
            let _ = served.send(());
            std::future::pending()
        });
        let first_two = async {
            assert_eq!(seen.recv().await, Some(()));
            assert_eq!(seen.recv().await, Some(()));
        };
        tokio::select! {
            () = accepting => unreachable!("it has no end"),
            () = first_two => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_served_at_once_than_there_are_places() {
        let (source, asked) = failing([]);
        let accepting = accept_all(source, 3, |()| std::future::pending());
        tokio::time::timeout(REST, accepting).await.unwrap_err();
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }
}
