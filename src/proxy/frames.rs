//! Where the frames of a WebSocket begin and end (RFC 6455, section 5.2), and whether they carry what
//! somebody said or only signs of life. Counts bytes; keeps, changes and understands none of them.

/// Follows one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    first: u8,
    second: u8,
    length: u64,
    /// Bytes of the present frame's head that were seen.
    seen: u8,
    /// Bytes of the present frame's payload that are still to come.
    left: u64,
}

/// A length that no frame has (its first bit is not allowed): nothing that follows is believed.
const LOST: u64 = 1 << 63;

impl Frames {
    /// Notes bytes that passed. Says whether any belonged to a message, and not to a close, ping or pong.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) -> bool {
        let mut is_message = false;
        while let Some((byte, rest)) = bytes.split_first() {
            if self.left > 0 {
                is_message |= !self.is_control();
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(self.left);
                if self.left < LOST {
                    self.left -= length;
                }
                bytes = usize::try_from(length).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
            } else {
                self.head(*byte);
                bytes = rest;
            }
        }
        is_message
    }

    /// Whether a frame of ours could be put in here.
    pub(super) const fn between_frames(&self) -> bool {
        self.seen == 0 && self.left == 0
    }

    fn head(&mut self, byte: u8) {
        match self.seen {
            0 => self.first = byte,
            1 => {
                self.second = byte;
                self.length = 0;
            }
            seen if seen < 2 + self.length_bytes() => {
                self.length = self.length << 8 | u64::from(byte);
            }
            // The masking key.
            _ => {}
        }
        self.seen += 1;
        let mask_bytes = if self.second & 0x80 == 0 { 0 } else { 4 };
        if self.seen >= 2 && self.seen == 2 + self.length_bytes() + mask_bytes {
            self.seen = 0;
            self.left = match self.second & 0x7f {
                126 | 127 => self.length,
                short => u64::from(short),
            };
        }
    }

    const fn length_bytes(&self) -> u8 {
        match self.second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    /// Opcodes 8 to 15: close, ping and pong, which programs send by themselves.
    const fn is_control(&self) -> bool {
        self.first & 0x08 != 0
    }
}

/// A close frame as a server sends it: unmasked, with a code and a reason (section 5.5.1).
pub(super) fn close(code: u16, reason: &str) -> Vec<u8> {
    let reason: String = reason.chars().filter(char::is_ascii).take(120).collect();
    let length = u8::try_from(reason.len() + 2).unwrap_or(2);
    let mut frame = vec![0x88, length];
    frame.extend_from_slice(&code.to_be_bytes());
    frame.extend_from_slice(reason.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(opcode: u8, payload: usize, is_masked: bool) -> Vec<u8> {
        let mask = if is_masked { 0x80 } else { 0 };
        let mut bytes = vec![0x80 | opcode];
        match payload {
            0..=125 => bytes.push(mask | u8::try_from(payload).unwrap()),
            126..=0xffff => {
                bytes.push(mask | 126);
                bytes.extend(u16::try_from(payload).unwrap().to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((payload as u64).to_be_bytes());
            }
        }
        if is_masked {
            bytes.extend([0xff; 4]);
        }
        bytes.resize(bytes.len() + payload, 0xff);
        bytes
    }

    proptest! {
        #[test]
        fn a_boundary_is_where_a_frame_ends_however_the_bytes_are_cut(
            frames in proptest::collection::vec((0_u8..16, 0_usize..70_000, any::<bool>()), 1..4),
            cut in 1_usize..5000,
        ) {
            let mut follow = Frames::default();
            for (opcode, payload, is_masked) in frames {
                prop_assert!(follow.between_frames());
                let bytes = frame(opcode, payload, is_masked);
                let mut is_message = false;
                let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
                for (number, piece) in pieces.iter().enumerate() {
                    is_message |= follow.pass(piece);
                    prop_assert_eq!(follow.between_frames(), number + 1 == pieces.len());
                }
                prop_assert_eq!(is_message, opcode < 8 && payload > 0);
            }
        }

        #[test]
        fn nothing_that_is_no_frame_makes_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut follow = Frames::default();
            follow.pass(&bytes);
        }
    }

    #[test]
    fn an_impossible_length_is_never_over() {
        let mut follow = Frames::default();
        follow.pass(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]);
        for _ in 0..3 {
            follow.pass(&[0; 4096]);
            assert!(!follow.between_frames());
        }
    }

    #[test]
    fn our_close_frame_is_one_whole_frame() {
        let bytes = close(1008, "signed out");
        let mut follow = Frames::default();
        assert!(!follow.pass(&bytes));
        assert!(follow.between_frames());
        assert_eq!(bytes[..4], [0x88, 12, 0x03, 0xf0]);
        assert!(close(1008, &"long ".repeat(100)).len() <= 2 + 125);
    }
}
