//! What somebody could show at most with the methods that they have: the measure for changing them. A
//! change of methods asks for as much as could be reached before *and* after it, so that nobody with
//! less can put a method of their own there. Not here: who asks, and how fresh a proof has to be.

use super::method::{Method, MethodSet};
use super::policy::{Requirement, Settings};
use super::proof::{Channel, CredentialId, Evidence};
use super::scale::Level;
use super::time::Timestamp;
use super::ways::Enrolled;
use super::weigh::weigh;

/// The highest level that somebody reaches who uses all of these at `now`.
///
/// What one falls back on (recovery codes, remembered devices) and tokens do not count. A method on
/// probation counts up to the directory's own level.
#[must_use]
pub fn reach(enrolled: &[Enrolled], settings: &Settings, now: Timestamp) -> Level {
    let up_to = |level| score(enrolled, settings, level, now);
    up_to(Level::MAX).max(up_to(settings.required_level).min(settings.required_level))
}

/// What a change from `present` to `result` asks: the directory's level, and more where both sides of
/// the change reach more.
#[must_use]
pub fn level_to_change(
    present: &[Enrolled],
    result: &[Enrolled],
    settings: &Settings,
    now: Timestamp,
) -> Level {
    let both = reach(present, settings, now).min(reach(result, settings, now));
    settings.required_level.max(both)
}

/// Whether these lead into the directory at all. What would leave less must not be removed.
#[must_use]
pub fn leads_in(enrolled: &[Enrolled], settings: &Settings, now: Timestamp) -> bool {
    let requirement = Requirement { level: settings.required_level, ..Requirement::default() };
    let weighing = weigh(&requirement, &evidence(enrolled, now), settings, now);
    weighing.signed_in && weighing.score.reaches(settings.required_level)
}

/// The same for whoever has these methods and no two of them in one channel, as users are counted. Only
/// `offered` ones count.
#[must_use]
pub fn leads_in_with(methods: MethodSet, offered: MethodSet, settings: &Settings) -> bool {
    let one = |method: Method| Enrolled {
        method,
        credential: CredentialId(method.name().into()),
        channel: Channel::Credential(method.name().into()),
        kinds: method.kinds(),
        enrolled_at: None,
    };
    let enrolled = methods.iter().filter(|method| offered.contains(*method)).map(one);
    leads_in(&enrolled.collect::<Vec<_>>(), settings, Timestamp::EPOCH)
}

/// More proofs never lower a score, so that all of them together make the highest.
fn score(enrolled: &[Enrolled], settings: &Settings, level: Level, now: Timestamp) -> Level {
    let requirement = Requirement { level, ..Requirement::default() };
    let score = weigh(&requirement, &evidence(enrolled, now), settings, now).score;
    Level::new(score.value()).unwrap_or(Level::MAX)
}

fn evidence(enrolled: &[Enrolled], now: Timestamp) -> Evidence {
    let counts = |one: &&Enrolled| Method::is_forecast(one.method);
    Evidence { proofs: enrolled.iter().filter(counts).map(|one| one.proof(now)).collect() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::decide::clears;
    use super::super::{MethodPolicy, Points};
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(2_000_000_000);

    fn enrolled(method: Method, number: usize) -> Enrolled {
        Enrolled {
            method,
            credential: CredentialId(format!("{method}-{number}").into()),
            channel: Channel::Credential(format!("{method}-{number}").into()),
            kinds: method.kinds(),
            enrolled_at: None,
        }
    }

    fn all(methods: &[Method]) -> Vec<Enrolled> {
        methods.iter().enumerate().map(|(at, method)| enrolled(*method, at)).collect()
    }

    #[test]
    fn what_a_change_asks_is_what_both_sides_of_it_reach() {
        use Method::{Email, Passkey, Password, RecoveryCode, RememberedDevice, Totp};
        let table: [(&[Method], &[Method], u16); 9] = [
            // Adding: nobody needs what the new method alone would give.
            (&[Password, Email], &[Password, Email, Passkey], 30),
            (&[Password, Email, Totp], &[Password, Email, Totp, Passkey], 40),
            (&[Passkey], &[Passkey, Password], 30),
            (&[Passkey, Password, Email], &[Passkey, Password, Email, Totp], 60),
            // Removing: what stays is enough, so that a lost phone can be taken away.
            (&[Password, Email, Totp], &[Password, Email], 30),
            (&[Passkey, Password, Email], &[Password, Email], 30),
            // Never less than the directory asks, and nothing that one only falls back on.
            (&[Password], &[Password, Totp], 30),
            (&[Password, Email, RecoveryCode], &[Password, Email, Totp], 30),
            (&[Password, Email, RememberedDevice], &[Password, Email, Passkey], 30),
        ];
        let settings = Settings::standard();
        for (present, result, asked) in table {
            let level = level_to_change(&all(present), &all(result), &settings, NOW);
            assert_eq!(level.value(), asked, "{present:?} to {result:?}");
        }
    }

    #[test]
    fn a_password_that_lives_in_a_mailbox_and_that_mailbox_lead_nowhere() {
        let settings = Settings::standard();
        let mailbox = Channel::Mailbox("m".into());
        let mut both = all(&[Method::Password, Method::Email]);
        assert!(leads_in(&both, &settings, NOW));
        for one in &mut both {
            one.channel = mailbox.clone();
        }
        assert!(!leads_in(&both, &settings, NOW));
        assert_eq!(reach(&both, &settings, NOW).value(), 20);
    }

    #[test]
    fn a_method_on_probation_reaches_the_directorys_level_and_no_further() {
        let settings = Settings::standard();
        let mut both = all(&[Method::Password, Method::Passkey]);
        for one in &mut both {
            one.enrolled_at = Some(NOW.before(Duration::from_secs(3600)));
        }
        assert_eq!(reach(&both, &settings, NOW).value(), 30);
        assert_eq!(reach(&both, &settings, NOW.after(settings.probation)).value(), 50);
    }

    #[test]
    fn whoever_is_counted_as_able_has_all_of_a_way_in_and_nobody_else_is() {
        let settings = Settings::standard();
        let methods = [Method::Password, Method::Email, Method::Sms, Method::Totp, Method::Passkey];
        let offered: MethodSet =
            methods.into_iter().filter(|method| *method != Method::Sms).collect();
        let requirement = Requirement { level: settings.required_level, ..Requirement::default() };
        let usable: Vec<Method> = offered.iter().collect();
        let ways = super::super::forecast(&requirement, &usable, &settings);
        for subset in 0..1_u32 << methods.len() {
            let has = methods.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
            let has: MethodSet = has.map(|(_, method)| *method).collect();
            let goes = ways.iter().any(|way| way.methods().all(|method| has.contains(method)));
            assert_eq!(leads_in_with(has, offered, &settings), goes, "{has:?}");
        }
    }

    fn any_enrolled() -> impl Strategy<Value = Vec<Enrolled>> {
        let one = (
            proptest::sample::select(&Method::ALL[..]),
            0..2_usize,
            proptest::bool::weighted(0.3),
            proptest::bool::weighted(0.3),
        );
        let one = one.prop_map(|(method, number, shares, is_new)| {
            let mut one = enrolled(method, number);
            if shares {
                one.channel = Channel::Mailbox("m".into());
            }
            one.enrolled_at = is_new.then(|| NOW.before(Duration::from_secs(60)));
            one
        });
        proptest::collection::vec(one, 0..7)
    }

    fn any_settings() -> impl Strategy<Value = Settings> {
        let worth = proptest::sample::select(vec![0_u16, 5, 10, 20, 30, 600]);
        let points = proptest::collection::vec(worth, Method::ALL.len());
        (points, proptest::sample::select(vec![1_u16, 20, 30, 35, 50])).prop_map(
            |(points, level)| {
                let mut settings = Settings::standard();
                settings.required_level = Level::new(level).unwrap();
                for (method, points) in Method::ALL.into_iter().zip(points) {
                    let lifetime = settings.policy(method).lifetime;
                    let points = Points::new(points).unwrap();
                    settings.set(method, MethodPolicy { points, lifetime });
                }
                settings
            },
        )
    }

    /// Whether some choice of these opens a route of this level.
    fn opens(level: u16, enrolled: &[Enrolled], settings: &Settings) -> bool {
        let enrolled: Vec<_> = enrolled.iter().filter(|one| one.method.is_forecast()).collect();
        let requirement =
            Requirement { level: Level::new(level).unwrap(), ..Requirement::default() };
        (0..1_u32 << enrolled.len()).any(|subset| {
            let chosen = enrolled.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
            let proofs = chosen.map(|(_, one)| one.proof(NOW)).collect();
            clears(&requirement, &Evidence { proofs }, settings, NOW)
        })
    }

    proptest! {
        #[test]
        fn the_reach_is_the_highest_level_that_some_choice_opens(
            enrolled in any_enrolled(), settings in any_settings(),
        ) {
            let reach = reach(&enrolled, &settings, NOW).value();
            let highest = (1..=1000).filter(|level| level % 5 == 0 || *level == 1)
                .filter(|level| opens(*level, &enrolled, &settings)).max();
            prop_assert_eq!(highest.unwrap_or(0), if reach == 0 { 0 } else { reach });
        }

        #[test]
        fn a_way_in_is_left_exactly_where_some_choice_opens_the_directory(
            enrolled in any_enrolled(), settings in any_settings(),
        ) {
            let level = settings.required_level.value();
            prop_assert_eq!(
                leads_in(&enrolled, &settings, NOW), opens(level, &enrolled, &settings)
            );
        }

        #[test]
        fn whoever_may_remove_or_add_could_have_reached_all_that_the_result_reaches_without_it(
            enrolled in any_enrolled(), settings in any_settings(), at in 0..7_usize,
        ) {
            prop_assume!(at < enrolled.len());
            let mut without = enrolled.clone();
            without.remove(at);
            let asked = level_to_change(&without, &enrolled, &settings, NOW);
            prop_assert!(asked >= settings.required_level);
            prop_assert!(asked >= reach(&without, &settings, NOW));
            prop_assert_eq!(asked, level_to_change(&enrolled, &without, &settings, NOW));
        }
    }
}
