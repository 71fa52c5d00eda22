//! Shell text as commands and words: enough to see what is run with what, never to run it.
//!
//! Enters: text of a shell. Leaves: pipelines of commands. Quotes, comments, substitutions, redirections and here-documents are known;
//! functions, loops and conditions are read as if each of their commands were run once.

mod reader;

pub(super) use reader::pipelines;

/// One word as a program gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Without quotes; what the shell would fill in stands as it is written.
    pub(super) text: String,
    /// The shell fills something in.
    pub(super) expands: bool,
}

/// One program with its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// All of it, assignments in front included.
    pub(super) words: Vec<Word>,
    /// Its failure is caught by `||`.
    pub(super) has_else: bool,
    /// Lines of the text before it.
    pub(super) row: usize,
}

/// Commands of which each reads what the one before has written.
pub(super) type Pipeline = Vec<Command>;

/// Words that stand before a command and change nothing that is looked at here.
const BEFORE: [&str; 11] =
    ["sudo", "env", "exec", "time", "!", "if", "then", "do", "while", "else", "command"];

impl Command {
    /// From a list of arguments that no shell sees.
    pub(super) fn plain(arguments: &[String]) -> Command {
        let words = arguments.iter().map(|text| Word { text: text.clone(), expands: false }).collect();
        Command { words, has_else: false, row: 0 }
    }

    /// Program and arguments.
    pub(super) fn call(&self) -> &[Word] {
        let skipped = |word: &&Word| BEFORE.contains(&word.text.as_str()) || assignment(&word.text).is_some();
        &self.words[self.words.iter().take_while(skipped).count()..]
    }

    /// Name of the program, without its directory.
    pub(super) fn program(&self) -> &str {
        self.call().first().map_or("", |word| word.text.rsplit('/').next().unwrap_or_default())
    }

    /// True when the call begins with these words.
    pub(super) fn is(&self, words: &[&str]) -> bool {
        let call = self.call();
        words.first().is_some_and(|first| *first == self.program())
            && call.len() >= words.len()
            && call.iter().zip(words).skip(1).all(|(word, wanted)| word.text == *wanted)
    }

    /// True when this option is given, with `=` or alone.
    pub(super) fn has(&self, option: &str) -> bool {
        self.call().iter().any(|word| {
            word.text.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    }

    /// The value of an option: after `=`, or the next word.
    pub(super) fn value(&self, option: &str) -> Option<Word> {
        let call = self.call();
        call.iter().enumerate().find_map(|(place, word)| match word.text.strip_prefix(option)? {
            "" => call.get(place + 1).cloned(),
            rest => rest.strip_prefix('=').map(|text| Word { text: text.to_owned(), expands: word.expands }),
        })
    }

    /// As one line.
    pub(super) fn line(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// `NAME=value`.
pub(super) fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let letters = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    (letters && name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_'))
        .then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Vec<String>> {
        pipelines(text).iter().map(|pipeline| pipeline.iter().map(Command::line).collect()).collect()
    }

    #[test]
    fn text_is_read_as_a_shell_reads_it() {
        assert_eq!(
            lines("a 'b c' \\\n  d # no\n# no\ne|f 2>&1 >out; g"),
            [vec!["a b c d"], vec!["e", "f"], vec!["g"]]
        );
        assert_eq!(
            lines("cat <<'END' | sort\nkubectl delete\nEND\nnext"),
            [vec!["cat", "sort"], vec!["next"]]
        );
        assert_eq!(
            lines("x=$(aws kms | base64) && y <(z)"),
            [vec!["x=$(aws kms | base64)"], vec!["y <(z)"], vec!["aws kms", "base64"], vec!["z"]]
        );
        assert_eq!(lines("'never closed"), [vec!["never closed"]]);
        assert!(pipelines("a || b")[0][0].has_else);
        let rows: Vec<usize> =
            pipelines("a 'x\ny'\n\nb $(c\nd) \\\n e\nf").iter().map(|one| one[0].row).collect();
        assert_eq!(rows, [0, 3, 6, 3, 4]);
        let words = &pipelines("psql -c \"PASSWORD '$X'\" '$X'")[0][0].words;
        assert_eq!(words.iter().map(|word| word.expands).collect::<Vec<_>>(), [false, false, true, false]);
    }

    #[test]
    fn options_have_values() {
        let command = &pipelines("sudo A=1 /usr/bin/kubectl get -n prod --output=json")[0][0];
        assert_eq!(command.program(), "kubectl");
        assert_eq!(command.value("-n").unwrap().text, "prod");
        assert_eq!(command.value("--output").unwrap().text, "json");
        assert!(command.is(&["kubectl", "get"]) && command.has("--output") && !command.has("--out"));
    }
}
