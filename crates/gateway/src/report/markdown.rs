//! A report for people. Texts of venues are cells of a table and can break out of none.

use super::{Compared, Report};

impl Report {
    /// The whole report as Markdown.
    pub fn markdown(&self) -> String {
        let day = self.day.as_deref().unwrap_or("no trading day yet");
        let mut text = format!("# Reconciliation of {}, {day}\n\n", self.account);
        text.push_str(&self.verdict());
        if !self.differences.is_empty() {
            let rows = self
                .differences
                .iter()
                .map(|found| vec![&found.code, &found.subject, &found.here, &found.there]);
            text.push_str(&table(&["difference", "about", "journal", "venue"], rows.map(strings)));
        }
        text.push_str(&format!("\n## Orders ({})\n\n", self.orders.len()));
        let rows = self.orders.iter().map(|order| {
            vec![
                order.order_id.clone(),
                order.instrument.clone(),
                order.side.clone(),
                order.quantity.to_string(),
                order.filled.to_string(),
                or_dash(order.average_price.as_deref()),
                order.state.clone(),
                or_dash(order.venue_order_id.as_deref()),
            ]
        });
        let headings =
            ["order", "instrument", "side", "quantity", "filled", "average", "state", "venue's id"];
        text.push_str(&table(&headings, rows));
        text.push_str(&format!("\n## Trades ({})\n\n", self.trades.len()));
        let rows = self.trades.iter().map(|trade| {
            vec![
                trade.time.clone(),
                trade.trade_id.clone(),
                or_dash(trade.instrument.as_deref()),
                or_dash(trade.side.as_deref()),
                trade.quantity.to_string(),
                trade.price.clone(),
                trade.order_id.clone(),
            ]
        });
        text.push_str(&table(&["time", "trade", "instrument", "side", "quantity", "price", "order"], rows));
        text.push_str(&format!("\n## Positions ({})\n\n", self.positions.len()));
        let rows = self.positions.iter().map(|held| {
            vec![
                held.instrument.clone(),
                held.product.clone(),
                held.quantity.to_string(),
                or_dash(held.price.as_deref()),
                or_dash(held.value.as_deref()),
            ]
        });
        text.push_str(&table(&["instrument", "product", "quantity", "price", "value"], rows));
        text.push_str(&format!(
            "\n## Funds\n\nCash {} rupees, equity {}.\n\n## Journal\n\nNewest row {}, hash `{}`. Made {}.\n",
            self.funds.cash,
            self.funds
                .equity
                .as_deref()
                .map_or("not known: a position has no price".to_owned(), |all| format!("{all} rupees")),
            self.sequence,
            self.hash,
            self.made,
        ));
        text
    }

    fn verdict(&self) -> String {
        let Some(Compared { sequence, time, cause }) = &self.compared else {
            return "**Not compared: the venue's book was not read.**\n".into();
        };
        let found = match self.differences.len() {
            0 => "No differences".to_owned(),
            1 => "**1 difference**".to_owned(),
            many => format!("**{many} differences**"),
        };
        let rule = if self.differences.is_empty() { "" } else { "\n" };
        format!("{found} between journal and book: row {sequence}, {time}, {cause}.\n{rule}")
    }
}

fn strings(cells: Vec<&String>) -> Vec<String> {
    cells.into_iter().cloned().collect()
}

fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

fn table(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return "None.\n".into();
    }
    let mut text = format!("| {} |\n|{}\n", headings.join(" | "), "---|".repeat(headings.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| plain(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// One line without markup.
fn plain(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    for letter in cell.chars() {
        match letter {
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' => text.extend(['\\', letter]),
            letter if letter.is_control() => text.push(' '),
            letter => text.push(letter),
        }
    }
    text
}
