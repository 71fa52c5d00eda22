//! From letters to words, as a shell takes them.

use super::{Command, Pipeline, Word};

/// More than this is no step of a runbook, bytes.
const TEXT_MAX: usize = 256 * 1024;
/// Substitutions within substitutions.
const DEPTH_MAX: usize = 4;

/// The pipelines of a text, those in substitutions after the ones around them.
pub(in crate::lint::commands) fn pipelines(text: &str) -> Vec<Pipeline> {
    let mut all = Vec::new();
    if text.len() <= TEXT_MAX {
        read(text, 0, 0, &mut all);
    }
    all
}

/// What has been read of a script.
struct Reader<'a> {
    letters: std::iter::Peekable<std::str::Chars<'a>>,
    pipelines: Vec<Pipeline>,
    pipeline: Pipeline,
    command: Command,
    word: Option<Word>,
    /// The next word is where something is redirected to.
    redirected: bool,
    /// The next word ends a here-document.
    here: bool,
    /// Ends of here-documents that begin on the next line.
    ends: Vec<String>,
    /// Texts of substitutions, with the rows that they begin on.
    inner: Vec<(String, usize)>,
    /// Lines before this one.
    row: usize,
}

fn read(text: &str, row: usize, depth: usize, all: &mut Vec<Pipeline>) {
    let mut reader = Reader {
        letters: text.chars().peekable(),
        pipelines: Vec::new(),
        pipeline: Vec::new(),
        command: Command::default(),
        word: None,
        redirected: false,
        here: false,
        ends: Vec::new(),
        inner: Vec::new(),
        row,
    };
    reader.run();
    all.append(&mut reader.pipelines);
    if depth < DEPTH_MAX {
        for (inner, row) in reader.inner {
            read(&inner, row, depth + 1, all);
        }
    }
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.letters.next();
        self.row += usize::from(letter == Some('\n'));
        letter
    }

    fn run(&mut self) {
        while let Some(letter) = self.next() {
            match letter {
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(escaped) => self.push(escaped),
                },
                '\'' => {
                    self.begin();
                    while let Some(quoted) = self.next().filter(|letter| *letter != '\'') {
                        self.push(quoted);
                    }
                }
                '"' => self.double_quoted(),
                '$' => self.dollar(),
                '`' => {
                    let inner = self.back_quoted();
                    self.substitution("`", &inner, "`");
                }
                '#' if self.word.is_none() => {
                    while self.letters.next_if(|letter| *letter != '\n').is_some() {}
                }
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' => {
                    self.end_pipeline();
                    self.skip_here_documents();
                }
                ';' | '(' | ')' => self.end_pipeline(),
                '&' if self.letters.next_if_eq(&'>').is_some() => self.redirect(),
                '&' => {
                    let _ = self.letters.next_if_eq(&'&');
                    self.end_pipeline();
                }
                '|' if self.letters.next_if_eq(&'|').is_some() => {
                    self.end_word();
                    self.command.has_else = true;
                    self.end_pipeline();
                }
                '|' => {
                    let _ = self.letters.next_if_eq(&'&');
                    self.end_command();
                }
                '<' | '>' => self.angle(letter),
                '{' | '}' if self.word.is_none() && self.is_space_next() => self.end_pipeline(),
                other => self.push(other),
            }
        }
        self.end_pipeline();
    }

    fn is_space_next(&mut self) -> bool {
        self.letters.peek().is_none_or(|letter| letter.is_whitespace() || *letter == ';')
    }

    fn begin(&mut self) -> &mut Word {
        if self.word.is_none() && self.command.words.is_empty() {
            self.command.row = self.row;
        }
        self.word.get_or_insert_default()
    }

    fn push(&mut self, letter: char) {
        self.begin().text.push(letter);
    }

    fn double_quoted(&mut self) {
        self.begin();
        while let Some(letter) = self.next() {
            match letter {
                '"' => return,
                '\\' => match self.next() {
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => self.push(escaped),
                    Some('\n') | None => {}
                    Some(other) => {
                        self.push('\\');
                        self.push(other);
                    }
                },
                '$' => self.dollar(),
                '`' => {
                    let inner = self.back_quoted();
                    self.substitution("`", &inner, "`");
                }
                other => self.push(other),
            }
        }
    }

    fn dollar(&mut self) {
        if self.letters.next_if_eq(&'(').is_some() {
            let inner = self.parenthesised();
            self.substitution("$(", &inner, ")");
            return;
        }
        let fills = |letter: &char| letter.is_ascii_alphanumeric() || "_{@*#?!-$'".contains(*letter);
        let expands = self.letters.peek().is_some_and(fills);
        let word = self.begin();
        word.text.push('$');
        word.expands |= expands;
    }

    /// Up to the parenthesis that closes; quotes count.
    fn parenthesised(&mut self) -> String {
        let mut inner = String::new();
        let mut depth = 1_usize;
        let mut quote = None;
        while let Some(letter) = self.next() {
            match (quote, letter) {
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                (None, '\'' | '"') => quote = Some(letter),
                (Some(open), _) if open == letter => quote = None,
                (None | Some('"'), '\\') => {
                    inner.push(letter);
                    inner.extend(self.next());
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            inner.push(letter);
        }
        inner
    }

    fn back_quoted(&mut self) -> String {
        let mut inner = String::new();
        while let Some(letter) = self.next().filter(|letter| *letter != '`') {
            inner.push(letter);
        }
        inner
    }

    fn substitution(&mut self, open: &str, inner: &str, close: &str) {
        let row = self.row - inner.matches('\n').count().min(self.row);
        let word = self.begin();
        word.text.push_str(open);
        word.text.push_str(inner);
        word.text.push_str(close);
        word.expands = true;
        self.inner.push((inner.to_owned(), row));
    }

    fn angle(&mut self, letter: char) {
        if self.letters.next_if_eq(&'(').is_some() {
            let inner = self.parenthesised();
            self.substitution(if letter == '<' { "<(" } else { ">(" }, &inner, ")");
        } else if letter == '<' && self.letters.next_if_eq(&'<').is_some() {
            self.redirect();
            // `<<<` is followed by the text itself.
            self.here = self.letters.next_if_eq(&'<').is_none();
            if self.here {
                let _ = self.letters.next_if_eq(&'-');
            }
        } else {
            // `2>file`: the number belongs to the redirection.
            if self.word.as_ref().is_some_and(|word| word.text.bytes().all(|byte| byte.is_ascii_digit())) {
                self.word = None;
            }
            self.redirect();
            let _ = self.letters.next_if(|letter| *letter == '>' || *letter == '|');
            if self.letters.next_if_eq(&'&').is_some() {
                while self.letters.next_if(|letter| letter.is_ascii_digit() || *letter == '-').is_some() {}
                self.redirected = false;
            }
        }
    }

    fn redirect(&mut self) {
        self.end_word();
        self.redirected = true;
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        match (std::mem::take(&mut self.redirected), std::mem::take(&mut self.here)) {
            (true, true) => self.ends.push(word.text),
            (true, false) => {}
            (false, _) => self.command.words.push(word),
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.redirected = false;
        let command = std::mem::take(&mut self.command);
        if !command.words.is_empty() {
            self.pipeline.push(command);
        }
    }

    fn end_pipeline(&mut self) {
        self.end_command();
        let pipeline = std::mem::take(&mut self.pipeline);
        if !pipeline.is_empty() {
            self.pipelines.push(pipeline);
        }
    }

    fn skip_here_documents(&mut self) {
        for end in std::mem::take(&mut self.ends) {
            loop {
                let mut line = String::new();
                while let Some(letter) = self.letters.next_if(|letter| *letter != '\n') {
                    line.push(letter);
                }
                let over = self.next().is_none();
                if over || line.trim_start_matches('\t') == end {
                    break;
                }
            }
        }
    }
}
