//! What a document is made of, before it is written in any way.
//!
//! Enters: words and figures. Leaves: sections of blocks. Never here: markup.

use crate::chart::Chart;

/// One document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// What kind of document it is.
    pub kind: String,
    /// What it is about.
    pub title: String,
    /// What came out, where something did.
    pub outcome: Option<Cell>,
    /// The sentences under it.
    pub lead: Vec<String>,
    /// Name and value.
    pub facts: Vec<(String, Cell)>,
    /// In order; numbered from 1.
    pub sections: Vec<Section>,
    /// The last line.
    pub imprint: String,
}

/// One numbered section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// In order.
    pub blocks: Vec<Block>,
}

/// One piece of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading inside the section.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Points.
    List(Vec<Cell>),
    /// Rows and columns.
    Table(Table),
    /// A drawing.
    Chart(Chart),
    /// Who has signed, and who has not.
    Signatures(Vec<Signature>),
    /// Text as it is, for a terminal.
    Code(String),
}

/// How a word is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Just said.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Not yet as it should be.
    Warn,
    /// Not as it should be.
    Bad,
}

impl Tone {
    /// `good` and so on; empty for a plain one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// A short text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its lines.
    pub lines: Vec<String>,
    /// How it is meant.
    pub tone: Tone,
    /// It is a name or a digest that is compared letter by letter.
    pub code: bool,
}

/// Rows and columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Name, and whether figures stand in it.
    pub columns: Vec<(String, bool)>,
    /// As many cells as columns.
    pub rows: Vec<Vec<Cell>>,
    /// The last row is the sum of the others.
    pub total: bool,
}

/// One place for a signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// As what.
    pub role: String,
    /// Who; empty: nobody yet.
    pub name: String,
    /// About what.
    pub matter: String,
    /// Yes or no, or that it is missing.
    pub vote: Cell,
    /// When.
    pub at: String,
    /// That it counts, or why it does not.
    pub counts: String,
    /// The signature itself.
    pub made: String,
}

/// Without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    let blank = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(blank).collect::<String>().trim().to_owned()
}

impl Cell {
    /// Several lines; those without a word are left out.
    pub fn lines(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Cell {
        let lines = lines.into_iter().map(|line| one_line(line.as_ref())).filter(|line| !line.is_empty());
        Cell { lines: lines.collect(), ..Cell::default() }
    }

    /// Compared letter by letter.
    pub fn code(text: impl AsRef<str>) -> Cell {
        Cell { code: true, ..Cell::lines([text]) }
    }

    /// Meant so.
    pub fn toned(text: impl AsRef<str>, tone: Tone) -> Cell {
        Cell { tone, ..Cell::lines([text]) }
    }

    /// All lines in one.
    pub fn text(&self) -> String {
        self.lines.join("; ")
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::lines([text])
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::lines([text])
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Cell {
        Cell::lines([text])
    }
}

impl Table {
    /// Columns by their names; `#` before a name: figures stand in it.
    pub fn new<const N: usize>(names: [&str; N]) -> Table {
        let column = |name: &str| match name.strip_prefix('#') {
            Some(name) => (name.to_owned(), true),
            None => (name.to_owned(), false),
        };
        Table { columns: names.into_iter().map(column).collect(), ..Table::default() }
    }

    /// The next row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A row's cells, each with the name of its column and whether it is a figure.
    pub fn cells<'a>(&'a self, row: &'a [Cell]) -> impl Iterator<Item = (&'a str, bool, &'a Cell)> {
        self.columns.iter().zip(row).map(|((name, figure), cell)| (name.as_str(), *figure, cell))
    }

    /// The rows, each with whether it is the sum of the others.
    pub fn marked(&self) -> impl Iterator<Item = (&[Cell], bool)> {
        let last = self.rows.len().saturating_sub(1);
        self.rows.iter().enumerate().map(move |(at, row)| (row.as_slice(), self.total && at == last))
    }
}

impl Section {
    /// A section to which blocks are added.
    pub fn new(title: &str) -> Section {
        Section { title: title.to_owned(), blocks: Vec::new() }
    }

    /// Nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// A heading inside it.
    pub fn heading(&mut self, text: &str) {
        self.blocks.push(Block::Heading(one_line(text)));
    }

    /// A paragraph.
    pub fn text(&mut self, text: impl AsRef<str>) {
        self.blocks.push(Block::Text(one_line(text.as_ref())));
    }

    /// A table, if it has rows.
    pub fn table(&mut self, table: Table) {
        if !table.rows.is_empty() {
            self.blocks.push(Block::Table(table));
        }
    }

    /// A drawing, if it has rows.
    pub fn chart(&mut self, chart: Chart) {
        if !chart.rows.is_empty() {
            self.blocks.push(Block::Chart(chart));
        }
    }
}
