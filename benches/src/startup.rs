//! How long a first start takes: from the order to start, in an empty directory, to the ready line.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::clock::{milliseconds, timed};
use crate::gateway_process::{GatewayProcess, program};
use crate::options::Size;
use crate::report::{Bar, Report, Row};
use crate::run::Measured;

const BAR_MS: f64 = 2_000.0;

/// Measures.
///
/// # Errors
/// When the program is not there or does not get ready.
pub fn measure(size: Size) -> anyhow::Result<Measured> {
    let rounds = size.pick(10, 5, 1);
    let program = program()?;
    let mut report = Report::begin("bench-startup", rounds);
    let (mut starts, mut versions) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut version = Command::new(&program);
        version.arg("version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (status, took) = timed(|| version.status());
        ensure!(status.context("cannot start the program")?.success(), "`version` failed");
        versions.push(milliseconds(took));
        starts.push(milliseconds(GatewayProcess::start(&program, &[])?.ready_after()));
    }
    let version = Row::of("baseline: `meridian version`", "ms", &versions);
    let worst = starts.iter().copied().fold(0.0, f64::max);
    let start = Row::of("first start until ready, worst", "ms", &starts).with_figure(worst);
    report.push(start.against("version", &version).bar(Bar::Below(BAR_MS)));
    report.push(version);
    Ok(Measured::Found(report))
}
