//! Servers in tasks, on ports of this machine only, each with the switch that ends it.

use std::io;
use std::net::Ipv4Addr;

use leadline::BoxError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that runs.
#[derive(Debug)]
pub(super) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), BoxError>>,
}

impl Running {
    /// Starts a server that ends when what it is given resolves.
    pub(super) fn start<F, S>(serve: F) -> Self
    where
        F: FnOnce(oneshot::Receiver<()>) -> S,
        S: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(serve(stopped)) }
    }

    /// Ends it: no new connections, requests in flight are answered.
    pub(super) async fn stop(self) -> Result<(), BoxError> {
        // A server that has ended by itself is told by the task.
        let _ = self.stop.send(());
        self.task.await?
    }
}

/// Resolves when the switch is thrown or gone.
pub(super) async fn stopped(stop: oneshot::Receiver<()>) {
    let _ = stop.await;
}

/// Listens at the port that is wanted, else at any.
pub(super) async fn listen(wanted: Option<u16>) -> io::Result<TcpListener> {
    if let Some(port) = wanted
        && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// The address of a listener as clients write it.
pub(super) fn url(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}
