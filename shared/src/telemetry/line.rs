//! The line that each request and each message ends with.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::log;
use super::metrics::{Counts, Metric};
use super::object::Object;
use crate::domain::OrgId;

tokio::task_local! {
    static LINE: Line;
}

/// What is known so far of what this task is at. Of the task, not of the process: the local stack and the tests answer
/// many requests at once.
#[derive(Debug, Default)]
struct Line {
    request_id: String,
    org: Cell<Option<OrgId>>,
    route: Cell<Option<&'static str>>,
    table_requests: Cell<u32>,
    read_units: Cell<f64>,
    write_units: Cell<f64>,
    counts: Counts,
}

/// Counts something in the line of this request or message.
pub fn count(metric: Metric, times: u64) {
    let _ = LINE.try_with(|line| line.counts.add(metric, times));
}

/// Says whose request or message this is.
pub fn of_org(org: OrgId) {
    let _ = LINE.try_with(|line| line.org.set(Some(org)));
}

/// Says what it is for: a template of paths, never a path.
pub fn of_route(route: &'static str) {
    let _ = LINE.try_with(|line| line.route.set(Some(route)));
}

/// Whether this task will have a line.
pub(super) fn is_open() -> bool {
    LINE.try_with(|_| ()).is_ok()
}

pub(super) fn count_table_request() {
    let _ = LINE.try_with(|line| line.table_requests.set(line.table_requests.get() + 1));
}

pub(super) fn count_units(units: f64, is_read: bool) {
    let _ = LINE.try_with(|line| {
        let of = if is_read { &line.read_units } else { &line.write_units };
        of.set(of.get() + units);
    });
}

pub(super) fn with_request_id(tell: impl FnOnce(&str)) {
    let _ = LINE.try_with(|line| tell(&line.request_id));
}

/// What is known of a request or a message before anything is done.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    pub request_id: &'a str,
    pub message_id: Option<&'a str>,
    pub route: Option<&'static str>,
    pub method: Option<&'a str>,
    /// The header by which AWS X-Ray follows it.
    pub trace: Option<&'a str>,
    pub now: DateTime<Utc>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With an answer of this status.
    Status(u16),
    /// A message, in a word.
    Outcome(&'static str),
}

/// Where a line goes.
type Write = dyn Fn(&str) + Send + Sync;

/// Writes the lines, and knows under which name metrics are counted.
#[derive(Clone)]
pub struct Watch {
    write: Option<Arc<Write>>,
    metrics: Option<Arc<str>>,
    is_warm: Arc<AtomicBool>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("metrics", &self.metrics).finish_non_exhaustive()
    }
}

impl Watch {
    /// Writes nothing.
    pub fn off() -> Self {
        Self { write: None, metrics: None, is_warm: Arc::default() }
    }

    /// Writes to standard output; metrics only in a namespace.
    pub fn printing(metrics: Option<String>) -> Self {
        Self::new(log::print, metrics)
    }

    /// Writes by `write`.
    pub fn new(write: impl Fn(&str) + Send + Sync + 'static, metrics: Option<String>) -> Self {
        Self { write: Some(Arc::new(write)), metrics: metrics.map(Into::into), is_warm: Arc::default() }
    }

    /// Does some work, and writes its line.
    pub async fn over<T>(
        &self,
        about: About<'_>,
        work: impl Future<Output = T>,
        end: impl FnOnce(&T) -> End,
    ) -> T {
        let Some(write) = &self.write else { return work.await };
        let started = Instant::now();
        let is_cold = !self.is_warm.swap(true, Ordering::Relaxed);
        let line = Line { request_id: about.request_id.to_owned(), ..Line::default() };
        line.route.set(about.route);
        LINE.scope(line, async {
            let done = work.await;
            LINE.with(|line| write(&self.told(about, line, end(&done), started, is_cold)));
            done
        })
        .await
    }

    fn told(&self, about: About<'_>, line: &Line, end: End, started: Instant, is_cold: bool) -> String {
        let mut told = Object::line(about.now, "INFO");
        told.text("message", "done");
        told.text("request_id", about.request_id);
        let org = line.org.get().map(|org| org.to_string());
        let texts = [
            ("message_id", about.message_id),
            ("org_id", org.as_deref()),
            ("route", line.route.get()),
            ("method", about.method),
            ("trace_id", about.trace.and_then(trace_id)),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                told.text(name, text);
            }
        }
        match end {
            End::Status(status) => told.json("status", status),
            End::Outcome(outcome) => told.text("outcome", outcome),
        }
        told.json("ms", started.elapsed().as_millis());
        told.json("table_requests", line.table_requests.get());
        told.json("read_units", line.read_units.get());
        told.json("write_units", line.write_units.get());
        told.json("cold_start", is_cold);
        if let Some(namespace) = &self.metrics {
            line.counts.embed(&mut told, namespace, about.now);
        }
        told.end()
    }
}

/// The id of a trace in X-Ray's header (AWS X-Ray developer guide, "Tracing header"), if it has the form of one: a client
/// may write that header too.
fn trace_id(header: &str) -> Option<&str> {
    let id = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let digits = |text: &str, n| text.len() == n && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (time, rest) = id.strip_prefix("1-")?.split_once('-')?;
    (digits(time, 8) && digits(rest, 24)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_told_by_its_id_and_nothing_else_that_stands_there() {
        let id = "1-5759e988-bd862e3fe1be46a994272793";

        assert_eq!(trace_id(&format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1")), Some(id));
        assert_eq!(trace_id(&format!("Self=1-67891234-12456789abcdef012345678; Root={id}")), Some(id));
        for other in ["", "Root=", "Root=ada@example.com", "Root=1-555-1234567", "Parent=53995c3f42cd8ad8"] {
            assert_eq!(trace_id(other), None, "{other}");
        }
    }
}
