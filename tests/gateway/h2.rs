//! HTTP/2 as frames: what no client library would send, the samples of `headers.tsv` that HTTP/2 can
//! carry, and floods. Not here: what well-behaved clients do, which other tests have.

use std::io::Read;
use std::time::Duration;

use super::attacks::{Names, all_pass, field_tries, judge_message, judge_next};
use super::person::Person;
use super::wire::{Road, Stream};
use super::world::{HOST, World};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// What a peer takes that has not said otherwise.
const FRAME_LIMIT: usize = 16 * 1024;

type Field<'a> = (&'a [u8], &'a [u8]);

/// What became of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Answered(u16),
    Reset,
    /// With all of its connection.
    Gone,
    /// Nothing came in time.
    Silence,
}

impl End {
    fn status(self) -> Option<u16> {
        match self {
            Self::Answered(status) => Some(status),
            Self::Reset | Self::Gone | Self::Silence => None,
        }
    }

    fn is_refusal(self) -> bool {
        match self {
            Self::Answered(status) => status >= 400,
            Self::Reset | Self::Gone => true,
            Self::Silence => false,
        }
    }
}

struct H2 {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    next: u32,
}

impl H2 {
    fn open(road: &Road) -> Self {
        let (mut stream, _) = road.connect_within(Duration::from_secs(5)).unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        stream.write_all(&frame(SETTINGS, 0, 0, b"")).unwrap();
        stream.flush().unwrap();
        Self { stream, buffer: Vec::new(), next: 1 }
    }

    fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Begins a stream with these fields, in frames as long as they may be.
    fn begin(&mut self, fields: &[Field<'_>], flags: u8) -> u32 {
        let id = self.next;
        self.next += 2;
        let block = block(fields);
        let mut pieces = block.chunks(FRAME_LIMIT).peekable();
        let (mut kind, mut flags) = (HEADERS, flags);
        while let Some(piece) = pieces.next() {
            let end = if pieces.peek().is_none() { END_HEADERS } else { 0 };
            self.write(&frame(kind, flags | end, id, piece));
            (kind, flags) = (CONTINUATION, 0);
        }
        id
    }

    /// The next whole frame: kind, flags, stream, payload. `None`: no more come.
    fn read(&mut self) -> Result<(u8, u8, u32, Vec<u8>), End> {
        loop {
            if let Some(frame) = self.taken() {
                return Ok(frame);
            }
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(End::Gone),
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error) => {
                    return Err(match error.kind() {
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {
                            End::Silence
                        }
                        _ => End::Gone,
                    });
                }
            }
        }
    }

    fn taken(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let [a, b, c, kind, flags, s1, s2, s3, s4] = *self.buffer.first_chunk::<9>()?;
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if self.buffer.len() < 9 + length {
            return None;
        }
        let payload = self.buffer[9..9 + length].to_vec();
        self.buffer.drain(..9 + length);
        Some((kind, flags, u32::from_be_bytes([s1, s2, s3, s4]) & 0x7fff_ffff, payload))
    }

    fn end_of(&mut self, id: u32) -> End {
        loop {
            match self.read() {
                Ok((HEADERS, _, stream, payload)) if stream == id => {
                    return End::Answered(status_of(&payload));
                }
                Ok((RST_STREAM, _, stream, _)) if stream == id => return End::Reset,
                Ok((GOAWAY, ..)) => return End::Gone,
                Ok((SETTINGS, 0, 0, _)) => {
                    self.write(&frame(SETTINGS, 1, 0, b""));
                }
                Ok(_) => {}
                Err(end) => return end,
            }
        }
    }

    fn ask(road: &Road, fields: &[Field<'_>]) -> End {
        let mut connection = Self::open(road);
        let id = connection.begin(fields, END_STREAM);
        connection.end_of(id)
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Literals without indexing and without Huffman (RFC 7541, section 6.2.2): any bytes at all.
fn block(fields: &[Field<'_>]) -> Vec<u8> {
    let mut block = Vec::new();
    let text = |block: &mut Vec<u8>, text: &[u8]| {
        if text.len() < 127 {
            block.push(u8::try_from(text.len()).unwrap());
        } else {
            block.push(127);
            let mut rest = text.len() - 127;
            while rest >= 128 {
                block.push(u8::try_from(rest % 128 + 128).unwrap());
                rest /= 128;
            }
            block.push(u8::try_from(rest).unwrap());
        }
        block.extend_from_slice(text);
    };
    for (name, value) in fields {
        block.push(0);
        text(&mut block, name);
        text(&mut block, value);
    }
    block
}

/// `:status` is the first field of the first answer on a connection: of the static table, or a literal.
fn status_of(block: &[u8]) -> u16 {
    const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    match block[0] {
        first @ 0x88..=0x8e => INDEXED[usize::from(first - 0x88)],
        _ => {
            let length = usize::from(block[1] & 0x7f);
            let value = &block[2..2 + length];
            if block[1] & 0x80 == 0 {
                return std::str::from_utf8(value).unwrap().parse().unwrap();
            }
            digits(value)
        }
    }
}

/// Three digits in the Huffman code of RFC 7541: 0 to 2 have five bits, the others six.
fn digits(bytes: &[u8]) -> u16 {
    let bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1)).collect();
    let number = |bits: &[u8]| bits.iter().fold(0_u16, |number, bit| number << 1 | u16::from(*bit));
    let (mut at, mut status) = (0, 0);
    for _ in 0..3 {
        let five = number(&bits[at..at + 5]);
        let (digit, length) =
            if five <= 2 { (five, 5) } else { (number(&bits[at..at + 6]) - 0x19 + 3, 6) };
        (at, status) = (at + length, status * 10 + digit);
    }
    status
}

#[test]
fn statuses_are_read_as_rfc_7541_writes_them() {
    assert_eq!(status_of(&[0x88]), 200);
    assert_eq!(status_of(&[0x48, 0x03, b'4', b'2', b'1']), 421);
    // Appendix C.6.1: "302" is 64 02.
    assert_eq!(status_of(&[0x48, 0x82, 0x64, 0x02]), 302);
}

fn get<'a>(path: &'a [u8], marker: &'a str, more: &[Field<'a>]) -> Vec<Field<'a>> {
    let mut fields: Vec<Field<'a>> = vec![
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", HOST.as_bytes()),
        (b":path", path),
        (b"user-agent", marker.as_bytes()),
    ];
    fields.extend_from_slice(more);
    fields
}

#[test]
fn what_http2_cannot_say_in_one_way_is_refused_and_does_not_arrive() {
    let world = World::with_users(&[]);
    let road = world.h2();
    let with = |more: &'static [Field<'static>]| more.to_vec();
    let without = |name: &'static [u8], more: &'static [Field<'static>]| {
        let mut fields = get(b"/public", "{M}", &[]);
        fields.retain(|(known, _)| *known != name);
        [more, &fields[..]].concat()
    };
    let plus = |more: &'static [Field<'static>]| get(b"/public", "{M}", &with(more));
    let path = |path: &'static [u8]| get(path, "{M}", &[]);
    let table: Vec<(&str, Vec<Field<'_>>)> = vec![
        ("H13 upper case", plus(&[(b"X-Upper", b"a")])),
        ("H13 a space in a name", plus(&[(b"x a", b"a")])),
        ("H13 a colon in a name", plus(&[(b"x:a", b"a")])),
        ("H13 LF in a value", plus(&[(b"x-a", b"a\nx-scoregate-user: mallory")])),
        ("H13 CR LF in a value", plus(&[(b"x-a", b"a\r\nx-scoregate-user: mallory")])),
        ("H13 NUL in a value", plus(&[(b"x-a", b"a\0b")])),
        ("H13 an empty name", plus(&[(b"", b"a")])),
        ("H13 connection", plus(&[(b"connection", b"close")])),
        ("H13 transfer-encoding", plus(&[(b"transfer-encoding", b"chunked")])),
        ("H13 te: gzip", plus(&[(b"te", b"gzip")])),
        ("H13 upgrade", plus(&[(b"upgrade", b"h2c")])),
        ("H13 a second :path", plus(&[(b":path", b"/admin")])),
        ("H13 an unknown pseudo field", plus(&[(b":admin", b"1")])),
        ("H45 another host", plus(&[(b"host", b"evil.test")])),
        (
            "H45 two hosts",
            plus(&[(b"host", b"portal.example.org"), (b"host", b"portal.example.org")]),
        ),
        ("no :path", without(b":path", &[])),
        ("no :method", without(b":method", &[])),
        ("no :authority and no host", without(b":authority", &[])),
        ("F40 a request line in :path", path(b"/a HTTP/1.1\r\nX: y")),
        ("F40 a space in :path", path(b"/public /admin")),
        ("F40 a space in :method", without(b":method", &[(b":method", b"GET /admin")])),
        ("F40 a host in :scheme", without(b":scheme", &[(b":scheme", b"http://x/?")])),
        ("F41 an empty :path", path(b"")),
        ("F41 *", path(b"*")),
        ("F41 no slash", path(b"public")),
        ("F41 an absolute :path", path(b"https://portal.example.org/public")),
        ("F41 two slashes", path(b"//portal.example.org/public")),
        ("userinfo", without(b":authority", &[(b":authority", b"a@portal.example.org")])),
        (
            "H44 another host than that of TLS",
            without(b":authority", &[(b":authority", b"b.test")]),
        ),
        ("CONNECT", without(b":method", &[(b":method", b"CONNECT")])),
        ("TRACE", without(b":method", &[(b":method", b"TRACE")])),
        ("content-length of two", plus(&[(b"content-length", b"0"), (b"content-length", b"5")])),
        ("F39 a length and no body", plus(&[(b"content-length", b"5")])),
    ];
    let numbered: Vec<_> = table.into_iter().enumerate().collect();
    all_pass(&numbered, |(number, (name, fields))| {
        let marker = format!("h2-{number}-end");
        let fields: Vec<Field<'_>> = fields
            .iter()
            .map(|(name, value)| (*name, if *value == b"{M}" { marker.as_bytes() } else { *value }))
            .collect();
        let end = H2::ask(&road, &fields);
        if !end.is_refusal() {
            return Err(format!("{name}: {end:?}"));
        }
        if world.upstream.has_bytes(marker.as_bytes()) {
            return Err(format!("{name} arrived"));
        }
        judge_next(&world, &world.tls(), &marker)
    });
    assert!(!world.upstream.has_bytes(b"mallory"));
}

/// What is cut off is cut off before anything is judged.
#[test]
fn a_fragment_over_http2_is_gone_before_anybody_looks() {
    let world = World::with_users(&[]);
    let open = H2::ask(&world.h2(), &get(b"/public#/admin", "h2-open", &[]));
    assert_eq!(open, End::Answered(200));
    assert_eq!(world.upstream.marked("h2-open")[0].target(), "/public");
    assert!(H2::ask(&world.h2(), &get(b"/admin#/public", "h2-shut", &[])).is_refusal());
    assert!(world.upstream.marked("h2-shut").is_empty());
}

#[test]
fn a_body_over_http2_is_as_long_as_it_says_or_nothing() {
    let world = World::with_users(&[]);
    let road = world.h2();
    for (length, body, arrives) in
        [("5", "hello", true), ("5", "hell", false), ("5", "hello!", false)]
    {
        let marker = format!("h2-body-{}-end", body.len());
        let mut fields = get(b"/public/f", &marker, &[(b"content-length", length.as_bytes())]);
        fields[0].1 = b"POST";
        let mut connection = H2::open(&road);
        let id = connection.begin(&fields, 0);
        connection.write(&frame(DATA, END_STREAM, id, body.as_bytes()));
        let end = connection.end_of(id);
        assert_eq!(end == End::Answered(200), arrives, "{body}: {end:?}");
        let arrived = world.upstream.marked(&marker);
        assert_eq!(arrived.len(), usize::from(arrives), "{body}");
        assert!(judge_next(&world, &world.tls(), &marker).is_ok());
    }
}

#[test]
fn no_field_of_a_client_speaks_for_the_gateway_over_http2_either() {
    let world = World::with_users(&["bob", "carol"]);
    let (mut bob, mut carol) = (Person::new(&world), Person::new(&world));
    bob.sign_in_with_mail(&world, "bob");
    carol.sign_in_with_mail(&world, "carol");
    let names = Names { cookie: bob.session(), cookie_2: carol.session() };
    let road = world.h2();
    // What is in the spelling of lines, HTTP/2 has no lines for.
    let is_carried = |note: &str, lines: &str| {
        let spelled =
            ["[own-host]", "[chunked-trailer]", "obs-fold", "space before", "tab before", "bare"];
        !spelled.iter().any(|word| note.contains(word)) && !lines.contains("\\x09:")
    };
    let mut tries = field_tries(&names);
    tries.retain(|one| one.is_tls && is_carried(one.note, &one.lines));
    assert!(tries.len() > 150, "{} tries", tries.len());
    for one in &mut tries {
        one.marker = format!("h2-{}", one.marker);
    }
    all_pass(&tries, |one| {
        let (method, target) = one.start();
        let more: Vec<(String, String)> = one
            .fields()
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let mut more: Vec<Field<'_>> =
            more.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        if one.is_signed_in && !one.note.contains("[own-cookie]") {
            more.push((b"cookie", names.cookie.as_bytes()));
        }
        let mut fields = get(target.as_bytes(), &one.marker, &more);
        fields[0].1 = method.as_bytes();
        // The row brings a User-Agent of its own: what arrives is found by it, and nothing may.
        let end = H2::ask(&road, &fields);
        if end == End::Silence {
            return Err("no answer".to_owned());
        }
        let arrived = world.upstream.marked(&one.marker);
        one.judge(end.status(), &arrived)?;
        for message in &arrived {
            judge_message(message, Some(&names.cookie))?;
        }
        Ok(())
    });
}

#[test]
fn a_client_that_takes_its_requests_back_by_the_hundred_loses_its_connection_and_nobody_else_does()
{
    let world = World::with_users(&[]);
    let mut flood = H2::open(&world.h2());
    let mut is_closed = false;
    for _ in 0..3000 {
        let fields = get(b"/public", "rapid", &[]);
        let id = flood.begin(&fields, END_STREAM);
        if !flood.write(&frame(RST_STREAM, 0, id, &8_u32.to_be_bytes())) {
            is_closed = true;
            break;
        }
    }
    let end = loop {
        match flood.read() {
            Ok((GOAWAY, ..)) => break End::Gone,
            Ok(_) => {}
            Err(end) => break end,
        }
    };
    assert!(is_closed || end == End::Gone, "{end:?}");
    assert!(world.upstream.count() < 1500, "{} reached the portal", world.upstream.count());
    assert_eq!(H2::ask(&world.h2(), &get(b"/public", "after", &[])), End::Answered(200));
}

#[test]
fn a_header_that_never_ends_is_cut() {
    let world = World::with_users(&[]);
    let mut flood = H2::open(&world.h2());
    let first = block(&get(b"/public", "continued", &[]));
    flood.write(&frame(HEADERS, END_STREAM, 1, &first));
    let more = block(&[(b"x-a", &[b'a'; 1000])]);
    let mut sent = 0;
    while sent < 20_000 && flood.write(&frame(CONTINUATION, 0, 1, &more)) {
        sent += 1;
    }
    let end = loop {
        match flood.read() {
            Ok((GOAWAY, ..)) => break End::Gone,
            Ok(_) => {}
            Err(end) => break end,
        }
    };
    assert_eq!(end, End::Gone, "{sent} frames");
    assert!(!world.upstream.has_bytes(b"continued"));
    assert_eq!(H2::ask(&world.h2(), &get(b"/public", "after", &[])), End::Answered(200));
}

#[test]
fn a_connection_carries_so_many_requests_at_once_and_no_more() {
    let mut world = World::prepare();
    let config = world.config().replace("[limits]", "[limits]\nh2_streams = 3");
    world.write_config(&config);
    world.run();
    let mut connection = H2::open(&world.h2());
    let mut fields = get(b"/public/f", "open", &[]);
    fields[0].1 = b"POST";
    // Streams that wait for their bodies.
    let ids: Vec<u32> = (0..4).map(|_| connection.begin(&fields, 0)).collect();
    assert_eq!(connection.end_of(ids[3]), End::Reset);
    for id in &ids[..3] {
        connection.write(&frame(DATA, END_STREAM, *id, b""));
        // The table of the decoder is not kept, so the first answer's status alone is read.
        if *id == ids[0] {
            assert_eq!(connection.end_of(*id), End::Answered(200));
        }
    }
}
