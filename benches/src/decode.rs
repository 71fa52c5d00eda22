//! How many full packets a second one core takes from the wire's bytes to a verdict.
//!
//! The packets are the simulated market's own ticks of 3,000 instruments, encoded and framed as a Kite ticker frames
//! them, indices left out (their packets are a sixth as long). Every tick must come out good: a tick that is rejected early
//! would be cheaper to judge.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use feed::validate::{Config, Validator, Verdict};
use kite::ticker::{message, packet};
use market::{Instrument, Mode, TickKind, UnixNanos};

use crate::clock::{rate, timed};
use crate::options::Size;
use crate::report::{Bar, Report, Row};
use crate::run::Measured;
use crate::{machine, simulated};

const INSTRUMENTS: usize = 3_000;
const BAR: f64 = 5e6;
/// A ticker's message carries what has changed since the one before; this many is a busy one.
const PACKETS_PER_MESSAGE: usize = 500;

struct Framed {
    received: UnixNanos,
    bytes: Vec<u8>,
}

struct Wire {
    instruments: Vec<Instrument>,
    messages: Vec<Framed>,
    packets: usize,
}

/// Measures.
///
/// # Errors
/// When the simulated market's ticks cannot be framed or are not all good: then the figures would be of something else.
pub fn measure(size: Size) -> anyhow::Result<Measured> {
    let rounds = size.pick(9, 5, 1);
    let passes = size.pick(8, 3, 1);
    let mut report = Report::begin("bench-decode", rounds);
    let wire = framed(simulated::course(INSTRUMENTS, size.pick(200_000, 200_000, 5_000))?)?;
    let fresh = Validator::new(Config::default(), &wire.instruments);
    let mut copied = vec![0; wire.messages.iter().map(|message| message.bytes.len()).max().unwrap_or(0)];

    let (mut judged, mut decoded, mut copies) = (Vec::new(), Vec::new(), Vec::new());
    let share = machine::CoreShare::begin();
    // The first pass of everything warms caches and is thrown away.
    for round in 0..=rounds {
        let (mut judging, mut decoding, mut copying) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        for _ in 0..passes {
            // Judged twice, the same tick would be a duplicate: each pass starts with a validator that has seen nothing.
            let mut validator = fresh.clone();
            let (good, took) = timed(|| decode_and_validate(&wire, &mut validator));
            judging += took;
            if good? != wire.packets {
                bail!("not every tick is good: {}", verdicts(&validator));
            }
            let (count, took) = timed(|| decode_alone(&wire));
            decoding += took;
            ensure!(count? == wire.packets, "packets were lost in decoding");
            copying += timed(|| copy(&wire, &mut copied)).1;
        }
        if round > 0 {
            judged.push(rate(wire.packets * passes, judging));
            decoded.push(rate(wire.packets * passes, decoding));
            copies.push(rate(wire.packets * passes, copying));
        }
    }

    let copy = Row::of("baseline: copy of the messages", "packets/s", &copies);
    report.push(
        Row::of("decode and validate", "packets/s", &judged).against("copy", &copy).bar(Bar::AtLeast(BAR)),
    );
    report.push(Row::of("decode alone", "packets/s", &decoded).against("copy", &copy));
    report.push(copy);
    report.note(share.text());
    report.note(format!(
        "{} full packets of 184 bytes in {} messages, {INSTRUMENTS} instruments, every verdict good; {passes} passes a round",
        wire.packets,
        wire.messages.len(),
    ));
    Ok(Measured::Found(report))
}

fn framed(course: simulated::Course) -> anyhow::Result<Wire> {
    let mut messages = Vec::new();
    let mut packets = 0;
    for step in course.steps {
        let tradable: Vec<_> = step.ticks.iter().filter(|tick| tick.kind == TickKind::Tradable).collect();
        for chunk in tradable.chunks(PACKETS_PER_MESSAGE) {
            let mut builder = message::Builder::with_capacity(chunk.len() * (packet::FULL_BYTES + 2));
            for tick in chunk {
                builder.push_tick(tick, Mode::Full).context("a tick has no packet")?;
            }
            packets += builder.count();
            messages.push(Framed { received: step.received, bytes: builder.finish() });
        }
    }
    ensure!(
        messages.iter().map(|message| message.bytes.len()).sum::<usize>()
            == packets * (packet::FULL_BYTES + 2) + 2 * messages.len(),
        "not every packet is a full one"
    );
    Ok(Wire { instruments: course.instruments, messages, packets })
}

fn decode_and_validate(wire: &Wire, validator: &mut Validator) -> anyhow::Result<usize> {
    let mut good = 0;
    for framed in &wire.messages {
        for packet in packets(&framed.bytes)? {
            let tick = packet::decode(packet)?;
            good += usize::from(validator.check(&tick, framed.received) == Verdict::Good);
            black_box(&tick);
        }
    }
    Ok(good)
}

fn decode_alone(wire: &Wire) -> anyhow::Result<usize> {
    let mut count = 0;
    for framed in &wire.messages {
        for packet in packets(&framed.bytes)? {
            black_box(&packet::decode(packet)?);
            count += 1;
        }
    }
    Ok(count)
}

fn packets(bytes: &[u8]) -> anyhow::Result<message::Packets<'_>> {
    match message::decode(bytes)? {
        message::Message::Packets(packets) => Ok(packets),
        message::Message::Heartbeat => bail!("a heartbeat among the messages"),
    }
}

fn copy(wire: &Wire, target: &mut [u8]) {
    for framed in &wire.messages {
        target[..framed.bytes.len()].copy_from_slice(&framed.bytes);
        black_box(&target);
    }
}

fn verdicts(validator: &Validator) -> String {
    let counts = validator.counts().iter().filter(|(_, count)| *count > 0);
    counts.map(|(verdict, count)| format!("{verdict:?} {count}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_small() {
        let Measured::Found(report) = measure(Size::Tiny).unwrap() else { panic!("skipped") };
        assert_eq!(report.rows().len(), 3);
        assert!(report.rows()[0].figure() > 0.0);
    }
}
