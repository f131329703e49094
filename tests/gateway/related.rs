//! `/.well-known/webauthn` through the real process: who gets an answer, and on which door. Not here: which
//! hosts are in it, which has tests beside the configuration.

use super::wire::Road;
use super::world::{HOST, World};

const ADDRESS: &str = "/.well-known/webauthn";

fn ask(road: &Road, host: &str) -> (u16, String) {
    let request = format!("GET {ADDRESS} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let response = road.ask(request.as_bytes()).unwrap();
    (response.status, response.text())
}

#[test]
fn other_domains_are_named_to_everybody_on_the_domain_of_the_passkeys_and_nowhere_else() {
    let mut world = World::prepare();
    let directory = format!("[directory.staff]\nrp_id = \"{HOST}\"\n");
    let other = format!(
        "[route.other]\nhost = \"portal.example.net\"\nupstream = \"http://{}\"\n\
         directory = \"staff\"\n",
        world.upstream.address
    );
    world.change_config(|config| config.replace("[directory.staff]\n", &directory) + &other);
    world.run();
    let (status, text) = ask(&world.plain(), HOST);
    assert_eq!(status, 200, "nobody has to be signed in: {text}");
    assert!(text.starts_with("{\"origins\":[\"https://portal.example.net"), "{text}");
    let admin = Road::Plain(world.running().admin);
    for (what, (status, text)) in [
        ("the administrators' door", ask(&admin, HOST)),
        ("a port of nobody", ask(&world.plain(), &format!("{HOST}:1"))),
        ("a host of nobody", ask(&world.plain(), "evil.test")),
        ("another host of ours", ask(&world.plain(), "portal.example.net")),
    ] {
        assert!(status != 200 && !text.contains("origins"), "{what}: {status} {text}");
    }
}
