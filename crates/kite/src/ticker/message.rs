//! Framing: a binary message is a count of packets, then each packet behind its length; or one byte, the heartbeat.
//!
//! Enters: the payload of one binary WebSocket message. Leaves: slices of it, one per packet, without copying.
//! Never here: what a packet means ([`super::packet`]), when a message is sent or how large it may grow: splitting is
//! the caller's, this module only refuses what the two-byte count cannot say.

use market::{Mode, Tick};

use super::packet::{self, EncodeError};

/// Most packets in one message: the count is two bytes.
pub const PACKETS_MAX: usize = u16::MAX as usize;

const COUNT_BYTES: usize = 2;
const LENGTH_BYTES: usize = 2;

/// One binary message, checked: every length lies inside it and nothing is left over.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// The connection lives, nothing to tell.
    Heartbeat,
    /// Ticks; possibly none.
    Packets(Packets<'a>),
}

/// The packets of one message, first to last. Iterating cannot fail: [`decode`] has walked the whole frame.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
    left: usize,
}

/// Why bytes are not a message. Offsets count from the first byte of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No bytes at all: not even a heartbeat.
    #[error("the message is empty")]
    Empty,
    /// The message ends inside the two-byte length of a packet.
    #[error("packet {index} of {count}: its length at byte {offset} is cut off")]
    LengthCut {
        /// Which packet, from 0.
        index: u16,
        /// How many the message announced.
        count: u16,
        /// Where its length should stand.
        offset: usize,
    },
    /// A packet is longer than what is left.
    #[error("packet {index} of {count} at byte {offset}: needs {length} bytes, {available} are left")]
    PacketCut {
        /// Which packet, from 0.
        index: u16,
        /// How many the message announced.
        count: u16,
        /// Where its first byte stands.
        offset: usize,
        /// How long it says it is.
        length: u16,
        /// How many bytes there are.
        available: usize,
    },
    /// Bytes after the last announced packet.
    #[error("{extra} bytes after the last packet, from byte {offset}")]
    Trailing {
        /// Where they begin.
        offset: usize,
        /// How many.
        extra: usize,
    },
}

/// Reads the frame of a message.
///
/// # Errors
/// [`DecodeError`] naming the byte at which the frame stops making sense. A packet of unknown length is no error here:
/// it is skipped by whoever asks [`packet::decode`], and its neighbours stay readable.
pub fn decode(bytes: &[u8]) -> Result<Message<'_>, DecodeError> {
    let Some((count, packets)) = bytes.split_first_chunk::<COUNT_BYTES>() else {
        return if bytes.is_empty() { Err(DecodeError::Empty) } else { Ok(Message::Heartbeat) };
    };
    let count = u16::from_be_bytes(*count);
    let mut rest = packets;
    for index in 0..count {
        let offset = bytes.len() - rest.len();
        let Some((length, after)) = rest.split_first_chunk::<LENGTH_BYTES>() else {
            return Err(DecodeError::LengthCut { index, count, offset });
        };
        let length = u16::from_be_bytes(*length);
        let Some((_, after)) = after.split_at_checked(usize::from(length)) else {
            let (offset, available) = (offset + LENGTH_BYTES, after.len());
            return Err(DecodeError::PacketCut { index, count, offset, length, available });
        };
        rest = after;
    }
    if !rest.is_empty() {
        return Err(DecodeError::Trailing { offset: bytes.len() - rest.len(), extra: rest.len() });
    }
    Ok(Message::Packets(Packets { rest: packets, left: usize::from(count) }))
}

impl<'a> Iterator for Packets<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.left == 0 {
            return None;
        }
        let (length, after) = self.rest.split_first_chunk::<LENGTH_BYTES>()?;
        let (packet, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.rest = after;
        self.left -= 1;
        Some(packet)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Packets<'_> {}

/// Why a packet was not added to a message. The message is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The message already has [`PACKETS_MAX`].
    #[error("a message holds at most {PACKETS_MAX} packets")]
    Full,
    /// Longer than a two-byte length can say.
    #[error("a packet of {length} bytes does not fit a two-byte length")]
    PacketTooLong {
        /// Its length.
        length: usize,
    },
    /// The tick has no packet.
    #[error(transparent)]
    Tick(#[from] EncodeError),
}

/// Puts packets behind their lengths and the count in front.
#[derive(Clone, Debug)]
pub struct Builder {
    bytes: Vec<u8>,
    count: u16,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl Builder {
    /// A message without packets yet.
    pub fn new() -> Builder {
        Builder::with_capacity(0)
    }

    /// The same, with room for `bytes` bytes of packets and their lengths.
    pub fn with_capacity(bytes: usize) -> Builder {
        let mut buffer = Vec::with_capacity(bytes.saturating_add(COUNT_BYTES));
        buffer.extend_from_slice(&[0; COUNT_BYTES]);
        Builder { bytes: buffer, count: 0 }
    }

    /// Adds a packet that is already encoded: the way to share one encoding between many readers.
    ///
    /// # Errors
    /// [`BuildError::Full`], [`BuildError::PacketTooLong`].
    pub fn push_packet(&mut self, packet: &[u8]) -> Result<(), BuildError> {
        let count = self.count.checked_add(1).ok_or(BuildError::Full)?;
        let length =
            u16::try_from(packet.len()).map_err(|_| BuildError::PacketTooLong { length: packet.len() })?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(packet);
        self.count = count;
        Ok(())
    }

    /// Adds a tick at `mode`, or at what it carries if that is less.
    ///
    /// # Errors
    /// [`BuildError::Full`], [`BuildError::Tick`].
    pub fn push_tick(&mut self, tick: &Tick, mode: Mode) -> Result<(), BuildError> {
        self.push_packet(packet::Encoded::of(tick, mode)?.as_bytes())
    }

    /// How many packets are in it.
    pub fn count(&self) -> usize {
        usize::from(self.count)
    }

    /// True while no packet is in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The message as it goes on the wire.
    pub fn finish(mut self) -> Vec<u8> {
        // The buffer starts with the two bytes that `with_capacity` put there.
        for (slot, byte) in self.bytes.iter_mut().zip(self.count.to_be_bytes()) {
            *slot = byte;
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(bytes: &[u8]) -> Vec<&[u8]> {
        match decode(bytes).unwrap() {
            Message::Packets(packets) => packets.collect(),
            Message::Heartbeat => panic!("a heartbeat"),
        }
    }

    #[test]
    fn one_byte_is_a_heartbeat_whatever_its_value() {
        for byte in [0, 1, 255] {
            assert!(matches!(decode(&[byte]), Ok(Message::Heartbeat)));
        }
        assert!(matches!(decode(&super::super::HEARTBEAT), Ok(Message::Heartbeat)));
        assert_eq!(decode(&[]).unwrap_err(), DecodeError::Empty);
    }

    #[test]
    fn a_count_of_zero_is_legal() {
        assert!(packets(&[0, 0]).is_empty());
        assert_eq!(Builder::new().finish(), [0, 0]);
    }

    #[test]
    fn packets_of_different_lengths_share_a_message() {
        let mut builder = Builder::new();
        for packet in [&b"abc"[..], b"", b"defgh"] {
            builder.push_packet(packet).unwrap();
        }
        assert_eq!((builder.count(), builder.is_empty()), (3, false));
        let bytes = builder.finish();
        assert_eq!(bytes, b"\x00\x03\x00\x03abc\x00\x00\x00\x05defgh");
        assert_eq!(packets(&bytes), [&b"abc"[..], b"", b"defgh"]);
    }

    #[test]
    fn errors_name_the_byte() {
        let error = |bytes: &[u8]| decode(bytes).unwrap_err();
        assert_eq!(error(&[0, 1]), DecodeError::LengthCut { index: 0, count: 1, offset: 2 });
        assert_eq!(error(&[0, 2, 0, 1, 9, 0]), DecodeError::LengthCut { index: 1, count: 2, offset: 5 });
        assert_eq!(
            error(&[0, 1, 0, 3, 9, 9]),
            DecodeError::PacketCut { index: 0, count: 1, offset: 4, length: 3, available: 2 }
        );
        assert_eq!(error(&[0, 1, 0, 1, 9, 7, 7]), DecodeError::Trailing { offset: 5, extra: 2 });
        assert_eq!(error(&[0, 0, 7]), DecodeError::Trailing { offset: 2, extra: 1 });
    }

    #[test]
    fn a_message_refuses_what_its_count_and_lengths_cannot_say() {
        let mut builder = Builder::new();
        for _ in 0..PACKETS_MAX {
            builder.push_packet(&[]).unwrap();
        }
        assert_eq!(builder.push_packet(&[]), Err(BuildError::Full));
        assert_eq!(packets(&builder.finish()).len(), PACKETS_MAX);
        assert_eq!(
            Builder::new().push_packet(&[0; 65_536]),
            Err(BuildError::PacketTooLong { length: 65_536 })
        );
    }
}
