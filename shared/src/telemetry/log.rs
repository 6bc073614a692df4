//! What the code says as it goes: events of `tracing` as lines. Spans are not kept: the line of a request says what they
//! would, and without them the libraries' own cost nothing.

use std::fmt::{self, Debug};
use std::io::{self, Write as _};

use chrono::Utc;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use super::line;
use super::object::Object;

/// Starts the log: what we say, and of libraries only errors. Once a process.
pub fn init() {
    let _ = tracing::subscriber::set_global_default(Lines);
}

/// Writes a line to standard output. Where nobody reads that any more, nothing can be said.
pub(super) fn print(line: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
}

struct Lines;

fn is_told(of: &Metadata<'_>) -> bool {
    let least = if of.target().starts_with("lead") { Level::INFO } else { Level::ERROR };
    of.is_event() && *of.level() <= least
}

impl Subscriber for Lines {
    fn register_callsite(&self, of: &'static Metadata<'static>) -> Interest {
        if is_told(of) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, of: &Metadata<'_>) -> bool {
        is_told(of)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        print(&told(event));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn told(event: &Event<'_>) -> String {
    let mut fields = Fields(Object::line(Utc::now(), event.metadata().level().as_str()));
    event.record(&mut fields);
    line::with_request_id(|id| fields.0.text("request_id", id));
    fields.0.end()
}

struct Fields(Object);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.text(field.name(), &fmt::format(format_args!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.json(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.json(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.json(field.name(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    /// Keeps what [`Lines`] would print.
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Kept {
        fn enabled(&self, of: &Metadata<'_>) -> bool {
            Lines.enabled(of)
        }

        fn event(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push(told(event));
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            Lines.new_span(span)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn an_event_is_one_line_of_json_and_of_libraries_only_errors_are_told() {
        let lines = Arc::default();

        tracing::subscriber::with_default(Kept(Arc::clone(&lines)), || {
            let _span = tracing::error_span!("a span").entered();
            let cause = "said \"no\"\nand left";
            tracing::warn!(org_id = %"o-1", rows = 7_u64, again = true, cause, "left for {}", "later");
            tracing::debug!("not told");
            tracing::warn!(target: "hyper", "not told");
            tracing::error!(target: "hyper", n = -1, "told");
        });

        let lines: Vec<Value> =
            lines.lock().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [ours, theirs] = lines.as_slice() else { panic!("{lines:?}") };
        let mut ours = ours.clone();
        assert!(ours["timestamp"].take().as_str().unwrap().ends_with('Z'));
        let expected = json!({
            "timestamp": null, "level": "WARN", "message": "left for later",
            "org_id": "o-1", "rows": 7, "again": true, "cause": "said \"no\"\nand left",
        });
        assert_eq!(ours, expected);
        assert_eq!((&theirs["level"], &theirs["n"]), (&json!("ERROR"), &json!(-1)));
    }
}
