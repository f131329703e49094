//! A2: the directories, each with what it takes to sign in. Not here: changing that.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::duties::Section;
use super::layout::Layout;
use super::visitor::Visitor;
use super::{AdminPortal, Pages, sentences};
use crate::gate::Snapshot;
use crate::web::answer::{Answer, Kind};
use crate::web::i18n::Language;
use crate::web::pages::{Frame, html};

pub(super) fn pages() -> Pages {
    Pages { looks: Router::new().route("/directories", get(list)), ..Pages::default() }
}

/// One directory, as a line of the list.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    title: String,
    required: u16,
    /// The key of a method's name, and its points.
    methods: Vec<(&'static str, u16)>,
    routes: usize,
}

#[derive(Template)]
#[template(path = "admin/directories.html")]
struct DirectoriesView<'a> {
    frame: &'a Frame,
    layout: &'a Layout,
    title: String,
    heading: String,
    rows: Vec<Row>,
}

/// `GET /directories`
async fn list(State(admin): State<AdminPortal>, visitor: Visitor) -> Answer {
    let frame = visitor.caller.frame(&admin.portal);
    let heading = frame.t("admin-directories");
    let view = DirectoriesView {
        title: frame.title(&heading, false),
        heading,
        layout: &Layout::of(&visitor.caller, Some(Section::Directories)),
        rows: rows(&visitor.caller.arrival.snapshot, frame.language),
        frame: &frame,
    };
    visitor.page(Kind::Page, html(&view))
}

fn rows(snapshot: &Snapshot, language: Language) -> Vec<Row> {
    let directories = snapshot.directories.iter();
    directories
        .map(|(name, policy)| {
            let points = |method| policy.settings.policy(method).points.value();
            let methods =
                policy.offered.iter().map(|method| (sentences::method_key(method), points(method)));
            let routes = snapshot.config.routes.iter();
            Row {
                name: name.to_string(),
                title: title(snapshot, name, language),
                required: policy.settings.required_level.value(),
                methods: methods.collect(),
                routes: routes.filter(|route| *route.directory == **name).count(),
            }
        })
        .collect()
}

/// What people call a directory: in their language, else in the first there is, else its own name.
pub(super) fn title(snapshot: &Snapshot, name: &str, language: Language) -> String {
    let titles = snapshot.config.directories.get(name).map(|directory| &directory.titles);
    titles
        .and_then(|titles| titles.get(language.code()).or_else(|| titles.values().next()))
        .cloned()
        .unwrap_or_else(|| name.to_owned())
}
