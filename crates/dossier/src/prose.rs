//! Text that people wrote, as blocks: paragraphs, points, headings and tables of Markdown; everything else is just text.
//!
//! Enters: Markdown. Leaves: blocks. Never here: links, pictures, markup that passes through.

use crate::document::{Block, Cell, Table, one_line};

/// The blocks of a text.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open = Open::Nothing;
    for line in text.lines() {
        let line = line.trim_end();
        if line.trim().is_empty() {
            open.close(&mut blocks);
        } else if let Some(heading) = line.strip_prefix('#') {
            open.close(&mut blocks);
            blocks.push(Block::Heading(plain(heading.trim_start_matches('#'))));
        } else if let Some(point) = line.strip_prefix("- ") {
            if !matches!(open, Open::List(_)) {
                open.close(&mut blocks);
                open = Open::List(Vec::new());
            }
            if let Open::List(points) = &mut open {
                points.push(point.to_owned());
            }
        } else if line.starts_with('|') {
            if !matches!(open, Open::Table(_)) {
                open.close(&mut blocks);
                open = Open::Table(Vec::new());
            }
            if let Open::Table(rows) = &mut open {
                rows.push(cells(line));
            }
        } else {
            open.go_on(line.trim(), &mut blocks);
        }
    }
    open.close(&mut blocks);
    blocks
}

/// What the next line may belong to.
enum Open {
    Nothing,
    Paragraph(String),
    List(Vec<String>),
    Table(Vec<Vec<String>>),
}

impl Open {
    /// A line that begins nothing of its own.
    fn go_on(&mut self, line: &str, blocks: &mut Vec<Block>) {
        match self {
            Open::Paragraph(text) => *text = format!("{text} {line}"),
            Open::List(points) => match points.last_mut() {
                Some(point) => *point = format!("{point} {line}"),
                None => points.push(line.to_owned()),
            },
            Open::Nothing | Open::Table(_) => {
                self.close(blocks);
                *self = Open::Paragraph(line.to_owned());
            }
        }
    }

    fn close(&mut self, blocks: &mut Vec<Block>) {
        match std::mem::replace(self, Open::Nothing) {
            Open::Nothing => {}
            Open::Paragraph(text) => blocks.push(Block::Text(plain(&text))),
            Open::List(points) => {
                blocks.push(Block::List(points.iter().map(|point| Cell::from(plain(point))).collect()));
            }
            Open::Table(rows) => blocks.push(Block::Table(table(&rows))),
        }
    }
}

/// The first row names the columns; the line under it is left out.
fn table(rows: &[Vec<String>]) -> Table {
    let rule = |row: &&Vec<String>| !row.iter().all(|cell| cell.chars().all(|letter| "-: ".contains(letter)));
    let names = rows.first().into_iter().flatten();
    let columns: Vec<(String, bool)> = names.map(|name| (plain(name), false)).collect();
    let width = columns.len();
    let row = |row: &Vec<String>| {
        let mut cells: Vec<Cell> = row.iter().map(|cell| Cell::from(plain(cell))).collect();
        cells.resize(width, Cell::default());
        cells
    };
    let rows = rows.iter().enumerate().filter(|(at, row)| *at > 1 || (*at == 1 && rule(row)));
    Table { rows: rows.map(|(_, cells)| row(cells)).collect(), columns, total: false }
}

/// Between bars that are not escaped.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for letter in line.trim().trim_start_matches('|').chars() {
        match letter {
            '|' if !escaped => cells.push(String::new()),
            letter => cells.last_mut().into_iter().for_each(|cell| cell.push(letter)),
        }
        escaped = letter == '\\' && !escaped;
    }
    if cells.len() > 1 && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells
}

/// What a reader sees of it: without the backslashes and entities of Markdown.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = one_line(text).chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek().is_some_and(char::is_ascii_punctuation) => plain.extend(letters.next()),
            letter => plain.push(letter),
        }
    }
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_points_and_tables() {
        let text = "# A\nOne\ntwo.\n\n- first,\n  longer\n- [ ] second \\*\n\n| a | b |\n|---|---|\n| 1 \\| 2 | |\nend";
        let blocks = blocks(text);
        assert_eq!(blocks[0], Block::Heading("A".to_owned()));
        assert_eq!(blocks[1], Block::Text("One two.".to_owned()));
        assert_eq!(blocks[2], Block::List(vec!["first, longer".into(), "[ ] second *".into()]));
        let mut table = Table::new(["a", "b"]);
        table.row(["1 | 2".into(), "".into()]);
        assert_eq!(blocks[3], Block::Table(table));
        assert_eq!(blocks[4], Block::Text("end".to_owned()));
    }
}
