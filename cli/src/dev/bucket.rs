//! The bucket on a port.

use std::path::Path;

use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::response::Response;
use leadline::{BoxError, Files, aws};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::dev_json::{ACCESS_KEY_ID, BUCKET, REGION, SECRET_ACCESS_KEY};
use super::running::{Running, stopped};
use crate::bucket::{Body, Bucket};
use crate::events::Queue;
use crate::template::Template;

/// Opens our bucket below this folder; makes it if it is not there. Events that no function has handled yet wait in
/// its queue.
pub(super) async fn open(home: &Path, template: &Template) -> Result<Bucket, BoxError> {
    let queue = Queue::open(&home.join("s3-events"), template)?;
    let bucket = Bucket::open(&home.join("s3"), BUCKET, (ACCESS_KEY_ID, SECRET_ACCESS_KEY), queue)?;
    bucket.recover().await?;
    Ok(bucket)
}

/// Serves a bucket on a port.
pub(super) fn serve(listener: TcpListener, bucket: Bucket) -> Running {
    Running::start(|stop| run(listener, bucket, stop))
}

async fn run(listener: TcpListener, bucket: Bucket, stop: oneshot::Receiver<()>) -> Result<(), BoxError> {
    axum::serve(listener, answer.with_state(bucket)).with_graceful_shutdown(stopped(stop)).await?;
    Ok(())
}

async fn answer(State(bucket): State<Bucket>, request: Request) -> Response {
    bucket.call(request.map(Body::http_body_unsync)).await.map(axum::body::Body::new)
}

/// The files in our bucket at this address.
pub(super) fn files(address: &str) -> Files {
    let config = aws::local_config(address, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY);
    Files::new(aws::bucket_client(&config), BUCKET)
}
