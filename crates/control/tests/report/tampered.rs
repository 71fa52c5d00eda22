//! One byte, one file, one line.

use control::report::{JOURNAL, MANIFEST, verify};

use crate::world::{Folder, first, report, rows, sealed, verdict};

#[test]
fn a_whole_report_is_confirmed() {
    let folder = report(&rows());
    let verdict = verdict(&folder);
    assert_eq!(verdict.differences, []);
    assert_eq!(verdict.rows, rows().len() as u64);
    assert_eq!((verdict.counts.signatures, verdict.counts.decisions, verdict.documents), (13, 1, 3));
    assert!(verdict.counts.evidence > 70, "{}", verdict.counts.evidence);
    assert_eq!(folder.len(), 5);

    let there = tempfile::tempdir().unwrap();
    for (name, content) in &folder {
        std::fs::write(there.path().join(name), content).unwrap();
    }
    assert_eq!(verify::verify(there.path(), None).unwrap(), verdict);
    assert_eq!(verify::verify(there.path(), Some(&verdict.hash)).unwrap(), verdict);
    let other = verify::verify(there.path(), Some(&"00".repeat(32))).unwrap().differences;
    assert_eq!((other.len(), other[0].place.as_str()), (1, "the hash of the last row"));
    std::fs::create_dir(there.path().join("more")).unwrap();
    let differences = verify::verify(there.path(), None).unwrap().differences;
    assert_eq!((differences.len(), differences[0].file.as_str()), (1, "more"));
}

/// One bit of a byte: of every file, at places spread over all of it by a fixed seed; of the manifest, everywhere.
#[test]
fn one_byte_anywhere_is_named() {
    let whole = report(&rows());
    let mut seed: u64 = 0x5eed;
    for (name, content) in &whole {
        let places: Vec<usize> = if name == MANIFEST {
            (0..content.len()).collect()
        } else {
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                usize::try_from(seed >> 33).unwrap() % content.len()
            };
            let mut places: Vec<usize> = (0..8).map(|_| next()).collect();
            places.extend([0, content.len() - 1]);
            places
        };
        for place in places {
            let mut folder = whole.clone();
            folder.get_mut(name).unwrap()[place] ^= 1 << (place % 8);
            let differences = verdict(&folder).differences;
            assert!(differences.iter().any(|one| one.file == *name), "{name}, byte {place}: {differences:?}");
        }
    }
}

/// The manifest is made to fit what was changed, so that only what is computed can tell.
#[test]
fn a_document_that_was_changed_with_the_manifest() {
    for (name, from, to) in [
        ("dossier.html", "GO WITH CONDITIONS", "GO"),
        ("dossier.md", "| 9.625 |", "| 9.725 |"),
        ("rehearsals.md", "1m11.2s", "0m11.2s"),
    ] {
        let mut folder = report(&rows());
        let text = String::from_utf8(folder[name].clone()).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        folder.insert(name.to_owned(), text.replacen(from, to, 1).into_bytes());
        let [file, place, stated, computed] = first(&sealed(folder));
        assert_eq!(file, name);
        assert!(place.starts_with("line "), "{place}");
        let (to, from) = (to.trim_matches(['|', ' ']), from.trim_matches(['|', ' ']));
        assert!(stated.contains(to) && computed.contains(from), "{stated} / {computed}");
    }
}

#[test]
fn a_row_that_was_changed_with_the_manifest() {
    let rows = rows();
    let evidence = rows.iter().find(|row| row.kind == "evidence_recorded").unwrap();
    let mut folder = report(&rows);
    let text = String::from_utf8(folder[JOURNAL].clone()).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let this = line.starts_with(&format!("{{\"seq\":{},", evidence.seq));
            if this { line.replacen("\"pass\"", "\"past\"", 1) } else { line.to_owned() }
        })
        .collect();
    folder.insert(JOURNAL.to_owned(), (lines.join("\n") + "\n").into_bytes());
    let [file, place, _, computed] = first(&sealed(folder));
    assert_eq!(file, JOURNAL);
    assert!(place.starts_with(&format!("row {},", evidence.seq)), "{place}");
    assert!(computed.contains("was changed"), "{computed}");

    // The last rows are left out: the manifest names another end.
    let mut folder = report(&rows);
    let text = String::from_utf8(folder[JOURNAL].clone()).unwrap();
    let shorter: String = text.split_inclusive('\n').take(rows.len() - 2).collect();
    folder.insert(JOURNAL.to_owned(), shorter.into_bytes());
    let [file, place, ..] = first(&sealed(folder));
    assert_eq!((file.as_str(), place.as_str()), (MANIFEST, "seq and hash"));
}

#[test]
fn files_that_are_missing_or_too_many() {
    let names: Vec<String> = report(&rows()).into_keys().collect();
    for name in names {
        let mut folder: Folder = report(&rows());
        folder.remove(&name);
        assert_eq!(first(&folder)[0], name, "missing");
    }
    let mut folder = report(&rows());
    folder.insert("figures.xlsx".to_owned(), b"7.05".to_vec());
    assert_eq!(first(&folder)[0], "figures.xlsx");
}
