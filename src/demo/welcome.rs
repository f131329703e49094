//! What the terminal says when the demo has started. Not here: the `ready` lines for scripts.

use std::net::{Ipv4Addr, SocketAddr};

use super::people::{People, introductions};
use super::{INBOX, links};

/// The text for the terminal, once the demo listens at `address`, and
/// the administrators' portal at `admin`.
#[must_use]
pub fn welcome(address: SocketAddr, admin: Option<SocketAddr>, people: &People) -> String {
    let mut text = boxed(&lines(&url(address), admin.map(url).as_deref()));
    for app in &people.apps {
        text.push_str(&format!(
            "\n  The app of {}, for your own phone:\n  {}\n",
            app.user,
            app.link()
        ));
    }
    text
}

/// `localhost` where that leads to the address: all browsers keep our cookies for it without TLS.
fn url(address: SocketAddr) -> String {
    if address.ip() == Ipv4Addr::LOCALHOST {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

fn lines(url: &str, admin: Option<&str>) -> Vec<String> {
    let mut lines = vec!["scoregate demo".to_owned(), String::new()];
    lines.push(format!("Open    {url}"));
    lines.push(format!("Inbox   {url}{INBOX}"));
    lines.extend(admin.map(|admin| format!("Admin   {admin}")));
    lines.push("        Codes appear there and here; apps are there too.".to_owned());
    lines.push(String::new());
    lines.push(format!("{:<8}{:<13}{}", "name", "password", "has"));
    for (name, password, has) in introductions() {
        lines.push(format!("{name:<8}{password:<13}{has}"));
    }
    lines.extend([String::new(), "Try in this order".to_owned()]);
    lines
        .extend(walk().into_iter().enumerate().map(|(step, what)| format!("{}. {what}", step + 1)));
    lines.push(String::new());
    lines.push("Everything is in memory and gone when you stop it (Ctrl-C).".to_owned());
    lines
}

fn walk() -> Vec<String> {
    let links = links();
    vec![
        "Sign in as anna, and choose e-mail for the second step.".to_owned(),
        format!("{} shows what the portal was told.", links.echo),
        format!("{} asks one more step: the code of the app.", links.payments),
        format!("Sign out, and sign in as bob: {} is not for him.", links.operations),
        "Sign in as carol: she is told what is missing.".to_owned(),
        "Open the admin address as admin, with e-mail and app: 40 points.".to_owned(),
    ]
}

fn boxed(lines: &[String]) -> String {
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let edge = format!("+{}+\n", "-".repeat(width + 4));
    let inside: String = lines.iter().map(|line| format!("|  {line:<width$}  |\n")).collect();
    format!("{edge}{inside}{edge}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::App;
    use crate::secret::Secret;

    fn people() -> People {
        let secret = Secret::new(b"12345678901234567890".to_vec());
        People { apps: vec![App { user: "anna".to_owned(), secret }] }
    }

    #[test]
    fn the_welcome_says_where_who_and_what_to_try() {
        let text =
            welcome("127.0.0.1:8080".parse().unwrap(), "127.0.0.1:9902".parse().ok(), &people());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn an_address_is_named_as_it_can_be_opened() {
        for (address, shown) in [
            ("127.0.0.1:41233", "http://localhost:41233"),
            ("127.0.0.2:80", "http://127.0.0.2:80"),
            ("[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(url(address.parse().unwrap()), shown);
        }
    }

    #[test]
    fn the_box_is_straight_and_fits_a_terminal() {
        let text =
            welcome("127.0.0.1:65535".parse().unwrap(), "127.0.0.1:9902".parse().ok(), &people());
        let widths: Vec<usize> = text
            .lines()
            .filter(|line| line.starts_with(['|', '+']))
            .map(|line| line.chars().count())
            .collect();
        assert!(widths.iter().all(|width| *width == widths[0] && *width <= 80), "{text}");
    }
}
