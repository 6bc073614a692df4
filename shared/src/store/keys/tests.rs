use uuid::Uuid;

use super::*;

#[test]
fn spellings_are_pinned() {
    let (org, id) = (OrgId(Uuid::from_u128(1)), Uuid::from_u128(0x1f));
    let o = "ORG#00000000-0000-0000-0000-000000000001";
    let i = "00000000-0000-0000-0000-00000000001f";
    for (key, pk, sk) in [
        (Key::org(org), format!("{o}#DIRECTORY"), "ORG".to_owned()),
        (Key::user(org, UserId(id)), format!("{o}#DIRECTORY"), format!("USER#{i}")),
        (Key::membership(UserId(id), org), format!("USER#{i}#ORGS"), o.to_owned()),
        (Key::contact(org, ContactId(id)), format!("{o}#CONTACTS"), i.to_owned()),
        (Key::tag(org, "VIP"), format!("{o}#NAMES"), "TAG#vip".to_owned()),
        (Key::company_name(org, "ACME"), format!("{o}#COMPANIES"), "acme".to_owned()),
        (Key::lead(org, LeadId(id)), format!("{o}#LEAD#{i}"), "LEAD".to_owned()),
        (Key::comment(org, LeadId(id), CommentId(id)), format!("{o}#LEAD#{i}"), format!("COMMENT#{i}")),
        (Key::change(org, LeadId(id), 12), format!("{o}#LEAD#{i}"), "CHANGE#0000000012".to_owned()),
        (Key::load(org, 7), format!("{o}#LOAD#07"), "LOAD".to_owned()),
        (Key::row(org, LeadId(id)), format!("{o}#INDEX#00"), i.to_owned()),
        (Key::pack(org, LeadId(id)), format!("{o}#INDEX#00"), format!("{}e", &i[..35])),
        (Key::manifest(org), format!("{o}#SEGMENTS"), "MANIFEST".to_owned()),
        (Key::count(org, shard(LeadId(id))), format!("{o}#COUNT"), "15".to_owned()),
        (Key::import(org, ImportId(id)), format!("{o}#IMPORT#{i}"), "IMPORT".to_owned()),
        (Key::chunk(org, ImportId(id), 7), format!("{o}#IMPORT#{i}"), "CHUNK#000007".to_owned()),
        (Key::email(org, "A@B.example"), format!("{o}#EMAIL#a@b.example"), "EMAIL".to_owned()),
    ] {
        assert_eq!(key, Key { pk, sk });
    }
}

#[test]
fn the_longest_company_name_fits_and_stays_its_own() {
    let (org, long) = (OrgId(Uuid::nil()), "ΐ".repeat(255));

    let key = Key::company_name(org, &long);

    assert!(key.sk.len() <= 1024);
    assert_ne!(key, Key::company_name(org, &format!("{}x", "ΐ".repeat(254))));
}
