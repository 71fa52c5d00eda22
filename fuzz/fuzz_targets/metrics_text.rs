//! What a service says of itself at `/metrics`: samples, or the line that is none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use release::slo::exposition::series;

fuzz_target!(|text: &str| {
    let lines = text.lines().count();
    match series(text) {
        Ok(all) => {
            let refused: u64 = all.refused.values().sum();
            assert!(all.series.len() + usize::try_from(refused).unwrap_or(usize::MAX) <= lines);
            for one in &all.series {
                let escape =
                    |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                let labels: Vec<String> =
                    one.labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escape(value))).collect();
                let written = format!("{}{{{}}} {}", one.name, labels.join(","), one.value);
                let again = series(&written).expect("what is written is read");
                // Escapes take room, too.
                let Some(first) = again.series.first() else { continue };
                assert_eq!((first.name, &first.labels), (one.name, &one.labels));
                assert!(first.value == one.value || one.value.is_nan());
            }
        }
        Err(malformed) => assert!((1..=lines).contains(&malformed.line)),
    }
});
