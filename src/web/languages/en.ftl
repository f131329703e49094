# English. One message is one whole sentence or label; `.mid` is a name in an
# enumeration, `.again` the one in "you can use ... again".

## On every page
page-title = { $heading } – { $brand }
error-title = Error: { $title }
need-help = Need help?
need-help-ask = Need help? Ask { $contact }.
reference = Reference { $reference }
signing-in-as = Signing in as { $user }
signed-in-as = Signed in as { $user }
not-you = Not you?
made-by = Sign-in by scoregate
start-page = Go back to the start page
other-account = Use another account
try-again = Try again
cancel = Cancel
show = Show
show-label = Show password
caps = Caps Lock is on.
demo-ribbon-inbox = Codes are in the demo inbox
demo-ribbon = Demo: everything here lives in memory and is gone when you stop it.

## Methods
method-password = Password
    .mid = password
    .again = your password
method-email = E-mail
    .mid = e-mail
    .again = e-mail
method-sms = Text message
    .mid = text message
    .again = text messages
method-totp = Authenticator app
    .mid = authenticator app
    .again = your authenticator app
method-passkey = Passkey
    .mid = passkey
    .again = your passkey
method-security-key = Security key
    .mid = security key
    .again = your security key
method-recovery-code = Recovery code
    .mid = recovery code
    .again = a recovery code
method-remembered-device = Remembered device
    .mid = remembered device
    .again = this device
method-token = Access token
    .mid = access token
    .again = an access token

## Sign in
signin-title = Sign in to { $portal }
signin-username-label = E-mail address or username
signin-password-label = Password
signin-submit = Sign in
signin-forgot = Forgot your password?
signin-wrong = The username or password is not right.
signin-username-empty = Enter your e-mail address or username.
signin-password-empty = Enter your password.
signin-idle = { $minutes ->
    [one] You were signed out after 1 minute without activity. Sign in to go on where you were.
   *[other] You were signed out after { $minutes } minutes without activity. Sign in to go on where you were.
}
signin-ended = Your session has ended. Sign in to go on where you were.
again-title = Enter your password
again-wrong = That password is not right.
signin-throttled = Too many tries. You can try again at { $time }.
signin-busy = It is very busy here. Wait a few seconds, then sign in again.

## Choose the next step
next-title = { $n ->
    [one] One more step
    [2] Two more steps
   *[other] { $n } more steps
}
next-lead = Choose one more way to show that it is you.
next-choose = Choose one of these
next-step = Step { $n }
next-done = Done: { $method }
next-points = You have { $have } of { $need } points. Choose a way that adds { $missing }.
next-points-many = You have { $have } of { $need } points. You need { $missing } more, in more than one step.
next-bar-label = Your points
next-last = Used last on this device
next-none = I cannot use any of these
next-cost = { $n ->
    [one] 1 step
   *[other] { $n } steps
}
next-group = { $n ->
    [one] Done in 1 step
   *[other] Done in { $n } steps
}
next-chain = { $first }, then { $second }
hint-password = The password of your account
hint-email = Code to { $target }
hint-email-plain = Code to your e-mail address
hint-sms = Code to the number ending in { $target }
hint-sms-plain = Code to your phone
hint-totp = Code from your app
hint-passkey = Fingerprint, face or screen lock on this device or your phone
hint-security-key = Touch your security key
hint-recovery-code = One of the codes that you stored
blocked-until = Wait until { $time }
blocked-delivery = Not delivered at the moment. We know about it.

## Codes
mail-title = Check your e-mail
mail-sent = We sent a code of 6 digits to { $target }. Look in your spam folder too.
mail-lifetime = { $minutes ->
    [one] The code works for 1 minute.
   *[other] The code works for { $minutes } minutes.
}
mail-lost = I can no longer read this mailbox
sms-title = Check your phone
sms-sent = We sent a code of 6 digits to the number ending in { $target }.
sms-lost = I no longer have this phone
app-title = Enter the code from your app
app-lead = Open your authenticator app and look for { $entry }.
app-lost = I no longer have this app
code-label = Code
code-hint = 6 digits
code-submit = Continue
code-empty = Enter the code.
code-format = The code has 6 digits.
code-wrong = That code is not right. Check it, or get a new code.
code-wrong-app = That code is not right. Check it, or wait for the next one.
code-left = { $n ->
    [one] You have 1 try left.
   *[other] You have { $n } tries left.
}
code-expired = That code has expired. We sent you a new one.
code-used = This code was used already. Wait for the next one.
code-used-sent = This code was used already. Get a new code.
code-clock = Your phone’s clock may be off. Switch on automatic time.
code-problems = Problems with the code?
code-resend = Send a new code
code-resend-wait = You can ask for a new code at { $time }.
code-resend-count = New code possible in { $time }.
code-resend-ready = You can ask for a new code now.
code-resend-done = We sent a new code. Use the newest one.
code-notsent = We could not send the code. Choose another way or try again.
code-other = Choose another way

## Confirm
confirm-title = Confirm it is you to continue
confirm-fresh = { $minutes ->
    [one] You last confirmed more than 1 minute ago.
   *[other] You last confirmed more than { $minutes } minutes ago.
}
confirm-level = This page asks for an extra check.

## Stuck
stuck-title = Your account needs another way to sign in
stuck-lead = This page asks for more than your account can show now.
stuck-have = You have
stuck-have-nothing = Your account has no way to sign in that can be used now.
stuck-ask = Ask { $contact }. Mention reference { $reference }.
stuck-ask-admin = Ask whoever manages your account. Mention reference { $reference }.

## Wait
wait-title = Wait before you try again
wait-text = Too many tries. You can use { $method } again at { $time }.
wait-in = { $minutes ->
    [one] That is in 1 minute.
   *[other] That is in { $minutes } minutes.
}
wait-other = Other ways to continue now

## No access
denied-title = You do not have access to this page
denied-role = You are signed in as { $user }, but this page is for: { $roles }.
denied-network = You are signed in as { $user }, but this page opens from certain networks only. Connect to the network of your organisation and try again.
denied-directory = You are signed in as { $user }, but this page is for other accounts.
denied-ask = { $contact } gives access. Mention reference { $reference }.
denied-ask-admin = Whoever manages your account can give access. Mention reference { $reference }.

## Sign out
signout-title = Sign out of { $portal }?
signout-lead = This ends your session on every page where you used this sign-in.
signout-submit = Sign out
signout-everywhere = Sign out on all your devices
signedout-title = You are signed out
signedout-lead = Close the browser too if other people use this device.
signedout-again = Sign in again

## The portal does not answer
upstream-title = Try again in a minute
upstream-down = You are signed in. { $portal } is not answering. Try again in a minute.
upstream-down-public = { $portal } is not answering. Try again in a minute.
upstream-slow = You are signed in. { $portal } takes too long to answer. Try again in a minute.
upstream-slow-public = { $portal } takes too long to answer. Try again in a minute.
upstream-you = You
upstream-you-in = Signed in
upstream-you-there = Connected
upstream-gate = Sign-in
upstream-gate-fine = Working
upstream-portal-down = Not answering
upstream-portal-slow = Too slow

## Set-up link
setup-title = Choose a password
setup-lead = Welcome to { $portal }. Choose the password that you will sign in with.
setup-username-label = Your username
setup-password-label = New password
setup-rule = { $n ->
    [one] At least 1 character. A few words in a row are easy to remember and hard to guess.
   *[other] At least { $n } characters. A few words in a row are easy to remember and hard to guess.
}
setup-submit = Save password
setup-empty = Enter a password.
setup-short = { $n ->
    [one] Use at least 1 character.
   *[other] Use at least { $n } characters.
}
setup-long = { $n ->
    [one] Use at most 1 character.
   *[other] Use at most { $n } characters.
}
setup-common = This password is on lists that attackers try first. Choose another one.
setup-name = This password looks too much like your name or this site’s name. Choose another one.
setup-busy = It is very busy here. Wait a few seconds, then save again.
setup-step-password = Password
setup-step-app = Authenticator app
setup-app-title = Set up your authenticator app
setup-app-lead = The app shows a new code every 30 seconds. You use it as your second step.
setup-app-scan = Scan this square with the app.
setup-app-qr = QR code that holds the key below
setup-app-open = Open in an app on this device
setup-app-secret = Or type this key in the app
setup-app-code-label = Code from the app
setup-app-wrong = That code is not right. Check it, or wait for the next one.
setup-app-submit = Save app
setup-app-skip = Skip this
setup-done-title = You can sign in now
setup-done-password = Your password is saved.
setup-done-app = Your password and your app are saved.
setup-done-submit = Go to sign in
link-gone-title = This link does not work any more
link-gone-lead = A set-up link works once and for a limited time. It was used already, or its time is over.
link-gone-ask = Ask { $contact } for a new one.
link-gone-ask-admin = Ask whoever manages your account for a new one.

## Refusals
refused-bad-title = We do not understand this request
refused-bad = Your browser sent something that we cannot read safely. Nothing was passed on. Go back and try again.
refused-form-title = This form is too old
refused-form = The page was open for too long, or was sent from somewhere else. Nothing was changed. Start again.
refused-missing-title = This page does not exist
refused-missing = Check the address, or go back to the start page.
refused-method-title = This does not work here
refused-method = This address cannot be used in this way. Nothing was passed on. Go back to the start page.
refused-large-title = This is too large
refused-large = What you sent is larger than this site takes. Nothing was passed on. Send something smaller.
refused-address-title = This address is too long
refused-address = The address has more characters than this site takes. Use a shorter one.
refused-host-title = There is nothing at this address
refused-host = No site with this name is served here. Check the name in the address bar.
refused-many-title = Too many requests
refused-many = Many requests came from your network in a short time. Wait a moment, then try again.
refused-headers-title = Your browser sends too much
refused-headers = The request has more headers or cookies than this site takes. Remove the cookies of this site and try again.
refused-error-title = Something went wrong here
refused-error = The fault is ours, and nothing was passed on. Try again. If it stays, mention the reference below.
refused-away-title = Sign-in cannot work right now
refused-away = We cannot check who you are at this moment, so we let nobody through. Nothing is lost. Try again in a minute.
refused-retry = { $seconds ->
    [one] You can try again in 1 second.
   *[other] You can try again in { $seconds } seconds.
}
lost-title = Nothing was sent
lost-lead = You were signed out before this was sent. Nothing was sent.
lost-how = Sign in in a new tab, then come back to this tab, go back one page and send it again.
lost-submit = Sign in in a new tab
frame-title = Sign in to see this
frame-lead = For your safety, { $portal } does not show its sign-in inside another page.
frame-submit = Open { $portal }
cookies-title = Your browser refuses our cookie
cookies-lead = We need one cookie to know that the next page is still you. It holds no personal data.
cookies-how = Allow cookies for this site in your browser’s settings, then try again.
cookies-local = This address has no TLS. Some browsers refuse a secure cookie here: open the page with localhost in the address, or use Firefox or Chromium.

## A window of its own
window-title = You are done
window-lead = Go back to the page that you came from: it goes on by itself. This window can be closed.
window-close = Close this window

## Going round in circles
rounds-title = The sign-in does not hold
rounds-lead = You have signed in several times in a row, and each time this page asked for it again. So that it does not go on for ever, we stop here.
rounds-cookie = Your browser came back without the cookie that says who you are.
rounds-cookie-how = Allow cookies for this site, and switch off extensions that remove them. If the name of the site changes while you sign in, begin at the name that you end up at. Then try again.
rounds-unknown = Your browser brings a cookie that is not known here. Perhaps several servers answer under this name, or a clock is wrong.
rounds-enough = This page asks for something newer than what you have just shown. Perhaps it allows too little time, or a clock is wrong.
rounds-ask = Try again. If that does not help, ask whoever looks after this site, and mention the reference below.

## Demonstration portal
demo-home-title = Welcome to the demo portal
demo-home-lead = These pages stand for your own portal. They have no sign-in code: the gate in front of them decides on each request.
demo-home-have = You have { $score } points
demo-try = Try a page that asks something else
demo-open = Open
demo-home-name = Start page
demo-home-asks = Asks what the directory asks
demo-echo-name = What the portal received
demo-echo-asks = Shows headers, score and why
demo-payments-name = Payments
demo-payments-asks = Asks one more step
demo-operations-name = Operations
demo-operations-asks = Asks the role operations
demo-public-name = Public page
demo-public-asks = Asks nothing
demo-inbox-name = Demo inbox
demo-portal-name = Demo portal
demo-sign-out = Sign out
demo-echo-title = You are in: what the portal received
demo-echo-lead = This page stands for your own portal. It has no sign-in code: it only reads headers.
demo-echo-score = Score { $score }, and this page asks { $level }
demo-echo-bar-label = Score
demo-echo-through = Let through
demo-echo-headers = Headers
demo-echo-none = No header about you: this page asks nothing.
demo-echo-why = Why
demo-why-route = Route
demo-why-rule = Rule
demo-why-until = Decided again at
demo-why-reference = Reference
demo-proof-now = Less than a minute ago
demo-proof-age = { $minutes ->
    [one] 1 minute ago
   *[other] { $minutes } minutes ago
}
demo-payments-title = Payments
demo-payments-lead = You see this because you showed more than the rest of the portal asks.
demo-payments-to = To
demo-payments-amount = Amount
demo-payments-state = State
demo-payments-paid = Paid
demo-payments-waits = Waits for you
demo-pay-title = Pay without leaving this page
demo-pay-lead = The button calls an address that asks 40. The page keeps its place: one more step opens in a window, and then the call is made again.
demo-pay = Pay 12.50
demo-pay-more = This payment needs one more step.
demo-pay-yes = Paid:
demo-pay-no = Not paid.
demo-operations-title = Operations
demo-operations-lead = You see this because your account has the role operations.
demo-public-title = Public page
demo-public-lead = Everybody sees this page. It asks nothing, and the portal is told nothing about you.
demo-inbox-title = Read the demo messages
demo-inbox-lead = Nothing is really sent. Every e-mail lands here and in the terminal, newest first.
demo-inbox-again = Look again
demo-inbox-empty = No messages yet. Ask for a code on a sign-in page, then look again.
demo-inbox-to = To { $to }
demo-inbox-app = The authenticator app of { $user } shows now
demo-inbox-app-how = A new code comes every 30 seconds, and each works once. Look again for the newest.

## Mail
mail-code-subject = Your sign-in code for { $brand }
mail-code-text =
    Your sign-in code for { $brand }:

    { $code }

    { $minutes ->
        [one] It works for 1 minute, only on { $host }.
       *[other] It works for { $minutes } minutes, only on { $host }.
    }
    Never share it: nobody from { $brand } will ask for it.

    Did you not try to sign in? Then somebody may know your password.
    Go to { $host } yourself and change it, or ask for help there.

## Text messages: letters of the GSM alphabet only
text-code = { $code } is your { $brand } sign-in code. Never share it.
text-code-plain = { $code } is your sign-in code. Never share it.

## Account
account-title = Your account
account-nav-label = Your account
account-nav-overview = Overview
account-sign-out = Sign out
account-back = Back to your account
account-open = You can open everything in { $portal }.
account-closed = You cannot open { $place } yet.
account-closed-add = You cannot open { $place } yet. Add this first: { $method }.
account-ways = { $n ->
    [0] With what you have now, there is no way to sign in.
    [one] With what you have, you can sign in in 1 way.
   *[other] With these you can sign in in { $n } ways.
}
account-methods = Ways to show that it is you
account-plans = About to be removed
account-plan = { $method } will be removed on { $time }.
account-keep-submit = Keep it
account-done-removed = It is removed.
account-done-planned = It will be removed after a waiting time. We have told you at every address that you have here.
account-done-kept = It stays.
account-last-title = You need this to sign in
account-last = If you remove this, you can no longer sign in. Add another way first.
confirm-change = You are about to change how you sign in. Show once more that it is you.
account-remove-submit = Remove
account-added = Added on { $time }
account-done-password = Your new password is saved. You are signed out everywhere else.
account-change = Change
account-nav-password = Password
account-nav-emails = E-mail addresses
account-nav-phones = Phone numbers
account-nav-app = Authenticator app
account-nav-devices = Devices
password-title = Change your password
password-lead = You stay signed in here, and are signed out everywhere else.
forgot-title = Forgot your password?
forgot-lead = Enter your username or e-mail address. We send you a link with which you choose a new password.
forgot-submit = Send the link
forgot-sent = If we know this account, we have sent a link to its e-mail address.
forgot-wait = The link works for 60 minutes. Look in your spam folder too. Nothing came? Then the account may have no e-mail address here: ask for help.
forgot-again = Ask for a new link
forgot-done = Your new password is saved, and you are signed out everywhere. A code to your mailbox may not be enough beside it for now: the link came to the same place.
reset-lead = Choose a new password for { $portal }.
emails-title = E-mail addresses
emails-lead = We send codes to the first one, and tell you at each of them when something changes. You can have two.
emails-label = Another e-mail address
emails-format = Enter one e-mail address, such as anna@example.org.
phones-title = Phone numbers
phones-lead = We send codes to the first one, and tell you at each of them when something changes. You can have two.
phones-label = Another phone number
phones-hint = With the country code, such as +31612345678
phones-format = Write the number with + and the country code, such as +31612345678.
contacts-submit = Send a code
contacts-there = You have this one already.
contacts-many = You can have two. Remove one first.
contacts-unsent = We could not send the code. Try again later.
contacts-over = That code is over. Ask for a new one.
contacts-added = It is added.
contacts-sent = We sent a code of 6 digits to { $address }. It works for 10 minutes.
apps-lead = An authenticator app shows a new code every 30 seconds.
apps-added = The app is added.
apps-named = The name is saved.
apps-over = That took too long, or too many codes did not fit. Start again.
apps-name-label = Name
apps-name-submit = Save name
apps-add-submit = Add an app
devices-title = Devices
devices-lead = You are signed in here. Sign out where you do not know the device, and change your password then.
devices-this = This device
devices-times = since { $since }, last used { $seen }
devices-name = { $browser } on { $system }
devices-unknown = Unknown device
devices-ended = You are signed out there.
devices-others-submit = Sign out on all other devices

## Mail about a change
news-subject = Your account for { $brand } was changed
news-added = A way to sign in was added to your account: { $method }.
news-removed = A way to sign in was removed from your account: { $method }.
news-renewed = This was made anew for your account, and the old one does not work any more: { $method }.
news-removal-planned = A way to sign in will be removed from your account on { $time }: { $method }. Until then you can keep it on { $host }.
news-removal-cancelled = A way to sign in that was about to be removed stays: { $method }.
news-password = The password of your account was changed.
news-mail-text =
    { $what }

    Was this you? Then you need not do anything.

    Not you? Go to { $host } yourself, sign in and look at your account, or ask for help there.
news-sms-text = { $brand }: { $what } Not you? Go to { $host } yourself.
news-reset = The password of your account was set anew with a link that was sent to an e-mail address of yours. You are signed out everywhere.
mail-reset-subject = Choose a new password for { $brand }
mail-reset-text =
    Somebody asked for a new password for your account at { $brand }. If it was you, open this address:

    { $address }

    { $minutes ->
        [one] It works once, for 1 minute.
       *[other] It works once, for { $minutes } minutes.
    }
    Not you? Then do nothing: your password stays as it is.
mail-contact-subject = Confirm your address for { $brand }
mail-contact-text =
    Somebody wants to add this address to their account at { $brand }. The code that confirms it:

    { $code }

    It works for 10 minutes, only on { $host }. Never share it.
    Not you? Then do nothing: the address is not added.
sms-contact-text = { $code } confirms this number for { $brand }. Never share it.
sms-contact-text-plain = { $code } confirms this number. Never share it.

## The administrators' portal
admin-skip = Skip to the content
admin-menu = Menu
admin-sign-out = Sign out
admin-directories = Directories
admin-directory-name = Directory
admin-required-score = Required score
admin-methods = Methods
admin-routes-using = Routes that use it
admin-kept-title = Confirmed: it is you
admin-kept-lead = What you typed was kept. Nothing has been changed yet.
admin-kept-go = Go on with it
refused-duty-title = Your role does not go that far
refused-duty = You administer this gateway, but this part is not among the duties of your role. Ask somebody with the role scoregate_owner.

## Passkeys
signin-passkey = Sign in with a passkey
passkey-title = Use your passkey
passkey-lead = Your device will ask for your fingerprint, face or screen lock.
passkey-use = Use passkey
passkey-lost = I no longer have this passkey
security-key-title = Use your security key
security-key-lead = Have your key at hand. Your browser will ask you to touch it.
security-key-use = Use security key
security-key-lost = I no longer have this key
passkey-stopped = That did not go through, or you closed it. Nothing has changed.
passkey-known = This device already has a passkey for this account.
passkey-noscript = Passkeys need JavaScript. Choose another way.
passkey-unsupported = This browser cannot use passkeys. Choose another way.
passkey-wrong = That passkey did not work here. Try again, or choose another way.
passkey-late = That took too long. Try again.
passkey-unknown = This passkey is no longer known here. Choose another way.
passkey-another = This passkey belongs to another account.
setup-passkey-lead = Or do without a password:
setup-passkey = Create a passkey
setup-done-passkey = Your passkey is ready. Sign in with it from now on.
passkeys-title = Passkeys
passkeys-none = Sign in without a password
passkeys-none-lead = With a passkey you use your fingerprint, face or screen lock. There is nothing to remember, and nothing that somebody could trick you into typing.
passkeys-add = Add a passkey
passkeys-add-another = Add another passkey
passkeys-add-key = Add a security key
passkeys-change = Rename or remove
passkeys-label = Name
passkeys-rename = Save name
passkeys-remove = Remove
passkeys-added = Added on { $time }
passkeys-used = Last used on { $time }
passkeys-unused = Not used yet
passkeys-synced = Kept on several devices
passkeys-elsewhere = Passkeys do not work at this address. They work at { $domain } and names that end in it: open this page there to add one.
passkeys-full = You have as many passkeys and security keys as an account can hold. Remove one to add another.
passkeys-not-offered = Passkeys are not used here.
passkeys-done-added = It is added, and signs you in from now on. Pages that ask for more may take it only after a waiting time.
passkeys-done-renamed = The name is saved.
passkeys-done-taken = This passkey belongs to an account already.
passkeys-done-failed = That passkey was not added. Nothing has changed. Try again.
passkey-add-title = Add a passkey
passkey-add-lead = Your device will ask for your fingerprint, face or screen lock, and keep the passkey for you.
passkey-add-submit = Add passkey
security-key-add-title = Add a security key
security-key-add-lead = Have your key at hand. Your browser will ask you to touch it. You use it as a second step, after your password.
security-key-add-submit = Add security key
passkey-remove-title = Remove this?
passkey-remove-text = You can no longer sign in with { $name }. Remove it from your device or password manager as well.

admin-method-password = Credentials
admin-method-sms = SMS
admin-method-email = Email
admin-a3-title = Set what { $directory } must show
admin-authentication = Authentication
admin-authentication-level = Authentication Level
admin-required-score-long = Required Authentication Level score
admin-required-range = 1 – 1000
admin-first = Sign-in starts with
admin-remembered = Remembered device, days
admin-presets = Start from:
admin-preset-standard = two-factor (standard)
admin-preset-password = password only (20)
admin-method = Method
admin-points = Points
admin-points-of = Points of { $method }
admin-alone = Alone
admin-users-with = Users who have it
admin-yes = yes
admin-no = no
admin-was = in force: { $value }
admin-running = running: revision { $n } ({ $author }, { $at })
admin-running-files = running: what files and defaults say
admin-hint-password = username and password
admin-hint-sms = restricted by NIST SP 800-63B-4
admin-hint-email = not a second factor for NIST
admin-hint-recovery = one use per code
admin-hint-device = not where “max age” applies
admin-hint-unusable = not available: no notifier, or not in this version
admin-preview-title = Preview of what you are editing
admin-preview-nothing-saved = Nothing saved.
admin-preview-button = Preview
admin-ways = Ways to sign in ({ $n })
admin-routes-covered = Also covers routes
admin-route-ways = { $route } ({ $level }): { $ways ->
    [one] { $ways } way
   *[other] { $ways } ways
}, { $users ->
    [one] { $users } user
   *[other] { $users } users
}
admin-users-who-can = Users who can
admin-of = { $can } of { $all }
admin-can-sign-in = users can sign in.
admin-cannot = { $n } cannot
admin-owners-cannot = { $n ->
    [one] Of these, { $n } has the role scoregate_owner.
   *[other] Of these, { $n } have the role scoregate_owner.
}
admin-against = Against what is running
admin-against-text = { $lose ->
    [one] { $lose } person loses access,
   *[other] { $lose } people lose access,
} { $gain ->
    [one] { $gain } gains it.
   *[other] { $gain } gain it.
}
admin-replay = Last 7 days replayed
admin-replay-none = No sign-ins were counted in the last 7 days.
admin-replay-text = { $n ->
    [one] { $n } sign-in:
   *[other] { $n } sign-ins:
} { $same } same, { $more } one more step, { $fewer } fewer.
admin-discard = Discard
admin-save = Save…
admin-no-change-yet = No change yet.
admin-is-read-only = Everything is set in files here: admin.read_only is on.
admin-may-look = Your role may look at this, and change nothing.
admin-w1 = Nobody can reach this score with the methods that there are. Lower it, or give more points. This cannot be saved.
admin-w2 = You yourself could not come back. It can be saved for ten minutes; confirm it by then, or it goes by itself.
admin-w3 = No administrator could come back. Let one with the role scoregate_owner set up what is missing first. This cannot be saved.
admin-w4 = { $n ->
    [one] { $n } user cannot reach this score.
   *[other] { $n } users cannot reach this score.
} Let them set up what is missing first, or wait.
admin-w5 = { $method } alone is enough.
admin-w6 = { $way } is enough without credentials or passkey.
admin-w7 = { $method } gives points, but nothing can send it. Add a notifier to the configuration, or set it to 0.
admin-w8 = The score gets lower: { $before } → { $after }.
admin-w9 = Nobody can reach { $route }, which asks { $level }.
admin-w10 = { $way }: both codes may arrive on one phone.
admin-w11 = { $method } counts here; NIST SP 800-63B-4 restricts it.
admin-w12 = { $field } is set in { $place } and cannot be changed here. Change it there, or remove the line there.
admin-w13 = Whoever is signed in with less is asked for more at their next click.
admin-not-a-number = { $field }: “{ $typed }” is not a whole number from { $least } to { $most }. Type digits only.
admin-no-first = A sign-in has to start with something: tick Credentials or Passkey.
admin-below-floor = A required score of { $typed } is below the floor of { $floor } in guard.min_required_level. Choose { $floor } or more.
admin-never-alone = { $method } with { $points } points would reach { $required } alone, which guard.never_alone forbids. Give it fewer points.
admin-blocked = This cannot be saved: see the first warning of the preview.
admin-no-change = There is nothing to save: this is what is running.
admin-review-title = Save for { $directory }?
admin-reason = Reason
admin-optional = Optional; it stands in the history.
admin-when = When
admin-when-now = Now, for every session at its next click
admin-when-later = At this time, if nothing speaks against it then
admin-when-report = Keep as a draft: nothing changes, and the history has it to open later
admin-starts-at = Date and time
admin-type-name = People lose access. Type { $name } to go on.
admin-type-name-wrong = People lose access: type the directory's name, { $name }, in the last field.
admin-save-now = Save
admin-back = Back to the draft
admin-must-confirm = You could not come back yourself. It is saved for ten minutes. Sign in anew in a private window and confirm it by then; otherwise what is running now comes back by itself.
admin-reason-needed = Say why: a reason is required here.
admin-no-time = Say when it is to start: choose a date and a time.
admin-later-is-risky = You could not come back yourself, and at that hour nobody may be there to confirm it. Save it now and confirm it.
admin-schedule-waits = Revision { $n } is to start at { $at }. If what you save comes into force before that, revision { $n } will not start: schedule it anew then.
admin-in-the-past = The time to start has passed. Choose one in the future, or “now”.
admin-overtaken = { $author } changed this { $minutes ->
    [0] a moment ago
    [one] { $minutes } minute ago
   *[other] { $minutes } minutes ago
} (revision { $n }: { $change }). Nothing of yours was saved. Below is what you typed; look at it again and save it if it still holds.
admin-to-confirm = Revision { $n } holds until { $by }, unless it is confirmed. Sign in anew in a private window, open this page there and confirm.
admin-confirm = Confirm
admin-confirm-anew = This session is from before the change. Sign in anew in a private window, and confirm there.
admin-scheduled = Revision { $n } starts at { $at }.
admin-report-only = Revision { $n } is kept as a draft: open it in the history to see what it would do.
admin-call-off = Call off
admin-done-saved = Saved. It holds for every session from its next click on.
admin-done-scheduled = Saved. It starts at its time, if nothing speaks against it then.
admin-done-report = Kept as a draft. Nothing has changed for anybody.
admin-done-confirmed = Confirmed. It stays.
admin-done-ended = Called off.
admin-history = History
admin-history-title = What was set for { $directory }
admin-history-empty = Nothing was changed here yet: files and defaults decide.
admin-revision = Revision
admin-who-when = Who and when
admin-what = Set beside files and defaults
admin-as-files = nothing
admin-undo = Undo
admin-restore = Restore…
admin-restore-files = Go back to files and defaults…
admin-is-running = running
admin-is-scheduled = scheduled
admin-is-report-only = draft
admin-is-replaced = replaced
admin-is-lapsed = not confirmed
admin-is-ended = called off
admin-demo = Demo

## Recovery codes
recovery-title = Enter a recovery code
recovery-lead = Use one of the codes that you stored. Each works once. Capitals and dashes do not matter.
recovery-label = Recovery code
recovery-format = A recovery code has 26 letters and digits.
recovery-wrong = That code is not right. It may be of an older set.
recovery-used = This code was used already. Use another one.
recovery-lost = I have no recovery codes
recovery-done-title = You are signed in
recovery-hour = The code counts for 1 hour at most. Add another way to sign in before then.
recovery-left = { $n ->
    [0] You have no recovery codes left.
    [one] You have 1 recovery code left.
   *[other] You have { $n } recovery codes left.
}
recovery-few = Make new ones soon.
recovery-make = Make new recovery codes
account-nav-recovery = Recovery codes
account-recovery-lead = With a recovery code you can sign in when you have lost your phone or your app. Each code works once, beside your password.
account-recovery-none = You have not made recovery codes yet.
account-recovery-done = Your new codes work from now on. Older ones do not work any more.
account-recovery-new-title = Your new recovery codes
account-recovery-new-lead = Store them where only you can find them. We never show them again.
account-recovery-download = Download
account-recovery-copy = Copy
account-recovery-copied = Copied
account-recovery-print = Print
account-recovery-stored = I have stored these codes
account-recovery-submit = Use these codes from now on
news-recovery-used = A recovery code of your account was used to sign in.

# The users, for administrators.
users-users = Users
users-search = Search
users-search-hint = The beginning of a name, or a whole e-mail address or phone number
users-show = Show
users-with-role = Role
users-find = Search
users-everybody = Everybody
users-cannot = Cannot reach the score
users-no-phone = No phone
users-one-step = No second step
users-not-set-up = Nothing to start with
users-never = Never signed in
users-disabled = Disabled
users-counted = { $n ->
    [one] 1 active user, { $disabled } disabled
   *[other] { $n } active users, { $disabled } disabled
}
users-short = { $n } cannot reach { $level }
users-none = Nobody is here. Search for less, or show everybody.
users-name = Name
users-contact = Contact
users-highest = Highest level
users-last = Last sign-in
users-last-never = never
users-state = State
users-roles = Roles
users-has-no-email = No e-mail
users-has-no-phone = No phone
users-no-methods = none
users-state-active = Active
users-state-invited = Invited
users-state-disabled = Disabled
users-first-page = From the beginning
users-next-page = Next 50
users-profile = Profile
users-below = below { $level }
users-email = E-mail
users-phone = Phone
users-confirmed = codes may be sent there
users-unconfirmed = not confirmed
users-language = Language
users-created = Added
users-no-methods-yet = Nothing yet: they need a set-up link.
users-what = Which
users-added = Since
users-used = Last used
users-not-offered = does not count here
users-reset-mark = set by a reset: pays once together with its mailbox or phone
users-codes-left = { $n } left
users-access = Access
users-opens = Can open { $n } of { $all } places
users-no-places = No route uses this directory.
users-place = Place
users-asks = Asks
users-verdict = Can open it
users-ways = Smallest ways
users-access-public = Yes, it is public
users-access-yes = Yes
users-access-no-way = No: what they have is not enough
users-access-disabled = No: they are disabled
users-access-forbidden = No: a role or a network is missing
users-sessions = Sessions
users-no-sessions = Not signed in anywhere.
users-device = Device
users-shown = Shown
users-since = Signed in
users-seen = Last seen
users-no-roles = None.
users-add = Add user
users-new = Add a user
users-user-name = Username
users-user-name-hint = 1 to 64 of a-z, 0-9, dot, underscore, @, + and -
users-called = What people call them
users-phone-hint = With + and the country code, such as +31612345678. Empty: none.
users-email-hint = Codes and links for a forgotten password go there at once. Empty: none.
users-language-hint = Such as nl. Empty: the page’s.
users-roles-hint = Several with commas. Roles that begin with scoregate_ are given by owners alone.
users-how = How they begin
users-how-mail = Send an e-mail with a link to set the account up
users-how-link = Show the link here, once
users-cancel = Cancel
users-new-needs-email = Type an e-mail address, or choose to show the link here.
users-has-none = none
users-change-email = Change the e-mail address…
users-change-phone = Change the phone number…
users-contact-told = It replaces what is there. The old address or number is told.
users-save = Save
users-deeds = What you can do
users-mail = Send a set-up mail
users-mail-hint = A link to choose a new password and set up an app, for their mailbox alone. It works once, for 24 hours; links from before end.
users-unlock = Unlock
users-unlock-hint = Forgets failed attempts, so that they can try again at once.
users-link = Show a set-up link
users-link-hint = Whoever opens it first sets the account up. Give it to nobody else. It works once, for 24 hours; the user is told that it was made.
users-link-made = Copy this link now: it is not shown again. It works once, for 24 hours.
users-sign-out = Sign out everywhere
users-ends = { $n ->
    [one] Ends 1 session at once.
   *[other] Ends { $n } sessions at once.
}
users-disable = Disable
users-disable-hint = Nobody can sign in with it until it is enabled again. Nothing is deleted.
users-enable = Enable
users-enable-hint = They can sign in again with what they have.
users-remove = Remove
users-remove-named = Remove { $method }
users-without = Without it they reach { $level }. They are told.
users-without-too-little = Without it they reach { $level }, which is too little to sign in: send a set-up mail after it. They are told.
users-revoke = Take away
users-revoke-named = Take { $role } away
users-grant-label = A role to give
users-grant = Give
users-yourself = This is you. Change your own account on its own pages.
users-only-owners = This user administers. Only an owner changes them.
users-done-created = Added. The link is on its way to their mailbox.
users-done-mailed = Sent.
users-done-unlocked = Unlocked.
users-done-disabled = Disabled, and signed out everywhere.
users-done-enabled = Enabled.
users-done-signed-out = Signed out everywhere.
users-done-removed = Removed. Every session is judged without it from its next click on.
users-done-contact = Changed. The old address or number is told.
users-done-roles = The roles are as shown below, for every session at its next click.
users-no-name-taken = There is a user “{ $value }” already. Choose another name.
users-no-directory = There is no directory “{ $value }”. Choose one from the list.
users-no-which = Choose a directory.
users-no-user = There is no user “{ $value }” any more. Go back to the list.
users-no-gateway-role = “{ $value }” is no role of the gateway. Those are scoregate_owner, scoregate_users, scoregate_helpdesk and scoregate_auditor.
users-no-role = “{ $value }” is no name of a role: a letter a-z, then letters, digits, _ and -, at most 64.
users-no-email = This is no e-mail address. Type one like anna@example.org.
users-no-number = This is no phone number that takes text messages. Type it with + and the country code, such as +31612345678.
users-no-language = This is no language. Type a tag such as nl or en-GB.
users-no-called = What people call them is at most 200 characters, on one line.
users-no-user-name = This is no username. Use 1 to 64 of a-z, 0-9, dot, underscore, @, + and -.
users-no-link = No link can be made: { $value }.
users-no-mailbox = They have no e-mail address. Add one, or have somebody who may show a link do so.
users-not-sent = The mail could not be sent, and no link was made. Look at the notifiers, then try again.
users-no-method = It is gone already. Look at what is below.
users-not-allowed = Your role may not do this to this user. Ask an owner.
users-held = The store did not take it. They are kept out for as long as the gateway runs. Look at the log, and try again.
users-busy = It is very busy here. Wait a few seconds, then try again.
users-not-stored = The store did not take it, and nothing was changed. Look at the log, and try again.
news-contact-changed = An administrator replaced an address of your account. This changes: { $method }.
news-link-made = An administrator made a link with which your account can be set up anew.
mail-setup-subject = Set up your account for { $brand }
mail-setup-text =
    An account at { $brand } waits for you. Your username is { $name }. Open this address to set it up:

    { $address }

    It works once, for 24 hours.
    Do you expect no account? Then do nothing.

## Remembered devices
remember = { $n ->
    [one] Do not ask for the second step on this device for 1 day
   *[other] Do not ask for the second step on this device for { $n } days
}
remember-hint = Only on a device that only you use.
remembered-title = Remembered devices
remembered-lead = The second step is not asked for here, except where more is needed. Another password ends this everywhere.
remembered-times = last used { $seen }, until { $until }
remembered-forget = Forget
remembered-forgotten = The second step is asked for there again.
