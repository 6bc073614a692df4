//! The gateway on a port.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use leadline::BoxError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::running::{Running, stopped};
use crate::gateway::Gateway;

/// Most bytes read of a body. The gateway refuses far shorter ones; reading on lets the client hear why.
const READ: usize = 64 * 1024 * 1024;

/// Serves the gateway on a port.
pub(super) fn serve(listener: TcpListener, gateway: Arc<Gateway>) -> Running {
    Running::start(|stop| run(listener, gateway, stop))
}

async fn run(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    stop: oneshot::Receiver<()>,
) -> Result<(), BoxError> {
    let router = Router::new().fallback(answer).with_state(gateway);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopped(stop)).await?;
    Ok(())
}

async fn answer(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, READ).await {
        Ok(body) => gateway.handle(http::Request::from_parts(parts, body), peer.ip()).await.map(Body::from),
        Err(_) => too_long(),
    }
}

fn too_long() -> Response {
    let mut response = Response::new(Body::from(r#"{"message":"Request Too Long"}"#));
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
