//! The bucket: s3s over a folder, on a port.

use std::fs;
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use leadline::BoxError;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::dev_json::{ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY};
use super::running::Running;

/// Serves the buckets below this folder; makes ours if it is not there.
pub(super) fn serve(listener: TcpListener, root: &Path) -> Result<Running, BoxError> {
    fs::create_dir_all(root.join(BUCKET))?;
    let files = FileSystem::new(root).map_err(|error| format!("the bucket cannot be opened: {error:?}"))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
    let service = builder.build();
    Ok(Running::start(|stop| accept(listener, service, stop)))
}

async fn accept(
    listener: TcpListener,
    service: S3Service,
    mut stop: oneshot::Receiver<()>,
) -> Result<(), BoxError> {
    let server = auto::Builder::new(TokioExecutor::new());
    let connections = GracefulShutdown::new();
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    tracing::warn!(%error, "a connection to the bucket failed");
                    continue;
                }
            },
            _ = &mut stop => break,
        };
        let connection = server.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the bucket broke off");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
    Ok(())
}
