//! The gateway on a port.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::header::EXPECT;
use leadline::BoxError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::running::{Running, stopped};
use crate::gateway::{BadBody, Gateway, MAX_BODY};

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
    let answer = match read(&parts.headers, body).await {
        Ok(body) => gateway.handle(http::Request::from_parts(parts, body), peer.ip()).await,
        Err(bad) => Gateway::refuse(bad),
    };
    answer.map(Body::from)
}

/// The body, if the gateway takes it. Of one that is too long nothing is kept, and nothing is read if it says so itself
/// and waits to be asked for.
async fn read(headers: &HeaderMap, mut body: Body) -> Result<Bytes, BadBody> {
    let mut fits = body.size_hint().lower() <= MAX_BODY as u64;
    if !fits && headers.contains_key(EXPECT) {
        return Err(BadBody::TooLong);
    }
    let mut kept: Vec<u8> = Vec::new();
    let mut length = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| BadBody::Broken)?.into_data() else { continue };
        length += data.len();
        fits &= length <= MAX_BODY;
        if fits {
            kept.extend_from_slice(&data);
        } else {
            kept = Vec::new();
        }
        if length > READ {
            break;
        }
    }
    if fits { Ok(kept.into()) } else { Err(BadBody::TooLong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_of_the_gateway() {
        let none = HeaderMap::new();

        let most = read(&none, Body::from(vec![b'x'; MAX_BODY])).await;
        let over = read(&none, Body::from(vec![b'x'; MAX_BODY + 1])).await;

        assert_eq!(most.map(|body| body.len()), Ok(MAX_BODY));
        assert_eq!(over, Err(BadBody::TooLong));
        assert_eq!(read(&none, Body::empty()).await, Ok(Bytes::new()));
    }
}
