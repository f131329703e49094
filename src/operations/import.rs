//! Users from a table, and users as a table: CSV as spreadsheets write it. A dry run says what would happen, with
//! row, column and a sentence for everything that is wrong; where one thing is wrong, nothing is done, and
//! what is done is one transaction. Not here: a file, a page, and how a store takes it.
//!
//! Somebody who may only hand in a table would gain most by becoming an administrator with it: roles of the gateway
//! are refused, and so is every row about somebody who has one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::letters::Letter;
use super::roles::{is_of_the_gateway, role};
use super::users::{language, parsed, text};
use super::{Act, Outcome, Refused};
use crate::accounts::{
    Account, ContactKind, DirectoryName, EmailAddress, ImportCells, ImportRow, PhoneNumber,
    RosterQuery, Shown, UserName, UserState,
};
use crate::audit::EventName;
use crate::points::{Method, Role};
use crate::secret::Secret;

/// The columns, in the order in which they are written.
static COLUMNS: [&str; 8] =
    ["username", "name", "email", "phone", "language", "roles", "state", "password_hash"];
/// Rows of one piece of an export.
const PIECE: u32 = 2000;

/// What is wrong, and where.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ImportProblem {
    /// As a spreadsheet counts: the header is row 1.
    pub row: u64,
    pub column: Option<String>,
    pub message: String,
}

/// What a table would do, or did.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ImportReport {
    pub directory: String,
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub problems: Vec<ImportProblem>,
    /// It was done; else it was only looked at.
    pub applied: bool,
}

/// The text of a file: UTF-8 with or without a byte order mark, else Windows-1252, which older spreadsheets write
/// and in which every byte is something.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// A table as it was written: which column each cell is of.
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<(u64, Vec<String>)>,
    problems: Vec<ImportProblem>,
}

fn problem(row: u64, column: Option<&str>, message: impl Into<String>) -> ImportProblem {
    ImportProblem { row, column: column.map(str::to_owned), message: message.into() }
}

impl Table {
    fn read(text: &str) -> Self {
        let header = text.lines().next().unwrap_or_default();
        let delimiter =
            if header.matches(';').count() > header.matches(',').count() { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let mut table = Self { columns: Vec::new(), rows: Vec::new(), problems: Vec::new() };
        for (row, record) in (1_u64..).zip(reader.records()) {
            match record {
                Ok(record) if row == 1 => table.header(&record),
                Ok(record) if record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(record) if record.len() != table.columns.len() => {
                    let (has, wanted) = (record.len(), table.columns.len());
                    let message = format!("has {has} cells, and the header has {wanted}");
                    table.problems.push(problem(row, None, message));
                }
                Ok(record) => {
                    table.rows.push((row, record.iter().map(unescaped).collect()));
                }
                Err(error) => table.problems.push(problem(row, None, error.to_string())),
            }
            if row == 1 && !table.problems.is_empty() {
                break;
            }
        }
        if table.columns.is_empty() && table.problems.is_empty() {
            table.problems.push(problem(
                1,
                None,
                format!("is empty; a header is needed: {}", COLUMNS.join(",")),
            ));
        }
        table
    }

    fn header(&mut self, record: &csv::StringRecord) {
        for cell in record {
            let name = cell.trim().to_lowercase();
            match COLUMNS.into_iter().find(|column| *column == name) {
                Some(column) if self.columns.contains(&column) => {
                    self.problems.push(problem(1, Some(column), "is there twice"));
                }
                Some(column) => self.columns.push(column),
                None => {
                    let message = format!("is no column; those are: {}", COLUMNS.join(","));
                    self.problems.push(problem(1, Some(&name), message));
                }
            }
        }
        if !self.columns.contains(&"username") && self.problems.is_empty() {
            self.problems.push(problem(
                1,
                Some("username"),
                "is missing: it says who a row is about",
            ));
        }
    }
}

/// What a spreadsheet would take for a formula is written with an apostrophe before it.
fn escaped(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn unescaped(cell: &str) -> String {
    let cell = cell.trim();
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.to_owned(),
        _ => cell.to_owned(),
    }
}

fn roles(cell: &str) -> Result<BTreeSet<Role>, Refused> {
    let names = cell.split([',', '|', ' ']).filter(|name| !name.is_empty());
    names
        .map(|name| {
            if is_of_the_gateway(name) {
                let why = format!("`{name}` is given by an owner, never by an import");
                return Err(Refused::NotAValue { field: "roles".to_owned(), why });
            }
            role(name)
        })
        .collect()
}

fn state(cell: &str) -> Result<UserState, Refused> {
    match cell {
        "active" => Ok(UserState::Active),
        "disabled" => Ok(UserState::Disabled),
        other => Err(Refused::NotAValue {
            field: "state".to_owned(),
            why: format!("`{other}` is neither `active` nor `disabled`"),
        }),
    }
}

/// A sentence for a cell: without the name of its field, which the column says.
fn sentence(refused: &Refused) -> String {
    match refused {
        Refused::NotAValue { why, .. } => why.clone(),
        other => other.to_string(),
    }
}

/// What the rows say, once all of them can be understood.
#[derive(Default)]
struct Plan {
    rows: Vec<(u64, ImportRow)>,
    problems: Vec<ImportProblem>,
}

impl Act<'_> {
    fn plan(&self, table: Table) -> Plan {
        let mut plan = Plan { rows: Vec::new(), problems: table.problems };
        let mut seen: BTreeMap<UserName, u64> = BTreeMap::new();
        for (row, cells) in table.rows {
            let cells = table.columns.iter().copied().zip(cells.iter().map(String::as_str));
            match self.row(row, cells) {
                Err(problems) => plan.problems.extend(problems),
                Ok(parsed) => match seen.insert(parsed.name.clone(), row) {
                    Some(first) => {
                        let message = format!("`{}` is in row {first} already", parsed.name);
                        plan.problems.push(problem(row, Some("username"), message));
                    }
                    None => plan.rows.push((row, parsed)),
                },
            }
        }
        plan
    }

    fn row<'a>(
        &self,
        row: u64,
        cells: impl Iterator<Item = (&'static str, &'a str)>,
    ) -> Result<ImportRow, Vec<ImportProblem>> {
        let mut name = None;
        let mut read = ImportCells::default();
        let mut problems = Vec::new();
        for (column, cell) in
            cells.filter(|(column, cell)| !cell.is_empty() || *column == "username")
        {
            let taken = if column == "username" {
                parsed::<UserName>("name", cell).map(|parsed| name = Some(parsed))
            } else {
                self.cell(&mut read, column, cell)
            };
            if let Err(refused) = taken {
                problems.push(problem(row, Some(column), sentence(&refused)));
            }
        }
        match name {
            Some(name) if problems.is_empty() => Ok(ImportRow { name, cells: read }),
            _ => Err(problems),
        }
    }

    fn cell(&self, row: &mut ImportCells, column: &str, cell: &str) -> Result<(), Refused> {
        match column {
            "name" => row.display_name = text("display name", Some(cell), 200)?,
            "email" => row.email = Some(parsed::<EmailAddress>("e-mail", cell)?),
            "phone" => row.phone = Some(parsed::<PhoneNumber>("phone", cell)?),
            "language" => row.language = language(Some(cell))?,
            "roles" => row.roles = Some(roles(cell)?),
            "state" => row.state = Some(state(cell)?),
            _ => {
                if !self.tools.passwords.is_hash(cell) {
                    let why =
                        "is no hash of Argon2id in PHC form, or one that costs too much to check"
                            .to_owned();
                    return Err(Refused::NotAValue { field: column.to_owned(), why });
                }
                row.password_hash = Some(Secret::new(cell.to_owned()));
            }
        }
        Ok(())
    }

    pub(super) async fn import_users(
        &self,
        directory: Option<&str>,
        text: &str,
        apply: bool,
    ) -> Result<Outcome, Refused> {
        let directory = self.directory(directory)?;
        let mut plan = self.plan(Table::read(text));
        let names: Vec<UserName> = plan.rows.iter().map(|(_, row)| row.name.clone()).collect();
        let present = self.tools.roster.find_users(&directory, names).await?;
        let present: BTreeMap<UserName, Account> =
            present.into_iter().map(|account| (account.user.name.clone(), account)).collect();
        let mut report =
            ImportReport { directory: directory.to_string(), ..ImportReport::default() };
        let mut work = Vec::new();
        for (number, row) in plan.rows {
            match present.get(&row.name) {
                None => report.new += 1,
                Some(account) if account.user.roles.iter().any(|role| is_of_the_gateway(role)) => {
                    let message =
                        format!("`{}` administers, and is changed by an owner alone", row.name);
                    plan.problems.push(problem(number, Some("username"), message));
                    continue;
                }
                Some(account) if !changes(account, &row.cells) => {
                    report.unchanged += 1;
                    continue;
                }
                Some(_) => report.changed += 1,
            }
            work.push(row);
        }
        plan.problems.sort_by_key(|problem| problem.row);
        report.problems = plan.problems;
        if apply && report.problems.is_empty() {
            self.apply(&directory, work, &present).await?;
            report.applied = true;
        }
        Ok(Outcome::Imported(Box::new(report)))
    }

    /// Whoever is changed is kept out for as long as the store takes; whoever is disabled is signed out.
    async fn apply(
        &self,
        directory: &DirectoryName,
        rows: Vec<ImportRow>,
        present: &BTreeMap<UserName, Account>,
    ) -> Result<(), Refused> {
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let changed: Vec<(&Account, ImportCells)> = rows
            .iter()
            .filter_map(|row| present.get(&row.name).map(|account| (account, row.cells.clone())))
            .collect();
        let holds: Vec<_> =
            changed.iter().map(|(account, _)| self.tools.sessions.hold(&account.user.id)).collect();
        let done = self.tools.roster.import_users(directory, rows, self.now).await;
        // All or nothing: where it is nothing, nothing was taken from anybody either.
        for hold in holds {
            hold.release();
        }
        done?;
        let event = self.event(EventName::UsersImported).directory(directory);
        self.tools.audit.record(event.count(count));
        for (account, row) in changed {
            self.record(EventName::UserChanged, account);
            if row.state == Some(UserState::Disabled) {
                self.tools.sessions.end_all_of(&account.user.id, self.now).await?;
            }
            for method in new_addresses(account, &row) {
                self.tell(account, Letter::ContactChanged(method));
            }
        }
        Ok(())
    }

    /// A piece of a directory as a table, from behind a name; the first piece has the header.
    pub(super) async fn export_users(
        &self,
        directory: Option<&str>,
        after: Option<&str>,
    ) -> Result<Outcome, Refused> {
        let directory = self.directory(directory)?;
        let after = after.map(|name| parsed::<UserName>("after", name)).transpose()?;
        let is_first = after.is_none();
        let query = RosterQuery {
            directory,
            search: String::new(),
            shown: Shown::Everybody,
            after,
            most: PIECE,
        };
        let accounts = self.tools.roster.roster(&query).await?;
        let is_full = u32::try_from(accounts.len()).is_ok_and(|count| count == PIECE);
        let last = accounts.last().map(|account| account.user.name.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let not_written = |_| Refused::Store;
        if is_first {
            // A hash is of use to whoever guesses passwords, and so it stays.
            let (_, columns) = COLUMNS.split_last().unwrap_or((&"", &[]));
            writer.write_record(columns).map_err(not_written)?;
        }
        for account in &accounts {
            writer.write_record(line(account)).map_err(not_written)?;
        }
        let bytes = writer.into_inner().map_err(|_| Refused::Store)?;
        let csv = String::from_utf8(bytes).map_err(|_| Refused::Store)?;
        Ok(Outcome::Exported { csv, next: last.filter(|_| is_full) })
    }
}

fn line(account: &Account) -> [String; 7] {
    let user = &account.user;
    let contact = |kind| account.contact(kind).map(|one| one.address.clone()).unwrap_or_default();
    // What an import would refuse is left out of what can be imported.
    let roles = user.roles.iter().filter(|role| !is_of_the_gateway(role));
    let roles: Vec<&str> = roles.map(|role| &**role).collect();
    let state = if user.state == UserState::Disabled { "disabled" } else { "active" };
    [
        user.name.to_string(),
        user.display_name.clone().unwrap_or_default(),
        contact(ContactKind::Email),
        contact(ContactKind::Phone),
        user.language.clone().unwrap_or_default(),
        roles.join(" "),
        state.to_owned(),
    ]
    .map(|cell| escaped(&cell))
}

fn new_address(account: &Account, kind: ContactKind, address: Option<&str>) -> bool {
    let Some(address) = address else { return false };
    let mut all = account.contacts.iter().filter(|contact| contact.kind == kind);
    let only = all.next().filter(|_| all.next().is_none());
    only.is_none_or(|only| !only.is_usable || only.address != address)
}

/// The methods whose address a row replaces.
fn new_addresses(account: &Account, row: &ImportCells) -> Vec<Method> {
    let email = row.email.as_ref().map(EmailAddress::as_str);
    let phone = row.phone.as_ref().map(PhoneNumber::as_str);
    let both = [
        (Method::Email, new_address(account, ContactKind::Email, email)),
        (Method::Sms, new_address(account, ContactKind::Phone, phone)),
    ];
    both.into_iter().filter(|(_, is_new)| *is_new).map(|(method, _)| method).collect()
}

/// Whether a row says anything that is not so already. Cells that are empty say nothing.
fn changes(account: &Account, row: &ImportCells) -> bool {
    let user = &account.user;
    let differs = |cell: &Option<String>, is: &Option<String>| cell.is_some() && cell != is;
    differs(&row.display_name, &user.display_name)
        || differs(&row.language, &user.language)
        || row.roles.as_ref().is_some_and(|roles| *roles != user.roles)
        || row.state.is_some_and(|state| state != user.state)
        || !new_addresses(account, row).is_empty()
        || row.password_hash.is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Operation;
    use super::super::fakes::{House, house};
    use super::*;

    async fn import(house: &House, text: &str, apply: bool) -> ImportReport {
        let directory = Some("staff".to_owned());
        let operation = Operation::UserImport { directory, text: text.to_owned(), apply };
        match house.perform(operation).await.unwrap() {
            Outcome::Imported(report) => *report,
            other => panic!("{other:?}"),
        }
    }

    fn places(report: &ImportReport) -> Vec<(u64, &str)> {
        let problems = report.problems.iter();
        problems.map(|one| (one.row, one.column.as_deref().unwrap_or_default())).collect()
    }

    #[tokio::test]
    async fn a_dry_run_changes_nothing_and_a_table_with_one_bad_row_changes_nothing_either() {
        let house = house();
        let good = "username,name,email,phone,roles,state\nanna,Anna,anna@example.org,+31612345678,finance ops,active\n";
        let report = import(&house, good, false).await;
        assert_eq!((report.new, report.problems.len(), report.applied), (1, 0, false));
        assert!(house.store.users.lock().unwrap().is_empty());
        let bad = format!("{good}bob,Bob,not an address,0612345678,Finance,gone\n");
        let report = import(&house, &bad, true).await;
        assert!(!report.applied);
        assert_eq!(places(&report), [(3, "email"), (3, "phone"), (3, "roles"), (3, "state")]);
        assert!(house.store.users.lock().unwrap().is_empty());
        assert!(house.events().is_empty());
        assert!(import(&house, good, true).await.applied);
        assert_eq!(house.store.users.lock().unwrap().len(), 1);
        assert_eq!(house.events(), ["users.imported"]);
        let again = import(&house, good, true).await;
        assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 1));
    }

    #[tokio::test]
    async fn of_a_hundred_thousand_rows_in_windows_1252_the_three_bad_ones_are_named() {
        let house = house();
        let mut bytes = b"username;name;email\r\n".to_vec();
        for number in 0..100_000 {
            let email =
                if [17, 50_000, 99_999].contains(&number) { "nowhere" } else { "u@example.org" };
            bytes.extend(format!("user{number};Ren").into_bytes());
            bytes.push(0xe9);
            bytes.extend(format!(";{email}\r\n").into_bytes());
        }
        let report = import(&house, &decode(&bytes), true).await;
        assert_eq!(report.new, 99_997);
        assert_eq!(places(&report), [(19, "email"), (50_002, "email"), (100_001, "email")]);
        assert!(house.store.users.lock().unwrap().is_empty(), "all or nothing");
    }

    #[tokio::test]
    async fn an_import_makes_no_administrator_and_touches_none() {
        let house = house();
        let boss = house.add("boss", "staff").await;
        house.store.users.lock().unwrap().get_mut(&boss).unwrap().user.roles =
            [Role::from("scoregate_auditor")].into();
        for table in [
            "username,email\nboss,mallory@example.org\n",
            "username,state\nBOSS,disabled\n",
            "username,roles\nmallory,scoregate_owner\n",
            "username,roles\nmallory,finance scoregate_helpdesk\n",
        ] {
            let report = import(&house, table, true).await;
            assert!(!report.applied && report.problems.len() == 1, "{table}: {report:?}");
        }
        assert_eq!(house.store.users.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_header_that_says_nothing_or_too_much_is_told_what_to_do() {
        let house = house();
        for (table, row, column) in [
            ("", 1, ""),
            ("name,email\nA,a@example.org\n", 1, "username"),
            ("username,password\nanna,secret\n", 1, "password"),
            ("username,username\nanna,bob\n", 1, "username"),
            ("username,email\nanna\n", 2, ""),
            ("username\nanna\nANNA\n", 3, "username"),
            ("username\nan na\n", 2, "username"),
            ("username,password_hash\nanna,secret\n", 2, "password_hash"),
        ] {
            let report = import(&house, table, true).await;
            assert_eq!(places(&report), [(row, column)], "{table:?}: {report:?}");
            assert!(!report.problems[0].message.is_empty());
        }
    }

    #[tokio::test]
    async fn a_new_address_in_a_table_is_told_to_the_old_one() {
        let house = house();
        house.add("anna", "staff").await;
        let table = "username,email\nanna,new@example.org\n";
        assert_eq!(import(&house, table, true).await.changed, 1);
        let letters = house.outbox.letters.lock().unwrap().clone();
        assert_eq!(letters, [("anna@example.org".to_owned(), "ContactChanged(Email)".to_owned())]);
        assert_eq!(house.events(), ["user.created", "users.imported", "user.changed"]);
    }

    #[tokio::test]
    async fn what_was_exported_is_imported_without_a_change_and_holds_no_formula() {
        let house = house();
        let table =
            "username,name,phone,roles\n+anna,=HYPERLINK(1),+31612345678,finance\n-bob,@SUM,,\n";
        assert!(import(&house, table, true).await.applied);
        let operation = Operation::UserExport { directory: Some("staff".to_owned()), after: None };
        let Outcome::Exported { csv, next } = house.perform(operation).await.unwrap() else {
            panic!()
        };
        assert_eq!(next, None);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        for cell in reader
            .records()
            .flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
        {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{csv}");
        }
        let again = import(&house, &csv, true).await;
        assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 2), "{again:?} {csv}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_table_or_are_told_what_is_wrong(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let table = Table::read(&decode(&bytes));
            prop_assert!(!table.columns.is_empty() || !table.problems.is_empty());
        }

        #[test]
        fn a_cell_comes_back_from_a_spreadsheet_as_it_was(cell in "[=+@a-z0-9-][ -~]{0,20}") {
            let cell = cell.trim().to_owned();
            prop_assert_eq!(unescaped(&escaped(&cell)), cell);
        }
    }
}
