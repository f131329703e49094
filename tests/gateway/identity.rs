//! Who somebody is, as portals hear it: every preset, fields of the operator's own, what a client says
//! under their names, and values that no portal takes. Through the real process.

use scoregate::config::{Fact, Preset};

use super::person::Person;
use super::wire::Road;
use super::world::{HOST, World};

/// As they are written in a file.
const PRESETS: [(&str, Preset); 8] = [
    ("scoregate", Preset::Scoregate),
    ("remote-user", Preset::RemoteUser),
    ("x-forwarded-user", Preset::XForwardedUser),
    ("webauth", Preset::Webauth),
    ("authelia", Preset::Authelia),
    ("oauth2-proxy", Preset::Oauth2Proxy),
    ("siteminder", Preset::Siteminder),
    ("nothing", Preset::Nothing),
];

/// A route for each preset, one with fields of its own and one that signs in at its portal.
fn world() -> World {
    let mut world = World::prepare();
    let mut config = world.config();
    let upstream = world.upstream.address;
    let mut route = |name: &str, identity: &str| {
        config += &format!(
            "[route.{name}]\nhost = \"{HOST}\"\npath = \"/{name}/\"\nupstream = \
             \"http://{upstream}\"\ndirectory = \"staff\"\n[route.{name}.identity]\n{identity}\n\
             [route.{name}.rule.public]\npath = \"/{name}/public/\"\npublic = true\n"
        );
    };
    for (preset, _) in PRESETS {
        let name = format!("p_{}", preset.replace('-', "_"));
        route(&name, &format!("preset = \"{preset}\""));
    }
    route(
        "own",
        "headers = { X-Team = \"{user} of {roles}\", X_Call = \"{name}\", X-Phone = \"tel {email}\", \
         X-Kind = \"gate\" }\nauthorization = { file = \"portal-secret\" }",
    );
    write_secret(&world, "Basic Z2F0ZTpodW50ZXIy\n");
    world.write_config(&config);
    world.run();
    world
}

fn write_secret(world: &World, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let file = world.path("portal-secret");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A user with roles, a name and a mailbox, signed in.
fn anna(world: &World, roles: &[&str]) -> Person {
    let mut arguments =
        vec!["user", "add", "anna", "--directory", "staff", "--email", "anna@mail.example.net"];
    arguments.extend(["--name", "J\u{f6}rg, \"the\" 100%", "--password-stdin"]);
    arguments.extend(roles.iter().flat_map(|role| ["--role", *role]));
    let typed = format!("{}\n", super::world::password_of("anna"));
    let done = world.command(&arguments, &typed);
    assert_eq!(done.code, Some(0), "{done:?}");
    let mut person = Person::new(world);
    person.sign_in_with_mail(world, "anna");
    person
}

fn ask(road: &Road, path: &str, fields: &str) -> u16 {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{fields}Connection: close\r\n\r\n");
    road.ask(request.as_bytes()).map_or(0, |response| response.status)
}

const fn expected(fact: Fact) -> &'static str {
    match fact {
        Fact::User => "anna",
        Fact::Name => "J%C3%B6rg, \"the\" 100%25",
        Fact::Email => "anna@mail.example.net",
        Fact::Roles => "editor,finance",
        Fact::Score => "30",
        Fact::Methods => "pwd,email",
    }
}

#[test]
fn each_preset_names_a_person_in_its_own_fields_and_in_no_other() {
    let world = world();
    let person = anna(&world, &["finance", "editor"]);
    let cookie = format!("Cookie: {}\r\n", person.session());
    for (preset, kind) in PRESETS {
        let path = format!("/p_{}/x", preset.replace('-', "_"));
        assert_eq!(ask(&world.tls(), &path, &format!("{cookie}User-Agent: {preset}\r\n")), 200);
        let arrived = world.upstream.marked(preset);
        for (name, fact) in kind.fields() {
            assert_eq!(arrived[0].values(name), [expected(*fact)], "{preset}: {name}");
        }
        for (name, _) in PRESETS.iter().flat_map(|(_, other)| other.fields()) {
            if !kind.fields().iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                assert!(arrived[0].values(name).is_empty(), "{preset}: {name}");
            }
        }
    }
}

#[test]
fn fields_of_the_operators_own_say_what_their_template_says() {
    let world = world();
    let person = anna(&world, &["finance", "editor"]);
    let cookie = format!("Cookie: {}\r\n", person.session());
    let fields = format!("{cookie}Authorization: Bearer of-the-client\r\nUser-Agent: own\r\n");
    assert_eq!(ask(&world.tls(), "/own/x", &fields), 200);
    let one = &world.upstream.marked("own")[0];
    for (name, value) in [
        ("X-Team", "anna of editor,finance"),
        ("X_Call", "J%C3%B6rg, \"the\" 100%25"),
        ("X-Phone", "tel anna@mail.example.net"),
        ("X-Kind", "gate"),
        ("Authorization", "Basic Z2F0ZTpodW50ZXIy"),
    ] {
        assert_eq!(one.values(name), [value], "{name}");
    }
    assert!(!one.folded_names().iter().any(|name| name.starts_with("x-scoregate")));
    // The gateway's own secret goes with every request of its route, and the client's never.
    let fields = "Authorization: Bearer of-the-client\r\nUser-Agent: open\r\n";
    assert_eq!(ask(&world.tls(), "/own/public/x", fields), 200);
    let open = &world.upstream.marked("open")[0];
    assert_eq!(open.values("authorization"), ["Basic Z2F0ZTpodW50ZXIy"]);
    assert!(open.values("x-kind").is_empty());
    // Where a route has none, what the client says is between it and the portal.
    let fields = "Authorization: Bearer of-the-client\r\nUser-Agent: left\r\n";
    assert_eq!(ask(&world.tls(), "/p_webauth/public/x", fields), 200);
    assert_eq!(world.upstream.marked("left")[0].values("authorization"), ["Bearer of-the-client"]);
    assert!(!world.log().contains("Z2F0ZTpodW50ZXIy"));
}

/// Spellings that one portal or another takes for the same name.
fn spellings(name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    vec![
        name.to_owned(),
        lower.clone(),
        name.to_ascii_uppercase(),
        lower.replace('-', "_"),
        lower.replace('_', "-"),
        lower.replace(['-', '_'], "."),
        lower.replacen(['-', '_'], "~", 1),
    ]
}

#[test]
fn no_client_says_who_it_is_under_any_name_of_any_preset_in_any_spelling() {
    let world = world();
    let person = anna(&world, &[]);
    let names = PRESETS.iter().flat_map(|(_, preset)| preset.fields()).map(|(name, _)| *name);
    let names: Vec<&str> = names.chain(["X-Team", "X_Call", "X-Kind", "X-Scoregate-Jwt"]).collect();
    let cookie = format!("Cookie: {}\r\n", person.session());
    for (path, session) in [
        ("/public/x", ""),
        ("/x", cookie.as_str()),
        ("/p_webauth/public/x", ""),
        ("/p_webauth/x", cookie.as_str()),
        ("/p_nothing/x", cookie.as_str()),
        ("/own/x", cookie.as_str()),
        ("/own/public/x", ""),
    ] {
        for round in 0..spellings("x-y").len() {
            let fields: String = names
                .iter()
                .map(|name| format!("{}: forged\r\n", spellings(name)[round]))
                .collect();
            let marker = format!("{path} {round}");
            let fields = format!("{session}User-Agent: {marker}\r\n{fields}");
            assert_eq!(ask(&world.tls(), path, &fields), 200, "{marker}");
            let arrived = world.upstream.marked(&marker);
            assert!(!arrived[0].head.contains("forged"), "{marker}: {}", arrived[0].head);
        }
    }
    for name in ["X-Team ", "X-Team\t", "X Team"] {
        let fields = format!("User-Agent: spaced\r\n{name}: forged\r\n");
        assert_eq!(ask(&world.tls(), "/own/public/x", &fields), 400, "{name:?}");
    }
    assert!(world.upstream.marked("spaced").is_empty());
}

#[test]
fn a_value_that_is_too_long_is_refused_with_a_reference_and_not_cut_off() {
    let world = world();
    let roles: Vec<String> = (0..80).map(|nth| format!("r{nth:0>59}")).collect();
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    let mut person = anna(&world, &roles);
    // Its preset names no roles, so the same person gets in there.
    let fields = "Accept: text/html\r\nUser-Agent: long\r\n";
    assert_eq!(person.send("GET", "/p_remote_user/x", fields, "").status, 200);
    let before = world.upstream.count();
    let response = person.send("GET", "/x", fields, "");
    assert_eq!(response.status, 500);
    let reference = response.field("x-scoregate-reference").unwrap().to_owned();
    assert!(response.text().contains(&reference));
    assert_eq!(world.upstream.count(), before);
    assert!(world.audit().contains("identity_too_long"));
    assert!(world.log().contains("the value of x-scoregate-roles would have 4879 bytes"));
}

#[test]
fn a_secret_for_the_portal_that_is_no_header_is_told_before_anything_runs() {
    let world = World::prepare();
    let config = world.config().replace(
        "directory = \"staff\"\n",
        "directory = \"staff\"\nidentity.authorization = { file = \"portal-secret\" }\n",
    );
    world.write_config(&config);
    for text in ["Bearer a\nX-Admin: 1", "", "Bearer \u{e9}"] {
        write_secret(&world, text);
        let done = world.command(&["check"], "");
        assert_eq!(done.code, Some(78), "{text:?}: {done:?}");
        let printed = format!("{}{}", done.out, done.err);
        assert!(printed.contains("route.portal.identity.authorization"), "{text:?}: {printed}");
        assert!(!printed.contains("X-Admin"), "{printed}");
    }
}

/// Checks an assertion as a portal would, with an implementation that is not ours: node's. Prints the
/// claims, or ends with 1.
const VERIFIER: &str = r#"
const crypto = require("node:crypto");
const [token, jwks] = process.argv.slice(1);
const [head, claims, signature] = token.split(".");
const { kid, alg, typ } = JSON.parse(Buffer.from(head, "base64url"));
const jwk = JSON.parse(jwks).keys.find((key) => key.kid === kid);
if (alg !== "ES256" || typ !== "JWT" || !jwk) process.exit(1);
const key = crypto.createPublicKey({ key: jwk, format: "jwk" });
const is_genuine = crypto.verify("sha256", Buffer.from(`${head}.${claims}`),
  { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
if (!is_genuine) process.exit(1);
console.log(Buffer.from(claims, "base64url").toString());
"#;

fn verified(token: &str, jwks: &str) -> Option<serde_json::Value> {
    let mut node = std::process::Command::new("node");
    let done = node.args(["-e", VERIFIER, "--", token, jwks]).output().unwrap();
    done.status.success().then(|| serde_json::from_slice(&done.stdout).unwrap())
}

fn jwks(world: &World) -> String {
    let request = format!("GET /.scoregate/jwks.json HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    let response = world.plain().ask(request.as_bytes()).unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.field("cache-control"), Some("public, max-age=300"));
    assert_eq!(response.field("content-type"), Some("application/jwk-set+json"));
    response.text()
}

#[test]
fn an_assertion_says_who_asks_and_only_the_keys_of_the_gateway_make_one() {
    let mut world = World::prepare();
    let config = world
        .config()
        .replace("directory = \"staff\"\n", "directory = \"staff\"\nidentity.assertion = true\n");
    world.write_config(&config);
    world.run();
    let person = anna(&world, &["finance", "editor"]);
    let token = |marker: &str| {
        let fields = format!("Cookie: {}\r\nUser-Agent: {marker}\r\n", person.session());
        let forged = "X-Scoregate-Jwt: forged\r\nx_scoregate_jwt: forged\r\n";
        assert_eq!(ask(&world.tls(), "/x", &format!("{fields}{forged}")), 200);
        let arrived = world.upstream.marked(marker);
        let values = arrived[0].values("x-scoregate-jwt");
        assert_eq!(values.len(), 1, "{values:?}");
        values[0].to_owned()
    };
    let (first, before) = (token("first"), jwks(&world));
    let claims = verified(&first, &before).unwrap();
    for (name, value) in [
        ("iss", serde_json::json!("https://portal.example.org")),
        ("aud", "portal".into()),
        ("sub", "anna".into()),
        ("name", "J\u{f6}rg, \"the\" 100%".into()),
        ("email", "anna@mail.example.net".into()),
        ("roles", serde_json::json!(["editor", "finance"])),
        ("amr", serde_json::json!(["pwd", "email"])),
        ("score", 30.into()),
        ("route", "portal".into()),
    ] {
        assert_eq!(claims[name], value, "{name}: {claims}");
    }
    let number = |name: &str| claims[name].as_u64().unwrap();
    assert_eq!(number("exp") - number("iat"), 60);
    let methods = claims["methods"].as_object().unwrap();
    assert!(methods["password"].as_u64() <= methods["email"].as_u64());
    assert_eq!(methods["password"], claims["auth_time"]);
    assert!(claims.get("rule").is_none());

    // One that was changed, and one of another gateway, are not genuine.
    let mut parts: Vec<&str> = first.split('.').collect();
    parts[1] = "eyJzdWIiOiJyb290In0";
    assert_eq!(verified(&parts.join("."), &before), None);
    assert_eq!(
        verified(
            &first,
            &jwks(&{
                let mut other = World::prepare();
                other.run();
                other
            })
        ),
        None
    );

    world.operate(&["keys", "rotate"]);
    let (second, after) = (token("second"), jwks(&world));
    assert_ne!(first.split('.').next(), second.split('.').next());
    assert!(verified(&first, &after).is_some(), "the older key is believed for its grace");
    assert!(verified(&second, &after).is_some());
    assert_eq!(verified(&second, &before), None);
    assert!(!after.contains("\"d\""));
    for path in ["/public/x", "/public/"] {
        let fields = format!("Cookie: {}\r\nUser-Agent: open{path}\r\n", person.session());
        assert_eq!(ask(&world.tls(), path, &fields), 200);
        let arrived = world.upstream.marked(&format!("open{path}"));
        assert!(arrived[0].values("x-scoregate-jwt").is_empty());
    }
}
