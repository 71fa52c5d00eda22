//! What a service says of itself at `/metrics`: samples, or the line that is none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use release::slo::exposition::series;

fuzz_target!(|text: &str| {
    let lines = text.lines().count();
    match series(text) {
        Ok(all) => {
            assert!(all.len() <= lines);
            for one in &all {
                let escape =
                    |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                let labels: Vec<String> =
                    one.labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escape(value))).collect();
                let written = format!("{}{{{}}} {}", one.name, labels.join(","), one.value);
                let again = series(&written).expect("what is written is read");
                assert_eq!((again.len(), again[0].name, &again[0].labels), (1, one.name, &one.labels));
                assert!(again[0].value == one.value || one.value.is_nan());
            }
        }
        Err(malformed) => assert!((1..=lines).contains(&malformed.line)),
    }
});
