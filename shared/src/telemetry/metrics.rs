//! What is counted, in CloudWatch's embedded metric format (Amazon CloudWatch user guide, "Specification: Embedded metric
//! format"): a line of the log whose member `_aws` says which of its other members are metrics. So it takes no call.

use std::cell::Cell;

use chrono::{DateTime, Utc};

use super::object::Object;

/// Something worth counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A lead that a website handed in.
    Captured,
    /// A lead that a client of the API opened.
    Created,
    /// A lead that became an account.
    Converted,
    /// A row of a file that became a lead.
    Imported,
    /// An answer of ours that says 5xx, or a message that comes again because something failed.
    Failed,
    /// An answer 429.
    Throttled,
}

impl Metric {
    /// All, in the order of their numbers.
    const ALL: [Self; 6] =
        [Self::Captured, Self::Created, Self::Converted, Self::Imported, Self::Failed, Self::Throttled];

    fn name(self) -> &'static str {
        match self {
            Self::Captured => "Captured",
            Self::Created => "Created",
            Self::Converted => "Converted",
            Self::Imported => "Imported",
            Self::Failed => "Failed",
            Self::Throttled => "Throttled",
        }
    }
}

/// How often each happened.
#[derive(Debug, Default)]
pub(super) struct Counts([Cell<u64>; Metric::ALL.len()]);

impl Counts {
    pub(super) fn add(&self, metric: Metric, times: u64) {
        for (count, _) in self.0.iter().zip(Metric::ALL).filter(|(_, of)| *of == metric) {
            count.set(count.get() + times);
        }
    }

    /// Makes metrics of the counts that are not nothing.
    pub(super) fn embed(&self, line: &mut Object, namespace: &str, now: DateTime<Utc>) {
        let counted: Vec<(&str, u64)> = Metric::ALL
            .iter()
            .zip(&self.0)
            .map(|(metric, count)| (metric.name(), count.get()))
            .filter(|(_, count)| *count > 0)
            .collect();
        if counted.is_empty() {
            return;
        }
        let metrics: Vec<String> =
            counted.iter().map(|(name, _)| format!(r#"{{"Name":"{name}","Unit":"Count"}}"#)).collect();
        let (at, metrics) = (now.timestamp_millis(), metrics.join(","));
        let namespace = serde_json::to_string(namespace).unwrap_or_default();
        line.json(
            "_aws",
            format_args!(
                r#"{{"Timestamp":{at},"CloudWatchMetrics":[{{"Namespace":{namespace},"Dimensions":[[]],"Metrics":[{metrics}]}}]}}"#
            ),
        );
        counted.iter().for_each(|(name, count)| line.json(name, count));
    }
}
