# Nederlands, met "je". Een bericht is een hele zin of een label; `.mid` is de naam in een
# opsomming, `.again` die in "je kunt ... weer gebruiken".

## Op elke pagina
page-title = { $heading } – { $brand }
error-title = Fout: { $title }
need-help = Hulp nodig?
need-help-ask = Hulp nodig? Vraag het aan { $contact }.
reference = Kenmerk { $reference }
signing-in-as = Je logt in als { $user }
signed-in-as = Ingelogd als { $user }
not-you = Ben jij dit niet?
made-by = Inloggen met scoregate
start-page = Terug naar de startpagina
other-account = Ander account gebruiken
try-again = Opnieuw proberen
cancel = Annuleren
show = Tonen
show-label = Wachtwoord tonen
caps = Caps Lock staat aan.
demo-ribbon-inbox = Codes staan in het demopostvak
demo-ribbon = Demo: alles hier staat in het geheugen en is weg als je stopt.

## Manieren
method-password = Wachtwoord
    .mid = wachtwoord
    .again = je wachtwoord
method-email = E-mail
    .mid = e-mail
    .again = e-mail
method-sms = Sms
    .mid = sms
    .again = sms
method-totp = Authenticator-app
    .mid = authenticator-app
    .again = je authenticator-app
method-passkey = Passkey
    .mid = passkey
    .again = je passkey
method-security-key = Beveiligingssleutel
    .mid = beveiligingssleutel
    .again = je beveiligingssleutel
method-recovery-code = Herstelcode
    .mid = herstelcode
    .again = een herstelcode
method-remembered-device = Onthouden apparaat
    .mid = onthouden apparaat
    .again = dit apparaat
method-token = Toegangstoken
    .mid = toegangstoken
    .again = een toegangstoken

## Inloggen
signin-title = Inloggen bij { $portal }
signin-username-label = E-mailadres of gebruikersnaam
signin-password-label = Wachtwoord
signin-submit = Inloggen
signin-forgot = Wachtwoord vergeten?
signin-wrong = De gebruikersnaam of het wachtwoord klopt niet.
signin-username-empty = Vul je e-mailadres of gebruikersnaam in.
signin-password-empty = Vul je wachtwoord in.
signin-idle = { $minutes ->
    [one] Je bent uitgelogd na 1 minuut zonder activiteit. Log in om verder te gaan waar je was.
   *[other] Je bent uitgelogd na { $minutes } minuten zonder activiteit. Log in om verder te gaan waar je was.
}
signin-ended = Je sessie is afgelopen. Log in om verder te gaan waar je was.
again-title = Vul je wachtwoord in
again-wrong = Dit wachtwoord klopt niet.
signin-throttled = Te veel pogingen. Je kunt het om { $time } opnieuw proberen.
signin-busy = Het is hier erg druk. Wacht een paar seconden en log dan opnieuw in.

## De volgende stap kiezen
next-title = { $n ->
    [one] Nog één stap
    [2] Nog twee stappen
   *[other] Nog { $n } stappen
}
next-lead = Kies nog een manier om te laten zien dat jij het bent.
next-choose = Kies een van deze
next-step = Stap { $n }
next-done = Klaar: { $method }
next-points = Je hebt { $have } van { $need } punten. Kies een manier die er { $missing } bij geeft.
next-points-many = Je hebt { $have } van { $need } punten. Je hebt er nog { $missing } nodig, in meer dan één stap.
next-bar-label = Je punten
next-last = Laatst gebruikt op dit apparaat
next-none = Ik kan geen van deze gebruiken
next-cost = { $n ->
    [one] 1 stap
   *[other] { $n } stappen
}
next-group = { $n ->
    [one] Klaar in 1 stap
   *[other] Klaar in { $n } stappen
}
next-chain = { $first }, daarna { $second }
hint-password = Het wachtwoord van je account
hint-email = Code naar { $target }
hint-email-plain = Code naar je e-mailadres
hint-sms = Code naar het nummer dat eindigt op { $target }
hint-sms-plain = Code naar je telefoon
hint-totp = Code uit je app
hint-passkey = Vingerafdruk, gezicht of schermvergrendeling op dit apparaat of je telefoon
hint-security-key = Raak je beveiligingssleutel aan
hint-recovery-code = Een van de codes die je hebt bewaard
blocked-until = Wacht tot { $time }
blocked-delivery = Komt nu niet aan. We weten ervan.

## Codes
mail-title = Kijk in je e-mail
mail-sent = We hebben een code van 6 cijfers gestuurd naar { $target }. Kijk ook bij je ongewenste e-mail.
mail-lifetime = { $minutes ->
    [one] De code werkt 1 minuut.
   *[other] De code werkt { $minutes } minuten.
}
mail-lost = Ik kan deze mailbox niet meer lezen
sms-title = Kijk op je telefoon
sms-sent = We hebben een code van 6 cijfers gestuurd naar het nummer dat eindigt op { $target }.
sms-lost = Ik heb deze telefoon niet meer
app-title = Vul de code uit je app in
app-lead = Open je authenticator-app en zoek { $entry }.
app-lost = Ik heb deze app niet meer
code-label = Code
code-hint = 6 cijfers
code-submit = Doorgaan
code-empty = Vul de code in.
code-format = De code heeft 6 cijfers.
code-wrong = Deze code klopt niet. Kijk de code na of vraag een nieuwe.
code-wrong-app = Deze code klopt niet. Kijk de code na of wacht op de volgende.
code-left = { $n ->
    [one] Je kunt het nog 1 keer proberen.
   *[other] Je kunt het nog { $n } keer proberen.
}
code-expired = Deze code is verlopen. We hebben je een nieuwe gestuurd.
code-used = Deze code is al gebruikt. Wacht op de volgende.
code-used-sent = Deze code is al gebruikt. Vraag een nieuwe code.
code-clock = De klok van je telefoon loopt misschien niet gelijk. Zet automatische tijd aan.
code-problems = Problemen met de code?
code-resend = Nieuwe code sturen
code-resend-wait = Je kunt om { $time } een nieuwe code vragen.
code-resend-count = Nieuwe code mogelijk over { $time }.
code-resend-ready = Je kunt nu een nieuwe code vragen.
code-resend-done = We hebben een nieuwe code gestuurd. Gebruik de nieuwste.
code-notsent = De code versturen is niet gelukt. Kies een andere manier of probeer het opnieuw.
code-other = Kies een andere manier

## Bevestigen
confirm-title = Bevestig dat jij het bent om door te gaan
confirm-fresh = { $minutes ->
    [one] Je hebt het meer dan 1 minuut geleden bevestigd.
   *[other] Je hebt het meer dan { $minutes } minuten geleden bevestigd.
}
confirm-level = Deze pagina vraagt om een extra controle.

## Vastgelopen
stuck-title = Je account heeft nog een manier van inloggen nodig
stuck-lead = Deze pagina vraagt meer dan je account nu kan laten zien.
stuck-have = Je hebt
stuck-have-nothing = Je account heeft geen manier van inloggen die nu te gebruiken is.
stuck-ask = Vraag het aan { $contact }. Noem kenmerk { $reference }.
stuck-ask-admin = Vraag het aan wie je account beheert. Noem kenmerk { $reference }.

## Wachten
wait-title = Wacht voor je het opnieuw probeert
wait-text = Te veel pogingen. Je kunt { $method } weer gebruiken om { $time }.
wait-in = { $minutes ->
    [one] Dat is over 1 minuut.
   *[other] Dat is over { $minutes } minuten.
}
wait-other = Andere manieren om nu door te gaan

## Geen toegang
denied-title = Je hebt geen toegang tot deze pagina
denied-role = Je bent ingelogd als { $user }, maar deze pagina is voor: { $roles }.
denied-network = Je bent ingelogd als { $user }, maar deze pagina opent alleen vanaf bepaalde netwerken. Maak verbinding met het netwerk van je organisatie en probeer het opnieuw.
denied-directory = Je bent ingelogd als { $user }, maar deze pagina is voor andere accounts.
denied-ask = { $contact } geeft toegang. Noem kenmerk { $reference }.
denied-ask-admin = Wie je account beheert kan toegang geven. Noem kenmerk { $reference }.

## Uitloggen
signout-title = Uitloggen bij { $portal }?
signout-lead = Hiermee stopt je sessie op elke pagina waar je zo bent ingelogd.
signout-submit = Uitloggen
signout-everywhere = Uitloggen op al je apparaten
signedout-title = Je bent uitgelogd
signedout-lead = Sluit ook de browser als anderen dit apparaat gebruiken.
signedout-again = Opnieuw inloggen

## Het portaal antwoordt niet
upstream-title = Probeer het over een minuut opnieuw
upstream-down = Je bent ingelogd. { $portal } reageert niet. Probeer het over een minuut opnieuw.
upstream-down-public = { $portal } reageert niet. Probeer het over een minuut opnieuw.
upstream-slow = Je bent ingelogd. { $portal } reageert te traag. Probeer het over een minuut opnieuw.
upstream-slow-public = { $portal } reageert te traag. Probeer het over een minuut opnieuw.
upstream-you = Jij
upstream-you-in = Ingelogd
upstream-you-there = Verbonden
upstream-gate = Inloggen
upstream-gate-fine = Werkt
upstream-portal-down = Reageert niet
upstream-portal-slow = Te traag

## Link om te beginnen
setup-title = Kies een wachtwoord
setup-lead = Welkom bij { $portal }. Kies het wachtwoord waarmee je gaat inloggen.
setup-username-label = Je gebruikersnaam
setup-password-label = Nieuw wachtwoord
setup-rule = { $n ->
    [one] Minstens 1 teken. Een paar woorden achter elkaar zijn makkelijk te onthouden en moeilijk te raden.
   *[other] Minstens { $n } tekens. Een paar woorden achter elkaar zijn makkelijk te onthouden en moeilijk te raden.
}
setup-submit = Wachtwoord opslaan
setup-empty = Vul een wachtwoord in.
setup-short = { $n ->
    [one] Gebruik minstens 1 teken.
   *[other] Gebruik minstens { $n } tekens.
}
setup-long = { $n ->
    [one] Gebruik hoogstens 1 teken.
   *[other] Gebruik hoogstens { $n } tekens.
}
setup-common = Dit wachtwoord staat op lijsten die aanvallers het eerst proberen. Kies een ander.
setup-name = Dit wachtwoord lijkt te veel op je naam of op de naam van deze site. Kies een ander.
setup-busy = Het is hier erg druk. Wacht een paar seconden en sla dan opnieuw op.
setup-step-password = Wachtwoord
setup-step-app = Authenticator-app
setup-app-title = Stel je app voor codes in
setup-app-lead = De app toont elke 30 seconden een nieuwe code. Die gebruik je als tweede stap.
setup-app-scan = Scan dit vierkant met de app.
setup-app-qr = QR-code met de sleutel hieronder
setup-app-open = Openen in een app op dit apparaat
setup-app-secret = Of typ deze sleutel in de app
setup-app-code-label = Code uit de app
setup-app-wrong = Deze code klopt niet. Kijk de code na of wacht op de volgende.
setup-app-submit = App opslaan
setup-app-skip = Overslaan
setup-done-title = Je kunt nu inloggen
setup-done-password = Je wachtwoord is opgeslagen.
setup-done-app = Je wachtwoord en je app zijn opgeslagen.
setup-done-submit = Naar inloggen
link-gone-title = Deze link werkt niet meer
link-gone-lead = Een link om te beginnen werkt één keer en een beperkte tijd. Hij is al gebruikt, of de tijd is om.
link-gone-ask = Vraag { $contact } om een nieuwe.
link-gone-ask-admin = Vraag wie je account beheert om een nieuwe.

## Weigeringen
refused-bad-title = We begrijpen dit verzoek niet
refused-bad = Je browser stuurde iets dat we niet veilig kunnen lezen. Er is niets doorgegeven. Ga terug en probeer het opnieuw.
refused-form-title = Dit formulier is te oud
refused-form = De pagina stond te lang open, of is ergens anders vandaan gestuurd. Er is niets veranderd. Begin opnieuw.
refused-missing-title = Deze pagina bestaat niet
refused-missing = Kijk het adres na, of ga terug naar de startpagina.
refused-method-title = Dit werkt hier niet
refused-method = Dit adres is niet op deze manier te gebruiken. Er is niets doorgegeven. Ga terug naar de startpagina.
refused-large-title = Dit is te groot
refused-large = Wat je stuurde is groter dan deze site aanneemt. Er is niets doorgegeven. Stuur iets kleiners.
refused-address-title = Dit adres is te lang
refused-address = Het adres heeft meer tekens dan deze site aanneemt. Gebruik een korter adres.
refused-host-title = Op dit adres is niets
refused-host = Er is hier geen site met deze naam. Kijk de naam in de adresbalk na.
refused-many-title = Te veel verzoeken
refused-many = Er kwamen in korte tijd veel verzoeken van jouw netwerk. Wacht even en probeer het dan opnieuw.
refused-headers-title = Je browser stuurt te veel mee
refused-headers = Het verzoek heeft meer headers of cookies dan deze site aanneemt. Verwijder de cookies van deze site en probeer het opnieuw.
refused-error-title = Er ging hier iets mis
refused-error = De fout ligt bij ons, en er is niets doorgegeven. Probeer het opnieuw. Blijft het zo, noem dan het kenmerk hieronder.
refused-away-title = Inloggen werkt nu even niet
refused-away = We kunnen nu niet nagaan wie je bent, dus we laten niemand door. Er gaat niets verloren. Probeer het over een minuut opnieuw.
refused-retry = { $seconds ->
    [one] Je kunt het over 1 seconde opnieuw proberen.
   *[other] Je kunt het over { $seconds } seconden opnieuw proberen.
}
lost-title = Er is niets verstuurd
lost-lead = Je was uitgelogd voordat dit was verstuurd. Er is niets verstuurd.
lost-how = Log in op een nieuw tabblad, kom dan terug naar dit tabblad, ga een pagina terug en verstuur het opnieuw.
lost-submit = Inloggen op een nieuw tabblad
frame-title = Log in om dit te zien
frame-lead = Voor je veiligheid toont { $portal } het inloggen niet binnen een andere pagina.
frame-submit = { $portal } openen
cookies-title = Je browser weigert onze cookie
cookies-lead = We hebben één cookie nodig om te weten dat jij het op de volgende pagina nog bent. Er staan geen persoonlijke gegevens in.
cookies-how = Sta cookies voor deze site toe in de instellingen van je browser en probeer het opnieuw.
cookies-local = Dit adres heeft geen TLS. Sommige browsers weigeren hier een beveiligde cookie: open de pagina met localhost in het adres, of gebruik Firefox of Chromium.

## Een eigen venster
window-title = Je bent klaar
window-lead = Ga terug naar de pagina waar je vandaan kwam: die gaat vanzelf verder. Dit venster kan dicht.
window-close = Dit venster sluiten

## In een kringetje
rounds-title = Het inloggen blijft niet staan
rounds-lead = Je hebt een paar keer achter elkaar ingelogd, en steeds vroeg deze pagina er opnieuw om. Om niet eeuwig door te gaan stoppen we hier.
rounds-cookie = Je browser kwam terug zonder de cookie die zegt wie je bent.
rounds-cookie-how = Sta cookies voor deze site toe en zet extensies uit die ze weghalen. Verandert de naam van de site terwijl je inlogt, begin dan bij de naam waar je uitkomt. Probeer het daarna opnieuw.
rounds-unknown = Je browser stuurt een cookie mee die hier niet bekend is. Misschien antwoorden er meer servers onder deze naam, of loopt een klok verkeerd.
rounds-enough = Deze pagina vraagt iets dat nieuwer is dan wat je net hebt laten zien. Misschien geeft ze te weinig tijd, of loopt een klok verkeerd.
rounds-ask = Probeer het opnieuw. Helpt dat niet, vraag het dan aan wie deze site beheert, en noem het kenmerk hieronder.

## Demoportaal
demo-home-title = Welkom bij het demoportaal
demo-home-lead = Deze pagina’s staan voor je eigen portaal. Ze kunnen zelf niet inloggen: de poort ervoor beslist bij elk verzoek.
demo-home-have = Je hebt { $score } punten
demo-try = Probeer een pagina die iets anders vraagt
demo-open = Openen
demo-home-name = Startpagina
demo-home-asks = Vraagt wat de directory vraagt
demo-echo-name = Wat het portaal ontving
demo-echo-asks = Toont headers, score en waarom
demo-payments-name = Betalingen
demo-payments-asks = Vraagt nog een stap
demo-operations-name = Beheer
demo-operations-asks = Vraagt de rol operations
demo-public-name = Openbare pagina
demo-public-asks = Vraagt niets
demo-inbox-name = Demopostvak
demo-portal-name = Demoportaal
demo-sign-out = Uitloggen
demo-echo-title = Je bent binnen: wat het portaal ontving
demo-echo-lead = Deze pagina staat voor je eigen portaal. Ze kan zelf niet inloggen: ze leest alleen headers.
demo-echo-score = Score { $score }, en deze pagina vraagt { $level }
demo-echo-bar-label = Score
demo-echo-through = Doorgelaten
demo-echo-headers = Headers
demo-echo-none = Geen header over jou: deze pagina vraagt niets.
demo-echo-why = Waarom
demo-why-route = Route
demo-why-rule = Regel
demo-why-until = Opnieuw beslist om
demo-why-reference = Kenmerk
demo-proof-now = Minder dan een minuut geleden
demo-proof-age = { $minutes ->
    [one] 1 minuut geleden
   *[other] { $minutes } minuten geleden
}
demo-payments-title = Betalingen
demo-payments-lead = Je ziet dit omdat je meer hebt laten zien dan de rest van het portaal vraagt.
demo-payments-to = Aan
demo-payments-amount = Bedrag
demo-payments-state = Stand
demo-payments-paid = Betaald
demo-payments-waits = Wacht op jou
demo-pay-title = Betalen zonder deze pagina te verlaten
demo-pay-lead = De knop roept een adres aan dat 40 vraagt. De pagina blijft staan: nog één stap opent in een venster, en daarna wordt de aanroep herhaald.
demo-pay = 12,50 betalen
demo-pay-more = Deze betaling vraagt nog één stap.
demo-pay-yes = Betaald:
demo-pay-no = Niet betaald.
demo-operations-title = Beheer
demo-operations-lead = Je ziet dit omdat je account de rol operations heeft.
demo-public-title = Openbare pagina
demo-public-lead = Iedereen ziet deze pagina. Ze vraagt niets, en het portaal hoort niets over jou.
demo-inbox-title = Lees de demoberichten
demo-inbox-lead = Er wordt niets echt verstuurd. Elke e-mail komt hier en in de terminal, de nieuwste bovenaan.
demo-inbox-again = Opnieuw kijken
demo-inbox-empty = Nog geen berichten. Vraag een code op een inlogpagina en kijk dan opnieuw.
demo-inbox-to = Aan { $to }
demo-inbox-app = De authenticator-app van { $user } toont nu
demo-inbox-app-how = Elke 30 seconden komt er een nieuwe code, en elke code werkt één keer. Kijk opnieuw voor de nieuwste.

## E-mail
mail-code-subject = Je inlogcode voor { $brand }
mail-code-text =
    Je inlogcode voor { $brand }:

    { $code }

    { $minutes ->
        [one] De code werkt 1 minuut, alleen op { $host }.
       *[other] De code werkt { $minutes } minuten, alleen op { $host }.
    }
    Deel de code met niemand: niemand van { $brand } vraagt erom.

    Probeerde je niet in te loggen? Dan kent iemand misschien je wachtwoord.
    Ga zelf naar { $host } en verander het, of vraag daar om hulp.

## Text messages: letters of the GSM alphabet only
text-code = { $code } is je inlogcode voor { $brand }. Deel de code met niemand.
text-code-plain = { $code } is je inlogcode. Deel de code met niemand.

## Account
account-title = Je account
account-nav-label = Je account
account-nav-overview = Overzicht
account-sign-out = Uitloggen
account-back = Terug naar je account
account-open = Je kunt alles openen in { $portal }.
account-closed = Je kunt { $place } nog niet openen.
account-closed-add = Je kunt { $place } nog niet openen. Voeg eerst dit toe: { $method }.
account-ways = { $n ->
    [0] Met wat je nu hebt, kun je op geen enkele manier inloggen.
    [one] Met wat je hebt, kun je op 1 manier inloggen.
   *[other] Hiermee kun je op { $n } manieren inloggen.
}
account-methods = Manieren om te laten zien dat jij het bent
account-plans = Wordt binnenkort verwijderd
account-plan = { $method } wordt verwijderd op { $time }.
account-keep-submit = Toch houden
account-done-removed = Het is verwijderd.
account-done-planned = Het wordt na een wachttijd verwijderd. We hebben je dat laten weten op elk adres dat je hier hebt.
account-done-kept = Het blijft.
account-last-title = Je hebt dit nodig om in te loggen
account-last = Als je dit weghaalt, kun je niet meer inloggen. Voeg eerst een andere manier toe.
confirm-change = Je gaat veranderen hoe je inlogt. Laat nog een keer zien dat jij het bent.
account-remove-submit = Verwijderen
account-added = Toegevoegd op { $time }
account-done-password = Je nieuwe wachtwoord is opgeslagen. Overal elders ben je uitgelogd.
account-change = Veranderen
account-nav-password = Wachtwoord
account-nav-emails = E-mailadressen
account-nav-phones = Telefoonnummers
account-nav-app = Authenticator-app
account-nav-devices = Apparaten
password-title = Verander je wachtwoord
password-lead = Hier blijf je ingelogd, overal elders word je uitgelogd.
forgot-title = Wachtwoord vergeten?
forgot-lead = Vul je gebruikersnaam of e-mailadres in. We sturen je een link waarmee je een nieuw wachtwoord kiest.
forgot-submit = Stuur de link
forgot-sent = Als we dit account kennen, hebben we een link naar het e-mailadres ervan gestuurd.
forgot-wait = De link werkt 60 minuten. Kijk ook bij je ongewenste e-mail. Niets gekregen? Dan heeft het account hier misschien geen e-mailadres: vraag om hulp.
forgot-again = Vraag een nieuwe link
forgot-done = Je nieuwe wachtwoord is opgeslagen en je bent overal uitgelogd. Een code naar je postvak is ernaast voorlopig misschien niet genoeg: de link kwam op dezelfde plek.
reset-lead = Kies een nieuw wachtwoord voor { $portal }.
emails-title = E-mailadressen
emails-lead = We sturen codes naar het eerste, en laten je op elk adres weten wanneer er iets verandert. Je kunt er twee hebben.
emails-label = Nog een e-mailadres
emails-format = Vul één e-mailadres in, zoals anna@example.org.
phones-title = Telefoonnummers
phones-lead = We sturen codes naar het eerste, en laten je op elk nummer weten wanneer er iets verandert. Je kunt er twee hebben.
phones-label = Nog een telefoonnummer
phones-hint = Met de landcode, zoals +31612345678
phones-format = Schrijf het nummer met + en de landcode, zoals +31612345678.
contacts-submit = Stuur een code
contacts-there = Deze heb je al.
contacts-many = Je kunt er twee hebben. Verwijder er eerst een.
contacts-unsent = De code versturen is niet gelukt. Probeer het later opnieuw.
contacts-over = Die code is verlopen. Vraag een nieuwe.
contacts-added = Het is toegevoegd.
contacts-sent = We hebben een code van 6 cijfers gestuurd naar { $address }. De code werkt 10 minuten.
apps-lead = Een authenticator-app toont elke 30 seconden een nieuwe code.
apps-added = De app is toegevoegd.
apps-named = De naam is opgeslagen.
apps-over = Dat duurde te lang, of te veel codes klopten niet. Begin opnieuw.
apps-name-label = Naam
apps-name-submit = Naam opslaan
apps-add-submit = App toevoegen
devices-title = Apparaten
devices-lead = Hier ben je ingelogd. Log uit waar je het apparaat niet kent, en verander dan je wachtwoord.
devices-this = Dit apparaat
devices-times = sinds { $since }, laatst gebruikt { $seen }
devices-name = { $browser } op { $system }
devices-unknown = Onbekend apparaat
devices-ended = Je bent daar uitgelogd.
devices-others-submit = Alle andere apparaten uitloggen

## E-mail over een verandering
news-subject = Je account voor { $brand } is veranderd
news-added = Er is een manier van inloggen aan je account toegevoegd: { $method }.
news-removed = Er is een manier van inloggen van je account verwijderd: { $method }.
news-renewed = Dit is opnieuw gemaakt voor je account, en het oude werkt niet meer: { $method }.
news-removal-planned = Er wordt een manier van inloggen van je account verwijderd op { $time }: { $method }. Tot dan kun je die houden op { $host }.
news-removal-cancelled = Een manier van inloggen die verwijderd zou worden, blijft: { $method }.
news-password = Het wachtwoord van je account is veranderd.
news-mail-text =
    { $what }

    Was jij dit? Dan hoef je niets te doen.

    Was jij dit niet? Ga zelf naar { $host }, log in en bekijk je account, of vraag daar om hulp.
news-sms-text = { $brand }: { $what } Was jij dit niet? Ga zelf naar { $host }.
news-reset = Het wachtwoord van je account is opnieuw gekozen met een link die naar een e-mailadres van jou is gestuurd. Je bent overal uitgelogd.
mail-reset-subject = Kies een nieuw wachtwoord voor { $brand }
mail-reset-text =
    Iemand vroeg een nieuw wachtwoord voor je account bij { $brand }. Was jij dat, open dan dit adres:

    { $address }

    { $minutes ->
        [one] Het werkt één keer, 1 minuut lang.
       *[other] Het werkt één keer, { $minutes } minuten lang.
    }
    Was jij dat niet? Doe dan niets: je wachtwoord blijft zoals het is.
mail-contact-subject = Bevestig je adres voor { $brand }
mail-contact-text =
    Iemand wil dit adres toevoegen aan een account bij { $brand }. De code die dat bevestigt:

    { $code }

    De code werkt 10 minuten, alleen op { $host }. Deel de code met niemand.
    Was jij dat niet? Doe dan niets: het adres wordt niet toegevoegd.
sms-contact-text = { $code } bevestigt dit nummer voor { $brand }. Deel de code met niemand.
sms-contact-text-plain = { $code } bevestigt dit nummer. Deel de code met niemand.

## Het beheerportaal
admin-skip = Naar de inhoud
admin-menu = Menu
admin-sign-out = Uitloggen
admin-directories = Directory's
admin-directory-name = Directory
admin-required-score = Vereiste score
admin-methods = Methoden
admin-routes-using = Routes die hem gebruiken
admin-kept-title = Bevestigd: jij bent het
admin-kept-lead = Wat je hebt ingevuld is bewaard. Er is nog niets veranderd.
admin-kept-go = Ga ermee verder
refused-duty-title = Zover gaat je rol niet
refused-duty = Je beheert deze gateway, maar dit deel hoort niet bij de taken van je rol. Vraag het iemand met de rol scoregate_owner.

## Passkeys
signin-passkey = Inloggen met een passkey
passkey-title = Gebruik je passkey
passkey-lead = Je apparaat vraagt om je vingerafdruk, gezicht of schermvergrendeling.
passkey-use = Passkey gebruiken
passkey-lost = Ik heb deze passkey niet meer
security-key-title = Gebruik je beveiligingssleutel
security-key-lead = Houd je sleutel bij de hand. Je browser vraagt je om hem aan te raken.
security-key-use = Beveiligingssleutel gebruiken
security-key-lost = Ik heb deze sleutel niet meer
passkey-stopped = Dat is niet gelukt, of je hebt het gesloten. Er is niets veranderd.
passkey-known = Dit apparaat heeft al een passkey voor dit account.
passkey-noscript = Passkeys hebben JavaScript nodig. Kies een andere manier.
passkey-unsupported = Deze browser kan geen passkeys gebruiken. Kies een andere manier.
passkey-wrong = Deze passkey werkte hier niet. Probeer het opnieuw of kies een andere manier.
passkey-late = Dat duurde te lang. Probeer het opnieuw.
passkey-unknown = Deze passkey is hier niet meer bekend. Kies een andere manier.
passkey-another = Deze passkey hoort bij een ander account.
setup-passkey-lead = Of doe het zonder wachtwoord:
setup-passkey = Passkey maken
setup-done-passkey = Je passkey is klaar. Log er vanaf nu mee in.
passkeys-title = Passkeys
passkeys-none = Inloggen zonder wachtwoord
passkeys-none-lead = Met een passkey gebruik je je vingerafdruk, gezicht of schermvergrendeling. Je hoeft niets te onthouden, en niemand kan je iets laten intypen.
passkeys-add = Passkey toevoegen
passkeys-add-another = Nog een passkey toevoegen
passkeys-add-key = Beveiligingssleutel toevoegen
passkeys-change = Naam wijzigen of verwijderen
passkeys-label = Naam
passkeys-rename = Naam opslaan
passkeys-remove = Verwijderen
passkeys-added = Toegevoegd op { $time }
passkeys-used = Laatst gebruikt op { $time }
passkeys-unused = Nog niet gebruikt
passkeys-synced = Bewaard op meerdere apparaten
passkeys-elsewhere = Passkeys werken niet op dit adres. Ze werken op { $domain } en namen die daarop eindigen: open deze pagina daar om er een toe te voegen.
passkeys-full = Je hebt zoveel passkeys en beveiligingssleutels als een account kan hebben. Verwijder er een om een andere toe te voegen.
passkeys-not-offered = Passkeys worden hier niet gebruikt.
passkeys-done-added = Hij is toegevoegd, en je logt er vanaf nu mee in. Pagina's die meer vragen, accepteren hem soms pas na een wachttijd.
passkeys-done-renamed = De naam is opgeslagen.
passkeys-done-taken = Deze passkey hoort al bij een account.
passkeys-done-failed = Deze passkey is niet toegevoegd. Er is niets veranderd. Probeer het opnieuw.
passkey-add-title = Passkey toevoegen
passkey-add-lead = Je apparaat vraagt om je vingerafdruk, gezicht of schermvergrendeling en bewaart de passkey voor je.
passkey-add-submit = Passkey toevoegen
security-key-add-title = Beveiligingssleutel toevoegen
security-key-add-lead = Houd je sleutel bij de hand. Je browser vraagt je om hem aan te raken. Je gebruikt hem als tweede stap, na je wachtwoord.
security-key-add-submit = Beveiligingssleutel toevoegen
passkey-remove-title = Dit verwijderen?
passkey-remove-text = Je kunt niet meer inloggen met { $name }. Verwijder hem ook van je apparaat of uit je wachtwoordbeheerder.

admin-method-password = Inloggegevens
admin-method-sms = SMS
admin-method-email = E-mail
admin-a3-title = Stel in wat { $directory } moet tonen
admin-authentication = Authenticatie
admin-authentication-level = Authenticatieniveau
admin-required-score-long = Vereiste score van het authenticatieniveau
admin-required-range = 1 – 1000
admin-first = Inloggen begint met
admin-remembered = Onthouden apparaat, dagen
admin-presets = Begin met:
admin-preset-standard = twee stappen (standaard)
admin-preset-password = alleen wachtwoord (20)
admin-method = Methode
admin-points = Punten
admin-points-of = Punten van { $method }
admin-alone = Alleen
admin-users-with = Gebruikers die hem hebben
admin-yes = ja
admin-no = nee
admin-was = geldt nu: { $value }
admin-running = geldt nu: revisie { $n } ({ $author }, { $at })
admin-running-files = geldt nu: wat bestanden en standaard zeggen
admin-hint-password = gebruikersnaam en wachtwoord
admin-hint-sms = beperkt door NIST SP 800-63B-4
admin-hint-email = voor NIST geen tweede factor
admin-hint-recovery = elke code één keer
admin-hint-device = niet waar “max age” geldt
admin-hint-unusable = niet beschikbaar: geen verzender, of niet in deze versie
admin-preview-title = Voorbeeld van wat je bewerkt
admin-preview-nothing-saved = Niets opgeslagen.
admin-preview-button = Voorbeeld
admin-ways = Manieren om in te loggen ({ $n })
admin-routes-covered = Geldt ook voor routes
admin-route-ways = { $route } ({ $level }): { $ways ->
    [one] { $ways } manier
   *[other] { $ways } manieren
}, { $users ->
    [one] { $users } gebruiker
   *[other] { $users } gebruikers
}
admin-users-who-can = Gebruikers die het kunnen
admin-of = { $can } van { $all }
admin-can-sign-in = gebruikers kunnen inloggen.
admin-cannot = { $n } kunnen het niet
admin-owners-cannot = { $n ->
    [one] Van hen heeft { $n } de rol scoregate_owner.
   *[other] Van hen hebben er { $n } de rol scoregate_owner.
}
admin-against = Tegenover wat nu geldt
admin-against-text = { $lose ->
    [one] { $lose } persoon verliest toegang,
   *[other] { $lose } mensen verliezen toegang,
} { $gain ->
    [one] { $gain } krijgt die erbij.
   *[other] { $gain } krijgen die erbij.
}
admin-replay = De laatste 7 dagen opnieuw
admin-replay-none = De laatste 7 dagen is er niet ingelogd, of niet geteld.
admin-replay-text = { $n ->
    [one] { $n } keer ingelogd:
   *[other] { $n } keer ingelogd:
} { $same } gelijk, { $more } één stap meer, { $fewer } minder.
admin-discard = Verwerpen
admin-save = Opslaan…
admin-no-change-yet = Nog niets veranderd.
admin-is-read-only = Alles staat hier in bestanden: admin.read_only staat aan.
admin-may-look = Je rol mag dit bekijken en niets veranderen.
admin-w1 = Niemand kan deze score halen met de methoden die er zijn. Verlaag hem, of geef meer punten. Dit kan niet worden opgeslagen.
admin-w2 = Jij zou zelf niet meer terug kunnen. Het kan voor tien minuten worden opgeslagen; bevestig het voor die tijd, anders verdwijnt het vanzelf.
admin-w3 = Geen beheerder zou nog terug kunnen. Laat iemand met de rol scoregate_owner eerst instellen wat ontbreekt. Dit kan niet worden opgeslagen.
admin-w4 = { $n ->
    [one] { $n } gebruiker haalt deze score niet.
   *[other] { $n } gebruikers halen deze score niet.
} Laat hen eerst instellen wat ontbreekt, of wacht.
admin-w5 = { $method } is alleen al genoeg.
admin-w6 = { $way } is genoeg zonder inloggegevens of passkey.
admin-w7 = { $method } geeft punten, maar niets kan het versturen. Zet een verzender in de configuratie, of maak er 0 van.
admin-w8 = De score wordt lager: { $before } → { $after }.
admin-w9 = Niemand kan bij { $route }, die { $level } vraagt.
admin-w10 = { $way }: beide codes kunnen op één telefoon aankomen.
admin-w11 = { $method } telt hier; NIST SP 800-63B-4 beperkt dat.
admin-w12 = { $field } staat in { $place } en kan hier niet worden veranderd. Verander het daar, of haal de regel daar weg.
admin-w13 = Wie met minder is ingelogd, wordt bij de volgende klik om meer gevraagd.
admin-not-a-number = { $field }: “{ $typed }” is geen geheel getal van { $least } tot en met { $most }. Typ alleen cijfers.
admin-no-first = Inloggen moet ergens mee beginnen: kruis Inloggegevens of Passkey aan.
admin-below-floor = Een vereiste score van { $typed } ligt onder de bodem van { $floor } in guard.min_required_level. Kies { $floor } of meer.
admin-never-alone = { $method } met { $points } punten zou alleen al { $required } halen, en dat verbiedt guard.never_alone. Geef minder punten.
admin-blocked = Dit kan niet worden opgeslagen: zie de eerste waarschuwing van het voorbeeld.
admin-no-change = Er is niets op te slaan: dit geldt al.
admin-review-title = Opslaan voor { $directory }?
admin-reason = Reden
admin-optional = Niet verplicht; staat in de geschiedenis.
admin-when = Wanneer
admin-when-now = Nu, voor elke sessie bij de volgende klik
admin-when-later = Op dit tijdstip, als er dan niets tegen spreekt
admin-when-report = Als concept bewaren: er verandert niets, en het staat in de geschiedenis voor later
admin-starts-at = Datum en tijd
admin-type-name = Mensen verliezen toegang. Typ { $name } om door te gaan.
admin-type-name-wrong = Mensen verliezen toegang: typ de naam van de directory, { $name }, in het laatste veld.
admin-save-now = Opslaan
admin-back = Terug naar het ontwerp
admin-must-confirm = Je zou zelf niet meer terug kunnen. Het wordt voor tien minuten opgeslagen. Log opnieuw in in een privévenster en bevestig het voor die tijd; anders komt vanzelf terug wat nu geldt.
admin-reason-needed = Zeg waarom: een reden is hier verplicht.
admin-no-time = Zeg wanneer het moet ingaan: kies een datum en een tijd.
admin-later-is-risky = Je zou zelf niet terug kunnen komen, en op dat uur is er misschien niemand om het te bevestigen. Sla het nu op en bevestig het.
admin-schedule-waits = Revisie { $n } begint op { $at }. Als wat je opslaat eerder ingaat, begint revisie { $n } niet meer: plan hem dan opnieuw.
admin-in-the-past = Het tijdstip is al voorbij. Kies er een in de toekomst, of “nu”.
admin-overtaken = { $author } heeft dit { $minutes ->
    [0] zojuist
    [one] { $minutes } minuut geleden
   *[other] { $minutes } minuten geleden
} veranderd (revisie { $n }: { $change }). Van jou is niets opgeslagen. Hieronder staat wat je had ingevuld; kijk er nog eens naar en sla het op als het nog klopt.
admin-to-confirm = Revisie { $n } geldt tot { $by }, tenzij iemand hem bevestigt. Log opnieuw in in een privévenster, open daar deze pagina en bevestig.
admin-confirm = Bevestigen
admin-confirm-anew = Deze sessie is van voor de verandering. Log opnieuw in in een privévenster, en bevestig daar.
admin-scheduled = Revisie { $n } gaat in op { $at }.
admin-report-only = Revisie { $n } is als concept bewaard: open hem in de geschiedenis om te zien wat hij zou doen.
admin-call-off = Afblazen
admin-done-saved = Opgeslagen. Het geldt voor elke sessie vanaf de volgende klik.
admin-done-scheduled = Opgeslagen. Het gaat op zijn tijd in, als er dan niets tegen spreekt.
admin-done-report = Als concept bewaard. Er is voor niemand iets veranderd.
admin-done-confirmed = Bevestigd. Het blijft.
admin-done-ended = Afgeblazen.
admin-history = Geschiedenis
admin-history-title = Wat er voor { $directory } is ingesteld
admin-history-empty = Hier is nog niets veranderd: bestanden en standaard beslissen.
admin-revision = Revisie
admin-who-when = Wie en wanneer
admin-what = Ingesteld naast bestanden en standaard
admin-as-files = niets
admin-undo = Terugdraaien
admin-restore = Terugzetten…
admin-restore-files = Terug naar bestanden en standaard…
admin-is-running = geldt nu
admin-is-scheduled = gepland
admin-is-report-only = concept
admin-is-replaced = vervangen
admin-is-lapsed = niet bevestigd
admin-is-ended = afgeblazen
admin-demo = Demo

## Herstelcodes
recovery-title = Vul een herstelcode in
recovery-lead = Gebruik een van de codes die je hebt bewaard. Elke code werkt één keer. Hoofdletters en streepjes maken niet uit.
recovery-label = Herstelcode
recovery-format = Een herstelcode heeft 26 letters en cijfers.
recovery-wrong = Deze code klopt niet. Misschien is hij van een oudere reeks.
recovery-used = Deze code is al gebruikt. Gebruik een andere.
recovery-lost = Ik heb geen herstelcodes
recovery-done-title = Je bent ingelogd
recovery-hour = De code telt hoogstens 1 uur. Voeg voor die tijd een andere manier van inloggen toe.
recovery-left = { $n ->
    [0] Je hebt geen herstelcodes meer.
    [one] Je hebt nog 1 herstelcode.
   *[other] Je hebt nog { $n } herstelcodes.
}
recovery-few = Maak snel nieuwe.
recovery-make = Nieuwe herstelcodes maken
account-nav-recovery = Herstelcodes
account-recovery-lead = Met een herstelcode kun je inloggen als je je telefoon of je app kwijt bent. Elke code werkt één keer, naast je wachtwoord.
account-recovery-none = Je hebt nog geen herstelcodes gemaakt.
account-recovery-done = Je nieuwe codes werken vanaf nu. Oudere werken niet meer.
account-recovery-new-title = Je nieuwe herstelcodes
account-recovery-new-lead = Bewaar ze waar alleen jij ze kunt vinden. We laten ze nooit meer zien.
account-recovery-download = Downloaden
account-recovery-copy = Kopiëren
account-recovery-copied = Gekopieerd
account-recovery-print = Afdrukken
account-recovery-stored = Ik heb deze codes bewaard
account-recovery-submit = Deze codes vanaf nu gebruiken
news-recovery-used = Er is een herstelcode van je account gebruikt om in te loggen.

# The users, for administrators.
users-users = Gebruikers
users-search = Zoeken
users-search-hint = Het begin van een naam, of een heel e-mailadres of telefoonnummer
users-show = Toon
users-with-role = Rol
users-find = Zoeken
users-everybody = Iedereen
users-cannot = Kan de score niet halen
users-no-phone = Geen telefoon
users-one-step = Geen tweede stap
users-not-set-up = Niets om mee te beginnen
users-never = Nooit ingelogd
users-disabled = Uitgeschakeld
users-counted = { $n ->
    [one] 1 actieve gebruiker, { $disabled } uitgeschakeld
   *[other] { $n } actieve gebruikers, { $disabled } uitgeschakeld
}
users-short = { $n } kunnen { $level } niet halen
users-none = Hier is niemand. Zoek op minder, of toon iedereen.
users-name = Naam
users-contact = Contact
users-highest = Hoogste niveau
users-last = Laatst ingelogd
users-last-never = nooit
users-state = Status
users-roles = Rollen
users-has-no-email = Geen e-mail
users-has-no-phone = Geen telefoon
users-no-methods = geen
users-state-active = Actief
users-state-invited = Uitgenodigd
users-state-disabled = Uitgeschakeld
users-first-page = Vanaf het begin
users-next-page = Volgende 50
users-profile = Profiel
users-below = onder { $level }
users-email = E-mail
users-phone = Telefoon
users-confirmed = codes mogen hierheen
users-unconfirmed = niet bevestigd
users-language = Taal
users-created = Toegevoegd
users-no-methods-yet = Nog niets: er is een link nodig om het account in te stellen.
users-what = Welke
users-added = Sinds
users-used = Laatst gebruikt
users-not-offered = telt hier niet
users-reset-mark = via een herstelmail gezet: telt één keer samen met die mailbox of telefoon
users-codes-left = nog { $n }
users-access = Toegang
users-opens = Kan { $n } van { $all } plaatsen openen
users-no-places = Geen route gebruikt deze directory.
users-place = Plaats
users-asks = Vraagt
users-verdict = Kan het openen
users-ways = Kortste wegen
users-access-public = Ja, het is openbaar
users-access-yes = Ja
users-access-no-way = Nee: wat er is, is niet genoeg
users-access-disabled = Nee: uitgeschakeld
users-access-forbidden = Nee: er ontbreekt een rol of een netwerk
users-sessions = Sessies
users-no-sessions = Nergens ingelogd.
users-device = Apparaat
users-shown = Getoond
users-since = Ingelogd
users-seen = Laatst gezien
users-no-roles = Geen.
users-add = Gebruiker toevoegen
users-new = Een gebruiker toevoegen
users-user-name = Gebruikersnaam
users-user-name-hint = 1 tot 64 van a-z, 0-9, punt, laag streepje, @, + en -
users-called = Hoe mensen die persoon noemen
users-phone-hint = Met + en het landnummer, zoals +31612345678. Leeg: geen.
users-email-hint = Codes en links voor een vergeten wachtwoord gaan er meteen heen. Leeg: geen.
users-language-hint = Zoals nl. Leeg: die van de pagina.
users-roles-hint = Meer dan één met komma’s. Rollen die met scoregate_ beginnen, geven alleen eigenaren.
users-how = Hoe het begint
users-how-mail = Een e-mail sturen met een link om het account in te stellen
users-how-link = De link hier tonen, één keer
users-cancel = Annuleren
users-new-needs-email = Vul een e-mailadres in, of kies om de link hier te tonen.
users-has-none = geen
users-change-email = Het e-mailadres veranderen…
users-change-phone = Het telefoonnummer veranderen…
users-contact-told = Dit komt in de plaats van wat er is. Het oude adres of nummer krijgt bericht.
users-save = Opslaan
users-deeds = Wat je kunt doen
users-mail = Een instelmail sturen
users-mail-hint = Een link om een nieuw wachtwoord te kiezen en een app in te stellen, alleen voor hun mailbox. Werkt één keer, 24 uur lang; eerdere links vervallen.
users-unlock = Deblokkeren
users-unlock-hint = Vergeet mislukte pogingen, zodat het meteen weer kan.
users-link = Een instellink tonen
users-link-hint = Wie de link het eerst opent, stelt het account in. Geef die aan niemand anders. Werkt één keer, 24 uur lang; de gebruiker krijgt bericht dat die gemaakt is.
users-link-made = Kopieer deze link nu: die wordt niet nog eens getoond. Werkt één keer, 24 uur lang.
users-sign-out = Overal uitloggen
users-ends = { $n ->
    [one] Beëindigt meteen 1 sessie.
   *[other] Beëindigt meteen { $n } sessies.
}
users-disable = Uitschakelen
users-disable-hint = Niemand kan ermee inloggen tot het weer wordt ingeschakeld. Er wordt niets verwijderd.
users-enable = Inschakelen
users-enable-hint = Inloggen kan weer, met wat er is.
users-remove = Verwijderen
users-remove-named = { $method } verwijderen
users-without = Zonder dit wordt { $level } gehaald. De gebruiker krijgt bericht.
users-without-too-little = Zonder dit wordt { $level } gehaald, te weinig om in te loggen: stuur daarna een instelmail. De gebruiker krijgt bericht.
users-revoke = Wegnemen
users-revoke-named = { $role } wegnemen
users-grant-label = Een rol om te geven
users-grant = Geven
users-yourself = Dit ben jij. Verander je eigen account op de eigen pagina’s.
users-only-owners = Deze gebruiker is beheerder. Alleen een eigenaar verandert dit account.
users-done-created = Toegevoegd. De link is onderweg naar hun mailbox.
users-done-mailed = Verstuurd.
users-done-unlocked = Gedeblokkeerd.
users-done-disabled = Uitgeschakeld, en overal uitgelogd.
users-done-enabled = Ingeschakeld.
users-done-signed-out = Overal uitgelogd.
users-done-removed = Verwijderd. Elke sessie wordt vanaf de volgende klik zonder dit beoordeeld.
users-done-contact = Veranderd. Het oude adres of nummer krijgt bericht.
users-done-roles = De rollen zijn zoals hieronder, voor elke sessie vanaf de volgende klik.
users-no-name-taken = Er is al een gebruiker “{ $value }”. Kies een andere naam.
users-no-directory = Er is geen directory “{ $value }”. Kies er een uit de lijst.
users-no-which = Kies een directory.
users-no-user = Er is geen gebruiker “{ $value }” meer. Ga terug naar de lijst.
users-no-gateway-role = “{ $value }” is geen rol van de gateway. Die zijn scoregate_owner, scoregate_users, scoregate_helpdesk en scoregate_auditor.
users-no-role = “{ $value }” is geen naam van een rol: een letter a-z, dan letters, cijfers, _ en -, hoogstens 64.
users-no-email = Dit is geen e-mailadres. Typ er een zoals anna@example.org.
users-no-number = Dit is geen telefoonnummer dat sms’jes ontvangt. Typ het met + en het landnummer, zoals +31612345678.
users-no-language = Dit is geen taal. Typ een code zoals nl of en-GB.
users-no-called = Hoe mensen die persoon noemen, is hoogstens 200 tekens, op één regel.
users-no-user-name = Dit is geen gebruikersnaam. Gebruik 1 tot 64 van a-z, 0-9, punt, laag streepje, @, + en -.
users-no-link = Er kan geen link worden gemaakt: { $value }.
users-no-mailbox = Er is geen e-mailadres. Voeg er een toe, of laat iemand die een link mag tonen dat doen.
users-not-sent = De mail kon niet worden verstuurd, en er is geen link gemaakt. Kijk naar de notifiers en probeer het opnieuw.
users-no-method = Het is al weg. Kijk naar wat hieronder staat.
users-not-allowed = Met jouw rol mag dit niet bij deze gebruiker. Vraag het een eigenaar.
users-held = De store nam het niet aan. De gebruiker blijft buiten zolang de gateway draait. Kijk in het log en probeer het opnieuw.
users-busy = Het is hier heel druk. Wacht een paar seconden en probeer het opnieuw.
users-not-stored = De store nam het niet aan, en er is niets veranderd. Kijk in het log en probeer het opnieuw.
news-contact-changed = Een beheerder heeft een adres van je account vervangen. Dit verandert: { $method }.
news-link-made = Een beheerder heeft een link gemaakt waarmee je account opnieuw kan worden ingesteld.
mail-setup-subject = Stel je account voor { $brand } in
mail-setup-text =
    Er wacht een account bij { $brand } op je. Je gebruikersnaam is { $name }. Open dit adres om het in te stellen:

    { $address }

    Het werkt één keer, 24 uur lang.
    Verwacht je geen account? Doe dan niets.

## Onthouden apparaten
remember = { $n ->
    [one] Vraag 1 dag niet om de tweede stap op dit apparaat
   *[other] Vraag { $n } dagen niet om de tweede stap op dit apparaat
}
remember-hint = Alleen op een apparaat dat alleen jij gebruikt.
remembered-title = Onthouden apparaten
remembered-lead = Hier wordt niet om de tweede stap gevraagd, behalve waar meer nodig is. Een ander wachtwoord maakt hier overal een einde aan.
remembered-times = laatst gebruikt { $seen }, tot { $until }
remembered-forget = Vergeten
remembered-forgotten = Daar wordt weer om de tweede stap gevraagd.
