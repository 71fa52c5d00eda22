//! Where panels stand.

use super::{
    Dashboard, Defaults, Fields, List, PROMETHEUS, Panel, Place, Query, SCHEMA_VERSION, Span, Threshold,
    Thresholds, Variable,
};

/// Columns of Grafana's grid.
const COLUMNS: u32 = 24;

/// One panel before it has a place.
pub(super) struct Graph {
    pub(super) kind: &'static str,
    pub(super) title: String,
    pub(super) description: &'static str,
    pub(super) unit: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Query and legend.
    pub(super) queries: Vec<(String, String)>,
    /// Red below, yellow below, green from here on.
    pub(super) good_from: Option<(f64, f64)>,
}

impl Graph {
    pub(super) fn lines(title: &str, unit: &'static str, queries: Vec<(String, String)>) -> Graph {
        let title = title.to_owned();
        Graph {
            kind: "timeseries",
            title,
            description: "",
            unit,
            width: 12,
            height: 8,
            queries,
            good_from: None,
        }
    }

    pub(super) fn number(title: &str, unit: &'static str, query: String) -> Graph {
        let queries = vec![(query, String::new())];
        Graph { kind: "stat", width: 6, height: 4, ..Graph::lines(title, unit, queries) }
    }
}

/// Puts panels side by side, in rows.
pub(super) struct Layout {
    panels: Vec<Panel>,
    x: u32,
    y: u32,
    /// Of the highest panel in this row.
    height: u32,
}

impl Layout {
    pub(super) const fn new() -> Layout {
        Layout { panels: Vec::new(), x: 0, y: 0, height: 0 }
    }

    /// A heading over what follows.
    pub(super) fn heading(&mut self, title: &str) {
        self.end_row();
        let place = Place { h: 1, w: COLUMNS, x: 0, y: self.y };
        self.y += 1;
        self.panels.push(Panel {
            id: self.next_id(),
            kind: "row",
            title: title.to_owned(),
            description: String::new(),
            grid_pos: place,
            datasource: None,
            targets: Vec::new(),
            field_config: None,
        });
    }

    pub(super) fn add(&mut self, graph: Graph) {
        if self.x + graph.width > COLUMNS {
            self.end_row();
        }
        let place = Place { h: graph.height, w: graph.width, x: self.x, y: self.y };
        self.x += graph.width;
        self.height = self.height.max(graph.height);
        let query = |(place, (expr, legend)): (usize, (String, String))| Query {
            ref_id: format!("Q{}", place + 1),
            expr,
            legend_format: legend,
            datasource: PROMETHEUS,
        };
        let thresholds = graph.good_from.map(|(low, good)| Thresholds {
            mode: "absolute",
            steps: vec![
                Threshold { color: "red", value: None },
                Threshold { color: "yellow", value: Some(low) },
                Threshold { color: "green", value: Some(good) },
            ],
        });
        self.panels.push(Panel {
            id: self.next_id(),
            kind: graph.kind,
            title: graph.title,
            description: graph.description.to_owned(),
            grid_pos: place,
            datasource: Some(PROMETHEUS),
            targets: graph.queries.into_iter().enumerate().map(query).collect(),
            field_config: Some(Fields {
                defaults: Defaults {
                    unit: graph.unit,
                    min: None,
                    max: (graph.unit == "percentunit" && graph.kind == "stat").then_some(1.0),
                    thresholds,
                },
                overrides: [],
            }),
        });
    }

    fn end_row(&mut self) {
        self.y += self.height;
        (self.x, self.height) = (0, 0);
    }

    fn next_id(&self) -> u32 {
        u32::try_from(self.panels.len()).map_or(u32::MAX, |count| count + 1)
    }

    pub(super) fn dashboard(self, uid: String, title: String, tags: &[&str]) -> Dashboard {
        Dashboard {
            uid,
            title,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            schema_version: SCHEMA_VERSION,
            editable: true,
            refresh: "1m",
            timezone: "browser",
            time: Span { from: "now-24h", to: "now" },
            templating: List {
                list: vec![Variable {
                    name: "datasource",
                    label: "Prometheus",
                    kind: "datasource",
                    query: "prometheus",
                    datasource: None,
                    refresh: None,
                    include_all: false,
                    multi: false,
                }],
            },
            annotations: List { list: Vec::new() },
            panels: self.panels,
        }
    }
}
