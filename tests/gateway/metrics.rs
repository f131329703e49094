//! What `/metrics` says after something has happened, on the gateway that runs: that each number is fed,
//! and not only shown. Not here: how a number is counted (`observe`).

use std::fs;
use std::io::Write;

use super::person::{Person, code_after};
use super::wire::Stream;
use super::world::{HOST, World, password_of, wait_for};

/// The value of one line, by its name and labels as they are printed.
fn value(world: &World, series: &str) -> Option<f64> {
    let (status, text) = world.ops("/metrics");
    assert_eq!(status, 200);
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

/// Waits until a line has this value.
fn wait_until(world: &World, series: &str, wanted: f64) {
    wait_for(&format!("{series} {wanted}"), || {
        value(world, series).filter(|value| (value - wanted).abs() < 0.5)
    });
}

fn signed_in(world: &World) -> Person {
    let mut anna = Person::new(world);
    anna.sign_in_with_mail(world, "anna");
    anna
}

#[test]
fn a_request_is_active_until_it_is_over_also_when_its_stream_is_ended() {
    const ACTIVE: &str = "http_server_active_requests";
    let world = World::with_users(&["anna"]);
    let mut anna = signed_in(&world);
    wait_until(&world, ACTIVE, 0.0);
    let stream = hanging(&world, &anna);
    wait_until(&world, ACTIVE, 1.0);
    anna.open("/.scoregate/sign-out");
    anna.fill(&[]);
    wait_until(&world, ACTIVE, 0.0);
    drop(stream);
}

/// A request whose body never ends; the portal waits for it.
fn hanging(world: &World, person: &Person) -> Box<dyn Stream> {
    let mut stream = world.plain().connect().unwrap();
    let head = format!(
        "POST /form HTTP/1.1\r\nHost: {HOST}\r\nCookie: {}\r\nContent-Length: 10\r\n\r\nhalf",
        person.session()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn what_the_gateway_adds_is_measured_for_requests_that_go_on_and_for_no_others() {
    const COUNT: &str = "scoregate_overhead_seconds_count{route=\"portal\"}";
    const SUM: &str = "scoregate_overhead_seconds_sum{route=\"portal\"}";
    let world = World::with_users(&["anna"]);
    let mut stranger = Person::new(&world);
    assert_eq!(stranger.get("/").status, 303);
    assert_eq!(value(&world, COUNT), None, "a challenge does not go on");
    let mut anna = signed_in(&world);
    let before = value(&world, COUNT).unwrap_or(0.0);
    for _ in 0..3 {
        assert_eq!(anna.get("/reports").status, 200);
    }
    wait_until(&world, COUNT, before + 3.0);
    let sum = value(&world, SUM).unwrap();
    assert!(sum > 0.0 && sum < 60.0, "seconds, and not another unit: {sum}");
}

#[test]
fn messages_are_counted_by_what_became_of_them() {
    let of = |outcome: &str| {
        format!("scoregate_notifications_total{{notifier=\"outbox\",outcome=\"{outcome}\"}}")
    };
    let world = World::with_users(&["anna"]);
    assert_eq!(value(&world, &of("sent")), None);
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    anna.choose("email");
    code_after(&world, "anna", 0);
    wait_until(&world, &of("sent"), 1.0);
    assert_eq!(value(&world, &of("failed")), None);
}

#[test]
fn the_end_of_the_certificate_is_told_at_start_and_after_a_reload() {
    const NOT_AFTER: &str = "scoregate_certificate_not_after_timestamp_seconds{listener=\"https\"}";
    let mut world = World::prepare();
    let first = certify(&world, 2031);
    world.run();
    assert_eq!(value(&world, NOT_AFTER), Some(first));
    let second = certify(&world, 2033);
    world.operate(&["reload"]);
    assert_eq!(value(&world, NOT_AFTER), Some(second));
    assert_ne!(first.to_bits(), second.to_bits());
    fs::write(world.path("cert.pem"), "nonsense").unwrap();
    assert_ne!(world.command(&["reload"], "").code, Some(0));
    assert_eq!(value(&world, NOT_AFTER), Some(second), "the old one is still shown to browsers");
}

/// Gives the gateway a certificate that ends in the middle of this year, and says when that is.
#[expect(clippy::cast_precision_loss, reason = "seconds stay exact in a float")]
fn certify(world: &World, year: i32) -> f64 {
    let mut asked = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    asked.not_after = rcgen::date_time_ymd(year, 5, 17);
    let ends = asked.not_after.unix_timestamp() as f64;
    let key = rcgen::KeyPair::generate().unwrap();
    let made = asked.self_signed(&key).unwrap();
    fs::write(world.path("cert.pem"), made.pem()).unwrap();
    fs::write(world.path("key.pem"), key.serialize_pem()).unwrap();
    ends
}
