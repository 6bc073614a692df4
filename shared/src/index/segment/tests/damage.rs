//! A damaged segment is noticed: never a panic, never another answer.

use super::*;

/// Asks a segment for all it has.
fn ask(file: &[u8]) -> Result<(), SegmentError> {
    let segment = Segment::open(ORG, file)?;
    let random = &mut fastrand::Rng::with_seed(9);
    for _ in 0..5 {
        let mut rows = segment.visible(&caller(random))?;
        segment.narrow(&mut rows, &filter(random))?;
        segment.counts_of_texts(Column::City, &rows)?.count();
        for ordering in orderings() {
            let mut first = First::new(3, None);
            segment.ordered(ordering)?.offer(&rows, &mut first);
            first.finish(1);
        }
    }
    let columns = segment.all_columns()?;
    let entries =
        (0..segment.rows()).filter_map(|row| columns.entry(row)).filter(|lead| !lead.name().is_empty());
    assert!(entries.count() <= segment.rows());
    Ok(())
}

#[test]
fn a_cut_file_is_refused() {
    let file = file(&leads(&mut fastrand::Rng::with_seed(1), 50));

    assert!(ask(&file).is_ok());
    for length in 0..file.len() {
        assert!(ask(&file[..length]).is_err(), "{length} of {}", file.len());
    }
    assert!(ask(&[&file[..], b"x"].concat()).is_err());
}

#[test]
fn a_flipped_bit_is_noticed_wherever_it_is() {
    let file = file(&leads(&mut fastrand::Rng::with_seed(2), 50));

    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(ask(&damaged).is_err(), "byte {at} of {}", file.len());
    }
}

#[test]
fn another_version_is_refused() {
    let mut file = file(&leads(&mut fastrand::Rng::with_seed(3), 3));
    file[8] = 2;

    assert_eq!(Segment::open(ORG, &file).err(), Some(SegmentError::Version(2)));
}

/// Makes the checksums right, as no accident does.
fn seal(file: &mut [u8]) {
    for n in 0..Column::ALL.len() {
        let entry = 72 + n * 20;
        let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let (offset, stored) = (number(entry + 4), number(entry + 8));
        if let Some(column) = file.get(offset..offset.saturating_add(stored)) {
            let sum = crc32fast::hash(column);
            file[entry + 16..entry + 20].copy_from_slice(&sum.to_le_bytes());
        }
    }
    let end = Header::LENGTH - 4;
    let sum = crc32fast::hash(&file[..end]);
    file[end..end + 4].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn lies_under_right_checksums_do_not_panic() {
    let random = &mut fastrand::Rng::with_seed(4);
    let intact = file(&leads(random, 200));
    let (mut refused, mut taken) = (0, 0);
    for n in 0..3_000 {
        let mut file = intact.clone();
        let within = if n % 2 == 0 { Header::LENGTH } else { file.len() };
        for _ in 0..random.usize(1..4) {
            let at = random.usize(10..within);
            let any = random.u8(..);
            file[at] = *random.choice(&[0, 1, 0x7f, 0x80, 0xfe, 0xff, any]).unwrap();
        }
        seal(&mut file);
        match ask(&file) {
            Ok(_) => taken += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 1_000 && taken > 50, "{refused} refused, {taken} taken");
}
