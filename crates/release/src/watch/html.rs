//! The status page as HTML: one file, no script, nothing from elsewhere, readable on a telephone.
//!
//! Enters: the page as data. Leaves: text. Never here: anything that is not in the data.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::page::{Component, Day, News, Notice, Overall, Page};
use super::{Condition, Counts};

/// Browsers ask again after so long, seconds.
const AGAIN_SECONDS: u32 = 60;
/// Below this share a day counts as bad.
const BAD_DAY: f64 = 0.95;

const STYLE: &str = "
:root{color-scheme:light dark;--up:#1a7f37;--some:#9a6700;--down:#cf222e;--none:#8c959f;--line:#d0d7de66}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:50rem;overflow-wrap:anywhere}
h1{font-size:1.4rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
.banner{color:#fff;border-radius:.5rem;padding:.8rem 1rem;font-weight:600}
.operational{background:var(--up)}.partial_outage,.unknown-banner{background:var(--some)}.major_outage{background:var(--down)}
.item{border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem;margin:.6rem 0}
.head{display:flex;justify-content:space-between;gap:1rem}
.state{font-weight:600;white-space:nowrap}.up{color:var(--up)}.down{color:var(--down)}.unknown{color:var(--some)}
.days{display:flex;gap:1px;height:2rem;margin:.5rem 0 .2rem;padding:0;list-style:none}
.days li{flex:1 1 0;min-width:1px;background:var(--none)}
.days .good{background:var(--up)}.days .some{background:var(--some)}.days .bad{background:var(--down)}
.ends{display:flex;justify-content:space-between}small,.ends{color:#656d76;font-size:.8rem}
footer{margin-top:2rem}p{margin:.3rem 0}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}.up{color:#3fb950}.down{color:#f85149}.unknown{color:#d29922}small,.ends{color:#8b949e}}
";

/// The page.
pub fn html(page: &Page) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let headline = headline(page.overall);
    let class = if page.overall == Overall::Unknown { "unknown-banner" } else { word(page.overall) };
    let _ = write!(
        out,
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"{AGAIN_SECONDS}\">\n<title>Status: {headline}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>Status</h1>\n\
         <p class=\"banner {class}\" role=\"status\">{headline}</p>\n",
    );
    let (open, over): (Vec<&News>, Vec<&News>) =
        page.incidents.iter().partition(|news| news.stage != "resolved");
    incidents(&mut out, "Now", &open);
    notices(&mut out, &page.notices);
    for part in &page.services {
        let _ = writeln!(out, "<section>\n<h2>{}</h2>", escaped(&part.title));
        if part.components.is_empty() {
            out.push_str("<p>Nothing is watched.</p>\n");
        }
        for component in &part.components {
            self::component(&mut out, component);
        }
        out.push_str("</section>\n");
    }
    incidents(&mut out, "Before", &over);
    let _ = write!(
        out,
        "<footer><small>As of {}. A day's share is that of checks that passed, in percent, rounded down; \
         what nobody knew is no pass. Days begin at midnight of each service's own zone.</small></footer>\n\
         </body>\n</html>\n",
        time(page.at)
    );
    out
}

const fn headline(overall: Overall) -> &'static str {
    match overall {
        Overall::Operational => "All systems operational",
        Overall::Unknown => "Not all is known",
        Overall::PartialOutage => "Partial outage",
        Overall::MajorOutage => "Major outage",
    }
}

const fn word(overall: Overall) -> &'static str {
    match overall {
        Overall::Operational => "operational",
        Overall::Unknown => "unknown",
        Overall::PartialOutage => "partial_outage",
        Overall::MajorOutage => "major_outage",
    }
}

fn component(out: &mut String, component: &Component) {
    let state = match component.condition {
        Condition::Up => "Up",
        Condition::Down => "Down",
        Condition::Unknown => "Not known",
    };
    let _ = write!(
        out,
        "<article class=\"item\">\n<div class=\"head\"><h3>{}</h3><span class=\"state {}\">{state}</span></div>\n",
        escaped(&component.title),
        component.condition.as_str()
    );
    out.push_str("<ol class=\"days\" aria-hidden=\"true\">");
    for day in &component.days {
        let _ = write!(out, "<li class=\"{}\" title=\"{}\"></li>", class(day), told(day));
    }
    let (total, last) = (component.total(), component.last_day);
    let _ = write!(
        out,
        "</ol>\n<div class=\"ends\"><span>{} days ago</span><span>{}</span><span>today</span></div>\n<small>",
        component.days.len().saturating_sub(1),
        percent(&total)
    );
    if let Some(since) = component.since {
        let _ = write!(out, "{state} since {}. ", time(since));
    }
    let _ = write!(out, "Last 24 hours: {}", percent(&last));
    if let Some(mean) = component.mean_ms {
        let _ = write!(out, ", answers in {mean} ms on average, {} ms at most", last.slowest_ms);
    }
    out.push_str(".</small>\n</article>\n");
}

const fn class(day: &Day) -> &'static str {
    let counts = &day.counts;
    if counts.asked() == 0 {
        "none"
    } else if counts.passed == counts.asked() {
        "good"
    } else if counts.passed as f64 >= BAD_DAY * counts.asked() as f64 {
        "some"
    } else {
        "bad"
    }
}

fn told(day: &Day) -> String {
    let mut text = format!("{}: {}", day.date, percent(&day.counts));
    if day.counts.unknown > 0 {
        let _ = write!(text, ", {} of {} not known", day.counts.unknown, day.counts.asked());
    }
    text
}

/// Rounded down: 100 means that nothing failed.
fn percent(counts: &Counts) -> String {
    let asked = u128::from(counts.asked());
    match (u128::from(counts.passed) * 10_000).checked_div(asked) {
        Some(share) => format!("{}.{:02} % up", share / 100, share % 100),
        None => "no data".to_owned(),
    }
}

fn incidents(out: &mut String, heading: &str, all: &[&News]) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "<section>\n<h2>{heading}</h2>");
    for news in all {
        let _ = writeln!(
            out,
            "<article class=\"item\">\n<div class=\"head\"><h3>{} ({})</h3><span class=\"state\">{}</span></div>\n\
             <small>since {}</small>",
            escaped(&news.service),
            escaped(&news.incident),
            escaped(&news.stage),
            time(news.since)
        );
        for update in news.updates.iter().rev() {
            let (stage, text) = (escaped(&update.stage), escaped(&update.text));
            let _ = writeln!(out, "<p>{text}<br><small>{stage}, {}</small></p>", time(update.at));
        }
        out.push_str("</article>\n");
    }
    out.push_str("</section>\n");
}

fn notices(out: &mut String, all: &[Notice]) {
    if all.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>Notices</h2>\n");
    for notice in all {
        let (text, service) = (escaped(&notice.text), escaped(&notice.service));
        let _ = writeln!(
            out,
            "<article class=\"item\"><p>{text}</p><small>{service}, {}</small></article>",
            time(notice.at)
        );
    }
    out.push_str("</section>\n");
}

fn time(at: Timestamp) -> String {
    let shown = at.strftime("%Y-%m-%d %H:%M UTC");
    format!("<time datetime=\"{at:.0}\">{shown}</time>")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}
