//! What the documentation must keep to as the project moves: links that lead somewhere, a contents
//! page that has every page, a README that can be read, and a section for each message of `check`,
//! with the message as it is printed. Not here: whether the rest of what it says is true.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(markdown_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

fn documents() -> Vec<PathBuf> {
    let mut found = markdown_files(&root().join("docs"));
    found.extend(["README.md", "CHANGELOG.md", "SECURITY.md"].map(|name| root().join(name)));
    found
}

/// The targets of links and images that lie in the repository, without their anchors.
fn local_targets(text: &str) -> Vec<String> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let images = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links
        .chain(images)
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .map(str::to_owned)
        .collect()
}

fn dead_links(document: &Path, text: &str) -> Vec<String> {
    let folder = document.parent().unwrap();
    // The pictures are made from the running demo, all of them at once.
    let no_pictures_yet = !root().join("docs/images").exists();
    let is_picture = |target: &str| target.starts_with("docs/images/");
    let leads_somewhere =
        |target: &str| folder.join(target).exists() || (no_pictures_yet && is_picture(target));
    local_targets(text)
        .into_iter()
        .filter(|target| !leads_somewhere(target))
        .map(|target| format!("{} -> {target}", document.display()))
        .collect()
}

#[test]
fn every_link_in_the_documentation_leads_somewhere() {
    let dead: Vec<String> = documents()
        .iter()
        .flat_map(|document| dead_links(document, &fs::read_to_string(document).unwrap()))
        .collect();
    assert!(dead.is_empty(), "\n{}\n", dead.join("\n"));
}

#[test]
fn a_dead_link_is_found() {
    let text =
        "[a](docs/security.md#x) [b](https://x.example) [c](docs/gone.md) <img src=\"no.png\">";
    let dead = dead_links(&root().join("README.md"), text);
    assert_eq!(dead.len(), 2, "{dead:?}");
}

#[test]
fn the_contents_page_has_every_page() {
    let docs = root().join("docs");
    let contents = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<PathBuf> =
        local_targets(&contents).iter().map(|target| docs.join(target)).collect();
    let pages: BTreeSet<PathBuf> =
        markdown_files(&docs).into_iter().filter(|page| *page != docs.join("SUMMARY.md")).collect();
    assert_eq!(listed, pages);
}

#[test]
fn the_readme_is_at_most_two_hundred_lines_and_names_both_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 200, "{} lines", readme.lines().count());
    assert!(readme.contains("$ ./demo\n") && readme.contains("$ ./tests/run\n"));
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Stands for a code as a whole, such as `E0101` or `W0802`.
fn is_code(text: &str) -> bool {
    text.len() == 5 && text.starts_with(['E', 'W']) && text[1..].bytes().all(|b| b.is_ascii_digit())
}

/// The codes that a source file makes diagnostics with: literals outside of its tests.
fn codes_made_in(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.split('"').filter(|text| is_code(text)).map(str::to_owned).collect()
}

fn codes_of_config(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            found.extend(codes_of_config(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(codes_made_in(&fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn every_code_of_the_configuration_has_its_section_and_no_section_is_of_another() {
    let made = codes_of_config(&root().join("src/config"));
    assert!(made.len() > 30 && made.contains("E0001"), "the codes were not found: {made:?}");
    let errors = read("docs/reference/errors.md");
    let titles = errors.lines().filter_map(|line| line.strip_prefix("### "));
    let told: Vec<String> =
        titles.filter_map(|title| Some(title.split_once(':')?.0.to_owned())).collect();
    assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), made);
    assert_eq!(told.len(), made.len(), "a code has two sections");
}

#[test]
fn a_code_is_found_where_it_is_made_and_not_in_tests() {
    let source = "Diagnostic::error(\"E0999\", \"E01\")\n#[cfg(test)]\nmod tests { \"E0998\" }";
    assert_eq!(codes_made_in(source), BTreeSet::from(["E0999".to_owned()]));
}

#[test]
fn the_messages_in_the_documentation_are_those_that_are_printed() {
    let printed =
        read("src/config/tests/snapshots/scoregate__config__tests__messages__messages.snap");
    let errors = read("docs/reference/errors.md");
    let sections = errors.split("\n### ").skip(1);
    let mut count = 0;
    for section in sections {
        let code = section.split(':').next().unwrap();
        let example = section.split("```text\n").nth(1).and_then(|rest| rest.split("```").next());
        let example = example.unwrap_or_else(|| panic!("{code} has no example")).trim_end();
        assert!(example.contains(&format!("[{code}]")), "{code} shows another message");
        assert!(printed.contains(example), "{code} is not printed like this any more");
        count += 1;
    }
    assert!(count > 30, "{count} sections");
}
