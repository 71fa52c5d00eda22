//! The gateway's own metrics: all that `docs/metrics.md` lists.

use super::{Dashboard, Graph, Layout, PROMETHEUS, Variable};

/// Which gateways: as the variable `instance` says.
const ON: &str = "instance=~\"$instance\"";

/// Prices, readers, requests, trading, signals, the journal; the same for every installation.
pub fn gateway_dashboard() -> Dashboard {
    let mut layout = Layout::new();
    overview(&mut layout);
    ticks(&mut layout);
    requests(&mut layout);
    trading(&mut layout);
    let mut dashboard =
        layout.dashboard("meridian-gateway".to_owned(), "Meridian: gateways".to_owned(), &["meridian"]);
    dashboard.templating.list.push(Variable {
        name: "instance",
        label: "Gateway",
        kind: "query",
        query: "label_values(meridian_build_info, instance)",
        datasource: Some(PROMETHEUS),
        refresh: Some(2),
        include_all: true,
        multi: true,
    });
    dashboard
}

fn level(metric: &str) -> String {
    format!("{metric}{{{ON}}}")
}

fn per_second(metric: &str, by: &str) -> String {
    format!("sum by ({by}) (rate({metric}{{{ON}}}[$__rate_interval]))")
}

fn quantile(histogram: &str, by: &str) -> String {
    format!("histogram_quantile(0.99, sum by ({by}) (rate({histogram}_bucket{{{ON}}}[$__rate_interval])))")
}

fn one(query: String, legend: &str) -> (String, String) {
    (query, legend.to_owned())
}

fn overview(layout: &mut Layout) {
    layout.heading("Now");
    let build = vec![one(level("meridian_build_info"), "{{instance}}: {{version}}, prices from {{source}}")];
    layout.add(Graph { kind: "stat", width: 6, height: 4, ..Graph::lines("Running", "none", build) });
    let age = format!("time() - max(meridian_last_publish_timestamp_seconds{{{ON}}})");
    layout.add(Graph::number("Since the newest prices", "s", age));
    layout.add(Graph::number("Readers", "none", format!("sum(meridian_readers{{{ON}}})")));
    let unknown = format!("sum(meridian_calls_unknown{{{ON}}})");
    layout.add(Graph {
        description: "Calls to a broker that may or may not have arrived: they are looked for before new ones are made.",
        ..Graph::number("Calls of unknown fate", "none", unknown)
    });
}

fn ticks(layout: &mut Layout) {
    layout.heading("Prices");
    let instance = "instance";
    layout.add(Graph::lines(
        "Ticks per second",
        "cps",
        vec![
            one(per_second("meridian_ticks_received_total", instance), "{{instance}}: received"),
            one(per_second("meridian_ticks_published_total", instance), "{{instance}}: published"),
        ],
    ));
    layout.add(Graph::lines(
        "Ticks in doubt per second",
        "cps",
        vec![
            one(per_second("meridian_ticks_rejected_total", "reason"), "refused: {{reason}}"),
            one(per_second("meridian_ticks_suspect_total", "reason"), "marked: {{reason}}"),
        ],
    ));
    layout.add(Graph::lines(
        "Delivered per second",
        "cps",
        vec![
            one(per_second("meridian_ticks_delivered_total", "dialect"), "{{dialect}}: delivered"),
            one(
                per_second("meridian_ticks_conflated_total", "dialect"),
                "{{dialect}}: replaced by newer ones",
            ),
        ],
    ));
    let cut = format!("sum by (dialect) (increase(meridian_readers_cut_total{{{ON}}}[$__rate_interval]))");
    layout.add(Graph::lines(
        "Readers",
        "none",
        vec![
            one(format!("sum by (dialect) (meridian_readers{{{ON}}})"), "{{dialect}}"),
            one(cut, "{{dialect}}: closed because they fell behind"),
        ],
    ));
}

fn requests(layout: &mut Layout) {
    layout.heading("Requests");
    let requests = "meridian_http_requests_total";
    layout.add(Graph::lines(
        "Requests per second",
        "reqps",
        vec![
            one(per_second(requests, "status"), "{{status}}"),
            one(
                per_second("meridian_connections_refused_total", "instance"),
                "{{instance}}: connections refused",
            ),
        ],
    ));
    let slow = quantile("meridian_http_request_duration_seconds", "le, route");
    layout.add(Graph::lines("Latency, quantile 0.99", "s", vec![one(slow, "{{route}}")]));
}

fn trading(layout: &mut Layout) {
    layout.heading("Trading and the journal");
    layout.add(Graph::lines(
        "Accounts",
        "none",
        vec![
            one(level("meridian_accounts_held"), "{{instance}}: decided for"),
            one(level("meridian_calls_unknown"), "{{instance}}: calls of unknown fate"),
            one(level("meridian_paper_ticks_dropped"), "{{instance}}: ticks that paper orders missed"),
        ],
    ));
    layout.add(Graph::lines(
        "Journal",
        "none",
        vec![one(level("meridian_journal_sequence"), "{{instance}}: newest row")],
    ));
    layout.add(Graph::lines(
        "Signals from Redis per second",
        "cps",
        vec![
            one(per_second("meridian_redis_signals_consumed_total", "instance"), "{{instance}}: durable"),
            one(per_second("meridian_redis_signals_rejected_total", "instance"), "{{instance}}: no signals"),
            one(level("meridian_redis_connected"), "{{instance}}: connected"),
        ],
    ));
    let pause = quantile("meridian_journal_log_restart_pause_seconds", "le, instance");
    layout.add(Graph::lines("Pause of writers, quantile 0.99", "s", vec![one(pause, "{{instance}}")]));
    let more = |metric: &str| format!("increase({metric}{{{ON}}}[$__rate_interval])");
    layout.add(Graph::lines(
        "Write-ahead logs begun anew",
        "none",
        vec![
            one(more("meridian_journal_log_restarts_total"), "{{instance}}: begun anew"),
            one(more("meridian_journal_log_restarts_missed_total"), "{{instance}}: put off"),
        ],
    ));
}
