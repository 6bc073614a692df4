//! The local stack's bucket on a port: it counts what is fetched, and what is put where the import function listens
//! becomes an event.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::ETAG;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use leadctl::bucket::{Body, Bucket as Service};
use leadctl::events::Queue;
use leadctl::template::Template;
use tokio::runtime::Handle;

use super::events::Events;
use super::http::Parts;
use super::{ACCESS_KEY, BUCKET, Result, SECRET_KEY};

/// What passed between functions and bucket.
#[derive(Debug, Clone, Copy, Default)]
pub struct Objects {
    pub gets: u32,
    /// Puts and all else that is not a get.
    pub puts: u32,
    /// What was answered to gets.
    pub bytes: u64,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Bucket {
    service: Service,
    runtime: Handle,
    objects: Arc<Mutex<Objects>>,
    imports: Events,
    folds: Events,
}

impl Bucket {
    /// An empty one below the folder, which tells of files to import and of segments to fold.
    pub(super) fn open(folder: &Path, runtime: Handle, imports: Events, folds: Events) -> Result<Self> {
        let queue = Queue::open(&folder.join("events"), &Template::shipped()?)?;
        let service = Service::open(&folder.join("s3"), BUCKET, (ACCESS_KEY, SECRET_KEY), queue)?;
        Ok(Self { service, runtime, objects: Arc::default(), imports, folds })
    }

    /// What passed since this was last asked.
    pub(super) fn objects(&self) -> Objects {
        std::mem::take(&mut self.objects.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&self, count: impl FnOnce(&mut Objects)) {
        count(&mut self.objects.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn answer(&self, request: Request<Bytes>) -> Response<Parts> {
        let (is_get, is_put) = (*request.method() == Method::GET, *request.method() == Method::PUT);
        self.count(|objects| *(if is_get { &mut objects.gets } else { &mut objects.puts }) += 1);
        let key = request.uri().path().strip_prefix('/').and_then(|path| path.split_once('/'));
        let key = key.map(|(_, key)| key.to_owned()).filter(|_| is_put);
        let response = self.runtime.block_on(self.service.call(request.map(Body::from)));
        while self.service.queue().take().is_some() {} // deliveries are by `events`
        if let Some(key) = key.filter(|_| response.status().is_success()) {
            let e_tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
            let e_tag = e_tag.trim_matches('"').to_owned();
            match key.split_once('/').map_or("", |(folder, _)| folder) {
                "imports" | "chunks" => self.imports.add(key, e_tag),
                "folds" => self.folds.add(key, e_tag),
                _ => {}
            }
        }
        let bucket = self.clone();
        response.map(|mut body| -> Parts {
            Box::new(std::iter::from_fn(move || {
                let frame = bucket.runtime.block_on(body.frame())?;
                let bytes = frame.map(|frame| frame.into_data().unwrap_or_default());
                if let Ok(bytes) = &bytes {
                    bucket.count(|objects| objects.bytes += if is_get { bytes.len() as u64 } else { 0 });
                }
                Some(bytes.map_err(std::io::Error::other))
            }))
        })
    }
}
