//! `scoregate explain`: a decision on an address, or the page of a message's code.

use std::net::IpAddr;

use super::perform::perform;
use super::{ConfigSource, Failure, Program, Terminal, unexpected};
use crate::operations::{Explain, Operation, Outcome};

/// Says whether a request would be let in, and why
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scoregate explain https://portal.example.org/ --user anna\n  scoregate explain \
                  https://portal.example.org/payments/ --user anna --done password,email@2m --json\n  scoregate explain E0301\n\nThe first line \
                  is `verdict:` and one of allow, step-up, forbid, public, refused. The exit code is 0 for each of them."
)]
pub(super) struct ExplainArgs {
    /// The address, as a browser would ask for it; or the code of a message of `check`
    #[arg(value_name = "URL|CODE")]
    url: String,
    /// Who asks; without: somebody who is not signed in
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// What they have done, and how long ago: `password,email@2m`. Any method, enrolled or not
    #[arg(long, value_name = "METHODS", value_delimiter = ',')]
    done: Vec<String>,
    /// The HTTP method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// Where the request comes from, for rules that ask
    #[arg(long = "from", value_name = "IP")]
    address: Option<IpAddr>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(
    args: ExplainArgs,
    source: &ConfigSource,
    program: &dyn Program,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let ExplainArgs { url, user, done, method, address, json } = args;
    if is_code(&url) {
        return terminal.text(section(&url)?);
    }
    let question = Operation::Explain(Explain { url, user, done, method, address });
    let Outcome::Explained(explanation) = perform(program, source, question)? else {
        return Err(unexpected());
    };
    if json { terminal.json(&explanation) } else { terminal.text(&explanation.to_string()) }
}

/// The page on which every code has a section.
const MESSAGES: &str = include_str!("../../docs/reference/errors.md");

/// `E` or `W` and four digits, as in `error[E0301]`.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix(['E', 'W', 'e', 'w']);
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// What the page says of a code, without the number signs of its title.
fn section(code: &str) -> Result<&'static str, Failure> {
    let code = code.to_ascii_uppercase();
    let sections = MESSAGES.split("\n### ").skip(1);
    let of_code = sections.into_iter().find(|section| section.starts_with(&format!("{code}:")));
    let text = of_code.and_then(|section| section.split("\n## ").next());
    text.map(str::trim_end)
        .ok_or_else(|| Failure::No(format!("no message of this version has the code {code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_section_of_its_own_and_nothing_of_the_next() {
        for code in ["E0301", "e0301"] {
            let text = section(code).unwrap();
            assert!(text.starts_with("E0301: nobody can get in"), "{text}");
            assert!(text.contains("**Do:**") && !text.contains("E0302") && !text.contains("##"));
        }
        // The last of a chapter ends before the title of the next chapter.
        assert!(!section("W0601").unwrap().contains("## "), "{:?}", section("W0601"));
    }

    #[test]
    fn a_code_that_no_message_has_is_a_no() {
        assert!(matches!(section("E0999"), Err(Failure::No(_))));
    }

    #[test]
    fn an_address_is_no_code() {
        for text in ["https://portal.example.org/", "E030", "E03011", "X0301", "E03o1", ""] {
            assert!(!is_code(text), "{text}");
        }
    }
}
