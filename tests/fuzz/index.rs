//! What the list index is stored as.

use std::sync::OnceLock;

use leadline::domain::{LeadId, OrgId};
use leadline::index::segment::{Segment, Writer};
use leadline::index::{Row, unpack_all};
use leadline_tests::TestApp;
use serde_json::json;

use crate::spoil::{Edit, check, spoil};

/// A segment of a few leads, and their rows.
struct Stored {
    org: OrgId,
    segment: Vec<u8>,
    rows: Vec<(LeadId, Vec<u8>)>,
}

/// Made once.
fn stored() -> &'static Stored {
    static STORED: OnceLock<Stored> = OnceLock::new();
    STORED.get_or_init(|| tokio::runtime::Runtime::new().unwrap().block_on(make()))
}

async fn make() -> Stored {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (mut writer, mut rows) = (Writer::new(admin.org), Vec::new());
    for n in 0..40 {
        let fields = json!({
            "city": (["Rome", "Paris"][n % 2]), "email": format!("ada{n}@example.com"), "tags": ["vip"],
            "opportunity_amount": n,
        });
        let lead = admin.open_lead("Lövelace", fields).await.id().parse().unwrap();
        let lead = app.app.store.find_lead(admin.org, lead).await.unwrap().unwrap();
        writer.push(&Row::of(&lead)).unwrap();
        rows.push((lead.id, Row::of(&lead).pack().unwrap()));
    }
    Stored { org: admin.org, segment: writer.finish().unwrap(), rows }
}

#[test]
fn a_segment_is_sound_or_refused() {
    let stored = stored();
    check(|edits: &Vec<Edit>| {
        let bytes = spoil(&stored.segment, edits);
        let opened = Segment::open(stored.org, &bytes);
        assert_eq!(opened.is_ok(), bytes == stored.segment);
    });
}

#[test]
fn rows_are_read_or_refused() {
    let stored = stored();
    check(|(row, edits): &(u8, Vec<Edit>)| {
        let (id, valid) = &stored.rows[usize::from(*row) % stored.rows.len()];
        let bytes = spoil(valid, edits);
        let mut writer = Writer::new(stored.org);
        if let Ok(row) = Row::unpack(*id, &bytes) {
            let _ = writer.push(&row);
        }
        let _ = unpack_all(&bytes);
    });
}
