//! Every page in every state, with values as they occur, for the tests: they walk it, say what holds
//! for all pages, and write it out to be looked at. A page that is not here is not tested.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::ends::sign_out_then;
use super::*;
use crate::points::{Method, Timestamp};
use crate::secret::Secret;
use crate::web::i18n::Language;

/// What the pages show instead of a name that somebody chose to be nasty.
pub(in crate::web) const NAME: &str = "anna@example.org";

/// 2026-03-02T14:20:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_772_461_200);

pub(in crate::web) fn frame(language: Language) -> Frame {
    Frame {
        brand: "Example".to_owned(),
        portal: "Example".to_owned(),
        home: "/".to_owned(),
        language,
        languages: Language::ALL.to_vec(),
        address: Some("/.scoregate/next?tx=8qZk2".to_owned()),
        help: Some(Help {
            url: Some("/help".to_owned()),
            contact: Some("the Example service desk".to_owned()),
        }),
        reference: None,
        user: None,
        demo_inbox: None,
        offered: Method::ALL.into_iter().collect(),
        now: NOW,
        zone: TimeZone::UTC,
    }
}

fn later(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

fn hidden() -> Hidden {
    Hidden { csrf: "c5Rf-token".to_owned(), tx: Some("8qZk2".to_owned()) }
}

fn passkey_ask() -> PasskeyAsk {
    PasskeyAsk {
        ceremony: "c3VuZWQ".to_owned(),
        options: r#"{"publicKey":{"challenge":"AAAA"}}"#.to_owned(),
        rp: "example.org".to_owned(),
    }
}

/// Makes the pages in one language, with one name for everything that a person can choose.
struct Painter<'a> {
    language: Language,
    name: &'a str,
    pages: Vec<(String, String)>,
}

/// All pages: name and HTML.
pub(in crate::web) fn gallery(language: Language, name: &str) -> Vec<(String, String)> {
    let mut painter = Painter { language, name, pages: Vec::new() };
    painter.sign_in();
    painter.choose();
    painter.confirm_and_wait();
    painter.codes();
    painter.passkeys();
    painter.account_passkeys();
    painter.ends();
    painter.refusals();
    painter.set_up();
    painter.account();
    painter.demo();
    painter.pages
}

impl Painter<'_> {
    fn add(&mut self, name: &str, html: String) {
        self.pages.push((name.to_owned(), html));
    }

    fn plain(&self) -> Frame {
        frame(self.language)
    }

    /// Somebody on the way in, or already there.
    fn with_user(&self, is_signed_in: bool) -> Frame {
        let not_you = sign_out_then("/");
        let user = Person { name: self.name.to_owned(), is_signed_in, not_you: Some(not_you) };
        Frame { user: Some(user), ..self.plain() }
    }

    fn refused(&self) -> Frame {
        Frame { reference: Some("7F3K-Q2".to_owned()), address: None, ..self.with_user(true) }
    }

    fn account(&mut self) {
        let everything = AccountOverview {
            frame: self.with_user(true),
            hidden: Hidden { tx: None, ..hidden() },
            verdict: Verdict::Everything,
            ways: 3,
            methods: vec![
                AccountMethod { method: Method::Passkey, details: Vec::new() },
                AccountMethod { method: Method::Email, details: vec![self.name.to_owned()] },
            ],
            plans: Vec::new(),
            done: String::new(),
        };
        self.add("p20", everything.render());
        let place = self.name.to_owned();
        let closed = AccountOverview {
            verdict: Verdict::Closed { place: place.clone(), remedy: Some(Method::Passkey) },
            ways: 1,
            plans: vec![AccountPlan {
                credential: "c1".to_owned(),
                method: Method::Passkey,
                due_at: later(86_400),
            }],
            done: "planned".to_owned(),
            ..everything.clone()
        };
        self.add("p20-closed", closed.render());
        for (page, done) in [("p20-removed", "removed"), ("p20-kept", "kept")] {
            let verdict = Verdict::Closed { place: place.clone(), remedy: None };
            let done = done.to_owned();
            let overview = AccountOverview { verdict, done, ways: 0, ..everything.clone() };
            self.add(page, overview.render());
        }
        self.recovery_codes();
        self.account_changes();
        let stop = AccountStop { frame: self.with_user(true), reason: StopReason::LastWay };
        self.add("account-last", stop.render());
    }

    fn recovery_codes(&mut self) {
        for (page, left, is_made) in
            [("p24", Some(7), true), ("p24-few", Some(1), false), ("p24-none", None, false)]
        {
            let overview = RecoveryOverview { frame: self.with_user(true), left, is_made };
            self.add(page, overview.render());
        }
        let new = NewRecoveryCodes {
            frame: self.with_user(true),
            hidden: Hidden { tx: None, ..hidden() },
            ticket: "ticket".to_owned(),
            codes: vec!["7Q2KD8-4MZTR-0XW9P-VH3CN-6YJEA".to_owned(); 10],
        };
        self.add("p24-new", new.render());
        for (page, state) in [
            ("p6", CodeState::Ready),
            ("p6-empty", CodeState::Empty),
            ("p6-format", CodeState::NotACode),
            ("p6-wrong", CodeState::Wrong { tries_left: None }),
            ("p6-used", CodeState::UsedAlready),
        ] {
            let asking = RecoveryPage {
                frame: self.with_user(false),
                hidden: hidden(),
                done: vec![Method::Password],
                state,
                has_other_ways: true,
            };
            self.add(page, asking.render());
        }
        for (page, left) in [("p6-done", 7), ("p6-done-few", 0)] {
            let go_on = "/".to_owned();
            self.add(page, Recovered { frame: self.with_user(true), left, go_on }.render());
        }
    }

    fn account_changes(&mut self) {
        let (hidden, name) = (Hidden { tx: None, ..hidden() }, self.name.to_owned());
        for (page, state) in [
            ("p17", PasswordState::First),
            ("p17-short", PasswordState::TooShort),
            ("p17-busy", PasswordState::Busy),
        ] {
            let (frame, hidden) = (self.with_user(true), hidden.clone());
            let page_of = ChangePassword { frame, hidden, username: name.clone(), min: 15, state };
            self.add(page, page_of.render());
        }
        for (page, state) in [
            ("p16", ForgotState::First),
            ("p16-empty", ForgotState::Empty),
            ("p16-sent", ForgotState::Sent),
            ("p16-wait", ForgotState::Throttled { until: later(900) }),
        ] {
            let html = Forgot { frame: self.plain(), hidden: hidden.clone(), state }.render();
            self.add(page, html);
        }
        let sign_in = "/.scoregate/sign-in".to_owned();
        self.add("p16-done", ResetDone { frame: self.plain(), sign_in }.render());
        self.add("p16-gone", LinkGone { frame: self.refused(), is_reset: true }.render());
        let reset = SetUpPassword {
            frame: self.plain(),
            is_reset: true,
            action: "/.scoregate/forgot/k3yQ".to_owned(),
            hidden: hidden.clone(),
            username: name.clone(),
            min: 15,
            app_follows: false,
            passkey: None,
            state: PasswordState::First,
        };
        self.add("p16-reset", reset.render());
        self.contacts(&hidden);
        let app =
            AccountApp { credential: "c1".to_owned(), name: Some(name.clone()), added_at: NOW };
        for (page, done) in
            [("p21", ""), ("p21-added", "added"), ("p21-named", "named"), ("p21-over", "over")]
        {
            let unnamed = AccountApp { name: None, credential: "c2".to_owned(), ..app.clone() };
            let (frame, hidden) = (self.with_user(true), hidden.clone());
            let apps = vec![app.clone(), unnamed];
            let apps = AccountApps { frame, hidden, apps, can_add: true, done: done.to_owned() };
            self.add(page, apps.render());
        }
        let device = |is_this: bool, user_agent: &str| AccountDevice {
            mark: "m4rk".to_owned(),
            is_this,
            user_agent: user_agent.to_owned(),
            address: "192.0.2.7".to_owned(),
            since: NOW,
            last_seen_at: later(60),
        };
        let remembered = vec![AccountRemembered {
            credential: "r1".to_owned(),
            user_agent: "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0".to_owned(),
            last_used_at: NOW,
            ends_at: later(30 * 86_400),
        }];
        for (page, done) in [("p25", ""), ("p25-ended", "ended"), ("p25-forgotten", "forgotten")] {
            let (frame, hidden) = (self.with_user(true), hidden.clone());
            let devices = vec![
                device(true, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
                device(false, "<b>who knows</b>"),
            ];
            let page_of = AccountDevices {
                frame,
                hidden,
                devices,
                remembered: remembered.clone(),
                done: done.to_owned(),
            };
            self.add(page, page_of.render());
        }
    }

    fn contacts(&mut self, hidden: &Hidden) {
        let states = [
            ContactsState::First,
            ContactsState::NotAnAddress,
            ContactsState::AlreadyThere,
            ContactsState::TooMany,
            ContactsState::NotSent,
            ContactsState::Over,
            ContactsState::Throttled { until: later(900) },
            ContactsState::Added,
            ContactsState::Removed,
        ];
        for is_phone in [false, true] {
            let kind = if is_phone { "p23" } else { "p22" };
            for state in states {
                let contact = AccountContact {
                    credential: "c1".to_owned(),
                    address: self.name.to_owned(),
                    added_at: NOW,
                };
                let html = AccountContacts {
                    frame: self.with_user(true),
                    hidden: hidden.clone(),
                    is_phone,
                    contacts: vec![contact],
                    can_add: state != ContactsState::TooMany,
                    state,
                }
                .render();
                self.add(&format!("{kind}-{state:?}"), html);
            }
            for state in [
                CodeState::Ready,
                CodeState::Empty,
                CodeState::NotACode,
                CodeState::Wrong { tries_left: Some(1) },
                CodeState::Wrong { tries_left: None },
            ] {
                let html = ConfirmContact {
                    frame: self.with_user(true),
                    hidden: hidden.clone(),
                    action: "/.scoregate/me/emails/code?ticket=t1cket".to_owned(),
                    back: "/.scoregate/me/emails".to_owned(),
                    is_phone,
                    address: self.name.to_owned(),
                    state,
                }
                .render();
                self.add(&format!("{kind}-code-{state:?}"), html);
            }
        }
    }

    fn sign_in(&mut self) {
        let demo = SignIn {
            frame: Frame { demo_inbox: Some("/.scoregate/inbox".to_owned()), ..self.plain() },
            hidden: hidden(),
            username: String::new(),
            forgot: None,
            passkey: Some(passkey_ask()),
            state: SignInState::First,
        };
        self.add("demo-p1", demo.render());
        let contact = Some("the Example service desk, 030 123 45 67".to_owned());
        let help = Some(Help { url: None, contact });
        let frame = Frame { help, demo_inbox: None, ..demo.frame.clone() };
        self.add("p1-contact", SignIn { frame, ..demo }.render());
        let states = [
            ("p1", SignInState::First),
            ("p1-idle", SignInState::Idle { minutes: 30 }),
            ("p1-ended", SignInState::Ended),
            ("p1-username-empty", SignInState::UsernameEmpty),
            ("p1-password-empty", SignInState::PasswordEmpty),
            ("p1-wrong", SignInState::Wrong),
            ("p1-throttled", SignInState::Throttled { until: later(900) }),
            ("p1-busy", SignInState::Busy),
            ("p1-passkey-wrong", SignInState::Passkey(PasskeyState::Wrong)),
            ("p1-passkey-late", SignInState::Passkey(PasskeyState::Late)),
            ("p1-passkey-unknown", SignInState::Passkey(PasskeyState::Unknown("AQID".to_owned()))),
        ];
        for (page, state) in states {
            let is_first = state == SignInState::First || state == SignInState::UsernameEmpty;
            let username = if is_first { "" } else { self.name };
            let html = SignIn {
                frame: self.plain(),
                hidden: hidden(),
                username: username.to_owned(),
                forgot: (state == SignInState::Wrong).then(|| "/.scoregate/forgot".to_owned()),
                // Where nobody can have one, the page has none.
                passkey: (state != SignInState::Ended).then(passkey_ask),
                state,
            };
            self.add(page, html.render());
        }
        for (page, state) in [("again", SignInState::First), ("again-wrong", SignInState::Wrong)] {
            let html = PasswordAgain {
                frame: self.with_user(true),
                hidden: hidden(),
                username: self.name.to_owned(),
                state,
            };
            self.add(page, html.render());
        }
    }

    fn choice(&self, method: Method) -> Choice {
        Choice {
            method,
            then: Vec::new(),
            target: match method {
                Method::Email => Some("a•••@e•••.org".to_owned()),
                Method::Sms => Some("89".to_owned()),
                _ => None,
            },
            points: 10,
            is_used_last: false,
            blocked: None,
        }
    }

    fn choices(&self) -> Vec<Choice> {
        vec![
            Choice { is_used_last: true, ..self.choice(Method::Email) },
            self.choice(Method::Totp),
            Choice { blocked: Some(Blocked::Delivery), ..self.choice(Method::Sms) },
        ]
    }

    fn longer_choices(&self) -> Vec<Choice> {
        vec![
            Choice { points: 30, ..self.choice(Method::Passkey) },
            Choice { then: vec![Method::Email], ..self.choice(Method::Sms) },
            Choice { then: vec![Method::Email, Method::Sms], ..self.choice(Method::Totp) },
        ]
    }

    fn choose(&mut self) {
        let numbers = Counting::Numbers { have: 20, need: 30 };
        let far = Counting::Numbers { have: 20, need: 45 };
        let two: Vec<Choice> = self.longer_choices().into_iter().skip(1).collect();
        let all = Method::ALL.map(|method| self.choice(method)).to_vec();
        let pages = [
            ("p2", self.choices(), Counting::Steps),
            ("p2-never", self.choices(), Counting::Never),
            ("p2-numbers", self.choices(), numbers),
            ("p2-groups", self.longer_choices(), Counting::Steps),
            ("p2-two", two.clone(), Counting::Steps),
            ("p2-two-numbers", two, far),
            ("p2-all", all, Counting::Steps),
        ];
        for (page, choices, counting) in pages {
            let done = vec![Method::Password];
            let frame = self.with_user(false);
            let recovery_left = (page == "p2").then_some(7);
            let html = Choose { frame, hidden: hidden(), done, choices, counting, recovery_left };
            self.add(page, html.render());
        }
    }

    fn confirm_and_wait(&mut self) {
        let reasons = [
            ("p7-explained", ConfirmReason::Explained(format!("Payments by {}.", self.name))),
            ("p7-older", ConfirmReason::Older { minutes: 15 }),
            ("p7-level", ConfirmReason::Level),
            ("p7-change", ConfirmReason::Change),
        ];
        for (page, reason) in reasons {
            let html = Confirm {
                frame: self.with_user(true),
                hidden: hidden(),
                reason,
                choices: self.longer_choices(),
                counting: Counting::Steps,
                cancel: "/invoices?year=2026".to_owned(),
            };
            self.add(page, html.render());
        }
        let until = later(900);
        let waiting = Choice { blocked: Some(Blocked::Until(until)), ..self.choice(Method::Email) };
        let others = vec![self.choice(Method::Totp), waiting.clone()];
        for (page, choices) in [("p12", others), ("p12-alone", vec![waiting])] {
            let html = Wait {
                frame: Frame { reference: Some("7F3K-Q2".to_owned()), ..self.with_user(false) },
                hidden: hidden(),
                method: Method::Email,
                until,
                choices,
                counting: Counting::Steps,
            };
            self.add(page, html.render());
        }
        for (page, have) in
            [("p8", vec![Method::Password, Method::Email]), ("p8-nothing", Vec::new())]
        {
            let back = (!have.is_empty()).then(|| "/.scoregate/next?tx=8qZk2".to_owned());
            let frame = Frame { reference: Some("7F3K-Q2".to_owned()), ..self.with_user(true) };
            self.add(page, Stuck { frame, have, back }.render());
        }
    }

    fn codes(&mut self) {
        let sent = [
            ("p3", CodeState::Ready),
            ("p3-empty", CodeState::Empty),
            ("p3-format", CodeState::NotACode),
            ("p3-wrong", CodeState::Wrong { tries_left: Some(4) }),
            ("p3-wrong-last", CodeState::Wrong { tries_left: Some(1) }),
            ("p3-expired", CodeState::Expired),
            ("p3-used", CodeState::UsedAlready),
            ("p3-resent", CodeState::Resent),
            ("p3-too-early", CodeState::TooEarly),
            ("p3-not-sent", CodeState::NotSent),
        ];
        for (page, state) in sent {
            self.add(page, self.sent(Method::Email, state).render());
        }
        self.add("p3-sms", self.sent(Method::Sms, CodeState::Ready).render());
        let app = [
            ("p4", CodeState::Ready),
            ("p4-wrong", CodeState::Wrong { tries_left: None }),
            ("p4-used", CodeState::UsedAlready),
            ("p4-clock", CodeState::ClockOff),
        ];
        for (page, state) in app {
            let html = AppCode {
                frame: self.with_user(false),
                hidden: hidden(),
                done: vec![Method::Password],
                remember_days: Some(30),
                entry: format!("Example ({})", self.name),
                state,
                has_other_ways: state == CodeState::Ready,
            };
            self.add(page, html.render());
        }
    }

    fn sent(&self, method: Method, state: CodeState) -> SentCode {
        let target = if method == Method::Sms { "89" } else { "a•••@e•••.org" };
        SentCode {
            frame: self.with_user(false),
            hidden: hidden(),
            done: vec![Method::Password],
            remember_days: Some(30),
            method,
            target: target.to_owned(),
            minutes: 10,
            state,
            resend_at: (state != CodeState::NotSent).then(|| later(18)),
            has_other_ways: true,
        }
    }

    fn account_passkeys(&mut self) {
        let card = |id: &str, label: Option<&str>| PasskeyCard {
            id: id.to_owned(),
            method: Method::Passkey,
            label: label.map(str::to_owned),
            aaguid: [0; 16],
            is_synced: label.is_none(),
            added_at: NOW,
            last_used_at: label.is_none().then(|| later(60)),
        };
        let key = PasskeyCard { method: Method::SecurityKey, ..card("c3", Some("Sleutel")) };
        let both = vec![Method::Passkey, Method::SecurityKey];
        let states = [
            ("passkeys-none", Vec::new(), ""),
            ("passkeys", vec![card("c1", None), card("c2", Some(self.name)), key], "added"),
            ("passkeys-renamed", vec![card("c1", None)], "renamed"),
            ("passkeys-taken", vec![card("c1", None)], "taken"),
            ("passkeys-failed", vec![card("c1", None)], "failed"),
        ];
        for (page, passkeys, done) in states {
            let html = AccountPasskeys {
                frame: self.with_user(true),
                hidden: Hidden { tx: None, ..hidden() },
                passkeys,
                can_add: Ok(both.clone()),
                done: done.to_owned(),
            };
            self.add(page, html.render());
        }
        for (page, why) in [
            ("passkeys-elsewhere", NoMore::Elsewhere(self.name.to_owned())),
            ("passkeys-full", NoMore::Full),
            ("passkeys-not-offered", NoMore::NotOffered),
        ] {
            let html = AccountPasskeys {
                frame: self.with_user(true),
                hidden: Hidden { tx: None, ..hidden() },
                passkeys: vec![card("c1", None)],
                can_add: Err(why),
                done: String::new(),
            };
            self.add(page, html.render());
        }
        for (page, method) in
            [("passkeys-add", Method::Passkey), ("p21-add-key", Method::SecurityKey)]
        {
            let ask = passkey_ask();
            let html = AddPasskey {
                frame: self.with_user(true),
                hidden: Hidden { tx: None, ..hidden() },
                method,
                ask,
            };
            self.add(page, html.render());
        }
        let passkey = card("c2", Some(self.name));
        let html = RemovePasskey {
            frame: self.with_user(true),
            hidden: Hidden { tx: None, ..hidden() },
            passkey,
        };
        self.add("passkeys-remove", html.render());
    }

    fn passkeys(&mut self) {
        let states = [
            ("p5", Method::Passkey, PasskeyState::First),
            ("p5-wrong", Method::Passkey, PasskeyState::Wrong),
            ("p5-late", Method::Passkey, PasskeyState::Late),
            ("p5-unknown", Method::Passkey, PasskeyState::Unknown("AQID".to_owned())),
            ("p5-another", Method::Passkey, PasskeyState::OfAnother),
            ("p5-throttled", Method::Passkey, PasskeyState::Throttled { until: later(900) }),
            ("p5-key", Method::SecurityKey, PasskeyState::First),
        ];
        for (page, method, state) in states {
            let html = PasskeyStep {
                frame: self.with_user(false),
                hidden: hidden(),
                done: vec![Method::Password],
                method,
                ask: passkey_ask(),
                has_other_ways: state == PasskeyState::First,
                state,
            };
            self.add(page, html.render());
        }
    }

    fn ends(&mut self) {
        let roles = vec!["operations".to_owned(), "finance".to_owned()];
        let owner = Some(format!("Piet ({})", self.name));
        let reasons = [
            ("p13-role", DeniedReason::Role { roles: roles.clone(), owner }),
            ("p13-role-unowned", DeniedReason::Role { roles, owner: None }),
            ("p13-network", DeniedReason::Network),
            ("p13-directory", DeniedReason::Directory),
        ];
        for (page, reason) in reasons {
            let other_account = sign_out_then("/operations");
            self.add(page, Denied { frame: self.refused(), reason, other_account }.render());
        }
        let sign_out = SignOut {
            frame: self.with_user(true),
            hidden: Hidden { tx: None, ..hidden() },
            next: Some("/operations".to_owned()),
            cancel: "/".to_owned(),
        };
        self.add("p14", sign_out.render());
        let signed_out = SignedOut { frame: self.plain(), again: "/".to_owned() };
        self.add("p14-done", signed_out.render());
        let faults = [
            ("p15-502", PortalFault::Unreachable, true),
            ("p15-503", PortalFault::Unavailable, false),
            ("p15-504", PortalFault::Slow, true),
            ("p15-504-public", PortalFault::Slow, false),
        ];
        for (page, fault, is_signed_in) in faults {
            let retry = is_signed_in.then(|| "/reports?week=9".to_owned());
            let html = PortalDown { frame: self.refused(), fault, is_signed_in, retry };
            self.add(page, html.render());
        }
    }

    fn refusals(&mut self) {
        for refusal in Refusal::ALL {
            let may_wait = matches!(refusal, Refusal::TooMany | Refusal::Unavailable);
            let html = Refused {
                frame: Frame { user: None, ..self.refused() },
                refusal,
                retry_after_s: may_wait.then_some(20),
                retry: may_wait.then(|| "/reports".to_owned()),
            };
            self.add(&format!("refused-{refusal:?}").to_lowercase(), html.render());
        }
        let frame = Frame { user: None, ..self.refused() };
        let sign_in = "/.scoregate/sign-in?tx=8qZk2".to_owned();
        let lost = PostLost { frame: frame.clone(), sign_in: sign_in.clone() };
        self.add("lost", lost.render());
        self.add("inside-frame", InsideFrame { frame: frame.clone(), sign_in }.render());
        for (page, is_plain_loopback) in [("cookies", false), ("cookies-loopback", true)] {
            let retry = "/".to_owned();
            let html = CookiesBlocked { frame: frame.clone(), retry, is_plain_loopback };
            self.add(page, html.render());
        }
        self.add("window-done", WindowDone { frame: self.with_user(true) }.render());
        for cause in RoundsCause::ALL {
            for (end, is_plain) in [("", false), ("-plain", true)] {
                let retry = "/reports".to_owned();
                let page = format!("rounds-{cause:?}{end}").to_lowercase();
                let html = GoingRound { frame: frame.clone(), cause, retry, is_plain };
                if cause == RoundsCause::NoCookie || !is_plain {
                    self.add(&page, html.render());
                }
            }
        }
    }

    fn set_up(&mut self) {
        let action = "/.scoregate/link/k3yQ".to_owned();
        let states = [
            ("p18", PasswordState::First),
            ("p18-empty", PasswordState::Empty),
            ("p18-short", PasswordState::TooShort),
            ("p18-long", PasswordState::TooLong { max: 256 }),
            ("p18-common", PasswordState::Common),
            ("p18-name", PasswordState::LikeName),
            ("p18-busy", PasswordState::Busy),
            ("p18-no-passkey", PasswordState::NoPasskey),
        ];
        for (page, state) in states {
            let html = SetUpPassword {
                frame: self.plain(),
                is_reset: false,
                action: action.clone(),
                hidden: Hidden { tx: None, ..hidden() },
                username: self.name.to_owned(),
                min: 8,
                app_follows: state != PasswordState::Busy,
                passkey: (state != PasswordState::Busy).then(passkey_ask),
                state,
            };
            self.add(page, html.render());
        }
        self.set_up_app(&action);
        for (page, result) in [
            ("p18-done", SetUpResult::Password),
            ("p18-done-app", SetUpResult::App),
            ("p18-done-passkey", SetUpResult::Passkey),
        ] {
            let sign_in = "/.scoregate/sign-in".to_owned();
            self.add(page, SetUpDone { frame: self.plain(), result, sign_in }.render());
        }
        let frame = Frame { help: None, ..self.plain() };
        self.add("p18-gone", LinkGone { frame: self.plain(), is_reset: false }.render());
        self.add("p18-gone-no-help", LinkGone { frame, is_reset: false }.render());
    }

    fn set_up_app(&mut self, action: &str) {
        let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
        let uri = format!("otpauth://totp/Example:anna?secret={secret}&issuer=Example");
        let states = [
            ("p18-app", AppState::First),
            ("p18-app-empty", AppState::Empty),
            ("p18-app-format", AppState::NotACode),
            ("p18-app-wrong", AppState::Wrong),
            ("p18-app-clock", AppState::ClockOff),
            ("p18-app-throttled", AppState::Throttled { until: later(600) }),
        ];
        for (page, state) in states {
            let html = SetUpApp {
                frame: self.plain(),
                action: action.to_owned(),
                hidden: hidden(),
                uri: Secret::new(uri.clone()),
                secret: Secret::new(secret.to_owned()),
                state,
                can_skip: state == AppState::First,
                is_in_account: false,
            };
            self.add(page, html.render());
        }
    }

    fn demo(&mut self) {
        let frame = Frame {
            demo_inbox: Some("/.scoregate/inbox".to_owned()),
            address: Some("/echo".to_owned()),
            ..self.with_user(true)
        };
        let links = DemoLinks {
            home: "/".to_owned(),
            echo: "/echo".to_owned(),
            payments: "/payments".to_owned(),
            operations: "/operations".to_owned(),
            public: "/public".to_owned(),
            inbox: "/.scoregate/inbox".to_owned(),
        };
        let score = Some(30);
        let home = DemoHome { frame: frame.clone(), links: links.clone(), score };
        self.add("demo-home", home.render());
        self.add("demo-echo", self.echo(&frame, &links).render());
        let nobody = Frame { user: None, ..frame.clone() };
        let unknown = DemoEcho {
            frame: nobody.clone(),
            score: None,
            level: None,
            proofs: Vec::new(),
            headers: Vec::new(),
            why: DemoWhy::default(),
            ..self.echo(&frame, &links)
        };
        self.add("demo-echo-nobody", unknown.render());
        let payments = DemoPayments { frame: frame.clone(), links: links.clone() };
        self.add("demo-payments", payments.render());
        let operations = DemoOperations { frame: frame.clone(), links: links.clone() };
        self.add("demo-operations", operations.render());
        let public = DemoPublic { frame: nobody, links: links.clone() };
        self.add("demo-public", public.render());
        let apps = vec![DemoApp { user: self.name.to_owned(), code: "918053".to_owned() }];
        let (messages, empty) = (self.messages(), links.clone());
        let inbox = DemoInbox { frame: frame.clone(), links, apps, messages };
        self.add("demo-inbox", inbox.render());
        let nothing = DemoInbox { links: empty, apps: Vec::new(), messages: Vec::new(), ..inbox };
        self.add("demo-inbox-empty", nothing.render());
    }

    fn echo(&self, frame: &Frame, links: &DemoLinks) -> DemoEcho {
        let proof = |method, seconds, points| DemoProof {
            method,
            age: Some(Duration::from_secs(seconds)),
            points,
        };
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        DemoEcho {
            frame: frame.clone(),
            links: links.clone(),
            score: Some(30),
            level: Some(30),
            proofs: vec![proof(Method::Password, 130, 20), proof(Method::Email, 40, 10)],
            headers: vec![
                header("X-Scoregate-User", self.name),
                header("X-Scoregate-Name", "Anna de Wit"),
                header("X-Scoregate-Roles", "staff"),
                header("X-Scoregate-Score", "30"),
                header("X-Scoregate-Methods", "pwd,otp"),
            ],
            why: DemoWhy {
                route: Some("portal".to_owned()),
                rule: Some("/".to_owned()),
                until: Some(later(43_200)),
                reference: Some("7F3K-Q2".to_owned()),
            },
        }
    }

    fn messages(&self) -> Vec<DemoMessage> {
        let host = "localhost:8080";
        let (subject, text) =
            crate::web::i18n::code_mail(self.language, "Example", host, "402716", 10);
        vec![
            DemoMessage {
                method: Method::Email,
                at: later(60),
                to: self.name.to_owned(),
                subject: Some(subject),
                text,
                code: Some("402716".to_owned()),
            },
            DemoMessage {
                method: Method::Sms,
                at: NOW,
                to: "+31 6 0000 0089".to_owned(),
                subject: None,
                text: format!("Hello {}", self.name),
                code: None,
            },
        ]
    }
}

mod tests {
    use std::io::Write as _;

    use scraper::{ElementRef, Html, Selector};

    use super::*;
    use crate::web::assets::{Assets, PREFIX};

    fn every_page() -> Vec<(String, Html, String)> {
        Language::ALL
            .into_iter()
            .flat_map(|language| {
                gallery(language, NAME).into_iter().map(move |(name, html)| {
                    let name = format!("{name} ({})", language.code());
                    let parsed = Html::parse_document(&html);
                    assert!(parsed.errors.is_empty(), "{name}: {:?}", parsed.errors);
                    (name, parsed, html)
                })
            })
            .collect()
    }

    fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
        let selector = Selector::parse(selector).unwrap();
        page.select(&selector).collect()
    }

    fn one<'a>(page: &'a Html, selector: &str) -> ElementRef<'a> {
        let found = all(page, selector);
        assert_eq!(found.len(), 1, "{selector}");
        found[0]
    }

    fn text(element: ElementRef<'_>) -> String {
        element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn page(name: &str) -> Html {
        let pages = gallery(Language::English, NAME);
        let (_, html) = pages.iter().find(|(page, _)| page == name).unwrap();
        Html::parse_document(html)
    }

    #[test]
    fn no_two_pages_have_one_name_and_none_is_empty() {
        let pages = gallery(Language::English, NAME);
        let names: std::collections::BTreeSet<_> = pages.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), pages.len());
        assert!(pages.iter().all(|(_, html)| html.len() > 1000));
    }

    /// On pages of the demonstration portal: the gateway's script for portals, and its own.
    const PORTAL_SCRIPTS: [&str; 2] = ["/.scoregate/step-up.js", "/pay.js"];

    #[test]
    fn each_page_has_one_heading_one_main_part_its_language_and_a_title_that_begins_with_it() {
        for (name, page, _) in every_page() {
            let language = one(&page, "html").attr("lang").unwrap();
            assert!(name.contains(language), "{name}");
            one(&page, "main");
            let heading = text(one(&page, "h1"));
            let title = text(one(&page, "title"));
            assert!(heading.len() > 5 && title.contains(&heading), "{name}: {title}");
            assert!(title.contains("Example"), "{name}: {title}");
        }
    }

    #[test]
    fn no_text_is_missing_and_no_placeholder_is_left() {
        for (name, _, html) in every_page() {
            for mark in ["[[", "{ $", "{$", "\u{E000}", "\u{E001}", "{%", "{{"] {
                assert!(!html.contains(mark), "{name} has {mark}");
            }
        }
    }

    #[test]
    fn each_page_has_at_most_one_main_action() {
        for (name, page, _) in every_page() {
            let main = all(&page, ".btn.main").len();
            assert!(main <= 1, "{name}: {main}");
        }
    }

    #[test]
    fn every_field_has_a_label_and_every_reference_leads_somewhere() {
        for (name, page, _) in every_page() {
            for field in all(&page, "input:not([type=hidden])") {
                let labelled = field.attr("aria-label").is_some()
                    || field.attr("id").is_some_and(|id| {
                        all(&page, "label").iter().any(|label| label.attr("for") == Some(id))
                    });
                assert!(labelled, "{name}: {}", field.html());
            }
            let mut ids: Vec<&str> =
                all(&page, "[id]").iter().filter_map(|found| found.attr("id")).collect();
            ids.sort_unstable();
            assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{name}: {ids:?}");
            let leads = |target: &str| ids.contains(&target);
            for element in all(&page, "[aria-describedby],[aria-labelledby],a[href^='#']") {
                let described = element.attr("aria-describedby").unwrap_or_default();
                let labelled = element.attr("aria-labelledby").unwrap_or_default();
                let linked = element.attr("href").unwrap_or_default().trim_start_matches('#');
                let linked = if linked.contains('/') { "" } else { linked };
                for target in [described, labelled, linked].join(" ").split_whitespace() {
                    assert!(leads(target), "{name}: {target}");
                }
            }
        }
    }

    #[test]
    fn every_form_is_a_post_to_our_own_address_with_its_token_and_transaction() {
        let mut seen = 0;
        for (name, page, _) in every_page() {
            for form in all(&page, "form") {
                seen += 1;
                assert_eq!(form.attr("method"), Some("post"), "{name}");
                let action = form.attr("action").unwrap();
                assert!(action.starts_with("/.scoregate/"), "{name}: {action}");
                let value = |field: &str| {
                    let selector =
                        Selector::parse(&format!("input[type=hidden][name={field}]")).unwrap();
                    let found: Vec<_> = form.select(&selector).collect();
                    assert!(found.len() <= 1, "{name}: {field}");
                    found.first().and_then(|input| input.attr("value")).map(str::to_owned)
                };
                assert_eq!(value("csrf").as_deref(), Some("c5Rf-token"), "{name}");
                let is_first_of_link = action.contains("/link/") && !name.contains("p18-app");
                let is_of_account = action.starts_with("/.scoregate/me")
                    || action.starts_with("/.scoregate/forgot");
                let has_transaction =
                    !action.ends_with("/sign-out") && !is_first_of_link && !is_of_account;
                assert_eq!(value("tx").is_some(), has_transaction, "{name}");
            }
        }
        assert!(seen > 60, "{seen}");
    }

    #[test]
    fn nothing_on_a_page_needs_more_than_its_content_security_policy_gives() {
        for (name, page, html) in every_page() {
            assert!(all(&page, "style,[style],iframe,object,embed,base").is_empty(), "{name}");
            for script in all(&page, "script") {
                let source = script.attr("src").unwrap();
                let is_portals = name.starts_with("demo-") && PORTAL_SCRIPTS.contains(&source);
                assert!(source.starts_with(PREFIX) || is_portals, "{name}");
                assert!(text(script).is_empty(), "{name}");
            }
            for element in all(&page, "*") {
                let handler = element.value().attrs().find(|(name, _)| name.starts_with("on"));
                assert_eq!(handler, None, "{name}");
            }
            for element in all(&page, "[href],[src],[action]") {
                for attribute in ["href", "src", "action"] {
                    let address = element.attr(attribute).unwrap_or("/");
                    let is_own = address.starts_with('/') && !address.starts_with("//");
                    let is_known = address.starts_with('#') || address.starts_with("otpauth://");
                    assert!(is_own || is_known, "{name}: {address}");
                }
            }
            assert!(!html.contains("http://") && !html.contains("https://"), "{name}");
        }
    }

    #[test]
    fn every_asset_that_a_page_asks_for_is_served() {
        for (name, page, _) in every_page() {
            let mut assets = 0;
            for element in all(&page, "link[href],script[src]") {
                let address = element.attr("href").or(element.attr("src")).unwrap();
                if PORTAL_SCRIPTS.contains(&address) {
                    continue;
                }
                let file = address.strip_prefix(PREFIX).unwrap();
                assert!(Assets::embedded().find(file).is_some(), "{name}: {file}");
                assets += 1;
            }
            assert!((3..=5).contains(&assets), "{name}: {assets}");
        }
    }

    #[test]
    fn fields_have_exactly_the_attributes_that_browsers_and_password_managers_look_for() {
        type Attributes = &'static [(&'static str, &'static str)];
        let rows: [(&str, &str, Attributes); 5] = [
            (
                "p1",
                "input[name=username]",
                &[
                    ("type", "text"),
                    ("autocomplete", "username webauthn"),
                    ("autocapitalize", "none"),
                    ("spellcheck", "false"),
                ],
            ),
            (
                "p1",
                "input[name=password]",
                &[("type", "password"), ("autocomplete", "current-password")],
            ),
            (
                "p3",
                "input[name=code]",
                &[
                    ("type", "text"),
                    ("inputmode", "numeric"),
                    ("autocomplete", "one-time-code"),
                    ("spellcheck", "false"),
                ],
            ),
            (
                "p18-app",
                "input[name=code]",
                &[("inputmode", "numeric"), ("autocomplete", "one-time-code")],
            ),
            (
                "p18",
                "input[name=new_password]",
                &[("type", "password"), ("autocomplete", "new-password")],
            ),
        ];
        for (name, selector, attributes) in rows {
            let page = page(name);
            let field = one(&page, selector);
            for (attribute, value) in attributes {
                assert_eq!(field.attr(attribute), Some(*value), "{name} {selector}");
            }
            assert_eq!(field.attr("maxlength"), None, "{name}: a code is pasted with spaces");
            assert_eq!(field.attr("placeholder"), None, "{name}");
        }
    }

    #[test]
    fn a_mistake_is_in_the_title_in_a_summary_that_leads_to_the_field_and_beside_the_field() {
        let rows = [
            ("p1-wrong", "password"),
            ("p1-username-empty", "username"),
            ("p1-password-empty", "password"),
            ("again-wrong", "password"),
            ("p3-wrong", "code"),
            ("p3-empty", "code"),
            ("p3-format", "code"),
            ("p3-expired", "code"),
            ("p3-used", "code"),
            ("p4-wrong", "code"),
            ("p4-clock", "code"),
            ("p18-short", "new_password"),
            ("p18-common", "new_password"),
            ("p18-app-wrong", "code"),
        ];
        for (name, field) in rows {
            let page = page(name);
            assert!(text(one(&page, "title")).starts_with("Error: "), "{name}");
            let summary = one(&page, "[role=alert]");
            assert_eq!(summary.attr("tabindex"), Some("-1"), "{name}");
            let link = one(&page, "[role=alert] a");
            assert_eq!(link.attr("href"), Some(format!("#{field}").as_str()), "{name}");
            let input = one(&page, &format!("input[id={field}]"));
            assert_eq!(input.attr("aria-invalid"), Some("true"), "{name}");
            let described = input.attr("aria-describedby").unwrap();
            let error = one(&page, &format!("#{field}-error"));
            assert!(described.contains(&format!("{field}-error")), "{name}");
            assert_eq!(text(error), text(link), "{name}");
        }
    }

    #[test]
    fn a_page_without_a_mistake_neither_alarms_nor_says_error() {
        for name in ["p1", "p1-idle", "p1-throttled", "p2", "p3", "p3-resent", "p12", "p18"] {
            let page = page(name);
            assert!(all(&page, "[role=alert],[aria-invalid]").is_empty(), "{name}");
            assert!(!text(one(&page, "title")).starts_with("Error"), "{name}");
        }
    }

    #[test]
    fn a_name_stays_after_a_mistake_and_passwords_and_codes_never_do() {
        let page = page("p1-wrong");
        assert_eq!(one(&page, "input[name=username]").attr("value"), Some(NAME));
        for (name, page, _) in every_page() {
            for field in all(&page, "[name=password],[name=new_password],[name=code]") {
                assert_eq!(field.attr("value"), None, "{name}");
            }
        }
    }

    #[test]
    fn the_person_is_named_from_the_second_step_on_and_can_say_that_it_is_not_them() {
        for name in ["p2", "p3", "p4", "p7-level", "p12"] {
            let page = page(name);
            assert!(text(one(&page, ".who")).contains(NAME), "{name}");
            assert_eq!(all(&page, ".who a").len(), 1, "{name}");
        }
        assert!(all(&page("p1-wrong"), ".who").is_empty());
    }

    #[test]
    fn help_is_in_the_same_place_on_every_page_and_absent_where_none_is_set() {
        for (name, page, _) in every_page() {
            let expected = usize::from(!name.contains("no-help"));
            let help = all(&page, "footer > :first-child:not(.by,.ref)");
            assert_eq!(help.len(), expected, "{name}");
            assert!(help.iter().all(|help| text(*help).contains('?')), "{name}");
        }
    }

    #[test]
    fn every_refusal_shows_its_reference() {
        for (name, page, _) in every_page() {
            let refuses =
                ["p8", "p12", "p13", "p15", "refused"].iter().any(|start| name.starts_with(start));
            if refuses {
                assert!(text(one(&page, "footer .ref")).contains("7F3K-Q2"), "{name}");
            }
        }
    }

    #[test]
    fn the_language_switch_keeps_the_transaction_and_is_not_offered_at_a_portals_address() {
        let link = |name: &str| {
            let page = page(name);
            all(&page, "a[hreflang=nl]").first().map(|a| a.attr("href").unwrap().to_owned())
        };
        assert_eq!(link("p2").as_deref(), Some("/.scoregate/next?tx=8qZk2&lang=nl"));
        assert_eq!(link("p15-502"), None);
    }

    #[test]
    fn a_blocked_way_is_shown_and_cannot_be_chosen() {
        let page = page("p2");
        let blocked = one(&page, "button[name=method][disabled]");
        assert_eq!(blocked.attr("value"), Some("sms"));
        assert_eq!(all(&page, "button[name=method]:not([disabled])").len(), 2);
    }

    #[test]
    fn points_are_shown_as_numbers_only_where_that_is_asked_for() {
        assert!(text(one(&page("p2-numbers"), "main")).contains("20 of 30 points"));
        for name in ["p2", "p2-never", "p2-groups", "p7-level", "p12"] {
            assert!(!text(one(&page(name), "main")).contains("points"), "{name}");
        }
    }

    #[test]
    fn a_wrong_answer_says_the_same_at_sign_in_whoever_tried() {
        let page = page("p1-wrong");
        assert_eq!(text(one(&page, "[role=alert]")), "The username or password is not right.");
    }

    #[test]
    fn tries_are_counted_down_only_when_few_are_left() {
        assert!(!text(one(&page("p3-wrong"), "[role=alert]")).contains("left"));
        assert!(text(one(&page("p3-wrong-last"), "[role=alert]")).contains("1 try left"));
    }

    #[test]
    fn a_new_app_can_be_scanned_opened_or_typed() {
        let page = page("p18-app");
        one(&page, "svg[role=img] path");
        let link = one(&page, "a[href^='otpauth://totp/']");
        assert!(link.attr("href").unwrap().contains("issuer=Example"));
        assert_eq!(text(one(&page, ".secret")), "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP");
        assert_eq!(all(&page, "button[name=skip]").len(), 1);
    }

    #[test]
    fn every_page_of_a_demonstration_says_so_and_no_other_page_does() {
        for (name, page, _) in every_page() {
            let ribbons = all(&page, ".ribbon").len();
            assert_eq!(ribbons, usize::from(name.starts_with("demo")), "{name}");
        }
    }

    #[test]
    fn what_people_choose_is_text_on_every_page() {
        let nasty = "\"'><script>alert(1)</script><b id=x {{ 7 }}";
        let mut shown = 0;
        for language in Language::ALL {
            let harmless = gallery(language, NAME);
            for ((name, html), (_, usual)) in gallery(language, nasty).into_iter().zip(harmless) {
                assert!(!html.contains("<script>"), "{name}");
                let (page, usual) = (Html::parse_document(&html), Html::parse_document(&usual));
                assert_eq!(all(&page, "*").len(), all(&usual, "*").len(), "{name}");
                shown += usize::from(html.contains("&#60;script&#62;alert(1)"));
            }
        }
        assert!(shown > 60, "{shown}");
    }

    #[test]
    fn a_page_with_its_style_and_script_weighs_less_than_thirty_kilobytes() {
        let assets = Assets::embedded();
        for (name, _, html) in every_page() {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            for part in
                [html.as_bytes(), assets.style.bytes, assets.wide.bytes, assets.script.bytes]
            {
                packed.write_all(part).unwrap();
            }
            let weight = packed.finish().unwrap().len();
            assert!(weight < 30_000, "{name}: {weight}");
        }
    }

    /// For looking at: `target/gallery/LANGUAGE/NAME.html`, with the assets where the pages expect them
    /// when `target/gallery` is the root of a site.
    #[test]
    fn the_gallery_can_be_written_out() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gallery");
        let folder = root.join(PREFIX.trim_start_matches('/'));
        std::fs::create_dir_all(&folder).unwrap();
        let assets = Assets::embedded();
        for asset in [&assets.style, &assets.wide, &assets.script, &assets.icon] {
            std::fs::write(folder.join(&asset.name), asset.bytes).unwrap();
        }
        for language in Language::ALL {
            let folder = root.join(language.code());
            std::fs::create_dir_all(&folder).unwrap();
            for (name, html) in gallery(language, NAME) {
                std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
            }
        }
        assert!(root.join("nl/p2.html").exists());
    }
}
