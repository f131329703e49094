//! The rules of points as tables and properties. The tables read as the specification, a row a
//! line; the properties compare the engine with a second, slow reading of the same rules
//! (`by_the_book`). Not here: parsing, joining of readings, or anything that knows a request.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use Method::{
    Email, Passkey, Password, RecoveryCode, RememberedDevice, SecurityKey, Sms, Token, Totp,
};

const NOW: Timestamp = Timestamp::from_secs(2_000_000_000);
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn level(value: u16) -> Level {
    Level::new(value).unwrap()
}

fn points(value: u16) -> Points {
    Points::new(value).unwrap()
}

fn millis(span: i64) -> Duration {
    Duration::from_millis(u64::try_from(span).unwrap())
}

/// `NOW`, earlier by `age`; a negative age lies ahead.
fn ago(age: i64) -> Timestamp {
    if age < 0 { NOW.after(millis(-age)) } else { NOW.before(millis(age)) }
}

fn own_channel(method: Method) -> Channel {
    match method {
        Password => Channel::Password,
        Email => Channel::Mailbox("m".into()),
        Sms => Channel::Phone("p".into()),
        Totp => Channel::App("a".into()),
        Passkey | SecurityKey => Channel::Credential(method.name().into()),
        RecoveryCode => Channel::RecoveryCodes,
        RememberedDevice => Channel::Device("d".into()),
        Token => Channel::Token("t".into()),
    }
}

/// A proof of `method`, `age` milliseconds old, over a channel of its own.
fn proof(method: Method, age: i64) -> Proof {
    Proof {
        method,
        credential: CredentialId(method.name().into()),
        channel: own_channel(method),
        kinds: method.kinds(),
        at: ago(age),
        enrolled_at: None,
        cap: None,
        expires: None,
        withdrawn: false,
    }
}

fn fresh(methods: &[Method]) -> Vec<Proof> {
    methods.iter().map(|method| proof(*method, 0)).collect()
}

fn token(cap: u16) -> Proof {
    Proof { cap: Some(points(cap)), ..proof(Token, 0) }
}

fn withdrawn(method: Method) -> Proof {
    Proof { withdrawn: true, ..proof(method, 0) }
}

/// Lives in mailbox M: a password that was set through a reset mailed there.
fn over_mailbox(mailbox: &str, method: Method) -> Proof {
    Proof { channel: Channel::Mailbox(mailbox.into()), ..proof(method, 0) }
}

fn enrolled_ago(method: Method, age: i64) -> Proof {
    Proof { enrolled_at: Some(ago(age)), ..proof(method, 0) }
}

fn ask(value: u16) -> Requirement {
    Requirement { level: level(value), ..Requirement::default() }
}

fn max_age(value: u16, age: i64) -> Requirement {
    Requirement { max_age: Some(millis(age)), ..ask(value) }
}

fn fresh_within(value: u16, span: i64) -> Requirement {
    Requirement { fresh_within: Some(millis(span)), ..ask(value) }
}

fn kinds(value: u16, kinds: u8) -> Requirement {
    Requirement { kinds, ..ask(value) }
}

fn phishing_resistant(value: u16) -> Requirement {
    Requirement { phishing_resistant: true, ..ask(value) }
}

fn tokens(requirement: Requirement) -> Requirement {
    Requirement { tokens: true, ..requirement }
}

/// The decision in one line: `allow 30`, `20 of 30`, `30 of 30, stale`, `nobody`, `forbid Role`.
fn verdict(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Allow(grant) => format!("allow {}", grant.score()),
        Outcome::Forbid(reason) => format!("forbid {reason:?}"),
        Outcome::StepUp(Shortfall { signed_in: false, .. }) => "nobody".to_owned(),
        Outcome::StepUp(short) => {
            let mut text = format!("{} of {}", short.have, short.need);
            if short.kinds > 0 {
                text.push_str(&format!(", {} kinds", short.kinds));
            }
            if short.phishing_resistant {
                text.push_str(", phishable");
            }
            if short.stale {
                text.push_str(", stale");
            }
            text
        }
    }
}

fn judge(requirement: &Requirement, proofs: Vec<Proof>) -> Decision {
    let evidence = Evidence { proofs };
    let person = Person { evidence: &evidence, ..Person::NOBODY };
    decide(requirement, &person, &Settings::standard(), NOW)
}

fn check<const N: usize>(table: [(&str, Vec<Proof>, Requirement, &str); N]) {
    for (name, proofs, requirement, expected) in table {
        assert_eq!(verdict(&judge(&requirement, proofs)), expected, "{name}");
    }
}

#[test]
fn a_route_opens_exactly_when_its_level_is_reached() {
    check([
        ("public, nobody", vec![], ask(0), "allow 0"),
        ("public, somebody: nothing is weighed", fresh(&[Password]), ask(0), "allow 0"),
        ("nobody", vec![], ask(10), "nobody"),
        ("exact score", fresh(&[Password]), ask(20), "allow 20"),
        ("one short", fresh(&[Password]), ask(21), "20 of 21"),
        ("password and sms", fresh(&[Password, Sms]), ask(30), "allow 30"),
        ("password and e-mail", fresh(&[Password, Email]), ask(30), "allow 30"),
        ("password and app", fresh(&[Password, Totp]), ask(30), "allow 30"),
        ("password and security key", fresh(&[Password, SecurityKey]), ask(30), "allow 30"),
        ("password and recovery code", fresh(&[Password, RecoveryCode]), ask(30), "allow 30"),
        ("passkey alone", fresh(&[Passkey]), ask(30), "allow 30"),
        ("passkey and password", fresh(&[Passkey, Password]), ask(50), "allow 50"),
        ("three add up", fresh(&[Password, Sms, Email]), ask(40), "allow 40"),
        ("a method pays once", fresh(&[Password, Sms, Sms]), ask(40), "30 of 40"),
        ("the top of the scale", fresh(&[Passkey, Password]), ask(1000), "50 of 1000"),
    ]);
}

#[test]
fn a_sign_in_starts_with_a_first_method() {
    check([
        ("codes alone", fresh(&[Sms, Email, Totp]), ask(30), "nobody"),
        ("codes alone, lower level", fresh(&[Sms, Email, Totp]), ask(10), "nobody"),
        ("a device alone", fresh(&[RememberedDevice]), ask(10), "nobody"),
        ("a security key alone", fresh(&[SecurityKey]), ask(10), "nobody"),
        ("a withdrawn password", vec![withdrawn(Password), proof(Sms, 0)], ask(10), "nobody"),
        ("an old password", vec![proof(Password, 9 * DAY), proof(Sms, 0)], ask(30), "allow 30"),
        (
            "a password too old to count, and codes",
            vec![proof(Password, HOUR), proof(Sms, 0), proof(Email, 0)],
            max_age(20, 5 * MINUTE),
            "allow 20",
        ),
    ]);
}

#[test]
fn a_proof_counts_for_its_lifetime_and_not_one_millisecond_longer() {
    let beside = |other: Proof| vec![proof(Password, 0), other];
    let ends = |at: i64| Proof { expires: Some(ago(at)), ..proof(RememberedDevice, 0) };
    check([
        ("sms, last millisecond", beside(proof(Sms, 12 * HOUR - 1)), ask(30), "allow 30"),
        ("sms, over", beside(proof(Sms, 12 * HOUR)), ask(30), "20 of 30"),
        ("e-mail, last millisecond", beside(proof(Email, 12 * HOUR - 1)), ask(30), "allow 30"),
        ("e-mail, over", beside(proof(Email, 12 * HOUR)), ask(30), "20 of 30"),
        ("app, over", beside(proof(Totp, 12 * HOUR)), ask(30), "20 of 30"),
        ("security key, over", beside(proof(SecurityKey, 12 * HOUR)), ask(30), "20 of 30"),
        (
            "device, 30 days less 1 ms",
            beside(proof(RememberedDevice, 30 * DAY - 1)),
            ask(30),
            "allow 30",
        ),
        ("device, 30 days", beside(proof(RememberedDevice, 30 * DAY)), ask(30), "20 of 30"),
        ("device, its own end in 1 ms", beside(ends(-1)), ask(30), "allow 30"),
        ("device, its own end now", beside(ends(0)), ask(30), "20 of 30"),
        (
            "recovery code, as the session",
            beside(proof(RecoveryCode, 90 * DAY)),
            ask(30),
            "allow 30",
        ),
        ("passkey, as the session", vec![proof(Passkey, 90 * DAY)], ask(30), "allow 30"),
    ]);
}

#[test]
fn max_age_lets_a_proof_count_up_to_and_including_its_age() {
    let five = max_age(30, 5 * MINUTE);
    check([
        ("just made", fresh(&[Passkey]), five.clone(), "allow 30"),
        ("exactly that old", vec![proof(Passkey, 5 * MINUTE)], five.clone(), "allow 30"),
        ("one millisecond older", vec![proof(Passkey, 5 * MINUTE + 1)], five.clone(), "0 of 30"),
        ("slightly ahead", vec![proof(Passkey, -5 * SECOND)], five, "allow 30"),
        (
            "the younger of two of one method",
            vec![proof(Passkey, HOUR), proof(Passkey, 0)],
            max_age(30, 5 * MINUTE),
            "allow 30",
        ),
        ("level 0 with an age is not public", vec![], max_age(0, MINUTE), "nobody"),
        (
            "level 0 with an age, signed in",
            vec![proof(Password, HOUR)],
            max_age(0, MINUTE),
            "allow 0",
        ),
    ]);
}

#[test]
fn fresh_within_asks_for_one_proof_that_is_younger() {
    let ten = fresh_within(30, 10 * MINUTE);
    let with_code = |age| vec![proof(Password, HOUR), proof(Sms, age)];
    check([
        ("one is", with_code(0), ten.clone(), "allow 30"),
        ("the last millisecond", with_code(10 * MINUTE - 1), ten.clone(), "allow 30"),
        ("exactly as old is not younger", with_code(10 * MINUTE), ten.clone(), "30 of 30, stale"),
        ("none is", with_code(11 * MINUTE), ten.clone(), "30 of 30, stale"),
        ("short and stale", vec![proof(Password, HOUR)], ten.clone(), "20 of 30, stale"),
        (
            "a fresh proof worth nothing confirms nothing",
            vec![proof(Password, HOUR), proof(Totp, HOUR), withdrawn(Sms)],
            ten,
            "30 of 30, stale",
        ),
    ]);
}

#[test]
fn a_remembered_device_helps_up_to_the_directorys_level_and_is_never_fresh() {
    let with_device = || fresh(&[Password, RememberedDevice]);
    check([
        ("at the level", with_device(), ask(30), "allow 30"),
        ("one above", with_device(), ask(31), "20 of 31"),
        (
            "where it is not even needed",
            fresh(&[Passkey, Password, RememberedDevice]),
            ask(60),
            "50 of 60",
        ),
        ("with max_age", with_device(), max_age(30, HOUR), "20 of 30"),
        ("with fresh_within", with_device(), fresh_within(30, HOUR), "20 of 30"),
    ]);
}

#[test]
fn a_token_counts_only_where_the_route_takes_tokens() {
    let ended = Proof { expires: Some(NOW), ..token(30) };
    check([
        ("route takes none", vec![token(30)], ask(10), "nobody"),
        ("exact cap", vec![token(30)], tokens(ask(30)), "allow 30"),
        ("one short", vec![token(29)], tokens(ask(30)), "29 of 30"),
        ("a cap of 0 is nothing", vec![token(0)], tokens(ask(1)), "nobody"),
        ("with max_age it is never fresh", vec![token(30)], tokens(max_age(30, HOUR)), "0 of 30"),
        (
            "with fresh_within likewise",
            vec![token(30)],
            tokens(fresh_within(30, HOUR)),
            "0 of 30, stale",
        ),
        ("at its end", vec![ended], tokens(ask(30)), "nobody"),
        ("the better of two", vec![token(10), token(25)], tokens(ask(30)), "25 of 30"),
        (
            "never phishing-resistant",
            vec![token(100)],
            tokens(phishing_resistant(30)),
            "100 of 30, phishable",
        ),
    ]);
}

#[test]
fn a_token_among_the_first_methods_still_starts_nothing_where_tokens_are_not_taken() {
    let mut settings = Settings::standard();
    settings.first = settings.first.with(Token);
    let evidence = Evidence { proofs: vec![token(30), proof(Sms, 0)] };
    let weighing = weigh(&ask(10), &evidence, &settings, NOW);
    assert!(!weighing.signed_in);
    assert_eq!(weighing.score, Score::ZERO);
}

#[test]
fn a_new_method_is_worth_nothing_above_the_directorys_level_for_a_day() {
    let with_app = |age| vec![proof(Password, 0), proof(Sms, 0), enrolled_ago(Totp, age)];
    check([
        ("at the level", vec![proof(Password, 0), enrolled_ago(Totp, 0)], ask(30), "allow 30"),
        ("above, enrolled just now", with_app(0), ask(40), "30 of 40"),
        ("above, a millisecond before the day is over", with_app(DAY - 1), ask(40), "30 of 40"),
        ("above, the day is over", with_app(DAY), ask(40), "allow 40"),
        ("a set-up link skips it", fresh(&[Password, Sms, Totp]), ask(40), "allow 40"),
        ("a first method on probation", vec![enrolled_ago(Passkey, 0)], ask(31), "nobody"),
    ]);
}

#[test]
fn a_channel_pays_once_whatever_travels_over_it() {
    let reset = || over_mailbox("m", Password);
    check([
        (
            "a reset password and a code to that mailbox",
            vec![reset(), over_mailbox("m", Email)],
            ask(30),
            "20 of 30",
        ),
        ("a code to another mailbox", vec![reset(), over_mailbox("n", Email)], ask(30), "allow 30"),
        (
            "codes to both",
            vec![reset(), over_mailbox("m", Email), over_mailbox("n", Email)],
            ask(30),
            "allow 30",
        ),
        (
            "another method beside",
            vec![reset(), over_mailbox("m", Email), proof(Totp, 0)],
            ask(30),
            "allow 30",
        ),
        (
            "a password of one's own",
            vec![proof(Password, 0), over_mailbox("m", Email)],
            ask(30),
            "allow 30",
        ),
        (
            "three over one",
            vec![reset(), over_mailbox("m", Email), over_mailbox("m", Sms)],
            ask(30),
            "20 of 30",
        ),
    ]);
}

#[test]
fn what_is_withdrawn_or_dated_ahead_is_worth_nothing() {
    let ahead = |age| vec![proof(Password, 0), proof(Sms, age)];
    check([
        ("withdrawn", vec![proof(Password, 0), withdrawn(Sms)], ask(30), "20 of 30"),
        ("5 s ahead", ahead(-5 * SECOND), ask(30), "allow 30"),
        ("5.001 s ahead", ahead(-5 * SECOND - 1), ask(30), "20 of 30"),
        ("a password 5.001 s ahead", vec![proof(Password, -5 * SECOND - 1)], ask(20), "nobody"),
    ]);
}

#[test]
fn kinds_and_phishing_resistance_look_at_every_proof_that_counts() {
    let same_mailbox =
        || vec![over_mailbox("m", Password), over_mailbox("m", Email), proof(Totp, 0)];
    check([
        ("knowledge only", fresh(&[Password]), kinds(20, 2), "20 of 20, 1 kinds"),
        ("knowledge and possession", fresh(&[Password, Sms]), kinds(30, 2), "allow 30"),
        ("a passkey shows two", fresh(&[Passkey]), kinds(30, 2), "allow 30"),
        ("all three", fresh(&[Passkey, Password]), kinds(30, 3), "allow 50"),
        ("two of three", fresh(&[Passkey]), kinds(30, 3), "30 of 30, 1 kinds"),
        ("one that is paid elsewhere", same_mailbox(), kinds(30, 2), "allow 30"),
        (
            "one too old to count",
            vec![proof(Passkey, HOUR), proof(Totp, 0)],
            Requirement { kinds: 2, ..max_age(10, MINUTE) },
            "10 of 10, 1 kinds",
        ),
        ("typed by hand", fresh(&[Password, Totp]), phishing_resistant(30), "30 of 30, phishable"),
        ("passkey", fresh(&[Passkey]), phishing_resistant(30), "allow 30"),
        (
            "security key as second step",
            fresh(&[Password, SecurityKey]),
            phishing_resistant(30),
            "allow 30",
        ),
        (
            "a withdrawn passkey",
            vec![proof(Password, 0), proof(Sms, 0), withdrawn(Passkey)],
            phishing_resistant(30),
            "30 of 30, phishable",
        ),
    ]);
}

#[test]
fn roles_networks_and_directory_forbid_and_more_proofs_would_not_help() {
    let office = Network::new("192.0.2.0".parse().unwrap(), 24).unwrap();
    let inside = Some("192.0.2.7".parse().unwrap());
    let outside = Some("198.51.100.7".parse().unwrap());
    let of_role = || Requirement { roles: Some(["staff".into()].into()), ..ask(30) };
    let of_nobody = || Requirement { roles: Some(BTreeSet::new()), ..ask(30) };
    let from_office = || Requirement { networks: vec![vec![office]], ..ask(30) };
    let from_none = || Requirement { networks: vec![vec![office], vec![]], ..ask(30) };
    let open_in_office = || Requirement { level: Level::ZERO, ..from_office() };
    let enough = Evidence { proofs: fresh(&[Passkey]) };
    let short = Evidence { proofs: fresh(&[Password]) };
    let staff: BTreeSet<Role> = ["staff".into()].into();
    let known = Person { evidence: &enough, ..Person::NOBODY };
    let table = [
        ("has the role", Person { roles: &staff, ..known }, of_role(), "allow 30"),
        ("has it not", known, of_role(), "forbid Role"),
        ("short and has it not", Person { evidence: &short, ..known }, of_role(), "forbid Role"),
        ("nobody is told of a role", Person::NOBODY, of_role(), "nobody"),
        ("no role is left", Person { roles: &staff, ..known }, of_nobody(), "forbid Role"),
        ("inside", Person { address: inside, ..known }, from_office(), "allow 30"),
        ("outside", Person { address: outside, ..known }, from_office(), "forbid Network"),
        ("address unknown", known, from_office(), "forbid Network"),
        (
            "every group must hold it",
            Person { address: inside, ..known },
            from_none(),
            "forbid Network",
        ),
        (
            "a network alone is not public",
            Person { address: inside, ..Person::NOBODY },
            open_in_office(),
            "nobody",
        ),
        (
            "another directory",
            Person { of_this_directory: false, ..known },
            ask(30),
            "forbid Directory",
        ),
        (
            "another directory, public",
            Person { of_this_directory: false, ..known },
            ask(0),
            "allow 0",
        ),
    ];
    for (name, person, requirement, expected) in table {
        let decision = decide(&requirement, &person, &Settings::standard(), NOW);
        assert_eq!(verdict(&decision), expected, "{name}");
    }
}

#[test]
fn a_grant_says_until_when_nothing_can_change() {
    let hour_old_sms = || vec![proof(Password, 0), proof(Sms, HOUR)];
    let table = [
        ("session-long", fresh(&[Passkey]), ask(30), Timestamp::NEVER),
        ("public", vec![], ask(0), Timestamp::NEVER),
        ("a code's lifetime", hour_old_sms(), ask(30), ago(-11 * HOUR)),
        ("max_age, inclusive", fresh(&[Passkey]), max_age(30, MINUTE), ago(-MINUTE - 1)),
        ("the earlier of the two", hour_old_sms(), max_age(30, 2 * HOUR), ago(-HOUR - 1)),
        (
            "the credential's own end",
            vec![Proof { expires: Some(ago(-7)), ..token(30) }],
            tokens(ask(30)),
            ago(-7),
        ),
    ];
    for (name, proofs, requirement, until) in table {
        let decision = judge(&requirement, proofs);
        let Outcome::Allow(grant) = decision.outcome else { panic!("{name}: not allowed") };
        assert_eq!(grant.until(), until, "{name}");
    }
}

#[test]
fn every_proof_is_told_why_it_does_or_does_not_pay() {
    let evidence = vec![
        over_mailbox("m", Password),
        over_mailbox("m", Email),
        withdrawn(Sms),
        proof(Totp, 12 * HOUR),
        proof(SecurityKey, -6 * SECOND),
        token(10),
        proof(RememberedDevice, 0),
        enrolled_ago(RecoveryCode, 0),
        Proof { cap: Some(Points::ZERO), ..proof(Passkey, 0) },
    ];
    let paid = |value| Standing::Counted(points(value));
    let no = Standing::Unpaid;
    assert_eq!(
        judge(&ask(40), evidence).weighing.standings,
        [
            paid(20),
            Standing::PaidElsewhere,
            no(Unpaid::Withdrawn),
            no(Unpaid::Expired),
            no(Unpaid::FromTheFuture),
            no(Unpaid::NoTokensHere),
            no(Unpaid::AboveTheDirectory),
            no(Unpaid::OnProbation),
            no(Unpaid::SwitchedOff),
        ]
    );
    let codes = judge(&max_age(30, MINUTE), vec![proof(Sms, 0), proof(Email, HOUR)]);
    assert_eq!(codes.weighing.standings, [no(Unpaid::NoFirstMethod), no(Unpaid::TooOldHere)]);
}

fn enrolled(method: Method) -> Enrolled {
    Enrolled {
        method,
        credential: CredentialId(method.name().into()),
        channel: own_channel(method),
        kinds: method.kinds(),
        enrolled_at: None,
    }
}

/// `passkey / password+totp`: the ways in their order.
fn written(ways: &[Way]) -> String {
    let way = |way: &Way| way.methods().map(Method::name).collect::<Vec<_>>().join("+");
    ways.iter().map(way).collect::<Vec<_>>().join(" / ")
}

#[test]
fn level_30_has_exactly_the_four_smallest_ways() {
    let five = [Password, Sms, Email, Totp, Passkey];
    let ways = forecast(&ask(30), &five, &Settings::standard());
    assert_eq!(written(&ways), "passkey / password+totp / password+sms / password+email");
}

#[test]
fn what_one_falls_back_on_is_not_forecast_and_a_security_key_is_a_second_step() {
    let ways = forecast(&ask(30), &Method::ALL, &Settings::standard());
    assert_eq!(
        written(&ways),
        "passkey / password+totp / password+security_key / password+sms / password+email"
    );
}

#[test]
fn the_ways_are_the_shortest_that_this_person_has_left() {
    let all = [Passkey, Password, Totp, Sms, Email];
    type Row<'a> = (&'a str, Vec<Proof>, &'a [Method], Requirement, &'a str);
    let table: [Row<'_>; 12] = [
        ("nothing to do", fresh(&[Passkey]), &all, ask(30), ""),
        ("password done", fresh(&[Password]), &[Sms, Email], ask(30), "sms / email"),
        (
            "password done, level 40",
            fresh(&[Password]),
            &[Passkey, Sms, Email],
            ask(40),
            "passkey / sms+email",
        ),
        ("no way", fresh(&[Password]), &[Password], ask(30), "-"),
        (
            "no way for phishing resistance",
            fresh(&[Password]),
            &[Totp, Sms],
            phishing_resistant(30),
            "-",
        ),
        (
            "only what is phishing-resistant",
            fresh(&[Password, Sms]),
            &all,
            phishing_resistant(30),
            "passkey",
        ),
        (
            "freshness: anything will do",
            vec![proof(Passkey, HOUR)],
            &[Passkey, Password, Totp],
            fresh_within(30, MINUTE),
            "passkey / password / totp",
        ),
        (
            "age: the password alone is too little",
            vec![proof(Passkey, HOUR)],
            &[Passkey, Password, Totp],
            max_age(30, MINUTE),
            "passkey / password+totp",
        ),
        ("kinds: something one has", fresh(&[Password]), &[Password, Totp], kinds(20, 2), "totp"),
        (
            "a reset leaves its own mailbox out",
            vec![over_mailbox("m", Password)],
            &[Email, Totp],
            ask(30),
            "totp",
        ),
        (
            "a remembered device above the level",
            fresh(&[Password, Sms]),
            &[RememberedDevice, Totp],
            ask(40),
            "totp",
        ),
        ("the level nobody reaches", vec![], &all, ask(1000), "-"),
    ];
    for (name, proofs, methods, requirement, expected) in table {
        let having: Vec<Enrolled> = methods.iter().copied().map(enrolled).collect();
        let found = ways(&requirement, &Evidence { proofs }, &having, &Settings::standard(), NOW);
        let expected_count = if expected == "-" { 0 } else { expected.split('/').count() };
        assert_eq!(found.len(), expected_count, "{name}");
        assert_eq!(written(&found), expected.trim_start_matches('-'), "{name}");
    }
}

#[test]
fn the_examples_of_the_documentation_hold() {
    let quarter = 15 * MINUTE;
    let hour_old = || vec![proof(Password, HOUR), proof(Totp, 0)];
    let one_mailbox = vec![proof(Password, 0), over_mailbox("m", Email), over_mailbox("m", Sms)];
    let table = [
        (fresh(&[Password]), ask(30), "20 of 30", "passkey / totp / sms / email"),
        (fresh(&[Password, Email]), ask(30), "allow 30", ""),
        (fresh(&[Password, Email]), ask(40), "30 of 40", "passkey / totp / sms"),
        (fresh(&[Passkey]), ask(40), "30 of 40", "password / totp / sms / email"),
        (one_mailbox, ask(40), "30 of 40", "passkey / totp / sms"),
        (fresh(&[Sms, Email, Totp]), ask(30), "nobody", ""),
        (hour_old(), max_age(30, quarter), "10 of 30", "passkey / password / sms+email"),
        (hour_old(), fresh_within(30, quarter), "allow 30", ""),
        (vec![proof(Password, -5 * SECOND - 1)], ask(20), "nobody", ""),
    ];
    let having = [Passkey, Password, Totp, Sms, Email].map(enrolled);
    for (proofs, requirement, expected, expected_ways) in table {
        let used: Vec<Method> = proofs.iter().map(|proof| proof.method).collect();
        let evidence = Evidence { proofs };
        let person = Person { evidence: &evidence, enrolled: &having, ..Person::NOBODY };
        let decision = decide(&requirement, &person, &Settings::standard(), NOW);
        assert_eq!(verdict(&decision), expected, "{used:?}");
        if let Outcome::StepUp(short) = &decision.outcome {
            assert_eq!(written(&short.ways), expected_ways, "{used:?}");
        }
    }
}

#[test]
fn somebody_who_is_not_signed_in_is_told_no_ways() {
    let having = [enrolled(Passkey), enrolled(Password), enrolled(Sms)];
    let codes = Evidence { proofs: fresh(&[Sms]) };
    for evidence in [&Evidence::NONE, &codes] {
        let person = Person { evidence, enrolled: &having, ..Person::NOBODY };
        let decision = decide(&ask(30), &person, &Settings::standard(), NOW);
        let Outcome::StepUp(short) = decision.outcome else { panic!("not a step up") };
        assert_eq!(short.ways, [], "{evidence:?}");
    }
}

#[test]
fn a_drawer_full_of_passkeys_hides_no_other_method() {
    let passkey = |n: i64| Enrolled {
        credential: CredentialId(format!("passkey {n}").into()),
        channel: Channel::Credential(format!("passkey {n}").into()),
        enrolled_at: Some(ago(n * DAY)),
        ..enrolled(Passkey)
    };
    let mut having: Vec<Enrolled> = (0..12).map(passkey).collect();
    having.push(enrolled(Password));
    let found = ways(&ask(50), &Evidence::NONE, &having, &Settings::standard(), NOW);
    assert!(!found.is_empty(), "a passkey and the password reach 50");
    // The one on probation is not among what is offered first.
    let first = found.first().unwrap().steps.first().unwrap();
    assert_ne!(first.credential, CredentialId("passkey 0".into()));
}

// A second reading of the rules, word for word and slow.

mod by_the_book {
    use super::*;

    pub(super) struct Book<'a> {
        pub(super) requirement: &'a Requirement,
        pub(super) settings: &'a Settings,
    }

    impl Book<'_> {
        fn worth(&self, proof: &Proof) -> u16 {
            let setting = self.settings.policy(proof.method).points.value();
            let capped = proof.cap.map_or(setting, |cap| setting.min(cap.value()));
            let new = proof.enrolled_at.is_some_and(|at| NOW < at.after(self.settings.probation));
            if new && self.requirement.level > self.settings.required_level { 0 } else { capped }
        }

        fn is_live(&self, proof: &Proof) -> bool {
            let lives_on = match self.settings.policy(proof.method).lifetime {
                Lifetime::Session => true,
                Lifetime::For(span) => NOW < proof.at || NOW.since(proof.at) < span,
            };
            !proof.withdrawn
                && self.worth(proof) > 0
                && lives_on
                && proof.expires.is_none_or(|end| NOW < end)
                && proof.at.since(NOW) <= Duration::from_secs(5)
        }

        fn signed_in(&self, proofs: &[Proof]) -> bool {
            proofs.iter().any(|proof| {
                let starts = match proof.method {
                    Token => self.requirement.tokens,
                    method => self.settings.first.contains(method),
                };
                starts && self.is_live(proof)
            })
        }

        fn counts(&self, proof: &Proof) -> bool {
            let asks_age =
                self.requirement.max_age.is_some() || self.requirement.fresh_within.is_some();
            let here = match proof.method {
                Token => self.requirement.tokens && !asks_age,
                RememberedDevice => {
                    !asks_age && self.requirement.level <= self.settings.required_level
                }
                _ => true,
            };
            let young = self.requirement.max_age.is_none_or(|age| NOW.since(proof.at) <= age);
            here && young && self.is_live(proof)
        }

        fn counted<'p>(&self, proofs: &'p [Proof]) -> Vec<&'p Proof> {
            if self.signed_in(proofs) {
                proofs.iter().filter(|proof| self.counts(proof)).collect()
            } else {
                Vec::new()
            }
        }

        /// Over all choices in which every method and every channel occurs at most once.
        pub(super) fn score(&self, proofs: &[Proof]) -> u16 {
            let counted = self.counted(proofs);
            (0..1_u32 << counted.len())
                .filter_map(|choice| {
                    let chosen: Vec<&Proof> = (0..counted.len())
                        .filter(|at| choice >> at & 1 == 1)
                        .map(|at| counted[at])
                        .collect();
                    let lawful = chosen.iter().enumerate().all(|(at, one)| {
                        chosen[..at]
                            .iter()
                            .all(|two| one.method != two.method && one.channel != two.channel)
                    });
                    lawful.then(|| chosen.iter().map(|p| u32::from(self.worth(p))).sum::<u32>())
                })
                .max()
                .map_or(0, |sum| u16::try_from(sum.min(1000)).unwrap())
        }

        pub(super) fn opens(&self, proofs: &[Proof]) -> bool {
            let counted = self.counted(proofs);
            let kinds = counted.iter().fold(Kinds::NONE, |set, proof| set.union(proof.kinds));
            let resistant = counted.iter().any(|proof| proof.method.is_phishing_resistant());
            let confirmed = self
                .requirement
                .fresh_within
                .is_none_or(|span| counted.iter().any(|proof| NOW.since(proof.at) < span));
            self.signed_in(proofs)
                && self.score(proofs) >= self.requirement.level.value()
                && kinds.count() >= self.requirement.kinds
                && (resistant || !self.requirement.phishing_resistant)
                && confirmed
        }
    }
}

use by_the_book::Book;

fn any_method() -> impl Strategy<Value = Method> {
    proptest::sample::select(&Method::ALL[..])
}

fn any_worth() -> impl Strategy<Value = u16> {
    proptest::sample::select(vec![0_u16, 1, 5, 10, 10, 20, 30, 333, 1000])
}

fn any_age() -> impl Strategy<Value = i64> {
    let edges = vec![
        -5 * SECOND - 1,
        -5 * SECOND,
        -1,
        0,
        1,
        MINUTE,
        5 * MINUTE,
        5 * MINUTE + 1,
        HOUR,
        12 * HOUR - 1,
        12 * HOUR,
        DAY - 1,
        DAY,
        30 * DAY,
    ];
    prop_oneof![3 => Just(0), 5 => proptest::sample::select(edges)]
}

fn any_span() -> impl Strategy<Value = Option<Duration>> {
    let spans = [1, MINUTE, 5 * MINUTE, HOUR, 12 * HOUR, 40 * DAY].map(millis).to_vec();
    proptest::option::weighted(0.3, proptest::sample::select(spans))
}

/// Few channels and many methods, so that they meet; a token keeps to its own.
fn any_channel(method: Method) -> BoxedStrategy<Channel> {
    let shared = ["m", "n", "o"].map(|name| Channel::Mailbox(name.into())).to_vec();
    if method == Token {
        Just(own_channel(Token)).boxed()
    } else {
        prop_oneof![Just(own_channel(method)), proptest::sample::select(shared)].boxed()
    }
}

fn any_kinds(method: Method) -> impl Strategy<Value = Kinds> {
    prop_oneof![4 => Just(method.kinds()), 1 => (0..8_u8).prop_map(|b| Kinds::from_bits(b).unwrap())]
}

fn any_proof() -> impl Strategy<Value = Proof> {
    any_method().prop_flat_map(|method| {
        (
            any_channel(method),
            any_kinds(method),
            any_age(),
            proptest::option::weighted(0.3, any_age()),
            proptest::option::weighted(0.2, any_age()),
            any_worth(),
            proptest::bool::weighted(0.1),
        )
            .prop_map(move |(channel, kinds, age, enrolled, expires, cap, withdrawn)| {
                Proof {
                    channel,
                    kinds,
                    enrolled_at: enrolled.map(ago),
                    expires: expires.map(|age| ago(-age)),
                    cap: (method == Token).then(|| points(cap)),
                    withdrawn,
                    ..proof(method, age)
                }
            })
    })
}

fn any_evidence() -> impl Strategy<Value = Vec<Proof>> {
    (proptest::collection::vec(any_proof(), 0..8), any::<bool>()).prop_map(|(mut proofs, known)| {
        if known {
            proofs.push(proof(Password, 0));
        }
        proofs
    })
}

fn any_enrolled() -> impl Strategy<Value = Vec<Enrolled>> {
    let one = any_method().prop_flat_map(|method| {
        let enrolled_at = proptest::option::weighted(0.3, any_age());
        (any_channel(method), any_kinds(method), enrolled_at, 0..99_u8).prop_map(
            move |(channel, kinds, enrolled_at, n)| Enrolled {
                credential: CredentialId(format!("{method} {n}").into()),
                channel,
                kinds,
                enrolled_at: enrolled_at.map(ago),
                ..enrolled(method)
            },
        )
    });
    proptest::collection::vec(one, 0..7)
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let lifetimes =
        [Lifetime::Session, Lifetime::For(millis(MINUTE)), Lifetime::For(millis(12 * HOUR))];
    let policy = (any_worth(), proptest::sample::select(lifetimes.to_vec()));
    let made = (
        proptest::collection::vec(policy, Method::ALL.len()),
        proptest::sample::subsequence(&[Passkey, Password, Totp, Token][..], 1..=4),
        proptest::sample::select(vec![0_u16, 30, 40]),
        proptest::sample::select(vec![0, HOUR, DAY]),
    )
        .prop_map(|(policies, first, required, probation)| {
            let mut settings = Settings::standard();
            for (method, (worth, lifetime)) in Method::ALL.into_iter().zip(policies) {
                settings.set(method, MethodPolicy { points: points(worth), lifetime });
            }
            settings.first = first.into_iter().collect();
            settings.required_level = level(required);
            settings.probation = millis(probation);
            settings
        });
    prop_oneof![2 => Just(Settings::standard()), 3 => made]
}

fn any_level() -> impl Strategy<Value = u16> {
    proptest::sample::select(vec![0_u16, 1, 10, 20, 30, 30, 31, 40, 50, 60, 700, 1000])
}

fn any_requirement() -> impl Strategy<Value = Requirement> {
    let kinds = prop_oneof![3 => Just(0_u8), 1 => 1..=3_u8];
    (any_level(), any_span(), any_span(), kinds, proptest::bool::weighted(0.2), any::<bool>())
        .prop_map(|(value, max_age, fresh_within, kinds, phishing_resistant, tokens)| Requirement {
            max_age,
            fresh_within,
            kinds,
            phishing_resistant,
            tokens,
            ..ask(value)
        })
}

fn opens(requirement: &Requirement, proofs: &[Proof], settings: &Settings, now: Timestamp) -> bool {
    let evidence = Evidence { proofs: proofs.to_vec() };
    let person = Person { evidence: &evidence, ..Person::NOBODY };
    matches!(decide(requirement, &person, settings, now).outcome, Outcome::Allow(_))
}

fn score(requirement: &Requirement, proofs: &[Proof], settings: &Settings) -> Score {
    weigh(requirement, &Evidence { proofs: proofs.to_vec() }, settings, NOW).score
}

/// The methods of a way, sorted: what a person sees of it.
fn recipe(methods: impl Iterator<Item = Method>) -> Vec<Method> {
    let mut methods: Vec<Method> = methods.collect();
    methods.sort();
    methods
}

/// Every subset of what is enrolled that opens the route while no smaller part of it does.
fn smallest_by_the_book(
    book: &Book<'_>,
    proofs: &[Proof],
    having: &[Enrolled],
) -> BTreeSet<Vec<Method>> {
    let opening: Vec<bool> = (0..1_usize << having.len())
        .map(|subset| {
            let mut joined = proofs.to_vec();
            joined.extend(
                (0..having.len())
                    .filter(|at| subset >> at & 1 == 1)
                    .map(|at| having[at].proof(NOW)),
            );
            book.opens(&joined)
        })
        .collect();
    (0..opening.len())
        .filter(|subset| {
            let smaller = |at: usize| subset >> at & 1 == 1 && opening[subset & !(1 << at)];
            opening[*subset] && !(0..having.len()).any(smaller)
        })
        .map(|subset| {
            recipe((0..having.len()).filter(|at| subset >> at & 1 == 1).map(|at| having[at].method))
        })
        .collect()
}

proptest! {
    #[test]
    fn the_score_is_the_largest_sum_over_all_choices(
        proofs in any_evidence(), requirement in any_requirement(), settings in any_settings()
    ) {
        let book = Book { requirement: &requirement, settings: &settings };
        prop_assert_eq!(score(&requirement, &proofs, &settings).value(), book.score(&proofs));
    }

    #[test]
    fn the_standings_add_up_to_the_score(
        proofs in any_evidence(), requirement in any_requirement(), settings in any_settings()
    ) {
        let weighing = weigh(&requirement, &Evidence { proofs: proofs.clone() }, &settings, NOW);
        let paid: Vec<(&Proof, Points)> = proofs.iter().zip(&weighing.standings)
            .filter_map(|(proof, standing)| match standing {
                Standing::Counted(worth) => Some((proof, *worth)),
                Standing::PaidElsewhere | Standing::Unpaid(_) => None,
            })
            .collect();
        let sum = paid.iter().fold(Score::ZERO, |sum, (_, worth)| sum.plus(*worth));
        prop_assert_eq!(sum, weighing.score);
        for (at, (one, _)) in paid.iter().enumerate() {
            for (two, _) in &paid[..at] {
                prop_assert!(one.method != two.method && one.channel != two.channel);
            }
        }
    }

    #[test]
    fn a_route_opens_exactly_when_the_book_says_so(
        proofs in any_evidence(), requirement in any_requirement(), settings in any_settings()
    ) {
        let book = Book { requirement: &requirement, settings: &settings };
        let expected = requirement.is_public() || book.opens(&proofs);
        prop_assert_eq!(opens(&requirement, &proofs, &settings, NOW), expected);
    }

    #[test]
    fn the_order_of_proofs_does_not_matter(
        (proofs, shuffled) in any_evidence().prop_flat_map(|p| (Just(p.clone()), Just(p).prop_shuffle())),
        requirement in any_requirement(), settings in any_settings()
    ) {
        let weighed = |proofs| weigh(&requirement, &Evidence { proofs }, &settings, NOW);
        let (one, two) = (weighed(proofs), weighed(shuffled));
        prop_assert_eq!(
            Weighing { standings: vec![], ..one },
            Weighing { standings: vec![], ..two }
        );
    }

    #[test]
    fn more_evidence_never_lowers_a_score_or_closes_a_route(
        proofs in any_evidence(), extra in any_proof(),
        requirement in any_requirement(), settings in any_settings()
    ) {
        let mut more = proofs.clone();
        more.push(extra);
        prop_assert!(score(&requirement, &more, &settings) >= score(&requirement, &proofs, &settings));
        if opens(&requirement, &proofs, &settings, NOW) {
            prop_assert!(opens(&requirement, &more, &settings, NOW));
        }
    }

    #[test]
    fn a_higher_level_never_opens_more(
        proofs in any_evidence(), requirement in any_requirement(),
        higher in any_level(), settings in any_settings()
    ) {
        let stricter = Requirement { level: requirement.level.max(level(higher)), ..requirement.clone() };
        if opens(&stricter, &proofs, &settings, NOW) {
            prop_assert!(opens(&requirement, &proofs, &settings, NOW));
        }
    }

    #[test]
    fn a_shorter_age_never_opens_more(
        proofs in any_evidence(), requirement in any_requirement(),
        age in any_span(), span in any_span(), settings in any_settings()
    ) {
        let ages = Requirement { max_age: age, fresh_within: span, ..Requirement::default() };
        let stricter = requirement.join(&Requirement { tokens: requirement.tokens, ..ages });
        if opens(&stricter, &proofs, &settings, NOW) {
            prop_assert!(opens(&requirement, &proofs, &settings, NOW));
        }
    }

    #[test]
    fn what_asks_for_both_opens_only_what_each_opens(
        proofs in any_evidence(), one in any_requirement(), two in any_requirement(),
        settings in any_settings()
    ) {
        let both = one.join(&two);
        prop_assert_eq!(&both, &two.join(&one));
        if opens(&both, &proofs, &settings, NOW) {
            prop_assert!(opens(&one, &proofs, &settings, NOW));
            prop_assert!(opens(&two, &proofs, &settings, NOW));
        }
    }

    #[test]
    fn raising_the_points_of_a_method_never_closes_a_route(
        proofs in any_evidence(), requirement in any_requirement(),
        settings in any_settings(), method in any_method(), worth in any_worth()
    ) {
        let mut richer = settings.clone();
        let old = settings.policy(method);
        richer.set(method, MethodPolicy { points: old.points.max(points(worth)), ..old });
        if opens(&requirement, &proofs, &settings, NOW) {
            prop_assert!(opens(&requirement, &proofs, &richer, NOW));
        }
    }

    #[test]
    fn a_method_worth_nothing_adds_nothing(
        proofs in any_evidence(), requirement in any_requirement(),
        settings in any_settings(), method in any_method()
    ) {
        let mut settings = settings;
        let old = settings.policy(method);
        settings.set(method, MethodPolicy { points: Points::ZERO, ..old });
        let without: Vec<Proof> = proofs.iter().filter(|p| p.method != method).cloned().collect();
        let weighed = |proofs| weigh(&requirement, &Evidence { proofs }, &settings, NOW);
        prop_assert_eq!(
            Weighing { standings: vec![], ..weighed(proofs) },
            Weighing { standings: vec![], ..weighed(without) }
        );
    }

    #[test]
    fn until_a_grant_says_so_the_answer_stays(
        proofs in any_evidence(), requirement in any_requirement(), settings in any_settings()
    ) {
        // Freshness is judged when a request opens, so `until` does not speak of it.
        let requirement = Requirement { fresh_within: None, ..requirement };
        let evidence = Evidence { proofs: proofs.clone() };
        let person = Person { evidence: &evidence, ..Person::NOBODY };
        if let Outcome::Allow(grant) = decide(&requirement, &person, &settings, NOW).outcome {
            let last = grant.until().before(Duration::from_millis(1));
            prop_assert!(grant.until() > NOW);
            prop_assert!(opens(&requirement, &proofs, &settings, last));
        }
    }

    #[test]
    fn the_ways_are_all_of_the_smallest_and_nothing_else(
        proofs in any_evidence(), having in any_enrolled(),
        requirement in any_requirement(), settings in any_settings()
    ) {
        let evidence = Evidence { proofs: proofs.clone() };
        let found = ways(&requirement, &evidence, &having, &settings, NOW);
        let book = Book { requirement: &requirement, settings: &settings };
        let recipes: BTreeSet<_> = found.iter().map(|way| recipe(way.methods())).collect();
        prop_assert_eq!(recipes, smallest_by_the_book(&book, &proofs, &having));
    }

    #[test]
    fn a_way_is_enough_none_of_its_steps_can_be_left_out_and_shorter_ones_come_first(
        proofs in any_evidence(), having in any_enrolled(),
        requirement in any_requirement(), settings in any_settings()
    ) {
        let evidence = Evidence { proofs: proofs.clone() };
        let found = ways(&requirement, &evidence, &having, &settings, NOW);
        let book = Book { requirement: &requirement, settings: &settings };
        for way in &found {
            let taken: Vec<Proof> = way.steps.iter()
                .map(|step| {
                    let of_step = |e: &&Enrolled| e.method == step.method && e.credential == step.credential;
                    having.iter().find(of_step).unwrap().proof(NOW)
                })
                .collect();
            // Two that are enrolled under one name cannot be told apart here.
            let ambiguous = having.iter().enumerate()
                .any(|(at, one)| having[..at].iter().any(|two| one.credential == two.credential));
            prop_assume!(!ambiguous);
            prop_assert!(book.opens(&[proofs.clone(), taken.clone()].concat()));
            for left_out in 0..taken.len() {
                let mut fewer = taken.clone();
                fewer.remove(left_out);
                prop_assert!(!book.opens(&[proofs.clone(), fewer].concat()));
            }
        }
        prop_assert!(found.windows(2).all(|two| two[0].steps.len() <= two[1].steps.len()));
    }

    #[test]
    fn no_clock_age_or_number_overflows(
        at in any::<u64>(), now in any::<u64>(), enrolled in proptest::option::of(any::<u64>()),
        age in proptest::option::of(any::<u64>()), top in any::<bool>(), method in any_method()
    ) {
        let longest = |millis| if top { Duration::MAX } else { Duration::from_millis(millis) };
        let mut settings = Settings::standard();
        let policy = MethodPolicy { points: Points::MAX, lifetime: Lifetime::For(longest(at)) };
        for method in Method::ALL {
            settings.set(method, policy);
        }
        settings.probation = longest(now);
        let proofs: Vec<Proof> = Method::ALL.into_iter().chain([method])
            .map(|method| Proof {
                at: Timestamp::from_millis(at),
                enrolled_at: enrolled.map(Timestamp::from_millis),
                ..proof(method, 0)
            })
            .collect();
        let requirement = Requirement {
            max_age: age.map(longest), fresh_within: age.map(longest), ..ask(1000)
        };
        for now in [0, now, at, at.saturating_add(1), u64::MAX] {
            let evidence = Evidence { proofs: proofs.clone() };
            let now = Timestamp::from_millis(now);
            prop_assert!(weigh(&requirement, &evidence, &settings, now).score <= Score::MAX);
        }
    }
}
