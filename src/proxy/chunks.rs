//! Reads along with a chunked body and says where it leaves the grammar (RFC 9112, section 7.1).
//!
//! Pingora frames the body, and takes a space behind a size and a bare line feed in an extension
//! (`security.md` P11; CVE-2025-55315 is that class). A reader in front of us that ends a line there would
//! see another body. So the bytes are looked at as they come, before they are believed. Not a decoder.

/// Of the extensions of one body, in bytes. Nobody in use sends any.
const EXTENSION_LIMIT: usize = 1024;
/// Of the trailer of one body, in bytes. It is thrown away.
const TRAILER_LIMIT: usize = 8 * 1024;
/// Digits that a size may have: more do not fit into 64 bits.
const SIZE_DIGITS: u8 = 16;

/// The body is not chunked as it says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a chunked body")]
pub(super) struct Broken;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Size {
        digits: u8,
    },
    Extension,
    SizeFeed,
    Data,
    DataReturn,
    DataFeed,
    /// At the start of a line of the trailer, or within one.
    Trailer {
        at_start: bool,
    },
    TrailerFeed {
        is_last: bool,
    },
    Done,
}

/// How far a body has been read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunks {
    state: State,
    size: u64,
    extensions: usize,
    trailer: usize,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { state: State::Size { digits: 0 }, size: 0, extensions: 0, trailer: 0 }
    }
}

impl Chunks {
    /// The next bytes of the body. What comes behind its end is not looked at.
    ///
    /// # Errors
    ///
    /// If they cannot stand here; nothing that follows means anything then.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), Broken> {
        while let [first, rest @ ..] = bytes {
            if self.state == State::Done {
                return Ok(());
            }
            if self.state == State::Data {
                let left = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len());
                self.size = self.size.saturating_sub(u64::try_from(left).unwrap_or(u64::MAX));
                bytes = bytes.get(left..).unwrap_or_default();
                if self.size == 0 {
                    self.state = State::DataReturn;
                }
                continue;
            }
            self.state = self.after(*first)?;
            bytes = rest;
        }
        Ok(())
    }

    fn after(&mut self, byte: u8) -> Result<State, Broken> {
        match (self.state, byte) {
            (State::Size { digits }, _) if byte.is_ascii_hexdigit() && digits < SIZE_DIGITS => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                self.size = self.size << 4 | u64::from(digit);
                Ok(State::Size { digits: digits + 1 })
            }
            (State::Size { digits: 1.. } | State::Extension, b'\r') => Ok(State::SizeFeed),
            (State::Size { digits: 1.. }, b';') => Ok(State::Extension),
            (State::Extension, b'\t' | b' '..=b'~' | 0x80..)
                if self.extensions < EXTENSION_LIMIT =>
            {
                self.extensions += 1;
                Ok(State::Extension)
            }
            (State::SizeFeed, b'\n') if self.size == 0 => Ok(State::Trailer { at_start: true }),
            (State::SizeFeed, b'\n') => Ok(State::Data),
            (State::DataReturn, b'\r') => Ok(State::DataFeed),
            (State::DataFeed, b'\n') => Ok(State::Size { digits: 0 }),
            (State::Trailer { at_start }, b'\r') => Ok(State::TrailerFeed { is_last: at_start }),
            (State::TrailerFeed { is_last: true }, b'\n') => Ok(State::Done),
            (State::TrailerFeed { is_last: false }, b'\n') => Ok(State::Trailer { at_start: true }),
            (State::Trailer { .. }, b'\t' | b' '..=b'~' | 0x80..)
                if self.trailer < TRAILER_LIMIT =>
            {
                self.trailer += 1;
                Ok(State::Trailer { at_start: false })
            }
            _ => Err(Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn verdict(body: &[u8]) -> Result<State, Broken> {
        let mut chunks = Chunks::default();
        chunks.read(body).map(|()| chunks.state)
    }

    #[test]
    fn a_body_is_chunked_in_one_way() {
        let sound: [&[u8]; 7] = [
            b"0\r\n\r\n",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            b"A\r\n0123456789\r\n00\r\n\r\n",
            b"5;a=\"b c\";d\r\n\r\n\r\n\r\r\n0\r\n\r\n",
            b"0\r\nX-A: b\r\nX-B:\tc\r\n\r\n",
            b"5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\n\n",
        ];
        for body in sound {
            assert_eq!(verdict(body), Ok(State::Done), "{:?}", body.escape_ascii().to_string());
        }
        let long = [b"5;", &[b'x'; EXTENSION_LIMIT + 1][..], b"\r\nhello\r\n0\r\n\r\n"].concat();
        let broken: [&[u8]; 16] = [
            b"\r\n",
            b"5 \r\nhello\r\n0\r\n\r\n",
            b"5\t\r\nhello\r\n0\r\n\r\n",
            b" 5\r\nhello\r\n0\r\n\r\n",
            b"+5\r\nhello\r\n",
            b"0x5\r\nhello\r\n",
            b"5;x\nhello\r\n0\r\n\r\n",
            b"5\nhello\n0\n\n",
            b"5;x\r\r\nhello\r\n",
            b"5;x\0\r\nhello\r\n",
            b"5\r\nhelloXX0\r\n\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"00000000000000005\r\nhello\r\n",
            b"0\r\nX-A: b\n\r\n",
            b"0\r\n\n",
            &long,
        ];
        for body in broken {
            assert_eq!(verdict(body), Err(Broken), "{:?}", body.escape_ascii().to_string());
        }
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_changes_nothing(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6),
            noise in proptest::option::of((0_usize..200, any::<u8>())),
            cut in 1_usize..9,
        ) {
            let mut body = Vec::new();
            for piece in &pieces {
                body.extend(format!("{:x}\r\n", piece.len()).bytes());
                body.extend(piece);
                body.extend(b"\r\n");
            }
            body.extend(b"0\r\n\r\n");
            if let Some((at, byte)) = noise {
                let at = at % body.len();
                body[at] = byte;
            } else {
                prop_assert_eq!(verdict(&body), Ok(State::Done));
            }
            let mut chunks = Chunks::default();
            let read: Result<Vec<()>, Broken> = body.chunks(cut).map(|piece| chunks.read(piece)).collect();
            prop_assert_eq!(read.map(|_| chunks.state), verdict(&body));
        }
    }
}
