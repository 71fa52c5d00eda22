//! What a person may ask of a bench.

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As in the README: at most half a minute.
    Full,
    /// A few seconds: a first look.
    Quick,
    /// As little as possible, for tests: the figures mean nothing.
    Tiny,
}

impl Size {
    /// One of the three.
    pub fn pick<T>(self, full: T, quick: T, tiny: T) -> T {
        match self {
            Size::Full => full,
            Size::Quick => quick,
            Size::Tiny => tiny,
        }
    }
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// The command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long to measure.
    pub size: Size,
    /// How to print.
    pub format: Format,
}

/// What every bench answers to `--help`.
pub const HELP: &str = "options: --quick (a few seconds instead of up to half a minute), --json (for programs)\n\
environment: MERIDIAN_BIN (the program to load; otherwise the `meridian` beside the bench),\n             \
MERIDIAN_FIXTURES (the folder with recorded market data; without it bench-dump skips)\n\
exit codes: 0 every bar is held, 1 a bar is missed or the bench failed, 2 wrong usage";

/// Reads the arguments after the program's name; `None` asks for help, `Err` names the argument that is not known.
///
/// # Errors
/// The unknown argument.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options { size: Size::Full, format: Format::Table };
    for argument in arguments {
        match argument.as_str() {
            "--quick" => options.size = Size::Quick,
            "--json" => options.format = Format::Json,
            "--help" | "-h" => return Ok(None),
            _ => return Err(argument),
        }
    }
    Ok(Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Option<Options>, String> {
        parse(text.split_whitespace().map(str::to_string))
    }

    #[test]
    fn reads_what_help_says() {
        assert_eq!(parsed(""), Ok(Some(Options { size: Size::Full, format: Format::Table })));
        assert_eq!(parsed("--json --quick"), Ok(Some(Options { size: Size::Quick, format: Format::Json })));
        assert_eq!(parsed("--quick --help"), Ok(None));
        assert_eq!(parsed("--fast"), Err("--fast".into()));
    }
}
