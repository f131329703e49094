use super::*;
#[test]
fn probe() {
    let m = MINIMAL;
    let rep = |a: &str, b: &str| { assert!(m.contains(a), "{a}"); m.replace(a, b) };
    let cases = vec![
        rep("http://127.0.0.1:3000\"", "http://127.0.0.1:3000"),
        format!("{m}upstream = \"http://127.0.0.1:4000\"\n"),
        format!("{m}[route.portal]\n"),
        rep("upstream ", "upsteam "),
        rep("upstream  = \"http://127.0.0.1:3000\"    # your existing portal\n", ""),
        rep("[route.portal]", "[[route]]"),
        rep("\"staff\"", "\"stafff\""),
        format!("{m}level = 1001"),
        format!("{m}level = \"x\""),
        format!("{m}level = 1.5"),
        format!("{m}level = 200"),
        format!("{m}kinds = 3"),
        format!("{m}[session]\nidle_timeout = 30"),
        format!("{m}[session]\nidle_timeout = \"15 minutes\""),
        format!("{m}[session]\nidle_timeout = \"1s\""),
        format!("{m}[directory.staff.authentication.points]\nsms = 10\nemail=10"),
        format!("{m}[directory.staff.authentication]\nrequired_level = 20"),
        format!("{m}[directory.staff.authentication]\nfirst = [\"passkey\", \"pasword\"]"),
        format!("{m}[directory.staff.authentication]\nfirst = [\"passkey\"]"),
        format!("{m}[notifier.mail]\nkind = \"smtp\"\nurl = \"smtps://mail.example.org\"\nfrom = \"a@b.org\"\nuser = \"u\"\npassword = \"hunter2\"\n"),
        format!("{m}[notifier.mail]\nkind = \"http-sms\"\ntoken = \"hunter2\""),
        format!("{m}[notifier.mail]\nkind = \"file\"\npath=\"x\""),
        format!("{m}[route.b]\nhost = \"portal.example.org\"\nupstream = \"grafana\"\ndirectory = \"staff\"\n"),
        format!("{m}[route.b]\nhost = \"portal.example.org\"\nupstream = \"http://127.0.0.1:443\"\ndirectory = \"staff\"\n"),
        format!("version = 2\n{m}"),
        format!("{m}[admin]\nhost = \"x\""),
        format!("{m}[limitz]\nx = 1"),
        rep("[route.portal]", "[route.My-Portal]"),
        format!("{m}level = 0"),
        "".to_owned(),
        "[listen.htps]\naddress = \"x\"".to_owned(),
        rep("443", ""),
    ];
    for case in cases {
        println!("{}-----", print_text(&case));
    }
}
