//! Recovery codes in front of the real gateway: made on the account's page, good once, told to their
//! owner, and of no use to whoever has an older set or somebody else's. Not here: how they are read
//! (`methods::recovery_code`).

use std::thread;

use super::person::{App, Person};
use super::world::{World, password_of, wait_for};

/// Anna with a password, a mailbox and an app, signed in.
fn anna(world: &World) -> (Person, App) {
    let link = world.add_invited("anna");
    let app = Person::new(world).set_up(&link, "anna");
    let mut anna = Person::new(world);
    anna.sign_in_with_mail(world, "anna");
    (anna, app)
}

/// The page that shows new codes. Anna could reach 40, so that it asks for her app too.
fn open_new(anna: &mut Person, app: &mut App) {
    anna.open("/.scoregate/me/recovery-codes/new");
    if anna.page.path() == "/.scoregate/confirm" {
        anna.choose("totp");
        anna.fill(&[("code", &app.code())]);
    }
}

/// Makes new codes, as the page shows them.
fn make(anna: &mut Person, app: &mut App) -> Vec<String> {
    open_new(anna, app);
    assert_eq!(anna.page.path(), "/.scoregate/me/recovery-codes/new", "{}", anna.page.words());
    let code = scraper::Selector::parse("#codes code").unwrap();
    let html = anna.page.html();
    let codes: Vec<String> = html.select(&code).map(|code| code.text().collect()).collect();
    assert_eq!(codes.len(), 10);
    anna.fill_form("recovery-codes/new", &[("stored", "yes")]);
    assert!(
        anna.page.words().contains("You have 10 recovery codes left."),
        "{}",
        anna.page.words()
    );
    codes
}

/// A new browser behind the password, at the field for a recovery code.
fn at_the_field(world: &World) -> Person {
    let mut person = Person::new(world);
    person.sign_in("anna", &password_of("anna"));
    person.fill(&[("method", "recovery_code")]);
    assert_eq!(person.page.path(), "/.scoregate/code/recovery", "{}", person.page.words());
    person
}

#[test]
fn ten_codes_are_made_and_one_lets_in_once_however_it_is_typed_and_its_owner_is_told() {
    let world = World::with_users(&[]);
    let (mut anna, mut app) = anna(&world);
    let codes = make(&mut anna, &mut app);
    let mut person = at_the_field(&world);
    let typed = codes[0].to_lowercase().replace('-', " ");
    person.fill(&[("code", &typed)]);
    let words = person.page.words();
    assert!(words.contains("You have 9 recovery codes left."), "{words}");
    assert!(words.contains("1 hour at most"), "{words}");
    assert_eq!(person.get("/").status, 200);
    let arrived = world.upstream.arrived();
    assert_eq!(arrived.last().unwrap().value("x-scoregate-score"), Some("30"));
    wait_for("the owner is told", || {
        let messages = world.messages_to("anna");
        let told = |text: &str| text.contains("A recovery code of your account was used");
        messages.iter().any(|one| one["text"].as_str().is_some_and(told)).then_some(())
    });
    let audit = world.audit();
    assert!(audit.contains("\"method\":\"recovery_code\"") && !audit.contains(&codes[0]));

    let mut again = at_the_field(&world);
    again.fill(&[("code", &codes[0])]);
    assert!(again.page.words().contains("This code was used already."), "{}", again.page.words());
    assert_eq!(again.get("/").status, 303);
}

#[test]
fn of_five_browsers_that_type_one_code_at_once_one_is_let_in() {
    let world = World::with_users(&[]);
    let (mut anna, mut app) = anna(&world);
    let codes = make(&mut anna, &mut app);
    let browsers: Vec<Person> = (0..5).map(|_| at_the_field(&world)).collect();
    let let_in = thread::scope(|scope| {
        let tries: Vec<_> = browsers
            .into_iter()
            .map(|mut browser| {
                let code = &codes[1];
                scope.spawn(move || {
                    browser.fill(&[("code", code)]);
                    browser.get("/").status == 200
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).filter(|is| *is).count()
    });
    assert_eq!(let_in, 1);
}

#[test]
fn new_codes_end_the_old_ones_and_a_form_that_is_sent_again_brings_no_used_code_back() {
    let world = World::with_users(&[]);
    let (mut anna, mut app) = anna(&world);
    let old = make(&mut anna, &mut app);
    open_new(&mut anna, &mut app);
    let page = anna.page.clone();
    let code = scraper::Selector::parse("#codes code").unwrap();
    let html = page.html();
    let new: Vec<String> = html.select(&code).map(|code| code.text().collect()).collect();
    // Shown, and worth nothing yet.
    let mut early = at_the_field(&world);
    early.fill(&[("code", &new[0])]);
    assert!(early.page.words().contains("That code is not right."), "{}", early.page.words());
    anna.fill_form("recovery-codes/new", &[("stored", "yes")]);

    let mut late = at_the_field(&world);
    late.fill(&[("code", &old[0])]);
    assert!(late.page.words().contains("That code is not right."), "{}", late.page.words());
    late.fill(&[("code", &new[0])]);
    assert!(late.page.words().contains("9 recovery codes left"), "{}", late.page.words());

    anna.page = page;
    anna.fill_form("recovery-codes/new", &[("stored", "yes")]);
    let mut again = at_the_field(&world);
    again.fill(&[("code", &new[0])]);
    assert!(again.page.words().contains("used already"), "{}", again.page.words());
}

#[test]
fn whoever_has_twenty_points_or_an_old_confirmation_makes_no_codes() {
    let world = World::with_users(&[]);
    let (mut anna, mut app) = anna(&world);
    make(&mut anna, &mut app);
    let mut twenty = Person::new(&world);
    twenty.sign_in("anna", &password_of("anna"));
    for address in ["/.scoregate/me/recovery-codes", "/.scoregate/me/recovery-codes/new"] {
        twenty.open(address);
        assert_ne!(twenty.page.path(), address, "{}", twenty.page.words());
        assert!(!twenty.page.response.text().contains("id=\"codes\""));
    }
}
